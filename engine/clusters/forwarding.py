"""Ports of this machine's loopback that lead into pods: a list, each with its listener and its connections."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING

from msgspec.structs import replace

from engine.clusters.streams import forward_connection
from engine.errors import Code, Conflict, NotFound, WherryError
from engine.types.clusters import Forward

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.clusters.connection import Connection
    from engine.types.clusters import ClusterKind


class Forwards:
    def __init__(self) -> None:
        self._open: dict[str, tuple[Forward, asyncio.Server]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def list(self) -> Sequence[Forward]:
        return [forward for forward, _ in self._open.values()]

    async def add(
        self, connection: Connection, pods: ClusterKind, place: tuple[str, str], port: int, local_port: int
    ) -> Forward:
        """`place` is namespace and pod."""
        name = secrets.token_hex(6)

        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            self._count(name, 1)
            try:
                with contextlib.suppress(WherryError, OSError):
                    await forward_connection(connection, pods, place, port, reader, writer)
            finally:
                writer.close()
                self._count(name, -1)
                self._tasks.discard(task)

        try:
            server = await asyncio.start_server(served, "127.0.0.1", local_port)
        except OSError as error:
            raise Conflict(
                f"Port {local_port} is taken", error.strerror or "", code=Code.PORT_IN_USE, subject=str(local_port)
            ) from error
        number = server.sockets[0].getsockname()[1]
        made = Forward(
            id=name, context=connection.access.context, namespace=place[0], pod=place[1], port=port, local_port=number
        )
        self._open[name] = (made, server)
        return made

    def _count(self, name: str, change: int) -> None:
        if name in self._open:
            forward, server = self._open[name]
            self._open[name] = (replace(forward, connections=forward.connections + change), server)

    async def stop(self, name: str) -> None:
        if name not in self._open:
            raise NotFound(f"No port is forwarded as {name}", subject=name)
        self._open.pop(name)[1].close()

    async def close(self) -> None:
        for _, server in self._open.values():
            server.close()
        self._open.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
