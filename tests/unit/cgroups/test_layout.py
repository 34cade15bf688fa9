"""What a host's mounts and memberships say of its control groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.cgroups.layout import Mode, Mounts, detect, parse_membership, parse_mountinfo

if TYPE_CHECKING:
    from pathlib import Path

V2 = "29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
HYBRID = """\
30 23 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
32 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
33 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
34 30 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
"""


def test_mounts_of_a_v2_host() -> None:
    mounts = parse_mountinfo(V2)
    assert mounts.v1 == {}
    assert str(mounts.v2) == "/sys/fs/cgroup"


def test_mounts_of_a_hybrid_host() -> None:
    mounts = parse_mountinfo(HYBRID)
    assert {name: str(path) for name, path in mounts.v1.items()} == {
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "memory": "/sys/fs/cgroup/memory",
    }
    assert str(mounts.v2) == "/sys/fs/cgroup/unified"


def test_a_mount_point_with_a_space() -> None:
    assert str(parse_mountinfo(V2.replace("/sys/fs/cgroup", "/my\\040groups")).v2) == "/my groups"


def test_membership() -> None:
    text = "9:name=systemd:/\n4:memory:/mine\n2:cpu,cpuacct:/a/b\n0::/user.slice/x.scope\n"
    assert parse_membership(text) == {"memory": "/mine", "cpu": "/a/b", "cpuacct": "/a/b", "": "/user.slice/x.scope"}


def group(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, text in ({"cgroup.procs": ""} | {key.replace("_", "."): text for key, text in files.items()}).items():
        (path / name).write_text(text)
    return path


def test_a_writable_v2_group_and_its_controllers(tmp_path: Path) -> None:
    group(tmp_path / "mine", cgroup_controllers="cpu memory pids hugetlb")
    layout = detect(Mounts(v2=tmp_path), {"": "/mine"})
    assert layout.mode is Mode.V2
    assert layout.bases == {"": tmp_path / "mine"}
    assert layout.controllers == {"cpu", "memory", "pids"}
    assert layout.can_freeze


def test_a_group_of_somebody_else(tmp_path: Path) -> None:
    layout = detect(Mounts(v2=tmp_path), {"": "/not-there"})
    assert (layout.mode, layout.bases, layout.controllers) == (Mode.V2, {}, frozenset())


@pytest.mark.parametrize(("with_v2", "mode"), [(True, Mode.HYBRID), (False, Mode.V1)])
def test_v1_hierarchies(tmp_path: Path, *, with_v2: bool, mode: Mode) -> None:
    for name in ("memory", "blkio"):
        group(tmp_path / name / "me")
    v1 = {name: tmp_path / name for name in ("memory", "blkio", "pids")}
    layout = detect(Mounts(v1=v1, v2=tmp_path / "v2" if with_v2 else None), dict.fromkeys(v1, "/me"))
    assert layout.mode is mode
    assert layout.controllers == {"memory", "io"}
    assert not layout.can_freeze


def test_no_control_groups_at_all() -> None:
    assert detect(Mounts(), {}).mode is Mode.NONE
