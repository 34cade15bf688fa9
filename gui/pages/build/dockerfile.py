"""The Dockerfile of a build: to read with what is wrong at its line, and, after a failure, to mend and build again."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from gui.pages.files.editor import FileEditor
from gui.presentation.files.text import NotInThisEncoding
from gui.shell import Confirmation
from gui.theme import Space, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.layouts import flush_column
from gui.widgets.texts.source_view import SourceView
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.builds import Build, BuildImage
    from gui.shell import Shell

_MOST = 1 << 20


class DockerfileView(QWidget):
    """`show_build`; after `edit` the text can be changed, and `request` gives the build to be asked for then."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._build: Build | None = None
        self.source = SourceView(translate("BuildDetails", "Dockerfile"))
        self.editor = FileEditor(translate("BuildDetails", "Dockerfile"))
        self.editor.save_wanted.connect(lambda: shell.run(self.save()))
        self.edit_button = button(translate("BuildDetails", "Mend it"), "edit", Variant.DEFAULT, self.edit)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.source)
        self._stack.addWidget(self.editor)
        row = QHBoxLayout()
        row.setContentsMargins(Space.XL, 0, Space.L, Space.XS)
        row.addWidget(self.edit_button)
        row.addStretch(1)
        column = flush_column(self)
        column.addLayout(row)
        column.addWidget(self._stack, 1)

    @property
    def editing(self) -> bool:
        return self._stack.currentWidget() is self.editor

    def show_build(self, build: Build) -> None:
        if self._build is None or build.id != self._build.id:
            self._stack.setCurrentWidget(self.source)
            self.editor.clear()
        self._build = build
        self.source.set_text(build.dockerfile_text)
        if build.failure is not None and build.error_line:
            hint = f"\n{build.failure.hint}" if build.failure.hint else ""
            self.source.mark(build.error_line, f"{build.failure.title}{hint}")
        failed = build.failure is not None and build.request is not None
        self.edit_button.setVisible(failed and not self.editing)

    def edit(self) -> None:
        """Turn the text into a field, the cursor at the line that is wrong."""
        if self._build is None or self._build.request is None:
            return
        path = file_of(self._build.request)
        data = self._build.dockerfile_text.encode()
        if path is not None:
            try:
                data = path.read_bytes()[: _MOST + 1]
            except OSError as error:
                self._shell.toast(
                    translate("BuildDetails", "{0} cannot be read: {1}").format(path, error.strerror), Tone.DANGER
                )
                return
        if len(data) > _MOST or not self.editor.show_bytes(str(path or self._build.dockerfile), data):
            self._shell.toast(translate("BuildDetails", "This is no text that can be edited"), Tone.DANGER)
            return
        self._stack.setCurrentWidget(self.editor)
        self.edit_button.hide()
        block = self.editor.text.document().findBlockByNumber(max(0, self._build.error_line - 1))
        cursor = self.editor.text.textCursor()
        cursor.setPosition(block.position())
        self.editor.text.setTextCursor(cursor)
        self.editor.text.centerCursor()
        self.editor.text.setFocus()

    async def save(self) -> bool:
        """Write the file; where somebody else wrote into it, only after a question. False if it was not written."""
        if self._build is None or self._build.request is None or not self.editor.dirty:
            return True
        try:
            data = self.editor.data()
        except NotInThisEncoding as error:
            words = translate("BuildDetails", "“{0}” cannot be written in {1}, in which this file is.")
            self._shell.toast(words.format(error.sign, error.encoding), Tone.DANGER)
            return False
        path = file_of(self._build.request)
        if path is not None:
            now = await asyncio.to_thread(path.read_bytes)
            if now not in (self.editor.original, data) and not await self._may_overwrite(path):
                return False
            await asyncio.to_thread(replace_file, path, data)
            self._shell.toast(translate("BuildDetails", "Saved {0}").format(path), Tone.SUCCESS)
        self.editor.saved(data)
        return True

    def request(self) -> BuildImage | None:
        """What to build: the same again, with the text as it is now where the build was given a text and no file."""
        request = self._build.request if self._build is not None else None
        if request is None or not self.editing or file_of(request) is not None:
            return request
        return msgspec.structs.replace(request, dockerfile_text=self.editor.data().decode())

    async def _may_overwrite(self, path: Path) -> bool:
        question = Confirmation(
            title=translate("BuildDetails", "{0} was changed meanwhile").format(path),
            text=translate("BuildDetails", "Somebody else wrote into it since it was opened. That would go."),
            accept=translate("BuildDetails", "Write mine over them"),
        )
        return await self._shell.confirm(question) is not None


def file_of(request: BuildImage) -> Path | None:
    """The Dockerfile on this computer; None where the build was given its text, or it lies somewhere else."""
    if request.dockerfile_text is not None:
        return None
    path = Path(request.context, request.dockerfile)  # an absolute path stands for itself
    return path if path.is_file() else None


def replace_file(path: Path, data: bytes) -> None:
    """Write it whole or not at all; who follows a link writes what it leads to. Mode and attributes stay."""
    path = path.resolve()
    before = path.stat()
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        for attribute in os.listxattr(path):
            if attribute.startswith("user."):
                os.setxattr(fresh, attribute, os.getxattr(path, attribute))
        os.chmod(fresh, before.st_mode & 0o7777)
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise
