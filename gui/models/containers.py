"""The list of containers: filtered, sorted and grouped by project here, with live figures beside the snapshots.

Grouped rows cannot come from Qt's sorting proxy without asking Python for every comparison; arranging a thousand rows
in one go is a millisecond, so the model does it itself and only tells the view what moved.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QObject, Qt

from engine.types.containers import ALIVE_STATES, Container
from gui.models.natural import natural_key
from gui.models.table import NO_INDEX, AnyIndex, ModelRole
from gui.plain_text import tip
from gui.presentation import containers as words
from gui.presentation.door import short_host
from gui.presentation.units import count_text, memory_text, percent_text
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.types.frontdoor import DoorAddress
    from engine.types.stats import Rates
    from gui.bridge.changes import KindChange

HISTORY = 60
_RESET_ABOVE = 24
COLUMNS = ("name", "image", "ports", "cpu", "memory", "status", "actions")


@dataclass(frozen=True, slots=True)
class Group:
    """A header row over the containers of one project or pod."""

    name: str
    total: int
    running: int
    collapsed: bool

    @property
    def key(self) -> str:
        return f"project:{self.name}"


Row = Container | Group


class ContainersModel(QAbstractTableModel):
    """Rows are containers and, where grouping is on, headers of projects."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items: dict[str, Container] = {}
        self._rows: list[Row] = []
        self._positions: dict[str, int] = {}
        self._haystacks: dict[str, str] = {}
        self._rates: dict[str, Rates] = {}
        self._cpu: dict[str, deque[float]] = {}
        self._addresses: Mapping[str, DoorAddress] = {}
        self._query: tuple[str, ...] = ()
        self._condition: Callable[[Container], bool] | None = None
        self._grouped = True
        self._collapsed: set[str] = set()
        self._sort_column = "name"
        self._descending = False

    # --- what views ask ---

    def rowCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _titles()[COLUMNS[section]]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

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
        return self._cell(row, COLUMNS[index.column()], role)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """A header is never selected itself: it stands for the rows below it that are shown."""
        flags = super().flags(index)
        if index.isValid() and isinstance(self._rows[index.row()], Group):
            return flags & ~Qt.ItemFlag.ItemIsSelectable
        return flags

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(COLUMNS):
            self._sort_column = COLUMNS[column]
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
        for key in [key for key in self._cpu if key not in self._items]:
            del self._cpu[key]
            self._rates.pop(key, None)
        self._arrange(changed=set(change.upserted))

    def set_addresses(self, addresses: Mapping[str, DoorAddress]) -> None:
        """What the front door calls them; shown beside the ports."""
        if addresses == self._addresses:
            return
        self._addresses = addresses
        if self._rows:
            column = COLUMNS.index("ports")
            self.dataChanged.emit(self.index(0, column), self.index(len(self._rows) - 1, column))

    def links(self, item: Container) -> list[tuple[str, str]]:
        """Where it answers: words, and the address for a browser ("" for what no browser speaks)."""
        address = self._addresses.get(item.id)
        at_door = [(short_host(address), address.url)] if address is not None else []
        ports = ((words.port_text(port), words.port_url(port)) for port in words.shown_ports(item))
        return [*ports, *at_door]

    def apply_rates(self, batch: Sequence[Rates]) -> None:
        """One tick of figures; repaints the cells of figures only."""
        fresh = {rates.container_id: rates for rates in batch}
        for key in [key for key in self._rates if key not in fresh]:
            del self._rates[key]
            self._cpu.pop(key, None)
        self._rates.update(fresh)
        for key, rates in fresh.items():
            self._cpu.setdefault(key, deque(maxlen=HISTORY)).append(rates.cpu_percent)
        if self._sort_column in ("cpu", "memory"):
            self._arrange()
        if self._rows:
            first, last = COLUMNS.index("cpu"), COLUMNS.index("memory")
            self.dataChanged.emit(self.index(0, first), self.index(len(self._rows) - 1, last))

    def refresh_times(self) -> None:
        if self._rows:
            column = COLUMNS.index("status")
            self.dataChanged.emit(self.index(0, column), self.index(len(self._rows) - 1, column))

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
                self.dataChanged.emit(self.index(position, 0), self.index(position, len(COLUMNS) - 1))

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
        if not self._grouped or not projects:
            return list(shown)
        rows: list[Row] = []
        for name in sorted(projects, key=natural_key):
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
        rates = self._rates.get(item.id)
        match self._sort_column:
            case "image":
                key: Any = natural_key(words.image_text(item.image))
            case "ports":
                key = min((port.host_port for port in item.ports), default=1 << 20)
            case "cpu":
                key = rates.cpu_percent if rates else -1.0
            case "memory":
                key = rates.memory if rates else -1
            case "status":
                key = words.uptime_sort_key(item)
            case _:
                key = ""
        return key, natural_key(item.name)

    # --- cells ---

    def _cell(self, item: Container, column: str, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(item, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{item.name}, {words.status_text(item)}" if column == "name" else self._text(item, column)
            case Qt.ItemDataRole.ToolTipRole:
                return tip(self._tooltip(item, column))
            case ModelRole.TONE:
                return words.state_words(item).tone if column in ("name", "status") else None
            case ModelRole.LIVE:
                return self._live(item, column)
        return None

    def _text(self, item: Container, column: str) -> str:
        rates = self._rates.get(item.id)
        match column:
            case "name":
                return item.name
            case "image":
                return words.image_text(item.image)
            case "ports":
                return ", ".join(text for text, _ in self.links(item))
            case "cpu":
                return percent_text(rates.cpu_percent) if rates else ""
            case "memory":
                return self._memory_text(item, rates) if rates else ""
            case "status":
                return words.status_text(item)
        return ""

    @staticmethod
    def _memory_text(item: Container, rates: Rates) -> str:
        text = memory_text(rates.memory)
        # Without a limit of its own the kernel reports the whole machine's memory: a bar against that says nothing.
        if item.spec.resources.memory and rates.memory_limit:
            text = f"{text} / {memory_text(rates.memory_limit)}"
        return f"≈ {text}" if "memory" in rates.sample.estimated else text

    def _tooltip(self, item: Container, column: str) -> str:
        if column == "image":
            return item.image
        if column == "ports":
            address = self._addresses.get(item.id)
            at_door = [address.url] if address is not None else []
            return "\n".join([*at_door, *(words.port_mapping_text(port) for port in words.shown_ports(item))])
        if column == "name":
            return f"{item.name}\n{words.command_text(item.command_line)}"
        rates = self._rates.get(item.id)
        if column in ("cpu", "memory") and rates and rates.sample.estimated:
            return translate(
                "ContainersModel", "An estimate: this host does not count it per container. See Settings → Doctor."
            )
        return ""

    def _live(self, item: Container, column: str) -> Any:
        if column == "cpu":
            return tuple(self._cpu.get(item.id, ()))
        rates = self._rates.get(item.id)
        if column == "memory" and rates:
            return rates.memory, rates.memory_limit if item.spec.resources.memory else 0
        if column == "status":
            text, tone = words.health_words(item)
            return (text, tone) if text and tone is not Tone.MUTED else None
        return None


def group_summary(group: Group) -> str:
    """ "2 of 3 running" beside a project's name."""
    if group.total == group.running:
        return count_text(group.total, translate("Groups", "{0} running"), translate("Groups", "{0} running"))
    return translate("Groups", "{0} of {1} running").format(group.running, group.total)


def _key(row: Row) -> str:
    return row.key if isinstance(row, Group) else row.id


def _titles() -> dict[str, str]:
    return {
        "name": translate("ContainersModel", "Name"),
        "image": translate("ContainersModel", "Image"),
        "ports": translate("ContainersModel", "Ports"),
        "cpu": translate("ContainersModel", "CPU"),
        "memory": translate("ContainersModel", "Memory"),
        "status": translate("ContainersModel", "Status"),
        "actions": "",
    }
