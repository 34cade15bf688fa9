"""Where a log view gets its lines: a protocol for any length, one in memory, and a selection of another's lines."""

from __future__ import annotations

import bisect
from abc import abstractmethod
from array import array
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class LogRow(NamedTuple):
    """One line as it is shown. `level` is a word of `LEVELS` or empty; `source` keys the colour of merged views."""

    text: str
    time_ns: int = 0
    level: str = ""
    source: str = ""
    stderr: bool = False
    note: bool = False
    """A remark of the program itself ("container restarted"), not of the log."""


class LineSource(QObject):
    """Lines 0 … `line_count()` − 1. Subclass it; nothing here may block.

    `row(i)` gives a line or None while it is not loaded; the view then asks `want(first, last)` once and waits for
    `loaded`. New lines at the end are announced by `appended`, dropped ones at the start by `trimmed` (numbers shift
    down), anything else by `reset`.
    """

    appended = Signal(int)
    trimmed = Signal(int)
    loaded = Signal(int, int)
    reset = Signal()

    @abstractmethod
    def line_count(self) -> int:
        """How many there are now."""

    @abstractmethod
    def row(self, index: int) -> LogRow | None:
        """The line, or None while it is not loaded."""

    def want(self, first: int, last: int) -> None:
        """Lines first … last (inclusive) will be looked at: fetch what is missing."""

    def number(self, index: int) -> int:
        """The line's number in the whole log, where this source shows only some of its lines."""
        return index


class MemoryLineSource(LineSource):
    """Lines kept here, at most `limit` of them; for output of builds and operations, and for tails.

    They lie in columns, not as an object each: half a million small objects would make every full round of Python's
    garbage collector stop the window for a tenth of a second.
    """

    def __init__(self, limit: int = 200_000, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._texts: list[str] = []
        self._times = array("q")
        self._kinds = array("L")
        self._kind_numbers: dict[tuple[str, str, bool, bool], int] = {}
        self._kind_list: list[tuple[str, str, bool, bool]] = []
        self._head = 0
        self._limit = limit
        self.dropped = 0

    def extend(self, rows: Iterable[LogRow]) -> None:
        """Add lines at the end, with one signal for all of them."""
        before = len(self._texts)
        for row in rows:
            self._texts.append(row.text)
            self._times.append(row.time_ns)
            self._kinds.append(self._number_of(row[2:]))
        added = len(self._texts) - before
        if not added:
            return
        over = self.line_count() - self._limit
        if over > 0:
            # Drop in larger steps, so that a steady flood does not shift numbers at every batch.
            over = min(self.line_count(), over + self._limit // 20)
            self._drop(over)
        self.appended.emit(added)
        if over > 0:
            self.trimmed.emit(over)

    def clear(self) -> None:
        self._texts.clear()
        del self._times[:], self._kinds[:]
        self._head = self.dropped = 0
        self.reset.emit()

    def line_count(self) -> int:
        return len(self._texts) - self._head

    def row(self, index: int) -> LogRow | None:
        at = index + self._head
        if index < 0 or at >= len(self._texts):
            return None
        return LogRow(self._texts[at], self._times[at], *self._kind_list[self._kinds[at]])

    def rows(self) -> list[LogRow]:
        found = (self.row(index) for index in range(self.line_count()))
        return [row for row in found if row is not None]

    def _drop(self, count: int) -> None:
        self._head += count
        self.dropped += count
        if self._head > self._limit // 2:
            for column in (self._texts, self._times, self._kinds):
                del column[: self._head]
            self._head = 0

    def _number_of(self, kind: tuple[str, str, bool, bool]) -> int:
        number = self._kind_numbers.get(kind)
        if number is None:
            number = self._kind_numbers[kind] = len(self._kind_list)
            self._kind_list.append(kind)
        return number


class SelectedLineSource(LineSource):
    """Only some lines of another source, by their (ascending) numbers: a filter, or the hits of a search."""

    def __init__(self, base: LineSource, numbers: Sequence[int] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._base = base
        self._numbers: list[int] = list(numbers)
        base.loaded.connect(self._base_loaded)
        base.trimmed.connect(self._base_trimmed)

    def add_numbers(self, numbers: Sequence[int]) -> None:
        """More hits; cheap if all lie behind those known."""
        if not numbers:
            return
        if self._numbers and numbers[0] <= self._numbers[-1]:
            self._numbers = sorted({*self._numbers, *numbers})
            self.reset.emit()
        else:
            self._numbers.extend(numbers)
            self.appended.emit(len(numbers))

    def line_count(self) -> int:
        return len(self._numbers)

    def row(self, index: int) -> LogRow | None:
        return self._base.row(self._numbers[index]) if 0 <= index < len(self._numbers) else None

    def number(self, index: int) -> int:
        return self._base.number(self._numbers[index])

    def base_index(self, index: int) -> int | None:
        """Where one of these lines stands in the other source; None past the end."""
        return self._numbers[index] if 0 <= index < len(self._numbers) else None

    def want(self, first: int, last: int) -> None:
        wanted = self._numbers[first : last + 1]
        if wanted:
            self._base.want(wanted[0], wanted[-1])

    def _base_loaded(self, first: int, last: int) -> None:
        low = bisect.bisect_left(self._numbers, first)
        high = bisect.bisect_right(self._numbers, last) - 1
        if low <= high:
            self.loaded.emit(low, high)

    def _base_trimmed(self, count: int) -> None:
        keep = bisect.bisect_left(self._numbers, count)
        self._numbers = [number - count for number in self._numbers[keep:]]
        self.trimmed.emit(keep)
