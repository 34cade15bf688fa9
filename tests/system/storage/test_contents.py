"""Damage planted in a store, piece by piece: the deep check finds each and mends what can be mended."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from engine.errors import StorageError
from engine.types.containers import ContainerSpec, CreateContainer
from engine.types.images import CommitContainer
from engine.types.volumes import CreateVolume
from tests.support.images import File, busybox_archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.embedded import EmbeddedEngine

IMAGE = "localhost/busybox:latest"


@pytest.fixture
async def store(engine: EmbeddedEngine) -> EmbeddedEngine:
    """One image of two layers, kept compressed too; a container and a volume."""

    await load(engine)
    await engine.volumes.create(CreateVolume(name="kept"))
    spec = ContainerSpec(image=IMAGE, command=("true",), network="none")
    container = await engine.containers.create(CreateContainer(spec=spec, name="one"))
    await engine.containers.start(container.id)
    await engine.containers.wait(container.id)
    return engine


async def load(engine: EmbeddedEngine) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield busybox_archive([File("data/hello", b"hello\n"), File("data/other", b"other\n")])

    await engine.images.load(stream()).result()


async def found(engine: EmbeddedEngine, *, mend: bool = False) -> set[tuple[str, bool]]:
    return {(each.kind, each.mended) for each in await engine.host.check_store(mend=mend, deep=True)}


def top_layer(engine: EmbeddedEngine) -> str:
    return engine.images.catalogue.resolve(IMAGE).diff_ids[-1]


def tree(engine: EmbeddedEngine) -> Path:
    return engine.paths.layer_tree(top_layer(engine))


def blob(engine: EmbeddedEngine) -> Path:
    return engine.paths.blob(engine.images.restoring.archives()[top_layer(engine)])


def flip(path: Path, at: int = 0) -> None:
    """One byte is another; size and times stay."""
    before = path.stat()
    mode = before.st_mode
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))
    path.chmod(mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


MENDED: dict[str, tuple[Callable[[EmbeddedEngine], object], str]] = {
    "a byte of a layer's file is another": (lambda e: flip(tree(e) / "data/hello"), "damaged-layer"),
    "a file of a layer is gone": (lambda e: (tree(e) / "data/hello").unlink(), "damaged-layer"),
    "a directory of a layer is gone": (lambda e: shutil.rmtree(tree(e) / "data"), "damaged-layer"),
    "a file of a layer is shorter": (lambda e: os.truncate(tree(e) / "data/hello", 2), "damaged-layer"),
    "a layer's files are gone": (lambda e: shutil.rmtree(tree(e)), "damaged-layer"),
    "a layer is gone": (lambda e: shutil.rmtree(e.paths.layer(top_layer(e))), "missing-layer"),
    "an index is gone": (lambda e: e.paths.layer_index(top_layer(e)).unlink(), "damaged-layer"),
    "an index is rubbish": (lambda e: e.paths.layer_index(top_layer(e)).write_bytes(b"x" * 100), "damaged-layer"),
    "an index is cut off": (lambda e: os.truncate(e.paths.layer_index(top_layer(e)), 60), "damaged-layer"),
    "a blob of nobody is damaged": (lambda e: e.paths.blob("sha256:" + "0" * 64).write_bytes(b"?"), "damaged-blob"),
    "a volume's data is gone": (lambda e: shutil.rmtree(e.paths.volume("kept")), "missing-volume"),
    "a volume was half made": (lambda e: e.paths.volume_data("half").mkdir(parents=True), "orphan-volume"),
    "a container's directory belongs to nobody": (lambda e: e.paths.container("f" * 64).mkdir(), "orphan-container"),
    "a link points nowhere": (lambda e: (e.paths.layer_links / "x").symlink_to("../layers/no/tree"), "orphan-link"),
}


async def test_a_used_store_is_clean_to_the_last_byte(store: EmbeddedEngine) -> None:
    assert await found(store) == set()


@pytest.mark.parametrize("planted", MENDED)
async def test_damage_is_found_and_mended(store: EmbeddedEngine, planted: str) -> None:
    plant, kind = MENDED[planted]
    plant(store)

    assert kind in {each for each, _ in await found(store)}
    assert (kind, True) in await found(store, mend=True)
    assert await found(store) == set()
    container = await store.containers.get("one")
    await store.containers.start(container.id)
    assert (await store.containers.wait(container.id)).exit_code == 0


@pytest.mark.parametrize(
    "plant",
    [lambda e: blob(e).unlink(), lambda e: flip(blob(e), 20), lambda e: os.truncate(blob(e), 10)],
    ids=["gone", "a byte is another", "cut off"],
)
async def test_a_lost_form_of_a_layer_from_elsewhere_is_told_until_it_is_brought_again(
    store: EmbeddedEngine, plant: Callable[[EmbeddedEngine], object]
) -> None:
    """Its files cannot be packed to the very bytes its makers packed: the image would be another."""
    plant(store)
    assert await found(store) == {("damaged-blob", False)}
    assert await found(store, mend=True) == {("damaged-blob", False)}
    await load(store)
    assert await found(store) == set()
    assert [piece async for piece in store.images.save([IMAGE])]


async def test_a_lost_form_of_a_layer_that_was_made_here_is_packed_again(store: EmbeddedEngine) -> None:
    container = await store.containers.get("one")
    made = await store.images.commit(CommitContainer(container=container.id, reference="localhost/made:1")).result()
    assert [piece async for piece in store.images.save(["localhost/made:1"])]  # it has one from now on
    form = store.paths.blob(store.images.restoring.archives()[store.images.catalogue.resolve(made).diff_ids[-1]])
    form.unlink()
    assert await found(store, mend=True) == {("damaged-blob", True)}
    assert form.exists()
    assert await found(store) == set()


async def test_what_cannot_be_mended_is_named_with_its_price(store: EmbeddedEngine) -> None:
    container = await store.containers.get("one")
    away = store.paths.root / "away"
    store.paths.container(container.id).rename(away)
    assert await found(store, mend=True) == {("missing-container", False)}
    away.rename(store.paths.container(container.id))
    await store.containers.remove(container.id)

    blob(store).unlink()
    flip(tree(store) / "data/hello")
    problems = await store.host.check_store(mend=True, deep=True)
    assert [(each.kind, each.mended) for each in problems] == [("damaged-blob", False), ("damaged-layer", False)]
    assert "data/hello in a layer of localhost/busybox:latest" in problems[1].explanation
    assert "pull the image and mend again" in problems[1].explanation
    await load(store)
    assert await found(store, mend=True) == {("damaged-layer", True)}
    assert await found(store) == set()


@pytest.mark.parametrize("oci", [False, True])
async def test_a_damaged_layer_is_not_saved_as_if_it_were_whole(store: EmbeddedEngine, *, oci: bool) -> None:
    flip(blob(store), blob(store).stat().st_size // 2)
    with pytest.raises(StorageError):
        async for _ in store.images.save([IMAGE], oci=oci):
            pass


async def test_a_volume_with_something_in_it_is_never_taken_away(store: EmbeddedEngine) -> None:
    data = store.paths.volume_data("stranger")
    data.mkdir(parents=True)
    (data / "file").write_text("precious")
    assert await found(store, mend=True) == {("orphan-volume", False)}
    assert (data / "file").read_text() == "precious"
    shutil.rmtree(store.paths.volume("stranger"))


async def test_a_check_while_things_come_and_go_finds_nothing_and_takes_nothing(store: EmbeddedEngine) -> None:
    """Each of them is half there for a moment: a check that mends took such for rubbish, or for damage."""

    async def images() -> None:
        for number in range(12):
            reference = f"localhost/passing:{number}"

            async def stream(number: int = number, reference: str = reference) -> AsyncIterator[bytes]:
                yield busybox_archive(
                    [File("only", os.urandom(200_000)), File("n", b"%d" % number)], reference=reference
                )

            await store.images.load(stream()).result()
            await store.images.remove(reference)

    async def volumes_and_containers() -> None:
        spec = ContainerSpec(image=IMAGE, command=("true",), network="none")
        for number in range(25):
            await store.volumes.create(CreateVolume(name=f"passing-{number}"))
            made = await store.containers.create(CreateContainer(spec=spec))
            await store.containers.start(made.id)
            await store.containers.remove(made.id, force=True)
            await store.volumes.remove(f"passing-{number}")

    work = asyncio.gather(images(), volumes_and_containers())
    seen = []
    while not work.done():
        seen += await store.host.check_store(mend=True, deep=True)
    await work
    assert [(each.kind, each.subject, each.explanation) for each in seen] == []
