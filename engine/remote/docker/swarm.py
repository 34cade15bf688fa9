"""The swarm that a Docker engine manages: looked at, and its services, nodes and stacks changed. Implements
`facade.SwarmRoom`."""

from __future__ import annotations

import asyncio
import contextlib
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.errors import InvalidRequest
from engine.remote.docker.swarm_link import SwarmLink, resolved
from engine.swarm import shapes
from engine.swarm.changes import changed, scaled
from engine.types.projects import ProjectProblem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.facade import OperationHandle
    from engine.operations.registry import OperationRegistry
    from engine.remote.docker.following import DockerState
    from engine.remote.docker.stacks import Stacks
    from engine.swarm.shapes import Json
    from engine.types.swarm import Availability, ChangeService, DeployStack, StackPlan, Swarm, SwarmService

_LOOK_SECONDS = 2.0
"""Of tasks no event tells: who looks asks again and again."""


class DockerSwarm:
    def __init__(self, state: DockerState, operations: OperationRegistry) -> None:
        self._state = state
        self._ask = SwarmLink(state)
        self._operations = operations
        self._changed = asyncio.Event()

    # --- looking ---

    async def look(self) -> Swarm:
        return shapes.swarm(await self._ask.lists(), self._state.swarm_node)

    async def watch(self) -> AsyncGenerator[Swarm, None]:
        """At once, then whenever it is another."""
        last: Swarm | None = None
        while True:
            self._changed.clear()
            found = await self.look()
            if found != last:
                last = found
                yield found
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _LOOK_SECONDS)

    async def _service(self, name: str) -> SwarmService:
        row, tasks = await asyncio.gather(self._ask.one("services", name), self._ask.ask("GET", "/tasks"))
        return shapes.service(row, tasks or ())

    # --- services ---

    async def scale(self, service: str, replicas: int) -> SwarmService:
        await self._ask.change(service, lambda spec: scaled(spec, replicas, service))
        self._changed.set()
        return await self._service(service)

    async def update(self, service: str, change: ChangeService) -> Sequence[ProjectProblem]:
        """What is worth knowing of it, as warnings."""
        image, warnings = change.image, []
        if image and change.resolve_image:
            image, warning = await resolved(self._ask, image)
            warnings += warning

        def work(spec: Json) -> Json:
            made = changed(spec, change, service)
            if image:
                made["TaskTemplate"]["ContainerSpec"]["Image"] = image
            return made

        warnings += await self._ask.change(service, work)
        self._changed.set()
        return [ProjectProblem(message=each, warning=True) for each in warnings]

    async def roll_back(self, service: str) -> SwarmService:
        row = await self._ask.one("services", service)
        if not shapes.service(row).has_earlier:
            raise InvalidRequest(
                f"{service} has no earlier state", "It was not changed since it was made.", subject=service
            )
        await self._ask.change(service, lambda spec: spec, {"rollback": "previous"})
        self._changed.set()
        return await self._service(service)

    async def remove_service(self, service: str) -> None:
        await self._ask.ask("DELETE", f"/services/{quote(service, safe='')}")
        self._changed.set()

    # --- nodes, configs and secrets ---

    async def change_node(self, node: str, *, availability: Availability | None = None, role: str = "") -> None:
        row = await self._ask.one("nodes", node)
        spec = shapes.part(row, "Spec")
        wanted = spec | ({"Availability": availability} if availability else {}) | ({"Role": role} if role else {})
        version = {"version": shapes.part(row, "Version").get("Index")}
        await self._ask.ask("POST", f"/nodes/{row['ID']}/update", version, body=wanted)
        self._changed.set()

    async def remove_file(self, kind: str, name: str) -> None:
        """`kind` is "config" or "secret"."""
        await self._ask.ask("DELETE", f"/{kind}s/{quote(name, safe='')}")
        self._changed.set()

    # --- stacks ---

    @cached_property
    def _stacks(self) -> Stacks:
        # Reading compose files takes libyaml and a room of shapes: who only looks does not wait for them.
        from engine.remote.docker.stacks import Stacks

        return Stacks(self._ask, self._operations, self._changed.set)

    async def plan(self, request: DeployStack) -> StackPlan:
        return await self._stacks.plan(request)

    def deploy(self, request: DeployStack) -> OperationHandle:
        return self._stacks.deploy(request)

    async def remove_stack(self, name: str) -> Sequence[str]:
        return await self._stacks.remove(name)
