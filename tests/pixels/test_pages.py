"""Images, layers, volumes and networks in the window, with an engine that always has the same things in it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from engine.types.data import now
from gui.theme import Mode
from tests.fakes.world import populate
from tests.pixels.compare import check
from tests.pixels.pinned import pin_look

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtWidgets import QApplication, QWidget

    from tests.fakes.store import Store
    from tests.gui.conftest import Driver

LOOKS = {"light": (Mode.LIGHT, 1060, 560), "dark": (Mode.DARK, 1060, 560), "narrow": (Mode.LIGHT, 820, 520)}
PAGES = ("images", "layers", "treemap", "compare", "volumes", "networks", "pull-failed")
PAGE_PICTURES = [f"page-{page}-{look}" for page in PAGES for look in LOOKS]


def furnish(store: Store) -> None:
    """The usual world, with nothing so young that its age changes while it is looked at."""
    populate(store)
    for network in list(store.networks.values()):
        store.put("network", replace(network, created=now() - timedelta(days=3, hours=1)))
    store.event_log.clear()


def show_images(driver: Driver) -> QWidget:
    driver.window.navigate("images")
    page = driver.window.page("images")
    driver.until(lambda: "on disk" in page.list.header._subtitle.text)  # type: ignore[attr-defined]
    return page


def show_layers(driver: Driver) -> QWidget:
    page = driver.window.page("images")
    key = next(i.id for i in driver.client.mirror.images.values() if i.tags and "nginx" in i.tags[0])
    driver.window.navigate("images", key, "layers")
    inspector = page.details.inspector  # type: ignore[attr-defined]
    driver.until(lambda: inspector.report is not None and inspector.files.files.rowCount() > 0)
    inspector.stack.select(2)
    inspector._choose_layer(2)
    driver.until(lambda: inspector.files.files.rowCount() > 0)
    return page


def show_treemap(driver: Driver) -> QWidget:
    page = show_layers(driver)
    inspector = page.details.inspector  # type: ignore[attr-defined]
    inspector.panes.set_current("map")
    inspector._show_pane()
    driver.until(lambda: inspector.map._nodes)
    return page


def show_compare(driver: Driver) -> QWidget:
    first, second = sorted(i.id for i in driver.client.mirror.images.values() if i.tags)[:2]
    driver.window.navigate("images", first, f"compare:{second}")
    page = driver.window.page("images")
    driver.until(lambda: page.compare.files.rows.rowCount() > 0)  # type: ignore[attr-defined]
    return page


def show_volumes(driver: Driver) -> QWidget:
    driver.window.navigate("volumes")
    return driver.window.page("volumes")


def show_networks(driver: Driver) -> QWidget:
    driver.window.navigate("networks")
    return driver.window.page("networks")


def show_failed_pull(driver: Driver) -> QWidget:
    from engine.errors import Code, RegistryError

    reference = "ghcr.io/acme/private:1"
    driver.engine.images.pull_errors[reference] = RegistryError(
        "The registry asks for a login", "ghcr.io answered 401.", code=Code.UNAUTHORIZED, details="GET … 401"
    )
    driver.window.open_dialog("pull", reference=reference, start=True)
    dialog = driver.dialog("dialog.pull")
    driver.until(lambda: dialog.banner.isVisible() and not dialog.running)  # type: ignore[attr-defined]
    return dialog


SHOW: dict[str, Callable[[Driver], QWidget]] = {
    "images": show_images,
    "layers": show_layers,
    "treemap": show_treemap,
    "compare": show_compare,
    "volumes": show_volumes,
    "networks": show_networks,
    "pull-failed": show_failed_pull,
}


@pytest.mark.parametrize("look", LOOKS)
def test_pages(qapp: QApplication, make_driver: Callable[..., Driver], tmp_path: Path, look: str) -> None:
    mode, width, height = LOOKS[look]
    pin_look(qapp, mode)
    driver = make_driver(furnish)
    pin_look(qapp, mode)
    driver.window.setFixedSize(width, height)
    for name in PAGES:
        widget = SHOW[name](driver)
        for _ in range(3):
            qapp.processEvents()
        if focused := qapp.focusWidget():
            focused.clearFocus()
        qapp.processEvents()
        check(f"page-{name}-{look}", widget.grab(), tmp_path)
    pin_look(qapp, Mode.LIGHT)
