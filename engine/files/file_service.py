"""The files room as the facade shows it (`facade.Files`).

Every path goes through the keeper, which resolves it inside the tree with openat2(RESOLVE_IN_ROOT): no link in a
container, however it is swapped about meanwhile, leads out of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import posixpath
import stat
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from engine.errors import Conflict, InvalidRequest
from engine.files.marks import Marks, changes_in, removed_entries
from engine.files.refusals import told
from engine.files.spots import Spots
from engine.moving.tar_walk import marks_of
from engine.sandbox.pipes import wide_pipe
from engine.types.files import DirectoryEntry, FileMark, FileStat, Place
from engine.types.images import FileKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from engine.files.spots import Spot
    from engine.files.tree import Trees
    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.files import FileInfo

_CHUNK = 256 * 1024
_MOST_READ = 256 << 20
_KINDS = {
    stat.S_IFREG: FileKind.FILE,
    stat.S_IFDIR: FileKind.DIRECTORY,
    stat.S_IFLNK: FileKind.SYMLINK,
    stat.S_IFIFO: FileKind.FIFO,
    stat.S_IFSOCK: FileKind.FIFO,
    stat.S_IFCHR: FileKind.DEVICE,
    stat.S_IFBLK: FileKind.DEVICE,
}


class FileService:
    """Implements `facade.Files`."""

    def __init__(self, keeper: Keeper, trees: Trees) -> None:
        self._keeper = keeper
        self._trees = trees
        self._spots = Spots(keeper)

    async def close(self) -> None:
        """Nothing is held between calls."""

    # --- looking ---

    async def list(self, place: Place, path: str) -> Sequence[DirectoryEntry]:
        """The entries of one directory, sorted by name, with what the container changed."""
        async with self._trees.tree(place) as tree:
            spot = await self._spots.spot(tree, path, follow=True)
            with told(path):
                entries = await self._keeper.list_directory(spot.root, spot.path)
            marks = Marks()
            if tree.upper and not spot.mounted:
                marks = await changes_in(self._keeper, tree, spot.path)
        found = [_entry(info, marks.changed(info.name)) for info in entries]
        found += removed_entries(marks, {info.name for info in entries})
        return sorted(found, key=lambda entry: entry.name)

    async def stat(self, place: Place, path: str) -> FileStat:
        """Of the link itself where it is one, unless the path ends in "/" or "/."."""
        async with self._trees.tree(place) as tree:
            follow = _names_contents(path)
            spot = await self._spots.spot(tree, path, follow=follow)
            with told(path):
                info = await self._keeper.stat(spot.root, spot.path, follow=follow)
                target = info.link
                if target and not spot.mounted:
                    with contextlib.suppress(OSError):
                        target = await self._keeper.real_path(spot.root, spot.path)
        name = posixpath.basename(posixpath.normpath(path)) or "/"
        return FileStat(name=name, size=info.size, mode=info.mode, mtime=info.mtime_ns / 1e9, link_target=target)

    async def read(self, place: Place, path: str, *, offset: int = 0, limit: int = 1 << 20) -> bytes:
        if offset < 0 or limit < 0 or limit > _MOST_READ:
            raise InvalidRequest("So much cannot be read at once", subject=path)
        async with self._trees.tree(place) as tree:
            spot = await self._spots.spot(tree, path, follow=True)
            with told(path):
                fd = await self._keeper.open_file(
                    spot.root, spot.path, os.O_RDONLY | os.O_NONBLOCK, most=offset + limit
                )
            try:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    raise InvalidRequest(f"{path} is not a file that can be read", subject=path)
                with told(path):
                    return await asyncio.to_thread(_pread_all, fd, limit, offset)
            finally:
                os.close(fd)

    # --- changing ---

    async def write(self, place: Place, path: str, data: bytes, *, mode: int | None = None) -> None:
        async with self._writable(place, path, follow=True) as spot:
            await self._keeper.write_file(spot.root, spot.path, data, mode=mode)

    async def rename(self, place: Place, path: str, new_path: str) -> None:
        async with self._trees.tree(place) as tree:
            old, new = await self._spots.spot(tree, path), await self._spots.spot(tree, new_path)
            _must_be_writable(old, path)
            _must_be_writable(new, new_path)
            if old.root != new.root:
                raise Conflict(
                    "That would move the file to another volume", "Download it there and upload it here.", subject=path
                )
            with told(path):
                await self._keeper.rename(old.root, old.path, new.path)

    async def make_directory(self, place: Place, path: str) -> None:
        async with self._writable(place, path) as spot:
            await self._keeper.make_directory(spot.root, spot.path)

    async def remove(self, place: Place, path: str) -> None:
        async with self._writable(place, path) as spot:
            if spot.path.strip("/") == "":
                raise Conflict("That is the whole tree", "It cannot be removed here.", subject=path)
            await self._keeper.remove(spot.root, spot.path)

    # --- tar streams ---

    async def marks(self, place: Place) -> Sequence[FileMark]:
        """Read where it is, so that whoever compares two machines fetches no contents."""
        async with contextlib.aclosing(self.download(place, "/")) as pieces:
            return list((await marks_of(pieces)).values())

    async def download(self, place: Place, path: str) -> AsyncGenerator[bytes, None]:
        """A tar stream, as `docker cp` gets it: the entry is called by its name, or "." for "DIRECTORY/."."""
        async with self._trees.tree(place) as tree:
            follow = _names_contents(path)
            spot = await self._spots.spot(tree, path, follow=follow)
            with told(path):
                inside = await self._keeper.real_path(spot.root, spot.path) if follow else spot.path
                await self._keeper.stat(spot.root, inside)
            name = "." if path.endswith("/.") else posixpath.basename(posixpath.normpath(path)) or "."
            mounted = await self._spots.mounted_below(tree, path, name, follow=follow)
            packed = self._keeper.packed(spot.root, path=inside, name=name, mounted=mounted)
            with told(path):
                async with aclosing(packed) as pieces:
                    async for piece in pieces:
                        yield piece

    async def upload(
        self,
        place: Place,
        path: str,
        tar: AsyncIterator[bytes],
        *,
        no_overwrite_kind: bool = False,
        copy_owner: bool = False,
    ) -> None:
        """Unpack a tar stream into a directory. Without `copy_owner` all belongs to root, as with `docker cp`."""
        async with self._trees.tree(place) as tree:
            spot = await self._spots.spot(tree, path, follow=True)
            _must_be_writable(spot, path)
            with told(path):
                target = await self._keeper.real_path(spot.root, spot.path)
                if not stat.S_ISDIR((await self._keeper.stat(spot.root, target, follow=True)).mode):
                    raise Conflict(f"{path} is not a directory", subject=path)
            read_end, write_end = wide_pipe()
            feeding = asyncio.create_task(_feed(write_end, tar), name=f"upload {path}")
            try:
                with told(path):
                    await self._keeper.unpack(
                        read_end,
                        spot.root / target.lstrip("/"),
                        root=spot.root,
                        layer=False,
                        owner=None if copy_owner else (0, 0),
                        no_overwrite_kind=no_overwrite_kind,
                    )
                os.close(read_end)
                read_end = -1
                await feeding
            finally:
                if read_end >= 0:
                    os.close(read_end)
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)

    # --- inside ---

    @asynccontextmanager
    async def _writable(self, place: Place, path: str, *, follow: bool = False) -> AsyncIterator[Spot]:
        async with self._trees.tree(place) as tree:
            spot = await self._spots.spot(tree, path, follow=follow)
            _must_be_writable(spot, path)
            with told(path):
                yield spot


def _entry(info: FileInfo, changed: str) -> DirectoryEntry:
    return DirectoryEntry(
        name=info.name,
        kind=_KINDS.get(stat.S_IFMT(info.mode), FileKind.FILE),
        size=info.size if stat.S_ISREG(info.mode) else 0,
        mode=info.mode,
        uid=info.uid,
        gid=info.gid,
        mtime=info.mtime_ns / 1e9,
        link=info.link,
        changed=changed,  # type: ignore[arg-type] # one of the four words
    )


def _names_contents(path: str) -> bool:
    """ "x/" and "x/." mean what is in it, through a link too."""
    return path.endswith(("/", "/."))


def _must_be_writable(spot: Spot, path: str) -> None:
    if spot.read_only:
        raise Conflict("This place is read-only", f"{path} cannot be changed.", subject=path)


def _pread_all(fd: int, limit: int, offset: int) -> bytes:
    pieces = []
    while limit > 0 and (piece := os.pread(fd, min(limit, 1 << 20), offset)):
        pieces.append(piece)
        offset += len(piece)
        limit -= len(piece)
    return b"".join(pieces)


async def _feed(write_end: int, tar: AsyncIterator[bytes]) -> None:
    """A reader that goes away early has said why itself."""
    try:
        async for piece in tar:
            await asyncio.to_thread(_write_all, write_end, piece)
    except BrokenPipeError:
        return
    finally:
        os.close(write_end)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
