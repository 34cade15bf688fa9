"""Random changes in random layers, on both drivers, beside a plain directory: never a difference.

`tests/run only tests/system/storage/test_tree_model.py --sequences 2000 -o timeout=0` plays many; each has a number.
"""

from __future__ import annotations

import hashlib
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from engine.images.look.stack import Stack
from engine.sandbox.keeper.asked.steps import MakeDirectory
from engine.storage.layer_index import KINDS, LayerIndex
from tests.support.archives import Archive, add_layer, stream
from tests.support.tree_model import asked, differences, layer_between, steps
from tests.system.storage.test_pack import packed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.storage.rootfs import RootFilesystems

DRIVERS = ("overlay", "fuse-overlayfs")


class Bench:
    """One sequence: a plain tree, and the layers that should come to the same."""

    def __init__(self, number: int, keeper: Keeper, layers: LayerStore, rootfs: RootFilesystems, plain: Path) -> None:
        self.chance = random.Random(number)
        self.keeper = keeper
        self.layers = layers
        self.rootfs = rootfs
        self.plain = str(plain / str(number))
        self.diff_ids: list[str] = []
        self.story: list[Any] = []
        self.links = self.chance.random() < 0.4
        """Of two names in a layer below, fuse-overlayfs (1.10) changes both, and links to either: such a sequence is
        without it."""
        self.name = f"n{number}"

    async def ask(self, *questions: tuple[Any, ...]) -> list[Any]:
        done = await self.keeper.run(asked(*questions))
        assert done.code == 0, f"{self.story} {done.stderr.decode()}"
        answer: list[Any] = json.loads(done.stdout)
        return answer

    async def play(self) -> None:
        await self.keeper.run(["mkdir", "-p", f"{self.plain}/a"])
        self.diff_ids.append(await add_layer(self.layers, Archive.new().directory("a")))
        for _ in range(self.chance.randrange(2, 6)):
            await self.layer()
            await self.compare()
        await self.keeper.run(["rm", "-rf", self.plain])

    async def layer(self) -> None:
        """One more, as RUN and commit make it (by what a driver wrote) or as it comes from elsewhere."""
        changes = steps(self.chance, self.chance.randrange(1, 14), links=self.links)
        way = self.chance.choice(("overlay", "elsewhere") if self.links else (*DRIVERS, *DRIVERS, "elsewhere"))
        self.story.append((way, changes))
        if way == "elsewhere":
            _, before, _, after = await self.ask(
                ("unlinked", self.plain), ("look", self.plain), ("change", self.plain, changes), ("look", self.plain)
            )
            data = layer_between(before, after, self.chance)
        else:
            root = await self.rootfs.mount(self.name, self.diff_ids, driver=way)
            _, here, there, plain, found = await self.ask(
                ("unlinked", self.plain), ("change", self.plain, changes, way == "overlay"),
                ("change", str(root), changes, way == "overlay"),
                ("look", self.plain), ("look", str(root)),
            )  # fmt: skip
            assert there == here, f"{self.story} other failures"
            assert not (told := differences(plain, found)), f"{self.story} {way} itself {told}"
            await self.rootfs.unmount(self.name)
            data = await packed(self.keeper, self.rootfs.upper(self.name), marks=self.rootfs.driver(self.name))
            await self.rootfs.remove(self.name)
        with stream(data) as descriptor:
            self.diff_ids.append(await self.layers.add("sha256:" + hashlib.sha256(data).hexdigest(), descriptor))
        if way != "elsewhere":
            again = await packed(self.keeper, self.layers.path(self.diff_ids[-1]), marks="layer")
            assert again == data, (self.story, "a push would send other bytes")

    async def compare(self) -> None:
        plain, *_ = await self.ask(("look", self.plain))
        for driver in DRIVERS:
            root = await self.rootfs.mount(self.name, self.diff_ids, driver=driver, read_only=True)
            found, *_ = await self.ask(("look", str(root)))
            assert not (told := differences(plain, found)), f"{self.story} {driver} {told}"
            await self.rootfs.remove(self.name)
        self.compare_view(plain)

    def compare_view(self, plain: dict[str, Any]) -> None:
        """What the inspector shows of the image."""
        stack = Stack([LayerIndex.open(self.layers.path(each).parent / "index") for each in self.diff_ids])
        seen = {path.decode(): place for path, place in stack.visible.items() if path}
        assert seen.keys() == plain.keys(), f"{self.story} {seen.keys() ^ plain.keys()}"
        for path, place in seen.items():
            entry = stack.index_of(place).entry(stack.row_of(place))
            kind = KINDS[stack.index_of(place).kinds[stack.row_of(place)]].value.replace("hardlink", "file")
            assert kind == plain[path]["kind"], (self.story, path)
            if kind == "file":
                assert entry.size == len(plain[path]["data"].encode()), (self.story, path)


@pytest.fixture
async def plain(keeper: Keeper, paths: Paths) -> AsyncIterator[Path]:
    place = paths.staging / "plain"
    await keeper.execute([MakeDirectory(path=place)])
    yield place
    await keeper.remove_tree(place)


async def test_random_changes_in_random_layers_come_to_a_plain_directory(
    keeper: Keeper, layers: LayerStore, rootfs: RootFilesystems, plain: Path, request: pytest.FixtureRequest
) -> None:
    first = request.config.getoption("--first-sequence")
    for number in range(first, first + request.config.getoption("--sequences")):
        try:
            await Bench(number, keeper, layers, rootfs, plain).play()
        except AssertionError as error:
            raise AssertionError(f"sequence {number}") from error
        if number % 50 == 49:
            for diff_id in layers.diff_ids():
                await layers.remove(diff_id)
