"""The fake engine: the facade's rooms over one store in memory."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.projects.records import RunsInMemory
from engine.types.machines import LOCAL, Capabilities
from tests.fakes.containers import FakeContainers
from tests.fakes.disk import FakeDisk
from tests.fakes.door import FakeDoor
from tests.fakes.images import FakeImages
from tests.fakes.machines import FakeMachines
from tests.fakes.pods import make_fake_pods
from tests.fakes.rooms import FakeBuilds, FakeHost, FakeNetworks, FakeVolumes
from tests.fakes.store import Store
from tests.fakes.swarm import FakeSwarm
from tests.fakes.watching import FakeFiles, FakeLogs, FakeStats
from tests.fakes.world import populate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from engine.clusters.cluster_service import ClusterService
    from engine.events.bus import BusSubscription
    from engine.gallery.gallery_service import GalleryService
    from engine.operations.registry import OperationRegistry
    from engine.plays.play_service import PlayService
    from engine.projects.projects import ProjectService
    from engine.types.events import Event


class FakeEngine:
    """Implements `facade.Engine`."""

    def __init__(self) -> None:
        self.store = Store()
        self.containers = FakeContainers(self.store)
        self.images = FakeImages(self.store)
        self.volumes = FakeVolumes(self.store)
        self.networks = FakeNetworks(self.store)
        self.logs = FakeLogs(self.store)
        self.stats = FakeStats(self.store)
        self.files = FakeFiles(self.store)
        self.builds = FakeBuilds(self.store)
        self.host = FakeHost(self.store)
        self.disk = FakeDisk(self)
        self.pods = make_fake_pods(self.store, self.containers)
        self.door = FakeDoor(self.store)
        self.machines = FakeMachines(self)
        self.capabilities: Capabilities = LOCAL
        self.closed = False
        self.stopped_containers = False

    @cached_property
    def projects(self) -> ProjectService:
        # As in the real engine: what compose files take is loaded when somebody asks.
        from engine.projects.projects import ProjectService

        return ProjectService(self, self.store.operations, RunsInMemory())

    @cached_property
    def gallery(self) -> GalleryService:
        from engine.gallery.gallery_service import GalleryService

        return GalleryService(Path(tempfile.gettempdir()) / "no-gallery-of-a-fake-engine")

    @cached_property
    def swarm(self) -> FakeSwarm:
        return FakeSwarm(self.store.operations)

    @cached_property
    def clusters(self) -> ClusterService:
        from engine.clusters.cluster_service import ClusterService

        return ClusterService()

    @cached_property
    def manifests(self) -> PlayService:
        from engine.plays.play_service import PlayService

        return PlayService(self, self.store.operations)

    @property
    def operations(self) -> OperationRegistry:
        return self.store.operations

    def watch(self) -> AbstractAsyncContextManager[BusSubscription]:
        return self.store.bus.subscribe()

    async def event_log(self, *, since_ns: int = 0, until_ns: int = 0) -> Sequence[Event]:
        return [e for e in self.store.event_log if e.time_ns >= since_ns and (not until_ns or e.time_ns <= until_ns)]

    async def close(self, *, stop_containers: bool = False) -> None:
        if stop_containers:
            for container in self.store.running():
                await self.containers.stop(container.id)
        await self.machines.close()
        if "clusters" in self.__dict__:
            await self.clusters.close()
        self.closed, self.stopped_containers = True, stop_containers
        await self.store.close()


async def open_fake_engine(furnish: Callable[[Store], None] | None = populate) -> FakeEngine:
    """A new one, furnished with a small world (None: empty)."""
    engine = FakeEngine()
    if furnish is not None:
        furnish(engine.store)
    return engine
