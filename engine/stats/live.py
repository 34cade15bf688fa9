"""What is kept of one running container: the newest reading, and how its memory went in the last minute and a half.

A whole reading opens a dozen small files in the kernel. Between two of them a glance reads the one number that tells
the story of a death for want of memory, so that it can be had every second of all containers for next to nothing.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from engine.stats.readings import Readings

if TYPE_CHECKING:
    from engine.stats.target import StatTarget
    from engine.types.stats import Sample

_CURVE_NS = 90_000_000_000
_GLANCE_FRESH_NS = 600_000_000
_CPU_COUNTS = ("cpu_usage_us", "cpu_user_us", "cpu_system_us", "throttled_us", "throttled_periods", "periods")
_IO_COUNTS = ("io_read", "io_write", "io_read_ops", "io_write_ops")
_MUCH = 16
"""A change of one part in so many is worth a whole reading."""


class LiveContainer:
    """Readings of one run of a container."""

    def __init__(self, target: StatTarget) -> None:
        self.readings = Readings(target)
        self.last: Sample | None = None
        self.ring_last: Sample | None = None
        """The reading that went to the history last."""
        self._curve: deque[tuple[int, int]] = deque()

    def close(self) -> None:
        self.readings.close()

    def take(self, fresh_ns: int) -> Sample:
        """A reading no older than this."""
        if self.last is None or time.monotonic_ns() - self.last.clock_ns > fresh_ns:
            self.last = self.readings.take()
            self._note(self.last.time_ns, self.last.memory)
        return self.last

    def glance(self) -> None:
        """Keep the curve going. The page cache that can be had back is taken to be as large as it was."""
        now, last = time.time_ns(), self.last
        if self._curve and 0 <= now - self._curve[-1][0] < _GLANCE_FRESH_NS:
            return
        total = self.readings.memory_total()
        if last is None or abs(total - last.memory_total) * _MUCH > last.memory_total:
            self.take(0)
        else:
            self._note(now, max(0, total - last.memory_inactive_file))

    def look_last(self) -> Sample:
        """The run is over, its control groups are still there: take the counts of the whole run from them.

        The use stays as it was seen last; what the groups hold now is what the dead left behind.
        """
        end, last = self.readings.take(whole=True), self.last
        if last is not None:
            counted = ("time_ns", "clock_ns", *_IO_COUNTS, *(() if "cpu" in last.estimated else _CPU_COUNTS))
            end = msgspec.structs.replace(
                last,
                memory_peak=max(end.memory_peak, last.memory_peak),
                oom=max(end.oom, last.oom),
                oom_kills=max(end.oom_kills, last.oom_kills),
                **{name: max(getattr(end, name), getattr(last, name)) for name in counted},
            )
        self.last = end
        return end

    def curve(self, since_ns: int, until_ns: int) -> list[tuple[int, int]]:
        """(time, memory) in a span, oldest first."""
        return [(at, memory) for at, memory in self._curve if since_ns <= at <= until_ns]

    def _note(self, now: int, memory: int) -> None:
        if self._curve and now < self._curve[-1][0]:
            self._curve.clear()  # the clock was set back
        self._curve.append((now, memory))
        while self._curve[0][0] < now - _CURVE_NS:
            self._curve.popleft()
