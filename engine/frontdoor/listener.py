"""The sockets of the door on this computer's loopback, and who may come in: the user whose engine this is, and root.

Whether a visitor begins with TLS is seen before anything is read, so one port serves both.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from typing import TYPE_CHECKING

from engine.frontdoor.peers import owner_of
from engine.frontdoor.visit import Visit
from engine.frontdoor.wire import Wire
from engine.networks.host.ports import refusal
from engine.types.containers import PortMapping

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from engine.frontdoor.certificates import Certificates
    from engine.frontdoor.visit import House

_MOST_VISITORS = 200
_BACKLOG = 128
_FIRST_BYTE_SECONDS = 75.0
_TLS_SECONDS = 15.0
_HANDSHAKE = 0x16


class Listener:
    """Open with `open`, end with `close`: visitors are then sent away."""

    def __init__(self, house: House, certificates: Callable[[], Certificates | None]) -> None:
        self._house = house
        self._certificates = certificates
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_MOST_VISITORS)

    def open(self, port: int) -> None:
        """On IPv4's loopback, and on IPv6's where there is one."""
        try:
            self._bind(socket.AF_INET, "127.0.0.1", port)
            with contextlib.suppress(_NoSuchFamily):
                self._bind(socket.AF_INET6, "::1", port)
        except OSError as error:
            self._shut()
            mapping = PortMapping(container_port=port, host_port=port, host_ip="127.0.0.1")
            raise refusal(mapping, error.errno or 0) from None
        for listening in self._sockets:
            self._begin(self._accept(listening))

    def _bind(self, family: int, address: str, port: int) -> None:
        listening = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.bind((address, port))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            if family == socket.AF_INET6 and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise _NoSuchFamily from None
            raise
        self._sockets.append(listening)

    async def close(self) -> None:
        self._shut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _shut(self) -> None:
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="front door")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.acquire()
            try:
                plug, _ = await loop.sock_accept(listening)
            except BaseException:
                self._room.release()
                raise
            self._begin(self._receive(plug))

    async def _receive(self, plug: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError, TimeoutError):
                await self._serve(plug)
        finally:
            plug.close()
            self._room.release()

    async def _serve(self, plug: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if owner_of(plug) not in (None, 0, os.getuid()):
            return
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(_FIRST_BYTE_SECONDS):
            first = await _first_byte(plug)
        certificates = self._certificates() if first == _HANDSHAKE else None
        if first is None or (first == _HANDSHAKE and certificates is None):
            return
        peer = plug.getpeername()[0]
        if certificates is None:
            _, visitor = await loop.connect_accepted_socket(Wire, plug)
        else:
            _, visitor = await loop.connect_accepted_socket(
                Wire, plug, ssl=certificates.context, ssl_handshake_timeout=_TLS_SECONDS
            )
        try:
            await Visit(visitor, self._house, scheme="https" if certificates else "http", peer=peer).serve()
        finally:
            visitor.abort()


class _NoSuchFamily(Exception):
    """This computer has no IPv6."""


async def _first_byte(plug: socket.socket) -> int | None:
    """Looked at, not taken; None where nothing comes."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(plug, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(plug)
    first = plug.recv(1, socket.MSG_PEEK)
    return first[0] if first else None
