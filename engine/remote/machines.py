"""The machines of the list, each with its engine when somebody wants it. Implements `facade.Machines`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from functools import cached_property
from typing import TYPE_CHECKING, cast

import msgspec

from engine.errors import Code, Conflict, InvalidRequest, MachineError, NotFound, WherryError
from engine.machines import known_elsewhere, machine_list
from engine.machines.address import BadAddress, parse
from engine.machines.machine_list import Entry, ListUnusable
from engine.processes.podman_service import PodmanService
from engine.types.machines import Bringable, Found, KeptSource, Machine, MachineKind, Moved, MovePlan, Suggestion

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path

    from engine.facade import Engine, OperationHandle
    from engine.moving.service import MovingService
    from engine.operations.registry import OperationRegistry
    from engine.remote.engine import RemoteEngine
    from engine.remote.machine_engine import FindLogin

_SOCKETS = ("/run/docker.sock", "/run/podman/podman.sock", "{run}/docker.sock", "{run}/podman/podman.sock")
_ANSWER_SECONDS = 10.0


def _at(address: str) -> Entry:
    """A machine of no list."""
    try:
        parsed = str(parse(address))
    except BadAddress as error:
        raise InvalidRequest(f"{str(error)[:1].upper()}{str(error)[1:]}", subject=address) from None
    return Entry(re.sub(r"[^a-zA-Z0-9]+", "-", parsed).strip("-")[:80], parsed)


class MachineService:
    def __init__(
        self, *, run: Path, store: Path, under_way: Path, here: Callable[[], Engine], operations: OperationRegistry,
        find_login: FindLogin,
    ) -> None:  # fmt: skip
        self._run = run
        self._store = store
        self._under_way = under_way
        self._here = here
        self._engines: dict[str, RemoteEngine] = {}
        self._news = asyncio.Event()
        self._operations = operations
        self._find_login = find_login
        self._podman = PodmanService(run / "podman.sock")
        self._taking_up: asyncio.Task[None] | None = None

    # --- the list ---

    def _listed(self) -> dict[str, Entry]:
        try:
            return machine_list.read(str(self._store))
        except ListUnusable as error:
            raise InvalidRequest("The list of machines cannot be used", str(error)) from None

    async def _known(self) -> dict[str, Entry]:
        return await asyncio.to_thread(lambda: {**known_elsewhere.everywhere(), **self._listed()})

    async def list(self) -> Sequence[Machine]:
        return [self._shown(entry) for entry in (await self._known()).values()]

    def _shown(self, entry: Entry) -> Machine:
        machine = Machine(
            name=entry.name, address=entry.address, kind=cast("MachineKind", entry.kind), through=entry.through,
            description=entry.description, ca_file=entry.ca, certificate=entry.certificate, key=entry.key,
            unchecked=entry.unchecked, source="docker" if entry.source == "docker" else
            "podman" if entry.source == "podman" else "",
        )  # fmt: skip
        engine = self._engines.get(entry.name)
        if engine is None:
            return machine
        condition = engine.condition
        return msgspec.structs.replace(
            machine, kind=cast("MachineKind", condition.kind or machine.kind), version=condition.version,
            link=condition.link, since=condition.since, problem=condition.problem,
        )  # fmt: skip

    async def watch(self) -> AsyncGenerator[Sequence[Machine], None]:
        while True:
            news = self._news
            yield await self.list()
            await news.wait()

    def _changed(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def add(self, machine: Machine) -> Machine:
        entry = self._entry(machine)
        listed = await asyncio.to_thread(self._listed)
        if entry.name in listed:
            raise Conflict(f"There is a machine “{entry.name}” already", code=Code.NAME_TAKEN, subject=entry.name)
        await self._keep({**listed, entry.name: entry})
        return self._shown(entry)

    async def change(self, name: str, machine: Machine) -> Machine:
        entry = self._entry(machine)
        listed = await asyncio.to_thread(self._listed)
        if name not in listed:
            raise NotFound(f"There is no machine “{name}” in the list", subject=name)
        if entry.name != name and entry.name in listed:
            raise Conflict(f"There is a machine “{entry.name}” already", code=Code.NAME_TAKEN, subject=entry.name)
        await self._let_go(name)
        await self._keep({entry.name if key == name else key: entry if key == name else value
                          for key, value in listed.items()})  # fmt: skip
        return self._shown(entry)

    async def remove(self, name: str) -> None:
        listed = await asyncio.to_thread(self._listed)
        if name not in listed:
            raise NotFound(f"There is no machine “{name}” in the list", subject=name)
        await self._let_go(name)
        del listed[name]
        if machine_list.chosen(str(self._store)) == name:
            machine_list.choose("", str(self._store))
        await self._keep(listed)

    async def _keep(self, entries: dict[str, Entry]) -> None:
        await asyncio.to_thread(machine_list.write, entries.values(), str(self._store))
        self._changed()

    @staticmethod
    def _entry(machine: Machine) -> Entry:
        try:
            machine_list.check_name(machine.name)
            tls = bool(machine.ca_file or machine.certificate or machine.unchecked)
            address = str(parse(machine.address, tls=tls))
        except (ListUnusable, BadAddress) as error:
            raise InvalidRequest(f"{str(error)[:1].upper()}{str(error)[1:]}", subject=machine.name) from None
        return Entry(
            machine.name, address, machine.kind, machine.through, machine.description, machine.ca_file,
            machine.certificate, machine.key, machine.unchecked,
        )  # fmt: skip

    # --- trying ---

    async def find_out(self, machine: Machine) -> Found:
        from engine.remote.link import Link

        entry = self._entry(msgspec.structs.replace(machine, name=machine.name or "new"))
        link = Link(entry, str(self._run / "ssh"))
        try:
            version = await link.agree()
            begun = time.monotonic()
            facts = await link.json("GET", "/info")
            passed = time.monotonic() - begun
        finally:
            await link.close()
        said = str(version).lower()
        kind: MachineKind = "wherry" if "wherry" in str(version.get("Platform", "")).lower() else "docker"
        return Found(
            kind="podman" if "podman" in said else kind,
            version=str(version.get("Version") or ""),
            host_name=str(facts.get("Name") or ""),
            operating_system=str(facts.get("OperatingSystem") or ""),
            containers=int(facts.get("Containers") or 0),
            running=int(facts.get("ContainersRunning") or 0),
            images=int(facts.get("Images") or 0),
            round_trip=passed,
        )

    async def suggestions(self) -> Sequence[Suggestion]:
        return await asyncio.to_thread(self._suggestions)

    def _suggestions(self) -> Sequence[Suggestion]:
        taken = {entry.address for entry in self._listed().values()}
        run = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
        sockets = [place.format(run=run) for place in _SOCKETS]
        sockets = [path for path in sockets if known_elsewhere.listens(path)]
        own = os.path.realpath(self._run / "docker.sock")
        found = [
            Suggestion(address=f"unix://{path}", source="here")
            for path in dict.fromkeys(sockets)
            if os.path.realpath(path) != own
        ]
        if (
            known_elsewhere.podman_socket() not in sockets
            and PodmanService.can_start()
            and known_elsewhere.has_podman_store()
        ):
            found.append(Suggestion(address=self._podman_address, source="store"))
        found += [Suggestion(address=f"ssh://{host}", source="ssh", name=host) for host in known_elsewhere.ssh_hosts()]
        return [each for each in found if each.address not in taken]

    @property
    def _podman_address(self) -> str:
        return f"unix://{self._podman.socket}"

    # --- engines ---

    async def engine(self, name: str) -> Engine:
        """Opened at its first use and kept; asked for again, it looks at once."""
        if not name:
            return self._here()
        if name == self._podman_address and (why := await asyncio.to_thread(self._podman.start)):
            raise MachineError("Podman cannot be asked what it has", why, subject="podman")
        if name not in self._engines:
            from engine.remote.engine import RemoteEngine

            entry = _at(name) if "://" in name else (await self._known()).get(name)
            if entry is not None and name == self._podman_address:
                entry = entry._replace(through="podman")
            if entry is None:
                raise NotFound(f"There is no machine “{name}”", subject=name)
            made = await asyncio.to_thread(
                RemoteEngine,
                entry,
                run=self._run,
                store=self._store,
                told=lambda: self._told(name),
                find_login=self._find_login,
            )
            if name not in self._engines:  # somebody else may have been faster meanwhile
                self._engines[name] = made
                made.begin()
        engine = self._engines[name]
        if engine.condition.link in engine.lost:
            engine.look_now()
        return engine

    async def ready(self, name: str, seconds: float) -> Engine:
        engine = await self.engine(name)
        if name and not await self.connected(name, seconds):
            raise self._engines[name].trouble() or MachineError(f"{name} does not answer", subject=name)
        return engine

    async def connected(self, name: str, seconds: float) -> bool:
        engine = self._engines.get(name)
        return engine is not None and await engine.connected(seconds)

    # --- moving ---

    @cached_property
    def _moving(self) -> MovingService:
        # A start that only wants the list does not wait for what tars take.
        from engine.moving.carrying import Books
        from engine.moving.kept import KeptSources
        from engine.moving.service import MovingService
        from engine.moving.under_way import RecordsUnderWay

        books = Books(RecordsUnderWay(self._under_way), KeptSources(self._store / "kept-sources.json"))
        return MovingService(self, self.connected, self._operations, books, self._changed)

    def take_up(self) -> None:
        """Of moves that an earlier engine ended in the middle of."""
        self._taking_up = asyncio.create_task(self._moving.take_up(), name="moves that were under way")

    async def plan(self, request: Moved) -> MovePlan:
        return await self._moving.plan(request)

    def carry_out(self, request: Moved) -> OperationHandle:
        return self._moving.carry_out(request)

    async def kept(self) -> Sequence[KeptSource]:
        return await self._moving.kept()

    async def finish(self, name: str, *, source: str | None = None) -> KeptSource:
        return await self._moving.finish(name, source)

    async def bringable(self, address: str = "") -> Sequence[Bringable]:
        from engine.moving.bringing import things_of

        addresses = [address] if address else [
            each.address for each in await self.suggestions() if each.source in ("here", "store")
        ]  # fmt: skip
        found: list[Bringable] = []
        problems: list[MachineError] = []
        for each in addresses:
            try:
                found += await things_of(await self.ready(each, _ANSWER_SECONDS), self._here(), each)
            except MachineError as error:
                problems.append(error)
        if problems and not found:
            raise problems[0]
        return found

    def _told(self, name: str) -> None:
        """A link changed; what was found out is written down, so that the next start knows it."""
        self._changed()
        engine = self._engines.get(name)
        if engine is None or not engine.condition.kind or engine.condition.kind == engine.entry.kind:
            return
        with contextlib.suppress(WherryError, OSError):
            listed = self._listed()
            if name in listed and listed[name].kind != engine.condition.kind:
                kind = engine.condition.kind
                listed[name] = listed[name]._replace(kind=kind, through=listed[name].through or kind)
                machine_list.write(listed.values(), str(self._store))

    async def _let_go(self, name: str) -> None:
        engine = self._engines.pop(name, None)
        if engine is not None:
            await engine.close()

    async def close(self) -> None:
        if self._taking_up is not None:
            self._taking_up.cancel()
            await asyncio.gather(self._taking_up, return_exceptions=True)
        await asyncio.gather(*(self._let_go(name) for name in [*self._engines]))
        await asyncio.to_thread(self._podman.close)
