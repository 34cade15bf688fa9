"""One end of a connection: what came waits until it is asked for, what goes waits while the other side is slow."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.frontdoor.framing import Framing

_MOST_WAITING = 512 * 1024
_MOST_UNSENT = 512 * 1024
_LEAVE_SECONDS = 2.0
_KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))
"""After a silence the kernel asks whether the other side is still there."""


class HeadTooLong(Exception):
    """No end of a head within what is allowed."""


class Ended(Exception):
    """The other side has gone in the middle of something."""


class Wire(asyncio.Protocol):
    """Made by a transport; one reader and one writer at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._chunks: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._reading = True
        self._writable = True
        self._readers: list[asyncio.Future[None]] = []
        self._writers: list[asyncio.Future[None]] = []
        self._closed = asyncio.get_running_loop().create_future()
        self.ended = False
        """Nothing more comes."""
        self._on_end: Callable[[], None] | None = None

    # --- of the transport ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_MOST_UNSENT)
        plain = transport.get_extra_info("socket")
        if plain is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in _KEEP_ALIVE:
                plain.setsockopt(socket.IPPROTO_TCP, option, value)

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _MOST_WAITING and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()
        _wake(self._readers)

    def eof_received(self) -> bool:
        self._has_ended()
        # What it asked for may still be sent to it, where it can say that it will say no more.
        return self._transport is not None and self._transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._writable = False
        if not self._closed.done():
            self._closed.set_result(None)
        self._has_ended()
        _wake(self._writers)

    def _has_ended(self) -> None:
        self.ended = True
        _wake(self._readers)
        if self._on_end is not None:
            self._on_end()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        _wake(self._writers)

    # --- for whoever holds it ---

    @property
    def has_more(self) -> bool:
        return bool(self._chunks)

    @property
    def lost(self) -> bool:
        return self._closed.done()

    def when_ended(self, act: Callable[[], None]) -> None:
        """Do something as soon as nothing more will come, or now."""
        self._on_end = act
        if self.ended:
            act()

    async def something(self) -> None:
        """Until there is something to read, or nothing will come any more."""
        while not self._chunks and not self.ended:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._readers.append(waiting)
            try:
                await waiting
            finally:
                if waiting in self._readers:
                    self._readers.remove(waiting)

    async def read(self) -> bytes:
        """What came next; nothing at the end."""
        await self.something()
        if not self._chunks:
            return b""
        data = self._chunks.popleft()
        self._waiting_bytes -= len(data)
        if not self._reading and self._waiting_bytes < _MOST_WAITING // 2 and self._transport is not None:
            self._reading = True
            if not self.lost:
                self._transport.resume_reading()
        return data

    def give_back(self, data: bytes) -> None:
        if data:
            self._chunks.appendleft(data)
            self._waiting_bytes += len(data)

    async def read_head(self, most: int) -> bytes:
        """Up to the first empty line, with it; nothing where the connection ended before anything came."""
        head = b""
        while data := await self.read():
            searched = max(0, len(head) - 3)
            head += data
            end = head.find(b"\r\n\r\n", searched)
            if end >= 0 and end + 4 <= most:
                self.give_back(head[end + 4 :])
                return head[: end + 4]
            if len(head) > most or end >= 0:
                raise HeadTooLong
        if head:
            raise Ended
        return b""

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self.lost:
            self._transport.write(data)

    async def drain(self) -> None:
        """Until the other side takes more. Raises `Ended` where it will not."""
        while not self._writable:
            if self.lost:
                raise Ended
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._writers.append(waiting)
            await waiting

    def send_end(self) -> None:
        if self._transport is not None and not self.lost and self._transport.can_write_eof():
            self._transport.write_eof()

    async def leave(self) -> None:
        """Send what was written, and end. What still comes is read for a moment: to a connection that is closed on it,
        the kernel answers with a reset, which takes the last answer along."""
        if self._transport is None or self.lost:
            return
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                if self._transport.can_write_eof():
                    self._transport.write_eof()
                    while await self.read():
                        pass
                self._transport.close()
                await asyncio.shield(self._closed)
        except TimeoutError:
            self._transport.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def relay_body(source: Wire, sink: Wire, framing: Framing) -> None:
    """Pass a body on as it comes. Raises `BadBody` where it is not one, `Ended` where its reader has gone."""
    while not framing.over:
        data = await source.read()
        if not data:
            framing.end()
            return
        taken = framing.feed(data)
        sink.write(data[:taken] if taken < len(data) else data)
        source.give_back(data[taken:])
        await sink.drain()


async def relay_all(source: Wire, sink: Wire) -> None:
    """Everything to the end, and that it ended."""
    while data := await source.read():
        sink.write(data)
        await sink.drain()
    sink.send_end()


def _wake(waiting: list[asyncio.Future[None]]) -> None:
    for each in waiting:
        if not each.done():
            each.set_result(None)
    waiting.clear()
