"""The sidebar's navigation: entries with icon, words and a count, one chosen."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from gui.plain_text import set_tip
from gui.theme import Radius, Role, Size, Space, Text, Tone, color, font, grown, paint_icon, theme
from gui.widgets.painted.mirror import mirrored, side

_HEIGHT, _LEAST_HEIGHT = 34, 28
"""The second where a small window has not room for all."""


class SideNav(QWidget):
    """Entries by key. `chosen` comes for a click or a key of the user; `set_current` is silent."""

    chosen = Signal(str)

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._entries: dict[str, _Entry] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(Space.S, Space.XS, Space.S, Space.S)
        self._column.setSpacing(Space.HAIR)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def add(self, key: str, words: str, icon_name: str, shortcut_hint: str = "") -> None:
        entry = _Entry(words, icon_name, shortcut_hint)
        entry.clicked.connect(lambda _on=False: self.chosen.emit(key))
        entry.stepped.connect(lambda step: self._step(key, step))
        self._entries[key] = entry
        self._group.addButton(entry)
        self._column.addWidget(entry)

    def add_filler(self, filler: QWidget) -> None:
        """It takes the room that is left; what follows goes to the bottom."""
        self._column.addWidget(filler, 1)
        self._column.addSpacing(Space.S)

    def set_current(self, key: str) -> None:
        if key in self._entries:
            self._entries[key].setChecked(True)

    def current(self) -> str:
        return next((key for key, entry in self._entries.items() if entry.isChecked()), "")

    def set_count(self, key: str, count: int, tone: Tone = Tone.NEUTRAL) -> None:
        """The number beside an entry; nought hides it."""
        self._entries[key].set_count(count, tone)

    def set_offered(self, key: str, *, on: bool) -> None:
        """An entry that is not offered takes no room."""
        self._entries[key].setVisible(on)

    def offers(self, key: str) -> bool:
        return not self._entries[key].isHidden()

    def _step(self, key: str, step: int) -> None:
        keys = [each for each, entry in self._entries.items() if not entry.isHidden()]
        target = keys[(keys.index(key) + step) % len(keys)]
        entry = self._entries[target]
        entry.setFocus(Qt.FocusReason.TabFocusReason)
        entry.setChecked(True)
        self.chosen.emit(target)


class _Entry(QAbstractButton):
    stepped = Signal(int)

    def __init__(self, words: str, icon_name: str, shortcut_hint: str) -> None:
        super().__init__()
        self.setText(words)
        self.setCheckable(True)
        self.setAccessibleName(words)
        set_tip(self, f"{words}  {shortcut_hint}".strip() if shortcut_hint else "")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumHeight(grown(_LEAST_HEIGHT))
        self.setMaximumHeight(grown(_HEIGHT))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._icon = icon_name
        self._count = 0
        self._tone = Tone.NEUTRAL
        theme().changed.connect(self.update)

    def set_count(self, count: int, tone: Tone) -> None:
        if (count, tone) != (self._count, self._tone):
            self._count, self._tone = count, tone
            self.setAccessibleDescription(str(count) if count else "")
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(grown(Size.SIDEBAR) - 2 * Space.S, grown(_HEIGHT))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step:
            self.stepped.emit(step)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked()
        back = Role.SELECTED if on else (Role.HOVER if self.underMouse() else None)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(color(Role.ACCENT) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(color(back) if back is not None else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, Radius.MEDIUM, Radius.MEDIUM)
        ink = color(Role.ACCENT if on else Role.TEXT_SECONDARY)
        sign = QRectF(10, (self.height() - 18) / 2, 18, 18)
        whole, mirror = QRectF(self.rect()), self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        paint_icon(painter, mirrored(sign, whole) if mirror else sign, self._icon, ink)
        painter.setFont(font(Text.STRONG if on else Text.BODY))
        painter.setPen(color(Role.ACCENT if on else Role.TEXT))
        words = QRectF(sign.right() + 10, 0, self.width() - sign.right() - 50, self.height())
        start = side(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, mirror=mirror)
        painter.drawText(mirrored(words, whole) if mirror else words, start, self.text())
        if self._count:
            painter.setFont(font(Text.SMALL, tabular=True))
            tinted = self._tone not in (Tone.NEUTRAL, Tone.MUTED)
            painter.setPen(theme().tone(self._tone) if tinted else color(Role.TEXT_MUTED))
            right = QRectF(0, 0, self.width() - 12, self.height())
            end = side(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, mirror=mirror)
            painter.drawText(mirrored(right, whole) if mirror else right, end, str(self._count))
