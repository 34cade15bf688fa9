"""The table all lists use: calm rows, hover, cell painters per column, a menu, an empty state, remembered columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractItemModel, QEvent, QItemSelection, QModelIndex, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from gui.models.table import ModelRole
from gui.theme import Role, Size, Space, Text, color, font, theme
from gui.widgets.cells import AnyIndex, CellPainter, CellState, TextCell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_READABLE = 230
"""The least width of a name that still tells names apart."""


class CellDelegate(QStyledItemDelegate):
    """Draws each cell with its column's painter over the row's background."""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self.painters: dict[int, CellPainter] = {}
        self.hovered_row = -1
        self.pointer: QPointF | None = None
        self.edge = int(Space.XL)
        self._plain = TextCell()

    def painter_of(self, column: int) -> CellPainter:
        return self.painters.get(column, self._plain)

    def inner(self, cell: QRectF, column: int) -> QRectF:
        """The part of a cell its painter gets; the first one begins where the page's title does."""
        view = self.parent()
        first = isinstance(view, Table) and view.horizontalHeader().visualIndex(column) == 0
        return cell.adjusted(self.edge if first else Space.M, 0, -Space.M, 0)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        rect = QRectF(option.rect)
        view = self.parent()
        assert isinstance(view, Table)
        selected = view.selectionModel().isRowSelected(index.row(), view.rootIndex())
        hovered = index.row() == self.hovered_row
        if selected or hovered:
            painter.fillRect(rect, color(Role.SELECTED if selected else Role.HOVER))
        painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), color(Role.BORDER, 0.6))
        if view.hasFocus() and index.row() == view.currentIndex().row() and index.column() == 0:
            painter.fillRect(QRectF(rect.left(), rect.top(), 2, rect.height() - 1), color(Role.ACCENT))
        painter.save()
        painter.setClipRect(rect)
        enabled = bool(index.flags() & Qt.ItemFlag.ItemIsEnabled)
        state = CellState(selected=selected, hovered=hovered, enabled=enabled, pointer=self.pointer)
        self.painter_of(index.column()).paint(painter, self.inner(rect, index.column()), index, state)
        painter.restore()


class Table(QTableView):
    """A list of rows. `activated_key` on double click or Enter, `menu_wanted` with keys and a place."""

    activated_key = Signal(str)
    menu_wanted = Signal(list, QPoint)
    keys_selected = Signal(list)
    drag_wanted = Signal(list)
    """With `setDragEnabled`: the selected keys are being dragged away."""

    def __init__(self, name: str, *, row_height: int = Size.ROW, multi: bool = True) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.cells = CellDelegate(self)
        self.setItemDelegate(self.cells)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setSortingEnabled(True)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        mode = QAbstractItemView.SelectionMode
        self.setSelectionMode(mode.ExtendedSelection if multi else mode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(row_height)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setFont(font(Text.SMALL))
        header.setMinimumSectionSize(32)
        header.setStretchLastSection(False)
        header.setFixedHeight(Size.HEADER)
        self._empty: QWidget | None = None
        self._widths: dict[int, int] = {}
        self._droppable: tuple[int, ...] = ()
        theme().changed.connect(self.viewport().update)

    # --- setting up ---

    def set_inset(self) -> None:
        """For a table inside a card or a dialog, where there is no page title to line up with."""
        self.cells.edge = int(Space.L)
        self.setProperty("inset", "true")
        self.viewport().update()

    def set_columns(
        self,
        painters: Mapping[int, CellPainter],
        widths: Mapping[int, int],
        stretch: int = 0,
        *,
        droppable: Sequence[int] = (),
    ) -> None:
        """Painters and widths by column; the `stretch` column takes what is left.

        `droppable` columns go, the first of them first, where that column would become too narrow to read.
        """
        self._widths, self._droppable = dict(widths), tuple(droppable)
        self.cells.painters.update(painters)
        header = self.horizontalHeader()
        for column, width in widths.items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
        self._drop_columns()

    def set_empty_state(self, widget: QWidget) -> None:
        """Shown over the rows while there are none."""
        widget.setParent(self.viewport())
        self._empty = widget
        self._show_empty()

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        if model is not None:
            for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset, model.layoutChanged):
                signal.connect(self._show_empty)
        self._show_empty()

    def _model(self) -> QAbstractItemModel | None:
        """The model; Qt's annotations forget that there may be none."""
        return self.model()

    # --- keys ---

    def selected_keys(self) -> list[str]:
        if self._model() is None:
            return []
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [str(self.model().index(row, 0).data(ModelRole.KEY)) for row in rows]

    def current_key(self) -> str:
        index = self.currentIndex()
        return str(index.siblingAtColumn(0).data(ModelRole.KEY)) if index.isValid() else ""

    def select_key(self, key: str) -> bool:
        """Select and show the row of a key; False if it is not among the rows shown."""
        for row in range(self.model().rowCount()):
            if self.model().index(row, 0).data(ModelRole.KEY) == key:
                self.selectRow(row)
                self.scrollTo(self.model().index(row, 0))
                return True
        return False

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.viewport().update()
        self.keys_selected.emit(self.selected_keys())

    # --- what the user does ---

    def startDrag(self, _actions: Qt.DropAction) -> None:
        if keys := self.selected_keys():
            self.drag_wanted.emit(keys)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_key():
            self.activated_key.emit(self.current_key())
        elif event.key() == Qt.Key.Key_Escape and self.selected_keys():
            self.clearSelection()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() is Qt.MouseButton.LeftButton:
            self.activated_key.emit(str(index.siblingAtColumn(0).data(ModelRole.KEY)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() is Qt.MouseButton.LeftButton and not event.modifiers():
            rect = self.cells.inner(QRectF(self.visualRect(index)), index.column())
            self.cells.painter_of(index.column()).clicked(rect, index, event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        self._hover(index.row(), event.position())
        points = index.isValid() and self.cells.painter_of(index.column()).pointing(
            self.cells.inner(QRectF(self.visualRect(index)), index.column()), index, event.position()
        )
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if points else Qt.CursorShape.ArrowCursor)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover(-1, None)
        return super().viewportEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self.currentIndex().isValid():
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        else:
            place = event.globalPos()
        keys = self.selected_keys()
        if keys:
            self.menu_wanted.emit(keys, place)

    # --- drawing ---

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._drop_columns()
        if self._empty is not None:
            self._empty.setGeometry(self.viewport().rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), color(Role.SURFACE))
        painter.end()
        super().paintEvent(event)

    def _drop_columns(self) -> None:
        """Hide as many of the droppable columns as the readable width of the stretched one asks for."""
        wanted = sum(self._widths.values()) + _READABLE
        for column in self._droppable:
            gone = wanted > self.viewport().width()
            if gone != self.isColumnHidden(column):
                self.setColumnHidden(column, gone)
            if gone:
                wanted -= self._widths.get(column, 0)

    def _hover(self, row: int, pointer: QPointF | None) -> None:
        old, self.cells.hovered_row = self.cells.hovered_row, row
        self.cells.pointer = pointer
        for changed in {old, row} - {-1}:
            self._update_row(changed)

    def _update_row(self, row: int) -> None:
        model = self._model()
        if model is None or row >= model.rowCount():
            return
        rect = self.visualRect(model.index(row, 0))
        self.viewport().update(0, rect.top(), self.viewport().width(), rect.height())

    def _show_empty(self, *_ignored: Any) -> None:
        if self._empty is None:
            return
        model = self._model()
        nothing = model is None or model.rowCount(QModelIndex()) == 0
        self._empty.setVisible(nothing)
        self._empty.setGeometry(self.viewport().rect())
        self.horizontalHeader().setVisible(not nothing)
