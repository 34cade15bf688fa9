"""Puts the pods room together: containers lean on the ground, and the service leans on containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.containers.known.book import Follower
from engine.pods.ground import PodGround
from engine.pods.pod_service import PodService
from engine.recipe.networks import OWN_NETWORK, pod_of

if TYPE_CHECKING:
    from engine.containers.container_service import ContainerService
    from engine.containers.known.book import ContainerBook
    from engine.events.bus import EventBus
    from engine.networks.network_service import NetworkService
    from engine.pods.book import PodBook
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths


def make_ground(
    book: PodBook, *, paths: Paths, keeper: Keeper, networks: NetworkService, containers: ContainerBook
) -> PodGround:
    ground = PodGround(book, paths, keeper, networks, lambda: [entry.container for entry in containers])
    containers.follow(_Members(ground, containers))
    return ground


class _Members(Follower):
    """A pod's state is that of its containers."""

    def __init__(self, ground: PodGround, containers: ContainerBook) -> None:
        self._ground = ground
        self._containers = containers

    def container_changed(self, container_id: str) -> None:
        entry = self._containers.by_id(container_id)
        if entry is None:
            self._ground.containers_changed()
        elif pod := pod_of(entry.container.spec.network):
            self._ground.containers_changed(pod)

    def container_ends(self, container_id: str) -> None:
        """Nothing yet: it is told again once it has."""

    async def keep_history(self, container_id: str, name: str) -> None:
        """Nothing: a pod that is removed has none."""


def make_pod_service(
    ground: PodGround, containers: ContainerService, book: ContainerBook, networks: NetworkService, bus: EventBus
) -> PodService:
    def check(network: str) -> None:
        if network not in (OWN_NETWORK, "none", "host"):
            networks.check_named(network)

    return PodService(ground.book, ground, containers, bus, check, lambda: [entry.container for entry in book])
