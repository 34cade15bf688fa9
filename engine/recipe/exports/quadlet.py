"""A recipe as Quadlet units: a .container of podman's, with the .volume and .network files that it names.

What Quadlet has a key for is said by it; every other option is handed to podman as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.recipe.exports.kubernetes import HTTP, OURS, TCP
from engine.recipe.exports.units import quoted, quoted_words, unit_text
from engine.recipe.kinds.mounts import fits_volume, volume_words
from engine.recipe.kinds.ports import publish_words
from engine.recipe.networks import OWN_NETWORK, is_shared, pod_of
from engine.recipe.rows import ROWS, get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEYS = {
    "publish": "PublishPort", "env": "Environment", "label": "Label", "entrypoint": "Entrypoint",
    "hostname": "HostName", "workdir": "WorkingDir", "stop-signal": "StopSignal", "stop-timeout": "StopTimeout",
    "shm-size": "ShmSize",
    "group-add": "GroupAdd", "network-alias": "NetworkAlias", "dns": "DNS", "dns-search": "DNSSearch",
    "dns-option": "DNSOption", "add-host": "AddHost", "ulimit": "Ulimit", "sysctl": "Sysctl", "device": "AddDevice",
    "pids-limit": "PidsLimit", "cap-add": "AddCapability", "cap-drop": "DropCapability",
    "userns": "UserNS", "log-driver": "LogDriver", "log-opt": "LogOpt", "expose": "ExposeHostPort", "tmpfs": "Tmpfs",
    "mount": "Mount", "health-interval": "HealthInterval", "health-timeout": "HealthTimeout",
    "health-start-period": "HealthStartPeriod", "health-retries": "HealthRetries",
}  # fmt: skip
_QUOTED = ("Environment", "Label")
_FLAGS = {
    "read-only": ("ReadOnly", "true"), "init": ("RunInit", "true"), "no-healthcheck": ("HealthCmd", "none"),
}  # fmt: skip
_ELSEWHERE = (
    "network", "pod", "user", "restart", "volume", "security-opt", "health-cmd", "rm", "tty", "interactive", "env-file",
    "label-file", "egress", "engine-socket", "health-start-interval",
)  # fmt: skip


def quadlet_files(recipe: Mapping[str, Any], name: str) -> dict[str, str]:
    """File name to text. A pod it belongs to has a file of its own (`quadlet_pod`)."""
    called = name or "app"
    files = {f"{called}.container": _container(recipe, called)}
    for item in recipe.get("mounts") or ():
        if item["kind"] == "volume" and item["source"]:
            pairs = [("VolumeName", item["source"])]
            pairs += [("Label", quoted(f"{key}={value}")) for key, value in (item.get("volume_labels") or {}).items()]
            files[f"{item['source']}.volume"] = unit_text({"Volume": pairs})
    network = recipe.get("network") or OWN_NETWORK
    if network not in (OWN_NETWORK, "none", "host") and not is_shared(network):
        files[f"{network}.network"] = unit_text({"Network": [("NetworkName", network)]})
    return files


def quadlet_pod(name: str, shared: Mapping[str, Any]) -> str:
    """A .pod file; its containers name it."""
    network = shared.get("network") or OWN_NETWORK
    pairs = [("PodName", name)]
    pairs += [("PublishPort", publish_words(item)) for item in shared.get("ports") or ()]
    if network != OWN_NETWORK:
        pairs.append(("Network", network if network in ("none", "host") else f"{network}.network"))
    for key, own in (("NetworkAlias", "network_aliases"), ("DNS", "dns"), ("DNSSearch", "dns_search"),
                     ("DNSOption", "dns_options"), ("AddHost", "extra_hosts")):  # fmt: skip
        pairs += [(key, text) for text in shared.get(own) or ()]
    return unit_text({"Pod": pairs, "Install": [("WantedBy", "default.target")]})


def _container(recipe: Mapping[str, Any], name: str) -> str:
    return unit_text(
        {
            "Unit": [("Description", f"{name} ({recipe['image']})")],
            "Container": list(_pairs(recipe, name)),
            "Service": list(_service(recipe)),
            "Install": [("WantedBy", "default.target")],
        }
    )


def _pairs(recipe: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    yield "ContainerName", name
    yield "Image", str(recipe["image"])
    if command := [*(recipe.get("entrypoint") or ())[1:], *(recipe.get("command") or ())]:
        yield "Exec", quoted_words(command)
    yield from _network(recipe)
    user, _, group = str(recipe.get("user") or "").partition(":")
    yield from ((key, text) for key, text in (("User", user), ("Group", group)) if text)
    for item in recipe.get("mounts") or ():
        if fits_volume(item) and item["kind"] in ("bind", "volume"):
            words = volume_words(item)
            source = item["source"]
            named = item["kind"] == "volume" and source
            yield "Volume", words.replace(f"{source}:", f"{source}.volume:", 1) if named else words
    yield from _security(recipe.get("security") or {})
    yield from _health(recipe)
    yield from _options(recipe)


def _network(recipe: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    network = recipe.get("network") or OWN_NETWORK
    if pod := pod_of(network):
        yield "Pod", f"{pod}.pod"
    elif network in ("none", "host") or is_shared(network):
        yield "Network", network
    elif network != OWN_NETWORK:
        yield "Network", f"{network}.network"


def _security(security: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if security.get("no_new_privileges"):
        yield "NoNewPrivileges", "true"
    if security.get("seccomp") == "unconfined":
        yield "SeccompProfile", "unconfined"
    if security.get("unmask_paths"):
        yield "Unmask", "ALL"


def _health(recipe: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    words = list((recipe.get("health") or {}).get("test") or ())
    if not words or words[0] == "NONE":
        return
    if words[0] == HTTP:
        yield "HealthCmd", f"curl -fsS {words[1]}"
    elif words[0] == TCP:
        yield "HealthCmd", f"nc -z {words[1].replace(':', ' ')}"
    else:
        yield "HealthCmd", words[1] if words[0] == "CMD-SHELL" and len(words) == 2 else quoted_words(words[1:])


def _options(recipe: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for row in ROWS:
        value = get(dict(recipe), row.field) if row.flag and row.flag not in _ELSEWHERE else None
        if value is None or value == row.default:
            continue
        for text in row.kind.write(value):
            if row.flag == "label" and text.startswith((OURS, "com.docker.compose.")):
                continue
            yield _option(row.flag, text, is_flag=row.kind.takes == "flag")
    for flag, own in (("tty", "tty"), ("interactive", "stdin_open")):
        if recipe.get(own):
            yield "PodmanArgs", f"--{flag}"


def _option(flag: str, text: str, *, is_flag: bool) -> tuple[str, str]:
    if flag in _FLAGS:
        return _FLAGS[flag]
    if is_flag:
        return "PodmanArgs", f"--{flag}"
    if flag in _KEYS:
        key = _KEYS[flag]
        return key, quoted(text) if key in _QUOTED else text
    return "PodmanArgs", quoted(f"--{flag}={text}")


def _service(recipe: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    policy = (recipe.get("restart") or {}).get("name", "no")
    yield "Restart", {"no": "no", "on-failure": "on-failure"}.get(policy, "always")
