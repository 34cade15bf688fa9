"""What runs inside a container, as the host sees it; each process can be sent a signal."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QMenu

from engine.errors import WherryError
from engine.types.containers import ALIVE_STATES, Process
from gui.models import Column, FilteredModel, KeyedTableModel
from gui.pages.container.tab import DetailTab
from gui.presentation.units import ago_text, duration_text, memory_text, percent_text
from gui.shell import Confirmation
from gui.theme import Size, Space, Text, Tone
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.widgets.search_field import SearchField
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container
    from gui.shell import Shell

_SECONDS = 2
_SIGNALS = ("TERM", "INT", "HUP", "USR1", "USR2", "STOP", "CONT", "KILL")


def _columns() -> tuple[Column[Process], ...]:
    return (
        Column(
            "pid",
            translate("Processes", "PID"),
            lambda p: str(p.container_pid),
            lambda p: p.container_pid,
            tooltip=lambda p: translate("Processes", "{0} on the host").format(p.pid),
            right=True,
        ),
        Column("user", translate("Processes", "User"), lambda p: p.user or str(p.uid)),
        Column(
            "cpu",
            translate("Processes", "CPU"),
            lambda p: percent_text(p.cpu_percent),
            lambda p: p.cpu_percent,
            right=True,
        ),
        Column(
            "time",
            translate("Processes", "CPU time"),
            lambda p: duration_text(p.cpu_seconds),
            lambda p: p.cpu_seconds,
            right=True,
        ),
        Column(
            "memory",
            translate("Processes", "Memory"),
            lambda p: memory_text(p.memory),
            lambda p: p.memory,
            right=True,
        ),
        Column(
            "started",
            translate("Processes", "Started"),
            lambda p: ago_text(p.started),
            lambda p: p.started.timestamp(),
        ),
        Column("command", translate("Processes", "Command"), lambda p: p.command, tooltip=lambda p: p.command),
    )


class ProcessesTab(DetailTab):
    """A table that is read again every two seconds while it is seen."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._container: Container | None = None
        self._asking = False
        self.model = KeyedTableModel(_columns(), parent=self)
        self.filtered = FilteredModel(self)
        self.filtered.setSourceModel(self.model)
        self.table = Table(translate("Processes", "Processes"), row_height=Size.ROW_COMPACT)
        self.table.setModel(self.filtered)
        self.table.set_columns(
            {6: TextCell(code=True), 1: TextCell(secondary=True), 5: TextCell(secondary=True)},
            {0: 84, 1: 100, 2: 80, 3: 90, 4: 90, 5: 110},
            stretch=6,
        )
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.menu_wanted.connect(self._show_menu)
        self._empty = EmptyState("process")
        self.table.set_empty_state(self._empty)
        column = flush_column(self)
        tools = QHBoxLayout()
        tools.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        search = SearchField(translate("Processes", "Filter"))
        search.changed.connect(self.filtered.set_query)
        tools.addWidget(search)
        tools.addStretch(1)
        self._count = label("", Text.SMALL, Tone.MUTED)
        tools.addWidget(self._count)
        column.addLayout(tools)
        column.addWidget(self.table, 1)
        self._timer = QTimer(self, interval=_SECONDS * 1000)
        self._timer.timeout.connect(self._ask)

    def resume(self, container: Container) -> None:
        self.refresh(container)
        self._timer.start()
        self._ask()

    def refresh(self, container: Container) -> None:
        self._container = container
        if container.state not in ALIVE_STATES:
            self.model.set_items(())
            self._count.setText("")
            title = translate("Processes", "{0} is not running").format(container.name)
            self._empty.set("process", title, translate("Processes", "A stopped container has no processes."))

    def suspend(self) -> None:
        super().suspend()
        self._timer.stop()

    def _ask(self) -> None:
        if not self._asking and self._container is not None and self._container.state in ALIVE_STATES:
            self._asking = True
            self.shell.run(self._load(self._container.id))

    async def _load(self, key: str) -> None:
        try:
            processes: Sequence[Process] = await self.client.call(lambda engine: engine.containers.processes(key))
        except WherryError:
            return  # it has just ended; the container's own change tells so
        finally:
            self._asking = False
        if self._container is not None and self._container.id == key:
            self.model.set_items((str(process.pid), process) for process in processes)
            words = translate("Processes", "%n processes", None, len(processes))
            self._count.setText(words)

    def _on_signal(self, keys: list[str], name: str) -> None:
        self.shell.run(self._send(keys, name))

    def _show_menu(self, keys: list[str], place: QPoint) -> None:
        menu = QMenu(self)
        for name in _SIGNALS:
            menu.addAction(
                translate("Processes", "Send {0}").format(f"SIG{name}"),
                partial(self._on_signal, keys, name),
            )
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    async def _send(self, keys: list[str], name: str) -> None:
        container = self._container
        if container is None:
            return
        if name == "KILL":
            commands = tuple(p.command for key in keys if (p := self.model.item(key)) is not None)
            question = Confirmation(
                title=translate("Processes", "Kill at once?"),
                text=translate("Processes", "What it has not written yet is lost."),
                accept=translate("Processes", "Kill"),
                details=commands,
            )
            if await self.shell.confirm(question) is None:
                return
        for key in keys:
            pid = int(key)
            await self._send_one(container.id, pid, name)
        self._ask()

    async def _send_one(self, container_id: str, pid: int, name: str) -> None:
        await self.client.call(lambda engine: engine.containers.signal_process(container_id, pid, name))
