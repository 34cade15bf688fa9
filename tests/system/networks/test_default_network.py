"""The default network, which every container without a wish of its own is on."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from tests.system.containers.conftest import run, until
from tests.system.networks.asking import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.embedded import EmbeddedEngine


async def _remove(engine: EmbeddedEngine, *containers: str) -> None:
    for each in containers:
        await engine.containers.remove(each, force=True)


async def test_the_next_start_finds_the_bridge_that_the_last_container_left(loaded: EmbeddedEngine) -> None:
    first = await run(loaded, network="pasta")
    bridge = loaded.paths.netns(f"net-{(await loaded.networks.get('bridge')).id[:32]}")
    seen = f"/proc/{loaded.keeper.pid}/root{bridge}"
    made = os.stat(seen)
    await _remove(loaded, first.id)
    assert os.stat(seen).st_ino == made.st_ino
    second = await run(loaded, network="pasta")
    third = await run(loaded, network="pasta")
    assert os.stat(seen).st_ino == made.st_ino
    heard = await said(loaded, third.id, "ping", "-c", "1", "-w", "5", second.ip_address)
    assert "1 packets received" in heard, heard
    await _remove(loaded, second.id, third.id)


async def test_neighbours_reach_one_another_after_the_keeper_was_killed(
    loaded: EmbeddedEngine, expect_log: Callable[[str], None]
) -> None:
    expect_log("keeper")
    await _remove(loaded, (await run(loaded, network="pasta")).id)
    killed = loaded.keeper.pid
    os.kill(killed, signal.SIGKILL)
    await until(lambda: loaded.keeper.pid not in (0, killed))
    first, second = await run(loaded, network="pasta"), await run(loaded, network="pasta")
    heard = await said(loaded, first.id, "ping", "-c", "1", "-w", "5", second.ip_address)
    assert "1 packets received" in heard, heard
    await _remove(loaded, first.id, second.id)
