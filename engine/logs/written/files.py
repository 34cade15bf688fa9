"""The files of one history, seen as one stretch of bytes: rotated ones, oldest first, and the one being written.

Standard library only: the search worker imports it. A rotated file is named after the offset at which it begins, so
the order and the place of every byte follow from a directory listing alone.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.logs.written.index import Index

if TYPE_CHECKING:
    from pathlib import Path

_ROTATED_DIGITS = 16


@dataclass(slots=True)
class Part:
    """One file and its place in the history."""

    path: Path
    base: int
    size: int
    fd: int
    inode: int

    @property
    def end(self) -> int:
        return self.base + self.size


def rotated_name(path: Path, base: int) -> Path:
    return path.with_name(f"{path.name}.{base:0{_ROTATED_DIGITS}d}")


def index_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.index")


def rotated_files(path: Path) -> list[tuple[int, Path]]:
    """(offset where it begins, file) of the rotated files of a log, oldest first."""
    pattern = re.compile(re.escape(path.name) + rf"\.(\d{{{_ROTATED_DIGITS}}})")
    found = []
    try:
        names = os.listdir(path.parent)
    except OSError:
        return []
    for name in names:
        match = pattern.fullmatch(name)
        if match is not None:
            found.append((int(match[1]), path.parent / name))
    return sorted(found)


def fingerprint(fd: int) -> bytes:
    """What tells a log from another one that took its place: its first line's beginning, stamp and all."""
    head = os.pread(fd, 64, 0)
    return hashlib.blake2b(head, digest_size=16).digest() if len(head) == 64 else bytes(16)


class LogFiles:
    """Open files of a history; `refresh` takes note of growth and rotation. Reads never move a shared position."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts: list[Part] = []
        self.refresh()

    @property
    def start(self) -> int:
        return self.parts[0].base if self.parts else 0

    @property
    def end(self) -> int:
        return self.parts[-1].end if self.parts else 0

    def refresh(self) -> None:
        """See what is there now. A file renamed by the rotation is recognised by its inode and stays open."""
        known = {part.inode: part for part in self.parts}
        parts: list[Part] = []
        # The current file first: if it is renamed meanwhile, the listing shows it again and the inode tells.
        current = self._open(self.path, known)
        for base, path in rotated_files(self.path):
            part = self._open(path, known)
            if part is not None:
                part.base = base
                parts.append(part)
                if current is not None and current.inode == part.inode:
                    current = None
        if current is not None:
            current.base = parts[-1].end if parts else self._remembered_base(current)
            parts.append(current)
        kept = {part.inode for part in parts}
        for inode, part in known.items():
            if inode not in kept:
                os.close(part.fd)
        self.parts = parts

    def _open(self, path: Path, known: dict[int, Part]) -> Part | None:
        try:
            info = os.stat(path)
            part = known.get(info.st_ino)
            if part is None:
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                info = os.fstat(fd)
                part = Part(path, 0, 0, fd, info.st_ino)
                known[info.st_ino] = part
        except FileNotFoundError:
            return None
        part.path = path
        part.size = info.st_size
        return part

    def _remembered_base(self, part: Part) -> int:
        index = Index.load(index_path(part.path), fingerprint=fingerprint(part.fd), size=part.size)
        return index.base.offset if index is not None else 0

    def grown(self) -> bool:
        """Whether there is more than at the last look; cheap. Looks anew where the current file was rotated away."""
        if not self.parts:
            self.refresh()
            return bool(self.parts)
        last = self.parts[-1]
        size = os.fstat(last.fd).st_size
        if size != last.size:
            last.size = size
            return True
        try:
            same = os.stat(self.path).st_ino == last.inode
        except FileNotFoundError:
            # Renamed and not opened anew yet; or that happened twice since the last look.
            rotated = rotated_files(self.path)
            same = not rotated or rotated[-1][0] <= last.base
        if not same:
            end = self.end
            self.refresh()
            return self.end > end
        return False

    def read(self, offset: int, length: int) -> bytes:
        """Bytes at an offset, across files; fewer at the end."""
        pieces: list[bytes] = []
        for part in self.parts:
            if offset < part.end and length > 0:
                piece = os.pread(part.fd, min(length, part.end - offset), max(0, offset - part.base))
                pieces.append(piece)
                offset += len(piece)
                length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        for part in self.parts:
            os.close(part.fd)
        self.parts = []
