"""Which files below some directories changed, told in batches once it is quiet for a moment. Over `engine.inotify`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.inotify import CLOSE_WRITE, CREATE, DELETE, MOVED_FROM, MOVED_TO, Inotify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MASK = CLOSE_WRITE | CREATE | DELETE | MOVED_FROM | MOVED_TO
_QUIET_SECONDS = 0.1
_LONGEST_SECONDS = 1.0
"""A build that writes without end is told in pieces."""
_DIRECTORIES_AT_MOST = 20_000


class TreeWatch:
    """`changes()` waits for the next batch of whole paths; a path that is gone is in it too."""

    def __init__(self, roots: Iterable[str], prunes: Callable[[str], bool]) -> None:
        self._prunes = prunes
        self._folders: dict[int, str] = {}
        self._changed: set[str] = set()
        self._woken = asyncio.Event()
        self.overflown = False
        """The kernel lost events: everything may have changed."""
        self._inotify = Inotify(self._on_event)
        try:
            for root in roots:
                self._add(root if os.path.isdir(root) else os.path.dirname(root))
        except BaseException:
            self._inotify.close()
            raise

    def close(self) -> None:
        self._inotify.close()

    async def changes(self) -> frozenset[str]:
        """Everything that changed since the last call, once nothing more comes for a moment."""
        await self._woken.wait()
        loop = asyncio.get_running_loop()
        latest = loop.time() + _LONGEST_SECONDS
        while loop.time() < latest:
            before = len(self._changed)
            await asyncio.sleep(_QUIET_SECONDS)
            if len(self._changed) == before:
                break
        self._woken.clear()
        found, self._changed = frozenset(self._changed), set()
        return found

    def _add(self, folder: str, *, tell: bool = False) -> None:
        """Watch a directory and all below it. What is found in one that is new was written before it was watched."""
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            if len(self._folders) >= _DIRECTORIES_AT_MOST:
                raise OSError(28, f"more than {_DIRECTORIES_AT_MOST} directories would be watched", folder)
            try:
                self._folders[self._inotify.watch(Path(here), _MASK)] = here
                entries = list(os.scandir(here))
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                continue
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not self._prunes(entry.path):
                        waiting.append(entry.path)
                elif tell:
                    self._changed.add(entry.path)

    def _on_event(self, number: int, name: str) -> None:
        folder = self._folders.get(number)
        if number < 0:
            self.overflown = True
        elif folder is not None and name:
            path = os.path.join(folder, name)
            self._changed.add(path)
            if os.path.isdir(path) and not os.path.islink(path) and not self._prunes(path):
                self._add(path, tell=True)
        else:
            return
        self._woken.set()
