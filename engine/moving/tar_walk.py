"""A tar as it streams by: its members sent on or left out as they are, and marks of what is in it. Pure."""

from __future__ import annotations

import asyncio
import hashlib
import tarfile
from typing import TYPE_CHECKING

from engine.types.files import FileMark, FileMarkKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

_BLOCK = 512
_LARGEST_HEAD = 4 << 20
_EXTENSIONS = (
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
)  # fmt: skip
_KINDS: dict[bytes, FileMarkKind] = {
    tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "symlink", tarfile.LNKTYPE: "hardlink", tarfile.FIFOTYPE: "fifo",
    tarfile.CHRTYPE: "device", tarfile.BLKTYPE: "device",
}  # fmt: skip
END = bytes(2 * _BLOCK)


class TarWalk:
    """Feed it pieces; it gives those to send on. `keeps` says which members are sent; `marks` has them all."""

    def __init__(self, keeps: Callable[[str], bool] | None = None, *, marking: bool = True) -> None:
        self.marks: dict[str, FileMark] = {}
        self._keeps = keeps
        self._marking = marking
        self._kept = bytearray()
        self._head = bytearray()
        self._left = 0
        self._padding = 0
        self._sends = True
        self._name = ""
        self._info: tarfile.TarInfo | None = None
        self._digest = hashlib.sha256()

    def feed(self, data: bytes) -> bytes:
        """Contents are passed on as they lie in the piece; only the beginning of a head is kept for the next one."""
        view, at, out = memoryview(bytes(self._kept) + data if self._kept else data), 0, list[bytes | memoryview]()
        self._kept.clear()
        while at < len(view):
            step = self._contents(view[at:], out) if self._left or self._padding else self._take_head(view[at:], out)
            if not step:
                break
            at += step
        self._kept += view[at:]
        return b"".join(out)

    def _contents(self, view: memoryview, out: list[bytes | memoryview]) -> int:
        step = min(self._left or self._padding, len(view))
        piece = view[:step]
        if self._sends:
            out.append(piece)
        if self._left:
            if self._marking:
                self._digest.update(piece)
            self._left -= step
            if not self._left:
                self._mark()
        else:
            self._padding -= step
        return step

    def _take_head(self, view: memoryview, out: list[bytes | memoryview]) -> int:
        """One header, or an extension before it; gives its length, 0 where more bytes are needed."""
        if len(view) < _BLOCK:
            return 0
        block = bytes(view[:_BLOCK])
        if not any(block):
            return _BLOCK  # the end is written by whoever sends
        size = int(tarfile.nti(block[124:136]))  # type: ignore[attr-defined]
        kind = block[156:157]
        padded = size + -size % _BLOCK
        if kind in _EXTENSIONS:
            if padded > _LARGEST_HEAD:
                raise tarfile.HeaderError("a header is too large")
            if len(view) < _BLOCK + padded:
                return 0
            self._head += view[: _BLOCK + padded]
            return _BLOCK + padded
        self._head += block
        self._begin(out)
        return _BLOCK

    def _begin(self, out: list[bytes | memoryview]) -> None:
        info = _parsed(bytes(self._head))
        self._info, self._name = info, normal(info.name)
        self._left = info.size if info.isreg() else 0
        self._padding = -self._left % _BLOCK
        self._sends = self._keeps is None or self._keeps(self._name)
        if self._sends:
            out.append(bytes(self._head))
        self._head.clear()
        self._digest = hashlib.sha256()
        if not self._left:
            self._mark()

    def _mark(self) -> None:
        info = self._info
        if info is None or not self._marking:
            return
        self.marks[self._name] = FileMark(
            path=self._name,
            kind=_KINDS.get(info.type, "file"),
            size=info.size if info.isreg() else 0,
            mode=info.mode & 0o7777,
            uid=info.uid,
            gid=info.gid,
            link=normal(info.linkname) if info.islnk() else info.linkname if info.issym() else "",
            digest=self._digest.hexdigest() if info.isreg() else "",
        )


def _parsed(head: bytes) -> tarfile.TarInfo:
    import io

    with tarfile.open(fileobj=io.BytesIO(head + END), mode="r:", ignore_zeros=True) as archive:
        found = archive.next()
    if found is None:
        raise tarfile.HeaderError("a header without a member")
    return found


def normal(name: str) -> str:
    """Without "./" and slashes at the ends; "" is the tree's own directory."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "/".join(parts)


async def walked(
    source: AsyncIterator[bytes], walk: TarWalk, *, told: Callable[[int], None] | None = None
) -> AsyncGenerator[bytes, None]:
    """What the walk sends on, with a tar's end behind it."""
    async for piece in source:
        out = await asyncio.to_thread(walk.feed, piece)
        if out:
            if told is not None:
                told(len(out))
            yield out
    yield END


async def marks_of(source: AsyncIterator[bytes]) -> dict[str, FileMark]:
    """All that is in a tar, nothing of it kept."""
    walk = TarWalk(lambda _name: False)
    async for piece in source:
        await asyncio.to_thread(walk.feed, piece)
    return walk.marks
