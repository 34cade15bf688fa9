"""A client of BuildKit's door that does what it is told, also what no proper client would."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from grpclib.client import UnaryStreamMethod, UnaryUnaryMethod
from grpclib.const import Cardinality, Handler

from engine.api.buildkit.connections.transport import WireChannel, serve
from engine.api.buildkit.connections.wires import Wire
from engine.api.buildkit.wire import messages_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    Conversation = Callable[[Any], Awaitable[None]]
    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

CONTROL = "/moby.buildkit.v1.Control/"
BRIDGE = "/moby.buildkit.v1.frontend.LLBBridge/"
FILES = "/moby.filesync.v1.FileSync/DiffCopy"


class Socket(Wire):
    """A connection whose upgrade is done."""

    def __init__(self, streams: Streams) -> None:
        self._reader, self._writer = streams

    async def read(self) -> bytes:
        return await self._reader.read(1 << 16)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def end(self) -> None:
        self._writer.close()


class Client:
    """One connection on which it calls."""

    def __init__(self, channel: WireChannel) -> None:
        self.channel = channel

    async def call(self, name: str, request: Any, answer: type[Any], build: str = "") -> Any:
        metadata = {"buildkit-controlapi-buildid": build} if build else {}
        return await UnaryUnaryMethod(self.channel, name, type(request), answer)(request, timeout=40, metadata=metadata)

    def solve(self, build: str, session: str, attributes: Mapping[str, str] | None = None) -> asyncio.Task[Any]:
        request = wire.SolveRequest(Ref=build, Session=session, FrontendAttrs=attributes or {})
        return asyncio.create_task(self.call(f"{CONTROL}Solve", request, wire.SolveResponse))

    def frontend(self, build: str, **options: str) -> asyncio.Task[Any]:
        request = wire.BridgeSolveRequest(Frontend="dockerfile.v0", FrontendOpt=options)
        return asyncio.create_task(self.call(f"{BRIDGE}Solve", request, wire.BridgeSolveResponse, build))

    async def give_back(self, build: str, result: Any) -> None:
        request = wire.ReturnRequest(result=result)
        await self.call(f"{BRIDGE}Return", request, wire.Nothing, build)

    async def status(self, build: str) -> list[Any]:
        method = UnaryStreamMethod(self.channel, f"{CONTROL}Status", wire.StatusRequest, wire.StatusResponse)
        return list(await method(wire.StatusRequest(Ref=build), timeout=40))


@asynccontextmanager
async def calling(streams: Streams) -> AsyncIterator[Client]:
    channel = WireChannel(Socket(streams))
    running = asyncio.create_task(channel.run())
    try:
        yield Client(channel)
    finally:
        channel.close()
        streams[1].close()
        await running


@asynccontextmanager
async def serving_files(streams: Streams, conversation: Conversation) -> AsyncIterator[None]:
    """The session: every transfer of a directory is that conversation."""
    running = asyncio.create_task(serve(Socket(streams), [_Files(conversation)]))
    try:
        yield
    finally:
        streams[1].close()
        await running


class _Files:
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def __mapping__(self) -> dict[str, Handler]:
        return {FILES: Handler(self._conversation, Cardinality.STREAM_STREAM, wire.Packet, wire.Packet)}


def giving(files: dict[str, bytes], sizes: dict[str, int] | None = None) -> Conversation:
    """A proper transfer, save for what it says of sizes."""

    async def conversation(stream: Any) -> None:
        names = sorted(files)
        for name in names:
            size = (sizes or {}).get(name, len(files[name]))
            await stream.send_message(wire.Packet(type=0, stat=wire.Stat(path=name, mode=0o644, size=size)))
        await stream.send_message(wire.Packet(type=0))
        while (packet := await stream.recv_message()) is not None:
            if packet.type == 1:
                data = files[names[packet.ID]]
                for start in range(0, len(data), 1 << 20):
                    await stream.send_message(wire.Packet(type=2, ID=packet.ID, data=data[start : start + (1 << 20)]))
                await stream.send_message(wire.Packet(type=2, ID=packet.ID))
            elif packet.type == 3:
                await stream.send_message(wire.Packet(type=3))
                return

    return conversation


def saying(packets: Sequence[Any], then: Callable[[], Awaitable[None]]) -> Conversation:
    """Only these packets; then whatever comes of it."""

    async def conversation(stream: Any) -> None:
        for packet in packets:
            await stream.send_message(packet)
        await then()
        while await stream.recv_message() is not None:
            pass

    return conversation
