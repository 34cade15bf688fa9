"""How the window takes the engine over from a headless `wherry serve`, without touching containers.

if await take_over(paths.socket): engine = await open_engine()
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_REQUEST = b"POST /wherry/release HTTP/1.1\r\nHost: wherry\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def take_over(socket_path: str | Path, *, timeout: float = 20.0) -> bool:
    """Ask the owner behind the socket to let go, and wait until it has.

    True once nobody answers there any more (or nobody did); False if the owner is a window, which does not let go, or
    does not end in time.
    """
    try:
        async with asyncio.timeout(timeout):
            if not await _ask(str(socket_path)):
                return False
            # The other process's end cannot be awaited, only looked for.
            while await _alive(str(socket_path)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True


async def _ask(path: str) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return True
    try:
        writer.write(_REQUEST)
        status = await reader.readline()
        # An empty answer: it was already on its way out.
        return not status or b" 200 " in status or b" 204 " in status
    except ConnectionError:
        return True
    finally:
        writer.close()


async def _alive(path: str) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    writer.close()
    return True
