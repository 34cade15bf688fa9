"""Directories that `RUN --mount=type=cache` keeps between builds: a compiler's cache, a package manager's downloads."""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from engine.sandbox.keeper.asked.steps import MakeDirectory, Own
from engine.types.builds import BuildCacheEntry
from engine.types.data import Data, Freed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.state.database import Database
    from engine.storage.paths import Paths

PREFIX = "mount:"
"""Of the rows in the cache table that are directories, not steps."""


class _Kept(Data, frozen=True, kw_only=True):
    cache_id: str
    directory: str
    created_ns: int


class CacheMounts:
    def __init__(self, paths: Paths, keeper: Keeper, database: Database) -> None:
        self._paths = paths
        self._keeper = keeper
        self._database = database
        self._kept: dict[str, _Kept] = {}
        self._used_ns: dict[str, int] = {}
        self._users: dict[str, int] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def open(self) -> None:
        rows = await self._database.fetch(
            "SELECT key, used_ns, body FROM build_cache WHERE key LIKE ?", (f"{PREFIX}%",)
        )
        for key, used_ns, body in rows:
            self._kept[key] = msgspec.json.decode(body, type=_Kept)
            self._used_ns[key] = used_ns

    @asynccontextmanager
    async def held(
        self, cache_id: str, sharing: Literal["shared", "private", "locked"], *, owner: tuple[int, int, int]
    ) -> AsyncIterator[Path]:
        """The directory of a cache. Locked: one step at a time; private: a second user gets one of its own."""
        number = 0
        if sharing == "private":
            while self._users.get(_key(cache_id, number), 0):
                number += 1
        key = _key(cache_id, number)
        lock = self._locks.setdefault(key, asyncio.Lock()) if sharing == "locked" else None
        if lock is not None:
            await lock.acquire()
        self._users[key] = self._users.get(key, 0) + 1
        try:
            yield await self._directory(key, cache_id, owner)
        finally:
            self._users[key] -= 1
            if lock is not None:
                lock.release()

    async def _directory(self, key: str, cache_id: str, owner: tuple[int, int, int]) -> Path:
        uid, gid, mode = owner
        self._used_ns[key] = time.time_ns()
        kept = self._kept.get(key)
        if kept is None:
            name = f"cache-{hashlib.sha256(key.encode()).hexdigest()[:24]}"
            kept = _Kept(cache_id=cache_id, directory=name, created_ns=time.time_ns())
            path = self._paths.builds / name
            await self._keeper.execute([MakeDirectory(path=path), Own(path=path, uid=uid, gid=gid, mode=mode)])
            self._kept[key] = kept
        await self._database.execute(
            "INSERT OR REPLACE INTO build_cache(key, used_ns, body) VALUES (?, ?, ?)",
            (key, self._used_ns[key], msgspec.json.encode(kept)),
        )
        return self._paths.builds / kept.directory

    async def entries(self) -> list[BuildCacheEntry]:
        found: list[BuildCacheEntry] = []
        for key, kept in self._kept.items():
            size = await self._keeper.tree_size(self._paths.builds / kept.directory)
            found.append(
                BuildCacheEntry(
                    id=kept.directory,
                    kind="mount",
                    description=f"cache mount {kept.cache_id}",
                    size=size.disk,
                    created=datetime.fromtimestamp(kept.created_ns / 1e9, UTC),
                    last_used=datetime.fromtimestamp(self._used_ns[key] / 1e9, UTC),
                    in_use=bool(self._users.get(key, 0)),
                )
            )
        return found

    async def prune(self, *, until_ns: int = 0, only: Collection[str] | None = None) -> Freed:
        """Remove every cache (or only these) that no step uses now (nor has used since a time)."""
        ids: list[str] = []
        freed = 0
        for entry in await self.entries():
            key = next(key for key, kept in self._kept.items() if kept.directory == entry.id)
            if only is not None and entry.id not in only:
                continue
            if entry.in_use or (until_ns and self._used_ns[key] > until_ns):
                continue
            del self._kept[key]
            await self._database.execute("DELETE FROM build_cache WHERE key = ?", (key,))
            await self._keeper.remove_tree(self._paths.builds / entry.id)
            ids.append(entry.id)
            freed += entry.size
        return Freed(ids=tuple(ids), bytes=freed)


def _key(cache_id: str, number: int) -> str:
    return f"{PREFIX}{cache_id}" + (f"#{number}" if number else "")
