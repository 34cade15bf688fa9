"""Rounds of clients' calls with somebody killed, or stopped and then killed, in the middle; and what must hold then.

Every client has an answer, or its connection ended with the engine. What was acknowledged is so. Within a few seconds
every state shown is true: what runs has a process and a conmon, what does not has neither, and nothing is half-done.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import random
import signal
import sys
import tarfile
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from engine.storage.paths import Paths
from tests.cruel import victims
from tests.cruel.clock import Clock
from tests.cruel.victims import Victims
from tests.support.images import busybox_archive

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

IMAGE = "localhost/busybox:latest"
ANSWER_SECONDS, TRUTH_SECONDS = 60.0, 5.0
AT_ONCE = 5
_PATIENCE = 0.5
_DEEDS = (
    "start",
    "start",
    "stop",
    "kill",
    "restart",
    "pause",
    "unpause",
    "remove",
    "remove",
    "commit",
    "exec",
    "build",
    "volume",
)


@dataclass
class Told:
    """What was asked of one container and acknowledged, in order."""

    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)


@dataclass
class Figures:
    rounds: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    """What 500s said."""
    slowest_truth: float = 0.0
    faults: list[str] = field(default_factory=list)


class Driver:
    """One store, one engine at a time, and clients that it is bad to."""

    def __init__(self, store: ShortTmp, seed: int, *, clock: bool = False) -> None:
        """`clock`: what the engine takes for the time is set forth and back, which needs libfaketime."""
        self._store = store
        self._dice = random.Random(seed)
        paths = Paths(store.root, store.run)
        self._socket = str(paths.socket)
        self._clock = Clock(store.path / "clock") if clock else None
        self._victims = Victims(store, str(paths.netns("")))
        self._process: asyncio.subprocess.Process | None = None
        self._told: dict[str, Told] = {}
        self._volumes: set[str] = set()
        """Made, and never removed."""
        self._number = 0
        self.figures = Figures()

    # --- the engine ---

    async def open(self) -> None:
        await self._serve()
        await self._ask("POST", "/images/load", busybox_archive())

    async def _serve(self) -> None:
        command = "from tests.cruel.serving import main; main()"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            command,
            str(self._store.root),
            str(self._store.run),
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | self._clock.environment if self._clock else None,
        )
        self._victims.engine = self._process.pid
        async with asyncio.timeout(ANSWER_SECONDS):
            while await self._ask("GET", "/_ping") != 200:  # noqa: ASYNC110 - another process comes up
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Take all away, and leave."""
        for name in await self._names():
            await self._ask("DELETE", f"/containers/{name}?force=1&v=1")
        assert self._process is not None
        self._process.terminate()
        await asyncio.wait_for(self._process.wait(), ANSWER_SECONDS)

    # --- a round ---

    async def round(self) -> None:
        self.figures.rounds += 1
        clients = [asyncio.ensure_future(self._client()) for _ in range(AT_ONCE)]
        await self._strike()
        _, hanging = await asyncio.wait(clients, timeout=ANSWER_SECONDS)
        for one in hanging:
            self._fault(f"a client has no answer: {one.get_name()}")
            one.cancel()
        if self._process is not None and self._process.returncode is not None:
            await self._serve()
        await self._until_true()
        await self._check_promises()

    async def _strike(self) -> None:
        await asyncio.sleep(self._dice.random() * 0.3)
        if self._clock and self._dice.random() < 0.3:
            self.figures.killed[f"clock set by {self._clock.jump(self._dice)}"] += 1
        kind = self._dice.choice(victims.KINDS)
        found = await self._somebody(kind)
        if not found:
            return
        pid = self._dice.choice(found)
        stopped = self._dice.random() < 0.4
        self.figures.killed[f"{kind}, stopped first" if stopped else kind] += 1
        if stopped:
            victims.send(pid, signal.SIGSTOP)
            await asyncio.sleep(self._dice.random() * 0.5)
        victims.kill(pid)
        if kind == "engine" and self._process is not None:
            await self._process.wait()

    async def _somebody(self, kind: str) -> list[int]:
        """Some live for a few milliseconds: they are waited for."""
        end = time.monotonic() + (_PATIENCE if kind in ("crun", "worker") else 0.0)
        while not (found := self._victims.of(kind)) and time.monotonic() < end:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        return found

    async def _client(self) -> None:
        """One container's life goes on by a few calls."""
        if len(self._told) < 12 or self._dice.random() < 0.3:
            self._number += 1
            name = f"c{self._number}"
            self._told[name] = Told()
            await self._do(name, "create")
        for _ in range(self._dice.randrange(1, 4)):
            name = self._dice.choice(list(self._told))
            await self._do(name, self._dice.choice(_DEEDS))

    async def _do(self, name: str, deed: str) -> None:
        told = self._told[name]
        told.begun.append(deed)
        status = await self._ask(*self._call(name, deed))
        self.figures.calls["answered" if status else "cut off with the engine"] += 1
        if status and status < 300:
            told.done.append(deed)
            if deed == "volume":
                self._volumes.add(f"v-{name}")
        elif status:
            told.begun.remove(deed)  # refused: nothing was done

    def _call(self, name: str, deed: str) -> tuple[str, str, Any]:
        if deed == "create":
            policy = {"Name": self._dice.choice(["no", "no", "always", "on-failure"])}
            network = self._dice.choice(["none", "none", "bridge"])
            host = {"NetworkMode": network, "RestartPolicy": policy}
            return (
                "POST",
                f"/containers/create?name={name}",
                {"Image": IMAGE, "Cmd": ["sleep", "1000"], "HostConfig": host},
            )
        if deed == "remove":
            return "DELETE", f"/containers/{name}?force=1", None
        if deed == "commit":
            return "POST", f"/commit?container={name}&repo=made&tag={name}", {}
        if deed == "build":
            return "POST", f"/build?t=built:{name}", _context(f"FROM {IMAGE}\nRUN echo {name} > /{name}\n")
        if deed == "volume":
            return "POST", "/volumes/create", {"Name": f"v-{name}"}
        if deed == "exec":
            return "POST", f"/containers/{name}/exec", {"Cmd": ["true"]}
        return "POST", f"/containers/{name}/{deed}" + ("?t=0" if deed in ("stop", "restart") else ""), {}

    # --- what must hold ---

    async def _until_true(self) -> None:
        begun = time.monotonic()
        while lies := await self._lies():
            if time.monotonic() - begun > TRUTH_SECONDS:
                for lie in lies:
                    self._fault(lie)
                break
            await asyncio.sleep(0.1)
        self.figures.slowest_truth = max(self.figures.slowest_truth, time.monotonic() - begun)

    async def _lies(self) -> list[str]:
        conmons, lies = self._victims.conmons(), []
        for one in await self._list():
            name, state = one["Names"][0].strip("/"), one["State"]
            pid = (await self._json(f"/containers/{one['Id']}/json")).get("State", {}).get("Pid", 0)
            runs = state in ("running", "paused")
            if runs and not victims.is_alive(pid):
                lies.append(f"{name} is {state} and its process {pid} is not there")
            if runs and one["Id"] not in conmons:
                lies.append(f"{name} is {state} and nobody looks after it")
            if state in ("created", "exited") and one["Id"] in conmons:
                lies.append(f"{name} is {state} and conmon runs")
            if state in ("removing", "dead"):
                lies.append(f"{name} is {state}")
            if state == "paused" and "pause" not in self._told.get(name, Told()).begun:
                lies.append(f"{name} is paused and nobody paused it")
        return lies

    async def _check_promises(self) -> None:
        there = set(await self._names())
        for name, told in list(self._told.items()):
            if "remove" in told.done and told.done[-1] == "remove" and name in there:
                self._fault(f"{name} was removed and is back: {told}")
            if "create" in told.done and "remove" not in told.begun and name not in there:
                self._fault(f"{name} was made and is gone: {told}")
            if name not in there:
                del self._told[name]
        lost = self._volumes - {one["Name"] for one in (await self._json("/volumes"))["Volumes"]}
        for name in lost:
            self._fault(f"the volume {name} was made and is gone")
        self._volumes -= lost

    def _fault(self, words: str) -> None:
        self.figures.faults.append(f"round {self.figures.rounds}: {words}")

    # --- asking ---

    async def _ask(self, method: str, path: str, body: Any = None) -> int:
        """The status; 0 where the connection ended without an answer."""
        try:
            async with self._session() as session, session.request(method, f"http://d{path}", **_sent(body)) as answer:
                text = await answer.read()
                if answer.status >= 500:
                    self.figures.refusals[text.decode(errors="replace")[:160]] += 1
                return answer.status
        except (aiohttp.ClientError, ConnectionError, OSError):
            return 0

    async def _json(self, path: str) -> Any:
        async with self._session() as session, session.get(f"http://d{path}") as answer:
            return await answer.json()

    async def _list(self) -> list[dict[str, Any]]:
        with contextlib.suppress(aiohttp.ClientError):
            found: list[dict[str, Any]] = await self._json("/containers/json?all=1")
            return found
        return []

    async def _names(self) -> list[str]:
        return [one["Names"][0].strip("/") for one in await self._list()]

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=self._socket))


def _context(dockerfile: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        found = tarfile.TarInfo("Dockerfile")
        found.size = len(dockerfile)
        archive.addfile(found, io.BytesIO(dockerfile.encode()))
    return buffer.getvalue()


def _sent(body: Any) -> dict[str, Any]:
    if isinstance(body, bytes):
        return {"data": io.BytesIO(body)}
    return {} if body is None else {"json": body}
