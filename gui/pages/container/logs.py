"""The log of a container: its own, or that of all containers that ever had its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from engine.types.data import HISTORY
from gui.pages.container.tab import DetailTab
from gui.pages.log.panel import LogPanel
from gui.plain_text import set_tip
from gui.widgets.chips import Chip
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.containers import Container
    from gui.shell import Shell


class LogsTab(DetailTab):
    """A log panel, and a switch for earlier runs where there were some."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._container: Container | None = None
        self.panel = LogPanel(shell)
        self.earlier = Chip(translate("Logs", "Earlier runs"), checkable=True)
        set_tip(self.earlier, translate("Logs", "Also the logs of removed containers that had this name"))
        self.earlier.hide()
        self.earlier.toggled.connect(lambda _on: self._show())
        self.panel.tools.insertWidget(self.panel.tools.indexOf(self.panel.levels) + 1, self.earlier)
        self.panel.view.line_clicked.connect(lambda _index, time_ns: self.time_marked.emit(time_ns))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)

    def resume(self, container: Container) -> None:
        fresh = self._container is None or self._container.id != container.id
        self._container = container
        if fresh:
            self.earlier.setChecked(False)
            self.earlier.hide()
        self._show()
        self.shell.run(self._look_for_earlier(container))

    def suspend(self) -> None:
        super().suspend()
        self.panel.suspend()

    def forget(self) -> None:
        self._container = None
        self.panel.forget()

    def show_time(self, time_ns: int) -> None:
        self.panel.show_time(time_ns)

    def _show(self) -> None:
        if self._container is not None:
            name = HISTORY + self._container.name if self.earlier.isChecked() else self._container.id
            self.panel.show_log(name, self._container.name)

    async def _look_for_earlier(self, container: Container) -> None:
        names = await self.client.call(lambda engine: engine.logs.history())
        if self._container is not None and self._container.id == container.id:
            self.earlier.setVisible(container.name in names)
