"""Manifests as what has to be here: pods with their containers, volumes, names on a network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from engine.compose.faults import ComposeError, near_miss
from engine.kube.containers import container_ports, container_spec, named_ports
from engine.kube.environment import Surroundings
from engine.kube.labels import HASH, OBJECT
from engine.kube.objects import read_objects
from engine.kube.services import check, reached
from engine.kube.volumes import WantedVolume, pod_volumes
from engine.recipe.networks import of_pod
from engine.types.pods import INIT_LABEL, SIDECAR_LABEL, CreatePod

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.compose.faults import Problem
    from engine.kube.node import Node
    from engine.kube.objects import Manifest, Objects
    from engine.kube.volumes import PodVolumes
    from engine.types.containers import ContainerSpec, PortMapping

OWN_NETWORK = "kube"
"""The network on which the pods of manifests find one another, where none is named."""
MOST_REPLICAS = 100
_POLICIES = ("Always", "OnFailure", "Never")
_SPEC = (
    "containers", "initContainers", "volumes", "restartPolicy", "terminationGracePeriodSeconds", "hostNetwork",
    "hostPID", "hostIPC", "hostname", "hostAliases", "dnsPolicy", "dnsConfig", "securityContext",
)  # fmt: skip
_QUIETLY = (
    "serviceAccountName", "serviceAccount", "automountServiceAccountToken", "nodeSelector", "nodeName", "affinity",
    "tolerations", "priorityClassName", "priority", "schedulerName", "enableServiceLinks", "imagePullSecrets",
    "topologySpreadConstraints", "preemptionPolicy", "subdomain", "setHostnameAsFQDN", "os",
)  # fmt: skip
_LEFT = {
    "shareProcessNamespace": "is not done here: each container sees its own processes",
    "ephemeralContainers": "are added to a pod that runs",
    "activeDeadlineSeconds": "is not watched here",
    "runtimeClassName": "is a matter of clusters",
    "hostUsers": "goes without saying: nobody here is root of this machine",
    "readinessGates": "are a matter of clusters",
}


@dataclass(frozen=True, slots=True)
class WantedContainer:
    name: str
    spec: ContainerSpec
    pull: bool = False
    """Fetched also where it is here."""
    never_pull: bool = False


@dataclass(frozen=True, slots=True)
class WantedPod:
    recipe: CreatePod
    containers: tuple[WantedContainer, ...]
    volumes: tuple[str, ...]
    """Names of those that must be there first."""
    object: str
    hash: str = ""

    @property
    def name(self) -> str:
        return self.recipe.name


@dataclass(frozen=True, slots=True)
class Wanted:
    pods: tuple[WantedPod, ...]
    volumes: Mapping[str, WantedVolume]
    networks: tuple[str, ...]
    problems: tuple[Problem, ...]
    """Only such as one may live with."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is said beside the files."""

    network: str = OWN_NETWORK
    publish_all: bool = False
    ports: tuple[PortMapping, ...] = ()
    replicas: int | None = None


def read_wanted(texts: Mapping[str, str], wishes: Wishes = Wishes()) -> Wanted:
    """Raises ComposeError with all that is wrong."""
    objects = read_objects(texts)
    volumes: dict[str, WantedVolume] = {}
    for claim in objects.claims:
        labels = {**claim.labels, OBJECT: claim.title}
        volumes[claim.name] = WantedVolume(claim.name, labels, keeps=True)
    pods = [pod for workload in objects.workloads for pod in _pods_of(workload, objects, volumes, wishes)]
    check(objects, [place for workload in objects.workloads for place in _selected(workload)])
    _check_names(pods, objects)
    wrong = [each for each in objects.problems if not each.warning]
    if wrong:
        raise ComposeError(*wrong, *(each for each in objects.problems if each.warning))
    networks = {pod.recipe.network for pod in pods} - {"pasta", "host", "none"}
    return Wanted(tuple(pods), volumes, tuple(sorted(networks)), tuple(objects.problems))


def names_of(texts: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """Titles of the workloads and names of the claims, for taking down: what else is wrong does not matter then."""
    objects = read_objects(texts)
    return {each.title for each in objects.workloads}, {each.name for each in objects.claims}


def _check_names(pods: list[WantedPod], objects: Objects) -> None:
    seen: set[str] = set()
    for pod in pods:
        for name in (pod.name, *(each.name for each in pod.containers)):
            if name in seen:
                where = next(each for each in objects.workloads if each.title == pod.object)
                where.node.below("metadata").note(f"“{name}” is there twice", key="name")
            seen.add(name)


def _template(workload: Manifest) -> Node:
    """The node with the metadata and the spec of its pods."""
    return workload.node if workload.kind == "Pod" else workload.node.below("spec").below("template")


def _selected(workload: Manifest) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield workload.namespace, _template(workload).below("metadata").pairs("labels")


def _pod_names(workload: Manifest, wishes: Wishes) -> list[str]:
    """As podman names them: a deployment's first is NAME-pod."""
    kind, name = workload.kind, workload.name
    if kind in ("Pod", "DaemonSet", "Job"):
        return [name] if kind == "Pod" else [f"{name}-pod"]
    count = workload.node.below("spec").whole("replicas", 1) if wishes.replicas is None else wishes.replicas
    if not 0 <= count <= MOST_REPLICAS:
        workload.node.below("spec").note(f"so many are not made here: {MOST_REPLICAS} at most", key="replicas")
        return []
    if kind == "StatefulSet":
        return [f"{name}-{number}" for number in range(count)]
    return [f"{name}-pod" if number == 0 else f"{name}-pod-{number + 1}" for number in range(count)]


def _pods_of(
    workload: Manifest, objects: Objects, volumes: dict[str, WantedVolume], wishes: Wishes
) -> Iterator[WantedPod]:
    template = _template(workload)
    if workload.kind != "Pod" and not template.has("spec"):
        workload.node.note("“spec.template.spec” is missing here", key="spec")
        return
    if workload.kind == "Job":
        _check_job(workload.node.below("spec"))
    for number, name in enumerate(_pod_names(workload, wishes)):
        reader = _PodReader(workload, template, objects, wishes, name)
        for claim in workload.node.below("spec").each("volumeClaimTemplates"):
            reader.claims[claim.below("metadata").need("name")] = number
        yield reader.pod(volumes, first=number == 0)


def _check_job(spec: Node) -> None:
    for key in ("parallelism", "completions"):
        if spec.whole(key, 1) > 1:
            spec.note("it runs once here", key=key, warning=True)


class _PodReader:
    """One pod of one workload."""

    def __init__(self, workload: Manifest, template: Node, objects: Objects, wishes: Wishes, name: str) -> None:
        self.workload = workload
        self.spec = template.below("spec")
        self.objects = objects
        self.wishes = wishes
        self.name = name
        self.claims: dict[str, int] = {}
        about = template.below("metadata")
        self.labels = about.pairs("labels")
        self.place = Surroundings(
            name=name,
            namespace=workload.namespace,
            objects=objects,
            labels=self.labels,
            annotations=about.pairs("annotations"),
            account=self.spec.text("serviceAccountName", "default"),
        )

    def pod(self, volumes: dict[str, WantedVolume], *, first: bool) -> WantedPod:
        spec = self.spec
        spec.only((*_SPEC, *_QUIETLY), _LEFT)
        if not spec.each("containers"):
            spec.note("a pod needs a container", key="containers")
        own = pod_volumes(spec, self.place, self.workload.title)
        for claim in self.claims:
            own.volumes[claim] = WantedVolume(f"{claim}-{self.name}", {OBJECT: self.workload.title}, keeps=True)
        policy, retries = self._policy()
        containers = [
            self._container(node, own, "Never", 0, init=number)
            for number, node in enumerate(spec.each("initContainers"))
        ]
        containers += [self._container(node, own, policy, retries) for node in spec.each("containers")]
        names = []
        for volume in own.volumes.values():
            known = volumes.get(volume.name, volume)
            volumes[volume.name] = replace(known, folders=known.folders | volume.folders)
            names.append(volume.name)
        pod = WantedPod(self._recipe(first=first), tuple(containers), tuple(names), self.workload.title)
        return self._hashed(pod, own.volumes)

    def _policy(self) -> tuple[str, int]:
        default = "OnFailure" if self.workload.kind == "Job" else "Always"
        policy = self.spec.text("restartPolicy", default)
        if policy not in _POLICIES:
            self.spec.note(f"there is no policy “{policy}”", key="restartPolicy", hint=near_miss(policy, _POLICIES))
            policy = default
        retries = self.workload.node.below("spec").whole("backoffLimit", 6) if self.workload.kind == "Job" else 0
        return policy, retries

    def _container(self, node: Node, own: PodVolumes, policy: str, retries: int, init: int = -1) -> WantedContainer:
        name = node.need("name")
        sidecar = init >= 0 and node.text("restartPolicy") == "Always"
        made = container_spec(node, self.spec, self.place, own, policy="Always" if sidecar else policy, retries=retries)
        labels = {**self.labels, **made.labels, OBJECT: self.workload.title}
        if init >= 0:
            labels[INIT_LABEL] = str(init + 1)
        if sidecar:
            labels[SIDECAR_LABEL] = ""
        pull = node.text("imagePullPolicy", "IfNotPresent")
        if pull not in ("Always", "IfNotPresent", "Never"):
            node.note(f"there is no policy “{pull}”", key="imagePullPolicy", hint="Always, IfNotPresent or Never")
        spec = msgspec.structs.replace(made, labels=labels, network=of_pod(self.name))
        return WantedContainer(f"{self.name}-{name}", spec, pull == "Always", pull == "Never")

    def _recipe(self, *, first: bool) -> CreatePod:
        spec, wishes = self.spec, self.wishes
        nodes = spec.each("containers")
        named = {name: port for node in nodes for name, port in named_ports(node).items()}
        reach = reached(self.objects, self.labels, self.workload.namespace, named, first=first)
        every = [port for node in nodes for port in container_ports(node)]
        ports = [port for port in every if port.host_port]
        if wishes.publish_all and first:
            taken = {(port.container_port, port.protocol) for port in ports}
            ports += [port for port in every if (port.container_port, port.protocol) not in taken]
        taken = {(port.container_port, port.protocol) for port in ports}
        ports += [port for port in reach.ports if (port.container_port, port.protocol) not in taken]
        if first:
            ports += wishes.ports
        host = spec.flag("hostNetwork")
        names = spec.below("dnsConfig")
        names.only(("nameservers", "searches", "options"))
        options = [each.need("name") + (f":{each.any_text('value')}" if each.has("value") else "")
                   for each in names.each("options")]  # fmt: skip
        return CreatePod(
            name=self.name,
            hostname=spec.text("hostname"),
            network="host" if host else wishes.network,
            network_aliases=() if host else tuple(dict.fromkeys(reach.aliases)),
            ports=() if host else tuple(ports),
            dns=names.texts("nameservers"),
            dns_search=names.texts("searches"),
            dns_options=tuple(options),
            extra_hosts=tuple(
                f"{host}:{alias.need('ip')}" for alias in spec.each("hostAliases") for host in alias.texts("hostnames")
            ),
            labels={**self.labels, OBJECT: self.workload.title},
        )

    def _hashed(self, pod: WantedPod, volumes: Mapping[str, WantedVolume]) -> WantedPod:
        """Files of volumes count too: who reads them once wants to be started again."""
        told = hashlib.sha256(msgspec.json.encode([pod.recipe, *((each.name, each.spec) for each in pod.containers)]))
        for name, volume in sorted(volumes.items()):
            for path, file in sorted((volume.files or {}).items()):
                told.update(f"{name}\0{path}\0{file.mode}\0".encode() + file.text)
        found = told.hexdigest()
        recipe = msgspec.structs.replace(pod.recipe, labels={**pod.recipe.labels, HASH: found})
        return replace(pod, recipe=recipe, hash=found)
