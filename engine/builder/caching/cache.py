"""What was built before, by what went in. A step's key is made of contents only: never of times, names of files on the
host, or the order in which stages happened to run.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from engine.builder.caching.cache_mounts import PREFIX
from engine.types.builds import BuildCacheEntry
from engine.types.data import Data, Freed

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.state.database import Database
    from engine.storage.layers import LayerStore

_MADE_BY = 2
"""Raised when steps of before may have come out wrong, so that none of them is found again. 2: directories that a layer
below had replaced were taken for replaced again, and lost what was in between."""
ID_LENGTH = 25
"""How much of its key an entry shows as its id."""
_TOUCH_AFTER_NS = 60 * 1_000_000_000
_ALL_STEPS = "SELECT key, used_ns, body FROM build_cache WHERE key NOT LIKE ?"


class CachedStep(Data, frozen=True, kw_only=True):
    """The outcome of a step: the layer it made, or none where it changed no file."""

    diff_id: str
    description: str
    created_ns: int
    size: int = 0


def step_key(kind: str, *parts: Any) -> str:
    """A key over any JSON-like parts, each told apart from its neighbours."""
    return hashlib.sha256(msgspec.json.encode([_MADE_BY, kind, *parts], order="deterministic")).hexdigest()


class StepCache:
    """All entries are in memory; the table is their durable copy."""

    def __init__(self, database: Database, layers: LayerStore) -> None:
        self._database = database
        self._layers = layers
        self._entries: dict[str, CachedStep] = {}
        self._used_ns: dict[str, int] = {}

    async def open(self) -> None:
        for key, used_ns, body in await self._database.fetch(_ALL_STEPS, (f"{PREFIX}%",)):
            self._entries[key] = msgspec.json.decode(body, type=CachedStep)
            self._used_ns[key] = used_ns

    async def find(self, key: str) -> CachedStep | None:
        """A step made before whose layer is still here."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.diff_id and not self._layers.has(entry.diff_id):
            await self._forget([key])
            return None
        moment = time.time_ns()
        if moment - self._used_ns[key] > _TOUCH_AFTER_NS:
            self._used_ns[key] = moment
            await self._database.execute("UPDATE build_cache SET used_ns = ? WHERE key = ?", (moment, key))
        return entry

    async def keep(self, key: str, entry: CachedStep) -> None:
        self._entries[key] = entry
        self._used_ns[key] = time.time_ns()
        await self._database.execute(
            "INSERT OR REPLACE INTO build_cache(key, used_ns, body) VALUES (?, ?, ?)",
            (key, self._used_ns[key], msgspec.json.encode(entry)),
        )

    def layers_held(self) -> set[str]:
        """Layers that must stay for the cache's sake."""
        return {entry.diff_id for entry in self._entries.values() if entry.diff_id}

    def layer_of(self, entry_id: str) -> str:
        """The layer of a step by the id of its entry; "" where it made none, or there is no such step."""
        return next((entry.diff_id for key, entry in self._entries.items() if key.startswith(entry_id)), "")

    async def forget(
        self, held_by_images: Collection[str], *, layers: Collection[str] = (), entries: Collection[str] = ()
    ) -> Freed:
        """Forget the steps that made these layers, and those of these ids; and remove layers nobody else holds."""
        keys = [key for key, entry in self._entries.items() if entry.diff_id in layers or key[:ID_LENGTH] in entries]
        return await self._drop(keys, held_by_images)

    def entries(self, held_by_images: Collection[str]) -> list[BuildCacheEntry]:
        return [
            BuildCacheEntry(
                id=key[:ID_LENGTH],
                kind="step",
                description=entry.description,
                size=entry.size,
                created=_moment(entry.created_ns),
                last_used=_moment(self._used_ns[key]),
                in_use=entry.diff_id in held_by_images,
            )
            for key, entry in self._entries.items()
        ]

    async def prune(self, held_by_images: Collection[str], *, everything: bool, until_ns: int = 0) -> Freed:
        """Forget steps whose layer no image holds (or every step) and that were not used since, if a time is given;
        and remove those layers."""
        keys = [
            key
            for key, entry in self._entries.items()
            if (everything or entry.diff_id not in held_by_images) and (not until_ns or self._used_ns[key] <= until_ns)
        ]
        return await self._drop(keys, held_by_images)

    async def _drop(self, keys: list[str], held_by_images: Collection[str]) -> Freed:
        before = self.layers_held()
        ids = [key[:ID_LENGTH] for key in keys]
        await self._forget(keys)
        gone = before - self.layers_held() - set(held_by_images)
        freed = await asyncio.gather(*(self._layers.remove(diff_id) for diff_id in gone if self._layers.has(diff_id)))
        return Freed(ids=tuple(ids), bytes=sum(freed))

    async def _forget(self, keys: list[str]) -> None:
        for key in keys:
            self._entries.pop(key, None)
            self._used_ns.pop(key, None)
        await self._database.transaction([("DELETE FROM build_cache WHERE key = ?", (key,)) for key in keys])


def _moment(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns / 1e9, UTC)
