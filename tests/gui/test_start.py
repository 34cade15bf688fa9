"""The first seconds and the last: never an empty page that is not empty, what the palette finds, what it gives back."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QDialog

from engine.errors import Code, Conflict
from gui.application import Application
from gui.frame.palette import Entry, Palette, _Entries, score
from gui.widgets.empty_state import EmptyState
from gui.widgets.painted.skeleton import SkeletonRows
from tests.fakes.engine import FakeEngine, open_fake_engine
from tests.fakes.world import populate
from tests.gui.conftest import Driver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from gui.settings import WindowSettings


class SlowStart:
    """A window whose engine opens when it is told to."""

    def __init__(self, qapp: QApplication, qtbot: QtBot, settings: WindowSettings) -> None:
        self.gate = threading.Event()
        self.failures: list[Exception] = []

        async def open_engine() -> FakeEngine:
            await asyncio.to_thread(self.gate.wait)
            if self.failures:
                raise self.failures.pop()
            return await open_fake_engine(populate)

        self.application = Application(qapp, open_engine, settings)  # type: ignore[arg-type]
        self.driver = Driver(self.application, None, qtbot)  # type: ignore[arg-type]
        self.application.start()


@pytest.fixture
def slow(window_loop: object, qapp: QApplication, qtbot: QtBot, settings: WindowSettings) -> Iterator[SlowStart]:
    settings.set_last_rows("containers", ["blog", "shop-db"])
    settings.set_last_rows("images", ["nginx:1.27"])
    made = SlowStart(qapp, qtbot, settings)
    yield made
    made.gate.set()
    for dialog in Driver._dialogs(""):
        dialog.reject()
    made.application.end()
    made.driver.until(made.application.client._thread.finished.done)
    assert made.application.client.join()
    made.driver.window.deleteLater()
    qapp.processEvents()


def visible(root: Any, kind: type[Any]) -> list[Any]:
    return [widget for widget in root.findChildren(kind) if widget.isVisible()]


def test_while_the_engine_starts_the_rows_of_last_time_are_shown(slow: SlowStart) -> None:
    window = slow.driver.window
    for page_id, names in (("containers", ("blog", "shop-db")), ("images", ("nginx:1.27",)), ("volumes", ())):
        window.navigate(page_id)
        page = window.page(page_id)
        assert [rows.names for rows in visible(page, SkeletonRows)] == [names]
        assert visible(page, EmptyState) == [], "nobody has said that there is nothing"
    window.navigate("containers")
    slow.gate.set()
    page = window.page("containers")
    slow.driver.until(lambda: slow.application.client.is_ready and page.list.model.rowCount())  # type: ignore[attr-defined]
    assert visible(page, SkeletonRows) == []
    slow.application.window.wind_down()
    assert "grafana" in slow.application.settings.last_rows("containers")


def test_an_engine_that_does_not_come_is_no_empty_list(slow: SlowStart) -> None:
    slow.failures.append(Conflict("Another Wherry has the store open", code=Code.STORE_LOCKED))
    slow.gate.set()
    slow.driver.dialog("error").reject()
    page: Any = slow.driver.window.page("containers")
    told = visible(page, EmptyState)
    assert [one.accessibleName() for one in told] == ["The engine is not running"]
    again = next(b for b in told[0].findChildren(QAbstractButton) if b.text() == "Try again")
    again.click()
    slow.driver.until(lambda: slow.application.client.is_ready and page.list.model.rowCount())
    assert visible(page, EmptyState) == []


@pytest.mark.parametrize("page_id", ["containers", "images", "volumes", "networks"])
def test_where_nothing_matches_the_filter_can_be_cleared(driver: Driver, page_id: str) -> None:
    driver.window.navigate(page_id)
    page: Any = driver.window.page(page_id)
    before = page.list.table.model().rowCount()
    page.list.search.setText("no such thing")
    driver.until(lambda: not page.list.table.model().rowCount())
    offered = visible(page.list._empty, QAbstractButton)
    assert [b.text() for b in offered] == ["Clear the filter"]
    driver.bot.mouseClick(offered[0], Qt.MouseButton.LeftButton)
    assert page.list.table.model().rowCount() == before
    assert page.list.search.text() == ""


def test_a_new_user_presses_enter_and_sees_the_demo(
    make_driver: Callable[..., Driver], settings: WindowSettings
) -> None:
    settings.welcomed = False
    driver = make_driver(None)
    page: Any = driver.window.page("welcome")
    driver.window.activateWindow()
    driver.until(page.demo.hasFocus)
    driver.bot.keyClick(page.demo, Qt.Key.Key_Space)
    driver.until(lambda: driver.names())


@pytest.mark.parametrize(
    ("typed", "wanted", "others"),
    [
        ("restart web", "Restart web", ["Restart shop-web-1", "Restart webcam", "Stop web"]),
        ("web", "web", ["shop-web-1", "webcam", "Restart web"]),
        ("web", "webcam", ["shop-web-1", "cobweb"]),
        ("stop sho", "Stop shop", ["Stop workshop", "Restart shop"]),
        ("web-1", "shop-web-1", ["web 1 of 12"]),
    ],
)
def test_what_is_typed_exactly_comes_first(typed: str, wanted: str, others: list[str]) -> None:
    entries = [Entry(text, "", "container", lambda: None) for text in (*others, wanted)]
    model = _Entries(entries)
    model.set_query(typed)
    assert model.shown[0].text == wanted


def test_a_window_wide_action_does_not_beat_a_better_match() -> None:
    model = _Entries([Entry("Stopwatch all", "", "x", lambda: None, weight=40), Entry("stop", "", "x", lambda: None)])
    model.set_query("stop")
    assert model.shown[0].text == "stop"
    assert score("nothing", "Stop web") == 0


def test_palettes_and_pages_of_keys_leave_nothing_behind(driver: Driver) -> None:
    for _ in range(5):
        driver.window.show_palette()
        driver.dialog("palette").close()
        driver.no_dialog()
        driver.window.show_shortcuts()
        driver.dialog("shortcuts").accept()
        driver.no_dialog()
    driver.until(lambda: not driver.window.findChildren(QDialog))
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, (Palette, Entry))]
