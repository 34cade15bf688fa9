"""A file to look into and, where it is text, to edit: a mark while it is not saved, Ctrl+S, nothing lost unasked."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from gui.feedback.questions import answered
from gui.presentation.files.text import FileText
from gui.theme import Space, Text, Tone, mono
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import ElidedLabel, breakable, label
from gui.widgets.layouts import flush_column
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell


class Leaving(Enum):
    """What is to become of changes that are not saved."""

    SAVE = "save"
    DISCARD = "discard"
    STAY = "stay"


class FileEditor(QWidget):
    """`show_bytes`, then `save_wanted` asks its owner to write `data()` and to say `saved()`."""

    save_wanted = Signal()
    dirty_changed = Signal(bool)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.path = ""
        self.original = b""
        self._file: FileText | None = None
        self._facts = ""
        self._named_elsewhere = False
        self.text = QPlainTextEdit()
        self.text.setProperty("role", "plain")
        self.text.setFont(mono())
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(name)
        self.text.modificationChanged.connect(self._on_modified)
        self._path = ElidedLabel("", Text.SMALL)
        self._kind = label("", Text.CAPTION, Tone.MUTED)
        self.save_button = button(translate("FileEditor", "Save"), "save", Variant.PRIMARY, self.save_wanted.emit)
        self.save_button.hide()
        self.head = QHBoxLayout()
        self.head.setContentsMargins(Space.M, Space.XS, Space.S, Space.XS)
        self.head.setSpacing(Space.S)
        self.head.addWidget(self._path, 1)
        self.head.addWidget(self._kind)
        self.head.addWidget(self.save_button)
        column = flush_column(self)
        column.addLayout(self.head)
        column.addWidget(self.text, 1)
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence.StandardKey.Save, self, self._save, context=inside)

    @property
    def dirty(self) -> bool:
        return self._file is not None and self.text.document().isModified()

    @property
    def editable(self) -> bool:
        return self._file is not None

    def show_bytes(self, path: str, data: bytes, facts: str = "", *, whole: bool = True) -> bool:
        """Show a file; False where it is no text. Only a whole one can be edited."""
        file = FileText.of(data)
        if file is None:
            return False
        self.path, self.original, self._facts = path, data, facts
        self._file = file if whole else None
        self.text.setReadOnly(not whole)
        self.text.setPlainText(file.shown())
        self.text.document().setModified(False)
        kind = f"{file.encoding_name}  ·  {file.line_end_name}"
        self._kind.setText(kind if whole else translate("FileEditor", "the beginning, to read only"))
        self._describe()
        return True

    def show_other(self, path: str, words: str, facts: str = "") -> None:
        """What is no text, in some words; it cannot be edited."""
        self.path, self.original, self._facts, self._file = path, b"", facts, None
        self.text.setReadOnly(True)
        self.text.setPlainText(words)
        self.text.document().setModified(False)
        self._kind.setText(translate("FileEditor", "not text, to read only"))
        self._describe()

    def clear(self) -> None:
        self.path, self.original, self._facts, self._file = "", b"", "", None
        self.text.setPlainText("")
        self.text.document().setModified(False)
        self._kind.setText("")
        self._describe()

    def data(self) -> bytes:
        """The file as it would be written. Raises `NotInThisEncoding`."""
        if self._file is None:
            return self.original
        return self._file.edited(self.shown_text().split("\n"))

    def saved(self, data: bytes) -> None:
        """These bytes are in the file now."""
        file = FileText.of(data)
        if file is not None:
            self._file, self.original = file, data
        self.text.document().setModified(False)

    def shown_text(self) -> str:
        """As the editor has it, for a draft."""
        block, lines = self.text.document().begin(), []
        while block.isValid():
            lines.append(block.text())  # not the document's plain text, which has spaces for what is none
            block = block.next()
        return "\n".join(lines)

    def put(self, shown: str) -> None:
        """A draft of before, as if it were typed."""
        cursor = self.text.textCursor()
        cursor.select(cursor.SelectionType.Document)
        cursor.insertText(shown)

    def set_named_elsewhere(self, on: bool) -> None:  # noqa: FBT001
        """Whoever lets one choose among files shows the path already."""
        self._named_elsewhere = on
        self._describe()

    def _save(self) -> None:
        if self.dirty:
            self.save_wanted.emit()

    def _on_modified(self, _modified: bool) -> None:  # noqa: FBT001
        self.save_button.setVisible(self.dirty)
        self._describe()
        self.dirty_changed.emit(self.dirty)

    def _describe(self) -> None:
        shown = f"{self.path}  ·  {self._facts}" if self._facts else self.path
        if self._named_elsewhere:
            self._path.set_text(translate("FileEditor", "● not saved") if self.dirty else "")
        else:
            self._path.set_text(f"● {shown}" if self.dirty else shown)
        if self.dirty:
            self._path.setAccessibleName(translate("FileEditor", "{0}, not saved").format(shown))


class LeavingDialog(QDialog):
    """Save, throw away, or go on editing."""

    def __init__(self, shell: Shell, path: str) -> None:
        super().__init__(shell.dialog_parent)
        self.setObjectName("leaving")
        self.answer = Leaving.STAY
        self.setWindowTitle(translate("FileEditor", "Not saved"))
        self.setMinimumWidth(440)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        title = translate("FileEditor", "Save the changes in {0}?").format(path)
        column.addWidget(label(breakable(title), Text.TITLE, wrap=True))
        column.addWidget(label(translate("FileEditor", "What was typed is lost otherwise."), wrap=True))
        row = QHBoxLayout()
        row.addWidget(
            button(translate("FileEditor", "Throw away"), "", Variant.DANGER, lambda: self._choose(Leaving.DISCARD))
        )
        row.addStretch(1)
        row.addWidget(button(translate("FileEditor", "Go on editing"), "", Variant.DEFAULT, self.reject))
        save = button(translate("FileEditor", "Save"), "save", Variant.PRIMARY, lambda: self._choose(Leaving.SAVE))
        save.setDefault(True)
        row.addWidget(save)
        column.addLayout(row)

    def _choose(self, answer: Leaving) -> None:
        self.answer = answer
        self.accept()


async def ask_leaving(shell: Shell, path: str) -> Leaving:
    dialog = LeavingDialog(shell, path)
    await answered(dialog)
    return dialog.answer
