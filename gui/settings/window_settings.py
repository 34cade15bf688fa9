"""The window's settings, typed, over QSettings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings

from gui.language import SYSTEM
from gui.theme import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable


_LAST_ROWS = 30


class WindowSettings:
    """Every setting has a property; nothing else reads or writes the file."""

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store if store is not None else QSettings("Wherry", "wherry")

    def _flag(self, key: str, default: bool) -> bool:  # noqa: FBT001
        return str(self._store.value(key, default)).casefold() == "true"

    def _set(self, key: str, value: object) -> None:
        self._store.setValue(key, value)

    @property
    def look(self) -> Mode:
        try:
            return Mode(str(self._store.value("look", Mode.SYSTEM.value)))
        except ValueError:
            return Mode.SYSTEM

    @look.setter
    def look(self, mode: Mode) -> None:
        self._set("look", mode.value)

    @property
    def language(self) -> str:
        """ "system", or the language chosen for the window."""
        return str(self._store.value("language", SYSTEM))

    @language.setter
    def language(self, value: str) -> None:
        self._set("language", value)

    @property
    def keep_in_tray(self) -> bool:
        """Closing the window keeps the program in the tray."""
        return self._flag("keep-in-tray", default=True)

    @keep_in_tray.setter
    def keep_in_tray(self, value: bool) -> None:
        self._set("keep-in-tray", "true" if value else "false")

    @property
    def notifications(self) -> bool:
        """Tell on the desktop when a service dies or turns unhealthy."""
        return self._flag("notifications", default=True)

    @notifications.setter
    def notifications(self, value: bool) -> None:
        self._set("notifications", "true" if value else "false")

    @property
    def on_quit(self) -> str:
        """ "ask", "keep" or "stop": what quitting does with running services."""
        value = str(self._store.value("on-quit", "ask"))
        return value if value in {"ask", "keep", "stop"} else "ask"

    @on_quit.setter
    def on_quit(self, value: str) -> None:
        self._set("on-quit", value)

    @property
    def welcomed(self) -> bool:
        """The welcome page was left once."""
        return self._flag("welcomed", default=False)

    @welcomed.setter
    def welcomed(self, value: bool) -> None:
        self._set("welcomed", "true" if value else "false")

    @property
    def group_by_project(self) -> bool:
        return self._flag("group-by-project", default=True)

    @group_by_project.setter
    def group_by_project(self, value: bool) -> None:
        self._set("group-by-project", "true" if value else "false")

    def bytes(self, key: str) -> QByteArray:
        """State of a window, splitter or header, as Qt saves it."""
        value = self._store.value(f"state/{key}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_bytes(self, key: str, value: QByteArray) -> None:
        self._set(f"state/{key}", value)

    def text(self, key: str, default: str = "") -> str:
        """A small choice of a page, by name."""
        return str(self._store.value(f"choice/{key}", default))

    def set_text(self, key: str, value: str) -> None:
        self._set(f"choice/{key}", value)

    def last_rows(self, page_id: str) -> list[str]:
        """Names of the first rows a list had when the window was last closed."""
        return [name for name in self.text(f"rows/{page_id}").split("\n") if name]

    def set_last_rows(self, page_id: str, names: Iterable[str]) -> None:
        self.set_text(f"rows/{page_id}", "\n".join(list(names)[:_LAST_ROWS]))

    def sync(self) -> None:
        self._store.sync()
