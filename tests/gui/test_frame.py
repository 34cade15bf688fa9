"""The frame: palette, keys, sidebar, status bar, notices, welcome, closing and quitting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QPushButton

from engine.errors import Code, Conflict
from engine.types.containers import Exit, Health, State
from engine.types.data import now
from engine.types.volumes import CreateVolume
from gui.application import Application
from gui.feedback.errors import ErrorDialog
from gui.frame.palette import Palette
from gui.frame.quitting import QuitDialog
from gui.frame.shortcuts import ShortcutsDialog, shortcut_groups
from gui.pages.catalogue import pages
from gui.theme import Mode, theme
from tests.fakes.engine import FakeEngine, open_fake_engine
from tests.gui.conftest import Driver

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gui.settings import WindowSettings


REPOSITORY = Path(__file__).parents[2]


def test_every_page_opens_and_names_itself(driver: Driver) -> None:
    for entry in pages():
        driver.window.navigate(entry.id)
        assert driver.window.current_page_id == entry.id
        assert driver.window.page(entry.id).accessibleName() == entry.title


def test_every_control_of_every_page_has_an_accessible_name(driver: Driver) -> None:
    nameless = []
    for entry in pages():
        driver.window.navigate(entry.id)
        for kind in (QAbstractButton, QLineEdit):
            for widget in driver.window.page(entry.id).findChildren(kind):
                hidden = type(widget).__name__ == "NewLinesPill"  # says its count when it is shown
                inner = widget.objectName().startswith("qt_") or isinstance(widget.parent(), QLineEdit) or hidden
                if not inner and not (widget.accessibleName() or getattr(widget, "text", str)()):
                    nameless.append(f"{entry.id}: {type(widget).__name__} {widget.objectName()}")
    assert nameless == []


def test_a_narrow_window_shows_a_containers_state_and_buttons(driver: Driver) -> None:
    driver.window.navigate("containers")
    page: Any = driver.window.page("containers")
    table = page.list.table
    table.resize(652, 400)
    shown = [column for column in range(table.model().columnCount()) if not table.isColumnHidden(column)]
    assert sum(table.columnWidth(column) for column in shown) <= table.viewport().width() + 1
    titles = {table.model().headerData(column, Qt.Orientation.Horizontal) for column in shown}
    assert {"Name", "Memory", "Status"} <= titles
    table.resize(1100, 400)
    assert not any(table.isColumnHidden(column) for column in range(table.model().columnCount()))


def test_the_palette_finds_objects_and_actions(driver: Driver) -> None:
    driver.window.show_palette()
    palette = driver.dialog("palette")
    assert isinstance(palette, Palette)
    palette.field.setText("stop grafana")
    assert palette.model.shown[0].text == "Stop grafana"
    driver.bot.keyClick(palette.field, Qt.Key.Key_Return)
    driver.until(lambda: driver.container("grafana").state is State.EXITED)
    driver.no_dialog()


def test_the_palette_goes_to_a_container(driver: Driver) -> None:
    driver.window.show_palette()
    palette = driver.dialog("palette")
    assert isinstance(palette, Palette)
    palette.field.setText("thumbn")
    driver.bot.keyClick(palette.field, Qt.Key.Key_Return)
    details = driver.window.page("containers").details  # type: ignore[attr-defined]
    assert details.name == "thumbnailer"


def test_the_page_of_keys_lists_every_shortcut_once(driver: Driver) -> None:
    driver.window.show_shortcuts()
    assert isinstance(driver.dialog("shortcuts"), ShortcutsDialog)
    for title, keys in shortcut_groups(driver.window):
        used = [key for _, key in keys]
        assert len(used) == len(set(used)), title
        assert all(not QKeySequence(key).isEmpty() for key in used), title


def test_the_status_bar_tells_engine_and_host(driver: Driver) -> None:
    from PySide6.QtWidgets import QLabel

    def words() -> str:
        return " ".join(label.text() for label in driver.window.status.findChildren(QLabel))

    driver.until(lambda: "overlay" in words() and "CPU" in words())
    assert "Memory 8.8 GiB of 29.8 GiB" in words()
    assert "196 GiB free" in words(), "memory and disk are counted alike"


def test_a_death_is_told_once_and_leads_to_the_report(driver: Driver) -> None:
    key = driver.container("grafana").id
    told: list[object] = []
    driver.application.notices.told.connect(told.append)

    async def die(engine: object) -> None:
        engine.containers.end(key, Exit(code=2, ended=now()))  # type: ignore[attr-defined]

    driver.ask(die)
    driver.until(lambda: told)
    assert "grafana has died" in str(told[0])
    assert len(told) == 1


def test_a_stop_by_hand_is_no_notice(driver: Driver) -> None:
    told: list[object] = []
    driver.application.notices.told.connect(told.append)
    driver.trigger("container.stop", "grafana")
    driver.until(lambda: driver.container("grafana").state is State.EXITED)
    assert told == []


def test_unhealthy_is_told_once_until_well_again(driver: Driver) -> None:
    key = driver.container("shop-web-1").id
    told: list[object] = []
    driver.application.notices.told.connect(told.append)

    def become(status: Health) -> None:
        async def change(engine: object) -> None:
            engine.containers.set_health(key, status)  # type: ignore[attr-defined]

        driver.ask(change)
        driver.until(lambda: driver.client.mirror.containers[key].health.status is status)

    become(Health.UNHEALTHY)
    become(Health.UNHEALTHY)
    become(Health.HEALTHY)
    become(Health.UNHEALTHY)
    driver.until(lambda: len(told) == 2)


def test_first_start_runs_the_demo(make_driver: Callable[..., Driver], settings: WindowSettings) -> None:
    settings.welcomed = False
    driver = make_driver(None)
    assert driver.window.current_page_id == "welcome"
    driver.window.page("welcome").demo.click()  # type: ignore[attr-defined]
    driver.until(lambda: "wherry-demo" in driver.names() and driver.container("wherry-demo").state is State.RUNNING)
    driver.until(lambda: driver.window.current_page_id == "containers")
    assert settings.welcomed
    assert driver.container("wherry-demo").ports[0].host_port > 0


def test_an_empty_store_is_welcomed_but_a_full_one_is_not(
    make_driver: Callable[..., Driver], settings: WindowSettings
) -> None:
    settings.welcomed = False
    driver = make_driver()
    driver.until(lambda: driver.window.current_page_id == "containers")


def test_quitting_asks_once_and_keeps_services(make_driver: Callable[..., Driver]) -> None:
    driver = make_driver()
    driver.application.quit()
    dialog = driver.dialog("quit")
    assert isinstance(dialog, QuitDialog)
    dialog.reject()
    driver.no_dialog()
    assert not driver.engine.closed
    driver.application.quit()
    dialog = driver.dialog("quit")
    assert isinstance(dialog, QuitDialog)
    dialog.keep.click()
    driver.until(lambda: driver.engine.closed)
    assert not driver.engine.stopped_containers


def test_quitting_can_stop_services_and_remember_it(
    make_driver: Callable[..., Driver], settings: WindowSettings
) -> None:
    driver = make_driver()
    driver.application.quit()
    dialog = driver.dialog("quit")
    assert isinstance(dialog, QuitDialog)
    dialog.remember.setChecked(True)
    dialog.stop.click()
    driver.until(lambda: driver.engine.closed)
    assert driver.engine.stopped_containers
    assert settings.on_quit == "stop"


def test_the_look_follows_the_choice_at_once(driver: Driver) -> None:
    theme().set_mode(Mode.DARK)
    dark = driver.window.palette().window().color()
    theme().set_mode(Mode.LIGHT)
    assert driver.window.palette().window().color().lightness() > dark.lightness()


def test_geometry_and_page_are_remembered(driver: Driver, settings: WindowSettings) -> None:
    driver.window.resize(1000, 700)
    driver.window.navigate("activity")
    driver.window.wind_down()
    assert settings.text("page") == "activity"
    assert not settings.bytes("geometry").isEmpty()


def test_no_window_is_left_behind_by_dialogs(driver: Driver) -> None:
    before = len(QApplication.topLevelWidgets())
    for _ in range(3):
        driver.trigger("container.kill", "grafana")
        driver.reject()
        driver.no_dialog()
    driver.until(lambda: len(QApplication.topLevelWidgets()) <= before)


def test_an_engine_that_cannot_open_is_explained_and_tried_again(
    window_loop: object, qapp: QApplication, qtbot: QtBot, settings: WindowSettings
) -> None:
    answers: list[Exception | None] = [Conflict("Another Wherry has the store open", code=Code.STORE_LOCKED), None]

    async def open_engine() -> FakeEngine:
        if (error := answers.pop(0)) is not None:
            raise error
        return await open_fake_engine()

    application = Application(qapp, open_engine, settings)  # type: ignore[arg-type]
    application.start()
    driver = Driver(application, None, qtbot)  # type: ignore[arg-type]
    dialog = driver.dialog("error")
    assert isinstance(dialog, ErrorDialog)
    assert dialog.remedies == ["retry"]
    next(b for b in dialog.findChildren(QPushButton) if b.text() == "Try again").click()
    driver.until(lambda: application.client.is_ready)
    application.end()
    driver.until(application.client._thread.finished.done)
    assert application.client.join()
    driver.window.deleteLater()
    qapp.processEvents()


def test_what_is_not_in_the_mirror_yet_is_opened_when_it_comes(driver: Driver) -> None:
    driver.window.navigate("volumes", "late")
    page: Any = driver.window.page("volumes")
    assert not page.browser
    driver.ask(lambda engine: engine.volumes.create(CreateVolume(name="late")))
    driver.until(lambda: page.browser is not None and page.browser.name == "late")
    assert page.browser.isVisible()


def test_who_has_gone_elsewhere_is_not_called_back(driver: Driver) -> None:
    driver.window.navigate("volumes", "late")
    driver.window.navigate("images")
    driver.ask(lambda engine: engine.volumes.create(CreateVolume(name="late")))
    driver.until(lambda: "late" in driver.client.mirror.volumes)
    assert driver.window.current_page_id == "images"


def test_shops_of_programs_are_told_the_size_the_window_needs(driver: Driver) -> None:
    told = ElementTree.parse(REPOSITORY / "packaging" / "io.github.wherry.Wherry.metainfo.xml")
    sizes = {found.get("side"): int(found.text or 0) for found in told.iter("display_length")}
    least = driver.window.minimumSize()
    assert sizes == {"longest": least.width(), "shortest": least.height()}
