"""Power cuts, as far as they can be had here: a mark from another boot and files that are not what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.storage import settling
from engine.storage.layers import LayerStore
from tests.system.storage.conftest import Archive, add_layer, eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths


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
