"""Hostile clients on the socket, one who pings, and what must hold: an answer for everybody, no bug told as an answer,
a ping that waits for nobody, and as much memory afterwards as before."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from engine.storage.paths import Paths
from tests.cruel.requests import Requests
from tests.support.images import busybox_archive

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

AT_ONCE = 8
ANSWER_SECONDS = 60.0
HALF_SECONDS = 0.2
"""So long somebody waits who sent half of what was announced, and leaves."""
_IMPORT_ALL = """
import importlib, pkgutil, engine
for each in pkgutil.walk_packages(engine.__path__, "engine."):
    if not each.name.startswith(("engine.sandbox.keeper", "engine.cli")) and "__main__" not in each.name:
        importlib.import_module(each.name)
"""


@dataclass
class Figures:
    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    pings: list[float] = field(default_factory=list)
    """Milliseconds, sorted."""
    own_pings: list[float] = field(default_factory=list)
    """The same less what other work on the machine took."""
    stall: float = 0.0
    stalls: dict[str, int] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    """MiB of the engine before, after each tenth, and when all was cleared away."""
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, bytes] = field(default_factory=dict)


class Hostile:
    def __init__(self, store: ShortTmp, seed: int) -> None:
        self._store = store
        self._socket = str(Paths(store.root, store.run).socket)
        self._requests = Requests(seed)
        self._told = store.path / "stalls.json"
        self._pings = store.path / "pings.json"
        self._log = store.path / "log"
        self._left, self._tenth = 0, 1
        self._process: asyncio.subprocess.Process | None = None
        self.figures = Figures()

    async def run(self, count: int, seconds: float) -> None:
        await self._open()
        self.figures.memory.append(self._memory())
        self._tenth = max(1, count // 10)
        self._left = count
        pinging = await self._pinging()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(self._client() for _ in range(AT_ONCE)))
        pinging.terminate()
        if await pinging.wait() == 0:
            told = json.loads(self._pings.read_text())
            self.figures.pings, self.figures.own_pings = told["taken"], told["own"]
        else:
            self.figures.faults["a ping had no answer"] += 1
        await self._close()

    async def _open(self) -> None:
        command = "from tests.cruel.serving import main; main()"
        places = [str(self._store.root), str(self._store.run), str(self._told)]
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", command, *places, stderr=log, env=await self._compiled()
            )
        async with asyncio.timeout(ANSWER_SECONDS):
            while await self._ask("GET", "/_ping") != 200:  # noqa: ASYNC110 - another process comes up
                await asyncio.sleep(0.05)
        await self._ask("POST", "/images/load", busybox_archive())
        for name in ("one", "two"):
            body = {"Image": "localhost/busybox", "Cmd": ["sleep", "10000"], "HostConfig": {"NetworkMode": "none"}}
            await self._ask("POST", f"/containers/create?name={name}", json.dumps(body).encode())
            await self._ask("POST", f"/containers/{name}/start")

    async def _compiled(self) -> dict[str, str]:
        """With all modules compiled, as they are where it is installed: a checkout that is only read compiles each when
        it is first needed, which is most of what a request can wait for."""
        environment = os.environ | {"PYTHONPYCACHEPREFIX": str(self._store.path / "compiled")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        compiling = await asyncio.create_subprocess_exec(sys.executable, "-c", _IMPORT_ALL, env=environment)
        await compiling.wait()
        return environment

    async def _close(self) -> None:
        assert self._process is not None
        for kind in ("containers", "images", "volumes", "networks"):
            await self._ask("POST", f"/{kind}/prune")
        await asyncio.sleep(2)
        self.figures.memory.append(self._memory())
        if self._process.returncode is not None:
            self.figures.faults[f"the engine ended with {self._process.returncode}"] += 1
            return
        self._process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(self._process.wait(), ANSWER_SECONDS)
        for trace in self._log.read_text().split("Traceback (most recent call last):")[1:]:
            ending = next(
                line for line in trace.splitlines()[::-1] if line and line[0] != " " and "operation" not in line
            )
            self.figures.faults[f"in its log: {ending[:160]}"] += 1
        told = json.loads(self._told.read_text())
        self.figures.stall, self.figures.stalls = told["longest"], told["seen"]

    def _memory(self) -> float:
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    # --- clients ---

    async def _pinging(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        words = ("-m", "tests.cruel.pinging", self._socket, str(self._process.pid), str(self._pings))
        return await asyncio.create_subprocess_exec(sys.executable, *words)

    async def _client(self) -> None:
        while self._left > 0:
            self._left -= 1
            request = self._requests.one()
            self.figures.requests += 1
            if self.figures.requests % self._tenth == 0:
                self.figures.memory.append(self._memory())
            try:
                status, body = await asyncio.wait_for(self._send(request), ANSWER_SECONDS)
            except TimeoutError:
                self._fault("no answer", request)
                continue
            except OSError:
                status, body = "cut off", b""
            self.figures.statuses[status] += 1
            if b"This is a bug" in body:
                self._fault(body[-200:].decode(errors="replace"), request)

    async def _send(self, request: bytes) -> tuple[str, bytes]:
        """The status and the beginning of the answer. What goes on is left; what waits for more is not given it."""
        reader, writer = await asyncio.open_unix_connection(self._socket)
        try:
            with contextlib.suppress(OSError):
                writer.write(request)
                await writer.drain()
            if _is_half(request):
                with contextlib.suppress(TimeoutError):
                    return await asyncio.wait_for(_answer(reader), HALF_SECONDS)
                return "left", b""
            return await _answer(reader)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _fault(self, words: str, request: bytes) -> None:
        self.figures.faults[words] += 1
        known = self.figures.examples.get(words)
        if known is None or len(request) < len(known):
            self.figures.examples[words] = request

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> int:
        headers = {"Content-Type": "application/json"} if body and body[:1] == b"{" else {}
        try:
            async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=self._socket)) as session:
                async with session.request(method, f"http://d{path}", data=body, headers=headers) as answer:
                    await answer.read()
                    return answer.status
        except (aiohttp.ClientError, OSError):
            return 0


async def _answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = await reader.read(1 << 16)
    status = head.split(b" ", 2)[1][:3].decode(errors="replace") if head.startswith(b"HTTP/") else "closed"
    body = head
    if status == "101" or b"application/vnd.docker.raw-stream" in head or b"multiplexed" in head:
        return status, b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while piece := await reader.read(1 << 16):
                body = (body + piece)[-(1 << 16) :]
    return status, body


def _is_half(request: bytes) -> bool:
    """It announced more than it has, or has no end to its head."""
    head, end, body = request.partition(b"\r\n\r\n")
    told = re.search(rb"Content-Length: (\d+)", head)
    return not end or b"chunked" in head or b"Upgrade" in head or (told is not None and int(told[1]) > len(body))
