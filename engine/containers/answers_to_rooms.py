"""What other rooms asked to know of containers, each through the protocol it declared itself."""

from __future__ import annotations

from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from engine.cgroups.layout import Mode
from engine.errors import Code, Conflict, NotFound, StorageError
from engine.images.known.users import ImageUser, WritableLayer
from engine.logs.source import LogSource
from engine.stats.target import CgroupFiles, StatTarget
from engine.types.containers import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.containers.end.ending import Ender
    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.look.opened_roots import RootHolds
    from engine.containers.run.runtime import Runtime
    from engine.storage.rootfs import RootFilesystems


class ContainerFacts:
    """Implements `LogSources` and `StatTargets`; all but sizes from memory, at once."""

    def __init__(self, book: ContainerBook, runtime: Runtime) -> None:
        self._book = book
        self._runtime = runtime

    # --- logs ---

    def log_source(self, container: str) -> LogSource:
        return self._log_source(self._book.find(container))

    def live_log_sources(self) -> Sequence[LogSource]:
        return [self._log_source(entry) for entry in self._book if entry.alive]

    def _log_source(self, entry: Entry) -> LogSource:
        paths = self._runtime.paths
        return LogSource(
            container_id=entry.id,
            name=entry.container.name,
            path=paths.log(entry.id),
            control=paths.container_run(entry.id) / "ctl" if entry.alive else None,
            alive=entry.alive,
            limits=entry.container.spec.log,
        )

    # --- stats ---

    def stat_target(self, container: str) -> StatTarget:
        entry = self._book.find(container)
        if not entry.alive:
            raise Conflict(
                f"“{entry.container.name}” does not run", "There is nothing to measure.", code=Code.WRONG_STATE
            )
        return self._stat_target(entry)

    def live_stat_targets(self) -> Sequence[StatTarget]:
        return [self._stat_target(entry) for entry in self._book if entry.alive]

    def container_id(self, container: str) -> str:
        return self._book.find(container).id

    def _stat_target(self, entry: Entry) -> StatTarget:
        resources = entry.container.spec.resources
        quota = resources.cpu_quota / resources.cpu_period if resources.cpu_quota and resources.cpu_period else 0.0
        return StatTarget(
            container_id=entry.id,
            name=entry.container.name,
            pid=entry.container.pid,
            cgroups=self._cgroup_files(entry),
            own_network=entry.container.spec.network != "host",
            memory_limit=resources.memory,
            cpu_limit=resources.cpus or quota,
        )

    def _cgroup_files(self, entry: Entry) -> CgroupFiles:
        group = self._runtime.cgroup(entry.record)
        directories = group.directories
        if self._runtime.cgroups.layout.mode is Mode.V2:
            return CgroupFiles(unified=directories.get(""))
        return CgroupFiles(
            unified=directories.get(""),
            cpu=directories.get("cpu"),
            cpuacct=directories.get("cpuacct"),
            memory=directories.get("memory"),
            pids=directories.get("pids"),
            blkio=directories.get("blkio"),
        )


class ContainersOfImages:
    """Implements `ContainerSource`."""

    def __init__(self, book: ContainerBook, rootfs: RootFilesystems, roots: RootHolds, ender: Ender) -> None:
        self._book = book
        self._rootfs = rootfs
        self._roots = roots
        self._ender = ender

    def image_users(self, image_id: str = "") -> Sequence[ImageUser]:
        return [
            ImageUser(
                container_id=entry.id,
                name=entry.container.name,
                image_id=entry.container.image_id,
                alive=entry.alive,
            )
            for entry in self._book
            if not image_id or entry.container.image_id == image_id
        ]

    @asynccontextmanager
    async def writable_layer(self, container: str, *, pause: bool) -> AsyncIterator[WritableLayer]:
        entry = self._book.find(container)
        still = self._ender.still(entry) if pause else nullcontext()
        try:
            async with self._roots.hold(entry) as root, still:
                yield WritableLayer(
                    container_id=entry.id,
                    name=entry.container.name,
                    image_id=entry.container.image_id,
                    upper=str(self._rootfs.upper(entry.id)),
                    driver=self._rootfs.driver(entry.id),
                    spec=entry.container.spec,
                    rootfs=str(root),
                )
        except (OSError, StorageError) as error:
            if not entry.gone and entry.state is not State.REMOVING:
                raise
            raise NotFound(
                f"The container “{entry.container.name}” was removed",
                "Its files were still being read.",
                subject=entry.id,
            ) from error
