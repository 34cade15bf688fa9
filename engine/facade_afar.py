"""The contract's part about other machines, swarms and clusters. The rules of
`engine.facade` hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from engine.facade import ByteStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.facade import Engine, OperationHandle
    from engine.types import clusters, machines, projects, swarm


class Machines(Protocol):
    """Other machines, whose engines keep this contract too. Held by the engine of this computer."""

    async def list(self) -> Sequence[machines.Machine]:
        """Of our own list, of docker's and of podman's."""
        ...

    def watch(self) -> AsyncIterator[Sequence[machines.Machine]]:
        """All of them, again whenever one of them changed, or what a move left on one."""
        ...

    async def add(self, machine: machines.Machine) -> machines.Machine: ...
    async def change(self, name: str, machine: machines.Machine) -> machines.Machine: ...
    async def remove(self, name: str) -> None: ...
    async def find_out(self, machine: machines.Machine) -> machines.Found:
        """Try one that need not be in the list, now."""
        ...

    async def suggestions(self) -> Sequence[machines.Suggestion]:
        """Addresses that ssh, docker, podman and this computer's sockets know of and that are not in the list."""
        ...

    async def engine(self, name: str) -> Engine:
        """Its engine, at once: with what was last known of it, and the truth as soon as that comes. "" is this one."""
        ...

    async def ready(self, name: str, seconds: float) -> Engine:
        """The same once it answers. Raises why it does not, within so long."""
        ...

    async def plan(self, request: machines.Moved) -> machines.MovePlan:
        """What a move or a copy would take along, nothing done."""
        ...

    def carry_out(self, request: machines.Moved) -> OperationHandle:
        """Between machines, or to and from one file. Cut off, the same request goes on where it was."""
        ...

    async def kept(self) -> Sequence[machines.KeptSource]:
        """What moves left stopped where it was, and is there still; newest last."""
        ...

    async def finish(self, name: str, *, source: str | None = None) -> machines.KeptSource:
        """Remove what a move of this name left (on this machine, if one is said), if it runs and is healthy where it
        went, now. Raises Conflict where it does not, and nothing is removed."""
        ...

    async def bringable(self, address: str = "") -> Sequence[machines.Bringable]:
        """What other engines of this computer have (or the one at an address); one that does not answer has nothing."""
        ...


class SwarmRoom(Protocol):
    """The swarm that this engine manages. One that manages none lacks "swarm.look", and refuses.
    Services, nodes, configs and secrets go by name, id or the beginning of that."""

    async def look(self) -> swarm.Swarm: ...
    def watch(self) -> AsyncIterator[swarm.Swarm]:
        """At once, then whenever it is another."""
        ...

    async def create(self, request: swarm.CreateService) -> swarm.MadeService:
        """One that is in no stack."""
        ...

    async def scale(self, service: str, replicas: int) -> swarm.SwarmService: ...
    async def update(self, service: str, change: swarm.ChangeService) -> Sequence[projects.ProjectProblem]:
        """Rolled out by the swarm afterwards; gives what is worth knowing, as warnings."""
        ...

    async def roll_back(self, service: str) -> swarm.SwarmService:
        """To what it was before its last change."""
        ...

    async def remove_service(self, service: str) -> None: ...
    async def change_node(self, node: str, *, availability: swarm.Availability | None = None, role: str = "") -> None:
        """A node that is drained gives its tasks to others."""
        ...

    async def remove_file(self, kind: str, name: str) -> None:
        """`kind` is "config" or "secret"."""
        ...

    async def plan(self, request: swarm.DeployStack) -> swarm.StackPlan: ...
    def deploy(self, request: swarm.DeployStack) -> OperationHandle:
        """The operation tells its steps; its result is the stack's name."""
        ...

    async def remove_stack(self, name: str) -> Sequence[str]: ...


class ClusterSession(ByteStream, Protocol):
    """A command in a cluster's pod."""

    async def exit_code(self) -> int: ...


class Clusters(Protocol):
    """Kubernetes clusters of kubeconfig files. Objects are dictionaries as the cluster's API has them."""

    async def contexts(self, place: clusters.ClusterPlace) -> Sequence[clusters.ClusterContext]: ...
    async def kinds(self, place: clusters.ClusterPlace) -> Sequence[clusters.ClusterKind]: ...
    async def forbidden(self, place: clusters.ClusterPlace, verb: str, kinds: Sequence[str]) -> dict[str, str]:
        """Those of the kinds that one may not "list", "delete", …, and why. Kinds the cluster does not have are not
        among them."""
        ...

    async def get(
        self, place: clusters.ClusterPlace, kind: str, name: str = "", *, selector: str = "", fields: str = ""
    ) -> Sequence[dict[str, Any]]: ...
    def watch(
        self, place: clusters.ClusterPlace, kind: str, *, selector: str = ""
    ) -> AsyncIterator[clusters.ClusterChange]: ...
    async def differences(
        self, place: clusters.ClusterPlace, texts: dict[str, str], *, force: bool = False
    ) -> Sequence[clusters.ObjectChange]:
        """What `apply` would change, asked of the server itself; nothing done."""
        ...

    async def apply(
        self, place: clusters.ClusterPlace, texts: dict[str, str], *, force: bool = False
    ) -> Sequence[str]: ...
    async def delete(self, place: clusters.ClusterPlace, kind: str, name: str) -> None: ...
    async def delete_files(self, place: clusters.ClusterPlace, texts: dict[str, str]) -> Sequence[str]: ...
    async def scale(self, place: clusters.ClusterPlace, target: str, replicas: int) -> None:
        """`target` is KIND/NAME here and below."""
        ...

    async def restart(self, place: clusters.ClusterPlace, target: str) -> None: ...
    async def rollout(self, place: clusters.ClusterPlace, target: str) -> clusters.Rollout: ...
    async def undo(self, place: clusters.ClusterPlace, target: str, *, revision: int = 0) -> int:
        """A workload's state before, or the named one, and gives which; of other kinds, the state before `apply`."""
        ...

    async def put_back(self, place: clusters.ClusterPlace, texts: dict[str, str]) -> Sequence[str]:
        """Undoes `apply` of the same manifests: what they changed is as before, what they made is gone."""
        ...

    def logs(
        self, place: clusters.ClusterPlace, request: clusters.ClusterLogs
    ) -> AsyncIterator[clusters.ClusterLogLine]: ...
    async def copy_out(
        self, place: clusters.ClusterPlace, target: str, path: str, folder: str, *, container: str = ""
    ) -> int:
        """A file or folder of a pod's container into a folder here; gives how many files that were."""
        ...

    async def copy_in(
        self, place: clusters.ClusterPlace, target: str, path: str, folder: str, *, container: str = ""
    ) -> int:
        """A file or folder of this computer into a folder there."""
        ...

    async def exec(self, place: clusters.ClusterPlace, request: clusters.ClusterExecRequest) -> ClusterSession: ...
    async def forward(
        self, place: clusters.ClusterPlace, target: str, port: int, *, local_port: int = 0
    ) -> clusters.Forward: ...
    async def forwards(self) -> Sequence[clusters.Forward]: ...
    async def stop_forward(self, forward: str) -> None: ...
    async def usage(self, place: clusters.ClusterPlace) -> Sequence[clusters.PodUsage]:
        """Empty where the cluster measures nothing."""
        ...
