"""The host's own figures, from one reading to the next; rates and rings to the letter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine.stats import host
from engine.stats.host import HostReader, processor_time_ns
from engine.stats.parse import cpu_limit, field, io_v1, io_v2, network, number, pressure
from engine.stats.rates import rates_between
from engine.stats.ring import SLOT_SECONDS, Ring
from engine.types.stats import Pressure, Sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KIB = 1024


@pytest.fixture
def spend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what the processors have spent, in seconds."""
    monkeypatch.setattr(host.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(host.psutil, "virtual_memory", lambda: SimpleNamespace(total=1000, available=300))

    def spent(**seconds: float) -> None:
        monkeypatch.setattr(host.psutil, "cpu_times", lambda: SimpleNamespace(**{"idle": 0.0} | seconds))

    spent()
    return spent


def test_the_hosts_use_is_what_happened_since_the_last_look(spend: Callable[..., None], tmp_path: Path) -> None:
    spend(user=10.0, idle=10.0, iowait=5.0)
    reader = HostReader(tmp_path)
    assert (reader.processors, reader.memory) == (4, 1000)
    spend(user=11.0, nice=1.0, system=1.0, irq=0.5, softirq=0.25, steal=0.25, idle=12.0, iowait=7.0)
    sample = reader.take()
    # 4 of 8 seconds, on four processors.
    assert sample.cpu_percent == pytest.approx(200.0)
    assert (sample.processors, sample.memory_used, sample.memory_total) == (4, 700, 1000)
    assert sample.disk_free > 0
    assert len(sample.load) == 3
    assert reader.take().cpu_percent == 0.0
    spend(user=30.0, idle=12.0, iowait=7.0)
    assert reader.take().cpu_percent == 400.0


def test_a_count_of_waiting_that_went_back_makes_no_more_than_all(spend: Callable[..., None], tmp_path: Path) -> None:
    spend(user=10.0, idle=10.0, iowait=5.0)
    reader = HostReader(tmp_path / "not made yet")
    spend(user=12.0, idle=10.0, iowait=4.0)
    assert reader.take().cpu_percent == 400.0
    spend(user=12.0, idle=11.0, iowait=4.0)
    assert reader.take().cpu_percent == 0.0


def test_all_that_processors_spend_grows() -> None:
    first = processor_time_ns()
    assert 0 < first <= processor_time_ns()


# --- what the kernel says ---


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"a 1\nab 22\nb 3", {b"a": 1, b"ab": 22, b"b": 3, b"c": 0, b"": 0}),
        (b"a x\nb \n", {b"a": 0, b"b": 0}),
        (b"", {b"a": 0}),
    ],
)
def test_a_field_is_the_number_behind_its_whole_key(data: bytes, found: dict[bytes, int]) -> None:
    assert {key: field(data, key) for key in found} == found


def test_numbers_of_the_kernel() -> None:
    assert [number(text) for text in (b"5\n", b"max\n", b"", b"9223372036854771712", b"4611686018427387903")] == [
        5,
        0,
        0,
        0,
        (1 << 62) - 1,
    ]
    assert cpu_limit(b"150000 100000\n") == 1.5
    assert [cpu_limit(text) for text in (b"max 100000", b"1 0", b"5", b"1 2 3")] == [0.0] * 4
    assert pressure(b"some avg10=1.25 avg60=0 avg300=0 total=9\nfull avg10=9 a b c\n") == Pressure(some_avg10=1.25)
    assert pressure(b"full avg10=9 a b c\n") == Pressure()
    assert pressure(b"some avg10=x a b c") == Pressure()
    assert pressure(b"") is None


def test_all_devices_are_added_up() -> None:
    v2 = b"8:0 rbytes=1 wbytes=20 rios=300 wios=4000 dbytes=9\n8:16 rbytes=5 wbytes=x rios=7\n"
    assert io_v2(v2) == (6, 20, 307, 4000)
    v1 = b"8:0 Read 1\n8:0 Write 2\n8:0 Sync 9\n8:16 Read 10\n8:16 Write 20\nTotal 42\n8:0 Read x\n"
    assert io_v1(v1) == (11, 22)


def test_interfaces_but_the_loopback() -> None:
    head = b"Inter-|\n face |\n"
    row = b" eth0: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n   lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n"
    assert network(head + row) == (("eth0", 1, 2, 3, 4),)
    assert network(head + b"eth1: 1 2 3\nnonsense\neth2: x 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n") == ()


# --- rates ---


def a_sample(**others: Any) -> Sample:
    return Sample(container_id="c", **{"time_ns": 0} | others)


def test_every_rate_is_by_the_time_between() -> None:
    counts = {
        "cpu_usage_us": 1_000_000,
        "cpu_user_us": 600_000,
        "cpu_system_us": 400_000,
        "throttled_us": 200_000,
        "io_read": 4000,
        "io_write": 8000,
        "net_rx": 2000,
        "net_tx": 6000,
    }
    new = a_sample(time_ns=2_000_000_000, memory=250, memory_limit=1000, pids=7, **counts)
    found = rates_between(a_sample(), new, host_memory=500)
    assert (found.seconds, found.cpu_percent, found.cpu_user_percent, found.cpu_system_percent) == (
        2.0,
        50.0,
        30.0,
        20.0,
    )
    assert (found.throttled_percent, found.memory, found.memory_limit, found.memory_percent) == (10.0, 250, 1000, 25.0)
    assert (found.io_read_rate, found.io_write_rate, found.net_rx_rate, found.net_tx_rate) == (2000, 4000, 1000, 3000)
    assert (found.pids, found.container_id, found.time_ns, found.sample) == (7, "c", 2_000_000_000, new)
    restarted = rates_between(new, a_sample(time_ns=4_000_000_000, cpu_usage_us=500_000, io_read=100))
    assert (restarted.cpu_percent, restarted.io_read_rate) == (25.0, 50.0)
    unlimited = rates_between(
        a_sample(), a_sample(time_ns=1_000_000_000, memory=250, memory_limit=1 << 60), host_memory=500
    )
    assert (unlimited.memory_limit, unlimited.memory_percent) == (500, 50.0)
    assert rates_between(a_sample(), a_sample(memory=5)).memory_percent == 0.0


def test_the_clock_that_nobody_sets_goes_before_the_one_on_the_wall() -> None:
    old, new = (
        a_sample(clock_ns=1_000_000_000, time_ns=50_000_000_000),
        a_sample(clock_ns=3_000_000_000, time_ns=10_000_000_000, cpu_usage_us=1_000_000),
    )
    assert (rates_between(old, new).seconds, rates_between(old, new).cpu_percent) == (2.0, 50.0)
    # Two readings of one moment divide by nothing.
    assert rates_between(new, new).seconds == 1e-06


# --- kept for a day ---


def test_all_of_a_record_comes_back(tmp_path: Path) -> None:
    sample = a_sample(
        time_ns=7_000_123_000,
        memory=3 * KIB,
        memory_limit=9 * KIB,
        memory_anon=4 * KIB,
        memory_shmem=5 * KIB,
        memory_kernel=6 * KIB,
        memory_file=7 * KIB,
        pids=8,
        cpu_pressure=Pressure(some_avg10=0.5),
        io_pressure=Pressure(some_avg10=2.0),
        estimated=("memory", "io"),
    )
    counts = {
        "cpu_usage_us": 1000,
        "cpu_user_us": 500,
        "cpu_system_us": 250,
        "throttled_us": 125,
        "io_read": 1,
        "io_write": 2,
    }

    new = msgspec.structs.replace(sample, net_rx=4, net_tx=8, **counts)
    put = rates_between(a_sample(time_ns=6_999_123_000), new)
    ring = Ring(tmp_path / "c.day")
    assert ring.since("c", 0, 10**18) == []
    ring.put(put)
    (got,) = ring.since("c", 7_000_000_000, 7_999_999_999)
    for name in put.__struct_fields__:
        if name != "sample":
            assert getattr(got, name) == pytest.approx(getattr(put, name)), name
    told = (
        "memory",
        "memory_limit",
        "memory_anon",
        "memory_shmem",
        "memory_kernel",
        "memory_file",
        "pids",
        "cpu_pressure",
        "memory_pressure",
        "io_pressure",
        "estimated",
        "time_ns",
    )
    assert [getattr(got.sample, name) for name in told] == [getattr(sample, name) for name in told]
    assert ring.since("c", 8_000_000_000, 10**18) == []
    assert ring.since("c", 0, 6_999_999_999) == []
    assert (tmp_path / "c.day").stat().st_mode & 0o777 == 0o600


def test_records_come_in_the_order_of_their_time(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "c.day")
    day = 24 * 3600
    for second in (day - 5, day + 5, day + 15):
        ring.put(rates_between(a_sample(), a_sample(time_ns=second * 1_000_000_000)))
    ring.put(rates_between(a_sample(), a_sample(time_ns=(day + 18) * 1_000_000_000)), ending=True)
    assert [each.time_ns // 1_000_000_000 - day for each in ring.since("c", 0, 10**18)] == [-5, 5, 15, 18]
    ring.put(rates_between(a_sample(), a_sample(time_ns=(2 * day + 5) * 1_000_000_000)))
    assert [each.time_ns // 1_000_000_000 - day for each in ring.since("c", 0, 10**18)] == [-5, 15, 18, day + 5]
    assert SLOT_SECONDS == 10
