"""An engine as if it were years older: a door to it that tells an older version, and refuses what came later."""

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
_REQUEST = re.compile(rb"^(?:GET|POST|PUT|DELETE|HEAD) (?:/v1\.(\d+))?(/\S*) HTTP/1\.1\r\n")
_VERSION = re.compile(rb'("ApiVersion":\s*"1\.)\d\d"')
_SINCE = {rb"/distribution/": 30, rb"/build/prune": 31, rb"/configs": 30, rb"/session": 31}


@contextlib.asynccontextmanager
async def older_engine(socket: str, minor: int) -> AsyncIterator[str]:
    """The path of a socket. One request at a time per connection, as Docker's clients send them."""
    writers: list[asyncio.StreamWriter] = []
    tasks: set[asyncio.Task[None]] = set()

    async def inwards(reader: asyncio.StreamReader, there: asyncio.StreamWriter, back: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_PIECE):
                found = _REQUEST.match(data)
                if found is not None and (refusal := _refusal(found, minor)):
                    back.write(refusal)
                    back.close()
                    return
                there.write(data)
                await there.drain()
            there.write_eof()

    async def outwards(reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_PIECE):
                back.write(_VERSION.sub(rb'\g<1>%d"' % minor, data))
                await back.drain()
            back.write_eof()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(socket)
        writers.extend((writer, there_writer))
        for work in (inwards(reader, there_writer, writer), outwards(there_reader, writer)):
            task = asyncio.ensure_future(work)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    with tempfile.TemporaryDirectory(prefix="wo-") as place:
        path = Path(place) / "s"
        server = await asyncio.start_unix_server(connected, path)
        try:
            yield str(path)
        finally:
            server.close()
            for each in writers:
                each.transport.abort()
            await asyncio.gather(*tasks, return_exceptions=True)


def _refusal(found: re.Match[bytes], minor: int) -> bytes:
    """As Docker words it; "" where it is taken."""
    asked, path = found[1], found[2]
    if asked is not None and int(asked) > minor:
        return _answer(400, f"client version 1.{int(asked)} is too new. Maximum supported API version is 1.{minor}")
    if any(path.startswith(new) and minor < since for new, since in _SINCE.items()):
        return _answer(404, "page not found")
    return b""


def _answer(status: int, words: str) -> bytes:
    body = f'{{"message":"{words}"}}'
    return (
        f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Connection: close\r\n\r\n{body}"
    ).encode()
