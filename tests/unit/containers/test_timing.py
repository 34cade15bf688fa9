"""Where the milliseconds of a start went: steps side by side are not added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.containers.run.starting import Stopwatch
from engine.types.containers import StartTiming

if TYPE_CHECKING:
    import pytest


def test_steps_side_by_side_take_the_time_of_the_longer() -> None:
    timing = StartTiming(steps=(("mount", 5.0), ("network", 50.0), ("create", 60.0)), begun=(0.0, 2.0, 10.0))
    assert timing.total_ms == 70.0
    assert timing.spans == (("mount", 0.0, 5.0), ("network", 2.0, 50.0), ("create", 10.0, 60.0))


def test_records_of_before_are_drawn_one_after_the_other() -> None:
    timing = StartTiming(steps=(("mount", 5.0), ("create", 60.0)))
    assert timing.spans == (("mount", 0.0, 5.0), ("create", 5.0, 60.0))
    assert timing.total_ms == 65.0
    assert StartTiming().total_ms == 0.0


def test_the_stopwatch_keeps_when_each_step_began(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter((10.0, 10.002, 10.012, 10.030, 10.030, 10.050))
    monkeypatch.setattr("engine.containers.run.starting.time.perf_counter", lambda: next(moments))
    clock = Stopwatch()
    with clock.step("outer"), clock.step("inner"):
        pass
    with clock.step("last"):
        pass
    timing = clock.timing()
    assert timing.steps == (("inner", 10.0), ("outer", 30.0), ("last", 20.0))
    assert timing.spans == (("outer", 0.0, 30.0), ("inner", 2.0, 10.0), ("last", 30.0, 20.0))
    assert timing.total_ms == 50.0
