"""The kernel's routes and rules (rtnetlink) of one namespace, played: it takes messages as the kernel does, and tells
whether an address may be gone to. Numbers are those of linux/rtnetlink.h and linux/fib_rules.h."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
from typing import NamedTuple

_HEADER = struct.Struct("=IHHII")
_BODY = struct.Struct("=BBBBBBBBI")
_REQUEST, _ACK, _REPLACE, _EXCLUSIVE, _CREATE, _DUMP = 0x1, 0x4, 0x100, 0x200, 0x400, 0x300
_NEWROUTE, _DELROUTE, _GETROUTE, _NEWRULE, _DELRULE = 24, 25, 26, 32, 33
PROHIBIT, THROW = 8, 9
MAIN = 254


class Route(NamedTuple):
    family: int
    table: int
    length: int
    destination: bytes


class Rule(NamedTuple):
    family: int
    priority: int
    table: int


class RouteTables:
    """In place of a netlink socket in its namespace."""

    def __init__(self, *, families: tuple[int, ...] = (socket.AF_INET, socket.AF_INET6), refusal: int = 0) -> None:
        self.families = families
        self.refusal = refusal
        """What everything is answered."""
        self.routes: dict[Route, int] = {}
        """And their kinds."""
        self.rules: set[Rule] = set()
        self._waiting: list[bytes] = []

    def goes_to(self, address: str) -> bool:
        """Whether a packet is sent on to the usual routes."""
        found = ipaddress.ip_address(address)
        family = socket.AF_INET if found.version == 4 else socket.AF_INET6
        for rule in sorted((each for each in self.rules if each.family == family), key=lambda each: each.priority):
            matching = [
                each for each in self.routes
                if (each.family, each.table) == (family, rule.table) and _begins(found.packed, each)
            ]  # fmt: skip
            if matching and self.routes[max(matching, key=lambda each: each.length)] == PROHIBIT:
                return False
        return True

    # --- as a socket ---

    def send(self, raw: bytes) -> int:
        length, kind, flags, number, _ = _HEADER.unpack_from(raw)
        assert length == len(raw)
        assert flags & _REQUEST
        if kind == _GETROUTE:
            assert flags & _DUMP == _DUMP
            self._waiting += self._dumped(raw[_HEADER.size], number)
            return len(raw)
        assert flags & _ACK
        code = self.refusal or self._done(kind, flags & ~(_REQUEST | _ACK), raw[_HEADER.size :])
        self._waiting.append(_message(2, struct.pack("=i", -code) + bytes(16), number))
        return len(raw)

    def recv(self, most: int) -> bytes:
        assert most >= 1 << 16
        return self._waiting.pop(0)

    def close(self) -> None:
        pass

    def _dumped(self, family: int, number: int) -> list[bytes]:
        """One message in a piece of its own, the others together, as it comes."""
        if family not in self.families:
            return [_message(2, struct.pack("=i", -errno.EAFNOSUPPORT) + bytes(16), number)]
        listed = [
            _message(_NEWROUTE, _BODY.pack(family, each.length, 0, 0, each.table & 255, 4, 0, kind, 0)
                     + _put(15, struct.pack("=I", each.table)) + _put(1, each.destination), number)
            for each, kind in self.routes.items() if each.family == family
        ]  # fmt: skip
        return [*listed[:1], b"".join([*listed[1:], _message(3, bytes(4), number)])]

    def _done(self, kind: int, flags: int, body: bytes) -> int:
        family, length, source, tos, table, protocol, scope, its_kind, more = _BODY.unpack_from(body)
        said = _read(body[_BODY.size :])
        if family not in self.families:
            return errno.EAFNOSUPPORT
        if (source, tos, scope, more) != (0, 0, 0, 0):
            return errno.EINVAL
        if kind in (_NEWRULE, _DELRULE):
            rule = Rule(family, struct.unpack("=I", said.pop(6))[0], table)
            if said or its_kind != 1 or length or protocol:
                return errno.EINVAL
            return self._rule(kind, flags, rule)
        route = Route(family, table, length, said.pop(1, b""))
        if said or len(route.destination) not in ((4 if family == socket.AF_INET else 16) if length else 0,):
            return errno.EINVAL
        if kind == _NEWROUTE:
            if protocol != 4 or flags != _CREATE | _REPLACE:
                return errno.EINVAL
            self.routes[route] = its_kind
            return 0
        assert kind == _DELROUTE
        return 0 if self.routes.pop(route, None) is not None else errno.ESRCH

    def _rule(self, kind: int, flags: int, rule: Rule) -> int:
        if kind == _NEWRULE:
            if flags != _CREATE | _EXCLUSIVE:
                return errno.EINVAL
            if rule in self.rules:
                return errno.EEXIST
            self.rules.add(rule)
            return 0
        found = [each for each in self.rules if (each.family, each.priority) == (rule.family, rule.priority)]
        if not found or rule.table not in (0, found[0].table):
            return errno.ENOENT
        self.rules.remove(found[0])
        return 0


def _begins(packed: bytes, route: Route) -> bool:
    if not route.length:
        return True
    network = ipaddress.ip_network((route.destination, route.length), strict=False)
    return ipaddress.ip_address(packed) in network


def _message(kind: int, body: bytes, number: int) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, 0, number, os.getpid()) + body


def _put(kind: int, payload: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4) if payload else b""


def _read(raw: bytes) -> dict[int, bytes]:
    found = {}
    while raw:
        length, kind = struct.unpack_from("=HH", raw)
        found[kind] = raw[4:length]
        raw = raw[(length + 3) & ~3 :]
    return found
