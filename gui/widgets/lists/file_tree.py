"""A tree of files of any size: folders are fetched when they open, changes are coloured, sizes have bars."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetricsF, QIcon, QKeyEvent, QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from gui.plain_text import tip
from gui.presentation.units import WIDEST
from gui.theme import Role, Size, Space, Text, Tone, color, font, grown, icon, theme
from gui.widgets.painted.mirror import mirrored
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AnyIndex = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
_NARROW = 440
_COLUMN = 88
"""Wide enough for "65534:65534", the owner of what belongs to nobody here."""


class Change(StrEnum):
    NONE = ""
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    MODE_ONLY = "mode-only"


CHANGE_TONES = {
    Change.ADDED: Tone.SUCCESS,
    Change.CHANGED: Tone.WARNING,
    Change.REMOVED: Tone.DANGER,
    Change.MODE_ONLY: Tone.INFO,
}


class FileRow(NamedTuple):
    """One entry of a folder."""

    name: str
    path: str
    folder: bool = False
    size: int = 0
    size_words: str = ""
    change: Change = Change.NONE
    icon_name: str = ""
    link: str = ""
    details: tuple[str, ...] = ()
    """The further columns: owner, mode, time …"""


class FileSource(Protocol):
    """Gives the children of a folder, sooner or later; `done(None)` says it failed."""

    def fetch(self, path: str, done: Callable[[Sequence[FileRow] | None], None]) -> None: ...


@dataclass(eq=False)
class _Node:
    row: FileRow
    parent: _Node | None
    position: int = 0
    children: list[_Node] | None = None
    fetching: bool = False
    failed: bool = False
    placeholder: bool = False
    number: int = field(default=0)


class FileTreeModel(QAbstractItemModel):
    """Nodes in memory for the folders that were opened."""

    ROW = Qt.ItemDataRole.UserRole + 1
    SHARE = Qt.ItemDataRole.UserRole + 2
    CHANGE = Qt.ItemDataRole.UserRole + 3

    def __init__(self, columns: Sequence[str] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._titles = [translate("FileTree", "Name"), translate("FileTree", "Size"), *columns]
        self._source: FileSource | None = None
        self._numbers: dict[int, _Node] = {}
        self._next = 1
        self._root = self._new(FileRow("", "/", folder=True), None, 0)
        self._generation = 0

    # --- filling ---

    def set_source(self, source: FileSource | None, root: str = "/") -> None:
        """Show another tree from its root."""
        self.beginResetModel()
        self._generation += 1
        self._numbers.clear()
        self._source = source
        self._root = self._new(FileRow("", root, folder=True), None, 0)
        self.endResetModel()
        if source is not None:
            self._fetch(self._root)

    def reload(self, path: str) -> None:
        """Fetch one folder again, as after a change in it. What is still there keeps its rows, open as they are."""
        node = self.node_at(path)
        if node is not None and node.children is not None and not node.fetching and self._source is not None:
            generation = self._generation
            self._source.fetch(node.row.path, lambda rows: self._fetched_again(generation, node, rows))

    def reload_all(self) -> None:
        """Every folder that was opened."""
        for path in [node.row.path for node in self._numbers.values() if node.children is not None]:
            self.reload(path)

    def _fetched_again(self, generation: int, node: _Node, rows: Sequence[FileRow] | None) -> None:
        if generation != self._generation or rows is None or node.children is None:
            return
        parent = self._index_of(node)
        ordered = sorted(rows, key=_order)
        kept = {(row.path, row.folder) for row in ordered}
        for position in range(len(node.children) - 1, -1, -1):
            gone = node.children[position].row
            if (gone.path, gone.folder) not in kept:
                self.beginRemoveRows(parent, position, position)
                self._forget(node.children.pop(position))
                _count_off(node.children, position)
                self.endRemoveRows()
        for position, row in enumerate(ordered):
            known = node.children[position] if position < len(node.children) else None
            if known is None or known.row.path != row.path:
                self.beginInsertRows(parent, position, position)
                node.children.insert(position, self._new(row, node, position))
                _count_off(node.children, position)
                self.endInsertRows()
            elif known.row != row:
                known.row = row
        last = len(node.children) - 1
        if last >= 0:  # the shares of all may have changed with one size
            self.dataChanged.emit(self.index(0, 0, parent), self.index(last, len(self._titles) - 1, parent))
        self.folder_loaded.emit(node.row.path)

    def _forget(self, node: _Node) -> None:
        for child in node.children or ():
            self._forget(child)
        self._numbers.pop(node.number, None)

    def node_at(self, path: str) -> _Node | None:
        """The node of a path, if it has been fetched."""
        return next((node for node in self._numbers.values() if node.row.path == path and not node.placeholder), None)

    def index_of_path(self, path: str) -> QModelIndex:
        node = self.node_at(path)
        return self._index_of(node) if node is not None else _NO_INDEX

    def row_at(self, index: AnyIndex) -> FileRow | None:
        return self._node(index).row if index.isValid() else None

    def loaded(self, path: str) -> bool:
        node = self.node_at(path)
        return node is not None and node.children is not None and not node.fetching

    def _new(self, row: FileRow, parent: _Node | None, position: int) -> _Node:
        node = _Node(row, parent, position, number=self._next)
        self._numbers[node.number] = node
        self._next += 1
        return node

    def _fetch(self, node: _Node) -> None:
        if node.fetching or node.children is not None or self._source is None:
            return
        node.fetching = True
        generation = self._generation
        self._source.fetch(node.row.path, lambda rows: self._fetched(generation, node, rows))

    def _fetched(self, generation: int, node: _Node, rows: Sequence[FileRow] | None) -> None:
        if generation != self._generation:
            return
        node.failed = rows is None
        ordered = sorted(rows or (), key=_order)
        if ordered:
            self.beginInsertRows(self._index_of(node), 0, len(ordered) - 1)
            node.children = [self._new(row, node, position) for position, row in enumerate(ordered)]
            # Only now: a view told of new rows may ask at once whether there is more to fetch.
            node.fetching = False
            self.endInsertRows()
        else:
            node.children = []
            node.fetching = False
            index = self._index_of(node)
            if index.isValid():
                self.dataChanged.emit(index, index)
        self.folder_loaded.emit(node.row.path)

    folder_loaded = Signal(object)

    # --- Qt's questions ---

    def _node(self, index: AnyIndex) -> _Node:
        return self._numbers[index.internalId()] if index.isValid() else self._root

    def _index_of(self, node: _Node, column: int = 0) -> QModelIndex:
        return _NO_INDEX if node is self._root else self.createIndex(node.position, column, node.number)

    def index(self, row: int, column: int, parent: AnyIndex = _NO_INDEX) -> QModelIndex:
        node = self._node(parent)
        if node.children is None or not (0 <= row < len(node.children) and 0 <= column < len(self._titles)):
            return QModelIndex()
        return self.createIndex(row, column, node.children[row].number)

    def parent(self, index: AnyIndex = _NO_INDEX) -> QModelIndex:  # type: ignore[override]
        up = self._node(index).parent if index.isValid() else None
        return self._index_of(up) if up is not None else QModelIndex()

    def rowCount(self, parent: AnyIndex = _NO_INDEX) -> int:
        if parent.isValid() and parent.column() > 0:
            return 0
        return len(self._node(parent).children or ())

    def columnCount(self, _parent: AnyIndex = _NO_INDEX) -> int:
        return len(self._titles)

    def hasChildren(self, parent: AnyIndex = _NO_INDEX) -> bool:
        if parent.isValid() and parent.column() > 0:
            return False
        node = self._node(parent)
        return bool(node.children) if node.children is not None else node.row.folder

    def canFetchMore(self, parent: AnyIndex) -> bool:
        node = self._node(parent)
        return node.row.folder and node.children is None and not node.fetching

    def fetchMore(self, parent: AnyIndex) -> None:
        self._fetch(self._node(parent))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == 1 else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        node, column = self._node(index), index.column()
        row = node.row
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(node, column)
            case Qt.ItemDataRole.DecorationRole if column == 0:
                return _icon(row)
            case Qt.ItemDataRole.ForegroundRole:
                return self._ink(row, column)
            case Qt.ItemDataRole.SizeHintRole:
                return QSize(0, grown(Size.ROW_COMPACT))
            case Qt.ItemDataRole.FontRole if column > 0:
                return font(Text.SMALL, tabular=True)
            case Qt.ItemDataRole.ToolTipRole:
                return tip(row.path + (f" → {row.link}" if row.link else ""))
            case Qt.ItemDataRole.AccessibleTextRole if column == 0:
                return f"{row.name} {row.change.value}".strip()
            case self.ROW:
                return row
            case self.SHARE:
                total = sum(n.row.size for n in (node.parent.children or ())) if node.parent else 0
                return row.size / total if total else 0.0
            case self.CHANGE:
                return row.change
        return None

    def _text(self, node: _Node, column: int) -> str:
        row = node.row
        if column == 0:
            return row.name + (f" → {row.link}" if row.link else "")
        if column == 1:
            return row.size_words
        details = row.details
        return details[column - 2] if column - 2 < len(details) else ""

    def _ink(self, row: FileRow, column: int) -> QColor:
        if row.change in CHANGE_TONES and column == 0:
            return theme().tone(CHANGE_TONES[row.change])
        return color(Role.TEXT if column == 0 else Role.TEXT_SECONDARY)


def _order(row: FileRow) -> tuple[bool, str, str]:
    return not row.folder, row.name.casefold(), row.path


def _count_off(nodes: list[_Node], first: int) -> None:
    for position in range(first, len(nodes)):
        nodes[position].position = position


def _icon(row: FileRow) -> QIcon:
    name = row.icon_name or ("folder" if row.folder else "file")
    return icon(name, Role.ACCENT if row.folder else Role.TEXT_MUTED)


class _InkDelegate(QStyledItemDelegate):
    """Rows keep their colours while they are selected: what changed is what is looked for."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        super().initStyleOption(option, index)
        ink = index.data(Qt.ItemDataRole.ForegroundRole)
        if isinstance(ink, QColor):
            option.palette.setColor(QPalette.ColorRole.HighlightedText, ink)


class _SizeDelegate(QStyledItemDelegate):
    """The size column: a bar of the share among siblings behind the words."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        blank = QStyleOptionViewItem(option)
        self.initStyleOption(blank, index)
        blank.text = ""
        view = self.parent()
        assert isinstance(view, QWidget)
        view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, blank, painter, view)
        rect = QRectF(option.rect).adjusted(Space.S, 0, -Space.S, 0)
        share = float(index.data(FileTreeModel.SHARE) or 0.0)
        words = str(index.data() or "")
        fount = font(Text.SMALL, tabular=True)
        words_width = QFontMetricsF(fount).horizontalAdvance(WIDEST)
        bar = QRectF(rect.left(), rect.center().y() - 2, max(0.0, rect.width() - words_width - Space.S), 4)
        filled = QRectF(bar.left(), bar.top(), max(3.0, bar.width() * share), 4)
        if view.isRightToLeft():
            bar, filled = mirrored(bar, rect), mirrored(filled, rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if words and bar.width() > 16:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(Role.TRACK))
            painter.drawRoundedRect(bar, 2, 2)
            if share > 0:
                painter.setBrush(color(Role.ACCENT))
                painter.drawRoundedRect(filled, 2, 2)
        painter.setFont(fount)
        painter.setPen(color(Role.TEXT_SECONDARY))
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()


_ALONE = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows


class FileTree(QTreeView):
    """The view. `picked(path)` when a file becomes current, `opened(path)` on double click or Enter."""

    # Paths may have bytes that are no text; as Qt strings they would lose them.
    picked = Signal(object)
    opened = Signal(object)
    menu_wanted = Signal(list, QPoint)

    def __init__(self, name: str = "", columns: Sequence[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name or translate("FileTree", "Files"))
        self.files = FileTreeModel(columns, self)
        self.setModel(self.files)
        self.setItemDelegate(_InkDelegate(self))
        self.setItemDelegateForColumn(1, _SizeDelegate(self))
        self.setUniformRowHeights(True)
        self.setAnimated(False)
        self.setIndentation(20)
        self.setIconSize(QSize(Size.ICON, Size.ICON))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setExpandsOnDoubleClick(True)
        header = self.header()
        header.setFont(font(Text.SMALL))
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(1, 150)
        for column in range(2, self.files.columnCount()):
            header.resizeSection(column, _COLUMN)
        self.customContextMenuRequested.connect(self._menu)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.doubleClicked.connect(self._double_clicked)
        self.files.folder_loaded.connect(self._folder_loaded)
        self._wanted = ""
        theme().changed.connect(self.viewport().update)

    def set_source(self, source: FileSource | None, root: str = "/") -> None:
        self.files.set_source(source, root)

    def selected_paths(self) -> list[str]:
        return [row.path for index in self.selectionModel().selectedRows()
                if (row := self.files.row_at(index)) is not None]  # fmt: skip

    def current_row(self) -> FileRow | None:
        return self.files.row_at(self.currentIndex().siblingAtColumn(0))

    def reveal(self, path: str) -> None:
        """Open the folders down to a path and select it, fetching what is needed on the way."""
        self._wanted = path
        self._go_on_revealing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # In a narrow pane the name needs the room more than mode and owner do.
        for column in range(2, self.files.columnCount()):
            self.setColumnHidden(column, self.viewport().width() < _NARROW)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.current_row()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row is not None and not row.folder:
            self.opened.emit(row.path)
        else:
            super().keyPressEvent(event)

    def _go_on_revealing(self) -> None:
        parts = [part for part in self._wanted.split("/") if part]
        for count in range(1, len(parts) + 1):
            path = "/" + "/".join(parts[:count])
            index = self.files.index_of_path(path)
            if not index.isValid():
                return
            if count == len(parts):
                self._wanted = ""
                # Not `setCurrentIndex`: with Ctrl held, as for a shortcut that led here, it would take the mark away.
                self.selectionModel().setCurrentIndex(index, _ALONE)
                self.scrollTo(index)
            else:
                self.setExpanded(index, True)  # noqa: FBT003
                if self.files.canFetchMore(index):
                    self.files.fetchMore(index)

    def _folder_loaded(self, _path: str) -> None:
        if self._wanted:
            self._go_on_revealing()

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        row = self.files.row_at(current.siblingAtColumn(0)) if current.isValid() else None
        if row is not None:
            self.picked.emit(row.path)

    def _double_clicked(self, index: QModelIndex) -> None:
        row = self.files.row_at(index.siblingAtColumn(0))
        if row is not None and not row.folder:
            self.opened.emit(row.path)

    def _menu(self, place: QPoint) -> None:
        if paths := self.selected_paths():
            self.menu_wanted.emit(paths, self.viewport().mapToGlobal(place))
