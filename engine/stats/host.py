"""The host's own figures, beside those of containers."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import psutil

from engine.types.stats import HostSample

if TYPE_CHECKING:
    from pathlib import Path


_TICKS = os.sysconf("SC_CLK_TCK")


class HostReader:
    """CPU use is what happened since the last reading."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._last = _cpu_times()
        self.processors = os.cpu_count() or 1
        self.memory = psutil.virtual_memory().total

    def take(self) -> HostSample:
        busy, total = _cpu_times()
        passed = total - self._last[1]
        # The kernel's count of waiting may go backwards, so that more seems done than there was time for.
        share = min(1.0, (busy - self._last[0]) / passed) if passed > 0 else 0.0
        percent = 100.0 * self.processors * share
        if passed > 0:
            self._last = (busy, total)
        memory = psutil.virtual_memory()
        disk = os.statvfs(self._store if self._store.exists() else "/")
        return HostSample(
            time_ns=time.time_ns(),
            cpu_percent=max(0.0, percent),
            processors=self.processors,
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            disk_free=disk.f_bavail * disk.f_frsize,
            load=os.getloadavg(),
        )


def processor_time_ns() -> int:
    """What all processors have spent since the machine started, idle time too: what clients divide a container's by."""
    with open("/proc/stat", "rb") as file:
        spent = file.readline().split()[1:8]
    return sum(map(int, spent)) * 1_000_000_000 // _TICKS


def _cpu_times() -> tuple[float, float]:
    """Seconds busy, and seconds in all, over all processors."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    total = sum(getattr(times, name) for name in ("user", "nice", "system", "idle") if hasattr(times, name))
    total += sum(getattr(times, name, 0.0) for name in ("iowait", "irq", "softirq", "steal"))
    return total - idle, total
