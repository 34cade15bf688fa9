"""The sampler: shared readings, rings across restarts, names that continue a history."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import TYPE_CHECKING

from engine.stats.ring import Ring
from engine.stats.service import StatsService
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


async def test_a_new_container_of_a_name_goes_on_with_its_ring(tmp_path: Path) -> None:
    service, targets = _service(tmp_path)
    await service.open()
    Ring(tmp_path / "rings" / "one.ring").put(_rates(0))
    await service.keep_history("one", "name-three")
    targets.running.append("three")
    await service.sample("three")
    assert (tmp_path / "rings" / "three.ring").exists()
    assert not (tmp_path / "rings" / "one.ring").exists()
    await service.close()
