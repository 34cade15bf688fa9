"""A project in the words that docker-compose 1.29 knows; what it and other engines make, without what is their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.compose import labels

if TYPE_CHECKING:
    from pathlib import Path

_SERVICE_UNKNOWN = ("develop", "attach", "annotations")
_ITS_LABELS = {labels.PROJECT, labels.SERVICE, labels.NUMBER, labels.ONEOFF}
_ITS_WORD = "com.docker.compose."


def write_older(config: dict[str, Any], folder: Path) -> str:
    """Write the canonical project as a file of 1.29; the reason where it cannot be said there."""
    if config.get("configs"):
        return "configs are Swarm's alone there"
    services = {name: _service(service) for name, service in config["services"].items()}
    made: dict[str, Any] = {"services": services}
    for kind in ("networks", "volumes"):
        if entries := config.get(kind):
            made[kind] = {name: _named(entry) for name, entry in entries.items()}
    for name, secret in (config.get("secrets") or {}).items():
        path = secret.get("file") or str(folder / f"{name}.secret")
        if "environment" in secret:
            (folder / f"{name}.secret").write_text("open")
        made.setdefault("secrets", {})[name] = {"file": path}
    (folder / "older.yaml").write_text(json.dumps(made, indent=1))
    return ""


def _service(service: dict[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in service.items() if key not in _SERVICE_UNKNOWN and value is not None}
    if waits := made.get("depends_on"):
        made["depends_on"] = {name: {"condition": wait["condition"]} for name, wait in waits.items()}
    if check := made.get("healthcheck"):
        made["healthcheck"] = {key: value for key, value in check.items() if key != "start_interval"}
    if ports := made.get("ports"):
        made["ports"] = [_port(port) for port in ports]
    if hosts := made.get("extra_hosts"):
        made["extra_hosts"] = [each.replace("=", ":", 1) for each in hosts]
    deploy = made.pop("deploy", None) or {}
    if replicas := deploy.get("replicas"):
        made["scale"] = replicas
    limits, reserved = ((deploy.get("resources") or {}).get(each) or {} for each in ("limits", "reservations"))
    said = {"cpus": limits.get("cpus"), "mem_limit": limits.get("memory"), "mem_reservation": reserved.get("memory")}
    made |= {key: value for key, value in said.items() if value is not None}
    for key in ("mem_limit", "mem_reservation", "shm_size"):
        if key in made:
            made[key] = f"{made[key]}b"
    return made


def _port(port: dict[str, Any]) -> str:
    place = f"{port['host_ip']}:" if port.get("host_ip") else ""
    return f"{place}{port['published']}:{port['target']}/{port['protocol']}"


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if value not in ({}, None)}


def as_older_tells(found: dict[str, Any], project: str) -> dict[str, Any]:
    """Names with its underscore, and only what it says too: few labels, no name of a container in networks."""
    told = {}
    for name, each in found.items():
        kind, _, word = name.partition(" ")
        own = word
        if kind == "container" and word.startswith((f"{project}-", f"{project}_")):
            word = word.replace("-", "_")
        kept = {
            key: value
            for key, value in each.get("labels", {}).items()
            if key in _ITS_LABELS or not key.startswith(_ITS_WORD)
        }
        less: dict[str, Any] = {"labels": kept}
        if kind == "container":
            less["network_aliases"] = [alias for alias in each.get("network_aliases", ()) if alias != own]
            less["volumes_from"] = [which.removesuffix(":rw") for which in each.get("volumes_from", ())]
            less["mounts"] = [
                {key: value for key, value in mount.items() if key != "create_source"}
                for mount in each.get("mounts", ())
            ]
        told[f"{kind} {word}"] = each | less
    return told


def without_its_own(found: dict[str, Any]) -> dict[str, Any]:
    """Not what an engine fills in where nothing was asked: dockerd its control groups' and its swap's defaults, and the
    registry before the name of what it built."""
    told = {}
    for name, each in found.items():
        less = {key: value for key, value in each.items() if key != "cgroup_mode"}
        if "resources" in less:
            less["resources"] = {key: value for key, value in less["resources"].items() if key != "memory_swap"}
        if "image" in less:
            less["image"] = str(less["image"]).removeprefix("docker.io/library/")
        told[name] = less
    return told
