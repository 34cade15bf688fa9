"""The gate before a member's way out where the kernel has no packet filter for us (`filters.py` is the better one): a
table of routes in its own namespace that is asked before all others.

What it names goes on to the usual routes, all else is prohibited: a program hears "permission denied" at once. What a
container may not change (its routes) holds while nothing of ours runs. Routes cannot tell an answer from a first word,
so what such a member publishes answers this computer's loopback alone; and they count nothing.

Who leaves the host's network cannot come back, so a child goes there.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import struct

from engine.networks.names.netlink import (
    ACKNOWLEDGE,
    CREATE,
    DONE,
    DUMP,
    ERROR,
    EXCLUSIVE,
    REPLACE,
    attribute,
    attributes,
    failure,
    message,
    messages,
    number,
)
from engine.networks.names.sockets import enter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_TABLE = 100
_PRIORITY = 100
_FORMER_PRIORITIES = (98, 99)
"""Of rules that an earlier version made beside it."""
_NEWROUTE, _DELROUTE, _GETROUTE, _NEWRULE, _DELRULE = 24, 25, 26, 32, 33
_PROHIBIT, _THROW, _TO_TABLE = 8, 9, 1
_BY_ADMINISTRATOR = 4
_DESTINATION, _OF_TABLE = 1, 15
_RULE_PRIORITY = 6
_ROUTE = struct.Struct("=BBBBBBBBI")
_ALWAYS = {socket.AF_INET: (), socket.AF_INET6: ("fe80::/10", "ff00::/8")}
"""What a link itself needs."""
_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_ABSENT = (errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.ENOENT, errno.ESRCH)


def close_all_but(namespace: str, allowed: Iterable[str], *, anew: bool) -> bool:
    """Whether it is so now. `anew` forgets what was allowed before."""
    wanted = [ipaddress.ip_network(text, strict=False) for text in allowed]

    def act(routes: Routes) -> None:
        for family in _FAMILIES:
            with _where_it_is(family):
                routes.add(family, _PROHIBIT, 0, b"")
                if anew:
                    routes.flush(family, but_the_ban=True)
                for network in [*wanted, *map(ipaddress.ip_network, _ALWAYS[family])]:
                    if _family(network) == family:
                        routes.add(family, _THROW, network.prefixlen, network.network_address.packed)
                routes.rule(family)

    return inside(namespace, act)


def allow(namespace: str, addresses: Iterable[str]) -> bool:
    """Some more, before anybody hears of them."""
    wanted = [ipaddress.ip_address(text) for text in addresses]

    def act(routes: Routes) -> None:
        for address in wanted:
            family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
            with _where_it_is(family):
                routes.add(family, _THROW, address.max_prefixlen, address.packed)

    return inside(namespace, act)


def open_again(namespace: str) -> bool:
    def act(routes: Routes) -> None:
        for family in _FAMILIES:
            for priority in (*_FORMER_PRIORITIES, _PRIORITY):
                with _where_it_is(family):
                    routes.drop_rules(family, priority)
            with _where_it_is(family):
                routes.flush(family)

    return inside(namespace, act)


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


def inside(namespace: str, act: Callable[[Routes], None]) -> bool:
    """Whether all of it was done there."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            enter(namespace)
            act(Routes(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return status == 0


class Routes:
    """As much of rtnetlink as it takes, in the namespace of that socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def add(self, family: int, kind: int, length: int, destination: bytes) -> None:
        head = _ROUTE.pack(family, length, 0, 0, _TABLE, _BY_ADMINISTRATOR, 0, kind, 0)
        with contextlib.suppress(FileExistsError):
            self._ask(_NEWROUTE, CREATE | REPLACE, head + attribute(_DESTINATION, destination))

    def rule(self, family: int) -> None:
        head = _ROUTE.pack(family, 0, 0, 0, _TABLE, 0, 0, _TO_TABLE, 0)
        with contextlib.suppress(FileExistsError):
            self._ask(_NEWRULE, CREATE | EXCLUSIVE, head + number(_RULE_PRIORITY, _PRIORITY))

    def drop_rules(self, family: int, priority: int) -> None:
        head = _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, _TO_TABLE, 0)
        with contextlib.suppress(FileNotFoundError):
            while True:
                self._ask(_DELRULE, 0, head + number(_RULE_PRIORITY, priority))

    def flush(self, family: int, *, but_the_ban: bool = False) -> None:
        for head, destination in list(self._ours(family)):
            if but_the_ban and not destination:
                continue
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                self._ask(_DELROUTE, 0, head + attribute(_DESTINATION, destination))

    def _ours(self, family: int) -> Iterator[tuple[bytes, bytes]]:
        self._send(_GETROUTE, DUMP, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0))
        while True:
            for kind, body in messages(self._socket.recv(1 << 16)):
                if kind in (DONE, ERROR):
                    return
                values = dict(attributes(body[_ROUTE.size :]))
                if values.get(_OF_TABLE, b"") == struct.pack("=I", _TABLE):
                    yield body[: _ROUTE.size], values.get(_DESTINATION, b"")

    def _ask(self, kind: int, flags: int, body: bytes) -> None:
        self._send(kind, ACKNOWLEDGE | flags, body)
        for _, answer in messages(self._socket.recv(1 << 16)):
            if error := failure(answer):
                raise OSError(error, os.strerror(error))

    def _send(self, kind: int, flags: int, body: bytes) -> None:
        self._socket.send(message(kind, flags, body))
