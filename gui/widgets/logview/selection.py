"""A selection of text over many lines: two ends, each a line and a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

COPY_LIMIT = 500_000
WHOLE = 1 << 30
"""A column behind the end of any line."""


class LineText(Protocol):
    """Gives a line as text: all of it, or as far as it is laid out, where columns count."""

    def __call__(self, line: int, *, whole: bool) -> str: ...


class Spot(NamedTuple):
    line: int
    column: int


@dataclass(slots=True)
class Selection:
    """Empty while both ends are the same."""

    anchor: Spot | None = None
    head: Spot | None = None

    def __bool__(self) -> bool:
        return self.anchor is not None and self.head is not None and self.anchor != self.head

    def clear(self) -> None:
        self.anchor = self.head = None

    def set(self, anchor: Spot, head: Spot) -> None:
        self.anchor, self.head = anchor, head

    @property
    def ordered(self) -> tuple[Spot, Spot]:
        """First and last spot."""
        assert self.anchor is not None
        assert self.head is not None
        return (self.anchor, self.head) if self.anchor <= self.head else (self.head, self.anchor)

    def columns(self, line: int, length: int) -> tuple[int, int] | None:
        """Which columns of a line are selected, end exclusive; None for none."""
        if not self:
            return None
        first, last = self.ordered
        if not first.line <= line <= last.line:
            return None
        start = first.column if line == first.line else 0
        end = min(last.column, length) if line == last.line else length
        return (start, end) if end > start or line < last.line else None

    def text(self, line_text: LineText) -> str:
        """What is selected. Lines in the middle are given whole, however much of them was laid out."""
        first, last = self.ordered
        parts = []
        for line in range(first.line, min(last.line, first.line + COPY_LIMIT) + 1):
            at_end = line in (first.line, last.line)
            words = line_text(line, whole=not at_end or (first.column == 0 and last.column == WHOLE))
            columns = self.columns(line, len(words))
            parts.append(words[columns[0] : columns[1]] if columns else "")
        return "\n".join(parts).replace("\u2028", "\n")

    def shift(self, count: int) -> None:
        """`count` lines have gone from the start."""
        if self.anchor is None or self.head is None:
            return
        if max(self.anchor.line, self.head.line) < count:
            self.clear()
            return
        self.anchor = Spot(self.anchor.line - count, self.anchor.column) if self.anchor.line >= count else Spot(0, 0)
        self.head = Spot(self.head.line - count, self.head.column) if self.head.line >= count else Spot(0, 0)


def word_at(text: str, column: int) -> tuple[int, int]:
    """Where the word around a column begins and ends."""
    start = end = min(column, len(text))
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return start, end
