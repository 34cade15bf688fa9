"""The disk room of the fake engine: figures that follow from what there is, and go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.containers import State
from engine.types.data import Freed
from engine.types.disk import PART_IDS, DiskItem, DiskPart, DiskUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.disk import PartId
    from tests.fakes.engine import FakeEngine

_CACHE = "build-cache"
_LAYER_BYTES = 4_800_000
_LOG_BYTES, _LAST_LINES = 12_000_000, 130_000


class FakeDisk:
    """Implements `facade.Disk`."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine, self._store = engine, engine.store
        self.held_by_cache: dict[str, int] = {}
        """Bytes of an image's layers that the build cache needs too, by image id."""
        self.logs: dict[str, int] = {}
        self.history = {"shop-web-1": 3_400_000, "old-worker": 41_000_000}
        self.partial = {"4f6b2a91c0de": 23_000_000}

    async def usage(self, parts: Sequence[PartId] = ()) -> DiskUsage:
        looking = {
            "images": self._images, "build-cache": self._cache, "logs": self._logs, "containers": self._containers,
            "volumes": self._volumes, "history": self._past, "pulls": self._pulls, "store": self._rest,
        }  # fmt: skip
        found = []
        for part in parts or PART_IDS:
            items = await looking[part]()
            extra = 2_100_000 if part == "store" else 0
            more = sum(self.held_by_cache.get(i.id, 0) for i in items if i.frees or i.held_by == (_CACHE,))
            found.append(
                DiskPart(
                    id=part,
                    bytes=sum(item.bytes for item in items) + extra,
                    frees=sum(item.frees for item in items),
                    with_cache=more if part == "images" else 0,
                    items=tuple(sorted(items, key=lambda item: -item.bytes)),
                )
            )
        return DiskUsage(parts=tuple(found), disk_free=210_000_000_000)

    async def free(self, part: PartId, ids: Sequence[str] = (), *, with_cache: bool = False) -> Freed:
        self._store.fail_if_told("disk.free")
        before = (await self.usage([part])).part(part)
        chosen = [item.id for item in before.items if not set(item.held_by) - {_CACHE} and (not ids or item.id in ids)]
        freed = before.bytes
        for one in chosen:
            if part == "images":
                await self._engine.images.remove(one)
                if not with_cache:
                    freed -= self.held_by_cache.get(one, 0)
            elif part == "volumes":
                await self._engine.volumes.remove(one)
            elif part == "containers":
                await self._engine.containers.remove(one)
            elif part == "logs":
                self.logs[one] = _LAST_LINES
            elif part == "history":
                del self.history[one.removeprefix("log:")]
            elif part == "pulls":
                del self.partial[one]
        if part == "build-cache":
            await self._engine.builds.prune_cache(all_unused=True)
        after = (await self.usage([part])).part(part)
        return Freed(ids=tuple(chosen), bytes=max(0, freed - after.bytes))

    async def _images(self) -> list[DiskItem]:
        names = {one.id: one.name for one in self._store.containers.values()}
        return [
            DiskItem(
                id=image.id,
                name=", ".join(image.tags) or image.id[7:19],
                bytes=image.unique_size,
                frees=0 if image.used_by else image.unique_size - self.held_by_cache.get(image.id, 0),
                held_by=(
                    *(names[user] for user in image.used_by),
                    *((_CACHE,) if image.id in self.held_by_cache else ()),
                ),
            )
            for image in self._store.images.values()
        ]

    async def _cache(self) -> list[DiskItem]:
        return [
            DiskItem(id=one.id, name=one.description, bytes=one.size, frees=0 if one.in_use else one.size,
                     held_by=("nginx:1.27",) if one.in_use else (), used=one.last_used)
            for one in await self._engine.builds.cache()
        ]  # fmt: skip

    async def _logs(self) -> list[DiskItem]:
        sizes = {one.id: self.logs.get(one.id, _LOG_BYTES) for one in self._store.containers.values()}
        return [
            DiskItem(id=one.id, name=one.name, bytes=sizes[one.id], frees=max(0, sizes[one.id] - _LAST_LINES))
            for one in self._store.containers.values()
        ]

    async def _containers(self) -> list[DiskItem]:
        found = []
        for one in self._store.containers.values():
            alive = one.state in (State.RUNNING, State.PAUSED, State.RESTARTING)
            held = ("running",) if alive else ()
            frees = 0 if alive else _LAYER_BYTES
            found.append(DiskItem(id=one.id, name=one.name, bytes=_LAYER_BYTES, frees=frees, held_by=held))
        return found

    async def _volumes(self) -> list[DiskItem]:
        names = {one.id: one.name for one in self._store.containers.values()}
        return [
            DiskItem(id=one.name, name=one.name, bytes=one.size or 0, frees=0 if one.used_by else one.size or 0,
                     held_by=tuple(names.get(user, user) for user in one.used_by))
            for one in self._store.volumes.values()
        ]  # fmt: skip

    async def _past(self) -> list[DiskItem]:
        return [DiskItem(id=f"log:{name}", name=name, bytes=size, frees=size) for name, size in self.history.items()]

    async def _pulls(self) -> list[DiskItem]:
        return [DiskItem(id=name, name=name, bytes=size, frees=size) for name, size in self.partial.items()]

    async def _rest(self) -> list[DiskItem]:
        return []
