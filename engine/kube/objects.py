"""The objects of manifest files: of which kind, called what, and what pods may look up in them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.compose.faults import ComposeError, Problem, near_miss
from engine.compose.text.document import read
from engine.kube.node import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKLOADS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job")
_DATA = ("ConfigMap", "Secret")
_TAKEN = (*WORKLOADS, *_DATA, "Service", "PersistentVolumeClaim")
_REFUSED = {"CronJob": "runs by the clock, which nobody keeps here: run its Job, or have a systemd timer start it"}
_LEFT = {
    "Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Ingress",
    "IngressClass", "NetworkPolicy", "HorizontalPodAutoscaler", "PodDisruptionBudget", "StorageClass",
    "PersistentVolume", "ResourceQuota", "LimitRange", "PriorityClass", "CustomResourceDefinition", "Endpoints",
    "EndpointSlice",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object."""

    kind: str
    name: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    node: Node

    @property
    def title(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(slots=True)
class Objects:
    """All of the files, in their order."""

    workloads: list[Manifest] = field(default_factory=list)
    services: list[Manifest] = field(default_factory=list)
    claims: list[Manifest] = field(default_factory=list)
    config_maps: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    secrets: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_objects(texts: Mapping[str, str]) -> Objects:
    """Of files by their names. Raises ComposeError where one is no YAML; what else is wrong stands in the result."""
    found = Objects()
    for file, text in texts.items():
        for document in read(text, file):
            if document.value is not None:
                _take(Node(document, document.value, (), found.problems), found)
    if not any((found.workloads, found.services, found.claims, found.config_maps, found.secrets, found.problems)):
        raise ComposeError(Problem((), f"there is no object in {', '.join(texts)}"))
    return found


def _take(node: Node, found: Objects) -> None:
    if not isinstance(node.value, dict):
        node.note("an object must stand here: a mapping with apiVersion, kind and metadata")
        return
    kind = node.need("kind")
    if kind == "List" or (kind.endswith("List") and node.has("items")):
        for each in node.each("items"):
            _take(each, found)
        return
    if kind in _REFUSED:
        node.note(f"a {kind} {_REFUSED[kind]}", key="kind")
        return
    if kind in _LEFT:
        node.note(f"a {kind} is a cluster's own; it is left alone here", key="kind", warning=True)
        return
    if kind not in _TAKEN:
        if kind:
            node.note(f"there is no kind “{kind}” here", key="kind", hint=near_miss(kind, _TAKEN))
        return
    node.need("apiVersion")
    made = _manifest(kind, node)
    if kind in WORKLOADS:
        found.workloads.append(made)
    elif kind == "Service":
        found.services.append(made)
    elif kind == "PersistentVolumeClaim":
        found.claims.append(made)
    else:
        table = found.secrets if kind == "Secret" else found.config_maps
        table[made.name] = _data(made)


def _manifest(kind: str, node: Node) -> Manifest:
    node.only(
        ("apiVersion", "kind", "metadata", "spec", "data", "stringData", "binaryData", "type", "immutable", "status")
    )
    about = node.below("metadata")
    return Manifest(
        kind=kind,
        name=about.need("name"),
        namespace=about.text("namespace") or "default",
        labels=about.pairs("labels"),
        annotations=about.pairs("annotations"),
        node=node,
    )


def _data(made: Manifest) -> dict[str, bytes]:
    """Of a ConfigMap or a Secret, as bytes."""
    node = made.node
    if made.kind == "ConfigMap":
        plain = {key: text.encode() for key, text in node.pairs("data").items()}
        return plain | _decoded(node, "binaryData")
    return _decoded(node, "data") | {key: text.encode() for key, text in node.pairs("stringData").items()}


def _decoded(node: Node, key: str) -> dict[str, bytes]:
    found = {}
    for name, text in node.pairs(key).items():
        try:
            found[name] = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            node.below(key).note("this is not base64", key=name, hint="write it under stringData as it is")
    return found
