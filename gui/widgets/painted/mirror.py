"""Painted things in a layout from right to left: every part is thought from left to right and put where it belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

_LEFT, _RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight


def run_from_left(painter: QPainter) -> None:
    """Time, code and a program's output run from left to right in every language, and what is beside them with them."""
    painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def mirrored(part: QRectF, whole: QRectF) -> QRectF:
    """The same distance from the other side."""
    return QRectF(whole.left() + whole.right() - part.right(), part.top(), part.width(), part.height())


def mirrored_point(point: QPointF, whole: QRectF) -> QPointF:
    return QPointF(whole.left() + whole.right() - point.x(), point.y())


def side(align: Qt.AlignmentFlag, *, mirror: bool) -> Qt.AlignmentFlag:
    """Left and right as they are, or exchanged; Qt does not exchange them once more."""
    if mirror and align & (_LEFT | _RIGHT):
        align ^= _LEFT | _RIGHT
    return align | Qt.AlignmentFlag.AlignAbsolute
