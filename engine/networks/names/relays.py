"""Published datagrams that a pasta of 2023 would lose: those of the host's loopback, where the two numbers differ.

That pasta sends the answers from the wrong port. Here each peer gets a socket inside the container's namespace, and
what arrives there goes back from where it was sent to.
"""

from __future__ import annotations

import contextlib
import socket
import time

from engine.networks.names import sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LOOPBACK = "127.0.0.1"
_LARGEST = 65535
_MOST_PEERS = 256
_IDLE_SECONDS = 120.0
_AT_ONCE = 4
"""Sockets made by one journey into a namespace."""


class Relay:
    """One published port."""

    def __init__(self, row: dict[str, Any], watch: Callable[..., None], forget: Callable[..., None]) -> None:
        self.row = row
        self._watch, self._forget = watch, forget
        self._peers: dict[tuple[str, int], Peer] = {}
        self._ready: list[socket.socket] = []
        self._outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            # Beside pasta's own, which is bound to every address.
            self._outside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._outside.bind((_LOOPBACK, row["host"]))
        except OSError:
            self._outside.close()
            raise
        self._outside.settimeout(0)
        self._watch(self._outside, self._come)

    def _come(self) -> None:
        with contextlib.suppress(OSError):
            data, place = self._outside.recvfrom(_LARGEST)
            peer = self._peers.get(place) or self._welcome(place)
            if peer is not None:
                peer.used = time.monotonic()
                peer.inside.send(data)

    def _welcome(self, place: tuple[str, int]) -> Peer | None:
        if len(self._peers) >= _MOST_PEERS:
            self._end(min(self._peers, key=lambda each: self._peers[each].used))
        if not self._ready:
            self._ready = sockets.connected_in(self.row["netns"], (_LOOPBACK, self.row["to"]), _AT_ONCE)
        if not self._ready:
            return None
        peer = self._peers[place] = Peer(self._ready.pop())
        self._watch(peer.inside, lambda: self._go(place, peer))
        return peer

    def _go(self, place: tuple[str, int], peer: Peer) -> None:
        with contextlib.suppress(OSError):
            self._outside.sendto(peer.inside.recv(_LARGEST), place)
            peer.used = time.monotonic()

    def _end(self, place: tuple[str, int]) -> None:
        self._forget(self._peers.pop(place).inside)

    @property
    def is_used(self) -> bool:
        return bool(self._peers)

    def drop_idle(self, now: float) -> None:
        for place in [place for place, peer in self._peers.items() if now - peer.used > _IDLE_SECONDS]:
            self._end(place)

    def close(self) -> None:
        for place in tuple(self._peers):
            self._end(place)
        for each in self._ready:
            each.close()
        self._forget(self._outside)


class Peer:
    """Somebody who sent something, and the socket that speaks for them inside."""

    def __init__(self, inside: socket.socket) -> None:
        self.inside = inside
        self.used = 0.0
