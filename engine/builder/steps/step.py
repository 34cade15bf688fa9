"""What every step that changes files has in common: a key made of its inputs, and the doing of it on a mounted root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from engine.builder.steps.stages import StageState
    from engine.sandbox.keeper.layers.marks import By


@dataclass(frozen=True)
class ScratchRoot:
    """A mounted stack of layers with a writable directory on top, for one step."""

    name: str
    path: Path
    upper: Path
    driver: By
    """The overlay that writes there."""


class FileStep(Protocol):
    """A COPY, ADD, RUN or WORKDIR, its variables put in and its inputs looked at."""

    @property
    def key(self) -> str:
        """Equal inputs give an equal key, and an equal key an equal outcome."""
        ...

    @property
    def created_by(self) -> str:
        """The line of history."""
        ...

    async def perform(self, root: ScratchRoot, state: StageState) -> str | None:
        """Do it. Gives the layer it made by itself ("" for none), or None: what changed in the root is the layer."""
        ...
