"""Terminals in a container: several at once, in tabs, with the shell of one's choice."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from engine.types.containers import Action as Verb
from engine.types.containers import Exec
from gui.pages.container.tab import DetailTab
from gui.plain_text import tip
from gui.shell import TextQuestion
from gui.theme import Space
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.empty_state import EmptyState
from gui.widgets.layouts import flush_column
from gui.widgets.terminal import TerminalView
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.containers import Container
    from gui.bridge import ByteStream, Engine, TerminalLink
    from gui.shell import Shell

_TITLE = 28
BEST_SHELL = ("/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh")


class Session(QWidget):
    """One terminal and its line to a process."""

    def __init__(self, shell: Shell, container: Container, command: tuple[str, ...] | None, user: str = "") -> None:
        """`command` None attaches to the main process."""
        super().__init__()
        self._shell, self._container = shell, container
        self._command, self._user = command, user
        self._link: TerminalLink | None = None
        self._size = (24, 80)
        name = translate("Terminal", "Terminal of {0}").format(container.name)
        self.view = TerminalView(name)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        self.view.typed.connect(self._on_typed)
        self.view.resized.connect(self._on_resized)
        self.view.restart_wanted.connect(self.start)
        self.view.address_opened.connect(lambda address: QDesktopServices.openUrl(QUrl(address)))
        self.setFocusProxy(self.view)

    def start(self) -> None:
        self.end()
        self.view.set_finished("")
        self._link = self._shell.client.terminal(self._open, self.view.feed, self._on_end)

    def end(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    async def _open(self, engine: Engine) -> ByteStream:
        key, (rows, columns) = self._container.id, self._size
        if self._command is None:
            return await engine.containers.attach(key, stdin=self._container.spec.stdin_open, logs=True)
        request = Exec(
            command=self._command,
            tty=True,
            stdin=True,
            user=self._user,
            lend_shell=self._command == BEST_SHELL,
            rows=rows,
            columns=columns,
            env={"TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        return await engine.containers.exec(key, request)

    def _on_typed(self, data: bytes) -> None:
        if self._link is not None:
            self._link.write(data)

    def _on_resized(self, rows: int, columns: int) -> None:
        first = self._link is None
        self._size = (rows, columns)
        if first:
            self.start()
        elif self._link is not None:
            self._link.resize(rows, columns)

    def _on_end(self, code: int | None, error: BaseException | None) -> None:
        self._link = None
        if error is not None:
            words = str(error)
        elif code is None:
            words = translate("Terminal", "Detached")
        else:
            words = translate("Terminal", "Ended with {0}").format(code)
        self.view.set_finished(words + "  " + translate("Terminal", "– Enter starts it again"))


class TerminalTab(DetailTab):
    """Sessions live on while other tabs are shown, and end with the container's page."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._container: Container | None = None
        self.sessions: list[Session] = []
        column = flush_column(self)
        strip = QHBoxLayout()
        strip.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        strip.setSpacing(Space.XS)
        self.bar = QTabBar(expanding=False, documentMode=True)
        self.bar.setDrawBase(False)
        self.bar.setAccessibleName(translate("Terminal", "Terminals"))
        self.bar.currentChanged.connect(self._on_chosen)
        strip.addWidget(self.bar)
        self._new = tool_button("plus", translate("Terminal", "Another terminal"), self._show_menu)
        strip.addWidget(self._new)
        strip.addStretch(1)
        self._strip = QWidget()
        self._strip.setLayout(strip)
        column.addWidget(self._strip)
        self._stack = QStackedWidget()
        self._empty = EmptyState("terminal")
        self._start = button("", "play", Variant.PRIMARY, self._on_empty_button)
        self._empty.add_button(self._start)
        self._stack.addWidget(self._empty)
        column.addWidget(self._stack, 1)

    def resume(self, container: Container) -> None:
        self._container = container
        if not self.sessions and Verb.EXEC in container.legal_actions:
            self.open_session(BEST_SHELL, translate("Terminal", "Shell"))
        self.refresh(container)

    def refresh(self, container: Container) -> None:
        self._container = container
        alive = Verb.EXEC in container.legal_actions
        self._new.setEnabled(alive)
        self._strip.setVisible(bool(self.sessions))
        if self.sessions:
            return
        self._stack.setCurrentWidget(self._empty)
        if alive:
            self._empty.set("terminal", translate("Terminal", "No terminal open"), "")
            self._start.setText(translate("Terminal", "Open a shell"))
        else:
            hint = translate("Terminal", "A terminal needs a running container.")
            self._empty.set("terminal", translate("Terminal", "{0} is not running").format(container.name), hint)
            self._start.setText(translate("Terminal", "Start it"))

    def forget(self) -> None:
        while self.sessions:
            self.close_session(0)

    # --- sessions ---

    def open_session(self, command: tuple[str, ...] | None, title: str, user: str = "") -> Session | None:
        if self._container is None:
            return None
        session = Session(self.shell, self._container, command, user)
        self.sessions.append(session)
        self._stack.addWidget(session)
        index = self.bar.addTab(title)
        close = tool_button("x", translate("Terminal", "Close this terminal"), lambda: self._close(session))
        self.bar.setTabButton(index, QTabBar.ButtonPosition.RightSide, close)
        session.view.title_changed.connect(lambda told: self._show_title(session, told or title))
        self.bar.setCurrentIndex(index)
        self._on_chosen(index)
        self._strip.show()
        return session

    def _show_title(self, session: Session, title: str) -> None:
        """What the program in it calls itself; shells tell the folder."""
        if session in self.sessions:
            index = self.sessions.index(session)
            short = title if len(title) <= _TITLE else title[: _TITLE - 1] + "…"
            self.bar.setTabText(index, short.replace("&", "&&"))
            self.bar.setTabToolTip(index, tip(title))

    def _close(self, session: Session) -> None:
        if session in self.sessions:
            self.close_session(self.sessions.index(session))

    def close_session(self, index: int) -> None:
        session = self.sessions.pop(index)
        session.end()
        self._stack.removeWidget(session)
        session.deleteLater()
        self.bar.removeTab(index)
        self._on_chosen(self.bar.currentIndex())
        if self._container is not None:
            self.refresh(self._container)

    def _on_chosen(self, index: int) -> None:
        if 0 <= index < len(self.sessions):
            self._stack.setCurrentWidget(self.sessions[index])
            self.sessions[index].view.setFocus()

    def _on_empty_button(self) -> None:
        if self._container is None:
            return
        if Verb.EXEC in self._container.legal_actions:
            self.open_session(BEST_SHELL, translate("Terminal", "Shell"))
        else:
            self.shell.trigger("container.start", [self._container])

    def _show_menu(self) -> None:
        menu = QMenu(self)
        choices: tuple[tuple[str, tuple[str, ...] | None, str], ...] = (
            (translate("Terminal", "Shell"), BEST_SHELL, ""),
            ("sh", ("/bin/sh",), ""),
            ("bash", ("bash",), ""),
            (translate("Terminal", "Shell as root"), BEST_SHELL, "0"),
            (translate("Terminal", "Attach to the main process"), None, ""),
        )
        for title, command, user in choices:
            menu.addAction(title, partial(self.open_session, command, title, user))
        menu.addSeparator()
        menu.addAction(translate("Terminal", "Another command…"), lambda: self.shell.run(self._ask_command()))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self._new.mapToGlobal(self._new.rect().bottomLeft()))

    async def _ask_command(self) -> None:
        import shlex

        text = await self.shell.ask_text(
            TextQuestion(
                title=translate("Terminal", "Run a command in a terminal"),
                label=translate("Terminal", "Command"),
                accept=translate("Terminal", "Run"),
                check=_command_problem,
            )
        )
        if text:
            self.open_session(tuple(shlex.split(text)), text)


def _command_problem(text: str) -> str:
    import shlex

    try:
        return "" if shlex.split(text) else translate("Terminal", "Write a command")
    except ValueError:
        return translate("Terminal", "A quote is not closed")
