"""The seccomp filter: the default list (equal to Docker's or stricter), or a profile in Docker's format. Pure."""

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


@cache
def _default_list() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(resource("seccomp.json").read_text())
    return data


def default_profile(capabilities: Iterable[str], architecture: str) -> dict[str, Any]:
    """The `linux.seccomp` object: everything refused but what is listed, more with more capabilities."""
    known = _default_list()
    held = set(capabilities)
    names = {name for group in known["allow"].values() for name in group}
    names.update(known["allow_on_architecture"].get(architecture, ()))
    for capability, more in known["allow_with_capability"].items():
        if capability in held:
            names.update(more)
    rules: list[dict[str, Any]] = [_allow(sorted(names))]
    rules.append(_allow(["socket"], _argument(0, known["refused_socket_family"], "SCMP_CMP_NE")))
    rules += [_allow(["personality"], _argument(0, value, "SCMP_CMP_EQ")) for value in known["allowed_personalities"]]
    if "CAP_SYS_ADMIN" not in held:
        # New namespaces stay forbidden: clone may not carry their flags; clone3, whose flags no filter sees, is absent.
        flags = {"index": 0, "value": known["namespace_clone_flags"], "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
        if architecture == "s390x":
            flags["index"] = 1
        rules.append(_allow(["clone"], flags))
        rules.append(
            {"names": known["unimplemented_without_sys_admin"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS}
        )
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": known["errno"],
        "architectures": known["architectures"].get(architecture, []),
        "syscalls": rules,
    }


def _allow(names: list[str], *arguments: dict[str, Any]) -> dict[str, Any]:
    rule: dict[str, Any] = {"names": names, "action": "SCMP_ACT_ALLOW"}
    if arguments:
        rule["args"] = list(arguments)
    return rule


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
