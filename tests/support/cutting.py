"""A way to a socket that breaks off where a test wants it: after so many bytes, or around one request.

Broken, it takes no new connection either, until it is mended.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PIECE = 1 << 16
_REQUEST = re.compile(rb"(?:GET|POST|PUT|DELETE|HEAD) (/\S*) HTTP/1\.1\r\n")


class Door:
    """Counts what goes in and out, over all connections together, since it was last asked to `begin`."""

    def __init__(self, socket: str) -> None:
        self.path = ""
        self.passed = 0
        self.requests: list[tuple[int, str]] = []
        """Where each began in that count, and its path."""
        self.broke = asyncio.Event()
        self._socket = socket
        self._limit: int | None = None
        self._request = ""
        self._answered = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, *, limit: int | None = None, request: str = "", answered: bool = True) -> None:
        """Break off after `limit` bytes; or at the request whose path ends so: as its answer comes (it was done, and
        nobody is told), or before it went through."""
        self.passed, self.requests = 0, []
        self._limit, self._request, self._answered = limit, request, answered

    def mend(self) -> None:
        self.begin()
        self.broke.clear()

    def cut(self) -> None:
        self.broke.set()
        for each in self._writers:
            each.transport.abort()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.broke.is_set():
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_unix_connection(self._socket)
        ways = _Ways(self)
        for source, target, inwards in ((reader, there_writer, True), (there_reader, writer, False)):
            self._writers.add(target)
            task = asyncio.ensure_future(self._carry(source, target, ways, inwards=inwards))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ways: _Ways, *, inwards: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while not self.broke.is_set() and (data := await reader.read(_PIECE)):
                data = ways.inwards(data) if inwards else ways.outwards(data)
                if self._limit is not None and self.passed + len(data) >= self._limit:
                    data = data[: self._limit - self.passed]
                    ways.last = True
                self.passed += len(data)
                if data:
                    writer.write(data)
                    await writer.drain()
                if ways.last:
                    self.cut()
                    return
            writer.write_eof()

    def meant(self, path: str) -> bool:
        return bool(self._request) and path.partition("?")[0].endswith(self._request)

    @property
    def lets_it_through(self) -> bool:
        return self._answered

    async def close(self) -> None:
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Ways:
    """One connection through the door."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._waits_for_answer = False
        self.last = False
        """It breaks off after what is passed on now."""

    def inwards(self, data: bytes) -> bytes:
        for found in _REQUEST.finditer(data):
            path = found[1].decode()
            self._door.requests.append((self._door.passed + found.start(), path))
            if self._door.meant(path):
                if not self._door.lets_it_through:
                    self.last = True
                    return data[: found.start()]
                self._waits_for_answer = True
        return data

    def outwards(self, data: bytes) -> bytes:
        if self._waits_for_answer:
            self.last = True
            return b""
        return data


@contextlib.asynccontextmanager
async def door_to(socket: str) -> AsyncIterator[Door]:
    door = Door(socket)
    with tempfile.TemporaryDirectory(prefix="wc-") as place:
        door.path = str(Path(place) / "s")
        server = await asyncio.start_unix_server(door.connected, door.path)
        try:
            yield door
        finally:
            server.close()
            await door.close()
