"""Whom a member may ask for and reach outside its networks. Pure.

A name is allowed as it is written, or by a pattern of everything below it ("*.example.org"); an address by a network it
is in. Names of neighbours and the networks of one's own are nobody's business here.
"""

from __future__ import annotations

import socket
import struct

from engine.networks.names import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_RECORDS = 64


class Policy:
    __slots__ = ("below", "networks", "whole")

    def __init__(self, row: dict[str, Any]) -> None:
        names = [name.lower().rstrip(".") for name in row["names"]]
        self.whole = frozenset(name for name in names if not name.startswith("*."))
        self.below = tuple(name[1:] for name in names if name.startswith("*."))
        self.networks: tuple[str, ...] = tuple(row["networks"])

    def allows(self, name: str) -> bool:
        return name in self.whole or name.endswith(self.below)


def addresses_in(reply: bytes) -> list[str]:
    """All of both kinds in an answer, whatever names it leads over. `reply` is without its number."""
    raw = b"\0\0" + reply
    found: list[str] = []
    try:
        _, _, questions, answers, _, _ = wire.HEADER.unpack_from(raw)
        at = wire.HEADER.size
        for _ in range(questions):
            at = _behind_name(raw, at) + 4
        for _ in range(min(answers, _MOST_RECORDS)):
            at = _behind_name(raw, at)
            kind, _, _, length = struct.unpack_from("!HHIH", raw, at)
            data = raw[at + 10 : at + 10 + length]
            if kind == wire.A and len(data) == 4:
                found.append(socket.inet_ntop(socket.AF_INET, data))
            elif kind == wire.AAAA and len(data) == 16:
                found.append(socket.inet_ntop(socket.AF_INET6, data))
            at += 10 + length
    except (struct.error, IndexError):
        pass
    return found


def _behind_name(raw: bytes, at: int) -> int:
    """Pointers are not followed: only where the name ends is wanted."""
    while raw[at]:
        if raw[at] >= 0xC0:
            return at + 2
        at += 1 + raw[at]
    return at + 1
