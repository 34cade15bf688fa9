"""What takes the space of the store: parts whose sum is what `du` finds, and what each would really give back."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from engine.types.data import Data

PartId = Literal["images", "build-cache", "logs", "containers", "volumes", "history", "pulls", "store"]

PART_IDS: tuple[PartId, ...] = (
    "images", "build-cache", "logs", "containers", "volumes", "history", "pulls", "store",
)  # fmt: skip


class DiskItem(Data, frozen=True, kw_only=True):
    """One thing of a part. Items of images and of the build cache share layers: they do not add up, the part does."""

    id: str
    name: str
    bytes: int
    frees: int = 0
    """What comes back if this alone goes; 0 where something holds it."""
    held_by: tuple[str, ...] = ()
    """Who else needs it: names of containers and images, "build-cache", "running"."""
    used: datetime | None = None


class DiskPart(Data, frozen=True, kw_only=True):
    """One kind of thing. `frees` is what comes back if all that nothing holds goes together."""

    id: PartId
    bytes: int
    frees: int = 0
    with_cache: int = 0
    """Of images: what comes back besides if the build cache lets go of the layers that only it and they need."""
    items: tuple[DiskItem, ...] = ()


class DiskUsage(Data, frozen=True, kw_only=True):
    """Bytes as the disk counts them: whole blocks, each once."""

    parts: tuple[DiskPart, ...]
    disk_free: int

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    def part(self, part_id: PartId) -> DiskPart:
        return next(part for part in self.parts if part.id == part_id)
