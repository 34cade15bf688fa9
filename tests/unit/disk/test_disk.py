"""What takes the space of a store, held against a `du` of the test; and what comes back when it is freed."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from engine.stats.ring import SUFFIX
from engine.types.builds import BuildImage
from engine.types.containers import Mount, State
from engine.types.volumes import CreateVolume
from tests.support.images import File, docker_archive, layer_tar
from tests.support.played_engine import IMAGE, create, start, until_state
from tests.support.stores import ON_DISK, make_short_tmp, remove_tree
from tests.unit.images.test_images_in_memory import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.types.disk import DiskItem, DiskPart, DiskUsage, PartId
    from tests.fakes.machine import MachineInMemory
    from tests.support.stores import ShortTmp

WASTE, OTHER, SHARED = (layer_tar([File(name, name.encode() * 30_000)]) for name in ("waste", "other", "shared"))


@pytest.fixture
def short_tmp() -> Iterator[ShortTmp]:
    """Where a directory takes room, as it does on every disk."""
    made = make_short_tmp(ON_DISK)
    yield made
    remove_tree(made.path)


def du(*paths: Path) -> int:
    """Blocks of these and of all below, each inode once; not of what is mounted in a container."""
    found: dict[int, int] = {}
    for path in paths:
        for folder, folders, files in os.walk(path):
            if folder.endswith("/rootfs"):
                folders.clear()
                continue
            for name in (".", *folders, *files):
                facts = os.lstat(os.path.join(folder, name))
                found[facts.st_ino] = facts.st_blocks * 512
        if path.is_file():
            found[path.stat().st_ino] = path.stat().st_blocks * 512
    return sum(found.values())


@dataclass
class Store:
    engine: EmbeddedEngine
    machine: MachineInMemory
    place: Path

    async def part(self, name: PartId) -> DiskPart:
        return (await self.engine.disk.usage([name])).part(name)

    async def items(self, name: PartId) -> dict[str, DiskItem]:
        return {each.name: each for each in (await self.part(name)).items}

    async def usage(self) -> tuple[DiskUsage, int]:
        """Of a moment in which nothing was written, and what is found then."""
        async with asyncio.timeout(30):
            while True:
                before = du(self.engine.paths.root)
                usage = await self.engine.disk.usage()
                if before == du(self.engine.paths.root):
                    return usage, before

    async def image(self, name: str, *layers: bytes) -> str:
        await load(self.engine, docker_archive(layers, reference=f"localhost/{name}"))
        return (await self.engine.images.get(f"localhost/{name}")).id

    async def build(self, *lines: str, tags: tuple[str, ...] = ()) -> str:
        text = "\n".join(lines)
        asked = BuildImage(context=str(self.place), dockerfile_text=text, network="none", tags=tags)
        return str(await self.engine.builds.build(asked).result())

    def layers_of(self, *images: str) -> list[str]:
        catalogue = self.engine.images.catalogue
        return list(dict.fromkeys(layer for image in images for layer in catalogue.resolve(image).diff_ids))

    def bytes_of(self, *layers: str) -> int:
        """Unpacked, and compressed where that is kept."""
        paths, records = self.engine.paths, self.engine.images.catalogue.layers
        archives = [records[each].archive for each in layers]
        return du(*map(paths.layer, layers), *(paths.blob(each.digest) for each in archives if each))


@pytest.fixture
def store(played_engine: EmbeddedEngine, machine: MachineInMemory, tmp_path: Path) -> Store:
    def write(root: Path, words: list[str]) -> str:
        (root / words[1]).parent.mkdir(parents=True, exist_ok=True)
        (root / words[1]).write_text("x" * int(words[2]))
        return ""

    machine.commands["write"] = write
    return Store(played_engine, machine, tmp_path)


async def test_the_parts_are_all_there_is(store: Store) -> None:
    engine = store.engine
    await store.build(f"FROM {IMAGE}", "RUN write waste 30000", tags=("localhost/waste:1",))
    await engine.volumes.create(CreateVolume(name="used"))
    (engine.paths.volume_data("used") / "f").write_bytes(b"1" * 50_000)
    volume = Mount(kind="volume", source="used", target="/v")
    one = await start(engine, "one", mounts=(volume,))
    (engine.paths.upper(one.id) / "written").write_bytes(b"1" * 70_000)
    (engine.paths.logs(one.id) / "more").write_bytes(b"1" * 9000)
    (engine.paths.log_history / "past").mkdir()
    (engine.paths.log_history / "past/log").write_bytes(b"1" * 11_000)
    (engine.paths.build_contexts / "c").mkdir(parents=True)
    (engine.paths.build_contexts / "c/f").write_bytes(b"1" * 13_000)
    (engine.paths.partial_blobs / "half").write_bytes(b"1" * 17_000)
    (engine.paths.containers / "a-group").mkdir()
    (engine.paths.containers / "a-group/f").write_bytes(b"1" * 19_000)
    (engine.paths.blobs / "sha256" / ("0" * 64)).write_bytes(b"1" * 23_000)
    (engine.paths.root / "whatever").write_bytes(b"1" * 29_000)
    (engine.paths.trash / "gone").mkdir()
    (engine.paths.trash / "gone/f").write_bytes(b"1" * 31_000)

    usage, found = await store.usage()

    # The place where its file system is mounted is an empty directory.
    mounted = engine.paths.rootfs(one.id).lstat().st_blocks * 512
    assert usage.bytes == found - mounted + 4096
    assert [part.id for part in usage.parts] == [
        "images", "build-cache", "logs", "containers", "volumes", "history", "pulls", "store",
    ]  # fmt: skip
    assert usage.part("volumes").bytes == du(engine.paths.volume("used"))
    assert usage.part("logs").bytes == du(engine.paths.logs(one.id)) > 9000
    assert usage.part("pulls").bytes == du(engine.paths.partial_blobs / "half")
    assert 0 < usage.disk_free <= os.statvfs(engine.paths.root).f_bfree * os.statvfs(engine.paths.root).f_frsize
    assert [part.id for part in (await engine.disk.usage(["pulls", "images"])).parts] == ["pulls", "images"]


# --- images ---


async def test_an_image_frees_what_only_it_has_and_all_together_what_they_share(store: Store) -> None:
    engine = store.engine
    one, two = await store.image("one:1", SHARED, WASTE), await store.image("two:1", SHARED, OTHER)
    await engine.images.tag("localhost/one:1", "localhost/also:1")
    await create(engine, "user")

    part = await store.part("images")
    items = {each.id: each for each in part.items}

    shared, waste, other = (store.bytes_of(each) for each in dict.fromkeys(store.layers_of(one, two)))
    used = store.bytes_of(*store.layers_of(IMAGE))
    assert (items[one].bytes, items[two].bytes) == (shared + waste, shared + other)
    assert (items[one].frees, items[two].frees) == (waste, other)
    assert (items[one].name, items[one].held_by) == ("localhost/also:1, localhost/one:1", ())
    (tiny,) = [each for each in part.items if each.name == IMAGE]
    assert (tiny.bytes, tiny.frees, tiny.held_by) == (used, 0, ("user",))
    assert (part.bytes, part.frees, part.with_cache) == (shared + waste + other + used, shared + waste + other, 0)
    assert tiny.used == (await engine.images.get(IMAGE)).pulled
    assert [each.bytes for each in part.items] == sorted((each.bytes for each in part.items), reverse=True)


async def test_an_image_without_a_name_is_called_by_its_id(store: Store) -> None:
    first = await store.image("one:1", WASTE)
    await store.image("one:1", OTHER)
    assert (await store.items("images"))[first.removeprefix("sha256:")[:12]].id == first


async def test_freeing_images_takes_what_no_container_uses(store: Store) -> None:
    engine = store.engine
    await store.image("one:1", WASTE)
    await store.image("two:1", OTHER)
    await create(engine, "user")
    told, before = await store.part("images"), du(engine.paths.layers, engine.paths.blobs)

    freed = await engine.disk.free("images")

    assert freed.bytes == told.frees > 0
    assert before - du(engine.paths.layers, engine.paths.blobs) >= freed.bytes
    assert {tag for each in await engine.images.list() for tag in each.tags} == {IMAGE}
    assert len(freed.ids) == 2


async def test_only_the_chosen_image_goes(store: Store) -> None:
    one = await store.image("one:1", WASTE)
    await store.image("two:1", OTHER)
    told = (await store.items("images"))["localhost/one:1"]

    freed = await store.engine.disk.free("images", [one, "sha256:unknown"])

    assert (freed.ids, freed.bytes) == ((one,), told.frees)
    assert {tag for each in await store.engine.images.list() for tag in each.tags} == {IMAGE, "localhost/two:1"}


async def test_layers_that_the_cache_has_too_come_back_with_it(store: Store) -> None:
    image = await store.build(f"FROM {IMAGE}", "RUN write waste 60000", tags=("localhost/waste:1",))
    await create(store.engine, "user")
    layer = store.layers_of(image)[-1]

    part = await store.part("images")
    item = next(each for each in part.items if each.id == image)

    assert (item.held_by, item.frees) == (("build-cache",), 0)
    assert (part.frees, part.with_cache) == (0, store.bytes_of(layer))
    freed = await store.engine.disk.free("images", with_cache=True)
    assert (freed.ids, freed.bytes) == ((image,), part.with_cache)
    assert layer not in store.engine.layers.diff_ids()


async def test_an_image_goes_and_the_cache_keeps_its_layers(store: Store) -> None:
    image = await store.build(f"FROM {IMAGE}", "RUN write waste 60000", tags=("localhost/waste:1",))
    await create(store.engine, "user")
    layer = store.layers_of(image)[-1]

    freed = await store.engine.disk.free("images", [image])

    assert freed.ids == (image,)
    assert layer in store.engine.layers.diff_ids()
    cache = await store.part("build-cache")
    assert cache.frees == store.bytes_of(layer)


# --- the cache of builds ---


async def test_what_the_cache_frees_is_what_no_image_has(store: Store) -> None:
    engine = store.engine
    kept = await store.build(f"FROM {IMAGE}", "RUN write kept 40000", tags=("localhost/kept:1",))
    idle = await store.build(f"FROM {IMAGE}", "RUN write idle 50000", tags=("localhost/idle:1",))
    layer = store.layers_of(idle)[-1]
    idle_bytes = store.bytes_of(layer)
    await engine.images.remove("localhost/idle:1")
    (engine.paths.build_contexts / "c").mkdir(parents=True)
    (engine.paths.build_contexts / "c/f").write_bytes(b"1" * 13_000)
    (engine.paths.build_contexts / "g").write_bytes(b"1")
    contexts = du(engine.paths.build_contexts)

    part, items = await store.part("build-cache"), await store.items("build-cache")

    kept_item, idle_item = items["RUN /bin/sh -c write kept 40000"], items["RUN /bin/sh -c write idle 50000"]
    assert (kept_item.frees, kept_item.held_by) == (0, ("localhost/kept:1",))
    assert kept_item.bytes == store.bytes_of(store.layers_of(kept)[-1])
    assert (idle_item.bytes, idle_item.frees, idle_item.held_by) == (idle_bytes, idle_bytes, ())
    assert idle_item.used is not None
    assert (items["build-contexts"].bytes, items["build-contexts"].frees) == (contexts, contexts)
    assert part.frees == idle_bytes + contexts
    assert part.bytes == part.frees + du(engine.paths.builds)
    assert [each.bytes for each in part.items] == sorted((each.bytes for each in part.items), reverse=True)

    freed = await engine.disk.free("build-cache", ["build-contexts"])
    assert (freed.ids, freed.bytes) == (("build-contexts",), contexts - du(engine.paths.build_contexts))
    assert not list(engine.paths.build_contexts.iterdir())
    assert layer in engine.layers.diff_ids()

    freed = await engine.disk.free("build-cache")
    assert idle_item.id in freed.ids
    assert freed.bytes == idle_bytes
    assert layer not in engine.layers.diff_ids()
    assert store.layers_of(kept)[-1] in engine.layers.diff_ids()


async def test_a_cache_mount_is_counted_and_freed(store: Store) -> None:
    await store.build(f"FROM {IMAGE}", "RUN --mount=type=cache,target=/c write x 1")
    (mount,) = [each for each in await store.engine.builds.cache() if each.kind == "mount"]
    (store.engine.paths.builds / mount.id / "f").write_bytes(b"1" * 90_000)

    item = (await store.items("build-cache"))["cache mount /c"]
    assert (item.id, item.frees, item.held_by) == (mount.id, item.bytes, ())
    assert item.bytes >= 90_000
    freed = await store.engine.disk.free("build-cache", [mount.id])
    assert freed.ids == (mount.id,)
    assert freed.bytes >= 90_000
    assert not [each for each in await store.engine.builds.cache() if each.kind == "mount"]


# --- containers, logs, volumes ---


async def test_what_a_stopped_container_wrote_comes_back(store: Store) -> None:
    engine = store.engine
    running, stopped = await start(engine, "running"), await start(engine, "stopped")
    never = await create(engine, "never")
    store.machine.end(stopped.id, 0)
    await until_state(engine, stopped.id, State.EXITED)
    for one, size in ((running, 40_000), (stopped, 80_000)):
        (engine.paths.upper(one.id) / "written").write_bytes(b"1" * size)

    part, items = await store.part("containers"), await store.items("containers")

    own = du(engine.paths.container(stopped.id)) - du(engine.paths.logs(stopped.id))
    assert (items["stopped"].bytes, items["stopped"].frees, items["stopped"].held_by) == (own, own, ())
    assert (items["running"].frees, items["running"].held_by) == (0, ("running",))
    assert items["running"].bytes > 40_000
    assert (items["never"].bytes, items["never"].used) == (0, None)
    assert items["stopped"].used == (await engine.containers.get(stopped.id)).started
    assert part.bytes == sum(each.bytes for each in part.items)
    assert part.frees == own
    assert [each.name for each in part.items] == ["stopped", "running", "never"]

    freed = await engine.disk.free("containers", [stopped.id])
    assert (freed.ids, freed.bytes) == ((stopped.id,), own)
    assert {each.name for each in await engine.containers.list()} == {"running", "never"}
    freed = await engine.disk.free("containers")
    assert freed.ids == (never.id,)
    assert {each.name for each in await engine.containers.list()} == {"running"}


async def test_a_long_log_gives_back_all_but_its_end(store: Store) -> None:
    engine = store.engine
    loud, quiet = await start(engine, "loud"), await start(engine, "quiet")
    with engine.paths.log(loud.id).open("ab") as log:
        log.write(b"2026-01-01T00:00:00.000000000+00:00 stdout F a line that says nothing\n" * 40_000)

    part, items = await store.part("logs"), await store.items("logs")
    assert items["loud"].bytes == du(engine.paths.logs(loud.id)) > 2_000_000
    assert items["loud"].frees > 1_000_000
    assert (items["quiet"].bytes, items["quiet"].frees) == (du(engine.paths.logs(quiet.id)), 0)
    assert (part.bytes, part.frees) == (items["loud"].bytes + items["quiet"].bytes, items["loud"].frees)
    freed = await engine.disk.free("logs", [loud.id])
    assert freed.ids == (loud.id,)
    assert freed.bytes == items["loud"].bytes - du(engine.paths.logs(loud.id)) > 1_000_000


async def test_a_volume_that_no_container_has_comes_back(store: Store) -> None:
    engine = store.engine
    for name, size in (("used", 10_000), ("spare", 50_000), ("small", 1)):
        await engine.volumes.create(CreateVolume(name=name))
        (engine.paths.volume_data(name) / "f").write_bytes(b"1" * size)
    for name in ("b", "a"):
        await create(engine, name, mounts=(Mount(kind="volume", source="used", target="/v"),))

    part, items = await store.part("volumes"), await store.items("volumes")
    assert items["used"].bytes == du(engine.paths.volume("used"))
    assert (items["used"].frees, items["used"].held_by) == (0, ("a", "b"))
    assert (items["spare"].frees, items["spare"].held_by) == (du(engine.paths.volume("spare")), ())
    assert part.frees == items["spare"].frees + items["small"].frees
    assert [each.name for each in part.items] == ["spare", "used", "small"]

    freed = await engine.disk.free("volumes")
    assert (set(freed.ids), freed.bytes) == ({"spare", "small"}, part.frees)
    assert [each.name for each in await engine.volumes.list()] == ["used"]


# --- the past, and what never came to be ---


@pytest.mark.parametrize("chosen", ["log:web", "figures:name-web.ring", "build-output", ""])
async def test_each_thing_of_the_past_goes_alone_or_all_together(store: Store, chosen: str) -> None:
    paths = store.engine.paths
    ring = paths.stats / f"name-web{SUFFIX}"
    chosen = chosen.replace(".ring", SUFFIX)
    (paths.log_history / "web").mkdir()
    (paths.log_history / f"web/container.log.{0:016}").write_bytes(b"1" * 20_000)
    ring.write_bytes(b"1" * 30_000)
    (paths.stats / f"living{SUFFIX}").write_bytes(b"1" * 10_000)
    (paths.build_output / "b").mkdir(parents=True)
    (paths.build_output / "b/f").write_bytes(b"1" * 40_000)
    (paths.build_output / "way").symlink_to(store.place)
    (store.place / "mine").touch()
    sizes = {
        "log:web": du(paths.log_history / "web"), f"figures:{ring.name}": du(ring),
        "build-output": du(paths.build_output),
    }  # fmt: skip

    part = await store.part("history")
    assert {each.id: each.bytes for each in part.items} == sizes == {each.id: each.frees for each in part.items}
    assert {each.name for each in part.items} == {"web", ring.name, "build-output"}
    assert part.bytes == du(paths.log_history, paths.stats, paths.build_output)
    assert part.frees == sum(sizes.values())
    assert [each.id for each in part.items] == ["build-output", f"figures:{ring.name}", "log:web"]

    freed = await store.engine.disk.free("history", [chosen] if chosen else [])

    assert set(freed.ids) == ({chosen} if chosen else set(sizes))
    there = {"log:web": (paths.log_history / "web").exists(), f"figures:{ring.name}": ring.exists(),
             "build-output": (paths.build_output / "b").exists()}  # fmt: skip
    assert {each for each, is_there in there.items() if not is_there} == set(freed.ids)
    assert (store.place / "mine").exists()
    assert (paths.stats / f"living{SUFFIX}").exists()


async def test_what_a_pull_left_half_done_comes_back(store: Store) -> None:
    engine = store.engine
    digests = [f"sha256:{digit * 64}" for digit in "ab"]
    for digest, size in zip(digests, (10_000, 50_000), strict=True):
        engine.paths.blob(digest).write_bytes(b"1" * size)
    partial = engine.paths.partial_blob(f"sha256:{'c' * 64}")
    partial.write_bytes(b"1" * 90_000)
    await engine.images._unfinished.begin([*digests, f"sha256:{'c' * 64}"])

    part, items = await store.part("pulls"), await store.items("pulls")
    sizes = [du(engine.paths.blob(each)) for each in digests]
    assert (items["a" * 12].id, items["a" * 12].bytes, items["a" * 12].frees) == (digests[0], sizes[0], sizes[0])
    assert (items["c" * 12].id, items["c" * 12].bytes) == (f"partial:{'c' * 64}", du(partial))
    assert part.bytes == part.frees == sum(sizes) + du(partial)
    assert [each.name[0] for each in part.items] == ["c", "b", "a"]

    freed = await engine.disk.free("pulls", [digests[0]])
    assert (freed.ids, freed.bytes) == ((digests[0],), sizes[0])
    # What was not chosen is still there for the pull that goes on.
    assert {each.name[0] for each in (await store.part("pulls")).items} == {"c", "b"}
    assert engine.images.unfinished_blobs() == {digests[1]}

    freed = await engine.disk.free("pulls")
    assert freed.bytes == part.bytes - sizes[0]
    assert not (await store.part("pulls")).items
    assert not partial.exists()


async def test_the_rest_of_the_store_frees_nothing(store: Store) -> None:
    part = await store.part("store")
    assert (part.frees, part.items) == (0, ())
    assert part.bytes > du(store.engine.paths.database)
    assert not (await store.engine.disk.free("store")).ids
