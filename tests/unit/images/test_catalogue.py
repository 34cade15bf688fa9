"""What is told of images is always what they are; names and digests that move, ids cut short, a restart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, WherryError
from engine.images.known.records import Archive, LayerRecord, StoredImage
from engine.types.attestations import IndexEntry
from engine.types.images import PullImage, PushImage
from tests.support.images import File, docker_archive, layer_tar
from tests.support.nasty_registry import serve_nastily
from tests.support.played_engine import IMAGE, create
from tests.support.registry_in_memory import RegistryInMemory
from tests.unit.images.test_images_in_memory import load
from tests.unit.images.test_pulling import here

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.types.images import Image
    from tests.support.played_engine import PlayedStore

ONE, TWO = (layer_tar([File(name, name.encode() * 100)]) for name in ("one", "two"))


async def named(engine: EmbeddedEngine, name: str, *layers: bytes, **options: Any) -> str:
    await load(engine, docker_archive(layers, reference=f"localhost/{name}", **options))
    return (await engine.images.get(f"localhost/{name}")).id


def told(engine: EmbeddedEngine) -> dict[str, Image]:
    return {each.id: each for each in engine.images._bus.snapshot().images}


async def is_told(engine: EmbeddedEngine) -> bool:
    return told(engine) == {each.id: each for each in await engine.images.list()}


# --- what is told ---


async def test_every_change_is_told_of_all_it_concerns(played_engine: EmbeddedEngine) -> None:
    one = await named(played_engine, "one:1", ONE)
    assert await is_told(played_engine)
    await named(played_engine, "two:1", ONE, TWO)
    assert await is_told(played_engine), "the first shares its layer now"
    await played_engine.images.tag(IMAGE, "localhost/one:1")
    assert await is_told(played_engine), "the first lost its name"
    assert told(played_engine)[one].dangling
    await played_engine.images.tag(one, "localhost/one:2")
    await played_engine.images.remove("localhost/two:1")
    assert await is_told(played_engine), "nothing is shared any more"
    await played_engine.images.remove(one)
    assert await is_told(played_engine)
    assert one not in told(played_engine)


async def test_a_name_that_an_archive_takes_is_gone_from_where_it_was(played_engine: EmbeddedEngine) -> None:
    first = await named(played_engine, "one:1", ONE)
    second = await named(played_engine, "one:1", TWO)
    assert await is_told(played_engine)
    assert (told(played_engine)[first].tags, told(played_engine)[second].tags) == ((), ("localhost/one:1",))


async def test_the_digest_of_an_index_moves_to_the_platform_that_was_pulled_last(
    played_engine: EmbeddedEngine,
) -> None:
    async with serve_nastily() as server:
        registry = RegistryInMemory(server)
        members = [registry.image("app", "x", [ONE], architecture="s390x"), registry.image("app", "y", [TWO], **here())]
        index = registry.index("app", "1", *members)
        name = f"{registry.host}/app:1"
        far = await played_engine.images.pull(PullImage(reference=name, platform="linux/s390x")).result()
        near = await played_engine.images.pull(PullImage(reference=name)).result()
        digest = f"{registry.host}/app@{index['digest']}"
        assert await is_told(played_engine)
        assert (told(played_engine)[far].digests, told(played_engine)[near].digests) == ((), (digest,))

        # And back, by a push of both.
        index_of_both = tuple(IndexEntry(image=each) for each in (far, near))
        request = PushImage(reference=f"{registry.host}/app:2", index=index_of_both)
        pushed = f"{registry.host}/app@{await played_engine.images.push(request).result()}"
        await played_engine.images.pull(PullImage(reference=pushed, platform="linux/s390x")).result()
        assert pushed in told(played_engine)[far].digests
        await played_engine.images.push(request).result()
        assert await is_told(played_engine)
        assert pushed in told(played_engine)[near].digests


async def test_what_stands_under_another_images_name_is_told_with_it(played_engine: EmbeddedEngine) -> None:
    main = await named(played_engine, "main:1", ONE)
    far = await named(played_engine, "far:1", TWO, architecture="s390x")
    await played_engine.images.keep_index(main, [IndexEntry(image=main), IndexEntry(image=far)])
    await played_engine.images.remove("localhost/far:1")
    assert far not in told(played_engine)
    far = await named(played_engine, "far:1", TWO, architecture="s390x")
    await played_engine.images.tag(IMAGE, "localhost/far:1")

    assert await is_told(played_engine)
    assert (told(played_engine)[far].index_names, told(played_engine)[far].dangling) == (("localhost/main:1",), False)
    await played_engine.images.tag(main, "localhost/main:2")
    assert told(played_engine)[far].index_names == ("localhost/main:1", "localhost/main:2")
    await played_engine.images.keep_index(main, ())
    assert (told(played_engine)[far].index_names, told(played_engine)[far].dangling) == ((), True)
    assert await is_told(played_engine)


async def test_who_was_built_with_an_image_goes_with_it(played_engine: EmbeddedEngine) -> None:
    main = await named(played_engine, "main:1", ONE)
    far, other = [await named(played_engine, f"{name}:1", TWO, architecture=name) for name in ("s390x", "arm")]
    await played_engine.images.keep_index(main, [IndexEntry(image=each) for each in (main, far, other)])
    await played_engine.images.tag(IMAGE, "localhost/s390x:1")

    assert (await played_engine.images.prune()).deleted == (), "its name is the other's"
    removed = await played_engine.images.remove("localhost/main:1")

    assert {main, far} <= set(removed.deleted)
    assert other not in removed.deleted, "it has a name of its own"
    assert await is_told(played_engine)
    assert removed.bytes > 300


async def test_a_container_that_comes_and_goes_is_told_of_its_image(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine)
    image = await played_engine.images.get(IMAGE)
    async with asyncio.timeout(20), played_engine.watch() as changes:
        while told(played_engine)[image.id].used_by != (made.id,):
            await anext(aiter(changes))
        await played_engine.containers.remove(made.id)
        while told(played_engine)[image.id].used_by:
            await anext(aiter(changes))


# --- found ---


async def test_a_beginning_that_two_ids_have_is_refused(played_engine: EmbeddedEngine) -> None:
    catalogue, image = played_engine.images.catalogue, played_engine.images.catalogue.resolve(IMAGE)
    bare = image.id.removeprefix("sha256:")
    twin = f"sha256:{bare[:-1]}{'0' if bare[-1] != '0' else '1'}"
    await catalogue.add(StoredImage(id=twin, config=image.config_bytes, pulled_ns=1), [])

    for name in (bare[:12], f"sha256:{bare[:63]}"):
        with pytest.raises(Conflict) as caught:
            await played_engine.images.get(name)
        assert (caught.value.code, caught.value.subject) == (Code.AMBIGUOUS, name)
        assert "2 image ids" in caught.value.title
        with pytest.raises(Conflict):
            catalogue.find(name)
    assert (await played_engine.images.get(bare)).id == image.id
    assert (await played_engine.images.get(twin)).id == twin


async def test_one_digit_is_no_id(played_engine: EmbeddedEngine) -> None:
    bare = (await played_engine.images.get(IMAGE)).id.removeprefix("sha256:")
    assert (await played_engine.images.get(bare[:2])).tags == (IMAGE,)
    for name in (bare[:1], f"sha256:{bare[:1]}"):
        with pytest.raises(WherryError):
            await played_engine.images.get(name)
    with pytest.raises(NotFound) as caught:
        await played_engine.images.get("sha256:" + "0" * 64)
    assert (caught.value.subject, "pulled" in caught.value.hint) == ("sha256:" + "0" * 64, True)
    assert played_engine.images.catalogue.find("nothing") is None
    assert played_engine.images.catalogue.find("Not A Name") is None


async def test_whose_layers_are_whose(played_engine: EmbeddedEngine) -> None:
    one, two = await named(played_engine, "one:1", ONE), await named(played_engine, "two:1", ONE, TWO)
    shared, own = (await played_engine.images.get(two)).layers
    catalogue = played_engine.images.catalogue

    assert catalogue.layers_of_only([one]) == set()
    assert catalogue.layers_of_only([two, "sha256:unknown"]) == {own}
    assert catalogue.layers_of_only([one, two]) == {shared, own}
    assert catalogue.layers_only_in([two]) == {own}
    with played_engine.images.intake.pinned([own]):
        assert catalogue.layers_of_only([two]) == {own}, "whoever else needs them"
        assert catalogue.layers_only_in([two]) == set()
        assert own in catalogue.held_elsewhere()
    assert catalogue.images_with_layer(shared) == {one, two}
    assert catalogue.images_with_layer("sha256:unknown") == frozenset()
    assert (catalogue.layer_size(own), catalogue.layer_size("sha256:unknown")) == (300, 0)
    assert catalogue.unheld_layers() == set()


# --- kept ---


async def test_all_is_there_after_a_restart(played: PlayedStore) -> None:
    async with serve_nastily() as server:
        registry = RegistryInMemory(server)
        registry.image("app", "1", [ONE], **here())
        async with played.engine() as engine:
            await engine.images.pull(PullImage(reference=f"{registry.host}/app:1")).result()
            main = await named(engine, "main:1", TWO)
            await engine.images.keep_index(main, [IndexEntry(image=main), IndexEntry(image=IMAGE)])
            before = sorted(await engine.images.list(), key=lambda each: each.id)
            stored = {each.id: vars(each) for each in engine.images.catalogue.images.values()}
            layers = dict(engine.images.catalogue.layers)
        async with played.engine() as engine:
            assert sorted(await engine.images.list(), key=lambda each: each.id) == before
            assert await is_told(engine)
            for image in engine.images.catalogue.images.values():
                kept = stored[image.id]
                assert (image.config_bytes, image.manifest_bytes, image.manifest_type, image.manifest_digest) == (
                    kept["config_bytes"], kept["manifest_bytes"], kept["manifest_type"], kept["manifest_digest"],
                )  # fmt: skip
            assert dict(engine.images.catalogue.layers) == layers


async def test_an_image_of_layers_that_are_not_there_is_not_kept(played_engine: EmbeddedEngine) -> None:
    config = b'{"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}'
    image = StoredImage(id=f"sha256:{'1' * 64}", config=config % (b"2" * 64), pulled_ns=1)
    with pytest.raises(InvalidRequest) as caught:
        await played_engine.images.catalogue.add(image, [])
    assert caught.value.details == f"sha256:{'2' * 64}"
    assert len(await played_engine.images.list()) == 1


async def test_an_image_that_is_loaded_again_keeps_what_the_registry_told(played_engine: EmbeddedEngine) -> None:
    async with serve_nastily() as server:
        registry = RegistryInMemory(server)
        registry.image("app", "1", [ONE], **here())
        name = f"{registry.host}/app:1"
        image = await played_engine.images.pull(PullImage(reference=name)).result()
        data = b"".join([piece async for piece in played_engine.images.save((name,))])
        manifest = played_engine.images.catalogue.images[image].manifest_bytes
        await load(played_engine, data)
    assert manifest is not None
    assert played_engine.images.catalogue.images[image].manifest_bytes == manifest


# --- layers on record ---

PLAIN = LayerRecord(diff_id="sha256:1", size=10, files=1)
GZIP = Archive(digest="sha256:a", media_type="x+gzip", size=5)
ZSTD = Archive(digest="sha256:b", media_type="x+zstd", size=4)


def test_the_newest_place_of_a_layer_comes_first_and_eight_are_kept() -> None:
    record = PLAIN
    for number in range(9):
        record = record.seen_at("sha256:a", f"host/{number}")
    assert record.sources == tuple(("sha256:a", f"host/{number}") for number in range(8, 0, -1))
    again = record.seen_at("sha256:a", "host/3")
    assert again.sources[0] == ("sha256:a", "host/3")
    assert (len(again.sources), len(set(again.sources))) == (8, 8)


def test_of_two_that_bring_a_layer_neither_forgets_the_others_form() -> None:
    def record(**fields: Any) -> LayerRecord:
        return LayerRecord(diff_id="sha256:1", size=10, files=1, **fields)

    own, known = record(archive=GZIP, sources=(("a", "x"),)), record(archive=ZSTD, tar_size=7, sources=(("b", "y"),))
    assert own.with_what_is_known(None) == own
    assert own.with_what_is_known(known) == record(archive=GZIP, tar_size=7, sources=(("a", "x"), ("b", "y")))
    assert PLAIN.with_what_is_known(known) == record(archive=ZSTD, tar_size=7, sources=(("b", "y"),))
    assert record(tar_size=9).with_what_is_known(known).tar_size == 9
    many = record(sources=tuple(("a", str(number)) for number in range(7)))
    assert len(many.with_what_is_known(record(sources=tuple(("b", str(n)) for n in range(7)))).sources) == 8
