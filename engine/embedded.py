"""The composition root of the real engine: opens a store, makes every room, wires them, and closes them in order.

Order of opening: the lock (one owner), the keeper with the store's directories, the database, the bus, then the rooms
from the bottom up; containers adopt last, when everything they lean on is there. Closing is the reverse.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import cached_property, partial
from typing import TYPE_CHECKING

from engine import whereabouts
from engine.builder.assembly import make_build_service
from engine.containers.answers_to_rooms import ContainerFacts, ContainersOfImages
from engine.containers.container_service import ContainerService
from engine.containers.end.ending import Ender
from engine.containers.known.book import ContainerBook
from engine.containers.look.exec import Executor
from engine.containers.look.opened_roots import RootHolds
from engine.containers.run.container_files import ContainerFiles, FoundImage
from engine.containers.run.runtime import Runtime, boot_id
from engine.containers.run.seccomp_filters import CompiledFilters
from engine.containers.watch.handover import hand_over, keep_places
from engine.disk.disk_service import DiskService
from engine.events.bus import EventBus
from engine.events.log import EventLog
from engine.file_places import Places
from engine.files.file_service import FileService
from engine.frontdoor.door_service import DoorService
from engine.ground import Ground
from engine.host.host_service import EngineParts, HostService
from engine.host.settings import SettingsStore
from engine.images.image_service import ImageService
from engine.images.known import platforms
from engine.logs.log_service import LogService
from engine.networks.network_service import NetworkService
from engine.operations.endings import ending_of
from engine.operations.registry import OperationRegistry
from engine.pods.assembly import make_ground, make_pod_service
from engine.pods.book import PodBook
from engine.processes import open_files
from engine.repeated_lines import bound_repeats
from engine.sandbox import closing
from engine.state.database import Database
from engine.state.lock import Presence, StoreLock
from engine.stats.stats_service import StatsService
from engine.storage.bearing import require_bearing
from engine.storage.blobs import BlobStore
from engine.storage.check import Rows, StoreCheck
from engine.storage.contents import Sources
from engine.storage.layers import LayerStore
from engine.storage.paths import Paths
from engine.storage.reserve import Reserve
from engine.storage.rootfs import RootFilesystems
from engine.storage.scrub import Scrub
from engine.types.containers import LogLimits
from engine.types.machines import LOCAL, Capabilities
from engine.version import own_version
from engine.volumes.volume_service import VolumeService

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from engine.clusters.cluster_service import ClusterService
    from engine.events.bus import BusSubscription
    from engine.gallery.gallery_service import GalleryService
    from engine.images.known.catalogue import Catalogue
    from engine.plays.play_service import PlayService
    from engine.projects.projects import ProjectService
    from engine.remote.machines import MachineService
    from engine.swarm.absent import NoSwarm
    from engine.types.events import Event
    from engine.types.host import StoreProblem
    from engine.types.images import ImageConfig

_log = logging.getLogger(__name__)
_TRASH_SECONDS = 5.0
"""So long a check waits for what is being taken away just now."""


async def open_engine(
    root: Path | None = None, run: Path | None = None, ground: Ground | None = None
) -> EmbeddedEngine:
    """Open the store (the user's own where no place is given) and bring it to life. One process at a time may."""
    default = Paths.default()
    engine = EmbeddedEngine(Paths(root or default.root, run or default.run), ground or Ground())
    try:
        await engine.open()
    except BaseException as error:
        await engine.close()
        if isinstance(error, OSError):
            raise ending_of(error) from error
        raise
    return engine


class EmbeddedEngine:
    """Implements `engine.facade.Engine` in this process."""

    def __init__(self, paths: Paths, ground: Ground) -> None:
        self.paths = paths
        self._ground = ground
        self._lock = StoreLock(paths.lock)
        self._presence = Presence(paths.presence)
        self._closers: list[Callable[[], Awaitable[object]]] = []
        self._when_free: list[Callable[[], Awaitable[object]]] = []
        """What is done at the very end, when the store is free again and the keeper still lives."""

    # --- opening ---

    async def open(self) -> None:
        closing.set_mask()
        open_files.raise_own()
        bound_repeats()
        closing.make_root(self.paths)
        self._lock.acquire()
        if not self.paths.database.exists():
            require_bearing(self.paths.root)
        whereabouts.record(str(self.paths.root), str(self.paths.run))
        await self._open_ground()
        await self._open_store()
        await self._open_rooms()

    async def _open_ground(self) -> None:
        self.keeper = await self._ground.keeper(self.paths)
        self._closers.append(self._close_keeper)
        self._presence.begin()
        reserve = Reserve(self.paths.reserve)
        self.database = await Database.open(self.paths.database, reserve.release)
        reserve.keep()
        self._closers.append(self.database.close)
        self.events = EventLog(self.database)
        self._closers.append(self.events.close)
        self.bus = EventBus(self.events.record)
        self.settings = await SettingsStore.open(self.database)
        self.operations = OperationRegistry(self.bus, self.database)
        await self.operations.open()
        self._closers.append(self.operations.close)
        self._book = ContainerBook(self.database, self.bus)
        await self._book.open()
        self._pod_book = PodBook(self.database)
        await self._pod_book.open()

    async def _open_store(self) -> None:
        self.blobs = BlobStore(self.paths)
        self.layers = LayerStore(self.paths, self.keeper)
        await self.layers.open()
        self._closers.append(self.layers.close)
        self.rootfs = RootFilesystems(self.paths, self.keeper, self.layers)
        await self.rootfs.open(self.settings.current.driver)
        self.cgroups = await self._ground.cgroups(self.paths, self.keeper)
        self._closers.append(self.cgroups.close)
        self.volumes = VolumeService(
            paths=self.paths,
            keeper=self.keeper,
            database=self.database,
            bus=self.bus,
            operations=self.operations,
            containers=self._book,
        )
        await self.volumes.open()
        self.networks = NetworkService(
            paths=self.paths,
            keeper=self.keeper,
            database=self.database,
            bus=self.bus,
            containers=lambda: [*self._pod_book.shown_as_containers(), *(entry.container for entry in self._book)],
        )
        await self.networks.open()
        self._closers.append(self.networks.close)

    async def _open_rooms(self) -> None:
        runtime = self._make_runtime()
        self._when_free.append(partial(hand_over, self._book, runtime))
        ender = Ender(self._book, runtime)
        roots = RootHolds(self.paths, self.rootfs)
        await self._open_images(ContainersOfImages(self._book, self.rootfs, roots, ender))
        files = ContainerFiles(
            images=_ImageLookup(self.images.catalogue),
            layers=self.layers,
            rootfs=self.rootfs,
            roots=roots,
            volumes=self.volumes,
        )
        await self._open_containers(runtime, files, ender)
        await self._open_watching(runtime, files)
        self._pods.expect()
        await self.containers.open()
        await self._pods.adopt()
        self._open_door()
        await self.images.sweep()
        self._book.publish_all()
        self.volumes.publish_all()
        self.networks.publish_all()
        self.pods.publish_all()
        if self.paths.moves_under_way.exists():
            self.machines.take_up()

    async def _open_containers(self, runtime: Runtime, files: ContainerFiles, ender: Ender) -> None:
        self._pods = make_ground(
            self._pod_book, paths=self.paths, keeper=self.keeper, networks=self.networks, containers=self._book
        )
        self._closers.append(self._pods.close)
        executor = Executor(self.keeper, scratch=self.paths.consoles)
        self._closers.append(executor.close)
        facts = ContainerFacts(self._book, runtime)
        self.logs = LogService(
            facts, history=self.paths.log_history, operations=self.operations, settings=lambda: self.settings.current
        )
        self.stats = StatsService(
            facts, directory=self.paths.stats, store=self.paths.root, settings=lambda: self.settings.current
        )
        self.containers = ContainerService(
            self._book, runtime, files, self.networks, self._pods,
            ender=ender, executor=executor, logs=self.logs, stats=self.stats,
        )  # fmt: skip
        self._closers += [partial(keep_places, self._book, runtime), self.containers.close]
        self.pods = make_pod_service(self._pods, self.containers, self._book, self.networks, self.bus)

    def _open_door(self) -> None:
        book = self._book
        self.door = DoorService(
            paths=self.paths,
            keeper=self.keeper,
            settings=self.settings,
            bus=self.bus,
            containers=lambda: [entry.container for entry in book],
            exposed=lambda container: book.find(container.id).record.image_config.exposed_ports,
        )
        self._closers.append(self.door.close)
        self.door.open()

    async def _open_images(self, containers: ContainersOfImages) -> None:
        self.images = ImageService(
            paths=self.paths,
            database=self.database,
            keeper=self.keeper,
            blobs=self.blobs,
            layers=self.layers,
            bus=self.bus,
            operations=self.operations,
            containers=containers,
            with_instructions=_with_instructions,
            parallel=lambda: self.settings.current.parallel_downloads,
            version=own_version(),
        )
        await self.images.open()
        self._closers.append(self.images.close)
        self.images.catalogue.add_holder(self._book.mounted_layers)

    def _make_runtime(self) -> Runtime:
        crun = self._ground.crun(self.paths)
        return Runtime(
            paths=self.paths,
            keeper=self.keeper,
            cgroups=self.cgroups,
            crun=crun,
            conmon=self._ground.conmon(),
            filters=CompiledFilters(self.paths.filters, crun),
            boot=boot_id(),
            log_defaults=self._log_defaults,
        )

    def _log_defaults(self) -> LogLimits:
        settings = self.settings.current
        return LogLimits(max_bytes=settings.default_log_max_bytes, max_files=settings.default_log_max_files)

    async def _open_watching(self, runtime: Runtime, files: ContainerFiles) -> None:
        self.files = FileService(self.keeper, Places(self._book, self.paths, files))
        self.builds = make_build_service(
            runtime=runtime,
            files=files,
            networks=self.networks.attachments,
            database=self.database,
            bus=self.bus,
            operations=self.operations,
            images=self.images,
            containers=self.containers,
        )
        for room in (self.logs, self.stats, self.builds):
            await room.open()
        self.disk = DiskService(
            paths=self.paths,
            keeper=self.keeper,
            layers=self.layers,
            images=self.images,
            containers=self.containers,
            volumes=self.volumes,
            builds=self.builds,
            logs=self.logs,
            stats=self.stats,
        )
        self._closers += [self.files.close, self.stats.close, self.logs.close, self.builds.close]
        self.scrub = Scrub(self.paths.scrub_record, layers=self._known_layers, damage=self.layers.damage)
        await self.scrub.open()
        self._closers.append(self.scrub.close)
        self.host = HostService(
            paths=self.paths, settings=self.settings, parts=self._parts, check_store=self._check_store
        )

    @cached_property
    def projects(self) -> ProjectService:
        # Reading compose files takes libyaml and a room of shapes: a start does not wait for them.
        from engine.projects.projects import ProjectService
        from engine.projects.records import ProjectRecords

        return ProjectService(self, self.operations, ProjectRecords(self.database))

    @cached_property
    def gallery(self) -> GalleryService:
        from engine.gallery.gallery_service import GalleryService

        return GalleryService(self.paths.gallery)

    @cached_property
    def swarm(self) -> NoSwarm:
        from engine.swarm.absent import NoSwarm

        return NoSwarm()

    @cached_property
    def clusters(self) -> ClusterService:
        from engine.clusters.cluster_service import ClusterService

        service = ClusterService(self.paths.clusters)
        self.on_close(service.close)
        return service

    @cached_property
    def manifests(self) -> PlayService:
        from engine.plays.play_service import PlayService

        return PlayService(self, self.operations)

    @cached_property
    def machines(self) -> MachineService:
        # What HTTP and ssh take is loaded when somebody looks at another machine.
        from engine.remote.machines import MachineService

        service = MachineService(
            run=self.paths.run,
            store=self.paths.root,
            under_way=self.paths.moves_under_way,
            here=lambda: self,
            operations=self.operations,
            find_login=self.images.login_for,
        )
        self._closers.append(service.close)
        return service

    @property
    def capabilities(self) -> Capabilities:
        return LOCAL

    def on_close(self, closer: Callable[[], Awaitable[object]]) -> None:
        """Called first when the engine closes, for what was put on top of it."""
        self._closers.append(closer)

    # --- the facade's own ---

    def watch(self) -> AbstractAsyncContextManager[BusSubscription]:
        return self.bus.subscribe()

    async def event_log(self, *, since_ns: int = 0, until_ns: int = 0) -> Sequence[Event]:
        return await self.events.read(since_ns=since_ns, until_ns=until_ns)

    async def close(self, *, stop_containers: bool = False) -> None:
        """Leave in the reverse order. Containers go on unless asked otherwise."""
        if stop_containers:
            await self.containers.stop_all()
        while self._closers:
            closer = self._closers.pop()
            try:
                await closer()
            except Exception:
                _log.exception("closing failed")
        self._leave_store()

    def _leave_store(self) -> None:
        self._presence.end()
        self._lock.release()

    async def _close_keeper(self) -> None:
        """The last closer. The locks go first, so that a stand-in that is sent out finds the store free."""
        self._leave_store()
        for work in self._when_free:
            await work()
        await self.keeper.close()

    def _known_layers(self) -> list[str]:
        return [each for each in self.images.catalogue.layers if self.layers.has(each)]

    def _parts(self) -> EngineParts:
        layout = self.cgroups.layout
        missing = self.cgroups.missing_controllers
        warnings = (f"Limits that need these controllers are not enforced: {', '.join(missing)}.",) if missing else ()
        return EngineParts(
            driver=self.rootfs.default.name,
            driver_reason=self.rootfs.default.reason,
            cgroup_mode=layout.mode.value,
            controllers=tuple(sorted(layout.controllers)),
            single_id=self.keeper.ids.single_id,
            warnings=(*warnings, *self.scrub.warnings),
        )

    async def _check_store(self, *, mend: bool, deep: bool) -> Sequence[StoreProblem]:
        await self.containers.settled()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TRASH_SECONDS):
                await self.layers.trash.empty()
        restoring = self.images.restoring
        sources = Sources(
            archives=restoring.archives,
            restore=restoring.restore,
            pack_again=restoring.pack_again,
            database=self.database.damage,
        )
        check = StoreCheck(self.paths, self.keeper, self.layers, self.rootfs, blobs=self.blobs, sources=sources)
        return await check.run(self._rows, mend=mend, deep=deep)

    def _rows(self) -> Rows:
        """What there is just now, by the books."""
        catalogue, book = self.images.catalogue, self._book
        return Rows(
            containers={entry.id: entry.container.name for entry in book} | self._pods.names(),
            running=[entry.id for entry in book if entry.alive],
            with_files=[entry.id for entry in book if entry.container.started and not entry.is_going],
            layers={
                layer: (*catalogue.tags_of(image.id), image.id)[0]
                for image in catalogue.images.values()
                for layer in image.diff_ids
            },
            held_layers=catalogue.held_elsewhere(),
            volumes=self.volumes.names(),
            cgroups={name: group.remove for name, group in self.cgroups.present().items()},
        )


def _with_instructions(config: ImageConfig, lines: Sequence[str]) -> ImageConfig:
    # The language of Dockerfiles is loaded with the first commit that needs it.
    from engine.builder.finished_images import with_instructions

    return with_instructions(config, lines)


class _ImageLookup:
    """What a container needs of its image, from the images room."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def image(self, name: str, *, platform: str = "") -> FoundImage:
        stored = self._catalogue.resolve(name)
        platforms.must_match(platform, stored.platform, name)
        tags = self._catalogue.tags_of(stored.id)
        return FoundImage(
            id=stored.id,
            reference=tags[0] if name.startswith("sha256:") and tags else name,
            config=stored.config,
            layers=stored.diff_ids,
        )
