"""The networks room as the facade shows it, and what the containers room asks of it.

Every container with a network of its own has a namespace and a pasta: its way out and its published ports. A network is
one more namespace with a bridge in it; a member gets a second interface there, so members reach each other directly and
nothing needs address translation. The default network is one too, whose members have no names. A container's recipe
names the network it was made for; those it was connected to besides are kept here and joined at each start.
"""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Code, Conflict, InvalidRequest, NotFound, RuntimeFailure
from engine.networks.host import ports as host_ports
from engine.networks.host import routes
from engine.networks.known.addresses import canonical, check_asked, check_driver, keeps_apart, mtu_of, planned
from engine.networks.known.membership import (
    added,
    brought_down,
    brought_up,
    entry_of,
    has_members_up,
    renamed,
    without_member,
)
from engine.networks.known.register import DEFAULT, PREDEFINED, NetworkRegister, must_be_ours
from engine.networks.limits import egress, filtering
from engine.networks.look.watching import Watching
from engine.networks.look.way import Way
from engine.networks.neighbours.bridge import Bridge
from engine.networks.neighbours.names_document import document, link_of
from engine.networks.neighbours.names_process import NamesProcess
from engine.networks.way_out.attachment import NetworkAttachments, host_address
from engine.operations.together import both
from engine.processes.ask import ask
from engine.recipe.networks import is_shared
from engine.types.data import ANY_LABELS, Freed, now
from engine.types.networks import CreateNetwork, Endpoint, HostPort, NameQuestion, Network, Peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from pathlib import Path
    from typing import Any

    from engine.events.bus import EventBus
    from engine.networks.follower import NetworkFollower
    from engine.networks.known.member import Member
    from engine.sandbox.client import Keeper
    from engine.state.database import Database
    from engine.storage.paths import Paths
    from engine.types.containers import Container, PortMapping
    from engine.types.data import LabelRule
    from engine.types.reach import Reach

_NOTHING_ASKED = Endpoint()


class NetworkService:
    """Implements `engine.facade.Networks`."""

    def __init__(
        self,
        *,
        paths: Paths,
        keeper: Keeper,
        database: Database,
        bus: EventBus,
        containers: Callable[[], Iterable[Container]],
    ) -> None:
        """`containers` lists all, and the pods as if each were one."""
        self._register = NetworkRegister(database, bus, containers)
        self._keeper = keeper
        self._bridge = Bridge(paths, keeper)
        self._names = NamesProcess(paths, keeper, self._document)
        self._followers: list[NetworkFollower] = []
        self.attachments = NetworkAttachments(paths, keeper, self._lost)
        self._watching = Watching(self._register, self._names, keeper, self.namespace)
        self.attachments.before_removal = self._watching.forget
        self._without_filter: list[str] | None = None
        """What is said of a list where the kernel has no packet filter; None until somebody makes one."""
        self._relayed: dict[str, list[PortMapping]] = {}
        """By container, published datagrams that the names server takes from the host's loopback."""

    async def open(self) -> None:
        await self._register.open()
        self._register.adopt_members()

    def follow(self, follower: NetworkFollower) -> None:
        """From now on it is told what happens to the networks of those that run. What was lost before that is found by
        its look through everything."""
        self._followers.append(follower)

    def _lost(self, key: str) -> None:
        for follower in self._followers:
            follower.network_lost(key)

    def _tell_neighbours(self, key: str) -> None:
        for follower in self._followers:
            follower.neighbours_changed(key)

    async def _tell_moved(self, container_id: str, network: str, asked: Endpoint) -> None:
        for follower in self._followers:
            await follower.network_moved(container_id, network, asked)

    def publish_all(self) -> None:
        self._register.publish_all()
        for each in self._register.containers():
            if each.pid:
                self._note_relayed(each.id, each.ports)
        self._names.tell_soon()

    async def close(self) -> None:
        self._watching.close()
        await self._names.close()
        await self._rest(self._register.find(DEFAULT).id, for_now=False)
        await self.attachments.close()

    # --- facade ---

    async def list(self) -> Sequence[Network]:
        return [self._register.shown(network) for network in self._register]

    async def get(self, network: str) -> Network:
        return self._register.shown(self._register.find(network))

    async def create(self, request: CreateNetwork) -> Network:
        check_driver(request.driver)
        if request.name in PREDEFINED:
            raise InvalidRequest(
                f"A network cannot be called “{request.name}”",
                "Given as a container's network, that word means another thing.",
                code=Code.FORBIDDEN,
                subject=request.name,
            )
        if not request.name or any(network.name == request.name for network in self._register):
            raise Conflict(
                f"There is a network “{request.name}” already" if request.name else "A network needs a name",
                code=Code.NAME_TAKEN if request.name else Code.INVALID,
                subject=request.name,
                docker=f"network with name {request.name} already exists" if request.name else "",
            )
        mtu_of(request.options)
        egress.of(request.labels, ())
        network = Network(
            id=secrets.token_hex(32),
            name=request.name,
            driver="bridge",
            created=now(),
            internal=request.internal,
            labels=request.labels,
            options=request.options,
        )
        fields = planned(request, self._register.subnets(), routes.host_networks())
        fields["hides"] = routes.overlapping(str(fields["subnet"]), str(fields.get("subnet6", "")))
        network = msgspec.structs.replace(network, **fields)
        await self._register.add(network)
        return network

    async def remove(self, network: str) -> None:
        found = self._register.find(network)
        must_be_ours(found)
        users = [each.name for each in self._register.users(found)]
        if users:
            raise Conflict(
                f"The network “{found.name}” is in use",
                f"By: {', '.join(users)}.",
                code=Code.IN_USE,
                hint="Remove these containers first, or take them out of the network.",
                subject=found.id,
                docker=f"error while removing network: network {found.name} has active endpoints ({', '.join(users)})",
            )
        await self._register.remove(found)
        await self._bridge.remove(found)
        self._register.told_gone(found)

    async def prune(self, *, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Freed:
        gone: list[str] = []
        for network in self._register:
            is_young = until_ns and network.created.timestamp() * 1e9 > until_ns
            if network.builtin or is_young or self._register.users(network):
                continue
            if labels.allows(network.labels):
                await self.remove(network.id)
                gone.append(network.name)
        return Freed(ids=tuple(gone))

    async def connect(
        self, network: str, container: str, *, aliases: Sequence[str] = (), asked: Endpoint | None = None
    ) -> None:
        """One more network for a container. A running one gets an interface at once, any other at its next start."""
        found, target = self._register.find(network), self._register.find_container(container)
        asked = asked or _NOTHING_ASKED
        asked = msgspec.structs.replace(asked, aliases=(*asked.aliases, *aliases))
        own = target.spec.network
        if entry_of(found, target.id) is not None or _is_own(found, target):
            raise Conflict(f"“{target.name}” is in this network already", subject=target.id)
        if own == "none" and not target.pid:
            check_asked(found, asked)
            await self._tell_moved(target.id, found.name, asked)
            return
        if found.name != DEFAULT:
            must_be_ours(found)
        if own in ("host", "none") or is_shared(own):
            raise Conflict(
                f"“{target.name}” has no network of its own",
                "It was made to use the host's, another container's or none.",
                hint="Make it again with a network.",
                subject=target.id,
            )
        check_asked(found, asked)
        if found.name == DEFAULT:
            await self._choose_default()
            found = self._register[found.id]
        is_up = self.namespace(target.id).exists()
        promised = self._promised(found, besides=target.id)
        joined = await self._register.change(
            found.id, lambda now: added(now, target.id, target.name, asked, is_up=is_up, promised=promised)
        )
        try:
            if is_up:
                await self._join(joined, target.id)
                await self._names.tell()
        except BaseException:
            await self._register.change(found.id, lambda now: without_member(now, target.id))
            raise
        self._register.publish(self._register[found.id], "connect", container=target.id)
        self._tell_neighbours(target.id)

    async def disconnect(self, network: str, container: str, *, force: bool = False) -> None:
        found, target = self._register.find(network), self._register.find_container(container)
        entry = entry_of(found, target.id)
        if entry is None and not _is_own(found, target):
            raise NotFound(
                f"The container “{target.name}” is not in the network “{found.name}”",
                subject=target.id,
                docker=f"container {target.id} is not connected to network {found.name}",
            )
        is_beside = entry is not None and entry.is_beside and not _is_own(found, target)
        if found.builtin and not is_beside and (found.name != DEFAULT or target.pid):
            raise Conflict(
                f"“{target.name}” cannot leave “{found.name}” now",
                "It runs, and that is its way to the host." if target.pid else "It is no network one can leave.",
                hint="Stop it first." if target.pid else "",
                subject=target.id,
            )
        if entry is not None and entry.ip_address:
            await self._bridge.leave(found, self.namespace(target.id), entry)
        if not found.builtin or is_beside:
            await self._register.change(found.id, lambda now: without_member(now, target.id))
        if _is_own(found, target):
            await self._move_elsewhere(target)
        self._register.publish(self._register[found.id], "disconnect", container=target.id)
        if not found.builtin or is_beside:
            await self._names.tell()
            self._tell_neighbours(target.id)
            await self._rest(found.id)

    async def _move_elsewhere(self, target: Container) -> None:
        """Its own network is left: the next it is in takes that place, so that the next start does not join again."""
        for network in self._register:
            entry = entry_of(network, target.id)
            if entry is not None and not network.builtin:
                await self._tell_moved(
                    target.id, network.name, msgspec.structs.replace(entry.asked, aliases=entry.aliases)
                )
                return
        # While it runs its way out stays, with what is published.
        running = self.attachments.running(target.id)
        await self._tell_moved(target.id, DEFAULT if running else "none", _NOTHING_ASKED)

    async def host_ports(self) -> Sequence[HostPort]:
        return host_ports.who_listens(self._register.containers())

    def watch_names(self) -> AsyncIterator[Sequence[NameQuestion]]:
        return self._watching.questions()

    def watch_peers(self, container: str = "") -> AsyncIterator[Sequence[Peer]]:
        return self._watching.peers(container)

    async def explain(self, source: str, target: str, port: int = 0) -> Reach:
        find = self._register.find_container
        return await Way(self._keeper, find(source), find(target), tuple(self._register), port).walk()

    # --- for the containers room ---

    def check_named(self, name: str, asked: Endpoint = _NOTHING_ASKED) -> None:
        check_asked(self._register.find(name), asked)

    def name_of(self, network: str) -> str:
        """The name of a network given by name or id: recipes hold names."""
        return network if is_shared(network) else self._register.find(network).name

    def namespace(self, key: str) -> Path:
        return self.attachments.namespace(key)

    async def attach(self, member: Member, ports: Sequence[PortMapping]) -> int:
        """Give a namespace its way out and its neighbours; the pid of pasta, 0 where there is none."""
        networks = self._networks_of(member)
        if networks and all(network.internal for network in networks) and not member.is_isolated:
            await self._join_all(member)
            await self._must_be_guarded(member)
            return 0
        pid, _ = await both(self._way_out(member, ports), self._join_all(member))
        await self._must_be_guarded(member)
        return pid

    async def _join_all(self, member: Member) -> None:
        networks = self._networks_of(member)
        await both(self._join_each([network.id for network in networks], member), self._register.pay())

    async def _join_each(self, network_ids: Sequence[str], member: Member) -> None:
        for network_id in network_ids:
            await self._join(self._register[network_id], member.container_id)  # as it is now: others may have joined
        if any(not self._register[each].builtin for each in network_ids) or self._egress(member) is not None:
            await self._names.tell()
        if member.network == DEFAULT:
            for each in self._register.containers():
                if each.pid and any(link_of(text)[1] == member.name for text in each.spec.links):
                    self._tell_neighbours(each.id)

    async def _join(self, network: Network, container_id: str) -> None:
        entry = entry_of(network, container_id)
        if entry is not None and entry.ip_address:
            await self._bridge.join(network, self.namespace(container_id), entry)

    async def reconnect(self, member: Member, ports: Sequence[PortMapping]) -> int:
        """Another pasta on the same namespace: after a loss, or with other ports. Processes inside notice a gap."""
        await self.attachments.disconnect(member.container_id)
        return await self._way_out(member, ports)

    async def _way_out(self, member: Member, ports: Sequence[PortMapping]) -> int:
        attached = await self.attachments.connect(
            member.container_id,
            ports,
            host_gateway=member.reaches_host,
            own_dns=bool(member.dns),
            # The host's own name for an interface may be the one that is asked for.
            interface="wayout0" if self._asks_for_a_name(member) else "",
        )
        if self._note_relayed(member.container_id, ports):
            await self._names.tell()
        return attached.pasta_pid

    def _asks_for_a_name(self, member: Member) -> bool:
        entries = (entry_of(network, member.container_id) for network in self._networks_of(member))
        return any(entry is not None and entry.asked.interface for entry in entries)

    def _note_relayed(self, key: str, ports: Sequence[PortMapping]) -> bool:
        """Whether that changed something."""
        before = self._relayed.pop(key, [])
        relayed = [port for port in ports if host_ports.is_relayed(port)]
        if relayed:
            self._relayed[key] = relayed
        return relayed != before

    def tell_joined(self, member: Member) -> None:
        """The event of a start, for each of its networks."""
        self._tell("connect", member)

    def tell_left(self, member: Member) -> None:
        self._tell("disconnect", member)

    def _tell(self, action: str, member: Member) -> None:
        ids = {network.id for network in self._networks_of(member)}
        if not ids and not is_shared(member.network):
            ids = {self._register.find(member.network).id}
        for network_id in ids:
            self._register.announce(action, network_id, member.container_id)

    async def detach(self, member: Member, *, behind: bool = False) -> None:
        """The namespace goes, and with it every interface in it; `behind`, without waiting for the kernel."""
        await self.attachments.remove(member.container_id, behind=behind)
        if self._note_relayed(member.container_id, ()):
            self._names.tell_soon()
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
            await self._register.change(network.id, lambda now: renamed(now, container_id, name))
            self._register.publish(self._register[network.id])
        await self._names.tell()

    async def _leave(self, network_id: str, change: Callable[[Network], Network]) -> None:
        await self._register.change(network_id, change, when_it_fits=True)
        self._register.publish(self._register[network_id])
        self._names.tell_soon()
        await self._rest(network_id)

    def is_in_use(self, key: str) -> bool:
        """Whether a namespace is that of a network somebody is in."""
        return any(
            self._bridge.key(network) == key and (has_members_up(network) or self._bridge.is_there(network))
            for network in self._register
        )

    async def _rest(self, network_id: str, *, for_now: bool = True) -> None:
        """A network nobody is in needs no namespace. The default one's waits for the next start while there is an
        engine: making it takes a fifth of one."""
        network = self._register[network_id]
        if network.builtin and for_now:
            return
        await self._bridge.remove(network, unless=lambda: has_members_up(self._register[network_id]))

    async def reserve(self, member: Member) -> None:
        """An address in each of its networks, for the coming run."""
        if member.network == DEFAULT:
            await self._choose_default()
        for network in self._networks_of(member):
            promised = self._promised(network, besides=member.container_id)
            self._register.change_now(network.id, partial(brought_up, member=member, promised=promised))
            self._register.publish(self._register[network.id])

    async def _choose_default(self) -> None:
        before = self._register.find(DEFAULT)
        await self._register.choose_default()
        if before.subnet != self._register.find(DEFAULT).subnet and self._bridge.is_there(before):
            await self._rest(before.id, for_now=False)

    def _promised(self, network: Network, *, besides: str) -> frozenset[str]:
        """Addresses that others have at every start, now or not."""
        asked = [
            (each.spec.ip, each.spec.ip6)
            for each in self._register.containers()
            if (each.spec.ip or each.spec.ip6) and each.spec.network == network.name and each.id != besides
        ]
        asked += [(each.asked.ip, each.asked.ip6) for each in network.members if each.container_id != besides]
        return frozenset(canonical(address) for pair in asked for address in pair if address)

    def address(self, member: Member) -> str:
        if not member.is_bridged:
            return ""
        entry = entry_of(self._register.find(member.network), member.container_id)
        return entry.ip_address if entry is not None else host_address()

    def addresses(self, member: Member) -> Sequence[str]:
        """All it has on its networks, its own network's first."""
        entries = [entry_of(network, member.container_id) for network in self._networks_of(member)]
        return [address for each in entries if each for address in (each.ip_address, each.ip6_address) if address]

    async def warnings(self, container_id: str, network: str) -> Sequence[str]:
        """What somebody should know whose container was made now, and will be another thing tomorrow."""
        if self.is_limited(container_id):
            if self._without_filter is None:
                said = await asyncio.to_thread(filtering.complaint, ask)
                self._without_filter = filtering.warning(said)
            return (*self._without_filter, *self._offline_warning(network))
        return self._offline_warning(network)

    def _offline_warning(self, network: str) -> Sequence[str]:
        if network in ("none", "host") or is_shared(network) or self._register.find(network).internal:
            return ()
        return routes.offline_warning()

    def names_server(self, member: Member) -> str:
        """Whom it asks for names: the first of its networks that has some; "" where none has."""
        for network in self._networks_of(member):
            entry = entry_of(network, member.container_id)
            if entry is not None and entry.ip_address and not (network.builtin and self._egress(member) is None):
                return network.gateway
        return ""

    def is_limited(self, key: str) -> bool:
        """Whether a list says what goes out of a container's or pod's namespace."""
        known = next((each for each in self._register.containers() if each.id == key), None)
        if known is None:
            return False
        own = [network for network in self._register if _is_own(network, known)]
        return egress.of(known.spec.labels, [*own, *self._with_entry(key)]) is not None

    def neighbours(self, member: Member) -> dict[str, str]:
        """By id, the addresses of those it reaches."""
        return {
            each.container_id: each.ip_address
            for network in reversed(self._networks_of(member))
            if not keeps_apart(network.options)
            for each in network.members
            if each.container_id != member.container_id and each.ip_address
        }

    @property
    def names_server_pid(self) -> int:
        """0 for none."""
        return self._names.pid

    async def pay(self) -> None:
        """Now and then: what the disk had no room for is written, and what was lost or stood in is another one."""
        await self._register.pay()
        await self.attachments.renew_stand_ins()
        await self._names.look()
        if self._names.guarded or any(egress.LABEL in each.spec.labels for each in self._register.containers()):
            self._names.tell_soon()  # labels may be other ones

    # --- inside ---

    def _egress(self, member: Member) -> egress.Egress | None:
        """What a container may reach; None is everything. Steps of a build are no containers."""
        known = next((each for each in self._register.containers() if each.id == member.container_id), None)
        return egress.of(known.spec.labels, self._networks_of(member)) if known is not None else None

    async def _must_be_guarded(self, member: Member) -> None:
        """Before its first instruction."""
        if self._egress(member) is None:
            return
        egress.check_abilities(self._register.find_container(member.container_id).spec)
        if member.container_id not in self._names.guarded:
            raise RuntimeFailure(
                "The container's way out could not be limited",
                f"So it is not started with its {egress.LABEL}.",
                subject=member.container_id,
            )

    def _document(self) -> dict[str, Any]:
        containers = {each.id: each for each in self._register.containers()}
        return document(
            self._register,
            containers,
            namespace=self._bridge.namespace,
            home=self.namespace,
            times_made=self._bridge.times_made,
            host=routes.default_gateway,
            relays=[(self.namespace(key), port) for key, ports in self._relayed.items() for port in ports],
        )

    def _with_entry(self, container_id: str) -> Sequence[Network]:
        return [network for network in self._register if entry_of(network, container_id) is not None]

    def _networks_of(self, member: Member) -> Sequence[Network]:
        """The networks of a container that have others in them: its own first, then those it was connected to."""
        own = [self._register.find(member.network)] if member.is_bridged else []
        return own + [network for network in self._with_entry(member.container_id) if network not in own]


def _is_own(network: Network, container: Container) -> bool:
    """Whether it is the network the container's recipe names."""
    return container.spec.network in (network.name, network.id)
