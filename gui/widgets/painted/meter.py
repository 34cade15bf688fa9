"""A bar against a limit: memory of a container, a disk, a share of anything."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.plain_text import set_tip
from gui.theme import Role, Tone, color, theme


def meter_tone(fraction: float) -> Tone:
    """Calm below three quarters, a warning above, danger near the end."""
    if fraction >= 0.9:
        return Tone.DANGER
    return Tone.WARNING if fraction >= 0.75 else Tone.ACCENT


def paint_meter(
    painter: QPainter,
    rect: QRectF,
    value: float,
    limit: float,
    *,
    tone: Tone | None = None,
    height: float = 4.0,
    mirror: bool = False,
) -> None:
    """Draw a bar in the vertical middle of `rect`; without a limit only the track. `mirror` fills it from the right."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    bar = QRectF(rect.left(), rect.center().y() - height / 2, rect.width(), height)
    painter.setBrush(color(Role.TRACK))
    painter.drawRoundedRect(bar, height / 2, height / 2)
    fraction = min(1.0, max(0.0, value / limit)) if limit > 0 else 0.0
    if fraction > 0:
        painter.setBrush(theme().tone_fill(tone or meter_tone(fraction)))
        filled = QRectF(bar.left(), bar.top(), max(height, bar.width() * fraction), height)
        if mirror:
            filled.moveRight(bar.right())
        painter.drawRoundedRect(filled, height / 2, height / 2)
    painter.restore()


class Meter(QWidget):
    """The bar as a widget; `set` value, limit and the words a screen reader says."""

    def __init__(self, name: str = "", *, height: float = 6.0) -> None:
        super().__init__()
        self._name = name
        self._value, self._limit, self._height = 0.0, 0.0, height
        self._tone: Tone | None = None
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def set(self, value: float, limit: float, words: str = "", tone: Tone | None = None) -> None:
        self._value, self._limit, self._tone = value, limit, tone
        self.setAccessibleName(f"{self._name} {words}".strip())
        set_tip(self, words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, max(12, int(self._height)))

    def paintEvent(self, _event: QPaintEvent) -> None:
        box, mirror = QRectF(self.rect()), self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        paint_meter(QPainter(self), box, self._value, self._limit, tone=self._tone, height=self._height, mirror=mirror)
