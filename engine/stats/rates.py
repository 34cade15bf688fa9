"""Rates between two samples, by the time that really passed. Pure."""

from __future__ import annotations

from engine.types.stats import Rates, Sample

_PAGE_LIMIT = 1 << 60


def rates_between(old: Sample, new: Sample, *, host_memory: int = 0) -> Rates:
    """A counter that went back (the container was started again in between) counts from nothing."""
    by_clock = (new.time_ns - old.time_ns) / 1000
    passed_us = max(1.0, (new.clock_ns - old.clock_ns) / 1000 if old.clock_ns and new.clock_ns else by_clock)

    def share(before: int, after: int) -> float:
        """Microseconds of something, as percent of the time."""
        return 100.0 * (after - before if after >= before else after) / passed_us

    def per_second(before: int, after: int) -> float:
        return (after - before if after >= before else after) * 1e6 / passed_us

    limit = new.memory_limit if 0 < new.memory_limit < _PAGE_LIMIT else host_memory
    return Rates(
        container_id=new.container_id,
        time_ns=new.time_ns,
        seconds=passed_us / 1e6,
        cpu_percent=share(old.cpu_usage_us, new.cpu_usage_us),
        cpu_user_percent=share(old.cpu_user_us, new.cpu_user_us),
        cpu_system_percent=share(old.cpu_system_us, new.cpu_system_us),
        throttled_percent=share(old.throttled_us, new.throttled_us),
        memory=new.memory,
        memory_limit=limit,
        memory_percent=100.0 * new.memory / limit if limit else 0.0,
        io_read_rate=per_second(old.io_read, new.io_read),
        io_write_rate=per_second(old.io_write, new.io_write),
        net_rx_rate=per_second(old.net_rx, new.net_rx),
        net_tx_rate=per_second(old.net_tx, new.net_tx),
        pids=new.pids,
        sample=new,
    )
