"""An engine that is in no swarm, and never will be: every question is refused in a sentence. Implements
`facade.SwarmRoom`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from engine.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.facade import OperationHandle
    from engine.types.projects import ProjectProblem
    from engine.types.swarm import (
        Availability,
        ChangeService,
        CreateService,
        DeployStack,
        MadeService,
        StackPlan,
        Swarm,
        SwarmService,
    )


def refuse() -> NoReturn:
    raise Unsupported(
        "This engine is in no swarm",
        "Wherry is the tool of one person on one machine. A swarm is a remote Docker's: choose a machine whose Docker "
        "manages one.",
        hint="wherry -H ssh://HOST stack deploy …",
    )


class NoSwarm:
    async def look(self) -> Swarm:
        refuse()

    async def watch(self) -> AsyncGenerator[Swarm, None]:
        yield await self.look()

    async def create(self, request: CreateService) -> MadeService:
        refuse()

    async def scale(self, service: str, replicas: int) -> SwarmService:
        refuse()

    async def update(self, service: str, change: ChangeService) -> Sequence[ProjectProblem]:
        refuse()

    async def roll_back(self, service: str) -> SwarmService:
        refuse()

    async def remove_service(self, service: str) -> None:
        refuse()

    async def change_node(self, node: str, *, availability: Availability | None = None, role: str = "") -> None:
        refuse()

    async def remove_file(self, kind: str, name: str) -> None:
        refuse()

    async def plan(self, request: DeployStack) -> StackPlan:
        refuse()

    def deploy(self, request: DeployStack) -> OperationHandle:
        refuse()

    async def remove_stack(self, name: str) -> Sequence[str]:
        refuse()
