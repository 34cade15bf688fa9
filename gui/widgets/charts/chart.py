"""One time chart: title and readings on top, lines or areas or stacked areas, limit line, crosshair, zoom and pan."""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.plain_text import set_tip
from gui.theme import Role, Space, Text, Tone, color, font, theme
from gui.widgets.charts.picture import Frame, Kind, Lines, Series, paint_marks, paint_unrecorded
from gui.widgets.charts.ticks import time_ticks, time_words, value_ticks
from gui.widgets.painted.accessible import Item, Part
from gui.widgets.painted.mirror import run_from_left
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gui.widgets.charts.buffer import SeriesBuffer
    from gui.widgets.charts.timeline import Timeline

_GRAB = 6
_TAG = 18
"""Height of the words on the limit's line."""
_NOT_TOLD = "–"


class TimeChart(QWidget):
    """See the package's docstring for how it is used."""

    limit_dragged = Signal(float)
    limit_dropped = Signal(float)
    accessible_kind = Part.Chart

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
        legend: bool = True,
    ) -> None:
        super().__init__()
        self._legend = legend
        self._whole = whole
        self._title, self._buffer, self._series = title, buffer, tuple(series)
        self._timeline, self._unit, self._binary = timeline, unit, binary
        self._ceiling, self._note = 0.0, ""
        self._limit: float | None = None
        self._limit_name, self._limit_draggable, self._dragging_limit = "", False, False
        self._marks: list[tuple[int, str, Tone]] = []
        self._stretches: list[tuple[int, int, str]] = []
        self._pan_from: tuple[float, int] | None = None
        self._pan_moved = False
        self._top = 1.0
        self._head = self._header_height()
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

    def set_stretches(self, stretches: Sequence[tuple[int, int, str]]) -> None:
        """Why nothing was recorded from one time to another, where that is known: "Stopped"."""
        self._stretches = list(stretches)
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
        head, left, axis = self._head, self._left(), self._line_height(Text.CAPTION) + 5
        return QRectF(left, head, max(1, self.width() - left - Space.M), max(1, self.height() - head - axis))

    @staticmethod
    def _line_height(text: Text) -> float:
        return QFontMetricsF(font(text)).height()

    @staticmethod
    def _left() -> float:
        """Room for the words of the value axis, in whatever size the letters are."""
        return QFontMetricsF(font(Text.CAPTION, tabular=True)).horizontalAdvance("00.00 mmm") + Space.M

    def _header_height(self) -> float:
        return max(26.0, self._line_height(Text.STRONG) + Space.S)

    def _legend_height(self) -> float:
        return max(24.0, self._line_height(Text.SMALL) + Space.XS)

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
        run_from_left(painter)
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
            self.height(), self.devicePixelRatioF(), id(theme().palette), self._limit, self._ceiling,
            tuple(self._marks), tuple(self._stretches), self._head,
        )  # fmt: skip
        if self._layer is None or self._layer[0] != state:
            picture = QPixmap(self.size() * self.devicePixelRatioF())
            picture.setDevicePixelRatio(self.devicePixelRatioF())
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            run_from_left(painter)
            self._paint_layer(painter)
            painter.end()
            self._layer = (state, picture)
        return self._layer[1]

    def _paint_layer(self, painter: QPainter) -> None:
        most = max(120, int(self.plot.width()))
        lines = Lines(self._series, self._buffer.cut(self._timeline.first, self._timeline.last, most))
        self._paint_axes(painter, self._scale(lines))
        painter.setClipRect(self.plot.adjusted(0, -2, 0, 1))
        frame = Frame(self.plot, self._timeline.first, self._timeline.span, self._top)
        if len(self._buffer):
            paint_unrecorded(painter, frame, lines.cut.recorded(), self._stretches)
        lines.paint(painter, frame)
        painter.setClipRect(self.plot.adjusted(-4, -6, 4, 1))
        paint_marks(painter, frame, self._marks)
        if not len(self._buffer):
            painter.setPen(color(Role.TEXT_MUTED))
            painter.setFont(font(Text.SMALL))
            painter.drawText(self.plot, Qt.AlignmentFlag.AlignCenter, translate("TimeChart", "No figures yet"))

    def _scale(self, lines: Lines) -> list[float]:
        highest = lines.highest()
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
        high = painter.fontMetrics().height()
        for value in ticks:
            y = round(self._y(value)) + 0.5
            painter.setPen(QPen(color(Role.BORDER), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(color(Role.TEXT_MUTED))
            words = QRectF(0, y - high / 2, plot.left() - Space.S, high)
            painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._unit(value))
        wide = painter.fontMetrics().horizontalAdvance("00:00:00")
        most = max(2, int(plot.width() // (wide + 2 * Space.L)))
        for time_ns, text in time_ticks(self._timeline.first, self._timeline.last, most):
            x = self._x(time_ns)
            if plot.left() + wide / 3 <= x <= plot.right() - wide / 3:
                words = QRectF(x - wide, plot.bottom() + 3, 2 * wide, high)
                painter.drawText(words, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_limit(self, painter: QPainter) -> None:
        if self._limit is None:
            return
        plot, ink = self.plot, theme().tone(Tone.DANGER)
        words = f"{self._limit_name} {self._unit(self._limit)}"
        if self._limit_is_beyond():  # far above what is used: there all the same
            y, words = plot.top() + _TAG / 2, f"↑ {words}"
        else:
            y = round(self._y(self._limit)) + 0.5
            painter.setPen(QPen(ink, 2 if self._dragging_limit else 1.2, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        fount = font(Text.CAPTION)
        width = QFontMetricsF(fount).horizontalAdvance(words) + 12
        tag = QRectF(plot.right() - width, y - _TAG / 2, width, _TAG)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().tone_soft(Tone.DANGER))
        painter.drawRoundedRect(tag, 4, 4)
        painter.setPen(ink)
        painter.setFont(fount)
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_crosshair(self, painter: QPainter) -> None:
        time_ns = self._timeline.crosshair
        if time_ns is None or not self._timeline.first <= time_ns <= self._timeline.last:
            return
        plot = self.plot
        x = self._x(time_ns)
        painter.setPen(QPen(color(Role.TEXT_MUTED), 1))
        painter.drawLine(QPointF(round(x) + 0.5, plot.top()), QPointF(round(x) + 0.5, plot.bottom()))
        found = self._buffer.at(time_ns)
        if found is None:
            return
        total = 0.0
        for series, value in zip(self._series, found[1], strict=True):
            if isnan(value):
                continue
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
        if not self._legend:
            self._head = self._header_height()
            return
        room = self.width() - Space.M - self._title_end()
        self._head = self._header_height() + (0 if wanted <= room else self._legend_height())

    def _title_end(self) -> float:
        return Space.XS + QFontMetricsF(font(Text.STRONG)).horizontalAdvance(self._title) + Space.S

    def _paint_header(self, painter: QPainter) -> None:
        """Title at the left; at the right or below it the readings at the crosshair, or the newest ones."""
        painter.setFont(font(Text.STRONG))
        painter.setPen(color(Role.TEXT))
        high = self._header_height()
        line = QRectF(Space.XS, 0, self.width(), high - 4)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, self._title)
        left, right = self._title_end(), self.width() - float(Space.M)
        at = self._timeline.crosshair
        found = self._buffer.at(at) if at is not None else self._buffer.last()
        values = found[1] if found is not None else (nan,) * len(self._series)
        readings = list(zip(self._series, values, strict=True)) if len(self._buffer) and self._legend else []
        metrics = QFontMetricsF(font(Text.SMALL, tabular=True))
        painter.setFont(font(Text.SMALL, tabular=True))
        below = self._head > high
        free = self._paint_legend(painter, readings, Space.XS if below else left, right, high - 4 if below else 0)
        right = right if below else free
        words = self._note if at is None else time_words(at)
        if at is not None and found is None and len(self._buffer):
            words = translate("TimeChart", "{0}: not recorded").format(words)
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, right - left) if at is None else words
        if metrics.horizontalAdvance(words) <= right - left:
            painter.setPen(color(Role.TEXT_MUTED))
            painter.drawText(QRectF(left, 0, right - left, high - 4), Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_legend(
        self, painter: QPainter, readings: list[tuple[Series, float]], left: float, right: float, top: float
    ) -> float:
        """Colour, name and reading of each series, from the right; gives where the first one begins."""
        metrics = painter.fontMetrics()
        readings = self._worth_naming(readings)
        texts = [f"{series.name} {self._reading(value)}" for series, value in readings]
        gap = Space.M
        if sum(map(metrics.horizontalAdvance, texts)) + len(texts) * (13 + gap) > right - left + gap:
            texts = [series.name for series, _value in readings]  # the tooltip has the figures
            gap = Space.S
        high = self._header_height() - 4
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

    def _reading(self, value: float) -> str:
        return _NOT_TOLD if isnan(value) else self._unit(value)

    @staticmethod
    def _worth_naming(readings: list[tuple[Series, float]]) -> list[tuple[Series, float]]:
        """Without those that stand in for others and have nothing to say now, and the others where they have."""
        stand_in = any(series.instead and not isnan(value) for series, value in readings)
        return [
            (series, value)
            for series, value in readings
            if (series.instead or not isnan(value) if stand_in else not series.instead)
        ]

    def accessible_items(self) -> list[Item]:
        """What it reads now (or at the crosshair), its limit, and what happened in the time shown."""
        at = self._timeline.crosshair
        found = self._buffer.at(at) if at is not None else self._buffer.last()
        place = self.plot
        moment = time_words(found[0]) if found is not None else ""
        items = [
            Item(f"{series.name} {self._reading(value)}", place, Part.StaticText, moment)
            for series, value in self._worth_naming(
                list(zip(self._series, found[1] if found is not None else (), strict=False))
            )
        ]
        if self._limit is not None:
            items.append(Item(f"{self._limit_name} {self._unit(self._limit)}", place, Part.StaticText))
        shown = [mark for mark in self._marks if self._timeline.first <= mark[0] <= self._timeline.last]
        return [*items, *(Item(f"{time_words(at_ns)}  {words}", place, Part.StaticText) for at_ns, words, _ in shown)]

    # --- pointer and keys ---

    def _over_limit(self, y: float) -> bool:
        if not self._limit_draggable or self._limit is None:
            return False
        if self._limit_is_beyond():
            return 0 <= y - self.plot.top() <= _TAG
        return abs(y - self._y(self._limit)) <= _GRAB

    def _limit_is_beyond(self) -> bool:
        return self._limit is not None and self._limit > self._top * 1.001

    def _reach_limit(self, y: float) -> None:
        """Stretch the scale until a limit beyond it is where it was grabbed."""
        if self._limit is not None and self._limit_is_beyond():
            self._top = self._limit * self.plot.height() / max(1.0, self.plot.bottom() - y)
            self._layer = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        if self._dragging_limit:
            # Above the upper edge the scale goes on: a limit could be raised by a few percent only otherwise.
            self._limit = self._value_at(point.y())
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
        set_tip(self, self._story(point.x()) if inside else "")

    def _story(self, x: float) -> str:
        """The event or all readings at a place, with their names in full."""
        mark = "\n".join(f"{time_words(time_ns)}  {words}" for time_ns, words, _tone in self._marks_at(x))
        time_ns = self._time_at(x)
        found = self._buffer.at(time_ns)
        if mark or not len(self._buffer):
            return mark
        if found is None:
            return translate("TimeChart", "{0}: not recorded").format(time_words(time_ns))
        pairs = self._worth_naming(list(zip(self._series, found[1], strict=True)))
        return "\n".join([time_words(found[0]), *(f"{series.name}  {self._reading(value)}" for series, value in pairs)])

    def _marks_at(self, x: float) -> list[tuple[int, str, Tone]]:
        return [mark for mark in self._marks if abs(self._x(mark[0]) - x) < _GRAB]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        if self._over_limit(event.position().y()):
            self._reach_limit(event.position().y())
            self._dragging_limit = True
        else:
            self._pan_from, self._pan_moved = (event.position().x(), self._timeline.last), False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragging_limit and self._limit is not None:
            self._dragging_limit = False
            self.limit_dropped.emit(self._limit)
        elif self._pan_from is not None and not self._pan_moved and self.plot.contains(event.position()):
            x = event.position().x()
            marks = self._marks_at(x)
            self._timeline.click(marks[0][0] if marks else self._time_at(x))
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
