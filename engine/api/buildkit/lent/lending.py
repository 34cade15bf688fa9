"""What the client of a build keeps until a step asks: secrets, ssh agents, logins; had over its session."""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from grpclib.exceptions import GRPCError, StreamTerminatedError

from engine.api.buildkit.connections.sessions import FORWARD_AGENT
from engine.api.buildkit.wire.messages_pb2 import BytesMessage
from engine.errors import InvalidRequest
from engine.types.images import Login

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.api.buildkit.connections.sessions import Session


class SessionLender:
    """Implements `facade_lent.Lender`."""

    def __init__(self, session: Session, stack: AsyncExitStack) -> None:
        self._session = session
        self._stack = stack
        self._place = ""
        self._agents: dict[str, str | None] = {}
        self._one_at_a_time = asyncio.Lock()

    async def gone(self) -> None:
        """Wait until its client has left."""
        await self._session.gone.wait()

    async def secret(self, name: str) -> bytes | None:
        try:
            return await self._session.secret(name)
        except GRPCError as error:
            raise InvalidRequest(f"The secret {name} is not told", error.message or "") from error
        except (StreamTerminatedError, ConnectionError, TimeoutError) as error:
            raise InvalidRequest(f"The secret {name} is not told: the client's session ended") from error

    async def agent(self, name: str) -> str | None:
        async with self._one_at_a_time:
            if name not in self._agents:
                self._agents[name] = await self._opened(name) if await self._session.has_agent(name) else None
            return self._agents[name]

    async def login(self, image: str) -> Login | None:
        return await login_for(self._session, image)

    async def _opened(self, name: str) -> str:
        """A socket here behind which the client's agent is."""
        if not self._place:
            self._place = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="wherry-agent-"))
        path = os.path.join(self._place, str(len(self._agents)))

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _forward(self._session, name, reader, writer)

        server = await asyncio.start_unix_server(connected, path)
        os.chmod(path, 0o600)
        self._stack.callback(server.close)
        return path


@asynccontextmanager
async def lending(session: Session) -> AsyncIterator[SessionLender]:
    """As long as the build runs."""
    async with AsyncExitStack() as stack:
        yield SessionLender(session, stack)


async def login_for(session: Session, image: str) -> Login | None:
    """The client's login for the registry of an image, if it has one."""
    host = _host(image)
    login = await session.login(host)
    if login is None:
        return None
    user, password = login
    token = "" if user else password
    return Login(server=host, username=user, password=password if user else "", identity_token=token)


def _host(image: str) -> str:
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "https://index.docker.io/v1/"


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
