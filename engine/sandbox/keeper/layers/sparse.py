"""The digest of a long sparse file, in time that grows with what it holds and not with what it says it holds.

A sha256 of a hundred gigabytes of holes takes minutes. This is one over its blocks of 4 KiB that are not all zeros,
each behind its place, and the size at last: it depends on nothing but what is read from the file, so it stays the same
wherever a file system puts its holes.
"""

from __future__ import annotations

import errno
import hashlib
import os

LONG = 1 << 30
"""From this size on a file that an archive has as sparse is digested so."""
_BLOCK = 4096
_ZEROS = bytes(_BLOCK)
_PIECE = 256 * _BLOCK


def digest_of(descriptor: int, size: int) -> bytes:
    """The file's offset is left anywhere."""
    digest = hashlib.sha256()
    at = 0
    while at < size:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but holes from here on
                break
            start = at
        start -= start % _BLOCK
        at = _add_data(digest, descriptor, max(start, at), size)
    digest.update(size.to_bytes(8, "little"))
    return digest.digest()


def _add_data(digest: hashlib._Hash, descriptor: int, at: int, size: int) -> int:
    """One piece, from a block's beginning; gives where it ends."""
    piece = os.pread(descriptor, min(_PIECE, size - at), at)
    if not piece:
        return size  # shorter than it is said to be, which its size tells
    for offset in range(0, len(piece), _BLOCK):
        block = piece[offset : offset + _BLOCK]
        if block != _ZEROS[: len(block)]:
            digest.update((at + offset).to_bytes(8, "little"))
            digest.update(block)
    return at + len(piece)
