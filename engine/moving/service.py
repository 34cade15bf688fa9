"""Finds both ends of a move and carries it out, one operation each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidRequest, MachineError, NotFound
from engine.moving.archive import pack_archive, plan_archive, unpack_archive
from engine.moving.carrying import Carrier
from engine.moving.kept import remove_kept, still_there
from engine.moving.parts import plan_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from engine.facade import Engine, OperationHandle
    from engine.facade_afar import Machines
    from engine.moving.kept import KeptSources
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
        kept: KeptSources,
        told: Callable[[], None],
    ) -> None:
        self._machines = machines
        self._connected = connected
        self._operations = operations
        self._kept = kept
        self._told = told
        """What is left somewhere is other than it was."""

    async def plan(self, request: Moved) -> MovePlan:
        if request.source.startswith(ARCHIVE):
            return await plan_archive(request.source.removeprefix(ARCHIVE), await self._engine(request.target), request)
        target = None if request.target.startswith(ARCHIVE) else await self._engine(request.target)
        return await plan_of(await self._engine(request.source), target, request)

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
        carrier = Carrier(source, await self._engine(request.target), request, progress)
        told = await carrier.run()
        if carrier.kept is not None:
            await self._kept.add(carrier.kept)
            self._told()
        return told

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
