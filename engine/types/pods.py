"""Pods: containers that share one network, one host name and one place for shared memory, as one thing."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from engine.types.containers import PortMapping, State
from engine.types.data import Data

INIT_LABEL = "io.wherry.pod.init"
"""On a container that runs before the others: its place among them. A start waits until it has ended well."""
SIDECAR_LABEL = "io.wherry.pod.sidecar"
"""On such a container that nobody waits for: it goes on beside the others."""

LIVENESS_LABEL = "io.wherry.kube.liveness"
"""On a container that is started again when its check fails, as Kubernetes' liveness probe has it."""
ADDRESS_WORD = "{{pod-address}}"
"""In a variable of a pod's container: the address the pod has by then."""


class CreatePod(Data, frozen=True, kw_only=True):
    """Make a pod. Its containers are those whose network is "pod:NAME"."""

    name: str = ""
    hostname: str = ""
    """The pod's name where none is given."""
    network: str = "pasta"
    """As a container's, but for another container's or pod's."""
    network_aliases: tuple[str, ...] = ()
    ports: tuple[PortMapping, ...] = ()
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    shm_size: int = 64 << 20


class PodState(StrEnum):
    """In podman's words, of what its containers do."""

    CREATED = "Created"
    RUNNING = "Running"
    DEGRADED = "Degraded"
    """Some run and some do not."""
    PAUSED = "Paused"
    EXITED = "Exited"


class PodContainer(Data, frozen=True, kw_only=True):
    id: str
    name: str
    state: State
    init: bool = False


class Pod(Data, frozen=True, kw_only=True):
    """One pod as it is now."""

    id: str
    name: str
    created: datetime
    recipe: CreatePod
    state: PodState = PodState.CREATED
    containers: tuple[PodContainer, ...] = ()
    ports: tuple[PortMapping, ...] = ()
    """Really published now, with the numbers that were picked."""
    ip_address: str = ""
