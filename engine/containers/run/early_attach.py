"""Attached before the start: `docker run` attaches first and starts then, so that nothing of a short life is missed.

conmon's socket is there only once the container is created; until then such a client waits here. The starter connects
all who wait between conmon's coming up and the command's first instruction.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.containers.look.attach import Attachment


class EarlyAttachment:
    """Implements `facade.ByteStream`; becomes the real one with the start, or ends with its failure.

    What is written before waits with its writer: a pipe that nobody reads yet takes 64 kB, and the start must not wait
    for the rest.
    """

    def __init__(self, connect: Callable[[], Awaitable[Attachment]], forget: Callable[[EarlyAttachment], None]) -> None:
        self._connect = connect
        self._forget = forget
        self._real: Attachment | None = None
        self._settled = asyncio.Event()
        self._size: tuple[int, int] | None = None

    async def become_real(self) -> None:
        real = await self._connect()
        if self._size is not None:
            await real.resize(*self._size)
        self._real = real
        self._settled.set()

    def give_up(self) -> None:
        self._settled.set()

    async def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        await self._settled.wait()
        return await self._real.read() if self._real is not None else None

    async def write(self, data: bytes) -> None:
        await self._settled.wait()
        if self._real is not None:
            await self._real.write(data)

    async def close_stdin(self) -> None:
        await self._settled.wait()
        if self._real is not None:
            await self._real.close_stdin()

    async def resize(self, rows: int, columns: int) -> None:
        self._size = (rows, columns)
        if self._real is not None:
            await self._real.resize(rows, columns)

    async def close(self) -> None:
        self._forget(self)
        self._settled.set()
        if self._real is not None:
            await self._real.close()


class EarlyAttachments:
    """Who waits for which container's start."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[EarlyAttachment]] = {}

    def wait_for(self, container_id: str, connect: Callable[[], Awaitable[Attachment]]) -> EarlyAttachment:
        def forget(attachment: EarlyAttachment) -> None:
            with contextlib.suppress(KeyError, ValueError):
                self._waiting[container_id].remove(attachment)

        attachment = EarlyAttachment(connect, forget)
        self._waiting.setdefault(container_id, []).append(attachment)
        return attachment

    async def connect(self, container_id: str) -> None:
        """conmon listens: everybody who waits is connected now."""
        for attachment in self._waiting.pop(container_id, []):
            await attachment.become_real()

    def give_up(self, container_id: str) -> None:
        """It will not start: their streams end."""
        for attachment in self._waiting.pop(container_id, []):
            attachment.give_up()
