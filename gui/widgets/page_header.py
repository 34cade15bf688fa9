"""The top of every page: title, a quiet count beside it, and the page's actions at the right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QWidget

from gui.theme import Role, Size, Space, Text, grown
from gui.widgets.labels import ElidedLabel


class PageHeader(QFrame):
    """Title and subtitle at the left, widgets added with `add` at the right."""

    def __init__(self, title: str, subtitle: str = "") -> None:
        super().__init__()
        self.setProperty("role", "topbar")
        self.setFixedHeight(grown(Size.TOPBAR))
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, 0, Space.L, 0)
        row.setSpacing(Space.S)
        self._title = ElidedLabel(title, Text.TITLE, least=18)
        self._title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._subtitle = ElidedLabel(subtitle, Text.BODY, Role.TEXT_MUTED, Qt.TextElideMode.ElideRight, least=0)
        self._subtitle.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row.addWidget(self._title)
        row.addSpacing(Space.XS)
        row.addWidget(self._subtitle)
        row.addStretch(1)
        self._row = row
        self._right = QHBoxLayout()
        self._right.setSpacing(Space.S)
        row.addLayout(self._right)

    def set_title(self, title: str) -> None:
        self._title.set_text(title)

    def set_subtitle(self, subtitle: str) -> None:
        self._subtitle.set_text(subtitle)

    def add(self, widget: QWidget, *, first: bool = False) -> None:
        """At the right; `first` puts it before what is there."""
        self._right.insertWidget(0 if first else self._right.count(), widget)

    def add_leading(self, widget: QWidget) -> None:
        """In front of the title: a way back."""
        self._row.insertWidget(0, widget)
