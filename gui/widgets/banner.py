"""A message that stays: what happened, why, and the buttons that mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from gui.theme import Radius, Size, Space, Text, Tone, mono, paint_icon, theme
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.labels import label
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

_ICONS = {
    Tone.DANGER: "error",
    Tone.WARNING: "warning",
    Tone.SUCCESS: "check-circle",
    Tone.INFO: "info",
    Tone.ACCENT: "info",
    Tone.NEUTRAL: "info",
    Tone.MUTED: "info",
}


class Banner(QWidget):
    """Title, explanation, hint, buttons, and details folded away for experts."""

    closed = Signal()

    def __init__(self, tone: Tone = Tone.INFO, title: str = "", text: str = "", *, closable: bool = False) -> None:
        super().__init__()
        self._tone = tone
        outer = QVBoxLayout(self)
        outer.setContentsMargins(Space.M + Size.ICON + Space.S, Space.M, Space.S, Space.M)
        outer.setSpacing(Space.XS)
        top = QHBoxLayout()
        self._title = label(title, Text.STRONG, wrap=True)
        top.addWidget(self._title, 1)
        self._close = tool_button("x", translate("Banner", "Close"), self._dismiss)
        self._close.setVisible(closable)
        top.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        outer.addLayout(top)
        self._text = label(text, Text.BODY, Tone.NEUTRAL, wrap=True)
        outer.addWidget(self._text)
        self._actions_box = QWidget()
        self._actions = FlowLayout(self._actions_box, Space.S)
        outer.addWidget(self._actions_box)
        self._details = QPlainTextEdit(readOnly=True)
        self._details.setFont(mono(Text.SMALL))
        self._details.setMaximumHeight(140)
        self._details.setAccessibleName(translate("Banner", "Details"))
        outer.addWidget(self._details)
        self.show_message(tone, title, text)
        theme().changed.connect(self.update)

    def show_message(self, tone: Tone, title: str, text: str = "", details: str = "") -> None:
        """Replace all that is said; buttons go too."""
        self._tone = tone
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._actions.clear()
        self._actions_box.hide()
        self._details.setPlainText(details)
        self._details.hide()
        self.setAccessibleName(f"{title} {text}".strip())
        if details:
            self.add_action(translate("Banner", "Details"), self._toggle_details, Variant.LINK)
        self.update()

    def add_action(self, words: str, act: Callable[[], object], variant: Variant = Variant.DEFAULT) -> None:
        """A button that mends it."""
        self._actions.addWidget(button(words, variant=variant, on_click=act))
        self._actions_box.show()

    def _toggle_details(self) -> None:
        self._details.setVisible(self._details.isHidden())

    def _dismiss(self) -> None:
        self.hide()
        self.closed.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().tone_soft(self._tone))
        painter.drawRoundedRect(QRectF(self.rect()), Radius.MEDIUM, Radius.MEDIUM)
        title, line = self._title.geometry(), self._title.fontMetrics().height()
        one_line = (
            title.height() < 2 * line or self._title.fontMetrics().horizontalAdvance(self._title.text()) < title.width()
        )
        middle = title.center().y() + 1 if one_line else title.top() + line / 2
        sign = QRectF(Space.M, middle - Size.ICON / 2, Size.ICON, Size.ICON)
        paint_icon(painter, sign, _ICONS[self._tone], theme().tone(self._tone))
