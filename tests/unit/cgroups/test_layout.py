"""What a host's mounts and memberships say of its control groups."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.cgroups.layout import Layout, Mode, Mounts, detect, detect_here, parse_membership, parse_mountinfo

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


def test_lines_that_are_no_mounts_of_ours_are_passed_over() -> None:
    text = (
        "\n"
        "29 23 0:26 / - cgroup2 x y\n"
        "29 23 0:26 / /short rw - cgroup2 cgroup2\n"
        "29 23 0:26 / /first rw - cgroup2 cgroup2 rw\n"
        "29 23 0:26 / /second rw - cgroup2 cgroup2 rw\n"
        "29 23 0:26 / /v1\\011a\\134b rw - cgroup cgroup rw,pids,name=x,hugetlb\n"
        "29 23 0:26 / /again rw - cgroup cgroup rw,pids,freezer\n"
    )
    mounts = parse_mountinfo(text)
    assert mounts == Mounts(v1={"pids": Path("/v1\ta\\b"), "freezer": Path("/again")}, v2=Path("/first"))


def test_all_hierarchies_of_v1_that_we_use_are_known() -> None:
    names = ["cpu", "cpuacct", "cpuset", "memory", "pids", "freezer", "blkio"]
    text = "".join(f"1 1 0:1 / /g/{name} rw - cgroup cgroup rw,{name}\n" for name in names)
    assert list(parse_mountinfo(text).v1) == names
    member = "".join(f"{number + 1}:{name}:/m\n" for number, name in enumerate(names))
    assert parse_membership(member + "0:name=x:/no\n") == dict.fromkeys(names, "/m")


@pytest.mark.parametrize("missing", ["cgroup.procs", ""])
def test_a_group_in_which_we_may_not_write_is_none(tmp_path: Path, missing: str) -> None:
    place = group(tmp_path / "mine", cgroup_controllers="cpu")
    (place / missing).unlink() if missing else shutil.rmtree(place)
    assert detect(Mounts(v2=tmp_path), {"": "/mine"}).bases == {}
    assert detect(Mounts(v1={"pids": tmp_path}), {"pids": "mine"}).bases == {}


def test_what_one_is_no_member_of_is_no_base(tmp_path: Path) -> None:
    place = group(tmp_path / "mine", cgroup_controllers="cpu")
    assert detect(Mounts(v2=tmp_path), {"pids": "/mine"}) == Layout(Mode.V2, {}, frozenset())
    assert detect(Mounts(v1={"pids": tmp_path}), {"": "/mine"}) == Layout(Mode.V1, {}, frozenset())
    both = detect(Mounts(v1={"pids": tmp_path}, v2=tmp_path), {"": "/mine", "pids": "/mine"})
    assert both == Layout(Mode.HYBRID, {"pids": place, "": place}, frozenset({"pids"}))
    assert detect(Mounts(), {}) == Layout(Mode.NONE, {}, frozenset())
    (place / "cgroup.controllers").unlink()
    assert detect(Mounts(v2=tmp_path), {"": "/mine"}) == Layout(Mode.V2, {"": place}, frozenset())
    assert both.can_freeze
    assert Layout(Mode.V1, {"freezer": place}, frozenset()).can_freeze


def test_this_machine_is_read_as_it_is() -> None:
    assert detect_here() == detect(
        parse_mountinfo(Path("/proc/self/mountinfo").read_text()),
        parse_membership(Path("/proc/self/cgroup").read_text()),
    )
