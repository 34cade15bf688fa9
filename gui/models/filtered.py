"""Sorting and filtering over any of our models: all words of the query must be found, in any order."""

from __future__ import annotations

from typing import Any, Protocol, cast

from PySide6.QtCore import QObject, QSortFilterProxyModel

from gui.models.table import NO_INDEX, AnyIndex, ModelRole


class HasHaystack(Protocol):
    def haystack_of(self, index: AnyIndex) -> str: ...


class FilteredModel(QSortFilterProxyModel):
    """Set `query`; extra conditions go into `condition`, a function of the row's object."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._condition: Any = None
        self.setSortRole(ModelRole.SORT)
        self.setDynamicSortFilter(True)
        self.setRecursiveFilteringEnabled(True)

    def set_query(self, text: str) -> None:
        words = tuple(text.casefold().split())
        if words != self._words:
            self.beginFilterChange()
            self._words = words
            self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def set_condition(self, condition: Any) -> None:
        """A function object → bool, or None for no condition."""
        self.beginFilterChange()
        self._condition = condition
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, source_row: int, source_parent: AnyIndex) -> bool:
        if not self._words and self._condition is None:
            return True
        model = self.sourceModel()
        index = model.index(source_row, 0, source_parent)
        if self._condition is not None:
            item = model.data(index, ModelRole.OBJECT)
            if item is None or not self._condition(item):
                return False
        if not self._words:
            return True
        text = cast("HasHaystack", model).haystack_of(index)
        return all(word in text for word in self._words)

    def keys(self) -> list[str]:
        """Keys of the rows shown, in their order (top level only)."""
        return [str(self.index(row, 0).data(ModelRole.KEY)) for row in range(self.rowCount(NO_INDEX))]
