"""What another engine of this computer has that can be brought over, with true sizes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from engine.errors import WherryError
from engine.moving.parts import PROJECT_LABEL
from engine.types.machines import Bringable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.facade import Engine


async def things_of(engine: Engine, address: str) -> Sequence[Bringable]:
    """Projects whole; containers of none; volumes and images that none of these takes along."""
    kind = engine.capabilities.kind
    containers = await engine.containers.list()
    images = {image.id: image for image in await engine.images.list()}
    sizes = await _volume_sizes(engine)
    found: list[Bringable] = []
    projects: dict[str, int] = {}
    taken: set[str] = set()
    for container in containers:
        names = [mount.source for mount in container.mounts if mount.kind == "volume"]
        taken |= {*names, container.image_id}
        image = images.get(container.image_id)
        size = sum(sizes.get(name, 0) for name in names) + (image.size if image is not None else 0)
        project = container.spec.labels.get(PROJECT_LABEL)
        if project:
            projects[project] = projects.get(project, 0) + size
        else:
            found.append(Bringable(kind="container", name=container.name, size=size, source=address, engine=kind))
    found += [Bringable(kind="project", name=name, size=size, source=address, engine=kind)
              for name, size in projects.items()]  # fmt: skip
    found += [Bringable(kind="volume", name=name, size=size, source=address, engine=kind)
              for name, size in sizes.items() if name not in taken]  # fmt: skip
    found += [Bringable(kind="image", name=image.tags[0], size=image.size, source=address, engine=kind)
              for image in images.values() if image.tags and image.id not in taken]  # fmt: skip
    return found


async def _volume_sizes(engine: Engine) -> dict[str, int]:
    names = [volume.name for volume in await engine.volumes.list()]
    with contextlib.suppress(WherryError):
        part = (await engine.disk.usage(("volumes",))).part("volumes")
        measured = {item.id: item.bytes for item in part.items}
        return {name: measured.get(name, 0) for name in names}
    return dict.fromkeys(names, 0)
