"""The networks there are: found by name or id, changed one change after the other, kept in the database, told of.

In memory is the truth. Rows follow, but for containers made for the default network: which address one has there
stands in its own row, and no start waits for a second one.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from typing import TYPE_CHECKING

import msgspec

from engine.errors import DISK_REFUSES, Code, Conflict, NotFound, StorageError
from engine.networks.host import routes
from engine.networks.known.addresses import default_subnet, mac_of
from engine.recipe.networks import shown_network
from engine.storage.paths import is_pod_key
from engine.types.data import now
from engine.types.events import Event
from engine.types.networks import Network, NetworkMember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from engine.events.bus import EventBus
    from engine.networks.known.addresses import Subnet
    from engine.state.database import Database
    from engine.types.containers import Container

DEFAULT = "pasta"
_BUILTIN = {DEFAULT: "pasta", "host": "host", "none": "null"}
PREDEFINED = frozenset({*_BUILTIN, "bridge", "default", "container"})
"""Names that mean something in the place of a network's; Docker's words for the containers' own one are among them."""


class NetworkRegister:
    def __init__(self, database: Database, bus: EventBus, containers: Callable[[], Iterable[Container]]) -> None:
        self._database = database
        self._bus = bus
        self._networks: dict[str, Network] = {}
        self._writing = asyncio.Lock()
        self._owed: set[str] = set()
        """Whose rows say less than is true: a start is under way, or the disk was full."""
        self.containers = containers

    async def open(self) -> None:
        for (body,) in await self._database.fetch("SELECT body FROM networks"):
            network = msgspec.json.decode(body, type=Network)
            self._networks[network.id] = network
        for name, driver in _BUILTIN.items():
            network_id = f"{name:0<64}".encode().hex()[:64]
            built = Network(id=network_id, name=name, driver=driver, created=now(), builtin=True)
            self._networks.setdefault(network_id, built)

    def __iter__(self) -> Iterator[Network]:
        return iter(tuple(self._networks.values()))

    def __getitem__(self, network_id: str) -> Network:
        return self._networks[network_id]

    def find(self, wanted: str) -> Network:
        wanted = DEFAULT if wanted in ("default", "bridge") else "none" if wanted == "null" else wanted
        for network in self._networks.values():
            if wanted in (network.name, network.id):
                return network
        matches = [network for network in self._networks.values() if wanted and network.id.startswith(wanted)]
        if len(matches) == 1:
            return matches[0]
        raise NotFound(
            f"No such network: {wanted}",
            hint=f"Make it: wherry network create {wanted}",
            subject=wanted,
            docker=f"network {wanted} not found",
        )

    def find_container(self, wanted: str) -> Container:
        """By name or id, else by the beginning of an id that one alone has."""
        known = tuple(self.containers())
        exact = [each for each in known if wanted in (each.id, each.name)]
        matches = exact or [each for each in known if wanted and each.id.startswith(wanted)]
        if len(matches) > 1:
            raise Conflict(
                f"“{wanted}” could be several containers", ", ".join(each.name for each in matches[:8]),
                code=Code.AMBIGUOUS, hint="Give more of the id, or the name.", subject=wanted,
            )  # fmt: skip
        if matches:
            return matches[0]
        raise NotFound(f"No such container: {wanted}", subject=wanted)

    def subnets(self) -> Sequence[Subnet]:
        """What is taken by the networks here."""
        texts = (text for network in self._networks.values() for text in (network.subnet, network.subnet6))
        return [ipaddress.ip_network(text) for text in texts if text]

    def users(self, network: Network) -> tuple[Container, ...]:
        """Containers made for a network, running or not, and those that joined it."""
        joined = {each.container_id for each in network.members}
        return tuple(each for each in self.containers() if each.spec.network == network.name or each.id in joined)

    # --- changing ---

    async def add(self, network: Network) -> None:
        self._networks[network.id] = network  # its name and addresses are taken from now on
        try:
            await self._save(network)
        except BaseException as error:
            del self._networks[network.id]
            if isinstance(error, asyncio.CancelledError):
                await self._drop_row(network)  # it is written all the same, and this comes after it
            raise
        self.publish(network, "create")

    async def _drop_row(self, network: Network) -> None:
        await self._database.execute("DELETE FROM networks WHERE id = ?", (network.id,))

    async def remove(self, network: Network) -> None:
        await self._drop_row(network)
        del self._networks[network.id]

    def change_now(self, network_id: str, change: Callable[[Network], Network]) -> None:
        """Its row follows with the next `pay`: for a start, which writes beside its other work."""
        before = self._networks.get(network_id)
        if before is None:
            raise NotFound("The network is gone", subject=network_id)
        self._networks[network_id] = after = change(before)
        if _row(after) != _row(before):
            self._owed.add(network_id)

    async def change(
        self, network_id: str, change: Callable[[Network], Network], *, when_it_fits: bool = False
    ) -> Network:
        """Change a network, and its row. What has happened (a member ended or went) is true `when_it_fits` the disk or
        not; its row follows when there is room."""
        before = self._networks.get(network_id)
        self.change_now(network_id, change)
        after = self._networks[network_id]
        try:
            await self._write(network_id)
        except StorageError as error:
            if when_it_fits and error.code in DISK_REFUSES:
                return after
            if before is not None and self._networks.get(network_id) is after:
                self._networks[network_id] = before
            raise
        return after

    async def pay(self) -> None:
        """Write what is owed; where the disk has no room, later."""
        with contextlib.suppress(StorageError):
            for network_id in tuple(self._owed):
                await self._write(network_id)

    async def _write(self, network_id: str) -> None:
        """As it is by then: containers of one project start side by side, and their changes share a row."""
        async with self._writing:
            if network_id not in self._owed:
                return
            self._owed.discard(network_id)
            if network_id in self._networks:
                try:
                    await self._save(self._networks[network_id])
                except StorageError:
                    self._owed.add(network_id)
                    raise

    async def _save(self, network: Network) -> None:
        await self._database.execute(
            "INSERT INTO networks(id, name, body) VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE SET body = excluded.body",
            (network.id, network.name, msgspec.json.encode(_row(network))),
        )

    # --- the default network ---

    async def choose_default(self) -> None:
        """Its addresses: kept while they lead nowhere else, or while somebody has one."""
        network = self.find(DEFAULT)
        if network.members or (network.subnet and not routes.overlapping(network.subnet)):
            return
        others = [each for each in self.subnets() if str(each) != network.subnet]
        subnet = default_subnet(others, routes.host_networks())
        if subnet != network.subnet:
            gateway = str(ipaddress.IPv4Network(subnet)[1])
            await self.change(network.id, lambda now: msgspec.structs.replace(now, subnet=subnet, gateway=gateway))

    def adopt_members(self) -> None:
        """Of the default network: those that run, with the addresses their own rows say."""
        network = self.find(DEFAULT)
        if not network.subnet:
            return
        subnet = ipaddress.ip_network(network.subnet)
        known = {each.container_id for each in network.members}
        members = [
            NetworkMember(
                container_id=each.id, name=each.name, ip_address=each.ip_address, mac_address=mac_of(each.ip_address)
            )
            for each in self.containers()
            if each.spec.network == DEFAULT
            and not is_pod_key(each.id)
            and each.id not in known
            and each.ip_address
            and ipaddress.ip_address(each.ip_address) in subnet
        ]
        self._networks[network.id] = msgspec.structs.replace(network, members=(*network.members, *members))

    # --- telling ---

    def shown(self, network: Network) -> Network:
        if network.builtin and network.name != DEFAULT:
            members = tuple(
                NetworkMember(container_id=each.id, name=each.name, ip_address=each.ip_address)
                for each in self.containers()
                if each.spec.network == network.name and each.pid
            )
            return msgspec.structs.replace(network, members=members)
        return network

    def publish_all(self) -> None:
        for network in self:
            self.publish(network)

    def publish(self, network: Network, action: str = "", **attributes: str) -> None:
        event = event_of(action, network, **attributes) if action else None
        self._bus.publish("network", network.id, self.shown(network), event)

    def told_gone(self, network: Network) -> None:
        self._bus.publish("network", network.id, None, event_of("destroy", network))

    def announce(self, action: str, network_id: str, container_id: str) -> None:
        self._bus.announce(event_of(action, self._networks[network_id], container=container_id))


def _row(network: Network) -> Network:
    if not network.builtin:
        return network
    members = tuple(each for each in network.members if each.is_beside or is_pod_key(each.container_id))
    return msgspec.structs.replace(network, members=members)


def must_be_ours(network: Network) -> None:
    if network.builtin:
        name = shown_network(network.name)
        raise Conflict(f"“{name}” is built in", "It cannot be changed, nor joined beside another.", subject=network.id)


def event_of(action: str, network: Network, **attributes: str) -> Event:
    return Event(
        time_ns=time.time_ns(),
        kind="network",
        action=action,
        id=network.id,
        name=network.name,
        attributes={"name": network.name, "type": network.driver} | attributes,
    )
