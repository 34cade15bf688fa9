"""One project: its services, their merged log, its file and its past; up, down and back by a plan to accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from engine.types.projects import UpProject
from gui.actions.projects import source_of
from gui.models.projects import runs_model, services_model
from gui.pages.log.panel import LogPanel
from gui.pages.project.editor import ComposeEditor
from gui.presentation import projects as words
from gui.theme import Size, Space
from gui.widgets.badge import Badge
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.cells import TextCell
from gui.widgets.empty_state import EmptyState
from gui.widgets.page_header import PageHeader
from gui.widgets.segmented import Segmented
from gui.widgets.table import Table
from gui.words import translate

if TYPE_CHECKING:
    from gui.presentation.projects import ProjectRow
    from gui.shell import Shell


class ProjectDetails(QWidget):
    """`show_row` for another project, `refresh` when it has changed; `left` goes back to the list."""

    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.row: ProjectRow | None = None
        self._make_header()
        self.services = services_model(self)
        self.runs = runs_model(self)
        self.table = self._make_services()
        self.past = self._make_past()
        self.log = LogPanel(shell)
        self.file = ComposeEditor(shell)
        self.file.review_wanted.connect(lambda: shell.run(self._review()))
        self._no_log = EmptyState("logs", translate("ProjectDetails", "Nothing runs yet, so there is no log"), "")
        self._stack = QStackedWidget()
        for widget in (self.table, self.log, self.file, self.past, self._no_log):
            self._stack.addWidget(widget)
        bar = QHBoxLayout()
        bar.setContentsMargins(Space.XL, Space.S, Space.L, Space.S)
        bar.addWidget(self.tabs)
        bar.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addLayout(bar)
        column.addWidget(self._stack, 1)

    # --- building ---

    def _make_header(self) -> None:
        shell = self._shell
        self.header = PageHeader("")
        self.header.add_leading(
            tool_button("arrow-left", translate("ProjectDetails", "Back to the projects"), self.left.emit)
        )
        self.badge = Badge()
        self.header.add(self.badge)
        self._bound = []
        self.buttons = {}
        for action_id, variant in (
            ("project.roll-back", Variant.GHOST),
            ("project.down", Variant.DEFAULT),
            ("project.up", Variant.PRIMARY),
        ):
            bound = shell.verbs.bind(shell, action_id, self, self._subjects)
            knob = button(bound.text(), bound.action.icon, variant, bound.trigger)
            knob.setObjectName(action_id)
            bound.enabledChanged.connect(knob.setEnabled)
            knob.setEnabled(bound.isEnabled())
            self.header.add(knob)
            self._bound.append(bound)
            self.buttons[action_id] = knob
        self.tabs = Segmented(
            (
                ("services", translate("ProjectDetails", "Services")),
                ("log", translate("ProjectDetails", "Log")),
                ("file", translate("ProjectDetails", "File")),
                ("history", translate("ProjectDetails", "History")),
            ),
            translate("ProjectDetails", "What to show"),
        )
        self.tabs.changed.connect(self.show_tab)

    def _make_services(self) -> Table:
        table = Table(translate("ProjectDetails", "Services"), row_height=48, multi=False)
        table.setModel(self.services)
        table.setSortingEnabled(False)
        painters = {0: TextCell(strong=True), 1: TextCell(), 2: TextCell(secondary=True), 3: TextCell(code=True),
                    4: TextCell(secondary=True)}  # fmt: skip
        table.set_columns(painters, {1: 170, 2: 110, 3: 150, 4: 220}, stretch=0, droppable=(4, 2))
        nothing = translate("ProjectDetails", "It is not up")
        hint = translate("ProjectDetails", "Up shows what would be made before anything happens.")
        table.set_empty_state(EmptyState("layers", nothing, hint))
        table.activated_key.connect(lambda key: self._shell.navigate("containers", key))
        return table

    def _make_past(self) -> Table:
        table = Table(translate("ProjectDetails", "History"), row_height=Size.ROW, multi=False)
        table.setModel(self.runs)
        table.setSortingEnabled(False)
        painters = {0: TextCell(), 1: TextCell(secondary=True), 2: TextCell()}
        table.set_columns(painters, {0: 190, 1: 220}, stretch=2)
        nothing = translate("ProjectDetails", "It was not brought up here yet")
        table.set_empty_state(EmptyState("history", nothing, ""))
        return table

    # --- showing ---

    def show_row(self, row: ProjectRow) -> None:
        """Another project, or the same again."""
        if self.row is None or self.row.project.name != row.project.name or self.row.source != row.source:
            self.log.forget()
            self.services.set_items(())
            self.runs.set_items(())
            self.row = row
            self._shell.run(self._load_file(row))
        self.refresh(row)
        self.resume()

    def refresh(self, row: ProjectRow) -> None:
        """Its containers or figures are others; a log goes on undisturbed unless it is of other containers now."""
        before, self.row = self.row, row
        self.header.set_title(row.project.name)
        self.header.set_subtitle(", ".join(row.project.files) or row.project.directory)
        self.badge.set(words.running_text(row), words.project_tone(row), dot=True)
        ordered = sorted(row.containers, key=lambda one: (words.service_of(one), one.name))
        self.services.set_items((one.id, one) for one in ordered)
        for bound in self._bound:
            bound.refresh()
        if before is None or [one.id for one in before.containers] != [one.id for one in row.containers]:
            self.resume()

    def resume(self) -> None:
        """In sight again, or something ended that leaves a trace: what the tab shows is brought up to date."""
        self.show_tab(self.tabs.current())

    def show_tab(self, tab: str) -> None:
        """ "services", "log", "file" or "history"."""
        self.tabs.set_current(tab)
        faces = {"services": self.table, "log": self.log, "file": self.file, "history": self.past}
        if tab != "log":
            self.log.suspend()
        elif self.row is not None:
            self._show_log(self.row)
            if not self.row.containers:
                self._stack.setCurrentWidget(self._no_log)
                return
        self.reload_past()
        self._stack.setCurrentWidget(faces[tab])

    def reload_past(self) -> None:
        if self.tabs.current() == "history" and self.row is not None:
            self._shell.run(self._load_past(self.row.project.name))

    def suspend(self) -> None:
        """Out of sight: nothing streams."""
        self.log.suspend()

    def _show_log(self, row: ProjectRow) -> None:
        """All containers in one, each in its colour."""
        ids = [one.id for one in row.containers]
        if not ids or not self.isVisible():
            self.log.suspend()
            return
        self.log.set_source_styles({one.id: (one.name, at) for at, one in enumerate(row.containers)})
        self.log.show_log(f"merged:{','.join(ids)}" if len(ids) > 1 else ids[0], row.project.name)

    async def _load_past(self, name: str) -> None:
        runs = await self._shell.client.call(lambda engine: engine.projects.history(name))
        if self.row is not None and self.row.project.name == name:
            self.runs.set_items((run.id, run) for run in reversed(runs))

    async def _load_file(self, row: ProjectRow) -> None:
        source = await source_of(self._shell, row)
        if self.row is None or self.row.project.name != row.project.name:
            return
        before = self.file.source
        if before is not None and source is not None and before.files != source.files:
            if not await self.file.may_leave():
                return
        self.file.show_source(source)

    # --- deeds ---

    def _subjects(self) -> list[ProjectRow]:
        return [self.row] if self.row is not None else []

    async def _review(self) -> None:
        if self.row is not None and self.file.source is not None:
            self._shell.open_dialog("project-plan", request=UpProject(source=self.file.source))
