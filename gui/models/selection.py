"""Which rows of a list are marked. An act reaches exactly these: each is among the rows shown, and is drawn as marked.

Marks go by key, so that sorting and fresh snapshots keep them on what is still shown; what a filter or a closed group
takes out of sight loses its mark. A header is never marked itself: marking it marks the rows it stands over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Signal

from gui.models.table import NO_INDEX, AnyIndex, ModelRole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PySide6.QtCore import QAbstractItemModel, QObject

_FLAG = QItemSelectionModel.SelectionFlag


class RowSelection(QItemSelectionModel):
    """Set it on a view after the view has its model."""

    restored = Signal()
    """The rows were all made anew; what is still there has its mark again."""

    def __init__(self, model: QAbstractItemModel, parent: QObject) -> None:
        super().__init__(model, parent)
        self._kept: frozenset[str] = frozenset()
        self._current = ""
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._restore)

    # --- reading ---

    def keys(self) -> list[str]:
        """Keys of the marked rows, in their order."""
        return [self._key(row) for row in self.rows()]

    def rows(self) -> list[int]:
        return sorted(index.row() for index in self.selectedRows())

    def members(self, row: int) -> Sequence[int] | None:
        """The rows a header stands over, as far as they are shown; None for an ordinary row."""
        found: Sequence[int] | None = self.model().index(row, 0).data(ModelRole.MEMBERS)
        return found

    def is_marked(self, row: int) -> bool:
        """A header counts as marked when all it stands over is."""
        members = self.members(row)
        if members is None:
            return self.isRowSelected(row, NO_INDEX)
        return bool(members) and all(self.isRowSelected(member, NO_INDEX) for member in members)

    def is_partly_marked(self, row: int) -> bool:
        return any(self.isRowSelected(member, NO_INDEX) for member in self.members(row) or ())

    # --- marking ---

    def mark(self, row: int) -> None:
        """This row alone, or all that the header stands over."""
        members = self.members(row)
        self.mark_rows((row,) if members is None else members)

    def toggle(self, row: int) -> None:
        """Mark it too, or no longer."""
        members = self.members(row)
        flag = _FLAG.Deselect if self.is_marked(row) else _FLAG.Select
        self.select(self._ranges((row,) if members is None else members), flag | _FLAG.Rows)

    def add_rows(self, rows: Iterable[int]) -> None:
        self.select(self._ranges(rows), _FLAG.Select | _FLAG.Rows)

    def mark_rows(self, rows: Iterable[int]) -> None:
        """These and no others."""
        self.select(self._ranges(rows), _FLAG.ClearAndSelect | _FLAG.Rows)

    # --- inside ---

    def _key(self, row: int) -> str:
        return str(self.model().index(row, 0).data(ModelRole.KEY))

    def _ranges(self, rows: Iterable[int]) -> QItemSelection:
        model = self.model()
        last = model.columnCount() - 1
        made = QItemSelection()
        ordered = sorted(rows)
        start = 0
        for position, row in enumerate(ordered):
            if position + 1 == len(ordered) or ordered[position + 1] != row + 1:
                made.select(model.index(ordered[start], 0), model.index(row, last))
                start = position + 1
        return made

    def _keep(self) -> None:
        self._kept = frozenset(self.keys())
        current: AnyIndex = self.currentIndex()
        self._current = self._key(current.row()) if current.isValid() else ""

    def _restore(self) -> None:
        kept, self._kept = self._kept, frozenset()
        if not kept and not self._current:
            return
        places = {self._key(row): row for row in range(self.model().rowCount())}
        self.add_rows(places[key] for key in kept & places.keys())
        if (row := places.get(self._current)) is not None:
            self.setCurrentIndex(self.model().index(row, 0), _FLAG.NoUpdate)
        self.restored.emit()
