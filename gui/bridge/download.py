"""Streams of bytes between the engine and files of the user, written on the engine's side without the window."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.facade import Engine
    from gui.bridge.client import EngineClient

CHUNK = 1 << 20


async def save_stream(client: EngineClient, work: Callable[[Engine], AsyncIterator[bytes]], path: str) -> int:
    """Write a stream to a file; the file appears whole or not at all. Gives its size."""
    partial = Path(path + ".part")

    async def write(engine: Engine) -> int:
        size = 0
        try:
            with await asyncio.to_thread(partial.open, "wb") as file:
                async for chunk in work(engine):
                    size += await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(os.replace, partial, path)
        except BaseException:
            await asyncio.to_thread(partial.unlink, missing_ok=True)
            raise
        return size

    return await client.call(write)


async def file_chunks(path: Path) -> AsyncIterator[bytes]:
    """A file of the user, for uploads."""
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
