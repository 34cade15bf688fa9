"""Limits and restart policies that Docker refuses, at a creation and at an update."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.api.http.statuses import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.api.shapes.bodies import ResourcesBody, RestartPolicyBody

_LEAST_MEMORY = 6 * 1024 * 1024
_POLICIES = frozenset({"", "no", "always", "on-failure", "unless-stopped"})
_LIST = re.compile(r"\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*")


def check_limits(body: ResourcesBody, *, processors: int, memory_now: int = 0) -> None:
    """Raises the first refusal. `memory_now` is the limit that stands where the body names none."""
    for complaint in _complaints(body, processors, memory_now):
        raise Refusal(400, complaint)


def _complaints(body: ResourcesBody, processors: int, memory_now: int) -> Iterator[str]:
    yield from _about_memory(body, memory_now)
    yield from _about_processors(body, processors)
    yield from _about_sets(body, processors)
    if body.blkio_weight and not 10 <= body.blkio_weight <= 1000:
        yield "Range of blkio weight is from 10 to 1000"


def _about_memory(body: ResourcesBody, memory_now: int) -> Iterator[str]:
    memory, swap, reservation = body.memory or memory_now, body.memory_swap or 0, body.memory_reservation or 0
    if body.memory and body.memory < _LEAST_MEMORY:
        yield "Minimum memory limit allowed is 6MB"
    if memory and 0 < swap < memory:
        yield "Minimum memoryswap limit should be larger than memory limit, see usage"
    if not memory and swap > 0:
        yield "You should always set the Memory limit when using Memoryswap limit, see usage"
    if body.memory_swappiness is not None and not -1 <= body.memory_swappiness <= 100:
        yield f"Invalid value: {body.memory_swappiness}, valid memory swappiness range is 0-100"
    if reservation and reservation < _LEAST_MEMORY:
        yield "Minimum memory reservation allowed is 6MB"
    if memory and reservation > memory:
        yield "Minimum memory limit can not be less than memory reservation limit, see usage"


def _about_processors(body: ResourcesBody, processors: int) -> Iterator[str]:
    cpus, period, quota, shares = body.nano_cpus or 0, body.cpu_period or 0, body.cpu_quota or 0, body.cpu_shares or 0
    if cpus and period:
        yield "Conflicting options: Nano CPUs and CPU Period cannot both be set"
    if cpus and quota:
        yield "Conflicting options: Nano CPUs and CPU Quota cannot both be set"
    if not 0 <= cpus <= processors * 1_000_000_000:
        yield (f"range of CPUs is from 0.01 to {processors:.2f}, as there are only {processors} CPUs available")
    if shares < 0:
        yield f"invalid CPU shares ({shares}): value must be a positive integer"
    if period and not 1000 <= period <= 1_000_000:
        yield "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
    if 0 < quota < 1000:
        yield "CPU cfs quota can not be less than 1ms (i.e. 1000)"


def _about_sets(body: ResourcesBody, processors: int) -> Iterator[str]:
    for what, given in (("cpus", body.cpuset_cpus), ("mems", body.cpuset_mems)):
        text = given or ""
        if text and not _LIST.fullmatch(text):
            yield f"Invalid value {text[:80]} for cpuset {what}: invalid format: {text[:80]}"
        elif text and what == "cpus" and max(int(number) for number in re.findall(r"\d+", text)) >= processors:
            known = f"0-{processors - 1}" if processors > 1 else "0"
            yield f"Requested CPUs are not available - requested {text[:80]}, available: {known}"


def check_restart(given: RestartPolicyBody | None) -> Iterator[str]:
    """What is wrong with a policy, if anything is."""
    name, retries = (given.name or "", given.maximum_retry_count or 0) if given is not None else ("", 0)
    if name not in _POLICIES:
        yield (
            f"invalid restart policy: unknown policy '{name[:40]}'; "
            "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        )
    if retries and name != "on-failure":
        suffix = " and cannot be negative" if retries < 0 else ""
        yield f"invalid restart policy: maximum retry count can only be used with 'on-failure'{suffix}"
    if retries < 0:
        yield "invalid restart policy: maximum retry count cannot be negative"
