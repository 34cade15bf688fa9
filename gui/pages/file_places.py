"""The places whose files can be browsed, and by which room of the engine: what is here, and a cluster's pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from engine.types.clusters import PodPlace
from engine.types.files import Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.types.files import DirectoryEntry
    from gui.bridge import Engine

AnyPlace: TypeAlias = Place | PodPlace


class BrowsedFiles(Protocol):
    """What `facade.Files` and `facade_afar.PodFiles` have in common, each for places of its own."""

    async def list(self, place: Any, path: str) -> Sequence[DirectoryEntry]: ...
    async def read(self, place: Any, path: str, *, offset: int = 0, limit: int = 1 << 20) -> bytes: ...
    async def write(self, place: Any, path: str, data: bytes, *, mode: int | None = None) -> None: ...
    async def rename(self, place: Any, path: str, new_path: str) -> None: ...
    async def make_directory(self, place: Any, path: str) -> None: ...
    async def remove(self, place: Any, path: str) -> None: ...
    def download(self, place: Any, path: str) -> AsyncIterator[bytes]: ...
    async def upload(self, place: Any, path: str, tar: AsyncIterator[bytes]) -> None: ...


def files_of(engine: Engine, place: AnyPlace) -> BrowsedFiles:
    return engine.clusters.files if isinstance(place, PodPlace) else engine.files


def whereabouts(place: AnyPlace, path: str) -> tuple[str, str, str]:
    """The page, the object and the part of it where a file is seen again."""
    if isinstance(place, PodPlace):
        return "clusters", f"pods/{place.namespace}/{place.target.partition('/')[2]}", "files"
    if place.kind == "container":
        return "containers", place.id, f"files@{path}"
    return "volumes", place.id, path
