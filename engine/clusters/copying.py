"""Files into and out of a pod's container, as tar over exec. The container needs tar; to be copied into, sh and head.

The older of both exec protocols cannot say that the input is over, and tar waits for that: so the archive's size is
known before it is sent, and `head` in the pod ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import posixpath
import stat
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, TypeAlias

from engine.errors import InvalidRequest, NotFound, RuntimeFailure, WherryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from engine.clusters.streams import ClusterExec

Start: TypeAlias = "Callable[[Sequence[str]], Awaitable[ClusterExec]]"
"""Starts a command in the container."""

_PIECE = 256 << 10
_BLOCK = 512
_MOST_TOLD = 4000
_UNPACK = 'head -c "$1" | tar -xf - -C "$2"'


async def copy_out(start: Start, path: str, folder: str) -> int:
    """A file or folder of the container into a folder here; how many files that were."""
    parent, name = posixpath.split(posixpath.normpath(path))
    if not path.startswith("/"):
        raise InvalidRequest("A path in a pod begins with /", subject=path)
    if not await asyncio.to_thread(os.path.isdir, folder):
        raise NotFound(f"There is no folder {folder}", subject=folder)
    session = await start(("tar", "-cf", "-", "-C", parent or "/", name or "."))
    reading, writing = os.pipe()
    unpacking = asyncio.create_task(asyncio.to_thread(_unpack, reading, folder))
    told = b""
    try:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            while (piece := await session.read()) is not None:
                if piece[0] == "stderr":
                    told = (told + piece[1])[-_MOST_TOLD:]
                elif not unpacking.done():
                    with contextlib.suppress(BrokenPipeError):  # what it could not take, it tells below
                        await asyncio.to_thread(_write_all, pipe, piece[1])
        code = await session.exit_code()
    finally:
        await session.close()
        [count] = await asyncio.gather(unpacking, return_exceptions=True)
    _check(code, told, f"{path} cannot be copied")
    if isinstance(count, BaseException):
        raise RuntimeFailure(f"{path} cannot be written to {folder}", str(count)) from count
    return count


def _write_all(pipe: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[pipe.write(view) :]


def _unpack(reading: int, folder: str) -> int:
    """What would leave the folder, or be a device, is refused by tarfile's own filter."""
    count = 0
    with os.fdopen(reading, "rb") as source, tarfile.open(fileobj=source, mode="r|") as archive:
        for entry in archive:
            archive.extract(entry, folder, filter="data")
            count += entry.isfile()
        while source.read(_PIECE):
            pass  # what fills the last record
    return count


def _check(code: int, told: bytes, what: str) -> None:
    if code:
        raise RuntimeFailure(what, told.decode(errors="replace").strip() or f"tar ended with {code}.", exit_code=code)


# --- into ---


@dataclass
class _Packing:
    """What will be sent, measured before: a file that changes meanwhile breaks the copy off, and is told."""

    entries: list[tuple[str, tarfile.TarInfo]]
    size: int


async def copy_in(start: Start, path: str, folder: str) -> int:
    """A file or folder of this computer into a folder of the container; how many files that were."""
    if not folder.startswith("/"):
        raise InvalidRequest("A path in a pod begins with /", subject=folder)
    packing = await asyncio.to_thread(_measure, path)
    session = await start(("sh", "-c", _UNPACK, "sh", str(packing.size), folder))
    reading, writing = os.pipe()
    sending = asyncio.create_task(_send(session, reading))
    told = b""
    try:
        writer = asyncio.create_task(asyncio.to_thread(_pack, writing, packing))
        while (piece := await session.read()) is not None:
            told = (told + piece[1])[-_MOST_TOLD:]
        code = await session.exit_code()
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        os.close(reading)
        [count] = await asyncio.gather(writer, return_exceptions=True)
        await session.close()
    if isinstance(count, WherryError):
        raise count
    _check(code, told, f"{path} cannot be copied")
    if isinstance(count, BaseException):
        raise RuntimeFailure(f"{path} cannot be read", str(count)) from count
    return count


async def _send(session: ClusterExec, reading: int) -> None:
    while data := await asyncio.to_thread(os.read, reading, _PIECE):
        await session.write(data)


def _measure(path: str) -> _Packing:
    if not os.path.lexists(path):
        raise NotFound(f"There is no {path}", subject=path)
    top = os.path.basename(os.path.abspath(path))
    found: list[tuple[str, str]] = [(path, top)]
    for directory, folders, files in os.walk(path):
        relative = os.path.relpath(directory, path)
        inside = top if relative == "." else os.path.join(top, relative)
        found += [(os.path.join(directory, name), os.path.join(inside, name)) for name in (*folders, *files)]
    size, entries = 0, []
    # Nothing is read here; an archive that writes nowhere knows how an entry's head is made.
    with tarfile.open(os.devnull, "w", format=tarfile.PAX_FORMAT) as archive:
        for place, name in found:
            if stat.S_ISSOCK(os.lstat(place).st_mode):
                continue  # which no archive holds
            entry = archive.gettarinfo(place, name)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            if entry.islnk():  # each name gets the contents: what another archive holds is not here
                entry.type, entry.linkname = tarfile.REGTYPE, ""
                entry.size = os.lstat(place).st_size
            size += len(entry.tobuf(archive.format)) + -(-entry.size // _BLOCK) * _BLOCK * entry.isreg()
            entries.append((place, entry))
    return _Packing(entries, -(-(size + 2 * _BLOCK) // tarfile.RECORDSIZE) * tarfile.RECORDSIZE)


def _pack(writing: int, packing: _Packing) -> int:
    count = 0
    with os.fdopen(writing, "wb") as target:
        with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for place, entry in packing.entries:
                if entry.isreg():
                    with open(place, "rb") as file:
                        archive.addfile(entry, file)
                    count += 1
                else:
                    archive.addfile(entry)
    return count
