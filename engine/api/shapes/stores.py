"""Volumes, networks, and what the store holds."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from engine.api.shapes.times import rfc3339
from engine.recipe.networks import OWN_NETWORK, address_configs, shown_network

if TYPE_CHECKING:
    from engine.types.builds import BuildCacheEntry
    from engine.types.networks import Network
    from engine.types.volumes import Volume


def volume(given: Volume, *, usage: bool = False) -> dict[str, Any]:
    labels = dict(given.labels)
    if given.anonymous:
        labels.setdefault("com.docker.volume.anonymous", "")
    record: dict[str, Any] = {
        "CreatedAt": rfc3339(given.created),
        "Driver": "local",
        "Labels": labels or None,
        "Mountpoint": given.mountpoint,
        "Name": given.name,
        "Options": dict(given.options) or None,
        "Scope": "local",
    }
    if usage:
        record["UsageData"] = {
            "Size": given.size if given.size is not None else -1,
            "RefCount": len(given.used_by),
        }
    return record


def network(given: Network, *, members: bool, version: tuple[int, int]) -> dict[str, Any]:
    # Docker's clients look for the driver "bridge" where the engine uses pasta.
    driver = shown_network(given.driver) if given.driver == OWN_NETWORK else given.driver
    lengths = [f"/{subnet.partition('/')[2]}" for subnet in (given.subnet, given.subnet6)]
    joined = {
        member.container_id: {
            "Name": member.name,
            "EndpointID": "",
            "MacAddress": member.mac_address,
            "IPv4Address": member.ip_address + (lengths[0] if given.subnet else ""),
            "IPv6Address": member.ip6_address and member.ip6_address + lengths[1],
        }
        for member in given.members
        if member.ip_address  # who is connected but does not run is not told, as with Docker
    }
    record: dict[str, Any] = {
        "Name": shown_network(given.name),
        "Id": given.id,
        "Created": rfc3339(given.created),
        "Scope": "local",
        "Driver": driver,
        "EnableIPv4": True,
        "EnableIPv6": given.ipv6,
        "IPAM": {"Driver": "default", "Options": None, "Config": address_configs(given)},
        "Internal": given.internal,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": joined if members else {},
        "Options": dict(given.options),
        "Labels": dict(given.labels),
    }
    if members and version >= (1, 52) and given.subnet:
        record["Status"] = {"IPAM": {"Subnets": {given.subnet: _addresses(given.subnet, len(joined))}}}
    return record


def _addresses(subnet: str, members: int) -> dict[str, int]:
    """The subnet's own, its gateway's and that of all count as in use too."""
    used = members + _ADDRESSES_OF_ITS_OWN
    return {"IPsInUse": used, "DynamicIPsAvailable": max(0, ipaddress.ip_network(subnet).num_addresses - used)}


_ADDRESSES_OF_ITS_OWN = 3


def cache_entry(entry: BuildCacheEntry) -> dict[str, Any]:
    return {
        "ID": entry.id,
        "Type": "regular" if entry.kind == "step" else "exec.cachemount",
        "Description": entry.description,
        "InUse": entry.in_use,
        "Shared": False,
        "Size": entry.size,
        "CreatedAt": rfc3339(entry.created),
        "LastUsedAt": rfc3339(entry.last_used),
        "UsageCount": 0,
    }
