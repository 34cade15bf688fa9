"""Figures read from the kernel, per container and for the host. Times are integer nanoseconds since the epoch."""

from __future__ import annotations

from engine.types.data import Data


class Pressure(Data, frozen=True, kw_only=True):
    """PSI: share of time (percent over 10 s) that some, or all, tasks waited; and the totals in microseconds."""

    some_avg10: float = 0.0


class Sample(Data, frozen=True, kw_only=True):
    """One reading of one container. Counters only grow; rates are worked out by `Rates` from two samples."""

    container_id: str
    time_ns: int
    clock_ns: int = 0
    """By the clock that nobody sets; 0 where it is not known. Between two samples it tells how much time went by."""
    host_cpu_ns: int = 0
    """What the host's processors had spent by then, all together; only in a sample that was asked for."""
    cpu_usage_us: int = 0
    cpu_user_us: int = 0
    cpu_system_us: int = 0
    throttled_us: int = 0
    throttled_periods: int = 0
    periods: int = 0
    memory: int = 0
    """Current use less inactive file cache, as `docker stats` shows it."""
    memory_total: int = 0
    memory_anon: int = 0
    memory_file: int = 0
    memory_inactive_file: int = 0
    memory_shmem: int = 0
    memory_kernel: int = 0
    memory_limit: int = 0
    memory_peak: int = 0
    swap: int = 0
    oom: int = 0
    oom_kills: int = 0
    io_read: int = 0
    io_write: int = 0
    io_read_ops: int = 0
    io_write_ops: int = 0
    net_rx: int = 0
    net_tx: int = 0
    networks: tuple[tuple[str, int, int, int, int], ...] = ()
    """Interface, received bytes and packets, sent bytes and packets."""
    pids: int = 0
    pids_limit: int = 0
    cpu_limit: float = 0.0
    """In whole processors; 0 is none."""
    cpu_pressure: Pressure | None = None
    memory_pressure: Pressure | None = None
    io_pressure: Pressure | None = None
    estimated: tuple[str, ...] = ()
    """Fields summed from processes because the host gives no controller for them: "memory", "cpu", "io"."""


class Rates(Data, frozen=True, kw_only=True):
    """What a row or a graph shows: rates between two samples, with the elapsed time really measured."""

    container_id: str
    time_ns: int
    seconds: float = 1.0
    """The time these figures are of: the stretch that ends at `time_ns`."""
    cpu_percent: float
    """100 is one whole processor."""
    cpu_user_percent: float
    cpu_system_percent: float
    throttled_percent: float
    memory: int
    memory_limit: int
    memory_percent: float
    io_read_rate: float
    io_write_rate: float
    net_rx_rate: float
    net_tx_rate: float
    pids: int
    sample: Sample


class HostSample(Data, frozen=True, kw_only=True):
    time_ns: int
    cpu_percent: float
    processors: int
    memory_used: int
    memory_total: int
    disk_free: int
    load: tuple[float, float, float]
