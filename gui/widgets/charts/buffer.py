"""Samples over time with coarser copies beside them, so that a day draws as fast as a minute.

A sample says what stretch of time it is of. So a hole is where no sample says anything, however often samples come: a
history of one in ten seconds and a live second-by-second end are both whole. A value that was not told is NaN: it is no
part of a mean, and never zero.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import chain
from math import isnan, nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SECOND = 1_000_000_000
_FACTOR = 8
_LEVELS = 5
_KEEP_FINEST = 16_384
"""Samples kept at the finest level: more than four hours at one a second."""
_KEEP_NS = 48 * 3600 * _SECOND
_SLACK_NS = _SECOND
_KEEP_NEWER = 120
"""What came while a history was loaded is a few samples."""


def is_hole(end: int, span: int, begin: int, next_span: int) -> bool:
    """Whether nothing is known between two samples: more time passed than the coarser one's own and a second."""
    return begin - end > max(span, next_span) * 6 // 5 + _SLACK_NS


@dataclass(frozen=True, slots=True)
class Cut:
    """Samples or means of several, for one picture. Entry `i` is of `begins[i]` to `ends[i]`, drawn at `times[i]`."""

    times: Sequence[int]
    begins: Sequence[int]
    ends: Sequence[int]
    after_hole: Sequence[int]
    means: Sequence[Sequence[float]]
    lows: Sequence[Sequence[float]]
    highs: Sequence[Sequence[float]]

    def __len__(self) -> int:
        return len(self.times)

    def known(self, index: int) -> bool:
        """Whether anything was told then."""
        return any(column[index] == column[index] for column in self.means)

    def runs(self, column: int | None = None) -> list[tuple[int, int]]:
        """Stretches without a hole in which a column (or any) was told: from, and up to but not with."""
        found: list[tuple[int, int]] = []
        start = -1
        for index in range(len(self.times)):
            told = self.known(index) if column is None else not isnan(self.means[column][index])
            if start >= 0 and (not told or self.after_hole[index]):
                found.append((start, index))
                start = -1
            if told and start < 0:
                start = index
        return [*found, (start, len(self.times))] if start >= 0 else found

    def recorded(self) -> list[tuple[int, int]]:
        """The stretches of time of which something is known, as first and last moment."""
        return [(self.begins[a], self.ends[b - 1]) for a, b in self.runs()]


class _Level:
    """One resolution: when, of what stretch, and per column the means, minima and maxima."""

    def __init__(self, columns: int, *, finest: bool) -> None:
        self.times, self.begins, self.ends = array("q"), array("q"), array("q")
        self.after_hole = bytearray()
        self.means = [array("d") for _ in range(columns)]
        self.lows = self.means if finest else [array("d") for _ in range(columns)]
        self.highs = self.means if finest else [array("d") for _ in range(columns)]

    def __len__(self) -> int:
        return len(self.times)

    def note(self, time_ns: int, begin: int, end: int, *, after_hole: int) -> None:
        self.times.append(time_ns)
        self.begins.append(begin)
        self.ends.append(end)
        self.after_hole.append(after_hole)

    def take_from(self, below: _Level, count: int) -> None:
        """The last entries of the level below, as one."""
        begin, end = below.begins[-count], below.ends[-1]
        self.note((begin + end) // 2, begin, end, after_hole=below.after_hole[-count])
        weights = [b - a for a, b in zip(below.begins[-count:], below.ends[-count:], strict=True)]
        for column in range(len(self.means)):
            told = [(v, w) for v, w in zip(below.means[column][-count:], weights, strict=True) if v == v]
            whole = sum(w for _, w in told)
            self.means[column].append(sum(v * w for v, w in told) / whole if whole else nan)
            self.lows[column].append(min((v for v in below.lows[column][-count:] if v == v), default=nan))
            self.highs[column].append(max((v for v in below.highs[column][-count:] if v == v), default=nan))

    def drop(self, count: int) -> None:
        del self.times[:count], self.begins[:count], self.ends[:count], self.after_hole[:count]
        for column in self.means:
            del column[:count]
        if self.lows is not self.means:
            for column in (*self.lows, *self.highs):
                del column[:count]

    def cut(self, low: int, high: int) -> Cut:
        means = [column[low:high] for column in self.means]
        finest = self.lows is self.means
        return Cut(
            self.times[low:high],
            self.begins[low:high],
            self.ends[low:high],
            self.after_hole[low:high],
            means,
            means if finest else [column[low:high] for column in self.lows],
            means if finest else [column[low:high] for column in self.highs],
        )


def _joined(pieces: Sequence[Cut]) -> Cut:
    def flat(parts: Iterable[Sequence[float]]) -> list[float]:
        return list(chain.from_iterable(parts))

    def columns(name: str) -> list[list[float]]:
        return [flat(column) for column in zip(*(getattr(one, name) for one in pieces), strict=True)]

    return Cut(
        list(chain.from_iterable(one.times for one in pieces)),
        list(chain.from_iterable(one.begins for one in pieces)),
        list(chain.from_iterable(one.ends for one in pieces)),
        list(chain.from_iterable(one.after_hole for one in pieces)),
        columns("means"),
        columns("lows"),
        columns("highs"),
    )


class SeriesBuffer:
    """Append only, in order of time. A level has an entry per eight of the level below, or fewer before a hole."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._levels: list[_Level] = []
        self._pending: list[int] = []
        self._clear()

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, time_ns: int, values: Sequence[float], seconds: float = 1.0) -> None:
        """One sample of the `seconds` before a time; one not after the last is dropped (a clock that was set back)."""
        finest = self._levels[0]
        begin = time_ns - int(seconds * _SECOND)
        hole = False
        if finest.times:
            end = finest.ends[-1]
            if time_ns <= end:
                return
            begin = max(begin, end)
            hole = is_hole(end, end - finest.begins[-1], begin, time_ns - begin)
            if hole:
                self._seal()
        finest.note(time_ns, begin, time_ns, after_hole=hole)
        for column, value in zip(finest.means, values, strict=True):
            column.append(value)
        self._roll_up(1)
        if len(finest) > _KEEP_FINEST + _KEEP_FINEST // 8:
            self._forget()

    def load(self, samples: Iterable[tuple[int, Sequence[float], float]]) -> None:
        """Replace everything, as with history from the disk: times, values, and of how many seconds they are."""
        self._clear()
        for time_ns, values, seconds in samples:
            self.append(time_ns, values, seconds)

    def take(self, other: SeriesBuffer) -> None:
        """Become what another is, and go on with what came since its end."""
        since = other.last()
        own = self._levels[0]
        newer = range(bisect_right(own.times, since[0]) if since is not None else 0, len(own))
        kept = [
            (own.times[i], [c[i] for c in own.means], (own.ends[i] - own.begins[i]) / _SECOND)
            for i in (newer if len(newer) < _KEEP_NEWER else range(0))
        ]
        self._levels, self._pending = other._levels, other._pending
        for time_ns, values, seconds in kept:
            self.append(time_ns, values, seconds)

    def last(self) -> tuple[int, tuple[float, ...]] | None:
        finest = self._levels[0]
        return (finest.times[-1], tuple(column[-1] for column in finest.means)) if finest.times else None

    def at(self, time_ns: int) -> tuple[int, tuple[float, ...]] | None:
        """What was told of a moment; None where nothing was recorded."""
        level = next((one for one in self._levels if one.begins and one.begins[0] <= time_ns), self._levels[0])
        index = bisect_left(level.ends, time_ns)
        if index == len(level):
            if not index or is_hole(level.ends[-1], level.ends[-1] - level.begins[-1], time_ns, 0):
                return None
            index -= 1
        elif time_ns < level.begins[index]:
            if index == 0 or level.after_hole[index]:
                return None
            if time_ns - level.ends[index - 1] < level.begins[index] - time_ns:
                index -= 1
        return level.times[index], tuple(column[index] for column in level.means)

    def cut(self, first: int, last: int, most: int) -> Cut:
        """At most about `most` entries from just before `first` to just after `last`."""
        chosen, earliest = self._levels[0], min((one.begins[0] for one in self._levels if one.begins), default=0)
        for level in self._levels:
            if not level.begins:
                break
            chosen = level
            reaches = level.begins[0] <= max(first, earliest)
            if reaches and bisect_right(level.times, last) - bisect_left(level.times, first) <= most:
                break
        low = max(0, bisect_left(chosen.times, first) - 1)
        high = min(len(chosen), bisect_right(chosen.times, last) + 1)
        pieces = [chosen.cut(low, high)]
        if 0 < high == len(chosen):
            # A coarse level ends a little early: what came since goes on in finer ones.
            for level in reversed(self._levels[: self._levels.index(chosen)]):
                since = bisect_right(level.ends, pieces[-1].ends[-1])
                if since < len(level):
                    pieces.append(level.cut(since, len(level)))
        return _joined(pieces) if len(pieces) > 1 else pieces[0]

    def samples(self, first: int, last: int) -> Cut:
        """All that is kept of a stretch, as fine as it is kept."""
        return self.cut(first, last, _KEEP_NS)

    def _clear(self) -> None:
        self._levels = [_Level(self.columns, finest=number == 0) for number in range(_LEVELS)]
        self._pending = [0] * _LEVELS

    def _roll_up(self, index: int) -> None:
        if index >= _LEVELS:
            return
        self._pending[index] += 1
        if self._pending[index] < _FACTOR:
            return
        self._pending[index] = 0
        self._levels[index].take_from(self._levels[index - 1], _FACTOR)
        self._roll_up(index + 1)

    def _seal(self) -> None:
        """A hole begins: what waits to be rolled up is rolled up without what comes after it."""
        for index in range(1, _LEVELS):
            count, self._pending[index] = self._pending[index], 0
            if count:
                self._levels[index].take_from(self._levels[index - 1], count)
                if index + 1 < _LEVELS:
                    self._pending[index + 1] += 1

    def _forget(self) -> None:
        newest = self._levels[0].ends[-1]
        self._levels[0].drop(_KEEP_FINEST // 8)
        for level in self._levels[1:]:
            level.drop(bisect_left(level.ends, newest - _KEEP_NS))
