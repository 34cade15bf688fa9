"""Log in to a registry; the login is tried before it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QLineEdit
from shiboken6 import isValid

from engine.errors import WherryError
from engine.types.images import Login
from gui.presentation.errors import words_of
from gui.theme import Text, Tone
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import form_label, label
from gui.widgets.layouts import dialog_column, field_form, foot
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.shell import Shell

_WIDTH = 460


class LoginDialog(QDialog):
    """`then` is called after a login that worked, such as the pull that asked for it."""

    def __init__(self, shell: Shell, server: str = "", then: Callable[[], object] | None = None) -> None:
        super().__init__(shell.dialog_parent)
        self._shell, self._then = shell, then
        self.setObjectName("dialog.login")
        self.setWindowTitle(translate("LoginDialog", "Log in to a registry"))
        self.setMinimumWidth(_WIDTH)
        self.server = QLineEdit(server)
        self.server.setPlaceholderText("docker.io")
        self.username, self.password = QLineEdit(), QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.banner = Banner(Tone.DANGER)
        self.banner.hide()
        form = field_form()
        for words, field in (
            (translate("LoginDialog", "Registry"), self.server),
            (translate("LoginDialog", "User name"), self.username),
            (translate("LoginDialog", "Password or token"), self.password),
        ):
            field.setAccessibleName(words)
            form.addRow(form_label(words), field)
        column = dialog_column(self, self.windowTitle())
        column.addLayout(form)
        where = translate("LoginDialog", "Kept in this desktop's password store if there is one.")
        column.addWidget(label(where, Text.SMALL, Tone.MUTED, wrap=True))
        column.addWidget(self.banner)
        self.enter = button(translate("LoginDialog", "Log in"), "", Variant.PRIMARY, self._log_in)
        column.addLayout(foot(button(translate("LoginDialog", "Cancel"), "", Variant.GHOST, self.reject), self.enter))
        (self.username if server else self.server).setFocus()

    def _log_in(self) -> None:
        if not self.username.text() or not self.password.text():
            self._tell(translate("LoginDialog", "User name and password are both needed"), Tone.WARNING)
            return
        login = Login(
            server=self.server.text().strip() or "docker.io",
            username=self.username.text().strip(),
            password=self.password.text(),
        )
        self.enter.setEnabled(False)
        self._shell.run(self._try(login))

    async def _try(self, login: Login) -> None:
        try:
            kept = await self._shell.client.call(lambda engine: engine.images.login(login))
        except WherryError as error:
            if not isValid(self):
                raise  # closed while we asked: the window shows it
            words = words_of(error)
            self.enter.setEnabled(True)
            self._tell(words.title, Tone.DANGER, words.text)
            return
        if isValid(self):
            self.accept()
        text = translate("LoginDialog", "Logged in to {0}").format(login.server)
        self._shell.toast(f"{text}. {kept}" if kept else text, Tone.SUCCESS)
        if self._then is not None:
            self._then()

    def _tell(self, title: str, tone: Tone, text: str = "") -> None:
        self.banner.show_message(tone, title, text)
        self.banner.show()
        self.adjustSize()
