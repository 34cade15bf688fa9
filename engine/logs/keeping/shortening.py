"""A log cut to its last lines, to give space back. Offsets and numbers of what stays are what they were."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.logs.written.files import fingerprint, index_path, rotated_files, rotated_name
from engine.logs.written.index import Index

if TYPE_CHECKING:
    from pathlib import Path

    from engine.logs.written.index import Mark

_KEPT = 128 * 1024
"""Bytes of the newest lines that always stay: why it died must stay readable."""
_BLOCK = 512
_PIECE = 1 << 20


def shortening_frees(path: Path) -> int:
    """About what cutting would give back."""
    inodes: dict[int, int] = {}
    for part in (path, *(rotated for _, rotated in rotated_files(path))):
        for one in (part, index_path(part)):
            try:
                info = os.stat(one)
            except FileNotFoundError:
                continue
            inodes[info.st_ino] = info.st_blocks * _BLOCK
    return max(0, sum(inodes.values()) - 2 * _KEPT)


def keep_last_lines(path: Path) -> None:
    """Of the files that nobody writes any more only the end of the newest stays, from a mark of its index on."""
    rotated = rotated_files(path)
    if not rotated:
        return
    base, newest = rotated[-1]
    _cut(path, newest, base)
    for _, old in rotated[:-1]:
        old.unlink(missing_ok=True)
        index_path(old).unlink(missing_ok=True)


def _cut(path: Path, newest: Path, base: int) -> None:
    fd = os.open(newest, os.O_RDONLY | os.O_CLOEXEC)
    try:
        index = Index.load(index_path(newest), fingerprint=fingerprint(fd), size=os.fstat(fd).st_size)
        start = _last_clean_mark(index) if index is not None else None
        if index is None or start is None or start.offset <= base:
            return
        target = rotated_name(path, start.offset)
        fresh = path.with_name(f".{target.name}")
        with fresh.open("wb") as file:
            at = start.offset - base
            while data := os.pread(fd, _PIECE, at):
                file.write(data)
                at += len(data)
    finally:
        os.close(fd)
    with fresh.open("rb") as file:
        shorter = Index(start, fingerprint(file.fileno()))
    for position in range(index.marks):
        if index.mark(position).offset > start.offset:
            shorter.extend(index.mark(position))
    shorter.extend(index.end)
    shorter.save(index_path(target))
    fresh.replace(target)
    newest.unlink(missing_ok=True)
    index_path(newest).unlink(missing_ok=True)


def _last_clean_mark(index: Index) -> Mark | None:
    """The last one with so much after it as is kept, and with no unfinished line that began before it."""
    for position in range(index.marks - 1, -1, -1):
        mark = index.mark(position)
        if mark.clean and index.end.offset - mark.offset >= _KEPT:
            return mark
    return None
