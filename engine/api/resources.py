"""Limits and restart policies, as `create` and `update` send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import msgspec

from engine.api.statuses import Refusal, unsupported
from engine.types.containers import IoLimit, Resources, RestartPolicy, UpdateContainer

if TYPE_CHECKING:
    from engine.api.bodies import RateBody, ResourcesBody, RestartPolicyBody, UpdateBody
    from engine.types.containers import Container

_Policy = Literal["no", "on-failure", "always", "unless-stopped"]
_IoKind = Literal["read-bps", "write-bps", "read-iops", "write-iops"]


def refuse_unsupported_limits(body: ResourcesBody) -> None:
    checks: tuple[tuple[bool, str, str], ...] = (
        (bool(body.cgroup_parent), "CgroupParent", "the engine makes the cgroups itself"),
        (bool(body.blkio_weight_device), "BlkioWeightDevice", "use BlkioWeight or the rates per device"),
        (bool(body.cpu_realtime_period), "CpuRealtimePeriod", "real-time scheduling needs root"),
        (bool(body.cpu_realtime_runtime), "CpuRealtimeRuntime", "real-time scheduling needs root"),
        (bool(body.kernel_memory), "KernelMemory", "the kernel has dropped this limit"),
        (bool(body.kernel_memory_tcp), "KernelMemoryTCP", "the kernel has dropped this limit"),
        (body.memory_swappiness not in (None, -1), "MemorySwappiness", "cgroup v2 has no such knob"),
        (bool(body.oom_kill_disable), "OomKillDisable", "cgroup v2 has no such knob"),
    )
    for wrong, what, why in checks:
        if wrong:
            raise unsupported(what, why)


def resources_of(body: ResourcesBody, *, oom_score_adj: int = 0) -> Resources:
    return msgspec.structs.replace(Resources(oom_score_adj=oom_score_adj), **_given(body))


def _given(body: ResourcesBody) -> dict[str, Any]:
    """The limits that were named at all; to Docker a zero says nothing."""
    pids = body.pids_limit
    values: dict[str, Any] = {
        "memory": body.memory,
        "memory_reservation": body.memory_reservation,
        "memory_swap": body.memory_swap,
        "cpus": body.nano_cpus / 1e9 if body.nano_cpus else 0.0,
        "cpu_shares": body.cpu_shares,
        "cpu_quota": body.cpu_quota,
        "cpu_period": body.cpu_period,
        "cpuset_cpus": body.cpuset_cpus,
        "cpuset_mems": body.cpuset_mems,
        "pids": max(-1, pids or 0),
        "io_weight": body.blkio_weight,
        "io": (
            *_rates(body.blkio_device_read_bps, "read-bps"),
            *_rates(body.blkio_device_write_bps, "write-bps"),
            *_rates(body.blkio_device_read_iops, "read-iops"),
            *_rates(body.blkio_device_write_iops, "write-iops"),
        ),
    }
    for name in ("memory", "memory_reservation", "cpus", "cpu_shares", "cpu_period", "io_weight"):
        if (values[name] or 0) < 0:
            raise Refusal(400, f"invalid limit: {name} is negative")
    return {name: value for name, value in values.items() if value}


def _rates(given: list[RateBody] | None, kind: _IoKind) -> tuple[IoLimit, ...]:
    return tuple(IoLimit(device=item.path, kind=kind, rate=item.rate) for item in given or ())


def restart_of(given: RestartPolicyBody | None) -> RestartPolicy:
    name = (given.name if given is not None else "") or "no"
    if name not in get_args(_Policy):
        raise Refusal(400, f"invalid restart policy {name[:40]!r}: one of {', '.join(get_args(_Policy))}")
    retries = given.maximum_retry_count or 0 if given is not None else 0
    if retries < 0 or (retries and name != "on-failure"):
        raise Refusal(400, "maximum retry count cannot be used with this restart policy")
    return RestartPolicy(name=cast("_Policy", name), maximum_retries=retries)


def update_of(body: UpdateBody, container: Container) -> UpdateContainer:
    """What is named changes, everything else stays: so the limits start from those the container has."""
    refuse_unsupported_limits(body)
    given = _given(body)
    policy = body.restart_policy
    return UpdateContainer(
        resources=msgspec.structs.replace(container.spec.resources, **given) if given else None,
        restart=restart_of(policy) if policy is not None and policy.name else None,
    )
