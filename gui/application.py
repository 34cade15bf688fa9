"""The composition root of the window: what is made in which order, and how it all ends."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from engine.types.containers import ALIVE_STATES
from gui.bridge import EngineClient
from gui.frame.deaths import Deaths
from gui.frame.knocks import Knocks
from gui.frame.notices import Notice, Notices
from gui.frame.quitting import QuitDialog
from gui.frame.tray import Tray
from gui.frame.window import MainWindow
from gui.interpreter import settle_after_start
from gui.language import install_language
from gui.settings import WindowSettings
from gui.shell import Confirmation
from gui.theme import Mode, theme
from gui.widgets.painted.accessible import install_accessible
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.facade import Engine
    from gui.single_window import Claim

_log = logging.getLogger(__name__)
_CLOSE_SECONDS = 30.0
_STARTED_MS = 2000


class Application(QObject):
    """Holds client, window and tray; owns closing (to the tray) and quitting (asks once)."""

    def __init__(
        self, app: QApplication, open_engine: Callable[[], Awaitable[Engine]], settings: WindowSettings | None = None
    ) -> None:
        super().__init__()
        # Under qasync the end of the last window would end the loop in the middle of running coroutines.
        app.setQuitOnLastWindowClosed(False)
        self._app = app
        self.settings = settings or WindowSettings()
        theme().install(app, self.settings.look)
        install_accessible()
        self.client = EngineClient(open_engine)
        self.window = MainWindow(self.client, self.settings)
        self.tray = Tray(self.window, self.show_window, self.quit)
        self.notices = Notices(self.window)
        self.deaths = Deaths(self.window, self.window.toasts, self.window.messages)
        self._ending = False
        self._told_about_tray = False
        self._knocks: Knocks | None = None
        self._last_work: asyncio.Task[None] | None = None
        self.window.close_wanted.connect(self._on_close_wanted)
        self.window.quit_wanted.connect(self.quit)
        self.notices.told.connect(self._on_notice)
        self.tray.icon.messageClicked.connect(self._on_message_clicked)
        self.client.stopped.connect(self._on_engine_stopped)
        self._notified = ""

    def start(self) -> None:
        """Show the window first; the engine opens beside it."""
        self.window.show()
        self.tray.show()
        self.client.start()

    def show_window(self) -> None:
        self.window.showNormal() if self.window.isMinimized() else self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def hear(self, claim: Claim) -> None:
        """Come to the front whenever the program is started again for this store."""
        self._knocks = Knocks(claim, self.show_window, self.window.open_path, self)

    # --- closing and quitting ---

    def _on_close_wanted(self) -> None:
        if not (self.settings.keep_in_tray and self.tray.icon.isVisible()):
            self.quit()
            return
        self.window.hide()
        self.window.run(self.window.removal.settle())  # the bar with its Undo is out of sight
        if not self._told_about_tray:
            self._told_about_tray = True
            title = translate("Application", "Wherry is still here")
            self.tray.icon.showMessage(title, translate("Application", "Your services go on. Quit from this icon."))

    def quit(self) -> None:
        """Ask once what to do with running services, then end."""
        if self._ending:
            return
        if unsaved := self.window.unsaved():
            self.show_window()
            self.window.run(self._quit_unsaved(unsaved))
            return
        self._quit_saved()

    async def _quit_unsaved(self, paths: list[str]) -> None:
        question = Confirmation(
            title=translate("Application", "Quit without saving?"),
            text=translate("Application", "What was typed into these files is lost."),
            accept=translate("Application", "Quit"),
            details=tuple(paths),
        )
        if await self.window.confirm(question) is not None:
            self._quit_saved()

    def _quit_saved(self) -> None:
        mirror = self.client.mirror
        # What runs on another machine goes on there, whatever becomes of this window.
        running = [] if self.client.machine else [c for c in mirror.containers.values() if c.state in ALIVE_STATES]
        if not running or self.settings.on_quit != "ask":
            self.end(stop_containers=self.settings.on_quit == "stop")
            return
        self.show_window()
        dialog = QuitDialog(self.window, [c.name for c in running], self.settings)
        dialog.decided.connect(lambda stop: self.end(stop_containers=stop))
        dialog.open()

    def end(self, *, stop_containers: bool = False) -> None:
        """Carry out what was removed, close the engine, then the loop."""
        if self._ending:
            return
        self._ending = True
        if self._knocks is not None:
            self._knocks.close()  # who starts it now waits for our end and opens a window of its own
        self.window.hide()  # pages give their leases back
        self.tray.icon.hide()
        # An engine that hangs must not keep the process; services outlive it either way.
        QTimer.singleShot(int(_CLOSE_SECONDS * 1000), self._app.quit)
        if self.window.removal.busy:
            self.window.removal.quiet = True
            self._last_work = asyncio.get_event_loop().create_task(self.window.removal.settle())
            self._last_work.add_done_callback(lambda _done: self._close(stop_containers=stop_containers))
        else:
            self._close(stop_containers=stop_containers)

    def _close(self, *, stop_containers: bool) -> None:
        self.window.wind_down()
        self.client.stop(stop_containers=stop_containers)

    def _on_engine_stopped(self) -> None:
        if self._ending:
            self._app.quit()

    # --- notices ---

    def _on_notice(self, notice: Notice) -> None:
        self._notified = notice.container_id
        first = self.deaths.tell(notice)
        if first and self.tray.icon.isVisible() and not self.window.isActiveWindow():
            self.tray.icon.showMessage(notice.title, notice.text)

    def _on_message_clicked(self) -> None:
        self.show_window()
        if self._notified:
            self.window.navigate("containers", self._notified, "history")


def make_qt_application() -> QApplication:
    """The QApplication with its names, so that desktops find icon and settings."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QApplication.setApplicationName("wherry")
    QApplication.setApplicationDisplayName("Wherry")
    QApplication.setDesktopFileName("wherry")
    return QApplication(sys.argv[:1])


def run(
    open_engine: Callable[[], Awaitable[Engine]],
    *,
    look: str = "",
    settings: WindowSettings | None = None,
    claim: Claim | None = None,
    started: Callable[[Application], None] | None = None,
) -> int:
    """Run the window until it is quit; gives the exit status."""
    app = make_qt_application()
    settings = settings or WindowSettings()
    install_language(app, settings.language)
    loop = QEventLoop(app)
    asyncio.set_event_loop(loop)
    application = Application(app, open_engine, settings)
    if look:
        theme().set_mode(Mode(look))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: application.end())
    # Python only sees a signal when it runs: a slow heartbeat gives it the chance.
    heartbeat = QTimer(interval=1000)
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start()
    if claim is not None:
        application.hear(claim)
    application.start()
    QTimer.singleShot(_STARTED_MS, settle_after_start)
    if started is not None:
        started(application)
    with loop:
        loop.run_forever()
        application.client.join()
    return 0
