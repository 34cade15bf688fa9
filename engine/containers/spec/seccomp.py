"""The seccomp filter: the default list (what moby publishes allows, no more), or a profile in Docker's format. Pure."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidRequest
from resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_PROFILE_BYTES = 1 << 20
_ENOSYS = 38
_HIGHEST_BIT = 1 << 31


@cache
def _default_list() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(resource("seccomp.json").read_text())
    return data


def default_profile(capabilities: Iterable[str], architecture: str) -> dict[str, Any]:
    """The `linux.seccomp` object: everything refused but what is listed, more with more capabilities.

    What is known and refused is not permitted. A call that nobody knows yet is not implemented: then a program takes
    the older call it knows as well, where "not permitted" would be its end.
    """
    known = _default_list()
    held = set(capabilities)
    names = {name for group in known["allow"].values() for name in group}
    names.update(known["allow_on_architecture"].get(architecture, ()))
    refused = set(known["refused"])
    for capability, more in known["allow_with_capability"].items():
        (names if capability in held else refused).update(more)
    rules: list[dict[str, Any]] = [_allow(sorted(names)), *_sockets(known), *_personalities(known)]
    if "CAP_SYS_ADMIN" not in held:
        # New namespaces stay forbidden: clone may not carry their flags; clone3, whose flags no filter sees, is absent.
        rules += _clone(known["namespace_clone_flags"], 1 if architecture == "s390x" else 0)
        absent = known["unimplemented_without_sys_admin"]
        rules.append({"names": absent, "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS})
        refused.difference_update(absent, ("clone",))
    rules.append(_refuse(sorted(refused - names)))
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": _ENOSYS,
        "architectures": known["architectures"].get(architecture, []),
        "syscalls": rules,
    }


def _sockets(known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Families by name and not by exception: one that comes later is nobody's yet. Two conditions on one argument would
    both have to hold, so each family is a rule."""
    below, end, families = known["socket_families_below"], known["socket_families_end"], set(known["socket_families"])
    yield _allow(["socket"], _argument(0, below, "SCMP_CMP_LT"))
    for family in range(below, end):
        rule = _allow if family in families else _refuse
        yield rule(["socket"], _argument(0, family, "SCMP_CMP_EQ"))
    yield _refuse(["socket"], _argument(0, end, "SCMP_CMP_GE"))


def _personalities(known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    allowed = known["allowed_personalities"]
    for value in allowed:
        yield _allow(["personality"], _argument(0, value, "SCMP_CMP_EQ"))
    plain = [value for value in allowed if value < _HIGHEST_BIT]
    for bit in (1 << number for number in range(31)):
        if not any(value & bit for value in plain):
            yield _refuse(["personality"], _masked(0, bit | _HIGHEST_BIT, bit))


def _clone(flags: int, index: int) -> Iterator[dict[str, Any]]:
    yield _allow(["clone"], _masked(index, flags, 0))
    for bit in (1 << number for number in range(32)):
        if flags & bit:
            yield _refuse(["clone"], _masked(index, bit, bit))


def _allow(names: list[str], *arguments: dict[str, Any]) -> dict[str, Any]:
    return _rule("SCMP_ACT_ALLOW", names, arguments)


def _refuse(names: list[str], *arguments: dict[str, Any]) -> dict[str, Any]:
    return _rule("SCMP_ACT_ERRNO", names, arguments) | {"errnoRet": _default_list()["errno"]}


def _rule(action: str, names: list[str], arguments: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    rule: dict[str, Any] = {"names": names, "action": action}
    if arguments:
        rule["args"] = list(arguments)
    return rule


def _masked(index: int, mask: int, value: int) -> dict[str, Any]:
    return {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}


def _argument(index: int, value: int, op: str) -> dict[str, Any]:
    return {"index": index, "value": value, "op": op}


def profile_from_json(text: str, capabilities: Iterable[str], architecture: str) -> dict[str, Any]:
    """A profile as Docker takes it: conditions on capabilities and architectures are decided here."""
    if len(text) > _MOST_PROFILE_BYTES:
        raise InvalidRequest("The seccomp profile is too long", "A megabyte is the most that is read.")
    try:
        profile = json.loads(text)
        default = profile["defaultAction"]
        rules = list(_chosen_rules(profile.get("syscalls") or [], set(capabilities), architecture))
        architectures = list(_architectures(profile, architecture))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidRequest(
            "The seccomp profile cannot be read", f"{type(error).__name__}: {error}", hint="It must be Docker's JSON."
        ) from None
    result: dict[str, Any] = {"defaultAction": default, "architectures": architectures, "syscalls": rules}
    if "defaultErrnoRet" in profile:
        result["defaultErrnoRet"] = profile["defaultErrnoRet"]
    return result


def _chosen_rules(rules: list[dict[str, Any]], held: set[str], architecture: str) -> Iterator[dict[str, Any]]:
    for rule in rules:
        includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
        if _applies(includes, excludes, held, architecture):
            names = rule.get("names") or [rule["name"]]
            kept = {key: rule[key] for key in ("action", "args", "errnoRet") if rule.get(key)}
            yield {"names": list(names)} | kept


def _applies(includes: dict[str, Any], excludes: dict[str, Any], held: set[str], architecture: str) -> bool:
    if includes.get("arches") and architecture not in includes["arches"]:
        return False
    if includes.get("caps") and not set(includes["caps"]) <= held:
        return False
    if architecture in (excludes.get("arches") or ()):
        return False
    return not set(excludes.get("caps") or ()) & held


def _architectures(profile: dict[str, Any], architecture: str) -> Iterator[str]:
    if profile.get("architectures"):
        yield from profile["architectures"]
        return
    own = _default_list()["architectures"].get(architecture, [])
    for entry in profile.get("archMap") or []:
        if entry["architecture"] in own[:1]:
            yield entry["architecture"]
            yield from entry.get("subArchitectures") or ()
