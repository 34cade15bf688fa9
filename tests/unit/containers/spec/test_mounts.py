"""What is mounted in a container, in which order and how: what it is to be, and the mounts the runtime is told."""

from __future__ import annotations

import os
import stat
from typing import Any

import pytest

from engine.containers.spec.cdi import Edits, _Node
from engine.containers.spec.mounts import device_mount
from engine.containers.spec.plan import PlannedMount
from engine.errors import InvalidRequest
from engine.types.containers import Device, Security
from tests.unit.containers.spec.plans import document

PRIVILEGED = {"security": Security(privileged=True)}
PROC = "/proc proc proc nosuid,noexec,nodev"
DEV = "/dev tmpfs tmpfs nosuid,strictatime,mode=755,size=65536k"
PTS = "/dev/pts devpts devpts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"
SYS = "/sys sysfs sysfs nosuid,noexec,nodev,ro"
GROUPS = "/sys/fs/cgroup cgroup cgroup nosuid,noexec,nodev,relatime,ro"
QUEUES = "/dev/mqueue mqueue mqueue nosuid,noexec,nodev"
SHM = f"/dev/shm tmpfs shm nosuid,noexec,nodev,mode=1777,size={64 << 20}"
DEFAULT = [PROC, DEV, PTS, SYS, GROUPS, QUEUES, SHM]


def told(**changes: Any) -> list[str]:
    """Where, which kind, from what, how."""
    return [
        f"{each['destination']} {each['type']} {each['source']} {','.join(each['options'])}"
        for each in document(**changes)["mounts"]
    ]


CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("nothing was asked for", {}, DEFAULT),
    (
        "the host's processes",
        {"pid": "host"},
        ["/proc bind /proc rbind,nosuid,noexec,nodev", *DEFAULT[1:]],
    ),
    ("another one's processes", {"pid": "/proc/7/ns/pid"}, DEFAULT),
    (
        "one id for everybody",
        {"single_id": True},
        [PROC, DEV, PTS.removesuffix(",gid=5"), SYS, GROUPS, QUEUES, SHM],
    ),
    (
        "privileged",
        PRIVILEGED,
        [PROC, DEV, PTS, SYS[:-2] + "rw", GROUPS[:-2] + "rw", QUEUES, SHM],
    ),
    (
        "a network that is not its own",
        {"own_network": False},
        [PROC, DEV, PTS, "/sys bind /sys rbind,nosuid,noexec,nodev,ro", QUEUES, SHM],
    ),
    ("no control groups of v2", {"cgroup_v2": False}, [PROC, DEV, PTS, SYS, QUEUES, SHM]),
    (
        "limits in hierarchies of v1",
        {"cgroup_v2": False, "cgroup_views": {"memory": "/g/memory", "pids": "/g/pids"}},
        [
            PROC, DEV, PTS, SYS,
            "/sys/fs/cgroup tmpfs tmpfs nosuid,noexec,nodev,mode=755,size=64k,ro",
            "/sys/fs/cgroup/memory bind /g/memory bind,rprivate,nosuid,noexec,nodev,ro",
            "/sys/fs/cgroup/pids bind /g/pids bind,rprivate,nosuid,noexec,nodev,ro",
            QUEUES, SHM,
        ],
    ),
    (
        "both of them",
        {"cgroup_views": {"memory": "/g/memory"}},
        [
            PROC, DEV, PTS, SYS,
            "/sys/fs/cgroup tmpfs tmpfs nosuid,noexec,nodev,mode=755,size=64k,ro",
            "/sys/fs/cgroup/unified cgroup cgroup nosuid,noexec,nodev,relatime,ro",
            "/sys/fs/cgroup/memory bind /g/memory bind,rprivate,nosuid,noexec,nodev,ro",
            QUEUES, SHM,
        ],
    ),
    (
        "both of them, and it makes groups of its own",
        {"cgroup_views": {"memory": "/g/memory"}, **PRIVILEGED},
        [PROC, DEV, PTS, SYS[:-2] + "rw", GROUPS[:-2] + "rw", QUEUES, SHM],
    ),
    (
        "the host's memory to share",
        {"ipc": "host", "host_ipc": ("/dev/mqueue", "/dev/shm")},
        [
            PROC, DEV, PTS, SYS, GROUPS,
            "/dev/mqueue bind /dev/mqueue rbind,nosuid,noexec,nodev",
            "/dev/shm bind /dev/shm rbind,nosuid,noexec,nodev",
        ],
    ),
    (
        "memory to share with its pod",
        {"ipc": "/proc/7/ns/ipc", "shared_memory": "/pod/shm"},
        [PROC, DEV, PTS, SYS, GROUPS, QUEUES, "/dev/shm bind /pod/shm bind,rprivate,nosuid,noexec,nodev"],
    ),
    ("more of it", {"shm_size": 1 << 30}, [*DEFAULT[:-1], SHM.replace(str(64 << 20), str(1 << 30))]),
    (
        "its files of names, and an init",
        {"etc_files": {"/etc/hosts": "/run/hosts"}, "init_program": "/usr/bin/catatonit"},
        [
            *DEFAULT,
            "/etc/hosts bind /run/hosts bind,rprivate,rw",
            "/run/.wherry-init bind /usr/bin/catatonit bind,ro,nosuid,nodev",
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "lines"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_every_container_has_mounted(asked: dict[str, Any], lines: list[str]) -> None:
    assert told(**asked) == lines


ASKED: list[tuple[PlannedMount, str]] = [
    (PlannedMount(target="/d", source="/s"), "/d bind /s rbind,rw,rprivate"),
    (PlannedMount(target="/d", source="/s", read_only=True), "/d bind /s rbind,ro,rprivate"),
    (PlannedMount(target="/d", source="/s", propagation="rslave"), "/d bind /s rbind,rw,rslave"),
    (PlannedMount(target="/d", source="/s", propagation=""), "/d bind /s rbind,rw,rprivate"),
    (
        PlannedMount(target="/d", source="/s", owner=(1000, 33)),
        "/d bind /s rbind,rw,rprivate,idmap="
        "uids=0-1000-1#1-1-999#1000-0-1#1001-1001-64535;gids=0-33-1#1-1-32#33-0-1#34-34-65502",
    ),
    (PlannedMount(target="/d", tmpfs=True), "/d tmpfs tmpfs nosuid,nodev,noexec,rw,mode=1777"),
    (
        PlannedMount(target="/d", tmpfs=True, read_only=True, size=4096, mode=0o700),
        "/d tmpfs tmpfs nosuid,nodev,noexec,ro,mode=700,size=4096",
    ),
    (
        PlannedMount(target="/d", tmpfs=True, options=("exec", "uid=7")),
        "/d tmpfs tmpfs nosuid,nodev,rw,mode=1777,exec,uid=7",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("mount", "line"), ASKED, ids=[line.partition(" ")[2][:40] for _, line in ASKED])
def test_what_was_asked_for_is_mounted_so(mount: PlannedMount, line: str) -> None:
    assert told(mounts=[mount]) == [*DEFAULT, line]


def test_what_was_asked_for_takes_the_place_of_the_engines_own_whatever_its_slashes() -> None:
    over = [
        PlannedMount(target="/sys/fs/cgroup/", source="/g"),
        PlannedMount(target="/etc/hosts/", source="/mine"),
        PlannedMount(target="/b/", source="/1"),
        PlannedMount(target="/a/b", source="/2"),
        PlannedMount(target="/c", source="/3"),
    ]
    lines = told(mounts=over, etc_files={"/etc/hosts": "/theirs"})
    assert lines == [
        *(line for line in DEFAULT if line != GROUPS),
        "/b/ bind /1 rbind,rw,rprivate",
        "/c bind /3 rbind,rw,rprivate",
        "/a/b bind /2 rbind,rw,rprivate",
        "/etc/hosts/ bind /mine rbind,rw,rprivate",
        "/sys/fs/cgroup/ bind /g rbind,rw,rprivate",
    ]


def test_devices_come_between_the_kernels_mounts_and_the_files() -> None:
    devices = (
        Device(host_path="/dev/null", container_path="/dev/nothing"),
        Device(host_path="v.example/net=a", container_path=""),
    )
    edits = Edits(device_nodes=[_Node(path="/dev/card0", host_path="/dev/zero")])
    assert told(devices=devices, edits=edits, etc_files={"/etc/hosts": "/h"})[len(DEFAULT) :] == [
        "/dev/nothing bind /dev/null bind,rprivate,nosuid,noexec",
        "/dev/card0 bind /dev/zero bind,rprivate,nosuid,noexec",
        "/etc/hosts bind /h bind,rprivate,rw",
    ]


def status(mode: int) -> os.stat_result:
    return os.stat_result((mode, *[0] * 9))


@pytest.mark.parametrize(
    ("path", "mode", "how"),
    [
        ("/dev/sda", stat.S_IFBLK, "bind"),
        ("/dev/tty0", stat.S_IFCHR, "bind"),
        ("/mine/tty", stat.S_IFCHR, "bind"),
        ("/dev/snd", stat.S_IFDIR, "rbind"),
    ],
)
def test_a_device_has_its_own_name_inside_where_no_other_was_given(path: str, mode: int, how: str) -> None:
    made = device_mount(Device(host_path=path, container_path=""), lambda _: status(mode))
    assert made == {
        "destination": path, "type": "bind", "source": path, "options": [how, "rprivate", "nosuid", "noexec"],
    }  # fmt: skip


@pytest.mark.parametrize(("path", "mode"), [("/dev/log", stat.S_IFSOCK), ("/mine", stat.S_IFDIR), ("/x", stat.S_IFREG)])
def test_what_is_no_device_is_none(path: str, mode: int) -> None:
    with pytest.raises(InvalidRequest, match="is no device") as caught:
        device_mount(Device(host_path=path, container_path="/x"), lambda _: status(mode))
    assert caught.value.subject == path


def test_a_device_that_is_not_there_is_named_with_the_reason() -> None:
    with pytest.raises(InvalidRequest) as caught:
        device_mount(Device(host_path="/dev/no-such-thing", container_path="/x"))
    assert str(caught.value) == "There is no device /dev/no-such-thing. No such file or directory."
    assert caught.value.subject == "/dev/no-such-thing"
