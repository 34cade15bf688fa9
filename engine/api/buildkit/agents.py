"""The client's ssh agent, as sockets here that steps can be shown."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from engine.api.buildkit.sessions import FORWARD_AGENT
from engine.api.buildkit.wire.messages_pb2 import BytesMessage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from engine.api.buildkit.sessions import Session


@asynccontextmanager
async def forwarded_agents(session: Session, names: Iterable[str]) -> AsyncIterator[dict[str, str]]:
    """A socket for each agent that the client has, as long as this lasts."""
    wanted = [name for name in names if await session.has_agent(name)]
    if not wanted:
        yield {}
        return
    async with contextlib.AsyncExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="wherry-agent-"))
        sockets: dict[str, str] = {}
        for number, name in enumerate(wanted):
            path = os.path.join(place, str(number))

            async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str = name) -> None:
                await _forward(session, name, reader, writer)

            server = await asyncio.start_unix_server(connected, path)
            os.chmod(path, 0o600)
            stack.callback(server.close)
            sockets[name] = path
        yield sockets


async def _forward(session: Session, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async with session.stream(FORWARD_AGENT, BytesMessage, BytesMessage, {"buildkit.ssh.id": name}) as stream:
        await stream.send_request()

        async def answers() -> None:
            async for message in stream:
                writer.write(message.data)
                await writer.drain()

        answering = asyncio.create_task(answers())
        try:
            while data := await reader.read(1 << 15):
                await stream.send_message(BytesMessage(data=data))
            await stream.end()
            await answering
        except ConnectionError:
            pass
        finally:
            answering.cancel()
            writer.close()
