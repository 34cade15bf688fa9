"""A recipe as the JSON body of Docker's create request, both ways, and as the HostConfig of an inspection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from engine.recipe.faults import Unreadable, marked, unsupported
from engine.recipe.kinds.plain import expected
from engine.recipe.kinds.ports import key_of
from engine.recipe.line import settled
from engine.recipe.networks import OWN_NETWORK, network_mode, network_name
from engine.recipe.rows import REFUSED, ROWS, get, put
from engine.types.confinement import MASKED_PATHS, READ_ONLY_PATHS

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOST = "HostConfig."
_ENGINE_SOCKET = "io.wherry.engine-socket"
"""The label by which clients of Docker say what they have no option for."""
_ALLOWED = ("allow", "true", "yes", "1")
_CONSTANT = {
    "ContainerIDFile": "",
    "VolumeDriver": "",
    "ConsoleSize": [0, 0],
    "Cgroup": "",
    "Runtime": "crun",
    "Isolation": "",
    "BlkioWeightDevice": [],
    "CpuRealtimePeriod": 0,
    "CpuRealtimeRuntime": 0,
}
"""What an inspection says of things that are the same for every container here."""


_USUAL_PATHS = (list(MASKED_PATHS), list(READ_ONLY_PATHS))
"""Clients send back what an inspection showed them."""


_INTERFACE_NAME = "com.docker.network.endpoint.ifname"
_ENDPOINT_FIELDS = {
    "network_aliases": "aliases",
    "ip": "ip",
    "ip6": "ip6",
    "mac_address": "mac",
    "interface_name": "interface",
}
"""Of the container's own network, what is asked of it as fields of the recipe."""


class Request(NamedTuple):
    """What a body asks for."""

    recipe: dict[str, Any]
    networks: dict[str, dict[str, Any]]
    """Networks beyond the first, with what is asked of each: `aliases`, and `ip`, `ip6`, `mac` where they are fixed."""


# --- reading ---


def load(body: Mapping[str, Any]) -> Request:
    """Refuses first, so that nothing is made of a request that cannot be wholly honoured."""
    if not isinstance(body.get("Image"), str) or not body["Image"]:
        raise Unreadable(marked("Recipe", "no image was named"))
    _refuse(body)
    recipe: dict[str, Any] = {}
    _load_rows(body, recipe)
    host = _part(body, "HostConfig")
    if host.get("MaskedPaths") == [] and host.get("ReadonlyPaths") == []:
        # Null means the default lists; empty lists mean none.
        put(recipe, "security.unmask_paths", value=True)
    if str((recipe.get("labels") or {}).get(_ENGINE_SOCKET, "")).lower() in _ALLOWED:
        put(recipe, "engine_socket", value=True)
    endpoints = endpoints_of(body)
    _choose_network(body, host, endpoints, recipe)
    further = {name: asked for name, asked in endpoints.items() if name not in (recipe["network"], OWN_NETWORK)}
    _take_links(body, recipe)
    return Request(settled(recipe), further)


def load_update(body: Mapping[str, Any], recipe: dict[str, Any]) -> dict[str, Any]:
    """What is named changes in the recipe, everything else stays; to Docker a zero says nothing."""
    inside = {"HostConfig": body}
    _refuse(inside)
    changed = dict(recipe)
    for row in ROWS:
        if not (row.update or row.field == "resources.io"):
            continue
        value = _dig(inside, row.key)
        if not value or (isinstance(value, dict) and not value.get("Name")):
            continue
        # Rates of another kind stay: all kinds share one list.
        others = (
            [rate for rate in get(changed, row.field) or () if not row.kind.dump([rate])] if row.default == [] else None
        )
        put(changed, row.field, row.kind.load(others, value, row.flag))
    return changed


def _load_rows(body: Mapping[str, Any], recipe: dict[str, Any]) -> None:
    for row in ROWS:
        value = _dig(body, row.key) if row.key else None
        if value is None or value == "":
            continue
        if value == 0 and isinstance(row.default, int) and row.default > 0 and not isinstance(value, bool):
            continue  # a size of zero: as usual
        put(recipe, row.field, row.kind.load(get(recipe, row.field), value, row.flag or row.key))


def _dig(body: Mapping[str, Any], key: str) -> Any:
    *outer, last = key.split(".")
    for part in outer:
        body = _part(body, part)
    return body.get(last)


def _part(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = body.get(key)
    if part is not None and not isinstance(part, dict):
        raise expected(key, "an object")
    return part or {}


def _refuse(body: Mapping[str, Any]) -> None:
    for refused in REFUSED:
        value = _dig(body, refused.key) if refused.key else None
        if value and value not in refused.harmless and value not in _USUAL_PATHS:
            raise unsupported(f"{refused.key} {value!r}"[:120] if isinstance(value, str) else refused.key, refused.why)


def endpoints_of(body: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The networks that are named, with what is asked of each."""
    found: dict[str, dict[str, Any]] = {}
    for name, endpoint in _part(_part(body, "NetworkingConfig"), "EndpointsConfig").items():
        found[network_name(name)] = endpoint_of(name, endpoint)
    return found


def endpoint_of(name: str, endpoint: Any) -> dict[str, Any]:
    """What a container asks of a network: the names it has there, and addresses that are to be its own."""
    if endpoint is not None and not isinstance(endpoint, dict):
        raise expected(name, "an object")
    endpoint = endpoint or {}
    aliases = endpoint.get("Aliases") or []
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise expected("Aliases", "a list")
    addresses = _part(endpoint, "IPAMConfig")
    if addresses.get("LinkLocalIPs"):
        why = marked("Recipe", "interfaces choose these themselves")
        raise unsupported(f"a link-local address on network {name}", why)
    fixed = {
        "ip": addresses.get("IPv4Address"),
        "ip6": addresses.get("IPv6Address"),
        "mac": endpoint.get("MacAddress"),
        "interface": _part(endpoint, "DriverOpts").get(_INTERFACE_NAME),
    }
    if not all(isinstance(value, str) for value in fixed.values() if value):
        raise expected("IPAMConfig", "an object")
    links = endpoint.get("Links") or []
    if not isinstance(links, list) or not all(isinstance(link, str) for link in links):
        raise expected("Links", "a list")
    return {"aliases": list(aliases), "links": list(links), **{key: value for key, value in fixed.items() if value}}


def _choose_network(
    body: Mapping[str, Any], host: Mapping[str, Any], endpoints: dict[str, dict[str, Any]], recipe: dict[str, Any]
) -> None:
    if body.get("NetworkDisabled"):
        recipe["network"] = "none"
        return
    network = recipe.setdefault("network", OWN_NETWORK)
    if not host.get("NetworkMode") and len(endpoints) == 1:
        network = recipe["network"] = next(iter(endpoints))
    asked = endpoints.get(network, {})
    for field, key in _ENDPOINT_FIELDS.items():
        if asked.get(key):
            recipe[field] = asked[key]


def _take_links(body: Mapping[str, Any], recipe: dict[str, Any]) -> None:
    """Those that were said of a network, which are the container's all the same."""
    given = list(recipe.get("links") or ())
    for endpoint in _part(_part(body, "NetworkingConfig"), "EndpointsConfig").values():
        given += (endpoint or {}).get("Links") or ()
    if not all(isinstance(link, str) for link in given):
        raise expected("Links", "a list")
    if given:
        recipe["links"] = list(dict.fromkeys(given))


# --- writing ---


def dump(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Only what is said: what a client sends."""
    body: dict[str, Any] = {}
    for row in ROWS:
        value = get(dict(recipe), row.field) if row.key else None
        if value is None or value == row.default:
            continue
        json = row.kind.dump(value)
        if json is not None and json != []:
            _place(body, row.key, json)
    published: dict[str, dict[str, str]] = {key_of(item): {} for item in recipe.get("ports") or ()}
    if published:
        body["ExposedPorts"] = {**published, **(body.get("ExposedPorts") or {})}
    if endpoint := _endpoint(recipe):
        network = network_mode(recipe.get("network", OWN_NETWORK))
        body["NetworkingConfig"] = {"EndpointsConfig": {network: endpoint}}
        _place(body, "HostConfig.NetworkMode", network)
    return body


def _endpoint(recipe: Mapping[str, Any]) -> dict[str, Any]:
    endpoint: dict[str, Any] = {}
    if recipe.get("network_aliases"):
        endpoint["Aliases"] = list(recipe["network_aliases"])
    pairs = (("IPv4Address", recipe.get("ip")), ("IPv6Address", recipe.get("ip6")))
    if addresses := {key: value for key, value in pairs if value}:
        endpoint["IPAMConfig"] = addresses
    if recipe.get("interface_name"):
        endpoint["DriverOpts"] = {_INTERFACE_NAME: recipe["interface_name"]}
    return endpoint


def dump_update(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `update`: what is said of what it can change."""
    return dict(dump(recipe).get("HostConfig", {}))


def host_config(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """All of it, as an inspection shows it: what was not said as Docker shows that."""
    shown: dict[str, Any] = {"HostConfig": dict(_CONSTANT)}
    for row in ROWS:
        if not row.key.startswith(_HOST):
            continue
        value = get(dict(recipe), row.field)
        json = None if value is None or value == row.default else row.kind.dump(value)
        _place(shown, row.key, row.empty if json is None or json == [] else json)
    host: dict[str, Any] = shown["HostConfig"]
    for key in ("Mounts", "Tmpfs", "Sysctls", "Init"):
        if not host[key]:
            del host[key]
    return {**host, **_hidden_paths(recipe.get("security") or {})}


def _hidden_paths(security: Mapping[str, Any]) -> dict[str, Any]:
    """What is hidden in /proc and /sys, and what cannot be written there: null where nobody hides anything."""
    if security.get("privileged"):
        return {"MaskedPaths": None, "ReadonlyPaths": None}
    unmasked = security.get("unmask_paths")
    return {
        "MaskedPaths": [] if unmasked else list(MASKED_PATHS),
        "ReadonlyPaths": [] if unmasked else list(READ_ONLY_PATHS),
    }


def _place(body: dict[str, Any], key: str, value: Any) -> None:
    *outer, last = key.split(".")
    for part in outer:
        body = body.setdefault(part, {})
    body[last] = value
