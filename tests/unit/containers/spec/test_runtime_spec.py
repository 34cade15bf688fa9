"""The runtime spec: Docker's defaults, and what each option changes in it."""

from __future__ import annotations

import json
import os
import resource

import pytest

from engine.containers.spec.mounts import device_mount
from engine.containers.spec.plan import PlannedMount
from engine.containers.spec.process import check_ulimits
from engine.containers.spec.runtime_spec import check_sysctls, keep_id_map
from engine.containers.spec.seccomp import default_profile, profile_from_json
from engine.containers.spec.security import DEFAULT_CAPABILITIES, capability_set, check_security
from engine.containers.spec.users import ContainerUser
from engine.errors import InvalidRequest, Unsupported, WherryError
from engine.types.confinement import ALL_CAPABILITIES
from engine.types.containers import Device, Resources, Security, Ulimit
from tests.unit.containers.spec.plans import document, mounts, namespaces


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


# --- the whole of it ---


def test_the_whole_of_what_the_runtime_is_told() -> None:
    made = document(
        user=ContainerUser(5, 6, groups=(9, 7)), env={"A": "1", "B": ""}, tty=True, domainname="lan",
        security=Security(no_new_privileges=True, read_only_root=True, seccomp="unconfined", unmask_paths=True),
        ulimits=(Ulimit(name="nproc", soft=-1, hard=0),), sysctls={"kernel.domainname": "x"},
    )  # fmt: skip
    del made["mounts"]
    assert made == {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": True,
            "args": ["run", "it"],
            "env": ["A=1", "B="],
            "cwd": "/w",
            "user": {"uid": 5, "gid": 6, "umask": 0o022, "additionalGids": [6, 7, 9]},
            "capabilities": {
                "bounding": sorted(DEFAULT_CAPABILITIES),
                "effective": [],
                "permitted": [],
                "inheritable": [],
                "ambient": [],
            },
            "noNewPrivileges": True,
            "rlimits": [{"type": "RLIMIT_NPROC", "soft": 2**64 - 1, "hard": 0}],
        },
        "root": {"path": "/r", "readonly": True},
        "linux": {
            "namespaces": [{"type": each} for each in ("mount", "pid", "ipc", "uts", "network", "cgroup")],
            "sysctl": {
                "net.ipv4.ip_unprivileged_port_start": "0",
                "net.ipv4.ping_group_range": "0 65535",
                "kernel.domainname": "x",
            },
            "rootfsPropagation": "rprivate",
        },
        "annotations": {"io.wherry.id": "c" * 64},
        "hostname": "box",
        "domainname": "lan",
    }
    plain = document()
    assert (plain["process"]["terminal"], plain["process"]["noNewPrivileges"], plain["root"]["readonly"]) == (
        False, False, False,
    )  # fmt: skip
    assert "domainname" not in plain
    assert "oomScoreAdj" not in plain["process"]
    assert plain["linux"]["maskedPaths"][:2] == ["/proc/acpi", "/proc/asound"]
    assert plain["linux"]["readonlyPaths"] == ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def test_who_changes_places_with_root_has_a_user_namespace() -> None:
    made = document(host_user_id=1000, host_group_id=50, id_count=2000, own_network=False, sysctls={"net.a": "1"})
    assert namespaces(made)["user"] == ""
    assert made["linux"]["uidMappings"] == keep_id_map(1000, 2000)
    assert made["linux"]["gidMappings"] == keep_id_map(50, 2000)
    assert made["linux"]["sysctl"] == {"net.a": "1"}
    assert "uidMappings" not in document()["linux"]


def test_what_a_sysctl_would_change_of_the_hosts_own_is_the_hosts() -> None:
    assert document(sysctls={"net.ipv4.ping_group_range": "1 0"}, id_count=7)["linux"]["sysctl"] == {
        "net.ipv4.ip_unprivileged_port_start": "0",
        "net.ipv4.ping_group_range": "1 0",
    }
    assert document(id_count=7)["linux"]["sysctl"]["net.ipv4.ping_group_range"] == "0 6"
    check_sysctls({"kernel.hostname": "a", "kernel.domainname": "b", "net.x": "1"}, network="pasta", ipc="host")
    refusals = {}
    for name in ("net.x", "fs.mqueue.msg_max", "kernel.msgmax", "kernel.sem", "kernel.shmall", "vm.x", "kernel.x"):
        with pytest.raises(InvalidRequest) as caught:
            check_sysctls({name: "1"}, network="host", ipc="host")
        refusals[name] = (caught.value.title, caught.value.explanation, caught.value.subject)
    network = "The container uses the host's network."
    ipc = "The container shares the host's IPC."
    machine = "The kernel has it once for the whole machine."
    assert refusals == {
        "net.x": ("net.x would change the host", network, ""),
        **{
            name: (f"{name} would change the host", ipc, "")
            for name in ("fs.mqueue.msg_max", "kernel.msgmax", "kernel.sem", "kernel.shmall")
        },
        **{name: (f"{name} cannot be set for one container", machine, name) for name in ("vm.x", "kernel.x")},
    }
    check_sysctls({"kernel.shmmax": "1", "fs.mqueue.x": "1"}, network="host", ipc="container:x")


# --- limits of its processes ---


@pytest.mark.parametrize(
    ("limit", "host", "story"),
    [
        (("nofile", 1, 1024), {"nofile": 1024}, ""),
        (("NOFILE", 0, 0), {"nofile": 1024}, ""),
        (("nofile", 1, -1), {"nofile": -1}, ""),
        (("nofile", 5, -1), {}, ""),
        (("nofile", 5, 5), {}, ""),
        (
            ("nofile", 1, 1025),
            {"nofile": 1024},
            "The nofile limit cannot be raised to 1025. This user's own hard limit is 1024. Raise it in "
            "/etc/security/limits.conf and log in again, or ask for less.",
        ),
        (
            ("nofile", -1, -1),
            {"nofile": 0},
            "The nofile limit cannot be raised to unlimited. This user's own hard limit is 0. Raise it in "
            "/etc/security/limits.conf and log in again, or ask for less.",
        ),
        (("nofile", 1, 0), {}, "The soft nofile limit is above the hard one."),
    ],
)
def test_what_a_user_may_ask_of_limits(limit: tuple[str, int, int], host: dict[str, int], story: str) -> None:
    name, soft, hard = limit
    asked = (Ulimit(name="core", soft=0, hard=0), Ulimit(name=name, soft=soft, hard=hard))
    if not story:
        check_ulimits(asked, host)
        return
    with pytest.raises(WherryError) as caught:
        check_ulimits(asked, host)
    assert str(caught.value) == story
    assert caught.value.subject == ("nofile" if isinstance(caught.value, Unsupported) else "")


def test_without_numbers_of_the_hosts_the_users_own_count(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def own(number: int) -> tuple[int, int]:
        asked.append(number)
        return (3, 7)

    monkeypatch.setattr(resource, "getrlimit", own)
    check_ulimits((Ulimit(name="nofile", soft=1, hard=7),))
    with pytest.raises(Unsupported, match="own hard limit is 7"):
        check_ulimits((Ulimit(name="nofile", soft=1, hard=8),))
    assert asked == [resource.RLIMIT_NOFILE] * 2


def test_a_limit_that_nobody_knows_is_answered_with_those_there_are() -> None:
    with pytest.raises(InvalidRequest, match="no limit called “nothing”") as caught:
        check_ulimits((Ulimit(name="nothing", soft=1, hard=1),))
    assert caught.value.hint.startswith("Known: as, core, cpu, data, fsize, ")


# --- what it may do ---


@pytest.mark.parametrize(
    ("security", "default_action"),
    [
        (Security(), "SCMP_ACT_ERRNO"),
        (Security(seccomp="unconfined"), ""),
        (Security(privileged=True), ""),
        (Security(privileged=True, seccomp='{"defaultAction": "SCMP_ACT_LOG"}'), "SCMP_ACT_LOG"),
        (Security(privileged=True, seccomp="unconfined"), ""),
        (Security(seccomp='{"defaultAction": "SCMP_ACT_LOG"}'), "SCMP_ACT_LOG"),
    ],
)
def test_which_list_of_system_calls_holds(security: Security, default_action: str) -> None:
    assert document(security=security)["linux"].get("seccomp", {}).get("defaultAction", "") == default_action


def test_a_list_of_ones_own_is_read_for_its_capabilities_and_its_machine() -> None:
    rules = [
        {"names": ["a"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_NET_ADMIN"]}},
        {"names": ["b"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm64"]}},
        {"names": ["c"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64"]}},
    ]
    text = json.dumps({"defaultAction": "x", "syscalls": rules})
    for added, architecture, names in (((), "arm64", ["b"]), (("NET_ADMIN",), "amd64", ["a", "c"])):
        made = document(security=Security(seccomp=text, capabilities_add=added), architecture=architecture)
        assert [rule["names"][0] for rule in made["linux"]["seccomp"]["syscalls"]] == names
    default = document(architecture="s390x")["linux"]["seccomp"]
    assert default["architectures"] == ["SCMP_ARCH_S390X", "SCMP_ARCH_S390"]
    assert "s390_pci_mmio_read" in {name for rule in default["syscalls"] for name in rule["names"]}


@pytest.mark.parametrize("security", [Security(privileged=True), Security(unmask_paths=True)])
def test_who_is_trusted_sees_all_paths(security: Security) -> None:
    assert not {"maskedPaths", "readonlyPaths"} & document(security=security)["linux"].keys()


def test_what_is_asked_of_safety_is_looked_at_before_there_is_a_container() -> None:
    check_security(Security())
    check_security(Security(seccomp="unconfined"))
    check_security(
        Security(seccomp='{"defaultAction": "x", "syscalls": [{"names": ["a"], "includes": {"arches": []}}]}')
    )
    with pytest.raises(InvalidRequest, match="seccomp profile cannot be read"):
        check_security(Security(seccomp="[]"))
    with pytest.raises(InvalidRequest) as caught:
        check_security(Security(capabilities_add=("X" * 50,)))
    assert str(caught.value) == f"There is no capability “{'X' * 40}”. Capabilities are named like NET_ADMIN."
    with pytest.raises(InvalidRequest):
        check_security(Security(capabilities_drop=("FLY",)))


def test_all_added_and_all_taken_is_what_was_added() -> None:
    both = capability_set(Security(capabilities_add=("ALL",), capabilities_drop=("ALL",)))
    assert len(both) == 41
    assert capability_set(Security(privileged=True, capabilities_drop=("CHOWN",))) == ALL_CAPABILITIES
