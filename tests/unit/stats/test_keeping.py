"""Which figures are kept of whom, and that sampling goes on whatever becomes of a disk or a clock."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest

from engine.errors import NotFound
from engine.stats import stats_service as module
from engine.stats.ring import Ring
from tests.unit.stats.test_figures import CPU_STAT, _write
from tests.unit.stats.test_service import _service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def test_figures_of_removed_containers_are_known_by_their_files(tmp_path: Path) -> None:
    service, targets = _service(tmp_path / "deep" / "store")
    await service.open()
    assert service.rings_of_the_past() == []
    rings = tmp_path / "deep" / "store" / "rings"
    assert rings.stat().st_mode & 0o777 == 0o700
    for name in ("two", "one"):
        await service.sample(name)
        service._ring_path(name).touch()
        targets.running.remove(name)
        await service.keep_history(name, f"name-{name}")
    await service.keep_history("nobody", "no name at all!")
    assert [path.name for path in service.rings_of_the_past()] == sorted(
        path.name for path in rings.iterdir() if path.name.startswith("name-")
    )
    assert len(service.rings_of_the_past()) == 2
    assert service._live == service._ended == {}
    await service.close()
    await service.open()
    await service.close()


async def test_old_figures_are_looked_for_once_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service, _ = _service(tmp_path)
    await service.open()
    looked: list[float] = []
    clock = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(service, "_forget_old", lambda: looked.append(clock[0]))
    for clock[0] in (1000.0, 1001.0, 1000.0 + module.SLOT_SECONDS, 1001.0 + module.SLOT_SECONDS):
        await service.keep_history("gone", "name-gone")
    assert looked == [1000.0, 1000.0 + module.SLOT_SECONDS]
    await service.close()


@pytest.mark.parametrize(("age", "kept"), [(module.SLOTS * module.SLOT_SECONDS - 60, True),
                                           (module.SLOTS * module.SLOT_SECONDS + 60, False)])  # fmt: skip
async def test_only_what_says_nothing_any_more_is_forgotten(tmp_path: Path, age: int, *, kept: bool) -> None:
    service, _ = _service(tmp_path)
    await service.open()
    past, running = service._history_path("gone"), service._ring_path("one")
    for path in (past, running):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    service._forget_old()
    assert (past.exists(), running.exists()) == (kept, True)
    await service.close()


async def test_a_reading_begins_anew_with_the_run(tmp_path: Path) -> None:
    service, targets = _service(tmp_path)
    await service.sample("one")
    first = service._live["one"]
    service.container_changed("one")
    assert service._live["one"] is first
    targets.running.remove("one")
    service.container_changed("one")
    assert (service._live, list(service._ended)) == ({}, ["one"])
    assert await service.last_sample("one") is first.last
    targets.running.append("one")
    service.container_changed("one")
    assert service._live["one"] is not first
    assert service._ended == {}
    assert await service.last_sample("nobody") is None
    await service.close()
    assert service._live == {}


async def test_memory_before_the_end_is_told_of_what_was_read_or_kept(tmp_path: Path) -> None:
    service, _ = _service(tmp_path)
    await service.open()
    sample = await service.sample("one")
    await asyncio.sleep(0)
    curve = await service.memory_curve("one", until_ns=sample.time_ns, seconds=1.0)
    assert curve[-1] == (0.0, 5000)
    assert await service.memory_curve("one", until_ns=sample.time_ns - 10**12, seconds=1.0) == []
    assert await service.memory_curve("never", until_ns=sample.time_ns) == []
    await service.close()


async def test_a_history_is_found_by_name_once_its_container_is_gone(tmp_path: Path) -> None:
    service, targets = _service(tmp_path)
    await service.open()
    whose, _ = service._ring_of("history:one")
    assert whose == "one", "the name is a container's"
    service._history_path("one").touch()
    whose, ring = service._ring_of("history:one")
    assert whose == "history:one"
    assert isinstance(ring, Ring)

    def gone(container: str) -> str:
        raise NotFound(container)

    targets.container_id = gone  # type: ignore[method-assign]
    with pytest.raises(NotFound):
        await service.history("history:other")
    await service.close()


async def test_a_disk_that_takes_no_figures_stops_no_sampling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    expect_log("Figures could not be kept")
    service, _ = _service(tmp_path)
    tried: list[int] = []
    twice = asyncio.Event()

    async def fail() -> None:
        tried.append(len(tried))
        if len(tried) > 1:
            twice.set()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(service, "_fill_rings", fail)
    await service.open()
    async with asyncio.timeout(20):
        while not twice.is_set():
            service._first_began.set()
            await asyncio.sleep(0)
    await service.close()
    assert len(tried) >= 2


async def test_figures_of_another_group_are_another_run_s(tmp_path: Path) -> None:
    service, targets = _service(tmp_path)
    await service.sample("one")
    first = service._live["one"]
    targets.group = _write(tmp_path / "other", cpu__stat=CPU_STAT, memory__current=b"7\n", memory__stat=b"anon 1\n")
    assert (await service.sample("one")).memory == 7
    assert service._live["one"] is not first
    await service.close()
