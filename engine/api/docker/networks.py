"""Networks: list, inspect, create, remove, prune, connect, disconnect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.api.docker.lookups import docker_words
from engine.api.http.statuses import Refusal, unsupported
from engine.api.shapes.bodies import ConnectBody, DisconnectBody, NetworkBody
from engine.api.shapes.stores import network as network_record
from engine.errors import Code, Conflict
from engine.recipe.body import endpoint_of
from engine.recipe.crossing import endpoints
from engine.recipe.networks import address_fields, network_name, shown_network
from engine.types.networks import CreateNetwork

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call
    from engine.api.http.query_filters import Filters
    from engine.api.shapes.bodies import IpamRange
    from engine.types.networks import Network

_LIST_FILTERS = frozenset({"dangling", "driver", "id", "label", "name", "scope", "type"})
_TYPES = frozenset({"builtin", "custom"})
_PREDEFINED = frozenset({"bridge", "default", "host", "none"})
_PRUNE_FILTERS = frozenset({"until", "label", "label!"})


async def list_networks(call: Call) -> web.StreamResponse:
    filters = call.filters(_LIST_FILTERS)
    for kind in filters.get("type"):
        if kind not in _TYPES:
            raise Refusal(400, f"invalid filter: 'type'='{kind[:40]}'")
    chosen = [each for each in await call.engine.networks.list() if _passes(each, filters)]
    return call.answer([network_record(each, members=False, version=call.version) for each in chosen])


def _passes(network: Network, filters: Filters) -> bool:
    dangling = filters.flag("dangling")
    kinds = filters.get("type")
    return (
        filters.prefix("id", network.id)
        and filters.name("name", shown_network(network.name))
        and filters.exact("driver", shown_network(network.driver))
        and filters.exact("scope", "local")
        and filters.labels("label", network.labels)
        and (not kinds or ("builtin" if network.builtin else "custom") in kinds)
        and (dangling is None or dangling is (not network.members and not network.builtin))
    )


async def inspect_network(call: Call) -> web.StreamResponse:
    scope = call.text("scope")
    if scope and scope != "local":
        raise Refusal(404, f"network {call.words['id'][:200]} not found")
    with docker_words("network", call.words["id"]):
        found = await _get(call, call.words["id"])
    return call.answer(network_record(found, members=True, version=call.version))


async def _get(call: Call, name: str) -> Network:
    return await call.engine.networks.get(network_name(name))


_OPTIONS = frozenset({"com.docker.network.driver.mtu", "mtu", "com.docker.network.bridge.enable_icc"})
"""Of the bridge driver, those that have an effect."""


async def create_network(call: Call) -> web.StreamResponse:
    body = await call.json(NetworkBody)
    if not body.name or len(body.name) > 255 or "\0" in body.name:
        raise Refusal(400, "invalid name: a network's name has between 1 and 255 characters")
    if body.name in _PREDEFINED:
        raise Refusal(403, f"operation is not permitted on predefined {body.name} network")
    _refuse_unsupported(body)
    ranges = body.ipam.config or [] if body.ipam else []
    made = await call.engine.networks.create(
        CreateNetwork(
            name=body.name,
            labels=dict(body.labels or {}),
            internal=bool(body.internal),
            **address_fields([_said(each) for each in ranges], ipv6=bool(body.enable_ipv6)),
            driver=body.driver or "bridge",
            options=dict(body.options or {}),
        )
    )
    idle = sorted(set(body.options or {}) - _OPTIONS)
    warnings = [f"These options change nothing here: {', '.join(idle)}."] if idle else []
    if made.hides:
        warnings.append(f"Members will not reach these networks of the host: {', '.join(made.hides)}.")
    return call.answer({"Id": made.id, "Warning": " ".join(warnings)}, 201)


def _said(given: IpamRange) -> dict[str, Any]:
    return {
        "Subnet": given.subnet,
        "Gateway": given.gateway,
        "IPRange": given.ip_range,
        "AuxiliaryAddresses": given.auxiliary_addresses,
    }


def _refuse_unsupported(body: NetworkBody) -> None:
    ipam = body.ipam
    checks: tuple[tuple[bool, str, str], ...] = (
        (bool(body.ingress), "Ingress", "there is no swarm"),
        (bool(body.config_only), "ConfigOnly", "there is no swarm"),
        (bool(body.config_from and any(body.config_from.values())), "ConfigFrom", "there is no swarm"),
        (body.scope not in (None, "", "local"), "Scope", "networks are local"),
        (body.enable_ipv4 is False, "EnableIPv4=false", "networks have IPv4 addresses"),
        (ipam is not None and (ipam.driver or "default") != "default", "IPAM.Driver", "there is one, default"),
    )
    for wrong, what, why in checks:
        if wrong:
            raise unsupported(what, why)


async def remove_network(call: Call) -> web.StreamResponse:
    name = call.words["id"]
    with docker_words("network", name):
        found = await _get(call, name)
        if found.builtin:
            raise Refusal(403, f"{shown_network(found.name)} is a pre-defined network and cannot be removed")
        try:
            await call.engine.networks.remove(found.id)
        except Conflict as error:
            if error.code is Code.IN_USE:
                error.code = Code.FORBIDDEN  # which is what Docker answers here
            raise
    return call.empty()


async def prune(call: Call) -> web.StreamResponse:
    filters = call.filters(_PRUNE_FILTERS)
    freed = await call.engine.networks.prune(until_ns=filters.until_ns(), labels=filters.label_rule())
    return call.answer({"NetworksDeleted": list(freed.ids) or None})


async def connect(call: Call) -> web.StreamResponse:
    body = await call.json(ConnectBody)
    container = await _member(call, body.container)
    asked = endpoints({"": endpoint_of(call.words["id"][:80], body.endpoint_config)})[""]
    with docker_words("network", call.words["id"]):
        found = await _get(call, call.words["id"])
    await call.engine.networks.connect(found.id, container, asked=asked)
    return call.empty(200)


async def disconnect(call: Call) -> web.StreamResponse:
    body = await call.json(DisconnectBody)
    container = await _member(call, body.container)
    with docker_words("network", call.words["id"]):
        found = await _get(call, call.words["id"])
    await call.engine.networks.disconnect(found.id, container, force=bool(body.force))
    return call.empty(200)


async def _member(call: Call, name: str) -> str:
    if not name:
        raise Refusal(400, 'invalid name or ID supplied: ""')
    with docker_words("container", name):
        return (await call.engine.containers.get(name)).id
