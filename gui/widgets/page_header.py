"""The top of every page: title, a quiet count beside it, and the page's actions at the right."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from gui.theme import Size, Space, Text, Tone
from gui.widgets.labels import label


class PageHeader(QFrame):
    """Title and subtitle at the left, widgets added with `add` at the right."""

    def __init__(self, title: str, subtitle: str = "") -> None:
        super().__init__()
        self.setProperty("role", "topbar")
        self.setFixedHeight(Size.TOPBAR)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, 0, Space.L, 0)
        row.setSpacing(Space.S)
        self._title = label(title, Text.TITLE)
        self._subtitle = label(subtitle, Text.BODY, Tone.MUTED)
        row.addWidget(self._title)
        row.addSpacing(Space.XS)
        row.addWidget(self._subtitle)
        row.addStretch(1)
        self._row = row

    def set_title(self, title: str) -> None:
        self._title.setText(title)

    def set_subtitle(self, subtitle: str) -> None:
        self._subtitle.setText(subtitle)

    def add(self, widget: QWidget) -> None:
        self._row.addWidget(widget)

    def add_leading(self, widget: QWidget) -> None:
        """In front of the title: a way back."""
        self._row.insertWidget(0, widget)
