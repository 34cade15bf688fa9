"""Notices ends without polling: inotify on the directory where conmon leaves exit codes, pidfds on conmon itself."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from typing import TYPE_CHECKING

from engine.processes.conmon import parse_exit_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_IN_CLOSE_WRITE = 0x8
_IN_MOVED_TO = 0x80
_IN_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_EVENT = struct.Struct("iIII")


class ExitWatch:
    """Calls `on_exit(container id)` when an exit file appears, `on_lost(id)` when a watched process is gone."""

    def __init__(self, directory: Path, on_exit: Callable[[str], None], on_lost: Callable[[str], None]) -> None:
        self._directory = directory
        self._on_exit = on_exit
        self._on_lost = on_lost
        self._fd = -1
        self._supervisors: dict[str, int] = {}

    def open(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(_IN_NONBLOCK_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        if libc.inotify_add_watch(self._fd, os.fsencode(self._directory), _IN_MOVED_TO | _IN_CLOSE_WRITE) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch", str(self._directory))
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        if self._fd >= 0:
            loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
        for container_id in tuple(self._supervisors):
            self.forget(container_id)

    def watch(self, container_id: str, pid: int) -> bool:
        """Watch a container's conmon. False if it is gone already."""
        self.forget(container_id)
        try:
            fd = os.pidfd_open(pid)
        except OSError:
            return False
        self._supervisors[container_id] = fd
        asyncio.get_running_loop().add_reader(fd, self._lost, container_id)
        return True

    def forget(self, container_id: str) -> None:
        fd = self._supervisors.pop(container_id, -1)
        if fd >= 0:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)

    def exit_code(self, container_id: str) -> tuple[int, float] | None:
        """The code conmon left and when, if it did."""
        path = self._directory / container_id
        try:
            code = parse_exit_code(path.read_text())
            return None if code is None else (code, path.stat().st_mtime)
        except OSError:
            return None

    def clear(self, container_id: str) -> None:
        (self._directory / container_id).unlink(missing_ok=True)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(data):
            _, _, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size
            name = data[offset : offset + length].rstrip(b"\0").decode(errors="replace")
            offset += length
            if name and "." not in name:
                self._on_exit(name)

    def _lost(self, container_id: str) -> None:
        self.forget(container_id)
        self._on_lost(container_id)
