"""Volumes: list, inspect, create, remove, prune."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.api.docker.lookups import docker_words
from engine.api.http.statuses import unsupported
from engine.api.shapes.bodies import VolumeBody
from engine.api.shapes.stores import volume as volume_record
from engine.errors import NotFound
from engine.types.volumes import CreateVolume

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call
    from engine.api.http.query_filters import Filters
    from engine.types.volumes import Volume

_LIST_FILTERS = frozenset({"dangling", "driver", "label", "name"})
_PRUNE_FILTERS = frozenset({"all", "label", "label!"})


async def list_volumes(call: Call) -> web.StreamResponse:
    filters = call.filters(_LIST_FILTERS)
    found = [volume for volume in await call.engine.volumes.list() if _passes(volume, filters)]
    return call.answer({"Volumes": [volume_record(volume) for volume in found], "Warnings": None})


def _passes(volume: Volume, filters: Filters) -> bool:
    dangling = filters.flag("dangling")
    names = filters.get("name")
    return (
        (dangling is None or dangling is not bool(volume.used_by))
        and filters.exact("driver", "local")
        and filters.labels("label", volume.labels)
        and (not names or any(name in volume.name for name in names))
    )


async def inspect_volume(call: Call) -> web.StreamResponse:
    with docker_words("volume", call.words["name"]):
        found = await call.engine.volumes.get(call.words["name"])
    return call.answer(volume_record(found))


async def create_volume(call: Call) -> web.StreamResponse:
    body = await call.json(VolumeBody)
    if (body.driver or "local") != "local":
        raise unsupported(f"the volume driver {(body.driver or '')[:40]!r}", "there is one driver, local")
    if body.cluster_volume_spec is not None:
        raise unsupported("ClusterVolumeSpec", "there is no swarm")
    name = body.name or ""
    if name:
        # Docker gives back the one that is there; clients make the volumes they need without looking first.
        try:
            return call.answer(volume_record(await call.engine.volumes.get(name)), 201)
        except NotFound:
            pass
    made = await call.engine.volumes.create(
        CreateVolume(name=name, labels=dict(body.labels or {}), options=dict(body.driver_opts or {}))
    )
    return call.answer(volume_record(made), 201)


async def remove_volume(call: Call) -> web.StreamResponse:
    force = call.flag("force")
    try:
        with docker_words("volume", call.words["name"]):
            await call.engine.volumes.remove(call.words["name"], force=force)
    except NotFound:
        if not force:
            raise
    return call.empty()


async def prune(call: Call) -> web.StreamResponse:
    filters = call.filters(_PRUNE_FILTERS)
    # Before 1.42 a prune took the named ones too.
    everything = filters.flag("all") is True or not call.at_least(42)
    freed = await call.engine.volumes.prune(all_unused=everything, labels=filters.label_rule())
    return call.answer({"VolumesDeleted": list(freed.ids) or None, "SpaceReclaimed": freed.bytes})
