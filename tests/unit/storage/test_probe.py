"""The storage driver: tried where the store is, remembered, never another than the one that was asked for."""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, HostError, StorageError
from engine.storage import probe
from engine.storage.drivers.overlay import KernelOverlay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.steps import Step
    from engine.storage.drivers import Driver, Stack
    from engine.storage.paths import Paths
    from tests.fakes.machine import MachineInMemory


class Unusable(KernelOverlay):
    """A driver that this machine does not have, or that shows nothing of what it mounts."""

    def __init__(self, keeper: Keeper, name: str, *, reason: str = "", refuses: str = "") -> None:
        super().__init__(keeper)
        self.name = name
        self._reason = reason
        self._refuses = refuses

    def unavailable(self) -> str:
        return self._reason

    async def mount(self, stack: Stack, *, before: Sequence[Step] = ()) -> None:
        if self._refuses:
            raise StorageError("Could not mount", self._refuses, code=Code.MOUNT_FAILED)


@pytest.fixture
def works(keeper: Keeper, paths: Paths) -> Driver:
    paths.driver_choice.unlink()
    return KernelOverlay(keeper)


async def test_the_first_that_really_works_is_chosen_and_remembered(
    works: Driver, keeper: Keeper, paths: Paths, machine: MachineInMemory
) -> None:
    other = Unusable(keeper, "fuse-overlayfs", reason="it is not installed")
    chosen = await probe.choose(paths, keeper, {"overlay": works, "fuse-overlayfs": other}, "")

    assert chosen.name == "overlay"
    assert "Before it" not in chosen.reason
    assert json.loads(paths.driver_choice.read_text()) == {"name": "overlay", "reason": chosen.reason}
    assert (list(paths.staging.iterdir()), machine.mounted) == ([], [])
    machine.asked.clear()
    assert await probe.choose(paths, keeper, {}, "") == chosen
    assert machine.asked == [], "it is not tried at every start"


async def test_the_second_is_taken_with_the_reason_against_the_first(
    works: Driver, keeper: Keeper, paths: Paths
) -> None:
    first = Unusable(keeper, "overlay", refuses="Invalid argument.")
    chosen = await probe.choose(paths, keeper, {"overlay": first, "fuse-overlayfs": works}, "")

    assert chosen.name == "fuse-overlayfs"
    assert "Before it, overlay: " in chosen.reason
    assert "Invalid argument" in chosen.reason


async def test_where_none_works_all_reasons_are_told(works: Driver, keeper: Keeper, paths: Paths) -> None:
    drivers = {
        "overlay": Unusable(keeper, "overlay", refuses="Invalid argument."),
        "fuse-overlayfs": Unusable(keeper, "fuse-overlayfs", reason="fuse-overlayfs is not installed"),
    }
    with pytest.raises(HostError) as refused:
        await probe.choose(paths, keeper, drivers, "")

    assert "Invalid argument" in refused.value.explanation
    assert "fuse-overlayfs is not installed" in refused.value.explanation
    assert "Install fuse-overlayfs" in refused.value.hint
    assert not paths.driver_choice.exists()


async def test_the_one_that_was_asked_for_is_taken_or_nothing(works: Driver, keeper: Keeper, paths: Paths) -> None:
    paths.driver_choice.write_text(json.dumps({"name": "overlay", "reason": "of before"}))
    drivers = {"overlay": works, "fuse-overlayfs": Unusable(keeper, "fuse-overlayfs", reason="it is not installed")}
    assert (await probe.choose(paths, keeper, drivers, "overlay")).reason.startswith("It was chosen in the settings")
    with pytest.raises(HostError, match="it is not installed"):
        await probe.choose(paths, keeper, drivers, "fuse-overlayfs")
    assert json.loads(paths.driver_choice.read_text())["reason"] == "of before"


@pytest.mark.parametrize("kept", ["", "{", "[]", "{}", '{"name": "zfs", "reason": "x"}', '{"name": "overlay"}'])
async def test_a_note_that_says_nothing_is_not_believed(works: Driver, keeper: Keeper, paths: Paths, kept: str) -> None:
    paths.driver_choice.write_text(kept)
    chosen = await probe.choose(paths, keeper, {"overlay": works}, "")

    assert (chosen.name, chosen.reason.partition(":")[0]) == ("overlay", "Tried on this file system at the first start")


async def test_one_that_shows_nothing_of_what_it_mounts_does_not_work(
    works: Driver, keeper: Keeper, paths: Paths
) -> None:
    with pytest.raises(StorageError) as refused:
        await probe.try_out(paths, keeper, Unusable(keeper, "overlay"))

    assert (refused.value.title, refused.value.code) == ("overlay does not work here", Code.MOUNT_FAILED)
    assert refused.value.explanation == "Removing a file of a layer gives ENOENT."
    assert list(paths.staging.iterdir()) == []


@pytest.mark.parametrize(
    ("call", "at", "told"),
    [
        ("list_directory", 0, "Reading gives EIO."),
        ("write_file", 3, "Copying a file up gives EIO."),
        ("remove", 0, "Removing a file of a layer gives EIO."),
        ("make_directory", 0, "Making and renaming a directory gives EIO."),
        ("rename", 0, "Making and renaming a directory gives EIO."),
        ("remove", 1, "Removing a directory of a layer and making it anew gives EIO."),
        ("make_directory", 1, "Removing a directory of a layer and making it anew gives EIO."),
        ("list_directory", 2, "Removing a directory of a layer and making it anew gives EIO."),
    ],
)
async def test_what_containers_do_is_tried_and_the_step_that_fails_is_named(
    works: Driver, keeper: Keeper, paths: Paths, monkeypatch: pytest.MonkeyPatch, call: str, at: int, told: str
) -> None:
    real, calls = getattr(keeper, call), iter(range(99))

    async def once(*arguments: object, **options: object) -> object:
        if next(calls) == at:
            raise OSError(errno.EIO, "Input/output error")
        return await real(*arguments, **options)

    monkeypatch.setattr(keeper, call, once)
    with pytest.raises(StorageError) as refused:
        await probe.try_out(paths, keeper, works)

    assert refused.value.explanation == told
    assert list(paths.staging.iterdir()) == []


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (0, "It shows ['changed', 'directory', 'renamed'] after ['changed', 'directory', 'ghost', 'removed']."),
        (1, "It shows ['changed', 'directory', 'renamed'] after ['changed', 'directory', 'ghost', 'removed']."),
        (2, "It shows ['changed', 'directory', 'ghost', 'renamed'] after ['changed', 'directory', 'removed']."),
    ],
)
async def test_one_that_shows_what_is_not_there_does_not_work(
    works: Driver, keeper: Keeper, paths: Paths, monkeypatch: pytest.MonkeyPatch, shown: int, told: str
) -> None:
    """As one of the kernel's did that kept names of a removed directory."""
    real, calls = keeper.list_directory, iter(range(99))

    async def ghostly(*arguments: object) -> object:
        found = await real(*arguments)  # type: ignore[arg-type]
        ghosts = [each._replace(name="ghost") for each in await real(paths.root, "/")]
        return [*found, ghosts[0]] if next(calls) == shown else found

    monkeypatch.setattr(keeper, "list_directory", ghostly)
    with pytest.raises(StorageError) as refused:
        await probe.try_out(paths, keeper, works)
    assert (refused.value.title, refused.value.explanation) == ("overlay does not work here", told)
