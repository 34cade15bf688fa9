"""The index of one layer: what is in it, readable at once however large it is.

Written beside the layer's tree by the keeper while it unpacks (engine/sandbox/keeper/layers/indexing.py), mapped here.
Columns, little endian, each starting at a multiple of eight:

    magic   b"WLIDX01\\n", then u64 length of a JSON header, then the header, padded with spaces
    header  {"entries": n, "bytes": sum of regular files, "diff_id": …, "notes": […],
             "check": sha256 of all columns, "columns": {name: [offset, length]}}
    kind    u8   × n    see KINDS
    flags   u8   × n    1 = the directory was not in the archive (made for its children); 2 = sparse; 4 = has
                        attributes; 8 = long and sparse: its digest is that of sandbox/keeper/layers/sparse.py
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

import json
import mmap
from array import array
from bisect import bisect_left
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Any, Final, Literal

from engine.errors import Code, StorageError
from engine.sandbox.keeper.layers.indexing import (
    ATTRIBUTES,
    DEVICE,
    DIRECTORY,
    FIFO,
    FILE,
    HARDLINK,
    IMPLICIT,
    LONG_SPARSE,
    MAGIC,
    OPAQUE,
    SPARSE,
    SYMLINK,
    WHITEOUT,
)
from engine.types.images import FileEntry, FileKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "ATTRIBUTES", "DEVICE", "DIRECTORY", "FIFO", "FILE", "HARDLINK", "IMPLICIT", "KINDS", "OPAQUE", "SPARSE", "SYMLINK",
    "WHITEOUT", "LayerIndex",
]  # fmt: skip

KINDS: Final = (
    FileKind.FILE, FileKind.DIRECTORY, FileKind.SYMLINK, FileKind.HARDLINK,
    FileKind.WHITEOUT, FileKind.OPAQUE, FileKind.FIFO, FileKind.DEVICE,
)  # fmt: skip
"""By the numbers of the `kind` column."""

LARGEST_HEADER = 1 << 20
_IS_FILE: Final = bytes(kind == FILE for kind in range(256))


def sort_key(path: bytes) -> bytes:
    """Rows are in the order of these: a directory, then all below it, then its next sibling."""
    return path.replace(b"/", b"\0")


class LayerIndex:
    """Columns are memoryviews over the mapped file: index them by row, or scan them whole."""

    def __init__(self, mapped: memoryview) -> None:
        length = int.from_bytes(mapped[8:16], "little")
        if mapped[:8] != MAGIC or length > LARGEST_HEADER:
            raise ValueError("no layer index")
        header: dict[str, Any] = json.loads(bytes(mapped[16 : 16 + length]))
        self._mapped = mapped
        self._columns: dict[str, list[int]] = header["columns"]
        self._count: int = header["entries"]
        self.total: int = header["bytes"]
        """Bytes of its regular files."""
        self.diff_id: str = header["diff_id"]
        self.notes: tuple[str, ...] = tuple(header["notes"])
        """What could not be kept as the archive had it."""
        self.kinds = self._column("kind", "B")
        self.flags = self._column("flags", "B")
        self.modes = self._column("mode", "H")
        self.uids = self._column("uid", "I")
        self.gids = self._column("gid", "I")
        self.sizes = self._column("size", "Q")
        self.mtimes = self._column("mtime", "q")
        self.digest_rows = self._column("digest", "i")
        self.link_rows = self._column("link", "i")
        self._digests = self._column("digests", "B")
        self._path_bytes = self._column("paths", "B")
        self._paths: list[bytes] | None = None
        self._links: list[bytes] | None = None

    @classmethod
    def open(cls, path: Path) -> LayerIndex:
        """Raises StorageError(CORRUPT) if this is no index."""
        try:
            with path.open("rb") as file:
                # Unmapped by itself when the last column is let go.
                return cls(memoryview(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)))
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise StorageError(
                "The index of a layer is damaged", f"{path}: {error}.", code=Code.CORRUPT, subject=str(path)
            ) from error

    def _column(self, name: str, code: Literal["B", "H", "I", "Q", "i", "q"]) -> memoryview:
        start, length = self._columns[name]
        if start + length > len(self._mapped):
            raise ValueError("it ends too early")
        return self._mapped[start : start + length].cast(code)

    def __len__(self) -> int:
        return self._count

    @property
    def paths(self) -> Sequence[bytes]:
        """All paths in row order (split on first use, then kept)."""
        if self._paths is None:
            whole = bytes(self._path_bytes)
            self._paths = whole.split(b"\0") if self._count else []
        return self._paths

    def file_sums(self, without: bytes | bytearray | None = None) -> array[int]:
        """Before each row, and after the last, the bytes of all regular files so far.

        `without` has a 1 for each row that does not count, a 0 for the others.
        """
        counted: Iterable[int] = bytes(self.kinds).translate(_IS_FILE)
        if without is not None:
            counted = map(mul, counted, without.translate(b"\1\0".ljust(256)))
        return array("Q", accumulate(map(mul, self.sizes, counted), initial=0))

    def find(self, path: bytes) -> int:
        """The row of a path (without leading "/"), or -1. For an opaque directory it is the directory's row."""
        at = self._first(sort_key(path))
        return at if at < self._count and self.paths[at] == path else -1

    def rows(self, _path: bytes = b"") -> range:
        """All there are."""
        return range(self._count)

    def below(self, path: bytes) -> range:
        """Rows of everything strictly below a directory; `b""` is the root: all rows but the root's own."""
        if not path:
            return range(self._first(b"\0"), self._count)
        key = sort_key(path)
        first = self._first(key + b"\0")
        return range(first, self._first(key + b"\1", first))

    def _first(self, key: bytes, after: int = 0) -> int:
        """The first row that does not come before `key`."""
        return bisect_left(self.paths, key, after, key=sort_key)

    def children(self, path: bytes) -> Iterator[int]:
        """Rows directly in a directory (a whiteout is one; the OPAQUE row of the directory itself is not)."""
        paths, kinds = self.paths, self.kinds
        rows = self.below(path)
        at = rows.start
        while at < rows.stop:
            child = at
            at += 1
            if kinds[child] != OPAQUE:
                yield child
            if kinds[child] in (DIRECTORY, OPAQUE) and at < rows.stop and paths[at].startswith(paths[child] + b"/"):
                at = self._first(sort_key(paths[child]) + b"\1", at)

    def digest(self, row: int) -> bytes:
        """32 bytes, or b""."""
        number = self.digest_rows[row]
        return b"" if number < 0 else bytes(self._digests[number * 32 : number * 32 + 32])

    def link(self, row: int) -> bytes:
        if self._links is None:
            self._links = bytes(self._column("links", "B")).split(b"\0")
        number = self.link_rows[row]
        return b"" if number < 0 else self._links[number]

    def _algorithm(self, row: int) -> str:
        return "sha256-of-blocks" if self.flags[row] & LONG_SPARSE else "sha256"

    def entry(self, row: int) -> FileEntry:
        digest = self.digest(row)
        return FileEntry(
            path="/" + self.paths[row].decode("utf-8", "surrogateescape"),
            kind=KINDS[self.kinds[row]],
            size=self.sizes[row],
            mode=self.modes[row],
            uid=self.uids[row],
            gid=self.gids[row],
            mtime=self.mtimes[row] / 1e9,
            digest=f"{self._algorithm(row)}:{digest.hex()}" if digest else "",
            link=self.link(row).decode("utf-8", "surrogateescape"),
        )
