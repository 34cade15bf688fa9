"""Where supervisors are put, and what happens where they cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cgroups.group import ContainerCgroup
from engine.cgroups.layout import Layout, Mode
from engine.cgroups.tree import CgroupTree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


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
