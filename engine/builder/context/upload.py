"""A build context that arrives as a tar stream, unpacked where only this engine writes.

Nobody else can change the directory meanwhile, so looking at each parent before using it is enough: links are never
followed, and names that would leave are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import tarfile
import zlib
from typing import IO, TYPE_CHECKING, Final, cast

from engine.errors import Code, StorageError
from engine.images.streams.decompress import decompress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

_MOST_ENTRIES: Final = 2_000_000
_CHUNKS_WAITING: Final = 8


async def receive_context(stream: AsyncIterator[bytes], into: Path) -> None:
    """Unpack the stream, compressed or not, as it comes."""
    chunks: queue.Queue[bytes | None] = queue.Queue(_CHUNKS_WAITING)
    unpacking = asyncio.create_task(asyncio.to_thread(_unpack, chunks, into))
    try:
        async for chunk in stream:
            await _put(chunks, chunk, unpacking)
            if unpacking.done():
                break
    finally:
        await _put(chunks, None, unpacking)
        await unpacking


async def _put(chunks: queue.Queue[bytes | None], chunk: bytes | None, unpacking: asyncio.Task[None]) -> None:
    while not unpacking.done():
        with contextlib.suppress(queue.Full):
            chunks.put_nowait(chunk)
            return
        await asyncio.sleep(0.002)


class _Stream:
    """The decompressed chunks as a file for tarfile.

    docker's command line leaves out what should follow the last file of an archive it has put a Dockerfile into: even
    the rest of that file's last block, which is filled up here.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self._ended = False
        self.length = 0
        """What really came, so far."""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and not self._ended:
            try:
                piece = next(self._pieces, b"")
            except StorageError as error:
                details = error.explanation
                raise StorageError("The build context is damaged", details, code=Code.BAD_ARCHIVE) from error
            self.length += len(piece)
            self._ended = not piece
            self._rest += piece or bytes(-self.length % tarfile.BLOCKSIZE)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def _unpack(chunks: queue.Queue[bytes | None], into: Path) -> None:
    into.mkdir(parents=True, mode=0o700)
    stream = _Stream(decompress(iter(chunks.get, None)))
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|", errorlevel=1) as archive:
            for number, member in enumerate(archive):
                if number > _MOST_ENTRIES:
                    raise StorageError("The build context has too many entries", code=Code.BAD_ARCHIVE)
                _take(archive, member, into)
                if member.isreg() and member.offset_data + member.size > stream.length:
                    raise StorageError("The build context ends in the middle of a file", code=Code.BAD_ARCHIVE)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise StorageError("The build context is no tar archive", str(error), code=Code.BAD_ARCHIVE) from error


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    path = _place(member.name, into)
    if path is None or path == into:
        return
    if os.path.lexists(path) and not (member.isdir() and path.is_dir() and not path.is_symlink()):
        if path.is_dir() and not path.is_symlink():
            raise StorageError(f"The build context replaces a directory: {member.name}", code=Code.BAD_ARCHIVE)
        path.unlink()
    if member.isdir():
        path.mkdir(exist_ok=True)
    elif member.issym():
        path.symlink_to(member.linkname)
        return
    elif member.islnk():
        source = _place(member.linkname, into)
        if source is None or source.is_symlink() or not source.is_file():
            raise StorageError(f"The build context links to nothing: {member.name}", code=Code.BAD_ARCHIVE)
        os.link(source, path, follow_symlinks=False)
        return
    elif member.isreg():
        _write(archive, member, path)
    else:
        return
    path.chmod(member.mode & 0o7777 | (0o700 if member.isdir() else 0o400))
    os.utime(path, (member.mtime, member.mtime))


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    source = archive.extractfile(member)
    assert source is not None
    with path.open("xb") as out:
        while block := source.read(1 << 20):
            out.write(block)


def _place(name: str, into: Path) -> Path | None:
    """Where a name goes; its parents are made, and are real directories."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name:
        raise StorageError(f"The build context has a path that leads out of it: {name}", code=Code.BAD_ARCHIVE)
    path = into
    for part in parts[:-1]:
        path = path / part
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise StorageError(f"The build context goes through a link: {name}", code=Code.BAD_ARCHIVE)
        path.mkdir(exist_ok=True)
    return path / parts[-1] if parts else into
