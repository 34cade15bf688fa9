"""Messages of the names' own language, as programs inside containers write them and servers outside answer."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.networks.names import wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FAMILIES = {wire.A: socket.AF_INET, wire.AAAA: socket.AF_INET6}


def question(
    name: str, kind: int = wire.A, *, size: int = 0, version: int = 0, flags: int = 0x0100, number: int = 0x4242
) -> bytes:
    options = b"\0" + struct.pack("!HHBBHH", wire.OPT, size, 0, version, 0, 0) if size else b""
    head = wire.HEADER.pack(number, flags, 1, 0, 0, 1 if size else 0)
    return head + wire.encode_name(name) + struct.pack("!HH", kind, wire.IN) + options


def reply(asked: bytes, *addresses: str, code: int = wire.NO_ERROR, kind: int = wire.A) -> bytes:
    """As a resolver answers that question."""
    packed = [socket.inet_pton(_FAMILIES[kind], each) for each in addresses]
    records = [b"\xc0\x0c" + struct.pack("!HHIH", kind, wire.IN, 60, len(each)) + each for each in packed]
    head = asked[:2] + struct.pack("!5H", 0x8180 | code, 1, len(records), 0, 0)
    return head + wire.Question(asked).asked + b"".join(records)


@dataclass(frozen=True)
class Heard:
    """An answer, as it is read."""

    number: int
    code: int
    addresses: tuple[str, ...]
    is_cut: bool


def read(raw: bytes) -> Heard:
    number, flags, _, count, _, _ = wire.HEADER.unpack_from(raw)
    _, at = wire.read_name(raw, wire.HEADER.size)
    return Heard(number, flags & 15, tuple(_addresses(raw, at + 4, count)), bool(flags & 0x0200))


def _addresses(raw: bytes, at: int, count: int) -> Iterator[str]:
    for _ in range(count):
        kind, _, _, length = struct.unpack_from("!HHIH", raw, at + 2)
        data = raw[at + 12 : at + 12 + length]
        yield socket.inet_ntop(_FAMILIES[kind], data) if kind in _FAMILIES else data.decode()
        at += 12 + length


def in_a_stream(messages: Sequence[bytes]) -> bytes:
    return b"".join(struct.pack("!H", len(each)) + each for each in messages)


def out_of_a_stream(raw: bytes) -> list[bytes]:
    """Those messages that are there as a whole."""
    found = []
    while len(raw) >= 2 and len(raw) >= (end := 2 + int.from_bytes(raw[:2], "big")):
        found.append(raw[2:end])
        raw = raw[end:]
    return found
