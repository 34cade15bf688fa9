"""HTTP/2 on a connection that began as something else: a hijacked request, or messages of another HTTP/2 stream."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from grpclib.client import Channel
from grpclib.config import Configuration
from grpclib.server import Server

from engine.api.buildkit.connections.bounds import BoundedHandler, BoundedProtocol, Codec
from engine.api.buildkit.faults import DetailsCodec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from grpclib.protocol import H2Protocol

    from engine.api.buildkit.connections.wires import Wire

_PAUSE_BYTES = 1 << 20
_MOST_UNREAD_BYTES = 8 << 20
"""Answers to pings, settings and resets wait for no window: who never reads them is not answered for ever."""
_PIECE = 16 << 10
"""So much is taken in before others have their turn."""
_STREAMS_AT_ONCE = 4096
"""A bake of 160 targets holds two streams for each; Go's clients give up where fewer are allowed."""
_MAX_CONCURRENT_STREAMS = 3
_WINDOW = 4 << 20
_SETTINGS = Configuration(http2_connection_window_size=_WINDOW, http2_stream_window_size=_WINDOW)


class WireTransport(asyncio.Transport):
    """What an asyncio protocol writes goes over a wire, in order, with back-pressure."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire
        self._protocol: H2Protocol | None = None
        self._queue: list[bytes] = []
        self._size = 0
        self._news = asyncio.Event()
        self._paused = False
        self._closing = False
        self._sender: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def run(self, protocol: H2Protocol, *, first: bytes = b"") -> None:
        """Carry bytes until either side ends."""
        self._protocol = protocol
        protocol.connection_made(self)
        self.connected.set()
        self._sender = asyncio.create_task(self._send())
        try:
            if first:
                await self._take(protocol, first)
            while not self._closing and (data := await self._wire.read()):
                await self._take(protocol, data)
        except ConnectionError:
            pass
        finally:
            self._closing = True
            protocol.connection_lost(None)
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
            self._wire.end()

    async def _take(self, protocol: H2Protocol, data: bytes) -> None:
        for start in range(0, len(data), _PIECE):
            if self._closing:
                return
            protocol.data_received(data[start : start + _PIECE])
            if start:
                await asyncio.sleep(0)

    async def _send(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self._news.wait()
                self._news.clear()
                data, self._queue, self._size = b"".join(self._queue), [], 0
                if data:
                    await self._wire.write(data)
                if self._paused and self._size <= _PAUSE_BYTES // 2 and self._protocol is not None:
                    self._paused = False
                    self._protocol.resume_writing()
                if self._closing and not self._queue:
                    self._wire.end()
                    return

    # --- asyncio.Transport ---

    def write(self, data: Any) -> None:
        if self._closing:
            return
        self._queue.append(bytes(data))
        self._size += len(data)
        self._news.set()
        if self._size > _MOST_UNREAD_BYTES:
            self._queue, self._size = [], 0
            self.close()
            self._wire.abort()
            return
        if self._size > _PAUSE_BYTES and not self._paused and self._protocol is not None:
            self._paused = True
            self._protocol.pause_writing()

    def close(self) -> None:
        self._closing = True
        self._news.set()

    abort = close

    def is_closing(self) -> bool:
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


async def serve(wire: Wire, services: Sequence[Any], *, first: bytes = b"") -> None:
    """Be the server on this wire until it ends; calls that still run then are cancelled."""
    server = Server(services, codec=Codec(), status_details_codec=DetailsCodec(), config=_SETTINGS)
    plain = server._protocol_factory()
    plain.handler.__class__ = BoundedHandler
    protocol = BoundedProtocol(plain.handler, plain.config, plain.h2_config)
    transport = WireTransport(wire)

    async def allow_streams() -> None:
        connection = protocol.connection._connection
        connection.update_settings({_MAX_CONCURRENT_STREAMS: _STREAMS_AT_ONCE})
        protocol.connection.flush()

    task = asyncio.create_task(_after_start(allow_streams))
    try:
        await transport.run(protocol, first=first)
    finally:
        task.cancel()
        for handler in list(server._handlers):
            handler.close()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(handler.wait_closed(), 30)


async def _after_start(act: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(0)
    await act()


class WireChannel(Channel):
    """A client on a wire that is there already."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(path="session", codec=Codec(), status_details_codec=DetailsCodec(), config=_SETTINGS)
        self._transport = WireTransport(wire)
        plain = self._protocol_factory()
        self._made = BoundedProtocol(plain.handler, plain.config, plain.h2_config)

    async def _create_connection(self) -> H2Protocol:
        await self._transport.connected.wait()
        return self._made

    async def run(self) -> None:
        """Until the other side ends."""
        await self._transport.run(self._made)
