"""What takes the space of a store: sums that `du` agrees with, and freeing what is really free."""

from __future__ import annotations

import asyncio
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from engine.types.containers import ContainerSpec, CreateContainer, Mount
from engine.types.logs import ReadLogs
from engine.types.volumes import CreateVolume
from tests.system.builder.conftest import BASE

if TYPE_CHECKING:
    from tests.system.builder.conftest import Builder

pytestmark = [pytest.mark.system, pytest.mark.also_as_root]
LINES = 40_000


def du(engine: Any) -> int:
    """Blocks below the store, as the namespace's root sees its files, and without what is mounted in the keeper's."""
    root = str(engine.paths.root)
    enter = [] if os.geteuid() == 0 else ["nsenter", "--preserve-credentials", "--user", "-t", str(engine.keeper.pid)]
    done = subprocess.run([*enter, "du", "-s", "--block-size=1", root], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0])


async def lines_of(engine: Any, container: str) -> list[str]:
    return [line.text async for batch in engine.logs.read(container, ReadLogs()) for line in batch]


@pytest.fixture
async def furnished(builder: Builder) -> Any:
    """Two images and a third unused one, a cache, a loud container that runs, one that does not, volumes."""
    engine = builder.engine
    await builder.build(f"FROM {BASE}\nRUN head -c 3000000 /dev/urandom > /waste", tags=("localhost/waste:1",))
    await builder.build(f"FROM {BASE}\nRUN --mount=type=cache,target=/c head -c 900000 /dev/urandom > /c/x", tags=())
    await engine.volumes.create(CreateVolume(name="used"))
    await engine.volumes.create(CreateVolume(name="spare"))
    loud = ContainerSpec(
        image=BASE,
        command=("sh", "-c", f"head -c 700000 /dev/urandom > /v/x; seq -w {LINES}; seq -w {LINES} 1>&2; sleep 1000"),
        mounts=(Mount(kind="volume", source="used", target="/v"),),
    )
    one = await engine.containers.create(CreateContainer(spec=loud, name="loud"))
    await engine.containers.start(one.id)
    quiet = ContainerSpec(image=BASE, command=("sh", "-c", "head -c 500000 /dev/urandom > /x"))
    two = await engine.containers.create(CreateContainer(spec=quiet, name="quiet"))
    await engine.containers.start(two.id)
    await engine.containers.wait(two.id)
    await engine.containers.create(CreateContainer(spec=quiet, name="never-ran"))
    async with asyncio.timeout(60):
        while len(await lines_of(engine, "loud")) < 2 * LINES:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return engine


async def test_the_parts_add_up_to_what_du_finds(furnished: Any) -> None:
    usage = await furnished.disk.usage()
    found = du(furnished)
    assert abs(usage.bytes - found) <= found * 0.01, {part.id: part.bytes for part in usage.parts}
    assert usage.part("build-cache").bytes > 900_000
    assert usage.part("logs").bytes > 2 * LINES * 40
    assert usage.part("volumes").bytes > 700_000
    assert usage.part("containers").bytes > 500_000


async def test_freeing_everything_gives_back_what_was_told(furnished: Any) -> None:
    """The page said 0 B of logs and cache, and could free an image's 0 B because the cache held its layers."""
    for part in ("build-cache", "logs", "containers", "volumes", "history", "pulls"):
        told = (await furnished.disk.usage([part])).part(part)
        before = du(furnished)
        freed = await furnished.disk.free(part)
        assert abs(freed.bytes - told.frees) <= max(64 << 10, told.frees * 0.05), (part, freed, told)
        # What a removed container leaves (its log, its figures) goes to the history.
        assert before - du(furnished) >= freed.bytes * 0.8 - (1 << 20), part
    usage = await furnished.disk.usage()
    assert abs(usage.bytes - du(furnished)) <= usage.bytes * 0.01
    assert {volume.name for volume in await furnished.volumes.list()} == {"used"}
    assert {one.name for one in await furnished.containers.list()} == {"loud"}


async def test_an_image_whose_layers_the_cache_holds_says_so_and_goes_with_them(furnished: Any) -> None:
    images = (await furnished.disk.usage(["images"])).part("images")
    waste = next(item for item in images.items if item.name == "localhost/waste:1")
    assert waste.held_by == ("build-cache",)
    assert waste.frees < 3_000_000 < images.with_cache
    before = du(furnished)
    freed = await furnished.disk.free("images", with_cache=True)
    assert freed.bytes == images.frees + images.with_cache
    assert before - du(furnished) >= freed.bytes - (1 << 20)  # the database's journal grows meanwhile
    assert [image.tags for image in await furnished.images.list()] == [(BASE,)]


async def test_a_shortened_log_keeps_its_last_lines_and_goes_on(furnished: Any) -> None:
    before = await lines_of(furnished, "loud")
    summary = await furnished.logs.summary("loud")
    (item,) = [one for one in (await furnished.disk.usage(["logs"])).part("logs").items if one.name == "loud"]
    freed = await furnished.disk.free("logs", [item.id])
    assert freed.bytes > item.bytes / 2
    after = await lines_of(furnished, "loud")
    assert 0 < len(after) < len(before)
    assert after == before[-len(after) :]
    shorter = await furnished.logs.summary("loud")
    assert shorter.first_number + shorter.lines == summary.first_number + summary.lines
    session = furnished.containers
    assert (await session.get("loud")).state.value == "running"
