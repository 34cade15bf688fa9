"""One window for a store: the first start claims it, a later one knocks, and the window comes to the front and opens
what the later one was asked to.

A lock of the kernel says who is first, so nothing stale is left by a window that was killed. The standard library
alone: a second start needs no Qt.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
import time
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ANSWER = b"shown"
LONGEST_KNOCK = 8192
_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.05
_CREDENTIALS = struct.Struct("3i")


class Claim:
    """Held by the process whose window it is; the lock ends with the process."""

    def __init__(self, lock: int, listener: socket.socket, place: Path) -> None:
        self._lock = lock  # kept open: closing it gives the claim back
        self.listener = listener
        self._place = place

    def close_door(self) -> None:
        """Answer no more knocks; the store stays claimed until the process has ended."""
        if self.listener.fileno() >= 0:
            self.listener.close()
            self._place.unlink(missing_ok=True)

    def release(self) -> None:
        self.close_door()
        os.close(self._lock)


class Second(Enum):
    """What became of a start that is not the first."""

    SHOWN = "shown"
    UNANSWERED = "unanswered"


def claim_or_knock(lock: Path, door: Path, patience: float = _PATIENCE_SECONDS, wanted: str = "") -> Claim | Second:
    """The claim; or, where a window has it, that window is shown and opens the path that is wanted. One that is just
    ending is waited for."""
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    until = time.monotonic() + patience
    while True:
        claim = _claim(lock, door)
        if claim is not None:
            return claim
        if _knock(door, max(_PAUSE_SECONDS, until - time.monotonic()), wanted):
            return Second.SHOWN
        if time.monotonic() > until:
            return Second.UNANSWERED
        time.sleep(_PAUSE_SECONDS)


def _claim(lock: Path, door: Path) -> Claim | None:
    held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        door.unlink(missing_ok=True)  # left by one that was killed: nobody else may have it now
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        listener.bind(str(door))
        listener.listen()
    except BlockingIOError:
        os.close(held)
        return None
    except OSError:
        os.close(held)
        raise
    return Claim(held, listener, door)


def _knock(door: Path, patience: float, wanted: str) -> bool:
    """Ask the window to come to the front; says whether it did. The desktop's token lets it take the focus; what is to
    be opened follows in a line of its own."""
    token = os.environ.get("XDG_ACTIVATION_TOKEN") or os.environ.get("DESKTOP_STARTUP_ID") or ""
    with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
        line.settimeout(patience)
        line.connect(str(door))
        if _owner(line) != os.getuid():
            return False
        line.sendall(os.fsencode(f"{token}\n{wanted}")[:LONGEST_KNOCK])
        line.shutdown(socket.SHUT_WR)
        return line.recv(len(ANSWER)) == ANSWER
    return False


def _owner(line: socket.socket) -> int:
    """Whose process listens there, as the kernel noted it."""
    _, uid, _ = _CREDENTIALS.unpack(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(uid)
