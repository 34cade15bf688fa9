"""A tar stream made as it is sent: nothing is held but the piece at hand."""

from __future__ import annotations

import os
import stat
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PIECE = 1 << 18
_BLOCK = 512


def packed_size(entries: Iterable[tuple[str, str]]) -> int:
    """Bytes of what `pack` gives for the same entries, while nothing among them comes or goes."""
    seen: dict[tuple[int, int], str] = {}
    size = 2 * _BLOCK
    for path, name in entries:
        member = _member(path, name, os.lstat(path), seen)
        if member is not None:
            size += len(member.tobuf(tarfile.PAX_FORMAT)) + member.size + -member.size % _BLOCK
    return size


def pack(entries: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """(path here, name there) as a tar. Sockets are left out; a file that changes size meanwhile keeps its first."""
    seen: dict[tuple[int, int], str] = {}
    for path, name in entries:
        try:
            facts = os.lstat(path)
        except FileNotFoundError:
            continue
        member = _member(path, name, facts, seen)
        if member is None:
            continue
        yield member.tobuf(tarfile.PAX_FORMAT)
        if member.isreg():
            yield from _contents(path, member.size)
    yield b"\0" * (2 * _BLOCK)


def _member(path: str, name: str, facts: os.stat_result, seen: dict[tuple[int, int], str]) -> tarfile.TarInfo | None:
    member = tarfile.TarInfo(name)
    member.mode, member.mtime = stat.S_IMODE(facts.st_mode), int(facts.st_mtime)
    # Whoever copies owns the copy: inside, that is root.
    member.uid, member.gid = facts.st_uid, facts.st_gid
    kind = stat.S_IFMT(facts.st_mode)
    if kind == stat.S_IFDIR:
        member.type = tarfile.DIRTYPE
    elif kind == stat.S_IFLNK:
        member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
    elif kind == stat.S_IFIFO:
        member.type = tarfile.FIFOTYPE
    elif kind == stat.S_IFREG:
        first = seen.setdefault((facts.st_dev, facts.st_ino), name)
        if facts.st_nlink > 1 and first != name:
            member.type, member.linkname = tarfile.LNKTYPE, first
        else:
            member.size = facts.st_size
    else:
        return None
    return member


def _contents(path: str, size: int) -> Iterator[bytes]:
    left = size
    with open(path, "rb") as file:
        while left:
            data = file.read(min(_PIECE, left))
            if not data:
                # It has shrunk under us; the header has promised more.
                yield b"\0" * left
                break
            left -= len(data)
            yield data
    yield b"\0" * (-size % _BLOCK)
