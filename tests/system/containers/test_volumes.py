"""Volumes: contents that outlive containers, copy-up, and what is refused while one is used."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Conflict, StorageError, WherryError
from engine.types.containers import Exec, Mount
from engine.types.data import LabelRule
from engine.types.volumes import CreateVolume
from engine.volumes.moving import given_up
from tests.support.engine import opened_engine
from tests.system.containers.conftest import create, load_busybox, output, run

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp


def at(target: str, name: str = "", **more: object) -> dict[str, object]:
    return {"mounts": (Mount(kind="volume", source=name, target=target, **more),)}  # type: ignore[arg-type]


async def test_contents_outlive_containers(loaded: EmbeddedEngine) -> None:
    await output(loaded, "sh", "-c", "echo kept > /v/f", **at("/v", "store"))
    assert await output(loaded, "cat", "/v/f", **at("/v", "store")) == (0, "kept\n")


async def test_the_images_files_are_copied_up_once(loaded: EmbeddedEngine) -> None:
    assert await output(loaded, "cat", "/data/hello", **at("/data", "d")) == (0, "hello\n")
    await output(loaded, "sh", "-c", "touch /data/other; rm /data/hello", **at("/data", "d"))
    assert await output(loaded, "ls", "/data", **at("/data", "d")) == (0, "other\n")
    assert await output(loaded, "ls", "/data", **at("/data", "bare", copy_up=False)) == (0, "")


async def test_a_volume_in_use_is_not_removed(loaded: EmbeddedEngine) -> None:
    await create(loaded, name="user", **at("/v", "held"))
    with pytest.raises(Conflict) as refused:
        await loaded.volumes.remove("held")
    assert refused.value.code is Code.IN_USE
    assert "user" in refused.value.explanation
    await loaded.containers.remove("user")
    assert (await loaded.volumes.remove("held")).ids == ("held",)


async def test_anonymous_volumes_go_with_their_container_if_asked(loaded: EmbeddedEngine) -> None:
    for with_volumes, left in ((True, 0), (False, 1)):
        container = await create(loaded, **at("/v"))
        await loaded.containers.remove(container.id, volumes=with_volumes)
        assert len(await loaded.volumes.list()) == left
    assert len((await loaded.volumes.prune()).ids) == 1


@pytest.mark.parametrize("name", ["b.tar", "b.tar.zst"])
async def test_backup_and_restore(loaded: EmbeddedEngine, tmp_path: Path, name: str) -> None:
    await output(loaded, "sh", "-c", "echo one > /v/f; ln /v/f /v/g; chmod 640 /v/f; chown 1000 /v/f", **at("/v", "a"))
    archive = tmp_path / name
    await loaded.volumes.backup("a", str(archive)).result()
    await output(loaded, "sh", "-c", "rm /v/*; touch /v/later", **at("/v", "a"))
    await loaded.volumes.restore("a", str(archive)).result()
    check = "ls /v; stat -c '%a %u %h' /v/f; cat /v/g"
    assert await output(loaded, "sh", "-c", check, **at("/v", "a")) == (0, "f\ng\n640 1000 2\none\n")


async def test_a_restore_waits_for_nobody_who_runs_and_reaches_who_starts_again(
    loaded: EmbeddedEngine, tmp_path: Path
) -> None:
    """It was refused as long as any container had the volume, so that the one it was for had to be removed first."""
    archive = tmp_path / "a.tar.zst"
    await output(loaded, "sh", "-c", "echo old > /v/f", **at("/v", "a"))
    await loaded.volumes.backup("a", str(archive)).result()
    one = await create(loaded, "sleep", "1000", name="holder", **at("/v", "a"))
    await output(loaded, "sh", "-c", "echo new > /v/f", **at("/v", "a"))
    await loaded.containers.start(one.id)
    with pytest.raises(Conflict) as refused:
        await loaded.volumes.restore("a", str(archive)).result()
    assert "holder" in refused.value.explanation
    await loaded.containers.stop(one.id, timeout=0)
    await loaded.volumes.restore("a", str(archive)).result()
    await loaded.containers.start(one.id)
    session = await loaded.containers.exec(one.id, Exec(command=("cat", "/v/f")))
    assert await session.read() == ("stdout", b"old\n")
    await session.exit_code()
    await session.close()


async def test_a_bad_archive_leaves_the_volume_as_it_was(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    await output(loaded, "sh", "-c", "echo safe > /v/f", **at("/v", "a"))
    bad = tmp_path / "bad.tar.zst"
    bad.write_bytes(b"\x28\xb5\x2f\xfd" + b"rubbish" * 100)
    with pytest.raises(StorageError):
        await loaded.volumes.restore("a", str(bad)).result()
    with pytest.raises(WherryError):
        await loaded.volumes.restore("a", str(tmp_path / "missing.tar")).result()
    assert await output(loaded, "cat", "/v/f", **at("/v", "a")) == (0, "safe\n")


async def test_clone_rename_measure(loaded: EmbeddedEngine) -> None:
    await output(loaded, "sh", "-c", "head -c 5000 /dev/zero > /v/f", **at("/v", "a"))
    await loaded.volumes.clone("a", "b").result()
    assert (await loaded.volumes.measure("b")).size == 5000
    assert (await loaded.volumes.rename("b", "c")).name == "c"
    assert await output(loaded, "ls", "/v", **at("/v", "c")) == (0, "f\n")
    with pytest.raises(Conflict) as taken:
        loaded.volumes.clone("a", "c")
    assert taken.value.code is Code.NAME_TAKEN


async def test_volumes_from_another_container(loaded: EmbeddedEngine) -> None:
    await create(loaded, name="source", **at("/v", "shared"))
    await output(loaded, "sh", "-c", "echo x > /v/f", volumes_from=("source",))
    code, text = await output(
        loaded, "sh", "-c", "cat /v/f; touch /v/g 2>/dev/null || echo sealed", volumes_from=("source:ro",)
    )
    assert (code, text) == (0, "x\nsealed\n")


async def test_create_is_idempotent_and_prune_spares_the_named(loaded: EmbeddedEngine) -> None:
    first = await loaded.volumes.create(CreateVolume(name="n", labels={"a": "b"}))
    assert (await loaded.volumes.create(CreateVolume(name="n"))).created == first.created
    assert (await loaded.volumes.prune()).ids == ()
    assert (await loaded.volumes.prune(all_unused=True, labels=LabelRule(wanted={"a": "other"}))).ids == ()
    assert (await loaded.volumes.prune(all_unused=True, labels=LabelRule(unwanted={"a": ""}))).ids == ()
    assert (await loaded.volumes.prune(all_unused=True, labels=LabelRule(wanted={"a": ""}))).ids == ("n",)


_KILLED_MOVE = """
import asyncio, os, signal, sys
from pathlib import Path
from engine.embedded import open_engine
from engine.sandbox.keeper.asked.steps import Rename
from engine.types.containers import Mount
from tests.system.containers.conftest import load_busybox, output

async def main():
    engine = await open_engine(Path(sys.argv[1]), Path(sys.argv[2]))
    await load_busybox(engine)
    mount = Mount(kind="volume", source="ledger", target="/v")
    await output(engine, "sh", "-c", "echo first > /v/f", mounts=(mount,))
    await engine.volumes.backup("ledger", sys.argv[3]).result()
    await output(engine, "sh", "-c", "echo second > /v/f", mounts=(mount,))
    execute = engine.keeper.execute

    async def cut_off(plan):
        if any(isinstance(step, Rename) for step in plan):
            await execute(plan[: int(sys.argv[5])])
            os.kill(os.getpid(), signal.SIGKILL)
        await execute(plan)

    engine.keeper.execute = cut_off
    if sys.argv[4] == "rename":
        await engine.volumes.rename("ledger", "other")
    else:
        await engine.volumes.restore("ledger", sys.argv[3]).result()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("move", "steps", "kept"),
    [("rename", 1, "second"), ("rename", 2, "second"), ("restore", 1, "second"), ("restore", 2, "first")],
)
async def test_a_volume_keeps_its_files_when_all_is_killed_while_they_move(
    short_tmp: ShortTmp, tmp_path: Path, move: str, steps: int, kept: str
) -> None:
    argv = [str(short_tmp.root), str(short_tmp.run), str(tmp_path / "backup.tar"), move, str(steps)]
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED_MOVE, *argv, stderr=subprocess.PIPE)
    _, err = await killed.communicate()
    assert killed.returncode == -signal.SIGKILL, err.decode()
    async with opened_engine(short_tmp) as opened:
        engine: EmbeddedEngine = opened  # type: ignore[assignment]
        await load_busybox(engine)
        assert await output(engine, "cat", "/v/f", **at("/v", "ledger")) == (0, f"{kept}\n")
        assert {path.name for path in engine.paths.volume("ledger").iterdir()} == {"data"}
        assert await engine.host.check_store() == []


async def test_what_a_making_or_a_removal_that_was_cut_off_left_of_a_volume_is_swept_and_nothing_else(
    short_tmp: ShortTmp,
) -> None:
    """A power cut in the middle; files that nobody gave up stay whatever the books say."""
    async with opened_engine(short_tmp) as opened:
        engine: EmbeddedEngine = opened  # type: ignore[assignment]
        await engine.volumes.create(CreateVolume(name="kept"))
        paths = engine.paths
    paths.volume_data("half-made").mkdir(parents=True)
    for name in ("half-gone", "unknown", "kept"):
        paths.volume_data(name).mkdir(parents=True, exist_ok=True)
        (paths.volume_data(name) / "file").write_text("of somebody")
    given_up(paths.volume("half-gone")).mkdir()
    given_up(paths.volume("kept")).mkdir()
    paths.volume_data("linked").mkdir(parents=True)
    (paths.volume_data("linked") / "link").symlink_to("/")

    async with opened_engine(short_tmp) as opened:
        engine = opened  # type: ignore[assignment]
        assert sorted(each.name for each in paths.volumes.iterdir()) == ["kept", "linked", "unknown"]
        assert [each.name for each in paths.volume("kept").iterdir()] == ["data"]
        assert (paths.volume_data("kept") / "file").read_text() == "of somebody"
        told = [one for one in await engine.operations.list() if one.kind == "mend"]
        assert [one.subject for one in told] == ["half-gone, half-made"]
        left = {(one.kind, one.mendable) for one in await engine.host.check_store()}
        assert left == {("orphan-volume", False)}


async def test_names_are_on_disk_before_the_books_say_that_they_are_there(
    loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database writes into room it has: its flush brings no other names to the disk."""
    flushed: list[Path] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    paths = loaded.paths
    await loaded.volumes.create(CreateVolume(name="first"))
    await loaded.volumes.rename("first", "second")
    container = await run(loaded, "sleep", "1000")
    assert {paths.volume("first"), paths.volume("second"), paths.volumes} <= set(flushed)
    assert {paths.container(container.id), paths.containers} <= set(flushed)
