"""Limits as files and values. Pure: from `Resources` to what must be written where, and what cannot be."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.cgroups.layout import Layout
    from engine.types.containers import IoLimit, Resources

CPU_PERIOD = 100_000
_SMALLEST_MEMORY = 6 * 1024 * 1024
_V1_UNLIMITED = "-1"
_WAITING = "waiting for memory instead of being killed"
_NOT_V2 = ", which control groups v2 do not have"

_V2_IO_KEYS = {"read-bps": "rbps", "write-bps": "wbps", "read-iops": "riops", "write-iops": "wiops"}
_V1_IO_FILES = {
    "read-bps": "blkio.throttle.read_bps_device",
    "write-bps": "blkio.throttle.write_bps_device",
    "read-iops": "blkio.throttle.read_iops_device",
    "write-iops": "blkio.throttle.write_iops_device",
}


@dataclass(frozen=True)
class LimitWrite:
    """One value for one file. `controller` is the v2 name. `optional`: a kernel without the file loses nothing real."""

    controller: str
    file: str
    value: str
    optional: bool = False


DEFAULT_PIDS = 2048
"""Processes and threads of a container that asked for no limit: what no service needs, and no fork bomb gets beyond."""


@dataclass(frozen=True)
class LimitPlan:
    writes: tuple[LimitWrite, ...]
    unenforced: tuple[str, ...]
    """In words, for people: what was asked for and has no controller here."""


def check_resources(resources: Resources) -> None:
    """Refuse what no kernel could mean."""
    if 0 < resources.memory < _SMALLEST_MEMORY:
        raise InvalidRequest("The memory limit is too small", "A container needs at least 6 MiB.")
    if resources.memory_swap > 0 and not resources.memory:
        raise InvalidRequest("A swap limit needs a memory limit", hint="Set the memory limit too.")
    if 0 < resources.memory_swap < resources.memory:
        raise InvalidRequest("The swap limit is smaller than the memory limit", "It counts memory and swap together.")
    if resources.cpus < 0 or resources.pids < -1 or resources.memory < 0:
        raise InvalidRequest("A limit cannot be negative")
    if resources.cpus and (resources.cpu_quota or resources.cpu_period):
        raise InvalidRequest("Give either a number of CPUs or a quota and period, not both")
    for name in (resources.cpuset_cpus, resources.cpuset_mems):
        if not all(character.isdigit() or character in ",-" for character in name):
            raise InvalidRequest(f"“{name}” is no list of processors", hint="Write it like 0-2,4.")


def plan_limits(
    resources: Resources, layout: Layout, *, reset: bool = False, device_number: Callable[[str], str] | None = None
) -> LimitPlan:
    """What to write. With `reset` also the files of limits that are not asked for, so that old ones go."""
    steps = _v1_steps if _uses_v1(layout) else _v2_steps
    wanted = list(steps(resources, device_number or block_device_number, reset=reset))
    writes = tuple(write for write, _ in wanted if write.controller in layout.controllers)
    missing = {words: None for write, words in wanted if words and write.controller not in layout.controllers}
    return LimitPlan(writes=writes, unenforced=tuple(missing))


def _uses_v1(layout: Layout) -> bool:
    return any(name for name in layout.bases)


def cpu_quota(resources: Resources) -> tuple[int, int]:
    """Quota and period in microseconds; quota 0 is no limit."""
    period = resources.cpu_period or CPU_PERIOD
    if resources.cpus:
        return int(resources.cpus * period), period
    return max(resources.cpu_quota, 0), period


def cpu_weight(shares: int) -> int:
    """v1 shares (2…262144, default 1024) on v2's scale (1…10000), as the OCI runtimes convert them."""
    return 1 + (min(max(shares, 2), 262_144) - 2) * 9999 // 262_142


def swap_allowance(resources: Resources) -> int | None:
    """Bytes of swap beside the memory; None is unlimited. Docker's rule: unset means as much swap as memory."""
    if resources.memory_swap == -1 or not resources.memory:
        return None
    if resources.memory_swap == 0:
        return resources.memory
    return resources.memory_swap - resources.memory


def block_device_number(path: str) -> str:
    """The "major:minor" of a block device."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise InvalidRequest(f"No such device: {path}", details=str(error), subject=path) from None
    if not stat.S_ISBLK(status.st_mode):
        raise InvalidRequest(f"{path} is no block device", subject=path)
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


_Step = tuple[LimitWrite, str]


def _v2_steps(resources: Resources, number: Callable[[str], str], *, reset: bool) -> Iterator[_Step]:
    if resources.memory or reset:
        # Raised before lowered: swap first would not matter on v2, the two files do not depend on each other.
        yield (
            LimitWrite("memory", "memory.max", str(resources.memory or "max")),
            _said(resources.memory, "memory limit"),
        )
        swap = swap_allowance(resources)
        yield LimitWrite("memory", "memory.swap.max", "max" if swap is None else str(swap), optional=True), ""
    if resources.memory_reservation or reset:
        yield (
            LimitWrite("memory", "memory.low", str(resources.memory_reservation)),
            _said(resources.memory_reservation, "memory reservation"),
        )
    quota, period = cpu_quota(resources)
    if quota or reset:
        yield LimitWrite("cpu", "cpu.max", f"{quota or 'max'} {period}"), _said(quota, "CPU limit")
    if resources.cpu_shares or reset:
        weight = cpu_weight(resources.cpu_shares) if resources.cpu_shares else 100
        yield LimitWrite("cpu", "cpu.weight", str(weight)), _said(resources.cpu_shares, "CPU shares")
    yield from _cpuset_steps(resources)
    yield LimitWrite("pids", "pids.max", _pids(resources)), _said(resources.pids > 0, "process limit")
    if resources.io_weight or reset:
        weight = resources.io_weight or 100
        yield (
            LimitWrite("io", "io.weight", f"default {weight}", optional=True),
            _said(resources.io_weight, "I/O weight"),
        )
    if resources.swappiness >= 0:
        yield LimitWrite("v1", "", ""), "swappiness" + _NOT_V2
    if resources.oom_kill_disable:
        yield (
            LimitWrite("v1", "", ""),
            _WAITING + _NOT_V2,
        )
    for limit in resources.io:
        value = f"{number(limit.device)} {_V2_IO_KEYS[limit.kind]}={limit.rate or 'max'}"
        yield LimitWrite("io", "io.max", value), _io_words(limit)


def _v1_steps(resources: Resources, number: Callable[[str], str], *, reset: bool) -> Iterator[_Step]:
    if resources.memory or reset:
        yield from _v1_memory(resources)
    if resources.memory_reservation or reset:
        yield (
            LimitWrite("memory", "memory.soft_limit_in_bytes", str(resources.memory_reservation or _V1_UNLIMITED)),
            _said(resources.memory_reservation, "memory reservation"),
        )
    if resources.swappiness >= 0:
        yield LimitWrite("memory", "memory.swappiness", str(resources.swappiness)), "swappiness"
    if resources.oom_kill_disable:
        yield LimitWrite("memory", "memory.oom_control", "1"), _WAITING
    quota, period = cpu_quota(resources)
    if quota or reset:
        yield LimitWrite("cpu", "cpu.cfs_period_us", str(period)), ""
        yield LimitWrite("cpu", "cpu.cfs_quota_us", str(quota or _V1_UNLIMITED)), _said(quota, "CPU limit")
    if resources.cpu_shares or reset:
        yield (
            LimitWrite("cpu", "cpu.shares", str(resources.cpu_shares or 1024)),
            _said(resources.cpu_shares, "CPU shares"),
        )
    yield from _cpuset_steps(resources)
    yield LimitWrite("pids", "pids.max", _pids(resources)), _said(resources.pids > 0, "process limit")
    if resources.io_weight:
        yield LimitWrite("io", "blkio.weight", str(resources.io_weight), optional=True), "I/O weight"
    for limit in resources.io:
        yield LimitWrite("io", _V1_IO_FILES[limit.kind], f"{number(limit.device)} {limit.rate}"), _io_words(limit)


def _v1_memory(resources: Resources) -> Iterator[_Step]:
    """v1 keeps memory ≤ memory+swap at every moment, so lift the sum out of the way, then set both."""
    swap = swap_allowance(resources)
    together = _V1_UNLIMITED if swap is None else str(resources.memory + swap)
    limit = str(resources.memory or _V1_UNLIMITED)
    yield LimitWrite("memory", "memory.memsw.limit_in_bytes", _V1_UNLIMITED, optional=True), ""
    yield LimitWrite("memory", "memory.limit_in_bytes", limit), _said(resources.memory, "memory limit")
    yield LimitWrite("memory", "memory.memsw.limit_in_bytes", together, optional=True), ""


def _cpuset_steps(resources: Resources) -> Iterator[_Step]:
    if resources.cpuset_cpus:
        yield LimitWrite("cpuset", "cpuset.cpus", resources.cpuset_cpus), "choice of processors"
    if resources.cpuset_mems:
        yield LimitWrite("cpuset", "cpuset.mems", resources.cpuset_mems), "choice of memory nodes"


def _pids(resources: Resources) -> str:
    return "max" if resources.pids < 0 else str(resources.pids or DEFAULT_PIDS)


def _said(asked: float, words: str) -> str:
    return words if asked else ""


def _io_words(limit: IoLimit) -> str:
    return f"{limit.kind} limit on {limit.device}"
