"""Limits as the kernel's files want them, on both generations, and said in words where there is no controller."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine.cgroups.layout import LIMITING_CONTROLLERS, Layout, Mode
from engine.cgroups.limits import (
    DEFAULT_PIDS,
    block_device_number,
    check_resources,
    cpu_quota,
    cpu_weight,
    plan_limits,
    swap_allowance,
)
from engine.errors import InvalidRequest
from engine.types.containers import IoLimit, Resources

ALL = frozenset(LIMITING_CONTROLLERS)
V2 = Layout(Mode.V2, {"": Path("/g")}, ALL)
V1 = Layout(Mode.HYBRID, {"memory": Path("/m"), "": Path("/u")}, ALL)
MIB = 1 << 20


def files(resources: Resources, layout: Layout, *, reset: bool = False) -> list[tuple[str, str]]:
    plan = plan_limits(resources, layout, reset=reset, device_number=lambda path: "8:0")
    return [
        (write.file, write.value)
        for write in plan.writes
        if reset or resources.pids or write.file != "pids.max"  # which is never left out
    ]


@pytest.mark.parametrize(
    ("resources", "v2", "v1"),
    [
        (
            Resources(memory=64 * MIB),
            [("memory.max", str(64 * MIB)), ("memory.swap.max", str(64 * MIB))],
            [
                ("memory.memsw.limit_in_bytes", "-1"),
                ("memory.limit_in_bytes", str(64 * MIB)),
                ("memory.memsw.limit_in_bytes", str(128 * MIB)),
            ],
        ),
        (
            Resources(memory=64 * MIB, memory_swap=64 * MIB),
            [("memory.max", str(64 * MIB)), ("memory.swap.max", "0")],
            [
                ("memory.memsw.limit_in_bytes", "-1"),
                ("memory.limit_in_bytes", str(64 * MIB)),
                ("memory.memsw.limit_in_bytes", str(64 * MIB)),
            ],
        ),
        (
            Resources(cpus=1.5),
            [("cpu.max", "150000 100000")],
            [("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "150000")],
        ),
        (
            Resources(cpu_quota=20_000, cpu_period=50_000),
            [("cpu.max", "20000 50000")],
            [("cpu.cfs_period_us", "50000"), ("cpu.cfs_quota_us", "20000")],
        ),
        (Resources(cpu_shares=1024), [("cpu.weight", "39")], [("cpu.shares", "1024")]),
        (Resources(pids=100), [("pids.max", "100")], [("pids.max", "100")]),
        (Resources(cpuset_cpus="0-1"), [("cpuset.cpus", "0-1")], [("cpuset.cpus", "0-1")]),
        (
            Resources(io=(IoLimit(device="/dev/x", kind="write-bps", rate=1000),)),
            [("io.max", "8:0 wbps=1000")],
            [("blkio.throttle.write_bps_device", "8:0 1000")],
        ),
        (Resources(), [], []),
    ],
)
def test_what_is_written(resources: Resources, v2: list[tuple[str, str]], v1: list[tuple[str, str]]) -> None:
    assert files(resources, V2) == v2
    assert files(resources, V1) == v1


def test_taking_limits_off_again() -> None:
    assert ("memory.max", "max") in files(Resources(), V2, reset=True)
    assert ("cpu.max", "max 100000") in files(Resources(), V2, reset=True)
    assert ("pids.max", str(DEFAULT_PIDS)) in files(Resources(), V2, reset=True)
    assert ("memory.limit_in_bytes", "-1") in files(Resources(), V1, reset=True)


@pytest.mark.parametrize("layout", [V2, V1])
@pytest.mark.parametrize(("asked", "written"), [(0, str(DEFAULT_PIDS)), (-1, "max"), (5, "5")])
def test_there_is_a_limit_of_processes_unless_none_is_asked_for(layout: Layout, asked: int, written: str) -> None:
    plan = plan_limits(Resources(pids=asked), layout)
    assert [write.value for write in plan.writes if write.file == "pids.max"] == [written]
    assert not plan.unenforced


def test_unlimited_swap() -> None:
    assert ("memory.swap.max", "max") in files(Resources(memory=64 * MIB, memory_swap=-1), V2)


def test_what_has_no_controller_is_said_in_words() -> None:
    layout = Layout(Mode.V2, {"": Path("/g")}, frozenset({"memory", "pids"}))
    plan = plan_limits(Resources(memory=64 * MIB, cpus=1, cpuset_cpus="0", pids=5), layout)
    assert plan.unenforced == ("CPU limit", "choice of processors")
    assert {write.controller for write in plan.writes} == {"memory", "pids"}
    nothing = plan_limits(Resources(memory=64 * MIB), Layout(Mode.NONE, {}, frozenset()))
    assert (nothing.writes, nothing.unenforced) == ((), ("memory limit",))


@pytest.mark.parametrize(("shares", "weight"), [(2, 1), (1, 1), (1024, 39), (262_144, 10_000), (9_999_999, 10_000)])
def test_shares_become_weights(shares: int, weight: int) -> None:
    assert cpu_weight(shares) == weight


SMALL = "The memory limit is too small. A container needs at least 6 MiB."
BOTH = "Give either a number of CPUs or a quota and period, not both."


@pytest.mark.parametrize(
    ("resources", "story"),
    [
        (Resources(memory=1), SMALL),
        (Resources(memory=6 * MIB - 1), SMALL),
        (Resources(memory_swap=1), "A swap limit needs a memory limit. Set the memory limit too."),
        (
            Resources(memory=100 * MIB, memory_swap=100 * MIB - 1),
            "The swap limit is smaller than the memory limit. It counts memory and swap together.",
        ),
        (Resources(cpus=-0.5), "A limit cannot be negative."),
        (Resources(pids=-2), "A limit cannot be negative."),
        (Resources(memory=-1), "A limit cannot be negative."),
        (Resources(cpus=1, cpu_quota=5), BOTH),
        (Resources(cpus=1, cpu_period=5), BOTH),
        (Resources(cpuset_cpus="all"), "“all” is no list of processors. Write it like 0-2,4."),
        (Resources(cpuset_mems="0;1"), "“0;1” is no list of processors. Write it like 0-2,4."),
    ],
)
def test_what_no_kernel_could_mean(resources: Resources, story: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_resources(resources)
    assert str(caught.value) == story


@pytest.mark.parametrize(
    "resources",
    [
        Resources(),
        Resources(memory=6 * MIB, memory_swap=6 * MIB),
        Resources(memory_swap=-1, pids=-1),
        Resources(cpus=0.1, cpuset_cpus="0-2,4", cpuset_mems="1"),
        Resources(cpu_quota=5, cpu_period=7),
    ],
)
def test_what_a_kernel_can_mean(resources: Resources) -> None:
    check_resources(resources)


EVERYTHING = Resources(
    memory=64 * MIB, memory_swap=100 * MIB, memory_reservation=7, cpus=0.5, cpu_period=1000, cpu_shares=512,
    cpuset_cpus="0-1", cpuset_mems="0", pids=9, io_weight=300, swappiness=0, oom_kill_disable=True,
    io=tuple(
        IoLimit(device="/dev/x", kind=kind, rate=rate)  # type: ignore[arg-type]
        for kind, rate in (("read-bps", 1), ("write-bps", 2), ("read-iops", 3), ("write-iops", 0))
    ),
)  # fmt: skip


def planned(resources: Resources, layout: Layout, *, reset: bool = False) -> list[str]:
    """Which controller, which file, which value; whether it may be missing."""
    plan = plan_limits(resources, layout, reset=reset, device_number=lambda path: f"number of {path}")
    return [
        f"{each.controller}: {each.file} = {each.value}{' (optional)' if each.optional else ''}" for each in plan.writes
    ]


def test_everything_at_once_on_v2() -> None:
    assert planned(EVERYTHING, V2) == [
        f"memory: memory.max = {64 * MIB}",
        f"memory: memory.swap.max = {36 * MIB} (optional)",
        "memory: memory.low = 7",
        "cpu: cpu.max = 500 1000",
        "cpu: cpu.weight = 20",
        "cpuset: cpuset.cpus = 0-1",
        "cpuset: cpuset.mems = 0",
        "pids: pids.max = 9",
        "io: io.weight = default 300 (optional)",
        "io: io.max = number of /dev/x rbps=1",
        "io: io.max = number of /dev/x wbps=2",
        "io: io.max = number of /dev/x riops=3",
        "io: io.max = number of /dev/x wiops=max",
    ]


def test_everything_at_once_on_v1() -> None:
    assert planned(EVERYTHING, V1) == [
        "memory: memory.memsw.limit_in_bytes = -1 (optional)",
        f"memory: memory.limit_in_bytes = {64 * MIB}",
        f"memory: memory.memsw.limit_in_bytes = {100 * MIB} (optional)",
        "memory: memory.soft_limit_in_bytes = 7",
        "memory: memory.swappiness = 0",
        "memory: memory.oom_control = 1",
        "cpu: cpu.cfs_period_us = 1000",
        "cpu: cpu.cfs_quota_us = 500",
        "cpu: cpu.shares = 512",
        "cpuset: cpuset.cpus = 0-1",
        "cpuset: cpuset.mems = 0",
        "pids: pids.max = 9",
        "io: blkio.weight = 300 (optional)",
        "io: blkio.throttle.read_bps_device = number of /dev/x 1",
        "io: blkio.throttle.write_bps_device = number of /dev/x 2",
        "io: blkio.throttle.read_iops_device = number of /dev/x 3",
        "io: blkio.throttle.write_iops_device = number of /dev/x 0",
    ]


def test_everything_taken_off_again() -> None:
    assert planned(Resources(), V2, reset=True) == [
        "memory: memory.max = max",
        "memory: memory.swap.max = max (optional)",
        "memory: memory.low = 0",
        "cpu: cpu.max = max 100000",
        "cpu: cpu.weight = 100",
        f"pids: pids.max = {DEFAULT_PIDS}",
        "io: io.weight = default 100 (optional)",
    ]
    assert planned(Resources(), V1, reset=True) == [
        "memory: memory.memsw.limit_in_bytes = -1 (optional)",
        "memory: memory.limit_in_bytes = -1",
        "memory: memory.memsw.limit_in_bytes = -1 (optional)",
        "memory: memory.soft_limit_in_bytes = -1",
        "cpu: cpu.cfs_period_us = 100000",
        "cpu: cpu.cfs_quota_us = -1",
        "cpu: cpu.shares = 1024",
        f"pids: pids.max = {DEFAULT_PIDS}",
    ]
    for layout in (V1, V2):
        nowhere = Layout(layout.mode, layout.bases, frozenset())
        assert plan_limits(Resources(), nowhere, reset=True).unenforced == (), "nothing of it was asked for"


def test_everything_that_cannot_be_is_said_once() -> None:
    said = (
        "memory limit", "memory reservation", "CPU limit", "CPU shares", "choice of processors",
        "choice of memory nodes", "process limit", "I/O weight",
    )  # fmt: skip
    devices = tuple(f"{kind} limit on /dev/x" for kind in ("read-bps", "write-bps", "read-iops", "write-iops"))

    def unenforced(layout: Layout, controllers: frozenset[str] = frozenset()) -> tuple[str, ...]:
        there = Layout(layout.mode, layout.bases, controllers)
        return plan_limits(EVERYTHING, there, device_number=lambda _: "1:1").unenforced

    not_v2 = ", which control groups v2 do not have"
    only_v1 = ("swappiness" + not_v2, "waiting for memory instead of being killed" + not_v2)
    assert unenforced(V2) == (*said, *only_v1, *devices)
    assert unenforced(V2, ALL) == only_v1
    assert unenforced(V1) == (
        *said[:2], "swappiness", "waiting for memory instead of being killed", *said[2:], *devices,
    )  # fmt: skip
    assert unenforced(V1, ALL) == ()


@pytest.mark.parametrize(
    ("asked", "quota"),
    [
        ({}, (0, 100_000)),
        ({"cpus": 1.5}, (150_000, 100_000)),
        ({"cpu_quota": 7}, (7, 100_000)),
        ({"cpu_quota": -1, "cpu_period": 9}, (0, 9)),
    ],
)
def test_processors_are_a_share_of_time(asked: dict[str, float], quota: tuple[int, int]) -> None:
    assert cpu_quota(Resources(**asked)) == quota  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("memory", "swap", "allowance"), [(0, 0, None), (5, -1, None), (5, 0, 5), (5, 7, 2), (5, 5, 0)]
)
def test_swap_is_what_docker_makes_of_it(memory: int, swap: int, allowance: int | None) -> None:
    assert swap_allowance(Resources(memory=memory, memory_swap=swap)) == allowance


def test_devices_are_known_by_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequest, match="No such device: /dev/no-such-thing") as caught:
        block_device_number("/dev/no-such-thing")
    assert caught.value.subject == "/dev/no-such-thing"
    assert "No such file" in caught.value.details
    with pytest.raises(InvalidRequest, match="/dev/null is no block device") as caught:
        block_device_number("/dev/null")
    assert caught.value.subject == "/dev/null"
    disk = os.stat_result((stat.S_IFBLK, *[0] * 9), {"st_rdev": os.makedev(8, 17)})
    monkeypatch.setattr(os, "stat", lambda path: disk)
    assert block_device_number("/dev/sdb1") == "8:17"
    limit = Resources(io=(IoLimit(device="/dev/sdb1", kind="read-bps", rate=5),))
    assert plan_limits(limit, V2).writes[-1].value == "8:17 rbps=5"


@pytest.mark.parametrize(("asked", "written"), [(0, str(DEFAULT_PIDS)), (-1, "max"), (5, "5")])
@pytest.mark.parametrize("layout", [V1, V2], ids=["v1", "v2"])
def test_minus_one_means_as_many_processes_as_one_likes(asked: int, written: str, layout: Layout) -> None:
    plan = plan_limits(Resources(pids=asked), layout)
    assert [write.value for write in plan.writes if write.file == "pids.max"] == [written]
    # What was never asked for, and what is no limit, need not be told where it cannot be.
    said = plan_limits(Resources(pids=asked), Layout(Mode.NONE, {}, frozenset())).unenforced
    assert said == (("process limit",) if asked > 0 else ())
