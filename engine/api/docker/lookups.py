"""What several answers need beside the thing itself: images by id, volume paths, networks; and Docker's words for a
thing that is not there."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.api.shapes.names import tagged
from engine.errors import Code, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.facade import Engine
    from engine.types.containers import Container
    from engine.types.images import Image
    from engine.types.networks import Network


async def images_by_id(engine: Engine) -> dict[str, Image]:
    return {image.id: image for image in await engine.images.list()}


async def image_of(engine: Engine, container: Container) -> Image | None:
    """None where the image was removed under the container by force."""
    try:
        return await engine.images.get(container.image_id or container.image)
    except NotFound:
        return None


async def volume_paths(engine: Engine, containers: Iterable[Container]) -> dict[str, str]:
    """Where the volumes in use lie; not asked for where no container has one."""
    if not any(mount.kind == "volume" for container in containers for mount in container.mounts):
        return {}
    return {volume.name: volume.mountpoint for volume in await engine.volumes.list()}


async def networks_by_name(engine: Engine) -> dict[str, Network]:
    return {network.name: network for network in await engine.networks.list()}


async def processors(engine: Engine) -> int:
    """How many there are to give out."""
    return (await engine.host.facts()).processors or os.cpu_count() or 1


@contextmanager
def docker_words(kind: str, name: str) -> Iterator[None]:
    """Say that a thing is not there as Docker does: clients look for these words to decide what to do next."""
    try:
        yield
    except NotFound as error:
        if error.code is not Code.NOT_FOUND or error.docker:
            raise
        said = _MISSING[kind].format(tagged(name) if kind == "image" else name)
        title = f"No such {kind}: {name}"
        raise NotFound(title, error.explanation, hint=error.hint, subject=name, docker=said) from error


_MISSING = {
    "container": "No such container: {}",
    "image": "No such image: {}",
    "network": "network {} not found",
    "volume": "get {}: no such volume",
}
