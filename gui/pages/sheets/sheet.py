"""What every sheet of the settings is: a column of cards of a readable width, brought up to date when shown."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui.theme import Space

if TYPE_CHECKING:
    from gui.shell import Shell


_WIDTH = 860


class Sheet(QScrollArea):
    """One sheet: a column of cards of a readable width."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self.shell = shell
        self.client = shell.client
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        inside = QWidget()
        self.setWidget(inside)
        row = QHBoxLayout(inside)
        row.setContentsMargins(Space.XL, Space.L, Space.XL, Space.XL)
        box = QWidget()
        box.setMaximumWidth(_WIDTH)
        row.addWidget(box, 10)
        row.addStretch(1)
        self.column = QVBoxLayout(box)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(Space.L)
        self.build()
        self.column.addStretch(1)

    @abstractmethod
    def build(self) -> None:
        """Make its cards, once."""

    async def load(self) -> None:
        """Bring what comes from the engine up to date."""


def clear_rows(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
