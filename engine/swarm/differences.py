"""What a deployment would change: what is wanted of a stack beside what is there of it. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.swarm.shapes import NAMESPACE, STACK_IMAGE, part
from engine.types.projects import FieldChange
from engine.types.swarm import StackStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.swarm.shapes import Json
    from engine.swarm.stack import Stack

_DEFAULTS: dict[str, object] = {
    "EndpointSpec.Mode": "vip",
    "TaskTemplate.ContainerSpec.Isolation": "default",
    "TaskTemplate.ContainerSpec.StopGracePeriod": 10_000_000_000,
    "TaskTemplate.RestartPolicy.Condition": "any",
    "TaskTemplate.RestartPolicy.Delay": 5_000_000_000,
    "TaskTemplate.Runtime": "container",
    **{
        f"{each}.{field}": value
        for each in ("UpdateConfig", "RollbackConfig")
        for field, value in (
            ("Parallelism", 1), ("FailureAction", "pause"), ("Monitor", 5_000_000_000), ("Order", "stop-first"),
        )
    },
}  # fmt: skip
"""What a manager fills in where nothing was said."""
_NOT_COMPARED = ("TaskTemplate.ForceUpdate", "TaskTemplate.Placement.Platforms", f"Labels.{STACK_IMAGE}")


class There:
    """What there is of a stack, in a manager's own bodies; `every_network` with those of nobody's stack."""

    def __init__(self, services: Iterable[Json], networks: Iterable[Json], configs: Iterable[Json],
                 secrets: Iterable[Json], stack: str) -> None:  # fmt: skip
        self.every_network = {str(each.get("Name")): each for each in networks}
        self.every_file = {
            "config": {str(part(each, "Spec").get("Name")): each for each in configs},
            "secret": {str(part(each, "Spec").get("Name")): each for each in secrets},
        }
        self.services = {
            str(part(each, "Spec").get("Name")): each for each in services if _stack(part(each, "Spec")) == stack
        }
        self.networks = {name: each for name, each in self.every_network.items() if _stack(each) == stack}
        self.files = {
            kind: {name: each for name, each in known.items() if _stack(part(each, "Spec")) == stack}
            for kind, known in self.every_file.items()
        }

    def forget_network(self, name: str) -> None:
        """It is listed, and not there."""
        del self.every_network[name]
        del self.networks[name]


def _stack(thing: Mapping[str, Any]) -> str:
    return str((thing.get("Labels") or {}).get(NAMESPACE) or "")


def steps(wanted: Stack, there: There, *, prune: bool) -> tuple[tuple[StackStep, ...], tuple[str, ...]]:
    """What would be done, in that order; and what stands in the way, in sentences."""
    found: list[StackStep] = []
    problems: list[str] = []
    for name in wanted.networks:
        found.append(StackStep(action="keep" if name in there.every_network else "create", kind="network", name=name))
    for name in wanted.outer_networks:
        if name not in there.every_network:
            problems.append(f"The network {name} is said to be there already, and is not.")
        elif there.every_network[name].get("Scope") != "swarm" and name not in ("host", "none"):
            problems.append(f"The network {name} is one of a single machine: services of a swarm cannot use it.")
    for kind, bodies in (("secret", wanted.secrets), ("config", wanted.configs)):
        for name, body in bodies.items():
            step, problem = _file_step(kind, name, body, there.every_file[kind].get(name))
            found.append(step)
            problems += problem
    for name, spec in wanted.services.items():
        found.append(_service_step(name, spec, there))
    if prune:
        gone = [name for name in there.services if name not in wanted.services]
        found += [StackStep(action="remove", kind="service", name=name) for name in sorted(gone)]
    return tuple(found), tuple(problems)


def _file_step(kind: Any, name: str, body: Json, known: Json | None) -> tuple[StackStep, list[str]]:
    if known is None:
        return StackStep(action="create", kind=kind, name=name), []
    spec = part(known, "Spec")
    if kind == "config" and spec.get("Data") != body["Data"]:
        return StackStep(action="keep", kind=kind, name=name), [
            f"The config {name} is there with another content, and a config never changes: give the new one another "
            "name (`name:` below it in the file)."
        ]
    changes = changed_fields({"Labels": spec.get("Labels") or {}}, {"Labels": body["Labels"]})
    return StackStep(action="update" if changes else "keep", kind=kind, name=name, changes=changes), []


def _service_step(name: str, spec: Json, there: There) -> StackStep:
    known = there.services.get(name)
    if known is None:
        return StackStep(action="create", kind="service", name=name)
    ids = {str(each.get("Id")): net for net, each in there.every_network.items()}
    changes = changed_fields(_plain(part(known, "Spec"), ids), _plain(spec, ids))
    return StackStep(action="update" if changes else "keep", kind="service", name=name, changes=changes)


def _plain(spec: Json, networks: Mapping[str, str]) -> Json:
    """Without digests and ids, which only a manager knows."""
    template = part(spec, "TaskTemplate")
    inside = part(template, "ContainerSpec")
    inside["Image"] = str(inside.get("Image") or "").partition("@")[0]
    for noun in ("Config", "Secret"):
        if inside.get(f"{noun}s"):
            inside[f"{noun}s"] = [{key: each[key] for key in ("File", f"{noun}Name")} for each in inside[f"{noun}s"]]
    named = [
        {"Target": networks.get(str(each.get("Target")), each.get("Target")), "Aliases": sorted(each["Aliases"] or [])}
        for each in template.get("Networks") or ()
    ]
    named.sort(key=lambda each: str(each["Target"]))
    return spec | {"TaskTemplate": template | {"ContainerSpec": inside, "Networks": named}}


def changed_fields(before: Json, after: Json) -> tuple[FieldChange, ...]:
    """Of two specs, but for what a manager fills in where nothing was said."""
    old, new = _flat(before), _flat(after)
    return tuple(
        FieldChange(field=key, before=_words(old.get(key)), after=_words(new.get(key)))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and not key.startswith(_NOT_COMPARED)
    )


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Leaves by their dotted paths; lists are leaves. What is empty, or as it is by itself, is left out."""
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, each in value.items():
            found |= _flat(each, f"{path}.{key}" if path else key)
        # A mode is told by an object that may have nothing in it.
        return found or ({path: {}} if path.startswith("Mode.") else {})
    if value in (None, "", [], 0, False) or _DEFAULTS.get(path) == value:
        return {}
    return {path: [_tidy(each) for each in value] if isinstance(value, list) else value}


def _tidy(value: Any) -> Any:
    """An entry of a list without what says nothing in it."""
    if not isinstance(value, dict):
        return value
    kept = {key: _tidy(each) for key, each in value.items()}
    return {key: each for key, each in kept.items() if each not in (None, "", [], {}, 0, False)}


def _words(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
