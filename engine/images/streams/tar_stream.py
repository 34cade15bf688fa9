"""Reading a tar stream member by member, as it comes, from strangers: names, sizes, links, contents of image archives.

Understands ustar, GNU long names and pax. Everything a header claims is bounded before it is believed; what cannot be
part of an image archive (devices, sparse files) is passed over. Layers themselves are not read here but by the keeper.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.errors import Code, StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

BLOCK: Final = 512
_LARGEST_EXTENSION: Final = 1 << 20
_MOST_MEMBERS: Final = 100_000
_LONGEST_NAME: Final = 4096
_EXTENSIONS: Final = b"xgLK"
_FILES: Final = b"\0" + b"07"


@dataclass(frozen=True)
class Member:
    """One entry of the archive. `link` is set for symbolic and hard links."""

    name: str
    size: int
    is_file: bool
    link: str = ""
    hard: bool = False
    kind: bytes = b"0"
    """The type flag as tar has it."""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime: float = 0.0


class TarStream:
    """`async for member in stream.members()`, and within it `stream.read(limit)` or `stream.contents()`, or neither."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = bytearray()
        self._left = 0
        self._padding = 0
        self._at_end = False

    async def members(self) -> AsyncGenerator[Member, None]:
        seen = 0
        overrides: dict[str, str] = {}
        while (header := await self._next_header()) is not None:
            seen += 1
            if seen > _MOST_MEMBERS:
                raise bad_archive("it has more entries than any image archive needs")
            kind = header[156:157]
            size = _number(header[124:136])
            if kind in _EXTENSIONS and kind:
                overrides |= await self._extension(kind, size)
                continue
            size = int(overrides["size"]) if overrides.get("size", "").isdecimal() else size
            is_file = kind in _FILES
            self._left = size if is_file else 0
            self._padding = -self._left % BLOCK
            if not is_file and kind not in b"123456":
                self._left, self._padding = size, -size % BLOCK  # an unknown kind is skipped with its contents
            yield _member(header, kind, size, is_file=is_file, overrides=overrides)
            overrides = {}
            await self._skip()

    async def contents(self) -> AsyncGenerator[bytes, None]:
        """The current member's bytes."""
        while self._left:
            if not self._buffer and not await self._fill():
                raise bad_archive("it ends in the middle of an entry")
            taken = min(self._left, len(self._buffer))
            piece = bytes(self._buffer[:taken])
            del self._buffer[:taken]
            self._left -= taken
            yield piece

    async def read(self, limit: int) -> bytes:
        """The current member whole; refuses one larger than `limit`."""
        if self._left > limit:
            raise bad_archive(f"an entry of {self._left} bytes stands where a small document belongs")
        return b"".join([piece async for piece in self.contents()])

    async def _next_header(self) -> bytes | None:
        """The next header block, None at the end (two zero blocks, one, or just the end of the stream)."""
        while True:
            block = await self._exactly(BLOCK, optional=True)
            if block is None:
                return None
            if any(block):
                break
            async for _ in self._rest():  # the end is marked; whatever pads the stream is of no interest
                continue
            return None
        stated = _number(block[148:156])
        unsigned = sum(block[:148]) + 8 * 32 + sum(block[156:])
        if stated != unsigned:
            raise bad_archive("a header's checksum is wrong")
        return block

    async def _extension(self, kind: bytes, size: int) -> dict[str, str]:
        if size > _LARGEST_EXTENSION:
            raise bad_archive("an extended header is larger than any name can be")
        data = await self._exactly(size + -size % BLOCK) or b""
        data = data[:size]
        if kind == b"L":
            return {"path": _text(data.rstrip(b"\0"))}
        if kind == b"K":
            return {"linkpath": _text(data.rstrip(b"\0"))}
        return _pax_records(data) if kind == b"x" else {}

    async def _skip(self) -> None:
        async for _ in self.contents():
            continue
        if self._padding:
            await self._exactly(self._padding, optional=True)
        self._padding = 0

    async def _exactly(self, size: int, *, optional: bool = False) -> bytes | None:
        while len(self._buffer) < size:
            if not await self._fill():
                if optional and not self._buffer:
                    return None
                raise bad_archive("it ends in the middle of an entry")
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def _fill(self) -> bool:
        if self._at_end:
            return False
        async for chunk in self._chunks:
            if chunk:
                self._buffer += chunk
                return True
        self._at_end = True
        return False

    async def _rest(self) -> AsyncGenerator[bytes, None]:
        self._buffer.clear()
        while await self._fill():
            yield bytes(self._buffer)
            self._buffer.clear()


def header(name: str, size: int, *, mode: int = 0o644, mtime: int = 0) -> bytes:
    """A header for a file of an archive we write: nothing in it depends on when or by whom."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, mode, mtime
    return info.tobuf(tarfile.PAX_FORMAT)


def directory_header(name: str) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info.tobuf(tarfile.PAX_FORMAT)


def padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


END: Final = bytes(2 * BLOCK)


def bad_archive(reason: str) -> StorageError:
    return StorageError(
        "This is not an image archive that can be read",
        f"{reason[:1].upper()}{reason[1:]}.",
        code=Code.BAD_ARCHIVE,
        hint="Archives come from “docker save”, “podman save”, “skopeo copy” or from Wherry's Save.",
    )


def _member(block: bytes, kind: bytes, size: int, *, is_file: bool, overrides: dict[str, str]) -> Member:
    name = overrides.get("path", "")
    if not name:
        name = _text(block[:100].split(b"\0", 1)[0])
        prefix = _text(block[345:500].split(b"\0", 1)[0]) if block[257:263] == b"ustar\0" else ""
        name = f"{prefix}/{name}" if prefix else name
    link = ""
    if kind in (b"1", b"2"):
        link = overrides.get("linkpath") or _text(block[157:257].split(b"\0", 1)[0])
    if len(name) > _LONGEST_NAME or len(link) > _LONGEST_NAME:
        raise bad_archive("a name in it is longer than any path can be")
    return Member(
        name=name,
        size=size,
        is_file=is_file,
        link=link,
        hard=kind == b"1",
        kind=kind,
        mode=_number_or_zero(block[100:108]) & 0o7777,
        uid=_number_or_zero(block[108:116]),
        gid=_number_or_zero(block[116:124]),
        mtime=float(_number_or_zero(block[136:148])),
    )


def _number(field: bytes) -> int:
    """Octal text, or GNU's base 256 for what does not fit."""
    if field and field[0] & 0x80:
        if field[0] != 0x80:
            raise bad_archive("a header has a negative number")
        value = int.from_bytes(field[1:], "big")
    else:
        text = field.split(b"\0", 1)[0].strip()
        try:
            value = int(text, 8) if text else 0
        except ValueError:
            raise bad_archive("a header has no number where one belongs") from None
    if not 0 <= value < 1 << 50:
        raise bad_archive("an entry claims an impossible size")
    return value


def _number_or_zero(field: bytes) -> int:
    """For what only describes: a file from before 1970 is no reason to refuse an archive."""
    try:
        return _number(field)
    except StorageError:
        return 0


def _pax_records(data: bytes) -> dict[str, str]:
    """ "LENGTH KEY=VALUE\\n" again and again; only the keys we use."""
    records: dict[str, str] = {}
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 10)
        digits = data[position:space]
        if space < 0 or not digits.isdigit():
            raise bad_archive("an extended header is malformed")
        length = int(digits)
        record = data[space + 1 : position + length]
        key, equals, value = record.partition(b"=")
        if length <= space + 1 - position or not equals or not value.endswith(b"\n"):
            raise bad_archive("an extended header is malformed")
        if key in (b"path", b"linkpath", b"size"):
            records[key.decode()] = _text(value[:-1])
        position += length
    if len(records.get("size", "")) > 15:
        raise bad_archive("an entry claims an impossible size")
    return records


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")
