"""An image carried over without a registry: only the layers the other side lacks are sent."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import msgspec

from engine.errors import NotFound, WherryError
from engine.moving.tar_walk import TarWalk, walked
from engine.types.images import CommitContainer
from engine.types.machines import MOVED_IMAGES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence

    from engine.facade import Engine
    from engine.types.containers import Container
    from engine.types.images import Image

_HEX = re.compile(r"[0-9a-f]{64}")


async def there_already(target: Engine, image: Image) -> bool:
    with contextlib.suppress(NotFound):
        return (await target.images.get(image.id)).layers == image.layers
    return False


async def known_layers(target: Engine, image: Image) -> set[str]:
    """Those of the image that the target has. Docker keeps a layer with all below it, so they count from the bottom."""
    others = [each.layers for each in await target.images.list() if each.layers]
    if target.capabilities.kind == "wherry":
        return set(image.layers) & {layer for layers in others for layer in layers}
    most = 0
    for layers in others:
        same = 0
        while same < min(len(layers), len(image.layers)) and layers[same] == image.layers[same]:
            same += 1
        most = max(most, same)
    return set(image.layers[:most])


async def carry_image(
    source: Engine, target: Engine, image: Image, told: Callable[[int], None], *, renaming: bool
) -> None:
    """By its id and its names. One that another image has there goes over to it only with `renaming`."""
    taken = {} if renaming else await names_taken(target, {image.id: image.tags})
    tags = [tag for tag in image.tags if tag not in taken]
    if not await there_already(target, image):
        left_out = {layer.removeprefix("sha256:") for layer in await known_layers(target, image)}
        pieces = source.images.save(tags or [image.id])
        async with contextlib.aclosing(thinned(pieces, left_out, told)) as archive:
            await target.images.load(archive).result()
    for tag in tags:
        if await named(target, tag) != image.id:
            await target.images.tag(image.id, tag)


async def names_taken(target: Engine, images: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Of the names of these images, by id, those that others have there: each with the id of that one."""
    pairs = [(image_id, name) for image_id, names in images.items() for name in names]
    found = {name: await named(target, name) for _image_id, name in pairs}
    return {name: found[name] for image_id, name in pairs if found[name] not in ("", image_id)}


async def reference_there(target: Engine, container: Container) -> str:
    """What its image is asked for by: the name it was made from, if that is the same image there."""
    same = await named(target, container.spec.image) == container.image_id
    return container.spec.image if same else container.image_id


async def named(target: Engine, reference: str) -> str:
    """The id of the image that has this name; "" is none."""
    with contextlib.suppress(NotFound):
        return (await target.images.get(reference)).id
    return ""


@contextlib.asynccontextmanager
async def own_files(source: Engine, container: Container) -> AsyncGenerator[Image, None]:
    """What a container changed in its own files, as a layer on its image, for so long as it is asked for."""
    reference = f"{MOVED_IMAGES}{container.name.lower()}:{container.id[:12]}"
    request = CommitContainer(container=container.id, reference=reference, message="moved")
    image_id = await source.images.commit(request).result()
    try:
        yield msgspec.structs.replace(await source.images.get(image_id), tags=(reference,))
    finally:
        with contextlib.suppress(WherryError):
            await source.images.remove(reference)


async def thinned(
    pieces: AsyncIterator[bytes], left_out: Collection[str], told: Callable[[int], None]
) -> AsyncGenerator[bytes, None]:
    """An archive without these layers. A member whose name is the digest of one is it; others stay."""

    def keeps(name: str) -> bool:
        return not any(digest in left_out for digest in _HEX.findall(name))

    async with contextlib.aclosing(walked(pieces, TarWalk(keeps, marking=False), told=told)) as sent:
        async for piece in sent:
            yield piece
