"""The variables a project's files ask for: what each is, where that stands, and a new value into the .env file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.compose.text.env_text import with_variable
from gui.models.projects import variables_model
from gui.pages.build.dockerfile import replace_file
from gui.shell import TextQuestion
from gui.theme import Tone
from gui.widgets.empty_state import EmptyState
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.projects import ProjectVariable
    from gui.shell import Shell

_PRIVATE = 0o600


class VariablesView(QWidget):
    """`set_values`; `changed` after a value was written, with the file's path."""

    changed = Signal(str)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._file = ""
        self.model = variables_model(self)
        self.table = Table(translate("ProjectVariables", "Variables"), row_height=48, multi=False)
        self.table.set_inset()
        self.table.setModel(self.model)
        self.table.setSortingEnabled(False)
        self.table.set_columns({0: TextCell(), 1: TextCell(code=True)}, {1: 130}, stretch=0)
        nothing = translate("ProjectVariables", "The files ask for no variables")
        hint = translate("ProjectVariables", "Where one says ${NAME}, its value can be set here.")
        self.table.set_empty_state(EmptyState("braces", nothing, hint))
        self.table.activated_key.connect(lambda key: shell.run(self._change(key)))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def set_values(self, values: Sequence[ProjectVariable], env_files: Sequence[str]) -> None:
        self._file = env_files[-1]
        self.model.set_items((one.name, one) for one in values)

    async def _change(self, name: str) -> None:
        """Of the environment this program runs in, the value wins over the file: that is said."""
        variable = self.model.item(name)
        if variable is None or not self._file:
            return
        value = await self._shell.ask_text(
            TextQuestion(
                title=translate("ProjectVariables", "The value of {0}").format(name),
                label=translate("ProjectVariables", "Value"),
                accept=translate("ProjectVariables", "Write it into .env"),
                text=variable.value,
            )
        )
        if value is None:
            return
        path = Path(variable.file or self._file)
        try:
            await asyncio.to_thread(_write, path, name, value)
        except (OSError, UnicodeDecodeError) as error:
            told = translate("ProjectVariables", "{0} could not be written: {1}").format(path, error)
            self._shell.toast(told, Tone.DANGER)
            return
        if variable.origin == "environment":
            told = translate("ProjectVariables", "{0} is set in Wherry's own environment too, which counts.")
            self._shell.toast(told.format(name), Tone.WARNING)
        self.changed.emit(str(path))


def _write(path: Path, name: str, value: str) -> None:
    path.touch(mode=_PRIVATE)
    replace_file(path, with_variable(path.read_text(encoding="utf-8"), name, value).encode())
