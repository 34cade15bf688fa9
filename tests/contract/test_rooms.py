"""What every engine promises of images, volumes, networks, logs, figures, files, operations and the host."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, RegistryError
from engine.types.containers import ContainerSpec, CreateContainer
from engine.types.disk import PART_IDS
from engine.types.events import Change
from engine.types.files import Place
from engine.types.images import FileKind, PullImage
from engine.types.logs import ReadLogs
from engine.types.networks import CreateNetwork
from engine.types.operations import OperationState
from engine.types.volumes import CreateVolume

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.facade import Engine
    from engine.types.containers import Container

SECONDS = 10


@pytest.fixture
async def running(any_engine: Engine, demo: str) -> Container:
    one = await any_engine.containers.create(CreateContainer(spec=ContainerSpec(image=demo), name="subject"))
    return await any_engine.containers.start(one.id)


async def first(source: AsyncIterator[Any]) -> Any:
    async with asyncio.timeout(SECONDS), aclosing(source) as items:  # type: ignore[type-var]
        async for item in items:
            if item:
                return item
    return None


# --- the bus ---


async def test_watch_starts_with_everything_and_goes_on(any_engine: Engine, demo: str) -> None:
    async with any_engine.watch() as subscription:
        before = subscription.snapshot
        assert [image.tags for image in before.images] == [(demo,)]
        changes = aiter(subscription)
        await any_engine.volumes.create(CreateVolume(name="seen"))
        async with asyncio.timeout(SECONDS):
            while True:
                change = await anext(changes)
                assert isinstance(change, Change)
                assert change.revision > before.revision
                if change.kind == "volume" and change.id == "seen":
                    break
        assert change.value is not None


async def test_the_event_log_remembers(any_engine: Engine, running: Container) -> None:
    actions = [event.action for event in await any_engine.event_log() if event.id == running.id]
    assert actions[:2] == ["create", "start"]


# --- images ---


async def test_a_tag_moves_and_the_last_one_frees(any_engine: Engine, demo: str) -> None:
    tagged = await any_engine.images.tag(demo, "localhost/other:1")
    assert set(tagged.tags) == {demo, "localhost/other:1"}
    assert (await any_engine.images.remove("localhost/other:1")).untagged == ("localhost/other:1",)
    removed = await any_engine.images.remove(demo)
    assert removed.deleted
    assert await any_engine.images.list() == []


async def test_an_image_in_use_stays(any_engine: Engine, demo: str, running: Container) -> None:
    with pytest.raises(Conflict) as caught:
        await any_engine.images.remove(demo)
    assert caught.value.code is Code.IN_USE
    image = await any_engine.images.get(demo)
    assert image.used_by == (running.id,)


async def test_a_failed_pull_is_an_operation_with_its_cause(any_engine: Engine) -> None:
    handle = any_engine.images.pull(PullImage(reference="localhost:1/missing/thing:1"))
    with pytest.raises(RegistryError):
        await handle.result()
    kept = await any_engine.operations.get(handle.id)
    assert kept.state is OperationState.FAILED
    assert kept.failure is not None
    assert kept.failure.code


async def test_the_layer_index_answers(any_engine: Engine, demo: str) -> None:
    report = await any_engine.images.layer_report(demo)
    assert report.layers
    assert report.total_size == sum(layer.size for layer in report.layers)
    top = await any_engine.images.tree(demo)
    assert any(node.entry.kind is FileKind.DIRECTORY for node in top)
    largest = await any_engine.images.largest(demo)
    sizes = [node.tree_size for node in largest]
    assert sizes == sorted(sizes, reverse=True)
    with pytest.raises(NotFound):
        await any_engine.images.tree(demo, "/no/such/place")


# --- volumes and networks ---


@pytest.mark.parametrize("name", ["../x", "a/b", "-a", "a" * 201])
async def test_a_volume_cannot_be_called_by_what_is_no_name(any_engine: Engine, name: str) -> None:
    with pytest.raises(InvalidRequest, match="name for a volume"):
        await any_engine.volumes.create(CreateVolume(name=name))


async def test_volumes(any_engine: Engine) -> None:
    made = await any_engine.volumes.create(CreateVolume(name="data", labels={"a": "b"}))
    assert made.name == "data"
    assert not made.anonymous
    assert (await any_engine.volumes.rename("data", "moved")).name == "moved"
    assert (await any_engine.volumes.measure("moved")).size is not None
    assert (await any_engine.volumes.remove("moved")).ids == ("moved",)
    with pytest.raises(NotFound):
        await any_engine.volumes.get("moved")


async def test_networks(any_engine: Engine) -> None:
    made = await any_engine.networks.create(CreateNetwork(name="shop"))
    assert made.subnet
    with pytest.raises(Conflict):
        await any_engine.networks.create(CreateNetwork(name="shop"))
    await any_engine.networks.remove("shop")
    assert "shop" not in {network.name for network in await any_engine.networks.list()}


# --- watching ---


async def test_the_log_has_numbered_lines_in_order(any_engine: Engine, running: Container) -> None:
    lines = await first(any_engine.logs.read(running.id, ReadLogs(follow=True)))
    numbers = [line.number for line in lines]
    assert numbers == sorted(numbers)
    assert numbers[0] == 0
    assert all("\n" not in line.text for line in lines)
    assert (await any_engine.logs.summary(running.id)).lines >= 1


async def test_figures_flow(any_engine: Engine, running: Container) -> None:
    sample = await any_engine.stats.sample(running.id)
    assert sample.container_id == running.id
    assert abs(sample.time_ns - time.time_ns()) < SECONDS * 10**9
    rates = await first(any_engine.stats.watch([running.id], interval=0.2))
    assert rates[0].container_id == running.id
    host = await any_engine.stats.host()
    assert 0 < host.memory_used < host.memory_total


async def test_processes_of_a_running_container(any_engine: Engine, running: Container) -> None:
    processes = await any_engine.containers.processes(running.id)
    assert any(process.pid == running.pid for process in processes)


# --- files ---


async def test_files_are_written_read_renamed_and_removed(any_engine: Engine, running: Container) -> None:
    place, files = Place(kind="container", id=running.id), any_engine.files
    await files.make_directory(place, "/tmp/box")
    await files.write(place, "/tmp/box/a.txt", b"hello")
    assert await files.read(place, "/tmp/box/a.txt") == b"hello"
    assert await files.read(place, "/tmp/box/a.txt", offset=1, limit=3) == b"ell"
    assert [entry.name for entry in await files.list(place, "/tmp/box")] == ["a.txt"]
    assert (await files.stat(place, "/tmp/box/a.txt")).size == 5
    await files.rename(place, "/tmp/box/a.txt", "/tmp/box/b.txt")
    with pytest.raises(NotFound):
        await files.read(place, "/tmp/box/a.txt")
    await files.remove(place, "/tmp/box")
    with pytest.raises(NotFound):
        await files.list(place, "/tmp/box")


# --- the host ---


async def test_the_host_tells_itself(any_engine: Engine) -> None:
    facts = await any_engine.host.facts()
    assert facts.version
    assert facts.cgroup_mode in {"v2", "v1", "hybrid", "none"}
    assert (await any_engine.host.report()).checks
    settings = await any_engine.host.settings()
    await any_engine.host.change_settings(settings)


# --- the disk ---


async def test_the_disk_is_told_in_parts_that_say_what_they_free(any_engine: Engine, running: Container) -> None:
    await any_engine.volumes.create(CreateVolume(name="spare"))
    usage = await any_engine.disk.usage()
    assert [part.id for part in usage.parts] == list(PART_IDS)
    assert usage.bytes == sum(part.bytes for part in usage.parts) > 0
    assert usage.disk_free > 0
    (image,) = usage.part("images").items
    assert (image.frees, image.held_by) == (0, ("subject",))
    (container,) = usage.part("containers").items
    assert (container.id, container.frees, container.held_by) == (running.id, 0, ("running",))
    volumes = {item.id: item.held_by for item in usage.part("volumes").items}
    assert volumes.pop("spare") == ()
    assert set(volumes.values()) <= {("subject",)}
    assert [part.id for part in (await any_engine.disk.usage(["volumes"])).parts] == ["volumes"]


async def test_what_is_held_is_not_freed_and_the_rest_is(any_engine: Engine, running: Container) -> None:
    await any_engine.volumes.create(CreateVolume(name="spare"))
    before = (await any_engine.disk.usage(["volumes"])).part("volumes")
    freed = await any_engine.disk.free("volumes")
    assert (freed.ids, freed.bytes) == (("spare",), before.frees)
    assert (await any_engine.disk.free("containers")).ids == ()
    assert (await any_engine.disk.free("images")).ids == ()
    assert [one.id for one in await any_engine.containers.list()] == [running.id]
    await any_engine.containers.stop(running.id, timeout=1)
    told = (await any_engine.disk.usage(["containers"])).part("containers").frees
    freed = await any_engine.disk.free("containers")
    assert (freed.ids, freed.bytes) == ((running.id,), told)
    told = (await any_engine.disk.usage(["images"])).part("images").frees
    assert (await any_engine.disk.free("images")).bytes == told > 0
    assert await any_engine.images.list() == []
