"""How the kernel's network tables are spoken to: heads, and values with their kinds."""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = struct.Struct("=IHHII")
REQUEST, ACKNOWLEDGE, REPLACE, EXCLUSIVE, CREATE, APPEND, DUMP = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800, 0x300
ERROR, DONE = 2, 3


def message(kind: int, flags: int, body: bytes, number: int = 1) -> bytes:
    return HEADER.pack(HEADER.size + len(body), kind, REQUEST | flags, number, 0) + body


def messages(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """What came, as kinds and bodies."""
    while len(raw) >= HEADER.size:
        length, kind, *_ = HEADER.unpack_from(raw)
        yield kind, raw[HEADER.size : length]
        raw = raw[(max(length, HEADER.size) + 3) & ~3 :]


def failure(body: bytes) -> int:
    """The number of an error, as an acknowledgement says it; 0 for none."""
    return -int(struct.unpack_from("=i", body)[0])


def attribute(kind: int, payload: bytes) -> bytes:
    if not payload:
        return b""
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    while len(body) >= 4:
        length, kind = struct.unpack_from("=HH", body)
        yield kind, body[4:length]
        body = body[(max(length, 4) + 3) & ~3 :]


def number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))
