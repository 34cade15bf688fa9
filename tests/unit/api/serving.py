"""The API over the fake engine on a real socket, with a client that says exactly what is sent and what came."""

from __future__ import annotations

import asyncio
import inspect
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import yarl

from engine.api.server import ApiServer
from engine.errors import Cancelled
from tests.fakes.engine import FakeEngine, open_fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import engine.api.served
    from engine.types.operations import Operation


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines() if line.strip()]

    @property
    def message(self) -> str:
        return str(self.json()["message"])


class Served:
    """A running server, its engine, and the ways to talk to it."""

    def __init__(self, engine: FakeEngine, server: ApiServer, session: aiohttp.ClientSession) -> None:
        self.engine = engine
        self.server = server
        self.session = session

    @property
    def served(self) -> engine.api.served.Served:
        """What the requests share."""
        return self.server._served

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"Content-Type": "application/json"} if data else {}
        named |= {key.replace("_", "-"): value for key, value in headers.items()}
        url = yarl.URL(f"http://wherry{path}", encoded=True)
        async with self.session.request(method, url, data=data, headers=named) as response:
            return Reply(response.status, dict(response.headers), await response.read())

    async def get(self, path: str) -> Any:
        """The JSON of a request that must succeed."""
        reply = await self.ask("GET", path)
        assert reply.status == 200, reply.body
        return reply.json()

    def hear(self, verb: str, *answer: Any) -> list[dict[str, Any]]:
        """What the engine is asked for by one verb of a room ("images.pull") from now on: arguments by their names.
        With an answer, that is what comes of it, or what it fails with."""
        room_name, _, name = verb.partition(".")
        room = getattr(self.engine, room_name)
        vars(room).pop(name, None)
        really = getattr(room, name)
        signature = inspect.signature(really)
        heard: list[dict[str, Any]] = []

        def give() -> Any:
            if isinstance(answer[0], BaseException):
                raise answer[0]
            return answer[0]

        async def give_later() -> Any:
            return give()

        def listening(*arguments: Any, **named: Any) -> Any:
            bound = signature.bind(*arguments, **named)
            bound.apply_defaults()
            heard.append(dict(bound.arguments))
            if not answer:
                return really(*arguments, **named)
            return give_later() if inspect.iscoroutinefunction(really) else give()

        setattr(room, name, listening)
        return heard

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(self.server.socket_path))

    async def upgrade(self, path: str, body: bytes = b"", *, upgrade: bool = True, protocol: str = "tcp") -> Raw:
        reader, writer = await self.connect()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/json\r\n" if body else ""
        head += f"Connection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n" if upgrade else "\r\n"
        writer.write(head.encode() + body)
        answered = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        return Raw(reader, writer, answered.decode())


@dataclass
class Raw:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: str

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), 30)

    async def exactly(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), 30)

    async def close(self) -> None:
        self.writer.close()


class Played:
    """An operation that goes through these states and ends so; without an end it goes on until it is cancelled."""

    id = "played"

    def __init__(self, *states: Operation, ends: str | BaseException | None = "") -> None:
        self._states, self._ends = states, ends
        self.cancelled = asyncio.Event()

    @property
    def snapshot(self) -> Operation:
        return self._states[-1]

    def cancel(self) -> None:
        self.cancelled.set()

    async def result(self) -> str:
        if self._ends is None:
            await self.cancelled.wait()
            raise Cancelled
        if isinstance(self._ends, BaseException):
            raise self._ends
        return self._ends

    async def watch(self) -> AsyncIterator[Operation]:
        for state in self._states:
            yield state
        if self._ends is None:
            await self.cancelled.wait()


@asynccontextmanager
async def serving(run: Path) -> AsyncIterator[Served]:
    engine = await open_fake_engine()
    server = ApiServer(engine, run / "docker.sock")
    await server.start()
    session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(server.socket_path)))
    try:
        yield Served(engine, server, session)
    finally:
        await session.close()
        await server.close()
        await engine.close()


async def pieces(*items: Any) -> AsyncIterator[Any]:
    """A stream of these."""
    for item in items:
        yield item


def filtered(path: str, **filters: list[str]) -> str:
    """The path with Docker's filters; `_` stands for `-`."""
    joint = "&" if "?" in path else "?"
    return f"{path}{joint}filters={quote(json.dumps({key.replace('_', '-'): value for key, value in filters.items()}))}"


async def until(condition: Any, seconds: float = 3.0) -> None:
    """Poll a condition; the deadline is the failure."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come about"
        await asyncio.sleep(0.005)
