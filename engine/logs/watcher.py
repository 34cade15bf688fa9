"""Waiting for a log to grow, without polling: one inotify descriptor for all readers.

A watch fires once and is set again when its reader has caught up, so a log written a million times a second costs no
more wake-ups than its reader takes.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_IN_MODIFY, _IN_CLOSE_WRITE, _IN_MOVED_TO, _IN_CREATE = 0x2, 0x8, 0x80, 0x100
_IN_DELETE_SELF, _IN_MOVE_SELF = 0x400, 0x800
_IN_ONESHOT = 0x80000000
_IN_IGNORED = 0x8000
_FILE = _IN_MODIFY | _IN_CLOSE_WRITE | _IN_MOVE_SELF | _IN_DELETE_SELF | _IN_ONESHOT
_DIRECTORY = _IN_CREATE | _IN_MOVED_TO | _IN_DELETE_SELF | _IN_ONESHOT
_EVENT = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


class LogWatcher:
    """Wakes readers. Make it on the loop that uses it."""

    def __init__(self) -> None:
        self._fd = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        self._waiting: dict[int, set[asyncio.Event]] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._on_events)

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
        for events in self._waiting.values():
            for event in events:
                event.set()
        self._waiting.clear()

    async def wait(self, path: Path, woken: asyncio.Event, grown: Callable[[], bool]) -> None:
        """Return once `path` may have changed, or `woken` is set by someone else.

        `grown` is asked after the watch stands, so that nothing written in between is slept through.
        """
        with self._watch(path, _FILE, woken), self._watch(path.parent, _DIRECTORY, woken):
            if not grown():
                await woken.wait()
        woken.clear()

    @contextmanager
    def _watch(self, path: Path, mask: int, event: asyncio.Event) -> Iterator[None]:
        number = _libc.inotify_add_watch(self._fd, os.fsencode(path), ctypes.c_uint32(mask))
        if number < 0:
            # Not there (yet): the watch on the directory tells when it comes.
            yield
            return
        events = self._waiting.setdefault(number, set())
        events.add(event)
        try:
            yield
        finally:
            events.discard(event)
            if not events:
                self._waiting.pop(number, None)

    def _on_events(self) -> None:
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size + length
            if not mask & _IN_IGNORED:
                for event in self._waiting.pop(number, ()):
                    event.set()
