"""Rows that are not there yet: what was in a list when it was last seen, drawn as outlines until the truth comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.theme import Radius, Role, Size, Space, Text, color, font, theme
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMELESS = 4
_BARS = (0.42, 0.56, 0.70, 0.84)
"""Where the columns after the name begin, as shares of the width."""


class SkeletonRows(QWidget):
    """Names in grey, the rest as bars; nothing in it can be clicked."""

    def __init__(self, names: Sequence[str], row_height: int = Size.ROW) -> None:
        super().__init__()
        self._names = tuple(names)
        self._height = row_height
        self.setAccessibleName(translate("Skeleton", "Loading: as it was last"))
        self.setAccessibleDescription(", ".join(names))
        theme().changed.connect(self.update)

    @property
    def names(self) -> tuple[str, ...]:
        return self._names

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), color(Role.SURFACE))
        painter.setFont(font(Text.BODY))
        metrics = QFontMetricsF(painter.font())
        room = self.width() * _BARS[0] - Space.XL - Size.ICON - Space.L
        top = float(Size.HEADER)
        for name in self._names or ("",) * _NAMELESS:
            middle = top + self._height / 2
            left = float(Space.XL + Space.S)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(Role.NEUTRAL_SOFT))
            painter.drawEllipse(QRectF(left + 2, middle - 6, 12, 12))
            for start in _BARS:
                self._bar(painter, self.width() * start, middle, self.width() * 0.09)
            words = QRectF(left + Size.ICON + Space.S, top, room, self._height)
            if name:
                painter.setPen(color(Role.TEXT_MUTED))
                shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room)
                painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
            else:
                self._bar(painter, words.left(), middle, room * 0.5)
            painter.fillRect(QRectF(0, top + self._height - 1, self.width(), 1), color(Role.BORDER, 0.6))
            top += self._height
            if top > self.height():
                break

    @staticmethod
    def _bar(painter: QPainter, left: float, middle: float, width: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(Role.NEUTRAL_SOFT))
        painter.drawRoundedRect(QRectF(left, middle - 5, width, 10), Radius.SMALL, Radius.SMALL)
