"""A list before the engine has told what there is: last session's rows, or why there is no engine. Never "none yet"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from gui.presentation.errors import words_of
from gui.widgets.buttons import Variant, button
from gui.widgets.empty_state import EmptyState
from gui.widgets.painted.skeleton import SkeletonRows
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell
    from gui.widgets.lists.table import Table


class Waiting(QObject):
    """Covers a table until the engine is ready."""

    def __init__(self, shell: Shell, table: Table, page_id: str) -> None:
        super().__init__(table)
        self._shell, self._table, self._page_id = shell, table, page_id
        if not shell.client.is_ready:
            self._wait()
            shell.client.ready.connect(self._uncover)
            shell.client.failed.connect(self._tell_failure)

    def _wait(self) -> None:
        names = self._shell.settings.last_rows(self._page_id)
        self._table.set_cover(SkeletonRows(names, self._table.verticalHeader().defaultSectionSize()))

    def _uncover(self) -> None:
        self._table.set_cover(None)

    def _tell_failure(self, error: BaseException) -> None:
        if self._shell.client.is_ready:
            return  # rows are shown; the status bar and the error's own sheet tell it
        told = EmptyState("warning", translate("Waiting", "The engine is not running"), words_of(error).title)
        told.add_button(button(translate("Waiting", "Try again"), "restart", Variant.PRIMARY, self._try_again))
        self._table.set_cover(told)

    def _try_again(self) -> None:
        self._wait()
        self._shell.client.start()
