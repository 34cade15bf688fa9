"""What the files room needs to know of containers, volumes and images. Implemented outside; nothing here knows how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from engine.sandbox.keeper.layers.marks import By
    from engine.types.files import Place


@dataclass(frozen=True, slots=True)
class Tree:
    """A file tree as the keeper sees it, usable while the context that gave it lasts."""

    root: str
    """"/proc/PID/root" of a running container; the mounted root file system of a stopped one; a volume's directory;
    an image's layers mounted read-only."""
    upper: str = ""
    """The overlay's upper directory, "" where there is none: what the container changed is in it."""
    driver: By = "layer"
    """The overlay that wrote it."""
    lowers: tuple[str, ...] = ()
    """The image's layers below it, topmost first: what is in one of them was changed, not added."""
    no_changes: tuple[str, ...] = ()
    """Paths in the upper directory that the container did not change: mount points, the engine's own files."""
    read_only: bool = False
    mounts: tuple[tuple[str, str, bool], ...] = ()
    """For a stopped container: (target path, keeper path of the bind or volume, read only), which are not mounted
    but must be seen under their targets. Empty where `root` shows them already."""
    shown_mounts: tuple[str, ...] = ()
    """For a running container: targets of its volumes and binds, which `root` shows."""


class Trees(Protocol):
    """Implemented where containers, volumes and images are known (the composition root)."""

    def tree(self, place: Place) -> AbstractAsyncContextManager[Tree]:
        """Hold a place's tree: mount it if it must be, keep it from being unmounted meanwhile. Raises `NotFound`."""
        ...
