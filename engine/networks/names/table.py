"""What names mean: read from the engine's table, and looked up for whoever asks. Pure but for reading the file."""

from __future__ import annotations

import json
import socket

from engine.networks.names import wire
from engine.networks.names.policy import Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HOST_NAMES = ("host.docker.internal", "host.containers.internal")
_OURS_ALONE = (*_HOST_NAMES, "gateway.docker.internal")
"""Nobody out there knows these; who is not to reach the host hears at once that there is no such name."""
_REVERSE4, _REVERSE6 = ".in-addr.arpa", ".ip6.arpa"


class Asker:
    """A member of networks: what it sees."""

    __slots__ = ("host", "key", "links", "networks", "policy", "servers", "way_out")

    def __init__(self, networks: list[Network], *, way_out: bool) -> None:
        self.networks = networks
        """Its own first: a name means what it means in the first that knows it."""
        self.way_out = way_out
        self.servers: list[str] = []
        """Whom it asks for what we do not know; [] for the host's resolvers."""
        self.host = ""
        """The address by which it reaches the host, where it may."""
        self.links: dict[str, str] = {}
        """Names of its own for others, by their ids."""
        self.key = ""
        self.policy: Policy | None = None
        """Whom it may ask for and reach outside; None is everybody."""


class Network:
    """One network's names."""

    __slots__ = ("address", "askers", "key", "name", "names", "netns", "reverse", "subnets")

    def __init__(self, key: str, row: dict[str, Any]) -> None:
        self.key = key
        self.name: str = row["name"].lower()
        self.netns: str = row["netns"]
        self.address: str = row["address"]
        self.subnets: list[tuple[bytes, int]] = [_subnet(text) for text in row["subnets"] if text]
        self.names: dict[str, list[tuple[bytes, bytes]]] = {}
        """By name, the packed addresses of both kinds (b"" for none) of all that are called so."""
        self.reverse: dict[str, str] = {}
        self.askers: dict[str, Asker] = {}

    def has(self, address: str) -> bool:
        try:
            packed = socket.inet_aton(address)
        except OSError:
            return False
        return any(len(base) == 4 and _begins(packed, base, length) for base, length in self.subnets)


class Table:
    def __init__(self, document: dict[str, Any]) -> None:
        self.networks = {key: Network(key, row) for key, row in document["networks"].items()}
        self.guarded: dict[str, tuple[str, dict[str, Any]]] = {}
        """Members with a policy: their namespaces, and what they may reach."""
        self.relays: list[dict[str, Any]] = document.get("relays", [])
        for row in document["members"]:
            self._add(row)

    def _add(self, row: dict[str, Any]) -> None:
        places = [place for place in row["places"] if place["network"] in self.networks]
        asker = Asker([self.networks[place["network"]] for place in places], way_out=row["way_out"])
        asker.servers, asker.host, asker.links = row["servers"], row["host"], row["links"]
        asker.key, egress = row.get("key", ""), row.get("egress")
        if egress is not None:
            asker.policy = Policy(egress)
            self.guarded[asker.key] = (row["netns"], egress)
        for place in places:
            network = self.networks[place["network"]]
            ip, ip6 = place["ip"], place["ip6"]
            packed = socket.inet_aton(ip), socket.inet_pton(socket.AF_INET6, ip6) if ip6 else b""
            for name in place["names"]:
                network.names.setdefault(name.lower(), []).append(packed)
            first = f"{place['names'][0]}.{network.name}"
            network.reverse[_reverse_name(packed[0])] = first
            if ip6:
                network.reverse[_reverse_name(packed[1])] = first
            network.askers[ip] = asker

    def asker(self, network: Network, address: str) -> Asker:
        """Who asks; one that the table does not know (yet) sees the network it asks from, and nothing else."""
        return network.askers.get(address) or Asker([network], way_out=False)


def read(path: str) -> Table:
    try:
        with open(path, "rb") as file:
            return Table(json.load(file))
    except FileNotFoundError:
        return Table({"networks": {}, "members": []})


def look_up(asker: Asker, question: wire.Question) -> tuple[int, list[bytes]] | None:
    """A code and data; None for what is to be asked elsewhere."""
    name = question.name
    if name.endswith((_REVERSE4, _REVERSE6)):
        return _look_back(asker, question)
    known = _addresses(asker, name)
    if known is not None:
        wanted = {wire.A: 0, wire.AAAA: 1}.get(question.kind)
        return wire.NO_ERROR, [] if wanted is None else [pair[wanted] for pair in known if pair[wanted]]
    if name in _OURS_ALONE or not asker.way_out:
        return wire.NAME_ERROR, []
    return None


def _addresses(asker: Asker, name: str) -> list[tuple[bytes, bytes]] | None:
    name = asker.links.get(name, name)
    for network in asker.networks:
        short = name.removesuffix("." + network.name)
        found = network.names.get(name) or network.names.get(short)
        if found:
            return found
    if name in _HOST_NAMES and asker.host:
        return [(socket.inet_aton(asker.host), b"")]
    return None


def _look_back(asker: Asker, question: wire.Question) -> tuple[int, list[bytes]] | None:
    for network in asker.networks:
        if name := network.reverse.get(question.name):
            return wire.NO_ERROR, [wire.encode_name(name)] if question.kind == wire.PTR else []
    packed = _packed_of(question.name)
    ours = any(
        len(packed) == len(base) and _begins(packed, base, length)
        for network in asker.networks
        for base, length in network.subnets
    )
    return (wire.NAME_ERROR, []) if ours or not asker.way_out else None


def _reverse_name(packed: bytes) -> str:
    if len(packed) == 4:
        return ".".join(str(each) for each in reversed(packed)) + _REVERSE4
    return ".".join(reversed(packed.hex())) + _REVERSE6


def _packed_of(reverse: str) -> bytes:
    """b"" where it is not the name of one whole address."""
    try:
        if reverse.endswith(_REVERSE4):
            return socket.inet_aton(".".join(reversed(reverse.removesuffix(_REVERSE4).split("."))))
        return bytes.fromhex("".join(reversed(reverse.removesuffix(_REVERSE6).split("."))))
    except (OSError, ValueError):
        return b""


def _subnet(text: str) -> tuple[bytes, int]:
    address, _, length = text.partition("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address), int(length)


def _begins(packed: bytes, base: bytes, length: int) -> bool:
    shift = 8 * len(base) - length
    return int.from_bytes(packed, "big") >> shift == int.from_bytes(base, "big") >> shift
