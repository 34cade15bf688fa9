"""The tray icon: which services run, start and stop from there, and the way back to the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from engine.types.containers import LEGAL_ACTIONS, Action, State
from gui.plain_text import set_tip
from gui.presentation.containers.words import port_url, status_text
from gui.theme import Role, icon
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.types.containers import Container
    from gui.bridge import ChangeSet
    from gui.shell import Shell

MOST_SERVICES = 15


class Tray(QObject):
    """Owns the icon and its menu; where the desktop has no tray, `available` is False and nothing is shown."""

    def __init__(self, shell: Shell, show_window: Callable[[], None], quit_program: Callable[[], None]) -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self._show_window, self._quit = show_window, quit_program
        self.menu = QMenu(shell.dialog_parent)
        self.menu.aboutToShow.connect(self.fill)
        self.icon = QSystemTrayIcon(icon("wherry", Role.ACCENT), self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._on_activated)
        shell.client.changed.connect(self._on_changes)

    @property
    def available(self) -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()

    def show(self) -> None:
        if self.available:
            self.fill()
            self.icon.show()

    def fill(self) -> None:
        """Build the menu afresh; it is small and rarely seen."""
        self.menu.clear()
        self.menu.addAction(icon("window"), translate("Tray", "Open Wherry"), self._show_window)
        self.menu.addSeparator()
        services = self._services()
        if not services:
            quiet = self.menu.addAction(translate("Tray", "No services yet"))
            quiet.setEnabled(False)
        for container in services[:MOST_SERVICES]:
            self._add_service(container)
        self.menu.addSeparator()
        self.menu.addAction(icon("plus"), translate("Tray", "Run a container…"), self._run_new)
        self.menu.addAction(icon("quit"), translate("Tray", "Quit"), self._quit)

    def _services(self) -> list[Container]:
        everyone = self._shell.client.mirror.containers.values()
        return sorted(everyone, key=lambda c: (c.state is not State.RUNNING, c.name.casefold()))

    def _add_service(self, container: Container) -> None:
        running = container.state is State.RUNNING
        menu = self.menu.addMenu(icon("play" if running else "stop", Role.SUCCESS if running else Role.TEXT_MUTED),
                                 f"{container.name}  –  {status_text(container)}")  # fmt: skip
        menu.setAccessibleName(container.name)
        for verb, name in ((Action.START, "start"), (Action.STOP, "stop"), (Action.RESTART, "restart")):
            if verb in LEGAL_ACTIONS[container.state]:
                self._add_action(menu, f"container.{name}", container)
        if any(port_url(port) for port in container.ports):
            self._add_action(menu, "container.browse", container)

    def _add_action(self, menu: QMenu, action_id: str, container: Container) -> None:
        action = self._shell.verbs[action_id]
        entry = QAction(icon(action.icon), action.text, menu)
        entry.triggered.connect(lambda: self._shell.trigger(action_id, [container]))
        menu.addAction(entry)

    def _run_new(self) -> None:
        self._show_window()
        self._shell.trigger("containers.run")

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self._show_window()

    def _on_changes(self, changes: ChangeSet) -> None:
        if changes.touches("container"):
            running = sum(c.state is State.RUNNING for c in self._shell.client.mirror.containers.values())
            set_tip(self.icon, translate("Tray", "Wherry: %n running", None, running))
