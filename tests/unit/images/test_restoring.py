"""What a power cut took of the layers: made anew from the compressed form, or told that it is gone."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, WherryError
from engine.types.operations import OperationState
from tests.support.images import File, docker_archive, layer_tar
from tests.support.played_engine import IMAGE
from tests.unit.images.test_images_in_memory import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.embedded import EmbeddedEngine
    from engine.types.operations import Operation
    from tests.support.played_engine import PlayedStore

A, B = (layer_tar([File(name, name.encode() * 100)]) for name in "ab")


async def mended(engine: EmbeddedEngine) -> list[Operation]:
    """Once they have ended."""
    async with asyncio.timeout(20), engine.watch() as changes:
        while True:
            found = [each for each in await engine.operations.list() if each.kind == "mend"]
            if all(each.ended for each in found):
                return found
            await anext(aiter(changes))


@pytest.mark.parametrize(("gone", "title"), [(1, "Restore a lost layer"), (2, "Restore 2 lost layers")])
async def test_layers_that_are_lost_are_made_anew_at_the_start(played: PlayedStore, gone: int, title: str) -> None:
    async with played.engine() as engine:
        await load(engine, docker_archive([A, B], reference="localhost/two:1"))
        await engine.images.tag("localhost/two:1", "localhost/also:1")
        for diff_id in (await engine.images.get("localhost/two:1")).layers[:gone]:
            shutil.rmtree(engine.paths.layer(diff_id))

    async with played.engine() as engine:
        (told,) = await mended(engine)
        assert (told.state, told.title, told.subject) == (
            OperationState.SUCCEEDED, title, "localhost/also:1, localhost/two:1",
        )  # fmt: skip
        assert not told.cancellable
        assert await engine.images.read_file("localhost/two:1", "/a") == b"a" * 100
        assert await engine.images.read_file("localhost/two:1", "/b") == b"b" * 100
        assert engine.images.restoring.lost() == []


async def test_where_nothing_is_lost_nothing_is_told(played: PlayedStore) -> None:
    async with played.engine() as engine:
        assert engine.images.restoring.lost() == []
    async with played.engine() as engine:
        assert await mended(engine) == []


async def test_what_is_kept_in_no_other_form_is_not_made_anew(played: PlayedStore) -> None:
    async with played.engine() as engine:
        await load(engine, docker_archive([A], reference="localhost/one:1"))
        (diff_id,) = (await engine.images.get("localhost/one:1")).layers
        archive = engine.images.restoring.archives()[diff_id]
        shutil.rmtree(engine.paths.layer(diff_id))
        assert engine.images.restoring.lost() == [diff_id]
        engine.paths.blob(archive).unlink()
        assert engine.images.restoring.lost() == []


async def test_only_what_an_image_has_is_lost(played_engine: EmbeddedEngine) -> None:
    (diff_id,) = (await played_engine.images.get(IMAGE)).layers
    assert set(played_engine.images.restoring.archives()) == {diff_id}
    shutil.rmtree(played_engine.paths.layer(diff_id))
    await played_engine.images.remove(IMAGE)
    assert played_engine.images.restoring.lost() == []


async def test_images_whose_layers_are_gone_for_good_are_told(
    played: PlayedStore, expect_log: Callable[[str], None]
) -> None:
    """What was built has no compressed form before it is wanted."""
    async with played.engine() as engine:
        await load(engine, docker_archive([A], reference="localhost/one:1"))
        (diff_id,) = (await engine.images.get("localhost/one:1")).layers
        records = engine.images.catalogue.layers
        import msgspec

        await engine.images.catalogue.put_layers([msgspec.structs.replace(records[diff_id], archive=None)])
        tree, mark = engine.paths.layer_tree(diff_id), engine.paths.layer_mark(diff_id)
    mark.write_text("another boot")
    (tree / "a").write_bytes(b"")
    expect_log("did not survive a power cut")

    async with played.engine() as engine:
        (told,) = [each for each in await mended(engine) if each.title == "Restore lost layers"]
        assert told.failure is not None
        assert (told.failure.code, told.failure.subject, told.subject) == (
            Code.CORRUPT, "localhost/one:1", "localhost/one:1",
        )  # fmt: skip
        assert not told.cancellable


async def test_a_compressed_form_is_packed_again_from_the_files(played_engine: EmbeddedEngine) -> None:
    await load(played_engine, docker_archive([A], reference="localhost/one:1"))
    (diff_id,) = (await played_engine.images.get("localhost/one:1")).layers
    restoring = played_engine.images.restoring
    before = restoring.archives()[diff_id]
    played_engine.paths.blob(before).write_bytes(b"damaged")
    with pytest.raises(WherryError) as caught:
        await restoring.pack_again(diff_id)
    # Another tar than ours: only a pull or a load brings the very bytes.
    assert caught.value.code is Code.CORRUPT
    assert not played_engine.paths.blob(before).exists()
    assert restoring.archives()[diff_id] == before
