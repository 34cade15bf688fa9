"""The box at the left of a row: shown under the pointer and while several rows are being chosen."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from gui.theme import Role, Size, Space, color, paint_icon

ROOM = int(Space.XL)
"""The left margin of a list, which belongs to the box."""


def box_of(cell: QRectF) -> QRectF:
    """Where the box of a row is, given the row's first cell."""
    return QRectF(cell.left() + Space.XS + 1, cell.center().y() - Size.ICON / 2, Size.ICON, Size.ICON)


def paint_tick_box(painter: QPainter, box: QRectF, *, marked: bool, partly: bool) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    filled = marked or partly
    painter.setPen(Qt.PenStyle.NoPen if filled else color(Role.TEXT_MUTED))
    painter.setBrush(color(Role.ACCENT if filled else Role.SURFACE))
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    if filled:
        paint_icon(painter, box.adjusted(2, 2, -2, -2), "check" if marked else "minus", color(Role.ON_ACCENT))
    painter.restore()
