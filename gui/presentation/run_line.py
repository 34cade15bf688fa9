"""Writes `docker run` lines: a recipe as the line that would make the same container. `docker_run.py` reads them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gui.presentation.units import short_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.types.containers import ContainerSpec, HealthCheck, Mount, PortMapping, Resources, Security

_INVENTED_DIGITS = 12


def chosen_by_people(spec: ContainerSpec, container_id: str) -> ContainerSpec:
    """The recipe without the host name the engine invented: the container's own short id would name no other."""
    invented = bool(spec.hostname) and spec.hostname == container_id[:_INVENTED_DIGITS]
    return replace(spec, hostname="") if invented else spec


def docker_run_line(spec: ContainerSpec, name: str = "") -> str:
    """The line that would make the same container, one option a line."""
    words = [shlex.join(option) for option in _options(spec, name)]
    tail = [spec.image, *_tail(spec)]
    return " \\\n    ".join(["docker run -d", *words, shlex.join(tail)])


def _tail(spec: ContainerSpec) -> tuple[str, ...]:
    rest = spec.entrypoint[1:] if spec.entrypoint else ()
    return (*rest, *(spec.command or ()))


def _options(spec: ContainerSpec, name: str) -> Iterator[tuple[str, ...]]:
    if name:
        yield "--name", name
    for flag, on in (
        ("-t", spec.tty),
        ("-i", spec.stdin_open),
        ("--rm", spec.auto_remove),
        ("--init", spec.init),
        ("-P", spec.publish_all),
    ):
        if on:
            yield (flag,)
    for port in spec.ports:
        yield "-p", publish_text(port)
    for mount in spec.mounts:
        yield from _mount_options(mount)
    for key, value in spec.env.items():
        yield "-e", f"{key}={value}"
    for key, value in spec.labels.items():
        yield "-l", f"{key}={value}"
    if spec.entrypoint is not None:
        yield "--entrypoint", spec.entrypoint[0] if spec.entrypoint else ""
    yield from _plain_options(spec)
    yield from _limit_options(spec.resources)
    yield from _security_options(spec.security)
    if spec.health is not None:
        yield from _health_options(spec.health)


def publish_text(port: PortMapping) -> str:
    """One port as `-p` takes it."""
    protocol = "" if port.protocol == "tcp" else f"/{port.protocol}"
    inner = f"{port.container_port}{protocol}"
    outer = str(port.host_port) if port.host_port else ""
    if port.host_port_last:
        outer += f"-{port.host_port_last}"
    if port.host_ip:
        address = f"[{port.host_ip}]" if ":" in port.host_ip else port.host_ip
        return f"{address}:{outer}:{inner}"
    return f"{outer}:{inner}" if outer else inner


def _mount_options(mount: Mount) -> Iterator[tuple[str, ...]]:
    if mount.kind == "tmpfs":
        size = f":size={short_size(mount.tmpfs_size)}" if mount.tmpfs_size else ""
        yield "--tmpfs", mount.target + size
        return
    if mount.kind == "volume" and mount.subpath:
        read_only = ",readonly" if mount.read_only else ""
        yield "--mount", f"type=volume,src={mount.source},dst={mount.target},volume-subpath={mount.subpath}{read_only}"
        return
    flags = [flag for flag, on in (("ro", mount.read_only), ("nocopy", not mount.copy_up)) if on]
    if mount.propagation not in ("", "rprivate"):
        flags.append(mount.propagation)
    if mount.ownership:
        flags.append({"chown": "U", "idmap": "idmap"}[mount.ownership])
    source = f"{mount.source}:" if mount.source else ""
    yield "-v", source + mount.target + (":" + ",".join(flags) if flags else "")


def _plain_options(spec: ContainerSpec) -> Iterator[tuple[str, ...]]:
    plain: tuple[tuple[str, Any], ...] = (
        ("-w", spec.workdir),
        ("-u", spec.user),
        ("--hostname", spec.hostname),
        ("--domainname", spec.domainname),
        ("--stop-signal", spec.stop_signal),
        ("--pid", spec.pid_mode),
        ("--ipc", spec.ipc_mode),
        ("--uts", spec.uts_mode),
        ("--cgroupns", spec.cgroup_mode),
        ("--platform", spec.platform),
        ("--network", "" if spec.network == "pasta" else spec.network),
    )
    for option, value in plain:
        if value:
            yield option, str(value)
    yield from _life_options(spec)
    lists: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("--expose", spec.exposed_ports),
        ("--volumes-from", spec.volumes_from),
        ("--group-add", spec.extra_groups),
        ("--network-alias", spec.network_aliases),
        ("--dns", spec.dns),
        ("--dns-search", spec.dns_search),
        ("--dns-option", spec.dns_options),
        ("--add-host", spec.extra_hosts),
    )
    for option, values in lists:
        for value in values:
            yield option, value
    for ulimit in spec.ulimits:
        yield "--ulimit", f"{ulimit.name}={ulimit.soft}:{ulimit.hard}"
    for key, value in spec.sysctls.items():
        yield "--sysctl", f"{key}={value}"
    for device in spec.devices:
        yield "--device", f"{device.host_path}:{device.container_path}:{device.permissions}"


def _life_options(spec: ContainerSpec) -> Iterator[tuple[str, ...]]:
    if spec.stop_timeout is not None:
        yield "--stop-timeout", f"{spec.stop_timeout:g}"
    if spec.restart.name != "no":
        retries = f":{spec.restart.maximum_retries}" if spec.restart.maximum_retries else ""
        yield "--restart", spec.restart.name + retries
    if spec.shm_size != 64 << 20:
        yield "--shm-size", short_size(spec.shm_size)
    if spec.log.max_bytes:
        yield "--log-opt", f"max-size={short_size(spec.log.max_bytes)}"
    if spec.log.max_files:
        yield "--log-opt", f"max-file={spec.log.max_files}"


def _limit_options(limits: Resources) -> Iterator[tuple[str, ...]]:
    sizes = (("-m", limits.memory), ("--memory-reservation", limits.memory_reservation))
    for option, value in sizes:
        if value:
            yield option, short_size(value)
    if limits.memory_swap:
        yield "--memory-swap", short_size(limits.memory_swap) if limits.memory_swap > 0 else "-1"
    plain: tuple[tuple[str, Any], ...] = (
        ("--cpus", f"{limits.cpus:g}" if limits.cpus else ""),
        ("--cpu-shares", limits.cpu_shares),
        ("--cpu-quota", limits.cpu_quota),
        ("--cpu-period", limits.cpu_period),
        ("--cpuset-cpus", limits.cpuset_cpus),
        ("--cpuset-mems", limits.cpuset_mems),
        ("--pids-limit", limits.pids),
        ("--blkio-weight", limits.io_weight),
        ("--oom-score-adj", limits.oom_score_adj),
    )
    for option, value in plain:
        if value:
            yield option, str(value)
    for limit in limits.io:
        yield f"--device-{limit.kind}", f"{limit.device}:{limit.rate}"


def _security_options(security: Security) -> Iterator[tuple[str, ...]]:
    if security.privileged:
        yield ("--privileged",)
    if security.read_only_root:
        yield ("--read-only",)
    for name in security.capabilities_add:
        yield "--cap-add", name
    for name in security.capabilities_drop:
        yield "--cap-drop", name
    if security.no_new_privileges:
        yield "--security-opt", "no-new-privileges"
    if security.seccomp:
        yield "--security-opt", f"seccomp={security.seccomp}"
    if security.unmask_paths:
        yield "--security-opt", "systempaths=unconfined"
    if security.user_namespace:
        yield "--userns", security.user_namespace


def _health_options(health: HealthCheck) -> Iterator[tuple[str, ...]]:
    if health.test[:1] == ("NONE",):
        yield ("--no-healthcheck",)
        return
    if health.test:
        words = health.test[1:] if health.test[0] in ("CMD", "CMD-SHELL") else health.test
        yield "--health-cmd", words[0] if health.test[0] == "CMD-SHELL" and words else shlex.join(words)
    for option, seconds in (
        ("--health-interval", health.interval),
        ("--health-timeout", health.timeout),
        ("--health-start-period", health.start_period),
        ("--health-start-interval", health.start_interval),
    ):
        if seconds:
            yield option, f"{seconds:g}s"
    if health.retries:
        yield "--health-retries", str(health.retries)
