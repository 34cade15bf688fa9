"""Who asked for what, told to whoever listens: questions of guarded members always, others while somebody listens; and
which name the world's addresses were given for."""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_KEPT = 500
_MOST_HEARD = 4096
KNOWN, ASKED, REFUSED, UNKNOWN = "known", "asked", "refused", "unknown"
"""Answered by us; by others; not to be asked; and a name that nobody knows."""


class Journal:
    def __init__(self) -> None:
        self._kept: deque[bytes] = deque(maxlen=_KEPT)
        self._listeners: dict[int, socket.socket] = {}
        self._heard: dict[str, str] = {}
        """Names of addresses, as somebody was last told."""

    @property
    def is_read(self) -> bool:
        return bool(self._listeners)

    def listen(self, sock: socket.socket) -> None:
        """From what is kept on."""
        self._listeners[sock.fileno()] = sock
        for line in self._kept:
            self._send(sock, line)

    def forget(self, sock: socket.socket) -> None:
        self._listeners.pop(sock.fileno(), None)

    def remember(self, name: str, addresses: Sequence[str]) -> None:
        for address in addresses:
            self._heard.pop(address, None)
            self._heard[address] = name
        while len(self._heard) > _MOST_HEARD:
            del self._heard[next(iter(self._heard))]

    def names_of(self, addresses: Sequence[str]) -> dict[str, str]:
        return {each: self._heard[each] for each in addresses if each in self._heard}

    def note(
        self, network: str, asker: str, name: str, kind: int, verdict: str, addresses: Sequence[str] = (), *, keep: bool
    ) -> None:
        line = json.dumps([time.time_ns(), network, asker, name, kind, verdict, list(addresses)]).encode() + b"\n"
        if keep:
            self._kept.append(line)
        for sock in tuple(self._listeners.values()):
            self._send(sock, line)

    @staticmethod
    def _send(sock: socket.socket, line: bytes) -> None:
        # Who does not keep up misses some; the names are not held up for anybody.
        with contextlib.suppress(OSError):
            sock.send(line)
