"""The main window: it puts sidebar, pages and status bar together and is the shell that pages and actions see."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from engine.errors import Cancelled, WherryError
from engine.types.containers import ALIVE_STATES
from engine.types.operations import OperationState
from gui.actions.catalogue import all_actions
from gui.actions.several import SeveralFailed
from gui.dialogs.catalogue import open_dialog
from gui.feedback import questions
from gui.feedback.errors import ErrorDialog, ReportDialog, SeveralErrorsDialog
from gui.feedback.messages import MessageLog
from gui.feedback.removal import PendingRemoval
from gui.frame.dropping import WindowDrop
from gui.frame.machine_switcher import MachineSwitcher
from gui.frame.palette import Palette, PaletteButton
from gui.frame.shortcuts import ShortcutsDialog
from gui.frame.status_bar import StatusBar
from gui.models.volumes import volume_name
from gui.pages.catalogue import PageEntry, pages, welcome_page
from gui.pages.files.drafts import Drafts
from gui.pages.files.editor import FileEditor
from gui.presentation.containers.words import project_of
from gui.presentation.images.builds import build_title
from gui.presentation.images.words import image_name
from gui.tasks import Tasks
from gui.theme import Role as ColorRole
from gui.theme import Size, Space, Text, Tone, font, grown, icon
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column
from gui.widgets.side_nav import SideNav
from gui.widgets.toast import Deed, ToastStack
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from PySide6.QtGui import QCloseEvent, QHideEvent, QShowEvent

    from engine.types.events import Kind
    from gui.actions import ActionSet
    from gui.bridge import ChangeSet, EngineClient
    from gui.pages.page import Page
    from gui.settings import WindowSettings
    from gui.shell import Confirmation, Removal, TextQuestion

_log = logging.getLogger(__name__)
_SMALLEST = (860, 560)
_ARRIVES_SECONDS = 3.0
_FIRST_SIZE = (1240, 780)


class MainWindow(QMainWindow):
    """Implements `gui.shell.Shell`."""

    close_wanted = Signal()
    """The user closed the window; the application decides between tray and end."""
    quit_wanted = Signal()

    def __init__(self, client: EngineClient, settings: WindowSettings) -> None:
        super().__init__()
        self._client, self._settings = client, settings
        self._actions = all_actions()
        self._tasks = Tasks(self._on_task_error)
        self._pages: dict[str, Page] = {}
        self._awaited: tuple[str, str, str, float] | None = None
        self._entries: dict[str, PageEntry] = {entry.id: entry for entry in (*pages(), welcome_page())}
        self.setWindowTitle(translate("Window", "Wherry"))
        self.setWindowIcon(icon("wherry", ColorRole.ACCENT))
        self.setMinimumSize(*_SMALLEST)
        self._nav = SideNav(translate("Window", "Pages"))
        self._stack = QStackedWidget()
        self._status = StatusBar(self)
        self._messages = MessageLog(self)
        self._drafts = Drafts()
        self._toasts = ToastStack(translate("Window", "Messages"))
        self._toasts.more_wanted.connect(lambda: self.navigate("activity", "", "messages"))
        self.removal = PendingRemoval(self, self._toasts)
        client.stood_in_the_way = self.removal.stood_in_the_way
        self._lay_out()
        self._drop = WindowDrop(self, self.centralWidget())
        self._add_shortcuts()
        self._restore()
        client.changed.connect(self._on_changes)
        client.ready.connect(self._on_ready)
        client.failed.connect(self._on_engine_failed)
        client.switched.connect(self._on_switched)
        client.capable.connect(self._offer_pages)
        self._offer_pages()

    # --- Shell ---

    @property
    def client(self) -> EngineClient:
        return self._client

    @property
    def verbs(self) -> ActionSet:
        return self._actions

    @property
    def settings(self) -> WindowSettings:
        return self._settings

    @property
    def dialog_parent(self) -> QWidget:
        return self

    @property
    def messages(self) -> MessageLog:
        return self._messages

    @property
    def drafts(self) -> Drafts:
        return self._drafts

    def unsaved(self) -> list[str]:
        """Files that were edited and not saved, in sight or not."""
        open_now = [editor.path for editor in self.findChildren(FileEditor) if editor.dirty]
        return sorted({*open_now, *self._drafts.paths()})

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.start(work)

    async def confirm(self, question: Confirmation) -> frozenset[str] | None:
        return await questions.confirm(self, question)

    async def ask_text(self, question: TextQuestion) -> str | None:
        return await questions.ask_text(self, question)

    async def choose_open_file(self, title: str, filters: str = "") -> str:
        return await questions.choose_file(self, title, filters=filters)

    async def choose_save_file(self, title: str, suggested: str, filters: str = "") -> str:
        return await questions.choose_file(self, title, save_as=suggested, filters=filters)

    async def choose_folder(self, title: str) -> str:
        return await questions.choose_file(self, title, folder=True)

    def toast(
        self,
        text: str,
        tone: Tone = Tone.NEUTRAL,
        *,
        button: str = "",
        on_button: Callable[[], None] | None = None,
    ) -> None:
        self._messages.add(text, tone)
        deeds = (Deed(button, on_button),) if button and on_button is not None else ()
        self._toasts.show_message(text, tone, deeds=deeds)

    def remove(self, removal: Removal) -> None:
        self._messages.add(removal.title, Tone.NEUTRAL)
        self.removal.begin(removal)

    async def make_room(self, kind: Kind, keys: Iterable[str]) -> None:
        await self.removal.make_room(kind, keys)

    def open_path(self, path: str) -> None:
        """What a file manager or a shell wants opened, once the engine can say what it is; nothing for ""."""
        if path and self._client.is_ready:
            self._drop.take(path)
        elif path:
            self._client.ready.connect(lambda: self._drop.take(path), Qt.ConnectionType.SingleShotConnection)

    def show_error(self, error: BaseException, *, retry: Callable[[], None] | None = None) -> None:
        if isinstance(error, Cancelled):
            return
        if not isinstance(error, WherryError):
            self._report(error)
            return
        if isinstance(error, SeveralFailed):
            names = {one.key: self._name_of(one.key) or one.name for one in error.failures}
            _open_once(SeveralErrorsDialog(self, error, names, retry))
            return
        _open_once(ErrorDialog(self, self, error, retry))

    def _name_of(self, key: str) -> str:
        """What people call the object of an id."""
        mirror = self._client.mirror
        if key in mirror.images:
            return image_name(mirror.images[key])
        known = mirror.containers.get(key) or mirror.networks.get(key)
        return known.name if known is not None else ""

    def navigate(self, page_id: str, object_id: str = "", detail: str = "") -> None:
        page = self.page(page_id)
        self._stack.setCurrentWidget(page)
        self._nav.set_current("containers" if page_id == "welcome" else page_id)
        # Who has just made a thing gets its name before the mirror has the thing: open it when it is there.
        awaited = bool(object_id) and object_id not in getattr(self._client.mirror, page_id, {object_id})
        self._awaited = (page_id, object_id, detail, time.monotonic() + _ARRIVES_SECONDS) if awaited else None
        page.open_object(object_id, detail)

    async def show_machine(self, name: str) -> None:
        """What waits to be removed is carried out first: it belongs to the machine that is left."""
        if name == self._client.machine:
            return
        await self.removal.settle()
        await self._client.switch(name)

    def open_dialog(self, dialog_id: str, **arguments: Any) -> None:
        open_dialog(self, dialog_id, arguments)

    def trigger(self, action_id: str, subjects: Sequence[Any] = ()) -> None:
        action = self._actions[action_id]
        if action.enabled(subjects):
            self.run(self._perform(action_id, list(subjects)))

    # --- for the application and for tests ---

    def page(self, page_id: str) -> Page:
        """The page, made when it is first asked for."""
        if page_id not in self._pages:
            self._pages[page_id] = self._entries[page_id].create(self)
            self._stack.addWidget(self._pages[page_id])
        return self._pages[page_id]

    @property
    def current_page_id(self) -> str:
        return next((key for key, page in self._pages.items() if page is self._stack.currentWidget()), "")

    @property
    def toasts(self) -> ToastStack:
        return self._toasts

    @property
    def status(self) -> StatusBar:
        return self._status

    def show_palette(self) -> None:
        Palette(self).open_over()

    def show_shortcuts(self) -> None:
        _open_once(ShortcutsDialog(self))

    def wind_down(self) -> None:
        """Remember the window and end what still runs in it."""
        self._settings.set_bytes("geometry", self.saveGeometry())
        self._settings.set_text("page", self.current_page_id)
        if self._client.is_ready and not self._client.machine:
            self._remember_rows()
        self._settings.sync()
        self._status.set_active(active=False)
        self._tasks.close()

    def _remember_rows(self) -> None:
        """For the next start, which shows them before the engine has told what there is."""
        mirror = self._client.mirror
        names: dict[str, list[str]] = {
            "containers": [one.name for one in mirror.containers.values()],
            "projects": list({name for one in mirror.containers.values() if (name := project_of(one))}),
            "images": [image_name(one) for one in mirror.images.values()],
            "volumes": [volume_name(one) for one in mirror.volumes.values()],
            "networks": [one.name for one in mirror.networks.values()],
            "builds": [build_title(one) for one in mirror.builds.values()],
        }
        for page_id, found in names.items():
            self._settings.set_last_rows(page_id, sorted(found, key=str.casefold))

    # --- building ---

    def _lay_out(self) -> None:
        sidebar = QFrame()
        sidebar.setProperty("role", "sidebar")
        sidebar.setFixedWidth(grown(Size.SIDEBAR))
        column = flush_column(sidebar)
        column.addWidget(self._brand())
        above = QVBoxLayout()
        above.setContentsMargins(Space.S, 0, Space.S, Space.S)
        self.machine_switcher = MachineSwitcher(self)
        above.addWidget(self.machine_switcher)
        column.addLayout(above)
        search = PaletteButton()
        search.clicked.connect(lambda _on=False: self.show_palette())
        box = QVBoxLayout()
        box.setContentsMargins(Space.S, 0, Space.S, Space.S)
        box.addWidget(search)
        column.addLayout(box)
        for entry in pages():
            if entry.section == "bottom" and self._nav.property("split") is None:
                self._nav.add_filler(self._toasts)
                self._nav.setProperty("split", True)  # noqa: FBT003
            hint = QKeySequence(entry.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            self._nav.add(entry.id, entry.title, entry.icon, hint)
        self._nav.chosen.connect(self.navigate)
        column.addWidget(self._nav, 1)
        whole, upper = QWidget(), QHBoxLayout()
        upper.setSpacing(0)
        upper.addWidget(sidebar)
        upper.addWidget(self._stack, 1)
        outer = flush_column(whole)
        outer.addLayout(upper, 1)
        outer.addWidget(self._status)
        self.setCentralWidget(whole)

    @staticmethod
    def _brand() -> QWidget:
        box = QWidget()
        box.setFixedHeight(grown(Size.TOPBAR))
        row = QHBoxLayout(box)
        row.setContentsMargins(Space.L, 0, Space.M, 0)
        row.setSpacing(Space.S)
        sign = label()
        sign.setPixmap(icon("wherry", ColorRole.ACCENT).pixmap(22, 22))
        sign.setAccessibleName("Wherry")
        name = label("Wherry")
        name.setFont(font(Text.TITLE))
        row.addWidget(sign)
        row.addWidget(name)
        row.addStretch(1)
        return box

    def _add_shortcuts(self) -> None:
        keys: dict[str, Callable[[], None]] = {
            "Ctrl+K": self.show_palette,
            "Ctrl+Shift+P": self.show_palette,
            "F1": self.show_shortcuts,
            "Ctrl+?": self.show_shortcuts,
            "Ctrl+Q": self.quit_wanted.emit,
            "Ctrl+W": self.close_wanted.emit,
        }
        for entry in pages():
            if entry.shortcut:
                keys[entry.shortcut] = lambda key=entry.id: self.navigate(key)  # type: ignore[misc]
        for action in self._actions:
            if action.window_wide and action.shortcut:
                keys[action.shortcut] = lambda key=action.id: self.trigger(key)  # type: ignore[misc]
        for key, act in keys.items():
            QShortcut(QKeySequence(key), self, act, context=Qt.ShortcutContext.WindowShortcut)
        undo = QShortcut(
            QKeySequence.StandardKey.Undo, self, self.removal.undo, context=Qt.ShortcutContext.WindowShortcut
        )
        undo.setEnabled(False)  # so that Ctrl+Z is everybody else's while nothing waits
        self.removal.waiting_changed.connect(undo.setEnabled)

    def _restore(self) -> None:
        geometry = self._settings.bytes("geometry")
        if geometry.isEmpty() or not self.restoreGeometry(geometry):
            screen = self.screen().availableSize()
            self.resize(min(_FIRST_SIZE[0], screen.width()), min(_FIRST_SIZE[1], screen.height()))
        remembered = self._settings.text("page", "containers")
        start = remembered if remembered in self._entries and remembered != "welcome" else "containers"
        if not self._settings.welcomed:
            start = "welcome"
        self.navigate(start)

    # --- what happens ---

    async def _perform(self, action_id: str, subjects: list[Any]) -> None:
        action = self._actions[action_id]
        try:
            await action.run(self, subjects)
        except SeveralFailed as error:
            keys = error.keys
            self.show_error(error, retry=lambda: self.trigger(action_id, [s for s in subjects if s.id in keys]))
        except WherryError as error:
            self.show_error(error, retry=lambda: self.trigger(action_id, subjects))

    def _on_task_error(self, error: BaseException) -> None:
        if isinstance(error, WherryError):
            self.show_error(error)
        elif not (isinstance(error, RuntimeError) and not self._client.is_ready):
            self._report(error)

    def _report(self, error: BaseException) -> None:
        _log.error("unexpected error in the window", exc_info=error)
        _open_once(ReportDialog(self, error))

    def _on_ready(self) -> None:
        mirror = self._client.mirror
        if self.current_page_id == "welcome" and mirror.containers:
            self._settings.welcomed = True
            self.navigate("containers")

    def _offer_pages(self) -> None:
        """Only those that the shown machine has something for."""
        for entry in pages():
            if entry.needs:
                has = not self._client.capabilities.why_not(entry.needs)
                self._nav.set_offered(entry.id, on=has)
                if not has and self.current_page_id == entry.id:
                    self.navigate("containers")

    def _on_switched(self) -> None:
        """The page that is seen begins anew, at its list: what it showed and leased was another machine's."""
        self._offer_pages()
        page_id = self.current_page_id
        page = self._stack.currentWidget()
        if page_id:
            page.hide()
            self.navigate(page_id if page_id != "welcome" else "containers")
            page.show()

    def _on_engine_failed(self, error: BaseException) -> None:
        if isinstance(error, WherryError):
            self.show_error(error, retry=self._client.start)
        else:
            self._report(error)

    def _on_changes(self, changes: ChangeSet) -> None:
        mirror = self._client.mirror
        if self._awaited is not None:
            self._open_awaited(*self._awaited)
        if changes.touches("container"):
            self._nav.set_count("containers", sum(c.state in ALIVE_STATES for c in mirror.containers.values()))
        if changes.touches("operation") and "activity" in self._entries:
            running = sum(one.state is OperationState.RUNNING for one in mirror.operations.values())
            self._nav.set_count("activity", running, Tone.ACCENT)

    def _open_awaited(self, page_id: str, object_id: str, detail: str, until: float) -> None:
        if time.monotonic() > until or self.current_page_id != page_id:
            self._awaited = None
        elif object_id in getattr(self._client.mirror, page_id):
            self.navigate(page_id, object_id, detail)

    # --- Qt ---

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._status.set_active(active=not self.isMinimized())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._status.set_active(active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._status.set_active(active=False)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.close_wanted.emit()


def _open_once(dialog: QDialog) -> None:
    """Open it, and let go of all it holds when it is closed."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
