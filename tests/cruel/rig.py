"""A store on a disk of its own, in a file: made, mounted for one program at a time, frozen, and ended like a machine.

As root, for a user whom `tests/run` has made. The program sees the disk in a mount namespace of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[2]
_GROUPS = ("unified", "cpu", "cpuacct", "cpuset", "memory", "pids", "freezer", "blkio")
_LIFE_SECONDS, _CHECK_SECONDS = 60.0, 180.0

# In a mount namespace of its own: the disk at its place.
_BEGIN = """
disk=$1 place=$2 options=$3 user=$4; shift 4
mount -o "loop,noatime$options" "$disk" "$place"
chown "$user:" "$place"
exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"
"""


class Rig:
    def __init__(self, user: str, seed: int) -> None:
        self._user = pwd.getpwnam(user)
        self._dice = random.Random(seed)
        self.top = Path(tempfile.mkdtemp(prefix="wp-", dir="/tmp"))
        self.top.chmod(0o755)
        self.place = self.top / "d"  # short: sockets are below it
        self.place.mkdir()
        self.disk = self.top / "disk"
        self.ledger = self.top / "ledger"

    def close(self) -> None:
        shutil.rmtree(self.top, ignore_errors=True)

    def make_disk(self, size: int, *command: str) -> None:
        with self.disk.open("wb") as file:
            file.truncate(size)
        subprocess.run([*command, str(self.disk)], check=True, stdout=subprocess.DEVNULL)

    def start(
        self,
        verb: str,
        disk: Path,
        ledger: Path,
        *words: str,
        options: str = "",
        stdout: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        run, boot = self.top / "run", self.top / "boot"  # a kernel that was booted anew, as far as anybody is told
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir(mode=0o700)
        ledger.touch()
        for path in (run, ledger):
            os.chown(path, self._user.pw_uid, self._user.pw_gid)
        boot.write_text(f"{random.Random(self._dice.random()).getrandbits(122):032x}\n")
        name = self._user.pw_name
        environment = {
            "HOME": self._user.pw_dir, "USER": name, "LOGNAME": name, "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_RUNTIME_DIR": f"/run/user/{self._user.pw_uid}",
        }  # fmt: skip
        begin = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", _BEGIN, "sh"]
        places = [f"{self.place}/root", str(run), str(ledger), str(boot)]
        python = [sys.executable, "-m", "tests.cruel.powered", verb, *places]
        with (self.top / "said").open("wb") as said:
            return subprocess.Popen(
                [*begin, str(disk), str(self.place), options, name, *python, *words],
                stdout=stdout, stderr=said, cwd=CHECKOUT, env=environment, preexec_fn=self._enter_groups,
            )  # fmt: skip

    def wait_for_life(self, process: subprocess.Popen[bytes], name: str) -> None:
        """Until it is in the ledger."""
        end = time.monotonic() + _LIFE_SECONDS
        while time.monotonic() < end and process.poll() is None:
            if self.ledger.exists() and f'"{name}"' in self.ledger.read_text():
                return
            time.sleep(0.05)
        raise RuntimeError(f"the engine did not open: {self.said()}")

    def said(self) -> str:
        return (self.top / "said").read_text(errors="replace")[-3000:]

    def device(self, disk: Path) -> str:
        told = subprocess.run(["losetup", "-j", str(disk)], check=True, capture_output=True, text=True).stdout
        return Path(told.split(":")[0]).name

    def check(self, disk: Path, ledger: Path, *words: str) -> list[str]:
        """What does not hold, looked at from a copy as after a reboot."""
        faults = []
        trial = self.top / "trial"
        shutil.copy(disk, trial)
        if _is_ext4(trial):
            mended = subprocess.run(["e2fsck", "-fp", str(trial)], check=False, capture_output=True, text=True)
            if mended.returncode > 1:
                faults.append(f"the file system itself is damaged: {mended.stdout[-300:]}")
        process = self.start("check", trial, ledger, *words, stdout=subprocess.PIPE)
        try:
            told, _ = process.communicate(timeout=_CHECK_SECONDS)
            faults += json.loads(told)
        except (subprocess.TimeoutExpired, ValueError):
            faults.append(f"the store does not open: {self.said()}")
        finally:
            self.kill_all()
            process.wait()
        self.until_free(trial)
        if faults:
            kept = Path(tempfile.mkdtemp(prefix="fault-"))
            shutil.copy(disk, kept)
            shutil.copy(ledger, kept)
        trial.unlink()
        return faults

    def _groups(self) -> list[Path]:
        base = Path("/sys/fs/cgroup")
        found = [base / each / self._user.pw_name for each in _GROUPS if (base / each / self._user.pw_name).is_dir()]
        return found or [base / self._user.pw_name / "session"]

    def _enter_groups(self) -> None:
        for group in self._groups():
            with contextlib.suppress(OSError):
                (group / "cgroup.procs").write_text("0")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Nobody writes meanwhile; the kernel may."""
        legacy = Path("/sys/fs/cgroup/freezer", self._user.pw_name)
        unified = Path("/sys/fs/cgroup", self._user.pw_name)
        file, on, off, wanted = (
            (legacy / "freezer.state", "FROZEN", "THAWED", "FROZEN")
            if legacy.is_dir()
            else (unified / "cgroup.freeze", "1", "0", "1")
        )
        file.write_text(on)
        try:
            while file.read_text().strip() != wanted:
                time.sleep(0.001)
            yield
        finally:
            file.write_text(off)

    def kill_all(self) -> None:
        """All of that user's: as when the power goes."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            left = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._is_theirs(pid)]
            if not left:
                return
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _is_theirs(self, pid: int) -> bool:
        """Of the user, or of a container of his, which has one of his subordinate ids."""
        try:
            if ") Z" in Path(f"/proc/{pid}/stat").read_text():
                return False
            groups = Path(f"/proc/{pid}/cgroup").read_text().replace("\n", "/\n")
            return f"/{self._user.pw_name}/" in groups
        except OSError:
            return False

    def until_free(self, disk: Path) -> None:
        end = time.monotonic() + 20
        while subprocess.run(["losetup", "-j", str(disk)], check=True, capture_output=True).stdout:
            if time.monotonic() > end:
                raise RuntimeError(f"{disk} stays in use")
            time.sleep(0.05)


def _is_ext4(disk: Path) -> bool:
    with disk.open("rb") as file:
        file.seek(1024 + 56)
        return file.read(2) == b"\x53\xef"
