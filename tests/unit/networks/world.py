"""The networks room on a played ground, with containers that a test makes, starts and ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace

from engine.containers.known.record import Record, member_of
from engine.events.bus import EventBus
from engine.networks.network_service import NetworkService
from engine.state.database import Database
from engine.types.containers import Container, ContainerSpec, State
from engine.types.data import now
from engine.types.images import ImageConfig
from engine.types.networks import CreateNetwork
from tests.fakes.network_ground import NetworkGround, OwnPaths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.networks.known.member import Member
    from engine.sandbox.client import Keeper
    from engine.types.containers import PortMapping
    from engine.types.events import Event
    from engine.types.networks import Endpoint, Network, NetworkMember
    from tests.support.stores import ShortTmp


@dataclass
class World:
    ground: NetworkGround
    database: Database
    containers: dict[str, Container] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    news: list[tuple[str, ...]] = field(default_factory=list)
    """What followers were told."""
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.bus = EventBus(on_event=self.events.append)
        self.service = self.another_service()

    def another_service(self) -> NetworkService:
        made = NetworkService(
            paths=self.ground.paths,
            keeper=cast("Keeper", self.ground),
            database=self.database,
            bus=self.bus,
            containers=lambda: tuple(self.containers.values()),
        )
        made.follow(self)
        return made

    @classmethod
    async def open(cls, store: ShortTmp) -> World:
        ground = NetworkGround(OwnPaths(store.root, store.run))
        made = cls(ground, await Database.open(ground.paths.database))
        await made.service.open()
        return made

    async def close(self) -> None:
        for each in tuple(self.containers.values()):
            await self.service.attachments.disconnect(each.id)
        await self.service.close()
        await self.ground.close()
        await self.database.close()

    # --- as a follower ---

    def network_lost(self, key: str) -> None:
        self.news.append(("lost", key))
        self.heard.set()

    def neighbours_changed(self, key: str) -> None:
        self.news.append(("neighbours", key))

    async def network_moved(self, container_id: str, network: str, asked: Endpoint) -> None:
        self.news.append(("moved", container_id, network, asked.ip, *asked.aliases))
        self.change(container_id, spec=replace(self.containers[container_id].spec, network=network))

    # --- what tests do ---

    async def network(self, name: str = "shop", **more: Any) -> Network:
        return await self.service.create(CreateNetwork(name=name, **({"subnet": "10.20.0.0/24"} | more)))

    def make(self, name: str, network: str = "shop", **spec: Any) -> Container:
        key = f"{name:_<12}".encode().hex().ljust(64, "0")[:64]
        made = Container(
            id=key, name=name, image_id="", image="i", command_line=(), state=State.CREATED, created=now(),
            spec=ContainerSpec(image="i", network=network, **spec),
        )  # fmt: skip
        self.containers[key] = made
        return made

    def change(self, key: str, **fields: Any) -> Container:
        self.containers[key] = replace(self.containers[key], **fields)
        return self.containers[key]

    def member(self, name: str) -> Member:
        return member_of(Record(container=self.named(name), image_config=ImageConfig(), layers=()))

    def named(self, name: str) -> Container:
        return next(each for each in self.containers.values() if each.name == name)

    async def start(self, name: str, ports: Sequence[PortMapping] = ()) -> Container:
        """As a start of a container does it."""
        key, member = self.named(name).id, self.member(name)
        await self.service.reserve(member)
        await self.service.attachments.create(key)
        await self.service.attachments.prepare(key)
        await self.service.attach(member, ports)
        self.change(key, pid=7000 + len(self.containers), ports=tuple(ports), ip_address=self.service.address(member))
        self.service.tell_joined(member)
        return self.containers[key]

    async def run(self, name: str, network: str = "shop", **spec: Any) -> Container:
        self.make(name, network, **spec)
        return await self.start(name)

    async def stop(self, name: str) -> None:
        member = self.member(name)
        self.change(member.container_id, pid=0)
        await self.service.detach(member)
        self.service.tell_left(member)

    async def entry(self, name: str, network: str = "shop") -> NetworkMember | None:
        found = await self.service.get(network)
        return next((each for each in found.members if each.name == name), None)

    async def address(self, name: str, network: str = "shop") -> str:
        """ "" while it does not run; “none” where it is not in the network."""
        entry = await self.entry(name, network)
        return entry.ip_address if entry is not None else "none"

    def told(self) -> dict[str, list[str]]:
        """What the names server knows: the names of members of each network."""
        document = self.ground.names.table
        titles = {key: each["name"] for key, each in document["networks"].items()}
        found: dict[str, list[str]] = {each: [] for each in titles.values()}
        for member in document["members"]:
            for place in member["places"]:
                found[titles[place["network"]]].append(place["names"][0])
        return found

    def actions(self) -> list[tuple[str, str, str]]:
        return [(each.action, each.name, each.attributes.get("container", "")) for each in self.events]
