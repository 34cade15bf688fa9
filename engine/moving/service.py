"""Finds both ends of a move and carries it out, one operation each."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Conflict, InvalidRequest, MachineError, NotFound, WherryError
from engine.moving.archive import pack_archive, plan_archive, unpack_archive
from engine.moving.carrying import Books, Carrier
from engine.moving.kept import remove_kept, still_there
from engine.moving.parts import plan_of
from engine.moving.under_way import key_of, standing, wake

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from engine.facade import Engine, OperationHandle
    from engine.facade_afar import Machines
    from engine.operations.registry import OperationRegistry, Progress
    from engine.types.machines import KeptSource, Moved, MovePlan

ARCHIVE = "archive:"
_SECONDS = 30.0


class MovingService:
    def __init__(
        self,
        machines: Machines,
        connected: Callable[[str, float], Awaitable[bool]],
        operations: OperationRegistry,
        books: Books,
        told: Callable[[], None],
    ) -> None:
        self._machines = machines
        self._connected = connected
        self._operations = operations
        self._under_way, self._kept = books
        self._busy: set[tuple[str, ...]] = set()
        """What is being carried at this moment."""
        self._told = told
        """What is left somewhere is other than it was."""

    async def plan(self, request: Moved) -> MovePlan:
        if request.source.startswith(ARCHIVE):
            return await plan_archive(request.source.removeprefix(ARCHIVE), await self._engine(request.target), request)
        target = None if request.target.startswith(ARCHIVE) else await self._engine(request.target)
        return await plan_of(
            await self._engine(request.source), target, request, await self._under_way.of(request)
        )  # fmt: skip

    def carry_out(self, request: Moved) -> OperationHandle:
        if request.source == request.target and not request.new_name:
            raise InvalidRequest("It is there already", "A copy on the same machine needs another name.")
        verb = "Move" if request.move else "Copy"
        where = (request.target or "this computer").removeprefix(ARCHIVE)
        title = f"{verb} {request.name} to {where}"
        return self._operations.start(
            kind="move", title=title, subject=request.name, work=lambda progress: self._work(request, progress)
        )

    async def _work(self, request: Moved, progress: Progress) -> str:
        if request.source.startswith(ARCHIVE):
            path = request.source.removeprefix(ARCHIVE)
            return await unpack_archive(path, await self._engine(request.target), request, progress)
        source = await self._engine(request.source)
        if request.target.startswith(ARCHIVE):
            return await pack_archive(source, request, request.target.removeprefix(ARCHIVE), progress)
        target, key = await self._engine(request.target), key_of(request)
        if key in self._busy:
            raise Conflict(f"“{request.name}” is on its way there already")
        self._busy.add(key)
        try:
            return await Carrier(source, target, request, progress, Books(self._under_way, self._kept)).run()
        finally:
            self._busy.discard(key)
            self._told()

    async def take_up(self) -> None:
        """What an engine that ended in the middle of a move had stopped runs again, unless it runs where it went."""
        for record in await self._under_way.all():
            if not record.stopped or key_of(record.request) in self._busy:
                continue
            with contextlib.suppress(WherryError):
                source = await self._engine(record.request.source)
                if record.started:
                    members = [each for each in await source.containers.list() if each.id in record.running]
                    target = await self._engine(record.request.target)
                    if await standing(target, record, members) != "begin":
                        continue
                if await wake(source, record):
                    await self._under_way.add(msgspec.structs.replace(record, stopped=False))

    async def kept(self) -> Sequence[KeptSource]:
        found: list[KeptSource] = []
        for each in await self._kept.all():
            if each.source or await still_there(each, await self._machines.engine("")):
                found.append(each)
            else:
                await self._kept.drop(each)
        return found

    async def finish(self, name: str, source: str | None) -> KeptSource:
        meant = [each for each in await self.kept() if each.name == name and source in (None, each.source)]
        if not meant:
            raise NotFound(f"No move left “{name}” anywhere", "Only what was moved and kept can be removed so.")
        kept = meant[-1]
        await remove_kept(kept, await self._engine(kept.source), await self._engine(kept.target))
        await self._kept.drop(kept)
        self._told()
        return kept

    async def _engine(self, name: str) -> Engine:
        """Connected: a plan on what was last known would be none."""
        engine = await self._machines.engine(name)
        if name and not await self._connected(name, _SECONDS):
            found = {each.name: each for each in await self._machines.list()}.get(name)
            problem = found.problem if found is not None else None
            if problem is not None:
                raise MachineError(problem.title, problem.explanation, hint=problem.hint, subject=name)
            raise MachineError(f"{name} does not answer", subject=name)
        return engine
