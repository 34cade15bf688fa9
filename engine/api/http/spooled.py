"""A stream that is written down, so that several can read it, each from its beginning."""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PIECE = 1 << 20


class Spooled:
    """What came, in a file without a name."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def pieces(self) -> AsyncIterator[bytes]:
        at = 0
        while data := await asyncio.to_thread(os.pread, self._descriptor, _PIECE, at):
            at += len(data)
            yield data


@asynccontextmanager
async def spooled(stream: AsyncIterator[bytes]) -> AsyncIterator[Spooled]:
    with tempfile.TemporaryFile() as file:
        async for data in stream:
            await asyncio.to_thread(file.write, data)
        await asyncio.to_thread(file.flush)
        yield Spooled(file.fileno())
