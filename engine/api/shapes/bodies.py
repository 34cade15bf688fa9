"""The JSON bodies that clients send, as far as they are read. Unknown fields are ignored by msgspec itself."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import field

from engine.recipe.kinds.special import words as command_words

Words = list[str] | str | None
"""Docker takes a list or one string where a command stands."""


class Body(msgspec.Struct, rename="pascal", omit_defaults=True):
    """Base of all: Docker's field names are capitalised, and any of them may be null or missing."""


class PortBinding(Body):
    host_ip: str | None = None
    host_port: str | int | None = None


class RestartPolicyBody(Body):
    name: str | None = None
    maximum_retry_count: int | None = None


class LogConfigBody(Body):
    type: str | None = None
    config: dict[str, str] | None = None


class UlimitBody(Body):
    name: str
    soft: int = 0
    hard: int = 0


class DeviceBody(Body):
    path_on_host: str = ""
    path_in_container: str = ""
    cgroup_permissions: str = "rwm"


class RateBody(Body):
    path: str
    rate: int


class BindOptions(Body):
    propagation: str | None = None
    non_recursive: bool | None = None
    create_mountpoint: bool | None = None
    read_only_non_recursive: bool | None = None
    read_only_force_recursive: bool | None = None


class DriverConfig(Body):
    name: str | None = None
    options: dict[str, str] | None = None


class VolumeOptions(Body):
    no_copy: bool | None = None
    labels: dict[str, str] | None = None
    driver_config: DriverConfig | None = None
    subpath: str | None = None


class TmpfsOptions(Body):
    size_bytes: int | None = None
    mode: int | None = None
    options: list[list[str]] | None = None


class MountBody(Body):
    type: str = ""
    source: str | None = None
    target: str = ""
    read_only: bool | None = None
    consistency: str | None = None
    bind_options: BindOptions | None = None
    volume_options: VolumeOptions | None = None
    tmpfs_options: TmpfsOptions | None = None


class ResourcesBody(Body):
    """What `create` and `update` have in common."""

    cpu_shares: int | None = None
    memory: int | None = None
    nano_cpus: int | None = None
    cgroup_parent: str | None = None
    blkio_weight: int | None = None
    blkio_weight_device: list[Any] | None = None
    blkio_device_read_bps: list[RateBody] | None = None
    blkio_device_write_bps: list[RateBody] | None = None
    blkio_device_read_iops: list[RateBody] | None = field(default=None, name="BlkioDeviceReadIOps")
    blkio_device_write_iops: list[RateBody] | None = field(default=None, name="BlkioDeviceWriteIOps")
    cpu_period: int | None = None
    cpu_quota: int | None = None
    cpu_realtime_period: int | None = None
    cpu_realtime_runtime: int | None = None
    cpuset_cpus: str | None = None
    cpuset_mems: str | None = None
    kernel_memory: int | None = None
    kernel_memory_tcp: int | None = field(default=None, name="KernelMemoryTCP")
    memory_reservation: int | None = None
    memory_swap: int | None = None
    memory_swappiness: int | None = None
    oom_kill_disable: bool | None = None
    pids_limit: int | None = None


class UpdateBody(ResourcesBody):
    restart_policy: RestartPolicyBody | None = None


class HostConfigBody(ResourcesBody):
    binds: list[str] | None = None
    log_config: LogConfigBody | None = None
    network_mode: str | None = None
    port_bindings: dict[str, list[PortBinding] | None] | None = None
    restart_policy: RestartPolicyBody | None = None
    auto_remove: bool | None = None
    volume_driver: str | None = None
    volumes_from: list[str] | None = None
    mounts: list[MountBody] | None = None
    cap_add: Words = None
    cap_drop: Words = None
    cgroupns_mode: str | None = None
    cgroup: str | None = None
    dns: list[str] | None = None
    dns_options: list[str] | None = None
    dns_search: list[str] | None = None
    extra_hosts: list[str] | None = None
    group_add: list[str | int] | None = None
    ipc_mode: str | None = None
    links: list[str] | None = None
    oom_score_adj: int | None = None
    pid_mode: str | None = None
    privileged: bool | None = None
    publish_all_ports: bool | None = None
    readonly_rootfs: bool | None = None
    security_opt: list[str] | None = None
    storage_opt: dict[str, str] | None = None
    tmpfs: dict[str, str] | None = None
    uts_mode: str | None = field(default=None, name="UTSMode")
    userns_mode: str | None = None
    shm_size: int | None = None
    sysctls: dict[str, str] | None = None
    runtime: str | None = None
    isolation: str | None = None
    devices: list[DeviceBody] | None = None
    device_cgroup_rules: list[str] | None = None
    device_requests: list[Any] | None = None
    ulimits: list[UlimitBody] | None = None
    init: bool | None = None
    masked_paths: list[str] | None = None
    readonly_paths: list[str] | None = None


class HealthBody(Body):
    """Times in nanoseconds."""

    test: Words = None
    interval: int | None = None
    timeout: int | None = None
    start_period: int | None = None
    start_interval: int | None = None
    retries: int | None = None


class IpamBody(Body):
    ipv4_address: str | None = field(default=None, name="IPv4Address")
    ipv6_address: str | None = field(default=None, name="IPv6Address")
    link_local_ips: list[str] | None = field(default=None, name="LinkLocalIPs")


class EndpointBody(Body):
    aliases: list[str] | None = None
    links: list[str] | None = None
    ipam_config: IpamBody | None = field(default=None, name="IPAMConfig")
    mac_address: str | None = None
    driver_opts: dict[str, str] | None = None


class NetworkingBody(Body):
    endpoints_config: dict[str, EndpointBody | None] | None = None


class CreateBody(Body):
    hostname: str | None = None
    domainname: str | None = None
    user: str | None = None
    attach_stdin: bool | None = None
    exposed_ports: dict[str, Any] | None = None
    tty: bool | None = None
    open_stdin: bool | None = None
    stdin_once: bool | None = None
    env: list[str] | None = None
    cmd: Words = None
    healthcheck: HealthBody | None = None
    image: str | None = None
    volumes: dict[str, Any] | None = None
    working_dir: str | None = None
    entrypoint: Words = None
    network_disabled: bool | None = None
    mac_address: str | None = None
    labels: dict[str, str] | None = None
    stop_signal: str | None = None
    stop_timeout: int | None = None
    shell: list[str] | None = None
    host_config: HostConfigBody | None = None
    networking_config: NetworkingBody | None = None


class ExecBody(Body):
    attach_stdin: bool | None = None
    attach_stdout: bool | None = None
    attach_stderr: bool | None = None
    detach_keys: str | None = None
    tty: bool | None = None
    env: list[str] | None = None
    cmd: Words = None
    privileged: bool | None = None
    user: str | None = None
    working_dir: str | None = None
    console_size: list[int] | None = None


class ExecStartBody(Body):
    detach: bool | None = None
    tty: bool | None = None
    console_size: list[int] | None = None


class VolumeBody(Body):
    name: str | None = None
    driver: str | None = None
    driver_opts: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    cluster_volume_spec: Any = None


class IpamRange(Body):
    subnet: str | None = None
    gateway: str | None = None
    ip_range: str | None = field(default=None, name="IPRange")
    auxiliary_addresses: dict[str, str] | None = None


class IpamConfig(Body):
    driver: str | None = None
    config: list[IpamRange] | None = None
    options: dict[str, str] | None = None


class NetworkBody(Body):
    name: str = ""
    driver: str | None = None
    internal: bool | None = None
    attachable: bool | None = None
    ingress: bool | None = None
    config_only: bool | None = None
    config_from: dict[str, str] | None = None
    enable_ipv4: bool | None = field(default=None, name="EnableIPv4")
    enable_ipv6: bool | None = field(default=None, name="EnableIPv6")
    ipam: IpamConfig | None = field(default=None, name="IPAM")
    options: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    scope: str | None = None


class ConnectBody(Body):
    container: str = ""
    endpoint_config: dict[str, Any] | None = None


class DisconnectBody(Body):
    container: str = ""
    force: bool | None = None


class AuthBody(msgspec.Struct):
    """`POST /auth`, and what `X-Registry-Auth` carries. These names are not capitalised."""

    username: str | None = None
    password: str | None = None
    auth: str | None = None
    serveraddress: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None


class CommitBody(Body):
    """A container configuration; only what a commit may change is read."""

    cmd: Words = None
    env: list[str] | None = None
    labels: dict[str, str] | None = None
    user: str | None = None
    working_dir: str | None = None
    entrypoint: Words = None
    exposed_ports: dict[str, Any] | None = None
    volumes: dict[str, Any] | None = None


def words(given: Words) -> tuple[str, ...] | None:
    """None where nothing was said, () where a client said "nothing at all"."""
    found = None if given is None else command_words(given, "Cmd")
    return None if found is None else tuple(found)
