"""A sparse index of a log: every 64 KiB the offset, line number and time. Standard library only (the worker uses it).

Offsets and numbers run over the whole history of a container, from the first line it ever wrote; rotated files and
dropped ones keep theirs, so neither ever changes. The index of one file says where in this history it begins.
"""

from __future__ import annotations

import os
import struct
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.logs.written.format import STAMP, Joiner, count_if_whole, parse_stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEP = 64 * 1024
"""How much is taken at once when indexing; a mark is set about as often."""
_GRAIN = STEP * 3 // 4
_HEADER = struct.Struct("<8sQQ16s")
_MARK = struct.Struct("<6q")
_MAGIC = b"whrylog5"
_COLUMNS = 6
_NONE = -1


@dataclass(frozen=True, slots=True)
class Mark:
    """One known place: just before the physical line at `offset`, `number` lines are complete."""

    offset: int
    number: int
    time_ns: int
    """When the last line before it was written."""
    pending: tuple[int, int] = (_NONE, _NONE)
    """Offsets where unfinished lines of stdout and stderr begin; -1 for none."""
    doubtful: bool = True
    """Whether there may be pieces of lines, or torn ones, between the mark before it and this one."""

    @property
    def clean(self) -> bool:
        return self.pending == (_NONE, _NONE)


class Index:
    """Marks of one file. `end` is how far it has been read."""

    def __init__(self, base: Mark, fingerprint: bytes = b"") -> None:
        self.base = base
        self.fingerprint = fingerprint
        self.end = base
        self._columns = tuple(array("q") for _ in range(_COLUMNS))
        self._add(base)

    @property
    def marks(self) -> int:
        return len(self._columns[0])

    def mark(self, position: int) -> Mark:
        offset, number, time_ns, out, err, doubtful = (column[position] for column in self._columns)
        return Mark(offset, number, time_ns, (out, err), bool(doubtful))

    def next_mark(self, offset: int, most: int) -> tuple[Mark | None, bool]:
        """The last mark after an offset and at most so far from it, and whether what lies between is doubtful."""
        offsets = self._columns[0]
        if self.end.offset <= offset + most:
            last, found = len(offsets), self.end
            doubtful = self.end.doubtful
        else:
            last = bisect_right(offsets, offset + most)
            found, doubtful = self.mark(max(0, last - 1)), False
        if not offset < found.offset <= offset + most:
            return None, True
        first = bisect_right(offsets, offset)
        return found, doubtful or any(self._columns[5][first:last])

    def numbers_between(self, offset: int, end: int) -> list[tuple[int, int]]:
        """(offset, number) of the marks behind an offset and before another."""
        offsets, numbers = self._columns[:2]
        inside = slice(bisect_right(offsets, offset), bisect_left(offsets, end))
        return list(zip(offsets[inside], numbers[inside], strict=True))

    def before_offset(self, offset: int) -> Mark:
        """The last mark at or before an offset."""
        return self._last(0, offset)

    def before_number(self, number: int) -> Mark:
        return self._last(1, number)

    def before_time(self, time_ns: int) -> Mark:
        """The last mark whose line was written before a time (so that the time's first line comes after it)."""
        return self._last(2, time_ns - 1)

    def _last(self, column: int, value: int) -> Mark:
        if value >= (self.end.offset, self.end.number, self.end.time_ns)[column]:
            return self.end
        return self.mark(max(0, bisect_right(self._columns[column], value) - 1))

    def _add(self, mark: Mark) -> None:
        for column, value in zip(
            self._columns, (mark.offset, mark.number, mark.time_ns, *mark.pending, int(mark.doubtful)), strict=True
        ):
            column.append(value)

    def extend(self, end: Mark) -> None:
        """Take note of a place further on; it becomes a mark where it is far enough from the last one."""
        if self.end.offset > self._columns[0][-1]:
            end = replace(end, doubtful=end.doubtful or self.end.doubtful)
        if end.offset - self._columns[0][-1] >= _GRAIN:
            self._add(end)
        self.end = end

    # --- on disk ---

    def save(self, path: Path) -> None:
        body = b"".join(column.tobytes() for column in self._columns)
        tail = _MARK.pack(self.end.offset, self.end.number, self.end.time_ns, *self.end.pending, self.end.doubtful)
        header = _HEADER.pack(_MAGIC, self.marks, self.base.offset, self.fingerprint)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            temporary.write_bytes(header + tail + body)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path, *, fingerprint: bytes, size: int) -> Index | None:
        """None where there is none, or it belongs to another file."""
        try:
            data = path.read_bytes()
            magic, count, base, print_ = _HEADER.unpack_from(data)
            end = _MARK.unpack_from(data, _HEADER.size)
        except (OSError, struct.error):
            return None
        body = memoryview(data)[_HEADER.size + _MARK.size :]
        fits = print_ in (fingerprint, bytes(16)) and base <= end[0] <= base + size
        if magic != _MAGIC or count < 1 or len(body) != count * 8 * _COLUMNS or not fits:
            return None
        columns = []
        for position in range(_COLUMNS):
            column = array("q")
            column.frombytes(body[position * count * 8 : (position + 1) * count * 8])
            columns.append(column)
        first = Mark(columns[0][0], columns[1][0], columns[2][0], (columns[3][0], columns[4][0]), bool(columns[5][0]))
        index = cls(first, fingerprint)
        index._columns = tuple(columns)
        index.end = Mark(end[0], end[1], end[2], (end[3], end[4]), bool(end[5]))
        return index


class Counter:
    """Counts lines forward from a mark, block by block."""

    def __init__(self, start: Mark, read: Callable[[int, int], bytes]) -> None:
        self.joiner = resume(start, read)
        self.offset = start.offset
        self.number = start.number
        self.time_ns = start.time_ns

    def take(self, block: bytes) -> Mark:
        """`block` is whole physical lines that follow what was taken before."""
        last = block.rfind(b"\n", 0, len(block) - 1) + 1
        # Times in a log may step back (the clock was set); those of marks must grow for the bisection.
        self.time_ns = max(parse_stamp(block[last : last + STAMP]), self.time_ns)
        count = count_if_whole(block) if self.joiner.clean else None
        doubtful = count is None
        self.number += len(self.joiner.feed(block, self.offset)) if count is None else count
        self.offset += len(block)
        return Mark(self.offset, self.number, self.time_ns, tuple_of(self.joiner), doubtful)


def tuple_of(joiner: Joiner) -> tuple[int, int]:
    return joiner.pending_at[0], joiner.pending_at[1]


def resume(mark: Mark, read: Callable[[int, int], bytes]) -> Joiner:
    """A joiner in the state it has at a mark: each unfinished line is read again from where it began.

    Each by itself, as what is read from there on of the other stream may begin in the middle of a line.
    """
    joiner = Joiner()
    for stream in sorted((0, 1), key=lambda stream: -mark.pending[stream]):
        start = mark.pending[stream]
        if start >= 0:
            alone = Joiner()
            alone.feed(read(start, mark.offset - start), start)
            joiner.adopt(alone, stream)
    return joiner


def whole_lines(block: bytes) -> bytes:
    """The block up to and with its last newline."""
    end = block.rfind(b"\n") + 1
    return block if end == len(block) else block[:end]
