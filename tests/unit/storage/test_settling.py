"""Power cuts, as far as they can be had here: a mark from another boot and files that are not what they were."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.sandbox.failures import KeeperLost
from engine.storage import settling
from engine.storage.layers import LayerStore
from tests.support.archives import Archive, add_layer
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from tests.fakes.machine import MachineInMemory


async def test_a_new_layer_loses_its_mark_once_it_is_on_disk(
    layers: LayerStore, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "GATHER_SECONDS", 0.0)
    diff_id = await add_layer(layers, Archive.new().add("file", b"x"))

    await eventually(lambda: not paths.layer_mark(diff_id).exists(), 20)
    assert layers.has(diff_id)


async def test_after_a_power_cut_what_is_whole_stays_and_what_is_not_goes(
    layers: LayerStore, keeper: Keeper, paths: Paths, expect_log: Callable[[str], None]
) -> None:
    whole = await add_layer(layers, Archive.new().directory("d").add("d/file", b"x" * 5000).symlink("l", "d"))
    empty = await add_layer(layers, Archive.new().add("file", b"y" * 5000))
    changed = await add_layer(layers, Archive.new().add("file", b"z" * 5000))
    await layers.close()
    for diff_id in (whole, empty, changed):
        paths.layer_mark(diff_id).write_text("another boot")
    (paths.layer_tree(empty) / "file").write_bytes(b"")
    (paths.layer_tree(changed) / "file").write_bytes(b"\0" * 5000)
    expect_log("did not survive a power cut")

    again = LayerStore(paths, keeper)
    await again.open()
    assert again.diff_ids() == {whole}
    await again.trash.empty()
    await again.close()


async def test_after_a_power_cut_the_index_itself_is_doubted(
    layers: LayerStore, keeper: Keeper, paths: Paths, expect_log: Callable[[str], None]
) -> None:
    names = ("whole", "cut", "shorter", "zeros", "empty")
    stored = {name: await add_layer(layers, Archive.new().add(name, b"x" * 99)) for name in names}
    await layers.close()
    for name, diff_id in stored.items():
        paths.layer_mark(diff_id).write_text("another boot")
        index = paths.layer_index(diff_id)
        data = index.read_bytes()
        spoilt = {"cut": data[:-8], "shorter": data[:-64], "zeros": data[:-40] + bytes(40), "empty": b""}
        index.write_bytes(spoilt.get(name, data))
    expect_log("its index is damaged")

    again = LayerStore(paths, keeper)
    await again.open()
    assert again.diff_ids() == {stored["whole"]}
    await again.trash.empty()
    await again.close()


async def test_what_was_written_in_this_boot_is_not_read_again(
    layers: LayerStore, keeper: Keeper, paths: Paths, machine: MachineInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "GATHER_SECONDS", 999.0)
    diff_id = await add_layer(layers, Archive.new().add("file", b"x"))
    assert paths.layer_mark(diff_id).read_text() == settling.BOOT_ID.read_text().strip()
    await layers.close()
    assert paths.layer_mark(diff_id).exists(), "nobody knows that it is on disk"

    monkeypatch.setattr(settling, "GATHER_SECONDS", 0.0)
    again = LayerStore(paths, keeper)
    await again.open()
    await eventually(lambda: not paths.layer_mark(diff_id).exists(), 20)
    await again.close()
    assert "VerifyLayer" not in machine.asked
    assert again.lost == set()


async def test_what_a_power_cut_took_is_told(
    layers: LayerStore, keeper: Keeper, paths: Paths, expect_log: Callable[[str], None]
) -> None:
    damaged = await add_layer(layers, Archive.new().add("file", b"y" * 5000))
    await layers.close()
    paths.layer_mark(damaged).write_text("another boot")
    (paths.layer_tree(damaged) / "file").write_bytes(b"")
    expect_log("did not survive a power cut")
    again = LayerStore(paths, keeper)
    await again.open()

    assert again.lost == {damaged}
    await again.close()


async def test_who_needs_a_layer_on_disk_waits_for_it_and_only_for_what_is_not_there_yet(
    layers: LayerStore, paths: Paths, machine: MachineInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "GATHER_SECONDS", 999.0)
    one = await add_layer(layers, Archive.new().add("one"))
    other = await add_layer(layers, Archive.new().add("other"))
    await layers.settled([one])
    assert (paths.layer_mark(one).exists(), paths.layer_mark(other).exists()) == (False, True)
    assert machine.asked.count("Sync") == 1
    await layers.settled([one])
    await layers.settled([])
    assert machine.asked.count("Sync") == 1


async def test_who_needs_a_layer_on_disk_is_told_if_it_cannot_be_brought_there(
    layers: LayerStore, paths: Paths, machine: MachineInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "GATHER_SECONDS", 999.0)
    one = await add_layer(layers, Archive.new().add("one"))
    machine.dying = "Sync"
    with pytest.raises(KeeperLost):
        await layers.settled([one])
    assert paths.layer_mark(one).exists()


async def test_what_could_not_be_brought_to_disk_behind_keeps_its_mark_and_others_come_after_it(
    layers: LayerStore, paths: Paths, machine: MachineInMemory
) -> None:
    machine.dying = "Sync"
    one = await add_layer(layers, Archive.new().add("one"))
    await eventually(lambda: not machine.dying, 20)
    other = await add_layer(layers, Archive.new().add("other"))
    await eventually(lambda: not paths.layer_mark(other).exists(), 20)
    assert paths.layer_mark(one).exists()
    assert layers.has(one)


async def test_layers_of_one_pull_are_brought_to_disk_together(
    layers: LayerStore, paths: Paths, machine: MachineInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = asyncio.Event()

    async def moment(seconds: float) -> None:
        assert seconds == 0.0
        await gather.wait()

    monkeypatch.setattr(settling.asyncio, "sleep", moment)
    made = [await add_layer(layers, Archive.new().add(name)) for name in "abc"]
    monkeypatch.undo()
    gather.set()
    await eventually(lambda: not any(paths.layer_mark(each).exists() for each in made), 20)
    assert machine.asked.count("Sync") == 1
