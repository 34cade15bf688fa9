"""Programs a test needs beside it: started quietly, waited for by condition, and always ended."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import leaks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


def wait_until(condition: Callable[[], object], what: str, *, seconds: float = 30.0) -> None:
    """Poll until the condition holds; fail with `what` was awaited."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:g} s for {what}")
        time.sleep(pause)
        pause = min(pause * 2, 0.1)


def process_of(*words: str | Path) -> int:
    """The one process whose command line has all these in it."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{name}/cmdline").read_bytes()
            if all(os.fsencode(word) in line for word in words):
                found.append(int(name))
    if len(found) != 1:
        pytest.fail(f"looking for one process of {words}, found {found}")
    return found[0]


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


@contextmanager
def running(
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    for_session: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    """A program for the length of a `with`; its output goes to a file, shown where it ends too early."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, pass_fds=pass_fds
        )
    if for_session:
        leaks.kept_for_session.add(process.pid)
    try:
        yield process
        if process.poll() is not None:
            pytest.fail(f"{argv[0]} ended with {process.returncode}:\n{log.read_text(errors='replace')[-2000:]}")
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        leaks.kept_for_session.discard(process.pid)
