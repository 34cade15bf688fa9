"""What the names server is told: networks with members that are up, what each of these sees, and published datagrams
that it takes from the host's loopback. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.networks.known.membership import entry_of, has_members_up
from engine.networks.limits import egress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from engine.types.containers import Container, PortMapping
    from engine.types.networks import Network, NetworkMember


def document(
    networks: Iterable[Network],
    containers: Mapping[str, Container],
    *,
    namespace: Callable[[Network], Path],
    home: Callable[[str], Path],
    times_made: Callable[[Network], int],
    host: Callable[[], str],
    relays: Iterable[tuple[Path, PortMapping]] = (),
) -> dict[str, Any]:
    """`host` gives the address by which a container reaches the host, for those that may; `home` a container's own
    namespace. The default network is served only where somebody on it is limited in what it reaches."""
    guarded = {key for key, each in containers.items() if egress.LABEL in each.spec.labels}
    served = [each for each in networks if has_members_up(each) and is_served(each, guarded)]
    up = dict.fromkeys(each.container_id for network in served for each in network.members if each.ip_address)
    return {
        "networks": {
            network.id: {
                "name": network.name,
                "netns": str(namespace(network)),
                "made": times_made(network),
                "address": network.gateway,
                "subnets": [network.subnet, network.subnet6],
            }
            for network in served
        },
        "relays": [{"netns": str(netns), "host": port.host_port, "to": port.container_port} for netns, port in relays],
        "members": [_row(each, containers.get(each), served, host, home) for each in up],
    }


def is_served(network: Network, guarded: set[str]) -> bool:
    return not network.builtin or any(each.container_id in guarded for each in network.members)


def _row(
    container_id: str,
    container: Container | None,
    served: list[Network],
    host: Callable[[], str],
    home: Callable[[str], Path],
) -> dict[str, Any]:
    own = container.spec.network if container is not None else ""
    mine = sorted(
        (each for each in served if (entry := entry_of(each, container_id)) and entry.ip_address),
        key=lambda network: network.name != own,
    )
    spec = container.spec if container is not None else None
    limits = egress.of(spec.labels, mine) if spec else None
    reaches_host = host() if spec and wants_host(spec.extra_hosts) else ""
    guard: dict[str, Any] = {}
    if limits is not None:
        near = [subnet for each in mine for subnet in (each.subnet, each.subnet6) if subnet]
        guard = {
            "netns": str(home(container_id)),
            "egress": {
                "names": limits.names,
                "networks": limits.networks,
                "near": [*near, *([reaches_host] if reaches_host else [])],
            },
        }
    return {
        "key": container_id,
        **guard,
        "places": [
            {"network": each.id, "ip": entry.ip_address, "ip6": entry.ip6_address, "names": names_of(entry)}
            for each in mine
            if (entry := entry_of(each, container_id))
        ],
        # With its own network the default one it has a way out, whatever it was connected to besides.
        "way_out": own == "pasta" or not all(each.internal for each in mine),
        "servers": list(spec.dns) if spec else [],
        "host": reaches_host,
        "links": dict(link_of(text) for text in [*(spec.links if spec else ()), *_links(mine, container_id)]),
    }


def _links(mine: list[Network], container_id: str) -> list[str]:
    """Those that were said when it was connected."""
    return [text for each in mine if (entry := entry_of(each, container_id)) for text in entry.asked.links]


def names_of(entry: NetworkMember) -> list[str]:
    """What a member is called, by itself and by others; the name it is found back under first."""
    words = (entry.name, entry.container_id[:12], *entry.aliases)
    return list(dict.fromkeys(words))


def link_of(text: str) -> tuple[str, str]:
    """A link as a name of one's own and the container it stands for."""
    name, _, alias = text.removeprefix("/").partition(":")
    return (alias.rpartition("/")[2] or name).lower(), name.lower()


def wants_host(extra_hosts: Iterable[str]) -> bool:
    return any(entry.partition(":")[2] == "host-gateway" for entry in extra_hosts)
