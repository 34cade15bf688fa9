"""Lanes one below the other, and what hangs on each: a line per lane, a wire from it to every node, some curves.

Knows nothing of networks: it is given lanes of nodes with a tone, words and a flow, and tells which was chosen. A node
is what hangs on a wire, so choosing either is one thing; a wire is as thick as what flows through it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.plain_text import set_tip
from gui.theme import Radius, Role, Size, Space, Text, Tone, color, font, grown, paint_icon, theme
from gui.widgets.painted.accessible import Item, Part, tell_current
from gui.widgets.painted.badge import badge_width, paint_badge, paint_dot
from gui.widgets.painted.mirror import mirrored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QColor

_LEAST_NODE, _WIDEST_NODE = 190, 300
_NODE_HEIGHT, _HEAD_HEIGHT = 48, 36
_WIRE = 16
"""From the line to a node."""
_FAINT = 0.28
_LEAST_DETAIL = 40
_MOST_CURVES, _MOST_LANES = 6, 2
"""More of them are shown only while one of their ends is chosen."""
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_THICKEST = 6.0


@dataclass(frozen=True, slots=True)
class MapNode:
    id: str
    title: str
    detail: str = ""
    tone: Tone = Tone.NEUTRAL
    icon: str = ""
    """A picture instead of the tone's dot."""
    flow: float = 0.0
    """Bytes a second through its wire."""
    flow_words: str = ""
    note: str = ""
    """A few words at the right, as a badge."""
    note_tone: Tone = Tone.NEUTRAL
    is_echo: bool = False
    """It hangs on another lane too, which is its home."""


@dataclass(frozen=True, slots=True)
class MapLane:
    id: str
    title: str
    detail: str = ""
    badge: str = ""
    badge_tone: Tone = Tone.NEUTRAL
    icon: str = "network"
    nodes: tuple[MapNode, ...] = ()
    has_line: bool = True
    """Its nodes hang on a line; else they only stand side by side."""


@dataclass(frozen=True, slots=True)
class _Placed:
    node: MapNode
    lane: int
    rect: QRectF
    line: float
    """Where the line is that it hangs on."""


class BusMap(QWidget):
    """Click or arrow keys choose a node, Return opens it; the title of a lane opens the lane."""

    chosen = Signal(str)
    opened = Signal(str)
    lane_opened = Signal(str)
    accessible_kind = Part.List

    def __init__(self, name: str) -> None:
        super().__init__()
        self._lanes: tuple[MapLane, ...] = ()
        self._links: tuple[tuple[str, str], ...] = ()
        self._placed: list[_Placed] = []
        self._tops: list[float] = []
        self._bottoms: list[float] = []
        self._current = ""
        self._lit: frozenset[str] | None = None
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setMouseTracking(True)
        theme().changed.connect(self.update)

    def set_lanes(self, lanes: Sequence[MapLane], links: Sequence[tuple[str, str]] = ()) -> None:
        """`links` are pairs of nodes with a curve between them."""
        self._lanes, self._links = tuple(lanes), tuple(links)
        if self._current and self._current not in {node.id for lane in lanes for node in lane.nodes}:
            self._current, self._lit = "", None
            self.chosen.emit("")
        self._place()
        self.update()

    def current(self) -> str:
        return self._current

    def light(self, nodes: frozenset[str] | None) -> None:
        """Show these fully and the others faintly; None shows all."""
        self._lit = nodes
        self.update()

    def choose(self, node: str) -> None:
        if node == self._current:
            return
        self._current = node
        ids = [each.node.id for each in self._placed]
        tell_current(self, ids.index(node) if node in ids else -1)
        self.update()
        self.chosen.emit(node)

    def is_echo(self, node: str) -> bool:
        return any(each.node.is_echo for each in self._placed if each.node.id == node)

    def seen_links(self) -> list[tuple[str, str]]:
        """Those of what is chosen; while nothing is, few and short ones, which cross no words of others."""
        if self._lit is not None:
            return [(source, target) for source, target in self._links if {source, target} <= self._lit]
        lanes = {each.node.id: each.lane for each in self._placed}
        near = [
            (source, target)
            for source, target in self._links
            if abs(lanes.get(source, 0) - lanes.get(target, 0)) <= _MOST_LANES
        ]
        return near if len(self._links) <= _MOST_CURVES else []

    def place_of(self, node: str) -> QRectF:
        return next((each.rect for each in self._placed if each.node.id == node), QRectF())

    # --- geometry ---

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._place()

    def sizeHint(self) -> QSize:
        bottom = self._bottoms[-1] if self._bottoms else 0.0
        return QSize(_LEAST_NODE * 2, int(bottom) + Space.XL)

    def _place(self) -> None:
        self._placed, self._tops, self._bottoms = [], [], []
        inner = self.width() - 2.0 * Space.XL - 2 * Space.L
        columns = max(1, int((inner + Space.M) // (grown(_LEAST_NODE) + Space.M)))
        wide = min(float(grown(_WIDEST_NODE)), (inner - (columns - 1) * Space.M) / columns)
        tall = float(grown(_NODE_HEIGHT))
        top = float(Space.L)
        for number, lane in enumerate(self._lanes):
            self._tops.append(top)
            first = top + grown(_HEAD_HEIGHT)
            wire = _WIRE if lane.has_line else 0
            row_height = tall + wire + Space.M
            for index, node in enumerate(lane.nodes):
                row, column = divmod(index, columns)
                line = first + row * row_height + 2
                left = Space.XL + Space.L + column * (wide + Space.M)
                place = self._put(QRectF(left, line + wire, wide, tall), QRectF(self.rect()))
                self._placed.append(_Placed(node, number, place, line))
            rows = -(-len(lane.nodes) // columns)
            top = first + rows * row_height + Space.S
            self._bottoms.append(top)
            top += Space.L
        self.setMinimumHeight(self.sizeHint().height())
        self.updateGeometry()

    def _put(self, part: QRectF, whole: QRectF) -> QRectF:
        """Where a part thought from the left is."""
        return mirrored(part, whole) if self.isRightToLeft() else part

    def _lane_rect(self, number: int) -> QRectF:
        top = self._tops[number]
        return QRectF(Space.XL, top, self.width() - 2.0 * Space.XL, self._bottoms[number] - top)

    def _title_rect(self, number: int) -> QRectF:
        return QRectF(self._lane_rect(number).topLeft(), QPointF(self.width() - Space.XL, self._tops[number] + 34))

    def _at(self, point: QPointF) -> _Placed | None:
        """A node, or its wire."""
        for each in self._placed:
            wire = QRectF(each.rect.center().x() - Space.M, each.line - 2, 2.0 * Space.M, _WIRE + 2)
            if each.rect.contains(point) or wire.contains(point):
                return each
        return None

    def _lane_at(self, point: QPointF) -> MapLane | None:
        titled = (lane for number, lane in enumerate(self._lanes) if self._title_rect(number).contains(point))
        return next(titled, None)

    def accessible_items(self) -> list[Item]:
        return [
            Item(
                ", ".join(
                    part
                    for part in (self._lanes[each.lane].title, each.node.title, each.node.detail, each.node.note)
                    if part
                ),
                each.rect,
                description=each.node.flow_words,
                chosen=each.node.id == self._current,
                current=each.node.id == self._current,
            )
            for each in self._placed
        ]

    # --- what the user does ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        self.choose("" if found is None or found.node.id == self._current else found.node.id)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        lane = self._lane_at(event.position())
        if lane is not None:
            self.lane_opened.emit(lane.id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        if found is not None:
            self.opened.emit(found.node.id)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        node = found.node if found is not None else None
        set_tip(self, "\n".join(filter(None, (node.title, node.detail, node.flow_words))) if node else "")
        hand = node is not None or self._lane_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self._current:
            self.choose("")
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current:
            self.opened.emit(self._current)
        elif key in _WAYS and self._placed:
            self.choose(self._next(key))
        else:
            super().keyPressEvent(event)

    def _next(self, key: Qt.Key) -> str:
        """The nearest that way; from nowhere, the first."""
        here = self.place_of(self._current)
        if here.isNull():
            return self._placed[0].node.id
        onward, down = _WAYS[key]
        if onward:
            onward *= -1 if self.isRightToLeft() else 1
            ids = [each.node.id for each in self._placed]
            return ids[max(0, min(len(ids) - 1, ids.index(self._current) + onward))]
        beyond = [each for each in self._placed if (each.rect.top() - here.top()) * down > 1]
        nearest = min(beyond, key=lambda each: _distance(each.rect, here), default=None)
        return nearest.node.id if nearest is not None else self._current

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        seen = QRectF(event.rect())
        for number, lane in enumerate(self._lanes):
            if self._lane_rect(number).intersects(seen):
                self._paint_lane(painter, number, lane)
        for source, target in self.seen_links():
            self._paint_link(painter, source, target, lit=self._lit is not None)
        for each in self._placed:
            if each.rect.adjusted(0, -_WIRE, 0, 0).intersects(seen):
                if self._lanes[each.lane].has_line:
                    self._paint_wire(painter, each)
                self._paint_node(painter, each)

    def _is_faint(self, node: str) -> bool:
        return self._lit is not None and node not in self._lit

    def _paint_lane(self, painter: QPainter, number: int, lane: MapLane) -> None:
        rect = self._lane_rect(number)
        painter.setPen(QPen(color(Role.BORDER), 1))
        painter.setBrush(color(Role.SURFACE))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), Radius.LARGE, Radius.LARGE)
        head = QRectF(rect.left() + Space.L, rect.top(), rect.width() - 2 * Space.L, grown(_HEAD_HEIGHT))
        side = float(Size.ICON)
        ink = theme().series(number)
        sign = QRectF(head.left(), head.center().y() - side / 2, side, side)
        paint_icon(painter, self._put(sign, rect), lane.icon, ink)
        right = head.right()
        if lane.badge:
            small = font(Text.SMALL)
            width = badge_width(lane.badge, small)
            place = QRectF(right - width, head.top(), width, head.height())
            paint_badge(painter, self._put(place, rect), lane.badge, lane.badge_tone, small)
            right -= width + Space.M
        words = QRectF(head.left() + side + Space.S, head.top(), right - head.left() - side - Space.S, head.height())
        used = _paint_words(painter, self._put(words, rect), lane.title, Text.STRONG, Role.TEXT)
        words.setLeft(words.left() + used + Space.M)
        _paint_words(painter, self._put(words, rect), lane.detail, Text.SMALL, Role.TEXT_MUTED)
        self._paint_lines(painter, number, ink)

    def _paint_lines(self, painter: QPainter, number: int, ink: QColor) -> None:
        """A line for each row of nodes, and one that joins them."""
        mine = [each for each in self._placed if each.lane == number and self._lanes[number].has_line]
        lines = sorted({each.line for each in mine})
        if not lines:
            return
        painter.setPen(QPen(ink, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        start, furthest = float(Space.XL + Space.S), max
        if self.isRightToLeft():
            start, furthest = self.width() - start, min
        for line in lines:
            end = furthest(each.rect.center().x() for each in mine if each.line == line)
            painter.drawLine(QPointF(start, line), QPointF(end, line))
        painter.drawLine(QPointF(start, lines[0]), QPointF(start, lines[-1]))

    def _paint_wire(self, painter: QPainter, each: _Placed) -> None:
        ink = theme().series(each.lane)
        ink.setAlphaF(_FAINT if self._is_faint(each.node.id) else 1.0)
        dashes = Qt.PenStyle.DotLine if each.node.is_echo else Qt.PenStyle.SolidLine
        painter.setPen(QPen(ink, _thickness(each.node.flow), dashes, Qt.PenCapStyle.FlatCap))
        middle = each.rect.center().x()
        painter.drawLine(QPointF(middle, each.line), QPointF(middle, each.rect.top()))

    def _paint_node(self, painter: QPainter, each: _Placed) -> None:
        node, rect = each.node, each.rect.adjusted(0.5, 0.5, -0.5, -0.5)
        chosen = node.id == self._current
        painter.setOpacity(_FAINT if self._is_faint(node.id) else 1.0)
        edge = Role.ACCENT if chosen else Role.BORDER_STRONG
        dashes = Qt.PenStyle.DashLine if node.is_echo else Qt.PenStyle.SolidLine
        painter.setPen(QPen(color(edge), 2 if chosen else 1, dashes))
        painter.setBrush(color(Role.SELECTED if chosen else Role.CANVAS))
        painter.drawRoundedRect(rect, Radius.MEDIUM, Radius.MEDIUM)
        side = float(Size.ICON)
        sign = QRectF(rect.left() + Space.S, rect.top() + rect.height() / 4 - side / 2 + 2, side, side)
        if node.icon:
            paint_icon(painter, self._put(sign, rect), node.icon, theme().tone(node.tone))
        else:
            paint_dot(painter, self._put(sign, rect), node.tone, hollow=node.tone == Tone.MUTED)
        left = sign.right() + Space.S
        upper = QRectF(left, rect.top() + 3, rect.right() - left - Space.S, rect.height() / 2 - 2)
        if node.note:
            small = font(Text.CAPTION)
            width = badge_width(node.note, small)
            place = QRectF(upper.right() - width, upper.top(), width, upper.height())
            paint_badge(painter, self._put(place, rect), node.note, node.note_tone, small)
            upper.setRight(place.left() - Space.S)
        _paint_words(painter, self._put(upper, rect), node.title, Text.STRONG, Role.TEXT)
        lower = QRectF(left, rect.center().y(), upper.width(), rect.height() / 2 - 3)
        if node.flow_words:
            width = min(lower.width(), QFontMetricsF(font(Text.CAPTION)).horizontalAdvance(node.flow_words) + 1)
            place = QRectF(lower.right() - width, lower.top(), width, lower.height())
            role = Role.TEXT_SECONDARY if node.flow >= 1 else Role.TEXT_MUTED
            _paint_words(painter, self._put(place, rect), node.flow_words, Text.CAPTION, role)
            lower.setRight(place.left() - Space.S)
        if lower.width() > _LEAST_DETAIL:
            _paint_words(painter, self._put(lower, rect), node.detail, Text.CAPTION, Role.TEXT_MUTED)
        painter.setOpacity(1.0)

    def _paint_link(self, painter: QPainter, source: str, target: str, *, lit: bool) -> None:
        begin, end = self.place_of(source), self.place_of(target)
        if begin.isNull() or end.isNull():
            return
        start = QPointF(begin.center().x(), begin.bottom())
        stop = QPointF(end.right() - Space.L if self.isRightToLeft() else end.left() + Space.L, end.top())
        bend = max(Space.XL, (stop.y() - start.y()) / 3)
        path = QPainterPath(start)
        path.cubicTo(start + QPointF(0, bend), stop - QPointF(0, bend), stop)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color(Role.ACCENT, 1.0 if lit else 0.45), 2.0 if lit else 1.2))
        painter.drawPath(path)


_WAYS = {
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Down: (0, 1),
    Qt.Key.Key_Up: (0, -1),
}


def _distance(one: QRectF, other: QRectF) -> float:
    return abs(one.top() - other.top()) * 4 + abs(one.left() - other.left())


def _thickness(flow: float) -> float:
    """Of a wire: a hairline more for each power of ten of what flows."""
    return 2.0 if flow < 1 else min(_THICKEST, 2.0 + math.log10(flow) / 1.8)


def _paint_words(painter: QPainter, rect: QRectF, text: str, size: Text, role: Role) -> float:
    """Elided in the middle; gives the width it took."""
    fount = font(size)
    metrics = QFontMetricsF(fount)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, max(0.0, rect.width()))
    painter.setFont(fount)
    painter.setPen(color(role))
    painter.drawText(rect, _LEFT, shown)
    return metrics.horizontalAdvance(shown)
