"""Beside and over the log: a scroll bar with ticks where the hits are, and the pill that counts new lines."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QScrollBar, QWidget

from gui.theme import Role, Size, Space, Text, color, font, paint_icon, theme
from gui.words import grouped, translate

if TYPE_CHECKING:
    from collections.abc import Sequence


class TickScrollBar(QScrollBar):
    """A scroll bar that shows where along the whole length something is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._positions: Sequence[int] = ()
        self._total = 0
        self._drawn: tuple[int, int, int, list[int]] | None = None

    def set_ticks(self, positions: Sequence[int], total: int) -> None:
        """Ascending positions out of `total`; drawn as at most one tick per pixel."""
        self._positions, self._total = positions, total
        self._drawn = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._positions or self._total <= 0:
            return
        painter = QPainter(self)
        ink = color(Role.MATCH_CURRENT)
        for y in self._pixels():
            painter.fillRect(2, y, self.width() - 4, 2, ink)

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
            one, many = translate("LogView", "{0} new line"), translate("LogView", "{0} new lines")
            words = (one if count == 1 else many).format(grouped(count))
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
