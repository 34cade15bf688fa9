"""A second user of the machine, who is given an hour: what of another's files, directories and sockets is open to him.

An ordinary user cannot become another one. But of his subordinate ids one that no image uses is, to the kernel's checks
of owner and mode, exactly that: somebody else, in none of his groups and without any capability.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ID = "60001"
_TRIES = r"""
import os, socket, stat, sys
for path in sys.stdin.buffer.read().split(b"\0"):
    if not path:
        continue
    found = []
    try:
        mode = os.stat(path, follow_symlinks=False).st_mode
        found.append("found")
    except OSError:
        continue
    for word, right in (("read", os.R_OK), ("write", os.W_OK), ("execute", os.X_OK)):
        if not stat.S_ISLNK(mode) and os.access(path, right):
            found.append(word)
    if stat.S_ISSOCK(mode):
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(path)
                found.append("connect")
            except OSError:
                pass
    print(os.fsdecode(path), *found)
"""


def _as_stranger() -> list[str]:
    become = ["setpriv", f"--reuid={_ID}", f"--regid={_ID}", "--clear-groups"]
    return become if os.getuid() == 0 else ["unshare", "--map-root-user", "--map-auto", *become]


def as_stranger(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program as the second user."""
    return subprocess.run(
        # By way of another program: setpriv itself still has root's capabilities when it looks for what to start.
        [*_as_stranger(), "env", *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def everything_below(*places: Path) -> list[bytes]:
    """All there is, whoever owns it, as the owner of it all sees it."""
    inside = [] if os.getuid() == 0 else ["unshare", "--map-root-user", "--map-auto"]
    done = subprocess.run([*inside, "find", *map(str, places), "-print0"], capture_output=True, timeout=60, check=False)
    return [path for path in done.stdout.split(b"\0") if path]


def open_to_a_stranger(paths: Sequence[bytes]) -> list[str]:
    """Of these, each he can as much as find, with what he may do to it."""
    done = subprocess.run(
        [*_as_stranger(), sys.executable, "-I", "-S", "-c", _TRIES],
        input=b"\0".join(paths), capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    return os.fsdecode(done.stdout).splitlines()
