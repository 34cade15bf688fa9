"""Exactly one process owns a store. The lock is the kernel's, so it goes with its holder however that dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from engine.errors import Code, Conflict

if TYPE_CHECKING:
    from pathlib import Path


class StoreLock:
    """Held from `acquire` to `release`. The file names the holder, for the message to whoever comes second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def acquire(self) -> None:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
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
        """The process id of the present owner, or 0."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return 0
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.read(fd, 32).strip()
            return int(text) if text.isdigit() else -1
        finally:
            os.close(fd)
        return 0
