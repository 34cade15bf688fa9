"""The way from the door to a service: a socket inside the network namespace of its container.

So a port need not be published, and no helper stands between. Sockets are asked for a few at a time, for the keeper
forks to enter a namespace; what was not used in time is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from engine.frontdoor.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.sandbox.client import Keeper
    from engine.types.containers import Container

_AT_ONCE = 8
_CONNECT_SECONDS = 5.0
_KEPT_SECONDS = 20.0


class NotThere(Exception):
    """Nobody listens there, or the container has just ended."""


class Services:
    def __init__(self, keeper: Keeper, find: Callable[[str], Container | None]) -> None:
        self._keeper = keeper
        self._find = find
        self._ready: dict[tuple[str, int, int], list[socket.socket]] = {}
        self._locks: WeakValueDictionary[tuple[str, int, int], asyncio.Lock] = WeakValueDictionary()

    async def connect(self, container_id: str, port: int) -> Wire:
        """A connection to a port inside; first on the container's loopback, then at its own address."""
        container = self._find(container_id)
        if container is None or not container.pid:
            raise NotThere
        places = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
        if container.ip_address and container.spec.network != "host":
            family = socket.AF_INET6 if ":" in container.ip_address else socket.AF_INET
            places.append((family, container.ip_address))
        for family, address in places:
            with contextlib.suppress(OSError, TimeoutError):
                return await self._connect(container, family, address, port)
        raise NotThere

    async def _connect(self, container: Container, family: int, address: str, port: int) -> Wire:
        loop = asyncio.get_running_loop()
        plug = await self._socket(container, family)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await loop.sock_connect(plug, (address, port))
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _, wire = await loop.create_connection(Wire, sock=plug)
        except BaseException:
            plug.close()
            raise
        return wire

    async def _socket(self, container: Container, family: int) -> socket.socket:
        if container.spec.network == "host":
            plug = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            plug.setblocking(False)  # noqa: FBT003 - its name says what
            return plug
        key = (container.id, container.pid, family)
        async with self._locks.setdefault(key, asyncio.Lock()):
            ready = self._ready.get(key)
            if not ready:
                ready = await self._keeper.open_sockets(f"/proc/{container.pid}/ns/net", family, _AT_ONCE)
                self._ready[key] = ready
                asyncio.get_running_loop().call_later(_KEPT_SECONDS, self._drop, key, ready)
            return ready.pop()

    def _drop(self, key: tuple[str, int, int], ready: list[socket.socket]) -> None:
        for plug in ready:
            plug.close()
        ready.clear()
        if self._ready.get(key) is ready:
            del self._ready[key]

    def close(self) -> None:
        for key, ready in tuple(self._ready.items()):
            self._drop(key, ready)
