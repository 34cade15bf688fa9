"""Containers, or a project's, written in a form that is used elsewhere: shown, copied, saved."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout

from gui.presentation.containers.exports import exported, forms, what_for
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import label
from gui.widgets.segmented import Segmented
from gui.widgets.texts.source_view import SourceView
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.recipe.exports.forms import Form
    from engine.types.containers import Container
    from gui.shell import Shell


class ExportDialog(QDialog):
    """`title` names what is exported."""

    def __init__(self, shell: Shell, containers: Sequence[Container], title: str, form: str = "compose") -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self._containers = tuple(containers)
        self.files: dict[str, str] = {}
        self.setObjectName("dialog.export-as")
        self.setMinimumSize(760, 560)
        words = translate("ExportDialog", "Export {0}").format(title)
        self.setWindowTitle(words)
        self.form = Segmented(forms(), translate("ExportDialog", "Form"))
        self.form.set_current(form)
        self.form.changed.connect(lambda _key: self._show())
        self.which = Segmented((), translate("ExportDialog", "File"))
        self.which.changed.connect(lambda _key: self._show_file())
        self._hint = label("", tone=Tone.MUTED, wrap=True)
        self.text = SourceView(translate("ExportDialog", "Text"))
        self.text.setReadOnly(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(label(words, Text.TITLE))
        column.addWidget(self.form)
        column.addWidget(self._hint)
        self._files_row = QHBoxLayout()
        self._files_row.addWidget(self.which)
        self._files_row.addStretch(1)
        column.addLayout(self._files_row)
        column.addWidget(self.text, 1)
        column.addLayout(self._make_buttons())
        self._show()

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(translate("ExportDialog", "Close"), "", Variant.GHOST, self.reject))
        row.addWidget(button(translate("ExportDialog", "Copy"), "copy", on_click=self.copy))
        self.save_button = button(
            translate("ExportDialog", "Save…"), "download", Variant.PRIMARY, lambda: self._shell.run(self._save())
        )
        row.addWidget(self.save_button)
        return row

    def _show(self) -> None:
        form = cast("Form", self.form.current())
        self.files = exported(self._containers, self._shell.client.mirror.pods.values(), form)
        self._hint.setText(what_for(form))
        old = self.which
        self.which = Segmented([(name, name) for name in self.files], translate("ExportDialog", "File"))
        self.which.changed.connect(lambda _key: self._show_file())
        self.which.setVisible(len(self.files) > 1)
        self._files_row.replaceWidget(old, self.which)
        old.deleteLater()
        self._show_file()

    def _show_file(self) -> None:
        self.text.set_text(self.files.get(self.which.current(), ""))

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self._shell.toast(translate("ExportDialog", "Copied"))

    async def _save(self) -> None:
        """One file under a name, several into a folder."""
        if len(self.files) == 1:
            (name,) = self.files
            path = await self._shell.choose_save_file(translate("ExportDialog", "Save"), name)
            paths = {path: self.files[name]} if path else {}
        else:
            folder = await self._shell.choose_folder(translate("ExportDialog", "Save the files in"))
            paths = {os.path.join(folder, name): text for name, text in self.files.items()} if folder else {}
        try:
            _write(paths)
        except OSError as error:
            self._shell.show_error(error)
            return
        if paths:
            self._shell.toast(translate("ExportDialog", "Saved %n files", None, len(paths)), Tone.SUCCESS)
            self.accept()


def _write(texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
