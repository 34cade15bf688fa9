"""Everything that takes or took time, with progress, cancel, and what went wrong; and all the window has said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout

from engine.types.operations import Operation, OperationState
from gui.actions.operations import asked_again
from gui.models import Column, FilteredModel, KeyedTableModel
from gui.models.table import AnyIndex, ModelRole
from gui.pages.activity_messages import MessageTable
from gui.pages.page import Page
from gui.presentation.operations import operation_icon, operation_words, progress_text, took_seconds, took_text
from gui.presentation.units import ago_text, clock_text
from gui.theme import Role, Space, Text, Tone, color, font, paint_icon
from gui.widgets.buttons import Variant, button
from gui.widgets.empty_state import EmptyState
from gui.widgets.lists.cells import BadgeCell, CellState, TextCell
from gui.widgets.lists.table import Table
from gui.widgets.page_header import PageHeader
from gui.widgets.painted.meter import paint_meter
from gui.widgets.search_field import SearchField
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from gui.bridge import ChangeSet
    from gui.shell import Shell

_COLUMNS = ("title", "state", "progress", "started", "took", "cancel")


def _columns() -> tuple[Column[Operation], ...]:
    return (
        Column(
            "title",
            translate("Activity", "What"),
            lambda o: o.title,
            icon=operation_icon,
            tooltip=lambda o: o.subject,
        ),
        Column(
            "state",
            translate("Activity", "State"),
            lambda o: operation_words(o).word,
            tone=lambda o: operation_words(o).tone,
        ),
        Column("progress", translate("Activity", "Progress"), progress_text, tooltip=progress_text),
        Column(
            "started",
            translate("Activity", "Started"),
            lambda o: ago_text(o.started),
            lambda o: o.started.timestamp(),
            tooltip=lambda o: clock_text(o.started),
        ),
        Column(
            "took",
            translate("Activity", "Took"),
            lambda o: took_text(o, datetime.now(UTC)),
            lambda o: took_seconds(o, datetime.now(UTC)),
            right=True,
        ),
        Column("cancel", "", lambda o: ""),
    )


class ProgressCell:
    """A bar over the words while it runs, the words alone when it is over."""

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, _state: CellState) -> None:
        operation: Operation = index.data(ModelRole.OBJECT)
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        painter.setFont(font(Text.SMALL))
        running = operation.state is OperationState.RUNNING
        failed = operation.state is OperationState.FAILED
        painter.setPen(color(Role.DANGER if failed else Role.TEXT_SECONDARY))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(rect.width()))
        if running and operation.total:
            middle = rect.center().y()
            words = QRectF(rect.left(), middle - 17, rect.width(), 16)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)
            bar = QRectF(rect.left(), middle + 2, rect.width(), 8)
            paint_meter(painter, bar, operation.done, operation.total, tone=Tone.ACCENT)
        else:
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, shown)

    def clicked(self, _rect: QRectF, _index: AnyIndex, _point: QPointF) -> bool:
        return False

    def pointing(self, _rect: QRectF, _index: AnyIndex, _point: QPointF) -> bool:
        return False


class CancelCell:
    """A cross that cancels what runs."""

    def __init__(self, page: ActivityPage) -> None:
        self._page = page

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None:
        operation: Operation = index.data(ModelRole.OBJECT)
        if operation.state is OperationState.RUNNING and operation.cancellable:
            spot = QRectF(rect.center().x() - 8, rect.center().y() - 8, 16, 16)
            paint_icon(painter, spot, "x-circle", color(Role.TEXT if state.hovered else Role.TEXT_MUTED))

    def clicked(self, _rect: QRectF, index: AnyIndex, _point: QPointF) -> bool:
        return self._page.cancel(index.data(ModelRole.OBJECT))

    def pointing(self, _rect: QRectF, index: AnyIndex, _point: QPointF) -> bool:
        operation: Operation = index.data(ModelRole.OBJECT)
        return operation.state is OperationState.RUNNING and operation.cancellable


class ActivityPage(Page):
    """Newest first."""

    page_id = "activity"
    kinds = frozenset({"operation"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.model = KeyedTableModel(_columns(), parent=self)
        self.filtered = FilteredModel(self)
        self.filtered.setSourceModel(self.model)
        self.table = Table(translate("Activity", "Activity"))
        self.table.setModel(self.filtered)
        self.table.set_columns(
            {
                0: TextCell(strong=True),
                1: BadgeCell(),
                2: ProgressCell(),
                3: TextCell(secondary=True),
                4: TextCell(secondary=True, tabular=True),
                5: CancelCell(self),
            },
            {1: 110, 2: 260, 3: 120, 4: 80, 5: 48},
            stretch=0,
        )
        self.table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
        self.table.activated_key.connect(lambda key: shell.open_dialog("operation", operation=key))
        self.table.menu_wanted.connect(self._show_menu)
        hint = translate("Activity", "Pulls, builds, backups and other work appear here, with their outcome.")
        self.table.set_empty_state(EmptyState("activity", translate("Activity", "Nothing has been done yet"), hint))
        header = PageHeader(translate("Activity", "Activity"))
        self.messages = MessageTable(shell, self)
        self.faces = Segmented(
            (("work", translate("Activity", "Work")), ("messages", translate("Activity", "Messages"))),
            translate("Activity", "Show"),
        )
        self.faces.changed.connect(self._show_face)
        header.add(self.faces)
        search = SearchField(translate("Activity", "Filter"))
        search.changed.connect(self.set_query)
        header.add(search)
        clear = translate("Activity", "Clear finished")
        self._clear = button(clear, "broom", Variant.DEFAULT, lambda: shell.trigger("operations.clear"))
        header.add(self._clear)
        self._header = header
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, Space.NONE)
        column.setSpacing(0)
        column.addWidget(header)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.messages)
        column.addWidget(self._stack, 1)
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(lambda: self.model.refresh(("started", "took")))

    def apply(self, changes: ChangeSet) -> None:
        if "operation" not in changes.kinds:
            return
        self.model.apply(changes.kinds["operation"])
        running = sum(o.state is OperationState.RUNNING for o in self.model.items())
        self._header.set_subtitle(translate("Activity", "%n running", None, running) if running else "")
        if running and self.isVisible():
            self._clock.start()
        elif not running:
            self._clock.stop()

    def hidden(self) -> None:
        self._clock.stop()

    def open_object(self, object_id: str, detail: str = "") -> None:
        if object_id:
            self._show_face("work")
            self.table.select_key(object_id)
        elif detail:
            self._show_face(detail)

    def _show_face(self, key: str) -> None:
        self.faces.set_current(key)
        self._stack.setCurrentWidget(self.messages if key == "messages" else self.table)
        self._clear.setEnabled(key != "messages")

    def set_query(self, text: str) -> None:
        self.filtered.set_query(text)
        self.messages.filtered.set_query(text)

    def cancel(self, operation: Operation) -> bool:
        """Ask it to stop; the list shows "Cancelled" when it has."""
        if operation.state is not OperationState.RUNNING or not operation.cancellable:
            return False
        self.shell.run(self.client.call(lambda engine: engine.operations.cancel(operation.id)))
        return True

    def retry(self, operation: Operation) -> None:
        """Do the same again, where the record tells what that was."""
        work = asked_again(operation, self.client.mirror.builds)
        if work is not None:
            self.shell.run(self.client.operate(work))

    def _show_menu(self, keys: list[str], place: QPoint) -> None:
        chosen = [item for key in keys if (item := self.model.item(key)) is not None]
        menu = QMenu(self)
        if len(chosen) == 1:
            only = chosen[0]
            menu.addAction(
                translate("Activity", "Details"), lambda: self.shell.open_dialog("operation", operation=only.id)
            )
            if asked_again(only, self.client.mirror.builds) is not None:
                menu.addAction(translate("Activity", "Try again"), lambda: self.retry(only))
        running = [item for item in chosen if item.state is OperationState.RUNNING and item.cancellable]
        if running:
            menu.addAction(translate("Activity", "Cancel"), lambda: [self.cancel(item) for item in running])
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)
