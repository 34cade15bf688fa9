"""What a container asks of the pod it belongs to; the pods room answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from engine.types.containers import PortMapping


@dataclass(frozen=True, kw_only=True)
class PodPlace:
    """What a container of a pod joins: paths of namespaces ("host" for the host's), and what goes with them."""

    name: str
    key: str
    """Its run directory has the files that say names and servers."""
    hostname: str
    network: str
    own_network: bool
    ipc: str
    uts: str
    shared_memory: str
    address: str
    ports: tuple[PortMapping, ...]


class Pods(Protocol):
    """Implemented by the pods room."""

    def find(self, name: str) -> PodPlace:
        """Raises `NotFound`."""
        ...

    async def ready(self, name: str) -> None:
        """Bring up what the containers of a pod stand on, before one of them starts."""
        ...

    def rewrite(self, name: str) -> None:
        """The host's resolvers have changed."""
        ...

    def network_lost(self, key: str) -> None: ...
    def neighbours_changed(self, key: str) -> None: ...
