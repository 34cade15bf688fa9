"""The networks room as the facade shows it, and what the containers room asks of it.

Every container with a network of its own has a namespace and a pasta: its way out and its published ports. A named
network is one more namespace with a bridge in it; a member gets a second interface there, so members reach each other
directly and nothing needs address translation.
"""

from __future__ import annotations

import ipaddress
import secrets
import time
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Code, Conflict, InvalidRequest, NotFound, Unsupported
from engine.networks import ports as host_ports
from engine.networks.attachment import NetworkAttachments, host_address
from engine.networks.bridge import Bridge
from engine.networks.member import Member
from engine.types.data import Freed, now
from engine.types.events import Event
from engine.types.networks import CreateNetwork, HostPort, Network, NetworkMember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from engine.events.bus import EventBus
    from engine.sandbox.client import Keeper
    from engine.state.database import Database
    from engine.storage.paths import Paths
    from engine.types.containers import Container, PortMapping

_BUILTIN = {"pasta": "pasta", "host": "host", "none": "null"}
_POOL = ipaddress.ip_network("10.89.0.0/16")


class NetworkService:
    """Implements `engine.facade.Networks`."""

    def __init__(self, *, paths: Paths, keeper: Keeper, database: Database, bus: EventBus) -> None:
        self._database = database
        self._bus = bus
        self._bridge = Bridge(paths, keeper)
        self.attachments = NetworkAttachments(paths, keeper)
        self._networks: dict[str, Network] = {}
        self._containers: Callable[[], Iterable[Container]] = _nobody
        self._on_neighbours: Callable[[str], None] = lambda container_id: None

    async def open(self) -> None:
        for (body,) in await self._database.fetch("SELECT body FROM networks"):
            network = msgspec.json.decode(body, type=Network)
            self._networks[network.id] = network
        for name, driver in _BUILTIN.items():
            network_id = f"{name:0<64}".encode().hex()[:64]
            self._networks[network_id] = Network(id=network_id, name=name, driver=driver, created=now(), builtin=True)

    def connect_containers(
        self, containers: Callable[[], Iterable[Container]], on_neighbours: Callable[[str], None]
    ) -> None:
        """`containers` lists all; `on_neighbours(id)` is told when a running member's neighbours changed."""
        self._containers = containers
        self._on_neighbours = on_neighbours

    def publish_all(self) -> None:
        for network in self._networks.values():
            self._publish(network)

    async def close(self) -> None:
        self.attachments.close()

    # --- facade ---

    async def list(self) -> Sequence[Network]:
        return [self._shown(network) for network in self._networks.values()]

    async def get(self, network: str) -> Network:
        return self._shown(self._find(network))

    async def create(self, request: CreateNetwork) -> Network:
        if request.driver not in ("bridge", ""):
            raise Unsupported(f"There is no network driver “{request.driver}”", hint="Use “bridge”.")
        if not request.name or any(network.name == request.name for network in self._networks.values()):
            raise Conflict(
                f"There is a network “{request.name}” already" if request.name else "A network needs a name",
                code=Code.NAME_TAKEN if request.name else Code.INVALID,
                subject=request.name,
            )
        subnet = self._subnet(request.subnet)
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
            )
        await self._database.execute("DELETE FROM networks WHERE id = ?", (found.id,))
        del self._networks[found.id]
        await self._bridge.remove(found)
        self._bus.publish("network", found.id, None, _event("destroy", found))

    async def prune(self, *, labels: dict[str, str] | None = None) -> Freed:
        gone: list[str] = []
        for network in tuple(self._networks.values()):
            if network.builtin or self._members(network):
                continue
            if all(network.labels.get(key) == value for key, value in (labels or {}).items()):
                await self.remove(network.id)
                gone.append(network.name)
        return Freed(ids=tuple(gone))

    async def connect(self, network: str, container: str, *, aliases: Sequence[str] = ()) -> None:
        """A second network for a running container: one more interface, gone with its end."""
        found = self._find(network)
        self._must_be_ours(found)
        member = self._running_member(container, found, tuple(aliases))
        address = self._pick_address(found)
        slot = self._slot(member)
        await self._save(_with_member(found, member, address))
        try:
            namespace = self.attachments.namespace(member.container_id)
            await self._bridge.join(self._networks[found.id], namespace, address, slot)
        except BaseException:
            await self._save(found)
            raise
        self._publish(self._networks[found.id], "connect", container=member.container_id)
        self._neighbours_changed(found.id)

    async def disconnect(self, network: str, container: str, *, force: bool = False) -> None:
        found = self._find(network)
        self._must_be_ours(found)
        known = {each.name: each for each in found.members} | {each.container_id: each for each in found.members}
        member = known.get(container) or next(
            (each for each in found.members if each.container_id.startswith(container)), None
        )
        if member is None:
            raise NotFound(f"The container “{container}” is not in the network “{found.name}”", subject=container)
        await self._bridge.leave(self.attachments.namespace(member.container_id), member.ip_address)
        await self._save(_without_member(found, member.container_id))
        self._publish(self._networks[found.id], "disconnect", container=member.container_id)
        self._neighbours_changed(found.id)
        self._on_neighbours(member.container_id)
        await self._rest(found.id)

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

    def check_named(self, name: str) -> None:
        found = self._find(name)
        if not found.builtin:
            self._bridge.check()

    def namespace(self, key: str) -> Path:
        return self.attachments.namespace(key)

    async def attach(self, member: Member, ports: Sequence[PortMapping], *, host_gateway: bool = False) -> int:
        """Give a namespace its way out and its neighbours; the pid of pasta, 0 where there is none."""
        pid = 0
        found = self._find(member.network) if member.is_named else None
        if found is None or not found.internal:
            pid = (await self.attachments.connect(member.container_id, ports, host_gateway=host_gateway)).pasta_pid
        if found is not None:
            address = self.address(member)
            await self._bridge.join(found, self.namespace(member.container_id), address, 0)
            self._neighbours_changed(found.id)
        return pid

    async def reconnect(self, member: Member, ports: Sequence[PortMapping], *, host_gateway: bool = False) -> int:
        """Another pasta on the same namespace: after a loss, or with other ports. Processes inside notice a gap."""
        await self.attachments.disconnect(member.container_id)
        return (await self.attachments.connect(member.container_id, ports, host_gateway=host_gateway)).pasta_pid

    async def detach(self, member: Member) -> None:
        """The namespace goes, and with it every interface in it."""
        await self.attachments.remove(member.container_id)
        for network in tuple(self._networks.values()):
            if any(each.container_id == member.container_id for each in network.members):
                await self._save(_without_member(network, member.container_id))
                self._publish(self._networks[network.id])
                self._neighbours_changed(network.id)
                await self._rest(network.id)

    def is_in_use(self, key: str) -> bool:
        """Whether a namespace is that of a network somebody is in."""
        return any(network.members and self._bridge.key(network) == key for network in self._networks.values())

    async def _rest(self, network_id: str) -> None:
        """A network nobody is in needs no namespace."""
        if not self._networks[network_id].members:
            await self._bridge.remove(self._networks[network_id])

    async def reserve(self, member: Member) -> None:
        """An address in a named network, for the coming run."""
        if not member.is_named:
            return
        found = self._find(member.network)
        if not any(each.container_id == member.container_id for each in found.members):
            await self._save(_with_member(found, member, self._pick_address(found)))
            self._publish(self._networks[found.id])

    def address(self, member: Member) -> str:
        if member.network == "none":
            return ""
        if not member.is_named:
            return host_address()
        found = self._find(member.network)
        return next((each.ip_address for each in found.members if each.container_id == member.container_id), "")

    def neighbours(self, member: Member) -> Sequence[tuple[str, Sequence[str]]]:
        """Addresses and names of those this container can reach by name."""
        return [
            (each.ip_address, (each.name, each.container_id[:12], *each.aliases))
            for network in self._networks.values()
            if any(one.container_id == member.container_id for one in network.members)
            for each in network.members
            if each.container_id != member.container_id
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
        raise NotFound(f"No such network: {wanted}", hint=f"Make it: wherry network create {wanted}", subject=wanted)

    def _must_be_ours(self, network: Network) -> None:
        if network.builtin:
            raise Conflict(f"“{network.name}” is built in", "It cannot be changed.", subject=network.id)

    def _running_member(self, wanted: str, network: Network, aliases: tuple[str, ...]) -> Member:
        for container in self._containers():
            if wanted in (container.name, container.id) or container.id.startswith(wanted):
                if any(each.container_id == container.id for each in network.members):
                    raise Conflict(f"“{container.name}” is in this network already", subject=container.id)
                if not self.namespace(container.id).exists() or container.spec.network in ("host", "none"):
                    raise Conflict(
                        f"“{container.name}” has no network of its own now", "It must run, and not use the host's."
                    )
                return Member(container_id=container.id, name=container.name, network=network.name, aliases=aliases)
        raise NotFound(f"No such container: {wanted}", subject=wanted)

    def _slot(self, member: Member) -> int:
        """Which interface number is free in a member's namespace."""
        return sum(
            any(each.container_id == member.container_id for each in network.members)
            for network in self._networks.values()
        )

    def _subnet(self, wanted: str) -> ipaddress.IPv4Network:
        taken = [ipaddress.IPv4Network(network.subnet) for network in self._networks.values() if network.subnet]
        if wanted:
            try:
                subnet = ipaddress.IPv4Network(wanted)
            except ValueError:
                raise InvalidRequest(f"“{wanted}” is no subnet", hint="Write it like 10.89.4.0/24.") from None
            if any(subnet.overlaps(other) for other in taken):
                raise Conflict(f"The subnet {subnet} overlaps with another network's", code=Code.IN_USE)
            return subnet
        for candidate in ipaddress.IPv4Network(_POOL).subnets(new_prefix=24):
            if not any(candidate.overlaps(other) for other in taken):
                return candidate
        raise Conflict("There is no subnet left", hint="Remove networks nobody uses.")

    def _pick_address(self, network: Network) -> str:
        taken = {each.ip_address for each in network.members} | {network.gateway}
        for candidate in ipaddress.IPv4Network(network.subnet).hosts():
            if str(candidate) not in taken:
                return str(candidate)
        raise Conflict(f"The network “{network.name}” is full", subject=network.id)

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


def _nobody() -> tuple[Container, ...]:
    return ()


def _with_member(network: Network, member: Member, address: str) -> Network:
    entry = NetworkMember(
        container_id=member.container_id,
        name=member.name,
        ip_address=address,
        aliases=tuple(name for name in member.host_names if name not in (member.name, member.container_id[:12])),
    )
    return msgspec.structs.replace(network, members=(*network.members, entry))


def _without_member(network: Network, container_id: str) -> Network:
    rest = tuple(each for each in network.members if each.container_id != container_id)
    return msgspec.structs.replace(network, members=rest)


def _event(action: str, network: Network, **attributes: str) -> Event:
    return Event(
        time_ns=time.time_ns(),
        kind="network",
        action=action,
        id=network.id,
        name=network.name,
        attributes={"name": network.name, "type": network.driver} | attributes,
    )
