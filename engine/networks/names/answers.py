"""Which packets of a closed member are answers: told apart by the kernel's packet filter, in the member's namespace.

A rule of routes can say "from this port" but not "to who asked". So packets from published ports pass the gate's rule,
and all that are no answers get a mark here, by which they are routed a second time, to the gate. Without the filter (a
kernel that has none) no port is let pass.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct

from engine.networks.names.netlink import ACKNOWLEDGE, APPEND, CREATE, attribute, failure, message, messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = 0x77686572
"""On what is no answer."""
_NETFILTER = 12
_SUBSYSTEM = 10 << 8
_BEGIN, _END = 16, 17
_NEWTABLE, _DELTABLE, _NEWCHAIN, _NEWRULE = _SUBSYSTEM, _SUBSYSTEM | 2, _SUBSYSTEM | 3, _SUBSYSTEM | 6
_BOTH_FAMILIES = 1
_NESTED = 0x8000
_TABLE, _CHAIN = b"wherry\0", b"out\0"
_OUTPUT, _ACCEPT = 3, 1
_DIRECTION, _REPLY, _EQUAL, _META_MARK = 1, b"\1", 0, 3
_VERDICT, _REGISTER = 0, 1


def tell_apart() -> None:
    """From now on, in the namespace of this process. Raises `OSError` where the kernel cannot."""
    table = attribute(1, _TABLE)
    hook = _nested(4, _number(1, _OUTPUT) + _number(2, 0))
    chain = table + attribute(3, _CHAIN) + attribute(7, b"route\0") + _number(5, _ACCEPT) + hook
    accept = _nested(2, _nested(2, _number(1, _ACCEPT)))
    is_answer = (
        _expression("ct", _number(2, _DIRECTION) + _number(1, _REGISTER))
        + _expression("cmp", _number(1, _REGISTER) + _number(2, _EQUAL) + _nested(3, attribute(1, _REPLY)))
        + _expression("immediate", _number(1, _VERDICT) + accept)
    )
    mark_it = _expression(
        "immediate", _number(1, _REGISTER) + _nested(2, attribute(1, struct.pack("=I", MARK)))
    ) + _expression("meta", _number(2, _META_MARK) + _number(3, _REGISTER))
    rules = [
        (_NEWRULE, CREATE | APPEND, table + attribute(2, _CHAIN) + _nested(4, each)) for each in (is_answer, mark_it)
    ]
    # What was there goes first: made before it is removed, so that there is always one to remove.
    parts = [(_NEWTABLE, CREATE, table), (_DELTABLE, 0, table), (_NEWTABLE, CREATE, table), (_NEWCHAIN, CREATE, chain)]
    _transact([*parts, *rules])


def forget() -> None:
    with contextlib.suppress(OSError):  # there is none
        _transact([(_DELTABLE, 0, attribute(1, _TABLE))])


def _transact(parts: Sequence[tuple[int, int, bytes]]) -> None:
    """All of it, or nothing."""
    around = struct.pack("!BBH", 0, 0, 10)
    raw = message(_BEGIN, 0, around)
    for number, (kind, flags, body) in enumerate(parts, 1):
        raw += message(kind, flags | ACKNOWLEDGE, struct.pack("!BBH", _BOTH_FAMILIES, 0, 0) + body, number)
    raw += message(_END, 0, around, len(parts) + 1)
    heard = 0
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETFILTER) as sock:
        sock.send(raw)
        while heard < len(parts):
            for _, body in messages(sock.recv(1 << 16)):
                if error := failure(body):
                    raise OSError(error, os.strerror(error))
                heard += 1


def _expression(name: str, values: bytes) -> bytes:
    return _nested(1, attribute(1, name.encode() + b"\0") + _nested(2, values))


def _nested(kind: int, payload: bytes) -> bytes:
    return attribute(kind | _NESTED, payload)


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("!I", value))
