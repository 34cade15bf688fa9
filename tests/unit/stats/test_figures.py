"""Kernel files to numbers, samples to rates, rates to a ring and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.stats import parse
from engine.stats.rates import rates_between
from engine.stats.readings import Readings
from engine.stats.ring import SLOT_SECONDS, SLOTS, Ring
from engine.stats.target import CgroupFiles, StatTarget
from engine.types.stats import Pressure, Rates, Sample

if TYPE_CHECKING:
    from pathlib import Path

NOW_NS = 1_790_000_000_000_000_000
CPU_STAT = b"usage_usec 900\nuser_usec 600\nsystem_usec 300\nnr_periods 10\nnr_throttled 4\nthrottled_usec 77\n"
NET_DEV = b"""Inter-|   Receive                                                |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo:    1000      10    0    0    0 0 0 0 1000 10 0 0 0 0 0 0
  eth0: 5000      50    0    0    0 0 0 0 7000 70 0 0 0 0 0 0
"""


@pytest.mark.parametrize(
    ("data", "value"), [(b"12\n", 12), (b"max\n", 0), (b"9223372036854771712\n", 0), (b"", 0), (b"-1\n", -1)]
)
def test_number(data: bytes, value: int) -> None:
    assert parse.number(data) == value


def test_a_number_of_many_digits_is_none() -> None:
    many = b"9" * 5000
    assert parse.io_v2(b"8:0 rbytes=" + many + b" wios=2\n") == (0, 0, 0, 2)
    assert parse.io_v1(b"8:0 Read " + many + b"\n8:0 Write 3\n") == (0, 3)
    assert parse.cpu_limit(many + b" 100000") == 0.0


def test_field_is_a_whole_key() -> None:
    data = b"total_rss 1\nrss 2\nrss_huge 3\n"
    assert [parse.field(data, key) for key in (b"total_rss", b"rss", b"rss_huge", b"huge")] == [1, 2, 3, 0]


@given(st.binary(max_size=300))
def test_nothing_the_kernel_says_breaks_a_parser(data: bytes) -> None:
    parse.number(data)
    parse.field(data, b"key")
    parse.pressure(data)
    parse.io_v2(data)
    parse.io_v1(data)
    parse.cpu_limit(data)
    parse.cpu_limit(b"5 " + data)
    parse.network(b"\n\neth0: " + data + b" 1" * 16)


def test_pressure() -> None:
    data = b"some avg10=1.50 avg60=0.59 avg300=0.28 total=46\nfull avg10=0.25 avg60=0.00 avg300=0.00 total=7\n"
    assert parse.pressure(data) == Pressure(some_avg10=1.5)
    assert parse.pressure(b"") is None


def test_io() -> None:
    assert parse.io_v2(b"8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:16 rbytes=10\n") == (11, 2, 3, 4)
    assert parse.io_v1(b"8:0 Read 5\n8:0 Write 6\n8:16 Read 1\nTotal 12\n") == (6, 6)


@pytest.mark.parametrize(("data", "value"), [(b"50000 100000\n", 0.5), (b"max 100000\n", 0.0), (b"", 0.0)])
def test_cpu_limit(data: bytes, value: float) -> None:
    assert parse.cpu_limit(data) == value


def test_network_leaves_the_loopback_out() -> None:
    assert parse.network(NET_DEV) == (("eth0", 5000, 50, 7000, 70),)


def _write(directory: Path, **files: bytes) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (directory / name.replace("__", ".")).write_bytes(data)
    return directory


def test_reading_a_v2_group(tmp_path: Path) -> None:
    group = _write(
        tmp_path / "group",
        cpu__stat=CPU_STAT, memory__current=b"1000\n", memory__max=b"4000\n", memory__peak=b"1500\n",
        memory__stat=b"anon 300\nfile 500\nkernel 90\nshmem 60\ninactive_file 400\nactive_file 1\n",
        memory__events=b"low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n",
        io__stat=b"8:0 rbytes=1 wbytes=2 rios=3 wios=4\n", pids__current=b"3\n", pids__max=b"max\n",
        cpu__max=b"150000 100000\n",
    )  # fmt: skip
    readings = Readings(StatTarget("id", "name", 0, CgroupFiles(unified=group)))
    sample = readings.take()
    assert (sample.memory, sample.memory_total, sample.memory_limit, sample.memory_peak) == (600, 1000, 4000, 1500)
    assert (sample.memory_anon, sample.memory_file, sample.memory_shmem, sample.memory_kernel) == (300, 500, 60, 90)
    assert (sample.oom, sample.oom_kills) == (2, 1)
    assert (sample.cpu_usage_us, sample.throttled_us, sample.throttled_periods, sample.periods) == (900, 77, 4, 10)
    assert (sample.cpu_limit, sample.pids, sample.pids_limit) == (1.5, 3, 0)
    assert (sample.io_read, sample.io_write) == (1, 2)
    assert sample.estimated == ()
    # The files stay open and are read anew.
    _write(group, memory__current=b"2000\n")
    assert readings.take().memory == 1600
    readings.close()


# In the form of a current kernel: a service that swaps, is throttled and waits for its disk.
V2_FILES = {
    "cpu.stat": b"usage_usec 48212345\nuser_usec 30111222\nsystem_usec 18101123\ncore_sched.force_idle_usec 0\n"
    b"nr_periods 5120\nnr_throttled 733\nthrottled_usec 92811734\nnr_bursts 0\nburst_usec 0\n",
    "memory.current": b"268156928\n",
    "memory.peak": b"268435456\n",
    "memory.max": b"268435456\n",
    "memory.swap.current": b"41943040\n",
    "memory.stat": b"anon 201326592\nfile 50331648\nkernel 16498688\nkernel_stack 524288\npagetables 1310720\n"
    b"sec_pagetables 0\npercpu 9216\nsock 0\nvmalloc 65536\nshmem 4194304\nzswap 0\nzswapped 0\nfile_mapped 8388608\n"
    b"inactive_anon 104857600\nactive_anon 96468992\ninactive_file 33554432\nactive_file 12582912\n",
    "memory.events": b"low 0\nhigh 0\nmax 9161\noom 3\noom_kill 2\noom_group_kill 0\n",
    "io.stat": b"259:0 rbytes=104857600 wbytes=52428800 rios=2560 wios=1280 dbytes=0 dios=0\n"
    b"253:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n7:0\n",
    "pids.current": b"17\n",
    "pids.max": b"512\n",
    "cpu.max": b"50000 100000\n",
    "cpu.pressure": b"some avg10=61.20 avg60=40.11 avg300=12.00 total=92811734\n"
    b"full avg10=61.20 avg60=40.11 avg300=12.00 total=92811734\n",
    "memory.pressure": b"some avg10=22.50 avg60=9.00 avg300=2.10 total=7311222\n"
    b"full avg10=20.00 avg60=8.00 avg300=2.00 total=6900000\n",
    "io.pressure": b"some avg10=5.00 avg60=1.00 avg300=0.20 total=811223\n"
    b"full avg10=4.00 avg60=0.90 avg300=0.19 total=7\n",
}


def test_a_v2_group_in_need(tmp_path: Path) -> None:
    group = _write(tmp_path / "group", **{name.replace(".", "__"): data for name, data in V2_FILES.items()})
    readings = Readings(StatTarget("id", "name", 0, CgroupFiles(unified=group)))
    sample = readings.take()
    assert readings.memory_total() == 268_156_928
    readings.close()
    assert (sample.memory, sample.swap, sample.memory_peak) == (234_602_496, 41_943_040, 268_435_456)
    assert (sample.memory_kernel, sample.memory_shmem) == (16_498_688, 4_194_304)
    assert (sample.oom, sample.oom_kills) == (3, 2)
    assert (sample.periods, sample.throttled_periods, sample.throttled_us) == (5120, 733, 92_811_734)
    assert (sample.cpu_limit, sample.pids, sample.pids_limit) == (0.5, 17, 512)
    assert (sample.io_read, sample.io_write, sample.io_read_ops, sample.io_write_ops) == (
        104_861_696,
        52_428_800,
        2561,
        1280,
    )
    assert sample.cpu_pressure == Pressure(some_avg10=61.2)
    assert (sample.memory_pressure is not None, sample.io_pressure is not None) == (True, True)
    assert sample.estimated == ()


def test_a_v2_group_of_an_old_kernel(tmp_path: Path) -> None:
    """No peak, no "kernel" line, no pressure, no swap accounting: what is not there is nothing, and no guess."""
    group = _write(
        tmp_path / "group", cpu__stat=CPU_STAT, memory__current=b"5000\n",
        memory__stat=b"anon 1\nkernel_stack 10\nslab 30\nsock 5\npercpu 2\n", memory__max=b"max\n",
    )  # fmt: skip
    readings = Readings(StatTarget("id", "name", 0, CgroupFiles(unified=group)))
    sample = readings.take()
    readings.close()
    assert (sample.memory_kernel, sample.memory_peak, sample.memory_limit, sample.swap) == (47, 0, 0, 0)
    assert (sample.cpu_pressure, sample.memory_pressure, sample.io_pressure) == (None, None, None)


def test_reading_v1_groups(tmp_path: Path) -> None:
    groups = CgroupFiles(
        cpu=_write(tmp_path / "cpu", cpu__stat=b"nr_periods 5\nnr_throttled 2\nthrottled_time 9000\n",
                   cpu__cfs_quota_us=b"50000\n", cpu__cfs_period_us=b"100000\n"),
        cpuacct=_write(tmp_path / "cpuacct", cpuacct__usage=b"5000000\n", cpuacct__stat=b"user 3\nsystem 2\n"),
        memory=_write(tmp_path / "memory", memory__usage_in_bytes=b"1000\n", memory__limit_in_bytes=b"4000\n",
                      memory__stat=b"rss 1\ntotal_rss 300\ntotal_cache 500\ntotal_inactive_file 400\ntotal_swap 7\n",
                      memory__oom_control=b"oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
        pids=_write(tmp_path / "pids", pids__current=b"4\n", pids__max=b"9\n"),
    )  # fmt: skip
    readings = Readings(StatTarget("id", "name", 0, groups))
    sample = readings.take()
    readings.close()
    assert (sample.memory, sample.memory_limit, sample.memory_anon, sample.swap) == (600, 4000, 300, 7)
    assert (sample.cpu_usage_us, sample.cpu_user_us, sample.throttled_us) == (5000, 30_000, 9)
    assert (sample.oom_kills, sample.cpu_limit, sample.pids, sample.pids_limit) == (3, 0.5, 4, 9)


def test_without_a_memory_controller_it_says_so(tmp_path: Path) -> None:
    import os

    group = _write(tmp_path / "group", cpu__stat=CPU_STAT, cgroup__procs=f"{os.getpid()}\n".encode())
    readings = Readings(StatTarget("id", "name", os.getpid(), CgroupFiles(unified=group)))
    sample = readings.take()
    readings.close()
    assert sample.estimated == ("memory",)
    assert sample.memory > 1 << 20
    assert sample.cpu_usage_us == 900


def _sample(seconds: float, **fields: int) -> Sample:
    return Sample(container_id="id", time_ns=NOW_NS + int(seconds * 1e9), **fields)  # type: ignore[arg-type]


def test_rates_by_the_time_that_really_passed() -> None:
    rates = rates_between(
        _sample(0, cpu_usage_us=0, io_read=0, net_rx=100),
        _sample(2.5, cpu_usage_us=1_250_000, io_read=5000, net_rx=100, memory=50, memory_limit=200),
    )
    assert rates.cpu_percent == pytest.approx(50)
    assert rates.io_read_rate == pytest.approx(2000)
    assert (rates.net_rx_rate, rates.memory_percent) == (0, 25)


def test_a_counter_that_went_back_starts_from_nothing() -> None:
    rates = rates_between(_sample(0, cpu_usage_us=9_000_000), _sample(1, cpu_usage_us=100_000))
    assert rates.cpu_percent == pytest.approx(10)


def test_without_a_limit_the_host_is_the_limit() -> None:
    assert rates_between(_sample(0), _sample(1, memory=10), host_memory=40).memory_percent == 25


def _rates(second: int) -> Rates:
    return rates_between(_sample(second - 10), _sample(second, cpu_usage_us=second, memory=second << 10, pids=3))


def test_a_ring_comes_back_as_it_went(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "a.day")
    for second in range(0, 600, 10):
        ring.put(_rates(second))
    found = Ring(tmp_path / "a.day").since("id", NOW_NS, NOW_NS + 10**12)
    assert [one.memory >> 10 for one in found] == list(range(0, 600, 10))
    assert found[0].time_ns == NOW_NS
    assert len(ring.since("id", NOW_NS + 500 * 10**9, NOW_NS + 10**12)) == 10


def test_a_ring_keeps_what_was_not_told_as_not_told(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "a.day")
    told = _sample(
        10, memory=9 << 20, memory_anon=4 << 20, memory_file=3 << 20, memory_kernel=2 << 20, memory_shmem=1 << 20
    )
    told = replace(told, cpu_pressure=Pressure(some_avg10=7.5), estimated=("cpu",))
    ring.put(rates_between(_sample(0), told))
    (found,) = ring.since("id", 0, NOW_NS * 2)
    assert found.seconds == 10
    assert found.sample.cpu_pressure == Pressure(some_avg10=7.5)
    assert found.sample.memory_pressure is found.sample.io_pressure is None
    assert (found.sample.memory_anon, found.sample.memory_file) == (4 << 20, 3 << 20)
    assert (found.sample.memory_kernel, found.sample.memory_shmem) == (2 << 20, 1 << 20)
    assert found.sample.estimated == ("cpu",)


def test_the_last_seconds_of_a_run_do_not_take_the_place_of_the_record_before_them(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "a.day")
    ring.put(_rates(0))
    ring.put(rates_between(_sample(0), _sample(3, memory=7 << 10)), ending=True)
    assert [(one.seconds, one.memory >> 10) for one in ring.since("id", 0, NOW_NS * 2)] == [(10, 0), (3, 7)]


def test_a_ring_keeps_a_day_in_less_than_a_megabyte(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "a.day")
    for second in range(0, (SLOTS + 50) * SLOT_SECONDS, SLOT_SECONDS):
        ring.put(_rates(second))
    found = ring.since("id", 0, NOW_NS * 2)
    assert len(found) == SLOTS
    assert found[0].memory >> 10 == 50 * SLOT_SECONDS
    assert (tmp_path / "a.day").stat().st_size < 800_000


@pytest.mark.parametrize("damage", [b"", b"short", b"\xff" * 1000])
def test_a_damaged_ring_is_no_disaster(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a.day").write_bytes(damage)
    assert Ring(tmp_path / "a.day").since("id", NOW_NS, NOW_NS + 10**12) == []
