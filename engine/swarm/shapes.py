"""What a manager answers, as our types. Pure; what is missing or null is as if it said nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from engine.types.swarm import (
    Availability,
    ServiceMode,
    ServiceUpdate,
    Swarm,
    SwarmFile,
    SwarmNode,
    SwarmPort,
    SwarmService,
    SwarmStack,
    SwarmTask,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Json = dict[str, Any]
NAMESPACE = "com.docker.stack.namespace"
"""The label by which Docker knows what belongs to a stack."""
STACK_IMAGE = "com.docker.stack.image"
"""The label with a service's image as the file names it."""
_EPOCH = datetime.fromtimestamp(0, UTC)
_MODES: tuple[tuple[str, ServiceMode], ...] = (
    ("Replicated", "replicated"), ("Global", "global"), ("ReplicatedJob", "replicated-job"),
    ("GlobalJob", "global-job"),
)  # fmt: skip


def swarm(answers: Mapping[str, Any], own_node: str = "") -> Swarm:
    """From the lists of "services", "tasks", "nodes", "configs" and "secrets"."""
    nodes = tuple(node(each, own_node) for each in _rows(answers.get("nodes")))
    tasks = _rows(answers.get("tasks"))
    services = tuple(service(each, tasks) for each in _rows(answers.get("services")))
    named = {each.id: each.name for each in services}
    hosts = {each.id: each.name for each in nodes}
    shown = [task(each, named, hosts) for each in tasks]
    return Swarm(
        services=tuple(sorted(services, key=lambda each: each.name)),
        tasks=tuple(sorted(shown, key=lambda each: (each.service, each.slot, each.node, -each.created.timestamp()))),
        nodes=tuple(sorted(nodes, key=lambda each: each.name)),
        stacks=stacks(services),
        configs=_files("config", _rows(answers.get("configs")), services),
        secrets=_files("secret", _rows(answers.get("secrets")), services),
    )


def _rows(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def part(value: Mapping[str, Any] | None, *keys: str) -> Json:
    """An object inside an object, {} where it is not."""
    for key in keys:
        found = (value or {}).get(key)
        value = found if isinstance(found, dict) else {}
    return dict(value or {})


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _labels(value: object) -> dict[str, str]:
    return {str(key): str(each) for key, each in value.items()} if isinstance(value, dict) else {}


def moment(text: object) -> datetime | None:
    """A time of Docker's; None for its "never"."""
    if not isinstance(text, str) or not text or text.startswith("0001-"):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


# --- services ---


def service(row: Json, tasks: Iterable[Json] = ()) -> SwarmService:
    """A task that is on its way out still runs: it is none of those that should be there. Engines older than API 1.41
    do not tell how many should be."""
    spec = part(row, "Spec")
    template, labels = part(spec, "TaskTemplate"), _labels(spec.get("Labels"))
    inside = part(template, "ContainerSpec")
    mode: ServiceMode = next((ours for theirs, ours in _MODES if theirs in part(spec, "Mode")), "replicated")
    replicas = _replicas(part(spec, "Mode"), mode)
    image, _, digest = str(inside.get("Image") or "").partition("@")
    wanted, running, completed = _counts(row, list(tasks), replicas)
    update = part(row, "UpdateStatus")
    return SwarmService(
        id=str(row.get("ID") or ""),
        name=str(spec.get("Name") or ""),
        stack=labels.get(NAMESPACE, ""),
        image=image,
        digest=digest,
        mode=mode,
        replicas=replicas,
        wanted=wanted,
        running=running,
        completed=completed,
        max_per_node=int(part(template, "Placement").get("MaxReplicas") or 0),
        ports=ports(part(row, "Endpoint").get("Ports")) or ports(part(spec, "EndpointSpec").get("Ports")),
        created=moment(row.get("CreatedAt")) or _EPOCH,
        updated=moment(row.get("UpdatedAt")) or _EPOCH,
        update=ServiceUpdate(
            state=str(update.get("State") or ""),
            message=str(update.get("Message") or ""),
            started=moment(update.get("StartedAt")),
            ended=moment(update.get("CompletedAt")),
        ),
        has_earlier=bool(row.get("PreviousSpec")),
        command=(*_texts(inside.get("Command")), *_texts(inside.get("Args"))),
        environment=_texts(inside.get("Env")),
        constraints=_texts(part(template, "Placement").get("Constraints")),
        networks=tuple(str(each.get("Target") or "") for each in _rows(template.get("Networks"))),
        configs=tuple(str(each.get("ConfigName") or "") for each in _rows(inside.get("Configs"))),
        secrets=tuple(str(each.get("SecretName") or "") for each in _rows(inside.get("Secrets"))),
        labels=labels,
    )


def _replicas(mode: Json, word: ServiceMode) -> int:
    if word == "replicated":
        said = part(mode, "Replicated").get("Replicas")
        return 1 if said is None else int(said)
    if word == "replicated-job":
        said = part(mode, "ReplicatedJob").get("TotalCompletions")
        return 1 if said is None else int(said)
    return 0


def _counts(row: Json, tasks: list[Json], replicas: int) -> tuple[int, int, int]:
    own = [each for each in tasks if each.get("ServiceID") == row.get("ID")]
    kept = [each for each in own if each.get("DesiredState") not in ("shutdown", "remove")]
    running = sum(part(each, "Status").get("State") == "running" for each in kept)
    told = row.get("ServiceStatus")
    if isinstance(told, dict):
        return int(told.get("DesiredTasks") or 0), running, int(told.get("CompletedTasks") or 0)
    completed = sum(part(each, "Status").get("State") == "complete" for each in own)
    return replicas or len(kept), running, completed


def ports(value: object) -> tuple[SwarmPort, ...]:
    return tuple(
        SwarmPort(
            target=int(each.get("TargetPort") or 0),
            published=int(each.get("PublishedPort") or 0),
            protocol=str(each.get("Protocol") or "tcp"),
            mode="host" if each.get("PublishMode") == "host" else "ingress",
        )
        for each in _rows(value)
    )


def stacks(services: Sequence[SwarmService]) -> tuple[SwarmStack, ...]:
    """Nothing but services makes a stack one that is listed, as with Docker."""
    found: dict[str, list[SwarmService]] = {}
    for each in services:
        if each.stack:
            found.setdefault(each.stack, []).append(each)
    return tuple(
        SwarmStack(
            name=name,
            services=tuple(sorted(each.name for each in own)),
            wanted=sum(each.wanted for each in own),
            running=sum(each.running for each in own),
        )
        for name, own in sorted(found.items())
    )


# --- tasks and nodes ---


def task(row: Json, services: Mapping[str, str], nodes: Mapping[str, str]) -> SwarmTask:
    status, spec = part(row, "Status"), part(row, "Spec")
    service_id, node_id = str(row.get("ServiceID") or ""), str(row.get("NodeID") or "")
    name, slot = services.get(service_id, service_id), int(row.get("Slot") or 0)
    inside = part(status, "ContainerStatus")
    return SwarmTask(
        id=str(row.get("ID") or ""),
        name=f"{name}.{slot or node_id}",
        service_id=service_id,
        service=name,
        slot=slot,
        node_id=node_id,
        node=nodes.get(node_id, node_id),
        image=str(part(spec, "ContainerSpec").get("Image") or "").partition("@")[0],
        state=str(status.get("State") or ""),
        desired=str(row.get("DesiredState") or ""),
        message=str(status.get("Message") or ""),
        error=str(status.get("Err") or ""),
        since=moment(status.get("Timestamp")) or moment(row.get("UpdatedAt")) or _EPOCH,
        created=moment(row.get("CreatedAt")) or _EPOCH,
        container_id=str(inside.get("ContainerID") or ""),
        exit_code=int(inside.get("ExitCode") or 0),
        ports=ports(part(status, "PortStatus").get("Ports")),
    )


def node(row: Json, own: str = "") -> SwarmNode:
    spec, about, status, manager = (part(row, key) for key in ("Spec", "Description", "Status", "ManagerStatus"))
    resources = part(about, "Resources")
    node_id = str(row.get("ID") or "")
    return SwarmNode(
        id=node_id,
        name=str(about.get("Hostname") or node_id),
        role="manager" if spec.get("Role") == "manager" else "worker",
        availability=cast("Availability", spec.get("Availability") or "active"),
        state=str(status.get("State") or ""),
        message=str(status.get("Message") or ""),
        address=str(status.get("Addr") or ""),
        leader=bool(manager.get("Leader")),
        reachability=str(manager.get("Reachability") or ""),
        engine=str(part(about, "Engine").get("EngineVersion") or ""),
        processors=int(resources.get("NanoCPUs") or 0) / 1e9,
        memory=int(resources.get("MemoryBytes") or 0),
        labels=_labels(spec.get("Labels")),
        asked=bool(own) and node_id == own,
    )


# --- configs and secrets ---


def _files(
    kind: Literal["config", "secret"], rows: list[Json], services: Sequence[SwarmService]
) -> tuple[SwarmFile, ...]:
    found = [file(kind, row, services) for row in rows]
    return tuple(sorted(found, key=lambda each: each.name))


def file(kind: Literal["config", "secret"], row: Json, services: Sequence[SwarmService] = ()) -> SwarmFile:
    spec = part(row, "Spec")
    name, labels, data = str(spec.get("Name") or ""), _labels(spec.get("Labels")), spec.get("Data")
    users = [each.name for each in services if name in (each.configs if kind == "config" else each.secrets)]
    return SwarmFile(
        kind=kind,
        id=str(row.get("ID") or ""),
        name=name,
        stack=labels.get(NAMESPACE, ""),
        created=moment(row.get("CreatedAt")) or _EPOCH,
        updated=moment(row.get("UpdatedAt")) or _EPOCH,
        size=_decoded_size(data) if isinstance(data, str) and kind == "config" else None,
        used_by=tuple(sorted(users)),
        labels=labels,
    )


def _decoded_size(data: str) -> int:
    return len(data) * 3 // 4 - data[-2:].count("=")
