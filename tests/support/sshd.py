"""A real sshd of this user on a port of its own, at whose far end another store's `wherry` is found."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stores import ShortTmp

_SECONDS = 20.0
SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") or "sshd"


@dataclass
class FarMachine:
    """`host` is the name ssh knows it by; `path` is to be put before PATH, so that `ssh` reads our configuration."""

    directory: Path
    port: int
    store: ShortTmp
    process: subprocess.Popen[bytes] | None = None
    host: str = "far"

    @property
    def path(self) -> str:
        return str(self.directory / "near")

    def start(self) -> None:
        with (self.directory / "sshd.log").open("ab") as log:
            argv = [SSHD, "-D", "-e", "-f", str(self.directory / "sshd_config")]
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
                return
            time.sleep(0.02)
        raise AssertionError((self.directory / "sshd.log").read_text())

    def cut(self) -> None:
        """Every connection breaks off, and nobody listens any more."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGSTOP)  # no new children while these are looked for
        for pid in descendants(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.process = None

    def slow_down(self) -> None:
        """Far away from now on."""
        root = Path(__file__).parents[2]
        with (self.directory / "ssh_config").open("a") as file:
            file.write(
                f"Host far\n ProxyCommand env PYTHONPATH={root} {sys.executable} -m tests.support.slow_line %h %p\n"
            )

    def new_host_key(self) -> None:
        for path in self.directory.glob("host_key*"):
            path.unlink()
        _make_key(self.directory / "host_key")


def descendants(pid: int) -> list[int]:
    """A `wherry serve` that a session started is in a session of its own, and no longer among them."""
    parents: dict[int, list[int]] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (each / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(stat[1]), []).append(int(each.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def far_machine(directory: Path, store: ShortTmp) -> Iterator[FarMachine]:
    """It is there, known and lets us in."""
    directory.mkdir(mode=0o700)
    machine = FarMachine(directory, _free_port(), store)
    for name in ("host_key", "own_key"):
        _make_key(directory / name)
    shutil.copy(directory / "own_key.pub", directory / "authorized_keys")
    (directory / "near").mkdir()
    (directory / "there").mkdir()
    _script(directory / "near" / "ssh", f'exec {shutil.which("ssh")} -F {directory}/ssh_config "$@"')
    _script(directory / "there" / "wherry", f'exec {sys.executable} -P -m engine.cli "$@"')
    (directory / "ssh_config").write_text(
        f"Host far\n HostName 127.0.0.1\n Port {machine.port}\n"
        f"Host *\n IdentityFile {directory}/own_key\n IdentitiesOnly yes\n IdentityAgent none\n"
        f" UserKnownHostsFile {directory}/known_hosts\n GlobalKnownHostsFile /dev/null\n"
    )
    know(machine)
    there = {
        "PATH": f"{directory}/there:{os.environ['PATH']}",
        "PYTHONPATH": os.getcwd(),
        "WHERRY_ROOT": str(store.root),
        "WHERRY_RUN": str(store.run),
        "WHERRY_IDLE_SECONDS": "60",
        "HOME": str(directory),
    }
    (directory / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{machine.port}\nHostKey {directory}/host_key\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {directory}/authorized_keys\nStrictModes no\nPasswordAuthentication no\n"
        f"KbdInteractiveAuthentication no\nMaxStartups 100\nSetEnv "
        + " ".join(f'{name}="{value}"' for name, value in there.items())
        + "\n"
    )
    machine.start()
    try:
        yield machine
    finally:
        machine.cut()


def know(machine: FarMachine) -> None:
    """Write its host key down, as a first login does."""
    key = (machine.directory / "host_key.pub").read_text()
    (machine.directory / "known_hosts").write_text(f"[127.0.0.1]:{machine.port} {key}")


def _script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
