"""All of it on a machine of one's own, as root: real engines prepared, started, asked everything, and ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.certificates import furnish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SECONDS = 60.0
_TLS_PORT = 2376
_HERE = Path(__file__).parent
_OLDER = (25, 32)


def everything(place: Path, user: str) -> int:
    subprocess.run([str(_HERE / "prepare"), str(place)], check=True)
    certificates = place / "sid/certificates"
    shutil.rmtree(certificates, ignore_errors=True)
    certificates.mkdir()
    furnish(certificates)
    wrong = 0
    inside = "/certificates"
    secured = (
        "--host", f"tcp://127.0.0.1:{_TLS_PORT}", "--tlsverify", f"--tlscacert={inside}/ca.pem",
        f"--tlscert={inside}/server.pem", f"--tlskey={inside}/server-key.pem",
    )  # fmt: skip
    with _started(place, "docker", *secured) as (address, pid):
        wrong += _asked([], address)
        wrong += _asked([], *(f"{address}@1.{minor}" for minor in _OLDER), "images", "volumes", "networks", "files")
        wrong += _asked(_as(user), "bring", address)
        wrong += _ran(
            ["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, "-m", "tests.peers.tls", str(certificates),
             str(_TLS_PORT)]
        )  # fmt: skip
    with _started(place, "podman") as (address, _pid):
        wrong += _asked([], address)
        wrong += _asked(_as(user), "bring", address)
    if shutil.which("podman"):
        wrong += _asked(_as(user), "bring", "store")
    return wrong


@contextlib.contextmanager
def _started(place: Path, kind: str, *options: str) -> Iterator[tuple[str, int]]:
    """Its address, and a process in its namespaces."""
    argv = [str(_HERE / "start"), str(place), kind, *options]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            socket = Path(address.removeprefix("unix://"))
            deadline = time.monotonic() + _SECONDS
            while not socket.exists() or not _answers(address):
                assert time.monotonic() < deadline, f"{kind} does not answer"
                time.sleep(0.1)
            socket.chmod(0o666)
            [inside] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf-8").split()
            yield address, int(inside)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _answers(address: str) -> bool:
    import socket

    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.connect(address.removeprefix("unix://"))
        return True
    return False


def _as(user: str) -> Sequence[str]:
    """As the suite runs as: `tests/run` has made the user."""
    home = os.path.expanduser(f"~{user}")
    return (
        "setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "env", f"HOME={home}", f"USER={user}",
        f"XDG_RUNTIME_DIR=/run/user/{os.stat(home).st_uid}", "PYTHONDONTWRITEBYTECODE=1",
    )  # fmt: skip


def _asked(before: Sequence[str], *words: str) -> int:
    return _ran([*before, sys.executable, "-m", "tests.peers", *words])


def _ran(argv: Sequence[str]) -> int:
    return int(subprocess.run(argv, check=False).returncode != 0)
