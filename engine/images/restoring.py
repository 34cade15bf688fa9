"""Layers made anew from the compressed form that is kept of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from engine.images.catalogue import Catalogue
    from engine.images.intake import LayerIntake
    from engine.storage.blobs import BlobStore
    from engine.storage.layers import LayerStore

_PIECE = 1 << 20


class Restoring:
    def __init__(self, catalogue: Catalogue, layers: LayerStore, blobs: BlobStore, intake: LayerIntake) -> None:
        self._catalogue = catalogue
        self._layers = layers
        self._blobs = blobs
        self._intake = intake

    def archives(self) -> Mapping[str, str]:
        """Diff id → digest of the compressed form."""
        return {each.diff_id: each.archive.digest for each in self._catalogue.layers.values() if each.archive}

    async def restore(self, diff_id: str) -> None:
        """Take the layer out of its archive again, in the place of what is there."""
        digest = self.archives()[diff_id]
        async with self._intake.lock(diff_id):
            await self._layers.set_aside(diff_id)
            await self._intake.add(diff_id, self._read(digest))

    async def forget_archive(self, diff_id: str) -> None:
        record = self._catalogue.layers[diff_id]
        if record.archive is not None:
            await self._catalogue.put_layers([msgspec.structs.replace(record, archive=None)])
            await self._blobs.remove(record.archive.digest)

    async def _read(self, digest: str) -> AsyncIterator[bytes]:
        with await asyncio.to_thread(self._blobs.path(digest).open, "rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece
