"""`create` bodies as recipes, and what is refused by name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.recipe.body import host_config, load, load_update
from engine.recipe.crossing import endpoints, recipe_of, spec_of
from engine.recipe.faults import Unreadable
from engine.recipe.kinds.amounts import read_size
from engine.types.containers import (
    ContainerSpec,
    HealthCheck,
    IoLimit,
    LogLimits,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    Security,
    Ulimit,
)
from engine.types.networks import Endpoint


def recipe(host: dict[str, Any] | None = None, **config: Any) -> ContainerSpec:
    return spec_of(load({"Image": "alpine", **config, "HostConfig": host or {}}).recipe)


def test_a_bare_request_is_a_bare_recipe() -> None:
    assert recipe() == ContainerSpec(image="alpine")


def test_what_the_command_line_sends_without_options_is_bare_too() -> None:
    host = {
        "Binds": None, "ContainerIDFile": "", "LogConfig": {"Type": "", "Config": {}}, "NetworkMode": "default",
        "PortBindings": {}, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "AutoRemove": False,
        "VolumeDriver": "", "VolumesFrom": None, "ConsoleSize": [40, 120], "CapAdd": None, "CapDrop": None,
        "CgroupnsMode": "", "Dns": [], "DnsOptions": [], "DnsSearch": [], "ExtraHosts": None, "GroupAdd": None,
        "IpcMode": "", "Cgroup": "", "Links": None, "OomScoreAdj": 0, "PidMode": "", "Privileged": False,
        "PublishAllPorts": False, "ReadonlyRootfs": False, "SecurityOpt": None, "UTSMode": "", "UsernsMode": "",
        "ShmSize": 0, "Isolation": "", "CpuShares": 0, "Memory": 0, "NanoCpus": 0, "CgroupParent": "",
        "BlkioWeight": 0, "BlkioWeightDevice": [], "BlkioDeviceReadBps": [], "CpuPeriod": 0, "CpuQuota": 0,
        "CpusetCpus": "", "CpusetMems": "", "Devices": [], "DeviceCgroupRules": None, "DeviceRequests": None,
        "MemoryReservation": 0, "MemorySwap": 0, "MemorySwappiness": -1, "OomKillDisable": False, "PidsLimit": 0,
        "Ulimits": [], "CpuCount": 0, "CpuPercent": 0, "IOMaximumIOps": 0, "MaskedPaths": None, "ReadonlyPaths": None,
    }  # fmt: skip
    assert recipe(host, Cmd=None, Entrypoint=None, OnBuild=None, Labels={}, Env=None) == ContainerSpec(image="alpine")


CASES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"Cmd": ["a", "b"]}, {}, {"command": ("a", "b")}),
    ({"Cmd": "one string"}, {}, {"command": ("one string",)}),
    ({"Entrypoint": [""]}, {}, {"entrypoint": ()}),
    ({"Env": ["A=1", "B=x=y", "C"]}, {}, {"env": {"A": "1", "B": "x=y"}}),
    ({"Healthcheck": {"Test": ["NONE"]}}, {}, {"health": HealthCheck(test=("NONE",))}),
    (
        {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 2_000_000_000, "Retries": 3}},
        {},
        {"health": HealthCheck(test=("CMD", "x"), interval=2.0, retries=3)},
    ),
    ({"StopTimeout": 0}, {}, {"stop_timeout": 0.0}),
    ({"Volumes": {"/data": {}}}, {}, {"mounts": (Mount(kind="volume", target="/data"),)}),
    (
        {},
        {
            "PortBindings": {
                "80/tcp": [{"HostPort": "8080"}, {"HostPort": "9000-9010"}],
                "53/udp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
            }
        },
        {
            "ports": (
                PortMapping(container_port=80, host_port=8080),
                PortMapping(container_port=80, host_port=9000, host_port_last=9010),
                PortMapping(container_port=53, protocol="udp", host_ip="127.0.0.1"),
            )
        },
    ),
    (
        {},
        {"Binds": ["/srv:/data:ro,rshared", "vol:/v:nocopy", "/own:/o:U"]},
        {
            "mounts": (
                Mount(kind="bind", source="/srv", target="/data", read_only=True, propagation="rshared",
                      create_source=True),
                Mount(kind="volume", source="vol", target="/v", copy_up=False),
                Mount(kind="bind", source="/own", target="/o", ownership="chown", create_source=True),
            )
        },
    ),
    (
        {},
        {"Mounts": [{"Type": "bind", "Source": "/s", "Target": "/t", "ReadOnly": True},
                    {"Type": "tmpfs", "Target": "/x", "TmpfsOptions": {"SizeBytes": 5, "Mode": 448}}]},
        {
            "mounts": (
                Mount(kind="bind", source="/s", target="/t", read_only=True),
                Mount(kind="tmpfs", target="/x", tmpfs_size=5, tmpfs_mode=0o700),
            )
        },
    ),
    (
        {},
        {"Tmpfs": {"/run": "size=64m,mode=700,noexec"}},
        {"mounts": (Mount(kind="tmpfs", target="/run", tmpfs_size=64 << 20, tmpfs_mode=0o700),)},
    ),
    ({}, {"NetworkMode": "bridge"}, {"network": "pasta"}),
    ({}, {"NetworkMode": "shop"}, {"network": "shop"}),
    ({"NetworkDisabled": True}, {}, {"network": "none"}),
    ({}, {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
     {"restart": RestartPolicy(name="on-failure", maximum_retries=3)}),
    ({}, {"LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}},
     {"log": LogLimits(max_bytes=10 << 20, max_files=3)}),
    ({}, {"Ulimits": [{"Name": "nofile", "Soft": 5, "Hard": 9}]},
     {"ulimits": (Ulimit(name="nofile", soft=5, hard=9),)}),
    ({}, {"NanoCpus": 1_500_000_000, "Memory": 1 << 26, "PidsLimit": -1},
     {"resources": Resources(cpus=1.5, memory=1 << 26, pids=-1)}),
    ({}, {"PidsLimit": 0}, {}),
    ({}, {"BlkioDeviceWriteIOps": [{"Path": "/dev/sda", "Rate": 9}]},
     {"resources": Resources(io=(IoLimit(device="/dev/sda", kind="write-iops", rate=9),))}),
]  # fmt: skip


@pytest.mark.parametrize(("config", "host", "expected"), CASES)
def test_fields_become_their_part_of_the_recipe(
    config: dict[str, Any], host: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert recipe(host, **config) == msgspec.structs.replace(ContainerSpec(image="alpine"), **expected)


def test_security_options() -> None:
    security = recipe(
        {
            "SecurityOpt": ["no-new-privileges", "seccomp=unconfined", "apparmor=unconfined", "label=disable"],
            "CapAdd": ["NET_ADMIN"],
            "Privileged": True,
            "ReadonlyRootfs": True,
            "MaskedPaths": [],
            "ReadonlyPaths": [],
        }
    ).security
    assert security.no_new_privileges
    assert security.seccomp == "unconfined"
    assert security.capabilities_add == ("NET_ADMIN",)
    assert security.privileged
    assert security.read_only_root
    assert security.unmask_paths


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ({"Runtime": "nvidia"}, "Runtime"),
        ({"StorageOpt": {"size": "1g"}}, "StorageOpt"),
        ({"LogConfig": {"Type": "syslog"}}, "LogConfig.Type"),
        ({"VolumeDriver": "nfs"}, "VolumeDriver"),
        ({"SecurityOpt": ["apparmor=mine"]}, "apparmor"),
        ({"PortBindings": {"9/sctp": [{}]}}, "sctp"),
        ({"Mounts": [{"Type": "bind", "Source": "/s", "Target": "/x", "BindOptions": {"NonRecursive": True}}]},
         "NonRecursive"),
        ({"BlkioWeightDevice": [{"Path": "/dev/sda", "Weight": 5}]}, "BlkioWeightDevice"),
        ({"Isolation": "hyperv"}, "Isolation"),
    ],
)  # fmt: skip
def test_what_cannot_be_honoured_is_refused_by_name(host: dict[str, Any], named: str) -> None:
    with pytest.raises(Unreadable) as caught:
        recipe(host)
    assert caught.value.unsupported
    assert named in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        {"Binds": ["a:b:c:d"]},
        {"Binds": ["/x:relative"]},
        {"Binds": ["/x:/y:nonsense"]},
        {"Binds": ["/a:/same", "/b:/same"]},
        {"Mounts": [{"Type": "bind", "Source": "relative", "Target": "/x"}]},
        {"Mounts": [{"Type": "odd", "Target": "/x"}]},
        {"Mounts": [{"Type": "volume", "Target": "/"}]},
        {"PortBindings": {"99999/tcp": [{}]}},
        {"PortBindings": {"80/tcp": [{"HostPort": "-1"}]}},
        {"RestartPolicy": {"Name": "sometimes"}},
        {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}},
        {"SecurityOpt": ["seccomp={no json"]},
        {"Memory": -5},
        {"LogConfig": {"Config": {"max-size": "ten"}}},
        {"Tmpfs": {"/x": "mode=999"}},
    ],
)
def test_what_is_wrong_is_a_400(host: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as caught:
        recipe(host)
    assert not caught.value.unsupported


def test_no_image_is_a_400() -> None:
    with pytest.raises(Unreadable, match="no image"):
        recipe(Image="")


def test_aliases_and_further_networks() -> None:
    raw = {
        "Image": "a",
        "HostConfig": {"NetworkMode": "shop"},
        "NetworkingConfig": {"EndpointsConfig": {"shop": {"Aliases": ["web"]}, "back": {"Aliases": ["b"]}}},
    }
    asked = load(raw)
    spec = spec_of(asked.recipe)
    assert (spec.network, spec.network_aliases) == ("shop", ("web",))
    assert endpoints(asked.networks) == {"back": Endpoint(aliases=("b",))}


def test_fixed_addresses_are_read_on_every_network() -> None:
    own = {"IPAMConfig": {"IPv4Address": "10.0.0.9", "IPv6Address": "fd00::9"}, "MacAddress": "02:00:00:00:00:09"}
    other = {"IPAMConfig": {"IPv4Address": "10.1.0.9"}}
    raw = {
        "Image": "a",
        "HostConfig": {"NetworkMode": "n"},
        "NetworkingConfig": {"EndpointsConfig": {"n": own, "m": other}},
    }
    asked = load(raw)
    spec = spec_of(asked.recipe)
    assert (spec.ip, spec.ip6, spec.mac_address) == ("10.0.0.9", "fd00::9", "02:00:00:00:00:09")
    assert endpoints(asked.networks) == {"m": Endpoint(ip="10.1.0.9")}


def test_a_link_local_address_is_refused_in_words() -> None:
    own = {"IPAMConfig": {"LinkLocalIPs": ["169.254.3.3"]}}
    with pytest.raises(Unreadable, match="link-local address on network n"):
        load({"Image": "a", "NetworkingConfig": {"EndpointsConfig": {"n": own}}})


def test_an_update_names_only_what_changes() -> None:
    old = ContainerSpec(image="a", resources=Resources(memory=7, cpus=2.0, pids=9))
    changed = spec_of(load_update({"Memory": 5, "NanoCpus": 0, "PidsLimit": -1}, recipe_of(old)))
    assert changed == msgspec.structs.replace(old, resources=Resources(memory=5, cpus=2.0, pids=-1))


@pytest.mark.parametrize(
    ("text", "size"), [("", 0), ("10", 10), ("10b", 10), ("2k", 2048), ("1.5M", 1572864), ("1GiB", 1 << 30)]
)
def test_sizes(text: str, size: int) -> None:
    assert read_size(text or "0") == size


def test_an_update_of_one_kind_of_rates_leaves_the_others() -> None:
    read, write = (IoLimit(device="/dev/sda", kind=kind, rate=1) for kind in ("read-bps", "write-bps"))
    old = ContainerSpec(image="a", resources=Resources(io=(read, write)))
    changed = spec_of(load_update({"BlkioDeviceReadBps": [{"Path": "/dev/sdb", "Rate": 5}]}, recipe_of(old)))
    assert set(changed.resources.io) == {write, IoLimit(device="/dev/sdb", kind="read-bps", rate=5)}


def test_an_update_without_the_name_of_a_policy_changes_none() -> None:
    old = ContainerSpec(image="a", restart=RestartPolicy(name="always"))
    assert spec_of(load_update({"RestartPolicy": {"Name": ""}}, recipe_of(old))) == old
    changed = spec_of(load_update({"RestartPolicy": {"Name": "no"}}, recipe_of(old)))
    assert changed.restart == RestartPolicy()


def test_what_is_hidden_is_shown_as_docker_shows_it() -> None:
    shown = host_config(recipe_of(ContainerSpec(image="a")))
    assert "/proc/kcore" in shown["MaskedPaths"]
    assert "/proc/sys" in shown["ReadonlyPaths"]
    open_one = host_config(recipe_of(ContainerSpec(image="a", security=Security(unmask_paths=True))))
    assert (open_one["MaskedPaths"], open_one["ReadonlyPaths"]) == ([], [])
    mighty = host_config(recipe_of(ContainerSpec(image="a", security=Security(privileged=True))))
    assert (mighty["MaskedPaths"], mighty["ReadonlyPaths"]) == (None, None)
