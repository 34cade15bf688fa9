"""What every list of the window promises: all words of a filter, figures of now, and rows that go one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import fields, replace
from PySide6.QtCore import QAbstractItemModel, QItemSelectionModel, QObject, Qt

from engine.types.containers import Container, ContainerSpec, PortMapping, Resources, State
from engine.types.data import now
from engine.types.frontdoor import DoorAddress
from engine.types.stats import Rates, Sample
from gui.bridge.changes import KindChange
from gui.models.container_columns import HISTORY
from gui.models.containers import ContainersModel, Group, group_summary
from gui.models.filtered import FilteredModel
from gui.models.ordered import OrderedModel
from gui.models.selection import RowSelection
from gui.models.table import NO_INDEX, Column, KeyedTableModel, ModelRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PySide6.QtWidgets import QApplication

NAMES = ("apple pie", "apple tart", "plum pie", "plum tart", "quince", "sloe")
ORDER = Qt.SortOrder


def a_container(key: str, name: str = "", **others: Any) -> Container:
    return Container(
        id=key, name=name or key, image_id="", image="busybox", spec=ContainerSpec(image="busybox"), command_line=(),
        created=now(), **{"state": State.RUNNING} | others,
    )  # fmt: skip


class Shown:
    """One of the window's kinds of lists, with what changes it and what it shows."""

    def __init__(self, model: Any, apply: Callable[[KindChange], None], make: Callable[[str], Any]) -> None:
        self.model, self.apply, self.make = model, apply, make
        self.steps: list[tuple[str, int, int, list[str]]] = []
        """Rows that came and went, with what was shown right after."""
        model.rowsInserted.connect(lambda _, first, last: self._step("in", first, last))
        model.rowsRemoved.connect(lambda _, first, last: self._step("out", first, last))

    def _step(self, word: str, first: int, last: int) -> None:
        self.steps.append((word, first, last, self.keys()))

    def keys(self) -> list[str]:
        return [self.model.index(row, 0).data(ModelRole.KEY) for row in range(self.model.rowCount(NO_INDEX))]

    def put(self, *names: str, complete: bool = False) -> None:
        self.apply(KindChange({name: self.make(name) for name in names}, complete=complete))


def _columns() -> tuple[Column[str], ...]:
    return (Column("name", "Name", lambda name: name),)


@pytest.fixture(params=["containers", "table", "filtered", "ordered"])
def shown(request: pytest.FixtureRequest, qapp: object) -> Iterator[Shown]:
    owner = QObject()
    if request.param == "containers":
        containers = ContainersModel(owner)
        yield Shown(containers, containers.apply, a_container)
    else:
        table: KeyedTableModel[str] = KeyedTableModel(_columns(), parent=owner)
        model: QAbstractItemModel = table
        if request.param == "filtered":
            model = FilteredModel(owner)
            model.setSourceModel(table)
            model.sort(0)
        elif request.param == "ordered":
            model = OrderedModel(table, owner)
        yield Shown(model, table.apply, str)
    owner.deleteLater()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("pie", ["apple pie", "plum pie"]),
        ("pie plum", ["plum pie"]),
        ("  PLUM\ttart ", ["plum tart"]),
        ("apple quince", []),
        ("pl", ["apple pie", "apple tart", "plum pie", "plum tart"]),
        ("", list(NAMES)),
    ],
)
def test_all_words_of_a_filter_are_found_in_any_order(shown: Shown, query: str, found: list[str]) -> None:
    if not hasattr(shown.model, "set_query"):
        return  # a table shows all it has; what stands before it filters
    shown.put(*NAMES, complete=True)
    shown.model.set_query("nothing of that kind")
    assert shown.keys() == []
    shown.model.set_query(query)
    assert shown.keys() == found


def test_several_rows_go_and_come_at_once_and_each_step_is_true(shown: Shown) -> None:
    shown.put(*NAMES, complete=True)
    shown.steps.clear()

    shown.apply(KindChange({}, frozenset({"apple pie", "plum pie", "sloe"})))
    left = ["apple tart", "plum tart", "quince"]
    assert shown.keys() == left
    shown.put("apricot", "melon")
    assert sorted(shown.keys()) == sorted([*left, "apricot", "melon"])

    known = list(NAMES)
    for word, first, last, then in shown.steps:
        if word == "out":
            del known[first : last + 1]
        else:
            known[first:first] = then[first : last + 1]
        assert known == then
    assert sum(word == "out" for word, *_ in shown.steps) == 3


def test_a_fresh_snapshot_is_all_there_is(shown: Shown) -> None:
    shown.put(*NAMES, complete=True)
    shown.put("sloe", "fig", complete=True)
    assert sorted(shown.keys()) == ["fig", "sloe"]
    shown.put("sloe", "fig", complete=True)
    assert sorted(shown.keys()) == ["fig", "sloe"]


def test_a_list_has_no_rows_below_its_rows(shown: Shown) -> None:
    shown.put(*NAMES, complete=True)
    inside = shown.model.index(0, 0)
    assert (shown.model.rowCount(inside), shown.model.columnCount(inside)) == (0, 0)
    assert shown.model.columnCount(NO_INDEX) >= 1
    assert shown.model.data(shown.model.index(-1, -1)) is None


def test_a_key_leads_to_its_row_and_back(shown: Shown) -> None:
    shown.put(*NAMES, complete=True)
    shown.apply(KindChange({}, frozenset({"apple tart"})))
    if hasattr(shown.model, "row_of"):
        assert [shown.model.row_of(key) for key in shown.keys()] == list(range(5))
        assert shown.model.row_of("apple tart") == shown.model.row_of("nobody") == -1


def test_a_condition_alone_shows_what_fulfils_it(shown: Shown) -> None:
    if not isinstance(shown.model, FilteredModel):
        return
    shown.put(*NAMES, complete=True)
    shown.model.set_condition(lambda name: len(name) == 4)
    assert shown.keys() == ["sloe"]
    shown.model.set_query("s")
    assert shown.keys() == ["sloe"]
    shown.model.set_query("x")
    assert shown.keys() == []
    shown.model.set_condition(None)
    shown.model.set_query("")
    assert shown.keys() == list(NAMES)


# --- figures of containers ---


def rates(
    key: str, cpu: float = 10.0, memory: int = 1 << 20, *, estimated: tuple[str, ...] = (), **others: Any
) -> Rates:
    known: dict[str, Any] = {"container_id": key, "cpu_percent": cpu, "memory": memory} | others
    known["sample"] = Sample(container_id=key, time_ns=0, estimated=estimated)
    return Rates(
        **{field.name: known.get(field.name, 0) for field in fields(Rates) if field.required or field.name in known}
    )


@pytest.fixture
def containers(qapp: object) -> Iterator[ContainersModel]:
    owner = QObject()
    model = ContainersModel(owner)
    model.set_grouped(grouped=False)
    yield model
    owner.deleteLater()


def cell(model: ContainersModel, key: str, column: str, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
    return model.data(model.index(model.row_of(key), model.column_of(column)), role)


def test_who_is_not_in_a_tick_has_no_figures_any_more(containers: ContainersModel) -> None:
    containers.apply(KindChange({key: a_container(key) for key in ("a", "b")}, complete=True))
    containers.apply_rates([rates("a", 5.0), rates("b", 7.0)])
    containers.apply_rates([rates("a", 6.0)])

    assert cell(containers, "a", "cpu", ModelRole.LIVE) == (5.0, 6.0)
    assert cell(containers, "b", "cpu", ModelRole.LIVE) == ()
    assert (cell(containers, "b", "cpu"), cell(containers, "b", "memory")) == ("", "")
    assert cell(containers, "a", "cpu") != ""
    assert (cell(containers, "b", "cpu", ModelRole.SORT), cell(containers, "b", "memory", ModelRole.SORT)) == (-1, -1)


def test_one_that_was_removed_leaves_no_figures_to_its_name(containers: ContainersModel) -> None:
    containers.apply(KindChange({"a": a_container("a")}, complete=True))
    containers.apply_rates([rates("a", 5.0)])
    containers.apply(KindChange({}, frozenset({"a"})))
    containers.apply(KindChange({"a": a_container("a")}))
    assert cell(containers, "a", "cpu", ModelRole.LIVE) == ()
    assert cell(containers, "a", "cpu") == ""


def test_a_graph_keeps_the_last_minute(containers: ContainersModel) -> None:
    containers.apply(KindChange({"a": a_container("a")}, complete=True))
    for second in range(HISTORY + 5):
        containers.apply_rates([rates("a", float(second))])
    assert cell(containers, "a", "cpu", ModelRole.LIVE) == tuple(map(float, range(5, HISTORY + 5)))


def test_a_tick_puts_the_busiest_first_where_that_is_the_order(containers: ContainersModel) -> None:
    containers.apply(KindChange({key: a_container(key) for key in "abc"}, complete=True))
    containers.sort(containers.column_of("cpu"), ORDER.DescendingOrder)
    repainted: list[tuple[int, int]] = []
    containers.dataChanged.connect(lambda first, last: repainted.append((first.column(), last.column())))

    containers.apply_rates([rates("b", 90.0), rates("a", 50.0), rates("c", 70.0)])
    assert [each.id for each in containers.shown()] == ["b", "c", "a"]
    assert repainted[-1] == (containers.column_of("cpu"), containers.column_of("memory"))
    containers.sort(containers.column_of("memory"), ORDER.AscendingOrder)
    containers.apply_rates([rates("b", memory=3), rates("a", memory=2), rates("c", memory=1)])
    assert [each.id for each in containers.shown()] == ["c", "a", "b"]


def test_where_one_answers_stands_beside_its_ports(containers: ContainersModel) -> None:
    port = PortMapping(container_port=80, host_port=8080)
    containers.apply(KindChange({"a": a_container("a", ports=(port,)), "b": a_container("b")}, complete=True))
    before = cell(containers, "a", "ports")
    repainted: list[int] = []
    containers.dataChanged.connect(lambda first, last: repainted.append(first.column()))

    address = DoorAddress(
        container_id="a", name="a", hosts=("a.localhost",), port=80, url="http://a.localhost:8000/", runs=True
    )
    containers.set_addresses({"a": address})
    containers.set_addresses({"a": address})

    assert repainted == [containers.column_of("ports")]
    assert cell(containers, "a", "ports").startswith(f"{before}, ")
    assert containers.links(a_container("a"))[-1][1] == "http://a.localhost:8000/"
    assert cell(containers, "b", "ports") == ""
    assert cell(containers, "a", "ports", ModelRole.SORT) == 8080 < cell(containers, "b", "ports", ModelRole.SORT)


# --- groups of containers ---


def of_project(key: str, project: str, state: State = State.RUNNING) -> Container:
    spec = ContainerSpec(image="busybox", labels={"com.docker.compose.project": project} if project else {})
    return replace(a_container(key, state=state), spec=spec)


@pytest.fixture
def grouped(containers: ContainersModel) -> ContainersModel:
    made = [
        of_project("a1", "shop"), of_project("a2", "shop", State.EXITED), of_project("b1", "blog"),
        of_project("c1", "", State.PAUSED),
    ]  # fmt: skip
    containers.set_grouped(grouped=True)
    containers.apply(KindChange({each.id: each for each in made}, complete=True))
    return containers


def groups(model: ContainersModel) -> dict[str, tuple[int, int, bool]]:
    rows = [model.row_object(row) for row in range(model.rowCount())]
    return {row.name: (row.total, row.running, row.collapsed) for row in rows if isinstance(row, Group)}


def keys(model: ContainersModel) -> Sequence[str]:
    return [model.index(row, 0).data(ModelRole.KEY) for row in range(model.rowCount())]


def test_a_header_tells_how_many_of_how_many_run(grouped: ContainersModel) -> None:
    assert groups(grouped) == {"blog": (1, 1, False), "shop": (2, 1, False), "": (1, 1, False)}
    assert keys(grouped) == ["project:blog", "b1", "project:shop", "a1", "a2", "project:", "c1"]
    summaries = [group_summary(Group("", total, running, collapsed=False)) for total, running in ((3, 3), (3, 2))]
    assert summaries == ["3 running", "2 of 3 running"]


def test_a_closed_group_hides_its_rows_but_not_from_a_search(grouped: ContainersModel) -> None:
    grouped.toggle_group("shop")
    grouped.toggle_group("")
    assert keys(grouped) == ["project:blog", "b1", "project:shop", "project:"]
    assert groups(grouped)["shop"] == (2, 1, True)
    grouped.set_query("a2")
    assert keys(grouped) == ["project:shop", "a2"]
    grouped.set_query("c1")
    assert grouped.shown()[0].id == "c1"
    grouped.set_query("")
    grouped.open_group("shop")
    grouped.open_group("shop")
    grouped.open_group("")
    assert len(keys(grouped)) == 7


def test_a_header_stands_for_the_rows_below_it(grouped: ContainersModel) -> None:
    def members(row: int) -> Any:
        return grouped.index(row, 0).data(ModelRole.MEMBERS)

    assert [members(row) for row in (0, 2, 5)] == [range(1, 2), range(3, 5), range(6, 7)]
    assert members(1) is None
    selectable = Qt.ItemFlag.ItemIsSelectable
    assert not grouped.index(0, 0).flags() & selectable
    assert grouped.index(1, 0).flags() & selectable
    header = [grouped.index(0, column).data() for column in range(2)]
    assert (header, grouped.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)) == (["blog", None], "blog")
    assert grouped.index(0, 0).data(ModelRole.SORT) is None


def test_a_member_that_ends_changes_its_header_too(grouped: ContainersModel) -> None:
    rows: list[int] = []
    grouped.dataChanged.connect(lambda first, last: rows.extend(range(first.row(), last.row() + 1)))
    grouped.apply(KindChange({"a1": of_project("a1", "shop", State.EXITED)}))
    assert sorted(rows) == [2, 3]
    assert groups(grouped)["shop"] == (2, 0, False)


def test_a_condition_is_one_more_filter(grouped: ContainersModel) -> None:
    grouped.set_condition(lambda container: container.state is State.RUNNING)
    assert [each.id for each in grouped.shown()] == ["b1", "a1"]
    grouped.set_query("a1")
    assert [each.id for each in grouped.shown()] == ["a1"]
    grouped.set_condition(None)
    grouped.set_query("")
    assert len(grouped.shown()) == 4


def test_names_are_ordered_as_people_count(containers: ContainersModel) -> None:
    made = {key: a_container(key) for key in ("web-10", "web-9", "Web-2", "api")}
    containers.apply(KindChange(made, complete=True))
    assert [each.id for each in containers.shown()] == ["api", "Web-2", "web-9", "web-10"]
    containers.sort(0, ORDER.DescendingOrder)
    assert [each.id for each in containers.shown()] == ["web-10", "web-9", "Web-2", "api"]
    containers.sort(99)
    containers.sort(-1)
    assert next(each.id for each in containers.shown()) == "web-10"


def test_a_filter_sees_what_changed(containers: ContainersModel) -> None:
    containers.apply(KindChange({"a": a_container("a", "old-name")}, complete=True))
    containers.set_query("old")
    assert len(containers.shown()) == 1
    containers.apply(KindChange({"a": a_container("a", "new-name")}))
    assert containers.shown() == []
    containers.set_query("new")
    containers.apply(KindChange({"a": a_container("a", "again")}, complete=True))
    assert containers.shown() == []


def test_the_time_of_an_age_moves_on(containers: ContainersModel) -> None:
    repainted: list[tuple[int, int, int, int]] = []
    containers.dataChanged.connect(
        lambda first, last: repainted.append((first.row(), first.column(), last.row(), last.column()))
    )
    containers.refresh_times()
    assert repainted == []
    containers.apply(KindChange({key: a_container(key) for key in "abc"}, complete=True))
    repainted.clear()
    containers.refresh_times()
    status = containers.column_of("status")
    assert repainted == [(0, status, 2, status)]


def test_figures_say_what_they_are_of_and_when_they_are_guessed(containers: ContainersModel) -> None:
    limited = replace(a_container("b"), spec=ContainerSpec(image="x", resources=Resources(memory=1 << 30)))
    containers.apply(KindChange({"a": a_container("a"), "b": limited, "c": a_container("c")}, complete=True))
    containers.apply_rates(
        [
            rates("a", 12.0, 3 << 20, memory_limit=8 << 30),
            rates("b", 12.0, 3 << 20, memory_limit=1 << 30, estimated=("cpu",)),
            rates("c", 0.0, 3 << 20, estimated=("memory",)),
        ]
    )
    assert [cell(containers, key, "memory") for key in "abc"] == ["3 MiB", "3 MiB / 1 GiB", "≈ 3 MiB"]
    assert [cell(containers, key, "memory", ModelRole.LIVE) for key in "abc"] == [
        (3 << 20, 0), (3 << 20, 1 << 30), (3 << 20, 0),
    ]  # fmt: skip
    tips = [cell(containers, key, column, Qt.ItemDataRole.ToolTipRole) for key in "abc" for column in ("cpu", "memory")]
    assert [bool(text) and "estimate" in text for text in tips] == [False, False, True, True, True, True]
    assert [cell(containers, key, "cpu") for key in "abc"] == ["12 %", "12 %", "0.0 %"]


def test_headings_stand_over_their_columns_alone(shown: Shown) -> None:
    across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    shown.put("x", complete=True)
    assert shown.model.headerData(0, across) == "Name"
    if not isinstance(shown.model, FilteredModel):
        assert shown.model.headerData(0, down) is None
    for section in (-1, 99):
        assert shown.model.headerData(section, across) is None
    aligned = shown.model.headerData(0, across, Qt.ItemDataRole.TextAlignmentRole)
    assert Qt.AlignmentFlag(aligned) & Qt.AlignmentFlag.AlignLeft
    assert shown.model.headerData(0, across, Qt.ItemDataRole.DecorationRole) is None


def test_what_is_not_accepted_is_not_shown_and_goes_when_it_becomes_so(qapp: object) -> None:
    table: KeyedTableModel[str] = KeyedTableModel(_columns(), accept=lambda name: not name.startswith("-"))
    table.apply(KindChange({"a": "a", "b": "-b"}, complete=True))
    assert list(table.keys()) == ["a"]
    table.apply(KindChange({"a": "-a", "b": "b", "c": "c"}))
    assert sorted(table.keys()) == ["b", "c"]
    assert sorted(table.items()) == ["b", "c"]
    assert (table.item("a"), table.item("b")) == (None, "b")
    assert table.item_at(table.row_of("c")) == "c"


def test_only_what_changed_is_drawn_anew(qapp: object) -> None:
    columns = (*_columns(), Column("size", "Size", lambda name: str(len(name)), right=True))
    table: KeyedTableModel[Any] = KeyedTableModel(columns)
    drawn: list[tuple[int, int, int, int]] = []
    table.dataChanged.connect(lambda a, b: drawn.append((a.row(), a.column(), b.row(), b.column())))
    table.refresh()
    table.apply(KindChange({key: key for key in "abc"}, complete=True))
    assert drawn == []
    table.apply(KindChange({"a": "a", "b": "bb", "c": "c"}, complete=True))
    assert drawn == [(1, 0, 1, 1)]
    drawn.clear()
    table.refresh(["size"])
    table.refresh()
    assert drawn == [(0, 1, 2, 1), (0, 0, 2, 0), (0, 1, 2, 1)]
    assert table.index(0, 0).flags() & Qt.ItemFlag.ItemIsDragEnabled
    assert table.haystack_of(table.index(1, 0)) == "bb 2"


def test_a_row_that_changes_takes_its_new_place_in_an_ordered_list(qapp: QApplication) -> None:
    owner = QObject()
    columns: list[Column[Any]] = [
        Column("name", "Name", lambda it: it[0]),
        Column("n", "N", lambda it: str(it[1]), lambda it: it[1]),
    ]
    table: KeyedTableModel[Any] = KeyedTableModel(columns, parent=owner)
    model = OrderedModel(table, owner)
    model.sort(1)
    model.set_query("x")
    table.apply(KindChange({"a": ("xa", 1), "b": ("xb", 2), "c": ("yc", 3)}, complete=True))

    def shown_now() -> list[str]:
        qapp.processEvents()
        return [model.index(row, 0).data(ModelRole.KEY) for row in range(model.rowCount())]

    assert shown_now() == ["a", "b"]
    table.apply(KindChange({"a": ("xa", 9)}))
    assert shown_now() == ["b", "a"]
    table.apply(KindChange({"c": ("xc", 5)}))
    assert shown_now() == ["b", "c", "a"]
    table.apply(KindChange({"b": ("yb", 2)}))
    assert shown_now() == ["c", "a"]
    drawn: list[int] = []
    model.dataChanged.connect(lambda first, _last: drawn.append(first.row()))
    table.apply(KindChange({"a": ("x a", 9)}))
    assert (shown_now(), drawn) == (["c", "a"], [1])
    assert (model.index(1, 1).data(), model.index(1, 0).data(ModelRole.OBJECT)) == ("9", ("x a", 9))
    owner.deleteLater()


# --- marks ---


@pytest.fixture
def marked(containers: ContainersModel) -> RowSelection:
    containers.set_grouped(grouped=True)
    made = [of_project("a1", "shop"), of_project("a2", "shop"), of_project("b1", "blog"), of_project("b2", "blog")]
    containers.apply(KindChange({each.id: each for each in made}, complete=True))
    return RowSelection(containers, containers)


def test_a_header_marks_all_that_stands_under_it(marked: RowSelection) -> None:
    assert [marked.is_marked(row) for row in (0, 3)] == [False, False]
    marked.mark(0)
    assert (marked.keys(), marked.is_marked(0), marked.is_marked(3)) == (["b1", "b2"], True, False)
    marked.toggle(4)
    assert (marked.keys(), marked.is_partly_marked(3), marked.is_marked(3)) == (["b1", "b2", "a1"], True, False)
    marked.toggle(1)
    assert (marked.keys(), marked.is_partly_marked(0), marked.is_marked(0)) == (["b2", "a1"], True, False)
    marked.toggle(3)
    assert marked.keys() == ["b2", "a1", "a2"]
    marked.toggle(3)
    assert marked.keys() == ["b2"]
    marked.mark(5)
    assert (marked.keys(), marked.rows(), marked.is_partly_marked(1)) == (["a2"], [5], False)
    marked.mark_rows([5, 1, 2])
    marked.add_rows([4])
    assert marked.rows() == [1, 2, 4, 5]
    marked.mark_rows([])
    assert marked.keys() == []


def test_a_row_between_two_marked_ones_is_not_marked(qapp: object) -> None:
    table: KeyedTableModel[str] = KeyedTableModel(_columns())
    table.apply(KindChange({key: key for key in "abcdef"}, complete=True))
    marks = RowSelection(table, table)
    marks.mark_rows([0, 2, 3, 5])
    assert (marks.rows(), marks.keys()) == ([0, 2, 3, 5], ["a", "c", "d", "f"])
    marks.toggle(2)
    marks.toggle(1)
    assert marks.keys() == ["a", "b", "d", "f"]


def test_marks_stay_with_their_rows_when_all_is_made_anew(marked: RowSelection, containers: ContainersModel) -> None:
    restored: list[bool] = []
    marked.restored.connect(lambda: restored.append(True))
    marked.mark_rows([1, 4])
    marked.setCurrentIndex(containers.index(4, 0), QItemSelectionModel.SelectionFlag.NoUpdate)
    others = [of_project(f"z{n}", "zoo") for n in range(40)]
    kept = [of_project("a1", "shop"), of_project("b2", "blog")]
    containers.apply(KindChange({each.id: each for each in (*others, *kept)}, complete=True))

    assert marked.keys() == ["a1"]
    assert marked.currentIndex().data(ModelRole.KEY) == "a1"
    assert restored == [True]
