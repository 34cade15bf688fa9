"""What several answers need beside the thing itself: images by id, volume paths, networks; and Docker's words for a
thing that is not there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

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


@contextmanager
def docker_words(kind: str, name: str) -> Iterator[None]:
    """Say "No such container: NAME" as Docker does: clients look for these words to decide what to do next."""
    try:
        yield
    except NotFound as error:
        if error.code is not Code.NOT_FOUND or "No such " in str(error):
            raise
        raise NotFound(f"No such {kind}: {name}", error.explanation, hint=error.hint, subject=name) from error
