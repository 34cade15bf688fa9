"""Which addresses networks and their members get: subnets chosen and checked, addresses picked, none given twice."""

from __future__ import annotations

import ipaddress
import re
import secrets
from typing import TYPE_CHECKING, Final

from engine.errors import Code, Conflict, InvalidRequest, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.types.networks import CreateNetwork, Endpoint, Network

    Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network
    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_POOL: Final = ipaddress.ip_network("10.89.0.0/16")
_NEXT_POOLS: Final = (ipaddress.ip_network("10.90.0.0/15"), ipaddress.ip_network("192.168.128.0/17"))
_DEFAULT_POOLS: Final = ("10.88.0.0/16", "10.86.0.0/16", "172.27.0.0/16", "192.168.240.0/20")
"""For the default network: the first that leads nowhere yet."""
_MAC: Final = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2}){5}")
_INTERFACE: Final = re.compile(r"(?!lo$|\.)[A-Za-z0-9_.-]{1,15}")
_LEAST_ADDRESSES: Final = 4
MTU = "com.docker.network.driver.mtu"
_APART = "com.docker.network.bridge.enable_icc"
_LEAST_MTU, _MOST_MTU = 68, 65535


# --- options of a network ---


def mtu_of(options: Mapping[str, str]) -> int:
    """The largest packet of a network, 0 for the kernel's choice."""
    text = options.get(MTU, "") or options.get("mtu", "")
    if not text:
        return 0
    if not text.isdecimal() or not _LEAST_MTU <= int(text) <= _MOST_MTU:
        raise InvalidRequest(f"“{text[:40]}” is no MTU", hint=f"It is a number from {_LEAST_MTU} to {_MOST_MTU}.")
    return int(text)


def keeps_apart(options: Mapping[str, str]) -> bool:
    """Members reach the network's names, and not one another."""
    return options.get(_APART, "").lower() in ("false", "0", "f")


def check_driver(driver: str) -> None:
    if driver in ("macvlan", "ipvlan"):
        raise Unsupported(
            f"There is no network driver “{driver}” here",
            "Such a network puts containers on the host's own wire, which takes the machine's administrator; this "
            "engine runs as you.",
            hint="Use “bridge”, and publish the ports that others are to reach.",
        )
    if driver not in ("bridge", "default", ""):
        raise Unsupported(f"There is no network driver “{driver}”", hint="Use “bridge”.")


# --- subnets ---


def planned(request: CreateNetwork, taken: Sequence[Subnet], routes: Sequence[Subnet]) -> dict[str, object]:
    """The fields of a network that say its addresses, chosen where they were not given.

    `taken` belongs to other networks here; `routes` of the host are avoided where the choice is ours.
    """
    subnet = _subnet(request.subnet, 4, taken) if request.subnet else _free_subnet([*taken, *routes])
    fields: dict[str, object] = {
        "subnet": str(subnet),
        "gateway": _gateway(request.gateway, subnet, request.ip_range),
        "ip_range": _range(request.ip_range, subnet),
        "ipv6": request.ipv6 or bool(request.subnet6),
        "reserved": _reserved(request),
    }
    if not fields["ipv6"]:
        if request.gateway6 or request.ip_range6:
            raise InvalidRequest("An IPv6 gateway or range needs an IPv6 subnet")
        return fields
    subnet6 = _subnet(request.subnet6, 6, taken) if request.subnet6 else _unique_local()
    return fields | {
        "subnet6": str(subnet6),
        "gateway6": _gateway(request.gateway6, subnet6, request.ip_range6),
        "ip_range6": _range(request.ip_range6, subnet6),
    }


def default_subnet(taken: Sequence[Subnet], routes: Sequence[Subnet]) -> str:
    """For the network of those that name none."""
    busy = [each for each in (*taken, *routes) if each.version == 4]
    free = (each for each in _DEFAULT_POOLS if not any(ipaddress.ip_network(each).overlaps(other) for other in busy))
    return next(free, _DEFAULT_POOLS[0])


def _free_subnet(busy: Sequence[Subnet]) -> Subnet:
    others = [each for each in busy if each.version == 4]
    for pool in (_POOL, *_NEXT_POOLS):
        for candidate in pool.subnets(new_prefix=24):
            if not any(candidate.overlaps(other) for other in others):
                return candidate
    raise Conflict("There is no subnet left", hint="Remove networks nobody uses.")


def _unique_local() -> Subnet:
    """As RFC 4193 has it: forty bits by chance, so that nobody else has it either."""
    return ipaddress.IPv6Network((b"\xfd" + secrets.token_bytes(5) + bytes(10), 64))


def _subnet(wanted: str, version: int, taken: Iterable[Subnet]) -> Subnet:
    try:
        subnet = ipaddress.ip_network(wanted)
    except ValueError:
        raise _no_subnet(wanted) from None
    if subnet.version != version:
        raise InvalidRequest(f"{wanted} is no subnet of IPv{version}", subject=wanted)
    if subnet.num_addresses < _LEAST_ADDRESSES:
        raise InvalidRequest(f"{wanted} has no room for a gateway and members", subject=wanted)
    if any(subnet.version == other.version and subnet.overlaps(other) for other in taken):
        raise Conflict(
            f"The subnet {subnet} overlaps with another network's",
            code=Code.IN_USE,
            docker="invalid pool request: Pool overlaps with other one on this address space",
        )
    return subnet


def _no_subnet(wanted: str) -> InvalidRequest:
    try:
        reason = f"it should be {ipaddress.ip_network(wanted, strict=False)}"
    except ValueError:
        reason = "invalid CIDR block notation"
    return InvalidRequest(
        f"“{wanted}” is no subnet",
        hint="Write it like 10.89.4.0/24.",
        docker=f"invalid network config:\ninvalid subnet {wanted}: {reason}",
    )


def _gateway(wanted: str, subnet: Subnet, ip_range: str) -> str:
    if not wanted:
        # As Docker: the first of the range where there is one.
        return str(next(_hosts(ipaddress.ip_network(_range(ip_range, subnet) or str(subnet)), subnet)))
    if not _is_in(wanted, subnet):
        raise InvalidRequest(
            f"“{wanted}” is no address in {subnet}",
            "A network's gateway is one of its own addresses.",
            subject=wanted,
            docker=f"invalid network config:\ninvalid gateway {wanted}: "
            f"parent subnet {subnet} doesn't contain this address",
        )
    return str(ipaddress.ip_address(wanted))


def _range(wanted: str, subnet: Subnet) -> str:
    if not wanted:
        return ""
    try:
        found = ipaddress.ip_network(wanted, strict=False)
        inside = found.version == subnet.version and found.subnet_of(subnet)  # type: ignore[arg-type]
    except ValueError:
        inside = False
    if not inside:
        raise InvalidRequest(
            f"“{wanted}” is no range in {subnet}",
            hint="Write it like 10.89.4.128/25.",
            subject=wanted,
            docker=f"invalid network config:\ninvalid ip-range {wanted}: "
            f"parent subnet {subnet} doesn't contain ip-range",
        )
    return str(found)


def _reserved(request: CreateNetwork) -> dict[str, str]:
    for name, address in request.reserved.items():
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise InvalidRequest(f"“{address}” is no address", f"It was to be kept for “{name}”.") from None
    return {name: str(ipaddress.ip_address(address)) for name, address in request.reserved.items()}


def _is_in(text: str, subnet: Subnet) -> bool:
    try:
        return ipaddress.ip_address(text) in subnet
    except ValueError:
        return False


# --- addresses of members ---


def check_asked(network: Network, asked: Endpoint) -> None:
    """That a network can give what a container asks of it, now or later."""
    if asked.interface and not _INTERFACE.fullmatch(asked.interface):
        raise InvalidRequest(
            f"“{asked.interface[:40]}” is no name for an interface",
            "It has up to 15 letters, digits, dots, dashes and underscores, and is not “lo”.",
        )
    for address, subnet, version in ((asked.ip, network.subnet, 4), (asked.ip6, network.subnet6, 6)):
        if not address:
            continue
        if network.builtin:
            raise InvalidRequest(
                "A fixed address needs a network of one's own",
                hint="Make one: wherry network create --subnet 10.90.0.0/24 NAME",
                docker="invalid config for network bridge: invalid endpoint settings:\n"
                "user specified IP address is supported on user defined networks only",
            )
        if not subnet:
            raise InvalidRequest(
                f"The network “{network.name}” has no IPv{version} addresses", hint="Make it with --ipv6.",
                docker=f"invalid endpoint settings: no configured subnet contains IP address {address}",
            )  # fmt: skip
        if not _is_in(address, ipaddress.ip_network(subnet)):
            raise InvalidRequest(
                f"{address} is no address of “{network.name}”, which has {subnet}",
                docker=f"no configured subnet or ip-range contain the IP address {address}",
            )
        if address in (network.gateway, network.gateway6):
            raise Conflict(f"{address} is the gateway of “{network.name}”", code=Code.IN_USE, docker=_IN_USE)
    if asked.mac and not _MAC.fullmatch(asked.mac.lower()):
        raise InvalidRequest(f"“{asked.mac[:40]}” is no MAC address", docker=f"invalid MAC address {asked.mac}")


_IN_USE = "Address already in use"


def pick(network: Network, asked: Endpoint, *, owed: Iterable[str] = ()) -> tuple[str, str, str]:
    """IPv4, IPv6 and hardware address for one that comes up. `owed` were promised to others that are not up."""
    taken = {address for each in network.members for address in (each.ip_address, each.ip6_address)}
    for address in (asked.ip, asked.ip6):
        if address and canonical(address) in taken:
            raise Conflict(
                f"The address {address} is in use on “{network.name}”",
                code=Code.IN_USE,
                subject=address,
                docker=_IN_USE,
            )
    avoided = taken | {network.gateway, network.gateway6} | set(network.reserved.values()) | set(owed)
    ip = canonical(asked.ip) or _first_free(network, network.subnet, network.ip_range, avoided)
    ip6 = canonical(asked.ip6)
    if network.subnet6 and not ip6:
        ip6 = _first_free(network, network.subnet6, network.ip_range6, avoided)
    # The address decides the hardware address, so that a neighbour's cache stays right over a restart.
    return ip, ip6, asked.mac.lower().replace("-", ":") or mac_of(ip)


def mac_of(address: str) -> str:
    """A hardware address that nobody was given by a maker, by an IPv4 address."""
    return f"02:59:{ipaddress.IPv4Address(address).packed.hex(':')}"


def canonical(address: str) -> str:
    return str(ipaddress.ip_address(address)) if address else ""


def _first_free(network: Network, subnet: str, ip_range: str, avoided: set[str]) -> str:
    whole = ipaddress.ip_network(subnet)
    for candidate in _hosts(ipaddress.ip_network(ip_range or subnet), whole):
        if str(candidate) not in avoided:
            return str(candidate)
    raise Conflict(
        f"The network “{network.name}” is full",
        subject=network.id,
        docker="no available IPv4 addresses on this network's address pools",
    )


def _hosts(part: Subnet, whole: Subnet) -> Iterator[Address]:
    """The addresses of a range that can be given: neither the subnet's own nor that of all."""
    last = whole.broadcast_address if whole.version == 4 else None
    for address in part:
        if address not in (whole.network_address, last):
            yield address
