"""The body of `create` as a `ContainerSpec`, and what in it cannot be honoured and is refused by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from engine.api.bodies import words
from engine.api.mounts import mounts_of
from engine.api.resources import refuse_unsupported_limits, resources_of, restart_of
from engine.api.shapes.host_config import OWN_NETWORK, SHOWN_NETWORK
from engine.api.sizes import size_in_bytes
from engine.api.statuses import Refusal, unsupported
from engine.types.containers import ContainerSpec, Device, HealthCheck, LogLimits, PortMapping, Security, Ulimit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.api.bodies import CreateBody, EndpointBody, HealthBody, HostConfigBody

_LOG_DRIVERS = frozenset({"", "json-file", "local", "k8s-file"})
_RUNTIMES = frozenset({"", "crun", "runc", "io.containerd.runc.v2"})
_Protocol = Literal["tcp", "udp"]


def spec_of(body: CreateBody, host: HostConfigBody, platform: str) -> ContainerSpec:
    """The recipe. Refuses first, so that nothing is made of a request that cannot be wholly honoured."""
    if not body.image:
        raise Refusal(400, "no image was named")
    _refuse_unsupported(body, host)
    network, aliases = _network(body, host)
    return ContainerSpec(
        image=body.image,
        command=words(body.cmd),
        entrypoint=words(body.entrypoint),
        env=env_of(body.env),
        workdir=body.working_dir or None,
        user=body.user or None,
        extra_groups=tuple(str(group) for group in host.group_add or ()),
        hostname=body.hostname or "",
        domainname=body.domainname or "",
        labels=dict(body.labels or {}),
        tty=bool(body.tty),
        stdin_open=bool(body.open_stdin),
        stdin_once=bool(body.stdin_once),
        auto_remove=bool(host.auto_remove),
        init=bool(host.init),
        ports=_ports(host),
        publish_all=bool(host.publish_all_ports),
        exposed_ports=tuple(body.exposed_ports or ()),
        mounts=mounts_of(body, host),
        volumes_from=tuple(host.volumes_from or ()),
        shm_size=host.shm_size or 64 * 1024 * 1024,
        ulimits=tuple(Ulimit(name=item.name, soft=item.soft, hard=item.hard) for item in host.ulimits or ()),
        sysctls=dict(host.sysctls or {}),
        devices=tuple(
            Device(
                host_path=item.path_on_host,
                container_path=item.path_in_container or item.path_on_host,
                permissions=item.cgroup_permissions or "rwm",
            )
            for item in host.devices or ()
        ),
        resources=resources_of(host, oom_score_adj=host.oom_score_adj or 0),
        security=_security(host),
        restart=restart_of(host.restart_policy),
        stop_signal=body.stop_signal or None,
        stop_timeout=float(body.stop_timeout) if body.stop_timeout is not None else None,
        health=_health(body.healthcheck),
        network=network,
        network_aliases=aliases,
        dns=tuple(host.dns or ()),
        dns_search=tuple(host.dns_search or ()),
        dns_options=tuple(host.dns_options or ()),
        extra_hosts=tuple(host.extra_hosts or ()),
        pid_mode=host.pid_mode or "",
        ipc_mode="" if host.ipc_mode == "private" else host.ipc_mode or "",
        uts_mode=host.uts_mode or "",
        cgroup_mode="" if host.cgroupns_mode == "private" else host.cgroupns_mode or "",
        log=_log_limits(host),
        platform=platform,
    )


def env_of(given: list[str] | None) -> dict[str, str]:
    """`KEY=value` lines. A key alone means "not set", so it is left out."""
    pairs = (line.partition("=") for line in given or ())
    return {key: value for key, equals, value in pairs if equals and key}


def _refuse_unsupported(body: CreateBody, host: HostConfigBody) -> None:
    """Each field that would change what the container is, if it were silently dropped."""
    refuse_unsupported_limits(host)
    log_type = host.log_config.type or "" if host.log_config else ""
    checks: tuple[tuple[bool, str, str], ...] = (
        (bool(body.mac_address), "MacAddress", "a container's network chooses its own"),
        (
            (host.isolation or "default") not in ("default", ""),
            "HostConfig.Isolation",
            "there is one kind, Linux namespaces",
        ),
        ((host.runtime or "") not in _RUNTIMES, "HostConfig.Runtime", f"only crun runs here, not {host.runtime!r}"),
        (bool(host.device_cgroup_rules), "HostConfig.DeviceCgroupRules", "device rules need root"),
        (bool(host.device_requests), "HostConfig.DeviceRequests", "GPU requests are not understood; use Devices"),
        (bool(host.storage_opt), "HostConfig.StorageOpt", "the file system drivers have no quota"),
        ((host.volume_driver or "local") != "local", "HostConfig.VolumeDriver", "there is one driver, local"),
        (log_type not in _LOG_DRIVERS, "HostConfig.LogConfig.Type", f"logs are kept in files, not by {log_type!r}"),
        (bool(host.cgroup), "HostConfig.Cgroup", "a container cannot join another's cgroup"),
        (bool(host.masked_paths), "HostConfig.MaskedPaths", "give systempaths=unconfined or keep the default list"),
        (bool(host.readonly_paths), "HostConfig.ReadonlyPaths", "give systempaths=unconfined or keep the default list"),
        (
            (host.userns_mode or "") not in ("", "host", "private", "keep-id"),
            "HostConfig.UsernsMode",
            f"{host.userns_mode!r} is not known; try keep-id",
        ),
    )
    for wrong, what, why in checks:
        if wrong:
            raise unsupported(what, why)


def refuse_endpoint(name: str, endpoint: EndpointBody) -> None:
    ipam = endpoint.ipam_config
    if ipam is not None and (ipam.ipv4_address or ipam.ipv6_address or ipam.link_local_ips):
        raise unsupported(f"a fixed address on network {name}", "addresses are given by the network")
    if endpoint.mac_address:
        raise unsupported(f"a fixed MAC address on network {name}", "addresses are given by the network")


def network_name(given: str) -> str:
    """Docker's words for the default network are the engine's own one."""
    return OWN_NETWORK if given in ("", "default", SHOWN_NETWORK, OWN_NETWORK) else given


def endpoints_of(body: CreateBody) -> dict[str, EndpointBody]:
    from engine.api.bodies import EndpointBody

    given = body.networking_config.endpoints_config if body.networking_config else None
    return {network_name(name): endpoint or EndpointBody() for name, endpoint in (given or {}).items()}


def _network(body: CreateBody, host: HostConfigBody) -> tuple[str, tuple[str, ...]]:
    endpoints = endpoints_of(body)
    for name, endpoint in endpoints.items():
        refuse_endpoint(name, endpoint)
    if body.network_disabled:
        return "none", ()
    network = network_name(host.network_mode or "")
    if network == OWN_NETWORK and not host.network_mode and len(endpoints) == 1:
        network = next(iter(endpoints))
    chosen = endpoints.get(network)
    return network, tuple(chosen.aliases or ()) if chosen is not None else ()


def further_networks(body: CreateBody, network: str) -> Mapping[str, tuple[str, ...]]:
    """Networks beyond the first, with the aliases there; they are joined after the creation."""
    return {
        name: tuple(endpoint.aliases or ())
        for name, endpoint in endpoints_of(body).items()
        if name not in (network, OWN_NETWORK)
    }


def _ports(host: HostConfigBody) -> tuple[PortMapping, ...]:
    mappings: list[PortMapping] = []
    for key, bindings in (host.port_bindings or {}).items():
        number, _, protocol = key.partition("/")
        if (protocol or "tcp") not in get_args(_Protocol):
            raise unsupported(f"publishing {key}", "only tcp and udp can be forwarded")
        container_port = _port(number, key)
        for binding in bindings or ():
            first, dash, last = str(binding.host_port or "").partition("-")
            mappings.append(
                PortMapping(
                    container_port=container_port,
                    host_port=_port(first, key) if first or dash else 0,
                    host_port_last=_port(last, key) if dash else 0,
                    protocol=cast("_Protocol", protocol or "tcp"),
                    host_ip=binding.host_ip or "",
                )
            )
    return tuple(mappings)


def _port(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65536):
        raise Refusal(400, f"invalid port {text[:20]!r} in {where[:40]!r}")
    return int(text)


def _security(host: HostConfigBody) -> Security:
    options: dict[str, Any] = {}
    for option in host.security_opt or ():
        options.update(_security_option(option))
    # Null means the default lists; empty lists mean none.
    if host.masked_paths == [] and host.readonly_paths == []:
        options["unmask_paths"] = True
    return Security(
        privileged=bool(host.privileged),
        read_only_root=bool(host.readonly_rootfs),
        capabilities_add=words(host.cap_add) or (),
        capabilities_drop=words(host.cap_drop) or (),
        user_namespace=cast("Any", host.userns_mode) if host.userns_mode in ("keep-id", "host") else "",
        **options,
    )


def _security_option(option: str) -> dict[str, Any]:
    name, separator, value = option.partition("=" if "=" in option else ":")
    if name == "no-new-privileges":
        return {"no_new_privileges": not separator or value == "true"}
    if name == "seccomp":
        return {"seccomp": _seccomp(value)}
    if name == "systempaths" and value == "unconfined":
        return {"unmask_paths": True}
    # Neither AppArmor nor SELinux is set up for containers here, so to ask for none is to ask for what is.
    if (name, value) == ("apparmor", "unconfined") or (name == "label" and value == "disable"):
        return {}
    raise unsupported(f"HostConfig.SecurityOpt {option[:80]!r}", "only seccomp, no-new-privileges and systempaths are")


def _seccomp(value: str) -> str:
    if value in ("unconfined", ""):
        return value
    if value == "builtin":
        return ""
    try:
        if not isinstance(json.loads(value), dict):
            raise ValueError("not an object")
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the seccomp profile is no JSON object: {error}") from None
    return value


def _health(given: HealthBody | None) -> HealthCheck | None:
    if given is None or not words(given.test):
        return None
    return HealthCheck(
        test=words(given.test) or (),
        interval=(given.interval or 0) / 1e9,
        timeout=(given.timeout or 0) / 1e9,
        start_period=(given.start_period or 0) / 1e9,
        start_interval=(given.start_interval or 0) / 1e9,
        retries=given.retries or 0,
    )


def _log_limits(host: HostConfigBody) -> LogLimits:
    options = host.log_config.config or {} if host.log_config else {}
    files = options.get("max-file", "")
    if files and not (files.isascii() and files.isdigit() and len(files) < 6):
        raise Refusal(400, f"invalid log option max-file={files[:40]!r}")
    return LogLimits(max_bytes=size_in_bytes(options.get("max-size", "")), max_files=int(files or 0))
