"""Every figure of a control group of the first generation, old kernels' too; and what is summed up from processes."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from engine.stats import readings
from engine.stats.readings import Readings
from engine.stats.target import CgroupFiles, StatTarget

if TYPE_CHECKING:
    from pathlib import Path

    from engine.types.stats import Sample

MEMORY = {
    "memory.usage_in_bytes": b"1000\n",
    "memory.limit_in_bytes": b"4000\n",
    "memory.max_usage_in_bytes": b"1500\n",
    "memory.stat": b"cache 1\ntotal_rss 300\ntotal_cache 500\ntotal_inactive_file 400\ntotal_swap 7\ntotal_shmem 60\n",
    "memory.kmem.usage_in_bytes": b"90\n",
    "memory.oom_control": b"under_oom 0\noom_kill 3\n",
}
CPU = {
    "cpu.stat": b"nr_periods 5\nnr_throttled 2\nthrottled_time 9000\n",
    "cpu.cfs_quota_us": b"1\n",
    "cpu.cfs_period_us": b"1\n",
}
BLKIO = {
    "blkio.throttle.io_service_bytes_recursive": b"8:0 Read 1\n8:0 Write 2\nTotal 3\n",
    "blkio.throttle.io_serviced_recursive": b"8:0 Read 3\n8:0 Write 4\nTotal 7\n",
}
PIDS = {"pids.current": b"4\n", "pids.max": b"9\n"}


def written(place: Path, files: dict[str, bytes]) -> Path:
    place.mkdir(exist_ok=True)
    for name, data in files.items():
        (place / name).write_bytes(data)
    return place


def read(pid: int = 0, **groups: Path) -> Sample:
    taken = Readings(StatTarget("id", "name", pid, CgroupFiles(**groups)))
    try:
        return taken.take()
    finally:
        taken.close()


def first_generation(place: Path, accounts: dict[str, bytes] | None = None) -> Sample:
    parts = {"cpu": CPU, "memory": MEMORY, "blkio": BLKIO, "pids": PIDS}
    if accounts is not None:
        parts["cpuacct"] = accounts
    return read(**{name: written(place / name, files) for name, files in parts.items()})


def test_all_figures_of_the_first_generation(tmp_path: Path) -> None:
    accounts = {"cpuacct.usage": b"5000000\n", "cpuacct.usage_user": b"3000000\n", "cpuacct.usage_sys": b"2000000\n"}
    sample = first_generation(tmp_path, accounts)
    told = {
        name: getattr(sample, name)
        for name in (
            "memory",
            "memory_total",
            "memory_inactive_file",
            "memory_anon",
            "memory_file",
            "memory_shmem",
            "memory_kernel",
            "memory_limit",
            "memory_peak",
            "swap",
            "oom",
            "oom_kills",
            "io_read",
            "io_write",
            "io_read_ops",
            "io_write_ops",
            "pids",
            "pids_limit",
            "cpu_limit",
            "throttled_us",
            "throttled_periods",
            "periods",
            "cpu_usage_us",
            "cpu_user_us",
            "cpu_system_us",
            "estimated",
        )
    }
    assert told == {
        "memory": 600,
        "memory_total": 1000,
        "memory_inactive_file": 400,
        "memory_anon": 300,
        "memory_file": 500,
        "memory_shmem": 60,
        "memory_kernel": 90,
        "memory_limit": 4000,
        "memory_peak": 1500,
        "swap": 7,
        "oom": 3,
        "oom_kills": 3,
        "io_read": 1,
        "io_write": 2,
        "io_read_ops": 3,
        "io_write_ops": 4,
        "pids": 4,
        "pids_limit": 9,
        "cpu_limit": 1.0,
        "throttled_us": 9,
        "throttled_periods": 2,
        "periods": 5,
        "cpu_usage_us": 5000,
        "cpu_user_us": 3000,
        "cpu_system_us": 2000,
        "estimated": (),
    }


def test_an_old_kernel_tells_in_hundredths_of_a_second(tmp_path: Path) -> None:
    sample = first_generation(tmp_path, {"cpuacct.usage": b"5000000\n", "cpuacct.stat": b"user 3\nsystem 2\n"})
    assert (sample.cpu_usage_us, sample.cpu_user_us, sample.cpu_system_us) == (5000, 30_000, 20_000)


@pytest.mark.parametrize(
    ("quota", "period", "limit"), [(b"-1", b"100000", 0.0), (b"50000", b"0", 0.0), (b"50000", b"100000", 0.5)]
)
def test_a_share_of_processors(tmp_path: Path, quota: bytes, period: bytes, limit: float) -> None:
    group = written(tmp_path / "cpu", CPU | {"cpu.cfs_quota_us": quota, "cpu.cfs_period_us": period})
    accounts = written(tmp_path / "acct", {"cpuacct.usage": b"1"})
    assert read(cpu=group, cpuacct=accounts, memory=written(tmp_path / "m", MEMORY)).cpu_limit == limit


def test_what_an_old_kernel_of_the_second_generation_leaves_out_is_added_up(tmp_path: Path) -> None:
    stat = b"anon 1\nslab 1\nkernel_stack 10\npagetables 100\npercpu 1000\nsock 10000\n"
    group = written(
        tmp_path / "g",
        {
            "cpu.stat": b"usage_usec 9\n",
            "memory.current": b"5\n",
            "memory.stat": stat,
            "memory.max": b"max\n",
        },
    )
    assert read(unified=group).memory_kernel == 11111


def test_without_controllers_its_processes_are_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Process:
        def __init__(self, pid: int) -> None:
            asked.append(pid)

        def oneshot(self) -> Any:
            return memoryview(b"")  # something to stand in a with

        def memory_info(self) -> Any:
            return SimpleNamespace(rss=1000)

        def cpu_times(self) -> Any:
            return SimpleNamespace(user=1.5, system=0.5)

        def num_threads(self) -> int:
            return 3

        def children(self, *, recursive: bool) -> list[Process]:
            assert recursive
            return [Process(2)]

    monkeypatch.setattr(readings.psutil, "Process", Process)
    monkeypatch.setattr(readings.psutil, "pid_exists", lambda pid: pid != 9)
    group = written(tmp_path / "g", {"cgroup.procs": b"5\n6\n9\n"})
    for groups in ({"unified": group}, {"pids": group}, {"cpu": group}):
        asked.clear()
        sample = read(pid=1, **groups)
        assert asked == [5, 6]
        assert (sample.memory, sample.memory_total, sample.memory_anon, sample.pids) == (2000, 2000, 2000, 6)
        assert "memory" in sample.estimated
    alone = read(pid=1)
    assert (alone.cpu_usage_us, alone.cpu_user_us, alone.cpu_system_us) == (4_000_000, 3_000_000, 1_000_000)
    assert (alone.estimated, asked[-2:]) == (("memory", "cpu"), [1, 2])


def test_a_processes_own_network_is_read_where_it_has_one() -> None:
    own = Readings(StatTarget("id", "name", os.getpid(), CgroupFiles()))
    shared = Readings(StatTarget("id", "name", os.getpid(), CgroupFiles(), own_network=False))
    gone = Readings(StatTarget("id", "name", 1 << 30, CgroupFiles()))
    samples = [each.take() for each in (own, shared, gone)]
    assert samples[0].net_rx == sum(each[1] for each in samples[0].networks)
    assert samples[0].net_tx == sum(each[3] for each in samples[0].networks)
    assert [each.networks for each in samples[1:]] == [(), ()]
    for each in (own, shared, gone):
        each.close()
