"""The front of a page that has several lists: a choice between them, the search of each, and a banner above."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from gui.theme import Space, Tone
from gui.widgets.banner import Banner
from gui.widgets.layouts import flush_column
from gui.widgets.segmented import Segmented

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.widgets.page_header import PageHeader


class Faces(QWidget):
    """Lists are added in the order of the choices."""

    def __init__(self, header: PageHeader, choices: Sequence[tuple[str, str]], name: str) -> None:
        super().__init__()
        self.chosen = Segmented(choices, name)
        self._bodies, self._searches = QStackedWidget(), QStackedWidget()
        self._searches.setMaximumHeight(self.chosen.sizeHint().height() + Space.XS)
        strip = QHBoxLayout()
        strip.setContentsMargins(Space.XL, Space.S, Space.L, Space.S)
        strip.setSpacing(Space.S)
        strip.addWidget(self.chosen)
        strip.addStretch(1)
        strip.addWidget(self._searches)
        self.banner = Banner(Tone.WARNING)
        # Its distance to the table goes with it.
        self.above = QWidget()
        above = QHBoxLayout(self.above)
        above.setContentsMargins(Space.XL, 0, Space.L, Space.S)
        above.addWidget(self.banner)
        self.above.hide()
        column = flush_column(self)
        column.addWidget(header)
        column.addLayout(strip)
        column.addWidget(self.above)
        column.addWidget(self._bodies, 1)

    def add(self, body: QWidget, search: QWidget | None = None) -> None:
        self._bodies.addWidget(body)
        self._searches.addWidget(search or QWidget())

    def show_number(self, number: int) -> None:
        self._bodies.setCurrentIndex(number)
        self._searches.setCurrentIndex(number)
