"""Bytes to and from a container's main process, over conmon's attach socket, with the log's past first if asked.

conmon's protocol: a packet socket; from conmon each packet begins with a byte that names the stream (2 stdout,
3 stderr), to conmon it is stdin as it is. Shutting down our side ends the container's stdin (unless conmon was started
with `--leave-stdin-open`). conmon waits for a slow reader, so what arrives is taken in at once, up to a bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING, Literal

from engine.errors import Conflict, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from engine.types.logs import LogLine

_STREAMS: dict[int, Literal["stdout", "stderr"]] = {2: "stdout", 3: "stderr"}
_PACKET = 64 * 1024
_STDIN_PIECE = 8192
"""conmon reads so much at once and drops the rest of a longer packet."""
_MOST_SIZE = 1000
_CONNECT_SECONDS = 2.0


class Attachment:
    """Implements `facade.ByteStream`."""

    def __init__(
        self,
        connection: socket.socket | None,
        *,
        control: Path,
        tty: bool,
        stdin: bool,
        past: AsyncIterator[Sequence[LogLine]] | None,
    ) -> None:
        self._connection = connection
        self._control = control
        self._tty = tty
        self._stdin = stdin
        self._past = past
        self._ready: list[tuple[Literal["stdout", "stderr"], bytes]] = []
        self._writing = asyncio.Lock()
        self._receiving: asyncio.Future[bytes] | None = None

    async def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        if self._ready:
            return self._ready.pop(0)
        if self._past is not None:
            async for batch in self._past:
                self._ready = [(line.stream, self._as_written(line)) for line in batch]
                return self._ready.pop(0)
            self._past = None
        return await self._receive()

    def _as_written(self, line: LogLine) -> bytes:
        text = line.text.encode("utf-8", "surrogateescape")
        if line.partial:
            return text
        # A terminal's carriage return is in the log already.
        return text + b"\n"

    async def _receive(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        while self._connection is not None:
            packet = await self._next_packet(self._connection)
            if not packet:
                self._drop()
                return None
            stream = _STREAMS.get(packet[0])
            if stream is not None and len(packet) > 1:
                return stream, packet[1:]
        return None

    async def _next_packet(self, connection: socket.socket) -> bytes:
        """Empty at the end, and when `close` is called meanwhile."""
        self._receiving = asyncio.ensure_future(asyncio.get_running_loop().sock_recv(connection, _PACKET))
        try:
            return await self._receiving
        except OSError:
            return b""
        except asyncio.CancelledError:
            if self._connection is None:
                return b""
            raise
        finally:
            self._receiving = None

    async def write(self, data: bytes) -> None:
        if not self._stdin:
            return
        loop = asyncio.get_running_loop()
        async with self._writing:
            for at in range(0, len(data), _STDIN_PIECE):
                if self._connection is None:
                    return
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    await loop.sock_sendall(self._connection, data[at : at + _STDIN_PIECE])

    async def close_stdin(self) -> None:
        if self._connection is not None and self._stdin:
            async with self._writing:
                with contextlib.suppress(OSError):
                    self._connection.shutdown(socket.SHUT_WR)

    async def resize(self, rows: int, columns: int) -> None:
        if self._tty:
            await resize(self._control, rows, columns)

    async def close(self) -> None:
        self._drop()
        if self._past is not None:
            close = getattr(self._past, "aclose", None)
            self._past = None
            if close is not None:
                await close()

    def _drop(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            if self._receiving is not None:
                self._receiving.cancel()
            asyncio.get_running_loop().remove_reader(connection.fileno())
            connection.close()


async def attach(
    *,
    socket: Path,
    control: Path,
    tty: bool,
    stdin: bool,
    stream: bool = True,
    past: AsyncIterator[Sequence[LogLine]] | None = None,
) -> Attachment:
    """`socket` is conmon's attach socket, `control` its ctl fifo, `past` the log up to now where it is to be replayed.

    conmon closes the container's stdin when an attached client leaves, unless it runs with `--leave-stdin-open`:
    start it so where the spec says stdin_open without stdin_once. It ends (read() gives None) with the container.
    """
    connection = await _connect(socket) if stream else None
    return Attachment(connection, control=control, tty=tty, stdin=stdin, past=past)


async def _connect(path: Path) -> socket.socket:
    """By way of its directory's descriptor: the path may be longer than a socket's may be."""
    try:
        directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise Conflict("The container does not run", "There is nothing to attach to.") from error
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(connection, f"/proc/self/fd/{directory}/{path.name}")
    except (OSError, TimeoutError) as error:
        connection.close()
        raise Conflict("The container does not run", "There is nothing to attach to.", details=str(error)) from error
    finally:
        os.close(directory)
    return connection


async def resize(control: Path, rows: int, columns: int) -> None:
    """Tell conmon the size of the container's main terminal. Quietly nothing where conmon is gone."""
    if not (0 <= rows <= _MOST_SIZE and 0 <= columns <= _MOST_SIZE):
        raise InvalidRequest(f"A terminal of {rows} × {columns} makes no sense")
    try:
        fd = os.open(control, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        with contextlib.suppress(OSError):
            os.write(fd, f"1 {rows} {columns}\n".encode())
    finally:
        os.close(fd)
