"""A cache that is kept outside of a store: given away by one store, found by another, and what a broken one does."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import NotFound, WherryError
from engine.types.builds import BuildCache, BuildImage
from tests.support.played_engine import IMAGE, PlayedStore
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.types.builds import Build

LINES = (f"FROM {IMAGE}", "RUN write one 1", "RUN nothing", "RUN write two 2")


def write(root: Path, words: list[str]) -> str:
    (root / words[1]).write_text(words[2])
    return ""


@pytest.fixture
def stores() -> Iterator[list[PlayedStore]]:
    """Two that know nothing of each other."""
    made = [PlayedStore(make_short_tmp()) for _ in range(2)]
    for each in made:
        each.machine.commands |= {"write": write, "nothing": lambda root, words: ""}
    yield made
    for each in made:
        each.machine.turn_off()
        remove_tree(each.store.path)


async def build(engine: EmbeddedEngine, place: Path, **options: Any) -> Build:
    request = BuildImage(context=str(place), dockerfile_text="\n".join(LINES), network="none", **options)
    handle = engine.builds.build(request)
    await handle.result()
    return await engine.builds.get(handle.id)


def states(build: Build) -> list[str]:
    return [step.state.value for step in build.steps if step.instruction.startswith("RUN")]


async def test_what_one_store_gave_away_another_need_not_do(stores: list[PlayedStore], tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    cache = BuildCache(directory=str(tmp_path / "cache"))
    async with stores[0].engine() as first:
        built = await build(first, tmp_path / "context")
        told = await first.builds.export_cache([built.id], cache)
        assert (tmp_path / "cache/blobs/sha256" / told.digest.removeprefix("sha256:")).stat().st_size == told.size
    async with stores[1].engine() as second:
        name = await second.builds.open_cache(cache)
        found = await build(second, tmp_path / "context", caches=("no such", name))
        assert states(found) == ["cached"] * 3
        assert (await second.images.read_file(found.image_id, "/two")).decode() == "2"
        assert found.image_id == built.image_id
        second.builds.close_cache(name)
        second.builds.close_cache(name)


async def test_a_step_whose_layer_cannot_be_had_is_done_here(stores: list[PlayedStore], tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    cache = BuildCache(directory=str(tmp_path / "cache"))
    async with stores[0].engine() as first:
        await first.builds.export_cache([(await build(first, tmp_path / "context")).id], cache)
    async with stores[1].engine() as second:
        name = await second.builds.open_cache(cache)
        shutil.rmtree(tmp_path / "cache/blobs")
        done = await build(second, tmp_path / "context", caches=(name,))
        assert states(done)[0] == "done"
        said = [line.text async for lines in second.builds.output(done.id) for line in lines]
        assert any("could not be fetched" in text for text in said)


async def test_an_image_here_says_of_its_own_layers_which_step_made_them(
    stores: list[PlayedStore], tmp_path: Path
) -> None:
    (tmp_path / "context").mkdir()
    async with stores[0].engine() as engine:
        built = await build(engine, tmp_path / "context", inline_cache=True, tags=("localhost/own:1",))
        await engine.builds.prune_cache(all_unused=True)
        name = await engine.builds.open_cache(BuildCache(reference="localhost/own:1"))
        again = await build(engine, tmp_path / "context", caches=(name,))
        assert set(states(again)) == {"cached"}
        assert again.image_id != built.image_id, "it says nothing of itself"


async def test_a_directory_without_a_cache_is_told(stores: list[PlayedStore], tmp_path: Path) -> None:
    async with stores[0].engine() as engine:
        with pytest.raises(NotFound) as caught:
            await engine.builds.open_cache(BuildCache(directory=str(tmp_path)))
        assert caught.value.subject == str(tmp_path)
        with pytest.raises(WherryError):
            await engine.builds.open_cache(BuildCache(directory="relative"))
