"""A terminal in a pod's container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.types.clusters import ClusterExecRequest
from gui.presentation.errors import words_of
from gui.presentation.remote.clusters import place_of
from gui.theme import Space
from gui.widgets.elided_combo import ElidedCombo
from gui.widgets.layouts import flush_column
from gui.widgets.terminal import TerminalView
from gui.words import translate

if TYPE_CHECKING:
    from gui.bridge import ByteStream, Engine, TerminalLink
    from gui.presentation.remote.clusters import ClusterRow
    from gui.shell import Shell

_SHELL = ("sh", "-c", "TERM=xterm-256color; export TERM; command -v bash >/dev/null 2>&1 && exec bash || exec sh")


class ClusterTerminal(QWidget):
    """One session, which lives on while other tabs are shown; another container or pod begins another."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._row: ClusterRow | None = None
        self._link: TerminalLink | None = None
        self._size: tuple[int, int] | None = None
        self.view = TerminalView(translate("ClusterTerminal", "Terminal in the pod"))
        self.view.typed.connect(self._on_typed)
        self.view.resized.connect(self._on_resized)
        self.view.restart_wanted.connect(self._start)
        self.view.address_opened.connect(lambda address: QDesktopServices.openUrl(QUrl(address)))
        self.container = ElidedCombo(translate("ClusterTerminal", "Container"))
        self.container.setMinimumWidth(180)
        self.container.activated.connect(lambda _index: self._start())
        strip = QHBoxLayout()
        strip.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        strip.addWidget(self.container)
        strip.addStretch(1)
        column = flush_column(self)
        column.addLayout(strip)
        column.addWidget(self.view, 1)
        self.setFocusProxy(self.view)

    def show_pod(self, row: ClusterRow) -> None:
        fresh = self._row is None or (self._row.context, self._row.key) != (row.context, row.key)
        self._row = row
        if not fresh:
            return
        self.end()
        self.container.clear()
        for name in row.containers:
            self.container.addItem(name)
        self.container.setVisible(len(row.containers) > 1)
        if self._size is not None:
            self._start()

    def end(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def forget(self) -> None:
        """The next pod, even the same, gets a session of its own."""
        self.end()
        self._row = None

    def _start(self) -> None:
        if self._row is None:
            return
        self.end()
        self.view.set_finished("")
        row, container = self._row, self.container.currentText()
        request = ClusterExecRequest(
            target=row.target, command=_SHELL, container=container, tty=True, stdin=True
        )  # fmt: skip

        async def work(engine: Engine) -> ByteStream:
            return await engine.clusters.exec(place_of(row), request)

        self._link = self._shell.client.terminal(work, self.view.feed, self._on_end)
        if self._size is not None:
            self._link.resize(*self._size)

    def _on_typed(self, data: bytes) -> None:
        if self._link is not None:
            self._link.write(data)

    def _on_resized(self, rows: int, columns: int) -> None:
        first = self._size is None
        self._size = (rows, columns)
        if first:
            self._start()
        elif self._link is not None:
            self._link.resize(rows, columns)

    def _on_end(self, code: int | None, error: BaseException | None) -> None:
        self._link = None
        if error is not None:
            words = " ".join(filter(None, (words_of(error).title, words_of(error).text)))
        else:
            words = translate("ClusterTerminal", "Ended with {0}").format(code or 0)
        self.view.set_finished(words + "  " + translate("ClusterTerminal", "– Enter starts it again"))
