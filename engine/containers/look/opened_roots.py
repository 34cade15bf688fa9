"""Root file systems of containers that do not run, mounted while somebody looks into them."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from engine.sandbox.keeper.asked.steps import ContainerMarks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.containers.known.book import Entry
    from engine.storage.paths import Paths
    from engine.storage.rootfs import RootFilesystems


class RootHolds:
    """Counts who looks; the last one to go unmounts, unless the container runs by then."""

    def __init__(self, paths: Paths, rootfs: RootFilesystems) -> None:
        self._paths = paths
        self._rootfs = rootfs
        self._held: Counter[str] = Counter()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def _driver(self, entry: Entry) -> str:
        """Who looks first has the first mount made: it must be the one that a start would make."""
        return entry.container.spec.driver or entry.container.driver

    def is_held(self, container_id: str) -> bool:
        return self._held[container_id] > 0

    def _lock(self, container_id: str) -> asyncio.Lock:
        return self._locks.setdefault(container_id, asyncio.Lock())

    @asynccontextmanager
    async def hold(self, entry: Entry) -> AsyncIterator[Path]:
        async with self._lock(entry.id):
            # Counted before it is there: nobody may take the mount for one that was forgotten.
            self._held[entry.id] += 1
            try:
                # Also of one that seems to run: its end may be taking the mount away just now.
                marks = [ContainerMarks(root=self._paths.rootfs(entry.id))]
                await self._rootfs.mount(entry.id, entry.record.layers, driver=self._driver(entry), at_first=marks)
            except BaseException:
                self._let_go(entry.id)
                raise
        try:
            yield self._paths.rootfs(entry.id)
        finally:
            await asyncio.shield(self._release(entry))

    async def unmount(self, container_id: str) -> None:
        """A run is over: its root goes, unless somebody looks."""
        async with self._lock(container_id):
            if not self.is_held(container_id):
                await self._rootfs.unmount(container_id)

    async def _release(self, entry: Entry) -> None:
        async with self._lock(entry.id):
            self._let_go(entry.id)
            # Starting and running containers own their mount; only one at rest gives it back.
            if not self.is_held(entry.id) and not entry.alive and not entry.lock.locked():
                await self._rootfs.unmount(entry.id)

    def _let_go(self, container_id: str) -> None:
        self._held[container_id] -= 1
        if not self._held[container_id]:
            del self._held[container_id]
