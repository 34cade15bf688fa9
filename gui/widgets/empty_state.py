"""What a list shows when there is nothing in it: what this is, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.theme import Role, Size, Space, Text, Tone, color, paint_icon, theme
from gui.widgets.labels import label

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractButton


class EmptyState(QWidget):
    """A picture, a sentence, a hint, and buttons, in the middle of the room it gets."""

    def __init__(self, icon_name: str = "", title: str = "", hint: str = "") -> None:
        super().__init__()
        self._picture = _Picture(icon_name)
        self._title = label(title, Text.TITLE)
        self._hint = label(hint, Text.BODY, Tone.NEUTRAL, wrap=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._hint.setMaximumWidth(440)
        self._hint.setMinimumWidth(280)
        self._faces: list[tuple[QAbstractButton, str]] = []
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(Space.S)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
        column.setSpacing(Space.S)
        column.addStretch(2)
        column.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(Space.S)
        column.addWidget(self._title, 0, Qt.AlignmentFlag.AlignHCenter)
        # Between stretches, not aligned: only so does the layout ask how high the hint is at the width it gets.
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self._hint, 100)
        middle.addStretch(1)
        column.addLayout(middle)
        column.addSpacing(Space.S)
        column.addLayout(self._buttons)
        self._buttons.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set(self, icon_name: str, title: str, hint: str = "", face: str = "") -> None:
        """Say it anew, with the buttons that were added for this face."""
        self._picture.set_icon(icon_name)
        self._title.setText(title)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.setAccessibleName(title)
        for made, where in self._faces:
            made.setVisible(where == face)

    def add_button(self, made: QAbstractButton, face: str = "") -> None:
        """Offer it on one face; "" is the first."""
        self._faces.append((made, face))
        self._buttons.addWidget(made)
        made.setVisible(not face)


class _Picture(QWidget):
    """An icon on a soft disc."""

    def __init__(self, icon_name: str) -> None:
        super().__init__()
        self._icon = icon_name
        self.setFixedSize(QSize(Size.ICON_HERO * 2, Size.ICON_HERO * 2))
        theme().changed.connect(self.update)

    def set_icon(self, icon_name: str) -> None:
        self._icon = icon_name
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(Role.NEUTRAL_SOFT))
        painter.drawEllipse(self.rect())
        if self._icon:
            edge = Size.ICON_HERO // 2
            paint_icon(painter, self.rect().adjusted(edge, edge, -edge, -edge), self._icon, color(Role.TEXT_MUTED))
