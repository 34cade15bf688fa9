"""Where a search has found something: line indexes, ascending; packed, for there may be millions. And the current."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Hits:
    """`place` is the position of the current hit, -1 for none."""

    def __init__(self) -> None:
        self.lines = array("q")
        self.place = -1

    def set(self, lines: Iterable[int]) -> None:
        """Other hits; the current one stays current if it is among them, or else the next after it is."""
        kept = self.current
        self.lines = array("q", lines)
        self.place = bisect_left(self.lines, kept) if kept is not None else -1
        if self.place >= len(self.lines):
            self.place = -1

    def add(self, lines: Iterable[int]) -> None:
        """More of them, all behind those known."""
        self.lines.extend(lines)

    @property
    def current(self) -> int | None:
        """The line of the current hit."""
        return self.lines[self.place] if 0 <= self.place < len(self.lines) else None

    @property
    def standing(self) -> tuple[int, int]:
        """The current hit, counted from one (nought for none), and how many there are."""
        return self.place + 1, len(self.lines)

    def step(self, step: int, top: int) -> int:
        """To the next (+1) or the one before (-1), going round; without a current one from `top` on. Gives its line."""
        if self.place < 0:
            after = bisect_left(self.lines, top)
            self.place = (after if step > 0 else after - 1) % len(self.lines)
        else:
            self.place = (self.place + step) % len(self.lines)
        return self.lines[self.place]

    def trim(self, count: int) -> None:
        """So many lines have gone from the start."""
        keep = bisect_left(self.lines, count)
        self.lines = array("q", [line - count for line in self.lines[keep:]])
        self.place = max(-1, self.place - keep)

    def clear(self) -> None:
        self.lines, self.place = array("q"), -1
