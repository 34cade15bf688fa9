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
from typing import IO, TYPE_CHECKING, TypeAlias

from engine.errors import InvalidRequest, NotFound, RuntimeFailure
from engine.tars.packing import pack, packed_size
from engine.tars.unpacking import unpack

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from engine.clusters.streams import ClusterExec

Start: TypeAlias = "Callable[[Sequence[str]], Awaitable[ClusterExec]]"
"""Starts a command in the container."""

_PIECE = 256 << 10
_MOST_TOLD = 4000
UNPACK = 'head -c "$1" | tar -xf - -C "$2"'


async def copy_out(start: Start, path: str, target: str) -> int:
    """A file or folder of the container into a folder here, or to a name that is not a folder; how many files that
    were."""
    parent, name = posixpath.split(posixpath.normpath(path))
    if not path.startswith("/"):
        raise InvalidRequest("A path in a pod begins with /", subject=path)
    folder, rename = await asyncio.to_thread(_landing, target)
    session = await start(("tar", "-cf", "-", "-C", parent or "/", name or "."))
    reading, writing = os.pipe()
    unpacking = asyncio.create_task(asyncio.to_thread(_unpack, reading, folder, rename))
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
        raise RuntimeFailure(f"{path} cannot be written to {target}", str(count)) from count
    return count


def _landing(target: str) -> tuple[str, str | None]:
    if os.path.isdir(target):
        return target, None
    folder, name = os.path.split(os.path.abspath(target))
    if target.endswith("/") or not os.path.isdir(folder):
        raise NotFound(f"There is no folder {target if target.endswith('/') else folder}", subject=target)
    return folder, name


def _write_all(pipe: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[pipe.write(view) :]


def _unpack(reading: int, folder: str, rename: str | None) -> int:
    with os.fdopen(reading, "rb", buffering=0) as source:
        count = unpack(iter(lambda: source.read(_PIECE), b""), folder, rename)
        while source.read(_PIECE):
            pass  # what fills the last record
    return count


def _check(code: int, told: bytes, what: str) -> None:
    if code:
        raise RuntimeFailure(what, told.decode(errors="replace").strip() or f"tar ended with {code}.", exit_code=code)


# --- into ---


async def copy_in(start: Start, path: str, target: str) -> int:
    """A file or folder of this computer into a folder of the container, or to a name that is no folder there; how many
    files that were."""
    if not target.startswith("/"):
        raise InvalidRequest("A path in a pod begins with /", subject=target)
    folder, name = target, posixpath.basename(posixpath.normpath(path))
    if not target.endswith("/") and not await _is_folder(start, target):
        folder, name = posixpath.split(target)
    entries, size = await asyncio.to_thread(_measured, path, name)
    session = await start(("sh", "-c", UNPACK, "sh", str(size), folder or "/"))
    sending = asyncio.create_task(_send(session, entries))
    told = b""
    try:
        while (piece := await session.read()) is not None:
            told = (told + piece[1])[-_MOST_TOLD:]
        code = await session.exit_code()
    finally:
        sending.cancel()
        [problem] = await asyncio.gather(sending, return_exceptions=True)
        await session.close()
    _check(code, told, f"{path} cannot be copied")
    if isinstance(problem, OSError) and not isinstance(problem, ConnectionError):
        raise RuntimeFailure(f"{path} cannot be read", str(problem)) from problem
    return sum(stat.S_ISREG(mode) for _, _, mode in entries)


async def _send(session: ClusterExec, entries: list[tuple[str, str, int]]) -> None:
    pieces = pack((place, name) for place, name, _ in entries)
    while data := await asyncio.to_thread(next, pieces, b""):
        await session.write(data)


async def _is_folder(start: Start, path: str) -> bool:
    session = await start(("sh", "-c", '[ -d "$1" ]', "sh", path))
    try:
        while await session.read() is not None:
            pass
        return await session.exit_code() == 0
    finally:
        await session.close()


def _measured(path: str, top: str) -> tuple[list[tuple[str, str, int]], int]:
    """Places, names in the archive and kinds; and how large the archive will be. What changes its size afterwards keeps
    the one of before."""
    if not os.path.lexists(path):
        raise NotFound(f"There is no {path}", subject=path)
    found = [(path, top)]
    for directory, folders, files in os.walk(path):
        relative = os.path.relpath(directory, path)
        inside = top if relative == "." else os.path.join(top, relative)
        found += [(os.path.join(directory, name), os.path.join(inside, name)) for name in sorted((*folders, *files))]
    return [(place, name, os.lstat(place).st_mode) for place, name in found], packed_size(found)
