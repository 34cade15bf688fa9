"""A dialog of a few fields: what is wrong is told in it, and what was typed stays until the engine has agreed."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QDialog
from shiboken6 import isValid

from engine.errors import WherryError
from gui.presentation.errors import words_of
from gui.theme import Tone
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.layouts import dialog_column, field_form, foot
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from gui.shell import Shell

_WIDTH = 460


class ShortForm(QDialog):
    """A form, a banner for what is wrong, Cancel and one main button."""

    def __init__(self, shell: Shell, title: str, verb: str) -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH)
        self.form = field_form()
        self.banner = Banner(Tone.DANGER)
        self.banner.hide()
        column = dialog_column(self, title)
        column.addLayout(self.form)
        column.addWidget(self.banner)
        self.go = button(verb, "", Variant.PRIMARY, self.submit)
        column.addLayout(foot(button(translate("FormDialog", "Cancel"), "", Variant.GHOST, self.reject), self.go))

    @abstractmethod
    def submit(self) -> None:
        """The person is done: do it, or say what is wrong."""

    def warn(self, words: str) -> None:
        self.banner.show_message(Tone.WARNING, words)
        self.banner.show()
        self.adjustSize()

    async def attempt(self, work: Coroutine[Any, Any, Any], told: str) -> None:
        """Do it; close on success, show what went wrong otherwise."""
        self.go.setEnabled(False)
        try:
            await work
        except WherryError as error:
            if not isValid(self):
                raise  # closed while we asked: the window shows it
            words = words_of(error)
            self.go.setEnabled(True)
            self.banner.show_message(Tone.DANGER, words.title, words.text, words.details)
            self.banner.show()
            self.adjustSize()
            return
        if isValid(self):
            self.accept()
        self._shell.toast(told, Tone.SUCCESS)
