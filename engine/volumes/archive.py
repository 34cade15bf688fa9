"""A volume to and from a .tar or .tar.zst file. A thread compresses, the keeper's worker packs, a pipe between."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, BinaryIO, cast

import zstandard

from engine.errors import Code, InvalidRequest, StorageError, disk_refuses

if TYPE_CHECKING:
    from pathlib import Path

    from engine.sandbox.client import Keeper

_CHUNK = 1 << 20
_CUT_OFF = "Its end is missing."
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_MAGIC = b"\x1f\x8b"
_END = bytes(1024)
"""What every tar ends with. One that was cut off before it would be unpacked as far as it goes, without a word."""


def is_compressed_name(path: str) -> bool:
    return path.endswith((".zst", ".tzst"))


async def write_archive(keeper: Keeper, tree: Path, path: Path) -> None:
    """Written beside its final name and renamed, so that a half-written backup never looks like one."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        target = await asyncio.to_thread(_open_for_writing, partial)
        with target:
            if is_compressed_name(path.name):
                await _through_compressor(keeper, tree, target)
            else:
                await keeper.pack(tree, target.fileno())
            await asyncio.to_thread(os.fsync, target.fileno())
        await asyncio.to_thread(os.replace, partial, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # where it could not be written, that has been said
            await asyncio.to_thread(partial.unlink)


def _open_for_writing(path: Path) -> BinaryIO:
    return open(path, "wb", buffering=0, opener=lambda name, flags: os.open(name, flags, 0o600))


async def _through_compressor(keeper: Keeper, tree: Path, target: BinaryIO) -> None:
    read_end, write_end = os.pipe()
    try:
        compressing = asyncio.create_task(asyncio.to_thread(_compress, read_end, target), name="compress volume")
        try:
            await keeper.pack(tree, write_end)
        finally:
            os.close(write_end)
            await compressing
    finally:
        os.close(read_end)


def _compress(source: int, target: BinaryIO) -> None:
    with open(source, "rb", buffering=0, closefd=False) as reader:
        zstandard.ZstdCompressor(level=3).copy_stream(reader, target, read_size=_CHUNK, write_size=_CHUNK)


async def read_archive(keeper: Keeper, path: Path, tree: Path) -> None:
    """Unpack into a directory. Names in the archive never lead out of it."""
    try:
        source = await asyncio.to_thread(open, path, "rb", 0)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be opened", error.strerror or "", subject=str(path)) from None
    with source:
        magic = await asyncio.to_thread(os.pread, source.fileno(), 4, 0)
        if magic == _ZSTD_MAGIC:
            await _through_decompressor(keeper, source, tree)
        elif magic[:2] == _GZIP_MAGIC:
            raise InvalidRequest(
                "This backup is compressed with gzip",
                "Volumes are backed up as .tar or .tar.zst.",
                hint=f"Unpack it first: gunzip {path}",
                subject=str(path),
            )
        else:
            await keeper.unpack(source.fileno(), tree, layer=False)
            if await asyncio.to_thread(_end_of, source.fileno()) != _END:
                raise _damaged(_CUT_OFF)


def _end_of(fd: int) -> bytes:
    return os.pread(fd, len(_END), max(0, os.fstat(fd).st_size - len(_END)))


async def _through_decompressor(keeper: Keeper, source: BinaryIO, tree: Path) -> None:
    read_end, write_end = os.pipe()
    decompressing = asyncio.create_task(asyncio.to_thread(_decompress, source, write_end), name="decompress volume")
    try:
        await keeper.unpack(read_end, tree, layer=False)
    finally:
        os.close(read_end)
        failure = await asyncio.gather(decompressing, return_exceptions=True)
    if isinstance(failure[0], zstandard.ZstdError):
        raise _damaged(str(failure[0]))


def _decompress(source: BinaryIO, target: int) -> None:
    with open(target, "wb", buffering=0) as pipe:
        writer = _Watched(pipe)
        try:
            # It takes an input that is cut off for its end.
            zstandard.ZstdDecompressor().copy_stream(
                source, cast("BinaryIO", writer), read_size=_CHUNK, write_size=_CHUNK
            )
        except BrokenPipeError:
            return  # the reader has all it wants, or gave up and says why
        if writer.end != _END:
            raise zstandard.ZstdError(_CUT_OFF)


class _Watched:
    """Remembers how that ended which was written."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self.end = b""

    def write(self, data: bytes) -> int:
        self.end = (self.end + bytes(data[-len(_END) :]))[-len(_END) :]
        return self._pipe.write(data)


def _damaged(why: str) -> StorageError:
    return StorageError("The backup is damaged", why, code=Code.BAD_ARCHIVE)


def _unwritable(path: Path, error: OSError) -> StorageError:
    said = error.strerror or str(error)
    return disk_refuses(error.errno or 0, said, subject=str(path)) or StorageError(
        f"{path} cannot be written", said, code=Code.INVALID, hint="Choose another place.", subject=str(path)
    )
