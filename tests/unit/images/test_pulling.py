"""Pulls and pushes on a machine in memory, with a registry in memory: what comes, what stays, what is told."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, InvalidRequest, NotFound, WherryError
from engine.images.known.platforms import host_platform
from engine.types.images import LayerPhase, PullImage, PushImage
from tests.support.images import File, layer_tar
from tests.support.nasty_registry import digest_of, serve_nastily
from tests.support.played_engine import IMAGE
from tests.support.registry_in_memory import LAYER, MANIFEST, RegistryInMemory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine

ONE = layer_tar([File("one", b"1" * 5000)])
TWO = layer_tar([File("two", b"2" * 3000)])
HERE = host_platform()


@pytest.fixture
async def registry() -> AsyncIterator[RegistryInMemory]:
    async with serve_nastily() as server:
        yield RegistryInMemory(server)


def here(**others: Any) -> dict[str, Any]:
    """The machine this is, as a config says it."""
    return {"architecture": HERE.architecture, "os": "linux"} | others


async def pull(engine: EmbeddedEngine, registry: RegistryInMemory, name: str, **options: Any) -> str:
    return str(await engine.images.pull(PullImage(reference=f"{registry.host}/{name}", **options)).result())


async def push(engine: EmbeddedEngine, reference: str, **options: Any) -> str:
    return str(await engine.images.push(PushImage(reference=reference, **options)).result())


async def names(engine: EmbeddedEngine) -> set[str]:
    return {tag for each in await engine.images.list() for tag in each.tags}


# --- pulled ---


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
async def test_what_is_pulled_is_the_image_that_lies_there(
    played_engine: EmbeddedEngine, registry: RegistryInMemory, packed: bool
) -> None:
    layers = [gzip.compress(each) if packed else each for each in (ONE, TWO)]
    kind = LAYER + ("+gzip" if packed else "")
    registry.image("app", "1", layers, kind=kind, diffs=[digest_of(ONE), digest_of(TWO)], **here())

    image_id = await pull(played_engine, registry, "app:1")

    image = await played_engine.images.get(f"{registry.host}/app:1")
    assert (image.id, image.layers, image.config.command) == (image_id, (digest_of(ONE), digest_of(TWO)), ("serve",))
    assert await played_engine.images.read_file(image_id, "/two") == b"2" * 3000
    assert image.size == 8000
    assert not list(played_engine.images.unfinished_blobs())
    assert len(registry.asked("/blobs/")) == 3


async def test_a_layer_that_is_here_is_not_fetched_again(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    registry.image("app", "1", [ONE], **here())
    registry.image("app", "2", [ONE, TWO], **here())
    await pull(played_engine, registry, "app:1")
    before = len(registry.asked(digest_of(ONE)))

    await pull(played_engine, registry, "app:2")
    await pull(played_engine, registry, "app:2")

    assert (before, len(registry.asked(digest_of(ONE))), len(registry.asked(digest_of(TWO)))) == (1, 1, 1)
    assert await names(played_engine) == {IMAGE, f"{registry.host}/app:1", f"{registry.host}/app:2"}


async def test_a_pull_tells_what_each_layer_does(played_engine: EmbeddedEngine, registry: RegistryInMemory) -> None:
    registry.image("app", "1", [ONE], **here())
    handle = played_engine.images.pull(PullImage(reference=f"{registry.host}/app:1"))
    seen = {}
    async for snapshot in handle.watch():
        for layer in snapshot.layers:
            seen[layer.digest] = layer
    await handle.result()

    (layer,) = seen.values()
    assert (layer.phase, layer.done, layer.total) == (LayerPhase.DONE, len(ONE), len(ONE))


async def test_a_name_goes_to_what_was_pulled_last_and_a_digest_stays(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    old = registry.image("app", "1", [ONE], **here())
    first = await pull(played_engine, registry, "app:1")
    registry.image("app", "1", [TWO], **here())
    second = await pull(played_engine, registry, "app:1")

    assert (await played_engine.images.get(f"{registry.host}/app:1")).id == second != first
    assert (await played_engine.images.get(f"{registry.host}/app@{old['digest']}")).id == first
    again = await pull(played_engine, registry, f"app@{old['digest']}")
    assert again == first
    assert (await played_engine.images.get(first)).tags == ()


async def test_who_asks_for_no_name_takes_none(played_engine: EmbeddedEngine, registry: RegistryInMemory) -> None:
    registry.image("app", "1", [ONE], **here())
    image = await pull(played_engine, registry, "app:1", nameless=True)
    assert (await played_engine.images.get(image)).tags == ()
    assert await names(played_engine) == {IMAGE}


async def test_all_tags_are_pulled_one_after_the_other(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    for tag, layer in (("a", ONE), ("b", TWO)):
        registry.image("app", tag, [layer], **here())
    await pull(played_engine, registry, "app", all_tags=True)
    assert await names(played_engine) == {IMAGE, f"{registry.host}/app:a", f"{registry.host}/app:b"}
    with pytest.raises(NotFound, match="has no tags"):
        await pull(played_engine, registry, "none", all_tags=True)
    with pytest.raises(InvalidRequest):
        await pull(played_engine, registry, "app:1", all_tags=True)


async def test_of_an_index_the_image_for_this_machine_is_taken(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    mine = registry.image("app", "mine", [ONE], **here())
    other = registry.image("app", "other", [TWO], architecture="s390x")
    unknown = registry.image("app", "said", [TWO], architecture="unknown", os="unknown")
    inner = registry.index("app", "inner", unknown, other, mine)
    registry.index("app", "latest", {**inner, "platform": mine["platform"]})

    image = await played_engine.images.get(await pull(played_engine, registry, "app"))
    assert image.layers == (digest_of(ONE),)
    registry.index("app", "far", other)
    with pytest.raises(WherryError, match="is not made for") as caught:
        await pull(played_engine, registry, "app:far")
    assert (caught.value.code, caught.value.details) == (Code.NO_PLATFORM, "linux/s390x")
    chosen = await played_engine.images.get(await pull(played_engine, registry, "app:far", platform="linux/s390x"))
    assert chosen.layers == (digest_of(TWO),)


async def test_an_image_for_another_machine_is_taken_unless_one_was_asked_for(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    registry.image("app", "1", [ONE], architecture="s390x")
    with pytest.raises(WherryError, match="is not made for linux/arm64"):
        await pull(played_engine, registry, "app:1", platform="linux/arm64")
    assert await names(played_engine) == {IMAGE}
    await pull(played_engine, registry, "app:1")
    assert str((await played_engine.images.get(f"{registry.host}/app:1")).platform) == "linux/s390x"


async def test_indexes_that_lead_to_indexes_have_an_end(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    member = registry.image("app", "0", [ONE], **here())
    platform = member["platform"]
    for depth in range(1, 6):
        member = {**registry.index("app", str(depth), member), "platform": platform}
    await pull(played_engine, registry, "app:4")
    with pytest.raises(WherryError, match="from one index to the next"):
        await pull(played_engine, registry, "app:5")


async def test_a_pull_that_fails_leaves_nothing_but_what_can_go_on(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    registry.image("app", "1", [ONE, TWO], **here())
    registry.blobs[digest_of(TWO)] = TWO[:-600] + b"x" * 600
    with pytest.raises(WherryError) as caught:
        await pull(played_engine, registry, "app:1")
    assert caught.value.code in (Code.DIGEST_MISMATCH, Code.BAD_ARCHIVE)
    assert await names(played_engine) == {IMAGE}
    assert digest_of(TWO) not in played_engine.layers.diff_ids()
    assert digest_of(ONE) not in played_engine.layers.diff_ids()
    assert not played_engine.images.pulling

    registry.blobs[digest_of(TWO)] = TWO
    await pull(played_engine, registry, "app:1")
    assert await played_engine.images.read_file(f"{registry.host}/app:1", "/two") == b"2" * 3000


async def test_a_config_of_other_layers_is_refused(played_engine: EmbeddedEngine, registry: RegistryInMemory) -> None:
    registry.image("app", "1", [ONE], diffs=[digest_of(ONE), digest_of(TWO)], **here())
    with pytest.raises(WherryError):
        await pull(played_engine, registry, "app:1")
    registry.image("app", "2", [ONE], diffs=[digest_of(TWO)], **here())
    with pytest.raises(WherryError) as caught:
        await pull(played_engine, registry, "app:2")
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert await names(played_engine) == {IMAGE}


# --- pushed ---


async def test_what_is_pushed_is_pulled_as_the_same(played_engine: EmbeddedEngine, registry: RegistryInMemory) -> None:
    image = await played_engine.images.get(IMAGE)
    target = f"{registry.host}/team/app:1"
    await played_engine.images.tag(IMAGE, target)

    digest = await push(played_engine, target)

    raw, kind = registry.manifests["team/app", "1"]
    assert (digest_of(raw), kind) == (digest, MANIFEST)
    assert len(registry.sent) == len(image.layers) + 1
    assert f"{registry.host}/team/app@{digest}" in (await played_engine.images.get(IMAGE)).digests
    await played_engine.images.remove(target)
    await played_engine.images.remove(IMAGE)
    assert await pull(played_engine, registry, "team/app:1") == image.id
    assert (await played_engine.images.get(target)).layers == image.layers


async def test_a_second_push_brings_nothing_and_another_repository_mounts(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    first, second = f"{registry.host}/app:1", f"{registry.host}/other:1"
    await played_engine.images.tag(IMAGE, first)
    await push(played_engine, first)
    sent = list(registry.sent)
    layers = [each["digest"] for each in json.loads(registry.manifests["app", "1"][0])["layers"]]

    await push(played_engine, first)
    assert registry.sent == sent

    await played_engine.images.tag(IMAGE, second)
    kept = {digest: registry.blobs.pop(digest) for digest in layers}
    mounts = len(registry.asked("/other/blobs/uploads"))
    registry.blobs |= kept
    await push(played_engine, second)
    assert registry.sent == sent
    assert mounts == 0
    assert registry.manifests["other", "1"] == registry.manifests["app", "1"]


async def test_a_pulled_image_is_pushed_with_the_manifest_it_came_with(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    registry.image("app", "1", [ONE, gzip.compress(TWO)], diffs=[digest_of(ONE), digest_of(TWO)], **here())
    await pull(played_engine, registry, "app:1")
    raw, _ = registry.manifests["app", "1"]
    registry.manifests.clear()
    registry.blobs.clear()
    await played_engine.images.tag(f"{registry.host}/app:1", f"{registry.host}/copy:2")

    assert await push(played_engine, f"{registry.host}/copy:2") == digest_of(raw)
    assert registry.manifests["copy", "2"][0] == raw
    assert len(registry.sent) == 3


async def test_a_push_of_all_tags_brings_each(played_engine: EmbeddedEngine, registry: RegistryInMemory) -> None:
    for name in ("app:1", "app:2", "other:3"):
        await played_engine.images.tag(IMAGE, f"{registry.host}/{name}")
    await push(played_engine, f"{registry.host}/app", all_tags=True)
    assert (registry.tags("app"), registry.tags("other")) == (["1", "2"], [])
    with pytest.raises(NotFound, match="No image is tagged"):
        await push(played_engine, f"{registry.host}/none", all_tags=True)


async def test_a_push_needs_a_name_with_a_tag(played_engine: EmbeddedEngine, registry: RegistryInMemory) -> None:
    with pytest.raises(InvalidRequest, match="not a digest"):
        await push(played_engine, f"{registry.host}/app@sha256:{'0' * 64}")
    with pytest.raises(NotFound):
        await push(played_engine, f"{registry.host}/nothing:1")
