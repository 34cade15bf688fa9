"""A body of `create`, before anything is made of it: what no container can be, and in which words Docker says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.api.http.statuses import Refusal
from engine.api.rules.limits import check_limits, check_restart
from engine.api.rules.mounts import check_mounts
from engine.api.shapes.bodies import words
from engine.recipe.checks import (
    HOST_GATEWAY,
    capability,
    extra_host,
    goes_and_comes_back,
    is_address,
    is_namespace_mode,
    shared_with,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.api.shapes.bodies import CreateBody, HostConfigBody, NetworkingBody, Words

_MILLISECOND = 1_000_000
_FLAGS = frozenset({"true", "false", "1", "0", "t", "f", "True", "False", "TRUE", "FALSE", "T", "F"})
_RUNTIMES = frozenset({"", "crun", "runc", "io.containerd.runc.v2"})
_OWN_NETWORKS = frozenset({"", "default", "bridge"})
_PORT = re.compile(r"(\d{1,5})?(?:-(\d{1,5}))?")


def check_create(body: CreateBody, host: HostConfigBody, *, processors: int) -> None:
    """Raises the first refusal, in the order in which dockerd looks."""
    for complaint in _complaints(body, host):
        raise Refusal(400, complaint)
    check_limits(host, processors=processors)
    check_mounts(host)


def _complaints(body: CreateBody, host: HostConfigBody) -> Iterator[str]:
    yield from _about_config(body)
    yield from _about_health(body)
    yield from _about_host(host)
    yield from _about_modes(host)
    yield from _about_hosts(host.extra_hosts or ())
    yield from _about_ports(host)
    yield from check_restart(host.restart_policy)
    policy = (host.restart_policy.name or "") if host.restart_policy is not None else ""
    if goes_and_comes_back(auto_remove=bool(host.auto_remove), restart=policy):
        yield "can't create 'AutoRemove' container with restart policy"
    yield from _about_capabilities("CapAdd", host.cap_add)
    yield from _about_capabilities("CapDrop", host.cap_drop)
    yield from _about_security(host.security_opt or ())
    yield from _about_networks(body.networking_config, host)


def _about_config(body: CreateBody) -> Iterator[str]:
    if body.working_dir and not body.working_dir.startswith("/"):
        yield f"the working directory '{body.working_dir[:200]}' is invalid, it needs to be an absolute path"
    for entry in body.env or ():
        if not entry.partition("=")[0]:
            yield f"invalid environment variable: {entry[:200]}"


def _about_health(body: CreateBody) -> Iterator[str]:
    check = body.healthcheck
    if check is None:
        return
    times = (
        ("Interval", check.interval),
        ("Timeout", check.timeout),
        ("StartPeriod", check.start_period),
        ("StartInterval", check.start_interval),
    )
    for name, nanoseconds in times:
        if nanoseconds and nanoseconds < _MILLISECOND:
            yield f"{name} in Healthcheck cannot be less than 1ms"
    if (check.retries or 0) < 0:
        yield "Retries in Healthcheck cannot be negative"


def _about_host(host: HostConfigBody) -> Iterator[str]:
    if (host.shm_size or 0) < 0:
        yield "SHM size can not be less than 0"
    if not -1000 <= (host.oom_score_adj or 0) <= 1000:
        yield f"Invalid value {host.oom_score_adj}, range for oom score adj is [-1000, 1000]"
    if (host.isolation or "default") != "default":
        yield f"invalid isolation ({host.isolation}): linux only supports 'default'"
    if (host.runtime or "") not in _RUNTIMES:
        yield f"unknown or invalid runtime name: {host.runtime}"


def _about_modes(host: HostConfigBody) -> Iterator[str]:
    """How namespaces are shared. Whether the container named in one is there is asked later."""
    modes = (
        ("ipc", "IPC mode", host.ipc_mode),
        ("pid", "PID mode", host.pid_mode),
        ("uts", "UTS mode", host.uts_mode),
        ("cgroup", "cgroup namespace mode", host.cgroupns_mode),
    )
    for kind, what, mode in modes:
        wrong = not is_namespace_mode(kind, mode or "") or shared_with(kind, mode or "") == ""
        if wrong and (kind, mode) != ("ipc", "none"):  # Docker has it, we have not: refused elsewhere
            yield f"invalid {what}: {(mode or '')[:80]}"
    if host.network_mode == "container:":
        yield "invalid network mode: invalid container format container:<name|id>"


def _about_hosts(entries: Iterable[str]) -> Iterator[str]:
    for entry in entries:
        name, address = extra_host(entry)
        if not name or ":" not in entry:
            yield f'bad format for add-host: "{entry[:200]}"'
        elif address != HOST_GATEWAY and not is_address(address):
            yield f'invalid IP address in add-host: "{entry.partition(":")[2][:80]}"'


def _about_ports(host: HostConfigBody) -> Iterator[str]:
    for key, bindings in (host.port_bindings or {}).items():
        number = key.partition("/")[0]
        if not number.isdigit() or not _is_range(number):
            yield f'invalid port specification: "{number[:40]}"'
        for binding in bindings or ():
            text = str(binding.host_port or "")
            if not _is_range(text):
                yield f'invalid port specification: "{text[:40]}"'


def _is_range(text: str) -> bool:
    match = _PORT.fullmatch(text) if text.isascii() else None
    if match is None:
        return False
    first, last = int(match[1] or 0), int(match[2] or match[1] or 0)
    return first <= last < 65536


def _about_capabilities(field: str, given: Words) -> Iterator[str]:
    for name in words(given) or ():
        if not capability(name):
            yield f'invalid {field}: unknown capability: "CAP_{name.upper().removeprefix("CAP_")[:80]}"'


def _about_security(options: Iterable[str]) -> Iterator[str]:
    """Those that Docker does not know either; what it knows and we do not have is refused elsewhere."""
    for option in options:
        name, separator, value = option.partition("=" if "=" in option else ":")
        if name == "no-new-privileges":
            if separator and value not in _FLAGS:
                yield f'invalid --security-opt 2: "{option[:80]}"'
        elif not separator:
            yield f'invalid --security-opt 1: "{option[:80]}"'
        elif name not in ("label", "apparmor", "seccomp", "systempaths", "writable-cgroups"):
            yield f'invalid --security-opt 2: "{option[:80]}"'


def _about_networks(given: NetworkingBody | None, host: HostConfigBody) -> Iterator[str]:
    endpoints = (given.endpoints_config if given is not None else None) or {}
    empty = [name for name, endpoint in endpoints.items() if endpoint is None]
    if len(endpoints) > 1 and empty:
        yield f"invalid config for network {empty[0][:80]}: EndpointsConfig is nil"
    for name, endpoint in endpoints.items():
        if endpoint is not None and endpoint.aliases and name in _OWN_NETWORKS:
            if (host.network_mode or "") in _OWN_NETWORKS:
                yield (
                    f"invalid config for network {name}: invalid endpoint settings:\n"
                    "network-scoped alias is supported only for containers in user defined networks"
                )
