"""Layers: there whole or not at all, once each, under a short name, and gone at once when they are removed."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, NotFound, StorageError
from engine.sandbox.failures import KeeperLost
from engine.sandbox.trees import UnpackLimits
from engine.storage import layers as module
from engine.storage.layers import LayerStore
from tests.support.archives import Archive, add_layer, stream
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from tests.fakes.machine import MachineInMemory


def archive(data: bytes = b"hello") -> Archive:
    return Archive.new().directory("d").add("d/file", data)


def nothing_is_left(paths: Paths) -> bool:
    return not [*paths.staging.iterdir(), *paths.layers.iterdir(), *paths.layer_links.iterdir(), *paths.trash.iterdir()]


async def test_a_layer_is_known_by_what_came(layers: LayerStore, paths: Paths) -> None:
    data = archive().data
    told: list[int] = []
    with stream(data) as descriptor:
        diff_id = await layers.add(None, descriptor, progress=told.append)

    assert diff_id == "sha256:" + hashlib.sha256(data).hexdigest()
    assert (layers.has(diff_id), layers.diff_ids(), layers.size(diff_id)) == (True, {diff_id}, 5)
    assert (layers.path(diff_id) / "d/file").read_bytes() == b"hello"
    short = paths.root / layers.short_name(diff_id)
    assert short.name == diff_id.removeprefix("sha256:")[:12]
    assert short.resolve() == layers.path(diff_id).resolve()
    assert (paths.layer(diff_id).stat().st_mode & 0o777) == 0o700
    await eventually(lambda: bool(told))


async def test_one_that_is_here_is_not_read_again(layers: LayerStore) -> None:
    diff_id = await add_layer(layers, archive())
    with stream(archive().data) as descriptor:
        assert await layers.add(diff_id, descriptor) == diff_id
        assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0


async def test_a_stream_that_is_another_layer_is_named_and_leaves_nothing(layers: LayerStore, paths: Paths) -> None:
    wrong = "sha256:" + "0" * 64
    with stream(archive().data) as descriptor, pytest.raises(StorageError) as refused:
        await layers.add(wrong, descriptor)

    assert (refused.value.code, refused.value.subject) == (Code.DIGEST_MISMATCH, wrong)
    assert (
        refused.value.explanation == f"It should be {wrong} and is sha256:{hashlib.sha256(archive().data).hexdigest()}."
    )
    await layers.trash.empty()
    assert nothing_is_left(paths)


async def test_a_keeper_that_dies_over_it_leaves_nothing(
    layers: LayerStore, paths: Paths, machine: MachineInMemory
) -> None:
    machine.dying = "Unpack"
    with pytest.raises(KeeperLost):
        await add_layer(layers, archive())

    await layers.trash.empty()
    assert nothing_is_left(paths)


async def test_what_may_be_unpacked_is_bounded_by_who_asks(layers: LayerStore, paths: Paths) -> None:
    with stream(archive(bytes(1000)).data) as descriptor, pytest.raises(StorageError) as refused:
        await layers.add(None, descriptor, limits=UnpackLimits(bytes=100))

    assert refused.value.code is Code.BAD_ARCHIVE
    await layers.trash.empty()
    assert nothing_is_left(paths)


async def test_one_that_cannot_be_marked_is_not_kept(
    layers: LayerStore, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its mark a power cut would go unnoticed."""

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layers._settling, "mark", full)
    with pytest.raises(StorageError) as refused:
        await add_layer(layers, archive())

    assert refused.value.code is Code.DISK_FULL
    assert refused.value.subject.startswith(str(paths.staging))
    await layers.trash.empty()
    assert nothing_is_left(paths)


async def test_two_layers_with_the_same_first_digits_are_not_taken_for_one(layers: LayerStore, paths: Paths) -> None:
    data = archive().data
    link = paths.layer_links / hashlib.sha256(data).hexdigest()[:12]
    (paths.layers / "other" / "tree").mkdir(parents=True)
    link.symlink_to("../layers/other/tree")
    with stream(data) as descriptor, pytest.raises(StorageError) as refused:
        await layers.add(None, descriptor)

    assert refused.value.code is Code.CORRUPT
    assert os.readlink(link) == "../layers/other/tree"


async def test_a_short_name_that_points_nowhere_is_taken_over(layers: LayerStore, paths: Paths) -> None:
    data = archive().data
    link = paths.layer_links / hashlib.sha256(data).hexdigest()[:12]
    link.symlink_to("../layers/never-came/tree")
    with stream(data) as descriptor:
        diff_id = await layers.add(None, descriptor)

    assert os.readlink(link) == layers.link_target(diff_id)


async def test_what_is_not_here_is_said_to_be_missing(layers: LayerStore) -> None:
    missing = "sha256:" + "7" * 64

    assert not layers.has(missing)
    for asked in (layers.path, layers.size, layers.index):
        with pytest.raises(NotFound) as refused:
            asked(missing)
        assert (refused.value.subject, refused.value.explanation) == (missing, f"{missing} is not in the store.")
    assert await layers.remove(missing) == 0


async def test_a_removed_layer_is_gone_with_its_short_name(layers: LayerStore, paths: Paths) -> None:
    diff_id = await add_layer(layers, archive())

    assert await layers.remove(diff_id) == 5
    assert (layers.has(diff_id), layers.diff_ids(), list(paths.layer_links.iterdir())) == (False, set(), [])
    await layers.trash.empty()
    assert nothing_is_left(paths)


async def test_one_that_is_set_aside_makes_room_for_itself(layers: LayerStore) -> None:
    diff_id = await add_layer(layers, archive())
    before = layers.index(diff_id)
    await layers.set_aside(diff_id)
    assert not layers.has(diff_id)
    await layers.set_aside(diff_id)

    assert await add_layer(layers, archive()) == diff_id
    assert layers.index(diff_id) is not before


async def test_damage_is_named_by_its_file(layers: LayerStore, paths: Paths) -> None:
    diff_id = await add_layer(layers, archive())
    assert await layers.damage(diff_id) == ""
    (layers.path(diff_id) / "d/file").write_bytes(b"jello")
    assert "d/file" in await layers.damage(diff_id)
    paths.layer_index(diff_id).write_bytes(b"rubbish")
    assert "index of a layer is damaged" in await layers.damage(diff_id)
    assert "is not in the store" in await layers.damage("sha256:" + "7" * 64)


async def test_an_index_stays_open_until_others_are_wanted_or_it_changes(
    layers: LayerStore, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OPEN_INDEXES", 2)
    one, two, three = [await add_layer(layers, archive(data)) for data in (b"1", b"2", b"3")]
    first, second = layers.index(one), layers.index(two)
    assert layers.index(one) is first
    assert layers.index(three) is layers.index(three)
    assert layers.index(one) is first, "the one that was not asked for longest is closed"
    assert layers.index(two) is not second

    current = layers.index(one)
    contents = paths.layer_index(one).read_bytes()
    paths.layer_index(one).unlink()
    paths.layer_index(one).write_bytes(contents)
    assert layers.index(one) is not current


async def test_an_index_that_was_cut_off_meanwhile_is_not_looked_into(layers: LayerStore, paths: Paths) -> None:
    """What is mapped and gone would end the whole program."""
    diff_id = await add_layer(layers, archive())
    layers.index(diff_id)
    os.truncate(paths.layer_index(diff_id), 0)
    with pytest.raises(StorageError, match="index of a layer is damaged"):
        layers.index(diff_id)


async def test_short_names_of_layers_that_are_gone_go_at_the_next_start(
    layers: LayerStore, keeper: Keeper, paths: Paths
) -> None:
    diff_id = await add_layer(layers, archive())
    (paths.layer_links / "lost").symlink_to("../layers/lost/tree")
    (paths.layers / "half-made").mkdir()
    await layers.close()
    again = LayerStore(paths, keeper)
    await again.open()

    assert [each.name for each in paths.layer_links.iterdir()] == [diff_id.removeprefix("sha256:")[:12]]
    assert again.diff_ids() == {diff_id}
    await again.close()


async def test_the_same_layer_from_two_sides_is_unpacked_once(layers: LayerStore, machine: MachineInMemory) -> None:
    data = archive().data
    diff_id = "sha256:" + hashlib.sha256(data).hexdigest()
    with stream(data) as one, stream(data) as two:
        assert await asyncio.gather(layers.add(diff_id, one), layers.add(diff_id, two)) == [diff_id, diff_id]

    assert machine.asked.count("Unpack") == 1


async def test_what_is_cancelled_while_it_gets_its_place_is_there_or_not(layers: LayerStore, paths: Paths) -> None:
    adding = asyncio.create_task(add_layer(layers, archive()))
    await eventually(lambda: bool(list(paths.staging.iterdir())) or adding.done())
    adding.cancel()
    await asyncio.gather(adding, return_exceptions=True)
    await layers.trash.empty()

    assert not list(paths.staging.iterdir())
    assert {each.name for each in paths.layers.iterdir()} == {
        each.removeprefix("sha256:") for each in layers.diff_ids()
    }
