"""Exactly one process owns a store. The lock is the kernel's, so it goes with its holder however that dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from typing import TYPE_CHECKING

from engine.errors import Code, Conflict

if TYPE_CHECKING:
    from pathlib import Path


_FLOCK = "hhqqi4x"  # struct flock: type, whence, start, length, pid


def _record(kind: int) -> bytes:
    return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)


class StoreLock:
    """Held from `acquire` to `release`. The file names the holder, for the message to whoever comes second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def acquire(self) -> None:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # An open-file-description lock: unlike flock it can be looked at without being taken for a moment.
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _record(fcntl.F_WRLCK))
        except OSError:
            holder = os.read(fd, 32).decode(errors="replace").strip()
            os.close(fd)
            raise Conflict(
                "Another Wherry has this store open",
                f"Process {holder} holds it." if holder else "",
                code=Code.STORE_LOCKED,
                hint="Use that one, or give this one another place with WHERRY_ROOT and WHERRY_RUN.",
                subject=holder,
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1

    @staticmethod
    def holder(path: Path) -> int:
        """The process id of the present owner; 0 if there is none, -1 if it has not yet said its number."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return 0
        try:
            answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _record(fcntl.F_WRLCK))
            if struct.unpack(_FLOCK, answer)[0] == fcntl.F_UNLCK:
                return 0
            text = os.read(fd, 32).strip()
            return int(text) if text.isdigit() else -1
        finally:
            os.close(fd)


class Presence:
    """Says “an engine is here” to the stand-ins of containers, from `begin` to `end`.

    A lock beside the store's own, because whoever may look at a lock may also take a share of it: the store's must be
    out of reach of the root inside where the host's root started the engine. This one stops no engine if it is taken,
    and a stand-in that finds it taken, by whomever, does nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def begin(self) -> None:
        self._fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._fd, fcntl.F_OFD_SETLK, _record(fcntl.F_WRLCK))

    def end(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
