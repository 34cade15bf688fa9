"""The window on the real engine, in a private store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gui.application import Application
from tests.gui.conftest import Driver, settings, window_loop
from tests.system.gui.desk import at_desk, desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot
    from qasync import QEventLoop

    from gui.settings import WindowSettings
    from tests.support.stores import ShortTmp

__all__ = ["at_desk", "desk", "settings", "window_loop"]
OPEN_MS = 20_000


class RealDriver(Driver):
    """A driver with more patience: real processes take their time on a busy machine."""

    closed = False

    def until(self, condition: Callable[[], object]) -> None:
        self.bot.waitUntil(lambda: bool(condition()), timeout=OPEN_MS)


@pytest.fixture
def open_window(
    window_loop: QEventLoop, qapp: QApplication, qtbot: QtBot, settings: WindowSettings, short_tmp: ShortTmp
) -> Iterator[Callable[[], RealDriver]]:
    """Opens a window on the store; what is still open at the end is closed with its containers."""
    made: list[RealDriver] = []

    def make() -> RealDriver:
        async def open_engine() -> Any:
            from engine.embedded import open_engine as really

            return await really(short_tmp.root, short_tmp.run)

        application = Application(qapp, open_engine, settings)
        application.start()
        qtbot.waitUntil(lambda: application.client.is_ready, timeout=OPEN_MS)
        made.append(RealDriver(application, None, qtbot))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for driver in made:
        close_window(driver, qtbot, stop_containers=True)


def close_window(driver: RealDriver, qtbot: QtBot, *, stop_containers: bool) -> None:
    if driver.closed:
        return
    driver.closed = True
    for dialog in Driver._dialogs(""):
        dialog.reject()
    driver.application.end(stop_containers=stop_containers)
    qtbot.waitUntil(driver.client._thread.finished.done, timeout=OPEN_MS)
    assert driver.client.join()
    driver.window.deleteLater()
