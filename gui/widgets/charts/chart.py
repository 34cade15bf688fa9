"""One time chart: title and readings on top, lines or areas or stacked areas, limit line, crosshair, zoom and pan."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import Role, Space, Text, Tone, color, font, theme
from gui.widgets.charts.ticks import time_ticks, time_words, value_ticks
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gui.widgets.charts.buffer import Bucket, SeriesBuffer
    from gui.widgets.charts.timeline import Timeline

_HEADER = 26
_LEGEND = 24
"""What a legend takes that does not fit beside the title."""
_AXIS = 20
_LEFT = 60
_GRAB = 6
_GAP_FACTOR = 6


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

    def ink(self) -> QColor:
        return theme().tone(self.tone) if self.tone is not None else theme().series(self.color)


class TimeChart(QWidget):
    """See the package's docstring for how it is used."""

    limit_dragged = Signal(float)
    limit_dropped = Signal(float)

    def __init__(
        self,
        title: str,
        buffer: SeriesBuffer,
        series: Sequence[Series],
        timeline: Timeline,
        *,
        unit: Callable[[float], str] = "{:g}".format,
        binary: bool = False,
        whole: bool = False,
    ) -> None:
        super().__init__()
        self._whole = whole
        self._title, self._buffer, self._series = title, buffer, tuple(series)
        self._timeline, self._unit, self._binary = timeline, unit, binary
        self._ceiling, self._note = 0.0, ""
        self._limit: float | None = None
        self._limit_name, self._limit_draggable, self._dragging_limit = "", False, False
        self._marks: list[tuple[int, str, Tone]] = []
        self._pan_from: tuple[float, int] | None = None
        self._pan_moved = False
        self._top = 1.0
        self._head = _HEADER
        self._layer: tuple[object, QPixmap] | None = None
        self.setAccessibleName(title)
        self.setMinimumSize(260, 140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        timeline.range_changed.connect(self.update)
        timeline.crosshair_moved.connect(lambda _time: self.update())
        theme().changed.connect(self.update)

    # --- what is shown ---

    def set_limit(self, value: float | None, *, draggable: bool = False, name: str = "") -> None:
        """A line at a value; a draggable one signals while it is dragged and when it is dropped."""
        if not self._dragging_limit:
            self._limit, self._limit_draggable = value, draggable
            self._limit_name = name or translate("TimeChart", "Limit")
            self.update()

    @property
    def limit(self) -> float | None:
        return self._limit

    def set_ceiling(self, value: float) -> None:
        """The least full scale, so that noise does not look like a peak."""
        self._ceiling = value
        self.update()

    def set_note(self, note: str) -> None:
        self._note = note
        self.update()

    def set_marks(self, marks: Sequence[tuple[int, str, Tone]]) -> None:
        """Events: time, words, tone."""
        self._marks = list(marks)
        self.update()

    def refresh(self) -> None:
        """The buffer has new samples. (`Timeline.set_now` does the same for all charts.)"""
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, 190)

    # --- geometry ---

    @property
    def plot(self) -> QRectF:
        """Where the lines are."""
        head = self._head
        return QRectF(_LEFT, head, max(1, self.width() - _LEFT - Space.M), max(1, self.height() - head - _AXIS))

    def _x(self, time_ns: int) -> float:
        plot = self.plot
        return plot.left() + (time_ns - self._timeline.first) / self._timeline.span * plot.width()

    def _y(self, value: float) -> float:
        plot = self.plot
        return plot.bottom() - value / self._top * plot.height()

    def _time_at(self, x: float) -> int:
        plot = self.plot
        return self._timeline.first + int((x - plot.left()) / plot.width() * self._timeline.span)

    def _value_at(self, y: float) -> float:
        plot = self.plot
        return max(0.0, (plot.bottom() - y) / plot.height() * self._top)

    # --- drawing ---

    def paintEvent(self, _event: QPaintEvent) -> None:
        layer, head = self._layer_now(), self._head
        self._fit_header()
        if head != self._head:
            layer = self._layer_now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, layer)
        self._paint_limit(painter)
        self._paint_crosshair(painter)
        self._paint_header(painter)
        if self.hasFocus():
            painter.setPen(QPen(color(Role.ACCENT), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def _layer_now(self) -> QPixmap:
        """Axes and lines, kept as a picture: a moving crosshair draws only itself."""
        newest = self._buffer.last()
        state = (
            self._timeline.first, self._timeline.span, newest[0] if newest else 0, len(self._buffer), self.width(),
            self.height(), self.devicePixelRatioF(), theme().dark, self._limit, self._ceiling, tuple(self._marks),
            self._head,
        )  # fmt: skip
        if self._layer is None or self._layer[0] != state:
            picture = QPixmap(self.size() * self.devicePixelRatioF())
            picture.setDevicePixelRatio(self.devicePixelRatioF())
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_layer(painter)
            painter.end()
            self._layer = (state, picture)
        return self._layer[1]

    def _paint_layer(self, painter: QPainter) -> None:
        columns = self._buffer.buckets(self._timeline.first, self._timeline.last, max(240, 2 * self.width()))
        stacked = self._stack(columns)
        self._paint_axes(painter, self._scale(stacked))
        painter.setClipRect(self.plot.adjusted(0, -2, 0, 1))
        runs = self._runs(stacked[0]) if stacked else []
        places = [self._points(column) for column in stacked]
        for index in reversed(range(len(self._series))):
            self._paint_series(painter, index, stacked, places, runs)
        self._paint_marks(painter)
        if not any(stacked):
            painter.setPen(color(Role.TEXT_MUTED))
            painter.setFont(font(Text.SMALL))
            painter.drawText(self.plot, Qt.AlignmentFlag.AlignCenter, translate("TimeChart", "No figures yet"))

    def _points(self, column: list[Bucket]) -> list[QPointF]:
        """Where each bucket's mean is; the arithmetic of `_x` and `_y` worked out once for all of them."""
        plot = self.plot
        left, wide = plot.left(), plot.width() / self._timeline.span
        bottom, tall = plot.bottom(), plot.height() / self._top
        first = self._timeline.first
        return [QPointF(left + (b.time_ns - first) * wide, bottom - b.mean * tall) for b in column]

    def _stack(self, columns: list[list[Bucket]]) -> list[list[Bucket]]:
        """Stacked columns become sums with those below them."""
        result: list[list[Bucket]] = []
        floor: list[Bucket] | None = None
        for series, column in zip(self._series, columns, strict=True):
            if series.kind is Kind.STACKED:
                if floor is not None:
                    column = [
                        b._replace(mean=b.mean + f.mean, high=b.mean + f.mean)
                        for b, f in zip(column, floor, strict=False)
                    ]
                floor = column
            result.append(column)
        return result

    def _scale(self, columns: list[list[Bucket]]) -> list[float]:
        highest = max((bucket.high for column in columns for bucket in column), default=0.0)
        if not self._dragging_limit:
            if self._limit is not None and self._limit < 4 * max(highest, self._ceiling, 1e-9):
                highest = max(highest, self._limit * 1.08)
            # Counts stay level for long: not along the upper edge.
            wanted = max(highest + (0.5 if self._whole else 0.0), self._ceiling, 1e-9)
            self._top = self._ticks(wanted)[-1]
        return self._ticks(self._top)

    def _ticks(self, top: float) -> list[float]:
        return value_ticks(top, self._steps(), binary=self._binary, whole=self._whole)

    def _steps(self) -> int:
        return max(2, int(self.plot.height() // 34))

    def _paint_axes(self, painter: QPainter, ticks: list[float]) -> None:
        plot = self.plot
        painter.setFont(font(Text.CAPTION, tabular=True))
        for value in ticks:
            y = round(self._y(value)) + 0.5
            painter.setPen(QPen(color(Role.BORDER), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(color(Role.TEXT_MUTED))
            words = QRectF(0, y - 8, _LEFT - Space.S, 16)
            painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._unit(value))
        most = max(2, int(plot.width() // 90))
        for time_ns, text in time_ticks(self._timeline.first, self._timeline.last, most):
            x = self._x(time_ns)
            if plot.left() + 20 <= x <= plot.right() - 20:
                words = QRectF(x - 40, plot.bottom() + 3, 80, _AXIS - 3)
                painter.drawText(words, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_series(
        self,
        painter: QPainter,
        index: int,
        columns: list[list[Bucket]],
        places: list[list[QPointF]],
        runs: list[tuple[int, int]],
    ) -> None:
        series, ink = self._series[index], self._series[index].ink()
        below = self._below(index)
        pen = QPen(ink, 1.6)
        pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
        if series.dashed:
            pen.setStyle(Qt.PenStyle.DashLine)
        for start, end in runs:
            points = places[index][start:end]
            painter.setPen(Qt.PenStyle.NoPen)
            if series.kind is not Kind.LINE:
                fill = QColor(ink)
                fill.setAlphaF(0.55 if series.kind is Kind.STACKED else 0.16)
                bottom = self.plot.bottom()
                foot = [QPointF(points[-1].x(), bottom), QPointF(points[0].x(), bottom)]
                if below >= 0:
                    foot = places[below][start:end][::-1]
                painter.setBrush(fill)
                painter.drawPolygon(QPolygonF(points + foot))
            elif any(b.high > b.low for b in columns[index][start:end]):
                self._paint_band(painter, columns[index][start:end], points, ink)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF(points))

    def _paint_band(self, painter: QPainter, run: list[Bucket], points: list[QPointF], ink: QColor) -> None:
        """Between the least and the most of each bucket, where many samples share one."""
        band = QColor(ink)
        band.setAlphaF(0.18)
        edge = [QPointF(p.x(), self._y(b.high)) for p, b in zip(points, run, strict=True)]
        edge += [QPointF(p.x(), self._y(b.low)) for p, b in zip(points[::-1], run[::-1], strict=True)]
        painter.setBrush(band)
        painter.drawPolygon(QPolygonF(edge))

    def _below(self, index: int) -> int:
        """The stacked series a stacked one stands on; −1 for none."""
        if self._series[index].kind is not Kind.STACKED:
            return -1
        return max((i for i in range(index) if self._series[i].kind is Kind.STACKED), default=-1)

    @staticmethod
    def _runs(column: list[Bucket]) -> list[tuple[int, int]]:
        """Stretches without holes; a hole is several times the usual distance."""
        if len(column) < 2:
            return []
        distances = sorted(b.time_ns - a.time_ns for a, b in itertools.pairwise(column))
        usual = max(1, distances[len(distances) // 2])
        cuts = [i + 1 for i in range(len(column) - 1)
                if column[i + 1].time_ns - column[i].time_ns > _GAP_FACTOR * usual]  # fmt: skip
        edges = [0, *cuts, len(column)]
        return [(a, b) for a, b in itertools.pairwise(edges) if b > a]

    def _paint_marks(self, painter: QPainter) -> None:
        for time_ns, _words, tone in self._marks:
            x = round(self._x(time_ns)) + 0.5
            painter.setPen(QPen(theme().tone(tone), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, self.plot.top()), QPointF(x, self.plot.bottom()))

    def _paint_limit(self, painter: QPainter) -> None:
        if self._limit is None:
            return
        plot, ink = self.plot, theme().tone(Tone.DANGER)
        words = f"{self._limit_name} {self._unit(self._limit)}"
        if self._limit > self._top * 1.001:  # far above what is used: there all the same
            y, words = plot.top() + 9, f"↑ {words}"
        else:
            y = round(self._y(self._limit)) + 0.5
            painter.setPen(QPen(ink, 2 if self._dragging_limit else 1.2, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        fount = font(Text.CAPTION)
        width = QFontMetricsF(fount).horizontalAdvance(words) + 12
        tag = QRectF(plot.right() - width, y - 9, width, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().tone_soft(Tone.DANGER))
        painter.drawRoundedRect(tag, 4, 4)
        painter.setPen(ink)
        painter.setFont(fount)
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_crosshair(self, painter: QPainter) -> None:
        time_ns = self._timeline.crosshair
        found = self._buffer.nearest(time_ns) if time_ns is not None else None
        if time_ns is None or found is None or not self._timeline.first <= time_ns <= self._timeline.last:
            return
        plot = self.plot
        x = self._x(time_ns)
        painter.setPen(QPen(color(Role.TEXT_MUTED), 1))
        painter.drawLine(QPointF(round(x) + 0.5, plot.top()), QPointF(round(x) + 0.5, plot.bottom()))
        total = 0.0
        for series, value in zip(self._series, found[1], strict=True):
            total = total + value if series.kind is Kind.STACKED else value
            painter.setPen(QPen(color(Role.SURFACE), 1.5))
            painter.setBrush(series.ink())
            if total <= self._top:
                painter.drawEllipse(QPointF(x, self._y(total)), 3.5, 3.5)

    def _fit_header(self) -> None:
        """Give the legend a line of its own where it is too long for the title's, judged by its longest readings."""
        metrics = QFontMetricsF(font(Text.SMALL, tabular=True))
        longest = metrics.horizontalAdvance(self._unit(self._top * 0.888))
        wanted = sum(metrics.horizontalAdvance(f"{series.name} ") + longest + 13 + Space.M for series in self._series)
        room = self.width() - Space.M - self._title_end()
        self._head = _HEADER if wanted <= room else _HEADER + _LEGEND

    def _title_end(self) -> float:
        return Space.XS + QFontMetricsF(font(Text.STRONG)).horizontalAdvance(self._title) + Space.S

    def _paint_header(self, painter: QPainter) -> None:
        """Title at the left; at the right or below it the readings at the crosshair, or the newest ones."""
        painter.setFont(font(Text.STRONG))
        painter.setPen(color(Role.TEXT))
        line = QRectF(Space.XS, 0, self.width(), _HEADER - 4)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, self._title)
        left, right = self._title_end(), self.width() - float(Space.M)
        at = self._timeline.crosshair
        found = self._buffer.nearest(at) if at is not None else self._buffer.last()
        readings = list(zip(self._series, found[1], strict=True)) if found is not None else []
        metrics = QFontMetricsF(font(Text.SMALL, tabular=True))
        painter.setFont(font(Text.SMALL, tabular=True))
        below = self._head > _HEADER
        free = self._paint_legend(painter, readings, Space.XS if below else left, right, _HEADER - 4 if below else 0)
        right = right if below else free
        words = time_words(at) if at is not None else self._note
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, right - left) if at is None else words
        if metrics.horizontalAdvance(words) <= right - left:
            painter.setPen(color(Role.TEXT_MUTED))
            painter.drawText(QRectF(left, 0, right - left, _HEADER - 4), Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_legend(
        self, painter: QPainter, readings: list[tuple[Series, float]], left: float, right: float, top: float
    ) -> float:
        """Colour, name and reading of each series, from the right; gives where the first one begins."""
        metrics = painter.fontMetrics()
        texts = [f"{series.name} {self._unit(value)}" for series, value in readings]
        gap = Space.M
        if sum(map(metrics.horizontalAdvance, texts)) + len(texts) * (13 + gap) > right - left + gap:
            texts = [series.name for series, _value in readings]  # the tooltip has the figures
            gap = Space.S
        high = _HEADER - 4
        x = right
        for (series, _value), words in reversed(list(zip(readings, texts, strict=True))):
            x -= metrics.horizontalAdvance(words)
            painter.setPen(color(Role.TEXT_SECONDARY))
            painter.drawText(QRectF(x, top, self.width(), high), Qt.AlignmentFlag.AlignVCenter, words)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(series.ink())
            painter.drawRoundedRect(QRectF(x - 13, top + high / 2 - 4, 8, 8), 2, 2)
            x -= 13 + gap
        return x

    # --- pointer and keys ---

    def _over_limit(self, y: float) -> bool:
        return self._limit_draggable and self._limit is not None and abs(y - self._y(self._limit)) <= _GRAB

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        if self._dragging_limit:
            self._limit = min(self._top, self._value_at(point.y()))
            self.limit_dragged.emit(self._limit)
            self.update()
            return
        if self._pan_from is not None:
            shift = int((self._pan_from[0] - point.x()) / self.plot.width() * self._timeline.span)
            if self._pan_moved or abs(point.x() - self._pan_from[0]) > 4:
                self._pan_moved = True
                self._timeline.pan(self._pan_from[1] + shift - self._timeline.last)
            return
        inside = self.plot.contains(point)
        self._timeline.set_crosshair(self._time_at(point.x()) if inside else None)
        self.setCursor(Qt.CursorShape.SizeVerCursor if self._over_limit(point.y()) else Qt.CursorShape.CrossCursor)
        self.setToolTip(self._story(point.x()) if inside else "")

    def _story(self, x: float) -> str:
        """The event or all readings at a place, with their names in full."""
        mark = next((words for time_ns, words, _tone in self._marks if abs(self._x(time_ns) - x) < 4), "")
        found = self._buffer.nearest(self._time_at(x))
        if mark or found is None:
            return mark
        pairs = zip(self._series, found[1], strict=True)
        return "\n".join([time_words(found[0]), *(f"{series.name}  {self._unit(value)}" for series, value in pairs)])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        if self._over_limit(event.position().y()):
            self._dragging_limit = True
        else:
            self._pan_from, self._pan_moved = (event.position().x(), self._timeline.last), False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragging_limit and self._limit is not None:
            self._dragging_limit = False
            self.limit_dropped.emit(self._limit)
        elif self._pan_from is not None and not self._pan_moved and self.plot.contains(event.position()):
            self._timeline.click(self._time_at(event.position().x()))
        self._pan_from = None
        self.update()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self._timeline.go_live()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._timeline.set_crosshair(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        angle = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._timeline.zoom(0.8 if angle.y() > 0 else 1.25, self._time_at(event.position().x()))
            event.accept()
        elif angle.x():
            self._timeline.pan(-int(angle.x() / 120 * self._timeline.span / 8))
            event.accept()
        else:
            event.ignore()  # an ordinary wheel scrolls the page the chart is on

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        middle = (self._timeline.first + self._timeline.last) // 2
        acts: dict[int, Callable[[], object]] = {
            keys.Key_Left: lambda: self._timeline.pan(-self._timeline.span // 8),
            keys.Key_Right: lambda: self._timeline.pan(self._timeline.span // 8),
            keys.Key_Plus: lambda: self._timeline.zoom(0.8, middle),
            keys.Key_Equal: lambda: self._timeline.zoom(0.8, middle),
            keys.Key_Minus: lambda: self._timeline.zoom(1.25, middle),
            keys.Key_End: self._timeline.go_live,
        }
        act = acts.get(event.key())
        if act is None:
            super().keyPressEvent(event)
        else:
            act()
