"""The log view itself: a scroll area over a `LineSource` that lays out and draws only the lines that show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextLayout,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QMenu, QWidget

from gui.theme import Role, Space, color, mono, theme
from gui.widgets.logview.ansi import parse
from gui.widgets.logview.gutter import Gutter, TimeStyle, paint_missing
from gui.widgets.logview.hits import Hits
from gui.widgets.logview.marks import NewLinesPill, TickScrollBar
from gui.widgets.logview.render import Laid, Renderer, RenderOptions, highlight
from gui.widgets.logview.scrolling import Scroller
from gui.widgets.logview.selection import WHOLE, Selection, Spot, word_at
from gui.widgets.logview.spoken import MOST_SPOKEN, Item, Part, Seen, spoken_lines, tell_line
from gui.words import translate

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from gui.widgets.logview.source import LineSource, LogRow

_FRAME_MS = 33
__all__ = ["LogView", "TimeStyle"]


class LogView(QAbstractScrollArea):
    """See the package's docstring for how it is used."""

    accessible_kind = Part.List

    line_clicked = Signal(int, object)
    new_lines = Signal(int)
    follow_changed = Signal(bool)
    hit_changed = Signal(int, int)
    search_wanted = Signal()

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setVerticalScrollBar(TickScrollBar())
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self._source: LineSource | None = None
        self._scroller = Scroller(self.line_count, self._height_of)
        self._selection = Selection()
        self._zoom = 1.0
        self._render = Renderer(RenderOptions(font=mono()))
        self._gutter = Gutter(mono())
        self._following, self._unseen, self._gone = True, 0, 0
        self._unfolded: set[int] = set()
        self._pattern: re.Pattern[str] | None = None
        self._hits = Hits()
        self._current = -1
        self._widest = 0.0
        self._dragging = False
        self._missing: tuple[int, int] | None = None
        self._pill = NewLinesPill(self)
        self._pill.clicked.connect(self.go_to_end)
        self._frame = QTimer(self, singleShot=True, interval=_FRAME_MS)
        self._frame.timeout.connect(self._next_frame)
        self._drag_scroll = QTimer(self, interval=40)
        self._drag_scroll.timeout.connect(self._scroll_while_dragging)
        self.verticalScrollBar().valueChanged.connect(self._bar_moved)
        self.horizontalScrollBar().valueChanged.connect(lambda _value: self.viewport().update())
        theme().changed.connect(self._relayout)
        self._set_fonts()

    # --- what is shown ---

    def set_source(self, source: LineSource | None) -> None:
        """Show another log, from its end."""
        heard = {
            "appended": self._appended, "trimmed": self._trimmed, "loaded": self._loaded, "reset": self._was_reset,
        }  # fmt: skip
        for name, slot in heard.items():
            if self._source is not None:
                getattr(self._source, name).disconnect(slot)
            if source is not None:
                getattr(source, name).connect(slot)
        self._source = source
        self._was_reset()
        self.set_follow(on=True)

    def line_count(self) -> int:
        return self._source.line_count() if self._source is not None else 0

    def set_wrap(self, *, on: bool) -> None:
        self._render.options.wrap = on
        self._relayout()

    def set_timestamps(self, style: TimeStyle) -> None:
        self._gutter.set_time_style(style)
        self._relayout()

    def set_ansi(self, *, on: bool) -> None:
        self._render.options.ansi = on
        self._relayout()

    def set_json(self, *, on: bool) -> None:
        """Show lines that are JSON objects as message and fields, to be unfolded one by one."""
        self._render.options.json = on
        self._unfolded.clear()
        self._relayout()

    def set_source_styles(self, styles: Mapping[str, tuple[str, int]]) -> None:
        """Label and colour number of each source of a merged log; empty hides the column."""
        self._gutter.set_sources(styles)
        self._relayout()

    def set_zoom(self, zoom: float) -> None:
        self._zoom = min(3.0, max(0.5, zoom))
        self._set_fonts()

    @property
    def zoom(self) -> float:
        return self._zoom

    # --- following ---

    @property
    def following(self) -> bool:
        return self._following

    def set_follow(self, *, on: bool) -> None:
        """Stick to the end, or stay where it is."""
        if on:
            self._unseen = 0
            self._to_end()
        if on != self._following:
            self._following = on
            self.follow_changed.emit(on)
        self._show_pill()

    def go_to_end(self) -> None:
        self.set_follow(on=True)

    # --- finding ---

    def set_search(self, pattern: re.Pattern[str] | None, *, most: int = 16_384) -> None:
        """Mark what matches in the lines that show, in so much of each as is matched in a moment."""
        self._pattern, self._most_marked = pattern, most
        self.viewport().update()

    def set_hits(self, lines: Sequence[int]) -> None:
        """All lines that match, ascending; stepping and ticks go by them."""
        self._hits.set(lines)
        self._hits_changed()

    def add_hits(self, lines: Sequence[int]) -> None:
        """More of them, all behind those known."""
        self._hits.add(lines)
        self._hits_changed()

    @property
    def hit_place(self) -> tuple[int, int]:
        """The current hit, counted from one (nought for none), and how many there are."""
        return self._hits.standing

    def step_hit(self, step: int) -> None:
        """To the next hit (+1) or the one before (−1), from what is seen now; goes round."""
        if self._hits.lines:
            self.go_to_line(self._hits.step(step, self._scroller.top))
            self.hit_changed.emit(*self.hit_place)

    def _hits_changed(self) -> None:
        self._show_ticks()
        self.hit_changed.emit(*self.hit_place)
        self.viewport().update()

    def go_to_line(self, index: int, *, select: bool = True) -> None:
        """Show a line, by default with the mark of the current line."""
        if not 0 <= index < self.line_count():
            return
        if index < self.line_count() - 1:
            self.set_follow(on=False)
        if select:
            self._current = index
        self._scroller.reveal(index, self._room)
        self._sync_bar()
        tell_line(self, self._in_sight(), self._current)
        self.viewport().update()

    @property
    def current_line(self) -> int:
        """The line with the mark; -1 for none."""
        return self._current

    def visible_range(self) -> tuple[int, int]:
        """First and last line that show; (0, -1) for none."""
        shown = [index for index, _y, _h in self._scroller.visible(self._room)]
        return (shown[0], shown[-1]) if shown else (0, -1)

    # --- selection ---

    def selected_text(self) -> str:
        """The text selected; without a selection the current line's."""
        if not self._selection:
            return self._plain(self._current) if self._row(self._current) is not None else ""
        return self._selection.text(self._plain)

    def copy(self) -> None:
        if text := self.selected_text():
            QGuiApplication.clipboard().setText(text)

    def select_all(self) -> None:
        if count := self.line_count():
            self._selection.set(Spot(0, 0), Spot(count - 1, WHOLE))
            self.viewport().update()

    # --- news from the source ---

    def _appended(self, count: int) -> None:
        if not self._following:
            self._unseen += count
        if not self._frame.isActive():
            self._frame.start()

    def _next_frame(self) -> None:
        if self._following:
            self._to_end()
        else:
            self._sync_bar()
            self._show_pill()
            self.new_lines.emit(self._unseen)
        self._show_ticks()
        self.viewport().update()

    def _trimmed(self, count: int) -> None:
        self._gone += count
        self._unfolded = {key for key in self._unfolded if key >= self._gone}
        self._selection.shift(count)
        self._current = max(-1, self._current - count)
        self._hits.trim(count)
        if self._scroller.top >= count:
            self._scroller.top -= count
        else:
            self._scroller.top, self._scroller.offset = 0, 0.0
        if not self._frame.isActive():
            self._frame.start()

    def _loaded(self, first: int, last: int) -> None:
        self._missing = None
        shown = self.visible_range()
        if first <= shown[1] and last >= shown[0]:
            if self._following:
                self._to_end()
            self.viewport().update()

    def _was_reset(self) -> None:
        self._render.clear()
        self._selection.clear()
        self._unfolded.clear()
        self._hits.clear()
        self._current, self._gone, self._unseen = -1, 0, 0
        self._widest, self._missing = 0.0, None
        self._scroller.place(self._scroller.top, 0.0, self._room)
        if self._following:
            self._to_end()
        self._sync_bar()
        self._show_ticks()
        self._show_pill()
        self.viewport().update()

    # --- geometry ---

    @property
    def _room(self) -> float:
        return float(max(1, self.viewport().height()))

    def _row(self, index: int) -> LogRow | None:
        return self._source.row(index) if self._source is not None and index >= 0 else None

    def _laid(self, index: int, row: LogRow) -> Laid:
        key = index + self._gone
        return self._render.laid(key, row, unfolded=key in self._unfolded)

    def _height_of(self, index: int) -> float:
        options = self._render.options
        if not options.wrap and not self._unfolded:
            return options.line_height  # nothing can be taller: no need to lay it out to know
        row = self._row(index)
        return self._laid(index, row).height if row is not None else options.line_height

    def _plain(self, line: int, *, whole: bool = True) -> str:
        """A line as text: all of it, or as far as it is laid out, where columns count."""
        row = self._row(line)
        if row is None:
            return "…"
        return parse(row.text)[0] if whole else self._laid(line, row).text

    def _set_fonts(self) -> None:
        fount = mono(zoom=self._zoom)
        self._render.options.font = fount
        self._render.options.line_height = float(round(QFontMetricsF(fount).height() * 1.25))
        self._gutter.set_font(fount)
        self._relayout()

    def _relayout(self) -> None:
        self._render.options.width = max(80.0, self.viewport().width() - self._gutter.width - Space.S)
        self._render.clear()
        self._widest = 0.0
        if self._following:
            self._to_end()
        else:
            self._scroller.clamp(self._room)
            self._sync_bar()
        self.viewport().update()

    def _to_end(self) -> None:
        self._scroller.place(*self._scroller.end(self._room), self._room)
        self._sync_bar()

    def _sync_bar(self) -> None:
        """Make the bars tell where we are, without being told by them."""
        bar = self.verticalScrollBar()
        end_top, end_offset = self._scroller.end(self._room)
        highest = end_top + (1 if end_offset > 0 else 0)
        bar.blockSignals(True)  # noqa: FBT003
        bar.setRange(0, highest)
        bar.setPageStep(max(1, int(self._room / self._render.options.line_height)))
        bar.setValue(highest if self._scroller.at_end(self._room) else self._scroller.top)
        bar.blockSignals(False)  # noqa: FBT003
        across = self.horizontalScrollBar()
        wide = 0 if self._render.options.wrap else int(self._widest + self._gutter.width + Space.L)
        across.setRange(0, max(0, wide - self.viewport().width()))
        across.setPageStep(self.viewport().width())
        across.setSingleStep(40)

    def _bar_moved(self, value: int) -> None:
        if value >= self.verticalScrollBar().maximum():
            self._to_end()
        else:
            self._scroller.place(value, 0.0, self._room)
        self._after_user_scroll()

    def _after_user_scroll(self) -> None:
        at_end = self._scroller.at_end(self._room)
        if at_end != self._following:
            self.set_follow(on=at_end)
        self._show_pill()
        self.viewport().update()

    def _scroll_by(self, pixels: float) -> None:
        self._scroller.scroll(pixels, self._room)
        self._sync_bar()
        self._after_user_scroll()

    def _show_ticks(self) -> None:
        bar = self.verticalScrollBar()
        assert isinstance(bar, TickScrollBar)
        bar.set_ticks(self._hits.lines, self.line_count())

    def _show_pill(self) -> None:
        shown = not self._following and self.line_count() > 0
        if shown:
            self._pill.set_count(self._unseen)
            x = (self.viewport().width() - self._pill.width()) // 2
            self._pill.move(x, self.viewport().height() - self._pill.height() - Space.M)
            self._pill.raise_()
        self._pill.setVisible(shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._relayout()
        self._show_pill()

    def accessible_items(self) -> list[Item]:
        return spoken_lines(self._in_sight(), self.viewport().width(), self._current)

    def _in_sight(self) -> list[Seen]:
        return [Seen(i, y, high, row) for i, y, high in self._scroller.visible(self._room) if (row := self._row(i))]

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), color(Role.SUNKEN))
        missing: list[int] = []
        widest = self._widest
        x = self._gutter.width - self.horizontalScrollBar().value()
        for index, y, height in self._scroller.visible(self._room):
            row = self._row(index)
            if row is None:
                missing.append(index)
                paint_missing(painter, self._gutter.width, y + height / 2, index)
                continue
            laid = self._laid(index, row)
            widest = max(widest, laid.width)
            self._paint_line(painter, index, row, laid, x, y)
        painter.end()
        if widest > self._widest:
            self._widest = widest
            QTimer.singleShot(0, self._sync_bar)
        if missing and self._missing != (missing[0], missing[-1]):
            self._missing = (missing[0], missing[-1])
            QTimer.singleShot(0, self._ask_missing)

    def _paint_line(self, painter: QPainter, index: int, row: LogRow, laid: Laid, x: float, y: float) -> None:
        width = self.viewport().width()
        if index == self._current:
            painter.fillRect(QRectF(0, y, width, laid.height), color(Role.SELECTED))
        elif row.level in ("error", "fatal"):
            painter.fillRect(QRectF(0, y, width, laid.height), color(Role.DANGER_SOFT, 0.45))
        painter.save()
        painter.setClipRect(QRectF(self._gutter.width - 2, y, width, laid.height))
        ascent = (self._render.options.line_height - QFontMetricsF(self._render.options.font).height()) / 2
        seen = QRectF(self.viewport().rect())
        laid.layout.draw(painter, QPointF(x, y + ascent), self._marks(index, laid), seen)
        painter.restore()
        fold = (index + self._gone) in self._unfolded if laid.foldable else None
        self._gutter.paint(painter, y, laid.height, self._render.options.line_height, row, fold=fold)

    def _marks(self, index: int, laid: Laid) -> list[QTextLayout.FormatRange]:
        marks = []
        if self._pattern is not None:
            back = color(Role.MATCH_CURRENT if self._hits.current == index else Role.MATCH)
            for found in self._pattern.finditer(laid.text[: self._most_marked]):
                if found.end() > found.start():
                    marks.append(highlight(found.start(), found.end() - found.start(), back, color(Role.TEXT)))
        if (columns := self._selection.columns(index, len(laid.text))) is not None:
            marks.append(highlight(columns[0], max(1, columns[1] - columns[0]), color(Role.SELECTION)))
        return marks

    def _ask_missing(self) -> None:
        if self._missing is not None and self._source is not None:
            self._source.want(*self._missing)

    # --- mouse ---

    def _spot(self, point: QPointF) -> Spot | None:
        """The line and column nearest to a point."""
        nearest: Spot | None = None
        for index, y, height in self._scroller.visible(self._room):
            row = self._row(index)
            if row is None:
                continue
            laid = self._laid(index, row)
            inside = min(max(point.y() - y, 0.0), laid.height - 1)
            line = laid.layout.lineAt(min(int(inside / self._render.options.line_height), laid.layout.lineCount() - 1))
            x = point.x() - self._gutter.width + self.horizontalScrollBar().value()
            nearest = Spot(index, line.xToCursor(x))
            if point.y() < y + height:
                break
        return nearest

    def mousePressEvent(self, event: QMouseEvent) -> None:
        spot = self._spot(event.position())
        if event.button() is not Qt.MouseButton.LeftButton or spot is None:
            return
        if event.position().x() < self._gutter.width and self._toggle_fold(spot.line):
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._selection.anchor is not None:
            self._selection.head = spot
        else:
            self._selection.set(spot, spot)
            self._set_current(spot.line)
        self._dragging = True
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self._dragging:
            return
        spot = self._spot(event.position())
        if spot is not None:
            self._selection.head = spot
            self.viewport().update()
        outside = not 0 <= event.position().y() <= self._room
        if outside and not self._drag_scroll.isActive():
            self._drag_scroll.start()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False
        self._drag_scroll.stop()
        clipboard = QGuiApplication.clipboard()
        if event.button() is Qt.MouseButton.LeftButton and self._selection and clipboard.supportsSelection():
            clipboard.setText(self.selected_text(), clipboard.Mode.Selection)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        spot = self._spot(event.position())
        row = self._row(spot.line) if spot is not None else None
        if spot is None or row is None:
            return
        text = self._laid(spot.line, row).text
        start, end = word_at(text, spot.column)
        self._selection.set(Spot(spot.line, start), Spot(spot.line, end))
        self.viewport().update()

    def _scroll_while_dragging(self) -> None:
        point = self.viewport().mapFromGlobal(self.cursor().pos())
        over = point.y() if point.y() < 0 else max(0, point.y() - self.viewport().height())
        if not over:
            self._drag_scroll.stop()
            return
        self._scroll_by(over)
        if (spot := self._spot(QPointF(point))) is not None:
            self._selection.head = spot

    def _set_current(self, index: int) -> None:
        self._current = index
        row = self._row(index)
        if row is not None:
            self.setAccessibleDescription(row.text[:MOST_SPOKEN])
            tell_line(self, self._in_sight(), self._current)
            self.line_clicked.emit(index, row.time_ns)

    def _toggle_fold(self, index: int) -> bool:
        row = self._row(index)
        if row is None or not self._laid(index, row).foldable:
            return False
        self._unfolded ^= {index + self._gone}
        if index < self.line_count() - 1:
            self.set_follow(on=False)
        self._sync_bar()
        self.viewport().update()
        return True

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(self._zoom * (1.1 if event.angleDelta().y() > 0 else 1 / 1.1))
        elif event.angleDelta().x() and not event.angleDelta().y():
            across = self.horizontalScrollBar()
            across.setValue(across.value() - event.angleDelta().x())
        else:
            pixels = event.pixelDelta().y() or event.angleDelta().y() / 120 * 3 * self._render.options.line_height
            self._scroll_by(-pixels)
        event.accept()

    # --- keyboard ---

    def keyPressEvent(self, event: QKeyEvent) -> None:
        standard = QKeySequence.StandardKey
        if event.matches(standard.Copy):
            self.copy()
        elif event.matches(standard.SelectAll):
            self.select_all()
        elif event.matches(standard.Find):
            self.search_wanted.emit()
        elif event.matches(standard.ZoomIn):
            self.set_zoom(self._zoom * 1.1)
        elif event.matches(standard.ZoomOut):
            self.set_zoom(self._zoom / 1.1)
        elif event.key() == Qt.Key.Key_0 and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(1.0)
        elif not self._scroll_key(Qt.Key(event.key())):
            super().keyPressEvent(event)

    def _scroll_key(self, key: Qt.Key) -> bool:
        line, page = self._render.options.line_height, self._room * 0.9
        keys = Qt.Key
        steps = {keys.Key_Up: -line, keys.Key_Down: line, keys.Key_PageUp: -page, keys.Key_PageDown: page}
        if key in steps:
            self._scroll_by(steps[key])
        elif key == keys.Key_Home:
            self._scroller.place(0, 0.0, self._room)
            self._sync_bar()
            self._after_user_scroll()
        elif key == keys.Key_End:
            self.go_to_end()
        elif key == keys.Key_Space and self._current >= 0:
            self._toggle_fold(self._current)
        elif key == keys.Key_Escape and self._selection:
            self._selection.clear()
            self.viewport().update()
        else:
            return False
        return True

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        copy = menu.addAction(translate("LogView", "Copy"), self.copy)
        copy.setEnabled(bool(self._selection) or self._current >= 0)
        menu.addAction(translate("LogView", "Select all"), self.select_all)
        menu.addActions(self.actions())
        menu.addAction(translate("LogView", "Find…"), self.search_wanted.emit)
        menu.addAction(translate("LogView", "Go to the end"), self.go_to_end)
        menu.popup(event.globalPos())
