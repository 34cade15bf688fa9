"""One project: its services, what they use and say, its file, its storage and its past; all by a plan to accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from engine.types.containers import ALIVE_STATES
from engine.types.logs import merged_name
from engine.types.projects import UpProject
from gui.actions.projects import source_of
from gui.pages.left_behind import LeftBehind
from gui.pages.lists.details_header import DetailsHeader
from gui.pages.lists.figures_together import FiguresTogether, Group
from gui.pages.log.panel import LogPanel
from gui.pages.project.editor import ComposeEditor
from gui.pages.project.past import PastView
from gui.pages.project.services import ServicesView
from gui.pages.project.storage import StorageView
from gui.presentation.projects import words
from gui.theme import Space
from gui.widgets.buttons import Variant
from gui.widgets.empty_state import EmptyState
from gui.widgets.layouts import flush_column
from gui.widgets.painted.badge import Badge
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.containers import Container
    from engine.types.projects import ProjectReading, ReadProject
    from gui.presentation.projects.words import ProjectRow
    from gui.shell import Shell

_MORE = (("project.update", "project.scale", "project.watch"), ("project.add-service", "project.export-as"))


class ProjectDetails(QWidget):
    """`show_row` for another project, `refresh` when it has changed; `left` goes back to the list."""

    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.row: ProjectRow | None = None
        self._make_header()
        self.reading: ProjectReading | None = None
        """What its files say, as they lie on the disk."""
        self.view = ServicesView(shell)
        self.services, self.table = self.view.model, self.view.table
        self.figures: FiguresTogether | None = None
        self.storage = StorageView(shell)
        self.past = PastView(shell)
        self.runs = self.past.model
        self.log = LogPanel(shell)
        self.file = ComposeEditor(shell)
        self.file.review_wanted.connect(lambda: shell.run(self._review()))
        self._no_log = EmptyState("logs", translate("ProjectDetails", "Nothing runs yet, so there is no log"), "")
        self._no_figures = EmptyState(
            "chart", translate("ProjectDetails", "Nothing runs yet, so there are no figures"), ""
        )
        self._stack = QStackedWidget()
        for widget in (self.view, self.log, self.file, self.storage, self.past, self._no_log, self._no_figures):
            self._stack.addWidget(widget)
        bar = QHBoxLayout()
        bar.setContentsMargins(Space.XL, Space.S, Space.L, Space.S)
        bar.addWidget(self.tabs)
        bar.addStretch(1)
        column = flush_column(self)
        column.addWidget(self.header)
        column.addLayout(bar)
        self.left_behind = LeftBehind(shell)
        beside = QHBoxLayout()
        beside.setContentsMargins(Space.XL, 0, Space.L, 0)
        beside.addWidget(self.left_behind)
        column.addLayout(beside)
        column.addWidget(self._stack, 1)

    # --- building ---

    def _make_header(self) -> None:
        back = translate("ProjectDetails", "Back to the projects")
        self.header = DetailsHeader(self._shell, back, self._subjects)
        self.header.left.connect(self.left)
        self.badge = Badge()
        self.header.add(self.badge)
        for action_id, variant in (
            ("project.roll-back", Variant.GHOST),
            ("project.down", Variant.DEFAULT),
            ("project.up", Variant.PRIMARY),
        ):
            self.header.add_button(action_id, variant, self._shell.verbs[action_id].text)
        self.buttons = self.header.knobs
        self.header.add_more(translate("ProjectDetails", "More to do"), *_MORE)
        self.tabs = Segmented(
            (
                ("services", translate("ProjectDetails", "Services")),
                ("figures", translate("ProjectDetails", "Figures")),
                ("log", translate("ProjectDetails", "Log")),
                ("file", translate("ProjectDetails", "File")),
                ("storage", translate("ProjectDetails", "Storage")),
                ("history", translate("ProjectDetails", "History")),
            ),
            translate("ProjectDetails", "What to show"),
        )
        self.tabs.changed.connect(self.show_tab)

    # --- showing ---

    def show_row(self, row: ProjectRow) -> None:
        """Another project, or the same again."""
        if self.row is None or self.row.project.name != row.project.name or self.row.source != row.source:
            self.log.forget()
            self.reading = None
            self.view.clear()
            self.past.clear()
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
        self.view.refresh(row, self.reading)
        self.storage.refresh(row)
        self.header.refresh()
        alive = any(one.state in ALIVE_STATES for one in row.containers)
        self.left_behind.look_at([] if alive else [one.id for one in row.containers])
        if before is None or [one.id for one in before.containers] != [one.id for one in row.containers]:
            self.resume()

    def resume(self) -> None:
        """In sight again, or something ended that leaves a trace: what the tab shows is brought up to date."""
        self.show_tab(self.tabs.current())

    def show_tab(self, tab: str) -> None:
        """ "services", "figures", "log", "file", "storage" or "history"."""
        self.tabs.set_current(tab)
        faces: dict[str, QWidget] = {"services": self.view, "log": self.log, "file": self.file, "storage": self.storage,
                                     "history": self.past}  # fmt: skip
        if tab != "log":
            self.log.suspend()
        if tab != "figures" and self.figures is not None:
            self.figures.suspend()
        if tab == "log" and self.row is not None:
            self._show_log(self.row)
        elif tab == "figures" and self.row is not None:
            faces["figures"] = self._shown_figures(self.row)
        self.reload_past()
        nothing = self.row is not None and not self.row.containers
        self._stack.setCurrentWidget(self._no_log if nothing and tab == "log" else faces.get(tab, self._no_figures))

    def reload_past(self) -> None:
        if self.tabs.current() == "history" and self.row is not None:
            self._shell.run(self.past.load(self.row.project.name))

    def suspend(self) -> None:
        """Out of sight: nothing streams."""
        self.log.suspend()
        if self.figures is not None:
            self.figures.suspend()

    def _shown_figures(self, row: ProjectRow) -> QWidget:
        """One line for each service, which sums its containers; made anew where these are others."""
        groups: dict[str, list[Container]] = {}
        for one in sorted(row.containers, key=lambda one: one.name):
            groups.setdefault(words.service_of(one) or one.name, []).append(one)
        if not groups:
            return self._no_figures
        if self.figures is None or [one.id for one in self.figures.containers] != [
            one.id for name in sorted(groups) for one in groups[name]
        ]:
            if self.figures is not None:
                self.figures.suspend()
                self._stack.removeWidget(self.figures)
                self.figures.deleteLater()
            made = [Group(name, tuple(groups[name])) for name in sorted(groups)]
            self.figures = FiguresTogether(self._shell, made, ("cpu", "memory"))
            self._stack.addWidget(self.figures)
        if self.isVisible():
            self.figures.resume()
        return self.figures

    def _show_log(self, row: ProjectRow) -> None:
        """All containers in one, each in its colour."""
        ids = [one.id for one in row.containers]
        if not ids or not self.isVisible():
            self.log.suspend()
            return
        self.log.set_source_styles({one.id: (one.name, at) for at, one in enumerate(row.containers)})
        self.log.show_log(merged_name(ids), row.project.name)

    async def _load_file(self, row: ProjectRow) -> None:
        source = await source_of(self._shell, row)
        if self.row is None or self.row.project.name != row.project.name:
            return
        before = self.file.source
        if before is not None and source is not None and before.files != source.files:
            if not await self.file.may_leave():
                return
        self.file.show_source(source)
        await self._read(source)

    async def _read(self, source: ReadProject | None) -> None:
        """What the files say of services that are not there yet."""
        if source is None:
            return
        reading = await self._shell.client.call(lambda engine: engine.projects.read(source))
        if self.row is not None and reading.project == self.row.project.name:
            self.reading = reading
            self.view.refresh(self.row, reading)

    # --- deeds ---

    def _subjects(self) -> list[ProjectRow]:
        return [self.row] if self.row is not None else []

    async def _review(self) -> None:
        if self.row is not None and self.file.source is not None:
            self._shell.open_dialog("project-plan", request=UpProject(source=self.file.source))
