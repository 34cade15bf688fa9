"""Where supervisors are put, and what happens where they cannot be."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from engine.cgroups import delegation, layout, subtree
from engine.cgroups import tree as tree_module
from engine.cgroups.delegation import scope_name
from engine.cgroups.group import ContainerCgroup
from engine.cgroups.layout import Layout, Mode, Mounts
from engine.cgroups.tree import CgroupTree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def tree(place: Path) -> CgroupTree:
    return CgroupTree(Layout(Mode.V1, {"pids": place}, frozenset({"pids"})), "wherry-x")


def test_a_supervisor_is_moved_beside_the_containers(tmp_path: Path) -> None:
    made = tree(tmp_path)
    procs = tmp_path / "wherry-x" / "supervisors" / "cgroup.procs"
    procs.parent.mkdir(parents=True)
    procs.touch()

    made.supervise(4711)

    assert procs.read_text() == "4711"


def test_one_that_cannot_be_moved_is_reported_and_its_container_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    def refuse(group: ContainerCgroup, pid: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ContainerCgroup, "add", refuse)
    expect_log("4711 stays")
    tree(tmp_path).supervise(4711)


def test_one_that_has_ended_is_nobodys_business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(group: ContainerCgroup, pid: int) -> None:
        raise ProcessLookupError(3, "No such process")

    monkeypatch.setattr(ContainerCgroup, "add", gone)
    tree(tmp_path).supervise(4711)


# --- one group for each container, and where it is ---

ID = "0123456789abcdef" * 4


def both(place: Path) -> dict[Mode, CgroupTree]:
    old = Layout(Mode.V1, {name: place / name for name in ("memory", "pids")}, frozenset({"memory", "pids"}))
    new = Layout(Mode.V2, {"": place / "new"}, frozenset({"cpu"}))
    return {Mode.V1: CgroupTree(old, "wherry-x"), Mode.V2: CgroupTree(new, "wherry-x")}


def test_a_containers_groups_are_named_by_half_its_id(tmp_path: Path) -> None:
    trees = both(tmp_path)
    assert trees[Mode.V2].group(ID).directories == {"": tmp_path / "new" / ID[:32]}
    assert trees[Mode.V1].group(ID).directories == {
        "memory": tmp_path / "memory/wherry-x" / ID[:32], "pids": tmp_path / "pids/wherry-x" / ID[:32],
    }  # fmt: skip
    assert trees[Mode.V2].missing_controllers == ("memory", "pids", "io", "cpuset")
    kept = trees[Mode.V2].existing({"": "/elsewhere/x", "pids": "/y"})
    assert {key: str(path) for key, path in kept.directories.items()} == {"": "/elsewhere/x", "pids": "/y"}


@pytest.mark.parametrize("mode", [Mode.V1, Mode.V2])
def test_supervisors_are_beside_them_and_made_again_where_they_went(tmp_path: Path, mode: Mode) -> None:
    made = both(tmp_path)[mode]
    places = made.supervisors().directories
    assert places == (
        {"": tmp_path / "new/supervisors"}
        if mode is Mode.V2
        else {name: tmp_path / name / "wherry-x/supervisors" for name in ("memory", "pids")}
    )
    assert all(path.is_dir() for path in places.values())
    made.supervisors().remove()
    assert all(path.is_dir() for path in made.supervisors().directories.values())


def test_who_is_there_is_seen_at_one_look(tmp_path: Path) -> None:
    for mode, made in both(tmp_path).items():
        assert made.present() == {}
        group = made.group(ID)
        group.create()
        made.supervisors()
        for base in group.directories.values():
            (base.parent / ("f" * 32)).touch()
        made.group("a" * 64).directories.popitem()
        found = made.present()
        assert {name: each.directories for name, each in found.items()} == {ID[:32]: group.directories}, mode


def test_of_v2_a_view_can_be_shown(tmp_path: Path) -> None:
    trees = both(tmp_path)
    assert [trees[mode].shows_v2(hybrid_view=view) for mode in (Mode.V1, Mode.V2) for view in (False, True)] == [
        False,
        True,
        True,
        True,
    ]


# --- when the engine leaves ---


async def test_folders_that_nobody_lives_in_are_taken_away(tmp_path: Path) -> None:
    trees = both(tmp_path)
    for made in trees.values():
        made.supervisors()
        await made.close()
    assert (tmp_path / "new/supervisors").exists(), "systemd ends its scope itself"
    assert list((tmp_path / "memory").iterdir()) == list((tmp_path / "pids").iterdir()) == []


async def test_those_of_running_containers_stay(tmp_path: Path) -> None:
    made = both(tmp_path)[Mode.V1]
    made.group(ID).create()
    await made.close()
    assert made.present().keys() == {ID[:32]}


async def test_who_is_on_the_way_out_is_waited_for_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def busy(group: ContainerCgroup) -> bool:
        looks.append(1)
        return len(looks) > 2 and all(path.rmdir() is None for path in group.directories.values())

    monkeypatch.setattr(ContainerCgroup, "remove", busy)
    await both(tmp_path)[Mode.V1].close()
    assert len(looks) == 3
    assert list((tmp_path / "pids").iterdir()) == []
    monkeypatch.setattr(ContainerCgroup, "remove", lambda _: False)
    monkeypatch.setattr(tree_module, "_LEAVE_SECONDS", 0.02)
    made = both(tmp_path)[Mode.V1]
    await made.close()
    assert (tmp_path / "pids/wherry-x/supervisors").exists()


class Divided(subtree.Subtree):
    def __init__(self, home: subtree.Group) -> None:
        super().__init__(home.parent, home)
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


async def test_a_group_that_was_divided_is_whole_again_once_nobody_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove(group: ContainerCgroup) -> bool:
        """The kernel's files go with their directory."""
        if free := not group.processes():
            for path in group.directories.values():
                shutil.rmtree(path)
        return free

    monkeypatch.setattr(ContainerCgroup, "remove", remove)
    home = tmp_path / "home"
    for place in (home, tmp_path / "ours/supervisors"):
        place.mkdir(parents=True)
        (place / "cgroup.procs").touch()
    divided = Divided(subtree.Group(home))
    made = CgroupTree(Layout(Mode.V2, {"": tmp_path / "ours"}, frozenset()), "ours", divided)
    made.group(ID).create()
    (tmp_path / "ours/supervisors/cgroup.procs").write_text("7\n")
    await made.close()
    assert (divided.closed, (home / "cgroup.procs").read_text()) == (0, "")

    made.group(ID).remove()
    taken: list[int] = []
    home_group = subtree.Group(home)

    class Home(subtree.Group):
        def take_in(self, pid: int) -> None:
            taken.append(pid)
            (tmp_path / "ours/supervisors/cgroup.procs").unlink()

    divided.home = Home(home_group.path)
    await made.close()
    assert (divided.closed, taken) == (1, [7])
    assert not (tmp_path / "ours").exists()


# --- finding the place ---


class Host:
    """A host of v2, with or without a systemd that gives a scope."""

    def __init__(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.top = top
        self.mine = top / "mine"
        self.scope: bool = False
        self.asked: list[tuple[str, Sequence[int]]] = []
        self.divided: subtree.Subtree | None = None
        self.files(self.mine, "cpu memory")
        self.here = Layout(Mode.V2, {"": self.mine}, frozenset({"cpu"}))
        monkeypatch.setattr(tree_module, "detect_here", lambda: self.here)
        monkeypatch.setattr(tree_module, "_mounts", lambda: Mounts(v2=top))
        monkeypatch.setattr(tree_module, "_place_of", lambda pid: f"/scope-of-{pid}/supervisors")
        monkeypatch.setattr(delegation, "move_into_scope", self.move)
        monkeypatch.setattr(subtree, "find", self.find)

    @staticmethod
    def files(place: Path, controllers: str) -> None:
        place.mkdir(parents=True)
        (place / "cgroup.procs").touch()
        (place / "cgroup.controllers").touch()
        (place / "cgroup.subtree_control").write_text(controllers)  # handed on already: these files add nothing up

    async def move(self, name: str, pids: Sequence[int]) -> bool:
        self.asked.append((name, pids))
        return self.scope

    def find(self, mount: Path, own: subtree.Group, ours: frozenset[int]) -> subtree.Subtree | None:
        assert (mount, own.path) == (self.top, self.mine)
        assert ours == {os.getpid(), 5, 6}
        return self.divided

    async def open(self) -> CgroupTree:
        return await CgroupTree.open(self.top / "store", (5, 6))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path / "cgroup", monkeypatch)


async def test_the_scope_that_systemd_gives_is_ours(host: Host) -> None:
    host.scope = True
    host.files(host.top / "scope-of-5", "cpu hugetlb")
    made = await host.open()
    assert host.asked == [(scope_name(host.top / "store"), (5, 6))]
    assert made.layout == Layout(Mode.V2, {"": host.top / "scope-of-5"}, frozenset({"cpu"}))
    await made.close()


async def test_a_scope_that_cannot_be_used_is_told(host: Host, expect_log: Callable[[str], None]) -> None:
    expect_log("the delegated control group .*/scope-of-5 cannot be used")
    host.scope = True
    host.files(host.top / "scope-of-5", "cpu")
    (host.top / "scope-of-5/cgroup.controllers").unlink()
    assert (await host.open()).layout == Layout(Mode.V2, {}, frozenset())


async def test_without_systemd_a_group_of_the_users_is_divided(host: Host) -> None:
    host.divided = Divided(subtree.Group(host.mine / "home"))
    label = scope_name(host.top / "store").removesuffix(".scope")
    host.files(host.mine / label, "memory hugetlb")
    made = await host.open()
    assert made.layout == Layout(Mode.V2, {"": host.mine / label}, frozenset({"memory"}))
    assert (host.mine / label / "supervisors/cgroup.procs").read_text() == "6", "the last of those who move"
    assert made._divided is host.divided


@pytest.mark.parametrize("why", ["nobody's", "not found", "no files", "no base"])
async def test_where_nothing_is_ours_containers_run_without_limits(host: Host, why: str) -> None:
    if why == "no files":
        host.divided = Divided(subtree.Group(host.mine / "home"))
    if why == "no base":
        host.here = Layout(Mode.V2, {}, frozenset())
    if why == "nobody's":
        host.divided = None
    made = await host.open()
    assert made.layout == Layout(Mode.V2, {}, frozenset())
    assert made.group(ID).directories == {}


async def test_on_other_hosts_it_is_where_the_engine_was_started(host: Host) -> None:
    host.here = Layout(Mode.V1, {"pids": host.mine}, frozenset({"pids"}))
    made = await host.open()
    assert made.layout is host.here
    assert made.group(ID).directories["pids"].parent.name == scope_name(host.top / "store").removesuffix(".scope")
    assert host.asked == []


def test_this_process_is_found_where_the_kernel_says() -> None:
    text = layout.Path("/proc/self/cgroup").read_text()
    assert tree_module._place_of(os.getpid()) == layout.parse_membership(text).get("", "/")
    assert tree_module._mounts() == layout.parse_mountinfo(layout.Path("/proc/self/mountinfo").read_text())
