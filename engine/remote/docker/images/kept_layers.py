"""Layers of another engine's images, kept here: streamed once by `save`, indexed as our own are, read from their tars.

A bound of disk space holds; what was looked at longest ago goes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import json
import os
import tarfile
from typing import IO, TYPE_CHECKING, Any

from engine.errors import Code, NotFound, StorageError
from engine.sandbox.keeper.layers import indexing, tar_reader
from engine.sandbox.keeper.layers.indexing import IndexWriter, Row
from engine.sandbox.keeper.layers.tar_reader import Source, TarReader
from engine.sandbox.keeper.requests import BadInput
from engine.storage.layer_index import LayerIndex

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

_MOST_BYTES = 4 << 30
_LARGEST_LAYER = 1 << 40
_PIECE = 1 << 20
_MOST_LINKS = 40
_WHITEOUT, _OPAQUE = b".wh.", b".wh..wh..opq"
_KINDS = {
    tar_reader.FILE: indexing.FILE, tar_reader.DIRECTORY: indexing.DIRECTORY, tar_reader.SYMLINK: indexing.SYMLINK,
    tar_reader.LINK: indexing.HARDLINK, tar_reader.FIFO: indexing.FIFO, tar_reader.CHARACTER: indexing.DEVICE,
    tar_reader.BLOCK_DEVICE: indexing.DEVICE,
}  # fmt: skip


class KeptLayers:
    """`index`, `path` and `open_file` are what the inspector asks of a store of layers and of a keeper."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._fetching = asyncio.Lock()

    def path(self, diff_id: str) -> Path:
        return self._directory / f"{diff_id.removeprefix('sha256:')}.tar"

    def has(self, diff_id: str) -> bool:
        return self._index_path(diff_id).exists() and self.path(diff_id).exists()

    def index(self, diff_id: str) -> LayerIndex:
        with contextlib.suppress(OSError):
            os.utime(self.path(diff_id))  # by this it is known when somebody looked at it
        return LayerIndex.open(self._index_path(diff_id))

    def _index_path(self, diff_id: str) -> Path:
        return self.path(diff_id).with_suffix(".index")

    async def open_file(self, root: Path, path: str, flags: int, mode: int = 0o644, *, most: int = -1) -> int:
        """A descriptor of a copy of one file of a layer; the caller closes it."""
        del flags, mode, most
        return await asyncio.to_thread(_copy_of, root, path)

    # --- fetching ---

    async def fetch(self, diff_ids: Sequence[str], archive: AsyncIterator[bytes]) -> None:
        """Take an image's archive apart, keep the layers that are not here yet."""
        async with self._fetching:
            await asyncio.to_thread(self._directory.mkdir, mode=0o700, parents=True, exist_ok=True)
            fresh = self._directory / "incoming.tar"
            try:
                with await asyncio.to_thread(fresh.open, "wb") as file:
                    async for piece in archive:
                        await asyncio.to_thread(file.write, piece)
                await asyncio.to_thread(self._take_apart, fresh, list(diff_ids))
            finally:
                fresh.unlink(missing_ok=True)
            await asyncio.to_thread(self._make_room, set(diff_ids))

    def _take_apart(self, whole: Path, diff_ids: list[str]) -> None:
        try:
            with tarfile.open(whole, "r:") as archive:
                manifest = json.load(_member(archive, "manifest.json"))
                names: list[str] = manifest[0]["Layers"]
                for diff_id, name in zip(diff_ids, names, strict=True):
                    if not self.has(diff_id):
                        self._take(diff_id, _member(archive, name))
        except (tarfile.TarError, ValueError, KeyError, IndexError, TypeError, EOFError, BadInput) as error:
            raise StorageError("The image's archive cannot be read", str(error), code=Code.BAD_ARCHIVE) from error

    def _take(self, diff_id: str, source: IO[bytes]) -> None:
        """Plain, whatever it came as, and only if it is what its digest says."""
        path = self.path(diff_id)
        fresh = path.with_suffix(".new")
        digest = hashlib.sha256()
        try:
            begin = source.read(2)
            source.seek(0)
            stream: Any = gzip.open(source) if begin == b"\x1f\x8b" else source
            with fresh.open("wb") as file:
                while piece := stream.read(_PIECE):
                    digest.update(piece)
                    file.write(piece)
            if f"sha256:{digest.hexdigest()}" != diff_id:
                raise StorageError("A layer is not what its digest says", diff_id, code=Code.DIGEST_MISMATCH)
            _write_index(fresh, self._index_path(diff_id), diff_id)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)

    def _make_room(self, needed: set[str]) -> None:
        kept = sorted(self._directory.glob("*.tar"), key=lambda each: each.stat().st_mtime)
        total = sum(each.stat().st_size for each in kept)
        for path in kept:
            if total <= _MOST_BYTES:
                return
            if f"sha256:{path.stem}" not in needed:
                total -= path.stat().st_size
                path.unlink()
                path.with_suffix(".index").unlink(missing_ok=True)


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _normalised(name: bytes) -> bytes:
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise BadInput(f"the path {tar_reader.show(name)} leaves its tree")
    return b"/".join(parts)


def _write_index(tar: Path, place: Path, diff_id: str) -> None:
    """As unpacking would have left it (engine/sandbox/keeper/layers/unpacking.py), without unpacking."""
    writer = IndexWriter()
    seen: set[bytes] = set()
    descriptor = os.open(tar, os.O_RDONLY | os.O_CLOEXEC)
    try:
        reader = TarReader(Source(descriptor, _LARGEST_LAYER, None, lambda _total: None))
        for member in reader:
            path = _normalised(member.name)
            _note_parents(writer, seen, path)
            parent, _, name = path.rpartition(b"/")
            if name == _OPAQUE:
                writer.add(parent, Row(indexing.OPAQUE))
            elif name.startswith(_WHITEOUT):
                hidden = name.removeprefix(_WHITEOUT)
                if hidden not in (b"", b".", b"..") and not hidden.startswith(_WHITEOUT):
                    writer.add(parent + b"/" + hidden if parent else hidden, Row(indexing.WHITEOUT))
            else:
                seen.add(path)
                writer.add(path, _row(writer, reader, member))
    finally:
        os.close(descriptor)
    writer.write(str(place), diff_id, [])


def _note_parents(writer: IndexWriter, seen: set[bytes], path: bytes) -> None:
    parts = path.split(b"/")[:-1]
    for count in range(1, len(parts) + 1):
        parent = b"/".join(parts[:count])
        if parent not in seen:
            seen.add(parent)
            writer.add(parent, Row(indexing.DIRECTORY, indexing.IMPLICIT, 0o755))


def _row(writer: IndexWriter, reader: TarReader, member: tar_reader.Member) -> Row:
    kind = _KINDS.get(member.kind, indexing.FILE)
    digest = -1
    if kind == indexing.FILE:
        hashed = hashlib.sha256()
        for piece in reader.data(member):
            hashed.update(piece)
        digest = writer.digest(hashed.digest())
    link = -1
    if kind in (indexing.SYMLINK, indexing.HARDLINK):
        link = writer.link(_normalised(member.link) if kind == indexing.HARDLINK else member.link)
    flags = indexing.ATTRIBUTES if member.attributes else 0
    return Row(
        kind, flags, member.mode, member.uid & 0xFFFFFFFF, member.gid & 0xFFFFFFFF, member.size, member.mtime_ns,
        digest, link,
    )  # fmt: skip


def _copy_of(tar: Path, path: str) -> int:
    wanted = path.strip("/")
    with tarfile.open(tar, "r:") as archive:
        for _ in range(_MOST_LINKS):
            member = next((each for each in archive if each.name.removeprefix("./").strip("/") == wanted), None)
            if member is None or not member.islnk():
                break
            wanted = member.linkname.removeprefix("./").strip("/")
        content = archive.extractfile(member) if member is not None and member.isreg() else None
        if content is None:
            raise NotFound(f"{path} is not in this layer", subject=path)
        copy = os.memfd_create("layer file", os.MFD_CLOEXEC)
        while piece := content.read(_PIECE):
            os.write(copy, piece)
    os.lseek(copy, 0, os.SEEK_SET)
    return copy
