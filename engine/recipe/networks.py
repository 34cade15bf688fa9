"""Networks in Docker's words and ours: their names, and the addresses a new one is asked to have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from engine.recipe.faults import marked, unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OWN_NETWORK = "pasta"
"""A container's own network; Docker's clients know it as the default bridge. So is the program that makes it."""
SHOWN_NETWORK = "bridge"
_OF_A_POD = "pod:"
EGRESS_LABEL = "wherry.egress"
"""What a container, or whoever is on a network, may reach outside: names, patterns and networks; "none" is nothing."""


def network_name(given: str) -> str:
    """Docker's words for the default network are the engine's own one."""
    return OWN_NETWORK if given in ("", "default", SHOWN_NETWORK) else given


def network_mode(network: str) -> str:
    return SHOWN_NETWORK if network in ("", OWN_NETWORK) else network


def shown_network(name: str) -> str:
    return SHOWN_NETWORK if name == OWN_NETWORK else name


def is_shared(network: str) -> bool:
    """Whether it is that of another container, or of a pod."""
    return network.startswith(("container:", _OF_A_POD))


def of_pod(pod: str) -> str:
    """What a recipe names as the network of a pod's container."""
    return _OF_A_POD + pod


def pod_of(network: str) -> str:
    """The pod whose container says this, "" for none."""
    return network.removeprefix(_OF_A_POD) if network.startswith(_OF_A_POD) else ""


# --- what a new network is asked to have, in Docker's words ---


def address_fields(configs: Iterable[Mapping[str, Any]], *, ipv6: bool) -> dict[str, Any]:
    """The subnets of a request (`IPAM.Config`) as the engine has them: one of each kind."""
    found: dict[str, Any] = {"ipv6": ipv6, "reserved": {}}
    for config in configs:
        given = [config.get(key) or "" for key in ("Subnet", "Gateway", "IPRange")]
        suffix = "6" if any(":" in each for each in given) else ""
        if any(found.get(f"{field}{suffix}") for field in _FIELDS):
            raise unsupported(
                marked("Recipe", "more than one subnet of a kind"),
                marked("Recipe", "a bridge has one of IPv4 and one of IPv6"),
            )
        found |= {f"{field}{suffix}": value for field, value in zip(_FIELDS, given, strict=True) if value}
        found["reserved"] |= config.get("AuxiliaryAddresses") or {}
    return found


_FIELDS = ("subnet", "gateway", "ip_range")


class Addresses(Protocol):
    """A network, or the wish for one."""

    @property
    def subnet(self) -> str: ...
    @property
    def gateway(self) -> str: ...
    @property
    def ip_range(self) -> str: ...
    @property
    def subnet6(self) -> str: ...
    @property
    def gateway6(self) -> str: ...
    @property
    def ip_range6(self) -> str: ...
    @property
    def reserved(self) -> Mapping[str, str]: ...


def address_configs(given: Addresses) -> list[dict[str, Any]]:
    """The way back: a network's subnets as Docker has them in `IPAM.Config`."""
    found = []
    for subnet, gateway, ip_range in (
        (given.subnet, given.gateway, given.ip_range),
        (given.subnet6, given.gateway6, given.ip_range6),
    ):
        reserved = {name: address for name, address in given.reserved.items() if (":" in address) is (":" in subnet)}
        pairs = (("Subnet", subnet), ("IPRange", ip_range), ("Gateway", gateway), ("AuxiliaryAddresses", reserved))
        if subnet:
            found.append({key: value for key, value in pairs if value})
    return found
