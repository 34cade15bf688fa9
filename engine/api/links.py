"""Links, which older clients still send: `CONTAINER:ALIAS`. On a named network every container is found by its name and
aliases, so only an alias that nobody has there is written down, as a host of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.api.lookups import docker_words
from engine.api.statuses import unsupported
from engine.recipe.networks import OWN_NETWORK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.facade import Engine
    from engine.types.containers import ContainerSpec


async def with_links(engine: Engine, spec: ContainerSpec, links: Sequence[str]) -> ContainerSpec:
    """The recipe with what its links say, or a refusal where they could not mean anything."""
    if not links:
        return spec
    if spec.network in (OWN_NETWORK, "none", "host") or spec.network.startswith("container:"):
        raise unsupported("HostConfig.Links", "containers find each other on a network of their own, by name")
    members = {member.container_id: member for member in (await engine.networks.get(spec.network)).members}
    hosts: list[str] = []
    for link in links:
        name, _, alias = link.removeprefix("/").partition(":")
        with docker_words("container", name):
            target = await engine.containers.get(name)
        member = members.get(target.id)
        alias = alias.rpartition("/")[2] or target.name
        known = {target.name, target.id[:12], *target.spec.network_aliases, *(member.aliases if member else ())}
        if alias in known:
            continue
        address = member.ip_address.partition("/")[0] if member is not None else ""
        if not address:
            raise unsupported(f"the link {link[:80]!r}", f"{target.name} has no address on {spec.network} now")
        hosts.append(f"{alias}:{address}")
    return msgspec.structs.replace(spec, extra_hosts=(*spec.extra_hosts, *hosts))
