"""Other machines of the fake engine: a list, and a fake engine for each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace

from engine.errors import Code, Conflict, MachineError, NotFound
from engine.types.data import now
from engine.types.machines import Bringable, Found, KeptSource, Link, Machine, Moved, MovePart, MovePlan, Suggestion

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.facade import OperationHandle
    from engine.operations.registry import Progress
    from tests.fakes.engine import FakeEngine


class FakeMachines:
    """Implements `facade.Machines`."""

    def __init__(self, here: FakeEngine) -> None:
        self._here = here
        self.known: dict[str, Machine] = {}
        self.engines: dict[str, FakeEngine] = {}
        self.unreachable: set[str] = set()
        self.moved: list[Moved] = []
        self.left: list[KeptSource] = []
        self._news = asyncio.Event()

    async def list(self) -> Sequence[Machine]:
        return list(self.known.values())

    async def watch(self) -> AsyncGenerator[Sequence[Machine], None]:
        while True:
            news = self._news
            yield await self.list()
            await news.wait()

    def put(self, machine: Machine) -> None:
        self.known[machine.name] = machine
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def add(self, machine: Machine) -> Machine:
        if machine.name in self.known:
            raise Conflict(f"There is a machine “{machine.name}” already", code=Code.NAME_TAKEN)
        self.put(machine)
        return machine

    async def change(self, name: str, machine: Machine) -> Machine:
        self.known.pop(name)
        self.put(machine)
        return machine

    async def remove(self, name: str) -> None:
        if self.known.pop(name, None) is None:
            raise NotFound(f"There is no machine “{name}” in the list", subject=name)
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def find_out(self, machine: Machine) -> Found:
        if machine.address in self.unreachable:
            raise MachineError("server wants a password", "Wherry logs in with keys.", code=Code.UNAUTHORIZED)
        return Found(kind="docker", version="28.5.2", host_name="server", operating_system="Debian", containers=3,
                     running=2, images=5, round_trip=0.012)  # fmt: skip

    async def suggestions(self) -> Sequence[Suggestion]:
        return (
            Suggestion(address="unix:///run/docker.sock", source="here"),
            Suggestion(address="ssh://server", source="ssh", name="server"),
        )

    async def engine(self, name: str) -> FakeEngine:
        if not name:
            return self._here
        if name not in self.known and "://" not in name:
            raise NotFound(f"There is no machine “{name}”", subject=name)
        if name not in self.engines:
            from tests.fakes.engine import open_fake_engine

            self.engines[name] = await open_fake_engine()
        if name in self.known:
            self.put(replace(self.known[name], link=Link.CONNECTED, since=now()))
        return self.engines[name]

    async def ready(self, name: str, seconds: float) -> FakeEngine:
        if name in self.unreachable:
            raise MachineError(f"{name} does not answer", code=Code.TIMEOUT)
        return await self.engine(name)

    async def plan(self, request: Moved) -> MovePlan:
        if request.target in self.unreachable:
            raise MachineError(f"{request.target} does not answer", code=Code.TIMEOUT)
        parts = (
            MovePart(kind="image", name="nginx:1.27", size=60 << 20, there=True),
            MovePart(kind="volume", name="data", size=3 << 20),
            MovePart(kind="container", name=request.name),
        )
        return MovePlan(request=request, parts=parts, warnings=("A folder of this machine is not taken along.",))

    def carry_out(self, request: Moved) -> OperationHandle:
        self.moved.append(request)

        async def work(progress: Progress) -> str:
            progress.amount(1, 1)
            if request.keep_source:
                await self._keep(request)
            return f"Moved {request.name}"

        return self._here.store.operations.start(kind="move", title="Move", subject=request.name, work=work)

    async def _keep(self, request: Moved) -> None:
        members = [each for each in await self._here.containers.list() if each.name == request.name
                   or each.spec.labels.get("com.docker.compose.project") == request.name]  # fmt: skip
        for each in members:
            if "stop" in each.legal_actions:
                await self._here.containers.stop(each.id, timeout=0)
        names = {each.id: each.name for each in members}
        kept = KeptSource(
            kind="project" if request.kind == "project" else "container", name=request.name, source=request.source,
            target=request.target, moved=now(), here=names, there=names,
        )  # fmt: skip
        self.left.append(kept)
        self._tell()

    async def kept(self) -> Sequence[KeptSource]:
        return tuple(self.left)

    async def finish(self, name: str, *, source: str | None = None) -> KeptSource:
        kept = next(each for each in self.left if each.name == name and source in (None, each.source))
        if kept.target in self.unreachable:
            raise Conflict(f"“{name}” does not run on {kept.target}", "Nothing was removed.")
        for each in kept.here:
            await self._here.containers.remove(each, force=True)
        self.left.remove(kept)
        self._tell()
        return kept

    async def bringable(self, address: str = "") -> Sequence[Bringable]:
        return (
            Bringable(kind="image", name="nginx", size=5, source=address or "unix:///run/docker.sock", engine="docker"),
        )

    async def close(self) -> None:
        for engine in self.engines.values():
            await engine.close()
