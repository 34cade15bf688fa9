"""The words of the kernel's packet filter, as far as they are spoken here: tables, sets, chains, and what rules are
made of. Whoever has a socket in a namespace speaks to that namespace's filter; no program is needed.
"""

from __future__ import annotations

import os
import socket
import struct

from engine.networks.names.netlink import (
    ACKNOWLEDGE,
    APPEND,
    CREATE,
    DONE,
    DUMP,
    ERROR,
    attribute,
    attributes,
    failure,
    message,
    messages,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NETFILTER = 12
LOCAL_IN, LOCAL_OUT = 1, 3
DROP, ACCEPT, GOTO = 0, 1, -4
OF_INTERVALS, OF_PACKETS = 0x4, 0x30
"""Sets: of ranges, and such as rules put things into for a time."""
OUT_INTERFACE, IN_INTERFACE, FAMILY, PROTOCOL = 5, 4, 15, 16
"""What is known of a packet beside its bytes."""
NETWORK_HEADER, TRANSPORT_HEADER = 1, 2

_SUBSYSTEM = 10
_BEGIN, _END = 16, 17
_NEWTABLE, _DELTABLE, _NEWCHAIN, _NEWRULE, _DELRULE = 0, 2, 3, 6, 8
_NEWSET, _NEWSETELEM, _GETSETELEM, _DELSETELEM = 9, 12, 13, 14
_BOTH_FAMILIES = 1
_NESTED = 0x8000
_EQUAL, _UNEQUAL = 0, 1
_VERDICT_REGISTER, _FIRST_REGISTER = 0, 8
_DIRECTION, _REPLY = 1, b"\1"
_TCP_RESET = 1
_END_OF_RANGE = 1
_PUT = 1
_PIECE = 1 << 16


class Table:
    """What is to be said of one table, in one go: all of it happens, or nothing."""

    def __init__(self, name: str) -> None:
        self._name = attribute(1, _word(name))
        self._parts: list[tuple[int, int, bytes]] = []
        self._sets = 0

    def make(self) -> None:
        self._say(_NEWTABLE, CREATE, self._name)

    def remove(self) -> None:
        self._say(_DELTABLE, 0, self._name)

    def chain(self, name: str, hook: int | None = None) -> None:
        """There, and empty. With a `hook`, packets that nobody stops there go on."""
        body = self._name + attribute(3, _word(name))
        if hook is not None:
            body += _nested(4, _number(1, hook) + _number(2, 0)) + attribute(7, b"filter\0") + _number(5, ACCEPT)
        self._say(_NEWCHAIN, CREATE, body)
        self._say(_DELRULE, 0, self._name + attribute(2, _word(name)))

    def set(self, name: str, key_length: int, flags: int, most: int) -> None:
        """One that is there already, of the same shape, keeps what is in it."""
        self._sets += 1
        body = attribute(2, _word(name)) + _number(3, flags) + _number(5, key_length)
        if most:
            body += _nested(9, _number(1, most))
        self._say(_NEWSET, CREATE, self._name + body + _number(10, self._sets))

    def rule(self, chain: str, *expressions: bytes) -> None:
        self._say(
            _NEWRULE, CREATE | APPEND, self._name + attribute(2, _word(chain)) + _nested(4, b"".join(expressions))
        )

    def empty(self, name: str) -> None:
        self._say(_DELSETELEM, 0, self._name + attribute(2, _word(name)))

    def add(self, name: str, keys: Iterable[bytes]) -> None:
        self._fill(name, [_element(key) for key in keys])

    def add_ranges(self, name: str, ranges: Iterable[tuple[bytes, bytes]]) -> None:
        """Each from its first to before its second, which is empty for “and all that follow”."""
        elements = []
        for first, behind in ranges:
            elements.append(_element(first))
            if behind:
                elements.append(_element(behind, _number(3, _END_OF_RANGE)))
        self._fill(name, elements)

    def _fill(self, name: str, elements: list[bytes]) -> None:
        for at in range(0, len(elements), 500):  # a list's length is told in two bytes
            body = self._name + attribute(2, _word(name)) + _nested(3, b"".join(elements[at : at + 500]))
            self._say(_NEWSETELEM, CREATE, body)

    def _say(self, kind: int, flags: int, body: bytes) -> None:
        self._parts.append((kind, flags, body))

    def tell(self, sock: socket.socket) -> None:
        """Raises `OSError` where the kernel cannot, or has not what was to be removed."""
        around = struct.pack("!BBH", 0, 0, _SUBSYSTEM)
        raw = message(_BEGIN, 0, around)
        for number, (kind, flags, body) in enumerate(self._parts, 1):
            raw += message(_SUBSYSTEM << 8 | kind, flags | ACKNOWLEDGE, _HEAD + body, number)
        raw += message(_END, 0, around, len(self._parts) + 1)
        sock.send(raw)
        heard = 0
        while heard < len(self._parts):
            for _, body in messages(sock.recv(_PIECE)):
                if error := failure(body):
                    raise OSError(error, os.strerror(error))
                heard += 1


def speaker() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETFILTER)


def elements(sock: socket.socket, table: str, name: str) -> Iterator[tuple[bytes, dict[str, dict[int, bytes]]]]:
    """What is in a set: keys, and what was noted of each, by the kind of note. Raises `OSError` where there is none."""
    body = _HEAD + attribute(1, _word(table)) + attribute(2, _word(name))
    sock.send(message(_SUBSYSTEM << 8 | _GETSETELEM, DUMP, body))
    while True:
        for kind, told in messages(sock.recv(_PIECE)):
            if kind in (DONE, ERROR):
                if error := failure(told):
                    raise OSError(error, os.strerror(error))
                return
            listed = _values(told[len(_HEAD) :]).get(3, b"")
            for _, element in attributes(listed):
                values = _values(element)
                yield _values(values[1])[1], _notes(values)


def _notes(values: dict[int, bytes]) -> dict[str, dict[int, bytes]]:
    """One note stands by itself, several in a list."""
    listed = [each for _, each in attributes(values[11])] if 11 in values else [values[7]] if 7 in values else []
    found = (_values(each) for each in listed)
    return {each[1].rstrip(b"\0").decode(): _values(each.get(2, b"")) for each in found}


def _values(body: bytes) -> dict[int, bytes]:
    return {kind & ~_NESTED: value for kind, value in attributes(body)}


# --- what rules are made of ---


def known(what: int) -> bytes:
    """Loads into the first register, as everything that loads here."""
    return _expression("meta", _number(2, what) + _number(1, _FIRST_REGISTER))


def field(header: int, offset: int, length: int, *, register: int = 0) -> bytes:
    place = _number(1, _FIRST_REGISTER + register) + _number(2, header)
    return _expression("payload", place + _number(3, offset) + _number(4, length))


def protocol_into(register: int) -> bytes:
    return _expression("meta", _number(2, PROTOCOL) + _number(1, _FIRST_REGISTER + register))


def constant_into(register: int, value: bytes) -> bytes:
    return _expression("immediate", _number(1, _FIRST_REGISTER + register) + _nested(2, attribute(1, value)))


def equals(value: bytes) -> bytes:
    """Goes on only where it does."""
    return _compared(_EQUAL, value)


def differs(value: bytes) -> bytes:
    return _compared(_UNEQUAL, value)


def is_in(name: str) -> bytes:
    return _expression("lookup", attribute(1, _word(name)) + _number(2, _FIRST_REGISTER))


def is_answer() -> bytes:
    """Of a connection that somebody else began."""
    return _expression("ct", _number(2, _DIRECTION) + _number(1, _FIRST_REGISTER)) + equals(_REPLY)


def noted(name: str, *notes: str, seconds: int = 0) -> bytes:
    """Put what the registers hold into a set, or find it there, and note what `notes` say: "counter", "last". Where the
    set is full, the rule ends here. What nobody puts there for so many `seconds` is forgotten."""
    body = attribute(1, _word(name)) + _number(3, _PUT) + _number(4, _FIRST_REGISTER)
    if seconds:
        body += attribute(6, struct.pack("!Q", seconds * 1000))
    each = [attribute(1, _word(note)) + _EMPTY for note in notes]
    if len(each) == 1:
        body += _nested(7, each[0])
    else:
        body += _nested(10, b"".join(_nested(1, one) for one in each))
    return _expression("dynset", body + _number(9, 2))


def verdict(code: int, chain: str = "") -> bytes:
    body = attribute(1, struct.pack("!i", code)) + (attribute(2, _word(chain)) if chain else b"")
    return _expression("immediate", _number(1, _VERDICT_REGISTER) + _nested(2, _nested(2, body)))


def reset() -> bytes:
    """A TCP connection ends at once."""
    return _expression("reject", _number(1, _TCP_RESET) + attribute(2, b"\0"))


def _compared(operation: int, value: bytes) -> bytes:
    return _expression("cmp", _number(1, _FIRST_REGISTER) + _number(2, operation) + _nested(3, attribute(1, value)))


def _expression(name: str, values: bytes) -> bytes:
    return _nested(1, attribute(1, _word(name)) + _nested(2, values))


def _element(key: bytes, more: bytes = b"") -> bytes:
    return _nested(1, _nested(1, attribute(1, key)) + more)


def _nested(kind: int, payload: bytes) -> bytes:
    return attribute(kind | _NESTED, payload)


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("!I", value))


def _word(text: str) -> bytes:
    return text.encode() + b"\0"


_HEAD = struct.pack("!BBH", _BOTH_FAMILIES, 0, 0)
_EMPTY = struct.pack("=HH", 4, 2 | _NESTED)
