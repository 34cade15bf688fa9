"""The kernel's packet filter in a member's own namespace: what it may reach, what was refused, and how much went to and
came from whom.

All of it stands in one table that the kernel keeps whether anything of ours runs or not. A closed member's packets go
to what its list allows, to whom asked it, and nowhere else: a connection that is refused ends at once, and any other
packet is not sent. An open member's are counted only.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct

from engine.networks.names import nftables as nft

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network
    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TABLE = "wherry"
_IN, _OUT, _COUNTED = "in", "out", "counted"
_MOST_LEARNED, _MOST_REFUSED, _MOST_PEERS = 8192, 1024, 4096
_REFUSED_SECONDS, _PEER_SECONDS = 3600, 86400
_LOOPBACK = struct.pack("=I", 1)
"""The number of a namespace's own interface."""
_TCP, _UDP, _ICMP6 = bytes([socket.IPPROTO_TCP]), bytes([socket.IPPROTO_UDP]), bytes([socket.IPPROTO_ICMPV6])
_NEIGHBOURS_FIRST, _NEIGHBOURS_LAST = 133, 136
"""How hosts on one link find each other, as kinds of ICMPv6."""
_ALWAYS = ("fe80::/10", "ff00::/8")
"""What a link itself needs."""
_PROTOCOL_AT, _PORT_AT = 0, 4


class Refused:
    """A place outside that was tried."""

    __slots__ = ("address", "ago", "packets", "port", "protocol")

    def __init__(self, address: str, protocol: int, port: int, packets: int, ago: float) -> None:
        self.address, self.protocol, self.port, self.packets = address, protocol, port, packets
        self.ago = ago
        """Seconds since the last."""


class _Family:
    """Where an address stands in a packet of this kind, and how sets of them are called."""

    def __init__(self, number: int, version: int, length: int, source: int, destination: int) -> None:
        self.number, self.version, self.length, self.words = bytes([number]), version, length, length // 4
        self._source, self._destination = source, destination

    def set(self, name: str) -> str:
        return f"{name}{self.version}"

    def its(self, networks: Iterable[Network]) -> list[Network]:
        return [each for each in networks if each.version == self.version]

    def packed(self, addresses: Iterable[Address]) -> list[bytes]:
        return [each.packed for each in addresses if each.version == self.version]

    @property
    def source(self) -> bytes:
        return nft.field(nft.NETWORK_HEADER, self._source, self.length)

    @property
    def destination(self) -> bytes:
        return nft.field(nft.NETWORK_HEADER, self._destination, self.length)

    @property
    def only(self) -> bytes:
        return nft.known(nft.FAMILY) + nft.equals(self.number)


_FAMILIES = (_Family(socket.AF_INET, 4, 4, 12, 16), _Family(socket.AF_INET6, 6, 16, 8, 24))


def close_all_but(sock: socket.socket, networks: Iterable[str], addresses: Iterable[str]) -> None:
    """From now on, in the namespace of this socket; `allow` adds addresses. Whatever was counted there stays. Raises
    `OSError` where the kernel has no such filter."""
    wanted = [ipaddress.ip_network(text, strict=False) for text in (*networks, *_ALWAYS)]
    _make(sock, _Allowed(wanted, [ipaddress.ip_address(text) for text in addresses]))


def allow(sock: socket.socket, addresses: Iterable[str]) -> None:
    wanted = [ipaddress.ip_address(text) for text in addresses]
    table = nft.Table(_TABLE)
    for family in _FAMILIES:
        table.add(family.set("learned"), family.packed(wanted))
    table.tell(sock)


def open_again(sock: socket.socket) -> None:
    """Closed no more; still counted."""
    _make(sock, None)


def count(sock: socket.socket) -> None:
    """From now on, unless it is so already."""
    with contextlib.suppress(OSError):
        next(peers(sock), None)
        return
    _make(sock, None)


def tried() -> str:
    """What comes of all of it here and now, in a word."""
    try:
        with nft.speaker() as sock:
            close_all_but(sock, (), ())
    except OSError as error:
        return f"refused: {error.strerror}\n"
    return "there\n"


def refusals(sock: socket.socket) -> Iterator[Refused]:
    for family in _FAMILIES:
        for key, notes in nft.elements(sock, _TABLE, family.set("refused")):
            ago = struct.unpack("!Q", notes["last"][2])[0] / 1000 if 2 in notes.get("last", {}) else 0.0
            yield Refused(
                _text(key[: family.length]),
                key[family.length + _PROTOCOL_AT],
                int.from_bytes(key[family.length + _PORT_AT :][:2], "big"),
                struct.unpack("!Q", notes["counter"][2])[0],
                ago,
            )


def peers(sock: socket.socket) -> Iterator[tuple[str, int, int]]:
    """Addresses, and the bytes sent there and received from there, as they were on the way."""
    for family in _FAMILIES:
        sent = _bytes(sock, family.set("sent"))
        received = _bytes(sock, family.set("received"))
        for key in sent | received:
            yield _text(key), sent.get(key, 0), received.get(key, 0)


def _bytes(sock: socket.socket, name: str) -> dict[bytes, int]:
    return {key: struct.unpack("!Q", notes["counter"][1])[0] for key, notes in nft.elements(sock, _TABLE, name)}


def _text(packed: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


# --- the table ---


class _Allowed:
    def __init__(self, networks: list[Network], addresses: list[Address]) -> None:
        self.networks, self.addresses = networks, addresses


def _make(sock: socket.socket, allowed: _Allowed | None) -> None:
    try:
        _written(allowed, afresh=False).tell(sock)
    except FileExistsError:  # an older version's, of another shape
        _written(allowed, afresh=True).tell(sock)


def _written(allowed: _Allowed | None, *, afresh: bool) -> nft.Table:
    table = nft.Table(_TABLE)
    table.make()
    if afresh:
        table.remove()
        table.make()
    for family in _FAMILIES:
        for name in ("sent", "received"):
            table.set(family.set(name), family.length, nft.OF_PACKETS, _MOST_PEERS)
        table.set(family.set("refused"), family.length + 8, nft.OF_PACKETS, _MOST_REFUSED)
        table.set(family.set("learned"), family.length, 0, _MOST_LEARNED)
        table.set(family.set("allowed"), family.length, nft.OF_INTERVALS, 0)
    table.chain(_IN, nft.LOCAL_IN)
    table.chain(_OUT, nft.LOCAL_OUT)
    table.chain(_COUNTED)
    for family in _FAMILIES:
        from_elsewhere = nft.known(nft.IN_INTERFACE) + nft.differs(_LOOPBACK)
        table.rule(_IN, from_elsewhere, family.only, family.source, _sum(family.set("received")))
        table.rule(_COUNTED, family.only, family.destination, _sum(family.set("sent")))
    table.rule(_OUT, nft.known(nft.OUT_INTERFACE), nft.equals(_LOOPBACK), nft.verdict(nft.ACCEPT))
    if allowed is None:
        table.rule(_OUT, nft.verdict(nft.GOTO, _COUNTED))
    else:
        _close(table, allowed)
    return table


def _sum(name: str) -> bytes:
    return nft.noted(name, "counter", seconds=_PEER_SECONDS)


def _close(table: nft.Table, allowed: _Allowed) -> None:
    counted = nft.verdict(nft.GOTO, _COUNTED)
    table.rule(_OUT, nft.is_answer(), counted)
    for family in _FAMILIES:
        table.empty(family.set("allowed"))
        table.empty(family.set("learned"))
        table.add_ranges(family.set("allowed"), _ranges(family.its(allowed.networks)))
        table.add(family.set("learned"), family.packed(allowed.addresses))
        for name in ("allowed", "learned"):
            table.rule(_OUT, family.only, family.destination, nft.is_in(family.set(name)), counted)
    for kind in range(_NEIGHBOURS_FIRST, _NEIGHBOURS_LAST + 1):
        is_kind = nft.field(nft.TRANSPORT_HEADER, 0, 1) + nft.equals(bytes([kind]))
        table.rule(_OUT, nft.known(nft.PROTOCOL), nft.equals(_ICMP6), is_kind, nft.verdict(nft.ACCEPT))
    for family in _FAMILIES:
        _write_down(table, family)
    table.rule(_OUT, nft.known(nft.PROTOCOL), nft.equals(_TCP), nft.reset())
    table.rule(_OUT, nft.verdict(nft.DROP))


def _write_down(table: nft.Table, family: _Family) -> None:
    """By address, protocol and, where there are such, port."""
    note = nft.noted(family.set("refused"), "counter", "last", seconds=_REFUSED_SECONDS)
    kind, port = family.words, family.words + 1
    for protocol in (_TCP, _UDP):
        to_port = nft.field(nft.TRANSPORT_HEADER, 2, 2, register=port)
        is_it = nft.known(nft.PROTOCOL) + nft.equals(protocol)
        table.rule(_OUT, family.only, is_it, nft.protocol_into(kind), to_port, family.destination, note)
    neither = nft.known(nft.PROTOCOL) + nft.differs(_TCP) + nft.differs(_UDP)
    no_port = nft.constant_into(port, bytes(2))
    table.rule(_OUT, family.only, neither, nft.protocol_into(kind), no_port, family.destination, note)


def _ranges(networks: Iterable[Network]) -> Iterator[tuple[bytes, bytes]]:
    """Such as neither overlap nor touch."""
    first = last = -1
    length = 0
    for network in sorted(networks, key=lambda each: int(each.network_address)):
        length = len(network.network_address.packed)
        begin, end = int(network.network_address), int(network.broadcast_address)
        if first >= 0 and begin > last + 1:
            yield first.to_bytes(length, "big"), (last + 1).to_bytes(length, "big")
            first = begin
        first, last = (begin, end) if first < 0 else (first, max(last, end))
    if first >= 0:
        behind = last + 1
        yield first.to_bytes(length, "big"), behind.to_bytes(length, "big") if behind >> 8 * length == 0 else b""
