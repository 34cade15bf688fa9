"""Tar streams for COPY and ADD, written from the host's side of the context and from texts. One thread per stream.

Headers are the keeper's, so a stream in the right order is byte for byte what the keeper would pack from the unpacked
tree: that is what lets a layer made of it be pushed later. No time is after a given source date.
"""

from __future__ import annotations

import asyncio
import os
import stat
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from engine.sandbox.keeper.layers.tar_writer import BLOCK, END, Entry, header, padded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.builder.context.directory import ContextDirectory, ContextEntry, ContextReader
    from engine.builder.language.globs import Glob

_SECOND: Final = 1_000_000_000
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
    exclude: Sequence[Glob]


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
        out.write(END)


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


def left_out(path: str, exclude: Sequence[Glob]) -> bool:
    """Whether a path relative to its source, or a directory it is in, matches."""
    while path:
        if any(pattern.matches(path) for pattern in exclude):
            return True
        path = os.path.dirname(path)
    return False


def _write_own(out: BinaryIO, item: TarItem, options: TarOptions) -> None:
    if item.folder is not None:
        folder = item.folder
        name = os.fsencode(item.name) + b"/"
        out.write(header(Entry(name, b"5", folder.mode, folder.uid, folder.gid, 0, folder.mtime * _SECOND), {}))
        return
    size = item.file.stat().st_size if item.file is not None else len(item.text or b"")
    entry = _entry(item.name, b"0", 0o644 if item.file is None else 0o600, options)
    out.write(header(entry._replace(size=size, mtime_ns=(options.latest or 0) * _SECOND), {}))
    if item.file is None:
        out.write(padded(item.text or b""))
        return
    with item.file.open("rb") as source:
        _copy(source.fileno(), out, size)


def _write_entry(out: BinaryIO, name: str, found: ContextEntry, reader: ContextReader, options: TarOptions) -> None:
    kind = b"5" if found.is_directory else b"2" if found.is_link else b"0"
    entry = _entry(name, kind, stat.S_IMODE(found.mode), options)._replace(mtime_ns=_time(found.mtime_ns, options))
    if found.is_directory:
        out.write(header(entry._replace(name=entry.name + b"/"), {}))
    elif found.is_link:
        target = os.readlink(os.path.basename(found.path), dir_fd=reader.parent_of(found.path))
        out.write(header(entry._replace(mode=0o777, link=os.fsencode(target)), {}))
    else:
        fd = reader.open(found.path)
        try:
            size = os.fstat(fd).st_size
            out.write(header(entry._replace(size=size), {}))
            _copy(fd, out, size)
        finally:
            os.close(fd)


def _entry(name: str, kind: bytes, mode: int, options: TarOptions) -> Entry:
    mode = mode if options.mode is None else options.mode
    return Entry(os.fsencode(name), kind, mode, options.uid, options.gid)


def _time(mtime_ns: int, options: TarOptions) -> int:
    """In whole seconds, as layers have them."""
    seconds = mtime_ns // _SECOND
    return (seconds if options.latest is None else min(seconds, options.latest)) * _SECOND


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
    out.write(b"\0" * (-size % BLOCK))
