"""A swarm of the fake engine: a stack of two services, one alone, three nodes; what is done to it happens at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from engine.errors import InvalidRequest, NotFound
from engine.swarm.shapes import stacks
from engine.types.swarm import (
    MadeService,
    ServiceUpdate,
    StackPlan,
    StackStep,
    Swarm,
    SwarmFile,
    SwarmNode,
    SwarmPort,
    SwarmService,
    SwarmTask,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.facade import OperationHandle
    from engine.operations.registry import OperationRegistry, Progress
    from engine.types.projects import ProjectProblem
    from engine.types.swarm import Availability, ChangeService, CreateService, DeployStack

_MADE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def made_swarm() -> Swarm:
    """What pictures and tests show."""
    known: tuple[tuple[int, str, Literal["manager", "worker"], str, Availability], ...] = (
        (1, "berlin", "manager", "ready", "active"), (2, "hamburg", "worker", "ready", "drain"),
        (3, "bremen", "worker", "down", "active"),
    )  # fmt: skip
    nodes = tuple(
        SwarmNode(
            id=f"node{number}", name=name, role=role, state=state, address=f"10.0.0.{number}", leader=number == 1,
            reachability="reachable" if role == "manager" else "", engine="28.5.2", processors=4.0, memory=8 << 30,
            availability=availability, asked=number == 1,
        )
        for number, name, role, state, availability in known
    )  # fmt: skip
    services = (
        SwarmService(
            id="s1", name="shop_web", stack="shop", image="registry.example.org/shop/web:1.4", replicas=3, wanted=3,
            running=2, ports=(SwarmPort(target=80, published=8080),), created=_MADE, updated=_MADE, has_earlier=True,
            update=ServiceUpdate(state="updating", message="update in progress"), configs=("shop_nginx",),
        ),
        SwarmService(
            id="s2", name="shop_db", stack="shop", image="postgres:17", replicas=1, wanted=1, running=1, created=_MADE,
            updated=_MADE, secrets=("shop_password",),
        ),
        SwarmService(
            id="s3", name="agent", image="example.org/agent:2", mode="global", wanted=2, running=2, created=_MADE,
            updated=_MADE, constraints=("node.platform.os==linux",),
        ),
    )  # fmt: skip
    tasks = (
        _task("t1", services[0], 1, nodes[0], "running"),
        _task("t2", services[0], 2, nodes[0], "running"),
        _task("t3", services[0], 3, nodes[2], "rejected", error="No such image: registry.example.org/shop/web:1.4"),
        _task("t4", services[1], 1, nodes[0], "running"),
        _task("t5", services[2], 0, nodes[0], "running"),
        _task("t6", services[2], 0, nodes[1], "running"),
    )
    held: tuple[tuple[Literal["config", "secret"], str, int | None, str], ...] = (
        ("config", "shop_nginx", 1834, "shop_web"), ("secret", "shop_password", None, "shop_db"),
    )  # fmt: skip
    files = {
        kind: (
            SwarmFile(
                kind=kind, id=f"f-{kind}", name=name, stack="shop", created=_MADE, updated=_MADE, size=size,
                used_by=(user,),
            ),
        )
        for kind, name, size, user in held
    }  # fmt: skip
    return Swarm(
        services=services, tasks=tasks, nodes=nodes, stacks=stacks(services), configs=files["config"],
        secrets=files["secret"],
    )  # fmt: skip


def _task(task_id: str, service: SwarmService, slot: int, node: SwarmNode, state: str, *, error: str = "") -> SwarmTask:
    return SwarmTask(
        id=task_id, name=f"{service.name}.{slot or node.id}", service_id=service.id, service=service.name, slot=slot,
        node_id=node.id, node=node.name, image=service.image, state=state, desired="running", error=error,
        since=_MADE, created=_MADE, container_id=f"c-{task_id}" if state == "running" else "",
    )  # fmt: skip


class FakeSwarm:
    """Implements `facade.SwarmRoom`."""

    def __init__(self, operations: OperationRegistry) -> None:
        self.state = made_swarm()
        self.done: list[str] = []
        self.asked: CreateService | None = None
        self._operations = operations
        self._news = asyncio.Event()

    def put(self, state: Swarm) -> None:
        self.state = replace(state, stacks=stacks(state.services))
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _with(self, service: SwarmService) -> SwarmService:
        self.put(replace(
            self.state, services=tuple(service if each.id == service.id else each for each in self.state.services)
        ))  # fmt: skip
        return service

    def _find(self, name: str) -> SwarmService:
        for each in self.state.services:
            if name in (each.id, each.name):
                return each
        raise NotFound(f"service {name} not found", subject=name)

    async def look(self) -> Swarm:
        return self.state

    async def watch(self) -> AsyncGenerator[Swarm, None]:
        while True:
            news = self._news
            yield self.state
            await news.wait()

    async def create(self, request: CreateService) -> MadeService:
        self.done.append(f"create {request.name} {request.words['image']}")
        self.asked = request
        deploy = request.words.get("deploy") or {}
        count = int(deploy.get("replicas") or 1)
        made = SwarmService(
            id=f"id-{request.name}", name=request.name, image=str(request.words["image"]), created=_MADE, updated=_MADE,
            mode=deploy.get("mode") or "replicated", replicas=count, wanted=count, running=count,
        )  # fmt: skip
        self.put(replace(self.state, services=(*self.state.services, made)))
        return MadeService(id=made.id)

    async def scale(self, service: str, replicas: int) -> SwarmService:
        found = self._find(service)
        if not found.scalable:
            raise InvalidRequest(f"{service} has one task on each node")
        self.done.append(f"scale {found.name} {replicas}")
        return self._with(replace(found, replicas=replicas, wanted=replicas, running=replicas))

    async def update(self, service: str, change: ChangeService) -> Sequence[ProjectProblem]:
        found = self._find(service)
        self.done.append(f"update {found.name} {change.image}".rstrip() + (" force" if change.force else ""))
        self._with(replace(found, image=change.image or found.image, has_earlier=True))
        return ()

    async def roll_back(self, service: str) -> SwarmService:
        found = self._find(service)
        self.done.append(f"roll back {found.name}")
        return self._with(replace(found, update=ServiceUpdate(state="rollback_completed")))

    async def remove_service(self, service: str) -> None:
        found = self._find(service)
        self.done.append(f"remove service {found.name}")
        self.put(replace(self.state, services=tuple(each for each in self.state.services if each is not found)))

    async def change_node(self, node: str, *, availability: Availability | None = None, role: str = "") -> None:
        self.done.append(f"{availability or role} {node}")
        self.put(replace(self.state, nodes=tuple(
            replace(each, availability=availability or each.availability, role=role or each.role)
            if node in (each.id, each.name)
            else each
            for each in self.state.nodes
        )))  # fmt: skip

    async def remove_file(self, kind: str, name: str) -> None:
        self.done.append(f"remove {kind} {name}")
        own = self.state.configs if kind == "config" else self.state.secrets
        left = tuple(each for each in own if name not in (each.id, each.name))
        self.put(replace(self.state, configs=left) if kind == "config" else replace(self.state, secrets=left))

    async def plan(self, request: DeployStack) -> StackPlan:
        return StackPlan(
            stack=request.name,
            steps=(
                StackStep(action="create", kind="network", name=f"{request.name}_default"),
                StackStep(action="create", kind="service", name=f"{request.name}_web"),
            ),
        )

    def deploy(self, request: DeployStack) -> OperationHandle:
        self.done.append(f"deploy {request.name}")

        async def work(progress: Progress) -> str:
            progress.amount(1, 1)
            return request.name

        return self._operations.start(kind="deploy", title=f"Deploy {request.name}", subject=request.name, work=work)

    async def remove_stack(self, name: str) -> Sequence[str]:
        self.done.append(f"remove stack {name}")
        self.put(replace(self.state, services=tuple(each for each in self.state.services if each.stack != name)))
        return [f"service {name}_web"]
