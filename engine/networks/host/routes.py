"""The host's routes: which addresses lead somewhere already, so that no network takes them by chance."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network

_PROC = Path("/proc/net")


def host_networks() -> list[Subnet]:
    """What the host has routes to, but for the default and what every machine has for itself."""
    found: list[Subnet] = []
    for name, parse in (("route", parse_routes), ("ipv6_route", parse_routes6)):
        with contextlib.suppress(OSError):
            found += parse((_PROC / name).read_text())
    return list(dict.fromkeys(found))


def parse_routes(text: str) -> Iterator[Subnet]:
    """/proc/net/route: addresses as 32-bit words in the machine's own byte order."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[7] != "00000000":
            address, mask = (ipaddress.IPv4Address(struct.pack("=I", int(fields[each], 16))) for each in (1, 7))
            yield ipaddress.IPv4Network(f"{address}/{mask}", strict=False)


def parse_routes6(text: str) -> Iterator[Subnet]:
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > 9 and fields[9] != "lo":
            network = ipaddress.IPv6Network((bytes.fromhex(fields[0]), int(fields[1], 16)), strict=False)
            if network.prefixlen and not network.is_link_local and not network.is_multicast:
                yield network


def overlapping(*wanted: str) -> tuple[str, ...]:
    """Those of the host's that networks with these subnets would hide from their members."""
    subnets = [ipaddress.ip_network(each) for each in wanted if each]
    return tuple(
        str(known)
        for known in host_networks()
        if any(known.version == each.version and known.overlaps(each) for each in subnets)
    )


def leads_out() -> bool:
    """Whether the host has a way to the world, of either kind."""
    for family, anywhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.connect((anywhere, 9))  # a datagram socket sends nothing by connecting
            return True
    return False


def is_here(address: str) -> bool:
    """Whether it is one of the host's own, so that a service can listen there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:  # a kernel without IPv6 refuses already this
            trial.bind((address, 0))
    except OSError:
        return False
    return True


def offline_warning() -> list[str]:
    """What somebody should know whose container starts now."""
    if leads_out():
        return []
    return [
        "This computer has no network now: the container reaches itself, its neighbours and this computer's published"
        " ports, and the world as soon as the network is back."
    ]


def default_gateway() -> str:
    """The host's router: with the gateway mapped, pasta answers for the host itself at that address."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (_PROC / "route").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1] == "00000000":
                return str(ipaddress.ip_address(bytes.fromhex(fields[2])[::-1]))
    return ""
