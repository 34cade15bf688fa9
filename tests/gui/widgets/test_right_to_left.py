"""Painted pictures in a layout from right to left: mirrored, but not where time or output runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage

from gui.widgets.charts.chart import TimeChart
from gui.widgets.charts.picture import Series
from gui.widgets.charts.timeline import Timeline
from gui.widgets.painted.bus_map import BusMap, MapLane, MapNode
from gui.widgets.painted.layer_stack import LayerStack, StackLayer
from tests.gui.widgets.test_charts import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

NODES = tuple(MapNode(name, name) for name in ("web", "db", "cache"))


@pytest.fixture
def turn() -> Iterator[Callable[[], None]]:
    yield lambda: QGuiApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    QGuiApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def a_map(qtbot: QtBot) -> BusMap:
    view = BusMap("Networks")
    qtbot.addWidget(view)
    view.resize(900, 300)
    view.set_lanes([MapLane("shop", "shop", nodes=NODES)])
    view.show()
    qtbot.waitExposed(view)
    return view


def test_the_map_begins_at_the_right_and_left_leads_on(qtbot: QtBot, turn: Callable[[], None]) -> None:
    usual = a_map(qtbot)
    turn()
    turned = a_map(qtbot)
    for node in NODES:
        assert turned.place_of(node.id).right() == pytest.approx(900 - usual.place_of(node.id).left())
    turned.choose("web")
    qtbot.keyClick(turned, Qt.Key.Key_Left)
    assert turned.current() == "db"
    qtbot.mouseClick(turned, Qt.MouseButton.LeftButton, pos=turned.place_of("cache").center().toPoint())
    assert turned.current() == "cache"


def test_the_column_of_layers_is_at_the_right_and_takes_its_clicks(qtbot: QtBot, turn: Callable[[], None]) -> None:
    turn()
    stack = LayerStack()
    qtbot.addWidget(stack)
    stack.resize(420, 300)
    stack.set_layers([StackLayer(0, "ADD base", 900, "900 B"), StackLayer(1, "RUN x", 100, "100 B")])
    stack.show()
    qtbot.waitExposed(stack)
    viewport = stack.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(viewport.width() - 15, viewport.height() - 30))
    assert stack.current_key() == 0
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(30, 20))
    assert stack.current_key() == 1


def test_a_chart_is_drawn_the_same_in_both(qtbot: QtBot, turn: Callable[[], None]) -> None:
    buffer, timeline = filled(60), Timeline(60)
    timeline.set_now(60 * 1_000_000_000)

    def drawn() -> QImage:
        chart = TimeChart("CPU", buffer, [Series("user")], timeline)
        qtbot.addWidget(chart)
        chart.resize(480, 200)
        picture = QImage(480, 200, QImage.Format.Format_RGB32)
        picture.fill(Qt.GlobalColor.white)
        chart.render(picture)
        return picture

    usual = drawn()
    turn()
    assert drawn() == usual
