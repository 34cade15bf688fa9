"""A door on this computer's loopback, with real servers behind it in the place of containers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from engine.errors import Conflict
from engine.frontdoor import pages
from engine.frontdoor.listener import Listener
from engine.frontdoor.services import NotThere
from engine.frontdoor.wire import Wire
from engine.types.frontdoor import DoorAddress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.frontdoor.certificates import Certificates


class Street:
    """Implements `visit.House`: names that lead to ports of this computer."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.stopped: set[str] = set()
        self.http2: set[str] = set()
        self.connections: list[int] = []

    def find(self, host: str) -> DoorAddress | None:
        if host not in self.ports:
            return None
        return DoorAddress(
            container_id=host,
            name=host.partition(".")[0],
            hosts=(host,),
            port=self.ports[host],
            url=f"http://{host}/",
            runs=host not in self.stopped,
            protocol="h2c" if host in self.http2 else "",
        )

    def index(self) -> bytes:
        return pages.index([address for host in sorted(self.ports) if (address := self.find(host))])

    async def connect(self, _container_id: str, port: int) -> Wire:
        try:
            _, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
        except OSError:
            raise NotThere from None
        self.connections.append(port)
        return wire


@asynccontextmanager
async def open_door(street: Street, certificates: Certificates | None = None) -> AsyncIterator[int]:
    """Gives the port; at the end all visitors are gone."""
    door = Listener(street, lambda: certificates)
    while True:
        port = free_port()
        with contextlib.suppress(Conflict):
            door.open(port)
            break
    try:
        yield port
    finally:
        await door.close()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


@asynccontextmanager
async def open_service(name: str) -> AsyncIterator[int]:
    """A service that says its name, and what HTTP can do besides."""
    app = web.Application(client_max_size=1 << 30)

    async def say(request: web.Request) -> web.Response:
        told = [name, request.headers["Host"], request.headers.get("X-Forwarded-Proto", "")]
        return web.Response(text=" ".join(told))

    async def echo(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for piece in request.content.iter_any():
            await response.write(piece)
        return response

    async def events(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(1000):
            await response.write(b"data: %d\n\n" % number)
            await asyncio.sleep(0.01)
        return response

    async def talk(request: web.Request) -> web.WebSocketResponse:
        talking = web.WebSocketResponse()
        await talking.prepare(request)
        async for message in talking:
            if message.type is WSMsgType.TEXT:
                await talking.send_str(f"{name}: {message.data}")
        return talking

    app.router.add_get("/", say)
    app.router.add_post("/echo", echo)
    app.router.add_get("/events", events)
    app.router.add_get("/talk", talk)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port: int = runner.addresses[0][1]
        yield port
    finally:
        await runner.cleanup()


@asynccontextmanager
async def open_raw(answer: bytes, *, keep: bool = False) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A service that answers every head it gets with these bytes; gives its port and what it got."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                got.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(answer)
                await writer.drain()
                if not keep:
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], got
    finally:
        server.close()
        await server.wait_closed()


async def ask(port: int, request: bytes) -> bytes:
    """Send bytes to the door and read to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
