"""What the packet filters of containers' namespaces have counted: places that were refused, and bytes by peer.

The kernel keeps the figures, whether an engine runs or not; here they are read while somebody looks. A namespace is
spoken to by a socket that was made inside it, for nobody can enter one and come back.
"""

from __future__ import annotations

import contextlib
import ipaddress
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import WherryError
from engine.networks.names import filters
from engine.networks.names.sockets import namespace_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from engine.sandbox.client import Keeper

_KEPT = 500
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}


class Tried(NamedTuple):
    """A place that a container was refused, so many packets more than was told before."""

    time_ns: int
    key: str
    protocol: str
    address: str
    port: int
    packets: int


class Counted(NamedTuple):
    key: str
    address: str
    sent: int
    received: int


class Traffic:
    """Containers and pods go by one key here."""

    def __init__(self, keeper: Keeper, namespace: Callable[[str], Path]) -> None:
        self._keeper, self._namespace = keeper, namespace
        self._speakers: dict[str, tuple[tuple[int, int], socket.socket]] = {}
        self._seen: dict[tuple[str, str, int, int], int] = {}
        self._tried: deque[tuple[int, Tried]] = deque(maxlen=_KEPT)
        self._last = 0

    def tried_since(self, number: int) -> tuple[int, list[Tried]]:
        """What came after that number, and the last one now."""
        return self._last, [each for at, each in self._tried if at > number]

    async def look(self, keys: Collection[str]) -> None:
        """Note what was refused since the last look."""
        self._forget_others(keys)
        for key in keys:
            if (speaker := await self._speaker(key)) is not None:
                with contextlib.suppress(OSError):
                    self._note(key, speaker)

    def _note(self, key: str, speaker: socket.socket) -> None:
        for place in filters.refusals(speaker):
            mark = (key, place.address, place.protocol, place.port)
            before = self._seen.get(mark, 0)
            if place.packets == before:
                continue
            self._seen[mark] = place.packets
            self._last += 1
            more = place.packets - before if place.packets > before else place.packets  # the kernel forgot it meanwhile
            when = time.time_ns() - int(place.ago * 1e9)
            protocol = _PROTOCOLS.get(place.protocol, str(place.protocol))
            self._tried.append((self._last, Tried(when, key, protocol, place.address, place.port, more)))

    def _forget_others(self, keys: Collection[str]) -> None:
        for mark in [mark for mark in self._seen if mark[0] not in keys]:
            del self._seen[mark]

    async def peers(self, keys: Collection[str]) -> list[Counted]:
        """Counted from the first time somebody asks; where an allow-list is, from its beginning."""
        found: list[Counted] = []
        for key in keys:
            if (speaker := await self._speaker(key)) is not None:
                with contextlib.suppress(OSError):
                    filters.count(speaker)
                    found += (Counted(key, *each) for each in _single(filters.peers(speaker)))
        return found

    async def _speaker(self, key: str) -> socket.socket | None:
        path = self._namespace(key)
        namespace = namespace_of(str(path))
        known = self._speakers.get(key)
        if known is not None and known[0] == namespace:
            return known[1]
        self.forget(key)
        if namespace == (0, 0):
            return None
        try:
            made = await self._keeper.speak_to_filter(path)
        except (WherryError, OSError):
            return None  # the kernel has no filter for us, or the container ended meanwhile
        self.forget(key)
        if namespace_of(str(path)) != namespace:
            made.close()
            return None
        self._speakers[key] = namespace, made
        return made

    def keep_only(self, keys: Collection[str]) -> None:
        for key in [key for key in self._speakers if key not in keys]:
            self.forget(key)

    def forget(self, key: str) -> None:
        """Its namespace is about to go, which a socket in it would hold."""
        if (known := self._speakers.pop(key, None)) is not None:
            known[1].close()

    def close(self) -> None:
        self.keep_only(())


def _single(counted: Iterator[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    """Whom one can talk to: no group, no broadcast."""
    for address, sent, received in counted:
        if not ipaddress.ip_address(address).is_multicast and address != "255.255.255.255":
            yield address, sent, received
