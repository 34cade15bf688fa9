"""Every `up` of a project: what it changed, how its files differ from those before, and back to any of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from gui.models.projects import runs_model
from gui.presentation.projects.words import files_difference
from gui.theme import Size, Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.widgets.texts.diff_view import DiffView
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.projects import ProjectRun
    from gui.shell import Shell


class PastView(QWidget):
    """`load` asks for the runs of a project."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._project = ""
        self._runs: tuple[ProjectRun, ...] = ()
        self._shown: ProjectRun | None = None
        self.model = runs_model(self)
        self.table = Table(translate("ProjectDetails", "History"), row_height=Size.ROW, multi=False)
        self.table.setModel(self.model)
        self.table.setSortingEnabled(False)
        painters = {0: TextCell(), 1: TextCell(secondary=True), 2: TextCell()}
        self.table.set_columns(painters, {0: 190, 1: 220}, stretch=2)
        nothing = translate("ProjectDetails", "It was not brought up here yet")
        self.table.set_empty_state(EmptyState("history", nothing, ""))
        self.table.keys_selected.connect(lambda keys: shell.run(self._show(keys[0] if keys else "")))
        self.difference = DiffView(translate("ProjectPast", "What changed in the files"))
        self.back = button(
            translate("ProjectPast", "Back to this…"), "history", Variant.DEFAULT, lambda: shell.run(self._go_back())
        )
        body = QSplitter(Qt.Orientation.Vertical)
        body.setChildrenCollapsible(False)
        body.addWidget(self.table)
        self._lower = self._make_lower()
        body.addWidget(self._lower)
        body.setStretchFactor(0, 2)
        body.setStretchFactor(1, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(body)

    def _make_lower(self) -> QWidget:
        lower = QWidget()
        head = QHBoxLayout()
        head.setContentsMargins(Space.XL, Space.XS, Space.L, Space.XS)
        head.addWidget(label(translate("ProjectPast", "What changed in the files"), Text.STRONG))
        head.addStretch(1)
        head.addWidget(self.back)
        column = flush_column(lower)
        column.addLayout(head)
        column.addWidget(self.difference, 1)
        lower.hide()
        return lower

    def clear(self) -> None:
        self._project, self._runs, self._shown = "", (), None
        self.model.set_items(())
        self._lower.hide()

    async def load(self, name: str) -> None:
        self._project = name
        runs = await self._shell.client.call(lambda engine: engine.projects.history(name))
        if name != self._project:
            return
        self._runs = tuple(runs)
        self.model.set_items((run.id, run) for run in reversed(runs))
        if self._shown is None and runs:
            await self._show(runs[-1].id)

    async def _show(self, key: str) -> None:
        at = next((at for at, run in enumerate(self._runs) if run.id == key), None)
        self._lower.setVisible(at is not None)
        if at is None:
            return
        run = self._shown = self._runs[at]
        before = self._runs[at - 1] if at else None
        told = await asyncio.to_thread(files_difference, before, run)
        if self._shown is run:
            self.difference.set_diff(told) if told else self.difference.set_message(
                translate("ProjectPast", "The files were the same as at the time before.")
            )
        self.back.setEnabled(run.failure is None and run.ended is not None)

    async def _go_back(self) -> None:
        run = self._shown
        if run is None:
            return
        if not run.request.source.texts:
            self._shell.toast(translate("ProjectPast", "The files of that time were not kept."), Tone.WARNING)
            return
        request = msgspec.structs.replace(run.request, services=(), build=False, pull="missing", recreate="changed")
        self._shell.open_dialog("project-plan", request=request, back_to=self._project)
