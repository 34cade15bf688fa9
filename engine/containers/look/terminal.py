"""Receiving a container's terminal: crun makes it inside and sends its master end over a socket we listen on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING

from engine.containers.look.streams import settle
from engine.errors import RuntimeFailure

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_WAIT_SECONDS = 10.0


class ConsoleSocket:
    """One terminal, received once."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = directory / name[:16]
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)

    async def __aenter__(self) -> ConsoleSocket:
        self._socket.bind(os.fspath(self.path))
        self._socket.listen(1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    async def receive(self) -> int:
        """The terminal's master end; ours to close."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                connection, _ = await loop.sock_accept(self._socket)
                with connection:
                    await _readable(loop, connection)
                    _, fds, _, _ = socket.recv_fds(connection, 4096, 4)
        except TimeoutError as error:
            raise RuntimeFailure("The terminal did not come up", "The runtime sent none.") from error
        if not fds:
            raise RuntimeFailure("The terminal did not come up", "The runtime sent no descriptor.")
        for extra in fds[1:]:
            os.close(extra)
        return fds[0]


async def _readable(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(connection, settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(connection)
