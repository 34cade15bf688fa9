"""The files of an image: the tree's source, and the preview of one file with its versions across layers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.errors import WherryError
from engine.types.images import FileKind
from gui.pages.image.rows import tree_row
from gui.presentation.images.words import entry_words, shown_path, version_words
from gui.theme import Role, Space, Text, Tone
from gui.widgets.buttons import tool_button
from gui.widgets.elided_combo import ElidedCombo
from gui.widgets.labels import ElidedLabel, label
from gui.widgets.layouts import flush_column
from gui.widgets.segmented import Segmented
from gui.widgets.texts.diff_view import DiffView
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.types.images import TreeNode
    from gui.shell import Shell
    from gui.widgets.lists.file_tree import FileRow

PREVIEW = 256 * 1024
EXTRACT = 1 << 30


class ImageFiles:
    """A `FileSource` over one image, up to a layer or of a layer alone."""

    def __init__(self, shell: Shell, image_id: str, layer: int, *, merged: bool) -> None:
        self._shell, self._image, self._layer, self._merged = shell, image_id, layer, merged

    def fetch(self, path: str, done: Callable[[Sequence[FileRow] | None], None]) -> None:
        self._shell.run(self._fetch(path, done))

    async def _fetch(self, path: str, done: Callable[[Sequence[FileRow] | None], None]) -> None:
        image, layer, merged = self._image, self._layer, self._merged
        try:
            nodes = await self._shell.client.call(
                lambda engine: engine.images.tree(image, path, layer=layer, merged=merged)
            )
        except WherryError:
            done(None)
            raise
        done([tree_row(node) for node in nodes])


class FilePreview(QWidget):
    """What is in a file, which steps put it there, and how it differs between two of them."""

    closed = Signal()
    layer_chosen = Signal(int, object)
    """Another version was chosen: its layer, and the path."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._image, self._path, self._layer = "", "", -1
        self._versions: list[TreeNode] = []
        self._steps: Mapping[int, str] = {}
        self._title = ElidedLabel("", Text.STRONG)
        self._about = ElidedLabel("", Text.SMALL, Role.TEXT_MUTED)
        self._mode = Segmented(
            (
                ("contents", translate("FilePreview", "Contents")),
                ("difference", translate("FilePreview", "Difference")),
            ),
            translate("FilePreview", "Show"),
        )
        self._mode.changed.connect(lambda _key: self._load())
        self._save = tool_button("save", translate("FilePreview", "Save this file…"), self._extract)
        self.text = DiffView(translate("FilePreview", "Contents of the file"))
        top = QHBoxLayout()
        top.setContentsMargins(Space.M, Space.S, Space.S, Space.S)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._about)
        top.addLayout(words, 1)
        top.addWidget(self._mode)
        top.addWidget(self._save)
        top.addWidget(tool_button("x", translate("FilePreview", "Close the preview"), self._close))
        column = flush_column(self)
        column.addLayout(top)
        column.addLayout(self._version_row())
        column.addWidget(self.text, 1)

    def _version_row(self) -> QHBoxLayout:
        self.versions = ElidedCombo(translate("FilePreview", "The step that put this version here"))
        self.versions.setMinimumContentsLength(12)
        self.versions.activated.connect(self._on_version)
        row = QHBoxLayout()
        row.setContentsMargins(Space.M, 0, Space.M, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(label(translate("FilePreview", "Put here by"), Text.SMALL, Tone.MUTED))
        row.addWidget(self.versions, 1)
        return row

    def set_steps(self, steps: Mapping[int, str]) -> None:
        """What made each layer, by its number."""
        self._steps = steps
        self._show_versions()

    def show_file(self, image: str, path: str, layer: int) -> None:
        if (image, path, layer) == (self._image, self._path, self._layer) and not self.isHidden():
            return
        self._image, self._path, self._layer = image, path, layer
        self._versions = []
        self._title.set_text(shown_path(path))
        self._about.set_text("")
        self._show_versions()
        self._mode.set_current("contents")
        self._mode.hide()
        self._shell.run(self._load_versions(image, path))
        self._load()
        self.show()

    def _close(self) -> None:
        self.hide()
        self.closed.emit()

    async def _load_versions(self, image: str, path: str) -> None:
        versions = await self._shell.client.call(lambda engine: engine.images.file_history(image, path))
        if (image, path) != (self._image, self._path):
            return
        self._versions = list(versions)
        self._show_versions()
        texts = [v for v in versions if v.entry.kind is FileKind.FILE]
        self._mode.setVisible(len(texts) > 1)

    def _show_versions(self) -> None:
        """The newest on top; the one that is seen up to the chosen layer is current."""
        self.versions.clear()
        self.versions.setEnabled(bool(self._versions))
        seen = [v for v in self._versions if self._layer < 0 or v.layer <= self._layer]
        for version in reversed(self._versions):
            self.versions.addItem(version_words(version, self._steps.get(version.layer, "")), version.layer)
        if seen:
            self.versions.setCurrentIndex(self.versions.findData(seen[-1].layer))
            self._about.set_text(entry_words(seen[-1].entry))
            if seen[-1].entry.kind is FileKind.DIRECTORY:
                self.text.set_message(translate("FilePreview", "This is a folder."))

    def _on_version(self, row: int) -> None:
        self.layer_chosen.emit(self.versions.itemData(row), self._path)

    def _load(self) -> None:
        if self._mode.current() == "difference":
            self._shell.run(self._load_difference(self._image, self._path))
        else:
            self._shell.run(self._load_contents(self._image, self._path, self._layer))

    async def _load_contents(self, image: str, path: str, layer: int) -> None:
        try:
            data = await self._shell.client.call(
                lambda engine: engine.images.read_file(image, path, layer=layer, limit=PREVIEW)
            )
        except WherryError as error:
            self.text.set_message(str(error))
            self._show_versions()
            return
        if (image, path) == (self._image, self._path):
            self.text.set_contents(data, cut=len(data) >= PREVIEW)

    async def _load_difference(self, image: str, path: str) -> None:
        layers = [v.layer for v in self._versions if v.entry.kind is FileKind.FILE]
        if len(layers) < 2:
            return
        new = next((layer for layer in reversed(layers) if self._layer in (-1, layer)), layers[-1])
        older = [layer for layer in layers if layer < new]
        old, new = (older[-1], new) if older else (layers[0], layers[1])
        try:
            text = await self._shell.client.call(lambda engine: engine.images.diff_file(image, path, old, new))
        except WherryError as error:
            self.text.set_message(str(error))
            return
        if (image, path) == (self._image, self._path):
            self.text.set_diff(text)

    def _extract(self) -> None:
        self._shell.run(self._save_file(self._image, self._path, self._layer))

    async def _save_file(self, image: str, path: str, layer: int) -> None:
        name = shown_path(path).rsplit("/", 1)[-1]
        target = await self._shell.choose_save_file(translate("FilePreview", "Save the file"), name)
        if not target:
            return
        data = await self._shell.client.call(
            lambda engine: engine.images.read_file(image, path, layer=layer, limit=EXTRACT)
        )
        await self._shell.client.call(lambda _engine: _write(target, data))
        self._shell.toast(translate("FilePreview", "Saved to {0}").format(target), Tone.SUCCESS)


async def _write(target: str, data: bytes) -> None:
    """On the engine's thread, so that a slow disk does not hold the window."""
    await asyncio.to_thread(Path(target).write_bytes, data)
