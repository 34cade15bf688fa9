"""A reading of a container as `docker stats` expects it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.api.shapes.times import NEVER, rfc3339_ns

if TYPE_CHECKING:
    from engine.types.containers import Container
    from engine.types.stats import Sample


def stats(
    container: Container,
    sample: Sample,
    before: Sample | None,
    *,
    processors: int,
    host_memory: int,
    version: tuple[int, int],
) -> dict[str, Any]:
    """One reading, with the one before it for the rates clients work out."""
    return _kind(version) | {
        "name": "/" + container.name,
        "id": container.id,
        "read": rfc3339_ns(sample.time_ns),
        "preread": rfc3339_ns(before.time_ns) if before is not None else NEVER,
        "num_procs": 0,
        "storage_stats": {},
        "pids_stats": {"current": sample.pids, **({"limit": sample.pids_limit} if sample.pids_limit else {})},
        "blkio_stats": _blkio(sample),
        "cpu_stats": _cpu(sample, processors),
        "precpu_stats": _cpu(before, processors) if before is not None else _no_cpu(),
        "memory_stats": _memory(sample, host_memory),
        "networks": {
            interface: {
                "rx_bytes": rx_bytes,
                "rx_packets": rx_packets,
                "rx_errors": 0,
                "rx_dropped": 0,
                "tx_bytes": tx_bytes,
                "tx_packets": tx_packets,
                "tx_errors": 0,
                "tx_dropped": 0,
            }
            for interface, rx_bytes, rx_packets, tx_bytes, tx_packets in sample.networks
        },
    }


def nothing(container: Container, version: tuple[int, int]) -> dict[str, Any]:
    """Of one that does not run there is no reading."""
    return _kind(version) | {
        "name": "/" + container.name,
        "id": container.id,
        "read": NEVER,
        "preread": NEVER,
        "num_procs": 0,
        "storage_stats": {},
        "pids_stats": {},
        "blkio_stats": {**_BLKIO, "io_service_bytes_recursive": None, "io_serviced_recursive": None},
        "cpu_stats": _no_cpu(),
        "precpu_stats": _no_cpu(),
        "memory_stats": {},
    }


def _kind(version: tuple[int, int]) -> dict[str, Any]:
    return {"os_type": "linux"} if version >= (1, 52) else {}


def _cpu(sample: Sample, processors: int) -> dict[str, Any]:
    return {
        "cpu_usage": {
            "total_usage": sample.cpu_usage_us * 1000,
            "usage_in_kernelmode": sample.cpu_system_us * 1000,
            "usage_in_usermode": sample.cpu_user_us * 1000,
        },
        "system_cpu_usage": sample.host_cpu_ns,
        "online_cpus": processors,
        "throttling_data": {
            "periods": sample.periods,
            "throttled_periods": sample.throttled_periods,
            "throttled_time": sample.throttled_us * 1000,
        },
    }


def _no_cpu() -> dict[str, Any]:
    return {
        "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }


def _memory(sample: Sample, host_memory: int) -> dict[str, Any]:
    inactive = sample.memory_inactive_file
    # Clients take the inactive cache off again to show what `memory` holds.
    return {
        "usage": sample.memory_total or sample.memory + inactive,
        "max_usage": sample.memory_peak,
        "limit": sample.memory_limit or host_memory,
        "stats": {
            "anon": sample.memory_anon,
            "file": sample.memory_file,
            "inactive_file": inactive,
            "kernel": sample.memory_kernel,
            "shmem": sample.memory_shmem,
        },
    }


_BLKIO: dict[str, Any] = {
    f"{name}_recursive": None
    for name in ("io_queue", "io_service_time", "io_wait_time", "io_merged", "io_time", "sectors")
}


def _blkio(sample: Sample) -> dict[str, Any]:
    def rows(read: int, write: int) -> list[dict[str, Any]]:
        return [
            {"major": 0, "minor": 0, "op": "read", "value": read},
            {"major": 0, "minor": 0, "op": "write", "value": write},
        ]

    return _BLKIO | {
        "io_service_bytes_recursive": rows(sample.io_read, sample.io_write),
        "io_serviced_recursive": rows(sample.io_read_ops, sample.io_write_ops),
    }
