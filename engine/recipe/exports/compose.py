"""A recipe as a service of a compose file, with the volumes and networks it names."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from engine.recipe.kinds.amounts import seconds_words
from engine.recipe.kinds.devices import device_words
from engine.recipe.kinds.mounts import fits_volume, in_tmpfs, tmpfs_words, volume_words
from engine.recipe.kinds.ports import publish_words
from engine.recipe.networks import OWN_NETWORK, is_shared
from engine.recipe.rows import ROWS, get

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*")
_NOT_PLAIN = frozenset("y n yes no true false on off null".split())
_TIMES = ("interval", "timeout", "start_period", "start_interval")


def compose_of(recipe: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The whole file as data. A `$` is doubled, since compose would fill something in after a single one."""
    service: dict[str, Any] = {"image": recipe["image"]}
    if name:
        service["container_name"] = name
    for row in ROWS:
        value = get(dict(recipe), row.field) if row.compose else None
        if value is None or value == row.default or row.compose in service:
            continue
        written = row.kind.write(value) if row.field == "security" else value
        if written or row.field != "security":
            service[row.compose] = written
    service |= _in_other_words(recipe)
    networks = _networks(recipe, service)
    volumes = _volumes(recipe, service)
    whole: dict[str, Any] = {"services": {name or "app": service}}
    if networks:
        whole["networks"] = networks
    if volumes:
        whole["volumes"] = volumes
    found: dict[str, Any] = doubled(whole)
    return found


def _in_other_words(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What compose says otherwise than a body or a line does."""
    found: dict[str, Any] = {}
    if recipe.get("ports"):
        found["ports"] = [publish_words(item) for item in recipe["ports"]]
    if recipe.get("devices"):
        found["devices"] = [device_words(item) for item in recipe["devices"]]
    restart = recipe.get("restart") or {"name": "no", "maximum_retries": 0}
    if restart["name"] != "no":
        retries = f":{restart['maximum_retries']}" if restart["maximum_retries"] else ""
        found["restart"] = restart["name"] + retries
    if recipe.get("stop_timeout") is not None:
        found["stop_grace_period"] = seconds_words(max(0.0, recipe["stop_timeout"]))
    if recipe.get("ulimits"):
        found["ulimits"] = {item["name"]: {"soft": item["soft"], "hard": item["hard"]} for item in recipe["ulimits"]}
    if recipe.get("health"):
        found["healthcheck"] = _health(recipe["health"])
    log = _log(recipe.get("log") or {})
    block = _block_io(recipe.get("resources") or {})
    return found | ({"logging": log} if log else {}) | ({"blkio_config": block} if block else {})


def _health(health: Mapping[str, Any]) -> dict[str, Any]:
    if list(health.get("test", ()))[:1] == ["NONE"]:
        return {"disable": True}
    found: dict[str, Any] = {"test": list(health["test"])} if health.get("test") else {}
    found |= {key: seconds_words(health[key]) for key in _TIMES if health.get(key)}
    return found | ({"retries": health["retries"]} if health.get("retries") else {})


def _log(log: Mapping[str, Any]) -> dict[str, Any]:
    sizes = {"max-size": str(log["max_bytes"])} if log.get("max_bytes") else {}
    files = {"max-file": str(log["max_files"])} if log.get("max_files") else {}
    options = {**sizes, **files, **log.get("options", {})}
    driver = log.get("driver", "json-file")
    return {"driver": driver, **({"options": options} if options else {})} if options or driver != "json-file" else {}


def _block_io(resources: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"weight": resources["io_weight"]} if resources.get("io_weight") else {}
    for item in resources.get("io") or ():
        rates = found.setdefault(f"device_{item['kind'].replace('-', '_')}", [])
        rates.append({"path": item["device"], "rate": item["rate"]})
    return found


def _networks(recipe: Mapping[str, Any], service: dict[str, Any]) -> dict[str, Any]:
    """A named network exists already: the file is for a container that ran on it."""
    network = recipe.get("network", OWN_NETWORK)
    if network == OWN_NETWORK:
        return {}
    if network in ("none", "host") or is_shared(network):
        service["network_mode"] = network
        return {}
    fields = (
        ("aliases", "network_aliases"),
        ("ipv4_address", "ip"),
        ("ipv6_address", "ip6"),
        ("interface_name", "interface_name"),
    )
    said = {key: recipe[field] for key, field in fields if recipe.get(field)}
    service["networks"] = {network: said or None}
    return {network: {"external": True}}


def _volumes(recipe: Mapping[str, Any], service: dict[str, Any]) -> dict[str, Any]:
    mounts = [item for item in recipe.get("mounts") or () if not in_tmpfs(item)]
    in_memory = [item for item in recipe.get("mounts") or () if in_tmpfs(item)]
    if mounts:
        service["volumes"] = [_mount(item) for item in mounts]
    if in_memory:
        service["tmpfs"] = [":".join(filter(None, (item["target"], tmpfs_words(item)))) for item in in_memory]
    names = [item["source"] for item in mounts if item["kind"] == "volume" and item["source"]]
    return {name: {"external": True} for name in dict.fromkeys(names)}


def _mount(item: Mapping[str, Any]) -> Any:
    if fits_volume(item) and not item["ownership"]:
        return volume_words(item)
    found: dict[str, Any] = {"type": item["kind"], "target": item["target"]}
    if item["source"]:
        found["source"] = item["source"]
    if item["read_only"]:
        found["read_only"] = True
    if item["kind"] == "bind":
        found["bind"] = {"propagation": item["propagation"], "create_host_path": item["create_source"]}
    else:
        subpath = {"subpath": item["subpath"]} if item["subpath"] else {}
        found["volume"] = {"nocopy": not item["copy_up"], **subpath}
    return found


def doubled(value: Any) -> Any:
    """With every `$` as it stands, which compose fills nothing in for."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: doubled(item) for key, item in value.items()}
    return [doubled(item) for item in value] if isinstance(value, list | tuple) else value


# --- the file ---


def write_compose(parts: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """compose.yaml with a service for each name and recipe."""
    whole: dict[str, Any] = {}
    for name, recipe in parts:
        for key, entries in compose_of(recipe, name).items():
            whole.setdefault(key, {}).update(entries)
    services = whole.get("services", {})
    for service in services.values():
        _call_neighbours(service, services)
    return "\n".join(_lines(whole, "")) + "\n"


def _call_neighbours(service: dict[str, Any], services: Mapping[str, Any]) -> None:
    """A container that is meant is a service where it is in the same file, and called a container where it is not."""
    for key in ("network_mode", "pid", "ipc"):
        kind, _, name = str(service.get(key) or "").partition(":")
        if kind == "container" and name in services:
            service[key] = f"service:{name}"
    if others := service.get("volumes_from"):
        service["volumes_from"] = [
            each if each.partition(":")[0] in services else f"container:{each}" for each in others
        ]


def _lines(value: Mapping[str, Any], indent: str) -> Iterable[str]:
    for key, item in value.items():
        head = f"{indent}{_scalar(key)}:"
        if isinstance(item, dict) and item:
            yield head
            yield from _lines(item, indent + "  ")
        elif isinstance(item, list) and item:
            yield head
            for entry in item:
                yield f"{indent}  - {_scalar(entry)}"
        else:
            yield head if item is None else f"{head} {_scalar(item)}"


def _scalar(value: Any) -> str:
    """Plain where no reader of YAML could take it for anything but a text; else as JSON, which is YAML, too."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN:
        return value
    return json.dumps(value, ensure_ascii=False)
