"""Figures of a Docker or Podman engine's containers, asked for while somebody looks. Implements `facade.Stats`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.errors import Unsupported, WherryError
from engine.remote.docker.known import shapes
from engine.stats.rates import rates_between
from engine.swarm.shapes import moment
from engine.types.containers import ALIVE_STATES
from engine.types.stats import HostSample, Rates, Sample

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.remote.docker.known.following import DockerState
    from engine.remote.docker.known.shapes import Json

_SIDE_BY_SIDE = 4
_MOST_KEPT = 3600
_LEAST_SECONDS = 1.0


class DockerStats:
    def __init__(self, state: DockerState) -> None:
        self._state = state
        self._kept: dict[str, deque[Rates]] = {}
        self._gate = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def sample(self, container: str) -> Sample:
        async with self._gate:
            path = f"/containers/{quote(container)}/stats"
            found = await self._state.link.json("GET", path, {"stream": "0", "one-shot": "1"})
        return _sample(str(found.get("id") or container), found)

    async def watch(
        self, container_names: Sequence[str] | None = None, *, interval: float = 1.0
    ) -> AsyncGenerator[Sequence[Rates], None]:
        before: dict[str, Sample] = {}
        while True:
            begun = time.monotonic()
            found = [each for each in await asyncio.gather(*map(self._try, self._wanted(container_names))) if each]
            rates = [
                rates_between(before[now.container_id], now)
                for now in found
                if now.container_id in before and now.time_ns > before[now.container_id].time_ns
            ]
            before = {each.container_id: each for each in found}
            for each in rates:
                self._kept.setdefault(each.container_id, deque(maxlen=_MOST_KEPT)).append(each)
            yield rates
            await asyncio.sleep(max(0.05, max(interval, _LEAST_SECONDS) - (time.monotonic() - begun)))

    def _wanted(self, names: Sequence[str] | None) -> list[str]:
        awake = [each for each in self._state.containers() if each.state in ALIVE_STATES]
        return [each.id for each in awake if names is None or each.id in names or each.name in names]

    async def _try(self, container: str) -> Sample | None:
        with contextlib.suppress(WherryError):
            return await self.sample(container)
        return None

    async def history(self, container: str, *, seconds: float = 3600.0) -> Sequence[Rates]:
        since = time.time_ns() - int(seconds * 1e9)
        return [each for each in self._kept.get(container, ()) if each.time_ns >= since]

    async def host(self) -> HostSample:
        raise Unsupported("The engine there does not tell how its machine is doing", "It tells of containers alone.")


def _sample(container_id: str, found: Json) -> Sample:
    cpu, memory = shapes.part(found, "cpu_stats"), shapes.part(found, "memory_stats")
    usage, throttled, parts = (
        shapes.part(cpu, "cpu_usage"), shapes.part(cpu, "throttling_data"), shapes.part(memory, "stats"),
    )  # fmt: skip
    at = moment(found.get("read"))
    inactive = int(parts.get("inactive_file") or parts.get("total_inactive_file") or 0)
    total = int(memory.get("usage") or 0)
    networks = tuple(_network(name, each) for name, each in shapes.part(found, "networks").items())
    sent = _blocks(found, "io_service_bytes_recursive")
    counted = _blocks(found, "io_serviced_recursive")
    return Sample(
        container_id=container_id,
        time_ns=int(at.timestamp() * 1e9) if at else time.time_ns(),
        host_cpu_ns=int(cpu.get("system_cpu_usage") or 0),
        cpu_usage_us=int(usage.get("total_usage") or 0) // 1000,
        cpu_user_us=int(usage.get("usage_in_usermode") or 0) // 1000,
        cpu_system_us=int(usage.get("usage_in_kernelmode") or 0) // 1000,
        throttled_us=int(throttled.get("throttled_time") or 0) // 1000,
        memory=max(0, total - inactive),
        memory_total=total,
        memory_anon=int(parts.get("anon") or parts.get("rss") or 0),
        memory_file=int(parts.get("file") or parts.get("cache") or 0),
        memory_inactive_file=inactive,
        memory_limit=int(memory.get("limit") or 0),
        memory_peak=int(memory.get("max_usage") or 0),
        io_read=sent[0],
        io_write=sent[1],
        io_read_ops=counted[0],
        io_write_ops=counted[1],
        net_rx=sum(each[1] for each in networks),
        net_tx=sum(each[3] for each in networks),
        networks=networks,
        pids=int(shapes.part(found, "pids_stats").get("current") or 0),
    )


def _network(name: str, each: Json) -> tuple[str, int, int, int, int]:
    counted = [int(each.get(key) or 0) for key in ("rx_bytes", "rx_packets", "tx_bytes", "tx_packets")]
    return name, counted[0], counted[1], counted[2], counted[3]


def _blocks(found: Json, key: str) -> tuple[int, int]:
    read = written = 0
    for row in shapes.rows(shapes.part(found, "blkio_stats").get(key)):
        value = int(row.get("value") or 0)
        read += value if str(row.get("op", "")).lower() == "read" else 0
        written += value if str(row.get("op", "")).lower() == "write" else 0
    return read, written
