"""Every model under Qt's own tester, through arrivals, changes, removals, filters, sorting and grouping."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from engine.types.containers import Container, ContainerSpec, State
from engine.types.data import now
from engine.types.volumes import Volume
from gui.bridge.changes import KindChange
from gui.models import Column, FilteredModel, KeyedTableModel
from gui.models.container_columns import Figures, container_columns
from gui.models.containers import ContainersModel, Group, Row
from gui.presentation.containers.words import PROJECT_LABEL
from tests.fakes.engine import FakeEngine
from tests.fakes.world import populate

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


COLUMNS = [column.id for column in container_columns(Figures())]


@pytest.fixture
def crowd() -> dict[str, Container]:
    engine = FakeEngine()
    populate(engine.store)
    return dict(engine.store.containers)


@pytest.fixture
def model(qtbot: QtBot) -> ContainersModel:
    made = ContainersModel()
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning, made)
    return made


def shown(model: ContainersModel) -> list[str]:
    return [c.name for c in model.shown()]


def test_grouping_puts_projects_under_headers(model: ContainersModel, crowd: dict[str, Container]) -> None:
    model.apply(KindChange(crowd, complete=True))
    heads = [model.row_object(n).name for n in range(model.rowCount()) if isinstance(model.row_object(n), Group)]
    assert heads == ["observability", "shop", ""]
    model.toggle_group("shop")
    assert "shop-web-1" not in shown(model)
    model.set_query("shop-web")
    assert shown(model) == ["shop-web-1"], "a search looks into closed groups too"
    model.set_query("")
    model.toggle_group("shop")
    model.set_grouped(grouped=False)
    assert model.rowCount() == len(crowd)


def test_a_change_touches_only_its_row(model: ContainersModel, crowd: dict[str, Container], qtbot: QtBot) -> None:
    model.apply(KindChange(crowd, complete=True))
    key = next(iter(crowd))
    row = model.row_of(key)
    seen: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: seen.append((first.row(), last.row())))
    model.apply(KindChange({key: replace(crowd[key], restart_count=7)}))
    assert seen == [(row, row)]


def test_removal_keeps_the_others(model: ContainersModel, crowd: dict[str, Container]) -> None:
    model.apply(KindChange(crowd, complete=True))
    gone = next(key for key, c in crowd.items() if c.name == "draft")
    before = [name for name in shown(model) if name != "draft"]
    model.apply(KindChange({}, frozenset({gone})))
    assert shown(model) == before


@pytest.mark.parametrize("column", range(len(COLUMNS)))
def test_sorting_by_every_column(model: ContainersModel, crowd: dict[str, Container], column: int) -> None:
    model.set_grouped(grouped=False)
    model.apply(KindChange(crowd, complete=True))
    model.sort(column, Qt.SortOrder.AscendingOrder)
    up = shown(model)
    model.sort(column, Qt.SortOrder.DescendingOrder)
    assert sorted(up) == sorted(shown(model)) == sorted(c.name for c in crowd.values())
    if COLUMNS[column] == "name":
        assert up == sorted(up, key=str.casefold)


@pytest.mark.bulk
def test_a_long_random_life_satisfies_the_tester(model: ContainersModel, crowd: dict[str, Container]) -> None:
    rng = random.Random(6)
    pool = list(crowd.values())
    alive: dict[str, Container] = {}
    for step in range(300):
        choice = rng.randrange(6)
        if choice < 2:
            key = f"{rng.randrange(60):064}"
            labels = {PROJECT_LABEL: rng.choice("abc")} if rng.random() < 0.5 else {}
            alive[key] = replace(
                rng.choice(pool),
                id=key,
                name=f"c{key[-3:]}",
                spec=ContainerSpec(image="x", labels=labels),
                state=rng.choice(list(State)),
            )
            model.apply(KindChange({key: alive[key]}))
        elif choice == 2 and alive:
            key = rng.choice(list(alive))
            del alive[key]
            model.apply(KindChange({}, frozenset({key})))
        elif choice == 3:
            model.set_query(rng.choice(["", "c0", "running", "nothing at all"]))
        elif choice == 4:
            model.sort(rng.randrange(len(COLUMNS)), rng.choice(list(Qt.SortOrder)))
        else:
            model.set_grouped(grouped=rng.random() < 0.5)
            model.toggle_group(rng.choice("abc"))
        if step % 50 == 0:
            model.apply(KindChange(dict(alive), complete=True))
    model.set_query("")
    model.set_grouped(grouped=False)
    assert sorted(c.id for c in model.shown()) == sorted(alive)


def test_every_cell_answers_every_role(model: ContainersModel, crowd: dict[str, Container]) -> None:
    model.apply(KindChange(crowd, complete=True))
    roles = [
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.ToolTipRole,
        Qt.ItemDataRole.AccessibleTextRole,
        *range(Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 8),
    ]
    for row in range(model.rowCount()):
        for column in range(model.columnCount()):
            for role in roles:
                model.data(model.index(row, column), role)


def test_the_table_model_and_its_filter(qtbot: QtBot) -> None:
    columns: tuple[Column[Volume], ...] = (
        Column("name", "Name", lambda v: v.name),
        Column("size", "Size", lambda v: str(v.size or 0), lambda v: v.size or 0, right=True),
    )
    model: KeyedTableModel[Volume] = KeyedTableModel(columns, accept=lambda v: not v.anonymous)
    filtered = FilteredModel()
    filtered.setSourceModel(model)
    testers = [
        QAbstractItemModelTester(one, QAbstractItemModelTester.FailureReportingMode.Warning, one)
        for one in (model, filtered)
    ]
    volumes = {
        name: Volume(
            name=name, created=now() - timedelta(days=n), mountpoint="/", size=size, anonymous=name == "hidden"
        )
        for n, (name, size) in enumerate((("pgdata", 900), ("cache", 5), ("hidden", 1), ("cache-old", 70)))
    }
    model.apply(KindChange(volumes, complete=True))
    assert model.rowCount() == 3
    filtered.set_query("old CACHE")
    assert filtered.keys() == ["cache-old"]
    filtered.set_query("")
    filtered.sort(1, Qt.SortOrder.DescendingOrder)
    assert filtered.keys() == ["pgdata", "cache-old", "cache"]
    model.apply(KindChange({"cache": replace(volumes["cache"], size=5000)}))
    assert filtered.keys()[0] == "cache"
    model.apply(KindChange({"pgdata": replace(volumes["pgdata"], anonymous=True)}, frozenset({"cache-old"})))
    assert filtered.keys() == ["cache"]
    filtered.set_condition(lambda volume: volume.size < 10)
    assert filtered.keys() == []
    assert len(testers) == 2


def test_containers_of_a_pod_stand_together_as_a_projects_do(model: ContainersModel) -> None:
    def made(name: str, network: str) -> Container:
        spec = ContainerSpec(image="busybox", network=network)
        return Container(
            id=name, name=name, image_id="", image="busybox", spec=spec, command_line=(), state=State.RUNNING,
            created=now(),
        )  # fmt: skip

    containers = [made("web", "pod:shop"), made("loner", "pasta"), made("db", "pod:shop")]
    model.apply(KindChange({each.id: each for each in containers}, complete=True))

    rows: list[Row] = [model.row_object(number) for number in range(model.rowCount())]
    assert [row.name for row in rows] == ["shop", "db", "web", "", "loner"]
