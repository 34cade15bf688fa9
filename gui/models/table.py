"""A table over objects of one kind, a row per id, columns declared as functions of the object."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from gui.models.natural import natural_key
from gui.plain_text import tip

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from gui.bridge.changes import KindChange

T = TypeVar("T")

AnyIndex = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()


class ModelRole(IntEnum):
    """What views may ask beyond Qt's own roles."""

    OBJECT = Qt.ItemDataRole.UserRole + 1
    KEY = Qt.ItemDataRole.UserRole + 2
    SORT = Qt.ItemDataRole.UserRole + 3
    TONE = Qt.ItemDataRole.UserRole + 4
    """A gui.theme.Tone for the cell, or None."""
    SUBTEXT = Qt.ItemDataRole.UserRole + 5
    """A second, quieter line under the first."""
    ICON_NAME = Qt.ItemDataRole.UserRole + 6
    LIVE = Qt.ItemDataRole.UserRole + 7
    """Live figures for delegates that draw them."""
    MEMBERS = Qt.ItemDataRole.UserRole + 8
    """Of a header: the rows it stands over, as far as they are shown. None for an ordinary row."""


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column. `text` is shown; `sort` (default: the text, case-folded) orders."""

    id: str
    title: str
    text: Callable[[T], str]
    sort: Callable[[T], Any] | None = None
    tooltip: Callable[[T], str] | None = None
    tone: Callable[[T], Any] | None = None
    subtext: Callable[[T], str] | None = None
    icon: Callable[[T], str] | None = None
    spoken: Callable[[T], str] | None = None
    """What a screen reader says, where that is not the text."""
    live: Callable[[T], Any] | None = None
    """Figures for a delegate that draws them."""
    right: bool = False

    def sort_key(self, item: T) -> Any:
        return self.sort(item) if self.sort else natural_key(self.text(item))

    def alignment(self) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if self.right else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def heading(self, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.title
        return self.alignment() if role == Qt.ItemDataRole.TextAlignmentRole else None

    def cell(self, item: T, role: int) -> Any:
        """What views ask of one cell."""
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.text(item)
            case Qt.ItemDataRole.AccessibleTextRole:
                return (self.spoken or self.text)(item)
            case Qt.ItemDataRole.ToolTipRole:
                return tip(self.tooltip(item)) if self.tooltip else None
            case Qt.ItemDataRole.TextAlignmentRole:
                return self.alignment()
            case ModelRole.SORT:
                return self.sort_key(item)
        others: dict[int, Callable[[T], Any] | None] = {
            ModelRole.TONE: self.tone, ModelRole.SUBTEXT: self.subtext, ModelRole.ICON_NAME: self.icon,
            ModelRole.LIVE: self.live,
        }  # fmt: skip
        asked = others.get(role)
        return asked(item) if asked else None


class ColumnsModel(QAbstractTableModel):
    """What every model made of columns answers alike."""

    columns: Sequence[Column[Any]] = ()

    def columnCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        return self.columns[section].heading(role)


class KeyedTableModel(ColumnsModel, Generic[T]):
    """Rows in order of arrival; a proxy sorts and filters. `haystack` is what a filter text is looked for in."""

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        haystack: Callable[[T], str] | None = None,
        accept: Callable[[T], bool] = lambda _: True,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._keys: list[str] = []
        self._items: dict[str, T] = {}
        self._rows: dict[str, int] = {}
        self._accept = accept
        self._haystack = haystack or (lambda item: " ".join(column.text(item) for column in self.columns))

    # --- reading ---

    def item(self, key: str) -> T | None:
        return self._items.get(key)

    def item_at(self, row: int) -> T:
        return self._items[self._keys[row]]

    def items(self) -> Iterable[T]:
        return self._items.values()

    def keys(self) -> Collection[str]:
        return self._rows.keys()

    def row_of(self, key: str) -> int:
        """The row of a key, or -1."""
        return self._rows.get(key, -1)

    def haystack_of(self, index: AnyIndex) -> str:
        return self._haystack(self.item_at(index.row())).casefold()

    def rowCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._keys)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Rows can be dragged where a view lets them be."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        item = self.item_at(index.row())
        if role == ModelRole.OBJECT:
            return item
        if role == ModelRole.KEY:
            return self._keys[index.row()]
        return self.columns[index.column()].cell(item, role)

    # --- writing ---

    def apply(self, change: KindChange) -> None:
        """Bring the rows up to date. A first load resets; later changes touch only the rows that moved."""
        wanted = {key: item for key, item in change.upserted.items() if self._accept(item)}
        if change.complete:
            self._replace(wanted)
            return
        gone = [key for key in change.removed if key in self._rows]
        gone += [key for key in change.upserted if key not in wanted and key in self._rows]
        self._remove(gone)
        self._update({key: item for key, item in wanted.items() if key in self._rows})
        self._append({key: item for key, item in wanted.items() if key not in self._rows})

    def set_items(self, items: Iterable[tuple[str, T]]) -> None:
        """All rows at once, for models that are not fed by changes."""
        self._replace(dict(items))

    def refresh(self, columns: Iterable[str] | None = None) -> None:
        """Repaint everything (or some columns), as when "2 minutes ago" has become 3."""
        if not self._keys:
            return
        wanted = [i for i, column in enumerate(self.columns) if columns is None or column.id in columns]
        for i in wanted:
            self.dataChanged.emit(self.index(0, i), self.index(len(self._keys) - 1, i))

    def _replace(self, items: dict[str, T]) -> None:
        if items.keys() == self._items.keys():
            self._update({key: item for key, item in items.items() if self._items[key] != item})
            return
        self.beginResetModel()
        self._items = dict(items)
        self._keys = list(items)
        self._rows = {key: row for row, key in enumerate(self._keys)}
        self.endResetModel()

    def _append(self, items: dict[str, T]) -> None:
        if not items:
            return
        first = len(self._keys)
        self.beginInsertRows(NO_INDEX, first, first + len(items) - 1)
        for key, item in items.items():
            self._rows[key] = len(self._keys)
            self._keys.append(key)
            self._items[key] = item
        self.endInsertRows()

    def _update(self, items: dict[str, T]) -> None:
        for key, item in items.items():
            self._items[key] = item
            row = self._rows[key]
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))

    def _remove(self, keys: list[str]) -> None:
        for key in sorted(keys, key=lambda key: self._rows[key], reverse=True):
            row = self._rows[key]
            self.beginRemoveRows(NO_INDEX, row, row)
            del self._keys[row]
            del self._items[key]
            self._rows = {key: row for row, key in enumerate(self._keys)}
            self.endRemoveRows()
