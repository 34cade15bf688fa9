"""`GET /system/df`: what images, containers, volumes and the build's cache take, with their rows or as sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.api.docker.lookups import images_by_id, networks_by_name, volume_paths
from engine.api.http.statuses import Refusal
from engine.api.shapes.containers import summary
from engine.api.shapes.images import summary as image_summary
from engine.api.shapes.stores import cache_entry
from engine.api.shapes.stores import volume as volume_record
from engine.errors import NotFound
from engine.types.containers import ALIVE_STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from engine.api.call import Call
    from engine.types.containers import Container
    from engine.types.volumes import Volume

Rows = list[dict[str, Any]]
_TYPES = ("image", "container", "volume", "build-cache")
_LEGACY = {"image": "Images", "container": "Containers", "volume": "Volumes", "build-cache": "BuildCache"}
_USAGE = {
    "image": "ImageUsage",
    "container": "ContainerUsage",
    "volume": "VolumeUsage",
    "build-cache": "BuildCacheUsage",
}


async def disk_usage(call: Call) -> web.StreamResponse:
    """Everything with its size. What was never measured is measured now; Docker too takes its time here.

    Up to 1.51 rows alone; 1.52 has sums beside them; since 1.53 sums alone, with the rows in them where they are asked
    for.
    """
    kinds = set(call.texts("type")) or set(_TYPES)
    if not kinds <= set(_TYPES):
        raise Refusal(400, f"unknown object type: {', '.join(sorted(kinds - set(_TYPES)))[:80]}")
    verbose = call.flag("verbose")
    with_sums, with_rows = call.at_least(52), not call.at_least(53) and not (call.at_least(52) and verbose)
    answer: dict[str, Any] = {}
    if with_rows:
        answer = {"LayersSize": 0, **dict.fromkeys(_LEGACY.values()), "BuilderSize": 0}
    measures = {"image": _images, "container": _containers, "volume": _volumes, "build-cache": _build_cache}
    for kind in _TYPES:
        if kind not in kinds:
            continue
        rows, sums = await measures[kind](call)
        if with_rows:
            answer[_LEGACY[kind]] = rows
            if kind == "image":
                answer["LayersSize"] = sums["TotalSize"]
        if with_sums:
            answer[_USAGE[kind]] = {**sums, "Items": rows} if verbose else sums
    return call.answer(answer)


def _sums(total: int, active: int, size: int, reclaimable: int) -> dict[str, Any]:
    return {"TotalCount": total, "ActiveCount": active, "TotalSize": size, "Reclaimable": reclaimable}


async def _images(call: Call) -> tuple[Rows, dict[str, Any]]:
    images, usage = await call.engine.images.list(), await call.engine.images.usage()
    rows = [image_summary(image, containers=len(image.used_by)) for image in images]
    active = sum(bool(image.used_by) for image in images)
    return rows, _sums(len(images), active, usage.layers, usage.layers_reclaimable)


async def _containers(call: Call) -> tuple[Rows, dict[str, Any]]:
    containers = await call.engine.containers.list()
    rows = await _container_rows(call, containers)
    alive = {container.id for container in containers if container.state in ALIVE_STATES}
    sizes = {row["Id"]: row.get("SizeRw", 0) for row in rows}
    idle = sum(size for container_id, size in sizes.items() if container_id not in alive)
    return rows, _sums(len(containers), len(alive), sum(sizes.values()), idle)


async def _volumes(call: Call) -> tuple[Rows, dict[str, Any]]:
    volumes = [await _measured(call, each) for each in await call.engine.volumes.list()]
    rows = [volume_record(each, usage=True) for each in volumes]
    unused = sum(each.size or 0 for each in volumes if not each.used_by)
    used = sum(bool(each.used_by) for each in volumes)
    return rows, _sums(len(volumes), used, sum(each.size or 0 for each in volumes), unused)


async def _build_cache(call: Call) -> tuple[Rows, dict[str, Any]]:
    entries = await call.engine.builds.cache()
    idle = sum(entry.size for entry in entries if not entry.in_use)
    active = sum(entry.in_use for entry in entries)
    rows = [cache_entry(entry) for entry in entries]
    return rows, _sums(len(entries), active, sum(entry.size for entry in entries), idle)


async def _container_rows(call: Call, containers: Sequence[Container]) -> Rows:
    images, networks = await images_by_id(call.engine), await networks_by_name(call.engine)
    paths = await volume_paths(call.engine, containers)
    rows = []
    for container in containers:
        size = await _size(call, container)
        image = images.get(container.image_id)
        rows.append(summary(container, image=image, volume_paths=paths, networks=networks, size=size))
    return rows


async def _size(call: Call, container: Container) -> Any:
    try:
        return await call.engine.containers.size(container.id)
    except NotFound:
        return None


async def _measured(call: Call, volume: Volume) -> Volume:
    if volume.size is not None:
        return volume
    try:
        return await call.engine.volumes.measure(volume.name)
    except NotFound:
        return volume
