"""The stats room as the facade shows it (`facade.Stats`).

One reading serves everybody who wants one at about the same time; who watches sets how often. With nobody watching,
only a slow background round is left, which fills the history rings, and a glance at the memory every second, so that
the last minute of one that dies for want of it can be told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Conflict, NotFound, WherryError
from engine.recipe.checks import is_name
from engine.stats.host import HostReader, processor_time_ns
from engine.stats.live import LiveContainer
from engine.stats.rates import rates_between
from engine.stats.ring import EARLIER_SUFFIX, SLOT_SECONDS, SLOTS, SUFFIX, Ring
from engine.types.data import HISTORY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path

    from engine.stats.target import StatTarget, StatTargets
    from engine.types.host import Settings
    from engine.types.stats import HostSample, Rates, Sample

_log = logging.getLogger(__name__)
_FIRST_SECONDS = 0.3
"""A watcher's first rates come so soon, whatever its interval."""
_FRESH = 0.6
"""A reading younger than this share of the interval is shared."""
_GLANCE_SECONDS = 1.0
_LEAST_SECONDS = 0.05
_BREATHE_EVERY = 25
_SHORTEST_RECORD_NS = 500_000_000
"""What a container did since the last record is kept when it ends, if that was so long."""


class StatsService:
    """Implements `facade.Stats`. `directory` keeps the history ring files; `store` is the file system to report."""

    def __init__(self, targets: StatTargets, *, directory: Path, store: Path, settings: Callable[[], Settings]) -> None:
        self._targets = targets
        self._directory = directory
        self._forget_at = 0.0
        self._settings = settings
        self._host = HostReader(store)
        self._live: dict[str, LiveContainer] = {}
        self._ended: dict[str, LiveContainer] = {}
        self._background: asyncio.Task[None] | None = None
        self._first_began = asyncio.Event()
        """Nothing runs, and then something does: the round that sleeps so long wakes up."""

    async def open(self) -> None:
        """Begin the slow background sampling."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._background = asyncio.create_task(self._sample_in_background(), name="stats in the background")

    async def close(self) -> None:
        if self._background is not None:
            self._background.cancel()
            await asyncio.gather(self._background, return_exceptions=True)
            self._background = None
        for live in [*self._live.values(), *self._ended.values()]:
            live.close()
        self._live.clear()
        self._ended.clear()

    # --- what the containers room tells ---

    def container_changed(self, container_id: str) -> None:
        """Told by the containers room when a container started, ended or was removed."""
        target, live = self._target_of(container_id), self._live.get(container_id)
        if live is not None and (target is None or target != live.readings.target):
            del self._live[container_id]
            live.close()
            self._ended[container_id] = live
        if target is not None:
            self._live_of(target)

    def _target_of(self, container_id: str) -> StatTarget | None:
        """None of one that does not run or is gone."""
        with contextlib.suppress(NotFound, Conflict):
            return self._targets.stat_target(container_id)
        return None

    def container_ends(self, container_id: str) -> None:
        """Told when a run is over and its control groups are still there."""
        live = self._live.get(container_id)
        if live is not None:
            live.look_last()
            before, now = live.ring_last, live.last
            if before is not None and now is not None and now.clock_ns - before.clock_ns > _SHORTEST_RECORD_NS:
                with contextlib.suppress(OSError):
                    self._put(before, now, ending=True)

    async def last_sample(self, container_id: str) -> Sample | None:
        """The newest reading taken, also of a container that has just ended (OOM counts for its death report)."""
        live = self._live.get(container_id) or self._ended.get(container_id)
        return live.last if live is not None else None

    async def memory_curve(self, container_id: str, *, until_ns: int, seconds: float = 60.0) -> list[tuple[float, int]]:
        """(seconds before `until_ns`, bytes), for the death report."""
        live = self._live.get(container_id) or self._ended.get(container_id)
        since = until_ns - int(seconds * 1e9)
        if live is not None:
            points = live.curve(since, until_ns)
        else:
            ring = Ring(self._ring_path(container_id))
            points = [(one.time_ns, one.memory) for one in ring.since(container_id, since, until_ns)]
        return [((at - until_ns) / 1e9, memory) for at, memory in points]

    async def keep_history(self, container_id: str, name: str) -> None:
        """A container is removed: its ring goes to the history, and a new one of that name continues it."""
        for kept in (self._live, self._ended):
            if (gone := kept.pop(container_id, None)) is not None:
                gone.close()
        if is_name(name):
            with contextlib.suppress(FileNotFoundError):
                self._ring_path(container_id).replace(self._history_path(name))
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + SLOT_SECONDS
            await asyncio.to_thread(self._forget_old)

    def _forget_old(self) -> None:
        """A ring says nothing any more once its newest slot is a day old."""
        for path in [*self._directory.glob(f"name-*{SUFFIX}"), *self._directory.glob(f"*{EARLIER_SUFFIX}")]:
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > SLOTS * SLOT_SECONDS:
                    path.unlink()

    # --- the facade ---

    async def sample(self, container: str) -> Sample:
        """One reading, now."""
        sample = self._live_of(self._targets.stat_target(container)).take(0)
        return msgspec.structs.replace(sample, host_cpu_ns=processor_time_ns())

    async def watch(
        self, container_names: Sequence[str] | None = None, *, interval: float = 1.0
    ) -> AsyncGenerator[Sequence[Rates], None]:
        """Rates of the named (or of all running) containers, once an interval, in one batch."""
        interval = max(_LEAST_SECONDS, interval)
        wanted = None if container_names is None else {self._targets.container_id(name) for name in container_names}
        old: dict[str, Sample] = {}
        await self._round(old, wanted, fresh=interval)
        pause = min(interval, _FIRST_SECONDS)
        while True:
            await asyncio.sleep(pause)
            yield await self._round(old, wanted, fresh=pause * _FRESH)
            # On the beat of the clock, so that all who watch at the same interval share a reading.
            pause = interval - time.time() % interval

    async def history(self, container: str, *, seconds: float = 3600.0) -> Sequence[Rates]:
        now = time.time_ns()
        whose, ring = self._ring_of(container)
        return await asyncio.to_thread(ring.since, whose, now - int(seconds * 1e9), now)

    def _ring_of(self, container: str) -> tuple[str, Ring]:
        """A container's; or "history:NAME", what is kept of a removed one until another of the name goes on with it."""
        name = container.removeprefix(HISTORY)
        if name != container and is_name(name) and (kept := self._history_path(name)).exists():
            return container, Ring(kept)
        container_id = self._targets.container_id(name)
        return container_id, Ring(self._ring_path(container_id))

    def rings_of_the_past(self) -> list[Path]:
        """Files of figures that belong to no container any more."""
        return sorted(self._directory.glob(f"name-*{SUFFIX}"))

    async def host(self) -> HostSample:
        return self._host.take()

    # --- inside ---

    def _live_of(self, target: StatTarget) -> LiveContainer:
        live = self._live.get(target.container_id)
        if live is None or live.readings.target != target:
            if live is not None:
                live.close()
            self._ended.pop(target.container_id, None)
            live = self._live[target.container_id] = LiveContainer(target)
            self._first_began.set()
            self._continue_timeline(target)
        return live

    def _continue_timeline(self, target: StatTarget) -> None:
        """A container whose name an earlier one had goes on with that one's history."""
        ring, earlier = self._ring_path(target.container_id), self._history_path(target.name)
        if is_name(target.name) and not ring.exists() and earlier.exists():
            earlier.replace(ring)

    async def _round(self, old: dict[str, Sample], wanted: set[str] | None, *, fresh: float) -> list[Rates]:
        """Sample the wanted containers; rates since the samples in `old`, which are replaced."""
        targets = [
            target for target in self._targets.live_stat_targets() if wanted is None or target.container_id in wanted
        ]
        found: list[Rates] = []
        for place, target in enumerate(targets):
            if place % _BREATHE_EVERY == _BREATHE_EVERY - 1:
                await asyncio.sleep(0)
            sample = self._live_of(target).take(int(fresh * 1e9))
            before = old.get(target.container_id)
            if before is not None and sample.clock_ns > before.clock_ns:
                found.append(rates_between(before, sample, host_memory=self._host.memory))
            old[target.container_id] = sample
        if len(old) > len(targets):
            running = {target.container_id for target in targets}
            for gone in [one for one in old if one not in running]:
                del old[gone]
        return found

    async def _sample_in_background(self) -> None:
        ring_due = 0.0
        while True:
            every = self._settings().stats_background_seconds or float(SLOT_SECONDS)
            try:
                if not 0 < ring_due - time.time() <= every:  # due, or the clock was set back
                    await self._fill_rings()
                    ring_due = (time.time() // every + 1) * every
                else:
                    await self._glance()
            except (OSError, WherryError) as error:
                _log.warning("Figures could not be kept: %s", error)
            if self._live:
                await asyncio.sleep(_GLANCE_SECONDS - time.time() % _GLANCE_SECONDS)
            else:
                self._first_began.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._first_began.wait(), every)

    async def _glance(self) -> None:
        for place, live in enumerate([*self._live.values()]):
            if place % _BREATHE_EVERY == _BREATHE_EVERY - 1:
                await asyncio.sleep(0)
            live.glance()
            if live.ring_last is None:
                live.ring_last = live.last

    async def _fill_rings(self) -> None:
        targets = self._targets.live_stat_targets()
        running = {target.container_id for target in targets}
        for gone in [one for one in self._live if one not in running]:
            self.container_changed(gone)
        for place, target in enumerate(targets):
            if place % _BREATHE_EVERY == _BREATHE_EVERY - 1:
                await asyncio.sleep(0)
            live = self._live_of(target)
            before, now = live.ring_last, live.take(int(_FRESH * 1e9))
            if before is None or _slot(now) != _slot(before):
                if before is not None:
                    self._put(before, now)
                live.ring_last = now

    def _put(self, before: Sample, now: Sample, *, ending: bool = False) -> None:
        rates = rates_between(before, now, host_memory=self._host.memory)
        Ring(self._ring_path(now.container_id)).put(rates, ending=ending)

    def _ring_path(self, container_id: str) -> Path:
        return self._directory / f"{container_id}{SUFFIX}"

    def _history_path(self, name: str) -> Path:
        return self._directory / f"name-{name}{SUFFIX}"


def _slot(sample: Sample) -> int:
    return sample.time_ns // 1_000_000_000 // SLOT_SECONDS
