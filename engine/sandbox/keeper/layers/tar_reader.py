"""Read a tar stream: ustar, pax (with attributes), GNU long names, the four GNU ways of sparse files. Trusts nothing.

One pass, no seeking, names as bytes. The data of a member is read before the next is asked for.
"""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.sandbox.keeper.layers.digesting import BUFFER, Digester
from engine.sandbox.keeper.requests import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK = 512
LARGEST_HEADER = 1 << 20
"""Of a pax header or a GNU long name: far beyond PATH_MAX, far below trouble."""
MOST_HOLES = 100_000
LARGEST_MAP = 4 << 20
_ZEROS = bytes(BLOCK)

REGULAR = frozenset(b"0\x007")
FILE, LINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO = b"0123456"
GNU_LONG_NAME, GNU_LONG_LINK, GNU_SPARSE = b"LKS"
PAX, PAX_GLOBAL, PAX_SOLARIS = b"xgX"

_WITHOUT_DATA = frozenset((LINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO))

Segments = list[tuple[int, int]]
"""Offset and length of what is not a hole."""


class Member:
    """One entry. `stored` bytes of data follow it in the stream, `size` is what the file will have."""

    __slots__ = (
        "attributes", "device", "gid", "kind", "link", "mode", "mtime_ns", "name", "segments", "size", "stored", "uid",
    )  # fmt: skip

    def __init__(self, name: bytes, kind: int, size: int) -> None:
        self.name = name
        self.kind = kind
        self.size = size
        self.stored = size
        self.mode = 0
        self.uid = 0
        self.gid = 0
        self.mtime_ns = 0
        self.link = b""
        self.device = (0, 0)
        self.attributes: dict[bytes, bytes] = {}
        self.segments: Segments | None = None


class Source:
    """The stream as exact pieces. With a digester, all of it is hashed on the way (`digest`)."""

    def __init__(self, fd: int, most: int, digester: Digester | None, progress: Callable[[int], None]) -> None:
        self._fd = fd
        self._most = most
        self._digester = digester
        self._progress = progress
        self._progress_due = 0.0
        self.digest = hashlib.sha256()
        self.total = 0
        self._buffer = bytearray(0 if digester else BUFFER)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0

    def _fill(self) -> bool:
        """More bytes; False at the end. What was left of the buffer must have been taken."""
        if self._digester:
            if self._buffer:
                self._digester.release(self._buffer)
            self._buffer = self._digester.free.get()
            self._view = memoryview(self._buffer)
        got = os.readv(self._fd, [self._buffer])
        self._start, self._end = 0, got
        self.total += got
        if self.total > self._most:
            raise BadInput(f"the archive is larger than the {self._most} bytes allowed")
        if self._digester and got:
            self._digester.update(self.digest, self._view[:got])
        now = time.monotonic()
        if now >= self._progress_due:
            self._progress_due = now + 0.1
            self._progress(self.total)
        return got > 0

    def take(self, count: int, what: bytes) -> bytes:
        """Exactly `count` bytes, few enough to hold."""
        if self._end - self._start >= count:
            self._start += count
            return bytes(self._view[self._start - count : self._start])
        return b"".join(bytes(piece) for piece in self.pieces(count, what))

    def header(self) -> bytes | None:
        """The next block, or None at a clean end of the stream."""
        if self._start == self._end and not self._fill():
            return None
        return self.take(BLOCK, b"a header")

    def whole(self, count: int) -> memoryview | None:
        """`count` bytes as one view, good as long as those of `pieces`; None if they are not all in the buffer yet."""
        if self._end - self._start < count:
            return None
        self._start += count
        return self._view[self._start - count : self._start]

    def pieces(self, count: int, what: bytes) -> Iterator[memoryview]:
        """`count` bytes as views; each is good until the next is asked for (or, with a digester, until released)."""
        while count > 0:
            if self._start == self._end and not self._fill():
                raise BadInput(f"the archive ends in the middle of {show(what)}")
            length = min(count, self._end - self._start)
            self._start += length
            count -= length
            yield self._view[self._start - length : self._start]

    def skip(self, count: int, what: bytes) -> None:
        if self._end - self._start >= count:
            self._start += count
            return
        for _ in self.pieces(count, what):
            pass

    def drain(self) -> None:
        """To the end of the stream, so that its writer is not cut off and its digest is whole."""
        while self._fill():
            pass
        self._progress(self.total)


class TarReader:
    """Iterate for members; what is unread of a member's data is skipped."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._unread = 0
        self._padding = 0
        self._global: dict[bytes, bytes] = {}

    def __iter__(self) -> Iterator[Member]:
        while member := self._next():
            yield member
            self._source.skip(self._unread + self._padding, member.name)
            self._unread = self._padding = 0

    def data(self, member: Member) -> Iterator[memoryview]:
        """The stored bytes of the member just given."""
        self._unread = 0
        return self._source.pieces(member.stored, member.name)

    def whole(self, member: Member) -> memoryview | None:
        """The same in one piece, if they are at hand; else None, and nothing was taken."""
        data = self._source.whole(member.stored)
        if data is not None:
            self._unread = 0
        return data

    def _next(self) -> Member | None:
        pax: dict[bytes, bytes] = {}
        long_name = long_link = b""
        for _ in range(64):
            block = self._source.header()
            if block is None or block == _ZEROS:
                if pax or long_name or long_link:
                    raise BadInput("the archive ends after the extended header of a file")
                return None
            kind, size = block[156], _verified_size(block)
            if kind in (PAX, PAX_SOLARIS):
                pax = _pax_records(self._extended(size))
            elif kind == PAX_GLOBAL:
                self._global |= _pax_records(self._extended(size))
            elif kind == GNU_LONG_NAME:
                long_name = self._extended(size).partition(b"\0")[0]
            elif kind == GNU_LONG_LINK:
                long_link = self._extended(size).partition(b"\0")[0]
            else:
                return self._member(block, size, {**self._global, **pax}, long_name, long_link)
        raise BadInput("the archive has nothing but extended headers")

    def _extended(self, size: int) -> bytes:
        if size > LARGEST_HEADER:
            raise BadInput(f"an extended header of {size} bytes")
        data = self._source.take(size, b"an extended header")
        self._source.skip(-size % BLOCK, b"an extended header")
        return data

    def _member(self, block: bytes, size: int, pax: dict[bytes, bytes], long_name: bytes, long_link: bytes) -> Member:
        member = Member(long_name or _name(block), block[156], size)
        member.mode, member.uid, member.gid = _mode_and_owner(block[100:124])
        member.mtime_ns = _whole_seconds(block[136:148])
        member.link = long_link or block[157:257].partition(b"\0")[0]
        if member.kind in (CHARACTER, BLOCK_DEVICE):
            member.device = (_number(block[329:337]), _number(block[337:345]))
        if pax:
            _apply(member, pax)
        if member.kind in REGULAR:
            # The oldest archives tell a directory by its slash.
            member.kind = DIRECTORY if member.name.endswith(b"/") else FILE
        elif member.kind in _WITHOUT_DATA:
            # Some writers note the size of what a link points to.
            member.stored = member.size = 0
        self._unread = member.stored
        self._padding = -member.stored % BLOCK
        self._sparse(member, block, pax)
        return member

    # --- sparse files ---

    def _sparse(self, member: Member, block: bytes, pax: dict[bytes, bytes]) -> None:
        if member.kind == GNU_SPARSE:
            member.segments = self._old_gnu_map(block)
            member.size = _number(block[483:495])
            member.kind = FILE
        elif pax.get(b"GNU.sparse.major") == b"1":
            member.segments = self._map_before_data(member)
        elif b"GNU.sparse.map" in pax:
            member.segments = _pairs(pax[b"GNU.sparse.map"].split(b","))
        if member.segments is None:
            return
        real = pax.get(b"GNU.sparse.realsize", pax.get(b"GNU.sparse.size"))
        if real is not None:
            member.size = _decimal(real)
        end = 0
        for offset, length in member.segments:
            if offset < end:
                raise BadInput(f"the map of holes of {show(member.name)} goes backwards")
            end = offset + length
        if end > member.size or sum(length for _, length in member.segments) != member.stored:
            raise BadInput(f"the map of holes of {show(member.name)} does not fit its data")

    def _old_gnu_map(self, block: bytes) -> Segments:
        segments = _gnu_entries(block[386:482])
        more = block[482]
        while more:
            block = self._source.take(BLOCK, b"a map of holes")
            segments += _gnu_entries(block[:504])
            more = block[504]
            if len(segments) > MOST_HOLES:
                raise BadInput("a file with too many holes")
        return [each for each in segments if each[1]]

    def _map_before_data(self, member: Member) -> Segments:
        """Sparse format 1.0: decimal numbers, a line each, padded to a block, before the data."""
        text = bytearray()
        lines = 0
        expected = 1
        while lines < expected:
            if len(text) + BLOCK > min(LARGEST_MAP, member.stored):
                raise BadInput(f"the map of holes of {show(member.name)} does not end")
            text += (block := self._source.take(BLOCK, b"a map of holes"))
            lines += block.count(b"\n")
            if expected == 1 and lines:
                expected += 2 * _decimal(bytes(text.partition(b"\n")[0]))
        member.stored -= len(text)
        self._unread = member.stored
        return _pairs(bytes(text).split(b"\n")[1:expected])


def show(name: bytes) -> str:
    return f"“{os.fsdecode(name[:300])}”".encode(errors="backslashreplace").decode()


def _name(block: bytes) -> bytes:
    name = block[:100].partition(b"\0")[0]
    if block[257:263] == b"ustar\0" and (prefix := block[345:500].partition(b"\0")[0]):
        return prefix + b"/" + name
    return name


def _verified_size(block: bytes) -> int:
    signature = block[148:156]
    # The low half of an Adler-32 that begins at 0 is the sum of all bytes (modulo 65521), and much sooner to be had.
    everything = zlib.adler32(block, 0) & 0xFFFF
    if (everything - sum(signature) + 8 * 32 - _number(signature)) % 65521:
        raise BadInput("a damaged header (wrong checksum): this is no tar archive, or not an intact one")
    size = _number(block[124:136])
    if size < 0:
        raise BadInput("a file of negative size")
    return size


def _number(field: bytes) -> int:
    """Octal, or base 256 as GNU writes what does not fit."""
    if not field[-1] and field[0] < 0x80:
        # Nearly always: digits and one zero byte.
        try:
            return int(field[:-1], 8)
        except ValueError:
            pass
    return _odd_number(field)


@lru_cache(maxsize=1024)
def _mode_and_owner(fields: bytes) -> tuple[int, int, int]:
    """Three fields at once: nearly all files of an archive have the same few."""
    return _number(fields[:8]) & 0o7777, _number(fields[8:16]), _number(fields[16:])


@lru_cache(maxsize=1024)
def _whole_seconds(field: bytes) -> int:
    """In nanoseconds."""
    return _number(field) * 1_000_000_000


def _odd_number(field: bytes) -> int:
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (len(field) * 8 - 1)) - 1)
        return value - (1 << (len(field) * 8 - 1)) if field[0] == 0xFF else value
    text = field.partition(b"\0")[0] if field[0] else field.strip(b"\0")
    try:
        return int(text, 8) if text and not text.isspace() else 0
    except ValueError:
        raise BadInput("a damaged header (a number is none)") from None


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 19:
        raise BadInput("a damaged extended header (a number is none)")
    return int(text)


def _pax_records(data: bytes) -> dict[bytes, bytes]:
    """ "LENGTH KEY=VALUE\\n" again and again; values may hold anything."""
    records: dict[bytes, bytes] = {}
    holes: list[bytes] = []
    at = 0
    while at < len(data) and data[at]:
        digits, blank, _ = data[at : at + 20].partition(b" ")
        length = _decimal(digits) if blank else 0
        key, equals, value = data[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if not equals or length < len(digits) + 3 or at + length > len(data) or data[at + length - 1] != 0x0A:
            raise BadInput("a damaged extended header")
        if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):
            # Sparse format 0.0 repeats keys; 0.1 has the same as one list.
            holes.append(value)
        else:
            records[key] = value
        at += length
    if holes:
        records[b"GNU.sparse.map"] = b",".join(holes)
    return records


def _apply(member: Member, pax: dict[bytes, bytes]) -> None:
    """What an extended header says goes before the header."""
    for key, value in pax.items():
        if key == b"path":
            member.name = value
        elif key == b"GNU.sparse.name":
            member.name = value
        elif key == b"linkpath":
            member.link = value
        elif key == b"size":
            member.size = member.stored = _decimal(value)
        elif key == b"uid":
            member.uid = _decimal(value)
        elif key == b"gid":
            member.gid = _decimal(value)
        elif key == b"mtime":
            member.mtime_ns = _time(value)
        elif key.startswith(b"SCHILY.xattr."):
            member.attributes[key[13:]] = value
    if b"GNU.sparse.name" in pax:
        member.name = pax[b"GNU.sparse.name"]


def _time(text: bytes) -> int:
    """Decimal seconds to nanoseconds, without a float between."""
    whole, _, fraction = text.partition(b".")
    negative = whole.startswith(b"-")
    seconds = _decimal(whole.lstrip(b"-") or b"0")
    nanoseconds = _decimal((fraction + b"000000000")[:9])
    value = seconds * 1_000_000_000 + nanoseconds
    return -value if negative else value


def _pairs(numbers: list[bytes]) -> Segments:
    if len(numbers) % 2 or len(numbers) > 2 * MOST_HOLES:
        raise BadInput("a damaged map of holes")
    values = [_decimal(number) for number in numbers]
    return [(offset, length) for offset, length in zip(values[::2], values[1::2], strict=True) if length]


def _gnu_entries(field: bytes) -> Segments:
    entries = []
    for at in range(0, len(field), 24):
        if not field[at]:
            break
        offset, length = _number(field[at : at + 12]), _number(field[at + 12 : at + 24])
        if offset < 0 or length < 0:
            raise BadInput("a damaged map of holes")
        entries.append((offset, length))
    return entries
