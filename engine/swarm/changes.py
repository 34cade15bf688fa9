"""A service's spec with something of it changed: what `service update` sends. Pure."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidRequest
from engine.swarm.lone_service import ROLLING, spoken_of
from engine.swarm.shapes import part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.swarm.shapes import Json
    from engine.types.swarm import ChangeService

_INSIDE = "TaskTemplate.ContainerSpec"
_WHOLE = (f"{_INSIDE}.Args", f"{_INSIDE}.Command", f"{_INSIDE}.Healthcheck.Test", "TaskTemplate.LogDriver", "Mode")
"""Said anew they replace what was there."""
_CAPABILITIES = (f"{_INSIDE}.CapabilityAdd", f"{_INSIDE}.CapabilityDrop")


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


def changed(spec: Json, change: ChangeService, name: str, said: Json | None = None) -> Json:
    """The whole new spec; the one given stays as it is. `said` is what `spoken_of` makes of the change's words, where
    something of it is known by another name by now."""
    found = copy.deepcopy(spec)
    said = spoken_of(change.words, change.volumes) if said is None else copy.deepcopy(said)
    for place, keys in change.gone.items():
        _take(found, place, frozenset(keys))
    for one, other in (_CAPABILITIES, _CAPABILITIES[::-1]):
        _toggle(found, said, one, other)
    if _at(said, f"{_INSIDE}.Healthcheck.Test") == ["NONE"]:
        found["TaskTemplate"]["ContainerSpec"].pop("Healthcheck", None)
    for place, words in ROLLING:
        _narrow(found, said, place, (change.words.get("deploy") or {}).get(words[0]) or {})
    found = _merged(found, said, "")
    template = found.setdefault("TaskTemplate", {})
    inside = template.setdefault("ContainerSpec", {})
    if change.image:
        inside["Image"] = change.image
    if change.args is not None:
        inside["Args"] = list(change.args)
    if change.force:
        template["ForceUpdate"] = int(template.get("ForceUpdate") or 0) + 1
    if change.max_concurrent is not None and "ReplicatedJob" in part(found, "Mode"):
        found["Mode"]["ReplicatedJob"] = part(found, "Mode", "ReplicatedJob") | {"MaxConcurrent": change.max_concurrent}
    return found if change.replicas is None else scaled(found, change.replicas, name)


def _narrow(found: Json, said: Json, place: str, words: Mapping[str, Any]) -> None:
    """Where there is something of it already, what was not said stays."""
    known, new = _at(found, place), _at(said, place)
    if known and new:
        spelt = {each.title().replace("_", "") for each in words}
        for key in [*new]:
            if key not in spelt:
                del new[key]


def _toggle(found: Json, said: Json, one: str, other: str) -> None:
    """What was added and is dropped now, or the other way round, is as it is by itself, as docker has it."""
    wanted, known = _at(said, one) or [], _at(found, other) or []
    back = frozenset(wanted).intersection(known)
    _take(found, other, back)
    _take(said, one, back)


def _at(spec: Json, place: str) -> Any:
    value: Any = spec
    for key in place.split("."):
        value = (value or {}).get(key)
    return value


# --- entries of lists, by what they are known by ---


def _pair(entry: Any) -> Sequence[str]:
    return (str(entry).partition("=")[0],)


def _network(entry: Any) -> Sequence[str]:
    return (str(entry.get("Target")),)


def _port(entry: Any) -> Sequence[str]:
    """As docker does: another port outside is one more, and the port inside takes all of them away."""
    inside = f"{entry.get('TargetPort')}/{entry.get('Protocol') or 'tcp'}"
    return (f"{entry.get('PublishedPort')}:{inside}/{entry.get('PublishMode') or 'ingress'}", inside)


def _host(entry: Any) -> Sequence[str]:
    """A line of a hosts file, also as it was asked for."""
    address, _, name = str(entry).partition(" ")
    return (str(entry), name, f"{name}:{address}")


def _granted(noun: str) -> Callable[[Any], Sequence[str]]:
    return lambda entry: (f"{entry.get(f'{noun}Name')} {part(entry, 'File').get('Name')}", str(entry[f"{noun}Name"]))


def _generic(entry: Any) -> Sequence[str]:
    return (str(next(iter(entry.values())).get("Kind")),)


def _preference(entry: Any) -> Sequence[str]:
    return (f"spread={part(entry, 'Spread').get('SpreadDescriptor')}",)


_KNOWN_BY: dict[str, Callable[[Any], Sequence[str]]] = {
    f"{_INSIDE}.Env": _pair,
    f"{_INSIDE}.Mounts": lambda entry: (str(entry.get("Target")),),
    f"{_INSIDE}.Hosts": _host,
    f"{_INSIDE}.Ulimits": lambda entry: (str(entry.get("Name")),),
    f"{_INSIDE}.Configs": _granted("Config"),
    f"{_INSIDE}.Secrets": _granted("Secret"),
    "TaskTemplate.Networks": _network,
    "TaskTemplate.Placement.Preferences": _preference,
    "TaskTemplate.Resources.Reservations.GenericResources": _generic,
    "EndpointSpec.Ports": _port,
}
"""All names of an entry, the one that is its own first; of all other lists an entry is its own name."""


def _itself(entry: Any) -> Sequence[str]:
    return (str(entry),)


def _take(spec: Json, place: str, keys: frozenset[str]) -> None:
    """In place; what is not there need not be taken."""
    above, _, last = place.rpartition(".")
    holder = _at(spec, above) if above else spec
    value = (holder or {}).get(last)
    if not keys or not value:
        return
    if isinstance(value, dict):
        holder[last] = {key: each for key, each in value.items() if key not in keys}
    else:
        names = _KNOWN_BY.get(place, _itself)
        holder[last] = [each for each in value if keys.isdisjoint(names(each))]


def _merged(old: Any, new: Any, place: str) -> Any:
    if isinstance(old, dict) and isinstance(new, dict) and place not in _WHOLE:
        return old | {
            key: _merged(old.get(key), value, f"{place}.{key}" if place else key) for key, value in new.items()
        }
    if isinstance(old, list) and isinstance(new, list) and place not in _WHOLE:
        return _joined(old, new, _KNOWN_BY.get(place, _itself))
    return new


def _joined(old: Iterable[Any], new: Sequence[Any], names: Callable[[Any], Sequence[str]]) -> list[Any]:
    own = {names(each)[0]: each for each in new}
    kept = [own.pop(names(each)[0], each) for each in old]
    return [*kept, *own.values()]
