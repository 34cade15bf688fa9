"""Root file systems of containers: layers below, a thin writable directory on top, by one of two drivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper, TreeSize
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths


@dataclass(frozen=True)
class DriverChoice:
    name: str
    """"overlay" or "fuse-overlayfs"."""
    reason: str
    """Why, in a sentence for the doctor."""


class RootFilesystems:
    def __init__(self, paths: Paths, keeper: Keeper, layers: LayerStore) -> None:
        self._paths = paths
        self._keeper = keeper
        self._layers = layers

    async def open(self, forced: str = "") -> DriverChoice:
        """Choose the default driver: the one forced by settings, else by a probe (kept in the store)."""
        raise NotImplementedError

    @property
    def default(self) -> DriverChoice:
        raise NotImplementedError

    async def mount(
        self, container_id: str, layers: Sequence[str], *, driver: str = "", read_only: bool = False
    ) -> Path:
        """Mount the stack (bottom first, as images name their layers) with the container's writable layer; gives
        `paths.rootfs(container_id)`. Mounted already and alive: nothing happens. A container keeps the driver of its
        first mount, because their writable layers are not interchangeable."""
        raise NotImplementedError

    async def unmount(self, container_id: str) -> None:
        """Not being mounted is no failure."""
        raise NotImplementedError

    async def mounted(self) -> set[str]:
        """Ids of containers whose root is mounted and alive, from the kernel."""
        raise NotImplementedError

    def upper(self, container_id: str) -> Path:
        """What the container wrote."""
        return self._paths.upper(container_id)

    async def size(self, container_id: str) -> TreeSize:
        """Of the writable layer."""
        raise NotImplementedError

    async def remove(self, container_id: str) -> None:
        """Unmount and remove the container's directory, in the background after a rename."""
        raise NotImplementedError

    async def mount_scratch(self, name: str, layers: Sequence[str]) -> Path:
        """A root file system that is no container's (a build step): same as `mount`, below `paths.builds`."""
        raise NotImplementedError
