"""What the names server is told: networks with members that are up, and what each of these sees. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.networks.membership import entry_of, has_members_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from engine.types.containers import Container
    from engine.types.networks import Network, NetworkMember


def document(
    networks: Iterable[Network],
    containers: Mapping[str, Container],
    *,
    namespace: Callable[[Network], Path],
    host: Callable[[], str],
) -> dict[str, Any]:
    """`host` gives the address by which a container reaches the host, for those that may."""
    served = [each for each in networks if not each.builtin and has_members_up(each)]
    up = dict.fromkeys(each.container_id for network in served for each in network.members if each.ip_address)
    return {
        "networks": {
            network.id: {
                "name": network.name,
                "netns": str(namespace(network)),
                "address": network.gateway,
                "subnets": [network.subnet, network.subnet6],
            }
            for network in served
        },
        "members": [_row(each, containers.get(each), served, host) for each in up],
    }


def _row(
    container_id: str, container: Container | None, served: list[Network], host: Callable[[], str]
) -> dict[str, Any]:
    own = container.spec.network if container is not None else ""
    mine = sorted(
        (each for each in served if (entry := entry_of(each, container_id)) and entry.ip_address),
        key=lambda network: network.name != own,
    )
    spec = container.spec if container is not None else None
    return {
        "places": [
            {"network": each.id, "ip": entry.ip_address, "ip6": entry.ip6_address, "names": names_of(entry)}
            for each in mine
            if (entry := entry_of(each, container_id))
        ],
        # With its own network the default one it has a way out, whatever it was connected to besides.
        "way_out": own == "pasta" or not all(each.internal for each in mine),
        "servers": list(spec.dns) if spec else [],
        "host": host() if spec and wants_host(spec.extra_hosts) else "",
        "links": dict(link_of(text) for text in [*(spec.links if spec else ()), *_links(mine, container_id)]),
    }


def _links(mine: list[Network], container_id: str) -> list[str]:
    """Those that were said when it was connected."""
    return [text for each in mine if (entry := entry_of(each, container_id)) for text in entry.asked.links]


def names_of(entry: NetworkMember) -> list[str]:
    """What a member is called, by itself and by others; the name it is found back under first."""
    words = (entry.name, entry.container_id[:12], entry.container_id, *entry.aliases)
    return list(dict.fromkeys(words))


def link_of(text: str) -> tuple[str, str]:
    """A link as a name of one's own and the container it stands for."""
    name, _, alias = text.removeprefix("/").partition(":")
    return (alias.rpartition("/")[2] or name).lower(), name.lower()


def wants_host(extra_hosts: Iterable[str]) -> bool:
    return any(entry.partition(":")[2] == "host-gateway" for entry in extra_hosts)
