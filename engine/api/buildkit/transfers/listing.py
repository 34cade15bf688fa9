"""A client's list of its directory beside what is here of it, entry by entry: what is not listed any more goes.

The list comes in the order of paths, as every client sends it; so no more is kept than the directories on the way to
the last entry, and what waits for contents lies in a file once it is long.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from typing import Final

from engine.api.buildkit.faults import refused

_IN_MEMORY: Final = 1 << 20


class Walk:
    """Where the list is."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._last = b""
        self._levels = [_Level(root, "")]

    def come_to(self, path: str) -> None:
        """The next entry, below a directory that was listed; what should have come before it is gone."""
        parts = path.split("/")
        if not path or path.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in path:
            raise refused(f"the build context has a path that leads out of it: {path!r}"[:300])
        key = path.encode().replace(b"/", b"\0")
        if key <= self._last:
            # What was a directory a moment ago may be a link now, and what follows would be written through it.
            raise refused(f"the build context lists a path twice or out of order: {path!r}"[:300])
        self._last = key
        above = "/".join(parts[:-1])
        while self._levels and self._levels[-1].path != above:
            self._levels.pop().pass_rest()
        if not self._levels:
            raise refused(f"the build context has a path below no directory: {path!r}"[:300])
        self._levels[-1].pass_to(parts[-1].encode())

    def enter(self, path: str) -> None:
        """The last entry is a directory, and is there."""
        self._levels.append(_Level(os.path.join(self._root, path), path))

    def end(self) -> None:
        while self._levels:
            self._levels.pop().pass_rest()


class _Level:
    """A directory of ours, and how far the list is in it."""

    def __init__(self, where: str, path: str) -> None:
        self.path = path
        self._where = os.fsencode(where)
        self._names = sorted(os.listdir(self._where), reverse=True)

    def pass_to(self, name: bytes) -> None:
        while self._names and self._names[-1] <= name:
            if (passed := self._names.pop()) != name:
                self._clear(passed)

    def pass_rest(self) -> None:
        while self._names:
            self._clear(self._names.pop())

    def _clear(self, name: bytes) -> None:
        where = os.fsdecode(os.path.join(self._where, name))
        clear(where, lstat(where))


class Spool:
    """Records, first in, first out; in memory while they are few."""

    def __init__(self, beside: str) -> None:
        self._beside = beside
        self._file: tempfile.SpooledTemporaryFile[bytes] | None = None
        self._count = 0
        self._read = self._written = 0

    def __len__(self) -> int:
        return self._count

    def put(self, record: bytes) -> None:
        if self._file is None:
            self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=self._beside)
        self._file.seek(self._written)
        self._written += self._file.write(len(record).to_bytes(4, "little") + record)
        self._count += 1

    def get(self) -> bytes | None:
        if not self._count or self._file is None:
            return None
        self._count -= 1
        self._file.seek(self._read)
        length = int.from_bytes(self._file.read(4), "little")
        record = self._file.read(length)
        self._read += 4 + length
        if not self._count:
            self._read = self._written = 0
        return record

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def plain_file_below(root: str, path: str) -> str | None:
    """The whole path of a regular file to which no link leads on the way; None where there is none."""
    where = root
    parts = path.strip("/").split("/")
    for number, part in enumerate(parts):
        if part in ("", ".", ".."):
            return None
        where = os.path.join(where, part)
        there = lstat(where)
        is_last = number == len(parts) - 1
        if there is None or not (stat.S_ISREG(there.st_mode) if is_last else stat.S_ISDIR(there.st_mode)):
            return None
    return where


def lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def clear(path: str, there: os.stat_result | None) -> None:
    if there is None:
        return
    if stat.S_ISDIR(there.st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)
