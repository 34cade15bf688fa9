"""A page that is a list, and behind its rows the details of one: what all such pages share."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget

from gui.pages.page import Page
from gui.widgets.layouts import flush_column

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import SignalInstance
    from PySide6.QtWidgets import QWidget

    from gui.shell import Shell
    from gui.widgets.lists.table import Table
    from gui.widgets.search_field import SearchField


class Listed(Protocol):
    """What a page needs to know of its list."""

    @property
    def table(self) -> Table: ...
    @property
    def search(self) -> SearchField: ...


class ListPage(Page):
    """One widget of several is seen: `stand` the front, `put_behind` the others, and `bring` what is wanted.

    Alt+Left and the way back of whatever is behind lead to `show_list`.
    """

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._stack = QStackedWidget()
        flush_column(self).addWidget(self._stack)
        QShortcut(QKeySequence("Alt+Left"), self, lambda: self.show_list())

    def stand(self, front: QWidget) -> None:
        """What is seen first, and when something is left."""
        self._front = front
        self._stack.insertWidget(0, front)
        self._stack.setCurrentIndex(0)

    def put_behind(self, widget: QWidget, left: SignalInstance, back: Callable[[], None] | None = None) -> None:
        """Something that is left again by that signal, for the front where nothing else is said."""
        self._stack.addWidget(widget)
        left.connect(back or (lambda: self.show_list()))

    def bring(self, widget: QWidget) -> None:
        self._stack.setCurrentWidget(widget)

    def sees(self, *widgets: QWidget | None) -> bool:
        """Whether one of these is what is seen while the page is."""
        return self._stack.currentWidget() in widgets

    @abstractmethod
    def listed(self) -> Listed:
        """The list that is in front."""

    def show_list(self) -> None:
        self.bring(self._front)
        self.listed().table.setFocus()

    def set_query(self, text: str) -> None:
        self.listed().search.setText(text)
