"""A way to a socket that breaks off for good after so many bytes towards it."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PIECE = 4096


@contextlib.asynccontextmanager
async def cutting_door(socket: str, limit: int) -> AsyncIterator[str]:
    """The path of a socket that leads to another, until `limit` bytes have gone in over all connections together.

    The first few kilobytes are how two engines find each other; so the count begins with the first large piece.
    """
    left = [limit]
    cut = asyncio.Event()
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while not cut.is_set() and (data := await reader.read(_PIECE)):
                if counted and len(data) == _PIECE:
                    left[0] -= len(data)
                    if left[0] < 0:
                        cut.set()
                        for each in writers:
                            each.transport.abort()
                        return
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if cut.is_set():
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_unix_connection(socket)
        writers.extend((writer, there_writer))
        for source, target, counted in ((reader, there_writer, True), (there_reader, writer, False)):
            task = asyncio.ensure_future(carry(source, target, counted=counted))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    with tempfile.TemporaryDirectory(prefix="wc-") as place:
        path = Path(place) / "s"
        server = await asyncio.start_unix_server(connected, path)
        try:
            yield str(path)
        finally:
            server.close()
            for each in writers:
                each.transport.abort()
            await asyncio.gather(*tasks, return_exceptions=True)
