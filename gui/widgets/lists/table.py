"""The table all lists use: calm rows, hover, cell painters per column, a menu, an empty state, remembered columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractItemModel, QEvent, QItemSelection, QModelIndex, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from gui.models.selection import RowSelection
from gui.models.table import NO_INDEX, ModelRole
from gui.plain_text import set_tip
from gui.theme import Role, Size, Space, Text, color, font, grown, theme
from gui.widgets.lists.cells import AnyIndex, CellPainter, CellState, TextCell
from gui.widgets.lists.tick_box import ROOM, box_of, paint_tick_box
from gui.widgets.painted.mirror import mirrored, mirrored_point
from gui.words import translate

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
        start = self.edge if self._is_first(column) else Space.M
        if self.mirror:
            return cell.adjusted(Space.M, 0, -start, 0)
        return cell.adjusted(start, 0, -Space.M, 0)

    @property
    def mirror(self) -> bool:
        view = self.parent()
        return isinstance(view, QWidget) and view.layoutDirection() is Qt.LayoutDirection.RightToLeft

    def logical(self, point: QPointF, inner: QRectF) -> QPointF:
        """A point as painters think of it: from left to right."""
        return mirrored_point(point, inner) if self.mirror else point

    def _is_first(self, column: int) -> bool:
        view = self.parent()
        return isinstance(view, Table) and view.horizontalHeader().visualIndex(column) == 0

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        rect = QRectF(option.rect)
        view = self.parent()
        assert isinstance(view, Table)
        selected = view.marks.is_marked(index.row())
        hovered = index.row() == self.hovered_row
        if selected or hovered:
            painter.fillRect(rect, color(Role.SELECTED if selected else Role.HOVER))
        painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), color(Role.BORDER, 0.6))
        if view.hasFocus() and index.row() == view.currentIndex().row() and index.column() == 0:
            bar = QRectF(rect.left(), rect.top(), 2, rect.height() - 1)
            painter.fillRect(mirrored(bar, rect) if self.mirror else bar, color(Role.ACCENT))
        if view.can_tick and self._is_first(index.column()) and (hovered or view.choosing):
            partly = not selected and view.marks.is_partly_marked(index.row())
            box = mirrored(box_of(rect), rect) if self.mirror else box_of(rect)
            paint_tick_box(painter, box, marked=selected, partly=partly)
        painter.save()
        painter.setClipRect(rect)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # each text as it is written
        inner = self.inner(rect, index.column())
        pointer = self.logical(self.pointer, inner) if self.pointer is not None else None
        enabled = bool(index.flags() & Qt.ItemFlag.ItemIsEnabled)
        state = CellState(selected=selected, hovered=hovered, enabled=enabled, pointer=pointer, mirror=self.mirror)
        self.painter_of(index.column()).paint(painter, inner, index, state)
        painter.restore()


class Table(QTableView):
    """A list of rows. `activated_key` on double click or Enter, `menu_wanted` with keys and a place.

    Where several rows can be chosen, each has a box in the left margin, shown under the pointer and while choosing.
    """

    activated_key = Signal(str)
    opening = Signal(str)
    """All rows below a closed header are wanted: its key. Whoever fills the list opens it within the call."""
    menu_wanted = Signal(list, QPoint)
    header_menu_wanted = Signal(str, QPoint)
    """On a header below which nothing is chosen: its key."""
    keys_selected = Signal(list)
    columns_chosen = Signal(list)
    """The columns somebody does not want to see."""
    columns_changed = Signal()
    """Columns came or went, by choice or for want of room."""
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
        self.verticalHeader().setDefaultSectionSize(grown(row_height))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setFont(font(Text.SMALL))
        header.setMinimumSectionSize(32)
        header.setStretchLastSection(False)
        header.setFixedHeight(grown(Size.HEADER))
        self._marks: RowSelection | None = None
        self.ticking = False
        """A box was ticked, and something is still chosen since."""
        self._on_box = False
        self._tick_row = -1
        self._empty: QWidget | None = None
        self._cover: QWidget | None = None
        self._widths: dict[int, int] = {}
        self._droppable: tuple[int, ...] = ()
        self._unwanted: set[int] = set()
        self._stretched = 0
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
        self._widths = {column: grown(width) for column, width in widths.items()}
        self._droppable, self._stretched = tuple(droppable), stretch
        self.cells.painters.update(painters)
        header = self.horizontalHeader()
        for column, width in self._widths.items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
        self._drop_columns()

    def set_empty_state(self, widget: QWidget) -> None:
        """Shown over the rows while there are none."""
        widget.setParent(self.viewport())
        self._empty = widget
        self._show_empty()

    def set_cover(self, widget: QWidget | None) -> None:
        """Shown in place of no rows while nobody knows yet what there is; None where that is known."""
        if self._cover is not None:
            self._cover.hide()
            self._cover.deleteLater()
        self._cover = widget
        if widget is not None:
            widget.setParent(self.viewport())
        self._show_empty()

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        if model is not None:
            for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset, model.layoutChanged):
                signal.connect(self._show_empty)
            before = self.selectionModel()
            self._marks = RowSelection(model, self)
            self.setSelectionModel(self._marks)
            before.deleteLater()
            self._marks.restored.connect(self._tell_selection)
        self._show_empty()

    @property
    def marks(self) -> RowSelection:
        assert self._marks is not None
        return self._marks

    @property
    def can_tick(self) -> bool:
        """Several rows can be chosen, and the margin has room for boxes."""
        return self.selectionMode() is QAbstractItemView.SelectionMode.ExtendedSelection and self.cells.edge >= ROOM

    @property
    def choosing(self) -> bool:
        """Every row shows its box."""
        return self.ticking or len(self.marks.selectedRows()) > 1

    def _model(self) -> QAbstractItemModel | None:
        """The model; Qt's annotations forget that there may be none."""
        return self.model()

    # --- keys ---

    def selected_keys(self) -> list[str]:
        return self._marks.keys() if self._marks is not None else []

    def current_key(self) -> str:
        index = self.currentIndex()
        return str(index.siblingAtColumn(0).data(ModelRole.KEY)) if index.isValid() else ""

    def select_key(self, key: str) -> bool:
        """Select and show the row of a key; False if it is not among the rows shown."""
        for row in range(self.model().rowCount()):
            if self._key(row) == key:
                self._go_to(row)
                self.marks.mark(row)
                self.scrollTo(self.model().index(row, 0))
                return True
        return False

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self._tell_selection()

    def _tell_selection(self) -> None:
        keys = self.selected_keys()
        self.ticking = self.ticking and bool(keys)
        self.viewport().update()
        self.keys_selected.emit(keys)

    # --- what the user does ---

    def startDrag(self, _actions: Qt.DropAction) -> None:
        if keys := self.selected_keys():
            self.drag_wanted.emit(keys)

    def moveCursor(self, action: QTableView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Home and End go to the first and the last row: rows are chosen here, not cells."""
        if action in (QTableView.CursorAction.MoveHome, QTableView.CursorAction.MoveEnd):
            modifiers |= Qt.KeyboardModifier.ControlModifier
        return super().moveCursor(action, modifiers)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_key():
            self.activated_key.emit(self.current_key())
        elif event.key() == Qt.Key.Key_Escape and self.selected_keys():
            self.clearSelection()
        elif event.key() == Qt.Key.Key_Space and self.can_tick and self.currentIndex().isValid():
            self._tick(self.currentIndex().row())
        else:
            before = self.currentIndex().row()
            super().keyPressEvent(event)
            row = self.currentIndex().row()
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if row not in (before, -1) and plain and self.marks.members(row) is not None:
                self.marks.mark(row)

    def keyboardSearch(self, search: str) -> None:
        """Typed letters go to the row of that name, whichever column was clicked last."""
        if self.currentIndex().column() > 0:
            self._go_to(self.currentIndex().row())
        super().keyboardSearch(search)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        left = event.button() is Qt.MouseButton.LeftButton
        self._on_box = left and index.isValid() and self._box_at(event.position(), index)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if self._on_box:
            self._tick(index.row(), through=shift)
            return
        if left and shift and self.ticking and index.isValid():
            self._tick(index.row(), through=True)
            return
        super().mousePressEvent(event)
        self.ticking = self.ticking and bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if index.isValid() and self.marks.members(index.row()) is not None:
            self._press_header(index, event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() is Qt.MouseButton.LeftButton:
            if self._box_at(event.position(), index):
                self.mousePressEvent(event)  # the second of two quick ticks
                return
            rect = self.cells.inner(QRectF(self.visualRect(index)), index.column())
            if self.cells.painter_of(index.column()).pointing(rect, index, event.position()):
                return  # a button or a link pressed twice; its release acts, as after any press
            self.activated_key.emit(str(index.siblingAtColumn(0).data(ModelRole.KEY)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._on_box:
            self._on_box = False
            return
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() is Qt.MouseButton.LeftButton and not event.modifiers():
            rect = self.cells.inner(QRectF(self.visualRect(index)), index.column())
            self.cells.painter_of(index.column()).clicked(rect, index, self.cells.logical(event.position(), rect))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self._on_box:
            super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        self._hover(index.row(), event.position())
        points = index.isValid() and self._points_at(index, event.position())
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if points else Qt.CursorShape.ArrowCursor)

    def _points_at(self, index: AnyIndex, point: QPointF) -> bool:
        """Whether something of its own is under the pointer."""
        rect = self.cells.inner(QRectF(self.visualRect(index)), index.column())
        return self.cells.painter_of(index.column()).pointing(rect, index, self.cells.logical(point, rect))

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
        by_keyboard = event.reason() is QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_keyboard else self.indexAt(event.pos())
        if index.isValid() and not index.flags() & Qt.ItemFlag.ItemIsSelectable:
            self.header_menu_wanted.emit(str(index.data(ModelRole.KEY)), place)
        elif keys:
            self.menu_wanted.emit(keys, place)

    # --- choosing ---

    def _go_to(self, row: int) -> None:
        """Make it the current row; what is marked stays."""
        self.marks.setCurrentIndex(self.model().index(row, 0), RowSelection.SelectionFlag.NoUpdate)

    def _box_at(self, point: QPointF, index: AnyIndex) -> bool:
        first = self.horizontalHeader().visualIndex(index.column()) == 0
        cell = QRectF(self.visualRect(index))
        return self.can_tick and first and self.cells.logical(point, cell).x() < cell.left() + ROOM

    def _tick(self, row: int, *, through: bool = False) -> None:
        """Turn the mark of a row or of all below a header; `through` adds all from the row ticked last to this one."""
        row = self._opened(row)
        if through and 0 <= self._tick_row < self.model().rowCount(NO_INDEX):
            first, last = sorted((self._tick_row, row))
            self.marks.add_rows(range(first, last + 1))
        else:
            self.marks.toggle(row)
        self._tick_row = row
        self._go_to(row)
        self.ticking = bool(self.selected_keys())
        self._tell_selection()

    def _press_header(self, index: AnyIndex, event: QMouseEvent) -> None:
        modifiers = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        if event.button() is Qt.MouseButton.RightButton:
            row = self._opened(index.row())  # a menu is about what is seen
            if not self.marks.is_marked(row):
                self.marks.mark(row)
        elif self._points_at(index, event.position()):
            return  # it opens and closes the group
        elif modifiers == Qt.KeyboardModifier.ControlModifier:
            self.marks.toggle(index.row())
        elif not modifiers:
            self.marks.mark(index.row())

    def _opened(self, row: int) -> int:
        """The row of a header after what it stands over has been shown."""
        if self.marks.members(row) is not None and not self.marks.members(row):
            key = self._key(row)
            self.opening.emit(key)
            return next((n for n in range(self.model().rowCount()) if self._key(n) == key), row)
        return row

    def _key(self, row: int) -> str:
        return str(self.model().index(row, 0).data(ModelRole.KEY))

    # --- drawing ---

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._drop_columns()
        for widget in (self._empty, self._cover):
            if widget is not None:
                widget.setGeometry(self.viewport().rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), color(Role.SURFACE))
        painter.end()
        super().paintEvent(event)

    def _drop_columns(self) -> None:
        """Hide as many of the droppable columns as the readable width of the stretched one asks for."""
        shown = {column: width for column, width in self._widths.items() if column not in self._unwanted}
        wanted = sum(shown.values()) + grown(_READABLE)
        for column in (*self._droppable, *(c for c in self._unwanted if c not in self._droppable)):
            gone = column in self._unwanted or wanted > self.viewport().width()
            if gone != self.isColumnHidden(column):
                self.setColumnHidden(column, gone)
                self.columns_changed.emit()
            if gone:
                wanted -= shown.get(column, 0)

    # --- which columns are wanted ---

    def offer_columns(self, unwanted: Sequence[int] = ()) -> None:
        """A menu on the header with a tick for each column; `columns_chosen` tells what was chosen."""
        self._unwanted = {column for column in unwanted if column != self._stretched}
        header = self.horizontalHeader()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(lambda place: self._show_chooser(header.mapToGlobal(place)))
        set_tip(header, translate("Table", "Right click: choose columns"))
        self._drop_columns()

    def fill_column_menu(self, menu: QMenu) -> None:
        """A tick for each column but the first."""
        menu.clear()
        model = self._model()
        for column in range(model.columnCount() if model is not None else 0):
            words = str(model.headerData(column, Qt.Orientation.Horizontal) or "") if model is not None else ""
            if words and column != self._stretched:
                act = menu.addAction(words)
                act.setCheckable(True)
                act.setChecked(column not in self._unwanted)
                act.toggled.connect(lambda on, c=column: self.want_column(c, on=on))

    def want_column(self, column: int, *, on: bool) -> None:
        (self._unwanted.discard if on else self._unwanted.add)(column)
        if on and column not in self._droppable:
            self.showColumn(column)
        self._drop_columns()
        self.columns_chosen.emit(sorted(self._unwanted))

    def _show_chooser(self, place: QPoint) -> None:
        menu = QMenu(self)
        self.fill_column_menu(menu)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

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
        model = self._model()
        nothing = model is None or model.rowCount(QModelIndex()) == 0
        for widget, wanted in ((self._empty, self._cover is None), (self._cover, True)):
            if widget is not None:
                widget.setVisible(nothing and wanted)
                widget.setGeometry(self.viewport().rect())
        if self._empty is not None:
            self.horizontalHeader().setVisible(not nothing)
