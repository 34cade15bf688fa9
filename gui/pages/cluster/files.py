"""The files of a pod's container, in the pane that containers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.types.clusters import PodPlace
from gui.pages.files.browser import FileBrowser
from gui.theme import Space
from gui.widgets.elided_combo import ElidedCombo
from gui.words import translate

if TYPE_CHECKING:
    from gui.presentation.remote.clusters import ClusterRow
    from gui.shell import Shell


class ClusterFiles(QWidget):
    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._row: ClusterRow | None = None
        self.browser = FileBrowser(shell)
        self.container = ElidedCombo(translate("ClusterFiles", "Container"))
        self.container.setMinimumWidth(180)
        self.container.activated.connect(lambda _index: self._show())
        self._strip = QWidget()
        strip = QHBoxLayout(self._strip)
        strip.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        strip.addWidget(self.container)
        strip.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._strip)
        column.addWidget(self.browser, 1)

    def show_pod(self, row: ClusterRow) -> None:
        """Another one, or the same as it was left."""
        fresh = self._row is None or (self._row.context, self._row.key) != (row.context, row.key)
        self._row = row
        if fresh:
            self.container.clear()
            for name in row.containers:
                self.container.addItem(name)
            self._strip.setVisible(len(row.containers) > 1)
            self._show()

    def forget(self) -> None:
        self._row = None
        self.browser.clear()

    def _show(self) -> None:
        if self._row is not None:
            place = PodPlace(
                context=self._row.context, namespace=self._row.namespace, target=self._row.target,
                container=self.container.currentText(),
            )  # fmt: skip
            self.browser.show_place(place, self._row.name)
