"""The index of one layer: what is in it, readable at once however large it is.

Written beside the layer's tree by the keeper while it unpacks (engine/sandbox/keeper/indexing.py), mapped here.
Columns, little endian, each starting at a multiple of eight:

    magic   b"WLIDX01\\n", then u64 length of a JSON header, then the header, padded with spaces
    header  {"entries": n, "bytes": sum of regular files, "diff_id": …, "notes": […],
             "columns": {name: [offset, length]}}
    kind    u8   × n    see KINDS
    flags   u8   × n    1 = the directory was not in the archive (made for its children); 2 = sparse; 4 = has attributes
    mode    u16  × n    permission bits with setuid, setgid, sticky
    uid     u32  × n
    gid     u32  × n
    size    u64  × n
    mtime   i64  × n    nanoseconds since the epoch
    digest  i32  × n    row of the digest table, -1 = none
    link    i32  × n    row of the link table, -1 = none (targets of symbolic and hard links; devices as "c 5:1")
    digests 32 bytes × rows
    links   NUL-separated
    paths   NUL-separated, without a leading "/", bytes as in the archive (normalised)

Rows are sorted by path, component by component, so a directory is followed by everything below it. A whiteout has the
path of what it hides; an opaque directory has a row of its own, kind OPAQUE, right after its directory's with the same
path. A hard link has the size and digest of what it links to; sums over bytes count kind FILE only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.types.images import FileEntry, FileKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

KINDS: Final = (
    FileKind.FILE, FileKind.DIRECTORY, FileKind.SYMLINK, FileKind.HARDLINK,
    FileKind.WHITEOUT, FileKind.OPAQUE, FileKind.FIFO, FileKind.DEVICE,
)  # fmt: skip
FILE, DIRECTORY, SYMLINK, HARDLINK, WHITEOUT, OPAQUE, FIFO, DEVICE = range(8)

IMPLICIT: Final = 1
SPARSE: Final = 2
ATTRIBUTES: Final = 4


class LayerIndex:
    """Columns are memoryviews over the mapped file: index them by row, or scan them whole."""

    kinds: memoryview
    flags: memoryview
    modes: memoryview
    uids: memoryview
    gids: memoryview
    sizes: memoryview
    mtimes: memoryview
    total: int
    """Bytes of its regular files."""
    notes: tuple[str, ...]
    diff_id: str

    @classmethod
    def open(cls, path: Path) -> LayerIndex:
        """Raises StorageError(CORRUPT) if this is no index."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    @property
    def paths(self) -> Sequence[bytes]:
        """All paths in row order (split on first use, then kept)."""
        raise NotImplementedError

    def find(self, path: bytes) -> int:
        """The row of a path (without leading "/"), or -1. For an opaque directory it is the directory's row."""
        raise NotImplementedError

    def below(self, path: bytes) -> range:
        """Rows of everything strictly below a directory; `b""` is the root: all rows but the root's own."""
        raise NotImplementedError

    def children(self, path: bytes) -> Iterator[int]:
        """Rows directly in a directory (a whiteout is one; the OPAQUE row of the directory itself is not)."""
        raise NotImplementedError

    def digest(self, row: int) -> bytes:
        """32 bytes, or b""."""
        raise NotImplementedError

    def link(self, row: int) -> bytes:
        raise NotImplementedError

    def entry(self, row: int) -> FileEntry:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
