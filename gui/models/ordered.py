"""Sorted and filtered rows of a table of thousands: each sort key and each text is made once, not at every comparison.

Qt's own proxy asks the model in Python for both sides of every comparison: 5,000 rows take it a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer

from gui.models.table import NO_INDEX, AnyIndex, ColumnsModel, ModelRole

if TYPE_CHECKING:
    from gui.models.table import KeyedTableModel

_RESET_ABOVE = 60
"""More rows than that which came, went or moved are shown as a new table."""


class OrderedModel(ColumnsModel):
    """Stands between a view and a `KeyedTableModel`. Marks of rows outlive its resets (`gui.models.selection`)."""

    def __init__(self, source: KeyedTableModel[Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self.columns = source.columns
        self._keys: list[str] = []
        self._rows: dict[str, int] = {}
        self._sort_keys: dict[str, Any] = {}
        self._haystacks: dict[str, str] = {}
        self._words: tuple[str, ...] = ()
        self._column, self._descending = 0, False
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._arrange)
        source.modelReset.connect(self._forget_all)
        source.rowsInserted.connect(lambda *_: self._arrange())
        source.rowsRemoved.connect(lambda *_: self._arrange())
        source.dataChanged.connect(lambda first, last: self._on_data(first, last))

    # --- what views ask ---

    def rowCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._keys)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        key = self._keys[index.row()]
        if role == ModelRole.KEY:
            return key
        item = self._source.item(key)
        if item is None or role == ModelRole.OBJECT:
            return item
        return self._source.columns[index.column()].cell(item, role)

    def row_of(self, key: str) -> int:
        """The row of a key, or -1."""
        return self._rows.get(key, -1)

    # --- how they are arranged ---

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._sort_keys.clear()
        self._arrange()

    def set_query(self, text: str) -> None:
        words = tuple(text.casefold().split())
        if words != self._words:
            self._words = words
            self._arrange()

    def _forget_all(self) -> None:
        self._sort_keys.clear()
        self._haystacks.clear()
        self._arrange()

    def _on_data(self, first: AnyIndex, last: AnyIndex) -> None:
        """Rows whose place is the same are only drawn anew; others find theirs once the whole batch is known."""
        whole = first.column() <= self._column <= last.column()
        for row in range(first.row(), last.row() + 1):
            key = str(self._source.index(row, 0).data(ModelRole.KEY))
            if whole:
                self._haystacks.pop(key, None)
                before = self._sort_keys.pop(key, None)
                if before != self._sort_key(key) or self._accepts(key) != (key in self._rows):
                    self._soon.start()
            if (place := self._rows.get(key)) is not None:
                self.dataChanged.emit(self.index(place, first.column()), self.index(place, last.column()))

    def _sort_key(self, key: str) -> Any:
        found = self._sort_keys.get(key)
        if found is None:
            item = self._source.item(key)
            found = self._sort_keys[key] = self._source.columns[self._column].sort_key(item)
        return found

    def _accepts(self, key: str) -> bool:
        if not self._words:
            return True
        text = self._haystacks.get(key)
        if text is None:
            text = self._haystacks[key] = self._source.haystack_of(self._source.index(self._source.row_of(key), 0))
        return all(word in text for word in self._words)

    def _arrange(self) -> None:
        known = self._source.keys()
        for cache in (self._sort_keys, self._haystacks):
            for key in cache.keys() - known:
                del cache[key]
        new = sorted(filter(self._accepts, known), key=self._sort_key, reverse=self._descending)
        if new == self._keys:
            return
        if not self._sync(new):
            self.beginResetModel()
            self._set(new)
            self.endResetModel()

    def _sync(self, new: list[str]) -> bool:
        """Single rows out and in where few changed places; False where a reset is cheaper."""
        wanted, old = set(new), set(self._keys)
        kept = wanted & old
        if len(wanted) + len(old) - 2 * len(kept) > _RESET_ABOVE:
            return False
        if [key for key in self._keys if key in kept] != [key for key in new if key in kept]:
            return False
        for place in range(len(self._keys) - 1, -1, -1):
            if self._keys[place] not in wanted:
                self.beginRemoveRows(NO_INDEX, place, place)
                self._set([*self._keys[:place], *self._keys[place + 1 :]])
                self.endRemoveRows()
        for place, key in enumerate(new):
            if key not in old:
                self.beginInsertRows(NO_INDEX, place, place)
                self._set([*self._keys[:place], key, *self._keys[place:]])
                self.endInsertRows()
        return True

    def _set(self, keys: list[str]) -> None:
        self._keys = keys
        self._rows = {key: row for row, key in enumerate(keys)}
