"""A service's spec with something of it changed: what `service update` sends. Pure."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidRequest
from engine.swarm.service_spec import update_config
from engine.swarm.shapes import part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.swarm.shapes import Json
    from engine.types.swarm import ChangeService


def scaled(spec: Json, replicas: int, name: str) -> Json:
    if replicas < 0:
        raise InvalidRequest("A service cannot have fewer than no tasks", subject=name)
    found = copy.deepcopy(spec)
    mode = part(found, "Mode")
    if "Replicated" in mode:
        mode["Replicated"] = {"Replicas": replicas}
    elif "ReplicatedJob" in mode:
        mode["ReplicatedJob"] = {**part(mode, "ReplicatedJob"), "TotalCompletions": replicas}
    else:
        raise InvalidRequest(
            f"{name} has one task on each node", "Only services in replicated mode can be scaled.", subject=name
        )
    return found | {"Mode": mode}


def changed(spec: Json, change: ChangeService, name: str) -> Json:
    """The whole new spec; the one given stays as it is."""
    found = copy.deepcopy(spec)
    template = part(found, "TaskTemplate")
    inside = part(template, "ContainerSpec")
    if change.image:
        inside["Image"] = change.image
    if change.args is not None:
        inside["Args"] = list(change.args)
    inside["Env"] = _environment(inside.get("Env") or [], change)
    if change.force:
        template["ForceUpdate"] = int(template.get("ForceUpdate") or 0) + 1
    placement = part(template, "Placement")
    placement["Constraints"] = _listed(placement.get("Constraints"), change.constraints, change.constraints_gone)
    resources = part(template, "Resources")
    resources["Limits"] = part(resources, "Limits") | _limits(change)
    labels = {key: value for key, value in (found.get("Labels") or {}).items() if key not in change.labels_gone}
    found |= {
        "Labels": labels | change.labels,
        "TaskTemplate": template | {"ContainerSpec": inside, "Placement": placement, "Resources": resources},
        "EndpointSpec": _endpoint(part(found, "EndpointSpec"), change),
    }
    if change.update:
        found["UpdateConfig"] = part(found, "UpdateConfig") | _rolling(change.update)
    return found if change.replicas is None else scaled(found, change.replicas, name)


def _environment(entries: Iterable[str], change: ChangeService) -> list[str]:
    known = dict(each.partition("=")[::2] for each in entries if "=" in each)
    bare = [each for each in entries if "=" not in each and each not in change.environment_gone]
    kept = {key: value for key, value in known.items() if key not in change.environment_gone}
    return [*bare, *(f"{key}={value}" for key, value in (kept | change.environment).items())]


def _listed(known: Iterable[str] | None, more: Iterable[str], gone: Iterable[str]) -> list[str]:
    left = [each for each in known or () if each not in set(gone)]
    return [*left, *(each for each in more if each not in left)]


def _limits(change: ChangeService) -> Json:
    found: Json = {}
    if change.limit_cpus is not None:
        found["NanoCPUs"] = round(change.limit_cpus * 1e9)
    if change.limit_memory is not None:
        found["MemoryBytes"] = change.limit_memory
    return found


def _endpoint(endpoint: Json, change: ChangeService) -> Json:
    replaced = {(each.target, each.protocol) for each in change.ports}
    kept = [
        each
        for each in endpoint.get("Ports") or []
        if each.get("TargetPort") not in change.ports_gone
        and (each.get("TargetPort"), each.get("Protocol") or "tcp") not in replaced
    ]
    added = [
        {"Protocol": each.protocol, "TargetPort": each.target, "PublishedPort": each.published,
         "PublishMode": each.mode}
        for each in change.ports
    ]  # fmt: skip
    return endpoint | {"Ports": [*kept, *added]}


def _rolling(said: Mapping[str, str]) -> dict[str, Any]:
    words = update_config(said) or {}
    named = {
        "parallelism": "Parallelism", "delay": "Delay", "failure_action": "FailureAction", "monitor": "Monitor",
        "max_failure_ratio": "MaxFailureRatio", "order": "Order",
    }  # fmt: skip
    return {theirs: words[theirs] for ours, theirs in named.items() if ours in said and theirs in words}
