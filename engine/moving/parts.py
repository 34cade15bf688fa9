"""What a move takes along: the containers with their images, volumes and networks, looked up where they are."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidRequest, NotFound
from engine.moving.again import in_order, volume_mounts
from engine.moving.images import names_taken, there_already
from engine.types.containers import Container
from engine.types.images import Image
from engine.types.machines import Moved, MovePart, MovePlan
from engine.types.networks import Network
from engine.types.volumes import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.facade import Engine

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


async def plan_of(source: Engine, target: Engine | None, request: Moved) -> MovePlan:
    """What would be done; `target` is None where it is a file."""
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
        size = await _size(source, volume)
        problem = await _volume_in_the_way(target, volume, request)
        problems += [problem] if problem else []
        plan.append(MovePart(kind="volume", name=volume.name, size=size))
    for network in parts.networks:
        there = target is not None and await _has_network(target, network.name)
        plan.append(MovePart(kind="network", name=network.name, there=there))
    for container in parts.containers:
        name = request.new_name if request.kind == "container" and request.new_name else container.name
        if target is not None and await _has_container(target, name):
            problems.append(f"There is a container “{name}” already.")
        plan.append(MovePart(kind="container", name=name))
    return MovePlan(request=request, parts=tuple(plan), problems=tuple(problems), warnings=tuple(warnings))


async def _size(source: Engine, volume: Volume) -> int:
    if volume.size is not None:
        return volume.size
    with contextlib.suppress(InvalidRequest, NotFound):
        return (await source.volumes.measure(volume.name)).size or 0
    return 0


async def _volume_in_the_way(target: Engine | None, volume: Volume, request: Moved) -> str:
    name = request.new_name if request.kind == "volume" and request.new_name else volume.name
    if target is None:
        return ""
    with contextlib.suppress(NotFound):
        if (await target.volumes.get(name)).labels.get(FROM_LABEL) != mark_of(volume):
            return f"There is a volume “{name}” already."
    return ""


def mark_of(volume: Volume) -> str:
    """Which volume it is, whatever its name."""
    return f"{volume.name}@{volume.created.isoformat()}"


async def _has_network(target: Engine, name: str) -> bool:
    return any(each.name == name for each in await target.networks.list())


async def _has_container(target: Engine, name: str) -> bool:
    return any(each.name == name for each in await target.containers.list())


def _warnings(source: Engine, parts: Parts, request: Moved) -> tuple[str, ...]:
    found: list[str] = []
    if parts.volumes and (why := source.capabilities.why_not("files.owners")):
        found.append(f"{why} So will those that arrive.")
    for container in parts.containers:
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
