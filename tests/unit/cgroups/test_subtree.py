"""Where the engine makes its groups on a v2 host without systemd, by the kernel's rules for handing controllers on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.cgroups.subtree import Group, find, prospect

if TYPE_CHECKING:
    from pathlib import Path

OURS = frozenset({10, 11})


class FakeGroup(Group):
    """Files as the kernel shows them, and its refusals: only an empty group, or the root, hands controllers on."""

    @property
    def is_root(self) -> bool:
        return (self.path / "is-root").exists()

    def set_up(self, controllers: str = "", processes: tuple[int, ...] = ()) -> FakeGroup:
        self.path.mkdir(parents=True, exist_ok=True)
        for name, text in (("controllers", controllers), ("procs", ""), ("subtree_control", "")):
            (self.path / f"cgroup.{name}").write_text(text)
        for pid in processes:
            self.take_in(pid)
        return self

    def make(self) -> None:
        self.set_up(" ".join(self.parent.handed_on))

    def remove(self) -> None:
        assert not self.processes
        for file in self.path.glob("cgroup.*"):
            file.unlink()
        self.path.rmdir()

    def control(self, word: str) -> None:
        if self.processes and not self.is_root and word[1:] not in ("cpu", "pids"):
            return  # those two would be taken, for threads
        file = self.path / "cgroup.subtree_control"
        now = set(file.read_text().split())
        now = now | {word[1:]} if word[0] == "+" else now - {word[1:]}
        file.write_text(" ".join(sorted(now)))

    def take_in(self, pid: int) -> None:
        if self.handed_on and not self.is_root:
            return
        top = self.path
        while (top.parent / "cgroup.procs").exists():
            top = top.parent
        for file in top.rglob("cgroup.procs"):
            file.write_text("\n".join(line for line in file.read_text().split() if line != str(pid)))
        procs = self.path / "cgroup.procs"
        procs.write_text(f"{procs.read_text()}\n{pid}")


@pytest.fixture
def top(tmp_path: Path) -> FakeGroup:
    """The mount point, which belongs to somebody else."""
    group = FakeGroup(tmp_path / "cgroup").set_up("cpu memory pids hugetlb")
    (group.path / "is-root").touch()
    return group


def belongs_to_others(group: FakeGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {group.path, *group.path.parents}
    monkeypatch.setattr(FakeGroup, "is_ours", property(lambda self: self.path not in theirs))


def test_the_empty_group_above_is_divided(top: FakeGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    belongs_to_others(top, monkeypatch)
    mine = FakeGroup(top.path / "me").set_up("cpu memory pids")
    session = FakeGroup(mine.path / "session").set_up("cpu memory pids", (10, 11, 99))
    assert prospect(top.path, session) == {"cpu", "memory", "pids"}

    found = find(top.path, session, OURS)

    assert found is not None
    assert (found.group, found.home) == (mine, session)
    assert mine.handed_on == {"cpu", "memory", "pids"}
    assert session.processes == {10, 11, 99}, "nobody was moved"
    assert not session.handed_on
    found.close()
    assert mine.handed_on == {"cpu", "memory", "pids"}, "another engine may be using it"


def test_root_divides_the_root_it_is_in(top: FakeGroup) -> None:
    for pid in (1, 10, 11):
        top.take_in(pid)
    assert prospect(top.path, top) == {"cpu", "memory", "pids"}

    found = find(top.path, top, OURS)

    assert found is not None
    assert (found.group, found.home) == (top, top)
    assert top.handed_on == {"cpu", "memory", "pids"}


def test_alone_in_its_group_the_engine_steps_aside_and_back(top: FakeGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    belongs_to_others(top, monkeypatch)
    mine = FakeGroup(top.path / "me").set_up("memory pids", (10, 11))

    found = find(top.path, mine, OURS)

    assert found is not None
    assert found.group == mine
    assert found.home.path.parent == mine.path
    assert found.home.processes == OURS
    assert mine.handed_on == {"memory", "pids"}
    found.close()
    assert mine.processes == OURS
    assert not mine.handed_on
    assert not found.home.path.exists()


def test_strangers_are_never_moved(top: FakeGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    belongs_to_others(top, monkeypatch)
    mine = FakeGroup(top.path / "me").set_up("cpu memory pids", (10, 11, 99))
    assert prospect(top.path, mine) == frozenset()

    found = find(top.path, mine, OURS)

    assert found is not None
    assert (found.group, found.home) == (mine, mine)
    assert mine.processes == {10, 11, 99}
    assert not mine.handed_on


def test_a_group_without_controllers_is_still_one_to_freeze_in(top: FakeGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    belongs_to_others(top, monkeypatch)
    mine = FakeGroup(top.path / "me").set_up("", (10, 11))

    found = find(top.path, mine, OURS)

    assert found is not None
    assert found.group == mine
    assert mine.processes == OURS


def test_a_group_of_somebody_else(top: FakeGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = FakeGroup(top.path / "them").set_up("memory", (10, 11))
    belongs_to_others(theirs, monkeypatch)

    assert find(top.path, theirs, OURS) is None
