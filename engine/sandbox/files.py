"""Files of a living or dead tree; `path` never leaves `root`, whatever links it holds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.sandbox.asking import Asking
from engine.sandbox.keeper.asked.files import (
    FileInfo,
    ListDirectory,
    MakeDirectory,
    MissingPlaces,
    OpenFile,
    RealPath,
    Remove,
    RemoveUnused,
    Rename,
    Stat,
    WriteFile,
)
from engine.sandbox.keeper.wire import in_memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Files(Asking):
    async def list_directory(self, root: Path, path: str) -> list[FileInfo]:
        """The entries of one directory, unsorted."""
        return [FileInfo(*row) for row in (await self._ask(ListDirectory(root, path))).values]

    async def stat(self, root: Path, path: str, *, follow: bool = False) -> FileInfo:
        return FileInfo(*(await self._ask(Stat(root, path, follow))).values)

    async def open_file(self, root: Path, path: str, flags: int, mode: int = 0o644, *, most: int = 16 << 20) -> int:
        """A descriptor of our own, opened there; the caller closes it. Started by the host's root, to read is to get a
        copy of the first `most` bytes, for the kernel lets a stranger read nothing on a fuse mount."""
        copy = most if self.host_root else -1
        return (await self._ask(OpenFile(root, path, flags, mode, copy))).fds[0]

    async def write_file(
        self, root: Path, path: str, data: bytes, *, mode: int | None = None, owner: tuple[int, int] | None = None
    ) -> None:
        """Replace a file's contents by rename, keeping owner and mode of one that is there."""
        body = in_memory("contents", data)
        try:
            await self._ask(WriteFile(root, path, mode, owner), [body])
        finally:
            os.close(body)

    async def rename(self, root: Path, path: str, new_path: str) -> None:
        """Replaces a file, never a directory that is not empty."""
        await self._ask(Rename(root, path, new_path))

    async def make_directory(
        self, root: Path, path: str, *, mode: int = 0o755, owner: tuple[int, int] = (0, 0), parents: bool = False
    ) -> None:
        """With `parents`, makes those that are missing and is content if it is there."""
        await self._ask(MakeDirectory(root, path, mode, owner, parents))

    async def remove(self, root: Path, path: str) -> None:
        """A file, a link or a whole directory."""
        await self._ask(Remove(root, path))

    async def missing_places(self, root: Path, paths: Sequence[str]) -> list[str]:
        """Those parts of the paths, links followed, that are not there; the outermost of each first."""
        return list((await self._ask(MissingPlaces(root, list(paths)))).values)

    async def remove_unused(self, written: Path, root: Path, paths: Sequence[str]) -> None:
        """Take those of the paths from `root` that are empty in what was written to it; the rest is left alone."""
        await self._ask(RemoveUnused(written, root, list(paths)))

    async def real_path(self, root: Path, path: str) -> str:
        """Where a path leads inside `root` with every link followed: an absolute path below it."""
        return str((await self._ask(RealPath(root, path))).values)
