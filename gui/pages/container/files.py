"""The files of a container, running or not: look, download, upload, change; what it changed is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from engine.types.files import Place
from gui.pages.container.tab import DetailTab
from gui.pages.files.browser import FileBrowser

if TYPE_CHECKING:
    from engine.types.containers import Container
    from gui.shell import Shell


class FilesTab(DetailTab):
    """A file browser on the container's tree."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.browser = FileBrowser(shell)
        self._shown = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.browser)

    def resume(self, container: Container) -> None:
        if container.id != self._shown:
            self._shown = container.id
            self.browser.show_place(Place(kind="container", id=container.id), container.name)
        else:
            self.browser.reload()

    def show_inside(self, what: str) -> None:
        self.browser.tree.reveal(what)

    def forget(self) -> None:
        self._shown = ""
        self.browser.clear()
