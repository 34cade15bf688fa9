"""Bodies that may come compressed: plain, gzip or zstd tar, told apart by their first bytes and never by a header."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import zstandard
from isal import isal_zlib

from engine.errors import Code, StorageError, Unsupported

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_GZIP, _ZSTD, _BZIP2, _XZ = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\0"
_DamagedGzip: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment] # its stub says instance
_PIECE = 1 << 18
# Of zstd the output cannot be bounded, so the input is: a kilobyte unfolds to some megabytes at the very worst.
_ZSTD_STEP = 1024


class _Decompressor(Protocol):
    def decompress(self, data: bytes) -> bytes: ...


async def decompressed(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The tar inside. Pieces stay bounded: a small body cannot unfold into one great piece of memory."""
    head = b""
    async for piece in source:
        head += piece
        if len(head) >= 6:
            break
    if head.startswith((_BZIP2, _XZ)):
        raise Unsupported("bzip2 and xz archives are not supported by Wherry: send plain tar, gzip or zstd")
    if head.startswith(_GZIP):
        async for piece in _gunzip(head, source):
            yield piece
    elif head.startswith(_ZSTD):
        async for piece in _unzstd(head, source):
            yield piece
    else:
        if head:
            yield head
        async for piece in source:
            yield piece


async def _gunzip(head: bytes, source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    machine = isal_zlib.decompressobj(wbits=31)
    data = head
    while True:
        while data:
            try:
                out = machine.decompress(data, _PIECE)
            except _DamagedGzip as error:
                raise _damaged(f"the gzip stream is damaged: {error}") from None
            if out:
                yield out
            data = machine.unconsumed_tail
            if machine.eof:
                # Members may follow one another; what is no further member is padding.
                data = await _at_least(len(_GZIP), machine.unused_data, source)
                if not data.startswith(_GZIP):
                    return
                machine = isal_zlib.decompressobj(wbits=31)
            elif not out and not data:
                break
        more = await anext(source, None)
        if more is None:
            if not machine.eof:
                raise _damaged("the gzip stream ends in the middle")
            return
        data = data + more


async def _at_least(count: int, data: bytes, source: AsyncIterator[bytes]) -> bytes:
    """The same with more behind it, if it is shorter and more comes: pieces end anywhere."""
    while len(data) < count and (more := await anext(source, None)) is not None:
        data += more
    return data


async def _unzstd(head: bytes, source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    machine: _Decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    data: bytes | None = head
    while data is not None:
        for start in range(0, len(data), _ZSTD_STEP):
            try:
                out = machine.decompress(data[start : start + _ZSTD_STEP])
            except zstandard.ZstdError as error:
                raise _damaged(f"the zstd stream is damaged: {error}") from None
            if out:
                yield out
        data = await anext(source, None)


def _damaged(words: str) -> StorageError:
    """An error of the engine's, for it may be raised inside an operation, which tells others as bugs."""
    return StorageError("The archive cannot be read", f"{words}.", code=Code.BAD_ARCHIVE, docker=words)
