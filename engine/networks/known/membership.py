"""Who is in a network: changes of its list of members, as pure functions.

A member with an address is up. One without was connected by a person while its container did not run, or its container
has ended since: it comes back with the next start. The network a container was made for stands in its recipe, so there
its entry lasts only as long as its run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.errors import Conflict
from engine.networks.known.addresses import pick
from engine.types.networks import Endpoint, Network, NetworkMember

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.networks.known.member import Member


def entry_of(network: Network, container_id: str) -> NetworkMember | None:
    return next((each for each in network.members if each.container_id == container_id), None)


def has_members_up(network: Network) -> bool:
    return any(each.ip_address for each in network.members)


def added(
    network: Network, container_id: str, name: str, asked: Endpoint, *, is_up: bool, promised: Collection[str] = ()
) -> Network:
    """With a container that somebody connects. Addresses that are `promised` to others are not chosen for it."""
    if entry_of(network, container_id) is not None:
        raise Conflict(f"“{name}” is in this network already", subject=container_id)
    entry = NetworkMember(
        container_id=container_id,
        name=name,
        ip_address="",
        aliases=asked.aliases,
        asked=msgspec.structs.replace(asked, aliases=()),
        is_beside=network.builtin,
    )
    return _with(network, _up(network, entry, promised) if is_up else entry)


def brought_up(network: Network, member: Member, promised: Collection[str] = ()) -> Network:
    """With an address for a container that starts."""
    known = entry_of(network, member.container_id)
    if known is not None and known.ip_address:
        return network
    entry = known or NetworkMember(
        container_id=member.container_id,
        name=member.name,
        ip_address="",
        aliases=other_aliases(member),
        asked=member.asked,
    )
    return _with(without_member(network, member.container_id), _up(network, entry, promised))


def _up(network: Network, entry: NetworkMember, promised: Collection[str]) -> NetworkMember:
    ip, ip6, mac = pick(network, entry.asked, owed=promised)
    return msgspec.structs.replace(entry, ip_address=ip, ip6_address=ip6, mac_address=mac)


def brought_down(network: Network, container_id: str, *, stays: bool) -> Network:
    """Its container has ended; where it `stays` a member, its address is free for others all the same."""
    known = entry_of(network, container_id)
    if known is None or not stays:
        return without_member(network, container_id)
    down = msgspec.structs.replace(known, ip_address="", ip6_address="", mac_address="")
    return _with(without_member(network, container_id), down)


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


def other_aliases(member: Member) -> tuple[str, ...]:
    """What neighbours may call a container beside its name and id."""
    return tuple(name for name in member.host_names if name not in (member.name, member.container_id[:12]))


def _with(network: Network, entry: NetworkMember) -> Network:
    return msgspec.structs.replace(network, members=(*network.members, entry))
