"""Archives unpacked by a worker in the namespace: ids it has not, a full disk, a call that is cancelled."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, StorageError
from engine.sandbox.keeper.asked.steps import MakeDirectory, Tmpfs, Unmount
from tests.support.archives import Archive, add_layer, stream
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths


async def test_an_id_beyond_the_range_is_refused_and_leaves_nothing(layers: LayerStore, paths: Paths) -> None:
    with pytest.raises(StorageError) as refused:
        await add_layer(layers, Archive.new().add("file", b"", uid=4_000_000, gid=0))

    assert refused.value.code is Code.BAD_ARCHIVE, refused.value.details
    await layers.trash.empty()
    assert not list(paths.staging.iterdir()) + list(paths.layers.iterdir()) + list(paths.trash.iterdir())


async def test_cancelling_cleans_up(layers: LayerStore, paths: Paths) -> None:
    read, write = os.pipe()
    os.write(write, Archive.new().add("file", bytes(20_000)).data[:10_000])
    seen: list[int] = []
    adding = asyncio.create_task(layers.add(None, read, progress=seen.append))
    await eventually(lambda: bool(seen))

    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    await layers.trash.empty()

    assert not list(paths.staging.iterdir())
    os.close(read)
    os.close(write)


async def test_a_full_disk_is_called_so(keeper: Keeper, layers: LayerStore, paths: Paths) -> None:
    await keeper.execute([Tmpfs(target=paths.staging, size=1 << 20)])
    await keeper.execute([MakeDirectory(path=paths.staging / "tree")])
    with stream(Archive.new().add("file", bytes(5 << 20)).data) as descriptor, pytest.raises(StorageError) as full:
        await keeper.unpack(descriptor, paths.staging / "tree")
    await keeper.execute([Unmount(target=paths.staging)])

    assert full.value.code is Code.DISK_FULL


async def test_what_is_copied_in_has_its_owners_or_the_one_that_is_wished(keeper: Keeper, paths: Paths) -> None:
    archive = Archive.new().directory("d", uid=7, gid=8).add("d/file", b"x", uid=1, gid=2).data
    tops = {name: paths.staging / name for name in ("as it was", "wished")}
    await keeper.execute([MakeDirectory(path=top) for top in tops.values()])
    for name, owner in (("as it was", None), ("wished", (5, 6))):
        with stream(archive) as descriptor:
            await keeper.unpack(descriptor, tops[name], layer=False, owner=owner)

    found = {name: await keeper.stat(top, "d/file") for name, top in tops.items()}
    owners = {name: (each.uid, each.gid) for name, each in found.items()}
    one_id = keeper.ids.single_id
    assert owners == {"as it was": (0, 0) if one_id else (1, 2), "wished": (0, 0) if one_id else (5, 6)}
    for top in tops.values():
        await keeper.remove_tree(top)
