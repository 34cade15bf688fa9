"""Layers made anew from the compressed form that is kept of them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from engine.errors import Code, StorageError, WherryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from engine.images.known.catalogue import Catalogue
    from engine.images.layers.intake import LayerIntake
    from engine.images.layers.layer_archive import LayerArchives
    from engine.operations.registry import OperationRegistry, Progress
    from engine.storage.blobs import BlobStore
    from engine.storage.layers import LayerStore

_PIECE = 1 << 20
_START_WAITS_SECONDS = 20.0


class Restoring:
    def __init__(
        self,
        catalogue: Catalogue,
        layers: LayerStore,
        blobs: BlobStore,
        intake: LayerIntake,
        archives: LayerArchives,
    ) -> None:
        self._catalogue = catalogue
        self._layers = layers
        self._blobs = blobs
        self._intake = intake
        self._archives = archives

    def archives(self) -> Mapping[str, str]:
        """Diff id → digest of the compressed form."""
        return {each.diff_id: each.archive.digest for each in self._catalogue.layers.values() if each.archive}

    async def restore(self, diff_id: str) -> None:
        """Take the layer out of its archive again, in the place of what is there."""
        digest = self.archives()[diff_id]
        async with self._intake.lock(diff_id):
            await self._layers.set_aside(diff_id)
            await self._intake.add(diff_id, self._read(digest))

    def lost(self) -> list[str]:
        """Layers that images have, that are not here, and whose compressed form is: a power cut takes what was told to
        be there a moment before."""
        wanted = {layer for image in self._catalogue.images.values() for layer in image.diff_ids}
        archives = self.archives()
        return sorted(
            one for one in wanted & archives.keys() if not self._layers.has(one) and self._blobs.has(archives[one])
        )

    async def mend(self, operations: OperationRegistry) -> None:
        """What was lost is made anew, and people are told. A start waits for it, but not for ever."""
        self._tell_gone(operations)
        lost = self.lost()
        if not lost:
            return
        names = {
            name
            for image in self._catalogue.images.values()
            if set(image.diff_ids) & set(lost)
            for name in self._catalogue.tags_of(image.id)
        }

        async def work(progress: Progress) -> str:
            for number, diff_id in enumerate(lost):
                progress.amount(number, len(lost))
                await self.restore(diff_id)
            progress.amount(len(lost), len(lost))
            return ""

        handle = operations.start(
            kind="mend",
            title=f"Restore {len(lost)} lost layers" if len(lost) > 1 else "Restore a lost layer",
            subject=", ".join(sorted(names)),
            work=work,
            cancellable=False,
        )
        with contextlib.suppress(WherryError, TimeoutError):
            await asyncio.wait_for(handle.result(), _START_WAITS_SECONDS)

    def _tell_gone(self, operations: OperationRegistry) -> None:
        """Images with layers that a power cut took and that are kept in no other form."""
        gone = self._layers.lost - self.archives().keys()
        names = {
            (*self._catalogue.tags_of(image.id), image.id)[0]
            for image in self._catalogue.images.values()
            if gone & set(image.diff_ids)
        }

        async def work(_: Progress) -> str:
            raise StorageError(
                "Layers of these images had not reached the disk",
                "The machine went down before, and they are kept in no other form.",
                hint="Build or pull them again.",
                code=Code.CORRUPT,
                subject=", ".join(sorted(names)),
            )

        if names:
            subject = ", ".join(sorted(names))
            operations.start(kind="mend", title="Restore lost layers", subject=subject, work=work, cancellable=False)

    async def pack_again(self, diff_id: str) -> None:
        """Its compressed form is damaged or gone. Where its files do not give the very bytes, the record goes on naming
        the form, and a pull brings it back."""
        record = self._catalogue.layers[diff_id]
        if record.archive is not None:
            await self._blobs.remove(record.archive.digest)
        await self._archives.ensured(record, self._catalogue)

    async def _read(self, digest: str) -> AsyncIterator[bytes]:
        with await asyncio.to_thread(self._blobs.path(digest).open, "rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece
