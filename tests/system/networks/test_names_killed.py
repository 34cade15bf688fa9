"""The engine, the names server, pasta and the keeper are killed: names come back, and no address is given twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.types.networks import CreateNetwork
from tests.support.engine import opened_engine
from tests.system.containers.conftest import create, read_log, run, until
from tests.system.networks.asking import said
from tests.system.networks.town import ASKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp

ROUNDS = max(int(os.environ.get("WHERRY_CHAOS_ROUNDS", "20")) * 6 // 10, 3)


def times(word: str, path: str) -> int:
    return Path(path).read_text().count(word)


async def found_anew(engine: EmbeddedEngine, container: str) -> None:
    """It asks and finds now, whatever it found before."""
    before = read_log(engine, container).count("found")
    await until(lambda: read_log(engine, container).count("found") > before + 2)


async def test_names_answer_while_the_engine_is_dead_and_the_next_one_takes_them_over(short_tmp: ShortTmp) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.system.networks.town", str(short_tmp.root), str(short_tmp.run),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    pid, path = (await process.stdout.readline()).decode().split()
    process.kill()
    await process.wait()
    before = times("found", path)
    try:
        await until(lambda: times("found", path) > before + 5)
    finally:
        async with opened_engine(short_tmp) as engine:
            await until(lambda: engine.networks.names_server_pid == int(pid))  # type: ignore[attr-defined]
            asker = (await engine.containers.get("asker")).id
            await run(engine, name="butcher", network="town")
            assert "Name:" in await said(engine, asker, "nslookup", "butcher")
            assert times("lost", path) == 0


async def test_rounds_of_killed_helpers(loaded: EmbeddedEngine, expect_log: Callable[[str], None]) -> None:
    """A hundred rounds: WHERRY_CHAOS_ROUNDS=170."""
    expect_log("keeper")
    networks, dice = loaded.networks, random.Random(16)
    await networks.create(CreateNetwork(name="town", ipv6=True))
    baker = await run(loaded, name="baker", network="town")
    asker = await run(loaded, "sh", "-c", ASKING, "baker", name="asker", network="town")
    entry = loaded.containers.book.find(asker.id)
    made = [await create(loaded, name=f"guest-{number}", network="town") for number in range(2)]
    for number in range(ROUNDS):
        names, pasta, keeper = networks.names_server_pid, entry.record.run.pasta_pid, loaded.keeper.pid
        victim = dice.choice((names, names, pasta, keeper))
        guest = made[number % 2]
        starting = asyncio.create_task(loaded.containers.start(guest.id))
        if victim:
            os.kill(victim, signal.SIGKILL)
        await asyncio.gather(starting, return_exceptions=True)
        if victim == names:
            await until(lambda: networks.names_server_pid not in (0, names))  # noqa: B023
        elif victim == pasta:
            await until(lambda: entry.record.run.pasta_pid not in (0, pasta))  # noqa: B023
        else:
            await until(lambda: loaded.keeper.pid not in (0, keeper))  # noqa: B023
        await found_anew(loaded, asker.id)
        await loaded.containers.stop(guest.id)
        members = (await networks.get("town")).members
        given = [each.ip_address for each in members if each.ip_address]
        assert len(set(given)) == len(given), number
        assert {baker.id, asker.id} <= {each.container_id for each in members}, number
    assert (await loaded.containers.start(made[0].id)).ip_address
    assert "Name:" in await said(loaded, asker.id, "nslookup", "guest-0")
