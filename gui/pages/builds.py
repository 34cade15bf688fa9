"""The builds: those that run and those that ran, and behind each its graph and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout, QWidget

from gui.models.builds import COLUMNS, BuildsModel
from gui.models.filtered import FilteredModel
from gui.pages.build.details import BuildDetails
from gui.pages.page import Page
from gui.presentation.units import count_text
from gui.theme import Size, Space
from gui.widgets.buttons import Variant, button
from gui.widgets.cells import TextCell
from gui.widgets.empty_state import EmptyState
from gui.widgets.page_header import PageHeader
from gui.widgets.search_field import SearchField
from gui.widgets.table import Table
from gui.words import translate

if TYPE_CHECKING:
    from gui.bridge import ChangeSet
    from gui.shell import Shell

_WIDTHS = {"steps": 200, "duration": 110, "started": 140}
_CLOCK_MILLISECONDS = 1000


class BuildsPage(Page):
    page_id = "builds"
    kinds = frozenset({"build"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.model = BuildsModel(self)
        self.table = Table(translate("BuildsPage", "Builds"), row_height=Size.ROW + Space.S)
        self.search = SearchField(translate("BuildsPage", "Filter by tag or folder"), delay_ms=30)
        self.details = BuildDetails(shell)
        self.details.left.connect(self.show_list)
        self._wanted = ("", "")
        self._stack = QStackedWidget()
        self._stack.addWidget(self._make_list())
        self._stack.addWidget(self.details)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._clock = QTimer(self, interval=_CLOCK_MILLISECONDS)
        self._clock.timeout.connect(lambda: self.model.refresh(("duration", "started")))

    def _make_list(self) -> QWidget:
        page = QWidget()
        self.header = PageHeader(translate("BuildsPage", "Builds"))
        self.header.add(self.search)
        self.header.add(button(translate("BuildsPage", "Build"), "build", Variant.PRIMARY, self._open_dialog))
        self._filtered = FilteredModel(self)
        self._filtered.setSourceModel(self.model)
        self.search.changed.connect(self._filtered.set_query)
        self.table.setModel(self._filtered)
        order = {name: number for number, name in enumerate(COLUMNS)}
        painters = {
            order["name"]: TextCell(strong=True),
            order["steps"]: TextCell(secondary=True),
            order["duration"]: TextCell(tabular=True),
            order["started"]: TextCell(secondary=True),
        }
        self.table.set_columns(painters, {order[name]: width for name, width in _WIDTHS.items()}, order["name"])
        self.table.sortByColumn(order["started"], self.table.horizontalHeader().sortIndicatorOrder().AscendingOrder)
        self.table.activated_key.connect(self.open_object)
        self.table.menu_wanted.connect(self._show_menu)
        empty = EmptyState(
            "build",
            translate("BuildsPage", "Nothing built yet"),
            translate(
                "BuildsPage", "Choose a folder with a Dockerfile; every step, its time and its output is kept here."
            ),
        )
        empty.add_button(
            button(translate("BuildsPage", "Build from a folder"), "build", Variant.PRIMARY, self._open_dialog)
        )
        self.table.set_empty_state(empty)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.table, 1)
        return page

    def apply(self, changes: ChangeSet) -> None:
        self.model.apply(changes.kinds["build"])
        count = self.model.rowCount()
        words = (translate("BuildsPage", "{0} build"), translate("BuildsPage", "{0} builds"))
        self.header.set_subtitle(count_text(count, *words) if count else "")
        if self._wanted[0] in self.client.mirror.builds:
            self.open_object(*self._wanted)
        elif self._stack.currentWidget() is self.details:
            self.details.refresh()

    def shown(self) -> None:
        self._clock.start()
        if self._stack.currentWidget() is self.details:
            self.details.resume()

    def hidden(self) -> None:
        self._clock.stop()
        self.details.suspend()

    def open_object(self, object_id: str, detail: str = "") -> None:
        if object_id and object_id not in self.client.mirror.builds:
            # It has only just begun: the page opens with the first that is told of it.
            self._wanted = (object_id, detail)
            return
        self._wanted = ("", "")
        if not object_id:
            self.show_list()
            return
        self._stack.setCurrentWidget(self.details)
        self.details.show_build(object_id)
        if detail:
            self.details.show_tab(detail)

    def show_list(self) -> None:
        self.details.suspend()
        self._stack.setCurrentIndex(0)
        self.table.setFocus()

    def set_query(self, text: str) -> None:
        self.search.setText(text)

    def _open_dialog(self) -> None:
        self.shell.open_dialog("build")

    def _show_menu(self, keys: list[str], place: QPoint) -> None:
        builds = [self.client.mirror.builds[key] for key in keys if key in self.client.mirror.builds]
        menu = QMenu(self)
        for action in ("build.show", "build.cancel", "build.again"):
            menu.addAction(self.shell.verbs.bind(self.shell, action, menu, lambda: builds))
        menu.popup(place)
