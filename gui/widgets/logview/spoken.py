"""The lines in sight as a screen reader reads them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QRectF

from gui.widgets.painted.accessible import Item, Part, tell_current

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from gui.widgets.logview.source import LogRow

__all__ = ["MOST_SPOKEN", "Item", "Part", "Seen", "spoken_lines", "tell_line"]
MOST_SPOKEN = 500
"""Characters of a line; nobody listens to more."""


class Seen(NamedTuple):
    """A line in sight: its number, and where it is."""

    line: int
    top: float
    height: float
    row: LogRow


def spoken_lines(seen: Sequence[Seen], width: int, current: int) -> list[Item]:
    return [
        Item(
            " ".join(part for part in (one.row.level, one.row.text[:MOST_SPOKEN]) if part),
            QRectF(0, one.top, width, one.height),
            chosen=one.line == current,
            current=one.line == current,
        )
        for one in seen
    ]


def tell_line(view: QWidget, seen: Sequence[Seen], current: int) -> None:
    """The mark of the current line is elsewhere."""
    tell_current(view, next((place for place, one in enumerate(seen) if one.line == current), -1))
