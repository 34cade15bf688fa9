"""An account without subordinate ids: everything is one user, and it still works."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.sandbox import subordinate
from engine.sandbox.client import Keeper
from engine.sandbox.ids import IdMapping, IdRange
from engine.storage.layers import LayerStore
from engine.storage.rootfs import RootFilesystems
from tests.support.archives import Archive, add_layer

if TYPE_CHECKING:
    from engine.storage.paths import Paths


@pytest.mark.parametrize("driver", ["overlay", "fuse-overlayfs"])
async def test_owners_are_only_remembered(paths: Paths, monkeypatch: pytest.MonkeyPatch, driver: str) -> None:
    alone = IdMapping(uids=(IdRange(0, os.getuid(), 1),), gids=(IdRange(0, os.getgid(), 1),))
    monkeypatch.setattr(subordinate, "plan", lambda _recorded: alone)
    keeper = await Keeper.open(paths)
    layers = LayerStore(paths, keeper)
    await layers.open()
    rootfs = RootFilesystems(paths, keeper, layers)
    diff_id = await add_layer(layers, Archive.new().add("file", b"x", uid=1000, gid=42).whiteout("gone"))

    root = await rootfs.mount("box", [diff_id], driver=driver)
    found = await keeper.stat(root, "file")
    written = await keeper.run(["sh", "-c", "echo y > file; cat file; id -u"], cwd=root)

    assert keeper.ids.single_id
    assert (found.uid, found.gid) == (0, 0)
    index = layers.index(diff_id)
    assert (index.uids[index.find(b"file")], index.gids[index.find(b"file")]) == (1000, 42)
    assert written.stdout == b"y\n0\n"
    await rootfs.remove("box")
    await layers.trash.empty()
    await layers.close()
    await keeper.close()
