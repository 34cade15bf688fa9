"""The rooms of a Docker or Podman engine, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.remote.docker.absent import DockerDoor, DockerPods
from engine.remote.docker.containers import DockerContainers
from engine.remote.docker.files.files import DockerFiles
from engine.remote.docker.images.builds import DockerBuilds
from engine.remote.docker.images.images import DockerImages
from engine.remote.docker.images.kept_layers import KeptLayers
from engine.remote.docker.known.following import DockerState
from engine.remote.docker.machine import DockerDisk, DockerHost
from engine.remote.docker.stores import DockerNetworks, DockerVolumes
from engine.remote.docker.swarm.swarm import DockerSwarm
from engine.remote.docker.watching.logs import DockerLogs
from engine.remote.docker.watching.stats import DockerStats

if TYPE_CHECKING:
    from pathlib import Path

    from engine.remote.local_files import LocalFiles
    from engine.remote.machine_engine import FindLogin, Machinery


class DockerPeer(DockerState):
    """Implements `machine_engine.Peer`, and gives the rooms."""

    def __init__(
        self, machinery: Machinery, local: LocalFiles, find_login: FindLogin, *, cache: Path, spool: Path
    ) -> None:
        super().__init__(machinery)
        operations = machinery.own_operations
        files = DockerFiles(self)
        self._logs = DockerLogs(self, spool, operations, local)
        self.rooms: dict[str, Any] = {
            "containers": DockerContainers(self),
            "images": DockerImages(self, local, operations, KeptLayers(cache)),
            "volumes": DockerVolumes(self, files, local, operations),
            "networks": DockerNetworks(self),
            "logs": self._logs,
            "stats": DockerStats(self),
            "files": files,
            "builds": DockerBuilds(self, operations),
            "disk": DockerDisk(self),
            "pods": DockerPods(),
            "door": DockerDoor(),
            "swarm": DockerSwarm(self, operations, find_login),
            "operations": operations,
            "host": DockerHost(self, machinery.entry.address),
        }

    async def close(self) -> None:
        await super().close()
        await self._logs.close()
