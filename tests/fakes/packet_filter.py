"""The kernel's packet filter (nf_tables) of one namespace, played: it takes messages as the kernel does, tells what
becomes of a packet, and gives back what it has counted.

Numbers are those of linux/netfilter/nf_tables.h. What the kernel would refuse or misread is refused here; an attribute
that nobody knows too, so that a wrong number is never overheard.
"""

from __future__ import annotations

import errno
import ipaddress
import struct
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = struct.Struct("=IHHII")
_REQUEST, _ACK, _CREATE, _APPEND, _DUMP = 0x1, 0x4, 0x400, 0x800, 0x300
_ERROR, _DONE, _BEGIN, _END = 2, 3, 16, 17
_SUBSYSTEM, _INET = 10, 1
_INTERVALS, _TIMEOUT, _BY_RULES = 0x4, 0x10, 0x20
_IN, _OUT = 1, 3
_TCP, _UDP, _ICMP6 = 6, 17, 58
LOOPBACK, WAY_OUT = 1, 2
"""Interfaces by their numbers."""
Attributes = dict[int, bytes]


@dataclass
class Packet:
    destination: str
    source: str = "10.1.0.2"
    protocol: int = _TCP
    port: int = 0
    """For ICMP its kind."""
    size: int = 100
    interface: int = WAY_OUT
    is_answer: bool = False

    @property
    def version(self) -> int:
        return ipaddress.ip_address(self.destination).version

    @property
    def network_header(self) -> bytes:
        addresses = b"".join(ipaddress.ip_address(each).packed for each in (self.source, self.destination))
        return (bytes(12) if self.version == 4 else bytes(8)) + addresses

    @property
    def transport_header(self) -> bytes:
        if self.protocol in (_TCP, _UDP):
            return struct.pack("!HH", 40_000, self.port)
        return bytes([self.port, 0, 0, 0])


@dataclass
class _Set:
    key_length: int
    flags: int
    most: int
    elements: dict[bytes, _Element] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return self.key_length, self.flags

    def holds(self, key: bytes) -> bool:
        if not self.flags & _INTERVALS:
            return key in self.elements
        below = [each for each in self.elements if each <= key]
        return bool(below) and not self.elements[max(below)].ends


@dataclass
class _Element:
    ends: bool = False
    seconds: float = 0
    notes: tuple[str, ...] = ()
    packets: int = 0
    bytes: int = 0
    ago: int = 0
    """Milliseconds since the last, as the test says."""


@dataclass
class _Chain:
    hook: int | None = None
    rules: list[list[tuple[str, Attributes]]] = field(default_factory=list)


@dataclass
class _Table:
    sets: dict[str, _Set] = field(default_factory=dict)
    chains: dict[str, _Chain] = field(default_factory=dict)


class PacketFilter:
    def __init__(self, *, is_there: bool = True) -> None:
        self.is_there = is_there
        self.tables: dict[str, _Table] = {}
        self.changes = 0
        """Messages that came and were no mere question."""

    def speaker(self) -> Speaker:
        return Speaker(self)

    # --- what becomes of a packet ---

    def sends(self, packet: Packet) -> str:
        """“sent”, “dropped” or “reset”."""
        return self._passes(_OUT, packet)

    def receives(self, packet: Packet) -> str:
        return self._passes(_IN, packet)

    def _passes(self, hook: int, packet: Packet) -> str:
        for table in self.tables.values():
            for chain in table.chains.values():
                if chain.hook == hook and (found := _walk(table, chain, packet)) != "sent":
                    return found
        return "sent"

    # --- what is told to it ---

    def take(self, raw: bytes) -> list[bytes]:
        """What it answers, one piece for each."""
        asked = list(_messages(raw))
        if len(asked) == 1 and asked[0][1] & _DUMP == _DUMP:
            return [self._dumped(*asked[0])]
        self.changes += 1
        (first, _, head, _), *parts, (last, _, tail, _) = asked
        _must((first, last, head, tail) == (_BEGIN, _END, *[struct.pack("!BBH", 0, 0, _SUBSYSTEM)] * 2))
        before, answers = deepcopy(self.tables), []
        for kind, flags, body, number in parts:
            code = 0
            try:
                _must(self.is_there, errno.EOPNOTSUPP)
                _must(kind >> 8 == _SUBSYSTEM and body[:4] == struct.pack("!BBH", _INET, 0, 0))
                self._do(kind & 255, flags, _read(body[4:]))
            except OSError as error:
                code = error.errno or 0
            if code or flags & _ACK:
                answers.append(_message(_ERROR, struct.pack("=i", -code) + bytes(16), number))
        if any(each[_HEADER.size : _HEADER.size + 4] != bytes(4) for each in answers):
            self.tables = before
        return answers

    def _do(self, kind: int, flags: int, said: Attributes) -> None:
        name = _text(said.pop(1))
        if kind == 0:
            _must(bool(flags & _CREATE))
            self.tables.setdefault(name, _Table())
        elif kind == 2:
            _must(self.tables.pop(name, None) is not None, errno.ENOENT)
        else:
            table = self.tables.get(name)
            if table is None:
                raise OSError(errno.ENOENT, "no table")
            {3: _new_chain, 6: _new_rule, 8: _no_rules, 9: _new_set, 12: _new_elements, 14: _no_elements}[kind](
                table, flags, said
            )
        _must(not said)

    def _dumped(self, kind: int, flags: int, body: bytes, number: int) -> bytes:
        _must(kind == _SUBSYSTEM << 8 | 13 and bool(flags & _REQUEST))
        said = _read(body[4:])
        table, name = self.tables.get(_text(said.pop(1)), _Table()), _text(said.pop(2))
        found = table.sets.get(name)
        _must(not said)
        if found is None:
            return _message(_ERROR, struct.pack("=i", -errno.ENOENT) + bytes(16), number)
        pieces = [_written(key, each) for key, each in found.elements.items()]
        listed = body[:4] + _put(3, b"".join(pieces), nested=True)
        return _message(_SUBSYSTEM << 8 | 12, listed, number) + _message(_DONE, bytes(4), number)


class Speaker:
    """In place of a netlink socket in its namespace."""

    def __init__(self, kernel: PacketFilter) -> None:
        self._kernel = kernel
        self._waiting: list[bytes] = []
        self.is_closed = False

    def send(self, raw: bytes) -> int:
        assert not self.is_closed
        self._waiting += self._kernel.take(raw)
        return len(raw)

    def recv(self, most: int) -> bytes:
        assert most >= 1 << 16
        return self._waiting.pop(0)

    def close(self) -> None:
        self.is_closed = True

    def __enter__(self) -> Speaker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# --- tables ---


def _new_chain(table: _Table, flags: int, said: Attributes) -> None:
    _must(bool(flags & _CREATE))
    name, hook = _text(said.pop(3)), None
    if 4 in said:
        place = _read(said.pop(4))
        hook = _number(place.pop(1))
        _must(_number(place.pop(2)) == 0 and not place)
        _must(_text(said.pop(7)) == "filter" and _number(said.pop(5)) == 1)
    known = table.chains.setdefault(name, _Chain(hook))
    _must(known.hook == hook, errno.EEXIST)


def _no_rules(table: _Table, flags: int, said: Attributes) -> None:
    table.chains[_text(said.pop(2))].rules.clear()


def _new_rule(table: _Table, flags: int, said: Attributes) -> None:
    _must(bool(flags & _CREATE and flags & _APPEND))
    chain = table.chains[_text(said.pop(2))]
    rule = []
    for kind, each in _all(said.pop(4)):
        _must(kind == 1)
        expression = _read(each)
        rule.append((_text(expression.pop(1)), _read(expression.pop(2))))
        _must(not expression)
    chain.rules.append(rule)


def _new_set(table: _Table, flags: int, said: Attributes) -> None:
    _must(bool(flags & _CREATE))
    name, made = _text(said.pop(2)), _Set(_number(said.pop(5)), _number(said.pop(3)), 0)
    _must(_number(said.pop(10)) > 0)
    if 9 in said:
        described = _read(said.pop(9))
        made.most = _number(described.pop(1))
        _must(not described)
    known = table.sets.setdefault(name, made)
    _must(known.shape == made.shape, errno.EEXIST)


def _no_elements(table: _Table, flags: int, said: Attributes) -> None:
    _set_of(table, said.pop(2)).elements.clear()


def _new_elements(table: _Table, flags: int, said: Attributes) -> None:
    _must(bool(flags & _CREATE))
    found = _set_of(table, said.pop(2))
    for kind, each in _all(said.pop(3)):
        element = _read(each)
        key = _only(element.pop(1))
        ends = 3 in element and _number(element.pop(3)) == 1
        _must(kind == 1 and not element and len(key) == found.key_length)
        _must(key in found.elements or not found.most or len(found.elements) < found.most, errno.ENFILE)
        found.elements.setdefault(key, _Element(ends))


def _set_of(table: _Table, name: bytes) -> _Set:
    found = table.sets.get(_text(name))
    if found is None:
        raise OSError(errno.ENOENT, "no set")
    return found


# --- rules ---


def _walk(table: _Table, chain: _Chain, packet: Packet) -> str:
    for rule in chain.rules:
        registers = bytearray(64)
        for name, said in rule:
            found = _EXPRESSIONS[name](table, dict(said), registers, packet)
            if isinstance(found, str):
                return _walk(table, table.chains[found[5:]], packet) if found.startswith("goto ") else found
            if not found:
                break
    return "sent"


def _meta(table: _Table, said: Attributes, registers: bytearray, packet: Packet) -> bool:
    at, key = _register(said.pop(1)), _number(said.pop(2))
    values = {
        4: struct.pack("=I", packet.interface),
        5: struct.pack("=I", packet.interface),
        15: bytes([2 if packet.version == 4 else 10]),
        16: bytes([packet.protocol]),
    }
    _load(registers, at, values[key])
    return not said


def _payload(table: _Table, said: Attributes, registers: bytearray, packet: Packet) -> bool:
    at, header = _register(said.pop(1)), _number(said.pop(2))
    offset, length = _number(said.pop(3)), _number(said.pop(4))
    value = {1: packet.network_header, 2: packet.transport_header}[header][offset : offset + length]
    _must(not said)
    _load(registers, at, value)
    return len(value) == length


def _cmp(table: _Table, said: Attributes, registers: bytearray, packet: Packet) -> bool:
    at, operation, value = _register(said.pop(1)), _number(said.pop(2)), _only(said.pop(3))
    _must(not said and operation in (0, 1))
    return (registers[at : at + len(value)] == value) == (operation == 0)


def _lookup(table: _Table, said: Attributes, registers: bytearray, packet: Packet) -> bool:
    found, at = _set_of(table, said.pop(1)), _register(said.pop(2))
    _must(not said)
    return found.holds(bytes(registers[at : at + found.key_length]))


def _ct(table: _Table, said: Attributes, registers: bytearray, packet: Packet) -> bool:
    _must(_number(said.pop(2)) == 1)
    _load(registers, _register(said.pop(1)), bytes([packet.is_answer]))
    return not said


def _dynset(table: _Table, said: Attributes, registers: bytearray, packet: Packet) -> bool:
    found, at = _set_of(table, said.pop(1)), _register(said.pop(4))
    _must(_number(said.pop(3)) == 1 and _number(said.pop(9)) == 2)
    seconds = struct.unpack("!Q", said.pop(6))[0] / 1000
    notes = [said.pop(7)] if 7 in said else [each for _, each in _all(said.pop(10))]
    names = tuple(_text(_read(each)[1]) for each in notes)
    _must(all(_read(each).keys() == {1, 2} for each in notes) and not said)
    _must(found.flags == _TIMEOUT | _BY_RULES)
    key = bytes(registers[at : at + found.key_length])
    if key not in found.elements and len(found.elements) >= found.most:
        return False
    element = found.elements.setdefault(key, _Element(seconds=seconds, notes=names))
    element.packets, element.bytes = element.packets + 1, element.bytes + packet.size
    return True


def _immediate(table: _Table, said: Attributes, registers: bytearray, packet: Packet) -> str | bool:
    at, value = said.pop(1), _read(said.pop(2))
    _must(not said)
    if _number(at) != 0:
        _load(registers, _register(at), value.pop(1))
        return not value
    verdict = _read(value.pop(2))
    (code,) = struct.unpack("!i", verdict.pop(1))
    chain = _text(verdict.pop(2)) if code == -4 else ""
    _must(not verdict and not value)
    return {0: "dropped", 1: "sent", -4: f"goto {chain}"}[code]


def _reject(table: _Table, said: Attributes, registers: bytearray, packet: Packet) -> str:
    _must(_number(said.pop(1)) == 1 and said.pop(2) == b"\0" and packet.protocol == _TCP)
    return "reset"


_EXPRESSIONS: dict[str, Any] = {
    "meta": _meta, "payload": _payload, "cmp": _cmp, "lookup": _lookup, "ct": _ct, "dynset": _dynset,
    "immediate": _immediate, "reject": _reject,
}  # fmt: skip


def _register(said: bytes) -> int:
    number = _number(said)
    _must(8 <= number < 24)
    return (number - 8) * 4


def _load(registers: bytearray, at: int, value: bytes) -> None:
    filled = value + bytes(-len(value) % 4)
    registers[at : at + len(filled)] = filled


# --- bytes ---


def _messages(raw: bytes) -> Iterator[tuple[int, int, bytes, int]]:
    while raw:
        length, kind, flags, number, _ = _HEADER.unpack_from(raw)
        _must(_HEADER.size <= length <= len(raw) and bool(flags & _REQUEST) and length % 4 == 0)
        yield kind, flags, raw[_HEADER.size : length], number
        raw = raw[length:]


def _message(kind: int, body: bytes, number: int) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, 0, number, 0) + body


def _all(raw: bytes) -> Iterator[tuple[int, bytes]]:
    while raw:
        length, kind = struct.unpack_from("=HH", raw)
        _must(4 <= length <= len(raw))
        yield kind & 0x7FFF, raw[4:length]
        raw = raw[(length + 3) & ~3 :]


def _read(raw: bytes) -> Attributes:
    listed = list(_all(raw))
    found = dict(listed)
    _must(len(found) == len(listed))
    return found


def _only(raw: bytes) -> bytes:
    """A value, wrapped as values are."""
    found = _read(raw)
    _must(found.keys() == {1})
    return found[1]


def _put(kind: int, payload: bytes, *, nested: bool = False) -> bytes:
    head = struct.pack("=HH", 4 + len(payload), kind | (0x8000 if nested else 0))
    return head + payload + bytes(-len(payload) % 4)


def _written(key: bytes, element: _Element) -> bytes:
    said = {
        "counter": _put(1, struct.pack("!Q", element.bytes)) + _put(2, struct.pack("!Q", element.packets)),
        "last": _put(1, struct.pack("!I", 1)) + _put(2, struct.pack("!Q", element.ago)),
    }
    notes = [_put(1, name.encode() + b"\0") + _put(2, said[name], nested=True) for name in element.notes]
    body = _put(1, _put(1, key), nested=True)
    if len(notes) == 1:
        body += _put(7, notes[0], nested=True)
    elif notes:
        body += _put(11, b"".join(_put(1, each, nested=True) for each in notes), nested=True)
    return _put(1, body, nested=True)


def _number(raw: bytes) -> int:
    return int(struct.unpack("!I", raw)[0])


def _text(raw: bytes) -> str:
    _must(raw.endswith(b"\0"))
    return raw[:-1].decode()


def _must(holds: bool, code: int = errno.EINVAL) -> None:
    if not holds:
        raise OSError(code, "the kernel would not take it")
