"""Tar streams for COPY and ADD, written from the host's side of the context and from texts. One thread per stream.

Sorted, with no user names and, when a source date is given, no time after it: the same inputs give the same bytes.
"""

from __future__ import annotations

import asyncio
import os
import stat
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence
    from pathlib import Path

    from engine.builder.context import ContextDirectory, ContextEntry, ContextReader

_BLOCK: Final = 512
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Folder:
    """A directory with exactly these attributes, whatever the options say."""

    mode: int
    uid: int
    gid: int
    mtime: int


@dataclass(frozen=True)
class TarItem:
    """One member under a new name: a path of the context, a text, a file of the engine's own, or a directory."""

    name: str
    entry: ContextEntry | None = None
    text: bytes | None = None
    file: Path | None = None
    folder: Folder | None = None


@dataclass(frozen=True)
class TarOptions:
    uid: int = 0
    gid: int = 0
    mode: int | None = None
    """Permissions for all, from --chmod."""
    latest: int | None = None
    """SOURCE_DATE_EPOCH: times after it become it."""


@dataclass(frozen=True)
class TarChange:
    """What a stream on its way must lose or change."""

    options: TarOptions
    top: str
    """Names are looked at without this first part."""
    exclude: Sequence[re.Pattern[str]]


async def filter_tar(in_fd: int, out_fd: int, change: TarChange) -> None:
    """Copy a tar stream, leaving members out and changing modes and times; closes both."""
    await asyncio.to_thread(_filter, in_fd, out_fd, change)


async def write_tar(
    out_fd: int, items: Sequence[TarItem], context: ContextDirectory | None, options: TarOptions
) -> None:
    """Write and close; a reader that went away ends it with BrokenPipeError."""
    await asyncio.to_thread(_write, out_fd, items, context, options)


def _write(out_fd: int, items: Sequence[TarItem], context: ContextDirectory | None, options: TarOptions) -> None:
    with open(out_fd, "wb", buffering=_CHUNK) as out:
        if context is None:
            for item in items:
                _write_own(out, item, options)
        else:
            with context.reader() as reader:
                for item in items:
                    if item.entry is None:
                        _write_own(out, item, options)
                    else:
                        _write_entry(out, item.name, item.entry, reader, options)
        out.write(b"\0" * _BLOCK * 2)


def _filter(in_fd: int, out_fd: int, change: TarChange) -> None:
    with (
        open(in_fd, "rb", buffering=_CHUNK) as source,
        open(out_fd, "wb", buffering=_CHUNK) as out,
        tarfile.open(fileobj=source, mode="r|") as reader,
        tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as writer,
    ):
        for member in reader:
            relative = member.name.removeprefix(change.top).strip("/")
            if left_out(relative, change.exclude):
                continue
            if change.options.mode is not None and not member.issym():
                member.mode = change.options.mode
            if change.options.latest is not None:
                member.mtime = min(member.mtime, change.options.latest)
            writer.addfile(member, reader.extractfile(member) if member.isreg() else None)


def left_out(path: str, exclude: Sequence[re.Pattern[str]]) -> bool:
    """Whether a path relative to its source, or a directory it is in, matches."""
    while path:
        if any(pattern.fullmatch(path) for pattern in exclude):
            return True
        path = os.path.dirname(path)
    return False


def _write_own(out: BinaryIO, item: TarItem, options: TarOptions) -> None:
    if item.folder is not None:
        out.write(_encoded(_folder_header(item.name, item.folder)))
        return
    header = _header(item.name, options, tarfile.REGTYPE, 0o644 if item.file is None else 0o600)
    header.mtime = options.latest if options.latest is not None else 0
    if item.file is not None:
        header.size = item.file.stat().st_size
        out.write(_encoded(header))
        with item.file.open("rb") as source:
            _copy(source.fileno(), out, header.size)
        return
    text = item.text or b""
    header.size = len(text)
    out.write(_encoded(header))
    out.write(text + b"\0" * (-len(text) % _BLOCK))


def _write_entry(out: BinaryIO, name: str, entry: ContextEntry, reader: ContextReader, options: TarOptions) -> None:
    kind = tarfile.DIRTYPE if entry.is_directory else tarfile.SYMTYPE if entry.is_link else tarfile.REGTYPE
    header = _header(name, options, kind, stat.S_IMODE(entry.mode))
    header.mtime = _time(entry.mtime_ns, options)
    if entry.is_link:
        header.mode = 0o777
        header.linkname = os.readlink(os.path.basename(entry.path), dir_fd=reader.parent_of(entry.path))
        out.write(_encoded(header))
    elif entry.is_directory:
        out.write(_encoded(header))
    else:
        fd = reader.open(entry.path)
        try:
            header.size = os.fstat(fd).st_size
            out.write(_encoded(header))
            _copy(fd, out, header.size)
        finally:
            os.close(fd)


def _header(name: str, options: TarOptions, kind: bytes, mode: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type = kind
    header.uid, header.gid = options.uid, options.gid
    header.mode = mode if options.mode is None else options.mode
    return header


def _folder_header(name: str, folder: Folder) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type = tarfile.DIRTYPE
    header.mode, header.uid, header.gid, header.mtime = folder.mode, folder.uid, folder.gid, folder.mtime
    return header


def _time(mtime_ns: int, options: TarOptions) -> float:
    seconds = mtime_ns // 1_000_000_000
    return seconds if options.latest is None else min(seconds, options.latest)


def _encoded(header: tarfile.TarInfo) -> bytes:
    return header.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _copy(fd: int, out: BinaryIO, size: int) -> None:
    """Exactly `size` bytes, whatever happens to the file meanwhile, and the padding."""
    left = size
    while left:
        block = os.read(fd, min(left, _CHUNK))
        if not block:
            out.write(b"\0" * left)
            break
        out.write(block)
        left -= len(block)
    out.write(b"\0" * (-size % _BLOCK))
