"""Keeping the indexes of a history up to date: one for each file, each beginning where the one before it ends.

Standard library only: the worker does it for large files, the engine itself for small steps.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from engine.logs.written.files import LogFiles, fingerprint, index_path
from engine.logs.written.index import STEP, Counter, Index, Mark, whole_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.logs.written.files import Part


def load_indexes(files: LogFiles) -> list[Index]:
    """Indexes of the leading files, as far as they connect: each must begin where the one before it ends."""
    indexes: list[Index] = []
    for part in files.parts:
        index = Index.load(index_path(part.path), fingerprint=fingerprint(part.fd), size=part.size)
        if index is None or index.base.offset != part.base:
            break
        if indexes and (indexes[-1].end.offset != part.base or indexes[-1].end.number != index.base.number):
            break
        indexes.append(index)
    return indexes


def indexed_end(files: LogFiles, indexes: list[Index]) -> Mark:
    """How far the indexes reach without a gap."""
    if not indexes:
        return Mark(files.start, 0, 0)
    return indexes[-1].end


def bring_up_to_date(
    files: LogFiles,
    indexes: list[Index],
    *,
    save: bool,
    most: int | None = None,
    told: Callable[[int], None] | None = None,
) -> bool:
    """Extend `indexes` in place, by about `most` bytes at most. True once nothing is left."""
    left = most
    for position, part in enumerate(files.parts):
        if position >= len(indexes):
            base = indexes[-1].end if indexes else Mark(part.base, 0, 0)
            # A gap or a torn last line between two files: count on from where this file begins.
            base = Mark(part.base, base.number, base.time_ns, base.pending if base.offset == part.base else (-1, -1))
            indexes.append(Index(base, fingerprint(part.fd)))
        index = indexes[position]
        before = index.end.offset
        _extend(files, part, index, left, told)
        if save and index.end.offset > before:
            index.fingerprint = fingerprint(part.fd)
            # It can be made again at any time: that the folder went with its container, or that the disk is full, is no
            # reason to fail who only wants to read.
            with contextlib.suppress(OSError):
                index.save(index_path(part.path))
        if left is not None:
            left -= index.end.offset - before
            if left <= 0:
                return position == len(files.parts) - 1 and index.end.offset >= part.end
    return True


def _extend(files: LogFiles, part: Part, index: Index, most: int | None, told: Callable[[int], None] | None) -> None:
    if index.end.offset >= part.end:
        return
    counter = Counter(index.end, files.read)
    stop = part.end if most is None else min(part.end, index.end.offset + most)
    while counter.offset < stop:
        length = STEP
        block = whole_lines(files.read(counter.offset, min(length, part.end - counter.offset)))
        while not block and counter.offset + length < part.end:
            length *= 4
            block = whole_lines(files.read(counter.offset, min(length, part.end - counter.offset)))
        if not block:
            return
        index.extend(counter.take(block))
        if told is not None:
            told(counter.offset)
