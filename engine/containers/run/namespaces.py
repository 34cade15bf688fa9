"""Which namespaces a container has of its own and which it shares, as paths the runtime can join."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Code, Conflict

if TYPE_CHECKING:
    from engine.containers.known.record import Record
    from engine.containers.run.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A path to join, "host" for the host's, "" for a new one."""

    network: str
    own_network: bool
    """The network namespace is not the host's."""
    makes_network: bool
    """It is made for this container, not another's."""
    network_of: str | None
    """The container whose network is shared."""
    pid: str = ""
    ipc: str = ""
    uts: str = ""


def joined_namespaces(runtime: Runtime, record: Record) -> Joined:
    spec = record.container.spec
    kind, _, other = spec.network.partition(":")
    network_of: str | None = None
    makes = False
    if spec.network == "host":
        network = "host"
    elif kind == "container":
        entry = runtime.book.find(other)
        _must_run(runtime, other, "network")
        network_of = entry.id
        network = f"/proc/{entry.container.pid}/ns/net"
    else:
        network = str(runtime.networks.namespace(record.id))
        makes = True
    return Joined(
        network=network,
        own_network=network != "host",
        makes_network=makes,
        network_of=network_of,
        pid=_shared(runtime, spec.pid_mode, "pid"),
        ipc=_shared(runtime, spec.ipc_mode, "ipc"),
        uts="host" if spec.uts_mode == "host" else "",
    )


def _shared(runtime: Runtime, mode: str, kind: str) -> str:
    word, _, other = mode.partition(":")
    if word == "container":
        return f"/proc/{_must_run(runtime, other, kind)}/ns/{kind}"
    return "host" if mode == "host" else ""


def _must_run(runtime: Runtime, wanted: str, kind: str) -> int:
    entry = runtime.book.find(wanted)
    if not entry.alive or not entry.container.pid:
        raise Conflict(
            f"The container “{entry.container.name}” does not run",
            f"Its {kind} namespace was to be shared.",
            code=Code.WRONG_STATE,
            hint="Start that one first.",
            subject=entry.id,
        )
    return entry.container.pid
