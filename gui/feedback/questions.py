"""Questions as coroutines: the dialog opens, the loop goes on, the answer is awaited. Nothing here blocks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from gui.theme import Size, Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import label
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.shell import Confirmation, TextQuestion

_WIDTH = 440
_MOST_NAMES = 8


async def answered(dialog: QDialog) -> bool:
    """Open a dialog over its parent and wait until it is closed; says whether it was accepted."""
    closed: asyncio.Future[int] = asyncio.get_event_loop().create_future()

    def settle(code: int) -> None:
        if not closed.done():
            closed.set_result(code)

    dialog.finished.connect(settle)
    dialog.open()
    try:
        return await closed == QDialog.DialogCode.Accepted.value
    finally:
        dialog.close()
        dialog.deleteLater()


class _Question(QDialog):
    """Title, words, room for fields, and two buttons."""

    def __init__(self, parent: QWidget, title: str, accept: str, *, danger: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setObjectName("question")
        self.setAccessibleName(title)
        self.setMinimumWidth(_WIDTH)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        self.column.setSpacing(Space.M)
        self.column.addWidget(label(title, Text.TITLE, wrap=True))
        self._row = QHBoxLayout()
        self._row.setSpacing(Space.S)
        self._row.addStretch(1)
        quiet = Variant.GHOST if danger else Variant.DEFAULT  # the focused "no" must not look like the answer
        self.reject_button = button(translate("Question", "Cancel"), "", quiet, self.reject)
        self.accept_button = button(accept, "", Variant.DANGER if danger else Variant.PRIMARY, self.accept)
        self.accept_button.setObjectName("accept")
        self._row.addWidget(self.reject_button)
        self._row.addWidget(self.accept_button)
        # A dangerous answer is never one blind Enter away.
        (self.reject_button if danger else self.accept_button).setDefault(True)
        if danger:
            self.reject_button.setFocus()

    def finish(self) -> None:
        self.column.addSpacing(Space.S)
        self.column.addLayout(self._row)


class ConfirmDialog(_Question):
    """What will be freed or lost, the names it concerns, and tick boxes."""

    def __init__(self, parent: QWidget, question: Confirmation) -> None:
        super().__init__(parent, question.title, question.accept, danger=question.danger)
        self.column.addWidget(label(question.text, wrap=True))
        if question.details:
            self.column.addWidget(label("\n".join(_listed(question.details)), Text.BODY, Tone.MUTED, wrap=True))
        self.boxes: dict[str, QCheckBox] = {}
        for key, words, ticked in question.options:
            box = QCheckBox(words)
            box.setChecked(ticked)
            box.setObjectName(key)
            self.boxes[key] = box
            self.column.addWidget(box)
        self.finish()

    def chosen(self) -> frozenset[str]:
        return frozenset(key for key, box in self.boxes.items() if box.isChecked())


def _listed(names: Sequence[str]) -> list[str]:
    """As many names as a question may show, and how many more there are."""
    lines = [f"•  {name}" for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        lines.append(translate("Question", "and %n more", None, len(names) - _MOST_NAMES))
    return lines


class TextDialog(_Question):
    """One line of text, checked while it is typed."""

    def __init__(self, parent: QWidget, question: TextQuestion) -> None:
        super().__init__(parent, question.title, question.accept, danger=False)
        self._check = question.check
        self.field = QLineEdit(question.text)
        self.field.setAccessibleName(question.label)
        self.field.selectAll()
        self._problem = label("", Text.SMALL, Tone.DANGER, wrap=True)
        self._problem.setMinimumHeight(Size.ICON)
        caption = label(question.label, Text.SMALL, Tone.MUTED)
        caption.setBuddy(self.field)
        self.column.addWidget(caption)
        self.column.addWidget(self.field)
        self.column.addWidget(self._problem)
        self.finish()
        self.field.textChanged.connect(self._validate)
        self._validate(question.text)
        self.field.setFocus()

    def _validate(self, text: str) -> None:
        problem = self._check(text.strip()) if self._check is not None else ""
        self._problem.setText(problem if text else "")
        self.accept_button.setEnabled(bool(text.strip()) and not problem)


async def confirm(parent: QWidget, question: Confirmation) -> frozenset[str] | None:
    """The ticked options, or None for "no"."""
    dialog = ConfirmDialog(parent, question)
    return dialog.chosen() if await answered(dialog) else None


async def ask_text(parent: QWidget, question: TextQuestion) -> str | None:
    dialog = TextDialog(parent, question)
    return dialog.field.text().strip() if await answered(dialog) else None


class _Visited:
    """Where a file was chosen last: who restores what was just backed up need not look for it."""

    folder = ""


async def choose_file(
    parent: QWidget, title: str, *, save_as: str = "", filters: str = "", folder: bool = False
) -> str:
    """A path, or "" if none was chosen."""
    dialog = QFileDialog(parent, title)
    dialog.setObjectName("file-question")
    dialog.setDirectory(_Visited.folder or str(Path.home()))
    if filters:  # before the name: a filter that is set exchanges the ending of the name that is there
        dialog.setNameFilters([*filters.split(";;"), translate("Question", "All files (*)")])
    if folder:
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, on=True)
    elif save_as:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.selectFile(save_as)
    else:
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setWindowModality(Qt.WindowModality.WindowModal)
    chosen: list[str] = []
    dialog.fileSelected.connect(chosen.append)
    accepted = await answered(dialog)
    if not accepted or not chosen:
        return ""
    _Visited.folder = chosen[0] if folder else str(Path(chosen[0]).parent)
    return chosen[0]
