"""The snapshot itself as a tree, for those who want to see it all; copied as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout

from gui.pages.container.tab import DetailTab
from gui.theme import Space
from gui.widgets.buttons import button
from gui.widgets.layouts import flush_column
from gui.widgets.search_field import SearchField
from gui.widgets.texts.json_tree import JsonTree
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.containers import Container
    from gui.shell import Shell


class InspectTab(DetailTab):
    """Filled afresh only when the container really differs, so that opened branches stay open."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shown: Any = None
        self.tree = JsonTree(translate("Inspect", "Everything about the container"))
        column = flush_column(self)
        tools = QHBoxLayout()
        tools.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        self.search = SearchField(translate("Inspect", "Find a key or value"))
        self.search.changed.connect(self.tree.find_text)
        self.search.stepped.connect(lambda _step: self.tree.find_text(self.search.text()))
        tools.addWidget(self.search)
        tools.addStretch(1)
        tools.addWidget(button(translate("Inspect", "Copy as JSON"), "copy", on_click=self._copy))
        column.addLayout(tools)
        column.addWidget(self.tree, 1)

    def resume(self, container: Container) -> None:
        self.refresh(container)

    def refresh(self, container: Container) -> None:
        value = msgspec.to_builtins(container)
        if value != self._shown:
            self._shown = value
            self.tree.set_json(value, open_depth=1)

    def _copy(self) -> None:
        text = msgspec.json.format(msgspec.json.encode(self._shown)).decode()
        QGuiApplication.clipboard().setText(text)
        self.shell.toast(translate("Inspect", "Copied"))
