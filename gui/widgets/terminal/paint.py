"""Draws lines of terminal cells: runs of one look as one piece of text on an exact grid."""

from __future__ import annotations

from math import ceil
from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from gui.theme import Role, color, theme
from gui.widgets.logview.ansi import ansi_color


class CellPainter:
    """Metrics of the grid and the drawing of a line."""

    def __init__(self, fount: QFont) -> None:
        self.set_font(fount)

    def set_font(self, fount: QFont) -> None:
        metrics = QFontMetricsF(fount)
        advance = metrics.horizontalAdvance("M")
        self.width = max(1, round(advance))
        self.height = max(1, ceil(metrics.height()))
        self.ascent = metrics.ascent()
        # Letter spacing makes the advance a whole number: long runs stay on the grid.
        fount = QFont(fount)
        fount.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, self.width - advance)
        self._fonts: dict[tuple[bool, bool], QFont] = {}
        for bold in (False, True):
            for italic in (False, True):
                variant = QFont(fount)
                variant.setBold(bold)
                variant.setItalic(italic)
                self._fonts[(bold, italic)] = variant

    def line(self, painter: QPainter, y: float, cells: dict[int, Any], columns: int) -> None:
        """Draw one line of pyte characters by column; missing columns are blank."""
        at = 0
        while at < columns:
            char = cells.get(at)
            if char is None:
                at += 1
                continue
            end, text = self._run(cells, at, columns)
            self._paint_run(painter, QRectF(at * self.width, y, (end - at) * self.width, self.height), text, char)
            at = end

    def _run(self, cells: dict[int, Any], start: int, columns: int) -> tuple[int, str]:
        """As many following cells as look the same and lie on the grid by themselves."""
        first = cells[start]
        if not _on_grid(first.data):
            wide = start + 1 < columns and (follower := cells.get(start + 1)) is not None and follower.data == ""
            return start + (2 if wide else 1), first.data
        parts, at, look = [first.data], start + 1, first[1:]
        while at < columns:
            char = cells.get(at)
            if char is None or char[1:] != look or not _on_grid(char.data):
                break
            parts.append(char.data)
            at += 1
        return at, "".join(parts)

    def _paint_run(self, painter: QPainter, rect: QRectF, text: str, char: Any) -> None:
        ink, back = cell_colors(char)
        if back is not None:
            painter.fillRect(rect, back)
        if text.strip():
            painter.setFont(self._fonts[(char.bold, char.italics)])
            painter.setPen(ink)
            painter.drawText(QPointF(rect.left(), rect.top() + self.ascent), text)
        if char.underscore or char.strikethrough:
            painter.setPen(QPen(ink, 1))
            y = rect.top() + (self.ascent + 2 if char.underscore else self.ascent * 0.65)
            painter.drawLine(QPointF(rect.left(), round(y) + 0.5), QPointF(rect.right(), round(y) + 0.5))


def cell_colors(char: Any) -> tuple[QColor, QColor | None]:
    """Ink and background of a cell; None is the terminal's own background."""
    ink = _color(char.fg, bold=char.bold) or color(Role.TEXT)
    back = _color(char.bg, bold=False)
    if char.reverse:
        ink, back = back or color(Role.SUNKEN), ink
    if char.blink:  # "faint", see TerminalScreen.select_graphic_rendition
        ink = QColor(ink)
        ink.setAlphaF(0.6)
    return ink, back


def _color(name: str, *, bold: bool) -> QColor | None:
    if name == "default":
        return None
    if name.startswith("#"):
        return QColor(name)
    index = int(name)
    return theme().ansi(index + 8) if bold and index < 8 else ansi_color(index)


def _on_grid(data: str) -> bool:
    """Characters every fixed-pitch font has at its one width: Latin, and the drawing of boxes."""
    return len(data) == 1 and (data < "\u0250" or "\u2500" <= data <= "\u259f")
