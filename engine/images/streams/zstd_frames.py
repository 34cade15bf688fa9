"""Where zstd frames begin and end (RFC 8878), without decompressing: the library's reader overlooks a cut stream."""

from __future__ import annotations

from typing import Final

_MAGIC: Final = 0xFD2FB528
_SKIPPABLE: Final = 0x184D2A50
_ID_SIZES: Final = (0, 1, 2, 4)
_CONTENT_SIZES: Final = (0, 2, 4, 8)


class ZstdFrames:
    """Feed all bytes; then `at_end` tells whether they ended where a frame ends.

    A walk from header to header: `_skip` bytes are of no interest, then `_need` bytes make the next header, which
    `_next` reads. What makes no sense stops the walk, for the decompressor will complain about it anyway.
    """

    def __init__(self) -> None:
        self._skip = 0
        self._need = 4
        self._header = b""
        self._next = self._read_magic
        self._checksum = 0
        self._lost = False

    @property
    def at_end(self) -> bool:
        return self._lost or (self._next == self._read_magic and not self._skip and not self._header)

    def feed(self, chunk: bytes) -> None:
        position = 0
        while position < len(chunk) and not self._lost:
            skipped = min(self._skip, len(chunk) - position)
            self._skip -= skipped
            position += skipped
            if self._skip:
                return
            taken = chunk[position : position + self._need - len(self._header)]
            self._header += taken
            position += len(taken)
            if len(self._header) == self._need:
                header, self._header = self._header, b""
                self._next(header)

    def _read_magic(self, header: bytes) -> None:
        magic = int.from_bytes(header, "little")
        if magic == _MAGIC:
            self._need, self._next = 1, self._read_descriptor
        elif magic & 0xFFFFFFF0 == _SKIPPABLE:
            self._need, self._next = 4, self._read_skippable_size
        else:
            self._lost = True

    def _read_skippable_size(self, header: bytes) -> None:
        self._skip = int.from_bytes(header, "little")
        self._need, self._next = 4, self._read_magic

    def _read_descriptor(self, header: bytes) -> None:
        descriptor = header[0]
        single_segment = bool(descriptor & 0x20)
        content = _CONTENT_SIZES[descriptor >> 6] or (1 if single_segment else 0)
        self._checksum = 4 if descriptor & 0x04 else 0
        self._skip = (0 if single_segment else 1) + _ID_SIZES[descriptor & 3] + content
        self._need, self._next = 3, self._read_block

    def _read_block(self, header: bytes) -> None:
        word = int.from_bytes(header, "little")
        last, kind, size = word & 1, (word >> 1) & 3, word >> 3
        self._skip = 1 if kind == 1 else size
        if last:
            self._skip += self._checksum
            self._need, self._next = 4, self._read_magic
