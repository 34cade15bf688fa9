"""Chips: small words that filter or that can be taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from gui.theme import Role, Size, Space, Text, Tone, color, font, paint_icon, theme
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEIGHT = 24


class Chip(QAbstractButton):
    """A rounded word; checkable as a filter, or with a cross to take it away."""

    removed = Signal()

    def __init__(
        self, text: str, *, tone: Tone = Tone.ACCENT, checkable: bool = False, removable: bool = False, count: int = -1
    ) -> None:
        super().__init__()
        self.setText(text)
        self.setCheckable(checkable)
        self.setFont(font(Text.SMALL))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if checkable or removable else Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(text)
        self._tone, self._removable, self._count = tone, removable, count
        theme().changed.connect(self.update)

    def set_count(self, count: int) -> None:
        self._count = count
        self.updateGeometry()
        self.update()

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def sizeHint(self) -> QSize:
        width = QFontMetricsF(self.font()).horizontalAdvance(self._words()) + 2 * 10
        return QSize(int(width) + 1 + (Size.ICON_SMALL + Space.XS if self._removable else 0), _HEIGHT)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._removable and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._removable and event.position().x() > self.width() - Size.ICON_SMALL - Space.S:
            self.removed.emit()
        else:
            super().mouseReleaseEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        on = self.isChecked() or not self.isCheckable()
        painter.setBrush(
            theme().tone_soft(self._tone) if on else color(Role.HOVER if self.underMouse() else Role.SURFACE)
        )
        edge = Role.ACCENT if self.hasFocus() else Role.FIELD_BORDER
        painter.setPen(Qt.PenStyle.NoPen if on and not self.hasFocus() else color(edge))
        painter.drawRoundedRect(box, _HEIGHT / 2, _HEIGHT / 2)
        painter.setPen(theme().tone(self._tone) if on else color(Role.TEXT_SECONDARY))
        painter.setFont(self.font())
        inner = box.adjusted(10, 0, -10, 0)
        if self._removable:
            cross = QRectF(inner.right() - 10, box.center().y() - 6, 12, 12)
            paint_icon(painter, cross, "x", theme().tone(self._tone))
            inner.setRight(inner.right() - Size.ICON_SMALL - Space.XS)
        shown = QFontMetricsF(self.font()).elidedText(self._words(), Qt.TextElideMode.ElideMiddle, inner.width() + 1)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def _words(self) -> str:
        return self.text() if self._count < 0 else f"{self.text()}  {self._count}"


class ChipBar(QWidget):
    """A row of filter chips; `changed` carries the keys that are on."""

    changed = Signal(tuple)

    def __init__(self, choices: Sequence[tuple[str, str, Tone]] = (), *, exclusive: bool = False) -> None:
        super().__init__()
        self._chips: dict[str, Chip] = {}
        self._exclusive = exclusive
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(Space.XS)
        self.setAccessibleName(translate("ChipBar", "Filters"))
        self.set_choices(choices)

    def set_choices(self, choices: Sequence[tuple[str, str, Tone]]) -> None:
        """(key, words, tone) in order; what was on and is still there stays on."""
        on = set(self.checked())
        for chip in self._chips.values():
            self._row.removeWidget(chip)
            chip.deleteLater()
        self._chips.clear()
        for key, words, tone in choices:
            chip = Chip(words, tone=tone, checkable=True)
            chip.setChecked(key in on)
            chip.clicked.connect(lambda _on=False, k=key: self._clicked(k))
            self._chips[key] = chip
            self._row.addWidget(chip)

    def checked(self) -> tuple[str, ...]:
        return tuple(key for key, chip in self._chips.items() if chip.isChecked())

    def set_checked(self, keys: Sequence[str]) -> None:
        """Just these are on; nobody is told."""
        for key, chip in self._chips.items():
            chip.setChecked(key in keys)

    def clear(self) -> None:
        """None is on; nobody is told."""
        for chip in self._chips.values():
            chip.setChecked(False)

    def set_count(self, key: str, count: int) -> None:
        if key in self._chips:
            self._chips[key].set_count(count)

    def chip(self, key: str) -> Chip:
        return self._chips[key]

    def _clicked(self, key: str) -> None:
        if self._exclusive:
            for other, chip in self._chips.items():
                chip.setChecked(chip.isChecked() and other == key)
        self.changed.emit(self.checked())
