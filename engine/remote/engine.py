"""The engine of another machine as a window holds it: one object from the first moment, whatever kind it turns out to
be. Which kind that is, the machine's own answer says; until it came, what the list remembers of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.errors import MachineError, Unsupported, WherryError
from engine.remote.docker.engine import DockerPeer
from engine.remote.local_files import LocalFiles
from engine.remote.machine_engine import Machinery, no_login
from engine.remote.wherry_engine import WherryPeer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from engine.clusters.cluster_service import ClusterService
    from engine.facade import (
        Builds,
        Containers,
        Disk,
        Files,
        FrontDoor,
        Gallery,
        Host,
        Images,
        Logs,
        Manifests,
        Networks,
        Operations,
        Pods,
        Projects,
        Stats,
        Volumes,
    )
    from engine.facade_afar import Machines, SwarmRoom
    from engine.machines.machine_list import Entry
    from engine.remote.machine_engine import FindLogin
    from engine.types.events import Event
    from engine.types.machines import Capabilities


class _Either:
    """Implements `machine_engine.Peer`: asks which kind it is, then is that. Two questions, one after the other."""

    def __init__(self, engine: RemoteEngine) -> None:
        self._engine = engine

    @property
    def capabilities(self) -> Capabilities:
        return self._engine.capabilities

    async def load(self) -> None:
        version = await self._engine.link.agree()
        is_wherry = "wherry" in str(version.get("Platform", "")).lower()
        await self._engine.choose(wherry=is_wherry).take(version)

    async def follow(self) -> None:
        await self._engine.peer.follow()

    async def close(self) -> None:
        await self._engine.close_peers()


class RemoteEngine(Machinery):
    """Implements `engine.facade.Engine`."""

    def __init__(
        self, entry: Entry, *, run: Path, store: Path, told: Callable[[], None], find_login: FindLogin = no_login
    ) -> None:
        folder = store / "machines" / entry.name
        super().__init__(entry, run=run, kept=folder / "last-known", told=told)
        self._gallery = store / "gallery"
        local = LocalFiles(self, self.own_operations)
        self._wherry = WherryPeer(self, local)
        self._docker = DockerPeer(self, local, find_login, cache=store / "machines" / "layers", spool=folder / "logs")
        self._known: WherryPeer | DockerPeer | None = None
        if entry.kind:
            self._known = self._wherry if entry.kind == "wherry" else self._docker
        self.recall()

    def begin(self) -> None:
        self.start(_Either(self))

    async def event_log(self, *, since_ns: int = 0, until_ns: int = 0) -> Sequence[Event]:
        return await self.peer.event_log(since_ns, until_ns)

    # --- which kind it is ---

    @property
    def peer(self) -> WherryPeer | DockerPeer:
        return self._known or self._docker

    def choose(self, *, wherry: bool) -> WherryPeer | DockerPeer:
        self._known = self._wherry if wherry else self._docker
        return self._known

    async def close_peers(self) -> None:
        await self._wherry.close()
        await self._docker.close()
        if "clusters" in self.__dict__:
            await self.clusters.close()

    async def close(self, *, stop_containers: bool = False) -> None:
        """Containers of another machine go on, whatever is asked."""
        del stop_containers
        await super().close()

    # --- the rooms ---

    def _room(self, name: str) -> Any:
        return self.peer.rooms[name]

    @property
    def containers(self) -> Containers:
        return self._room("containers")  # type: ignore[no-any-return]

    @property
    def images(self) -> Images:
        return self._room("images")  # type: ignore[no-any-return]

    @property
    def volumes(self) -> Volumes:
        return self._room("volumes")  # type: ignore[no-any-return]

    @property
    def networks(self) -> Networks:
        return self._room("networks")  # type: ignore[no-any-return]

    @property
    def logs(self) -> Logs:
        return self._room("logs")  # type: ignore[no-any-return]

    @property
    def stats(self) -> Stats:
        return self._room("stats")  # type: ignore[no-any-return]

    @property
    def files(self) -> Files:
        return self._room("files")  # type: ignore[no-any-return]

    @property
    def builds(self) -> Builds:
        return self._room("builds")  # type: ignore[no-any-return]

    @property
    def disk(self) -> Disk:
        return self._room("disk")  # type: ignore[no-any-return]

    @property
    def operations(self) -> Operations:
        return self._room("operations")  # type: ignore[no-any-return]

    @property
    def host(self) -> Host:
        return self._room("host")  # type: ignore[no-any-return]

    @cached_property
    def projects(self) -> Projects:
        from engine.projects.projects import ProjectService
        from engine.projects.records import RunsInMemory

        return ProjectService(self, self.own_operations, RunsInMemory())

    @property
    def pods(self) -> Pods:
        return self._room("pods")  # type: ignore[no-any-return]

    @property
    def door(self) -> FrontDoor:
        return self._room("door")  # type: ignore[no-any-return]

    @cached_property
    def gallery(self) -> Gallery:
        """That of this computer: a template's files are written where somebody sits."""
        from engine.gallery.gallery_service import GalleryService

        return GalleryService(self._gallery)

    @property
    def swarm(self) -> SwarmRoom:
        return self._room("swarm")  # type: ignore[no-any-return]

    @cached_property
    def clusters(self) -> ClusterService:
        """A cluster is where its kubeconfig says, whichever machine one looks at."""
        from engine.clusters.cluster_service import ClusterService

        return ClusterService()

    @cached_property
    def manifests(self) -> Manifests:
        from engine.plays.play_service import PlayService

        return PlayService(self, self.own_operations)

    @property
    def machines(self) -> Machines:
        raise Unsupported("The list of machines is this computer's")

    @property
    def capabilities(self) -> Capabilities:
        return self.peer.capabilities

    def trouble(self) -> WherryError | None:
        """Why it is not there now."""
        problem = self.condition.problem
        if problem is None or self.condition.link not in self.lost:
            return None
        return MachineError(problem.title, problem.explanation, hint=problem.hint, subject=self.entry.name)
