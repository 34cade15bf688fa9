"""Networks, and who listens on the host's ports."""

from __future__ import annotations

from datetime import datetime

from engine.types.data import Data


class Endpoint(Data, frozen=True, kw_only=True):
    """What a container asks of a network; what it leaves out the network chooses."""

    aliases: tuple[str, ...] = ()
    ip: str = ""
    ip6: str = ""
    mac: str = ""
    interface: str = ""
    """What its interface there is called, inside."""
    links: tuple[str, ...] = ()
    """Names of its own for others there ("container:alias")."""


class CreateNetwork(Data, frozen=True, kw_only=True):
    name: str
    labels: dict[str, str] = {}
    internal: bool = False
    subnet: str = ""
    gateway: str = ""
    ip_range: str = ""
    """Where addresses are chosen from; the whole subnet unless said."""
    ipv6: bool = False
    """With IPv6 addresses too, of a subnet of its own choosing unless one is given."""
    subnet6: str = ""
    gateway6: str = ""
    ip_range6: str = ""
    reserved: dict[str, str] = {}
    """Addresses, of either kind, that are never chosen: by a name for what has them."""
    driver: str = "bridge"
    options: dict[str, str] = {}


class NetworkMember(Data, frozen=True, kw_only=True):
    container_id: str
    name: str
    ip_address: str
    """"" while its container does not run."""
    ip6_address: str = ""
    mac_address: str = ""
    aliases: tuple[str, ...] = ()
    asked: Endpoint = Endpoint()
    """The addresses it is to have at every start; its names stand in `aliases`."""
    is_beside: bool = False
    """On the default network, whose members mostly were made for it: this one joined it beside a network of its own."""


class Network(Data, frozen=True, kw_only=True):
    id: str
    name: str
    driver: str
    created: datetime
    subnet: str = ""
    gateway: str = ""
    ip_range: str = ""
    ipv6: bool = False
    subnet6: str = ""
    gateway6: str = ""
    ip_range6: str = ""
    reserved: dict[str, str] = {}
    internal: bool = False
    builtin: bool = False
    labels: dict[str, str] = {}
    options: dict[str, str] = {}
    hides: tuple[str, ...] = ()
    """Networks that the host has routes to and members do not reach, because these addresses are theirs too."""
    members: tuple[NetworkMember, ...] = ()

    @property
    def interface(self) -> str:
        """What a member's interface in it is called, inside; "" where there is none. By its network, for a member may
        have several and leave any of them first."""
        return "" if self.driver in ("host", "null") else f"net{self.id[:8]}"


class HostPort(Data, frozen=True, kw_only=True):
    """A port of the host that somebody listens on."""

    port: int
    protocol: str
    address: str
    container_id: str = ""
    container_port: int = 0
    pid: int = 0
    process: str = ""


class NameQuestion(Data, frozen=True, kw_only=True):
    """A name that a container asked for, and what came of it; or a place that it tried and its allow-list has not."""

    time_ns: int
    container_id: str
    """"" where it is gone by now."""
    container: str
    network: str
    name: str
    """Of a place that was tried: what its address was last given for, "" where nobody asked for it."""
    kind: str
    """"A", "AAAA", …; of a place that was tried "tcp", "udp", "icmp", …"""
    verdict: str
    """"known" (a neighbour), "asked" (the world, and what came back), "refused" (its allow-list has it not),
    "unknown" (there is no such name)."""
    addresses: tuple[str, ...] = ()
    port: int = 0
    """That was tried."""
    count: int = 1
    """Packets that were refused since this was last told."""

    @property
    def is_place(self) -> bool:
        return self.verdict == "refused" and bool(self.addresses)


class Peer(Data, frozen=True, kw_only=True):
    """Whom a container talked to since it is counted, and how much, in bytes as they were on the way."""

    container_id: str
    address: str
    name: str = ""
    """A neighbour's, or what the address was last given for."""
    network: str = ""
    """The id of the network in which it is reached, "" for what is outside."""
    sent: int = 0
    received: int = 0
