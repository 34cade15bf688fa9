"""A swarm as one of its managers tells it: services, their tasks, nodes, stacks, configs and secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from engine.types.data import Data
from engine.types.projects import FieldChange, ProjectProblem, ReadProject

ServiceMode = Literal["replicated", "global", "replicated-job", "global-job"]
Availability = Literal["active", "pause", "drain"]


class SwarmPort(Data, frozen=True, kw_only=True):
    target: int
    published: int = 0
    protocol: str = "tcp"
    mode: Literal["ingress", "host"] = "ingress"


class ServiceUpdate(Data, frozen=True, kw_only=True):
    """How the last change of a service goes on, or ended."""

    state: str = ""
    """Docker's word: "updating", "paused", "completed", "rollback_started", "rollback_paused", "rollback_completed"."""
    message: str = ""
    started: datetime | None = None
    ended: datetime | None = None


class SwarmService(Data, frozen=True, kw_only=True):
    id: str
    name: str
    stack: str = ""
    image: str = ""
    """As it was asked for, without the digest it was found to have."""
    digest: str = ""
    mode: ServiceMode = "replicated"
    replicas: int = 0
    """How many were asked for; 0 of a global service, which has one on each node."""
    wanted: int = 0
    """How many there should be now."""
    running: int = 0
    completed: int = 0
    max_per_node: int = 0
    ports: tuple[SwarmPort, ...] = ()
    created: datetime
    updated: datetime
    update: ServiceUpdate = ServiceUpdate()
    has_earlier: bool = False
    """It can be rolled back to what it was before."""
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    """Ids."""
    configs: tuple[str, ...] = ()
    """Names, here and below."""
    secrets: tuple[str, ...] = ()
    labels: dict[str, str] = {}

    @property
    def scalable(self) -> bool:
        return self.mode in ("replicated", "replicated-job")

    @property
    def settled(self) -> bool:
        """All there is to be is there, and no change is on its way."""
        if self.update.state in ("updating", "rollback_started"):
            return False
        done = self.completed if self.mode.endswith("-job") else self.running
        return done == (self.replicas if self.scalable else self.wanted)


class SwarmTask(Data, frozen=True, kw_only=True):
    id: str
    name: str
    """web.1, as Docker calls it; with the node's id where a service has one on each node."""
    service_id: str
    service: str
    slot: int = 0
    node_id: str = ""
    node: str = ""
    image: str = ""
    state: str = ""
    """Docker's word: "running", "failed", "rejected", "shutdown", "preparing", …"""
    desired: str = ""
    message: str = ""
    error: str = ""
    since: datetime
    created: datetime
    container_id: str = ""
    exit_code: int = 0
    ports: tuple[SwarmPort, ...] = ()


class SwarmNode(Data, frozen=True, kw_only=True):
    id: str
    name: str
    role: Literal["manager", "worker"] = "worker"
    availability: Availability = "active"
    state: str = ""
    """Docker's word: "ready", "down", "unknown", "disconnected"."""
    message: str = ""
    address: str = ""
    leader: bool = False
    reachability: str = ""
    engine: str = ""
    processors: float = 0.0
    memory: int = 0
    labels: dict[str, str] = {}
    asked: bool = False
    """It is the one that was asked."""


class SwarmFile(Data, frozen=True, kw_only=True):
    """A config or a secret."""

    kind: Literal["config", "secret"]
    id: str
    name: str
    stack: str = ""
    created: datetime
    updated: datetime
    size: int | None = None
    """A secret's nobody is told."""
    used_by: tuple[str, ...] = ()
    """Names of services."""
    labels: dict[str, str] = {}


class SwarmStack(Data, frozen=True, kw_only=True):
    name: str
    services: tuple[str, ...] = ()
    """Names."""
    wanted: int = 0
    running: int = 0


class Swarm(Data, frozen=True, kw_only=True):
    """All of it, at one moment."""

    services: tuple[SwarmService, ...] = ()
    tasks: tuple[SwarmTask, ...] = ()
    nodes: tuple[SwarmNode, ...] = ()
    stacks: tuple[SwarmStack, ...] = ()
    configs: tuple[SwarmFile, ...] = ()
    secrets: tuple[SwarmFile, ...] = ()


class CreateService(Data, frozen=True, kw_only=True):
    """A service that is in no stack."""

    name: str = ""
    """"" leaves it to the manager."""
    words: dict[str, Any]
    """The service in the words of a compose file."""
    volumes: dict[str, Any] = {}
    """What a compose file would say of its volumes."""
    max_concurrent: int | None = None
    """How many tasks of a job run at once."""
    resolve_image: bool = True
    """Ask the registry which image the name is now, so that all nodes get the same; here and below."""
    with_login: bool = False
    """Give the nodes this computer's login for the image's registry; here and below."""


class MadeService(Data, frozen=True, kw_only=True):
    id: str
    warnings: tuple[ProjectProblem, ...] = ()


class ChangeService(Data, frozen=True, kw_only=True):
    """What is to be other about a service; what is not said stays."""

    image: str = ""
    args: tuple[str, ...] | None = None
    replicas: int | None = None
    max_concurrent: int | None = None
    force: bool = False
    """Start its tasks anew though nothing else changed."""
    words: dict[str, Any] = {}
    """What is said anew, in the words of a compose file's service; lists and mappings are added to."""
    volumes: dict[str, Any] = {}
    gone: dict[str, tuple[str, ...]] = {}
    """What goes: by the place in Docker's own spec ("TaskTemplate.ContainerSpec.Env") the names of its entries."""
    resolve_image: bool = True
    with_login: bool = False


class DeployStack(Data, frozen=True, kw_only=True):
    """Make a stack of a project's files, or bring it to what they say."""

    name: str
    source: ReadProject
    prune: bool = False
    """Services of the stack that the files no longer have are removed."""
    resolve_image: Literal["always", "changed", "never"] = "always"
    with_login: bool = False


class StackStep(Data, frozen=True, kw_only=True):
    action: Literal["create", "update", "keep", "remove"]
    kind: Literal["network", "config", "secret", "service"]
    name: str
    changes: tuple[FieldChange, ...] = ()


class StackPlan(Data, frozen=True, kw_only=True):
    """What a deployment would do, nothing done."""

    stack: str
    steps: tuple[StackStep, ...] = ()
    problems: tuple[ProjectProblem, ...] = ()
    """With the warnings: what a swarm does not do of the files."""
