"""The compressed form of layers that did not come from a registry, made on the way in and kept in the content store.

Every layer keeps one, because a tar cannot be made again byte for byte from the files it was unpacked into, and an
image that is pushed or saved must have the layers it says it has. What was compressed already is kept as it came; the
rest is compressed fast and always to the same bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import msgspec
from isal import isal_zlib

from engine.errors import Code, Conflict, StorageError
from engine.images.known.manifest import OCI_LAYER
from engine.images.known.records import Archive
from engine.images.streams.decompress import decompress
from engine.images.streams.piping import PIECE, file_pieces, through_thread
from engine.storage.blobs import disk_error
from engine.storage.flushing import flush_names

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from contextlib import ExitStack
    from pathlib import Path

    from engine.images.known.catalogue import Catalogue
    from engine.images.known.records import LayerRecord
    from engine.images.layers.intake import Added, LayerIntake
    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.layers.marks import By
    from engine.storage.blobs import BlobStore
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths

_log = logging.getLogger(__name__)
_LEVEL: Final = 1
_GZIP_WINDOW: Final = 31
_NEW: Final = "new-"
_KEPT_AS_IS: Final = {"gzip": f"{OCI_LAYER}+gzip", "zstd": f"{OCI_LAYER}+zstd"}


class ArchiveSink:
    """Takes a layer's stream, from the thread that decompresses it, and writes its compressed form to a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("xb")
        except OSError as error:
            raise disk_error(error, path) from error
        self._hash = hashlib.sha256()
        self._size = 0
        self._compressor: isal_zlib.Compress | None = None
        self._media_type = ""

    def begin(self, kind: str) -> bool:
        """Told the stream's own format. True if it wants the bytes as they come, False for the plain ones."""
        self._media_type = _KEPT_AS_IS.get(kind, "")
        if self._media_type:
            return True
        self._media_type = f"{OCI_LAYER}+gzip"
        self._compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)
        return False

    def write(self, data: bytes) -> None:
        self._put(data if self._compressor is None else self._compressor.compress(data))

    def finish(self) -> None:
        if self._compressor is not None:
            self._put(self._compressor.flush())
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise disk_error(error, self.path) from error

    @property
    def archive(self) -> Archive:
        return Archive(digest=f"sha256:{self._hash.hexdigest()}", media_type=self._media_type, size=self._size)

    def _put(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise disk_error(error, self.path) from error
        self._hash.update(data)
        self._size += len(data)

    def discard(self) -> None:
        with contextlib.suppress(OSError):  # what it still held does not fit on the disk, and is not wanted any more
            self._file.close()
        self.path.unlink(missing_ok=True)


def _discard_opened(opening: asyncio.Future[ArchiveSink]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().discard()


class LayerArchives:
    """Compressed layers in the content store."""

    def __init__(self, paths: Paths, blobs: BlobStore, layers: LayerStore, keeper: Keeper) -> None:
        self._paths = paths
        self._blobs = blobs
        self._layers = layers
        self._keeper = keeper

    def tidy(self) -> None:
        """Remove what a crash left half-made; only at the start, when nothing is on its way in."""
        for left in self._paths.partial_blobs.glob(f"{_NEW}*"):
            left.unlink(missing_ok=True)

    @contextlib.asynccontextmanager
    async def sink(self) -> AsyncGenerator[ArchiveSink, None]:
        """For one layer on its way in; gone in the end if it was not kept. Beside the loop: to make a file or to remove
        one waits for the disk's journal, however little there is in it."""
        opening = asyncio.ensure_future(
            asyncio.to_thread(ArchiveSink, self._paths.partial_blobs / f"{_NEW}{secrets.token_hex(8)}")
        )
        try:
            sink = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_discard_opened)
            raise
        try:
            yield sink
        finally:
            await asyncio.shield(asyncio.to_thread(sink.discard))

    async def keep(self, sink: ArchiveSink) -> Archive:
        """Give a finished one its name."""
        archive = sink.archive
        await asyncio.to_thread(_move, sink.path, self._paths.blob(archive.digest))
        return archive

    async def recorded(self, added: Added, sink: ArchiveSink, intake: LayerIntake, pins: ExitStack) -> LayerRecord:
        """The record of a layer that came in just now, its compressed form kept; held for as long as `pins` lasts."""
        if not await intake.hold(added.diff_id, pins):
            raise removed_meanwhile(added.diff_id)
        record = await intake.describe(added)
        if not self.has(record):
            record = msgspec.structs.replace(record, archive=await self.keep(sink))
        return record

    async def discard(self, record: LayerRecord) -> None:
        """The layer came to nothing."""
        if record.archive is not None:
            await self._blobs.remove(record.archive.digest)

    def has(self, record: LayerRecord) -> bool:
        return record.archive is not None and self._blobs.has(record.archive.digest)

    def is_lost(self, record: LayerRecord) -> bool:
        """It had one, and only what brings the layer again can give it back."""
        return (record.archive is not None or bool(record.sources)) and not self.has(record)

    def path(self, record: LayerRecord) -> Path:
        """The compressed bytes."""
        if record.archive is None or not self._blobs.has(record.archive.digest):
            raise StorageError(
                "The compressed form of a layer is gone",
                "It is needed to push or save the image with the very bytes it was made of.",
                code=Code.CORRUPT,
                hint="Pull or load the image again.",
                details=record.diff_id,
                subject=record.diff_id,
            )
        return self._blobs.path(record.archive.digest)

    async def is_of(self, diff_id: str, archive: Archive) -> bool:
        """Whether that is the layer, or only said to be: read to its end."""
        found = hashlib.sha256()
        with contextlib.suppress(StorageError):
            async with aclosing(decompressed(file_pieces(self._blobs.path(archive.digest)))) as plain:
                async for piece in plain:
                    await asyncio.to_thread(found.update, piece)
            return f"sha256:{found.hexdigest()}" == diff_id
        return False

    async def ensured(self, record: LayerRecord, catalogue: Catalogue) -> LayerRecord:
        """The record of a layer whose compressed form is there.

        A layer that was built here has none until it is wanted: the keeper packs it as it packed it the first time, and
        the diff id proves that the bytes are the same.
        """
        if self.has(record):
            return record
        async with self.sink() as sink:
            digest, size = await self._pack(record.diff_id, sink)
            if digest != record.diff_id:
                self.path(msgspec.structs.replace(record, archive=None))  # raises: only what was pulled could help
            archive = await self.keep(sink)
        record = msgspec.structs.replace(record, archive=archive, tar_size=size)
        await catalogue.put_layers([record])
        return record

    async def _pack(self, diff_id: str, sink: ArchiveSink) -> tuple[str, int]:
        """Pack a layer's tree into the sink; gives the digest and length of the plain tar."""
        digest = hashlib.sha256()
        size = 0
        sink.begin("")
        async with aclosing(packed(self._keeper, self._layers.path(diff_id), marks="layer")) as pieces:
            async for piece in pieces:
                size += len(piece)
                await asyncio.to_thread(_digest_and_write, digest, sink, piece)
        await asyncio.to_thread(sink.finish)
        return f"sha256:{digest.hexdigest()}", size

    async def plain(self, record: LayerRecord) -> AsyncGenerator[bytes, None]:
        """The uncompressed tar."""
        async for piece in through_thread(file_pieces(self.path(record)), decompress):
            yield piece

    async def plain_size(self, record: LayerRecord) -> int:
        """Its length, counted where it was not remembered."""
        if record.tar_size:
            return record.tar_size
        return sum([len(piece) async for piece in self.plain(record)])


async def packed(keeper: Keeper, tree: Path, *, marks: By) -> AsyncGenerator[bytes, None]:
    """A layer's tree, or what an overlay wrote, as the archive of a layer, through a pipe."""
    reader, writer = os.pipe()
    packing = asyncio.create_task(_pack_and_close(keeper, tree, writer, marks=marks))
    try:
        while piece := await asyncio.to_thread(os.read, reader, PIECE):
            yield piece
        await packing
    finally:
        packing.cancel()
        await asyncio.gather(packing, return_exceptions=True)
        os.close(reader)


async def _pack_and_close(keeper: Keeper, tree: Path, writer: int, *, marks: By) -> None:
    try:
        for note in await keeper.pack(tree, writer, marks=marks):
            _log.info("packing %s: %s", tree, note)
    finally:
        os.close(writer)


def _digest_and_write(digest: hashlib._Hash, sink: ArchiveSink, piece: bytes) -> None:
    digest.update(piece)
    sink.write(piece)


def removed_meanwhile(diff_id: str) -> Conflict:
    return Conflict("A layer was removed while it was being brought in", hint="Try again.", subject=diff_id)


def decompressed(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """A stream that may or may not be compressed, plain."""
    return through_thread(chunks, decompress)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)
    flush_names(target.parent)
