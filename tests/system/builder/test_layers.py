"""What lies in one layer and what the next ones make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from engine.types.containers import ContainerSpec, CreateContainer
from engine.types.images import CommitContainer, TreeChange
from tests.support.images import File, busybox_layer, directory, docker_archive, layer_tar
from tests.system.builder.conftest import BASE, Builder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.facade import Engine

FROM = f"FROM {BASE}\n"
Driver = Literal["", "overlay", "fuse-overlayfs"]


async def names(builder: Builder, image: str, path: str) -> set[str]:
    return {each.removeprefix(f"{path}/") for each in await builder.files(image, path)}


async def run(engine: Engine, image: str, script: str, driver: Driver = "") -> str:
    """The id of a container that ran a script to its end."""
    spec = ContainerSpec(image=image, command=("sh", "-euc", script), driver=driver)
    made = await engine.containers.create(CreateContainer(spec=spec))
    await engine.containers.start(made.id)
    assert (await engine.containers.wait(made.id)).exit_code == 0
    return made.id


async def load(engine: Engine, archive: bytes) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield archive

    await engine.images.load(stream()).result()


async def test_a_directory_deleted_and_made_again_keeps_what_later_steps_add_and_find(builder: Builder) -> None:
    built = await builder.build(
        FROM
        + "RUN mkdir /d && touch /d/f1\nRUN rm -rf /d && mkdir /d && touch /d/f2\nRUN touch /d/f3\nRUN ls /d > /found\n"
    )
    assert (await builder.read(built.image_id, "/found")).split() == ["f2", "f3"]
    assert await names(builder, built.image_id, "/d") == {"f2", "f3"}


@pytest.mark.parametrize("driver", ["overlay", "fuse-overlayfs"])
async def test_a_directory_deleted_and_made_again_survives_commits(builder: Builder, driver: Driver) -> None:
    image = BASE
    for number, script in enumerate(("mkdir /d; touch /d/f1", "rm -rf /d; mkdir /d; touch /d/f2", "touch /d/f3")):
        container = await run(builder.engine, image, script, driver)
        image = f"localhost/step:{number}"
        await builder.engine.images.commit(CommitContainer(container=container, reference=image)).result()
        await builder.engine.containers.remove(container)
    assert await names(builder, image, "/d") == {"f2", "f3"}


async def test_a_file_that_is_called_like_a_mark_takes_nothing_away(builder: Builder) -> None:
    built = await builder.build(
        FROM + "RUN mkdir /d && touch /d/kept\nRUN touch /d/.wh.kept /d/new\nCOPY . /d\nRUN ls -A /d > /found\n",
        {".wh.kept": "x", "copied": "y"},
    )
    assert (await builder.read(built.image_id, "/found")).split() == ["copied", "kept", "new"]
    assert any("left out" in line and ".wh.kept" in line for line in built.lines)


async def test_an_image_that_has_the_same_layer_twice_runs(builder: Builder) -> None:
    built = await builder.build(
        FROM + "COPY a /x\nCOPY a /x\nRUN true\nRUN true\nRUN true\nRUN cat /x > /y\n", {"a": "1"}
    )
    assert await builder.read(built.image_id, "/y") == "1"
    await builder.engine.containers.remove(await run(builder.engine, built.image_id, "cat /x"))


@pytest.mark.parametrize("driver", ["overlay", "fuse-overlayfs"])
async def test_an_image_with_several_empty_layers_runs_and_is_saved_whole(engine: Engine, driver: Driver) -> None:
    empty = layer_tar([])
    one = layer_tar([directory("d"), File("d/one", b"1")])
    other = layer_tar([File("d/.wh.one"), File("d/other", b"2")])
    layers = [busybox_layer(), empty, one, empty, other, one, empty]
    await load(engine, docker_archive(layers, reference="localhost/same:1"))

    container = await run(
        engine, "localhost/same:1", "test -e /d/one; test -e /d/other; rm /d/other; echo 3 > /d/new", driver
    )
    await engine.images.commit(CommitContainer(container=container, reference="localhost/same:2")).result()
    await engine.containers.remove(container)
    image = await engine.images.get("localhost/same:2")
    gone = TreeChange.REMOVED
    found = {node.entry.path for node in await engine.images.tree(image.id, "/d") if node.change is not gone}
    report = await engine.images.layer_report("localhost/same:1")

    assert len(image.layers) == len(layers) + 1, "the manifest keeps all"
    assert found == {"/d/one", "/d/new"}
    assert len(report.layers) == len(layers)
    saved = [piece async for piece in engine.images.save(["localhost/same:2"])]
    await engine.images.remove("localhost/same:2", force=True)
    await load(engine, b"".join(saved))
    assert (await engine.images.get("localhost/same:2")).layers == image.layers
    await engine.containers.remove(await run(engine, "localhost/same:2", "test -e /d/new", driver))
