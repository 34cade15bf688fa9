"""A store on a file system that is full: typed errors, nothing lost, and all well again once there is room.

Only a mount of one's own can be made small without privileges, so the engine runs as root of a user namespace whose
mount namespace has a tmpfs of a few megabytes: the script below, in a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.embedded import open_engine
from engine.errors import Code, StorageError
from engine.state.database import Database
from engine.storage.reserve import Reserve
from engine.types.containers import ContainerSpec, CreateContainer, Mount, RestartPolicy, State
from engine.types.images import CommitContainer, PullImage
from engine.types.networks import CreateNetwork
from engine.types.volumes import CreateVolume
from tests.support.images import File, busybox_archive
from tests.system.containers.conftest import BUSYBOX, create, load_busybox, read_log, run, until
from tests.system.images.test_pull import put_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from engine.embedded import EmbeddedEngine
    from tests.support.registry import Registry
    from tests.support.stores import ShortTmp

STORE_BYTES = 16 << 20
INODES = 2000
MIB = 1 << 20


@pytest.mark.parametrize("lacking", ["bytes", "inodes"])
async def test_a_full_disk(
    short_tmp: ShortTmp, make_short_tmp: Callable[[], ShortTmp], shared_registry: Registry, lacking: str
) -> None:
    too_big = f"{shared_registry.host}/too/big:latest"
    await put_in(shared_registry, make_short_tmp(), too_big, busybox_archive([File("big", os.urandom(STORE_BYTES))]))
    store = short_tmp.path / "small"
    store.mkdir()
    size = f"size={STORE_BYTES}" + (f",nr_inodes={INODES}" if lacking == "inodes" else "")
    mount = f"mount -t tmpfs -o {size},mode=711 small"
    script = mount + ' "$1" && exec "$2" -m tests.system.containers.test_full_disk "$1" "$3" "$4" "$5"'
    done = await asyncio.to_thread(
        subprocess.run,
        ["unshare", "--user", "--map-root-user", "--map-auto", "--mount",
         "sh", "-c", script, "sh", str(store), sys.executable, str(short_tmp.run), too_big, lacking],
        capture_output=True, text=True, timeout=100, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    assert done.stdout.split() == [each.__name__ for each in SCENES[lacking]]


# --- inside ---


class Disk:
    """The small file system and a file that fills it."""

    def __init__(self, place: Path, too_big: str) -> None:
        self._filler = place / "filler"
        self.too_big = too_big
        """An image in a registry that does not fit."""

    def fill(self, leave: int = 0) -> None:
        """All but so many bytes, also while others go on writing."""
        self.clear()
        size = 0
        with open(self._filler, "wb") as file:
            while (free := self._free() - leave) > 0:
                with contextlib.suppress(OSError):  # somebody was quicker
                    os.posix_fallocate(file.fileno(), size, free)
                    size += free

    def _free(self) -> int:
        place = os.statvfs(self._filler.parent)
        return place.f_bavail * place.f_frsize

    def clear(self) -> None:
        self._filler.unlink(missing_ok=True)


class Inodes(Disk):
    """The same, with room for bytes and for no more files."""

    def fill(self, leave: int = 0) -> None:
        self.clear()
        files = self._filler.with_suffix(".files")
        files.mkdir()
        for number in range(INODES):
            with contextlib.suppress(OSError):
                (files / str(number)).touch()

    def clear(self) -> None:
        shutil.rmtree(self._filler.with_suffix(".files"), ignore_errors=True)


async def refused(awaitable: Awaitable[object]) -> None:
    with pytest.raises(StorageError) as caught:
        await awaitable
    must_be_full(caught.value)


def must_be_full(error: StorageError) -> None:
    assert error.code is Code.DISK_FULL, f"{error} {error.details}"
    assert "full" in error.title, error.title


async def load_big(engine: EmbeddedEngine) -> object:
    async def stream() -> AsyncIterator[bytes]:
        archive = busybox_archive([File("big", os.urandom(STORE_BYTES))])
        for start in range(0, len(archive), MIB):
            yield archive[start : start + MIB]

    return await engine.images.load(stream()).result()


async def loading(engine: EmbeddedEngine, disk: Disk) -> None:
    """An image that does not fit leaves nothing behind."""
    await refused(load_big(engine))
    assert [image.tags for image in await engine.images.list()] == [(BUSYBOX,)]
    disk.fill(leave=6 * MIB)  # what the archive took is free again


async def pulling(engine: EmbeddedEngine, disk: Disk) -> None:
    """The same for one that is pulled: what was fetched of it does not keep the disk full."""
    free = os.statvfs(engine.paths.root).f_bavail
    await refused(engine.images.pull(PullImage(reference=disk.too_big)).result())
    assert [image.tags for image in await engine.images.list()] == [(BUSYBOX,)]
    await until(lambda: os.statvfs(engine.paths.root).f_bavail > free * 0.8)  # deleted behind us


async def creating_and_starting(engine: EmbeddedEngine, disk: Disk) -> None:
    """Refused while it is full, as it was before afterwards; what runs goes on and can be stopped."""
    spec = ContainerSpec(image=BUSYBOX, command=("sleep", "1000"), network="none", stop_timeout=0.1)
    runs = await run(engine, name="runs")
    rests = await create(engine, name="rests")
    disk.fill()
    for number in range(200):  # the database has some room of its own left
        try:
            await engine.containers.create(CreateContainer(spec=spec, name=f"more-{number}"))
        except StorageError as error:
            must_be_full(error)
            break
    else:
        raise AssertionError("two hundred rows fitted into nothing")
    await refused(engine.containers.start(rests.id))
    assert (await engine.containers.get("rests")).state is State.CREATED
    assert (await engine.containers.get("runs")).pid == runs.pid
    disk.clear()
    assert (await engine.containers.start("rests")).state is State.RUNNING
    assert (await engine.containers.stop("rests")).state is State.EXITED
    await engine.containers.remove("rests")
    for container in await engine.containers.list():
        await engine.containers.remove(container.id, force=True)


async def ending(engine: EmbeddedEngine, disk: Disk) -> None:
    """What can be written down nowhere ends all the same, is said to have ended, and can be taken away."""
    for name in ("stopped", "killed", "died", "forced"):
        await run(engine, name=name)
    disk.fill()
    assert (await engine.containers.stop("stopped")).state is State.EXITED
    assert (await engine.containers.kill("killed")).state is State.EXITED
    os.kill((await engine.containers.get("died")).pid, signal.SIGKILL)
    assert (await engine.containers.wait("died")).exit_code == 137
    disk.clear()
    await engine.containers.remove("forced", force=True)
    for name in ("stopped", "killed", "died"):
        await engine.containers.remove(name)


async def deleting(engine: EmbeddedEngine, disk: Disk) -> None:
    """With no byte free, and nothing left in the database's own room: all kinds of things can still be taken away."""
    await engine.networks.create(CreateNetwork(name="lane"))
    for name in ("runs", "rests", "pruned"):
        await run(engine, name=name, network="lane", mounts=(Mount(kind="volume", target="/own"),))
    for name in ("rests", "pruned"):
        await engine.containers.stop(name)
    await engine.volumes.create(CreateVolume(name="lone"))
    made = CommitContainer(container="rests", reference="localhost/made:1")
    await engine.images.commit(made).result()
    disk.fill()
    await use_up_the_database(engine, disk)
    await engine.containers.remove("runs", force=True, volumes=True)
    disk.fill()
    await engine.containers.remove("rests", volumes=True)
    assert [each.name for each in await engine.containers.list()] == ["pruned"]
    assert len((await engine.containers.prune()).ids) == 1
    await engine.images.remove("localhost/made:1")
    await engine.volumes.remove("lone")
    await engine.volumes.prune(all_unused=True)
    await engine.networks.remove("lane")
    await engine.builds.prune_cache(all_unused=True)
    disk.clear()
    assert (await engine.containers.list(), await engine.volumes.list()) == ([], [])
    assert [image.tags for image in await engine.images.list()] == [(BUSYBOX,)]


async def use_up_the_database(engine: EmbeddedEngine, disk: Disk) -> None:
    """It has some pages of its own left, in which rows fit though the disk is full."""
    for number in range(2000):
        try:
            await engine.volumes.create(CreateVolume(name=f"row-{number}", labels={"text": "x" * 2000}))
        except StorageError as error:
            must_be_full(error)
            return
        disk.fill()
    raise AssertionError("two thousand rows fitted into nothing")


async def opening(engine: EmbeddedEngine, disk: Disk) -> None:
    """An engine must come up on a full disk, for who else is to clear it?"""
    rows = engine.paths.database.with_name("another.db")  # the store's own is open already
    database = await Database.open(rows)
    await database.close()
    disk.fill()
    database = await Database.open(rows, Reserve(engine.paths.reserve).release)
    await database.close()
    disk.clear()


async def healing(engine: EmbeddedEngine, disk: Disk) -> None:
    """Restarts that failed for want of room go on by themselves when there is some again."""
    container = await run(engine, "sh", "-c", "echo up; exec sleep 1000", restart=RestartPolicy(name="always"))
    entry = engine.containers.book.find(container.id)
    disk.fill()
    await use_up_the_database(engine, disk)
    os.kill(container.pid, signal.SIGKILL)
    await until(lambda: entry.state is State.RESTARTING and entry.record.failures > 2)
    disk.clear()
    await until(lambda: entry.state is State.RUNNING)
    await engine.containers.remove(container.id, force=True)
    await engine.volumes.prune(all_unused=True)


async def logging_(engine: EmbeddedEngine, disk: Disk) -> None:
    """A service fills the disk with its files and its log: it can be ended and removed, and that makes room."""
    del disk
    await run(engine, name="neighbour")
    script = "dd if=/dev/zero of=/fill bs=64k 2>/dev/null; while :; do echo line; done"
    container = await run(engine, "sh", "-c", script, name="filler")
    await until(lambda: os.statvfs(engine.paths.root).f_bavail == 0)
    neighbour = engine.containers.book.find("neighbour")
    assert neighbour.state is State.RUNNING
    await engine.containers.remove(container.id, force=True)
    await until(lambda: os.statvfs(engine.paths.root).f_bavail > 0)
    assert "filler" not in engine.containers.book.names
    await engine.containers.remove("neighbour", force=True)


async def talking(engine: EmbeddedEngine, disk: Disk) -> None:
    """A service that talks while nobody can write it down goes on, and so does its log when there is room again."""
    script = "n=0; while :; do n=$((n+1)); echo tick $n " + "x" * 300 + "; sleep 0.005; done"
    talker = await run(engine, "sh", "-c", script, name="talker")
    await until(lambda: "tick 3" in read_log(engine, talker.id))
    disk.fill()
    await until(lambda: os.statvfs(engine.paths.root).f_bavail == 0)
    before = len(await ticks(engine, talker.id))
    await asyncio.sleep(0.3)
    disk.clear()
    log = engine.paths.log(talker.id)
    size = log.stat().st_size
    await until(lambda: log.stat().st_size > size + 4096 or not engine.containers.book.find(talker.id).alive)
    said = await ticks(engine, talker.id)
    assert (await engine.containers.get(talker.id)).state is State.RUNNING
    assert len(said) > before
    assert said[:3] == [1, 2, 3]
    assert said == sorted(set(said)), said
    await engine.containers.remove(talker.id, force=True)


async def ticks(engine: EmbeddedEngine, container_id: str) -> list[int]:
    lines = [line.text for batch in [each async for each in engine.logs.read(container_id)] for line in batch]
    return [int(line.split()[1]) for line in lines if line.startswith("tick ")]


async def volumes_keep_what_they_had(engine: EmbeddedEngine, disk: Disk) -> None:
    mount = Mount(kind="volume", source="ledger", target="/ledger")
    writer = await run(engine, "sh", "-c", "for n in 1 2 3; do echo $n; done > /ledger/lines; sync", mounts=(mount,))
    await engine.containers.wait(writer.id)
    disk.fill()
    more = await create_or_none(engine, mount)
    disk.clear()
    if more is not None:
        await engine.containers.remove(more, force=True)
    reader = await run(engine, "cat", "/ledger/lines", mounts=(mount,))
    await engine.containers.wait(reader.id)
    assert read_log(engine, reader.id) == "1\n2\n3\n"
    await engine.containers.remove(reader.id)
    await engine.containers.remove(writer.id)


async def create_or_none(engine: EmbeddedEngine, mount: Mount) -> str | None:
    try:
        return (await run(engine, "sh", "-c", "echo 4 >> /ledger/lines", mounts=(mount,), name="more")).id
    except StorageError as error:
        must_be_full(error)
        return "more" if "more" in engine.containers.book.names else None


SCENES = {
    "bytes": (
        loading, pulling, creating_and_starting, ending, deleting, opening, healing, talking, logging_,
        volumes_keep_what_they_had,
    ),
    "inodes": (ending, deleting, opening),
}  # fmt: skip


async def _play(place: Path, run_directory: Path, too_big: str, lacking: str) -> None:
    disk = Inodes(place, too_big) if lacking == "inodes" else Disk(place, too_big)
    engine = await open_engine(place / "root", run_directory)
    try:
        await load_busybox(engine)
        for scene in SCENES[lacking]:
            disk.clear()
            await scene(engine, disk)
            disk.clear()
            await until(lambda: _is_sound(engine))  # a conmon may still be reading what a flood left in its pipe
            sys.stdout.write(f"{scene.__name__}\n")
    finally:
        disk.clear()
        await engine.close(stop_containers=True)
    again = await open_engine(place / "root", run_directory)
    try:
        assert await again.host.check_store() == []
        code = await run(again, "true")
        assert (await again.containers.wait(code.id)).exit_code == 0
    finally:
        await again.close(stop_containers=True)
    await _refuse_to_open_read_only(place, run_directory)


async def _refuse_to_open_read_only(place: Path, run_directory: Path) -> None:
    """As a disk is after an error: nothing is done by halves, and what is wrong is said."""
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,ro", str(place)], check=True)
    with pytest.raises(StorageError) as caught:
        await open_engine(place / "root", run_directory)
    assert caught.value.code is Code.DISK_READ_ONLY
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,rw", str(place)], check=True)


async def _is_sound(engine: EmbeddedEngine) -> bool:
    problems = await engine.host.check_store()
    sys.stderr.write("".join(f"{each.kind} {each.subject}\n" for each in problems))
    return problems == []


if __name__ == "__main__":
    asyncio.run(_play(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:5]))
