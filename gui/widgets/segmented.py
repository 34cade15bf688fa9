"""Tabs as one control: a few words side by side, one chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.plain_text import set_tip
from gui.theme import Radius, Role, Size, Space, Text, color, font, grown, theme
from gui.widgets.painted.accessible import Item, Part, tell_current

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Segmented(QWidget):
    """Choose one of a few. Arrow keys move, `changed` carries the key."""

    changed = Signal(str)
    accessible_kind = Part.Grouping

    def __init__(self, choices: Sequence[tuple[str, str]] = (), name: str = "") -> None:
        super().__init__()
        self._choices = list(choices)
        self._current = 0
        self._hover = -1
        self.setFont(font(Text.BODY))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self._name = name
        self._dimmed: Mapping[str, str] = {}
        self._tell()
        theme().changed.connect(self.update)

    def current(self) -> str:
        return self._choices[self._current][0] if self._choices else ""

    def set_current(self, key: str) -> None:
        """Choose without telling."""
        for index, (own, _words) in enumerate(self._choices):
            if own == key:
                self._current = index
        self._tell()
        self.update()

    def set_dimmed(self, reasons: Mapping[str, str]) -> None:
        """Keys behind which there is nothing to see, and why: greyed, but still to be chosen."""
        if reasons != self._dimmed:
            self._dimmed = dict(reasons)
            self._tell()
            self.update()

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def sizeHint(self) -> QSize:
        return QSize(int(sum(self._widths())) + 2 * Space.HAIR + 1, grown(Size.CONTROL))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(
            Qt.Key(event.key()), 0
        )
        if step:
            self._choose((self._current + step) % max(1, len(self._choices)))
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._choose(self._at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = self._at(event.position().x())
        set_tip(self, self._dimmed.get(self._choices[self._hover][0], "") if self._hover >= 0 else "")
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover = -1
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(color(Role.ACCENT) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(color(Role.TRACK))
        painter.drawRoundedRect(frame, Radius.MEDIUM, Radius.MEDIUM)
        painter.setFont(self.font())
        for index, rect in enumerate(self._rects()):
            chosen = index == self._current
            if chosen:
                painter.setPen(color(Role.FIELD_BORDER))
                painter.setBrush(color(Role.PRESSED if theme().dark else Role.SURFACE))
                painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), Radius.SMALL, Radius.SMALL)
            lit = chosen or index == self._hover
            ink = Role.TEXT_DISABLED if self._choices[index][0] in self._dimmed else Role.TEXT_SECONDARY
            painter.setPen(color(Role.TEXT if lit and ink is not Role.TEXT_DISABLED else ink))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._choices[index][1])

    def accessible_items(self) -> list[Item]:
        return [
            Item(
                ": ".join(filter(None, (words, self._dimmed.get(key)))), rect, Part.RadioButton,
                chosen=number == self._current, current=number == self._current,
            )
            for number, ((key, words), rect) in enumerate(zip(self._choices, self._rects(), strict=True))
        ]  # fmt: skip

    def _choose(self, index: int) -> None:
        if 0 <= index < len(self._choices) and index != self._current:
            self._current = index
            self._tell()
            self.update()
            tell_current(self, index)
            self.changed.emit(self.current())

    def _tell(self) -> None:
        words = self._choices[self._current][1] if self._choices else ""
        self.setAccessibleName(f"{self._name}: {words}" if self._name else words)

    def _widths(self) -> list[float]:
        metrics = QFontMetricsF(self.font())
        return [metrics.horizontalAdvance(words) + 2 * Space.M for _key, words in self._choices]

    def _rects(self) -> list[QRectF]:
        rects, x = [], float(Space.HAIR)
        for width in self._widths():
            rects.append(QRectF(x, Space.HAIR, width, self.height() - 2 * Space.HAIR))
            x += width
        return rects

    def _at(self, x: float) -> int:
        return next((i for i, rect in enumerate(self._rects()) if rect.left() <= x < rect.right()), -1)
