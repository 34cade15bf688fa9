"""The networks room as the facade shows it, and what the containers room asks of it.

Every container with a network of its own has a namespace and a pasta: its way out and its published ports. A named
network is one more namespace with a bridge in it; a member gets a second interface there, so members reach each other
directly and nothing needs address translation. A container's recipe names the network it was made for; those it was
connected to besides are kept here and joined at each start.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Code, Conflict, InvalidRequest, NotFound, StorageError, Unsupported
from engine.networks import ports as host_ports
from engine.networks.attachment import NetworkAttachments, host_address
from engine.networks.bridge import Bridge, mtu_of
from engine.networks.membership import (
    added,
    brought_down,
    brought_up,
    entry_of,
    has_members_up,
    renamed,
    without_member,
)
from engine.recipe.networks import is_shared
from engine.types.data import ANY_LABELS, Freed, now
from engine.types.events import Event
from engine.types.networks import CreateNetwork, HostPort, Network, NetworkMember

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from engine.events.bus import EventBus
    from engine.networks.member import Member
    from engine.sandbox.client import Keeper
    from engine.state.database import Database
    from engine.storage.paths import Paths
    from engine.types.containers import Container, PortMapping
    from engine.types.data import LabelRule

_BUILTIN = {"pasta": "pasta", "host": "host", "none": "null"}
_PREDEFINED = frozenset({*_BUILTIN, "bridge", "default", "container"})
"""Names that mean something in the place of a network's; Docker's words for the containers' own one are among them."""
_LINKS = "io.wherry.links"
"""The label of the network that linked containers share."""
_POOL = ipaddress.ip_network("10.89.0.0/16")


class NetworkService:
    """Implements `engine.facade.Networks`."""

    def __init__(self, *, paths: Paths, keeper: Keeper, database: Database, bus: EventBus) -> None:
        self._database = database
        self._bus = bus
        self._bridge = Bridge(paths, keeper)
        self.attachments = NetworkAttachments(paths, keeper)
        self._networks: dict[str, Network] = {}
        self._changing = asyncio.Lock()
        """Held from reading a network until its row is written: containers of one project start side by side."""
        self._owed: set[str] = set()
        """Whose rows say less than is true, because the disk was full."""
        self._containers: Callable[[], Iterable[Container]] = _nobody
        self._on_neighbours: Callable[[str], None] = lambda container_id: None
        self._on_moved: Callable[[str, str, tuple[str, ...]], Awaitable[None]] = _unmoved

    async def open(self) -> None:
        for (body,) in await self._database.fetch("SELECT body FROM networks"):
            network = msgspec.json.decode(body, type=Network)
            self._networks[network.id] = network
        for name, driver in _BUILTIN.items():
            network_id = f"{name:0<64}".encode().hex()[:64]
            self._networks[network_id] = Network(id=network_id, name=name, driver=driver, created=now(), builtin=True)

    def connect_containers(
        self,
        containers: Callable[[], Iterable[Container]],
        on_neighbours: Callable[[str], None],
        on_moved: Callable[[str, str, tuple[str, ...]], Awaitable[None]],
    ) -> None:
        """`containers` lists all; `on_neighbours(id)` is told when a running member's neighbours changed;
        `on_moved(id, network, aliases)` writes into a recipe that the container's own network is another now."""
        self._containers = containers
        self._on_neighbours = on_neighbours
        self._on_moved = on_moved

    def publish_all(self) -> None:
        for network in self._networks.values():
            self._publish(network)

    async def close(self) -> None:
        await self.attachments.close()

    # --- facade ---

    async def list(self) -> Sequence[Network]:
        return [self._shown(network) for network in self._networks.values()]

    async def get(self, network: str) -> Network:
        return self._shown(self._find(network))

    async def create(self, request: CreateNetwork) -> Network:
        if request.driver not in ("bridge", ""):
            raise Unsupported(f"There is no network driver “{request.driver}”", hint="Use “bridge”.")
        if request.name in _PREDEFINED:
            raise InvalidRequest(
                f"A network cannot be called “{request.name}”",
                "Given as a container's network, that word means another thing.",
                code=Code.FORBIDDEN,
                subject=request.name,
            )
        if not request.name or any(network.name == request.name for network in self._networks.values()):
            raise Conflict(
                f"There is a network “{request.name}” already" if request.name else "A network needs a name",
                code=Code.NAME_TAKEN if request.name else Code.INVALID,
                subject=request.name,
                docker=f"network with name {request.name} already exists" if request.name else "",
            )
        mtu_of(request.options)
        subnet = self._subnet(request.subnet)
        _check_gateway(request.gateway, subnet)
        network = Network(
            id=secrets.token_hex(32),
            name=request.name,
            driver="bridge",
            created=now(),
            subnet=str(subnet),
            gateway=request.gateway or str(subnet[1]),
            internal=request.internal,
            labels=request.labels,
            options=request.options,
        )
        await self._save(network)
        self._publish(network, "create")
        return self._shown(network)

    async def remove(self, network: str) -> None:
        found = self._find(network)
        self._must_be_ours(found)
        users = [each.name for each in self._members(found)]
        if users:
            raise Conflict(
                f"The network “{found.name}” is in use",
                f"By: {', '.join(users)}.",
                code=Code.IN_USE,
                hint="Remove these containers first, or take them out of the network.",
                subject=found.id,
                docker=f"error while removing network: network {found.name} has active endpoints ({', '.join(users)})",
            )
        await self._database.execute("DELETE FROM networks WHERE id = ?", (found.id,))
        del self._networks[found.id]
        await self._bridge.remove(found)
        self._bus.publish("network", found.id, None, _event("destroy", found))

    async def prune(self, *, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Freed:
        gone: list[str] = []
        for network in tuple(self._networks.values()):
            is_young = until_ns and network.created.timestamp() * 1e9 > until_ns
            if network.builtin or is_young or self._members(network):
                continue
            if labels.allows(network.labels):
                await self.remove(network.id)
                gone.append(network.name)
        return Freed(ids=tuple(gone))

    async def connect(self, network: str, container: str, *, aliases: Sequence[str] = ()) -> None:
        """One more network for a container. A running one gets an interface at once, any other at its next start."""
        found, target = self._find(network), self._container(container)
        own = target.spec.network
        if entry_of(found, target.id) is not None or self._is_own(found, target):
            raise Conflict(f"“{target.name}” is in this network already", subject=target.id)
        if own == "none" and not target.pid:
            await self._on_moved(target.id, found.name, tuple(aliases))
            return
        self._must_be_ours(found)
        if own in ("host", "none") or is_shared(own):
            raise Conflict(
                f"“{target.name}” has no network of its own",
                "It was made to use the host's, another container's or none.",
                hint="Make it again with a network.",
                subject=target.id,
            )
        is_up = self.namespace(target.id).exists()
        joined = await self._change(
            found.id, lambda now: added(now, target.id, target.name, tuple(aliases), is_up=is_up)
        )
        try:
            if is_up:
                await self._bridge.join(joined, self.namespace(target.id), _address(joined, target.id))
        except BaseException:
            await self._change(found.id, lambda now: without_member(now, target.id))
            raise
        self._publish(self._networks[found.id], "connect", container=target.id)
        self._neighbours_changed(found.id)

    async def disconnect(self, network: str, container: str, *, force: bool = False) -> None:
        found, target = self._find(network), self._container(container)
        entry = entry_of(found, target.id)
        if entry is None and not self._is_own(found, target):
            raise NotFound(
                f"The container “{target.name}” is not in the network “{found.name}”",
                subject=target.id,
                docker=f"container {target.id} is not connected to network {found.name}",
            )
        if found.builtin and (found.name != "pasta" or target.pid):
            raise Conflict(
                f"“{target.name}” cannot leave “{found.name}” now",
                "It runs, and that is its way to the host." if target.pid else "It is no network one can leave.",
                hint="Stop it first." if target.pid else "",
                subject=target.id,
            )
        if entry is not None and entry.ip_address:
            await self._bridge.leave(self.namespace(target.id), entry.ip_address)
        if not found.builtin:
            await self._change(found.id, lambda now: without_member(now, target.id))
        if self._is_own(found, target):
            await self._move_elsewhere(target)
        self._publish(self._networks[found.id], "disconnect", container=target.id)
        if not found.builtin:
            self._neighbours_changed(found.id)
            self._on_neighbours(target.id)
            await self._rest(found.id)

    async def _move_elsewhere(self, target: Container) -> None:
        """Its own network is left: the next it is in takes that place, so that the next start does not join again."""
        for network in self._networks.values():
            entry = entry_of(network, target.id)
            if entry is not None:
                await self._on_moved(target.id, network.name, entry.aliases)
                return
        # While it runs its way out stays, with what is published.
        await self._on_moved(target.id, "pasta" if self.attachments.running(target.id) else "none", ())

    async def host_ports(self) -> Sequence[HostPort]:
        listeners = host_ports.listeners()
        owners = host_ports.owners(each.inode for each in listeners)
        published = self._published()
        found: dict[tuple[str, str, int], HostPort] = {}
        for each in listeners:
            owner = owners.get(each.inode)
            container_id, container_port = published.get((each.protocol, each.port), ("", 0))
            found[(each.protocol, each.address, each.port)] = HostPort(
                port=each.port,
                protocol=each.protocol,
                address=each.address,
                container_id=container_id,
                container_port=container_port,
                pid=owner.pid if owner else 0,
                process=owner.name if owner else "",
            )
        return sorted(found.values(), key=lambda port: (port.port, port.protocol, port.address))

    # --- for the containers room ---

    async def link(self, container: str, other: str) -> None:
        """Bring two of the default network together on the one more network that all linked ones share."""
        network = next((each for each in self._networks.values() if _LINKS in each.labels), None)
        if network is None:
            self._bridge.check()
            taken = {each.name for each in self._networks.values()}
            name = next(name for name in _link_names() if name not in taken)
            network = await self.create(CreateNetwork(name=name, internal=True, labels={_LINKS: ""}))
        for each in (container, other):
            if entry_of(self._networks[network.id], each) is None and not self._is_own(network, self._container(each)):
                await self.connect(network.id, each)

    def check_named(self, name: str) -> None:
        found = self._find(name)
        if not found.builtin:
            self._bridge.check()

    def name_of(self, network: str) -> str:
        """The name of a network given by name or id: recipes hold names."""
        return network if is_shared(network) else self._find(network).name

    def namespace(self, key: str) -> Path:
        return self.attachments.namespace(key)

    async def attach(self, member: Member, ports: Sequence[PortMapping], *, host_gateway: bool = False) -> int:
        """Give a namespace its way out and its neighbours; the pid of pasta, 0 where there is none."""
        pid = 0
        networks = self._networks_of(member)
        if not member.is_named or not all(network.internal for network in networks):
            pid = await self._way_out(member, ports, host_gateway=host_gateway)
        for network_id in [network.id for network in networks]:
            network = self._networks[network_id]  # as it is now: others may have joined meanwhile
            address = _address(network, member.container_id)
            await self._bridge.join(network, self.namespace(member.container_id), address)
            self._neighbours_changed(network.id)
        return pid

    async def reconnect(self, member: Member, ports: Sequence[PortMapping], *, host_gateway: bool = False) -> int:
        """Another pasta on the same namespace: after a loss, or with other ports. Processes inside notice a gap."""
        await self.attachments.disconnect(member.container_id)
        return await self._way_out(member, ports, host_gateway=host_gateway)

    async def _way_out(self, member: Member, ports: Sequence[PortMapping], *, host_gateway: bool) -> int:
        attached = await self.attachments.connect(
            member.container_id, ports, host_gateway=host_gateway, own_dns=member.own_dns
        )
        return attached.pasta_pid

    def tell_joined(self, member: Member) -> None:
        """The event of a start, for each of its networks."""
        self._tell("connect", member)

    def tell_left(self, member: Member) -> None:
        self._tell("disconnect", member)

    def _tell(self, action: str, member: Member) -> None:
        names = {network.id for network in self._networks_of(member)}
        if not names and not is_shared(member.network):
            names = {self._find(member.network).id}
        for network_id in names:
            self._bus.announce(_event(action, self._networks[network_id], container=member.container_id))

    async def detach(self, member: Member, *, behind: bool = False) -> None:
        """The namespace goes, and with it every interface in it; `behind`, without waiting for the kernel."""
        await self.attachments.remove(member.container_id, behind=behind)
        for network in self._with_entry(member.container_id):
            down = partial(brought_down, container_id=member.container_id, stays=network.name != member.network)
            await self._leave(network.id, down)

    async def forget(self, container_id: str) -> None:
        """The container is removed: nothing waits for its next start."""
        for network in self._with_entry(container_id):
            await self._leave(network.id, lambda now: without_member(now, container_id))

    async def renamed(self, container_id: str, name: str) -> None:
        """Neighbours find it by its new name."""
        for network in self._with_entry(container_id):
            await self._change(network.id, lambda now: renamed(now, container_id, name))
            self._publish(self._networks[network.id])
            self._neighbours_changed(network.id)

    async def _leave(self, network_id: str, change: Callable[[Network], Network]) -> None:
        await self._change(network_id, change, when_it_fits=True)
        self._publish(self._networks[network_id])
        self._neighbours_changed(network_id)
        await self._rest(network_id)

    def is_in_use(self, key: str) -> bool:
        """Whether a namespace is that of a network somebody is in."""
        return any(has_members_up(network) and self._bridge.key(network) == key for network in self._networks.values())

    async def _rest(self, network_id: str) -> None:
        """A network nobody is in needs no namespace."""
        network = self._networks[network_id]
        await self._bridge.remove(network, unless=lambda: has_members_up(self._networks[network_id]))

    async def reserve(self, member: Member) -> None:
        """An address in each of its networks, for the coming run."""
        for network in self._networks_of(member):
            await self._change(network.id, lambda now: brought_up(now, member))
            self._publish(self._networks[network.id])

    def address(self, member: Member) -> str:
        if member.network == "none":
            return ""
        if not member.is_named:
            return host_address()
        return _address(self._find(member.network), member.container_id)

    def neighbours(self, member: Member) -> Sequence[tuple[str, Sequence[str]]]:
        """Addresses and names of those this container can reach by name."""
        return [
            (each.ip_address, (each.name, each.container_id[:12], *each.aliases))
            for network in self._with_entry(member.container_id)
            for each in network.members
            if each.container_id != member.container_id and each.ip_address
        ]

    # --- inside ---

    def _find(self, wanted: str) -> Network:
        wanted = "pasta" if wanted in ("default", "bridge") else "none" if wanted == "null" else wanted
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

    def _must_be_ours(self, network: Network) -> None:
        if network.builtin:
            raise Conflict(f"“{network.name}” is built in", "It cannot be changed.", subject=network.id)

    def _container(self, wanted: str) -> Container:
        for container in self._containers():
            if wanted in (container.name, container.id) or (wanted and container.id.startswith(wanted)):
                return container
        raise NotFound(f"No such container: {wanted}", subject=wanted)

    def _is_own(self, network: Network, container: Container) -> bool:
        """Whether it is the network the container's recipe names."""
        return container.spec.network in (network.name, network.id)

    def _with_entry(self, container_id: str) -> Sequence[Network]:
        return [network for network in self._networks.values() if entry_of(network, container_id) is not None]

    def _networks_of(self, member: Member) -> Sequence[Network]:
        """The named networks of a container: its own first, then those it was connected to."""
        own = [self._find(member.network)] if member.is_named else []
        return own + [network for network in self._with_entry(member.container_id) if network not in own]

    def _subnet(self, wanted: str) -> ipaddress.IPv4Network:
        taken = [ipaddress.IPv4Network(network.subnet) for network in self._networks.values() if network.subnet]
        if wanted:
            try:
                subnet = ipaddress.IPv4Network(wanted)
            except ValueError:
                raise _no_subnet(wanted) from None
            if any(subnet.overlaps(other) for other in taken):
                raise Conflict(f"The subnet {subnet} overlaps with another network's", code=Code.IN_USE)
            return subnet
        for candidate in ipaddress.IPv4Network(_POOL).subnets(new_prefix=24):
            if not any(candidate.overlaps(other) for other in taken):
                return candidate
        raise Conflict("There is no subnet left", hint="Remove networks nobody uses.")

    def _members(self, network: Network) -> tuple[Container, ...]:
        """Containers made for a network, running or not, and those that joined it."""
        joined = {each.container_id for each in network.members}
        return tuple(each for each in self._containers() if each.spec.network == network.name or each.id in joined)

    def _published(self) -> dict[tuple[str, int], tuple[str, int]]:
        return {
            (port.protocol, port.host_port): (container.id, port.container_port)
            for container in self._containers()
            if container.pid
            for port in container.ports
        }

    def _neighbours_changed(self, network_id: str) -> None:
        for each in self._networks[network_id].members:
            self._on_neighbours(each.container_id)

    async def _change(
        self, network_id: str, change: Callable[[Network], Network], *, when_it_fits: bool = False
    ) -> Network:
        """Change a network from what it is now, not from what it was before somebody else's change. What has happened
        (a member ended or went) is true `when_it_fits` the disk or not; its row follows when there is room (`pay`)."""
        async with self._changing:
            before = self._networks.get(network_id)
            if before is None:
                raise NotFound("The network is gone", subject=network_id)
            after = change(before)
            if after != before:
                try:
                    await self._save(after)
                except StorageError as error:
                    if not when_it_fits or error.code is not Code.DISK_FULL:
                        raise
                    self._networks[after.id] = after
                    self._owed.add(after.id)
            return after

    async def pay(self) -> None:
        """Write what the disk had no room for."""
        for network_id in tuple(self._owed):
            async with self._changing:
                self._owed.discard(network_id)
                if network_id in self._networks:
                    try:
                        await self._save(self._networks[network_id])
                    except StorageError:
                        self._owed.add(network_id)
                        return

    async def _save(self, network: Network) -> None:
        await self._database.execute(
            "INSERT INTO networks(id, name, body) VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE SET body = excluded.body",
            (network.id, network.name, msgspec.json.encode(network)),
        )
        self._networks[network.id] = network

    def _publish(self, network: Network, action: str = "", **attributes: str) -> None:
        event = _event(action, network, **attributes) if action else None
        self._bus.publish("network", network.id, self._shown(network), event)

    def _shown(self, network: Network) -> Network:
        if not network.builtin:
            return network
        members = tuple(
            NetworkMember(container_id=each.id, name=each.name, ip_address=each.ip_address)
            for each in self._containers()
            if each.spec.network == network.name and each.pid
        )
        return msgspec.structs.replace(network, members=members)


def _link_names() -> Iterator[str]:
    yield "links"
    yield from (f"links-{number}" for number in itertools.count(2))


def _no_subnet(wanted: str) -> InvalidRequest:
    try:
        reason = f"it should be {ipaddress.IPv4Network(wanted, strict=False)}"
    except ValueError:
        reason = "invalid CIDR block notation"
    return InvalidRequest(
        f"“{wanted}” is no subnet",
        hint="Write it like 10.89.4.0/24.",
        docker=f"invalid network config:\ninvalid subnet {wanted}: {reason}",
    )


def _check_gateway(gateway: str, subnet: ipaddress.IPv4Network) -> None:
    if not gateway:
        return
    try:
        inside = ipaddress.ip_address(gateway) in subnet
    except ValueError:
        inside = False
    if not inside:
        raise InvalidRequest(
            f"“{gateway}” is no address in {subnet}",
            "A network's gateway is one of its own addresses.",
            subject=gateway,
            docker=f"invalid network config:\ninvalid gateway {gateway}: "
            f"parent subnet {subnet} doesn't contain this address",
        )


def _nobody() -> tuple[Container, ...]:
    return ()


async def _unmoved(container_id: str, network: str, aliases: tuple[str, ...]) -> None:
    return None


def _address(network: Network, container_id: str) -> str:
    entry = entry_of(network, container_id)
    return entry.ip_address if entry is not None else ""


def _event(action: str, network: Network, **attributes: str) -> Event:
    return Event(
        time_ns=time.time_ns(),
        kind="network",
        action=action,
        id=network.id,
        name=network.name,
        attributes={"name": network.name, "type": network.driver} | attributes,
    )
