"""A list page's body: header with filter and main button, the table, a bar for several selected, menus and keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QWidget

from gui.models.filtered import FilteredModel
from gui.models.ordered import OrderedModel
from gui.pages.lists.bulk_bar import BulkBar
from gui.pages.lists.waiting import Waiting
from gui.plain_text import set_tip
from gui.widgets.buttons import Variant, button, menu_button
from gui.widgets.empty_state import EmptyState
from gui.widgets.layouts import flush_column
from gui.widgets.lists.table import Table
from gui.widgets.page_header import PageHeader
from gui.widgets.search_field import SearchField
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtGui import QAction

    from gui.actions import BoundAction
    from gui.models.table import KeyedTableModel
    from gui.shell import Shell
    from gui.widgets.lists.cells import CellPainter


@dataclass(frozen=True, kw_only=True)
class ListingPlan:
    """What makes one list different from the next."""

    title: str
    filter_words: str
    subject: str
    counted: Callable[[int], str]
    """ "{0} image" and "{0} images"."""
    name_of: Callable[[Any], str]
    main_action: str = ""
    """Without one the list stands below a header of its page's own, which takes `search` in."""
    more_actions: tuple[str, ...] = ()
    menu: tuple[tuple[str, ...], ...] = ()
    bulk: tuple[str, ...] = ()
    painters: Mapping[int, CellPainter] = field(default_factory=dict)
    widths: Mapping[int, int] = field(default_factory=dict)
    stretch: int = 0
    """The column that takes what room is left."""
    droppable: tuple[int, ...] = ()
    """Columns a narrow window does without, the first of them first."""
    empty: tuple[str, str, str] = ("", "", "")
    """Icon, title, hint."""
    empty_actions: tuple[str, ...] = ()
    large: bool = False
    """It may have thousands of rows."""
    row_height: int = 48
    sorted_by: int = 0


class Listing(QWidget):
    """Fill `model`, call `refresh` after it; `table.activated_key` says what was opened."""

    def __init__(self, shell: Shell, plan: ListingPlan, model: KeyedTableModel[Any], parent: QWidget) -> None:
        super().__init__(parent)
        self._shell, self._plan, self.model = shell, plan, model
        self.filtered: FilteredModel | OrderedModel
        if plan.large:
            self.filtered = OrderedModel(model, self)
        else:
            self.filtered = FilteredModel(self)
            self.filtered.setSourceModel(model)
        self.table = Table(plan.title, row_height=plan.row_height)
        self.search = SearchField(plan.filter_words, delay_ms=30)
        self.search.changed.connect(self._on_query)
        self.search.left.connect(self.table.setFocus)
        self._bound: list[BoundAction] = []
        column = flush_column(self)
        if plan.main_action:
            column.addWidget(self._make_header())
        column.addWidget(self.table, 1)
        self._bulk = BulkBar(self.table, self._bind, plan.bulk)
        column.addWidget(self._bulk)
        self._set_up_table()
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)

    # --- building ---

    def _make_header(self) -> PageHeader:
        self.header = PageHeader(self._plan.title)
        self.header.add(self.search)
        if self._plan.more_actions:
            more = QMenu(self)
            for action_id in self._plan.more_actions:
                more.addAction(self._shell.verbs.bind(self._shell, action_id, more, list))
            knob = menu_button("", more, "more", Variant.GHOST)
            knob.setAccessibleName(translate("Listing", "More"))
            set_tip(knob, translate("Listing", "More"))
            self.header.add(knob)
        action = self._shell.verbs[self._plan.main_action]
        words = action.text.rstrip("…")
        main = button(words, action.icon, Variant.PRIMARY, lambda: self._shell.trigger(self._plan.main_action))
        set_tip(main, action.hint)
        self.header.add(main)
        return self.header

    def _set_up_table(self) -> None:
        plan, table = self._plan, self.table
        table.setModel(self.filtered)
        table.sortByColumn(plan.sorted_by, Qt.SortOrder.AscendingOrder)
        table.set_columns(plan.painters, plan.widths, stretch=plan.stretch, droppable=plan.droppable)
        table.menu_wanted.connect(self._show_menu)
        table.keys_selected.connect(lambda _keys: self.refresh())
        self._empty_words = plan.empty
        self._empty = EmptyState(*plan.empty)
        for position, action_id in enumerate(plan.empty_actions):
            action = self._shell.verbs[action_id]
            variant = Variant.DEFAULT if position else Variant.PRIMARY
            run: Callable[[], None] = lambda key=action_id: self._shell.trigger(key)  # type: ignore[misc]  # noqa: E731
            self._empty.add_button(button(action.text, action.icon, variant, run))
        clear = translate("Listing", "Clear the filter")
        self._empty.add_button(button(clear, "x", Variant.PRIMARY, self.clear_filter), face="filtered")
        table.set_empty_state(self._empty)
        Waiting(self._shell, table, f"{plan.subject}s")
        for action in self._shell.verbs.for_subject(plan.subject):
            if action.shortcut:
                bound = self._bind(action.id)
                bound.setShortcut(QKeySequence(action.shortcut))
                bound.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                table.addAction(bound)

    def _bind(self, action_id: str) -> BoundAction:
        bound = self._shell.verbs.bind(self._shell, action_id, self, self.selected)
        self._bound.append(bound)
        return bound

    # --- while it lives ---

    def selected(self) -> list[Any]:
        """The objects of the selected rows."""
        return [item for key in self.table.selected_keys() if (item := self.model.item(key)) is not None]

    def set_subtitle(self, words: str) -> None:
        self.header.set_subtitle(words)

    def refresh(self) -> None:
        """After the model or the selection has changed."""
        chosen = self.selected()
        counted = self._plan.counted(len(chosen))
        everything, shown = self.model.rowCount(), self.filtered.rowCount()
        self._bulk.tell(counted, [self._plan.name_of(item) for item in chosen], shown=shown, everything=everything)
        for bound in self._bound:
            bound.refresh()

    def _on_query(self, text: str) -> None:
        self.filtered.set_query(text)
        if self.model.rowCount() and text:
            words = translate("Listing", "Nothing matches “{0}”").format(text)
            self._empty.set("search", words, face="filtered")
        else:
            self._empty.set(*self._empty_words)
        self.refresh()

    def set_empty(self, icon_name: str, title: str, hint: str = "") -> None:
        """Why there is nothing, where that is not always for the same reason."""
        self._empty_words = (icon_name, title, hint)
        if not self.search.text() or not self.model.rowCount():
            self._empty.set(icon_name, title, hint)

    def clear_filter(self) -> None:
        """Show everything again."""
        self.search.clear()
        self._on_query("")
        self.table.setFocus()

    def _show_menu(self, _keys: list[str], place: QPoint) -> None:
        menu = QMenu(self)
        for group in self._plan.menu:
            if menu.actions():
                menu.addSeparator()
            for action_id in group:
                action: QAction = self._shell.verbs.bind(self._shell, action_id, menu, self.selected)
                menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)
