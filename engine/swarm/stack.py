"""A project as what a swarm is asked for: networks, configs, secrets and services, with Docker's labels. Pure but for
the files of configs and secrets, which are read here."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.compose.faults import Problem
from engine.compose.reading.ordering import in_order
from engine.swarm.service_spec import service_spec
from engine.swarm.shapes import NAMESPACE, STACK_IMAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.compose.reading.loading import Project
    from engine.swarm.shapes import Json

_LARGEST_DATA = {"configs": 1_000_000, "secrets": 500 * 1024}
"""Bytes a swarm takes."""
_IGNORED = {
    "build": "a swarm builds nothing: the image must be in a registry, or on every node",
    "cgroup": "",
    "cgroup_parent": "",
    "container_name": "a swarm names its containers itself",
    "depends_on": "a swarm starts all services together",
    "devices": "",
    "domainname": "",
    "external_links": "",
    "ipc": "",
    "links": "services of a stack find each other by their names",
    "mac_address": "",
    "network_mode": "",
    "pid": "",
    "privileged": "",
    "runtime": "",
    "security_opt": "",
    "shm_size": "",
    "userns_mode": "",
    "volumes_from": "",
}
"""Fields a swarm has nothing for, with what is worth knowing."""


@dataclass(slots=True)
class Stack:
    """What is to be there, in Docker's own bodies, by the names Docker will know."""

    name: str
    networks: dict[str, Json] = field(default_factory=dict)
    outer_networks: list[str] = field(default_factory=list)
    """Those that must be there already."""
    configs: dict[str, Json] = field(default_factory=dict)
    secrets: dict[str, Json] = field(default_factory=dict)
    services: dict[str, Json] = field(default_factory=dict)
    """Networks are given by name, configs and secrets too: ids are put in when they are known."""
    problems: list[Problem] = field(default_factory=list)


def stack_of(project: Project) -> Stack:
    """The project's name is the stack's."""
    made = Stack(project.name)
    used = {network for each in project.services.values() for network in each.get("networks") or {}}
    for key in sorted(used):
        _network(made, key, project.model["networks"][key])
    for kind in ("configs", "secrets"):
        for key, each in (project.model.get(kind) or {}).items():
            _file(made, kind, key, each, project.environment)
    for name in in_order(project.services, project.services):
        service = project.services[name]
        _tell_ignored(made, name, service)
        spec = service_spec(project, name, stack=project.name)
        spec["Labels"] |= {NAMESPACE: project.name, STACK_IMAGE: spec["TaskTemplate"]["ContainerSpec"]["Image"]}
        made.services[spec["Name"]] = spec
    made.problems = [project.placed(each) for each in made.problems]
    return made


def _network(made: Stack, key: str, network: Mapping[str, Any]) -> None:
    name = str(network["name"])
    if network.get("external"):
        made.outer_networks.append(name)
        return
    driver = network.get("driver") or "overlay"
    if driver in ("bridge", "pasta"):
        made.problems.append(
            Problem(
                ("networks", key, "driver"),
                f"a network of a stack reaches over all nodes: overlay is used instead of {driver}",
                warning=True,
            )
        )
        driver = "overlay"
    ipam = network.get("ipam") or {}
    body: Json = {"Name": name, "Driver": driver, "Labels": {**(network.get("labels") or {}), NAMESPACE: made.name}}
    if network.get("driver_opts"):
        body["Options"] = {key: str(value) for key, value in network["driver_opts"].items()}
    for word, ours in (("internal", "Internal"), ("attachable", "Attachable"), ("enable_ipv6", "EnableIPv6")):
        if network.get(word):
            body[ours] = True
    if ipam:
        ranges = [
            {ours: each[word] for word, ours in (("subnet", "Subnet"), ("gateway", "Gateway"), ("ip_range", "IPRange"))
             if each.get(word)}
            for each in ipam.get("config") or []
        ]  # fmt: skip
        body["IPAM"] = {"Driver": ipam.get("driver") or "default", "Config": ranges}
    made.networks[name] = body


def _file(made: Stack, kind: str, key: str, each: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    if each.get("external"):
        return
    path = (kind, key)
    try:
        data = _data(each, environment)
    except OSError as error:
        made.problems.append(Problem(path, f"{each['file']} cannot be read: {error.strerror or error}"))
        return
    if len(data) > _LARGEST_DATA[kind]:
        made.problems.append(Problem(path, f"{len(data)} bytes are more than a swarm keeps ({_LARGEST_DATA[kind]})"))
        return
    body = {
        "Name": each["name"],
        "Labels": {**(each.get("labels") or {}), NAMESPACE: made.name},
        "Data": base64.b64encode(data).decode(),
    }
    (made.configs if kind == "configs" else made.secrets)[str(each["name"])] = body


def _data(each: Mapping[str, Any], environment: Mapping[str, str]) -> bytes:
    if each.get("content") is not None:
        return str(each["content"]).encode()
    if each.get("environment"):
        return environment.get(each["environment"], "").encode(errors="surrogateescape")
    with open(each["file"], "rb") as file:
        return file.read(max(_LARGEST_DATA.values()) + 1)


def _tell_ignored(made: Stack, name: str, service: Mapping[str, Any]) -> None:
    for word, why in _IGNORED.items():
        if service.get(word):
            words = f"is not done by a swarm ({why})" if why else "is not done by a swarm"
            made.problems.append(Problem(("services", name, word), words, warning=True))
    for number, mount in enumerate(service.get("volumes") or []):
        if mount["type"] == "bind":
            words = f"{mount.get('source')} must be on every node that runs this"
            made.problems.append(Problem(("services", name, "volumes", number), words, warning=True))
