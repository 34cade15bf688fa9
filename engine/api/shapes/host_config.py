"""A container's recipe as Docker's HostConfig, and the names that differ between the two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.types.confinement import MASKED_PATHS, READ_ONLY_PATHS

if TYPE_CHECKING:
    from engine.types.containers import ContainerSpec, IoLimit, Mount, PortMapping, Security

OWN_NETWORK = "pasta"
"""The engine's word for a container's own network; Docker's clients know it as the default bridge."""
SHOWN_NETWORK = "bridge"


def network_mode(network: str) -> str:
    return SHOWN_NETWORK if network in ("", OWN_NETWORK) else network


def shown_network(name: str) -> str:
    return SHOWN_NETWORK if name == OWN_NETWORK else name


def port_key(port: PortMapping) -> str:
    return f"{port.container_port}/{port.protocol}"


def _host_port(port: PortMapping) -> str:
    if port.host_port_last:
        return f"{port.host_port}-{port.host_port_last}"
    return str(port.host_port) if port.host_port else ""


def host_config(spec: ContainerSpec) -> dict[str, Any]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in spec.ports:
        binding = {"HostIp": port.host_ip, "HostPort": _host_port(port)}
        bindings.setdefault(port_key(port), []).append(binding)
    limits = {"max-size": spec.log.max_bytes, "max-file": spec.log.max_files}
    mounts = [_mount(mount) for mount in spec.mounts if not mount.create_source and mount.kind != "tmpfs"]
    optional = {
        "Mounts": mounts,
        "Tmpfs": {mount.target: _tmpfs_options(mount) for mount in spec.mounts if mount.kind == "tmpfs"},
        "Sysctls": dict(spec.sysctls),
        "Init": spec.init,
    }
    log_options = {**{key: str(value) for key, value in limits.items() if value}, **spec.log.options}
    return {
        "Binds": [_bind(mount) for mount in spec.mounts if mount.kind == "bind" and mount.create_source] or None,
        "ContainerIDFile": "",
        "LogConfig": {"Type": spec.log.driver, "Config": log_options},
        "NetworkMode": network_mode(spec.network),
        "PortBindings": bindings,
        "RestartPolicy": {"Name": spec.restart.name, "MaximumRetryCount": spec.restart.maximum_retries},
        "AutoRemove": spec.auto_remove,
        "VolumeDriver": "",
        "VolumesFrom": list(spec.volumes_from) or None,
        "ConsoleSize": [0, 0],
        "Dns": list(spec.dns),
        "DnsOptions": list(spec.dns_options),
        "DnsSearch": list(spec.dns_search),
        "ExtraHosts": list(spec.extra_hosts) or None,
        "GroupAdd": list(spec.extra_groups) or None,
        "IpcMode": spec.ipc_mode or "private",
        "CgroupnsMode": spec.cgroup_mode or "private",
        "Cgroup": "",
        "Links": None,
        "PidMode": spec.pid_mode,
        "PublishAllPorts": spec.publish_all,
        "UTSMode": spec.uts_mode,
        "ShmSize": spec.shm_size,
        "Runtime": "crun",
        "Isolation": "",
        **{name: value for name, value in optional.items() if value},
        **_resources(spec),
        **_security(spec.security),
    }


def _resources(spec: ContainerSpec) -> dict[str, Any]:
    limits = spec.resources
    return {
        "CpuShares": limits.cpu_shares,
        "Memory": limits.memory,
        "NanoCpus": round(limits.cpus * 1e9),
        "CgroupParent": "",
        "BlkioWeight": limits.io_weight,
        "BlkioWeightDevice": [],
        "BlkioDeviceReadBps": _io(limits.io, "read-bps"),
        "BlkioDeviceWriteBps": _io(limits.io, "write-bps"),
        "BlkioDeviceReadIOps": _io(limits.io, "read-iops"),
        "BlkioDeviceWriteIOps": _io(limits.io, "write-iops"),
        "CpuPeriod": limits.cpu_period,
        "CpuQuota": limits.cpu_quota,
        "CpuRealtimePeriod": 0,
        "CpuRealtimeRuntime": 0,
        "CpusetCpus": limits.cpuset_cpus,
        "CpusetMems": limits.cpuset_mems,
        "Devices": [
            {
                "PathOnHost": device.host_path,
                "PathInContainer": device.container_path,
                "CgroupPermissions": device.permissions,
            }
            for device in spec.devices
        ],
        "DeviceCgroupRules": None,
        "DeviceRequests": None,
        "MemoryReservation": limits.memory_reservation,
        "MemorySwap": limits.memory_swap,
        "MemorySwappiness": None,
        "OomKillDisable": False,
        "OomScoreAdj": limits.oom_score_adj,
        "PidsLimit": limits.pids or None,
        "Ulimits": [{"Name": limit.name, "Hard": limit.hard, "Soft": limit.soft} for limit in spec.ulimits],
    }


def _security(security: Security) -> dict[str, Any]:
    options = ["no-new-privileges"] if security.no_new_privileges else []
    if security.seccomp:
        options.append(f"seccomp={security.seccomp}")
    if security.unmask_paths:
        options.append("systempaths=unconfined")
    record: dict[str, Any] = {
        "CapAdd": list(security.capabilities_add) or None,
        "CapDrop": list(security.capabilities_drop) or None,
        "Privileged": security.privileged,
        "ReadonlyRootfs": security.read_only_root,
        "SecurityOpt": options or None,
        "UsernsMode": security.user_namespace,
    }
    if security.privileged:
        return {**record, "MaskedPaths": None, "ReadonlyPaths": None}
    hidden, fixed = ((), ()) if security.unmask_paths else (MASKED_PATHS, READ_ONLY_PATHS)
    return {**record, "MaskedPaths": list(hidden), "ReadonlyPaths": list(fixed)}


def _io(limits: tuple[IoLimit, ...], kind: str) -> list[dict[str, Any]]:
    return [{"Path": limit.device, "Rate": limit.rate} for limit in limits if limit.kind == kind]


def _bind(mount: Mount) -> str:
    words = ["ro"] if mount.read_only else []
    if mount.propagation != "rprivate":
        words.append(mount.propagation)
    return ":".join([mount.source, mount.target, *([",".join(words)] if words else [])])


def _mount(mount: Mount) -> dict[str, Any]:
    record: dict[str, Any] = {
        "Type": mount.kind,
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
    }
    if mount.kind == "volume" and (mount.volume_labels or mount.subpath or not mount.copy_up):
        record["VolumeOptions"] = {
            "NoCopy": not mount.copy_up,
            "Labels": mount.volume_labels,
            "Subpath": mount.subpath,
        }
    return record


def _tmpfs_options(mount: Mount) -> str:
    words = ["ro"] if mount.read_only else []
    if mount.tmpfs_size:
        words.append(f"size={mount.tmpfs_size}")
    if mount.tmpfs_mode != 0o1777:
        words.append(f"mode={mount.tmpfs_mode:o}")
    return ",".join(words)
