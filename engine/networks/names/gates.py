"""The gate before a member's way out: a table of routes in its own namespace that is asked before all others.

What it names goes on to the usual routes, all else is prohibited: a program hears "permission denied" at once. No
packet filter is needed, and what a container may not change (its routes) holds while nothing of ours runs.

Who leaves the host's network cannot come back, so a child goes there.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import struct

from engine.networks.names.sockets import enter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_TABLE, _PRIORITY = 100, 100
_NEWROUTE, _DELROUTE, _GETROUTE, _NEWRULE, _DELRULE = 24, 25, 26, 32, 33
_PROHIBIT, _THROW, _TO_TABLE = 8, 9, 1
_BY_ADMINISTRATOR = 4
_DESTINATION, _OF_TABLE, _RULE_PRIORITY = 1, 15, 6
_REQUEST, _ACKNOWLEDGE, _REPLACE, _EXCLUSIVE, _CREATE, _DUMP = 0x1, 0x4, 0x100, 0x200, 0x400, 0x300
_HEADER = struct.Struct("=IHHII")
_ROUTE = struct.Struct("=BBBBBBBBI")
_DONE, _ERROR = 3, 2
_ALWAYS = {socket.AF_INET: (), socket.AF_INET6: ("fe80::/10", "ff00::/8")}
"""What a link itself needs."""
_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_ABSENT = (errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.ENOENT, errno.ESRCH)


def close_all_but(namespace: str, allowed: Iterable[str], *, anew: bool) -> bool:
    """Whether it is so now. `anew` forgets what was allowed before."""
    wanted = [ipaddress.ip_network(text, strict=False) for text in allowed]

    def act(routes: _Routes) -> None:
        for family in _FAMILIES:
            with _where_it_is(family):
                routes.add(family, _PROHIBIT, 0, b"")
                if anew:
                    routes.flush(family, but_the_ban=True)
                for network in [*wanted, *map(ipaddress.ip_network, _ALWAYS[family])]:
                    if _family(network) == family:
                        routes.add(family, _THROW, network.prefixlen, network.network_address.packed)
                routes.rule(family)

    return _inside(namespace, act)


def allow(namespace: str, addresses: Iterable[str]) -> bool:
    """Some more, before anybody hears of them."""
    wanted = [ipaddress.ip_address(text) for text in addresses]

    def act(routes: _Routes) -> None:
        for address in wanted:
            family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
            with _where_it_is(family):
                routes.add(family, _THROW, address.max_prefixlen, address.packed)

    return _inside(namespace, act)


def open_again(namespace: str) -> bool:
    def act(routes: _Routes) -> None:
        for family in _FAMILIES:
            with _where_it_is(family):
                routes.drop_rule(family)
            with _where_it_is(family):
                routes.flush(family)

    return _inside(namespace, act)


def _family(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> int:
    return socket.AF_INET6 if network.version == 6 else socket.AF_INET


@contextlib.contextmanager
def _where_it_is(family: int) -> Iterator[None]:
    """A machine without IPv6 has nothing there to close."""
    try:
        yield
    except OSError as error:
        if family != socket.AF_INET6 or error.errno not in _ABSENT:
            raise


def _inside(namespace: str, act: Callable[[_Routes], None]) -> bool:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            enter(namespace)
            act(_Routes())
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return status == 0


class _Routes:
    """As much of rtnetlink as it takes."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)

    def add(self, family: int, kind: int, length: int, destination: bytes) -> None:
        head = _ROUTE.pack(family, length, 0, 0, _TABLE, _BY_ADMINISTRATOR, 0, kind, 0)
        with contextlib.suppress(FileExistsError):
            self._ask(_NEWROUTE, _CREATE | _REPLACE, head + _attribute(_DESTINATION, destination))

    def rule(self, family: int) -> None:
        head = _ROUTE.pack(family, 0, 0, 0, _TABLE, 0, 0, _TO_TABLE, 0)
        with contextlib.suppress(FileExistsError):
            self._ask(_NEWRULE, _CREATE | _EXCLUSIVE, head + _number(_RULE_PRIORITY, _PRIORITY))

    def drop_rule(self, family: int) -> None:
        head = _ROUTE.pack(family, 0, 0, 0, _TABLE, 0, 0, _TO_TABLE, 0)
        with contextlib.suppress(FileNotFoundError):
            self._ask(_DELRULE, 0, head + _number(_RULE_PRIORITY, _PRIORITY))

    def flush(self, family: int, *, but_the_ban: bool = False) -> None:
        for head, destination in list(self._ours(family)):
            if but_the_ban and not destination:
                continue
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                self._ask(_DELROUTE, 0, head + _attribute(_DESTINATION, destination))

    def _ours(self, family: int) -> Iterator[tuple[bytes, bytes]]:
        self._send(_GETROUTE, _DUMP, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0))
        while True:
            answer = self._socket.recv(1 << 16)
            while answer:
                length, kind, *_ = _HEADER.unpack_from(answer)
                if kind in (_DONE, _ERROR):
                    return
                body, answer = answer[_HEADER.size : length], answer[(length + 3) & ~3 :]
                values = dict(_attributes(body[_ROUTE.size :]))
                if values.get(_OF_TABLE, b"") == struct.pack("=I", _TABLE):
                    yield body[: _ROUTE.size], values.get(_DESTINATION, b"")

    def _ask(self, kind: int, flags: int, body: bytes) -> None:
        self._send(kind, _ACKNOWLEDGE | flags, body)
        number = -int(struct.unpack_from("=i", self._socket.recv(1 << 16), _HEADER.size)[0])
        if number:
            raise OSError(number, os.strerror(number))

    def _send(self, kind: int, flags: int, body: bytes) -> None:
        self._socket.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, 1, 0) + body)


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    while len(body) >= 4:
        length, kind = struct.unpack_from("=HH", body)
        yield kind, body[4:length]
        body = body[(max(length, 4) + 3) & ~3 :]


def _attribute(kind: int, payload: bytes) -> bytes:
    if not payload:
        return b""
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def _number(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack("=I", value))
