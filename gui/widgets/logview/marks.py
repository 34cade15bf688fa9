"""Beside and over the log: a scroll bar with ticks where the hits are, and the pill that counts new lines."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QScrollBar, QWidget

from gui.theme import Role, Size, Space, Text, Tone, color, font, paint_icon, theme
from gui.words import grouped, translate

if TYPE_CHECKING:
    from collections.abc import Sequence


_LEVELS_WIDE, _REACH = 6, 4


class TickScrollBar(QScrollBar):
    """A scroll bar that shows where along the whole length something is: hits, errors and warnings."""

    line_wanted = Signal(int)
    """A click on the tick of an error or a warning: its position."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._positions: Sequence[int] = ()
        self._total = 0
        self._levels: tuple[tuple[Tone, Sequence[int]], ...] = ()
        self._drawn: tuple[int, int, int, list[int]] | None = None

    def set_ticks(self, positions: Sequence[int], total: int) -> None:
        """Ascending positions out of `total`; drawn as at most one tick per pixel."""
        self._positions, self._total = positions, total
        self._drawn = None
        self.update()

    def set_levels(self, errors: Sequence[int], warnings: Sequence[int]) -> None:
        """Ascending positions of lines of these levels."""
        self._levels = ((Tone.DANGER, errors), (Tone.WARNING, warnings))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._total <= 0:
            return
        painter = QPainter(self)
        for tone, positions in reversed(self._levels):
            for y in ticks(positions, self._total, self.height()):
                painter.fillRect(0, y, 4, 2, theme().tone_fill(tone))
        for y in self._pixels() if self._positions else ():
            painter.fillRect(4, y, self.width() - 6, 2, color(Role.MATCH_CURRENT))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        line = self._level_at(event.position().y())
        if event.button() is Qt.MouseButton.LeftButton and event.position().x() <= _LEVELS_WIDE and line >= 0:
            self.line_wanted.emit(line)
        else:
            super().mousePressEvent(event)

    def _level_at(self, y: float) -> int:
        """The line of the nearest tick at a height, errors before warnings; −1 for none."""
        if self._total <= 0 or self.height() <= 0:
            return -1
        wanted, reach = int(y / self.height() * self._total), max(1, _REACH * self._total // self.height())
        for _tone, positions in self._levels:
            place = bisect_left(positions, wanted)
            near = [positions[n] for n in (place - 1, place) if 0 <= n < len(positions)]
            close = [line for line in near if abs(line - wanted) <= reach]
            if close:
                return min(close, key=lambda line: abs(line - wanted))
        return -1

    def _pixels(self) -> list[int]:
        key = (len(self._positions), self._total, self.height())
        if self._drawn is None or self._drawn[:3] != key:
            self._drawn = (*key, ticks(self._positions, self._total, self.height()))
        return self._drawn[3]


def ticks(positions: Sequence[int], total: int, height: int) -> list[int]:
    """The pixels that have something, found pixel by pixel: there may be a million positions, and they grow."""
    found: list[int] = []
    place = 0
    while place < len(positions):
        y = positions[place] * height // total
        if y >= height - 2:
            return [*found, height - 2]
        found.append(y)
        place = bisect_left(positions, -(-(y + 1) * total // height), place + 1)
    return found


class NewLinesPill(QAbstractButton):
    """ "↓ 1,204 new lines": a click follows again."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFont(font(Text.STRONG))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        theme().changed.connect(self.update)

    def set_count(self, count: int) -> None:
        if count:
            words = translate("LogView", "{0} new lines", None, count).format(grouped(count))
        else:
            words = translate("LogView", "Follow")
        self.setText(words)
        self.setAccessibleName(words)
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(int(QFontMetricsF(self.font()).horizontalAdvance(self.text())) + 3 * Space.M + Size.ICON, 30)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(Role.ACCENT_HOVER if self.underMouse() else Role.ACCENT))
        painter.drawRoundedRect(QRectF(self.rect()), 15, 15)
        sign = QRectF(Space.M, (self.height() - Size.ICON) / 2, Size.ICON, Size.ICON)
        paint_icon(painter, sign, "arrow-down", color(Role.ON_ACCENT))
        painter.setPen(color(Role.ON_ACCENT))
        painter.setFont(self.font())
        words = QRectF(sign.right() + Space.S, 0, self.width(), self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
