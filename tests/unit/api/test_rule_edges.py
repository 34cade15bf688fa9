"""Where a value of a creation is just taken, and where it is just refused. Without a request."""

from __future__ import annotations

from typing import Any

import pytest

from engine.api.call import shaped
from engine.api.http.statuses import Refusal
from engine.api.rules.create import check_create
from engine.api.rules.limits import check_limits
from engine.api.shapes.bodies import CreateBody, HostConfigBody, UpdateBody

MEGABYTE = 1 << 20
MEMORY = "Minimum memory limit allowed is 6MB"
RESERVED = "Minimum memory reservation allowed is 6MB"
SWAP = "Minimum memoryswap limit should be larger than memory limit, see usage"
PERIOD = "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
BLKIO = "Range of blkio weight is from 10 to 1000"
BIND = 'invalid mount config for type "bind"'
CPUS = "range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available"


def complaint(asked: dict[str, Any], processors: int = 4) -> str:
    """ "" where it is taken."""
    body = shaped(asked, CreateBody)
    try:
        check_create(body, body.host_config or HostConfigBody(), processors=processors)
    except Refusal as refusal:
        return refusal.message if refusal.status == 400 else f"{refusal.status}"
    return ""


def mount(**fields: Any) -> dict[str, Any]:
    return {"Mounts": [{"Type": "bind", "Source": "/s", "Target": "/t", **fields}]}


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ({"ShmSize": 0}, ""),
        ({"OomScoreAdj": -1000}, ""),
        ({"OomScoreAdj": 1001}, "Invalid value 1001, range for oom score adj is [-1000, 1000]"),
        ({"Isolation": "default"}, ""),
        ({"Isolation": ""}, ""),
        ({"Runtime": "io.containerd.runc.v2"}, ""),
        ({"Runtime": "crun"}, ""),
        ({"Memory": 6 * MEGABYTE}, ""),
        ({"Memory": 6 * MEGABYTE - 1}, MEMORY),
        ({"Memory": 8 * MEGABYTE, "MemorySwap": 8 * MEGABYTE}, ""),
        ({"Memory": 8 * MEGABYTE, "MemorySwap": 8 * MEGABYTE - 1}, SWAP),
        ({"Memory": 8 * MEGABYTE, "MemorySwap": 1}, SWAP),
        ({"MemorySwap": -1}, ""),
        ({"MemorySwap": 0}, ""),
        ({"MemorySwap": 1}, "You should always set the Memory limit when using Memoryswap limit, see usage"),
        ({"MemorySwappiness": 0}, ""),
        ({"MemorySwappiness": 100}, ""),
        ({"MemorySwappiness": -1}, ""),
        ({"MemorySwappiness": -2}, "Invalid value: -2, valid memory swappiness range is 0-100"),
        ({"MemoryReservation": 6 * MEGABYTE}, ""),
        ({"MemoryReservation": 6 * MEGABYTE - 1}, RESERVED),
        ({"Memory": 8 * MEGABYTE, "MemoryReservation": 8 * MEGABYTE}, ""),
        ({"NanoCpus": 4 * 10**9}, ""),
        ({"NanoCpus": 4 * 10**9 + 1}, CPUS),
        ({"NanoCpus": -1}, CPUS),
        ({"NanoCpus": 1, "CpuPeriod": 1}, "Conflicting options: Nano CPUs and CPU Period cannot both be set"),
        ({"NanoCpus": 1, "CpuQuota": 1}, "Conflicting options: Nano CPUs and CPU Quota cannot both be set"),
        ({"CpuShares": 0}, ""),
        ({"CpuShares": 1}, ""),
        ({"CpuPeriod": 1000}, ""),
        ({"CpuPeriod": 999}, PERIOD),
        ({"CpuPeriod": 1_000_000}, ""),
        ({"CpuPeriod": 1_000_001}, PERIOD),
        ({"CpuPeriod": -1}, PERIOD),
        ({"CpuQuota": 1000}, ""),
        ({"CpuQuota": 999}, "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
        ({"CpuQuota": 1}, "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
        ({"CpuQuota": -1}, ""),
        ({"BlkioWeight": 10}, ""),
        ({"BlkioWeight": 1000}, ""),
        ({"BlkioWeight": 0}, ""),
        ({"BlkioWeight": 9}, BLKIO),
        ({"BlkioWeight": 1001}, BLKIO),
        ({"CpusetCpus": "0-3"}, ""),
        ({"CpusetCpus": "0,2-3"}, ""),
        ({"CpusetCpus": "1,4"}, "Requested CPUs are not available - requested 1,4, available: 0-3"),
        ({"CpusetCpus": "4,1"}, "Requested CPUs are not available - requested 4,1, available: 0-3"),
        ({"CpusetCpus": "1-"}, "Invalid value 1- for cpuset cpus: invalid format: 1-"),
        ({"CpusetMems": "9"}, ""),
        ({"RestartPolicy": None}, ""),
        ({"RestartPolicy": {"Name": ""}, "AutoRemove": True}, ""),
        ({"RestartPolicy": {"Name": "no"}, "AutoRemove": True}, ""),
        ({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1}}, ""),
        ({"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 1}},
         "invalid restart policy: maximum retry count can only be used with 'on-failure'"),
        ({"RestartPolicy": {"MaximumRetryCount": -1}},
         "invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be negative"),
        ({"IpcMode": "none"}, ""),
        ({"IpcMode": "container:a"}, ""),
        ({"IpcMode": "container:"}, "invalid IPC mode: container:"),
        ({"PidMode": "none"}, "invalid PID mode: none"),
        ({"PidMode": "container:"}, "invalid PID mode: container:"),
        ({"PidMode": "host"}, ""),
        ({"UTSMode": ""}, ""),
        ({"NetworkMode": "container:a"}, ""),
        ({"ExtraHosts": ["a:1.2.3.4", "b:::1", "c=1.2.3.4"]}, 'bad format for add-host: "c=1.2.3.4"'),
        ({"ExtraHosts": [":1.2.3.4"]}, 'bad format for add-host: ":1.2.3.4"'),
        ({"ExtraHosts": ["a:host-gateway"]}, ""),
        ({"ExtraHosts": ["a:b:c"]}, 'invalid IP address in add-host: "b:c"'),
        ({"PortBindings": {"80/tcp": None, "81": [{"HostPort": 0}, {"HostPort": ""}, {"HostPort": 65535}]}}, ""),
        ({"PortBindings": {"80/tcp": [{"HostPort": "65536"}]}}, 'invalid port specification: "65536"'),
        ({"PortBindings": {"65536/tcp": []}}, 'invalid port specification: "65536"'),
        ({"PortBindings": {"8000-8001/tcp": []}}, 'invalid port specification: "8000-8001"'),
        ({"PortBindings": {"80/tcp": [{"HostPort": "80-80"}]}}, ""),
        ({"PortBindings": {"80/tcp": [{"HostPort": "80-65536"}]}}, 'invalid port specification: "80-65536"'),
        ({"PortBindings": {"80/tcp": [{"HostPort": "٣"}]}}, 'invalid port specification: "٣"'),
        ({"CapAdd": "net_admin"}, ""),
        ({"CapAdd": ["CAP_odd"]}, 'invalid CapAdd: unknown capability: "CAP_ODD"'),
        ({"SecurityOpt": ["no-new-privileges=true", "no-new-privileges:false", "label=disable", "apparmor:x"]}, ""),
        ({"SecurityOpt": ["systempaths=unconfined", "writable-cgroups=true", "seccomp={}"]}, ""),
        ({"SecurityOpt": ["no-new-privileges="]}, 'invalid --security-opt 2: "no-new-privileges="'),
        ({"SecurityOpt": ["seccomp:a=b"]}, 'invalid --security-opt 2: "seccomp:a=b"'),
        ({"Binds": ["/a:/b", "v:/b", "/c", "/a:/b:ro", "/a:/b:"]}, ""),
        ({"Binds": ["a:/b:c:d"]}, "invalid volume specification: 'a:/b:c:d'"),
        ({"Binds": ["/a:"]}, "invalid volume specification: '/a:'"),
        ({"Binds": [""]}, "invalid volume specification: ''"),
        ({"Binds": ["v:rel"]}, "invalid volume specification: 'v:rel': invalid mount config for type \"volume\": "
                               "invalid mount path: 'rel' mount path must be absolute"),
        ({"Binds": ["/a:/b:rshared"]}, ""),
        ({"Binds": ["v:/b:rshared"]}, "invalid mode: rshared"),
        ({"Binds": ["v:/b:nocopy"]}, ""),
        ({"Binds": ["/a:/b:nocopy"]}, "invalid mode: nocopy"),
        ({"Binds": ["/a:/b:ro,z,rslave,cached,U"]}, ""),
        ({"Binds": ["/a:/b:z,Z"]}, "invalid mode: z,Z"),
        ({"Binds": ["/a:/b:shared,slave"]}, "invalid mode: shared,slave"),
        ({"Binds": ["/a:/b:cached,delegated"]}, "invalid mode: cached,delegated"),
        ({"Binds": ["/a:/b:U,idmap"]}, "invalid mode: U,idmap"),
        ({"Binds": ["/a:/b:ro,,z"]}, "invalid mode: ro,,z"),
        ({"VolumesFrom": ["a", "b:ro", "c:rw,z"]}, ""),
        ({"VolumesFrom": ["a:rshared"]}, "invalid mode: rshared"),
        ({"VolumesFrom": ["a:nocopy"]}, "invalid mode: nocopy"),
        ({"Tmpfs": {"/": ""}}, "invalid specification: destination can't be '/'"),
        ({"Tmpfs": {"/t/..": ""}}, "invalid specification: destination can't be '/'"),
        (mount(), ""),
        (mount(Source="rel"), f"{BIND}: invalid mount path: 'rel' mount path must be absolute"),
        (mount(Target="rel"), f"{BIND}: invalid mount path: 'rel' mount path must be absolute"),
        (mount(Target="/"), f"{BIND}: invalid specification: destination can't be '/'"),
        (mount(BindOptions={"Propagation": "rshared"}), ""),
        (mount(BindOptions={"Propagation": ""}), ""),
        (mount(BindOptions={}), ""),
        (mount(VolumeOptions={}), 'VolumeOptions must not be specified on mount type "bind"'),
        (mount(TmpfsOptions={}), 'TmpfsOptions must not be specified on mount type "bind"'),
        (mount(Type="tmpfs", Source="", TmpfsOptions={}), ""),
        (mount(Type="tmpfs", Source="", BindOptions={}), 'BindOptions must not be specified on mount type "tmpfs"'),
        (mount(Type="volume", Source="", VolumeOptions={}), ""),
        (mount(Type="volume", Source="v", VolumeOptions={"Subpath": "a"}), ""),
        (mount(Type="volume", Source=""), ""),
        (mount(Type="image", Source="alpine"), ""),
        (mount(Type="odd", Target=""), 'invalid mount config for type "odd": mount type unknown'),
    ],
)  # fmt: skip
def test_the_edge_of_what_docker_takes(host: dict[str, Any], words: str) -> None:
    assert complaint({"HostConfig": host}) == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"WorkingDir": "/srv", "Env": ["A=1", "B", "C="]}, ""),
        ({"WorkingDir": ""}, ""),
        ({"Healthcheck": {"Interval": 1_000_000, "Timeout": 1_000_000, "StartPeriod": 1_000_000}}, ""),
        ({"Healthcheck": {"Interval": 999_999}}, "Interval in Healthcheck cannot be less than 1ms"),
        ({"Healthcheck": {"Retries": 1}}, ""),
        ({"Healthcheck": {"Retries": 0}}, ""),
        ({"NetworkingConfig": {"EndpointsConfig": {"a": None}}}, ""),
        ({"NetworkingConfig": {"EndpointsConfig": {"a": {}, "b": {}}}}, ""),
        ({"NetworkingConfig": {"EndpointsConfig": {"a": {}, "b": None}}},
         "invalid config for network b: EndpointsConfig is nil"),
        ({"NetworkingConfig": {"EndpointsConfig": {"a": {"Aliases": ["x"]}}}}, ""),
        ({"NetworkingConfig": {"EndpointsConfig": {"default": {"Aliases": ["x"]}}},
          "HostConfig": {"NetworkMode": "bridge"}},
         "invalid config for network default: invalid endpoint settings:\n"
         "network-scoped alias is supported only for containers in user defined networks"),
        ({"NetworkingConfig": {"EndpointsConfig": {"bridge": {"Aliases": ["x"]}}},
          "HostConfig": {"NetworkMode": "mine"}}, ""),
        ({"NetworkingConfig": {"EndpointsConfig": {"bridge": {"Aliases": []}}}}, ""),
    ],
)  # fmt: skip
def test_the_edge_of_what_a_container_may_be(body: dict[str, Any], words: str) -> None:
    assert complaint(body) == words


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"WorkingDir": "x" * 300}, 200),
        ({"Env": ["=" + "x" * 300]}, 199),
        ({"HostConfig": {"PidMode": "x" * 300}}, 80),
        ({"HostConfig": {"ExtraHosts": ["x" * 300]}}, 200),
        ({"HostConfig": {"ExtraHosts": ["a:" + "x" * 300]}}, 80),
        ({"HostConfig": {"PortBindings": {"x" * 300: []}}}, 40),
        ({"HostConfig": {"PortBindings": {"80": [{"HostPort": "x" * 300}]}}}, 40),
        ({"HostConfig": {"CapAdd": ["x" * 300]}}, 80),
        ({"HostConfig": {"SecurityOpt": ["x" * 300]}}, 80),
        ({"HostConfig": {"SecurityOpt": ["a=" + "x" * 300]}}, 78),
        ({"HostConfig": {"SecurityOpt": ["no-new-privileges=" + "x" * 300]}}, 62),
        ({"HostConfig": {"CpusetCpus": "x" * 300}}, 160),
        ({"HostConfig": {"RestartPolicy": {"Name": "x" * 300}}}, 40),
        ({"HostConfig": {"Binds": ["/a:/b:" + "x" * 300]}}, 80),
        ({"HostConfig": {"Binds": [":" + "x" * 300]}}, 199),
        ({"HostConfig": {"VolumesFrom": ["a:" + "x" * 300]}}, 80),
        ({"HostConfig": {"Tmpfs": {"x" * 300: ""}}}, 200),
        ({"HostConfig": mount(Type="x" * 300)}, 40),
        ({"HostConfig": mount(Source="x" * 300)}, 200),
        ({"HostConfig": mount(BindOptions={"Propagation": "x" * 300})}, 40),
        ({"NetworkingConfig": {"EndpointsConfig": {"a": {}, "x" * 300: None}}}, 80),
    ],
)
def test_what_a_client_sent_is_told_back_in_part(body: dict[str, Any], kept: int) -> None:
    """A body of megabytes makes no message of megabytes."""
    words = complaint(body)
    assert words.lower().count("x") == kept


def test_the_first_thing_that_is_wrong_is_told_in_dockers_order() -> None:
    wrong = {
        "WorkingDir": "rel", "Healthcheck": {"Retries": -1},
        "HostConfig": {"ShmSize": -1, "PidMode": "x", "Memory": 1, "Binds": [":"]},
    }  # fmt: skip
    order = []
    while words := complaint(wrong):
        order.append(words.partition(" ")[0])
        for where, name in (
            (wrong, "WorkingDir"), (wrong, "Healthcheck"), (wrong["HostConfig"], "ShmSize"),
            (wrong["HostConfig"], "PidMode"), (wrong["HostConfig"], "Memory"), (wrong["HostConfig"], "Binds"),
        ):  # fmt: skip
            if name in where:
                del where[name]  # type: ignore[attr-defined]
                break
    assert order == ["the", "Retries", "SHM", "invalid", "Minimum", "invalid"]


def test_one_processor_is_called_by_its_number() -> None:
    assert complaint({"HostConfig": {"CpusetCpus": "0"}}, processors=1) == ""
    assert complaint({"HostConfig": {"CpusetCpus": "1"}}, processors=1).endswith("available: 0")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"MemorySwap": 5 * MEGABYTE}, SWAP),
        ({"MemorySwap": 8 * MEGABYTE}, ""),
        ({"MemoryReservation": 9 * MEGABYTE},
         "Minimum memory limit can not be less than memory reservation limit, see usage"),
        ({"Memory": 16 * MEGABYTE, "MemoryReservation": 9 * MEGABYTE}, ""),
        ({"CpuShares": 2}, ""),
    ],
)  # fmt: skip
def test_an_update_is_measured_by_the_limit_that_stands(body: dict[str, Any], words: str) -> None:
    asked = shaped(body, UpdateBody)
    if not words:
        check_limits(asked, processors=4, memory_now=8 * MEGABYTE)
        return
    with pytest.raises(Refusal) as caught:
        check_limits(asked, processors=4, memory_now=8 * MEGABYTE)
    assert (caught.value.status, caught.value.message) == (400, words)
