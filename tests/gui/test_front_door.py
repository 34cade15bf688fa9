"""The front door in the window: its switch, and the addresses of containers wherever they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton

from engine.types.frontdoor import DoorSettings
from gui.models.container_columns import Figures, container_columns
from gui.pages.containers import ContainersPage
from gui.pages.settings import SettingsPage
from gui.pages.sheets.door import DoorSheet

if TYPE_CHECKING:
    from tests.gui.conftest import Driver

COLUMNS = [column.id for column in container_columns(Figures())]

ADDRESS = "http://web.shop.localhost:8088/"


def door_sheet(driver: Driver) -> DoorSheet:
    driver.window.navigate("settings", "", "door")
    page = driver.window.page("settings")
    assert isinstance(page, SettingsPage)
    sheet = page.sheets["door"]
    assert isinstance(sheet, DoorSheet)
    return sheet


def open_door(driver: Driver) -> None:
    driver.ask(lambda engine: engine.door.change(DoorSettings(on=True)))
    driver.until(lambda: driver.client.mirror.doors["door"].listening)


def ports_text(driver: Driver, name: str) -> str:
    driver.window.navigate("containers")
    page = driver.window.page("containers")
    assert isinstance(page, ContainersPage)
    model = page.list.model
    row = model.row_of(driver.container(name).id)
    return str(model.index(row, COLUMNS.index("ports")).data())


def test_the_switch_opens_the_door_and_the_port_moves_it(driver: Driver) -> None:
    sheet = door_sheet(driver)
    driver.until(lambda: sheet.port.value() == 8088)
    assert not sheet.visit.isVisible()
    sheet.switch.click()
    driver.until(lambda: driver.engine.door.settings.on)
    driver.until(sheet.visit.isVisible)
    links = [knob.text() for knob in sheet.list.findChildren(QAbstractButton)]
    assert ADDRESS.removesuffix("/") in links
    sheet.port.setValue(9000)
    sheet.port.editingFinished.emit()
    driver.until(lambda: driver.engine.door.settings.port == 9000)
    sheet.switch.click()
    driver.until(lambda: not driver.engine.door.settings.on)
    driver.until(lambda: not sheet.visit.isVisible())


def test_https_tells_how_to_trust_it(driver: Driver) -> None:
    sheet = door_sheet(driver)
    sheet.switch.click()
    driver.until(lambda: driver.engine.door.settings.on)
    assert not sheet._trust_card.isVisible()
    sheet.tls.click()
    driver.until(sheet._trust_card.isVisible)
    assert driver.engine.door.settings.tls


def test_the_address_stands_beside_the_ports_while_the_door_is_open(driver: Driver) -> None:
    before = ports_text(driver, "shop-web-1")
    open_door(driver)
    driver.until(lambda: ports_text(driver, "shop-web-1") == f"{before}, web.shop")
    driver.ask(lambda engine: engine.door.change(DoorSettings(on=False)))
    driver.until(lambda: ports_text(driver, "shop-web-1") == before)


def test_the_address_is_copied_and_where_there_is_none_the_door_is_offered(driver: Driver) -> None:
    driver.trigger("container.copy-address", "shop-cache-1")
    driver.until(lambda: driver.offers("Front door"))
    open_door(driver)
    driver.trigger("container.copy-address", "shop-web-1")
    driver.until(lambda: QGuiApplication.clipboard().text() == ADDRESS)


def test_the_container_s_page_links_to_it(driver: Driver) -> None:
    open_door(driver)
    driver.window.navigate("containers", driver.container("shop-web-1").id, "overview")
    page = driver.window.page("containers")
    assert isinstance(page, ContainersPage)
    details = page.details
    assert details is not None
    links = [knob.text() for knob in details.tab("overview").findChildren(QAbstractButton)]
    assert ADDRESS.removesuffix("/") in links
