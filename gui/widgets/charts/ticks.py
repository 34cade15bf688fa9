"""Round numbers for axes: values (decimal or binary steps) and times."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil

_SECOND = 1_000_000_000
_TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def value_ticks(top: float, most: int, *, binary: bool = False, whole: bool = False) -> list[float]:
    """Round values from 0 to at least `top`, at most `most` steps. `binary` steps suit KiB, MiB, GiB; `whole` ones are
    for what is counted."""
    if top <= 0:
        return [0.0, 1.0]
    if whole and top <= most:
        return [float(value) for value in range(ceil(top) + 1)]
    unit = 1.0
    if binary:
        while unit * 1024 <= top:
            unit *= 1024
        steps: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
        while top / unit < 2 and unit > 1:
            unit /= 1024
    else:
        steps = (1, 2, 5, 10)
        while unit * 10 <= top:
            unit *= 10
        while unit > top:
            unit /= 10
        unit /= 10
    for scale in (1.0, 10.0, 100.0, 1024.0):
        for step in steps:
            size = unit * step * (scale if not binary or scale == 1024.0 else 1.0)
            count = int(-(-top // size))
            if count <= most:
                return [size * i for i in range(count + 1)]
    return [0.0, top]


def time_ticks(first_ns: int, last_ns: int, most: int) -> list[tuple[int, str]]:
    """Round local times in a window with the words for them."""
    seconds = (last_ns - first_ns) / _SECOND
    step = next((s for s in _TIME_STEPS if seconds / s <= most), _TIME_STEPS[-1])
    offset = int(datetime.fromtimestamp(last_ns / _SECOND, UTC).astimezone().utcoffset().total_seconds())  # type: ignore[union-attr]
    at = -(-(first_ns // _SECOND + offset) // step) * step - offset
    ticks = []
    while at * _SECOND <= last_ns:
        ticks.append((at * _SECOND, time_words(at * _SECOND, step)))
        at += step
    return ticks


def time_words(time_ns: int, step_seconds: float = 1) -> str:
    """A local time as precise as the step between ticks asks for."""
    local = datetime.fromtimestamp(time_ns // _SECOND, UTC).astimezone()
    if step_seconds >= 86400:
        return local.strftime("%d %b")
    return local.strftime("%H:%M" if step_seconds >= 60 else "%H:%M:%S")
