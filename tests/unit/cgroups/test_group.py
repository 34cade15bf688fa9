"""One container's groups over plain directories that stand for the kernel's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
