"""Progress of several parts at once: a row per layer of a pull, each with a bar and what it is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

from gui.presentation.units import WIDEST
from gui.theme import Role, Space, Text, Tone, color, font, mono, theme
from gui.widgets.painted.meter import paint_meter
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROW = 28


class ProgressRow(NamedTuple):
    """One part. `total` 0 means unknown; `words` stand right of the bar ("12.3 of 40.0 MB")."""

    key: str
    phase: str
    done: int = 0
    total: int = 0
    words: str = ""
    tone: Tone = Tone.ACCENT


class ProgressRows(QScrollArea):
    """Set all rows again as often as you like; only a repaint follows."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.setAccessibleName(name or translate("ProgressRows", "Progress of the parts"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rows = _Rows()
        self.setWidget(self._rows)
        self.viewport().setAutoFillBackground(False)

    def set_rows(self, rows: Sequence[ProgressRow]) -> None:
        self._rows.set_rows(rows)
        done = sum(1 for row in rows if row.total and row.done >= row.total)
        self.setAccessibleDescription(f"{done} / {len(rows)}")
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(460, min(8, max(1, self._rows.count)) * _ROW + 4)


class _Rows(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._rows: list[ProgressRow] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        theme().changed.connect(self.update)

    @property
    def count(self) -> int:
        return len(self._rows)

    def set_rows(self, rows: Sequence[ProgressRow]) -> None:
        if len(rows) != len(self._rows):
            self.setMinimumHeight(len(rows) * _ROW)
        self._rows = list(rows)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        small, code = font(Text.SMALL, tabular=True), mono(Text.SMALL)
        key_width = QFontMetricsF(code).horizontalAdvance("0123456789ab") + Space.M
        phase_width = QFontMetricsF(small).horizontalAdvance("Downloading m") + Space.M
        words_width = QFontMetricsF(small).horizontalAdvance(f"{WIDEST} of {WIDEST}") + Space.S
        for index, row in enumerate(self._rows):
            box = QRectF(0, index * _ROW, self.width(), _ROW)
            if box.bottom() < event.rect().top() or box.top() > event.rect().bottom():
                continue
            painter.setFont(code)
            painter.setPen(color(Role.TEXT_SECONDARY))
            shown = QFontMetricsF(code).elidedText(row.key, Qt.TextElideMode.ElideRight, key_width - Space.S)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, shown)
            painter.setFont(small)
            painter.setPen(theme().tone(row.tone) if row.tone is not Tone.ACCENT else color(Role.TEXT_SECONDARY))
            painter.drawText(box.adjusted(key_width, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, row.phase)
            painter.setPen(color(Role.TEXT_MUTED))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.words)
            bar = box.adjusted(key_width + phase_width, 0, -words_width, 0)
            if bar.width() > 20:
                paint_meter(painter, bar, row.done, row.total, tone=row.tone)
