"""The swarm that a Docker engine manages: looked at, and its services, nodes and stacks changed. Implements
`facade.SwarmRoom`."""

from __future__ import annotations

import asyncio
import contextlib
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec.structs import replace

from engine.errors import InvalidRequest
from engine.remote.docker.swarm.swarm_link import SwarmLink, resolved
from engine.swarm import shapes
from engine.swarm.changes import changed, scaled
from engine.swarm.lone_service import lone_service, spoken_of
from engine.types.projects import ProjectProblem
from engine.types.swarm import MadeService

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.facade import OperationHandle
    from engine.operations.registry import OperationRegistry
    from engine.remote.docker.known.following import DockerState
    from engine.remote.docker.swarm.stacks import Stacks
    from engine.remote.machine_engine import FindLogin
    from engine.swarm.shapes import Json
    from engine.types.swarm import (
        Availability,
        ChangeService,
        CreateService,
        DeployStack,
        StackPlan,
        Swarm,
        SwarmService,
    )

_LOOK_SECONDS = 2.0
"""Of tasks no event tells: who looks asks again and again."""

_NETWORKS = "TaskTemplate.Networks"


class DockerSwarm:
    def __init__(self, state: DockerState, operations: OperationRegistry, find_login: FindLogin) -> None:
        self._state = state
        self._ask = SwarmLink(state, find_login)
        self._operations = operations
        self._changed = asyncio.Event()

    # --- looking ---

    async def look(self) -> Swarm:
        lists = await self._ask.lists()
        if self._state.swarm_node not in {str(each.get("ID")) for each in lists["nodes"] or ()}:
            await self._state.look_at_swarm()  # it has left that swarm, and is in another by now
        return shapes.swarm(lists, self._state.swarm_node)

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

    async def create(self, request: CreateService) -> MadeService:
        login = await self._ask.login(str(request.words.get("image") or ""), wanted=request.with_login)
        spec = lone_service(request.name, request.words, request.volumes, max_concurrent=request.max_concurrent)
        await self._name_by_id(spec)
        warnings: list[str] = []
        if request.resolve_image:
            inside = spec["TaskTemplate"]["ContainerSpec"]
            inside["Image"], warnings = await resolved(self._ask, inside["Image"], login)
        made = await self._ask.ask("POST", "/services/create", body=spec, headers=login)
        self._changed.set()
        return MadeService(id=str(made["ID"]), warnings=_warned([*warnings, *(made.get("Warnings") or ())]))

    async def _name_by_id(self, spec: Json) -> None:
        """Networks, configs and secrets of a spec, which were said by name: an id is what a manager keeps."""
        template = shapes.part(spec, "TaskTemplate")
        for each in template.get("Networks") or ():
            each["Target"] = await self._ask.network_id(each["Target"])
        for noun in ("Config", "Secret"):
            for each in shapes.part(template, "ContainerSpec").get(f"{noun}s") or ():
                row = await self._ask.one(f"{noun.lower()}s", each[f"{noun}Name"])
                each[f"{noun}ID"], each[f"{noun}Name"] = row["ID"], shapes.part(row, "Spec")["Name"]

    async def scale(self, service: str, replicas: int) -> SwarmService:
        await self._ask.change(service, lambda spec: scaled(spec, replicas, service))
        self._changed.set()
        return await self._service(service)

    async def update(self, service: str, change: ChangeService) -> Sequence[ProjectProblem]:
        """What is worth knowing of it, as warnings."""
        image, warnings = change.image, []
        said = spoken_of(change.words, change.volumes)
        await self._name_by_id(said)
        before = shapes.part((await self._ask.one("services", service)), "Spec", "TaskTemplate", "ContainerSpec")
        login = await self._ask.login(image or str(before.get("Image") or ""), wanted=change.with_login)
        change = await self._with_network_ids(change)
        if image and change.resolve_image:
            image, warning = await resolved(self._ask, image, login)
            warnings += warning

        def work(spec: Json) -> Json:
            made = changed(spec, change, service, said)
            if image:
                made["TaskTemplate"]["ContainerSpec"]["Image"] = image
            return made

        warnings += await self._ask.change(service, work, headers=login)
        self._changed.set()
        return _warned(warnings)

    async def _with_network_ids(self, change: ChangeService) -> ChangeService:
        gone = change.gone.get(_NETWORKS)
        if not gone:
            return change
        ids = tuple([await self._ask.network_id(each) for each in gone])
        return replace(change, gone={**change.gone, _NETWORKS: ids})

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
        from engine.remote.docker.swarm.stacks import Stacks

        return Stacks(self._ask, self._operations, self._changed.set)

    async def plan(self, request: DeployStack) -> StackPlan:
        return await self._stacks.plan(request)

    def deploy(self, request: DeployStack) -> OperationHandle:
        return self._stacks.deploy(request)

    async def remove_stack(self, name: str) -> Sequence[str]:
        return await self._stacks.remove(name)


def _warned(said: Sequence[str]) -> tuple[ProjectProblem, ...]:
    return tuple(ProjectProblem(message=str(each), warning=True) for each in said)
