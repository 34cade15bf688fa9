"""Parts of the builder by themselves: what is kept of a build's output, its network, its cache's memory of use."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.builder.caching.cache import CachedStep, StepCache
from engine.builder.record import BuildRecord
from engine.builder.steps.network import BuildNetwork
from engine.events.bus import EventBus
from engine.state.database import Database
from engine.types.builds import Build
from engine.types.data import now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Layers:
    """A store of layers that have sizes and nothing in them."""

    sizes: dict[str, int]

    def has(self, diff_id: str) -> bool:
        return diff_id in self.sizes

    async def remove(self, diff_id: str) -> int:
        return self.sizes.pop(diff_id)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "db")
    yield opened
    await opened.close()


async def cache_of(database: Database, layers: Layers) -> StepCache:
    cache = StepCache(database, cast("Any", layers))
    await cache.open()
    return cache


async def test_a_step_is_known_while_its_layer_is_here(database: Database) -> None:
    layers = Layers({"sha256:a": 10, "sha256:b": 20})
    cache = await cache_of(database, layers)
    made = [CachedStep(diff_id=each, description=each, created_ns=5, size=1) for each in ("sha256:a", "sha256:b", "")]
    for key, each in zip(("one", "two", "none"), made, strict=True):
        await cache.keep(key, each)
    again = await cache_of(database, layers)
    assert [await again.find(key) for key in ("one", "two", "none", "other")] == [*made, None]
    del layers.sizes["sha256:a"]
    assert await again.find("one") is None
    layers.sizes["sha256:a"] = 10
    assert await (await cache_of(database, layers)).find("one") is None, "it was forgotten for good"
    assert again.layers_held() == {"sha256:b"}


async def test_a_use_is_noted_once_a_minute(database: Database) -> None:
    layers = Layers({})
    cache = await cache_of(database, layers)
    await cache.keep("key", CachedStep(diff_id="", description="d", created_ns=5))
    before = cache.entries(())[0].last_used
    await cache.find("key")
    assert cache.entries(())[0].last_used == before
    old = time.time_ns() - 61 * 1_000_000_000
    await database.execute("UPDATE build_cache SET used_ns = ?", (old,))
    again = await cache_of(database, layers)
    await again.find("key")
    noted = (await cache_of(database, layers)).entries(())[0].last_used
    assert noted == again.entries(())[0].last_used >= before


async def test_what_images_hold_stays_when_the_cache_lets_go_of_it(database: Database) -> None:
    layers = Layers({"sha256:held": 1, "sha256:free": 20, "sha256:shared": 300})
    cache = await cache_of(database, layers)
    for key, diff_id in (("a", "sha256:held"), ("b", "sha256:free"), ("c", "sha256:shared"), ("d", "sha256:shared")):
        await cache.keep(key, CachedStep(diff_id=diff_id, description=key, created_ns=5))
    one = await cache.forget({"sha256:held"}, entries=["c"])
    assert (one.ids, one.bytes) == (("c",), 0), "another step has its layer, too"
    freed = await cache.prune({"sha256:held"}, everything=False)
    assert (set(freed.ids), freed.bytes, set(layers.sizes)) == ({"b", "d"}, 320, {"sha256:held"})
    all_of_it = await cache.prune({"sha256:held"}, everything=True)
    assert (all_of_it.ids, all_of_it.bytes, set(layers.sizes)) == (("a",), 0, {"sha256:held"})


@dataclass
class Attachments:
    """What was asked of the networks' room."""

    asked: list[tuple[object, ...]] = field(default_factory=list)

    def namespace(self, key: str) -> Path:
        return Path("/netns") / key

    def __getattr__(self, name: str) -> Any:
        async def ask(*words: object) -> None:
            await asyncio.sleep(0)
            self.asked.append((name, *words))

        return ask

    def container(self, key: str) -> Path:
        return Path("/containers") / key


async def test_a_build_has_one_network_for_all_its_steps_and_takes_it_away() -> None:
    world = Attachments()
    network = BuildNetwork(cast("Any", world), cast("Any", world), cast("Any", world), "b1")
    await network.close()
    assert world.asked == [], "none was needed"
    places = await asyncio.gather(network.namespace(), network.namespace())
    assert places == [Path("/netns/build-b1")] * 2
    assert world.asked == [("prepare", "build-b1"), ("create", "build-b1"), ("connect", "build-b1", ())]
    world.asked.clear()
    await network.close()
    assert world.asked == [("remove", "build-b1"), ("remove_tree", Path("/containers/build-b1"))]


# --- the output of a build ---


def record(place: Path) -> BuildRecord:
    return BuildRecord(Build(id="b", context="", dockerfile="", tags=(), started=now()), EventBus(), place / "out")


async def test_who_follows_a_build_hears_all_of_it_and_its_end(tmp_path: Path) -> None:
    kept = record(tmp_path)
    kept.say("0.0", "before", stream="stdout")
    heard: list[str] = []
    begun = asyncio.Event()

    async def follow() -> None:
        async for lines in kept.output(follow=True):
            heard.extend(each.text for each in lines)
            begun.set()

    following = asyncio.create_task(follow())
    await begun.wait()
    for number in range(3000):
        kept.say("0.0", str(number), stream="stderr")
    now_there = [each.text async for lines in kept.output(follow=False) for each in lines]
    kept.finish(failure=None)
    await following
    assert heard == now_there == ["before", *map(str, range(3000))]


async def test_more_output_than_is_kept_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.builder.record._MOST_LINES", 3)
    kept = record(tmp_path)
    for number in range(9):
        kept.say("0.1", str(number), stream="stdout")
    lines = [each async for lines in kept.output(follow=False) for each in lines]
    assert [(each.step, each.stream, each.text) for each in lines] == [
        ("0.1", "stdout", "0"), ("0.1", "stdout", "1"), ("0.1", "stdout", "2"),
        ("0.1", "stderr", "… more output than is kept; the rest is not"),
    ]  # fmt: skip
