"""Another user of the same machine, after a whole day's work with Wherry: no file, socket or log is open to him."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import msgspec
import pytest

from engine import whereabouts
from tests.support.engine import opened_engine
from tests.support.images import busybox_archive
from tests.support.stranger import as_stranger, everything_below, open_to_a_stranger
from tests.system.api.conftest import IMAGE, Tool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.stores import ShortTmp

_PLANT = "cp /bin/busybox /d/tool; chmod 4755 /d/tool; cp /bin/busybox /tool; chmod 4755 /tool"


async def _journey(wherry: Tool, directory: Path) -> None:
    assert "Loaded image" in await wherry("load", input=busybox_archive())
    (directory / "context").mkdir()
    (directory / "context" / "file").write_text("text")
    (directory / "context" / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY file /\nRUN chmod 4755 /bin/busybox\n")
    await wherry("build", "-t", "built", str(directory / "context"))
    await wherry("volume", "create", "html")
    await wherry("run", "--rm", "-v", "html:/d", IMAGE, "sh", "-c", _PLANT)
    await wherry("run", "-d", "--name", "c1", "-e", "PASSWORD=x", "-v", "html:/d", "built", "sh", "-c",
                 f"{_PLANT}; echo ready; sleep 1000")  # fmt: skip
    await wherry("run", "-d", "--name", "kept", "--user", "1000", "--userns", "keep-id", IMAGE, "sleep", "1000")
    await wherry("exec", "c1", "ls", "/")
    await wherry("logs", "c1")
    await wherry("cp", str(directory / "context" / "file"), "c1:/d/copied")
    await wherry("commit", "c1", "committed")
    await wherry("stats", "--no-stream", "c1")


def _places(store: ShortTmp) -> list[Path]:
    store.path.chmod(0o755)  # the way to both is open, as with a home of 0755 or a shared WHERRY_ROOT
    return [store.root, store.run]


@pytest.mark.also_as_root
async def test_a_second_user_can_reach_nothing_of_the_store(wherry: Tool, short_tmp: ShortTmp, tmp_path: Path) -> None:
    places = _places(short_tmp)
    await _journey(wherry, tmp_path)
    there = everything_below(*places)
    assert len(there) > 150, "the journey leaves much to be found"
    # The two names themselves can be seen: they lie in directories that are not ours to close.
    tops = [f"{place} found" for place in places]
    assert open_to_a_stranger(there) == tops


async def test_nor_where_the_files_are_shown_by_fuse(wherry: Tool, short_tmp: ShortTmp) -> None:
    short_tmp.path.chmod(0o755)
    async with opened_engine(short_tmp) as engine:
        settings = await engine.host.settings()
        await engine.host.change_settings(msgspec.structs.replace(settings, driver="fuse-overlayfs"))
    assert "Loaded image" in await wherry("load", input=busybox_archive())
    await wherry("run", "-d", "--name", "c1", IMAGE, "sh", "-c", "cp /bin/busybox /tool; chmod 4755 /tool; sleep 1000")
    assert "fuse-overlayfs" in await wherry("info")
    there = everything_below(short_tmp.root, short_tmp.run)
    assert open_to_a_stranger(there) == [f"{place} found" for place in (short_tmp.root, short_tmp.run)]


@pytest.mark.also_as_root
async def test_the_way_to_the_socket_is_ones_own(wherry: Tool, short_tmp: ShortTmp) -> None:
    """Started by root, the ids that containers have own nothing on it: they could put a socket of theirs there."""
    assert "CONTAINER ID" in await wherry("ps")
    socket = short_tmp.run / "docker.sock"
    for place in (socket, short_tmp.run, short_tmp.root, short_tmp.root / "state.sqlite"):
        facts = place.lstat()
        assert facts.st_uid == os.getuid(), place
        assert not facts.st_mode & (stat.S_IWGRP | stat.S_IRGRP | stat.S_IRWXO), f"{place}: {facts.st_mode:o}"
    assert stat.S_IMODE(socket.lstat().st_mode) == 0o600
    assert whereabouts.stranger_on_the_way(str(short_tmp.run)) == ""


async def test_a_run_directory_that_somebody_else_could_replace_is_not_used(wherry: Tool, short_tmp: ShortTmp) -> None:
    shared = short_tmp.path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    wherry.environment["WHERRY_RUN"] = str(shared / "run")
    assert "anybody may rename what is in" in await wherry("ps", code=1)
    assert not (shared / "run" / "docker.sock").exists()


@pytest.mark.also_as_root
async def test_a_setuid_file_of_a_container_makes_nobody_its_owner(
    wherry: Tool, short_tmp: ShortTmp, tmp_path: Path
) -> None:
    places = _places(short_tmp)
    await _journey(wherry, tmp_path)
    planted = [path for path in everything_below(*places) if path.endswith((b"/tool", b"/bin/busybox"))]
    assert len(planted) >= 4
    for path in planted:
        done = as_stranger([os.fsdecode(path), "id", "-u"])
        assert done.returncode != 0, f"{path!r} ran and said {done.stdout!r}"


@pytest.mark.also_as_root
async def test_a_store_of_before_is_closed_when_it_is_opened(wherry: Tool, short_tmp: ShortTmp, tmp_path: Path) -> None:
    """What an earlier version left open to all."""
    from engine.api.takeover import take_over

    places = _places(short_tmp)
    await _journey(wherry, tmp_path)
    assert await take_over(short_tmp.run / "docker.sock")
    for path in (short_tmp.root, short_tmp.root / "layers", short_tmp.root / "volumes", short_tmp.run):
        path.chmod(0o755)
    for path in (short_tmp.root / "layers").glob("*/index"):
        path.chmod(0o666)
    for path in short_tmp.root.glob("state.sqlite*"):
        path.chmod(0o644)
    assert "c1" in await wherry("ps")
    assert open_to_a_stranger(everything_below(*places)) == [f"{place} found" for place in places]
    wide = [
        path
        for path in (*short_tmp.root.glob("state.sqlite*"), *(short_tmp.root / "layers").glob("*/index"))
        if stat.S_IMODE(path.stat().st_mode) & 0o007
    ]
    assert not wide, "nor would any be if the store itself were opened"
