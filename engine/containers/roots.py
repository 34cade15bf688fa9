"""Root file systems of containers that do not run, mounted while somebody looks into them."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.containers.book import Entry
    from engine.storage.paths import Paths
    from engine.storage.rootfs import RootFilesystems


class RootHolds:
    """Counts who looks; the last one to go unmounts, unless the container runs by then."""

    def __init__(self, paths: Paths, rootfs: RootFilesystems) -> None:
        self._paths = paths
        self._rootfs = rootfs
        self._held: Counter[str] = Counter()
        self._locks: dict[str, asyncio.Lock] = {}

    def is_held(self, container_id: str) -> bool:
        return self._held[container_id] > 0

    @asynccontextmanager
    async def hold(self, entry: Entry) -> AsyncIterator[Path]:
        lock = self._locks.setdefault(entry.id, asyncio.Lock())
        async with lock:
            if not self._held[entry.id] and not entry.alive:
                await self._rootfs.mount(entry.id, entry.record.layers, driver=entry.container.spec.driver)
            self._held[entry.id] += 1
        try:
            yield self._paths.rootfs(entry.id)
        finally:
            await asyncio.shield(self._release(entry, lock))

    async def _release(self, entry: Entry, lock: asyncio.Lock) -> None:
        async with lock:
            self._held[entry.id] -= 1
            if self._held[entry.id]:
                return
            del self._held[entry.id]
            # Starting and running containers own their mount; only one at rest gives it back.
            if not entry.alive and not entry.lock.locked():
                await self._rootfs.unmount(entry.id)
