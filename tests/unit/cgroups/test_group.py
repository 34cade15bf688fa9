"""One container's groups over plain directories that stand for the kernel's."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from engine.cgroups import group as group_module
from engine.cgroups.delegation import open_subtree, scope_name
from engine.cgroups.group import ContainerCgroup
from engine.cgroups.layout import Layout, Mode
from engine.errors import InvalidRequest
from engine.types.containers import Resources

if TYPE_CHECKING:
    from pathlib import Path


def v2_group(path: Path, **files: str) -> ContainerCgroup:
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / name.replace("__", ".")).write_text(text)
    return ContainerCgroup(Layout(Mode.V2, {"": path.parent}, frozenset({"memory", "pids"})), {"": path})


def test_limits_are_written_and_missing_files_named(tmp_path: Path) -> None:
    group = v2_group(tmp_path / "g", memory__max="max")
    plan = group.apply(Resources(memory=64 << 20, pids=3))
    assert (tmp_path / "g" / "memory.max").read_text() == str(64 << 20)
    assert plan.unenforced == ("pids.max",)


def test_oom_kills_are_counted_by_the_kernel(tmp_path: Path) -> None:
    group = v2_group(tmp_path / "g", memory__events="low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n")
    assert group.oom_kills() == 2
    old = ContainerCgroup(Layout(Mode.V1, {}, frozenset()), {"memory": tmp_path})
    (tmp_path / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 5\n")
    assert old.oom_kills() == 5


def test_processes_of_nested_groups(tmp_path: Path) -> None:
    group = v2_group(tmp_path / "g", cgroup__procs="12\n0\n")
    (tmp_path / "g" / "inner").mkdir()
    (tmp_path / "g" / "inner" / "cgroup.procs").write_text("7\n")
    assert group.processes() == (7, 12)


def test_frozen_is_believed_only_from_the_kernel(tmp_path: Path) -> None:
    group = v2_group(tmp_path / "g", cgroup__freeze="0", cgroup__events="populated 1\nfrozen 0\n")
    group.freeze(frozen=True)
    assert (tmp_path / "g" / "cgroup.freeze").read_text() == "1"
    assert not group.is_frozen()
    (tmp_path / "g" / "cgroup.events").write_text("populated 1\nfrozen 1\n")
    assert group.is_frozen()


def test_no_kill_file_no_pretence(tmp_path: Path) -> None:
    assert not v2_group(tmp_path / "g").kill_at_once()


def test_a_refusal_is_a_typed_error(tmp_path: Path) -> None:
    group = v2_group(tmp_path / "g")
    (tmp_path / "g" / "memory.max").mkdir()
    with pytest.raises(InvalidRequest):
        group.apply(Resources(memory=64 << 20))


def test_removal_goes_from_the_leaves(tmp_path: Path) -> None:
    group = v2_group(tmp_path / "g")
    (tmp_path / "g" / "a" / "b").mkdir(parents=True)
    assert group.remove()
    assert not group.exists()
    assert group.remove()


def test_a_delegated_subtree_hands_on_what_it_has(tmp_path: Path) -> None:
    for name, text in {"cgroup.procs": "", "cgroup.controllers": "cpu memory", "cgroup.subtree_control": "cpu"}.items():
        (tmp_path / name).write_text(text)
    open_subtree(tmp_path)
    assert (tmp_path / "supervisors").is_dir()
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"


def test_each_store_has_its_own_scope(tmp_path: Path) -> None:
    assert scope_name(tmp_path) != scope_name(tmp_path / "other")
    assert scope_name(tmp_path).endswith(".scope")


# --- in each kind of tree ---

V1_NAMES = ("memory", "cpu", "pids", "blkio", "freezer", "cpuset")


def v1_group(top: Path, *names: str) -> ContainerCgroup:
    for name in names:
        (top / name / "g").mkdir(parents=True)
    directories = {name: top / name / "g" for name in names}
    bases = {name: top / name for name in names}
    return ContainerCgroup(Layout(Mode.V1, bases, frozenset({"memory", "pids", "io", "cpu", "cpuset"})), directories)


def hybrid_group(top: Path) -> ContainerCgroup:
    group = v1_group(top, "memory", "pids")
    (top / "unified/g").mkdir(parents=True)
    return ContainerCgroup(group._layout, {"": top / "unified/g", **group.directories})


def test_controllers_go_by_their_new_names(tmp_path: Path) -> None:
    old = v1_group(tmp_path / "v1", *V1_NAMES)
    assert old.directory("io") == tmp_path / "v1/blkio/g"
    assert old.directory("memory") == tmp_path / "v1/memory/g"
    assert old.directory("hugetlb") is None
    new = v2_group(tmp_path / "v2")
    assert new.directory("io") == new.directory("memory") == tmp_path / "v2"
    assert hybrid_group(tmp_path / "both").directory("pids") == tmp_path / "both/pids/g"


def test_one_group_is_shown_for_all(tmp_path: Path) -> None:
    assert v2_group(tmp_path / "v2").main_directory == tmp_path / "v2"
    assert hybrid_group(tmp_path / "both").main_directory == tmp_path / "both/memory/g"
    assert v1_group(tmp_path / "some", "cpu", "memory").main_directory == tmp_path / "some/memory/g"
    assert v1_group(tmp_path / "few", "pids", "cpu").main_directory == tmp_path / "few/pids/g"
    nothing = ContainerCgroup(Layout(Mode.NONE, {}, frozenset()), {})
    assert nothing.main_directory is None
    assert (nothing.processes(), nothing.oom_kills(), nothing.can_freeze, nothing.exists()) == ((), 0, False, False)
    assert (nothing.is_frozen(), nothing.kill_at_once(), nothing.remove()) == (False, False, True)


def test_a_process_joins_all_of_them_through_doors_that_may_be_somebodys(tmp_path: Path) -> None:
    group = hybrid_group(tmp_path)
    assert group.join_directories() == tuple(str(tmp_path / name / "g") for name in ("unified", "memory", "pids"))
    assert group.doors() == (
        *(tmp_path / name / "g/cgroup.procs" for name in ("unified", "memory", "pids")),
        tmp_path / "unified/cgroup.procs",
    )
    for each in group.directories.values():
        (each / "cgroup.procs").touch()
    group.add(42)
    assert [(each / "cgroup.procs").read_text() for each in group.directories.values()] == ["42"] * 3
    assert v1_group(tmp_path / "old", "pids").doors() == (tmp_path / "old/pids/g/cgroup.procs",)


def test_groups_are_made_open_to_be_looked_at(tmp_path: Path) -> None:
    group = ContainerCgroup(Layout(Mode.V2, {}, frozenset()), {"": tmp_path / "a/b"})
    mask = os.umask(0o077)
    try:
        group.create()
        group.create()
    finally:
        os.umask(mask)
    assert [stat.S_IMODE((tmp_path / each).stat().st_mode) for each in ("a", "a/b")] == [0o755, 0o755]


def test_a_set_of_processors_begins_with_that_above_it(tmp_path: Path) -> None:
    """On v1 it starts empty, and so may those be between it and the top."""
    for place, cpus, nodes in (("", "0-3\n", "0\n"), ("wherry", "\n", ""), ("wherry/g", "", "1\n")):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / "cpuset.cpus").write_text(cpus)
        (tmp_path / place / "cpuset.mems").write_text(nodes)
    group = ContainerCgroup(Layout(Mode.V1, {}, frozenset()), {"cpuset": tmp_path / "wherry/g", "pids": tmp_path / "p"})
    group.create()
    assert (tmp_path / "wherry/g/cpuset.cpus").read_text() == "0-3"
    assert (tmp_path / "wherry/g/cpuset.mems").read_text() == "1\n"
    assert (tmp_path / "wherry/cpuset.cpus").read_text().strip() == "0-3"
    assert (tmp_path / "wherry/cpuset.mems").read_text().strip() == "0"


def test_a_limit_without_its_hierarchy_or_file_is_named_unless_nobody_misses_it(tmp_path: Path) -> None:
    group = v1_group(tmp_path, "memory")
    (tmp_path / "memory/g/memory.limit_in_bytes").touch()
    plan = group.apply(Resources(memory=64 << 20, pids=5, io_weight=7, memory_reservation=3))
    assert plan.unenforced == ("memory.soft_limit_in_bytes", "pids.max")
    assert (tmp_path / "memory/g/memory.limit_in_bytes").read_text() == str(64 << 20)
    assert [each.file for each in plan.writes][:2] == ["memory.memsw.limit_in_bytes", "memory.limit_in_bytes"]


def test_limits_that_go_are_written_too(tmp_path: Path) -> None:
    group = v2_group(tmp_path / "g", memory__max="5", pids__max="")
    group.apply(Resources())
    assert (tmp_path / "g/memory.max").read_text() == "5"
    group.apply(Resources(), reset=True)
    assert (tmp_path / "g/memory.max").read_text() == "max"


@pytest.mark.parametrize(
    ("number", "file", "story"),
    [
        (
            errno.EBUSY, "memory.max",
            "The memory limit is below what the container uses now. The kernel could not reclaim enough. Choose a "
            "higher limit, or restart the container with the new one.",
        ),
        (
            errno.EINVAL, "memory.max",
            f"The kernel refused a limit. memory.max does not take {64 << 20}: Invalid argument.",
        ),
        (errno.EBUSY, "pids.max", "The kernel refused a limit. pids.max does not take 2048: Device or resource busy."),
        (errno.EACCES, "memory.max", ""),
        (errno.EINVAL, "memory.swap.max", ""),
    ],
)  # fmt: skip
def test_what_the_kernel_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, file: str, story: str
) -> None:
    group = v2_group(tmp_path / "g", memory__max="", memory__swap__max="", pids__max="")
    opened = os.open

    def refuse(path: Path, flags: int) -> int:
        if path.name == file:
            raise OSError(number, os.strerror(number), str(path))
        return opened(path, flags)

    monkeypatch.setattr(group_module.os, "open", refuse)
    if not story:
        missing = group.apply(Resources(memory=64 << 20)).unenforced
        assert missing == (() if file == "memory.swap.max" else (file,))
        return
    with pytest.raises(InvalidRequest) as caught:
        group.apply(Resources(memory=64 << 20))
    assert str(caught.value) == story
    assert os.strerror(number) in caught.value.details


def test_processes_are_those_of_one_hierarchy(tmp_path: Path) -> None:
    group = v1_group(tmp_path, "cpu", "pids")
    (tmp_path / "cpu/g/cgroup.procs").write_text("1\n")
    (tmp_path / "pids/g/cgroup.procs").write_text("9\n5\n")
    assert group.processes() == (5, 9)
    assert v1_group(tmp_path / "other", "cpu").processes() == ()


def test_a_freezer_of_v1_says_itself_whether_it_has_frozen(tmp_path: Path) -> None:
    group = v1_group(tmp_path, "memory", "freezer")
    state = tmp_path / "freezer/g/freezer.state"
    assert (group.can_freeze, group.is_frozen()) == (True, False)
    state.write_text("THAWED\n")
    group.freeze(frozen=True)
    assert state.read_text() == "FROZEN\n"
    assert group.is_frozen()
    group.freeze(frozen=False)
    assert state.read_text() == "THAWED\n"
    assert not group.is_frozen()
    assert not v1_group(tmp_path / "x", "memory").can_freeze


def test_a_freezer_of_v2_is_one_only_where_the_kernel_has_it(tmp_path: Path) -> None:
    group = hybrid_group(tmp_path)
    assert not group.can_freeze
    (tmp_path / "unified/g/cgroup.freeze").write_text("1")
    assert (group.can_freeze, group.is_frozen()) == (True, False)
    group.freeze(frozen=False)
    assert (tmp_path / "unified/g/cgroup.freeze").read_text() == "0"


def test_all_are_killed_in_one_write(tmp_path: Path) -> None:
    group = v2_group(tmp_path / "g", cgroup__kill="0")
    assert group.kill_at_once()
    assert (tmp_path / "g/cgroup.kill").read_text() == "1"
    assert not v1_group(tmp_path / "v1", "pids").kill_at_once()


def test_who_was_never_counted_was_not_killed(tmp_path: Path) -> None:
    assert v2_group(tmp_path / "a").oom_kills() == 0
    assert v2_group(tmp_path / "b", memory__events="oom 3\n").oom_kills() == 0
    assert v2_group(tmp_path / "c", memory__events="oom_kill many\n").oom_kills() == 0
    old = v1_group(tmp_path / "old", "memory")
    (tmp_path / "old/memory/g/memory.events").write_text("oom_kill 9\n")
    assert old.oom_kills() == 0


def test_what_somebody_is_still_in_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = v1_group(tmp_path, "memory", "pids")
    (tmp_path / "memory/g/inner").mkdir()
    removed, answers = (
        os.rmdir,
        {str(tmp_path / "memory/g/inner"): errno.EBUSY, str(tmp_path / "memory/g"): errno.EBUSY},
    )

    def rmdir(path: str) -> None:
        if number := answers.get(path):
            raise OSError(number, os.strerror(number), path)
        removed(path)

    monkeypatch.setattr(group_module.os, "rmdir", rmdir)
    assert not group.remove()
    assert group.exists()
    assert not (tmp_path / "pids/g").exists()
    answers[str(tmp_path / "memory/g/inner")] = errno.EPERM
    with pytest.raises(PermissionError):
        group.remove()
    answers.clear()
    assert group.remove()
    assert not group.exists()
