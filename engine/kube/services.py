"""Services: what pods are called by on their network, and which of their ports this machine has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.types.containers import PortMapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.kube.node import Node
    from engine.kube.objects import Manifest, Objects

_FIELDS = ("selector", "ports", "type", "clusterIP", "clusterIPs")
_LEFT = dict.fromkeys(
    ("externalTrafficPolicy", "internalTrafficPolicy", "sessionAffinity", "sessionAffinityConfig", "ipFamilies",
     "ipFamilyPolicy", "publishNotReadyAddresses", "allocateLoadBalancerNodePorts", "externalIPs", "loadBalancerIP",
     "loadBalancerSourceRanges", "healthCheckNodePort", "loadBalancerClass", "trafficDistribution"),
    "is a matter of clusters",
)  # fmt: skip


@dataclass(slots=True)
class Reached:
    """How one pod is reached."""

    aliases: list[str] = field(default_factory=list)
    ports: list[PortMapping] = field(default_factory=list)


def reached(
    objects: Objects, labels: Mapping[str, str], namespace: str, ports: Mapping[str, int], *, first: bool
) -> Reached:
    """Of a pod with these labels. Only the `first` of several that are alike has ports of this machine."""
    found = Reached()
    for service in objects.services:
        spec = service.node.below("spec")
        selector = spec.pairs("selector")
        if service.namespace != namespace or not selector or not selector.items() <= labels.items():
            continue
        found.aliases += _names(service)
        if first:
            found.ports += _published(spec, ports)
    return found


def check(objects: Objects, pods: Sequence[tuple[str, Mapping[str, str]]]) -> None:
    """What a service says that nobody could make true. `pods` are their namespaces and labels."""
    for service in objects.services:
        spec = service.node.below("spec")
        spec.only((*_FIELDS, "externalName"), _LEFT)
        if spec.text("type") == "ExternalName":
            spec.note("a name for somebody else's address is left alone here", key="type", warning=True)
            continue
        selector = spec.pairs("selector")
        if not any(selector and selector.items() <= labels.items() for namespace, labels in pods
                   if namespace == service.namespace):  # fmt: skip
            spec.note("it selects no pod of these files", key="selector", warning=True)
        for port in spec.each("ports"):
            port.only(("name", "port", "targetPort", "nodePort", "protocol", "appProtocol"))
            target = port.any_text("targetPort")
            if spec.text("type", "ClusterIP") == "ClusterIP" and target.isdigit() and int(target) != port.whole("port"):
                port.note(
                    f"pods reach it at {target}: nothing stands between them that could change the port",
                    key="port", warning=True,
                )  # fmt: skip


def _names(service: Manifest) -> list[str]:
    name, space = service.name, service.namespace
    return [name, f"{name}.{space}", f"{name}.{space}.svc", f"{name}.{space}.svc.cluster.local"]


def _published(spec: Node, named: Mapping[str, int]) -> list[PortMapping]:
    kind = spec.text("type", "ClusterIP")
    if kind not in ("NodePort", "LoadBalancer"):
        return []
    found = []
    for port in spec.each("ports"):
        word = port.any_text("targetPort") or str(port.whole("port"))
        inside = int(word) if word.isdigit() else named.get(word, 0)
        if not inside:
            port.note(f"no port of the pod is called “{word}”", key="targetPort")
            continue
        outside = port.whole("nodePort") if kind == "NodePort" else port.whole("port")
        protocol = "udp" if port.text("protocol") == "UDP" else "tcp"
        found.append(PortMapping(container_port=inside, host_port=outside, protocol=protocol))  # type: ignore[arg-type]
    return found
