"""What containers take of the kernel's tables: little each, and where one is full that is an error and no more."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.processes import open_files
from engine.stats import readings
from tests.support.images import busybox_archive
from tests.system.api.conftest import IMAGE, Done, Tool
from tests.system.containers.conftest import output, run

if TYPE_CHECKING:
    import pytest

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp

_SOME = 12
_FEW_FILES = 70
_MOST_LOGGED = 20_000


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def _keys() -> int:
    for line in Path("/proc/key-users").read_text().splitlines():
        user, _, rest = line.partition(":")
        if int(user) == os.getuid():
            return int(rest.split()[2].partition("/")[0])
    return 0


async def test_a_container_costs_four_files_and_no_key_ring(
    loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """300 of them fit into the 1,024 files and 200 key rings of a stock desktop."""
    monkeypatch.setattr(readings, "_MOST_KEPT", 0)  # the shared ones, of which there is a bounded number
    await run(loaded, network="pasta")
    files, keys = _open_files(), _keys()
    await asyncio.gather(*(run(loaded, network="pasta") for _ in range(_SOME)))
    async for _ in loaded.stats.watch(interval=0.1):
        break
    assert _open_files() - files <= 4 * _SOME
    assert _keys() <= keys


async def test_all_containers_together_keep_a_bounded_number_of_files_of_statistics(
    loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "_MOST_KEPT", 10)
    files = _open_files()
    for _ in range(4):
        await run(loaded)
    async for rates in loaded.stats.watch(interval=0.1):
        assert len(rates) == 4, "those beyond the bound are read all the same"
        break
    assert _open_files() - files <= 10 + 4 * 4


async def test_the_engine_may_open_more_than_its_containers(loaded: EmbeddedEngine) -> None:
    """Old programs close every number they may have: half a million calls before they begin."""
    soft, hard = open_files.usual()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    assert await output(loaded, "sh", "-c", "ulimit -n") == (0, f"{soft}\n")


async def test_too_few_files_are_an_error_of_that_one_request(short_tmp: ShortTmp, tmp_path: Path) -> None:
    """It used to answer nobody any more, and to write a megabyte of the same lines a second."""
    environment = {
        **os.environ,
        "WHERRY_ROOT": str(short_tmp.root),
        "WHERRY_RUN": str(short_tmp.run),
        "PYTHONPATH": os.getcwd(),
    }
    wherry = Tool([sys.executable, "-m", "engine.cli"], environment, tmp_path)
    with (tmp_path / "log").open("wb") as log:
        serving = await asyncio.create_subprocess_exec(
            "sh", "-c", f'ulimit -n {_FEW_FILES}; exec "$0" -m engine.cli serve --quiet', sys.executable,
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        while not (short_tmp.run / "docker.sock").exists():
            assert serving.returncode is None, (tmp_path / "log").read_text()
            await asyncio.sleep(0.05)
        assert "Loaded image" in await wherry("load", input=busybox_archive())
        for _ in range(2):  # what else goes on may have held the last file, and let it go again
            done = await _run_until_refused(wherry)
            assert "Too many files are open" in done.err
            assert "ulimit" in done.err
        ids = (await wherry("ps", "-aq")).split()
        assert len(ids) > 5
        await wherry("rm", "-f", *ids)
        assert await wherry("run", "--rm", "--network", "none", IMAGE, "echo", "as before") == "as before\n"
    finally:
        serving.terminate()
        assert await asyncio.wait_for(serving.wait(), 30) == 0
    assert (tmp_path / "log").stat().st_size < _MOST_LOGGED


async def _run_until_refused(wherry: Tool) -> Done:
    for _ in range(_FEW_FILES):
        done = await wherry.try_("run", "-d", "--network", "none", IMAGE, "sleep", "1000")
        if done.code:
            break
    return done
