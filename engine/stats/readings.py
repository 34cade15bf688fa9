"""Reading one container's figures. Files stay open and are read by position, which is what makes it cheap; but only so
many of all containers together, for a process may have a thousand open files and a desktop three hundred containers.

Where a controller is missing, memory and CPU are summed over the processes, and the sample says so (`estimated`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import time
from typing import TYPE_CHECKING

import psutil

from engine.stats import parse
from engine.types.stats import Sample

if TYPE_CHECKING:
    from pathlib import Path

    from engine.stats.target import StatTarget

_TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
_SLOW_EVERY = 10
"""Limits and peaks change seldom: they are read with every tenth sample."""
_BUFFER = 16384
_MOST_KEPT = 512


class _Files:
    """Open files by path; a file that is not there reads as nothing, and is tried again now and then."""

    _kept_by_all = 0
    """Of all containers. Beyond `_most_kept` a file is opened for each reading, which costs some microseconds more."""

    def __init__(self) -> None:
        self._open: dict[tuple[Path, str], int] = {}
        self._missing: set[tuple[Path, str]] = set()

    def read(self, directory: Path | None, name: str) -> bytes:
        if directory is None:
            return b""
        key = (directory, name)
        fd = self._open.get(key)
        if fd is None:
            if key in self._missing:
                return b""
            try:
                fd = os.open(f"{directory}/{name}", os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE):
                    self._missing.add(key)
                return b""
            if _Files._kept_by_all >= _most_kept():
                try:
                    return _read(fd)
                finally:
                    os.close(fd)
            self._open[key] = fd
            _Files._kept_by_all += 1
        return _read(fd)

    def forget_missing(self) -> None:
        self._missing.clear()

    def close(self) -> None:
        for fd in self._open.values():
            os.close(fd)
        _Files._kept_by_all -= len(self._open)
        self._open.clear()


def _most_kept() -> int:
    """An eighth of what this process may have open."""
    return min(_MOST_KEPT, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 8)


def _read(fd: int) -> bytes:
    try:
        return os.pread(fd, _BUFFER, 0)
    except OSError:
        return b""  # the group is gone, or the kernel does not keep this figure


class Readings:
    """Takes samples of one container."""

    def __init__(self, target: StatTarget) -> None:
        self.target = target
        self._files = _Files()
        self._count = 0
        self._slow: dict[str, float] = {}
        groups = target.cgroups
        self._v2 = groups.memory is None and groups.cpu is None and groups.cpuacct is None
        unified = groups.unified
        self._has_memory = groups.memory is not None or (unified is not None and (unified / "memory.current").exists())
        self._has_cpu = groups.cpuacct is not None or (unified is not None and (unified / "cpu.stat").exists())
        self._ended_cpu: dict[int, int] = {}

    def close(self) -> None:
        self._files.close()

    def memory_total(self) -> int:
        """Only this, for those who look often; 0 where there is no controller for it."""
        if not self._has_memory:
            return 0
        if self._v2:
            return parse.number(self._files.read(self.target.cgroups.unified, "memory.current"))
        return parse.number(self._files.read(self.target.cgroups.memory, "memory.usage_in_bytes"))

    def take(self, *, whole: bool = False) -> Sample:
        """`whole`: limits and peaks too, which otherwise may be a few samples old."""
        slow = whole or self._count % _SLOW_EVERY == 0
        self._count += 1
        if slow:
            self._files.forget_missing()
        figures: dict[str, object] = {}
        (self._unified if self._v2 else self._legacy)(figures, slow=slow)
        self._pressure(figures)
        self._network(figures)
        if not (self._has_memory and self._has_cpu):
            self._estimate(figures)
        return Sample(
            container_id=self.target.container_id,
            time_ns=time.time_ns(),
            clock_ns=time.monotonic_ns(),
            memory_limit=int(self._slow.get("memory_limit", 0)) or self.target.memory_limit,
            memory_peak=int(self._slow.get("memory_peak", 0)),
            pids_limit=int(self._slow.get("pids_limit", 0)),
            cpu_limit=self._slow.get("cpu_limit", 0.0) or self.target.cpu_limit,
            **figures,  # type: ignore[arg-type] # every key is a field of Sample, which msgspec checks
        )

    def _unified(self, figures: dict[str, object], *, slow: bool) -> None:
        group, read = self.target.cgroups.unified, self._files.read
        cpu = read(group, "cpu.stat")
        figures["cpu_usage_us"] = parse.field(cpu, b"usage_usec")
        figures["cpu_user_us"] = parse.field(cpu, b"user_usec")
        figures["cpu_system_us"] = parse.field(cpu, b"system_usec")
        figures["throttled_us"] = parse.field(cpu, b"throttled_usec")
        figures["throttled_periods"] = parse.field(cpu, b"nr_throttled")
        figures["periods"] = parse.field(cpu, b"nr_periods")
        if self._has_memory:
            memory, total = read(group, "memory.stat"), parse.number(read(group, "memory.current"))
            inactive = parse.field(memory, b"inactive_file")
            figures["memory_total"] = total
            figures["memory"] = max(0, total - inactive)
            figures["memory_inactive_file"] = inactive
            for name in (b"anon", b"file", b"shmem"):
                figures["memory_" + name.decode()] = parse.field(memory, name)
            figures["memory_kernel"] = parse.field(memory, b"kernel") or sum(
                parse.field(memory, name) for name in (b"slab", b"kernel_stack", b"pagetables", b"percpu", b"sock")
            )
            figures["swap"] = parse.number(read(group, "memory.swap.current"))
            events = read(group, "memory.events")
            figures["oom"] = parse.field(events, b"oom")
            figures["oom_kills"] = parse.field(events, b"oom_kill")
        reads = parse.io_v2(read(group, "io.stat"))
        figures["io_read"], figures["io_write"], figures["io_read_ops"], figures["io_write_ops"] = reads
        figures["pids"] = parse.number(read(group, "pids.current"))
        if slow:
            self._slow = {
                "memory_limit": parse.number(read(group, "memory.max")),
                "memory_peak": parse.number(read(group, "memory.peak")),
                "pids_limit": parse.number(read(group, "pids.max")),
                "cpu_limit": parse.cpu_limit(read(group, "cpu.max")),
            }

    def _legacy(self, figures: dict[str, object], *, slow: bool) -> None:
        groups, read = self.target.cgroups, self._files.read
        cpu = read(groups.cpu, "cpu.stat")
        figures["throttled_us"] = parse.field(cpu, b"throttled_time") // 1000
        figures["throttled_periods"] = parse.field(cpu, b"nr_throttled")
        figures["periods"] = parse.field(cpu, b"nr_periods")
        self._legacy_cpu(figures)
        if self._has_memory:
            memory, total = (
                read(groups.memory, "memory.stat"),
                parse.number(read(groups.memory, "memory.usage_in_bytes")),
            )
            inactive = parse.field(memory, b"total_inactive_file")
            figures["memory_total"] = total
            figures["memory"] = max(0, total - inactive)
            figures["memory_inactive_file"] = inactive
            figures["memory_anon"] = parse.field(memory, b"total_rss")
            figures["memory_file"] = parse.field(memory, b"total_cache")
            figures["memory_shmem"] = parse.field(memory, b"total_shmem")
            figures["swap"] = parse.field(memory, b"total_swap")
            figures["memory_kernel"] = parse.number(read(groups.memory, "memory.kmem.usage_in_bytes"))
            kills = parse.field(read(groups.memory, "memory.oom_control"), b"oom_kill")
            figures["oom"] = figures["oom_kills"] = kills
        moved = parse.io_v1(read(groups.blkio, "blkio.throttle.io_service_bytes_recursive"))
        figures["io_read"], figures["io_write"] = moved
        moved = parse.io_v1(read(groups.blkio, "blkio.throttle.io_serviced_recursive"))
        figures["io_read_ops"], figures["io_write_ops"] = moved
        figures["pids"] = parse.number(read(groups.pids, "pids.current"))
        if slow:
            quota = parse.number(read(groups.cpu, "cpu.cfs_quota_us"))
            period = parse.number(read(groups.cpu, "cpu.cfs_period_us"))
            self._slow = {
                "memory_limit": parse.number(read(groups.memory, "memory.limit_in_bytes")),
                "memory_peak": parse.number(read(groups.memory, "memory.max_usage_in_bytes")),
                "pids_limit": parse.number(read(groups.pids, "pids.max")),
                "cpu_limit": quota / period if quota > 0 and period > 0 else 0.0,
            }

    def _legacy_cpu(self, figures: dict[str, object]) -> None:
        groups, read = self.target.cgroups, self._files.read
        if groups.cpuacct is None:
            unified = read(groups.unified, "cpu.stat")
            figures["cpu_usage_us"] = parse.field(unified, b"usage_usec")
            figures["cpu_user_us"] = parse.field(unified, b"user_usec")
            figures["cpu_system_us"] = parse.field(unified, b"system_usec")
            return
        figures["cpu_usage_us"] = parse.number(read(groups.cpuacct, "cpuacct.usage")) // 1000
        user = read(groups.cpuacct, "cpuacct.usage_user")
        if user:
            figures["cpu_user_us"] = parse.number(user) // 1000
            figures["cpu_system_us"] = parse.number(read(groups.cpuacct, "cpuacct.usage_sys")) // 1000
            return
        # An old kernel says it in hundredths of a second, too coarse for one second of an idle program.
        ticks = read(groups.cpuacct, "cpuacct.stat")
        figures["cpu_user_us"] = parse.field(ticks, b"user") * _TICK_US
        figures["cpu_system_us"] = parse.field(ticks, b"system") * _TICK_US

    def _pressure(self, figures: dict[str, object]) -> None:
        group = self.target.cgroups.unified
        for name in ("cpu", "memory", "io"):
            figures[f"{name}_pressure"] = parse.pressure(self._files.read(group, f"{name}.pressure"))

    def _network(self, figures: dict[str, object]) -> None:
        if not self.target.own_network or self.target.pid <= 0:
            return
        try:
            with open(f"/proc/{self.target.pid}/net/dev", "rb", buffering=0) as file:
                networks = parse.network(file.read(_BUFFER) or b"")
        except OSError:
            return
        figures["networks"] = networks
        figures["net_rx"] = sum(one[1] for one in networks)
        figures["net_tx"] = sum(one[3] for one in networks)

    # --- where the host has no controller ---

    def _estimate(self, figures: dict[str, object]) -> None:
        memory = cpu_user = cpu_system = threads = 0
        for process in self._processes():
            with contextlib.suppress(psutil.Error), process.oneshot():
                memory += process.memory_info().rss
                times = process.cpu_times()
                cpu_user += round(times.user * 1e6)
                cpu_system += round(times.system * 1e6)
                threads += process.num_threads()
        estimated = []
        if not self._has_memory:
            figures["memory"] = figures["memory_total"] = figures["memory_anon"] = memory
            estimated.append("memory")
        if not self._has_cpu:
            figures["cpu_usage_us"], figures["cpu_user_us"], figures["cpu_system_us"] = (
                cpu_user + cpu_system, cpu_user, cpu_system,
            )  # fmt: skip
            estimated.append("cpu")
        figures["pids"] = figures.get("pids") or threads
        figures["estimated"] = tuple(estimated)

    def _processes(self) -> list[psutil.Process]:
        """Those in the control group, or without one the main process and all below it."""
        groups = self.target.cgroups
        group = groups.unified or groups.pids or groups.cpu
        numbers = self._files.read(group, "cgroup.procs").split()
        try:
            if numbers:
                return [psutil.Process(int(one)) for one in numbers if psutil.pid_exists(int(one))]
            main = psutil.Process(self.target.pid)
            return [main, *main.children(recursive=True)]
        except (psutil.Error, ValueError):
            return []
