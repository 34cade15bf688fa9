"""Lists of thousands: the order and the filter are those one would make by hand, whatever comes, goes and changes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QAbstractItemModelTester

from gui.bridge.changes import KindChange
from gui.models.natural import natural_key
from gui.models.ordered import OrderedModel
from gui.models.table import Column, KeyedTableModel, ModelRole

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    Item = tuple[str, int]


def shown(model: OrderedModel) -> list[Item]:
    return [model.index(row, 0).data(ModelRole.OBJECT) for row in range(model.rowCount())]


@pytest.mark.bulk
def test_rows_stand_where_their_sort_and_the_filter_put_them(qapp: QApplication) -> None:
    owner = QObject()
    columns: list[Column[Item]] = [
        Column("name", "Name", lambda item: item[0]),
        Column("size", "Size", lambda item: str(item[1]), sort=lambda item: item[1]),
    ]
    source = KeyedTableModel(columns, parent=owner)
    model = OrderedModel(source, owner)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, owner)
    dice = random.Random(20)
    items: dict[str, Item] = {}
    query, column, descending = "", 0, False
    for _ in range(150):
        deed = dice.randrange(6)
        if deed == 0:
            items = {f"k{n}": (f"web-{n}", dice.randrange(9)) for n in dice.sample(range(300), dice.randrange(150))}
            source.set_items(items.items())
        elif deed == 1:
            query = dice.choice(("", "web-1", "2", "nothing"))
            model.set_query(query)
        elif deed == 2:
            column, descending = dice.randrange(2), dice.random() < 0.5
            order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            model.sort(column, order)
        else:
            put = {f"k{n}": (f"web-{n}", dice.randrange(9)) for n in dice.sample(range(300), 3)}
            gone = frozenset(dice.sample(sorted(items), min(len(items), 2))) - put.keys()
            items = {key: item for key, item in (items | put).items() if key not in gone}
            source.apply(KindChange(put, gone))
            qapp.processEvents()  # rows that changed find their places once the batch is known
        fits = [item for item in items.values() if query in f"{item[0]} {item[1]}"]
        assert sorted(shown(model)) == sorted(fits)
        keys = [natural_key(item[0]) if column == 0 else item[1] for item in shown(model)]
        assert keys == sorted(keys, reverse=descending)
    owner.deleteLater()
