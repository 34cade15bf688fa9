"""A process at the engine's end of a stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

Piece = tuple[Literal["stdout", "stderr"], bytes]


class Process:
    """A process at the engine's end: says what it is told to, and remembers what it was given."""

    id, pid = "p", 4242

    def __init__(self) -> None:
        self.output: asyncio.Queue[Piece | None] = asyncio.Queue()
        self.given = b""
        self.stdin_closed = False
        self.closed = False
        self.size = (0, 0)
        self.ended = asyncio.Event()

    async def read(self) -> Piece | None:
        return await self.output.get()

    async def write(self, data: bytes) -> None:
        self.given += data

    async def close_stdin(self) -> None:
        self.stdin_closed = True

    async def resize(self, rows: int, columns: int) -> None:
        self.size = (rows, columns)

    async def close(self) -> None:
        self.closed = True

    async def exit_code(self) -> int:
        await self.ended.wait()
        return 3

    async def kill(self, signal: str = "KILL") -> None:
        self.ended.set()

    def say(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        self.output.put_nowait((stream, data))

    def end(self) -> None:
        self.output.put_nowait(None)
        self.ended.set()


async def announce(api: Served, **body: object) -> str:
    asked = {"Cmd": ["cat"], "AttachStdout": True, "AttachStderr": True, "AttachStdin": True, **body}
    reply = await api.ask("POST", "/containers/shop-web-1/exec", asked)
    assert reply.status == 201, reply.body
    return str(reply.json()["Id"])
