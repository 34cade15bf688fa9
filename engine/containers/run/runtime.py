"""What all parts of this room work with: paths, the keeper, the programs, the book. Made once, at the start."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.containers.run.early_attach import EarlyAttachments
from engine.containers.spec.own_files import user_who_is_you
from engine.storage.rootfs import FUSE
from engine.types.containers import LogLimits
from engine.types.data import Data
from engine.types.images import ImageConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.cgroups.group import ContainerCgroup
    from engine.cgroups.tree import CgroupTree
    from engine.containers.known.book import ContainerBook
    from engine.containers.known.record import Record
    from engine.containers.look.opened_roots import RootHolds
    from engine.containers.run.seccomp_filters import CompiledFilters
    from engine.networks.network_service import NetworkService
    from engine.processes.crun import Crun
    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.storage.rootfs import RootFilesystems
    from engine.types.containers import ContainerSpec, PortMapping
    from engine.volumes.volume_service import VolumeService

_CGROUP_ROOT = "/sys/fs/cgroup"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


class FoundImage(Data, frozen=True, kw_only=True):
    """What a container needs of its image."""

    id: str
    reference: str
    """As the user wrote it, normalised."""
    config: ImageConfig
    layers: tuple[str, ...]


class ImageSource(Protocol):
    """Implemented over the images room by the composition root."""

    def image(self, name: str, *, platform: str = "") -> FoundImage:
        """Raises `NotFound`."""
        ...


@dataclass(frozen=True, kw_only=True)
class PodPlace:
    """What a container of a pod joins: paths of namespaces ("host" for the host's), and what goes with them."""

    name: str
    key: str
    """Its run directory has the files that say names and servers."""
    hostname: str
    network: str
    own_network: bool
    ipc: str
    uts: str
    shared_memory: str
    address: str
    ports: tuple[PortMapping, ...]


class Pods(Protocol):
    """Implemented by the pods room."""

    def find(self, name: str) -> PodPlace:
        """Raises `NotFound`."""
        ...

    async def ready(self, name: str) -> None:
        """Bring up what the containers of a pod stand on, before one of them starts."""
        ...

    def rewrite(self, name: str) -> None:
        """The host's resolvers have changed."""
        ...

    def network_lost(self, key: str) -> None: ...
    def neighbours_changed(self, key: str) -> None: ...


@dataclass(frozen=True)
class Runtime:
    paths: Paths
    keeper: Keeper
    rootfs: RootFilesystems
    cgroups: CgroupTree
    crun: Crun
    conmon: str
    book: ContainerBook
    networks: NetworkService
    volumes: VolumeService
    images: ImageSource
    layers: LayerStore
    pods: Pods
    roots: RootHolds
    filters: CompiledFilters
    boot: str
    """The kernel's name for this boot: processes of another one are gone for certain."""
    log_defaults: Callable[[], LogLimits] = LogLimits
    """What holds where a container says nothing; both set."""
    early: EarlyAttachments = field(default_factory=EarlyAttachments)

    @property
    def can_change_owners(self) -> bool:
        """Whether the root's files can be shown right in a container whose user is you."""
        return self.rootfs.can_change_owners and not self.keeper.ids.single_id

    def root_driver(self, spec: ContainerSpec, image: ImageConfig) -> str:
        """The driver a container's first mount is to have; "" is the default."""
        if not spec.driver and self.can_change_owners and user_who_is_you(spec, image):
            return FUSE
        return spec.driver

    def cgroup(self, record: Record) -> ContainerCgroup:
        """The groups a container runs in, or would."""
        if record.run.cgroups:
            return self.cgroups.existing(record.run.cgroups)
        return self.cgroups.group(record.id)

    def inside_view(self, directory: str) -> str:
        """Where a program inside the keeper's mount namespace finds a control group."""
        if not self.keeper.hybrid_cgroups:
            return directory
        return str(self.paths.cgroup_view / Path(directory).relative_to(_CGROUP_ROOT))


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def architecture() -> str:
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)
