"""What a client of BuildKit serves on its session: directories, secrets, agents, logins, stores of blobs, and a place
for results. It does as its fields say, and notes what it was asked."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError

from engine.api.buildkit.connections import sessions
from engine.api.buildkit.connections.transport import WireChannel, serve
from engine.api.buildkit.wire import messages_pb2 as wire
from tests.support.buildkit_client import Socket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.buildkit_client import Streams

CONTENT = "/containerd.services.content.v1.Content/"
_ONE, _BOTH = Cardinality.UNARY_UNARY, Cardinality.STREAM_STREAM


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class LentSession:
    """Directories by the client's word for them, each with its files; stores by their name, each with its blobs."""

    def __init__(self, *, takes: type[Any] = wire.BytesMessage) -> None:
        self.directories: dict[str, dict[str, bytes]] = {}
        self.secrets: dict[str, bytes] = {}
        self.agents: set[str] = set()
        self.logins: dict[str, tuple[str, str]] = {}
        self.stores: dict[str, dict[str, bytes]] = {}
        self.uploads: dict[str, list[bytes]] = {}
        self.refuses: GRPCError | None = None
        """What it answers to secrets, agents and logins."""
        self.asked: list[tuple[str, Any]] = []
        """Which directories with which patterns, which secrets, whose logins."""
        self.results: dict[str, bytes] = {}
        """What was given to it by the number of its exporter: a tar, or a directory's files as `path`."""
        self.listed: list[Any] = []
        """The entries of a directory that was given to it."""
        self._takes = takes

    def __mapping__(self) -> dict[str, Handler]:
        return {
            sessions.DIFF_COPY: Handler(self._give, _BOTH, wire.Packet, wire.Packet),
            sessions.SEND_FILES: Handler(self._take, _BOTH, self._takes, self._takes),
            sessions.GET_SECRET: Handler(self._secret, _ONE, wire.GetSecretRequest, wire.GetSecretResponse),
            sessions.CHECK_AGENT: Handler(self._check, _ONE, wire.CheckAgentRequest, wire.Nothing),
            sessions.FORWARD_AGENT: Handler(self._agent, _BOTH, wire.BytesMessage, wire.BytesMessage),
            sessions.CREDENTIALS: Handler(self._login, _ONE, wire.CredentialsRequest, wire.CredentialsResponse),
            sessions.UPLOAD: Handler(self._upload, _BOTH, wire.BytesMessage, wire.BytesMessage),
            f"{CONTENT}Info": Handler(self._info, _ONE, wire.ContentInfoRequest, wire.ContentInfoResponse),
            f"{CONTENT}Read": Handler(
                self._read, Cardinality.UNARY_STREAM, wire.ContentReadRequest, wire.ContentReadResponse
            ),
            f"{CONTENT}Write": Handler(self._write, _BOTH, wire.ContentWriteRequest, wire.ContentWriteResponse),
        }

    @property
    def methods(self) -> list[str]:
        return list(self.__mapping__())

    # --- files ---

    async def _give(self, stream: Any) -> None:
        name = stream.metadata.get("dir-name")
        keys = ("followpaths", "exclude-patterns", "followpaths-encoded", "exclude-patterns-encoded")
        self.asked.append((f"directory {name}", {key: stream.metadata.getall(key, []) for key in keys}))
        files = self.directories.get(name, {})
        names = sorted(files, key=lambda path: path.split("/"))
        for path in names:
            mode = 1 << 31 | 0o755 if path.endswith("/") else 0o644
            entry = wire.Stat(path=path.rstrip("/"), mode=mode, size=len(files[path]))
            await stream.send_message(wire.Packet(type=0, stat=entry))
        await stream.send_message(wire.Packet(type=0))
        async for packet in stream:
            if packet.type == 1:
                if data := files[names[packet.ID]]:
                    await stream.send_message(wire.Packet(type=2, ID=packet.ID, data=data))
                await stream.send_message(wire.Packet(type=2, ID=packet.ID))
            elif packet.type == 3:
                await stream.send_message(wire.Packet(type=3))
                return

    async def _take(self, stream: Any) -> None:
        number = stream.metadata.get("buildkit-attachable-exporter-id")
        if self._takes is wire.BytesMessage:
            self.results[number] = b"".join([bytes(message.data) async for message in stream])
            return
        while (packet := await stream.recv_message()).HasField("stat"):
            self.listed.append(packet.stat)
        for place, entry in reversed(list(enumerate(self.listed))):  # in an order of its own
            if entry.mode >> 19 or entry.linkname:
                continue
            await stream.send_message(wire.Packet(type=1, ID=place))
            data = b""
            while piece := (await stream.recv_message()).data:
                data += bytes(piece)
            self.results[entry.path] = data
        await stream.send_message(wire.Packet(type=3))
        await stream.recv_message()

    async def _upload(self, stream: Any) -> None:
        self.asked.append(("upload", (stream.metadata.get("urlpath"), stream.metadata.get("urlhost"))))
        for piece in self.uploads[stream.metadata["urlpath"]]:
            await stream.send_message(wire.BytesMessage(data=piece))

    # --- what is nobody's business ---

    async def _secret(self, stream: Any) -> None:
        name = (await stream.recv_message()).ID
        self.asked.append(("secret", name))
        self._refuse()
        if name not in self.secrets:
            raise GRPCError(Status.NOT_FOUND, "no such secret")
        await stream.send_message(wire.GetSecretResponse(data=self.secrets[name]))

    async def _check(self, stream: Any) -> None:
        name = (await stream.recv_message()).ID
        self.asked.append(("agent", name))
        if name not in self.agents:
            raise GRPCError(Status.NOT_FOUND, "no such agent")
        await stream.send_message(wire.Nothing())

    async def _agent(self, stream: Any) -> None:
        """Says in capitals what it is told, with its name before."""
        name = stream.metadata["buildkit.ssh.id"]
        async for message in stream:
            await stream.send_message(wire.BytesMessage(data=name.encode() + b":" + bytes(message.data).upper()))

    async def _login(self, stream: Any) -> None:
        host = (await stream.recv_message()).Host
        self.asked.append(("login", host))
        self._refuse()
        user, secret = self.logins.get(host, ("", ""))
        await stream.send_message(wire.CredentialsResponse(Username=user, Secret=secret))

    def _refuse(self) -> None:
        if self.refuses is not None:
            raise self.refuses

    # --- blobs ---

    def _store(self, stream: Any) -> dict[str, bytes]:
        return self.stores.setdefault(stream.metadata["buildkit-attachable-store-id"], {})

    async def _info(self, stream: Any) -> None:
        digest = (await stream.recv_message()).digest
        data = self._store(stream).get(digest)
        if data is None:
            raise GRPCError(Status.NOT_FOUND, f"{digest} is not here")
        info = wire.ContentInfo(digest=digest, size=len(data))
        await stream.send_message(wire.ContentInfoResponse(info=info))

    async def _read(self, stream: Any) -> None:
        data = self._store(stream)[(await stream.recv_message()).digest]
        half = len(data) // 2
        for offset, piece in ((0, data[:half]), (half, b""), (half, data[half:])):
            await stream.send_message(wire.ContentReadResponse(offset=offset, data=piece))

    async def _write(self, stream: Any) -> None:
        store, data = self._store(stream), b""
        first = await stream.recv_message()
        if first.expected in store:
            raise GRPCError(Status.ALREADY_EXISTS, "it is here")
        self._refuse()
        self.asked.append(("write", (first.ref, first.total)))
        await stream.send_message(wire.ContentWriteResponse())
        async for message in stream:
            assert message.offset == len(data)
            data += bytes(message.data)
            if message.action == 2:
                assert (message.total, message.expected, digest_of(data)) == (len(data), first.expected, first.expected)
                store[message.expected] = data
            await stream.send_message(wire.ContentWriteResponse(offset=len(data)))


@asynccontextmanager
async def lent(streams: Streams, service: LentSession) -> AsyncIterator[None]:
    """It is served there."""
    running = asyncio.create_task(serve(Socket(streams), [service]))
    try:
        yield
    finally:
        streams[1].close()
        await running


@asynccontextmanager
async def connected(service: LentSession, *, without: str = "") -> AsyncIterator[sessions.Session]:
    """The engine's end of such a session, without a server between; it offers all but that method."""
    ours, theirs = await _pair()
    channel = WireChannel(Socket(ours))
    running = asyncio.create_task(channel.run())
    methods = frozenset(each.lower() for each in service.methods if each != without)
    try:
        async with lent(theirs, service):
            yield sessions.Session("session", "", methods, channel)
    finally:
        channel.close()
        ours[1].close()
        await running


async def _pair() -> tuple[Streams, Streams]:
    left, right = socket.socketpair()
    return await asyncio.open_connection(sock=left), await asyncio.open_connection(sock=right)
