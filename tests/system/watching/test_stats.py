"""Figures of real containers from real control groups."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from engine.types.containers import Resources
from tests.system.containers.conftest import run, until

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container


async def test_a_busy_container_is_seen_busy(loaded: EmbeddedEngine) -> None:
    await run(loaded, "sh", "-c", "while :; do :; done", name="busy", resources=Resources(cpus=0.5))
    await run(loaded, "sleep", "1000", name="idle")
    async with asyncio.timeout(20), contextlib.aclosing(loaded.stats.watch(interval=0.3)) as rounds:
        async for rates in rounds:
            by_name = {(await loaded.containers.get(one.container_id)).name: one for one in rates}
            if len(by_name) == 2 and by_name["busy"].cpu_percent > 20 and by_name["busy"].throttled_percent > 0:
                break
    assert by_name["busy"].cpu_percent < 90
    assert by_name["idle"].cpu_percent < 10
    assert by_name["busy"].sample.cpu_limit == 0.5
    assert by_name["busy"].sample.estimated == ()
    assert by_name["idle"].pids == 1
    assert by_name["idle"].memory > 0


async def test_memory_by_kind_and_its_limit(loaded: EmbeddedEngine) -> None:
    script = "dd if=/dev/zero of=/dev/shm/a bs=1M count=20 2>/dev/null; sleep 1000"
    await run(loaded, "sh", "-c", script, name="box", resources=Resources(memory=64 << 20))
    await until(lambda: _has_shared(loaded))
    sample = await loaded.stats.sample("box")
    assert sample.memory >= 20 << 20
    assert sample.memory_limit == 64 << 20
    assert sample.memory <= sample.memory_total
    assert sample.oom_kills == 0


async def _has_shared(engine: EmbeddedEngine) -> bool:
    return (await engine.stats.sample("box")).memory_shmem >= 20 << 20


async def test_network_by_interface(loaded: EmbeddedEngine) -> None:
    box = await run(loaded, "sleep", "1000", name="box", network="pasta")
    sample = await loaded.stats.sample(box.id)
    names = [each[0] for each in sample.networks]
    assert len(names) == 2, "the way out, and the default network"
    assert "lo" not in names


async def test_pressure_is_told_where_the_kernel_has_it(loaded: EmbeddedEngine, box: Container) -> None:
    sample = await loaded.stats.sample("box")
    assert sample.cpu_pressure is not None
    assert sample.memory_pressure is not None
    assert sample.io_pressure is not None


async def test_containers_come_and_go_under_a_watcher(loaded: EmbeddedEngine) -> None:
    counts: list[int] = []
    async with asyncio.timeout(20), contextlib.aclosing(loaded.stats.watch(interval=0.1)) as rounds:
        async for rates in rounds:
            counts.append(len(rates))
            if len(counts) == 1:
                await run(loaded, "sleep", "1000", name="new")
            elif counts[-1] == 1 and len(set(counts)) == 2:
                await loaded.containers.remove("new", force=True)
            elif counts[-1] == 0 and 1 in counts:
                break


async def test_the_host(loaded: EmbeddedEngine) -> None:
    host = await loaded.stats.host()
    assert host.processors >= 1
    assert 0 < host.memory_used < host.memory_total
    assert host.disk_free > 0
