"""The files room as the facade shows it (`facade.Files`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.files import DirectoryEntry, FileStat, Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.files.tree import Trees
    from engine.sandbox.client import Keeper


class FileService:
    """Implements `facade.Files`; every path goes through the keeper, which resolves it inside the tree."""

    def __init__(self, keeper: Keeper, trees: Trees) -> None:
        raise NotImplementedError

    async def close(self) -> None: ...

    async def list(self, place: Place, path: str) -> Sequence[DirectoryEntry]:
        raise NotImplementedError

    async def stat(self, place: Place, path: str) -> FileStat:
        raise NotImplementedError

    async def read(self, place: Place, path: str, *, offset: int = 0, limit: int = 1 << 20) -> bytes:
        raise NotImplementedError

    async def write(self, place: Place, path: str, data: bytes, *, mode: int | None = None) -> None: ...

    async def rename(self, place: Place, path: str, new_path: str) -> None: ...

    async def make_directory(self, place: Place, path: str) -> None: ...

    async def remove(self, place: Place, path: str) -> None: ...

    def download(self, place: Place, path: str) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def upload(
        self,
        place: Place,
        path: str,
        tar: AsyncIterator[bytes],
        *,
        no_overwrite_kind: bool = False,
        copy_owner: bool = False,
    ) -> None: ...
