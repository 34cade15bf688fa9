"""What a move takes along: the containers with their images, volumes and networks, looked up where they are."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

import msgspec

from engine.errors import InvalidRequest, NotFound
from engine.moving.again import in_order, volume_mounts
from engine.moving.images import names_taken, there_already
from engine.moving.under_way import remains
from engine.types.containers import Container
from engine.types.images import Image
from engine.types.machines import Moved, MovePart, MovePlan
from engine.types.networks import Network
from engine.types.volumes import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.facade import Engine
    from engine.moving.under_way import UnderWay

PROJECT_LABEL = "com.docker.compose.project"
FROM_LABEL = "io.wherry.moved-from"
"""On a volume that is on its way: whose it is, so that a move that was cut off goes on with it."""


class Parts(msgspec.Struct):
    """All of it."""

    containers: list[Container] = []
    images: list[Image] = []
    volumes: list[Volume] = []
    networks: list[Network] = []


async def parts_of(source: Engine, request: Moved) -> Parts:
    """Raises NotFound where there is no such thing."""
    if request.kind == "image":
        return Parts(images=[await source.images.get(request.name)])
    if request.kind == "volume":
        return Parts(volumes=[await source.volumes.get(request.name)])
    if request.kind == "container":
        containers = [await source.containers.get(request.name)]
    else:
        everyone = await source.containers.list()
        members = [each for each in everyone if each.spec.labels.get(PROJECT_LABEL) == request.name]
        # The list of another machine may know less than a look at each one does.
        containers = [await source.containers.get(each.id) for each in members]
        if not containers:
            raise NotFound(f"There is no project “{request.name}”", subject=request.name)
    return await _with_all(source, containers)


async def _with_all(source: Engine, containers: Sequence[Container]) -> Parts:
    found = Parts(containers=in_order(containers))
    for image_id in dict.fromkeys(each.image_id for each in containers):
        found.images.append(await source.images.get(image_id))
    for name in dict.fromkeys(mount.source for each in containers for mount in volume_mounts(each)):
        found.volumes.append(await source.volumes.get(name))
    ids = {each.id for each in containers}
    for network in await source.networks.list():
        used = any(each.spec.network in (network.name, network.id) for each in containers)
        if not network.builtin and (used or any(member.container_id in ids for member in network.members)):
            found.networks.append(network)
    return found


async def plan_of(
    source: Engine, target: Engine | None, request: Moved, record: UnderWay | None = None
) -> MovePlan:  # fmt: skip
    """What would be done; `target` is None where it is a file. `record`: what an earlier try has begun."""
    parts = await parts_of(source, request)
    plan: list[MovePart] = []
    problems: list[str] = []
    warnings = list(_warnings(source, parts, request))
    for image in parts.images:
        there = target is not None and await there_already(target, image)
        plan.append(MovePart(kind="image", name=(*image.tags, image.id)[0], size=image.size, there=there))
        if target is not None and request.kind != "image":
            for name in await names_taken(target, {image.id: image.tags}):
                warnings.append(f"“{name}” is another image there, and keeps that name.")
    for volume in parts.volumes:
        part, problem, warning = await _volume_part(source, target, volume, request, record)
        plan.append(part)
        problems += filter(None, (problem,))
        warnings += filter(None, (warning,))
    for network in parts.networks:
        there = target is not None and await _has_network(target, network.name)
        plan.append(MovePart(kind="network", name=network.name, there=there))
    taken = await _names_in_the_way(target, record)
    for container in parts.containers:
        name = request.new_name if request.kind == "container" and request.new_name else container.name
        if name in taken:
            problems.append(f"There is a container “{name}” already.")
        plan.append(MovePart(kind="container", name=name))
    return MovePlan(request=request, parts=tuple(plan), problems=tuple(problems), warnings=tuple(warnings))


async def _volume_part(
    source: Engine, target: Engine | None, volume: Volume, request: Moved, record: UnderWay | None
) -> tuple[MovePart, str, str]:
    """With the problem and the warning there are."""
    name, problem, warning = new_volume_name(volume, request), "", ""
    stands = await volume_there(target, volume, request, record) if target is not None else "absent"
    if stands == "came" and as_it_is(request):
        warning = f"The volume “{name}” came there before, and is used as it is there."
    elif stands == "came":
        problem = f"There is a volume “{name}” already, which came there before and may have changed since."
    elif stands == "other":
        problem = f"There is a volume “{name}” already."
    part = MovePart(kind="volume", name=volume.name, size=await _size(source, volume), there=stands == "came")
    return part, problem, warning


async def _size(source: Engine, volume: Volume) -> int:
    if volume.size is not None:
        return volume.size
    with contextlib.suppress(InvalidRequest, NotFound):
        return (await source.volumes.measure(volume.name)).size or 0
    return 0


def new_volume_name(volume: Volume, request: Moved) -> str:
    return request.new_name or volume.name if request.kind == "volume" else volume.name


VolumeThere = Literal["absent", "begun", "came", "other"]


async def volume_there(target: Engine, volume: Volume, request: Moved, record: UnderWay | None) -> VolumeThere:
    """Whether one of its name is there: made by a try that was cut off, brought whole by an earlier one, or another."""
    name, mark = new_volume_name(volume, request), mark_of(volume)
    try:
        found = await target.volumes.get(name)
    except NotFound:
        return "absent"
    if found.labels.get(FROM_LABEL) != mark:
        return "other"
    return "begun" if record is not None and record.volumes.get(name) == mark else "came"


def as_it_is(request: Moved) -> bool:
    """Whether a volume that came before is left alone: it may have been written to there. What is moved leaves nothing
    behind, so its volumes must be what they are here."""
    return request.kind in ("container", "project") and not request.move


def mark_of(volume: Volume) -> str:
    """Which volume it is, whatever its name."""
    return f"{volume.name}@{volume.created.isoformat()}"


async def _has_network(target: Engine, name: str) -> bool:
    return any(each.name == name for each in await target.networks.list())


async def _names_in_the_way(target: Engine | None, record: UnderWay | None) -> set[str]:
    if target is None:
        return set()
    names = {each.name for each in await target.containers.list()}
    return names - {each.name for each in await remains(target, record)} if record is not None else names


def _warnings(source: Engine, parts: Parts, request: Moved) -> tuple[str, ...]:
    found: list[str] = []
    if parts.volumes and (why := source.capabilities.why_not("files.owners")):
        found.append(f"{why} So will those that arrive.")
    for container in parts.containers:
        if source.capabilities.kind != "wherry":
            found += [f"“{container.name}”: {words}" for words in container.warnings]
        for mount in container.mounts:
            if mount.kind == "bind":
                found.append(
                    f"“{container.name}” works in {mount.source} of this machine: that folder is not taken along."
                )
        if container.spec.network.startswith("container:"):
            found.append(f"“{container.name}” shares the network of another container, which must be there.")
    if request.move and any(len(volume.used_by) > 1 for volume in parts.volumes):
        found.append("A volume is used by other containers too: it is copied, and stays.")
    return tuple(found)
