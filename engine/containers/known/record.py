"""What the engine keeps of a container beside the snapshot it shows: enough to find it again after any crash."""

from __future__ import annotations

import msgspec

from engine.networks.known.member import Member
from engine.networks.limits.isolation import is_isolated
from engine.networks.neighbours.names_document import wants_host
from engine.types.containers import Container, ContainerSpec
from engine.types.data import Data
from engine.types.images import ImageConfig
from engine.types.networks import Endpoint


class Run(Data, frozen=True, kw_only=True):
    """The processes of the present run. All of it can be read again from the run directory; this is for speed."""

    boot: str = ""
    pid: int = 0
    conmon_pid: int = 0
    pasta_pid: int = 0
    cgroups: dict[str, str] = msgspec.field(default_factory=dict)
    oom_kills: int = 0
    """Counted when the run began (a group may be an old one)."""


class Record(Data, frozen=True, kw_only=True):
    """One row of the containers table."""

    container: Container
    image_config: ImageConfig
    layers: tuple[str, ...]
    """Diff ids, bottom first."""
    mounted_images: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Layers of other images that are mounted in it, by where: they stay while it is there."""
    run: Run = Run()
    stop_wanted: bool = False
    """A person ended it: policies leave it alone until a person starts it again."""
    paused_briefly: bool = False
    """Frozen for the time of a piece of work (a commit), not by a person: whoever finds it so lets it go on."""
    created_volumes: tuple[str, ...] = ()
    """Anonymous volumes made for it, removed with it if asked."""
    volumes_too: bool = False
    """That was asked; what a removal that was cut off is to be finished by."""
    failures: int = 0
    """Ends in a row without a good run between; drives the back-off."""
    awaits: str = ""
    """What it waits for to start by its policy, as one of its warnings tells it."""
    good_spec: ContainerSpec | None = None
    """As it was when it last ran well, for the death report."""

    @property
    def id(self) -> str:
        return self.container.id

    def with_container(self, **changes: object) -> Record:
        return msgspec.structs.replace(self, container=msgspec.structs.replace(self.container, **changes))

    def changed(self, **changes: object) -> Record:
        return msgspec.structs.replace(self, **changes)


def member_of(record: Record) -> Member:
    """The container as the networks room knows it."""
    spec = record.container.spec
    return Member(
        container_id=record.id,
        name=record.container.name,
        network=spec.network,
        hostname=spec.hostname,
        aliases=spec.network_aliases,
        asked=Endpoint(ip=spec.ip, ip6=spec.ip6, mac=spec.mac_address, interface=spec.interface_name),
        dns=spec.dns,
        reaches_host=wants_host(spec.extra_hosts),
        is_isolated=spec.network == "pasta" and is_isolated(spec.labels),
    )
