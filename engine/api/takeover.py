"""How the engine is taken over from a headless `wherry serve`, by a window or one that stays; containers go on.

if await take_over(paths.socket): engine = await open_engine()
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_REQUEST = "POST /wherry/release{} HTTP/1.1\r\nHost: wherry\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CREDENTIALS = struct.Struct("3i")


async def take_over(socket_path: str | Path, *, passing_only: bool = False, timeout: float = 20.0) -> bool:
    """Ask the owner behind the socket to let go, and wait until its process has ended: then the store is free.

    True once it has (or nobody was there); False if the owner is a window, which does not let go, or does not end in
    time. With `passing_only`, one that is meant to stay is not asked to go either.
    """
    path = str(socket_path)
    try:
        async with asyncio.timeout(timeout):
            try:
                reader, writer = await asyncio.open_unix_connection(path)
            except (FileNotFoundError, ConnectionRefusedError):
                return True
            owner, uid = _owner(writer)
            if uid != os.getuid():
                writer.close()
                return False
            if not await _ask(reader, writer, "?passing=1" if passing_only else ""):
                return False
            if owner != os.getpid():
                await _ended(owner)
            else:
                # The end of a server in this very process can only be looked for.
                while os.path.exists(path):  # noqa: ASYNC110, ASYNC240
                    await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, query: str) -> bool:
    try:
        writer.write(_REQUEST.format(query).encode())
        status = await reader.readline()
        # An empty answer: it was already on its way out.
        return not status or b" 200 " in status
    except ConnectionError:
        return True
    finally:
        writer.close()


def _owner(writer: asyncio.StreamWriter) -> tuple[int, int]:
    """The process that listens and whose it is, as the kernel noted it."""
    sock = writer.get_extra_info("socket")
    pid, uid, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(pid), int(uid)


async def _ended(pid: int) -> None:
    """The kernel tells when the process is gone."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
