"""Write tar entries: ustar where it suffices, pax records in front where it does not. One tree, one row of bytes."""

from __future__ import annotations

import stat
from typing import NamedTuple

BLOCK = 512
_MOST_ID = 0o7777777
_MOST_SIZE = 0o77777777777
END = bytes(2 * BLOCK)


class Entry(NamedTuple):
    name: bytes
    kind: bytes
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime_ns: int = 0
    link: bytes = b""
    device: tuple[int, int] = (0, 0)


def kind_of(mode: int) -> bytes:
    """The letter for a type of file; b"" for a socket, which no archive can hold."""
    for test, kind in (
        (stat.S_ISREG, b"0"), (stat.S_ISLNK, b"2"), (stat.S_ISCHR, b"3"),
        (stat.S_ISBLK, b"4"), (stat.S_ISDIR, b"5"), (stat.S_ISFIFO, b"6"),
    ):  # fmt: skip
        if test(mode):
            return kind
    return b""


def header(entry: Entry, records: dict[bytes, bytes]) -> bytes:
    """The blocks in front of the data. `records` are pax records the entry needs besides what its fields demand."""
    records = dict(records)
    prefix, name = _split(entry.name)
    if name is None:
        records[b"path"] = entry.name
        name = entry.name[:100]
    if len(entry.link) > 100:
        records[b"linkpath"] = entry.link
    if entry.size > _MOST_SIZE:
        records[b"size"] = b"%d" % entry.size
    for key, value in ((b"uid", entry.uid), (b"gid", entry.gid)):
        if value > _MOST_ID:
            records[key] = b"%d" % value
    seconds, nanoseconds = divmod(entry.mtime_ns, 1_000_000_000)
    if nanoseconds or not 0 <= seconds <= _MOST_SIZE:
        records[b"mtime"] = _decimal_time(entry.mtime_ns)
    blocks = b""
    if records:
        body = b"".join(_record(key, records[key]) for key in sorted(records))
        front = Entry(b"", b"x", size=len(body))
        blocks = _block(front, b"", b"PaxHeaders/" + name[-80:].strip(b"/")) + padded(body)
    return blocks + _block(entry, prefix, name)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def _split(name: bytes) -> tuple[bytes, bytes | None]:
    """Prefix and name as ustar has them; a name of None means that it does not fit."""
    if len(name) <= 100:
        return b"", name
    at = name.rfind(b"/", 0, 156)
    while at > 0:
        if 0 < len(name) - at - 1 <= 100:
            return name[:at], name[at + 1 :]
        at = name.rfind(b"/", 0, at)
        if len(name) - at - 1 > 100:
            break
    return b"", None


def _decimal_time(nanoseconds: int) -> bytes:
    sign = b"-" if nanoseconds < 0 else b""
    seconds, rest = divmod(abs(nanoseconds), 1_000_000_000)
    fraction = (b".%09d" % rest).rstrip(b"0") if rest else b""
    return sign + b"%d" % seconds + fraction


def _record(key: bytes, value: bytes) -> bytes:
    """Its own length is part of the length."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) != len(str(rest)):
        length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def _octal(value: int, width: int) -> bytes:
    """What does not fit has a pax record; the field then holds the most it can."""
    return b"%0*o\0" % (width - 1, min(max(value, 0), (1 << 3 * (width - 1)) - 1))


def _block(entry: Entry, prefix: bytes, name: bytes) -> bytes:
    block = bytearray(BLOCK)
    block[0 : len(name)] = name
    block[100:108] = _octal(entry.mode, 8)
    block[108:116] = _octal(entry.uid, 8)
    block[116:124] = _octal(entry.gid, 8)
    block[124:136] = _octal(entry.size, 12)
    block[136:148] = _octal(entry.mtime_ns // 1_000_000_000, 12)
    block[148:156] = b" " * 8
    block[156:157] = entry.kind
    link = entry.link[:100]
    block[157 : 157 + len(link)] = link
    block[257:265] = b"ustar\x0000"
    block[329:337] = _octal(entry.device[0], 8)
    block[337:345] = _octal(entry.device[1], 8)
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
