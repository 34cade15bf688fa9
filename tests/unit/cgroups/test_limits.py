"""Limits as the kernel's files want them, on both generations, and said in words where there is no controller."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cgroups.layout import LIMITING_CONTROLLERS, Layout, Mode
from engine.cgroups.limits import DEFAULT_PIDS, check_resources, cpu_weight, plan_limits
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


@pytest.mark.parametrize(
    "resources",
    [
        Resources(memory=1000),
        Resources(memory_swap=100 * MIB),
        Resources(memory=100 * MIB, memory_swap=50 * MIB),
        Resources(cpus=-1),
        Resources(cpus=1, cpu_quota=5),
        Resources(cpuset_cpus="all"),
    ],
)
def test_what_no_kernel_could_mean(resources: Resources) -> None:
    with pytest.raises(InvalidRequest):
        check_resources(resources)


@pytest.mark.parametrize(("asked", "written"), [(0, str(DEFAULT_PIDS)), (-1, "max"), (5, "5")])
@pytest.mark.parametrize("layout", [V1, V2], ids=["v1", "v2"])
def test_minus_one_means_as_many_processes_as_one_likes(asked: int, written: str, layout: Layout) -> None:
    plan = plan_limits(Resources(pids=asked), layout)
    assert [write.value for write in plan.writes if write.file == "pids.max"] == [written]
    # What was never asked for, and what is no limit, need not be told where it cannot be.
    said = plan_limits(Resources(pids=asked), Layout(Mode.NONE, {}, frozenset())).unenforced
    assert said == (("process limit",) if asked > 0 else ())
