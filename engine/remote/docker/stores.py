"""Volumes and networks of a Docker or Podman engine. Implement `facade.Volumes` and `facade.Networks`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from engine.errors import NotFound
from engine.recipe.networks import address_configs
from engine.remote.docker.containers import endpoint_body, prune_filters
from engine.remote.docker.known import shapes
from engine.remote.docker.known.lacks import lacking
from engine.types.data import ANY_LABELS, Freed, LabelRule, now
from engine.types.files import Place
from engine.types.networks import CreateNetwork, Endpoint, HostPort, Network
from engine.types.volumes import CreateVolume, Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.facade import OperationHandle
    from engine.operations.registry import OperationRegistry, Progress
    from engine.remote.docker.files.files import DockerFiles
    from engine.remote.docker.known.following import DockerState
    from engine.remote.local_files import LocalFiles

_BRIDGE = ("bridge", "pasta")


class DockerVolumes:
    def __init__(
        self, state: DockerState, files: DockerFiles, local: LocalFiles, operations: OperationRegistry
    ) -> None:
        self._state = state
        self._link = state.link
        self._files = files
        self._operations = operations
        self.backup = local.backup
        self.restore = local.restore

    async def list(self) -> Sequence[Volume]:
        return [each for each in self._state.bus.objects("volume").values() if isinstance(each, Volume)]

    async def get(self, name: str) -> Volume:
        found = await self._link.json("GET", f"/volumes/{quote(name)}")
        known = self._state.bus.objects("volume").get(name)
        users = {name: known.used_by} if isinstance(known, Volume) else {}
        return shapes.volume(found, users)

    async def create(self, request: CreateVolume) -> Volume:
        body = {
            "Name": request.name, "Labels": request.labels, "Driver": request.driver, "DriverOpts": request.options,
        }  # fmt: skip
        made = shapes.volume(await self._link.json("POST", "/volumes/create", body=body), {})
        self._state.bus.publish("volume", made.name, made)
        return made

    async def remove(self, name: str, *, force: bool = False) -> Freed:
        await self._link.json("DELETE", f"/volumes/{quote(name)}", {"force": force}, seconds=120.0)
        self._state.gone("volume", name)
        return Freed(ids=(name,))

    async def rename(self, name: str, new_name: str) -> Volume:
        lacking("volumes.rename")

    async def prune(self, *, all_unused: bool = False, labels: LabelRule = ANY_LABELS) -> Freed:
        filters = prune_filters(0, labels) | ({"all": ["1"]} if all_unused else {})
        done = await self._link.json("POST", "/volumes/prune", {"filters": filters}, seconds=300.0)
        return Freed(ids=shapes.texts(done.get("VolumesDeleted")), bytes=int(done.get("SpaceReclaimed") or 0))

    async def measure(self, name: str) -> Volume:
        usage = await self._link.json("GET", "/system/df", {"type": "volume"}, seconds=300.0)
        for row in shapes.rows(usage.get("Volumes")):
            if row.get("Name") == name:
                found = shapes.volume(row, {name: (await self.get(name)).used_by})
                measured = msgspec.structs.replace(found, size_measured=now())
                self._state.bus.publish("volume", name, measured)
                return measured
        raise NotFound(f"There is no volume {name}", subject=name)

    def clone(self, name: str, new_name: str) -> OperationHandle:
        async def work(progress: Progress) -> str:
            await self.create(CreateVolume(name=new_name))
            done = 0

            async def counted() -> Any:
                nonlocal done
                async with contextlib.aclosing(self._files.download(Place(kind="volume", id=name), "/")) as pieces:
                    async for piece in pieces:
                        done += len(piece)
                        progress.amount(done)
                        yield piece

            await self._files.upload(Place(kind="volume", id=new_name), "/", counted(), copy_owner=True)
            return new_name

        return self._operations.start(kind="clone", title=f"Copy {name} to {new_name}", subject=name, work=work)


class DockerNetworks:
    def __init__(self, state: DockerState) -> None:
        self._state = state
        self._link = state.link

    async def list(self) -> Sequence[Network]:
        return [each for each in self._state.bus.objects("network").values() if isinstance(each, Network)]

    async def get(self, network: str) -> Network:
        return self._state.network(await self._link.json("GET", f"/networks/{quote(network)}"))

    async def create(self, request: CreateNetwork) -> Network:
        ranges = address_configs(request)
        body: dict[str, Any] = {
            "Name": request.name, "Driver": "bridge" if request.driver in _BRIDGE else request.driver,
            "Internal": request.internal, "Labels": request.labels, "Options": request.options,
            "EnableIPv6": request.ipv6, "CheckDuplicate": True,
        }  # fmt: skip
        if ranges:
            body["IPAM"] = {"Config": ranges}
        made = await self._link.json("POST", "/networks/create", body=body)
        found = await self.get(str(made["Id"]))
        self._state.bus.publish("network", found.id, found)
        return found

    async def remove(self, network: str) -> None:
        await self._link.json("DELETE", f"/networks/{quote(network)}")
        self._state.gone("network", *(each.id for each in await self.list() if network in (each.id, each.name)))

    async def prune(self, *, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Freed:
        done = await self._link.json("POST", "/networks/prune", {"filters": prune_filters(until_ns, labels)})
        return Freed(ids=shapes.texts(done.get("NetworksDeleted")))

    async def connect(
        self, network: str, container: str, *, aliases: Sequence[str] = (), asked: Endpoint | None = None
    ) -> None:
        endpoint = asked or Endpoint()
        endpoint = msgspec.structs.replace(endpoint, aliases=(*endpoint.aliases, *aliases))
        body = {"Container": container, "EndpointConfig": endpoint_body(endpoint)}
        await self._link.tell("POST", f"/networks/{quote(network)}/connect", body)

    async def disconnect(self, network: str, container: str, *, force: bool = False) -> None:
        body = {"Container": container, "Force": force}
        await self._link.tell("POST", f"/networks/{quote(network)}/disconnect", body)

    async def host_ports(self) -> Sequence[HostPort]:
        """Those of its containers: what else listens there it does not tell."""
        return [
            HostPort(
                port=port.host_port, protocol=port.protocol, address=port.host_ip, container_id=each.id,
                container_port=port.container_port,
            )
            for each in self._state.containers()
            for port in each.ports
        ]  # fmt: skip
