"""A Docker or Podman of which every answer is written down before: by real HTTP on a unix socket, each request kept.

What nothing was written down for is answered 404; the lists are empty; events are those that a test tells.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from engine.machines.machine_list import Entry
from engine.remote.engine import RemoteEngine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from engine.remote.machine_engine import FindLogin

SECONDS = 20.0
_VERSION = re.compile(r"/v\d+\.\d+(?=/)")
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Asked:
    method: str
    path: str
    """Without the version before it, quoted as it came."""
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}" + (f"?{self.query}" if self.query else "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    pieces: Sequence[bytes] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    then: str = "end"
    """After the pieces: "end", "cut" the line in the middle, or "hold" it open."""
    talk: Talk | None = None
    """All that is on the line after the request's head and body; nothing is answered for it."""


class ScriptedDocker:
    def __init__(self, **version: object) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[str, list[Answer]] = {}
        self._events: list[asyncio.Queue[bytes]] = []
        self._over = asyncio.Event()
        self._lines: set[asyncio.Task[None]] = set()
        self.says("GET /version", {"Version": "28.5.2", "ApiVersion": "1.51", "MinAPIVersion": "1.24"} | version)
        self.says("GET /_ping", b"OK")
        self.says("GET /info", {})
        self.says("GET /volumes", {"Volumes": None})
        for name in ("/containers/json", "/images/json", "/networks"):
            self.says(f"GET {name}", [])

    def says(self, request: str, *answers: object, status: int = 200, **more: Any) -> None:
        """JSON, bytes or an `Answer`; of several each once, the last again and again."""
        self._answers[request] = [_answer(each, status, more) for each in answers or (None,)]

    async def tells(self, **event: object) -> None:
        """An event, to everybody who follows; waits until somebody does."""
        await until(lambda: bool(self._events))
        for each in self._events:
            each.put_nowait(json.dumps(event).encode() + b"\n")

    def lines(self, *, but: str = "/_ping") -> list[str]:
        return [each.line for each in self.asked if but not in each.line]

    def last(self, path: str) -> Asked:
        """The newest request whose line begins so."""
        return [each for each in self.asked if each.line.startswith(path)][-1]

    # --- the server ---

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while not self._over.is_set() and await self._one(reader, writer):
                    pass
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self._lines.discard(task)

    def opens(self) -> None:
        """It may have been closed before."""
        self._over.clear()

    async def close(self) -> None:
        self._over.set()
        await asyncio.sleep(0)  # a line that was just taken has its task by now
        for task in list(self._lines):
            task.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.title(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        path, _, query = _VERSION.sub("", target, count=1).partition("?")
        asked = Asked(method, path, unquote_plus(query), headers, await _body(reader, headers))
        self.asked.append(asked)
        if (method, path) == ("GET", "/events") and "until" not in query:
            await self._follow(writer)
            return False
        answers = self._answers.get(f"{method} {path}") or [_answer({"message": f"nothing of {path}"}, 404, {})]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer.talk is not None:
            await answer.talk(reader, writer)
            return False
        return await self._say(writer, answer, asked)

    async def _say(self, writer: asyncio.StreamWriter, answer: Answer, asked: Asked) -> bool:
        plain = answer.then == "end" and len(answer.pieces) < 2
        headers = {"Content-Type": "application/json", **answer.headers}
        length = sum(map(len, answer.pieces))
        headers |= {"Content-Length": str(length)} if plain else {"Transfer-Encoding": "chunked"}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {answer.status} as written\r\n{head}\r\n".encode())
        if asked.method == "HEAD":
            return True
        for piece in answer.pieces:
            writer.write(piece if plain else b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        if answer.then == "hold":
            await self._over.wait()
        elif not plain and answer.then != "cut":
            writer.write(b"0\r\n\r\n")
        return answer.then == "end"

    async def _follow(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        events: asyncio.Queue[bytes] = asyncio.Queue()
        self._events.append(events)
        try:
            while line := await events.get():
                writer.write(b"%x\r\n%b\r\n" % (len(line), line))
            writer.write(b"0\r\n\r\n")
        finally:
            self._events.remove(events)

    def ends_events(self) -> None:
        """Whoever follows them has heard the last."""
        for each in self._events:
            each.put_nowait(b"")


def _answer(value: object, status: int, more: dict[str, Any]) -> Answer:
    if isinstance(value, Answer):
        return value
    data = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
    return Answer((data,) if data else (), status, **more)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("Transfer-Encoding") != "chunked":
        return await reader.readexactly(int(headers.get("Content-Length", 0)))
    whole = b""
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        whole += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return whole


async def until(holds: Callable[[], bool]) -> None:
    """What is looked at tells nobody when it comes true."""
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def served(docker: ScriptedDocker, socket: Path) -> AsyncIterator[None]:
    docker.opens()
    server = await asyncio.start_unix_server(docker.serve, socket, limit=1 << 20)
    try:
        yield
    finally:
        server.close()
        await docker.close()


async def no_login(image: str) -> None:
    """Of whichever registry."""
    del image


@contextlib.asynccontextmanager
async def held(
    docker: ScriptedDocker, place: Path, *, find_login: FindLogin = no_login, follows: str = "/events"
) -> AsyncIterator[RemoteEngine]:
    """It as an engine of another machine, once it is connected and followed."""
    async with served(docker, place / "s"):
        entry = Entry("there", f"unix://{place}/s")
        engine = RemoteEngine(entry, run=place, store=place, told=lambda: None, find_login=find_login)
        engine.begin()
        try:
            assert await engine.connected(SECONDS), engine.condition
            await until(lambda: any(each.path == follows for each in docker.asked))
            yield engine
        finally:
            await engine.close()
