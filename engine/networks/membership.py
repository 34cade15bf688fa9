"""Who is in a network: changes of its list of members, as pure functions.

A member with an address is up. One without was connected by a person while its container did not run, or its container
has ended since: it comes back with the next start. The network a container was made for stands in its recipe, so there
its entry lasts only as long as its run.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Conflict
from engine.types.networks import Network, NetworkMember

if TYPE_CHECKING:
    from engine.networks.member import Member


def entry_of(network: Network, container_id: str) -> NetworkMember | None:
    return next((each for each in network.members if each.container_id == container_id), None)


def has_members_up(network: Network) -> bool:
    return any(each.ip_address for each in network.members)


def added(network: Network, container_id: str, name: str, aliases: tuple[str, ...], *, is_up: bool) -> Network:
    """With a container that somebody connects."""
    if entry_of(network, container_id) is not None:
        raise Conflict(f"“{name}” is in this network already", subject=container_id)
    address = pick_address(network) if is_up else ""
    return _with(network, NetworkMember(container_id=container_id, name=name, ip_address=address, aliases=aliases))


def brought_up(network: Network, member: Member) -> Network:
    """With an address for a container that starts."""
    known = entry_of(network, member.container_id)
    if known is not None and known.ip_address:
        return network
    aliases = known.aliases if known is not None else other_aliases(member)
    address = pick_address(network)
    entry = NetworkMember(container_id=member.container_id, name=member.name, ip_address=address, aliases=aliases)
    return _with(without_member(network, member.container_id), entry)


def brought_down(network: Network, container_id: str, *, stays: bool) -> Network:
    """Its container has ended; where it `stays` a member, its address is free for others all the same."""
    known = entry_of(network, container_id)
    if known is None or not stays:
        return without_member(network, container_id)
    return _with(without_member(network, container_id), msgspec.structs.replace(known, ip_address=""))


def renamed(network: Network, container_id: str, name: str) -> Network:
    """With the name that a member has now; its other names stay."""
    members = tuple(
        msgspec.structs.replace(each, name=name) if each.container_id == container_id else each
        for each in network.members
    )
    return msgspec.structs.replace(network, members=members)


def without_member(network: Network, container_id: str) -> Network:
    rest = tuple(each for each in network.members if each.container_id != container_id)
    return msgspec.structs.replace(network, members=rest)


def pick_address(network: Network) -> str:
    taken = {each.ip_address for each in network.members} | {network.gateway}
    for candidate in ipaddress.IPv4Network(network.subnet).hosts():
        if str(candidate) not in taken:
            return str(candidate)
    raise Conflict(f"The network “{network.name}” is full", subject=network.id)


def other_aliases(member: Member) -> tuple[str, ...]:
    """What neighbours may call a container beside its name and id."""
    return tuple(name for name in member.host_names if name not in (member.name, member.container_id[:12]))


def _with(network: Network, entry: NetworkMember) -> Network:
    return msgspec.structs.replace(network, members=(*network.members, entry))
