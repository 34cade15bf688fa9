"""What the networks room tells of its own accord. Containers and pods go by one key here: an id, or a pod's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from engine.types.networks import Endpoint


class NetworkFollower(Protocol):
    def network_lost(self, key: str) -> None:
        """Its pasta ended, and nobody asked it to."""

    def neighbours_changed(self, key: str) -> None:
        """It runs, and joined or left a network."""

    async def network_moved(self, container_id: str, network: str, asked: Endpoint) -> None:
        """The container's own network, which its recipe names, is another now."""
