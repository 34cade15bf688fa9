"""What graphs show: rates as columns (NaN for what was not told), events as marks, and why nothing was recorded."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from math import isnan, nan
from typing import TYPE_CHECKING

from gui.theme import Tone
from gui.words import marked, translate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.types.containers import Container
    from engine.types.events import Event
    from engine.types.stats import Pressure, Rates

COLUMNS = {"cpu": 4, "memory": 5, "io": 2, "net": 2, "pids": 1, "pressure": 3}
_MARKS = {
    "create": (marked("Figures", "Created"), Tone.MUTED),
    "start": (marked("Figures", "Started"), Tone.SUCCESS),
    "restart": (marked("Figures", "Restarted"), Tone.WARNING),
    "stop": (marked("Figures", "Asked to stop"), Tone.WARNING),
    "die": (marked("Figures", "Ended"), Tone.DANGER),
    "oom": (marked("Figures", "Ran out of memory"), Tone.DANGER),
    "update": (marked("Figures", "Limits or settings changed"), Tone.INFO),
    "pause": (marked("Figures", "Paused"), Tone.WARNING),
    "unpause": (marked("Figures", "Went on"), Tone.SUCCESS),
}
_UNHEALTHY = "health_status: unhealthy"


def figures(name: str, rates: Rates) -> tuple[float, ...]:
    """The values of one graph. What the machine did not tell is NaN, never zero."""
    sample = rates.sample
    match name:
        case "cpu":
            return (*_cpu(rates), rates.throttled_percent)
        case "memory":
            return _memory(rates)
        case "io":
            return (nan, nan) if "io" in sample.estimated else (rates.io_read_rate, rates.io_write_rate)
        case "net":
            return rates.net_rx_rate, rates.net_tx_rate
        case "pids":
            return (float(rates.pids),)
    return tuple(_share(one) for one in (sample.cpu_pressure, sample.memory_pressure, sample.io_pressure))


def _cpu(rates: Rates) -> tuple[float, float, float]:
    """User, system, and in their place the sum where it was not split."""
    if "cpu" in rates.sample.estimated or not (rates.cpu_user_percent or rates.cpu_system_percent):
        return (nan, nan, rates.cpu_percent) if rates.cpu_percent else (0.0, 0.0, nan)
    return rates.cpu_user_percent, rates.cpu_system_percent, nan


def _memory(rates: Rates) -> tuple[float, ...]:
    """Programs, shared, kernel, file cache, and in their place the sum where it was not split."""
    sample = rates.sample
    if not (sample.memory_anon or sample.memory_file or sample.memory_kernel):
        return nan, nan, nan, nan, float(rates.memory)
    return (
        float(sample.memory_anon),
        float(sample.memory_shmem),
        float(sample.memory_kernel),
        float(max(0, sample.memory_file - sample.memory_shmem)),
        nan,
    )


def _share(pressure: Pressure | None) -> float:
    return pressure.some_avg10 if pressure is not None else nan


def event_marks(events: Iterable[Event], container: Container) -> list[tuple[int, str, Tone]]:
    """What happened to a container, and the builds of its image: when, in words, and how it is to be seen."""
    found = []
    for event in events:
        if event.id == container.id and event.action in _MARKS:
            words, tone = _MARKS[event.action]
            code = event.attributes.get("exitCode", "")
            text = translate("Figures", words)
            if event.action == "die" and code:
                text = translate("Figures", "Ended with {0}").format(code)
                tone = Tone.DANGER if code != "0" else Tone.MUTED
            found.append((event.time_ns, text, tone))
        elif event.id == container.id and event.action.startswith(_UNHEALTHY):
            found.append((event.time_ns, translate("Figures", "Unhealthy"), Tone.WARNING))
        elif event.kind == "build" and container.image in event.name.split(", "):
            found.append((event.time_ns, translate("Figures", "{0} was built").format(event.name), Tone.INFO))
    return found


def quiet_stretches(events: Sequence[Event], container: Container, now_ns: int) -> list[tuple[int, int, str]]:
    """When it did not run, and when it was not there yet."""
    mine = [event for event in events if event.id == container.id]
    created = int(container.created.timestamp() * 1e9)
    found = [(0, created, translate("Figures", "Not made yet"))]
    ended = 0 if any(event.action == "start" for event in mine) else created
    for event in mine:
        if event.action == "die":
            ended = event.time_ns
        elif event.action == "start":
            if ended:
                found.append((ended, event.time_ns, translate("Figures", "Did not run")))
            ended = 0
    if ended:
        found.append((ended, now_ns, translate("Figures", "Does not run")))
    return found


def as_csv(rows: Iterable[Rates], names: dict[str, str]) -> str:
    """Figures as a table others can read: times in ISO form, bytes and percent as plain numbers, unknown ones empty."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["time", "seconds", "container", "cpu_percent", "cpu_user_percent", "cpu_system_percent", "throttled_percent",
         "memory_bytes", "memory_limit_bytes", "memory_programs_bytes", "memory_shared_bytes", "memory_kernel_bytes",
         "memory_file_cache_bytes", "disk_read_bytes_per_second", "disk_written_bytes_per_second",
         "net_received_bytes_per_second", "net_sent_bytes_per_second", "processes", "cpu_pressure_percent",
         "memory_pressure_percent", "disk_pressure_percent"]
    )  # fmt: skip
    for one in rows:
        user, system, _whole = _cpu(one)
        values = [
            one.cpu_percent, user, system, one.throttled_percent, float(one.memory), float(one.memory_limit),
            *_memory(one)[:4], *figures("io", one), *figures("net", one), float(one.pids), *figures("pressure", one),
        ]  # fmt: skip
        moment = datetime.fromtimestamp(one.time_ns / 1e9, UTC).isoformat(timespec="milliseconds")
        name = names.get(one.container_id, one.container_id)
        writer.writerow([moment, f"{one.seconds:.3f}", name, *("" if isnan(v) else f"{v:.10g}" for v in values)])
    return out.getvalue()
