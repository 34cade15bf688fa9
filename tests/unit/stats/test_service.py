"""The sampler: shared readings, rings across restarts, names that continue a history."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from engine.errors import Conflict
from engine.stats.live import LiveContainer
from engine.stats.rates import rates_between
from engine.stats.ring import Ring
from engine.stats.stats_service import StatsService
from engine.stats.target import CgroupFiles, StatTarget
from engine.types.host import Settings
from tests.unit.stats.test_figures import CPU_STAT, _rates, _write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class _Targets:
    def __init__(self, group: Path) -> None:
        self.group = group
        self.running = ["one", "two"]

    def stat_target(self, container: str) -> StatTarget:
        if container not in self.running:
            raise Conflict("It does not run")
        return StatTarget(container, f"name-{container}", os.getpid(), CgroupFiles(unified=self.group))

    def live_stat_targets(self) -> Sequence[StatTarget]:
        return [self.stat_target(one) for one in self.running]

    def container_id(self, container: str) -> str:
        return container


def _service(tmp_path: Path) -> tuple[StatsService, _Targets]:
    group = _write(tmp_path / "group", cpu__stat=CPU_STAT, memory__current=b"5000\n", memory__stat=b"anon 1\n")
    targets = _Targets(group)
    return StatsService(targets, directory=tmp_path / "rings", store=tmp_path, settings=Settings), targets


async def test_two_watchers_share_a_reading(tmp_path: Path) -> None:
    service, _ = _service(tmp_path)
    async with contextlib.aclosing(service.watch(interval=5)) as a, contextlib.aclosing(service.watch(interval=5)) as b:
        first, second = await asyncio.gather(anext(a), anext(b))
    assert {one.container_id for one in first} == {"one", "two"}
    assert [one.time_ns for one in first] == [one.time_ns for one in second]
    await service.close()


async def test_only_who_is_asked_for(tmp_path: Path) -> None:
    service, _ = _service(tmp_path)
    async with contextlib.aclosing(service.watch(["two"], interval=0.05)) as rounds:
        assert [one.container_id for one in await anext(rounds)] == ["two"]
    await service.close()


async def test_the_last_reading_outlives_the_container(tmp_path: Path) -> None:
    service, targets = _service(tmp_path)
    before = await service.sample("one")
    targets.running.remove("one")
    service.container_changed("one")
    last = await service.last_sample("one")
    assert last is not None
    assert last.memory == before.memory == 5000
    curve = await service.memory_curve("one", until_ns=time.time_ns())
    assert [memory for _, memory in curve] == [5000]
    assert -60 < curve[0][0] <= 0
    await service.close()


async def test_the_counts_of_a_run_are_read_at_its_end(tmp_path: Path) -> None:
    service, targets = _service(tmp_path)
    await service.sample("one")
    # The processes are gone, what they counted is still there.
    _write(targets.group, memory__current=b"12\n", memory__peak=b"9000\n", memory__events=b"oom 2\noom_kill 1\n")
    service.container_ends("one")
    targets.running.remove("one")
    service.container_changed("one")
    last = await service.last_sample("one")
    assert last is not None
    assert (last.memory, last.memory_peak, last.oom_kills) == (5000, 9000, 1)
    await service.close()


async def test_the_memory_of_all_is_looked_at_every_second(tmp_path: Path) -> None:
    service, targets = _service(tmp_path)
    await service.open()
    service.container_changed("one")

    async def curve() -> list[int]:
        return [memory for _, memory in await service.memory_curve("one", until_ns=time.time_ns())]

    async with asyncio.timeout(20):
        while 5000 not in await curve():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        _write(targets.group, memory__current=b"5100\n")
        while 5100 not in await curve():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await service.close()


def test_a_glance_reads_one_number_until_much_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.stats.live._GLANCE_FRESH_NS", 0)
    group = _write(
        tmp_path / "group", cpu__stat=CPU_STAT, memory__current=b"5000\n", memory__stat=b"anon 1\ninactive_file 1000\n"
    )
    live = LiveContainer(StatTarget("id", "name", os.getpid(), CgroupFiles(unified=group)))
    taken = live.take(0)
    for total, memory, whole in ((5010, 4010, False), (9000, 6000, True)):
        _write(group, memory__current=b"%d\n" % total, memory__stat=b"anon 1\ninactive_file 3000\n")
        live.glance()
        assert live.curve(0, time.time_ns())[-1][1] == memory
        assert (live.last is not taken) is whole
    live.close()


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_clock_that_is_set_neither_stops_the_figures_nor_bends_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: int
) -> None:
    real, ahead = time.time_ns, [0]
    monkeypatch.setattr(time, "time_ns", lambda: real() + ahead[0])
    group = _write(tmp_path / "group", cpu__stat=CPU_STAT, memory__current=b"5000\n", memory__stat=b"inactive_file 0\n")
    live = LiveContainer(StatTarget("id", "name", os.getpid(), CgroupFiles(unified=group)))
    before = live.take(0)
    live.glance()
    ahead[0] = jump * 1_000_000_000
    _write(group, memory__current=b"9000\n")
    live.glance()
    assert live.curve(0, time.time_ns())[-1][1] == 9000
    after = live.take(0)
    rates = rates_between(before, after)
    assert after.memory == 9000
    assert 0 < rates.seconds < 3600
    live.close()


@pytest.mark.parametrize("jump", [-86_400, 86_400])
async def test_a_history_goes_on_when_the_clock_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: int
) -> None:
    service, _ = _service(tmp_path)
    filled = asyncio.Event()
    fill = service._fill_rings

    async def seen() -> None:
        filled.set()
        await fill()

    monkeypatch.setattr(service, "_fill_rings", seen)
    await service.open()
    service.container_changed("one")
    await asyncio.wait_for(filled.wait(), 20)
    filled.clear()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    await asyncio.wait_for(filled.wait(), 25)
    await service.close()


async def test_the_figures_of_a_removed_container_are_kept_for_a_day(tmp_path: Path) -> None:
    service, targets = _service(tmp_path)
    await service.open()
    now = time.time_ns()
    rates = msgspec.structs.replace(_rates(0), time_ns=now)
    Ring(tmp_path / "rings" / "one.day").put(rates)
    await service.keep_history("one", "gone")
    assert [one.container_id for one in await service.history("history:gone")] == ["history:gone"]
    kept = tmp_path / "rings" / "name-gone.day"
    os.utime(kept, (time.time() - 90_000,) * 2)
    service._forget_at = 0.0  # it looks for old ones at most every ten seconds
    await service.keep_history("two", "name-two")
    assert not kept.exists()
    # Whoever has the name now goes on with it.
    assert await service.history("history:two") == await service.history("two")
    targets.running.clear()
    await service.close()


async def test_a_new_container_of_a_name_goes_on_with_its_ring(tmp_path: Path) -> None:
    service, targets = _service(tmp_path)
    await service.open()
    Ring(tmp_path / "rings" / "one.day").put(_rates(0))
    await service.keep_history("one", "name-three")
    targets.running.append("three")
    await service.sample("three")
    assert (tmp_path / "rings" / "three.day").exists()
    assert not (tmp_path / "rings" / "one.day").exists()
    await service.close()


async def test_the_last_seconds_of_a_run_are_in_its_history(tmp_path: Path) -> None:
    """They were lost: a container that lived for nine seconds had no history at all."""
    service, targets = _service(tmp_path)
    (tmp_path / "rings").mkdir()  # not opened: nothing samples beside this test
    began = await service.sample("one")
    service._live["one"].ring_last = msgspec.structs.replace(
        began, time_ns=began.time_ns - 6 * 10**9, clock_ns=began.clock_ns - 6 * 10**9
    )
    _write(targets.group, cpu__stat=CPU_STAT.replace(b"usage_usec ", b"usage_usec 9"))
    service.container_ends("one")
    (last,) = await service.history("one", seconds=60)
    assert 5.9 < last.seconds < 60
    assert last.memory == 4096  # whole KiB
    assert last.cpu_percent > 0
    targets.running.clear()
    await service.close()
