"""Where a container's files come from: its image's layers, its own root, its volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.containers.spec.own_files import user_who_is_you
from engine.storage.rootfs import FUSE
from engine.types.data import Data
from engine.types.images import ImageConfig

if TYPE_CHECKING:
    from engine.containers.look.opened_roots import RootHolds
    from engine.storage.layers import LayerStore
    from engine.storage.rootfs import RootFilesystems
    from engine.types.containers import ContainerSpec
    from engine.volumes.volume_service import VolumeService


class FoundImage(Data, frozen=True, kw_only=True):
    """What a container needs of its image."""

    id: str
    reference: str
    """As the user wrote it, normalised."""
    config: ImageConfig
    layers: tuple[str, ...]


class ImageSource(Protocol):
    """Implemented over the images room by the composition root."""

    def image(self, name: str, *, platform: str = "") -> FoundImage:
        """Raises `NotFound`."""
        ...


@dataclass(frozen=True)
class ContainerFiles:
    images: ImageSource
    layers: LayerStore
    rootfs: RootFilesystems
    roots: RootHolds
    volumes: VolumeService

    def root_driver(self, spec: ContainerSpec, image: ImageConfig) -> str:
        """The driver a container's first mount is to have; "" is the default."""
        if not spec.driver and self.rootfs.can_change_owners and user_who_is_you(spec, image):
            return FUSE
        return spec.driver
