"""The disk room as the facade shows it: eight parts that add up to the store, and freeing each.

Every figure is measured, in blocks of the disk; what a removal frees is worked out from who holds what, and is what the
removal then frees.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

from engine.disk.measuring import Measure, file_blocks
from engine.types.data import Freed
from engine.types.disk import PART_IDS, DiskItem, DiskPart, DiskUsage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from engine.builder.build_service import BuildService
    from engine.containers.container_service import ContainerService
    from engine.images.image_service import ImageService
    from engine.logs.log_service import LogService
    from engine.sandbox.client import Keeper
    from engine.stats.stats_service import StatsService
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.types.disk import PartId
    from engine.volumes.volume_service import VolumeService

CACHE = "build-cache"
RUNNING = "running"
_LOGS, _FIGURES, _OUTPUT, _CONTEXTS = "log:", "figures:", "build-output", "build-contexts"


class DiskService:
    """Implements `facade.Disk`."""

    def __init__(
        self,
        *,
        paths: Paths,
        keeper: Keeper,
        layers: LayerStore,
        images: ImageService,
        containers: ContainerService,
        volumes: VolumeService,
        builds: BuildService,
        logs: LogService,
        stats: StatsService,
    ) -> None:
        self._paths, self._layers = paths, layers
        self._images, self._containers, self._volumes = images, containers, volumes
        self._builds, self._logs, self._stats = builds, logs, stats
        self._measure = Measure(paths, keeper)
        self._looking: dict[PartId, Callable[[], Awaitable[DiskPart]]] = {
            "images": self._of_images,
            "build-cache": self._of_cache,
            "logs": self._of_logs,
            "containers": self._of_containers,
            "volumes": self._of_volumes,
            "history": self._of_history,
            "pulls": self._of_pulls,
            "store": self._of_store,
        }
        self._freeing: dict[PartId, Callable[[Collection[str]], Awaitable[object]]] = {
            "build-cache": self._free_cache,
            "logs": self._free_logs,
            "containers": self._free_containers,
            "volumes": self._free_volumes,
            "history": self._free_history,
            "pulls": self._free_pulls,
        }

    # --- the facade ---

    async def usage(self, parts: Sequence[PartId] = ()) -> DiskUsage:
        disk = os.statvfs(self._paths.root)
        self._measure.forget_layers(self._layers.diff_ids())
        return DiskUsage(
            parts=tuple([await self._looking[part]() for part in parts or PART_IDS]),
            disk_free=disk.f_bavail * disk.f_frsize,
        )

    async def free(self, part: PartId, ids: Sequence[str] = (), *, with_cache: bool = False) -> Freed:
        before = await self._looking[part]()
        wanted = [item.id for item in before.items if item.frees or not set(item.held_by) - {CACHE}]
        chosen = [one for one in wanted if not ids or one in ids]
        cached = (await self._of_cache()).bytes if with_cache else 0
        if part == "images":
            await self._free_images(chosen, with_cache=with_cache)
        elif part in self._freeing:
            await self._freeing[part](chosen)
        await self._images.settled()
        await self._layers.trash.empty()
        after = await self._looking[part]()
        freed = before.bytes - after.bytes
        if with_cache:
            # What only the cache holds now has changed its part, and has not come back.
            freed += cached - (await self._of_cache()).bytes
        return Freed(ids=tuple(chosen), bytes=max(0, freed))

    # --- layers: of images, of the cache, of pulls ---

    async def _layer_bytes(self, diff_ids: Iterable[str]) -> int:
        total = 0
        for diff_id in diff_ids:
            total += await self._one_layer(diff_id)
        return total

    async def _one_layer(self, diff_id: str) -> int:
        """Unpacked, and compressed where that is kept."""
        record = self._images.catalogue.layers.get(diff_id)
        archive = record.archive if record is not None else None
        unpacked = await self._measure.layer(diff_id) if self._layers.has(diff_id) else 0
        return unpacked + (self._measure.blob(archive.digest) if archive is not None else 0)

    def _image_layers(self) -> set[str]:
        return self._builds.layers_of_images()

    async def _of_images(self) -> DiskPart:
        catalogue = self._images.catalogue
        cached, elsewhere = self._builds.layers_cached(), catalogue.held_elsewhere()
        items = []
        for image_id in catalogue.images:
            snapshot = catalogue.snapshot(image_id)
            users = tuple(user.name for user in catalogue.users_of(image_id))
            only = catalogue.layers_only_in([image_id])
            kept = not cached.isdisjoint(snapshot.layers)
            items.append(
                DiskItem(
                    id=image_id,
                    name=", ".join(snapshot.tags) or image_id.removeprefix("sha256:")[:12],
                    bytes=await self._layer_bytes(dict.fromkeys(snapshot.layers)),
                    frees=0 if users else await self._layer_bytes(only),
                    held_by=(*users, *((CACHE,) if kept else ())),
                    used=snapshot.pulled,
                )
            )
        unused = [image_id for image_id in catalogue.images if not catalogue.users_of(image_id)]
        alone = catalogue.layers_only_in(unused)
        pinned = elsewhere - cached
        together = catalogue.layers_of_only(unused) - pinned
        return DiskPart(
            id="images",
            bytes=await self._layer_bytes(self._image_layers()),
            frees=await self._layer_bytes(alone),
            with_cache=await self._layer_bytes(together - alone),
            items=tuple(sorted(items, key=_largest)),
        )

    async def _free_images(self, ids: Collection[str], *, with_cache: bool) -> None:
        catalogue = self._images.catalogue
        going = [one for one in ids if one in catalogue.images and not catalogue.users_of(one)]
        layers = catalogue.layers_of_only(going)
        for image_id in going:
            await self._images.remove(image_id, force=True)
        if with_cache:
            await self._builds.forget_steps_of(layers)

    async def _of_cache(self) -> DiskPart:
        of_images = self._image_layers()
        held = self._images.catalogue.images_with_layer
        items = []
        for entry in await self._builds.cache():
            layer = self._builds.layer_of(entry.id)
            images = tuple(sorted(self._title(image) for image in held(layer))) if layer else ()
            size = await self._one_layer(layer) if layer else entry.size
            busy = (RUNNING,) if entry.in_use and entry.kind == "mount" else ()
            frees = 0 if busy or images else size
            items.append(
                DiskItem(id=entry.id, name=entry.description, bytes=size, frees=frees, held_by=(*images, *busy),
                         used=entry.last_used)
            )  # fmt: skip
        contexts = await self._measure.tree(self._paths.build_contexts)
        if contexts:
            items.append(DiskItem(id=_CONTEXTS, name=_CONTEXTS, bytes=contexts, frees=contexts))
        layers = await self._layer_bytes(self._builds.layers_cached() - of_images)
        idle = sum(item.frees for item in items if not self._builds.layer_of(item.id))
        return DiskPart(
            id="build-cache",
            bytes=layers + contexts + await self._measure.tree(self._paths.builds),
            frees=layers + idle,
            items=tuple(sorted(items, key=_largest)),
        )

    def _title(self, image_id: str) -> str:
        tags = self._images.catalogue.snapshot(image_id).tags
        return tags[0] if tags else image_id.removeprefix("sha256:")[:12]

    async def _free_cache(self, ids: Collection[str]) -> None:
        await self._builds.forget_entries(ids)
        if _CONTEXTS in ids:
            await asyncio.to_thread(_empty, self._paths.build_contexts)

    async def _of_pulls(self) -> DiskPart:
        busy = self._images.pulling
        blobs = self._images.unfinished_blobs()
        partial = {
            f"partial:{entry.name}": file_blocks(self._paths.partial_blobs / entry.name)
            for entry in os.scandir(self._paths.partial_blobs)
        }
        sizes = {digest: self._measure.blob(digest) for digest in blobs} | partial
        held = (RUNNING,) if busy else ()
        items = [
            DiskItem(id=key, name=key.partition(":")[2][:12], bytes=size, frees=0 if busy else size, held_by=held)
            for key, size in sizes.items()
        ]
        pinned = self._images.catalogue.held_elsewhere() - self._builds.layers_cached() - self._image_layers()
        coming = await self._layer_bytes(layer for layer in pinned if self._layers.has(layer))
        return DiskPart(
            id="pulls",
            bytes=sum(sizes.values()) + coming,
            frees=sum(item.frees for item in items),
            items=tuple(sorted(items, key=_largest)),
        )

    async def _free_pulls(self, ids: Collection[str]) -> None:
        await self._images.forget_unfinished(ids)

    # --- what containers have ---

    async def _of_containers(self) -> DiskPart:
        items = []
        for one in await self._containers.list():
            own, _ = await self._measure.container(one.id)
            alive = self._containers.is_alive(one.id)
            items.append(
                DiskItem(id=one.id, name=one.name, bytes=own, frees=0 if alive else own,
                         held_by=(RUNNING,) if alive else (), used=one.started)
            )  # fmt: skip
        return _part("containers", items)

    async def _free_containers(self, ids: Collection[str]) -> None:
        for container_id in ids:
            if not self._containers.is_alive(container_id):
                await self._containers.remove(container_id)

    async def _of_logs(self) -> DiskPart:
        items = []
        for one in await self._containers.list():
            _, size = await self._measure.container(one.id)
            frees = await asyncio.to_thread(self._logs.shortening_frees, one.id)
            items.append(DiskItem(id=one.id, name=one.name, bytes=size, frees=frees))
        return _part("logs", items)

    async def _free_logs(self, ids: Collection[str]) -> None:
        for container_id in ids:
            await self._logs.shorten(container_id)

    async def _of_volumes(self) -> DiskPart:
        items = []
        for volume in await self._volumes.list():
            size = await self._measure.tree(self._paths.volume(volume.name))
            users = tuple(sorted(self._containers.name_of(user) for user in volume.used_by))
            items.append(
                DiskItem(id=volume.name, name=volume.name, bytes=size, frees=0 if users else size, held_by=users)
            )
        return _part("volumes", items)

    async def _free_volumes(self, ids: Collection[str]) -> None:
        for name in ids:
            await self._volumes.remove(name)

    # --- what is kept of the past ---

    async def _of_history(self) -> DiskPart:
        items = []
        for name in await self._logs.history():
            size = await self._measure.tree(self._paths.log_history / name)
            items.append(DiskItem(id=f"{_LOGS}{name}", name=name, bytes=size, frees=size))
        for path in self._stats.rings_of_the_past():
            size = file_blocks(path)
            items.append(DiskItem(id=f"{_FIGURES}{path.name}", name=path.name, bytes=size, frees=size))
        output = await self._measure.tree(self._paths.build_output)
        if output:
            items.append(DiskItem(id=_OUTPUT, name=_OUTPUT, bytes=output, frees=output))
        whole = 0
        for place in (self._paths.log_history, self._paths.stats, self._paths.build_output):
            whole += await self._measure.tree(place)
        frees = sum(item.frees for item in items)
        return DiskPart(id="history", bytes=whole, frees=frees, items=tuple(sorted(items, key=_largest)))

    async def _free_history(self, ids: Collection[str]) -> None:
        for one in ids:
            if one.startswith(_LOGS):
                await self._logs.forget_history(one.removeprefix(_LOGS))
            elif one == _OUTPUT:
                await asyncio.to_thread(_empty, self._paths.build_output)
        rings = {f"{_FIGURES}{path.name}": path for path in self._stats.rings_of_the_past()}
        for one in rings.keys() & set(ids):
            rings[one].unlink(missing_ok=True)

    # --- the rest ---

    async def _of_store(self) -> DiskPart:
        """The database, what is being deleted or staged, and whatever else lies in the store's directory."""
        paths = self._paths
        elsewhere = {
            path.name
            for path in (paths.blobs, paths.layers, paths.containers, paths.volumes, paths.builds, paths.log_history,
                         paths.stats, paths.build_output, paths.build_contexts)
        }  # fmt: skip
        size = file_blocks(paths.root)
        for entry in await asyncio.to_thread(os.listdir, paths.root):
            if entry not in elsewhere:
                size += await self._measure.tree(paths.root / entry)
        known = {one.id for one in await self._containers.list()}
        for entry in await asyncio.to_thread(os.listdir, paths.containers):
            if entry not in known:  # the network of a group, a step of a build
                size += await self._measure.tree(paths.containers / entry)
        for directory in (paths.layers, paths.containers, paths.volumes, paths.blobs, paths.partial_blobs):
            size += file_blocks(directory)
        catalogue = self._images.catalogue
        archives = {one.archive.digest for one in catalogue.layers.values() if one.archive is not None}
        for algorithm in ("sha256", "sha512"):
            size += file_blocks(paths.blobs / algorithm)
        for digest in self._images.blob_digests() - archives - self._images.unfinished_blobs():
            size += self._measure.blob(digest)
        held = {*self._image_layers(), *catalogue.held_elsewhere()}
        size += await self._layer_bytes(self._layers.diff_ids() - held)
        return DiskPart(id="store", bytes=size)


def _part(part_id: PartId, items: Sequence[DiskItem]) -> DiskPart:
    """A part that is no more than what is in it, the largest first."""
    return DiskPart(
        id=part_id,
        bytes=sum(item.bytes for item in items),
        frees=sum(item.frees for item in items),
        items=tuple(sorted(items, key=_largest)),
    )


def _largest(item: DiskItem) -> tuple[int, str]:
    return -item.bytes, item.name


def _empty(directory: Path) -> None:
    if directory.is_dir():
        for path in directory.iterdir():
            if path.is_file():
                path.unlink(missing_ok=True)
            elif path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
