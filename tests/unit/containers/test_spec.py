"""The runtime spec: Docker's defaults, and what each option changes in it."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

import msgspec
import pytest

from engine.containers.spec.mounts import device_mount
from engine.containers.spec.plan import PlannedMount, SpecPlan
from engine.containers.spec.runtime_spec import check_sysctls, keep_id_map, runtime_spec
from engine.containers.spec.seccomp import default_profile, profile_from_json
from engine.containers.spec.security import DEFAULT_CAPABILITIES, capability_set
from engine.containers.spec.users import ContainerUser
from engine.errors import InvalidRequest, Unsupported
from engine.types.containers import ContainerSpec, Device, Resources, Security, Ulimit


def plan(**changes: Any) -> SpecPlan:
    plan_fields = {field.name for field in dataclasses.fields(SpecPlan)}
    asked = {key: changes.pop(key) for key in list(changes) if key not in plan_fields}
    given: dict[str, Any] = {
        "container_id": "c" * 64, "spec": ContainerSpec(image="i", **asked), "command_line": ("run", "it"),
        "env": {"A": "1"}, "workdir": "/w", "user": ContainerUser(0, 0), "hostname": "box", "rootfs": "/r",
    }  # fmt: skip
    return SpecPlan(**given | changes)


def document(**changes: Any) -> dict[str, Any]:
    made = runtime_spec(plan(**changes))
    return json.loads(msgspec.json.encode(made))  # type: ignore[no-any-return]


def mounts(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {mount["destination"]: mount for mount in made["mounts"]}


def namespaces(made: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each.get("path", "") for each in made["linux"]["namespaces"]}


def test_the_defaults_are_dockers() -> None:
    made = document()
    assert made["process"]["args"] == ["run", "it"]
    assert made["process"]["capabilities"]["effective"] == sorted(DEFAULT_CAPABILITIES)
    assert made["process"]["capabilities"]["inheritable"] == []
    assert "/proc/kcore" in made["linux"]["maskedPaths"]
    assert "/proc/sys" in made["linux"]["readonlyPaths"]
    assert made["linux"]["seccomp"]["defaultAction"] == "SCMP_ACT_ERRNO"
    assert namespaces(made) == dict.fromkeys(("mount", "pid", "ipc", "uts", "network", "cgroup"), "")
    assert "ro" in mounts(made)["/sys"]["options"]
    assert mounts(made)["/dev/shm"]["options"][-1] == f"size={64 << 20}"
    assert made["linux"]["sysctl"]["net.ipv4.ping_group_range"] == "0 65535"
    assert "resources" not in made["linux"]


def test_a_user_that_is_not_root_has_no_effective_capabilities() -> None:
    capabilities = document(user=ContainerUser(5, 6, groups=(7,)))["process"]["capabilities"]
    assert capabilities["effective"] == capabilities["permitted"] == []
    assert capabilities["bounding"] == sorted(DEFAULT_CAPABILITIES)


def test_privileged_lifts_what_the_user_namespace_allows() -> None:
    made = document(security=Security(privileged=True))
    assert "CAP_SYS_ADMIN" in made["process"]["capabilities"]["effective"]
    assert "seccomp" not in made["linux"]
    assert "maskedPaths" not in made["linux"]
    assert "rw" in mounts(made)["/sys"]["options"]


@pytest.mark.parametrize(
    ("add", "drop", "held"),
    [
        ((), (), set(DEFAULT_CAPABILITIES)),
        (("net_admin",), ("CAP_CHOWN",), (set(DEFAULT_CAPABILITIES) - {"CAP_CHOWN"}) | {"CAP_NET_ADMIN"}),
        ((), ("ALL",), set()),
        (("KILL",), ("all",), {"CAP_KILL"}),
    ],
)
def test_capabilities(add: tuple[str, ...], drop: tuple[str, ...], held: set[str]) -> None:
    assert set(capability_set(Security(capabilities_add=add, capabilities_drop=drop))) == held


def test_all_capabilities_but_one() -> None:
    held = capability_set(Security(capabilities_add=("ALL",), capabilities_drop=("SYS_ADMIN",)))
    assert len(held) == 40
    assert "CAP_SYS_ADMIN" not in held


def test_unknown_capabilities_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        capability_set(Security(capabilities_add=("FLY",)))


def test_deeper_mounts_come_later_and_replace_the_engines_own() -> None:
    made = document(
        mounts=[
            PlannedMount(target="/a/b/c", source="/s1"),
            PlannedMount(target="/a", source="/s2", read_only=True),
            PlannedMount(target="/dev/shm", tmpfs=True, size=5),
            PlannedMount(target="/etc/hosts", source="/mine"),
        ],
        etc_files={"/etc/hosts": "/generated", "/etc/hostname": "/h"},
    )
    order = [mount["destination"] for mount in made["mounts"]]
    assert order.index("/a") < order.index("/a/b/c")
    assert order.count("/dev/shm") == order.count("/etc/hosts") == 1
    assert mounts(made)["/etc/hosts"]["source"] == "/mine"
    assert "ro" in mounts(made)["/a"]["options"]


def test_shared_namespaces() -> None:
    made = document(network="/run/netns/x", pid="host", ipc="/proc/1/ns/ipc", uts="host", cgroup="host")
    assert namespaces(made) == {"mount": "", "network": "/run/netns/x", "ipc": "/proc/1/ns/ipc"}
    assert mounts(made)["/proc"]["type"] == "bind"
    assert "hostname" not in made


def test_the_hosts_network_has_the_hosts_sys() -> None:
    made = document(network="host", own_network=False)
    assert "network" not in namespaces(made)
    assert mounts(made)["/sys"]["type"] == "bind"
    assert made["linux"]["sysctl"] == {}


def test_single_id_mode_names_no_group() -> None:
    made = document(single_id=True, id_count=1, user=ContainerUser(0, 0, groups=(5,)))
    assert not any(option.startswith("gid=") for option in mounts(made)["/dev/pts"]["options"])
    assert "additionalGids" not in made["process"]["user"]


def test_keep_id_maps_every_id_once() -> None:
    ranges = keep_id_map(1000, 65536)
    inside = sorted(
        value for each in ranges for value in range(each["containerID"], each["containerID"] + each["size"])
    )
    outside = sorted(value for each in ranges for value in range(each["hostID"], each["hostID"] + each["size"]))
    assert inside == outside == list(range(65536))
    assert {"containerID": 1000, "hostID": 0, "size": 1} in ranges


def test_a_group_that_is_roots_keeps_its_place() -> None:
    """`--user 1000 --userns keep-id` where the image knows no user 1000: its group is 0."""
    assert keep_id_map(0, 65537) == [
        {"containerID": 0, "hostID": 0, "size": 1},
        {"containerID": 1, "hostID": 1, "size": 65536},
    ]


def test_init_tty_limits() -> None:
    made = document(
        init_program="/usr/bin/catatonit", tty=True, ulimits=(Ulimit(name="nofile", soft=1, hard=-1),),
        resources=Resources(oom_score_adj=100),
    )  # fmt: skip
    assert made["process"]["args"][1:] == ["--", "run", "it"]
    assert made["process"]["terminal"]
    assert made["process"]["rlimits"] == [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 2**64 - 1}]
    assert made["process"]["oomScoreAdj"] == 100


def test_ulimits_a_user_may_not_raise() -> None:
    from engine.containers.spec.process import check_ulimits

    with pytest.raises(Unsupported):
        check_ulimits((Ulimit(name="nofile", soft=1, hard=10_000),), {"nofile": 1024})
    with pytest.raises(InvalidRequest):
        check_ulimits((Ulimit(name="nothing", soft=1, hard=1),))
    with pytest.raises(InvalidRequest):
        check_ulimits((Ulimit(name="nofile", soft=5, hard=1),))


def test_the_default_list_keeps_new_namespaces_out() -> None:
    profile = default_profile(DEFAULT_CAPABILITIES, "amd64")
    allowed = {name for rule in profile["syscalls"] if not rule.get("args") for name in rule["names"]
               if rule["action"] == "SCMP_ACT_ALLOW"}  # fmt: skip
    assert not allowed & {"unshare", "setns", "mount", "bpf", "clone", "clone3", "keyctl", "io_uring_setup", "reboot"}
    assert {"openat", "chroot", "arch_prctl", "execve"} <= allowed
    clone3 = next(rule for rule in profile["syscalls"] if "clone3" in rule["names"])
    assert (clone3["action"], clone3["errnoRet"]) == ("SCMP_ACT_ERRNO", 38)
    assert len(allowed) > 350


def test_capabilities_open_the_calls_they_need() -> None:
    profile = default_profile({"CAP_SYS_ADMIN", "CAP_SYS_TIME"}, "arm64")
    allowed = {name for rule in profile["syscalls"] for name in rule["names"] if rule["action"] == "SCMP_ACT_ALLOW"}
    assert {"unshare", "mount", "clone3", "settimeofday", "cacheflush"} <= allowed
    assert not allowed & {"arch_prctl", "chroot"}
    assert profile["architectures"][0] == "SCMP_ARCH_AARCH64"


def test_a_profile_of_ones_own_is_decided_by_capabilities_and_architecture() -> None:
    text = json.dumps({
        "defaultAction": "SCMP_ACT_ERRNO",
        "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                    {"architecture": "SCMP_ARCH_AARCH64"}],
        "syscalls": [
            {"names": ["a"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["b"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["c"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm64"]}},
            {"name": "d", "action": "SCMP_ACT_ALLOW"},
        ],
    })  # fmt: skip
    made = profile_from_json(text, (), "amd64")
    assert [rule["names"] for rule in made["syscalls"]] == [["b"], ["d"]]
    assert made["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"defaultAction": "x", "syscalls": [5]}', "[" * 100_000])
def test_rubbish_profiles(text: str) -> None:
    with pytest.raises(InvalidRequest):
        profile_from_json(text, (), "amd64")


@pytest.mark.parametrize(
    ("name", "network", "ipc", "allowed"),
    [
        ("net.core.somaxconn", "pasta", "", True),
        ("net.core.somaxconn", "host", "", False),
        ("kernel.shmmax", "pasta", "", True),
        ("kernel.shmmax", "pasta", "host", False),
        ("vm.swappiness", "pasta", "", False),
    ],
)
def test_sysctls(name: str, network: str, ipc: str, *, allowed: bool) -> None:
    if allowed:
        check_sysctls({name: "1"}, network=network, ipc=ipc)
    else:
        with pytest.raises(InvalidRequest):
            check_sysctls({name: "1"}, network=network, ipc=ipc)


def test_devices() -> None:
    made = device_mount(Device(host_path="/dev/null", container_path="/dev/nothing"))
    assert (made["destination"], made["source"], made["type"]) == ("/dev/nothing", "/dev/null", "bind")
    assert "rbind" in device_mount(Device(host_path="/dev/pts", container_path="/dev/pts"))["options"]
    with pytest.raises(InvalidRequest):
        device_mount(Device(host_path=os.sep, container_path="/x"))
    with pytest.raises(InvalidRequest):
        device_mount(Device(host_path="/dev/no-such-thing", container_path="/x"))
