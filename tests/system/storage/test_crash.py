"""kill -9 at any moment: what is there is whole, what is half-made is swept, nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from engine.sandbox.client import Keeper
from engine.storage.blobs import BlobStore
from engine.storage.check import Rows, StoreCheck
from engine.storage.contents import Sources
from engine.storage.layers import LayerStore
from engine.storage.paths import Paths
from engine.storage.rootfs import RootFilesystems
from tests.support.archives import Archive, add_layer

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

VICTIM = """
import asyncio, sys
from pathlib import Path
from engine.sandbox.client import Keeper
from engine.storage.layers import LayerStore
from engine.storage.paths import Paths
from engine.storage.rootfs import RootFilesystems
from tests.support.archives import Archive, add_layer

async def main():
    paths = Paths(Path(sys.argv[1]), Path(sys.argv[2]))
    keeper = await Keeper.open(paths)
    layers = LayerStore(paths, keeper)
    await layers.open()
    rootfs = RootFilesystems(paths, keeper, layers)
    print(keeper.pid, flush=True)
    for number in range(10_000):
        archive = Archive.new()
        for name in range(20):
            archive.add(f"d{name % 3}/{number}-{name}", b"x" * 3000 * name)
        diff_id = await add_layer(layers, archive)
        name = f"{number:064x}"
        driver = ("overlay", "fuse-overlayfs")[number % 2]
        await rootfs.mount(name, [diff_id], driver=driver)
        if number % 3:
            await rootfs.remove(name)
            await layers.remove(diff_id)

asyncio.run(main())
"""


async def verified(keeper: Keeper, paths: Paths, diff_ids: set[str]) -> list[str]:
    """Layers that are not as their index says."""
    bad = []
    for diff_id in diff_ids:
        if await keeper.layer_damage(paths.layer_tree(diff_id), paths.layer_index(diff_id)):
            bad.append(diff_id)
    return bad


@pytest.mark.timeout(120)
@pytest.mark.parametrize("victims", ["engine", "engine and keeper", "keeper, then engine"])
async def test_killed_at_random_moments(short_tmp: ShortTmp, victims: str) -> None:
    paths = Paths(short_tmp.root, short_tmp.run)
    chance = random.Random(victims)
    for _ in range(4):
        argv = [sys.executable, "-c", VICTIM, str(paths.root), str(paths.run)]
        engine = await asyncio.to_thread(
            subprocess.Popen, argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=os.getcwd()
        )
        assert engine.stdout is not None
        keeper_pid = int(await asyncio.to_thread(engine.stdout.readline))
        await asyncio.sleep(chance.uniform(0, 0.5))
        order = [engine.pid] if victims == "engine" else [engine.pid, keeper_pid]
        for pid in order if victims != "keeper, then engine" else reversed(order):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(chance.uniform(0, 0.02))
        engine.wait()
        engine.stdout.close()

    keeper = await Keeper.open(paths)
    layers = LayerStore(paths, keeper)
    await layers.open()
    rootfs = RootFilesystems(paths, keeper, layers)
    assert await verified(keeper, paths, layers.diff_ids()) == []
    rows = Rows(containers={}, running=(), layers=dict.fromkeys(layers.diff_ids(), "image"), volumes=())

    async def nothing(_: str = "") -> str:
        return ""

    sources = Sources(archives=dict, restore=nothing, pack_again=nothing, database=nothing)
    check = StoreCheck(paths, keeper, layers, rootfs, blobs=BlobStore(paths), sources=sources)
    found = await check.run(lambda: rows, mend=True)
    assert all(problem.mended for problem in found), found
    # A mount process that got the signal a moment ago may be seen once more.
    assert {problem.kind for problem in await check.run(lambda: rows)} <= {"orphan-process"}
    await layers.trash.empty()
    assert not list(paths.staging.iterdir()) + list(paths.trash.iterdir())
    await add_layer(layers, Archive.new().add("still", b"works"))
    await layers.close()
    await keeper.close()
