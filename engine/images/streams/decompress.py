"""Compressed bytes in, plain bytes out, a bounded piece at a time: gzip (of many members), zstd, xz, bzip2 or plain.

What the bytes are is told by their first few, never by a media type. Blocking; the decoders release the interpreter
lock, so a thread per layer uses all cores. A bomb is refused when it begins to unfold, not when the disk is full.
"""

from __future__ import annotations

import bz2
import io
import itertools
import lzma
import zlib
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, cast

import zstandard
from isal import igzip_lib, isal_zlib

from engine.errors import Code, StorageError
from engine.images.streams.zstd_frames import ZstdFrames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_PIECE: Final = 1 << 20
_LARGEST_WINDOW: Final = 1 << 27  # what zstd itself decodes without being told otherwise
_XZ_MEMORY: Final = 128 << 20
_HARMLESS: Final = 1 << 30
_BOMB_RATIO: Final = 250
_MAGIC_BYTES: Final = 6
_ISAL_ERRORS: Final = cast(
    "tuple[type[Exception], ...]", (isal_zlib.error, igzip_lib.error)
)  # stubs call them instances
_DAMAGED: Final[tuple[type[Exception], ...]] = (
    *_ISAL_ERRORS,
    zlib.error,
    zstandard.ZstdError,
    lzma.LZMAError,
    OSError,
    ValueError,
)


class _Decoder(Protocol):
    """The shape the standard library's and isal's decoders have."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class _CutShort(ValueError):
    """The data ends in the middle of something."""


def sniff(head: bytes) -> str:
    """ "gzip", "zstd", "xz", "bzip2" or "" for plain."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F):
        return "zstd"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(b"BZh") and head[3:4].isdigit():
        return "bzip2"
    return ""


def decompress(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Plain pieces of at most 1 MiB. Raises StorageError(BAD_ARCHIVE) for damage, a cut end, or a bomb."""
    kind, stream = recognise(chunks)
    yield from unfold(kind, stream)


def recognise(chunks: Iterable[bytes]) -> tuple[str, Iterator[bytes]]:
    """The format, and the whole stream again."""
    head, stream = _peek(iter(chunks))
    return sniff(head), stream


def unfold(kind: str, stream: Iterator[bytes]) -> Iterator[bytes]:
    """As `decompress`, of a stream whose format is known."""
    try:
        if kind == "zstd":
            yield from _guarded(stream, _zstd)
        elif kind:
            yield from _guarded(stream, lambda source: _members(source, _FACTORIES[kind]))
        else:
            yield from stream
    except _DAMAGED as error:
        raise _damaged(kind or "plain", str(error)) from error


def _gzip_decoder() -> _Decoder:
    decoder: _Decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return decoder


_FACTORIES: Final[dict[str, Callable[[], _Decoder]]] = {
    "gzip": _gzip_decoder,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY),
    "bzip2": bz2.BZ2Decompressor,
}


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Enough of the beginning to tell the format, and the whole stream again."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _MAGIC_BYTES:
            break
    return head, itertools.chain([head], chunks)


def _guarded(stream: Iterator[bytes], decode: Callable[[Iterator[bytes]], Iterator[bytes]]) -> Iterator[bytes]:
    """Watch the ratio of what comes out to what went in."""
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for chunk in stream:
            taken += len(chunk)
            yield chunk

    given = 0
    for piece in decode(counted()):
        given += len(piece)
        if given > _HARMLESS and given > _BOMB_RATIO * taken:
            raise StorageError(
                "A layer unfolds into far more than can be honest",
                f"{taken} compressed bytes have already become {given}; unpacking was stopped.",
                code=Code.BAD_ARCHIVE,
                hint="This looks like a decompression bomb. Do not use this image.",
            )
        yield piece


def _members(stream: Iterator[bytes], factory: Callable[[], _Decoder]) -> Iterator[bytes]:
    """One member after the other, as `cat a.gz b.gz` makes them; zeros after the last are padding."""
    decoder: _Decoder | None = None
    members = 0
    for chunk in stream:
        rest = chunk
        while rest or (decoder is not None and not decoder.needs_input):
            if decoder is None:
                if members and not rest.strip(b"\0"):
                    break
                decoder = factory()
            piece = decoder.decompress(rest, _PIECE)
            rest = b""
            if piece:
                yield piece
            if decoder.eof:
                rest, decoder = decoder.unused_data, None
                members += 1
    if decoder is not None or not members:
        raise _CutShort("the compressed data ends in the middle")


def _zstd(stream: Iterator[bytes]) -> Iterator[bytes]:
    frames = ZstdFrames()

    def watched() -> Iterator[bytes]:
        for chunk in stream:
            frames.feed(chunk)
            yield chunk

    decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
    reader = decompressor.stream_reader(cast("IO[bytes]", _Readable(watched())), read_across_frames=True)
    while piece := reader.read(_PIECE):
        yield piece
    if not frames.at_end:
        raise _CutShort("the compressed data ends in the middle")


class _Readable(io.RawIOBase):
    """Chunks as a file to read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken


def _damaged(kind: str, reason: str) -> StorageError:
    return StorageError(
        "A layer is damaged",
        f"Its {kind} data cannot be decompressed: {reason}.",
        code=Code.BAD_ARCHIVE,
        hint="If pulling again does not help, the image was damaged when it was made.",
    )
