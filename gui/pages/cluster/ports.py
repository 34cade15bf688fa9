"""The ports of this computer that lead into pods: which, whereto, how busy; and the end of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from gui.models.clusters import forwards_model
from gui.theme import Space
from gui.widgets.buttons import Variant, button
from gui.widgets.empty_state import EmptyState
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.clusters import Forward
    from gui.shell import Shell

_LOOK_MS = 2_000


class PortsList(QWidget):
    """Looked at every other second while it is seen: only this window and the command line make any."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.model = forwards_model(self)
        self.table = Table(translate("ClusterPorts", "Forwarded ports"), row_height=48)
        self.table.setModel(self.model)
        self.table.setSortingEnabled(False)
        painters = {0: TextCell(strong=True), 1: TextCell(), 2: TextCell(tabular=True), 3: TextCell(tabular=True)}
        self.table.set_columns(painters, {0: 220, 2: 120, 3: 130}, stretch=1)
        self.table.set_empty_state(
            EmptyState(
                "plug", translate("ClusterPorts", "No port is forwarded"),
                translate("ClusterPorts", "Choose a pod, a service or a workload and “Forward a port…”: its port then "
                                          "answers on this computer, for as long as Wherry runs."),
            )
        )  # fmt: skip
        self.table.menu_wanted.connect(self._show_menu)
        self.table.activated_key.connect(self._open)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self.end = button(translate("ClusterPorts", "Stop forwarding"), "unplug", Variant.DEFAULT, self._stop_chosen)
        self.end.setEnabled(False)
        self.table.keys_selected.connect(lambda keys: self.end.setEnabled(bool(keys)))
        row = QHBoxLayout()
        row.setContentsMargins(Space.XL, Space.S, Space.L, Space.S)
        row.addStretch(1)
        row.addWidget(self.end)
        column = flush_column(self)
        column.addWidget(self.table, 1)
        column.addLayout(row)

    def resume(self) -> None:
        self.look()
        self._timer.start()

    def rest(self) -> None:
        self._timer.stop()

    def look(self) -> None:
        self._shell.run(self._look())

    async def _look(self) -> None:
        found: Sequence[Forward] = await self._shell.client.call(lambda engine: engine.clusters.forwards())
        self.model.set_items((one.id, one) for one in found)

    def _chosen(self) -> list[Forward]:
        return [one for key in self.table.selected_keys() if (one := self.model.item(key)) is not None]

    def _open(self, key: str) -> None:
        one = self.model.item(key)
        if one is not None:
            QDesktopServices.openUrl(QUrl(f"http://127.0.0.1:{one.local_port}/"))

    def _show_menu(self, _keys: list[str], place: QPoint) -> None:
        chosen = self._chosen()
        menu = QMenu(self)
        if len(chosen) == 1:
            one = chosen[0]
            menu.addAction(translate("ClusterPorts", "Open in the browser"), lambda: self._open(one.id))
            address = f"127.0.0.1:{one.local_port}"
            menu.addAction(translate("ClusterPorts", "Copy the address"),
                           lambda: QGuiApplication.clipboard().setText(address))  # fmt: skip
            menu.addSeparator()
        menu.addAction(translate("ClusterPorts", "Stop forwarding"), self._stop_chosen)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def _stop_chosen(self) -> None:
        self._shell.run(self.stop(self._chosen()))

    async def stop(self, chosen: Sequence[Forward]) -> None:
        for one in chosen:
            await self._shell.client.call(lambda engine, key=one.id: engine.clusters.stop_forward(key))  # type: ignore[misc]
        await self._look()
        self._shell.toast(translate("ClusterPorts", "No longer forwarded"))
