"""How table cells are drawn: text with an icon and a second line, badges, sparklines, meters, links.

A cell painter takes what it needs from the model's roles (`ModelRole`), so one model feeds text and picture alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from gui.models.table import ModelRole
from gui.theme import Role, Space, Text, Tone, color, font, grown, mono, paint_icon, theme
from gui.widgets.painted.badge import badge_width, paint_badge
from gui.widgets.painted.meter import paint_meter
from gui.widgets.painted.mirror import mirrored, side
from gui.widgets.painted.sparkline import paint_sparkline

if TYPE_CHECKING:
    from collections.abc import Callable

AnyIndex = QModelIndex | QPersistentModelIndex
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEAST_LINE = 16


@dataclass(slots=True)
class CellState:
    """What the row is like while its cells are drawn."""

    selected: bool = False
    hovered: bool = False
    enabled: bool = True
    pointer: QPointF | None = None
    mirror: bool = False
    """From right to left: painters think from left to right, and put every part where `at` says."""

    def at(self, part: QRectF, cell: QRectF) -> QRectF:
        return mirrored(part, cell) if self.mirror else part

    def side(self, align: Qt.AlignmentFlag) -> Qt.AlignmentFlag:
        return side(align, mirror=self.mirror)


class CellPainter(Protocol):
    """Draws one column. `clicked` says whether a press at a point did something of its own.

    Points come as if the layout were from left to right.
    """

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None: ...
    def clicked(self, rect: QRectF, index: AnyIndex, point: QPointF) -> bool: ...
    def pointing(self, rect: QRectF, index: AnyIndex, point: QPointF) -> bool: ...


class _Passive:
    def clicked(self, _rect: QRectF, _index: AnyIndex, _point: QPointF) -> bool:
        return False

    def pointing(self, _rect: QRectF, _index: AnyIndex, _point: QPointF) -> bool:
        return False


class TextCell(_Passive):
    """An icon, a line, and a quieter second line; elided where the room ends."""

    def __init__(
        self,
        *,
        strong: bool = False,
        secondary: bool = False,
        code: bool = False,
        tabular: bool = False,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        self._strong, self._secondary, self._code, self._tabular = strong, secondary, code, tabular
        self._elide = elide

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None:
        cell = rect
        icon_name = index.data(ModelRole.ICON_NAME)
        tone = index.data(ModelRole.TONE)
        if icon_name:
            box = QRectF(rect.left(), rect.center().y() - 9, 18, 18)
            ink = theme().tone(tone) if tone else color(Role.TEXT_MUTED)
            paint_icon(painter, state.at(box, cell), icon_name, ink)
            rect = rect.adjusted(18 + 10, 0, 0, 0)
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        second = index.data(ModelRole.SUBTEXT)
        align = _RIGHT if index.data(Qt.ItemDataRole.TextAlignmentRole) and self._is_right(index) else _LEFT
        align = state.side(align)
        ink = self._ink(tone, with_icon=bool(icon_name), state=state)
        if second:
            paint_two_lines(
                painter, state.at(rect, cell), text, str(second), ink=ink, fount=self._font(), align=align,
                elide=self._elide,
            )  # fmt: skip
        else:
            paint_line(painter, state.at(rect, cell), text, ink, self._font(), align, self._elide)

    def _is_right(self, index: AnyIndex) -> bool:
        return bool(Qt.AlignmentFlag.AlignRight & index.data(Qt.ItemDataRole.TextAlignmentRole))

    def _font(self) -> QFont:
        if self._code:
            return mono(Text.SMALL)
        return font(Text.STRONG if self._strong else Text.BODY, tabular=self._tabular)

    def _ink(self, tone: Tone | None, *, with_icon: bool, state: CellState) -> QColor:
        if not state.enabled:
            return color(Role.TEXT_DISABLED)
        if tone is not None and not with_icon:
            return theme().tone(tone)
        return color(Role.TEXT_SECONDARY if self._secondary else Role.TEXT)


def paint_line(
    painter: QPainter,
    rect: QRectF,
    text: str,
    ink: QColor,
    fount: QFont,
    align: Qt.AlignmentFlag,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    painter.setFont(fount)
    painter.setPen(ink)
    painter.drawText(rect, align, QFontMetricsF(fount).elidedText(text, elide, rect.width()))


def paint_two_lines(
    painter: QPainter,
    rect: QRectF,
    text: str,
    second: str,
    *,
    ink: QColor,
    fount: QFont,
    align: Qt.AlignmentFlag,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """A line, and a quieter one below it, in the middle of a row."""
    small = font(Text.CAPTION)
    high, low = QFontMetricsF(fount).height(), QFontMetricsF(small).height()
    top = rect.center().y() - (high + low) / 2
    paint_line(painter, QRectF(rect.left(), top, rect.width(), high), text, ink, fount, align, elide)
    below = QRectF(rect.left(), top + high, rect.width(), low)
    paint_line(painter, below, second, color(Role.TEXT_MUTED), small, align)


class BadgeCell(_Passive):
    """The text as a pill in the cell's tone."""

    def __init__(self, *, dot: bool = False) -> None:
        self._dot = dot

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None:
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        if text:
            tone = index.data(ModelRole.TONE) or Tone.NEUTRAL
            icon_name = index.data(ModelRole.ICON_NAME) or ""
            fount = font(Text.SMALL)
            width = min(rect.width(), badge_width(text, fount, dot=self._dot, icon_name=icon_name))
            place = state.at(QRectF(rect.left(), rect.top(), width, rect.height()), rect) if state.mirror else rect
            paint_badge(painter, place, text, tone, fount, dot=self._dot, icon_name=icon_name)


class SparklineCell(_Passive):
    """A sparkline of LIVE (a sequence of numbers) with the text at its right."""

    def __init__(self, *, top: float = 0.0, slots: int = 60, text_width: int = 52) -> None:
        self._top, self._slots, self._text_width = top, slots, text_width

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None:
        values = index.data(ModelRole.LIVE)
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        line = QRectF(rect.left(), rect.center().y() - 9, rect.width() - grown(self._text_width), 18)
        if values and line.width() >= _LEAST_LINE:
            paint_sparkline(painter, state.at(line, rect), values, top=self._top, slots=self._slots)
        painter.setFont(font(Text.SMALL, tabular=True))
        painter.setPen(color(Role.TEXT_SECONDARY if state.enabled else Role.TEXT_DISABLED))
        painter.drawText(rect, state.side(_RIGHT), text)


class MeterCell(_Passive):
    """A bar of LIVE (value, limit) under the text."""

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None:
        live = index.data(ModelRole.LIVE)
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        fount = font(Text.SMALL, tabular=True)
        if QFontMetricsF(fount).horizontalAdvance(text) > rect.width():
            text = text.partition(" / ")[0]  # the bar shows how much of the limit that is
        painter.setFont(fount)
        painter.setPen(color(Role.TEXT_SECONDARY))
        shown = QFontMetricsF(fount).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        if not live or not live[1]:
            painter.drawText(rect, state.side(_LEFT), shown)
            return
        high = QFontMetricsF(fount).height()
        top = rect.center().y() - (high + 8) / 2
        painter.drawText(QRectF(rect.left(), top, rect.width(), high), state.side(_LEFT), shown)
        bar = QRectF(rect.left(), top + high, rect.width(), 8)
        paint_meter(painter, bar, live[0], live[1], mirror=state.mirror)


class LinksCell:
    """Words separated by commas, each of them a link; `activate` is called with the index and the word's number."""

    def __init__(self, words: Callable[[AnyIndex], list[str]], activate: Callable[[AnyIndex, int], Any]) -> None:
        self._words, self._activate = words, activate

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None:
        fount = font(Text.BODY)
        painter.setFont(fount)
        spots = self._spots(rect, index)
        more = QFontMetricsF(fount).horizontalAdvance("+99")
        for number, (spot, word) in enumerate(spots):
            last = number == len(spots) - 1
            if number and spot.right() > rect.right() - (0 if last else more):
                painter.setPen(color(Role.TEXT_MUTED))
                rest = QRectF(spot.left(), rect.top(), 40, rect.height())
                painter.drawText(state.at(rest, rect), state.side(_LEFT), f"+{len(spots) - number}")
                break
            under = state.pointer is not None and spot.contains(state.pointer)
            shown_font = QFont(fount)
            shown_font.setUnderline(under)
            painter.setFont(shown_font)
            painter.setPen(color(Role.ACCENT))
            room = min(spot.width(), rect.right() - spot.left())
            shown = QFontMetricsF(fount).elidedText(word, Qt.TextElideMode.ElideRight, room + 1)
            place = QRectF(spot.left(), rect.top(), room + 1, rect.height())
            painter.drawText(state.at(place, rect), state.side(_LEFT), shown)

    def clicked(self, rect: QRectF, index: AnyIndex, point: QPointF) -> bool:
        for number, (spot, _word) in enumerate(self._spots(rect, index)):
            if spot.contains(point):
                self._activate(index, number)
                return True
        return False

    def pointing(self, rect: QRectF, index: AnyIndex, point: QPointF) -> bool:
        return any(spot.contains(point) for spot, _word in self._spots(rect, index))

    def _spots(self, rect: QRectF, index: AnyIndex) -> list[tuple[QRectF, str]]:
        metrics = QFontMetricsF(font(Text.BODY))
        spots, x = [], rect.left()
        for word in self._words(index):
            width = metrics.horizontalAdvance(word)
            spots.append((QRectF(x, rect.center().y() - metrics.height() / 2, width, metrics.height()), word))
            x += width + Space.S
        return spots
