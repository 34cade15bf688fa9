"""Bytes on the disk, as `du` counts them: blocks of files and directories, each once, not of what is mounted there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths

_BLOCK = 512


class Measure:
    """Layers never change, so each is measured once; everything else whenever it is asked for."""

    def __init__(self, paths: Paths, keeper: Keeper) -> None:
        self._paths = paths
        self._keeper = keeper
        self._layers: dict[str, int] = {}

    async def layer(self, diff_id: str) -> int:
        found = self._layers.get(diff_id)
        if found is None:
            found = self._layers[diff_id] = await self.tree(self._paths.layer(diff_id))
        return found

    def forget_layers(self, present: set[str]) -> None:
        self._layers = {diff_id: size for diff_id, size in self._layers.items() if diff_id in present}

    async def tree(self, path: Path) -> int:
        """A directory and all below it, or a file; 0 where it is not."""
        try:
            own = os.lstat(path)
        except FileNotFoundError:
            return 0
        size = own.st_blocks * _BLOCK
        if not stat.S_ISDIR(own.st_mode):
            return size
        if self._is_ours(path):
            return size + await asyncio.to_thread(_blocks_below, path)
        try:
            return size + (await self._keeper.tree_size(path)).disk
        except FileNotFoundError:
            return 0

    def _is_ours(self, path: Path) -> bool:
        """The engine's own files: started by root, the namespace's root is a stranger to them."""
        first = self._paths.root / path.relative_to(self._paths.root).parts[0]
        return first not in self._paths.owned_by_namespace

    def blob(self, digest: str) -> int:
        return file_blocks(self._paths.blob(digest))

    async def container(self, container_id: str) -> tuple[int, int]:
        """What it wrote and what it is made of; and its logs. Its mounted root file system is its image's."""
        directory = self._paths.container(container_id)
        logs = await self.tree(self._paths.logs(container_id))
        try:
            names = [entry.name for entry in await self._keeper.list_directory(directory, "/")]
        except FileNotFoundError:
            return 0, logs  # it never ran, or goes at this moment
        own = file_blocks(directory)
        for name in names:
            if name == self._paths.rootfs(container_id).name:
                own += _EMPTY_DIRECTORY
            elif name != self._paths.logs(container_id).name:
                own += await self.tree(directory / name)
        return own, logs


_EMPTY_DIRECTORY = 4096
"""Of the mount point below the mounted tree, which cannot be looked at while it is covered."""


def _blocks_below(directory: Path) -> int:
    inodes: dict[tuple[int, int], int] = {}
    for folder, folders, files in os.walk(directory):
        for name in (*folders, *files):
            with contextlib.suppress(FileNotFoundError):
                found = os.lstat(os.path.join(folder, name))
                inodes[found.st_dev, found.st_ino] = found.st_blocks * _BLOCK
    return sum(inodes.values())


def file_blocks(path: Path) -> int:
    try:
        return os.lstat(path).st_blocks * _BLOCK
    except FileNotFoundError:
        return 0
