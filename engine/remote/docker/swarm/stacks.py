"""Stacks of a swarm: planned, deployed, removed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from engine.compose.faults import ComposeError
from engine.errors import Conflict, InvalidRequest, NotFound, WherryError
from engine.projects import beside
from engine.projects.reading import problems_shown, refusal
from engine.remote.docker.swarm.stack_deployment import Deployment, there_of
from engine.swarm.differences import steps
from engine.swarm.stack import stack_of
from engine.types.projects import ProjectProblem
from engine.types.swarm import StackPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.facade import OperationHandle
    from engine.operations.registry import OperationRegistry, Progress
    from engine.remote.docker.swarm.swarm_link import SwarmLink
    from engine.swarm.stack import Stack
    from engine.types.swarm import DeployStack

_NETWORK_TRIES, _NETWORK_PAUSE = 60, 0.5


class Stacks:
    def __init__(self, link: SwarmLink, operations: OperationRegistry, changed: Callable[[], None]) -> None:
        self._ask = link
        self._operations = operations
        self._changed = changed

    async def plan(self, request: DeployStack) -> StackPlan:
        wanted = await self._wanted(request)
        told, problems = steps(wanted, await there_of(self._ask, wanted.name), prune=request.prune)
        shown = (*problems_shown(wanted.problems), *(ProjectProblem(message=each) for each in problems))
        return StackPlan(stack=wanted.name, steps=told, problems=shown)

    async def _wanted(self, request: DeployStack) -> Stack:
        if not request.name:
            raise InvalidRequest("A stack needs a name")
        try:
            project, _ = await beside.read(msgspec.structs.replace(request.source, name=request.name))
        except ComposeError as error:
            raise refusal(error) from error
        return await asyncio.to_thread(stack_of, project)

    def deploy(self, request: DeployStack) -> OperationHandle:
        """Its steps are told; the result is the stack's name."""

        async def work(progress: Progress) -> str:
            wanted = await self._wanted(request)
            try:
                await Deployment(self._ask, wanted, request, progress).run()
            finally:
                self._changed()
            return wanted.name

        title = f"Deploy {request.name}"
        return self._operations.start(kind="deploy", title=title, subject=request.name, work=work)

    async def remove(self, name: str) -> Sequence[str]:
        """All of it; what was removed, a line each."""
        there = await there_of(self._ask, name)
        removed = []
        for kind, path, known in (
            ("service", "/services", there.services),
            ("secret", "/secrets", there.files["secret"]),
            ("config", "/configs", there.files["config"]),
            ("network", "/networks", there.networks),
        ):
            if kind == "network":
                await self._gone({str(row.get("ID")) for row in there.services.values()})
            for each, row in sorted(known.items()):
                await self._removed(f"{path}/{row.get('ID') or row.get('Id')}")
                removed.append(f"{kind} {each}")
        if not removed:
            raise NotFound(f"There is no stack {name}", subject=name)
        self._changed()
        return removed

    async def _gone(self, services: set[str]) -> None:
        """Until their tasks have ended, for so long as may be: a network taken from under them stays behind."""
        for _ in range(_NETWORK_TRIES):
            if not any(row.get("ServiceID") in services for row in await self._ask.ask("GET", "/tasks") or ()):
                return
            await asyncio.sleep(_NETWORK_PAUSE)

    async def _removed(self, path: str) -> None:
        """A network is held until the last task has left it: Docker says so, and it is asked again."""
        for _ in range(_NETWORK_TRIES):
            try:
                await self._ask.ask("DELETE", path)
            except NotFound:
                return
            except WherryError:
                if not path.startswith("/networks/"):
                    raise
                await asyncio.sleep(_NETWORK_PAUSE)
            else:
                return
        raise Conflict("A network of the stack is still in use", "Containers that are not the stack's may be on it.")
