"""Work as lanes side by side: a lane per stage, its steps below each other, curves from what a lane waits for.

Knows nothing of builds or services: it is given lanes of steps with a tone, an icon and words, and tells which step was
clicked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.plain_text import set_tip
from gui.theme import Radius, Role, Size, Space, Text, Tone, color, font, mono, paint_icon, theme
from gui.widgets.painted.accessible import Item, Part, tell_current
from gui.widgets.painted.mirror import run_from_left

if TYPE_CHECKING:
    from collections.abc import Sequence

_LANE_WIDTH = 300
_STEP_HEIGHT = 34
_HEAD_HEIGHT = 30
_GAP = 44


@dataclass(frozen=True, slots=True)
class GraphStep:
    id: str
    text: str
    tone: Tone
    icon: str
    detail: str = ""
    """At the right: a time, or "cached"."""
    tooltip: str = ""
    dim: bool = False


@dataclass(frozen=True, slots=True)
class GraphLane:
    title: str
    steps: tuple[GraphStep, ...]
    waits_for: tuple[int, ...] = ()
    """Indices of lanes whose end this one needs."""


class StepGraph(QWidget):
    """Click or arrow keys choose a step; clicking it again lets go."""

    chosen = Signal(str)
    accessible_kind = Part.List

    def __init__(self, name: str) -> None:
        super().__init__()
        self._lanes: tuple[GraphLane, ...] = ()
        self._columns: list[int] = []
        self._current = ""
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        theme().changed.connect(self.update)

    def set_lanes(self, lanes: Sequence[GraphLane]) -> None:
        shape_changed = [_shape(lane) for lane in lanes] != [_shape(lane) for lane in self._lanes]
        self._lanes = tuple(lanes)
        if shape_changed:
            self._columns = _columns_of(self._lanes)
            self.setFixedSize(self.sizeHint())
        self.update()

    def current(self) -> str:
        return self._current

    def choose(self, step: str) -> None:
        if step != self._current:
            self._current = step
            self.update()
            steps = [one.id for lane in self._lanes for one in lane.steps]
            tell_current(self, steps.index(step) if step in steps else -1)
            self.chosen.emit(step)

    def sizeHint(self) -> QSize:
        if not self._lanes:
            return QSize(_LANE_WIDTH, _HEAD_HEIGHT)
        right = max(self._lane_rect(index).right() for index in range(len(self._lanes)))
        bottom = max(self._lane_rect(index).bottom() for index in range(len(self._lanes)))
        return QSize(int(right) + Space.XL, int(bottom) + Space.L)

    # --- geometry ---

    def _lane_rect(self, index: int) -> QRectF:
        column = self._columns[index]
        above = [i for i in range(index) if self._columns[i] == column]
        top = float(Space.M) + sum(self._lane_height(i) + Space.L for i in above)
        return QRectF(Space.XL + column * (_LANE_WIDTH + _GAP), top, _LANE_WIDTH, self._lane_height(index))

    def _lane_height(self, index: int) -> float:
        return _HEAD_HEIGHT + len(self._lanes[index].steps) * _STEP_HEIGHT + Space.XS

    def _step_rect(self, lane: int, number: int) -> QRectF:
        rect = self._lane_rect(lane)
        return QRectF(rect.left(), rect.top() + _HEAD_HEIGHT + number * _STEP_HEIGHT, rect.width(), _STEP_HEIGHT)

    def _step_at(self, point: QPointF) -> GraphStep | None:
        for index, lane in enumerate(self._lanes):
            for number, step in enumerate(lane.steps):
                if self._step_rect(index, number).contains(point):
                    return step
        return None

    def accessible_items(self) -> list[Item]:
        return [
            Item(
                ", ".join(part for part in (lane.title, step.text, step.detail) if part),
                self._step_rect(index, number), description=step.tooltip,
                chosen=step.id == self._current, current=step.id == self._current,
            )
            for index, lane in enumerate(self._lanes)
            for number, step in enumerate(lane.steps)
        ]  # fmt: skip

    # --- what the user does ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        step = self._step_at(event.position())
        self.choose("" if step is None or step.id == self._current else step.id)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        step = self._step_at(event.position())
        set_tip(self, step.tooltip if step else "")
        self.setCursor(Qt.CursorShape.PointingHandCursor if step else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        order = [step.id for lane in self._lanes for step in lane.steps]
        offset = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        if event.key() == Qt.Key.Key_Escape and self._current:
            self.choose("")
        elif offset and order:
            at = order.index(self._current) + offset if self._current in order else 0
            self.choose(order[max(0, min(len(order) - 1, at))])
        else:
            super().keyPressEvent(event)

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        run_from_left(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index, lane in enumerate(self._lanes):
            for other in lane.waits_for:
                self._paint_wait(painter, other, index)
        for index, lane in enumerate(self._lanes):
            if self._lane_rect(index).intersects(QRectF(event.rect())):
                self._paint_lane(painter, index, lane)

    def _paint_wait(self, painter: QPainter, source: int, target: int) -> None:
        last = self._step_rect(source, len(self._lanes[source].steps) - 1)
        head = self._lane_rect(target)
        start = QPointF(last.right(), last.center().y())
        end = QPointF(head.left(), head.top() + _HEAD_HEIGHT / 2)
        bend = max(_GAP / 2, abs(end.x() - start.x()) / 2)
        path = QPainterPath(start)
        path.cubicTo(start + QPointF(bend, 0), end - QPointF(bend, 0), end)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color(Role.BORDER_STRONG), 1.5))
        painter.drawPath(path)
        painter.setBrush(color(Role.BORDER_STRONG))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(end, 3.0, 3.0)

    def _paint_lane(self, painter: QPainter, index: int, lane: GraphLane) -> None:
        rect = self._lane_rect(index)
        painter.setPen(QPen(color(Role.BORDER), 1))
        painter.setBrush(color(Role.SURFACE))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), Radius.LARGE, Radius.LARGE)
        head = QRectF(rect.left() + Space.M, rect.top(), rect.width() - 2 * Space.M, _HEAD_HEIGHT)
        painter.setFont(font(Text.STRONG))
        painter.setPen(color(Role.TEXT))
        title = painter.fontMetrics().elidedText(lane.title, Qt.TextElideMode.ElideRight, int(head.width()))
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, title)
        for number, step in enumerate(lane.steps):
            self._paint_step(painter, self._step_rect(index, number), step)

    def _paint_step(self, painter: QPainter, rect: QRectF, step: GraphStep) -> None:
        inner = rect.adjusted(Space.XS, 1, -Space.XS, -1)
        if step.id == self._current:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(Role.SELECTED))
            painter.drawRoundedRect(inner, Radius.MEDIUM, Radius.MEDIUM)
        side = float(Size.ICON)
        box = QRectF(inner.left() + Space.S, inner.center().y() - side / 2, side, side)
        paint_icon(painter, box, step.icon, theme().tone(step.tone))
        small = font(Text.CAPTION)
        width = QFontMetricsF(small).horizontalAdvance(step.detail)
        painter.setFont(small)
        painter.setPen(theme().tone(step.tone) if step.tone is Tone.DANGER else color(Role.TEXT_MUTED))
        right = QRectF(inner.right() - Space.S - width, inner.top(), width + 1, inner.height())
        painter.drawText(right, Qt.AlignmentFlag.AlignVCenter, step.detail)
        code = mono(Text.SMALL)
        painter.setFont(code)
        painter.setPen(color(Role.TEXT_MUTED if step.dim else Role.TEXT))
        words = QRectF(box.right() + Space.S, inner.top(), right.left() - box.right() - 2 * Space.S, inner.height())
        shown = QFontMetricsF(code).elidedText(step.text, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)


def _shape(lane: GraphLane) -> tuple[int, tuple[int, ...]]:
    """What decides where a lane stands."""
    return len(lane.steps), lane.waits_for


def _columns_of(lanes: Sequence[GraphLane]) -> list[int]:
    """A lane stands right of everything it waits for."""
    columns: list[int] = []
    for lane in lanes:
        before = [columns[other] for other in lane.waits_for if other < len(columns)]
        columns.append(max(before) + 1 if before else 0)
    return columns
