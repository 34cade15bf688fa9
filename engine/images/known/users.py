"""What the images room needs to know of containers. The containers room implements it; nothing here knows how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.sandbox.keeper.layers.marks import By
from engine.types.containers import ContainerSpec
from engine.types.data import Data

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager


class ImageUser(Data, frozen=True, kw_only=True):
    """A container that was made from an image."""

    container_id: str
    name: str
    image_id: str
    alive: bool


class WritableLayer(Data, frozen=True, kw_only=True):
    """A container's own layer, held still for as long as the context that gave it lasts."""

    container_id: str
    name: str
    image_id: str
    upper: str
    """Path of the overlay's upper directory (as the keeper sees it)."""
    driver: By
    """The overlay that wrote it."""
    spec: ContainerSpec
    rootfs: str = ""
    """Path of the whole mounted tree, "" where it is not mounted."""


class ContainerSource(Protocol):
    """Implemented by the containers room and handed to `ImageService`."""

    def image_users(self, image_id: str = "") -> Sequence[ImageUser]:
        """Every container there is, or those made from one image. From memory, at once."""
        ...

    def writable_layer(self, container: str, *, pause: bool) -> AbstractAsyncContextManager[WritableLayer]:
        """The container's upper directory, its processes frozen meanwhile if asked. Raises `NotFound`."""
        ...
