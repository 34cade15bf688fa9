"""Scratch roots: a stack of layers mounted for one step, its changes kept as a layer if wanted, then gone."""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from engine.builder.steps.copy_sources import then_close
from engine.builder.steps.step import ScratchRoot
from engine.operations.together import both

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.layer_index import LayerIndex
    from engine.storage.layers import LayerStore
    from engine.storage.rootfs import RootFilesystems


class ScratchRoots:
    def __init__(self, keeper: Keeper, rootfs: RootFilesystems, layers: LayerStore) -> None:
        self._keeper = keeper
        self.filesystems = rootfs
        self._layers = layers

    def indexes(self, layers: Sequence[str]) -> list[LayerIndex]:
        """What is in each of these layers, bottom first."""
        return [self._layers.index(diff_id) for diff_id in layers]

    @asynccontextmanager
    async def mounted(self, layers: Sequence[str]) -> AsyncIterator[ScratchRoot]:
        name = f"step-{secrets.token_hex(8)}"
        path = await self.filesystems.mount_scratch(name, layers)
        try:
            upper, driver = self.filesystems.scratch_upper(name), self.filesystems.scratch_driver(name)
            yield ScratchRoot(name, path, upper, driver)
        finally:
            await asyncio.shield(self.filesystems.remove_scratch(name))

    async def seal(self, root: ScratchRoot, *, latest: int | None, say: Callable[[str], None]) -> str:
        """What the step changed, as a layer; "" where it changed nothing. What cannot be in a layer is said."""
        if not await self._has_entries(root.upper):
            return ""
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        adding = then_close(self._layers.add(None, read_end), read_end)
        notes, diff_id = await both(self._pack(root, write_end, latest), adding)
        for note in notes:
            say(note)
        return diff_id

    async def _has_entries(self, directory: Path) -> bool:
        """Looked at from here where we may: a worker of the keeper costs more than the look."""
        try:
            with os.scandir(directory) as entries:
                return next(entries, None) is not None
        except PermissionError:
            return bool(await self._keeper.list_directory(directory, "/"))

    async def _pack(self, root: ScratchRoot, out_fd: int, latest: int | None) -> tuple[str, ...]:
        try:
            return await self._keeper.pack(root.upper, out_fd, marks=root.driver, latest=latest)
        finally:
            os.close(out_fd)
