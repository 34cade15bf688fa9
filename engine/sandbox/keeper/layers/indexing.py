"""Write the index of a layer while it is unpacked. The format is described in engine/storage/layer_index.py."""

from __future__ import annotations

import array
import hashlib
import json
import os
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC = b"WLIDX01\n"
FILE, DIRECTORY, SYMLINK, HARDLINK, WHITEOUT, OPAQUE, FIFO, DEVICE = range(8)
IMPLICIT, SPARSE, ATTRIBUTES, LONG_SPARSE = 1, 2, 4, 8
_COLUMNS = (
    ("kind", "B"), ("flags", "B"), ("mode", "H"), ("uid", "I"), ("gid", "I"), ("size", "Q"), ("mtime", "q"),
    ("digest", "i"), ("link", "i"),
)  # fmt: skip


class Row(NamedTuple):
    kind: int
    flags: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    digest: int = -1
    link: int = -1


class IndexWriter:
    """Rows in the order of the archive; the last row of a path counts."""

    def __init__(self) -> None:
        self._paths: list[bytes] = []
        self._rows: list[Row] = []
        self._links: list[bytes] = []
        self.digests: list[bytes | bytearray] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, path: bytes, row: Row) -> None:
        self._paths.append(path)
        self._rows.append(row)

    def link(self, target: bytes) -> int:
        self._links.append(target)
        return len(self._links) - 1

    def digest(self, value: bytes | bytearray) -> int:
        """The row in the table of digests; 32 bytes that may be filled in later."""
        self.digests.append(value)
        return len(self.digests) - 1

    def forget_tree(self, path: bytes) -> None:
        """The archive replaced a directory: what it held is not there any more."""
        prefix = path + b"/"
        kept = [number for number, each in enumerate(self._paths) if each != path and not each.startswith(prefix)]
        self._paths = [self._paths[number] for number in kept]
        self._rows = [self._rows[number] for number in kept]

    def _sorted(self) -> tuple[list[bytes], list[Row]]:
        """By path, component by component, an opaque mark behind its directory; of several rows the last."""
        last: dict[tuple[bytes, bool], int] = {}
        for number, path in enumerate(self._paths):
            last[path.replace(b"/", b"\0"), self._rows[number].kind == OPAQUE] = number
        order = [last[key] for key in sorted(last)]
        return [self._paths[number] for number in order], [self._rows[number] for number in order]

    def _hard_links(self, paths: list[bytes], rows: list[Row]) -> None:
        """Give each hard link what it links to: size, digest, owner and times are the same by nature."""
        keys = [path.replace(b"/", b"\0") for path in paths] if any(row.kind == HARDLINK for row in rows) else []
        for number, row in enumerate(rows):
            seen = 0
            found = row
            while found.kind == HARDLINK and seen < 40:
                key = self._links[found.link].replace(b"/", b"\0")
                at = bisect_left(keys, key)
                if at == len(keys) or keys[at] != key:
                    break
                found, seen = rows[at], seen + 1
            if seen and found.kind != HARDLINK:
                rows[number] = found._replace(kind=HARDLINK, link=row.link)

    def write(self, file: str, diff_id: str, notes: list[str]) -> int:
        """Gives the bytes of all regular files."""
        paths, rows = self._sorted()
        self._hard_links(paths, rows)
        total = sum(row.size for row in rows if row.kind == FILE)
        bodies = [
            (name, array.array(code, [row[number] for row in rows]).tobytes())
            for number, (name, code) in enumerate(_COLUMNS)
        ]
        bodies += [
            ("digests", b"".join(self.digests)),
            ("links", b"\0".join(self._links)),
            ("paths", b"\0".join(paths)),
        ]
        header = {
            "entries": len(rows),
            "bytes": total,
            "diff_id": diff_id,
            "notes": notes,
            "check": check(dict(bodies)),
        }
        _write(file, header, bodies)
        return total


def check(columns: Mapping[str, bytes | memoryview]) -> str:
    """Nobody waits until an index is on disk, so after a power cut it has to be doubted like the files it speaks of."""
    digest = hashlib.sha256()
    for column in columns.values():
        digest.update(column)
    return digest.hexdigest()


def _write(file: str, header: dict[str, object], bodies: list[tuple[str, bytes]]) -> None:
    room = 4096 + len(json.dumps(header))
    room += -room % 8
    at = len(MAGIC) + 8 + room
    columns: dict[str, list[int]] = {}
    for name, body in bodies:
        columns[name] = [at, len(body)]
        at += len(body) + -len(body) % 8
    text = json.dumps({**header, "columns": columns}).encode().ljust(room)
    with open(file, "wb") as out:
        os.fchmod(out.fileno(), 0o600)  # the mask is off while the files of a layer are made
        out.write(MAGIC + len(text).to_bytes(8, "little") + text)
        for _, body in bodies:
            out.write(body + bytes(-len(body) % 8))
