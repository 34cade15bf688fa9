"""What is inside a chart's frame: lines, areas, what was not recorded, events. Functions of figures and a frame."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from gui.theme import Role, Text, Tone, color, font, theme
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.widgets.charts.buffer import Cut

_FLAG = 4.0


class Kind(StrEnum):
    LINE = "line"
    AREA = "area"
    STACKED = "stacked"


@dataclass(frozen=True)
class Series:
    """How one column of the buffer is drawn; `color` is a number of the theme's series, `tone` goes before it."""

    name: str
    color: int = 0
    kind: Kind = Kind.LINE
    tone: Tone | None = None
    dashed: bool = False
    instead: bool = False
    """Stands in for the others where they were not told: a sum whose parts are not known."""

    def ink(self) -> QColor:
        return theme().tone(self.tone) if self.tone is not None else theme().series(self.color)


@dataclass(frozen=True)
class Frame:
    """Where a time and a value are."""

    plot: QRectF
    first: int
    span: int
    top: float

    def x(self, time_ns: int) -> float:
        return self.plot.left() + (time_ns - self.first) / self.span * self.plot.width()

    def y(self, value: float) -> float:
        return self.plot.bottom() - value / self.top * self.plot.height()


class Lines:
    """All series of one picture. Stacked ones stand on those before them."""

    def __init__(self, series: Sequence[Series], cut: Cut) -> None:
        self.series, self.cut = series, cut
        self.heights: list[Sequence[float]] = []
        floor: Sequence[float] | None = None
        for one, means in zip(series, cut.means, strict=True):
            if one.kind is Kind.STACKED:
                flat = [0.0 if isnan(value) else value for value in means]
                floor = flat if floor is None else [a + b for a, b in zip(floor, flat, strict=True)]
                self.heights.append(floor)
            else:
                self.heights.append(means)

    @cached_property
    def runs(self) -> list[list[tuple[int, int]]]:
        """Per series the stretches in which it was told."""
        whole = self.cut.runs()
        return [
            whole if not any(map(isnan, means)) else self.cut.runs(number)
            for number, means in enumerate(self.cut.means)
        ]

    def highest(self) -> float:
        tops = [
            max((value for value in values if not isnan(value)), default=0.0)
            for one, stacked, high in zip(self.series, self.heights, self.cut.highs, strict=True)
            for values in ([stacked] if one.kind is Kind.STACKED else [high])
        ]
        return max(tops, default=0.0)

    def paint(self, painter: QPainter, frame: Frame) -> None:
        left, wide, first = frame.plot.left(), frame.plot.width() / frame.span, frame.first
        bottom, tall = frame.plot.bottom(), frame.plot.height() / frame.top
        across = [left + (time_ns - first) * wide for time_ns in self.cut.times]
        points = [
            [
                QPointF(x, bottom - (value if value == value else 0.0) * tall)
                for x, value in zip(across, column, strict=True)
            ]
            for column in self.heights
        ]
        for number in reversed(range(len(self.series))):
            for run in self.runs[number]:
                self._paint_run(painter, frame, number, points, run)

    def _paint_run(
        self, painter: QPainter, frame: Frame, number: int, points: list[list[QPointF]], run: tuple[int, int]
    ) -> None:
        one, (start, end) = self.series[number], run
        ink, line = one.ink(), points[number][start:end]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)  # the line goes over the edge
        if one.kind is not Kind.LINE:
            fill = QColor(ink)
            fill.setAlphaF(0.55 if one.kind is Kind.STACKED else 0.16)
            below = self._below(number)
            bottom = frame.plot.bottom()
            foot = [QPointF(line[-1].x(), bottom), QPointF(line[0].x(), bottom)]
            if below >= 0:
                foot = points[below][start:end][::-1]
            painter.setBrush(fill)
            painter.drawPolygon(QPolygonF(line + foot))
        elif self.cut.lows[number] is not self.cut.means[number]:
            self._paint_band(painter, frame, number, line, run)
        pen = QPen(ink, 1.6)
        pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
        if one.dashed:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if len(line) == 1:  # one sample alone is as long as what it is of
            begin = frame.x(self.cut.begins[start])
            line = [QPointF(min(begin, line[0].x() - 1), line[0].y()), line[0]]
        painter.drawPolyline(QPolygonF(line))

    def _paint_band(
        self, painter: QPainter, frame: Frame, number: int, line: list[QPointF], run: tuple[int, int]
    ) -> None:
        """Between the least and the most, where many samples share one entry."""
        start, end = run
        lows, highs = self.cut.lows[number][start:end], self.cut.highs[number][start:end]
        band = QColor(self.series[number].ink())
        band.setAlphaF(0.18)
        edge = [QPointF(p.x(), frame.y(value)) for p, value in zip(line, highs, strict=True)]
        edge += [QPointF(p.x(), frame.y(value)) for p, value in zip(line[::-1], lows[::-1], strict=True)]
        painter.setBrush(band)
        painter.drawPolygon(QPolygonF(edge))

    def _below(self, number: int) -> int:
        """The stacked series a stacked one stands on; −1 for none."""
        if self.series[number].kind is not Kind.STACKED:
            return -1
        return max((i for i in range(number) if self.series[i].kind is Kind.STACKED), default=-1)


def unrecorded(frame: Frame, recorded: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches of a frame of which nothing is known."""
    found, at, last = [], frame.first, frame.first + frame.span
    for begin, end in recorded:
        if begin > at:
            found.append((at, min(begin, last)))
        at = max(at, end)
    if at < last:
        found.append((at, last))
    return [(a, b) for a, b in found if b > a and frame.x(b) - frame.x(a) >= 2]


def paint_unrecorded(
    painter: QPainter,
    frame: Frame,
    recorded: Sequence[tuple[int, int]],
    stretches: Sequence[tuple[int, int, str]],
) -> None:
    """Hatched, with words where there is room: nothing is known there, which is not zero."""
    painter.setFont(font(Text.CAPTION))
    metrics = painter.fontMetrics()
    for begin, end in unrecorded(frame, recorded):
        place = QRectF(frame.x(begin), frame.plot.top(), frame.x(end) - frame.x(begin), frame.plot.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(color(Role.BORDER_STRONG), Qt.BrushStyle.BDiagPattern))
        painter.drawRect(place)
        middle = (begin + end) // 2
        known = next((words for a, b, words in stretches if a <= middle <= b), "")
        words = known or translate("TimeChart", "Not recorded")
        if metrics.horizontalAdvance(words) + 12 <= place.width():
            tag = QRectF(0, 0, metrics.horizontalAdvance(words) + 12, metrics.height() + 4)
            tag.moveCenter(place.center())
            painter.setBrush(color(Role.SURFACE))
            painter.drawRoundedRect(tag, 4, 4)
            painter.setPen(color(Role.TEXT_MUTED))
            painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, words)


def paint_marks(painter: QPainter, frame: Frame, marks: Sequence[tuple[int, str, Tone]]) -> None:
    """Events: a line with a flag on top, which is what a pointer aims at."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    for time_ns, _words, tone in marks:
        if not frame.first <= time_ns <= frame.first + frame.span:
            continue
        x, ink, top = round(frame.x(time_ns)) + 0.5, theme().tone(tone), frame.plot.top()
        painter.setPen(QPen(ink, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, top), QPointF(x, frame.plot.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawPolygon(
            QPolygonF([QPointF(x - _FLAG, top - _FLAG), QPointF(x + _FLAG, top - _FLAG), QPointF(x, top + 2)])
        )
