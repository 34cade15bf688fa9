"""Where a log view stands: the first line seen and how much of it is above the edge. Heights are asked line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Scroller:
    """Knows only counts and heights, so that a billion lines cost what a screenful costs."""

    def __init__(self, count: Callable[[], int], height_of: Callable[[int], float]) -> None:
        self._count = count
        self._height_of = height_of
        self.top = 0
        self.offset = 0.0

    def place(self, top: int, offset: float, room: float) -> None:
        """Stand at a line, but never past the end."""
        self.top, self.offset = max(0, top), max(0.0, offset)
        self.clamp(room)

    def clamp(self, room: float) -> None:
        last_top, last_offset = self.end(room)
        if (self.top, self.offset) > (last_top, last_offset):
            self.top, self.offset = last_top, last_offset

    def end(self, room: float) -> tuple[int, float]:
        """Where the last line ends at the lower edge."""
        index, left = self._count(), room
        while index > 0:
            height = self._height_of(index - 1)
            if height >= left:
                return index - 1, height - left
            left -= height
            index -= 1
        return 0, 0.0

    def at_end(self, room: float) -> bool:
        return (self.top, self.offset + 0.5) >= self.end(room)

    def scroll(self, pixels: float, room: float) -> None:
        """Move down (or up, if negative)."""
        self.offset += pixels
        while self.offset < 0 and self.top > 0:
            self.top -= 1
            self.offset += self._height_of(self.top)
        self.offset = max(0.0, self.offset)
        while self.top < self._count() - 1 and self.offset >= (height := self._height_of(self.top)):
            self.offset -= height
            self.top += 1
        self.clamp(room)

    def visible(self, room: float) -> Iterator[tuple[int, float, float]]:
        """Line, top edge and height of each line that shows."""
        y, index, count = -self.offset, self.top, self._count()
        while index < count and y < room:
            height = self._height_of(index)
            yield index, y, height
            y += height
            index += 1

    def reveal(self, index: int, room: float) -> None:
        """Bring a line to the middle, unless it shows already."""
        for shown, y, height in self.visible(room):
            if shown == index and y >= 0 and y + height <= room:
                return
        self.top, self.offset = max(0, min(index, self._count() - 1)), 0.0
        self.scroll(-(room / 2), room)
