"""An act reaches what is marked, what is marked is seen, and nothing else, whatever is filtered, grouped and sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QObject, QPoint, Qt

from engine.types.containers import ContainerSpec, State
from gui.bridge.changes import KindChange
from gui.models.container_columns import Figures, container_columns
from gui.models.containers import ContainersModel, Group
from gui.models.selection import RowSelection
from gui.models.table import ModelRole
from gui.pages.containers import AT_REST_STATES
from gui.presentation.containers.words import PROJECT_LABEL, project_of
from tests.fakes.engine import FakeEngine
from tests.fakes.world import populate
from tests.gui.test_builds import a_build

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtWidgets import QApplication

    from engine.types.containers import Container
    from gui.pages.containers import ContainersPage
    from gui.widgets.lists.table import Table
    from tests.gui.conftest import Driver

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
KEY = ModelRole.KEY
PROJECTS = ("", "blog", "shop")


COLUMNS = [column.id for column in container_columns(Figures())]


def crowd(count: int = 30) -> dict[str, Container]:
    engine = FakeEngine()
    populate(engine.store)
    pattern = next(iter(engine.store.containers.values()))
    states = list(State)
    made: dict[str, Container] = {}
    for number in range(count):
        project = PROJECTS[number % 3]
        labels = {PROJECT_LABEL: project} if project else {}
        key = f"{number:064}"
        name, state = f"c{number}", states[number % len(states)]
        made[key] = replace(pattern, id=key, name=name, state=state, spec=ContainerSpec(image="x", labels=labels))
    return made


class Life:
    """A list, its marks, and an independent account of what a person has marked and can see."""

    def __init__(self) -> None:
        self.owner = QObject()
        self.model = ContainersModel(self.owner)
        self.marks = RowSelection(self.model, self.owner)
        self.everything = crowd()
        self.model.apply(KindChange(self.everything, complete=True))
        self.expected: set[str] = set()

    def shown(self) -> set[str]:
        return {c.id for c in self.model.shown()}

    def arrange(self, step: tuple[str, Any]) -> None:
        verb, what = step
        match verb:
            case "query":
                self.model.set_query(what)
            case "stopped":
                self.model.set_condition((lambda c: c.state in AT_REST_STATES) if what else None)
            case "collapse":
                self.model.toggle_group(what)
            case "group":
                self.model.set_grouped(grouped=what)
            case "sort":
                self.model.sort(*what)
            case "state":
                key = f"{what[0]:064}"
                if key in self.everything:
                    self.everything[key] = replace(self.everything[key], state=what[1])
                    self.model.apply(KindChange({key: self.everything[key]}))
            case "remove":
                self.everything.pop(f"{what:064}", None)
                self.model.apply(KindChange({}, frozenset({f"{what:064}"})))
            case "snapshot":
                self.model.apply(KindChange(dict(self.everything), complete=True))
        self.expected &= self.shown()

    def mark(self, step: tuple[str, int, int]) -> None:
        verb, first, second = step
        count = self.model.rowCount()
        if not count:
            return
        first, last = sorted((first % count, second % count))
        match verb:
            case "click":
                self.marks.mark(first)
                self.expected = self._meant((first,))
            case "tick":
                meant = self._meant((first,))
                self.expected = self.expected - meant if meant <= self.expected else self.expected | meant
                self.marks.toggle(first)
            case "all":
                whole = QItemSelection(self.model.index(0, 0), self.model.index(count - 1, len(COLUMNS) - 1))
                self.marks.select(whole, QItemSelectionModel.SelectionFlag.ClearAndSelect)
                self.expected = self.shown()
            case "range":
                span = QItemSelection(self.model.index(first, 0), self.model.index(last, len(COLUMNS) - 1))
                self.marks.select(span, QItemSelectionModel.SelectionFlag.ClearAndSelect)
                rows = [self.model.row_object(row) for row in range(first, last + 1)]
                self.expected = {row.id for row in rows if not isinstance(row, Group)}

    def _meant(self, rows: Iterable[int]) -> set[str]:
        """A header means those of its project that are shown."""
        found: set[str] = set()
        for row in (self.model.row_object(number) for number in rows):
            if isinstance(row, Group):
                found |= {c.id for c in self.model.shown() if project_of(c) == row.name}
            else:
                found.add(row.id)
        return found

    def check(self) -> None:
        acted = self.marks.keys()
        assert len(acted) == len(set(acted))
        assert set(acted) == self.expected
        assert set(acted) <= self.shown()
        for row in range(self.model.rowCount()):
            item = self.model.row_object(row)
            if not isinstance(item, Group):
                assert self.marks.is_marked(row) == (item.id in self.expected), "marked and highlighted are one"


ARRANGING = st.one_of(
    st.tuples(st.just("query"), st.sampled_from(["", "c1", "running", "exited", "nothing"])),
    st.tuples(st.just("stopped"), st.booleans()),
    st.tuples(st.just("collapse"), st.sampled_from(PROJECTS)),
    st.tuples(st.just("group"), st.booleans()),
    st.tuples(st.just("sort"), st.tuples(st.integers(0, 5), st.sampled_from(list(Qt.SortOrder)))),
    st.tuples(st.just("state"), st.tuples(st.integers(0, 29), st.sampled_from(list(State)))),
    st.tuples(st.just("remove"), st.integers(0, 29)),
    st.tuples(st.just("snapshot"), st.none()),
)
MARKING = st.tuples(st.sampled_from(["click", "tick", "all", "range"]), st.integers(0, 40), st.integers(0, 40))


@settings(deadline=None, max_examples=250)
@given(steps=st.lists(st.one_of(ARRANGING, MARKING), max_size=25))
def test_whatever_is_filtered_closed_sorted_and_marked_an_act_reaches_the_marked_rows_in_sight(
    qapp: QApplication, steps: list[Any]
) -> None:
    life = Life()
    for step in steps:
        life.mark(step) if step[0] in ("click", "tick", "all", "range") else life.arrange(step)
        life.check()


# --- on the page, with keys and mouse ---


@pytest.fixture
def page(driver: Driver) -> ContainersPage:
    driver.window.navigate("containers")
    made: ContainersPage = driver.window.page("containers")  # type: ignore[assignment]
    made.list.table.setFocus()
    return made


def row_of(page: ContainersPage, key: str) -> int:
    model = page.list.model
    return next(row for row in range(model.rowCount()) if model.index(row, 0).data(KEY) == key)


def click(driver: Driver, page: ContainersPage, row: int, *, x: int = 90, button: Any = LEFT, keys: Any = None) -> None:
    table = page.list.table
    place = QPoint(x, table.visualRect(page.list.model.index(row, 0)).center().y())
    driver.bot.mouseClick(table.viewport(), button, keys or Qt.KeyboardModifier.NoModifier, place)


def highlighted(page: ContainersPage) -> set[str]:
    model, table = page.list.model, page.list.table
    rows = [row for row in range(model.rowCount()) if table.marks.is_marked(row)]
    return {item.name for row in rows if not isinstance(item := model.row_object(row), Group)}


def names(page: ContainersPage) -> set[str]:
    return {c.name for c in page.list.selected()}


def test_stopped_and_all_of_them_and_delete_asks_for_the_stopped_alone(driver: Driver, page: ContainersPage) -> None:
    driver.bot.mouseClick(page.list.chips.chip("stopped"), LEFT)
    stopped = {c.name for c in page.list.model.shown()}
    assert stopped
    assert all(driver.container(name).state in AT_REST_STATES for name in stopped)
    click(driver, page, row_of(page, page.list.model.shown()[0].id))
    driver.bot.keyClick(page.list.table, Qt.Key.Key_A, CONTROL)
    assert names(page) == highlighted(page) == stopped
    rest = len(driver.names()) - len(stopped)
    assert page.list._bulk.rest.text == f"{rest} not shown stay untouched"
    driver.bot.keyClick(page.list.table, Qt.Key.Key_Delete)
    driver.until(lambda: driver.window.removal.waiting)
    assert driver.names() == {c.name for c in driver.engine.store.containers.values()} - stopped
    driver.undo()


def test_a_container_that_waits_for_its_next_start_is_not_stopped(driver: Driver, page: ContainersPage) -> None:
    key = driver.container("grafana").id
    waiting = replace(driver.client.mirror.containers[key], state=State.RESTARTING)
    page.list.model.apply(KindChange({key: waiting}))
    page.list.refresh()
    driver.bot.mouseClick(page.list.chips.chip("stopped"), LEFT)
    assert "grafana" not in {c.name for c in page.list.model.shown()}
    driver.bot.mouseClick(page.list.chips.chip("trouble"), LEFT)
    assert "grafana" in {c.name for c in page.list.model.shown()}


def test_shift_click_over_a_header_selects_the_rows_between(driver: Driver, page: ContainersPage) -> None:
    head = row_of(page, "project:")
    click(driver, page, head - 2)
    click(driver, page, head + 1, keys=SHIFT)
    model = page.list.model
    wanted = {model.row_object(row).name for row in (head - 2, head - 1, head + 1)}
    assert names(page) == highlighted(page) == wanted
    assert page.list._bulk.words.text.startswith("3 containers: ")


def test_a_header_stands_for_its_members_in_sight(driver: Driver, page: ContainersPage) -> None:
    page.list.search.setText("shop-web")
    driver.until(lambda: len(page.list.model.shown()) == 1)
    click(driver, page, row_of(page, "project:shop"))
    assert names(page) == highlighted(page) == {"shop-web-1"}
    page.list.search.clear()
    driver.until(lambda: len(page.list.model.shown()) == len(driver.names()))
    assert names(page) == {"shop-web-1"}, "what comes back into sight is not marked with it"
    click(driver, page, row_of(page, "project:shop"))
    assert names(page) == highlighted(page) == {c.name for c in page.list.model.shown() if project_of(c) == "shop"}


def test_a_filter_takes_the_marks_of_what_it_hides(driver: Driver, page: ContainersPage) -> None:
    driver.bot.keyClick(page.list.table, Qt.Key.Key_A, CONTROL)
    page.list.search.setText("grafana")
    driver.until(lambda: len(page.list.model.shown()) == 1)
    assert names(page) == {"grafana"}
    driver.bot.keyClick(page.list.table, Qt.Key.Key_T, Qt.KeyboardModifier.AltModifier)
    driver.until(lambda: driver.container("grafana").state is State.EXITED)
    assert driver.container("shop-db-1").state is State.RUNNING


def test_boxes_choose_one_by_one_and_by_shift_and_the_bar_names_them(driver: Driver, page: ContainersPage) -> None:
    first = row_of(page, "project:") + 1
    model = page.list.model
    click(driver, page, first, x=8)
    assert page.list.table.choosing
    assert page.list._bulk.isVisible()
    click(driver, page, first + 3, x=8, keys=SHIFT)
    wanted = [model.row_object(row).name for row in range(first, first + 4)]
    assert names(page) == set(wanted)
    told = page.list._bulk.words.text
    assert told.startswith(f"4 containers: {wanted[0]}, ")
    assert told.endswith((f", {wanted[3]}", ", +1", ", +2"))
    click(driver, page, first, x=8)
    assert names(page) == set(wanted[1:])
    driver.bot.keyClick(page.list.table, Qt.Key.Key_Escape)
    assert not page.list.table.choosing


def test_the_box_of_a_closed_project_opens_it_first(driver: Driver, page: ContainersPage) -> None:
    page.list.model.toggle_group("shop")
    click(driver, page, row_of(page, "project:shop"))
    assert names(page) == set()
    click(driver, page, row_of(page, "project:shop"), x=8)
    assert names(page) == highlighted(page) == {c.name for c in page.list.model.shown() if project_of(c) == "shop"}
    assert "shop-web-1" in names(page)


def test_arrows_and_space_choose_by_keyboard(driver: Driver, page: ContainersPage) -> None:
    table: Table = page.list.table
    first = row_of(page, "project:") + 1
    click(driver, page, first)
    driver.bot.keyClick(table, Qt.Key.Key_Down, CONTROL)
    driver.bot.keyClick(table, Qt.Key.Key_Down, CONTROL)
    driver.bot.keyClick(table, Qt.Key.Key_Space)
    wanted = {page.list.model.row_object(row).name for row in (first, first + 2)}
    assert names(page) == highlighted(page) == wanted


def test_sorting_by_what_changes_every_second_keeps_the_marks(driver: Driver, page: ContainersPage) -> None:
    page.list.table.sortByColumn(COLUMNS.index("cpu"), Qt.SortOrder.DescendingOrder)
    page.list.table.select_key(driver.container("grafana").id)
    page.list.model.sort(COLUMNS.index("name"))
    page.list.model.sort(COLUMNS.index("cpu"), Qt.SortOrder.DescendingOrder)
    assert names(page) == {"grafana"}


@pytest.mark.parametrize("kind", ["images", "volumes", "networks", "builds"])
def test_every_list_has_the_same_rule(driver: Driver, kind: str) -> None:
    driver.window.navigate(kind)
    made: Any = driver.window.page(kind)
    table = made.list.table
    if kind == "builds":
        made.list.model.set_items((key, a_build(id=key, context=f"/home/me/{key}")) for key in ("app", "shop", "web"))
    everything = made.list.model.rowCount()
    assert everything > 1
    assert table.can_tick
    table.setFocus()
    driver.bot.keyClick(table, Qt.Key.Key_A, CONTROL)
    assert len(made.list.selected()) == everything
    name = made.list._plan.name_of(made.list.selected()[0])
    made.list.search.setText(name)
    driver.until(lambda: made.list.filtered.rowCount() < everything)
    assert [made.list._plan.name_of(item) for item in made.list.selected()] == [
        made.list._plan.name_of(made.list.model.item(key)) for key in made.list.filtered.keys()
    ]
    driver.bot.keyClick(table, Qt.Key.Key_A, CONTROL)
    assert len(made.list.selected()) == made.list.filtered.rowCount()
    made.list.clear_filter()
    assert made.list.filtered.rowCount() == everything
