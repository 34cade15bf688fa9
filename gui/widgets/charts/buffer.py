"""Samples over time with coarser copies beside them, so that a day draws as fast as a minute."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FACTOR = 8
_LEVELS = 5
_KEEP = 2 * 86_400
"""Samples kept at the finest level: two days at one a second."""


class Bucket(NamedTuple):
    """A stretch of time for one column: when, mean, least, most."""

    time_ns: int
    mean: float
    low: float
    high: float


class _Level:
    """One resolution: per column the means, minima and maxima."""

    def __init__(self, columns: int) -> None:
        self.times = array("q")
        self.means = [array("d") for _ in range(columns)]
        self.lows = [array("d") for _ in range(columns)]
        self.highs = [array("d") for _ in range(columns)]

    def add(self, time_ns: int, means: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> None:
        self.times.append(time_ns)
        for arrays, values in ((self.means, means), (self.lows, lows), (self.highs, highs)):
            for column, value in zip(arrays, values, strict=True):
                column.append(value)

    def drop(self, count: int) -> None:
        del self.times[:count]
        for arrays in (self.means, self.lows, self.highs):
            for column in arrays:
                del column[:count]


class SeriesBuffer:
    """Append only, in order of time. Each level holds one entry per eight of the level below."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._levels = [_Level(columns) for _ in range(_LEVELS)]
        self._pending = [0] * _LEVELS

    def __len__(self) -> int:
        return len(self._levels[0].times)

    def append(self, time_ns: int, values: Sequence[float]) -> None:
        """One sample; a time not after the last one is dropped (a clock that was set back)."""
        finest = self._levels[0]
        if finest.times and time_ns <= finest.times[-1]:
            return
        finest.add(time_ns, values, values, values)
        self._roll_up(1)
        if len(finest.times) > _KEEP + _KEEP // 8:
            self._forget()

    def load(self, samples: Iterable[tuple[int, Sequence[float]]]) -> None:
        """Replace everything, as with history from the disk."""
        self._levels = [_Level(self.columns) for _ in range(_LEVELS)]
        self._pending = [0] * _LEVELS
        for time_ns, values in samples:
            self.append(time_ns, values)

    def last(self) -> tuple[int, tuple[float, ...]] | None:
        finest = self._levels[0]
        return (finest.times[-1], tuple(column[-1] for column in finest.means)) if finest.times else None

    def nearest(self, time_ns: int) -> tuple[int, tuple[float, ...]] | None:
        """The sample nearest to a time."""
        times = self._levels[0].times
        if not times:
            return None
        at = bisect_left(times, time_ns)
        if at == len(times) or (at > 0 and time_ns - times[at - 1] < times[at] - time_ns):
            at -= 1
        return times[at], tuple(column[at] for column in self._levels[0].means)

    def buckets(self, first: int, last: int, most: int) -> list[list[Bucket]]:
        """Per column at most about `most` buckets from just before `first` to just after `last`."""
        chosen = self._levels[0]
        for level in self._levels:
            chosen = level
            if bisect_right(level.times, last) - bisect_left(level.times, first) <= most:
                break
        low = max(0, bisect_left(chosen.times, first) - 1)
        high = min(len(chosen.times), bisect_right(chosen.times, last) + 1)
        times = chosen.times[low:high]
        result = [
            list(map(Bucket, times, chosen.means[c][low:high], chosen.lows[c][low:high], chosen.highs[c][low:high]))
            for c in range(self.columns)
        ]
        newest = self.last()
        if newest is not None and times and newest[0] > times[-1] and high == len(chosen.times):
            # The coarse level ends a little early: finish the line at the newest sample.
            for column, value in zip(result, newest[1], strict=True):
                column.append(Bucket(newest[0], value, value, value))
        return result

    def _roll_up(self, index: int) -> None:
        if index >= _LEVELS:
            return
        self._pending[index] += 1
        if self._pending[index] < _FACTOR:
            return
        self._pending[index] = 0
        below = self._levels[index - 1]
        self._levels[index].add(
            below.times[-_FACTOR // 2],
            [sum(column[-_FACTOR:]) / _FACTOR for column in below.means],
            [min(column[-_FACTOR:]) for column in below.lows],
            [max(column[-_FACTOR:]) for column in below.highs],
        )
        self._roll_up(index + 1)

    def _forget(self) -> None:
        oldest = self._levels[0].times[_KEEP // 8]
        for level in self._levels:
            level.drop(bisect_left(level.times, oldest))
