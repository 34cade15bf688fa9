"""The store's fsck: a clean store is called clean; damage is found, named, and mended where that is safe."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from engine.sandbox.keeper.asked.steps import MakeDirectory, Remove, Tmpfs
from engine.storage.blobs import BlobStore
from engine.storage.check import Rows, StoreCheck
from engine.storage.contents import Sources
from tests.support.archives import Archive, add_layer
from tests.support.processes import process_of

if TYPE_CHECKING:
    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.storage.rootfs import RootFilesystems

KNOWN, UNKNOWN = "a" * 64, "b" * 64


class Fsck:
    def __init__(self, paths: Paths, keeper: Keeper, layers: LayerStore, rootfs: RootFilesystems) -> None:
        self.archives: dict[str, str] = {}

        async def nothing(_: str = "") -> str:
            return ""

        sources = Sources(archives=lambda: self.archives, restore=nothing, pack_again=nothing, database=nothing)
        blobs = BlobStore(paths)
        self._check = StoreCheck(paths, keeper, layers, rootfs, blobs=blobs, sources=sources)
        self.layers: dict[str, str] = {}
        self.running: set[str] = set()
        self.volumes: set[str] = set()

    async def kinds(self, *, mend: bool = False) -> list[str]:
        rows = Rows(containers={KNOWN: "known"}, running=self.running, layers=self.layers, volumes=self.volumes)
        problems = await self._check.run(lambda: rows, mend=mend)
        assert all(problem.mended == (problem.mendable and mend) for problem in problems), problems
        return sorted(problem.kind for problem in problems)


@pytest.fixture
def fsck(paths: Paths, keeper: Keeper, layers: LayerStore, rootfs: RootFilesystems) -> Fsck:
    return Fsck(paths, keeper, layers, rootfs)


@pytest.fixture
async def layer(layers: LayerStore, fsck: Fsck) -> str:
    diff_id = await add_layer(layers, Archive.new().add("file", b"x"))
    fsck.layers[diff_id] = "some:image"
    return diff_id


async def test_a_used_store_is_clean(
    fsck: Fsck, rootfs: RootFilesystems, layer: str, keeper: Keeper, paths: Paths
) -> None:
    await rootfs.mount(KNOWN, [layer], driver="fuse-overlayfs")
    await keeper.create_netns(paths.netns(KNOWN))
    fsck.running = {KNOWN}

    assert await fsck.kinds() == []

    await rootfs.remove(KNOWN)
    await keeper.remove_netns(paths.netns(KNOWN))


async def test_leftovers_of_an_unknown_container_are_found_and_cleared(
    fsck: Fsck, rootfs: RootFilesystems, layer: str, keeper: Keeper, paths: Paths
) -> None:
    root = await rootfs.mount(UNKNOWN, [layer], driver="fuse-overlayfs")
    await keeper.execute([Tmpfs(target=root)])
    await keeper.create_netns(paths.netns(UNKNOWN))
    paths.container_run(UNKNOWN).mkdir()
    (paths.exits / UNKNOWN).write_text("0")

    found = await fsck.kinds()
    assert found == [
        "orphan-container", "orphan-mount", "orphan-mount", "orphan-network", "orphan-process", "orphan-run-file",
        "orphan-run-file",
    ]  # fmt: skip
    assert await fsck.kinds(mend=True) == found
    assert await fsck.kinds() == []


async def test_layers_and_links_in_both_directions(
    fsck: Fsck, layers: LayerStore, layer: str, keeper: Keeper, paths: Paths
) -> None:
    await add_layer(layers, Archive.new().add("file", b"nobody's"))
    lost = "sha256:" + "c" * 64
    fsck.layers[lost] = "other:image"
    await keeper.execute([Remove(path=paths.root / layers.short_name(layer))])
    (paths.layer_links / "dangling").symlink_to("../layers/none/tree")

    assert await fsck.kinds(mend=True) == ["missing-layer", "missing-link", "orphan-layer", "orphan-link"]
    assert await fsck.kinds() == ["missing-layer"]
    assert os.readlink(paths.root / layers.short_name(layer)) == layers.link_target(layer)


async def test_a_damaged_index_takes_the_layer_away_for_a_fresh_pull(
    fsck: Fsck, layers: LayerStore, layer: str, paths: Paths
) -> None:
    paths.layer_index(layer).write_bytes(b"WLIDX01\n" + b"\xff" * 40)

    fsck.running = {KNOWN}
    assert await fsck.kinds() == ["damaged-layer", "missing-mount"]
    assert layers.has(layer), "a running container may stand on it"
    fsck.running = set()
    assert await fsck.kinds(mend=True) == ["damaged-layer", "missing-layer", "orphan-link"]
    assert await fsck.kinds() == ["missing-layer"]
    assert not layers.has(layer)


async def test_a_dead_mount_is_told_and_only_taken_away_when_at_rest(
    fsck: Fsck, rootfs: RootFilesystems, layer: str
) -> None:
    root = await rootfs.mount(KNOWN, [layer], driver="fuse-overlayfs")
    os.kill(process_of("fuse-overlayfs", root), signal.SIGKILL)
    async with asyncio.timeout(30):
        while True:
            if KNOWN not in await rootfs.mounted():
                break
            await asyncio.sleep(0.01)

    fsck.running = {KNOWN}
    assert await fsck.kinds(mend=True) == ["dead-mount", "missing-mount"]
    fsck.running = set()
    assert await fsck.kinds(mend=True) == ["dead-mount"]
    assert await fsck.kinds() == []
    await rootfs.remove(KNOWN)


async def test_volumes_are_named_and_never_deleted(fsck: Fsck, keeper: Keeper, paths: Paths) -> None:
    await keeper.execute([MakeDirectory(path=paths.volume_data("stray") / "inner")])
    (paths.volume_data("stray") / "file").write_text("precious")
    fsck.volumes = {"lost"}

    assert await fsck.kinds(mend=True) == ["missing-volume", "orphan-volume"]
    assert (paths.volume_data("stray") / "file").read_text() == "precious"
    assert paths.volume_data("lost").is_dir()
