"""Waiting for a log to grow, without polling: one inotify descriptor for all readers.

A watch fires once and is set again when its reader has caught up, so a log written a million times a second costs no
more wake-ups than its reader takes.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from engine import inotify

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FILE = inotify.MODIFY | inotify.CLOSE_WRITE | inotify.MOVE_SELF | inotify.DELETE_SELF | inotify.ONESHOT
_DIRECTORY = inotify.CREATE | inotify.MOVED_TO | inotify.DELETE_SELF | inotify.ONESHOT


class LogWatcher:
    """Wakes readers. Make it on the loop that uses it."""

    def __init__(self) -> None:
        self._waiting: dict[int, set[asyncio.Event]] = {}
        self._inotify = inotify.Inotify(self._changed)

    def close(self) -> None:
        self._inotify.close()
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
        number = -1
        with suppress(OSError):  # not there (yet): the watch on the directory tells when it comes
            number = self._inotify.watch(path, mask)
        if number < 0:
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

    def _changed(self, number: int, _name: str) -> None:
        for event in self._waiting.pop(number, ()):
            event.set()
