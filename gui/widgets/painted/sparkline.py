"""A line of the last minutes in the height of a table row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPen, QPolygonF

from gui.theme import Role, color

if TYPE_CHECKING:
    from collections.abc import Sequence


def paint_sparkline(
    painter: QPainter,
    rect: QRectF,
    values: Sequence[float],
    *,
    top: float = 0.0,
    slots: int = 60,
    tint: QColor | None = None,
) -> None:
    """Draw values newest at the right, `slots` of them over the whole width; `top` is the least full scale."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink = tint or color(Role.ACCENT)
    painter.setPen(QPen(color(Role.TRACK), 1))
    painter.drawLine(QPointF(rect.left(), rect.bottom() - 0.5), QPointF(rect.right(), rect.bottom() - 0.5))
    shown = list(values)[-slots:]
    if len(shown) > 1:
        full = max(top, max(shown), 1e-9)
        step = rect.width() / max(1, slots - 1)
        left = rect.right() - step * (len(shown) - 1)
        height = rect.height() - 2.5
        points = [
            QPointF(left + i * step, rect.bottom() - 1.0 - height * max(0.0, value) / full)
            for i, value in enumerate(shown)
        ]
        fill = QLinearGradient(rect.topLeft(), rect.bottomLeft())
        soft, none = QColor(ink), QColor(ink)
        soft.setAlphaF(0.28)
        none.setAlphaF(0.03)
        fill.setColorAt(0, soft)
        fill.setColorAt(1, none)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        foot = [QPointF(points[-1].x(), rect.bottom()), QPointF(points[0].x(), rect.bottom())]
        painter.drawPolygon(QPolygonF(points + foot))
        painter.setPen(QPen(ink, 1.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.drawPolyline(QPolygonF(points))
    painter.restore()
