"""The logs of several containers as one, in time order: "merged:A,B". Numbers run over the whole, from its first line.

Nothing of it is kept: where the n-th line lies is worked out from the marks of the single indexes, and from the times
in the few blocks around the place. So it opens at once whatever the size. What a rotation has dropped counts as earlier
than everything else. Lines of one instant are in the order of the containers.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

import msgspec

from engine.logs.reading.cursor import Chronicle, Cursor
from engine.types.logs import LogLine, LogSummary

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from typing import TypeVar

    from engine.logs.written.index import Mark

    T = TypeVar("T")

_BLOCKS_KEPT = 96
"""Decoded blocks of a part: some 20 KB of times each, enough for a search to look at each one once."""
_TAKEN = 64 * 1024
"""Read of each part at a time: who jumps wants some hundred lines."""


class Part:
    """One of the logs: its marks, and the times between two of them when they are asked for."""

    def __init__(self, source: str, path: Path) -> None:
        self.source, self.path = source, path
        self.chronicle = Chronicle(path)
        self._blocks: OrderedDict[tuple[int, int], array[int]] = OrderedDict()
        self._marks: list[Mark] = []
        self._retired: list[Chronicle] = []
        self.update()

    def close(self) -> None:
        for chronicle in (self.chronicle, *self._retired):
            chronicle.close()

    def update(self) -> None:
        """See what has been written since; and what has been dropped."""
        start = self.chronicle.files.start
        self.chronicle.files.grown()
        if self.chronicle.files.start != start:
            self._retired.append(self.chronicle)  # a reader may still be in it
            self.chronicle = Chronicle(self.path)
            self._blocks.clear()
        self.chronicle.update()
        indexes = self.chronicle.indexes
        count = sum(index.marks for index in indexes) + 1
        if count != len(self._marks) or self._marks[-1] != self.chronicle.known:
            marks = {mark.number: mark for index in indexes for mark in map(index.mark, range(index.marks))}
            marks[self.chronicle.known.number] = self.chronicle.known
            self._marks = [marks[number] for number in sorted(marks)]
            self.numbers = [mark.number for mark in self._marks]
            self.times = [mark.time_ns for mark in self._marks]

    @property
    def first_number(self) -> int:
        return self.numbers[0]

    @property
    def end(self) -> int:
        """One more than the last number."""
        return self.numbers[-1]

    def bounds(self, time_ns: int) -> tuple[int, int]:
        """What `before` gives lies between these two numbers; told without reading anything."""
        place = bisect_left(self.times, time_ns)
        return self.numbers[max(0, place - 1)], self.numbers[min(place, len(self.numbers) - 1)]

    def before(self, time_ns: int, *, inclusive: bool = False) -> int:
        """How many lines are earlier than a time (or, inclusive, not later)."""
        find = bisect_right if inclusive else bisect_left
        place = find(self.times, time_ns)
        if place == 0:
            return self.numbers[0]
        if place == len(self.times):
            return self.end
        return self.numbers[place - 1] + find(self._block(place - 1), time_ns)

    def time_of(self, number: int) -> int:
        place = min(bisect_right(self.numbers, number), len(self.numbers) - 1) - 1
        block = self._block(max(0, place))
        at = number - self.numbers[max(0, place)]
        return block[at] if 0 <= at < len(block) else self.times[-1]

    def times_between(self, first: int, end: int) -> list[int]:
        """The times of the lines first … end (exclusive)."""
        found: list[int] = []
        place = max(0, bisect_right(self.numbers, first) - 1)
        while place < len(self.numbers) - 1 and self.numbers[place] < end:
            begin = self.numbers[place]
            found += self._block(place)[max(0, first - begin) : end - begin]
            place += 1
        return found

    def _block(self, place: int) -> array[int]:
        """Times of the lines between a mark and the next."""
        if place + 1 >= len(self._marks):
            place = len(self._marks) - 2
        key = (self.numbers[place], self.numbers[place + 1])
        found = self._blocks.get(key)
        if found is None:
            found = self._blocks[key] = Cursor(self.chronicle, self._marks[place]).times_until(key[1])
            if len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        return found


class MergedLog:
    """The parts, in a fixed order. All methods but `ask` block; `ask` runs one in a thread, one at a time."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self.readers = 0
        """How many use it now: it is not closed under them."""
        self._lock = asyncio.Lock()

    def close(self) -> None:
        for part in self.parts:
            part.close()

    async def ask(self, work: Callable[[MergedLog], T]) -> T:
        async with self._lock:
            return await asyncio.to_thread(work, self)

    def update(self) -> None:
        for part in self.parts:
            part.update()

    @property
    def end(self) -> int:
        return sum(part.end for part in self.parts)

    def summary(self) -> LogSummary:
        self.update()
        single = [part.chronicle.summary() for part in self.parts]
        return LogSummary(
            bytes=sum(one.bytes for one in single),
            lines=self.end - sum(part.first_number for part in self.parts),
            indexed=all(one.indexed for one in single),
            first_number=sum(part.first_number for part in self.parts),
            first_ns=min((one.first_ns for one in single if one.first_ns), default=0),
            last_ns=max((one.last_ns for one in single), default=0),
        )

    def before(self, time_ns: int) -> int:
        """The number of the first line at or after a time."""
        return sum(part.before(time_ns) for part in self.parts)

    def ranks(self, which: int, numbers: Iterable[int]) -> list[int]:
        """The numbers in the whole of lines of one part."""
        own = self.parts[which]
        found = []
        for number in numbers:
            time_ns = own.time_of(number)
            found.append(
                number
                + sum(part.before(time_ns, inclusive=True) for part in self.parts[:which])
                + sum(part.before(time_ns) for part in self.parts[which + 1 :])
            )
        return found

    def cut(self, number: int) -> tuple[int, ...]:
        """How many lines of each part come before the line of a number."""
        marks = sorted({time for part in self.parts for time in part.times})
        low = bisect_right(marks, number, key=lambda time: sum(part.bounds(time)[1] for part in self.parts))
        high = bisect_right(marks, number, key=lambda time: sum(part.bounds(time)[0] for part in self.parts))
        counts = [part.before(marks[low - 1]) if low else part.first_number for part in self.parts]
        ends = [part.before(marks[high], inclusive=True) if high < len(marks) else part.end for part in self.parts]
        between = sorted(
            (time, which)
            for which, part in enumerate(self.parts)
            for time in part.times_between(counts[which], ends[which])
        )
        for _time, which in between[: max(0, number - sum(counts))]:
            counts[which] += 1
        return tuple(counts)


class MergedReader:
    """Lines from a number on, in batches. `take` blocks; call it through `MergedLog.ask`."""

    def __init__(self, log: MergedLog, first: int) -> None:
        """What is written after this moment is not given: who follows gets it elsewhere."""
        self._number = max(first, sum(part.first_number for part in log.parts))
        self._cursors = [part.chronicle.at_number(count) for part, count in zip(log.parts, log.cut(first), strict=True)]
        self._sources = [part.source for part in log.parts]
        self._ends = [part.end for part in log.parts]
        self._waiting: list[deque[LogLine]] = [deque() for _ in log.parts]

    def take(self) -> list[LogLine]:
        """Some more lines; empty at the end."""
        for which, waiting in enumerate(self._waiting):
            if not waiting:
                fresh = self._cursors[which].take(_TAKEN, source=self._sources[which])
                waiting.extend(line for line in fresh if line.number < self._ends[which])
        # A part that still has lines may have more at the time of its last one: up to there the order is certain.
        horizon = min((waiting[-1].time_ns for waiting in self._waiting if waiting), default=0)
        ready = [
            (line.time_ns, which, line)
            for which, waiting in enumerate(self._waiting)
            for line in _taken_until(waiting, horizon)
        ]
        ready.sort(key=lambda entry: entry[:2])
        first, self._number = self._number, self._number + len(ready)
        return renumbered((line for _time, _which, line in ready), first)


def _taken_until(waiting: deque[LogLine], horizon: int) -> Iterable[LogLine]:
    while waiting and waiting[0].time_ns <= horizon:
        yield waiting.popleft()


def renumbered(lines: Iterable[LogLine], first: int) -> list[LogLine]:
    return [msgspec.structs.replace(line, number=number) for number, line in enumerate(lines, first)]


def with_source(lines: Iterable[LogLine], source: str) -> list[LogLine]:
    return [msgspec.structs.replace(line, source=source) for line in lines]
