"""Sessions: connections on which the client serves, its files, secrets, agents and logins, and the engine calls."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from grpclib.client import StreamStreamMethod, UnaryUnaryMethod
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from engine.api.buildkit.connections.transport import WireChannel
from engine.api.buildkit.faults import refused
from engine.api.buildkit.wire import messages_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from engine.api.buildkit.connections.wires import Wire

_APPEARS_WITHIN = 6.0
DIFF_COPY = "/moby.filesync.v1.FileSync/DiffCopy"
SEND_FILES = "/moby.filesync.v1.FileSend/DiffCopy"
GET_SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret"
CHECK_AGENT = "/moby.sshforward.v1.SSH/CheckAgent"
FORWARD_AGENT = "/moby.sshforward.v1.SSH/ForwardAgent"
CREDENTIALS = "/moby.filesync.v1.Auth/Credentials"
UPLOAD = "/moby.upload.v1.Upload/Pull"


class Session:
    """One client's connection, as long as it lasts."""

    def __init__(self, uuid: str, shared_key: str, methods: frozenset[str], channel: WireChannel) -> None:
        self.uuid = uuid
        self.shared_key = shared_key
        self.methods = methods
        self.channel = channel
        self.gone = asyncio.Event()

    def offers(self, method: str) -> bool:
        return method.lower() in self.methods

    async def call(self, method: str, request: Any, answer: type[Any]) -> Any:
        """One question, one answer."""
        return await UnaryUnaryMethod(self.channel, method, type(request), answer)(request, timeout=60)

    def stream(
        self, method: str, sent: type[Any], received: type[Any], metadata: Mapping[str, str] | Any = None
    ) -> Any:
        """A stream both ways, as a context manager."""
        return StreamStreamMethod(self.channel, method, sent, received).open(metadata=metadata)

    async def secret(self, name: str) -> bytes | None:
        """A secret's value; None where the client has none of that name."""
        if not self.offers(GET_SECRET):
            return None
        try:
            answer = await self.call(GET_SECRET, wire.GetSecretRequest(ID=name), wire.GetSecretResponse)
        except GRPCError as error:
            if error.status in (Status.NOT_FOUND, Status.UNIMPLEMENTED):
                return None
            raise
        return bytes(answer.data)

    async def has_agent(self, name: str) -> bool:
        if not self.offers(CHECK_AGENT):
            return False
        try:
            await self.call(CHECK_AGENT, wire.CheckAgentRequest(ID=name), wire.Nothing)
        except GRPCError:
            return False
        return True

    async def login(self, host: str) -> tuple[str, str] | None:
        """User and password (or a token and no user) for a registry."""
        if not self.offers(CREDENTIALS):
            return None
        with contextlib.suppress(GRPCError):
            answer = await self.call(CREDENTIALS, wire.CredentialsRequest(Host=host), wire.CredentialsResponse)
            if answer.Secret:
                return answer.Username, answer.Secret
        return None

    async def upload(self, path: str) -> AsyncGenerator[bytes, None]:
        """What the client was given on its standard input."""
        metadata = {"urlpath": path, "urlhost": "buildkit-session"}
        async with self.stream(UPLOAD, wire.BytesMessage, wire.BytesMessage, metadata) as stream:
            # Nothing follows from us; a stream left open would be reset while its last pieces wait to be read.
            await stream.send_request(end=True)
            async for message in stream:
                if message.data:  # an empty piece would be taken for the end
                    yield bytes(message.data)


class Sessions:
    """Those that are connected, by the id that their client chose."""

    def __init__(self) -> None:
        self._known: dict[str, Session] = {}
        self.receiving: dict[str, asyncio.Lock] = {}
        """One transfer at a time into one of our directories."""
        self._came = asyncio.Condition()

    async def hold(self, wire_: Wire, uuid: str, shared_key: str, methods: frozenset[str]) -> None:
        """Until the client ends it. Two with one id are one too many."""
        if not uuid or uuid in self._known:
            wire_.end()
            return
        session = Session(uuid, shared_key, methods, WireChannel(wire_))
        self._known[uuid] = session
        running = asyncio.create_task(session.channel.run())
        try:
            async with self._came:
                self._came.notify_all()
            await asyncio.shield(running)
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            raise
        finally:
            del self._known[uuid]
            session.gone.set()
            session.channel.close()

    def __contains__(self, uuid: str) -> bool:
        return uuid in self._known

    async def get(self, uuid: str) -> Session:
        """That session, also if it comes a moment later."""
        async with self._came:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait_for(lambda: uuid in self._known), _APPEARS_WITHIN)
        if uuid not in self._known:
            raise refused(f"no active session for {uuid}: context deadline exceeded")
        return self._known[uuid]
