"""Pulls that end in the middle: what they leave, what the next one makes of it, and what never counts."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import random
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from engine.errors import Code, WherryError
from engine.types.images import LayerPhase, PullImage
from tests.support.images import File, layer_tar
from tests.support.made_images import made_image, offer
from tests.support.nasty_registry import blob, digest_of, serve_nastily, strict_blob
from tests.unit.images.test_pulling import push

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.embedded import EmbeddedEngine
    from engine.types.images import LayerProgress
    from tests.fakes.machine import MachineInMemory
    from tests.support.made_images import MadeImage
    from tests.support.nasty_registry import NastyRegistry

NOISE = b"".join(hashlib.sha256(bytes([number // 256, number % 256])).digest() for number in range(600))
"""Something that compression cannot make small."""
BIG = layer_tar([File("big", NOISE)])
HUGE = layer_tar([File("huge", random.Random(0).randbytes(1_300_000))])
"""More than is gathered before it is written."""


@pytest.fixture
async def registry() -> AsyncIterator[NastyRegistry]:
    async with serve_nastily() as server:
        yield server


def one_layer(tar: bytes = BIG, level: int = 9) -> tuple[MadeImage, str]:
    """An image and the digest of its layer, as the registry has it."""
    made = made_image([tar], compressed=[gzip.compress(tar, level, mtime=0)])
    return made, digest_of(made.layers[0])


def path_of(digest: str, name: str = "app") -> str:
    return f"/v2/{name}/blobs/{digest}"


async def pull(engine: EmbeddedEngine, registry: NastyRegistry, name: str = "app:1") -> str:
    return str(await engine.images.pull(PullImage(reference=f"{registry.host}/{name}")).result())


async def watched(engine: EmbeddedEngine, registry: NastyRegistry) -> list[LayerProgress]:
    """What was told of the layers, each state once."""
    handle = engine.images.pull(PullImage(reference=f"{registry.host}/app:1"))
    seen: list[LayerProgress] = []
    async for snapshot in handle.watch():
        seen += [each for each in snapshot.layers if each not in seen]
    await handle.result()
    return seen


def left(engine: EmbeddedEngine) -> tuple[set[str], list[str]]:
    """Whole blobs, and the beginnings of some."""
    return engine.images.blob_digests(), sorted(each.name for each in engine.paths.partial_blobs.iterdir())


# --- bytes that are not what they should be ---


def _spoilt(data: bytes) -> bytes:
    return data[:500] + bytes([data[500] ^ 1]) + data[501:]


@pytest.mark.parametrize(
    "serve",
    [
        lambda data: blob(_spoilt(data)),
        lambda data: blob(gzip.compress(layer_tar([File("another", b"1")])).ljust(len(data), b"\0")),
    ],
    ids=["spoilt", "another layer"],
)
async def test_wrong_bytes_leave_nothing_that_another_pull_could_go_on_with(
    played_engine: EmbeddedEngine, registry: NastyRegistry, serve: Callable[[bytes], Any]
) -> None:
    image, digest = one_layer()
    offer(registry, image)
    registry.routes[path_of(digest)] = serve(image.layers[0])
    before = left(played_engine)

    with pytest.raises(WherryError):
        await pull(played_engine, registry)

    assert left(played_engine) == before
    assert digest not in played_engine.images._unfinished.digests
    assert len(await played_engine.images.list()) == 1
    registry.routes[path_of(digest)] = blob(image.layers[0])
    assert await pull(played_engine, registry) == image.id


async def test_what_another_image_keeps_stays_when_a_pull_fails(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    good, digest = one_layer()
    offer(registry, good, name="good")
    await pull(played_engine, registry, "good:1")
    broken = layer_tar([File("x", NOISE[::-1])])
    bad = made_image([BIG, broken], compressed=[good.layers[0], gzip.compress(broken)])
    offer(registry, bad)
    registry.routes[path_of(digest_of(bad.layers[1]))] = blob(_spoilt(bad.layers[1]))

    with pytest.raises(WherryError):
        await pull(played_engine, registry)

    assert digest in played_engine.images.blob_digests()
    assert await played_engine.images.read_file(good.id, "/big") == NOISE


async def test_a_form_that_is_another_layers_is_not_kept_for_one_that_is_here(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    """A push would hand on somebody's bytes in its name."""
    true, digest = one_layer()
    offer(registry, true)
    await pull(played_engine, registry)
    played_engine.paths.blob(digest).unlink()
    other = gzip.compress(layer_tar([File("other", b"x")]))
    offer(registry, made_image([BIG], compressed=[other], config={"User": "1"}), name="false")

    await pull(played_engine, registry, "false:1")

    (diff_id,) = true_layers = (await played_engine.images.get(true.id)).layers
    assert len(true_layers) == 1
    assert not played_engine.images.archives.has(played_engine.images.catalogue.layers[diff_id])
    assert played_engine.images.archives.is_lost(played_engine.images.catalogue.layers[diff_id])


# --- a pull goes on ---


async def test_a_broken_connection_leaves_what_came_for_the_next_pull(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    image, digest = one_layer(HUGE)
    offer(registry, image)

    async def most_then_gone(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Range"):
            return web.Response(status=404)
        return await blob(image.layers[0], break_after=1_000_000)(request)

    registry.routes[path_of(digest)] = most_then_gone
    with pytest.raises(WherryError):
        await pull(played_engine, registry)
    there = played_engine.paths.partial_blob(digest).stat().st_size
    assert 0 < there <= 1_000_000
    assert digest in played_engine.images._unfinished.digests
    assert len(await played_engine.images.list()) == 1
    assert len(played_engine.layers.diff_ids()) == 1

    registry.routes[path_of(digest)] = strict_blob(image.layers[0])
    registry.requests.clear()
    assert await pull(played_engine, registry) == image.id
    (asked,) = registry.seen(path_of(digest))
    assert asked.headers["Range"] == f"bytes={there}-"
    assert digest not in played_engine.images._unfinished.digests
    assert left(played_engine)[1] == []


def _leftovers(data: bytes) -> dict[str, bytes]:
    """What a kill or a power cut can leave of a download."""
    half = len(data) // 2
    return {
        "a byte": data[:1], "a half": data[:half], "all but a byte": data[:-1], "every byte": data,
        "more than there is": data + b"more", "a half of zeros": bytes(half), "all of zeros": bytes(len(data)),
        "a half that ends in zeros": data[: half - 4096] + bytes(4096),
    }  # fmt: skip


@pytest.mark.parametrize("parts", [True, False], ids=["parts", "whole"])
@pytest.mark.parametrize("state", _leftovers(b""))
async def test_whatever_was_left_of_the_last_pull_this_one_ends_well(
    played_engine: EmbeddedEngine, registry: NastyRegistry, state: str, parts: bool
) -> None:
    image, digest = one_layer()
    offer(registry, image)
    registry.routes[path_of(digest)] = strict_blob(image.layers[0], parts=parts)
    played_engine.paths.partial_blob(digest).write_bytes(_leftovers(image.layers[0])[state])

    assert await pull(played_engine, registry) == image.id

    assert await played_engine.images.read_file(image.id, "/big") == NOISE
    assert left(played_engine)[1] == []
    assert digest_of(played_engine.paths.blob(digest).read_bytes()) == digest
    if state == "every byte":
        assert not registry.seen(path_of(digest)), "it was here already"


async def test_a_blob_that_was_damaged_in_the_store_is_pulled_anew(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    image, digest = one_layer()
    offer(registry, image)
    played_engine.paths.blob(digest).write_bytes(_spoilt(image.layers[0]))

    assert await pull(played_engine, registry) == image.id

    assert len(registry.seen(path_of(digest))) == 1
    assert digest_of(played_engine.paths.blob(digest).read_bytes()) == digest
    assert await played_engine.images.read_file(image.id, "/big") == NOISE


async def test_a_blob_that_is_in_the_store_is_not_fetched(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    image, digest = one_layer()
    offer(registry, image)
    played_engine.paths.blob(digest).write_bytes(image.layers[0])
    seen = await watched(played_engine, registry)
    assert not registry.seen(path_of(digest))
    assert (seen[-1].phase, seen[-1].done, seen[-1].total) == (
        LayerPhase.DONE, len(image.layers[0]), len(image.layers[0]),
    )  # fmt: skip


async def test_a_whole_blob_that_is_no_layer_of_that_image_is_refused_and_kept_out(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    """It is what its digest says; only the image's config says something else."""
    wrong = made_image([BIG], compressed=[gzip.compress(layer_tar([File("other", b"x")]), mtime=0)])
    offer(registry, wrong)
    digest = digest_of(wrong.layers[0])
    played_engine.paths.blob(digest).write_bytes(wrong.layers[0])
    with pytest.raises(WherryError) as caught:
        await pull(played_engine, registry)
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert not registry.seen(path_of(digest))
    assert digest not in played_engine.images.blob_digests()


async def test_a_pull_goes_on_when_the_keeper_dies_over_a_layer(
    played_engine: EmbeddedEngine, machine: MachineInMemory, registry: NastyRegistry
) -> None:
    image, _ = one_layer()
    offer(registry, image)
    machine.dying, before = "Unpack", machine.asked.count("Unpack")
    assert await pull(played_engine, registry) == image.id
    assert machine.asked.count("Unpack") == before + 2
    assert await played_engine.images.read_file(image.id, "/big") == NOISE


async def test_a_pull_that_is_stopped_takes_its_layers_back_and_keeps_what_came(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    small = layer_tar([File("small", b"s" * 100)])
    image = made_image([small, HUGE])
    digest = digest_of(image.layers[1])
    offer(registry, image)

    async def half_then_nothing(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = len(image.layers[1])
        await response.prepare(request)
        await response.write(image.layers[1][:1_000_000])
        return await registry.hang(request)

    registry.routes[path_of(digest)] = half_then_nothing
    handle = played_engine.images.pull(PullImage(reference=f"{registry.host}/app:1"))
    async for snapshot in handle.watch():
        phases = {each.digest: (each.phase, each.done) for each in snapshot.layers}
        if phases.get(digest, ("", 0))[1] and phases[digest_of(image.layers[0])][0] is LayerPhase.DONE:
            break
    pulling = [played_engine.images.pulling]
    handle.cancel()
    with pytest.raises(WherryError):
        await handle.result()
    pulling.append(played_engine.images.pulling)

    assert pulling == [True, False]
    assert digest_of(small) not in played_engine.layers.diff_ids()
    assert {digest_of(each) for each in image.layers} <= played_engine.images._unfinished.digests
    assert played_engine.images.unfinished_blobs() == {digest_of(image.layers[0])}
    registry.routes[path_of(digest)] = strict_blob(image.layers[1])
    assert await pull(played_engine, registry) == image.id


async def test_a_form_that_was_lost_is_brought_back_for_whoever_pushes(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    image, digest = one_layer()
    offer(registry, image)
    await pull(played_engine, registry)
    await played_engine.images.tag(f"{registry.host}/app:1", f"{registry.host}/again:1")
    played_engine.paths.blob(digest).unlink()
    with pytest.raises(WherryError, match="compressed form") as caught:
        await push(played_engine, f"{registry.host}/again:1")
    assert caught.value.code is Code.CORRUPT

    registry.requests.clear()
    await pull(played_engine, registry)
    await pull(played_engine, registry)

    assert len(registry.seen(path_of(digest))) == 1
    assert digest in played_engine.images.blob_digests()


# --- at once ---


async def test_pulls_of_the_same_layer_fetch_it_once(played_engine: EmbeddedEngine, registry: NastyRegistry) -> None:
    one = made_image([BIG, layer_tar([File("one", b"1")])])
    two = made_image([BIG, layer_tar([File("two", b"2")])])
    offer(registry, one)
    offer(registry, two, name="other")
    found = await asyncio.gather(*(pull(played_engine, registry, name) for name in ("app:1", "other:1", "app:1")))
    assert found == [one.id, two.id, one.id]
    assert sum(digest_of(one.layers[0]) in each.path for each in registry.requests) == 1


async def test_a_failing_pull_takes_nothing_from_a_good_one(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    good, _ = one_layer()
    broken = layer_tar([File("x", b"x" * 3000)])
    bad = made_image([BIG, broken], compressed=[good.layers[0], gzip.compress(broken)[:-9]])
    offer(registry, good)
    offer(registry, bad, name="bad")
    results = await asyncio.gather(
        pull(played_engine, registry, "bad:1"), pull(played_engine, registry), return_exceptions=True
    )
    assert isinstance(results[0], WherryError)
    assert results[1] == good.id
    assert await played_engine.images.read_file(good.id, "/big") == NOISE


async def test_no_more_layers_are_fetched_at_once_than_was_asked_for(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    tars = [layer_tar([File(f"f{number}", NOISE[number * 50 :])]) for number in range(6)]
    image, at_once, most = made_image(tars), 0, 0
    offer(registry, image)

    def counted(data: bytes) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            try:
                return await blob(data)(request)
            finally:
                at_once -= 1

        return handle

    for data in image.layers:
        registry.routes[path_of(digest_of(data))] = counted(data)
    played_engine.images._puller._parallel = lambda: 1
    await pull(played_engine, registry)
    assert most == 1


async def test_a_pull_says_what_it_asks_for_and_what_came(
    played_engine: EmbeddedEngine, registry: NastyRegistry
) -> None:
    image, _ = one_layer()
    offer(registry, image)
    said: list[list[str]] = []
    for _ in range(2):
        handle, words = played_engine.images.pull(PullImage(reference=f"{registry.host}/app:1")), list[str]()
        async for snapshot in handle.watch():
            if snapshot.status and snapshot.status not in words:
                words.append(snapshot.status)
        said.append(words)
    name = f"{registry.host}/app:1"
    assert said[0][-1] == f"Pulled {name} ({image.digest[:19]})"
    assert said[1][-1] == f"{name} is up to date"
    assert (await played_engine.operations.get(handle.id)).title == f"Pull {name}"
