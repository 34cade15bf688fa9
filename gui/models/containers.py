"""The list of containers: filtered, sorted and grouped by project here, with live figures beside the snapshots.

Grouped rows cannot come from Qt's sorting proxy without asking Python for every comparison; arranging a thousand rows
in one go is a millisecond, so the model does it itself and only tells the view what moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt

from engine.types.containers import ALIVE_STATES, Container
from gui.models.container_columns import OF_FIGURES, Figures, container_columns
from gui.models.natural import natural_key
from gui.models.table import NO_INDEX, AnyIndex, ColumnsModel, ModelRole
from gui.presentation.containers import words
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.types.frontdoor import DoorAddress
    from engine.types.stats import Rates
    from gui.bridge.changes import KindChange

_RESET_ABOVE = 24


@dataclass(frozen=True, slots=True)
class Group:
    """A header row over the containers of one project or pod."""

    name: str
    total: int
    running: int
    collapsed: bool
    empty_pod: bool = False
    """A pod that no container is in: its header is all there is of it."""

    @property
    def key(self) -> str:
        return f"project:{self.name}"


Row = Container | Group


class ContainersModel(ColumnsModel):
    """Rows are containers and, where grouping is on, headers of projects."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items: dict[str, Container] = {}
        self._rows: list[Row] = []
        self._positions: dict[str, int] = {}
        self._haystacks: dict[str, str] = {}
        self._figures = Figures()
        self.columns = container_columns(self._figures)
        self._places = {column.id: place for place, column in enumerate(self.columns)}
        self._query: tuple[str, ...] = ()
        self._condition: Callable[[Container], bool] | None = None
        self._grouped = True
        self._collapsed: set[str] = set()
        self._pods: frozenset[str] = frozenset()
        self._sort_column = self._places["name"]
        self._descending = False

    # --- what views ask ---

    def rowCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == ModelRole.OBJECT:
            return row
        if role == ModelRole.KEY:
            return _key(row)
        if isinstance(row, Group):
            if role == ModelRole.MEMBERS:
                return self._rows_below(index.row())
            if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) and index.column() == 0:
                return row.name
            return None
        return self.columns[index.column()].cell(row, role)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """A header is never selected itself: it stands for the rows below it that are shown."""
        flags = super().flags(index)
        if index.isValid() and isinstance(self._rows[index.row()], Group):
            return flags & ~Qt.ItemFlag.ItemIsSelectable
        return flags

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(self.columns):
            self._sort_column = column
            self._descending = order is Qt.SortOrder.DescendingOrder
            self._arrange()

    # --- reading ---

    def container(self, key: str) -> Container | None:
        return self._items.get(key)

    def containers(self) -> Iterable[Container]:
        return self._items.values()

    def shown(self) -> list[Container]:
        return [row for row in self._rows if not isinstance(row, Group)]

    def row_object(self, row: int) -> Row:
        return self._rows[row]

    def column_of(self, name: str) -> int:
        return self._places[name]

    def row_of(self, key: str) -> int:
        return self._positions.get(key, -1)

    def _rows_below(self, header: int) -> range:
        """Rows up to the next header."""
        end = header + 1
        while end < len(self._rows) and not isinstance(self._rows[end], Group):
            end += 1
        return range(header + 1, end)

    # --- writing ---

    def apply(self, change: KindChange) -> None:
        if change.complete:
            self._items = dict(change.upserted)
            self._haystacks.clear()
        else:
            for key in change.removed:
                self._items.pop(key, None)
            self._items.update(change.upserted)
        for key in (*change.upserted, *change.removed):
            self._haystacks.pop(key, None)
        for key in [key for key in self._figures.cpu if key not in self._items]:
            self._figures.forget(key)
        self._arrange(changed=set(change.upserted))

    def set_pods(self, names: Iterable[str]) -> None:
        """All there are: one that no container is in has a header of its own."""
        pods = frozenset(names)
        if pods != self._pods:
            self._pods = pods
            self._arrange()

    def set_addresses(self, addresses: Mapping[str, DoorAddress]) -> None:
        """What the front door calls them; shown beside the ports."""
        if addresses != self._figures.addresses:
            self._figures.addresses = addresses
            self._repaint("ports")

    def links(self, item: Container) -> list[tuple[str, str]]:
        return self._figures.links(item)

    def apply_rates(self, batch: Sequence[Rates]) -> None:
        """One tick of figures; repaints the cells of figures only."""
        self._figures.take(batch)
        if self.columns[self._sort_column].id in OF_FIGURES:
            self._arrange()
        self._repaint(*OF_FIGURES)

    def refresh_times(self) -> None:
        self._repaint("status")

    def _repaint(self, *columns: str) -> None:
        """From the first of these columns to the last, in every row."""
        if self._rows:
            first, last = self._places[columns[0]], self._places[columns[-1]]
            self.dataChanged.emit(self.index(0, first), self.index(len(self._rows) - 1, last))

    def set_query(self, text: str) -> None:
        self._query = tuple(text.casefold().split())
        self._arrange()

    def set_condition(self, condition: Callable[[Container], bool] | None) -> None:
        self._condition = condition
        self._arrange()

    def set_grouped(self, *, grouped: bool) -> None:
        self._grouped = grouped
        self._arrange()

    def open_group(self, name: str) -> None:
        if name in self._collapsed:
            self.toggle_group(name)

    def toggle_group(self, name: str) -> None:
        self._collapsed ^= {name}
        self._arrange()

    # --- arranging ---

    def _arrange(self, changed: set[str] | None = None) -> None:
        rows = self._arranged()
        old, new = [_key(row) for row in self._rows], [_key(row) for row in rows]
        if old == new:
            self._replace_in_place(rows, changed)
            return
        if self._sync(rows, old, new):
            self._replace_in_place(rows, changed)
            return
        self.beginResetModel()
        self._set_rows(rows)
        self.endResetModel()

    def _replace_in_place(self, rows: list[Row], changed: set[str] | None) -> None:
        for position, (before, after) in enumerate(zip(self._rows, rows, strict=True)):
            if (before is not after and before != after) or (changed and _key(after) in changed):
                self._rows[position] = after
                self.dataChanged.emit(self.index(position, 0), self.index(position, len(self.columns) - 1))

    def _sync(self, rows: list[Row], old: list[str], new: list[str]) -> bool:
        """Remove and insert single rows where few changed places; False where a reset is cheaper."""
        kept = set(new) & set(old)
        if [key for key in old if key in kept] != [key for key in new if key in kept]:
            return False
        if len(old) + len(new) - 2 * len(kept) > _RESET_ABOVE:
            return False
        for position in range(len(old) - 1, -1, -1):
            if old[position] not in kept:
                self.beginRemoveRows(NO_INDEX, position, position)
                del self._rows[position]
                self._index_rows()
                self.endRemoveRows()
        for position, row in enumerate(rows):
            if new[position] not in kept:
                self.beginInsertRows(NO_INDEX, position, position)
                self._rows.insert(position, row)
                self._index_rows()
                self.endInsertRows()
        return True

    def _set_rows(self, rows: list[Row]) -> None:
        self._rows = rows
        self._index_rows()

    def _index_rows(self) -> None:
        self._positions = {_key(row): position for position, row in enumerate(self._rows)}

    def _arranged(self) -> list[Row]:
        shown = [item for item in self._items.values() if self._accepts(item)]
        shown.sort(key=self._sort_key, reverse=self._descending)
        projects = {name for item in shown if (name := words.group_of(item))}
        empty = self._empty_pods()
        if not self._grouped or not (projects or empty):
            return [*shown, *(Group(name, 0, 0, collapsed=False, empty_pod=True) for name in empty)]
        rows: list[Row] = []
        for name in sorted(projects.union(empty), key=natural_key):
            if name in empty:
                rows.append(Group(name, 0, 0, collapsed=False, empty_pod=True))
                continue
            members = [item for item in shown if words.group_of(item) == name]
            running = sum(item.state in ALIVE_STATES for item in members)
            collapsed = name in self._collapsed and not self._query
            rows.append(Group(name, len(members), running, collapsed))
            if not collapsed:
                rows.extend(members)
        loners = [item for item in shown if not words.group_of(item)]
        if loners:
            running = sum(item.state in ALIVE_STATES for item in loners)
            collapsed = "" in self._collapsed and not self._query
            rows.append(Group("", len(loners), running, collapsed))
            if not collapsed:
                rows.extend(loners)
        return rows

    def _empty_pods(self) -> list[str]:
        """A filter by state shows none; one by words those that fit."""
        if self._condition is not None or not self._pods:
            return []
        used = {words.group_of(item) for item in self._items.values()}
        fits = (name for name in self._pods - used if all(word in name.casefold() for word in self._query))
        return sorted(fits, key=natural_key)

    def _accepts(self, item: Container) -> bool:
        if self._condition is not None and not self._condition(item):
            return False
        if not self._query:
            return True
        text = self._haystacks.get(item.id)
        if text is None:
            text = self._haystacks[item.id] = words.haystack(item)
        return all(word in text for word in self._query)

    def _sort_key(self, item: Container) -> tuple[Any, Any]:
        return self.columns[self._sort_column].sort_key(item), natural_key(item.name)


def group_summary(group: Group) -> str:
    """ "2 of 3 running" beside a project's name."""
    if group.empty_pod:
        return translate("Groups", "a pod without containers")
    if group.total == group.running:
        return translate("Groups", "%n running", None, group.total)
    return translate("Groups", "{0} of {1} running").format(group.running, group.total)


def _key(row: Row) -> str:
    return row.key if isinstance(row, Group) else row.id
