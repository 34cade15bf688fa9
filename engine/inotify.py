"""The kernel's word that files changed, on the event loop. The standard library has no binding for it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODIFY, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x8, 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF = 0x400, 0x800
ONESHOT = 0x80000000
_IGNORED = 0x8000
_EVENT = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


class Inotify:
    """One descriptor for many watches. Make it on the loop that uses it."""

    def __init__(self, on_event: Callable[[int, str], None]) -> None:
        """`on_event(number, name)`: the number `watch` gave; and the entry of a directory, "" for the file itself.
        -1 where the kernel had no room for more: anything may have happened."""
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._fd = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        self._loop.add_reader(self._fd, self._read)

    def watch(self, path: Path, mask: int) -> int:
        """The watch's number: the same again for the same file. Raises OSError, as where nothing is."""
        number: int = _libc.inotify_add_watch(self._fd, os.fsencode(path), ctypes.c_uint32(mask))
        if number < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), os.fspath(path))
        return number

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size
            name = data[offset : offset + length].rstrip(b"\0").decode(errors="replace")
            offset += length
            if not mask & _IGNORED:
                self._on_event(number, name)
