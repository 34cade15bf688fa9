"""Which namespaces a container has of its own and which it shares, as paths the runtime can join."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Code, Conflict
from engine.recipe.networks import pod_of

if TYPE_CHECKING:
    from engine.containers.known.book import ContainerBook
    from engine.containers.known.record import Record
    from engine.containers.run.pod_place import PodPlace, Pods
    from engine.networks.network_service import NetworkService


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A path to join, "host" for the host's, "" for a new one."""

    network: str
    own_network: bool
    """The network namespace is not the host's."""
    makes_network: bool
    """It is made for this container, not another's."""
    network_of: str | None
    """The container or pod whose network is shared."""
    pid: str = ""
    ipc: str = ""
    uts: str = ""
    shared_memory: str = ""
    """A directory that is /dev/shm of several."""
    address: str = ""
    """Where the network is shared: the one all of them have."""


def joined_namespaces(record: Record, book: ContainerBook, networks: NetworkService, pods: Pods) -> Joined:
    spec = record.container.spec
    if pod := pod_of(spec.network):
        return _of_pod(pods.find(pod), record, book)
    kind, _, other = spec.network.partition(":")
    network_of: str | None = None
    makes = False
    if spec.network == "host":
        network = "host"
    elif kind == "container":
        entry = book.find(other)
        _must_run(book, other, "network")
        network_of = entry.id
        network = f"/proc/{entry.container.pid}/ns/net"
    else:
        network = str(networks.namespace(record.id))
        makes = True
    return Joined(
        network=network,
        own_network=network != "host",
        makes_network=makes,
        network_of=network_of,
        pid=_shared(book, spec.pid_mode, "pid"),
        ipc=_shared(book, spec.ipc_mode, "ipc"),
        uts="host" if spec.uts_mode == "host" else "",
    )


def _of_pod(pod: PodPlace, record: Record, book: ContainerBook) -> Joined:
    """A namespace that the recipe speaks of is the container's own matter; the others are the pod's."""
    spec = record.container.spec
    return Joined(
        network=pod.network,
        own_network=pod.own_network,
        makes_network=False,
        network_of=pod.key,
        pid=_shared(book, spec.pid_mode, "pid"),
        ipc=_shared(book, spec.ipc_mode, "ipc") or pod.ipc,
        uts="host" if spec.uts_mode == "host" else pod.uts,
        shared_memory="" if spec.ipc_mode else pod.shared_memory,
        address=pod.address,
    )


def _shared(book: ContainerBook, mode: str, kind: str) -> str:
    word, _, other = mode.partition(":")
    if word == "container":
        return f"/proc/{_must_run(book, other, kind)}/ns/{kind}"
    return "host" if mode == "host" else ""


def _must_run(book: ContainerBook, wanted: str, kind: str) -> int:
    entry = book.find(wanted)
    if not entry.alive or not entry.container.pid:
        raise Conflict(
            f"The container “{entry.container.name}” does not run",
            f"Its {kind} namespace was to be shared.",
            code=Code.WRONG_STATE,
            hint="Start that one first.",
            subject=entry.id,
        )
    return entry.container.pid
