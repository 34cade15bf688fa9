"""Surfaces: a bordered card with an optional title row, and the hairline that separates."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.theme import Space, Text, Tone
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column


class Card(QFrame):
    """A titled surface; put content into `body`, buttons into `action_row`."""

    def __init__(self, title: str = "", subtitle: str = "", *, padded: bool = True, role: str = "card") -> None:
        super().__init__()
        self.setProperty("role", role)
        outer = flush_column(self)
        self.action_row = QHBoxLayout()
        self.action_row.setSpacing(Space.XS)
        self.title = label(title, Text.STRONG)
        self.subtitle = label(subtitle, Text.SMALL, Tone.MUTED)
        if title:
            self.setAccessibleName(title)
            top = QWidget()
            top.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            header = QHBoxLayout(top)
            header.setContentsMargins(Space.L, Space.M, Space.M, 0 if padded else Space.M)
            header.setSpacing(Space.S)
            header.addWidget(self.title)
            header.addWidget(self.subtitle)
            header.addStretch(1)
            header.addLayout(self.action_row)
            outer.addWidget(top)
            if not padded:
                outer.addWidget(rule())
        self.body = QVBoxLayout()
        edge = Space.L if padded else 0
        self.body.setContentsMargins(edge, Space.M if padded else 0, edge, edge)
        self.body.setSpacing(Space.S)
        outer.addLayout(self.body, 1)


def rule(parent: QWidget | None = None, *, vertical: bool = False) -> QFrame:
    """A hairline."""
    line = QFrame(parent)
    line.setProperty("role", "rule")
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line
