"""What another engine of this computer has that can be brought over, how large it is, and what is here already."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Literal

import msgspec

from engine.errors import NotFound, WherryError
from engine.moving.again import volume_mounts
from engine.moving.parts import PROJECT_LABEL
from engine.types.machines import Bringable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.facade import Engine
    from engine.types.containers import Container
    from engine.types.disk import PartId

_SIDE_BY_SIDE = 8


class _Whole(msgspec.Struct):
    """A container or a project, with what it takes along."""

    kind: Literal["container", "project"]
    name: str
    containers: list[str] = []
    images: set[str] = set()
    volumes: set[str] = set()


class _Here(msgspec.Struct, frozen=True):
    """What is on this side, by what it is known by."""

    images: set[str]
    volumes: set[str]
    containers: set[str]
    projects: set[str]


async def things_of(engine: Engine, here: Engine, address: str) -> Sequence[Bringable]:
    """Projects whole; containers of none; volumes and images that none of these takes along. An image counts for
    nothing where it is here already."""
    known, kind = await _on_this_side(here), engine.capabilities.kind
    images = {image.id: image for image in await engine.images.list()}
    volumes, layers = await _sizes(engine, "volumes"), await _sizes(engine, "containers")
    volumes = {volume.name: volumes.get(volume.name, 0) for volume in await engine.volumes.list()}
    wholes = _wholes(await _containers(engine))

    def sent(image_id: str) -> int:
        return images[image_id].size if image_id in images and image_id not in known.images else 0

    def thing(
        kind_of: Literal["container", "project", "volume", "image"], name: str, size: int, *, there: bool
    ) -> Bringable:
        return Bringable(kind=kind_of, name=name, size=size, source=address, engine=kind, here=there)

    found: list[Bringable] = []
    for each in wholes:
        size = sum(map(sent, each.images)) + sum(volumes.get(name, 0) for name in each.volumes)
        size += sum(layers.get(key, 0) for key in each.containers)
        names = known.projects if each.kind == "project" else known.containers
        found.append(thing(each.kind, each.name, size, there=each.name in names))
    taken = {name for each in wholes for name in (*each.images, *each.volumes)}
    found += [thing("volume", name, size, there=name in known.volumes)
              for name, size in volumes.items() if name not in taken]  # fmt: skip
    found += [thing("image", image.tags[0], image.size, there=image.id in known.images)
              for image in images.values() if image.tags and image.id not in taken]  # fmt: skip
    return found


async def _on_this_side(here: Engine) -> _Here:
    containers = await here.containers.list()
    return _Here(
        images={image.id for image in await here.images.list()},
        volumes={volume.name for volume in await here.volumes.list()},
        containers={each.name for each in containers},
        projects={each.spec.labels.get(PROJECT_LABEL, "") for each in containers},
    )


async def _containers(engine: Engine) -> Sequence[Container]:
    """Each looked at: the list of another engine may not tell what it mounts."""
    gate = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def look(container: str) -> Container | None:
        async with gate:
            with contextlib.suppress(NotFound):
                return await engine.containers.get(container)
        return None

    looked = await asyncio.gather(*(look(each.id) for each in await engine.containers.list()))
    return [each for each in looked if each is not None]


def _wholes(containers: Sequence[Container]) -> list[_Whole]:
    found: dict[tuple[str, str], _Whole] = {}
    for container in containers:
        project = container.spec.labels.get(PROJECT_LABEL, "")
        name = project or container.name
        kind: Literal["container", "project"] = "project" if project else "container"
        whole = found.setdefault((kind, name), _Whole(kind, name))
        whole.containers.append(container.id)
        whole.images.add(container.image_id)
        whole.volumes |= {mount.source for mount in volume_mounts(container)}
    return sorted(found.values(), key=lambda each: each.kind)


async def _sizes(engine: Engine, part: PartId) -> dict[str, int]:
    """As the engine measured them; nothing where it cannot."""
    with contextlib.suppress(WherryError):
        return {item.id: item.bytes for item in (await engine.disk.usage((part,))).part(part).items}
    return {}
