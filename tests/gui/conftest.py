"""A window on the fake engine, driven in this process; its loop is the window's own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog
from qasync import QEventLoop

from gui.application import Application
from gui.settings import WindowSettings
from tests.fakes.engine import FakeEngine, open_fake_engine
from tests.fakes.world import populate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from engine.types.containers import Container
    from gui.frame.window import MainWindow
    from tests.fakes.store import Store

T = TypeVar("T")
PATIENCE_MS = 20_000


class Driver:
    """What tests do to the window, and what they see of it and of the engine behind it."""

    def __init__(self, application: Application, engine: FakeEngine, qtbot: QtBot) -> None:
        self.application, self.engine, self.bot = application, engine, qtbot
        self.window: MainWindow = application.window
        self.client = application.client

    def until(self, condition: Callable[[], object]) -> None:
        """Let the window run until something holds."""
        self.bot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)

    def container(self, name: str) -> Container:
        """As the window sees it."""
        return next(c for c in self.client.mirror.containers.values() if c.name == name)

    def names(self) -> set[str]:
        return {c.name for c in self.client.mirror.containers.values()}

    def trigger(self, action_id: str, *names: str) -> None:
        self.window.trigger(action_id, [self.container(name) for name in names])

    def dialog(self, object_name: str) -> QDialog:
        """The open dialog of a name, waited for."""
        self.until(lambda: self._dialogs(object_name))
        return self._dialogs(object_name)[0]

    def no_dialog(self) -> None:
        self.until(lambda: not self._dialogs(""))

    def accept(self, object_name: str = "question") -> None:
        self.dialog(object_name).accept()

    def reject(self, object_name: str = "question") -> None:
        self.dialog(object_name).reject()

    def toast_texts(self) -> list[str]:
        return [toast.accessibleName() for toast in self.window.toasts.toasts()]

    def undo(self) -> None:
        """Press Undo in the youngest message once it is offered: what was done is seen before the deed is through."""
        self.until(lambda: self.offers("Undo"))
        self.offers("Undo")[-1].click()

    def offers(self, text: str) -> list[QAbstractButton]:
        """Buttons of the youngest message; those of an undo tell the seconds too."""
        shown = self.window.toasts.toasts()
        knobs = shown[-1].findChildren(QAbstractButton) if shown else []
        return [knob for knob in knobs if knob.text().partition(" (")[0] == text]

    def ask(self, work: Callable[[FakeEngine], Any]) -> Any:
        """Ask the engine on its own thread, and wait."""
        future = self.client.submit(work)  # type: ignore[arg-type]
        self.until(future.done)
        return future.result()

    @staticmethod
    def _dialogs(object_name: str) -> list[QDialog]:
        found = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
        return [dialog for dialog in found if not object_name or dialog.objectName() == object_name]


@pytest.fixture(autouse=True)
def words(qapp: QApplication) -> None:
    """The words of the window are loaded with the application."""


@pytest.fixture
def window_loop(qapp: QApplication) -> Iterator[QEventLoop]:
    """qasync's loop counts as running while pytest-qt spins Qt's."""
    loop = QEventLoop(qapp)
    asyncio.set_event_loop(loop)
    asyncio.events._set_running_loop(loop)
    yield loop
    asyncio.events._set_running_loop(None)
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def settings(tmp_path: Path) -> WindowSettings:
    made = WindowSettings(QSettings(str(tmp_path / "wherry.ini"), QSettings.Format.IniFormat))
    made.welcomed = True
    return made


@pytest.fixture
def make_driver(
    window_loop: QEventLoop, qapp: QApplication, qtbot: QtBot, settings: WindowSettings
) -> Iterator[Callable[..., Driver]]:
    made: list[Driver] = []

    def make(furnish: Callable[[Store], None] | None = populate) -> Driver:
        engines: list[FakeEngine] = []

        async def open_engine() -> FakeEngine:
            engines.append(await open_fake_engine(furnish))
            return engines[0]

        application = Application(qapp, open_engine, settings)  # type: ignore[arg-type]
        application.start()
        qtbot.waitUntil(lambda: application.client.is_ready, timeout=PATIENCE_MS)
        made.append(Driver(application, engines[0], qtbot))
        return made[-1]

    yield make
    for driver in made:
        for dialog in Driver._dialogs(""):
            dialog.reject()
        driver.application.end()
        qtbot.waitUntil(driver.client._thread.finished.done, timeout=PATIENCE_MS)
        assert driver.client.join()
        qapp.processEvents()
        driver.window.deleteLater()
        qapp.processEvents()


@pytest.fixture
def driver(make_driver: Callable[..., Driver]) -> Driver:
    return make_driver()
