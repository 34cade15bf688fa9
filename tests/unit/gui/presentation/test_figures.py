"""What graphs and their table show of figures, events and the time in which nothing was recorded."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any

import pytest

from engine.types.events import Event
from engine.types.stats import Pressure, Rates, Sample
from gui.presentation.containers.figures import COLUMNS, as_csv, event_marks, figures, quiet_stretches
from gui.theme import Tone
from tests.unit.gui.made import a_container

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
BEGAN = int(CREATED.timestamp()) * 10**9
WEB = a_container("web", image="shop/web:1", created=CREATED)


def rates(sample: dict[str, Any] | None = None, **fields: Any) -> Rates:
    known: dict[str, Any] = {
        "cpu_percent": 30.0, "cpu_user_percent": 20.0, "cpu_system_percent": 10.0, "throttled_percent": 5.0,
        "memory": 1000, "memory_limit": 4000, "memory_percent": 25.0, "io_read_rate": 1.5, "io_write_rate": 2.5,
        "net_rx_rate": 3.5, "net_tx_rate": 4.5, "pids": 7,
    }  # fmt: skip
    read = Sample(container_id=WEB.id, time_ns=BEGAN, **sample or {})
    return Rates(container_id=WEB.id, time_ns=BEGAN + 250_000_000, sample=read, **known | fields)


def shown(name: str, one: Rates) -> list[float | None]:
    """With None for what nobody told."""
    found = figures(name, one)
    assert len(found) == COLUMNS[name]
    return [None if isnan(value) else value for value in found]


SPLIT = {"memory_anon": 500, "memory_shmem": 50, "memory_kernel": 100, "memory_file": 300}


@pytest.mark.parametrize(
    ("name", "one", "values"),
    [
        ("cpu", rates(), [20, 10, None, 5]),
        ("cpu", rates({"estimated": ("cpu",)}), [None, None, 30, 5]),
        ("cpu", rates(cpu_user_percent=0, cpu_system_percent=0), [None, None, 30, 5]),
        ("cpu", rates(cpu_user_percent=0), [0, 10, None, 5]),
        ("cpu", rates(cpu_system_percent=0), [20, 0, None, 5]),
        ("cpu", rates(cpu_user_percent=0, cpu_system_percent=0, cpu_percent=0), [0, 0, None, 5]),
        ("memory", rates(SPLIT), [500, 50, 100, 250, None]),
        ("memory", rates({"memory_file": 10, "memory_shmem": 50}), [0, 50, 0, 0, None]),
        ("memory", rates({"memory_anon": 1}), [1, 0, 0, 0, None]),
        ("memory", rates({"memory_kernel": 1}), [0, 0, 1, 0, None]),
        ("memory", rates(), [None, None, None, None, 1000]),
        ("io", rates(), [1.5, 2.5]),
        ("io", rates({"estimated": ("io",)}), [None, None]),
        ("net", rates(), [3.5, 4.5]),
        ("pids", rates(), [7]),
        ("pressure", rates(), [None, None, None]),
        (
            "pressure",
            rates(
                {
                    "cpu_pressure": Pressure(some_avg10=1),
                    "memory_pressure": Pressure(some_avg10=2),
                    "io_pressure": Pressure(some_avg10=0),
                }
            ),
            [1, 2, 0],
        ),
    ],
)
def test_what_nobody_told_is_no_zero(name: str, one: Rates, values: list[float | None]) -> None:
    assert shown(name, one) == values


# --- marks ---


def an_event(action: str, *, of: str = WEB.id, at: int = 1, kind: Any = "container", **more: Any) -> Event:
    return Event(time_ns=at, kind=kind, action=action, id=of, **more)


@pytest.mark.parametrize(
    ("action", "text", "tone"),
    [
        ("create", "Created", Tone.MUTED),
        ("start", "Started", Tone.SUCCESS),
        ("restart", "Restarted", Tone.WARNING),
        ("stop", "Asked to stop", Tone.WARNING),
        ("die", "Ended", Tone.DANGER),
        ("oom", "Ran out of memory", Tone.DANGER),
        ("update", "Limits or settings changed", Tone.INFO),
        ("pause", "Paused", Tone.WARNING),
        ("unpause", "Went on", Tone.SUCCESS),
        ("health_status: unhealthy", "Unhealthy", Tone.WARNING),
    ],
)
def test_what_happened_to_a_container_is_marked(action: str, text: str, tone: Tone) -> None:
    assert event_marks([an_event(action, at=9), an_event(action, of="other")], WEB) == [(9, text, tone)]


def test_an_end_tells_its_code_and_only_a_bad_one_is_red() -> None:
    events = [an_event("die", at=place, attributes={"exitCode": code}) for place, code in ((1, "0"), (2, "137"))]
    assert event_marks(events, WEB) == [(1, "Ended with 0", Tone.MUTED), (2, "Ended with 137", Tone.DANGER)]
    odd = an_event("start", attributes={"exitCode": "1"})
    assert event_marks([odd], WEB) == [(1, "Started", Tone.SUCCESS)]


def test_builds_of_its_image_are_marked_and_nothing_else_is() -> None:
    built = an_event("build", kind="build", of="b", name="other:1, shop/web:1")
    others = [
        an_event("build", kind="build", of="b", name="shop/web:12"),
        an_event("pull", kind="image", of="b", name="shop/web:1"),
        an_event("exec_create"),
        an_event("health_status: healthy"),
    ]
    assert event_marks([*others, built], WEB) == [(1, "other:1, shop/web:1 was built", Tone.INFO)]


@pytest.mark.parametrize(
    ("events", "stretches"),
    [
        ([("start", 5)], []),
        ([], [(0, 100, "Does not run")]),
        ([("start", 5), ("die", 8)], [(8, 100, "Does not run")]),
        ([("start", 5), ("die", 8), ("start", 20)], [(8, 20, "Did not run")]),
        (
            [("start", 5), ("die", 8), ("start", 20), ("pause", 21), ("die", 30)],
            [(8, 20, "Did not run"), (30, 100, "Does not run")],
        ),
        ([("die", 8)], [(8, 100, "Does not run")]),
        ([("die", 8), ("start", 20)], [(8, 20, "Did not run")]),
    ],
)
def test_why_nothing_was_recorded(events: list[tuple[str, int]], stretches: list[tuple[int, int, str]]) -> None:
    found = [an_event(action, at=BEGAN + at) for action, at in events]
    elsewhere = [an_event(action, of="other", at=BEGAN + 50) for action in ("start", "die")]
    assert quiet_stretches([*found, *elsewhere], WEB, BEGAN + 100) == [
        (0, BEGAN, "Not made yet"),
        *((BEGAN + begin, BEGAN + end, text) for begin, end, text in stretches),
    ]


# --- as a table ---


def test_figures_as_a_table() -> None:
    pressed = {"cpu_pressure": Pressure(some_avg10=1.25), "memory_pressure": Pressure(some_avg10=2)}
    text = as_csv(
        [rates(SPLIT | pressed, seconds=0.5), rates({"estimated": ("cpu", "io")}, memory=1 << 40)], {WEB.id: "web"}
    )
    first, second = csv.DictReader(text.splitlines())
    assert list(first.items()) == [
        ("time", (CREATED + timedelta(seconds=0.25)).isoformat(timespec="milliseconds")),
        ("seconds", "0.500"),
        ("container", "web"),
        ("cpu_percent", "30"),
        ("cpu_user_percent", "20"),
        ("cpu_system_percent", "10"),
        ("throttled_percent", "5"),
        ("memory_bytes", "1000"),
        ("memory_limit_bytes", "4000"),
        ("memory_programs_bytes", "500"),
        ("memory_shared_bytes", "50"),
        ("memory_kernel_bytes", "100"),
        ("memory_file_cache_bytes", "250"),
        ("disk_read_bytes_per_second", "1.5"),
        ("disk_written_bytes_per_second", "2.5"),
        ("net_received_bytes_per_second", "3.5"),
        ("net_sent_bytes_per_second", "4.5"),
        ("processes", "7"),
        ("cpu_pressure_percent", "1.25"),
        ("memory_pressure_percent", "2"),
        ("disk_pressure_percent", ""),
    ]
    told = {name for name, value in second.items() if value}
    assert set(second) - told == {
        "cpu_user_percent", "cpu_system_percent", "memory_programs_bytes", "memory_shared_bytes", "memory_kernel_bytes",
        "memory_file_cache_bytes", "disk_read_bytes_per_second", "disk_written_bytes_per_second",
        "cpu_pressure_percent", "memory_pressure_percent", "disk_pressure_percent",
    }  # fmt: skip
    assert float(second["memory_bytes"]) == pytest.approx(1 << 40)


def test_who_has_no_name_is_told_by_id() -> None:
    (row,) = csv.DictReader(as_csv([rates()], {}).splitlines())
    assert row["container"] == WEB.id
