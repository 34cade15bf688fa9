"""What is here as manifests: containers, pods, projects, volumes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from engine.compose.labels import PROJECT, SERVICE
from engine.errors import InvalidRequest, NotFound
from engine.kube.labels import EMPTY, FILES
from engine.recipe.crossing import recipe_of
from engine.recipe.exports.kubernetes import Files, Part, PodWriter, claim, dns_name, documents_text, service, workload
from engine.recipe.networks import pod_of
from engine.types.containers import ContainerSpec, PortMapping
from engine.types.files import Place
from engine.types.pods import INIT_LABEL, SIDECAR_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.facade import Engine
    from engine.types.containers import Container
    from engine.types.manifests import GenerateManifests
    from engine.types.pods import Pod

_MOST_BYTES = 1 << 20


async def manifests_of(engine: Engine, request: GenerateManifests) -> str:
    if not request.names:
        raise InvalidRequest("Nothing was named to be told")
    teller = _Teller(engine, request)
    for name in request.names:
        await teller.tell(name)
    return documents_text(teller.objects(), teller.remarks)


class _Teller:
    def __init__(self, engine: Engine, request: GenerateManifests) -> None:
        self._engine = engine
        self._request = request
        self._data: dict[str, dict[str, Any]] = {}
        self._claims: dict[str, dict[str, Any]] = {}
        self._workloads: list[dict[str, Any]] = []
        self.remarks: list[str] = []

    def objects(self) -> list[dict[str, Any]]:
        return [*self._data.values(), *self._claims.values(), *self._workloads]

    async def tell(self, name: str) -> None:
        """A pod, a container, a project or a volume: whichever has the name."""
        everything = await self._engine.containers.list()
        try:
            pod = await self._engine.pods.get(name)
        except NotFound:
            pod = None
        if pod is not None:
            await self._pod(pod, everything)
            return
        mine = [each for each in everything if each.spec.labels.get(PROJECT) == name]
        if mine:
            await self._project(mine)
            return
        try:
            container = await self._engine.containers.get(name)
        except NotFound:
            await self._volume(name)
            return
        if pod_of(container.spec.network):
            await self._pod(await self._engine.pods.get(pod_of(container.spec.network)), everything)
            return
        await self._write(dns_name(container.name), [self._part(container, container.name)], container.spec.labels)

    async def _volume(self, name: str) -> None:
        try:
            await self._engine.volumes.get(name)
        except NotFound:
            await self._image(name)
            return
        self._claims[name] = claim(name)

    async def _image(self, name: str) -> None:
        """As a container of it would be, with the ports that it speaks of."""
        try:
            image = await self._engine.images.get(name)
        except (NotFound, InvalidRequest):
            raise NotFound(f"There is no container, pod, project, volume or image “{name}”", subject=name) from None
        by_id = image.id.removeprefix("sha256:").startswith(name.removeprefix("sha256:"))
        reference = image.tags[0] if by_id and image.tags else name
        called = dns_name(reference.rpartition("/")[2].partition(":")[0].partition("@")[0])
        ports = tuple(_exposed(text) for text in image.config.exposed_ports)
        recipe = recipe_of(ContainerSpec(image=reference, ports=ports))
        await self._write(called, [Part(called, recipe)], {})

    async def _project(self, containers: Iterable[Container]) -> None:
        """A workload for each service, found by its name as in the project."""
        seen: set[str] = set()
        for each in containers:
            called = each.spec.labels.get(SERVICE, each.name)
            if called not in seen:
                seen.add(called)
                await self._write(dns_name(called), [self._part(each, called)], each.spec.labels, named=True)

    async def _pod(self, pod: Pod, everything: Iterable[Container]) -> None:
        members = {each.id: each for each in pod.containers}
        found = [each for each in everything if each.id in members]
        found.sort(key=lambda each: (int(each.spec.labels.get(INIT_LABEL, "0") or 0), each.created))
        parts = [self._part(each, each.name.removeprefix(f"{pod.name}-")) for each in found]
        shared = msgspec.to_builtins(pod.recipe)
        await self._write(dns_name(pod.name), parts, pod.recipe.labels, shared)

    def _part(self, container: Container, name: str) -> Part:
        labels = container.spec.labels
        recipe = recipe_of(container.spec)
        if recipe.get("hostname") == container.id[:12]:
            recipe["hostname"] = ""
        return Part(dns_name(name), recipe, INIT_LABEL in labels, SIDECAR_LABEL in labels)

    async def _write(
        self,
        name: str,
        parts: list[Part],
        labels: Mapping[str, str],
        shared: Mapping[str, Any] | None = None,
        *,
        named: bool = False,
    ) -> None:
        empty, files = await self._special_volumes(parts)
        writer = PodWriter(frozenset(empty), files)
        spec = writer.spec(parts, shared)
        self._claims |= {each: claim(each) for each in writer.claims}
        request = self._request
        self._workloads.append(workload(name, spec, labels, kind=request.kind, replicas=request.replicas))
        if request.service or named:
            made = service(name, spec)
            self._workloads += [made] if made else []
        self.remarks += writer.remarks

    async def _special_volumes(self, parts: Iterable[Part]) -> tuple[list[str], dict[str, Files]]:
        """Those that are nobody's data: room of a pod, and files that a manifest gave."""
        used = {
            item["source"] for part in parts for item in part.recipe.get("mounts") or () if item["kind"] == "volume"
        }
        empty: list[str] = []
        files: dict[str, Files] = {}
        for volume in await self._engine.volumes.list():
            if volume.name not in used or EMPTY not in volume.labels:
                continue
            kind = volume.labels.get(FILES, "")
            if not kind:
                empty.append(volume.name)
                continue
            name = dns_name(volume.name)
            files[volume.name] = Files(kind, name)
            await self._files_of(volume.name, name, kind)
        return empty, files

    async def _files_of(self, volume: str, name: str, kind: str) -> None:
        place = Place(kind="volume", id=volume)
        data: dict[str, bytes] = {}
        for entry in await self._engine.files.list(place, "/"):
            if entry.kind == "file":
                data[entry.name] = await self._engine.files.read(place, f"/{entry.name}", limit=_MOST_BYTES)
        self._data[name] = _object(name, kind, data)


def _exposed(text: str) -> PortMapping:
    number, _, protocol = text.partition("/")
    return PortMapping(container_port=int(number), protocol="udp" if protocol == "udp" else "tcp")


def _object(name: str, kind: str, data: Mapping[str, bytes]) -> dict[str, Any]:
    head = {"apiVersion": "v1", "metadata": {"name": name}}
    coded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    if kind == "secret":
        return {**head, "kind": "Secret", "type": "Opaque", "data": coded}
    try:
        return {**head, "kind": "ConfigMap", "data": {key: value.decode() for key, value in data.items()}}
    except UnicodeDecodeError:
        return {**head, "kind": "ConfigMap", "binaryData": coded}
