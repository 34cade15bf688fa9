"""Power cuts: a store on a disk of its own, in a file that is copied at some moment and then opened as after a reboot.

What is in the copy is what had reached the disk; what only the kernel remembered is lost. (A disk may lose more: any
part of what it was told since it was last told to flush. That takes a block device of one's own, dm-log-writes or so.)
As root, for a user whom `tests/run` has made; nothing of the run is left on the machine but what found a fault.
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
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[2]
_DISK_BYTES = 384 << 20
_CUTS_A_LIFE = 5
_LIFE_SECONDS, _CHECK_SECONDS = 60.0, 180.0
_GROUPS = ("unified", "cpu", "cpuacct", "cpuset", "memory", "pids", "freezer", "blkio")

# In a mount namespace of its own: the disk at its place.
_BEGIN = """
disk=$1 place=$2 user=$3; shift 3
mount -o loop,noatime "$disk" "$place"
chown "$user:" "$place"
exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"
"""


@dataclass
class Figures:
    cuts: int = 0
    promises: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class PowerCuts:
    def __init__(self, user: str, seed: int) -> None:
        self._user = pwd.getpwnam(user)
        self._dice = random.Random(seed)
        self._top = Path(tempfile.mkdtemp(prefix="wp-", dir="/tmp"))
        self._place = self._top / "d"  # short: sockets are below it
        self._disk = self._top / "disk"
        self._seed = seed
        self._lives = 0
        self.figures = Figures()

    def close(self) -> None:
        shutil.rmtree(self._top, ignore_errors=True)

    def run(self, cuts: int, seconds: float) -> None:
        self._top.chmod(0o755)
        self._place.mkdir()
        self._make_disk()
        begun = time.monotonic()
        while self.figures.cuts < cuts and time.monotonic() - begun < seconds:
            copies = self._live(min(_CUTS_A_LIFE, cuts - self.figures.cuts))
            for disk, ledger in copies:
                self._check(disk, ledger)
            # The next life goes on where the power was cut the last time.
            if copies:
                os.replace(copies[-1][0], self._disk)
                os.replace(copies[-1][1], self._ledger)
            for disk, ledger in copies[:-1]:
                disk.unlink()
                ledger.unlink()

    @property
    def _ledger(self) -> Path:
        return self._top / "ledger"

    def _make_disk(self) -> None:
        with self._disk.open("wb") as file:
            file.truncate(_DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(self._disk)], check=True)

    # --- a life, and what is copied of it ---

    def _live(self, cuts: int) -> list[tuple[Path, Path]]:
        self._lives += 1
        copies = []
        process = self._start("live", self._disk, self._ledger, f"{self._seed}.{self._lives}.")
        try:
            self._wait_for_life(process)
            for number in range(cuts):
                time.sleep(self._dice.random() * 2)
                disk, ledger = self._top / f"cut-{number}", self._top / f"ledger-{number}"
                self._cut(disk, ledger)
                copies.append((disk, ledger))
        finally:
            self._kill_all()
            process.wait()
        self._until_free(self._disk)
        return copies

    def _wait_for_life(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + _LIFE_SECONDS
        marker = f'"{self._seed}.{self._lives}."'
        while time.monotonic() < end and process.poll() is None:
            if self._ledger.exists() and marker in self._ledger.read_text():
                return
            time.sleep(0.05)
        raise RuntimeError(f"the engine did not open: {self._said()}")

    def _cut(self, disk: Path, ledger: Path) -> None:
        with self._frozen():
            shutil.copy(self._ledger, ledger)
            self._copy(disk)

    def _copy(self, target: Path) -> None:
        """A copy of a moment: made again where the kernel wrote meanwhile."""
        for _ in range(50):
            before = self._written()
            subprocess.run(["cp", "--sparse=always", str(self._disk), str(target)], check=True)
            if self._written() == before:
                return
        raise RuntimeError("the kernel never stopped writing")

    def _written(self) -> tuple[str, str]:
        told = subprocess.run(["losetup", "-j", str(self._disk)], check=True, capture_output=True, text=True).stdout
        device = Path(told.split(":")[0]).name
        words = Path(f"/sys/block/{device}/stat").read_text().split()
        return words[4], words[15]  # writes, flushes

    # --- after the cut ---

    def _check(self, disk: Path, ledger: Path) -> None:
        self.figures.cuts += 1
        before = len(self.figures.faults)
        trial = self._top / "trial"
        shutil.copy(disk, trial)
        mended = subprocess.run(["e2fsck", "-fp", str(trial)], check=False, capture_output=True, text=True)
        if mended.returncode > 1:
            self._fault(f"the file system itself is damaged: {mended.stdout[-300:]}")
        process = self._start("check", trial, ledger, stdout=subprocess.PIPE)
        try:
            told, _ = process.communicate(timeout=_CHECK_SECONDS)
            for fault in json.loads(told):
                self._fault(fault)
        except (subprocess.TimeoutExpired, ValueError):
            self._fault(f"the store does not open: {self._said()}")
        finally:
            self._kill_all()
            process.wait()
        self._until_free(trial)
        for line in ledger.read_text().splitlines():
            kind, _, deed, when = json.loads(line)
            self.figures.promises[kind if kind == "refusal" else f"{kind} {deed}"] += when == "done"
        if len(self.figures.faults) > before:
            kept = Path(tempfile.gettempdir(), f"cut-{self._seed}-{self.figures.cuts}")
            shutil.copy(disk, kept)
            shutil.copy(ledger, kept.with_suffix(".ledger"))
        trial.unlink()

    def _fault(self, words: str) -> None:
        self.figures.faults.append(f"cut {self.figures.cuts}: {words}")

    # --- processes ---

    def _start(
        self, verb: str, disk: Path, ledger: Path, *words: str, stdout: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        run, boot = self._top / "run", self._top / "boot"  # a kernel that was booted anew, as far as anybody is told
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
        places = [f"{self._place}/root", str(run), str(ledger), str(boot)]
        python = [sys.executable, "-m", "tests.cruel.powered", verb, *places]
        with (self._top / "said").open("wb") as said:
            return subprocess.Popen(
                [*begin, str(disk), str(self._place), name, *python, *words],
                stdout=stdout, stderr=said, cwd=CHECKOUT, env=environment, preexec_fn=self._enter_groups,
            )  # fmt: skip

    def _said(self) -> str:
        return (self._top / "said").read_text(errors="replace")[-600:]

    def _groups(self) -> list[Path]:
        base = Path("/sys/fs/cgroup")
        found = [base / each / self._user.pw_name for each in _GROUPS if (base / each / self._user.pw_name).is_dir()]
        return found or [base / self._user.pw_name / "session"]

    def _enter_groups(self) -> None:
        for group in self._groups():
            with contextlib.suppress(OSError):
                (group / "cgroup.procs").write_text("0")

    @contextlib.contextmanager
    def _frozen(self) -> Iterator[None]:
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

    def _kill_all(self) -> None:
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
            return f"/{self._user.pw_name}" in Path(f"/proc/{pid}/cgroup").read_text()
        except OSError:
            return False

    def _until_free(self, disk: Path) -> None:
        end = time.monotonic() + 20
        while subprocess.run(["losetup", "-j", str(disk)], check=True, capture_output=True).stdout:
            if time.monotonic() > end:
                raise RuntimeError(f"{disk} stays in use")
            time.sleep(0.05)
