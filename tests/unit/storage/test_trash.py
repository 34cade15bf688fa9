"""What is removed vanishes at once and is deleted behind, whatever stands in the way, and also after a crash."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, StorageError
from engine.sandbox.keeper.asked.mounts import Mount
from engine.sandbox.keeper.asked.steps import Rename, Unmount
from engine.storage import trash as module
from engine.storage.trash import Trash

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.steps import Step
    from engine.storage.paths import Paths
    from tests.fakes.machine import MachineInMemory


@pytest.fixture
async def trash(paths: Paths, keeper: Keeper) -> AsyncIterator[Trash]:
    opened = Trash(paths, keeper)
    await opened.open()
    yield opened
    await opened.close()


def make(path: Path) -> Path:
    (path / "inner").mkdir(parents=True)
    (path / "inner" / "file").write_text("x")
    return path


def no_renames_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of files that are another's."""

    rename = os.rename

    def refuse(source: Path, target: Path) -> None:
        if target.parent.name == "trash":
            raise PermissionError(errno.EPERM, "Operation not permitted")
        rename(source, target)

    monkeypatch.setattr(module.os, "rename", refuse)


class Refusing:
    """A keeper on a disk that has no room for a rename until something is released."""

    def __init__(self, keeper: Keeper, monkeypatch: pytest.MonkeyPatch, number: int, times: int) -> None:
        self.plans: list[list[Step]] = []
        self._times = times
        self._number = number
        self._execute = keeper.execute
        monkeypatch.setattr(keeper, "execute", self)
        no_renames_of_ours(monkeypatch)

    async def __call__(self, plan: Sequence[Step]) -> None:
        self.plans.append(list(plan))
        if isinstance(plan[0], Rename) and self._times:
            self._times -= 1
            code = Code.DISK_FULL if self._number == errno.ENOSPC else Code.MOUNT_FAILED
            raise StorageError("Could not rename", os.strerror(self._number), code=code)
        await self._execute(plan)


async def test_it_is_gone_at_once_and_deleted_behind(trash: Trash, paths: Paths) -> None:
    tree = make(paths.containers / "web")
    await trash.take(tree)
    assert not tree.exists()

    await trash.empty()
    assert list(paths.trash.iterdir()) == []
    assert trash.failed == {}


async def test_what_is_not_there_is_no_failure_and_links_are_things_too(trash: Trash, paths: Paths) -> None:
    await trash.take(paths.containers / "never")
    link = paths.containers / "link"
    link.symlink_to("/nowhere")
    await trash.take(link)

    assert not link.is_symlink()
    await trash.empty()
    assert list(paths.trash.iterdir()) == []


async def test_a_start_goes_on_with_what_the_last_engine_left(keeper: Keeper, paths: Paths) -> None:
    make(paths.staging / "half-made")
    make(paths.trash / "half-deleted")
    trash = Trash(paths, keeper)
    await trash.open()
    await trash.empty()
    await trash.close()

    assert [*paths.staging.iterdir(), *paths.trash.iterdir()] == []


async def test_what_is_mounted_in_it_is_taken_off_first(trash: Trash, paths: Paths, machine: MachineInMemory) -> None:
    tree = make(paths.containers / "web")
    (tree / "rootfs").mkdir()
    machine.mounted.append(Mount("/", str(tree / "rootfs"), "overlay"))
    await trash.take(tree)
    await trash.empty()

    machine.forget_lost_mounts()
    assert machine.mounted == []


async def test_files_of_others_are_moved_by_the_keeper(
    trash: Trash, paths: Paths, monkeypatch: pytest.MonkeyPatch, machine: MachineInMemory
) -> None:
    tree = make(paths.containers / "web")
    no_renames_of_ours(monkeypatch)
    await trash.take(tree)
    monkeypatch.undo()

    assert not tree.exists()
    assert "Execute" in machine.asked
    await trash.empty()
    assert list(paths.trash.iterdir()) == []


async def test_a_full_disk_is_no_reason_not_to_remove_while_there_is_a_reserve(
    trash: Trash, paths: Paths, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trash.empty()
    assert paths.reserve.exists()
    tree = make(paths.containers / "web")
    refusing = Refusing(keeper, monkeypatch, errno.ENOSPC, times=1)
    await trash.take(tree)

    assert not tree.exists()
    assert [type(plan[0]) for plan in refusing.plans] == [Rename, Rename]
    await trash.empty()
    assert paths.reserve.exists(), "it is made again once there is plenty"


@pytest.mark.parametrize("reserve", [True, False])
async def test_on_a_full_disk_it_is_removed_where_it_is(
    trash: Trash, paths: Paths, keeper: Keeper, monkeypatch: pytest.MonkeyPatch, *, reserve: bool
) -> None:
    await trash.empty()
    if not reserve:
        paths.reserve.unlink()
    tree = make(paths.containers / "web")
    refusing = Refusing(keeper, monkeypatch, errno.ENOSPC, times=9)
    await trash.take(tree)

    assert not tree.exists()
    assert [type(plan[0]) for plan in refusing.plans] == [*[Rename] * (2 if reserve else 1), Unmount]
    assert refusing.plans[-1] == [Unmount(target=tree / "rootfs", every=True)]


async def test_another_refusal_is_told(
    trash: Trash, paths: Paths, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trash.empty()
    tree = make(paths.containers / "web")
    Refusing(keeper, monkeypatch, errno.EIO, times=1)
    with pytest.raises(StorageError, match="Could not rename"):
        await trash.take(tree)

    assert tree.exists()
    assert paths.reserve.exists()


async def test_what_cannot_be_deleted_is_remembered_with_the_reason_until_it_is(
    trash: Trash, paths: Paths, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = {"reason": "Device or resource busy"}
    remove = keeper.remove_trees

    async def refuse(trees: Sequence[Path], **options: Any) -> dict[Path, str]:
        assert options == {"mounted": "rootfs"}
        return dict.fromkeys(trees, stuck["reason"]) if stuck else await remove(trees, **options)

    monkeypatch.setattr(keeper, "remove_trees", refuse)
    await trash.take(make(paths.containers / "web"))
    await trash.empty()
    [left] = paths.trash.iterdir()
    assert trash.failed == {left: "Device or resource busy"}

    stuck.clear()
    await trash.take(make(paths.containers / "other"))
    await trash.empty()
    assert (trash.failed, list(paths.trash.iterdir())) == ({}, [])


async def test_a_disk_that_fails_under_it_is_remembered_too(
    trash: Trash, paths: Paths, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(keeper, "remove_trees", fail)
    await trash.take(make(paths.containers / "web"))
    await trash.empty()

    [left] = paths.trash.iterdir()
    assert "Input/output error" in trash.failed[left]


async def test_a_keeper_that_dies_over_it_is_followed_by_one_that_goes_on(
    trash: Trash, paths: Paths, machine: MachineInMemory
) -> None:
    await trash.empty()
    machine.dying = "RemoveTrees"
    await trash.take(make(paths.containers / "web"))
    await trash.empty()

    assert (trash.failed, list(paths.trash.iterdir())) == ({}, [])
    assert machine.asked.count("RemoveTrees") == 2


async def test_closing_takes_mounts_off_and_leaves_the_rest_for_the_next_start(
    paths: Paths, keeper: Keeper, machine: MachineInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash = Trash(paths, keeper)
    await trash.close()
    await trash.open()
    await trash.empty()
    stuck = asyncio.Event()

    async def forever(*_: object, **__: object) -> None:
        await stuck.wait()

    monkeypatch.setattr(keeper, "remove_trees", forever)
    tree = make(paths.containers / "web")
    (tree / "rootfs").mkdir()
    machine.mounted.append(Mount("/", str(tree / "rootfs"), "overlay"))
    await trash.take(tree)
    [left] = paths.trash.iterdir()
    machine.mounted = [Mount("/", str(left / "rootfs"), "overlay")]
    await trash.close()

    assert machine.mounted == []
    assert list(paths.trash.iterdir()) == [left]


async def test_nothing_is_made_in_a_store_after_it_is_closed(
    paths: Paths, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room for deletions is taken beside the loop: a store that is moved or removed then had a file again."""
    begun, may_end, kept = threading.Event(), threading.Event(), []

    def keep(_: object) -> None:
        begun.set()
        may_end.wait()
        kept.append("made")

    monkeypatch.setattr(module.Reserve, "keep", keep)
    trash = Trash(paths, keeper)
    await trash.open()
    await asyncio.to_thread(begun.wait)
    closing = asyncio.create_task(trash.close())
    await asyncio.sleep(0)
    may_end.set()
    await closing

    assert kept == ["made"]
