"""A service as the body of Docker's create request, the same that docker compose sends; networks and volumes
likewise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.compose import labels
from engine.compose.planning.egress import egress_labels
from engine.compose.planning.hashing import network_hash, service_hash, volume_hash
from engine.compose.reading.leaning import resolved
from engine.compose.schema.units import nanoseconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.compose.reading.loading import Project


@dataclass(frozen=True, slots=True)
class Others:
    """Containers that a service leans on: those its `service:NAME` words stand for."""

    containers: Mapping[str, str]
    """Service to its first container's id, or its name."""

    def of(self, word: str) -> str:
        kind, _, service = word.partition(":")
        return f"container:{self.containers.get(service, service)}" if kind == "service" else word


_INTERFACE_NAME = "com.docker.network.endpoint.ifname"


def container_name(project: Project, service: str, number: int) -> str:
    fixed = project.services[service].get("container_name")
    return str(fixed) if fixed else f"{project.name}-{service}-{number}"


def image_name(project: Project, service: str) -> str:
    """The image a service runs, or the name its build gives."""
    return str(project.services[service].get("image") or f"{project.name}-{service}")


def service_labels(project: Project, name: str, service: dict[str, Any], number: int, image_id: str) -> dict[str, str]:
    """`service` is what is hashed: with the ids of the containers it leans on."""
    waits = (
        f"{other}:{wait['condition']}:{str(bool(wait.get('restart'))).lower()}"
        for other, wait in sorted((service.get("depends_on") or {}).items())
        if other in project.services
    )
    return {
        **(service.get("labels") or {}),
        **egress_labels(service),
        labels.PROJECT: project.name,
        labels.SERVICE: name,
        labels.NUMBER: str(number),
        labels.ONEOFF: "False",
        labels.HASH: service_hash(service),
        labels.IMAGE: image_id,
        labels.FILES: ",".join(project.files),
        labels.DIRECTORY: project.directory,
        **({labels.ENV_FILE: ",".join(project.env_files)} if project.env_files else {}),
        labels.DEPENDS_ON: ",".join(waits),
        labels.VERSION: labels.WRITTEN_VERSION,
    }


def create_body(project: Project, name: str, number: int, *, image_id: str, others: Others) -> dict[str, Any]:
    """What `POST /containers/create` gets for one container of a service."""
    service = resolved(project.services[name], others.containers)
    health = service.get("healthcheck")
    body = {
        "Image": image_name(project, name),
        "Hostname": service.get("hostname"),
        "Domainname": service.get("domainname"),
        "User": service.get("user"),
        "Tty": service.get("tty"),
        "OpenStdin": service.get("stdin_open"),
        "Cmd": service.get("command"),
        "Entrypoint": _emptied(service.get("entrypoint")),
        "Env": _environment(service),
        "WorkingDir": service.get("working_dir"),
        "StopSignal": service.get("stop_signal"),
        "StopTimeout": _seconds(service.get("stop_grace_period")),
        "MacAddress": service.get("mac_address"),
        "Labels": service_labels(project, name, service, number, image_id),
        "ExposedPorts": _exposed(service),
        "Healthcheck": health_body(health) if health else None,
        "HostConfig": _said(_host_config(project, service, others)),
        "NetworkingConfig": {"EndpointsConfig": _endpoints(project, name, number)},
    }
    return _said(body)


def one_off_body(
    project: Project, name: str, slug: str, *, image_id: str, others: Others, service_ports: bool, use_aliases: bool
) -> dict[str, Any]:
    """One container more for one command: without the service's ports, restarts and health checks."""
    body = create_body(project, name, 1, image_id=image_id, others=others)
    host = body["HostConfig"]
    host.pop("RestartPolicy", None)
    body.pop("Healthcheck", None)
    if not service_ports:
        host.pop("PortBindings", None)
        body.pop("ExposedPorts", None)
    body["Labels"] |= {labels.ONEOFF: "True", labels.SLUG: slug}
    for endpoint in () if use_aliases else body.get("NetworkingConfig", {}).get("EndpointsConfig", {}).values():
        endpoint.pop("Aliases", None)  # the service's names are those of its own containers
    return body


def _said(body: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing. A zero may say something: no grace at all."""
    return {key: value for key, value in body.items() if value or (value == 0 and value is not False)}


def _emptied(words: list[str] | None) -> list[str] | None:
    # Docker's way to say "none at all" where the image has one.
    return [""] if words == [] else words


def _environment(service: Mapping[str, Any]) -> list[str]:
    return [key if value is None else f"{key}={value}" for key, value in (service.get("environment") or {}).items()]


def _seconds(text: str | None) -> int | None:
    number = nanoseconds_of(text) if text else None
    return None if number is None else round(number / 1e9)


def _exposed(service: Mapping[str, Any]) -> dict[str, Any]:
    exposed: dict[str, Any] = {f"{port['target']}/{port['protocol']}": {} for port in service.get("ports") or []}
    for word in service.get("expose") or []:
        span, _, protocol = str(word).partition("/")
        first, _, last = span.partition("-")
        for port in range(int(first), int(last or first) + 1) if first.isdigit() else []:
            exposed[f"{port}/{protocol or 'tcp'}"] = {}
    return exposed


def health_body(health: Mapping[str, Any]) -> dict[str, Any]:
    if health.get("disable"):
        return {"Test": ["NONE"]}
    times = {
        "Interval": "interval",
        "Timeout": "timeout",
        "StartPeriod": "start_period",
        "StartInterval": "start_interval",
    }
    return {
        **({"Test": health["test"]} if health.get("test") else {}),
        **{key: nanoseconds_of(health[word]) for key, word in times.items() if health.get(word)},
        **({"Retries": health["retries"]} if health.get("retries") else {}),
    }


def _host_config(project: Project, service: Mapping[str, Any], others: Others) -> dict[str, Any]:
    binds, mounts = _mounts(project, service)
    return {
        **_resources(service),
        "Annotations": service.get("annotations"),
        "Binds": binds,
        "Mounts": mounts,
        "CapAdd": service.get("cap_add"),
        "CapDrop": service.get("cap_drop"),
        "CgroupnsMode": service.get("cgroup"),
        "CgroupParent": service.get("cgroup_parent"),
        "Dns": service.get("dns"),
        "DnsOptions": service.get("dns_opt"),
        "DnsSearch": service.get("dns_search"),
        "ExtraHosts": [each.replace("=", ":", 1) for each in service.get("extra_hosts") or []],
        "GroupAdd": service.get("group_add"),
        "Init": service.get("init"),
        "IpcMode": others.of(service.get("ipc") or ""),
        "PidMode": others.of(service.get("pid") or ""),
        "LogConfig": _logging(service.get("logging")),
        "NetworkMode": _network_mode(project, service, others),
        "OomScoreAdj": service.get("oom_score_adj"),
        "PortBindings": _port_bindings(service),
        "Privileged": service.get("privileged"),
        "ReadonlyRootfs": service.get("read_only"),
        "RestartPolicy": restart_policy(service),
        "Runtime": service.get("runtime"),
        "SecurityOpt": service.get("security_opt"),
        "ShmSize": int(service.get("shm_size") or 0),
        "StorageOpt": service.get("storage_opt"),
        "Sysctls": service.get("sysctls"),
        "Tmpfs": dict(_tmpfs(each) for each in service.get("tmpfs") or []),
        "UTSMode": service.get("uts"),
        "UsernsMode": service.get("userns_mode"),
        "VolumesFrom": [_volumes_from(each, others) for each in service.get("volumes_from") or []],
    }


def _volumes_from(word: str, others: Others) -> str:
    if word.startswith("container:"):
        return word.removeprefix("container:")
    service, colon, mode = word.partition(":")
    return others.containers.get(service, service) + colon + mode


def _tmpfs(word: str) -> tuple[str, str]:
    place, _, options = word.partition(":")
    return place, options


def _logging(logging: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not logging:
        return None
    return {"Type": logging.get("driver", ""), "Config": logging.get("options") or {}}


def _resources(service: Mapping[str, Any]) -> dict[str, Any]:
    resources = (service.get("deploy") or {}).get("resources") or {}
    limits, reserved = resources.get("limits") or {}, resources.get("reservations") or {}
    cpus = limits.get("cpus") or service.get("cpus")
    blkio = service.get("blkio_config") or {}
    rates = {
        f"BlkioDevice{kind}": [{"Path": each["path"], "Rate": int(each["rate"])} for each in blkio.get(key) or []]
        for key, kind in (
            ("device_read_bps", "ReadBps"),
            ("device_write_bps", "WriteBps"),
            ("device_read_iops", "ReadIOps"),
            ("device_write_iops", "WriteIOps"),
        )
    }
    return {
        "Memory": int(limits.get("memory") or service.get("mem_limit") or 0),
        "MemoryReservation": int(reserved.get("memory") or service.get("mem_reservation") or 0),
        "MemorySwap": int(service.get("memswap_limit") or 0),
        "MemorySwappiness": int(service["mem_swappiness"]) if service.get("mem_swappiness") else None,
        "NanoCpus": round(float(cpus) * 1e9) if cpus else None,
        "CpuPeriod": service.get("cpu_period"),
        "CpuQuota": service.get("cpu_quota"),
        "CpuShares": service.get("cpu_shares"),
        "CpuRealtimePeriod": service.get("cpu_rt_period"),
        "CpuRealtimeRuntime": service.get("cpu_rt_runtime"),
        "CpusetCpus": service.get("cpuset"),
        "PidsLimit": limits.get("pids") or service.get("pids_limit"),
        "OomKillDisable": service.get("oom_kill_disable"),
        "BlkioWeight": blkio.get("weight"),
        **rates,
        "Devices": [
            {
                "PathOnHost": each["source"],
                "PathInContainer": each.get("target") or each["source"],
                "CgroupPermissions": each.get("permissions") or "rwm",
            }
            for each in service.get("devices") or []
        ],
        "DeviceCgroupRules": service.get("device_cgroup_rules"),
        "DeviceRequests": [
            _device_request(each) for each in [*(service.get("gpus") or []), *(reserved.get("devices") or [])]
        ],
        "Ulimits": [ulimit_body(name, each) for name, each in sorted((service.get("ulimits") or {}).items())],
    }


def _device_request(request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Capabilities": [request.get("capabilities") or ["gpu"]],
        "Count": request.get("count", 0),
        "DeviceIDs": request.get("device_ids"),
        "Driver": request.get("driver", ""),
        "Options": request.get("options"),
    }


def ulimit_body(name: str, limit: int | Mapping[str, int]) -> dict[str, Any]:
    soft, hard = (limit, limit) if isinstance(limit, int) else (limit["soft"], limit["hard"])
    return {"Name": name, "Soft": soft, "Hard": hard}


def restart_policy(service: Mapping[str, Any]) -> dict[str, Any] | None:
    """`restart`, or what `deploy` says of it."""
    if word := service.get("restart"):
        name, _, count = str(word).partition(":")
        return {"Name": name, "MaximumRetryCount": int(count) if count.isdigit() else 0}
    policy = (service.get("deploy") or {}).get("restart_policy")
    if not policy:
        return None
    condition = policy.get("condition", "any")
    name = {"any": "always", "none": "no"}.get(condition, condition)
    return {"Name": name, "MaximumRetryCount": policy.get("max_attempts") or 0 if name == "on-failure" else 0}


def _port_bindings(service: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in service.get("ports") or []:
        binding = {"HostIp": port.get("host_ip", ""), "HostPort": str(port.get("published", ""))}
        bindings.setdefault(f"{port['target']}/{port['protocol']}", []).append(binding)
    return bindings


# --- files ---


def _mounts(project: Project, service: Mapping[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """What short forms can say goes into binds, as docker compose sends it: they make folders that are missing."""
    binds: list[str] = []
    mounts: list[dict[str, Any]] = []
    for each in service.get("volumes") or []:
        kind, source = each["type"], each.get("source") or ""
        if kind == "volume" and source:
            source = project.model["volumes"].get(source, {}).get("name", source)
        bind, volume = each.get("bind") or {}, each.get("volume") or {}
        if kind == "bind" and bind.get("create_host_path", True) and not bind.get("recursive"):
            options = [
                word
                for word in ("ro" if each.get("read_only") else "rw", bind.get("selinux"), bind.get("propagation"))
                if word
            ]
            binds.append(f"{source}:{each['target']}:{','.join(options)}")
        elif kind == "volume" and source and not volume.get("subpath") and not volume.get("labels"):
            options = ["ro" if each.get("read_only") else "rw", *(["nocopy"] if volume.get("nocopy") else [])]
            binds.append(f"{source}:{each['target']}:{','.join(options)}")
        else:
            mounts.append(_mount(each, source))
    mounts += [mount for kind in ("secrets", "configs") for mount in _granted(project, service, kind)]
    return binds, mounts


def _mount(each: Mapping[str, Any], source: str) -> dict[str, Any]:
    kind = each["type"]
    mount: dict[str, Any] = {
        "Type": kind,
        "Source": source,
        "Target": each["target"],
        "ReadOnly": bool(each.get("read_only")),
    }
    if bind := each.get("bind"):
        mount["BindOptions"] = _said(
            {"Propagation": bind.get("propagation"), "CreateMountpoint": bind.get("create_host_path")}
        )
    if volume := each.get("volume"):
        mount["VolumeOptions"] = _said(
            {"NoCopy": volume.get("nocopy"), "Labels": volume.get("labels"), "Subpath": volume.get("subpath")}
        )
    if tmpfs := each.get("tmpfs"):
        mount["TmpfsOptions"] = _said({"SizeBytes": int(tmpfs.get("size") or 0), "Mode": tmpfs.get("mode")})
    if image := each.get("image"):
        mount["ImageOptions"] = _said({"Subpath": image.get("subpath")})
    return mount


def _granted(project: Project, service: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    found = []
    for each in service.get(kind) or []:
        if file := project.model[kind].get(each["source"], {}).get("file"):
            found.append({"Type": "bind", "Source": file, "Target": granted_target(kind, each), "ReadOnly": True})
    return found


def granted_target(kind: str, each: Mapping[str, Any]) -> str:
    """Where a secret or config lies in the container: a path that is not whole begins at its kind's own place."""
    target = str(each.get("target") or each["source"])
    if target.startswith("/"):
        return target
    return f"/run/secrets/{target}" if kind == "secrets" else f"/{target}"


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A secret or config whose text stands in the project or the environment: written into the container itself."""

    target: str
    text: str
    mode: int
    uid: int
    gid: int


def written_files(project: Project, service: str, environment: Mapping[str, str]) -> list[WrittenFile]:
    found = []
    for kind, standard in (("secrets", 0o444), ("configs", 0o444)):
        for each in project.services[service].get(kind) or []:
            source = project.model[kind].get(each["source"], {})
            text = source.get("content")
            if text is None and source.get("environment"):
                text = environment.get(source["environment"], "")
            if text is None:
                continue
            target = granted_target(kind, each)
            mode = int(str(each["mode"]), 8) if each.get("mode") else standard
            found.append(WrittenFile(target, text, mode, _number(each.get("uid")), _number(each.get("gid"))))
    return found


def _number(text: Any) -> int:
    return int(text) if str(text or "").isdigit() else 0


# --- networks ---


def _network_mode(project: Project, service: Mapping[str, Any], others: Others) -> str:
    if mode := service.get("network_mode"):
        return others.of(mode)
    networks = ordered_networks(service)
    return str(project.model["networks"][networks[0]]["name"]) if networks else "none"


def ordered_networks(service: Mapping[str, Any]) -> list[str]:
    """The first is the one that the container's default way leads through."""
    networks = service.get("networks") or {}
    return sorted(networks, key=lambda name: (-((networks[name] or {}).get("priority") or 0), name))


def _endpoints(project: Project, name: str, number: int) -> dict[str, Any]:
    service = project.services[name]
    if service.get("network_mode"):
        return {}
    endpoints = {}
    for network in ordered_networks(service):
        said = (service["networks"] or {}).get(network) or {}
        address = _said(
            {
                "IPv4Address": said.get("ipv4_address"),
                "IPv6Address": said.get("ipv6_address"),
                "LinkLocalIPs": said.get("link_local_ips"),
            }
        )
        endpoints[project.model["networks"][network]["name"]] = _said(
            {
                "Aliases": [container_name(project, name, number), name, *(said.get("aliases") or [])],
                "IPAMConfig": address,
                "MacAddress": said.get("mac_address"),
                "DriverOpts": _endpoint_options(said),
                "GwPriority": said.get("gw_priority"),
            }
        )
    return endpoints


def _endpoint_options(said: dict[str, Any]) -> dict[str, Any] | None:
    named = {_INTERFACE_NAME: said["interface_name"]} if said.get("interface_name") else {}
    return ((said.get("driver_opts") or {}) | named) or None


def network_body(project: Project, key: str) -> dict[str, Any]:
    network = project.model["networks"][key]
    ipam = network.get("ipam") or {}
    return _said(
        {
            "Name": network["name"],
            "Driver": network.get("driver"),
            "Internal": network.get("internal"),
            "Attachable": network.get("attachable"),
            "EnableIPv6": network.get("enable_ipv6"),
            "Options": network.get("driver_opts"),
            "IPAM": _said(
                {
                    "Driver": ipam.get("driver"),
                    "Options": ipam.get("options"),
                    "Config": [
                        _said(
                            {
                                "Subnet": each.get("subnet"),
                                "IPRange": each.get("ip_range"),
                                "Gateway": each.get("gateway"),
                                "AuxiliaryAddresses": each.get("aux_addresses"),
                            }
                        )
                        for each in ipam.get("config") or []
                    ],
                }
            ),
            "Labels": {
                **(network.get("labels") or {}),
                **egress_labels(network),
                labels.PROJECT: project.name,
                labels.NETWORK: key,
                labels.HASH: network_hash(network),
                labels.VERSION: labels.WRITTEN_VERSION,
            },
        }
    )


def volume_body(project: Project, key: str) -> dict[str, Any]:
    volume = project.model["volumes"][key]
    return _said(
        {
            "Name": volume["name"],
            "Driver": volume.get("driver"),
            "DriverOpts": volume.get("driver_opts"),
            "Labels": {
                **(volume.get("labels") or {}),
                labels.PROJECT: project.name,
                labels.VOLUME: key,
                labels.HASH: volume_hash(volume),
                labels.VERSION: labels.WRITTEN_VERSION,
            },
        }
    )
