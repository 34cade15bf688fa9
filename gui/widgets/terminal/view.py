"""The terminal widget: a grid of cells, scrollback, selection, keyboard and mouse."""

from __future__ import annotations

import codecs
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QInputMethodEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QMenu, QWidget

from gui.theme import Role, Space, color, mono, theme
from gui.widgets.logview.selection import Selection, Spot
from gui.widgets.terminal import screen as modes
from gui.widgets.terminal.keys import KILL_LINE, belongs_to_window, encode_key, encode_mouse, encode_paste
from gui.widgets.terminal.paint import CellPainter
from gui.widgets.terminal.screen import TerminalScreen, TerminalStream, unpack
from gui.widgets.terminal.words import LineWords, address_at, cells_text, line_words, word_columns
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

_SLICE_S = 0.008
"""How long one slice of output may keep the window."""
_PIECE = 1024
_MARGIN = Space.S
_BUTTONS = {Qt.MouseButton.LeftButton: 0, Qt.MouseButton.MiddleButton: 1, Qt.MouseButton.RightButton: 2}


class TerminalView(QAbstractScrollArea):
    """See the package's docstring for how it is used."""

    typed = Signal(bytes)
    resized = Signal(int, int)
    title_changed = Signal(str)
    bell = Signal()
    address_opened = Signal(str)
    """A web address was clicked with Ctrl held."""
    drained = Signal()
    restart_wanted = Signal()

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name or translate("TerminalView", "Terminal"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self.viewport().setMouseTracking(True)
        self._zoom = 1.0
        self._cells = CellPainter(mono())
        self.screen_buffer = TerminalScreen(80, 24, self._answer, self.bell.emit)
        self._stream = TerminalStream(self.screen_buffer)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending: deque[str] = deque()
        self._backlog = 0
        self._selection = Selection()
        self._selecting = False
        self._last_mouse = (-1, -1)
        self._finished = ""
        self._title = ""
        self._cursor_on = True
        self._work = QTimer(self, singleShot=True, interval=0)
        self._work.timeout.connect(self._work_off)
        self._blink = QTimer(self, interval=530)
        self._blink.timeout.connect(self._toggle_cursor)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self.viewport().update())
        theme().changed.connect(self.viewport().update)

    # --- output of the program ---

    @property
    def backlog(self) -> int:
        """Characters fed and not yet shown."""
        return self._backlog

    @property
    def columns(self) -> int:
        return int(self.screen_buffer.columns)

    @property
    def rows(self) -> int:
        return int(self.screen_buffer.lines)

    def feed(self, data: bytes) -> None:
        """Take output; it is worked off in slices between the window's other events."""
        text = self._decoder.decode(data)
        for start in range(0, len(text), _PIECE):
            self._pending.append(text[start : start + _PIECE])
        self._backlog += len(text)
        if self._pending and not self._work.isActive():
            self._work.start(0)

    def set_finished(self, words: str) -> None:
        """The program has ended: say so in the last line; Enter asks for another."""
        self._finished = words
        self.viewport().update()

    def restart(self) -> None:
        """An empty screen for a new program."""
        self._finished = ""
        self._pending.clear()
        self._backlog = 0
        self.screen_buffer.history.clear()
        self.screen_buffer.reset()
        self._sync_bar(to_end=True)
        self.viewport().update()

    def _work_off(self) -> None:
        end = time.perf_counter() + _SLICE_S
        at_end = self._at_end()
        before = self.screen_buffer.scrolled
        while self._pending and time.perf_counter() < end:
            piece = self._pending.popleft()
            self._backlog -= len(piece)
            self._stream.feed(piece)
        if self._pending:
            self._work.start(4)
        moved = self.screen_buffer.scrolled - before
        self._sync_bar(to_end=at_end, moved=moved)
        if self.screen_buffer.title != self._title:
            self._title = self.screen_buffer.title
            self.title_changed.emit(self._title)
        self._cursor_on = True
        self.viewport().update()
        if not self._pending:
            self.drained.emit()

    def _answer(self, text: str) -> None:
        self.typed.emit(text.encode())

    # --- what the user can ask for ---

    def copy(self) -> None:
        if text := self.selected_text():
            QGuiApplication.clipboard().setText(text)

    def paste(self, text: str | None = None) -> None:
        text = QGuiApplication.clipboard().text() if text is None else text
        if text and not self._finished:
            self._scroll_to_end()
            bracketed = modes.BRACKETED_PASTE in self.screen_buffer.private
            self.typed.emit(encode_paste(text, bracketed=bracketed))

    def select_all(self) -> None:
        self._selection.set(Spot(self._first_line(), 0), Spot(self._first_line() + self._total() - 1, self.columns))
        self.viewport().update()

    def clear_scrollback(self) -> None:
        self.screen_buffer.history.clear()
        self._selection.clear()
        self._sync_bar(to_end=True)
        self.viewport().update()

    def set_zoom(self, zoom: float) -> None:
        self._zoom = min(3.0, max(0.5, zoom))
        self._cells.set_font(mono(zoom=self._zoom))
        self._fit()
        self.viewport().update()

    def selected_text(self) -> str:
        if not self._selection:
            return ""
        first, last = self._selection.ordered
        lines = []
        for number in range(first.line, last.line + 1):
            columns = self._selection.columns(number, self.columns)
            lines.append(cells_text(self._line(number), *columns).rstrip() if columns else "")
        return "\n".join(lines)

    def find_text(self, wanted: str, *, backwards: bool = True) -> bool:
        """Select the next place that has the text, upwards by default; False if there is none."""
        if not wanted:
            return False
        first, total = self._first_line(), self._total()
        start = self._selection.ordered[0].line if self._selection else first + total
        numbers = range(start - 1, first - 1, -1) if backwards else range(start + 1, first + total)
        for number in numbers:
            words = self._words(number)
            at = words.text.casefold().find(wanted.casefold())
            if at >= 0:
                spots = (Spot(number, words.column_of(place)) for place in (at, at + len(wanted)))
                self._selection.set(*spots)
                self.verticalScrollBar().setValue(max(0, number - first - self.rows // 2))
                self.viewport().update()
                return True
        return False

    def all_text(self) -> str:
        """Everything, scrollback included."""
        first = self._first_line()
        return "\n".join(self._words(first + i).text.rstrip() for i in range(self._total())).rstrip()

    def address_at(self, number: int, column: int) -> str:
        """The web address shown at a cell, or ""."""
        return address_at(self._words(number), column)

    # --- lines; numbers never change, even when old ones are forgotten ---

    def _first_line(self) -> int:
        return self.screen_buffer.scrolled - len(self.screen_buffer.history)

    def _total(self) -> int:
        return len(self.screen_buffer.history) + self.rows

    def _line(self, number: int) -> dict[int, Any]:
        position = number - self._first_line()
        history = self.screen_buffer.history
        if 0 <= position < len(history):
            return unpack(history[position])
        line: dict[int, Any] = self.screen_buffer.buffer.get(position - len(history)) or {}
        return line

    def _words(self, number: int) -> LineWords:
        return line_words(self._line(number), self.columns)

    def _top(self) -> int:
        return self._first_line() + self.verticalScrollBar().value()

    # --- geometry ---

    def sizeHint(self) -> QSize:
        return QSize(80 * self._cells.width + 32, 24 * self._cells.height + 2 * _MARGIN)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        columns = max(2, (self.viewport().width() - 2 * _MARGIN) // self._cells.width)
        rows = max(1, (self.viewport().height() - 2 * _MARGIN) // self._cells.height)
        if (columns, rows) != (self.columns, self.rows):
            self.screen_buffer.resize(rows, columns)
            self.resized.emit(rows, columns)
        self._sync_bar(to_end=True)

    def _sync_bar(self, *, to_end: bool, moved: int = 0) -> None:
        bar = self.verticalScrollBar()
        highest = 0 if self.screen_buffer.alternate else len(self.screen_buffer.history)
        full = len(self.screen_buffer.history) == self.screen_buffer.history.maxlen
        bar.setRange(0, highest)
        bar.setPageStep(self.rows)
        if to_end:
            bar.setValue(highest)
        elif full and moved:
            bar.setValue(max(0, bar.value() - moved))

    def _at_end(self) -> bool:
        return self.verticalScrollBar().value() >= self.verticalScrollBar().maximum()

    def _scroll_to_end(self) -> None:
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), color(Role.SUNKEN))
        painter.translate(_MARGIN, _MARGIN)
        top = self._top() if not self.screen_buffer.alternate else self._first_line() + len(self.screen_buffer.history)
        for row in range(self.rows):
            y = row * self._cells.height
            self._cells.line(painter, y, self._line(top + row), self.columns)
            self._paint_selection(painter, top + row, y)
        if self._finished:
            self._paint_finished(painter)
        elif self._at_end() or self.screen_buffer.alternate:
            self._paint_cursor(painter)

    def _paint_selection(self, painter: QPainter, number: int, y: float) -> None:
        columns = self._selection.columns(number, self.columns)
        if columns is not None and columns[1] > columns[0]:
            width = self._cells.width
            box = QRectF(columns[0] * width, y, (columns[1] - columns[0]) * width, self._cells.height)
            painter.fillRect(box, color(Role.ACCENT, 0.28))

    def _paint_cursor(self, painter: QPainter) -> None:
        cursor = self.screen_buffer.cursor
        if cursor.hidden:
            return
        width, height = self._cells.width, self._cells.height
        x = min(cursor.x, self.columns - 1)
        box = QRectF(x * width, cursor.y * height, width, height)
        if not self.hasFocus():
            painter.setPen(QPen(color(Role.ACCENT), 1))
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        elif self._cursor_on:
            painter.fillRect(box, color(Role.ACCENT))
            line: dict[int, Any] = self.screen_buffer.buffer.get(cursor.y) or {}
            char = line.get(x)
            if char is not None and char.data.strip():
                painter.setFont(mono(zoom=self._zoom))
                painter.setPen(color(Role.ON_ACCENT))
                painter.drawText(QPointF(box.left(), box.top() + self._cells.ascent), char.data)

    def _paint_finished(self, painter: QPainter) -> None:
        box = QRectF(-_MARGIN, self.viewport().height() - 2 * _MARGIN - 26, self.viewport().width(), 26 + _MARGIN)
        painter.fillRect(box, color(Role.RAISED))
        painter.fillRect(QRectF(box.left(), box.top(), box.width(), 1), color(Role.BORDER))
        painter.setPen(color(Role.TEXT_SECONDARY))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._finished)

    def _toggle_cursor(self) -> None:
        self._cursor_on = not self._cursor_on
        self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._cursor_on = True
        if QGuiApplication.styleHints().cursorFlashTime() > 0:
            self._blink.start()
        if modes.FOCUS_EVENTS in self.screen_buffer.private:
            self._answer("\x1b[I")
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._blink.stop()
        if modes.FOCUS_EVENTS in self.screen_buffer.private:
            self._answer("\x1b[O")
        self.viewport().update()

    # --- keyboard ---

    def event(self, event: QEvent) -> bool:
        # Keys belong to the program in the terminal before they belong to shortcuts, but for those it has no use for.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if not self._finished and (self._own_act(event) is not None or not self._is_windows(event)):
                event.accept()
                return True
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and not self._finished:
                self.keyPressEvent(event)
                return True
        return super().event(event)

    def _is_windows(self, event: QKeyEvent) -> bool:
        return belongs_to_window(event.key(), event.modifiers(), full_screen=self.screen_buffer.alternate)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        act = self._own_act(event)
        if act is not None:
            act()
            return
        if self._finished:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.restart_wanted.emit()
            else:
                super().keyPressEvent(event)
            return
        application = modes.APPLICATION_CURSOR in self.screen_buffer.mode
        data = encode_key(event.key(), event.modifiers(), event.text(), application_cursor=application)
        if data:
            self._selection.clear()
            self._scroll_to_end()
            self._cursor_on = True
            self.typed.emit(data)

    def _own_act(self, event: QKeyEvent) -> Callable[[], object] | None:
        """What a key does that the terminal keeps for itself: copy, paste, scrolling, zoom."""
        control = Qt.KeyboardModifier.ControlModifier
        shift = Qt.KeyboardModifier.ShiftModifier
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        keys = Qt.Key
        bar = self.verticalScrollBar()
        acts: dict[tuple[int, Qt.KeyboardModifier], Callable[[], object]] = {
            (keys.Key_C, control | shift): self.copy,
            (keys.Key_Insert, control): self.copy,
            (keys.Key_V, control | shift): self.paste,
            (keys.Key_Insert, shift): self.paste,
            (keys.Key_A, control | shift): self.select_all,
            (keys.Key_K, control | shift): lambda: self.typed.emit(KILL_LINE),
            (keys.Key_PageUp, shift): lambda: bar.setValue(bar.value() - self.rows + 1),
            (keys.Key_PageDown, shift): lambda: bar.setValue(bar.value() + self.rows - 1),
            (keys.Key_Home, shift): lambda: bar.setValue(0),
            (keys.Key_End, shift): self._scroll_to_end,
            (keys.Key_Plus, control | shift): lambda: self.set_zoom(self._zoom * 1.1),
            (keys.Key_Plus, control): lambda: self.set_zoom(self._zoom * 1.1),
            (keys.Key_Minus, control): lambda: self.set_zoom(self._zoom / 1.1),
        }
        return acts.get((event.key(), held))

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        if event.commitString() and not self._finished:
            self.typed.emit(event.commitString().encode())
        event.accept()

    # --- mouse ---

    def _cell(self, point: QPointF) -> tuple[int, int]:
        column = int((point.x() - _MARGIN) // self._cells.width)
        row = int((point.y() - _MARGIN) // self._cells.height)
        return max(0, min(column, self.columns - 1)), max(0, min(row, self.rows - 1))

    def _spot(self, point: QPointF) -> Spot:
        column = round((point.x() - _MARGIN) / self._cells.width)
        row = int((point.y() - _MARGIN) // self._cells.height)
        row = max(0, min(row, self.rows - 1))
        return Spot(self._top() + row, max(0, min(column, self.columns)))

    def _address_below(self, event: QMouseEvent) -> str:
        column, row = self._cell(event.position())
        return self.address_at(self._top() + row, column)

    def _report(self, event: QMouseEvent | QWheelEvent, button: int, *, release: bool, motion: bool) -> bool:
        """Send the mouse to the program, if it asked for it and Shift is not held."""
        private = self.screen_buffer.private
        wanted = private & {modes.MOUSE_CLICK, modes.MOUSE_DRAG, modes.MOUSE_MOVE}
        if not wanted or event.modifiers() & Qt.KeyboardModifier.ShiftModifier or self._finished:
            return False
        column, row = self._cell(event.position())
        if motion:
            free = button == 3
            if (column, row) == self._last_mouse or (free and modes.MOUSE_MOVE not in private):
                return True
            if wanted == {modes.MOUSE_CLICK}:
                return True
        self._last_mouse = (column, row)
        sgr = modes.MOUSE_SGR in private
        data = encode_mouse(button, column, row, event.modifiers(), sgr=sgr, release=release, motion=motion)
        if data:
            self.typed.emit(data)
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        button = _BUTTONS.get(event.button(), -1)
        if button < 0 or self._report(event, button, release=False, motion=False):
            return
        if event.button() is Qt.MouseButton.MiddleButton:
            clipboard = QGuiApplication.clipboard()
            self.paste(clipboard.text(clipboard.Mode.Selection))
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier and (address := self._address_below(event)):
            self.address_opened.emit(address)
        elif event.button() is Qt.MouseButton.LeftButton:
            spot = self._spot(event.position())
            self._selection.set(spot, spot)
            self._selecting = True
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._selecting:
            self._selection.head = self._spot(event.position())
            self.viewport().update()
            return
        held = next((code for key, code in _BUTTONS.items() if event.buttons() & key), 3)
        self._report(event, held, release=False, motion=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._selecting:
            self._selecting = False
            clipboard = QGuiApplication.clipboard()
            if self._selection and clipboard.supportsSelection():
                clipboard.setText(self.selected_text(), clipboard.Mode.Selection)
            return
        self._report(event, _BUTTONS.get(event.button(), 0), release=True, motion=False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        number, column = self._top() + self._cell(event.position())[1], self._cell(event.position())[0]
        start, end = word_columns(self._words(number), column)
        self._selection.set(Spot(number, start), Spot(number, end))
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        up = event.angleDelta().y() > 0
        event.accept()
        if not event.angleDelta().y():
            return
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(self._zoom * (1.1 if up else 1 / 1.1))
        elif self._report(event, 64 if up else 65, release=False, motion=False):
            pass
        elif self.screen_buffer.alternate:
            # A pager without mouse support scrolls by its arrow keys.
            application = modes.APPLICATION_CURSOR in self.screen_buffer.mode
            key = Qt.Key.Key_Up if up else Qt.Key.Key_Down
            data = encode_key(key, Qt.KeyboardModifier.NoModifier, "", application_cursor=application)
            self.typed.emit(data * 3)
        else:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + (-3 if up else 3))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.addAction(translate("TerminalView", "Copy"), self.copy).setEnabled(bool(self._selection))
        menu.addAction(translate("TerminalView", "Paste"), self.paste).setEnabled(not self._finished)
        menu.addAction(translate("TerminalView", "Select all"), self.select_all)
        menu.addSeparator()
        menu.addAction(translate("TerminalView", "Clear scrollback"), self.clear_scrollback)
        menu.popup(event.globalPos())
