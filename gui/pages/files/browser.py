"""A browser of files in a container or volume: a tree, a preview, and what one does with files.

Used by the containers' Files tab and by the volumes page.
"""

from __future__ import annotations

import asyncio
import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from engine.errors import WherryError
from engine.types.images import FileKind
from gui.bridge.download import file_chunks, save_stream
from gui.pages.file_places import files_of, whereabouts
from gui.pages.files.drafts import Draft
from gui.pages.files.editor import FileEditor, Leaving, ask_leaving
from gui.pages.files.preview import picture_of
from gui.pages.image.rows import KIND_ICONS
from gui.presentation.files.text import NotInThisEncoding
from gui.presentation.images.words import mode_text, shown_path
from gui.presentation.units import bytes_text
from gui.shell import Confirmation, TextQuestion
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column
from gui.widgets.lists.file_tree import Change, FileRow, FileTree
from gui.widgets.texts.diff_view import hex_dump
from gui.words import named_or_counted, translate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from engine.types.files import DirectoryEntry
    from gui.pages.file_places import AnyPlace
    from gui.shell import Shell

PREVIEW_BYTES = 256 * 1024
EDIT_BYTES = 1024 * 1024


class PlaceSource:
    """Feeds a file tree from one place, a folder at a time."""

    def __init__(self, shell: Shell, place: AnyPlace) -> None:
        self._shell, self._place = shell, place

    def fetch(self, path: str, done: Callable[[Sequence[FileRow] | None], None]) -> None:
        self._shell.run(self._load(path, done))

    async def _load(self, path: str, done: Callable[[Sequence[FileRow] | None], None]) -> None:
        try:
            entries = await self._shell.client.call(
                lambda engine: files_of(engine, self._place).list(self._place, path)
            )
        except WherryError:
            done(None)
            return
        rows = [_row(path, entry) for entry in entries]
        done(sorted(rows, key=lambda row: (not row.folder, row.name.casefold())))


def _row(folder: str, entry: DirectoryEntry) -> FileRow:
    is_folder = entry.kind is FileKind.DIRECTORY
    return FileRow(
        name=shown_path(entry.name),
        path=f"{folder.rstrip('/')}/{entry.name}",
        folder=is_folder,
        size=0 if is_folder else entry.size,
        size_words="" if is_folder else bytes_text(entry.size),
        change=Change(entry.changed),
        icon_name=KIND_ICONS.get(entry.kind, "file"),
        link=shown_path(entry.link),
        details=(mode_text(entry.mode), f"{entry.uid}:{entry.gid}"),
    )


class FileBrowser(QWidget):
    """Tree at the left, preview at the right. Files dropped on it are uploaded."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._place: AnyPlace | None = None
        self._name = ""
        self._asking = False
        self.setAcceptDrops(True)
        self.tree = FileTree(
            translate("FileBrowser", "Files"), (translate("FileBrowser", "Mode"), translate("FileBrowser", "Owner"))
        )
        self.tree.picked.connect(self._on_picked)
        self.tree.opened.connect(self._on_picked)
        self.tree.menu_wanted.connect(self._show_menu)
        split = QSplitter()
        split.addWidget(self.tree)
        split.addWidget(self._make_preview())
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        column = flush_column(self)
        column.addLayout(self._make_tools())
        column.addWidget(split, 1)
        QShortcut(QKeySequence("F5"), self, self.reload, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def show_place(self, place: AnyPlace, name: str) -> None:
        """Show the files of a container or volume from its root."""
        if place == self._place:
            self.reload()
            return
        self._keep_draft()
        self._place, self._name = place, name
        self._preview_nothing()
        self.tree.set_source(PlaceSource(self._shell, place))

    def reload(self) -> None:
        """Every folder that is open, and the file that is shown; what was opened and where it stands stays."""
        if self._place is not None:
            self.tree.files.reload_all()
            row = self.tree.current_row()
            if row is not None and row.path == self.editor.path and not self.editor.dirty:
                self._shell.run(self._show(self._place, row))

    def clear(self) -> None:
        self._keep_draft()
        self._place = None
        self.tree.set_source(None)
        self._preview_nothing()

    # --- building ---

    def _make_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.S)
        upload = lambda: self._shell.run(self._choose_upload())  # noqa: E731
        row.addWidget(button(translate("FileBrowser", "Upload…"), "upload", on_click=upload))
        folder = lambda: self._shell.run(self._make_folder())  # noqa: E731
        row.addWidget(button(translate("FileBrowser", "New folder…"), "folder", Variant.GHOST, folder))
        row.addStretch(1)
        row.addWidget(label(translate("FileBrowser", "Drop files here to upload them"), Text.SMALL, Tone.MUTED))
        row.addWidget(tool_button("restart", translate("FileBrowser", "Read again (F5)"), self.reload))
        return row

    def _make_preview(self) -> QWidget:
        self.editor = FileEditor(translate("FileBrowser", "Contents"))
        self.editor.save_wanted.connect(lambda: self._shell.run(self._save()))
        down = lambda: self._shell.run(self._download([self.editor.path]))  # noqa: E731
        self._down = tool_button("download", translate("FileBrowser", "Download"), down)
        self._down.hide()
        self.editor.head.addWidget(self._down)
        self._stack = QStackedWidget()
        self._nothing = EmptyState("file", translate("FileBrowser", "Pick a file to look into it"))
        self._picture = label()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for widget in (self._nothing, self.editor, self._picture):
            self._stack.addWidget(widget)
        return self._stack

    # --- preview ---

    def _preview_nothing(self, words: str = "") -> None:
        self.editor.clear()
        self._down.hide()
        self._nothing.set("file", words or translate("FileBrowser", "Pick a file to look into it"))
        self._stack.setCurrentWidget(self._nothing)

    def _on_picked(self, path: str) -> None:
        row = self.tree.current_row()
        if row is None or row.folder or self._place is None or path == self.editor.path or self._asking:
            return
        self._shell.run(self._leave_for(self._place, row))

    async def _leave_for(self, place: AnyPlace, row: FileRow) -> None:
        """Show another file, once it is settled what becomes of changes in this one."""
        if self.editor.dirty and not await self._may_leave():
            self.tree.reveal(self.editor.path)
            return
        await self._show(place, row)

    async def _may_leave(self) -> bool:
        self._asking = True
        try:
            answer = await ask_leaving(self._shell, self.editor.path)
        finally:
            self._asking = False
        if answer is Leaving.SAVE:
            return await self._save()
        return answer is Leaving.DISCARD

    async def _show(self, place: AnyPlace, row: FileRow) -> None:
        try:
            data = await self._shell.client.call(
                lambda engine: files_of(engine, place).read(place, row.path, limit=EDIT_BYTES + 1)
            )
        except WherryError as error:
            self._preview_nothing(error.title)
            return
        if place != self._place or (self.editor.dirty and self.editor.path == row.path):
            return
        self._down.show()
        picture = picture_of(row.name, data)
        if picture is not None:
            self.editor.show_other(row.path, "")
            room = self._stack.size() * 0.9
            fits = picture.width() <= room.width() and picture.height() <= room.height()
            kept = Qt.AspectRatioMode.KeepAspectRatio
            smooth = Qt.TransformationMode.SmoothTransformation
            self._picture.setPixmap(picture if fits else picture.scaled(room, kept, smooth))
            self._stack.setCurrentWidget(self._picture)
            return
        self._show_text(place, row, data)

    def _show_text(self, place: AnyPlace, row: FileRow, data: bytes) -> None:
        """Whole small texts can be edited; the rest is shown as far as it goes, other bytes as hex."""
        facts = bytes_text(row.size)
        if data == self.editor.original and row.path == self.editor.path and self.editor.editable:
            return  # as it is shown already: place and undo stay
        whole = len(data) <= EDIT_BYTES
        if not self.editor.show_bytes(row.path, data if whole else data[:EDIT_BYTES], facts, whole=whole):
            self.editor.show_other(row.path, hex_dump(data[: PREVIEW_BYTES // 16]), facts)
        draft = self._shell.drafts.take(place, row.path)
        if draft is not None and self.editor.editable:
            self.editor.put(draft.shown)
            self.editor.original = draft.original
        self._stack.setCurrentWidget(self.editor)

    def _keep_draft(self) -> None:
        """Who goes elsewhere finds what was typed again."""
        place, path = self._place, self.editor.path
        if place is None or not self.editor.dirty:
            return
        self._shell.drafts.keep(place, path, Draft(self.editor.shown_text(), self.editor.original))
        page_id, key, detail = whereabouts(place, path)
        self._shell.toast(
            translate("FileBrowser", "Not saved, but kept: {0}").format(path),
            Tone.WARNING,
            button=translate("FileBrowser", "Go back"),
            on_button=lambda: self._shell.navigate(page_id, key, detail),
        )

    async def _save(self) -> bool:
        """Write it; where the file is no longer what was opened, only after a question. False if it was not saved."""
        place, path = self._place, self.editor.path
        if place is None or not self.editor.dirty:
            return True
        try:
            data = self.editor.data()
        except NotInThisEncoding as error:
            words = translate("FileBrowser", "“{0}” cannot be written in {1}, in which this file is.")
            self._shell.toast(words.format(error.sign, error.encoding), Tone.DANGER)
            return False
        call = self._shell.client.call
        now = await call(lambda engine: files_of(engine, place).read(place, path, limit=EDIT_BYTES + 1))
        if now not in (self.editor.original, data):
            question = Confirmation(
                title=translate("FileBrowser", "{0} was changed meanwhile").format(path),
                text=translate(
                    "FileBrowser", "Somebody else wrote into it since it was opened. Their changes would go."
                ),
                accept=translate("FileBrowser", "Write mine over them"),
            )
            if await self._shell.confirm(question) is None:
                return False
        await call(lambda engine: files_of(engine, place).write(place, path, data))
        if path == self.editor.path and place == self._place:
            self.editor.saved(data)
        self._shell.toast(translate("FileBrowser", "Saved {0}").format(path), Tone.SUCCESS)
        for folder in _folders_above(path):  # each of them counts as changed now
            self.tree.files.reload(folder)
        return True

    # --- what one does with files ---

    def _folder(self) -> str:
        """Where new things go: the folder that is current, or that of the current file."""
        row = self.tree.current_row()
        if row is None:
            return "/"
        return row.path if row.folder else _parent(row.path)

    def _show_menu(self, paths: list[str], place: QPoint) -> None:
        menu = QMenu(self)
        run = self._shell.run
        if paths:
            menu.addAction(translate("FileBrowser", "Download…"), lambda: run(self._download(paths)))
            menu.addAction(translate("FileBrowser", "Copy path"), lambda: _copy("\n".join(paths)))
            menu.addSeparator()
        if len(paths) == 1:
            menu.addAction(translate("FileBrowser", "Rename…"), lambda: run(self._rename(paths[0])))
        menu.addAction(translate("FileBrowser", "New folder…"), lambda: run(self._make_folder()))
        menu.addAction(translate("FileBrowser", "Upload…"), lambda: run(self._choose_upload()))
        if paths:
            menu.addSeparator()
            menu.addAction(translate("FileBrowser", "Delete…"), lambda: run(self._remove(paths)))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    async def _download(self, paths: Sequence[str]) -> None:
        place = self._place
        if place is None:
            return
        for path in paths:
            name = path.rpartition("/")[2] or self._name
            target = await self._shell.choose_save_file(
                translate("FileBrowser", "Download {0}").format(path), f"{name}.tar"
            )
            if target:
                size = await self._save_one(place, path, target)
                words = translate("FileBrowser", "Downloaded {0}, {1}").format(name, bytes_text(size))
                self._shell.toast(words, Tone.SUCCESS)

    async def _choose_upload(self) -> None:
        path = await self._shell.choose_open_file(translate("FileBrowser", "Upload into {0}").format(self._folder()))
        if path:
            await self._upload([Path(path)], self._folder())

    async def _upload(self, sources: Sequence[Path], folder: str) -> None:
        place = self._place
        if place is None:
            return
        for source in sources:
            await self._upload_one(place, folder, source)
        names = ", ".join(source.name for source in sources)
        self._shell.toast(translate("FileBrowser", "Uploaded {0}").format(names), Tone.SUCCESS)
        self.tree.files.reload(folder)

    async def _make_folder(self) -> None:
        place, folder = self._place, self._folder()
        if place is None:
            return
        name = await self._shell.ask_text(
            TextQuestion(
                title=translate("FileBrowser", "New folder in {0}").format(folder),
                label=translate("FileBrowser", "Name"),
                accept=translate("FileBrowser", "Create"),
                check=_name_problem,
            )
        )
        if name:
            path = f"{folder.rstrip('/')}/{name}"
            await self._shell.client.call(lambda engine: files_of(engine, place).make_directory(place, path))
            self.tree.files.reload(folder)

    async def _rename(self, path: str) -> None:
        place = self._place
        if place is None:
            return
        old = path.rpartition("/")[2]
        name = await self._shell.ask_text(
            TextQuestion(
                title=translate("FileBrowser", "Rename {0}").format(old),
                label=translate("FileBrowser", "New name"),
                accept=translate("FileBrowser", "Rename"),
                text=old,
                check=_name_problem,
            )
        )
        if name and name != old:
            target = f"{_parent(path).rstrip('/')}/{name}"
            await self._shell.client.call(lambda engine: files_of(engine, place).rename(place, path, target))
            self.tree.files.reload(_parent(path))

    async def _remove(self, paths: Sequence[str]) -> None:
        place = self._place
        if place is None:
            return
        question = Confirmation(
            title=named_or_counted(
                paths,
                translate("FileBrowser", "Delete {0}?"),
                translate("FileBrowser", "Delete %n files?", None, len(paths)),
            ),
            text=translate("FileBrowser", "Folders go with all that is in them. This cannot be undone."),
            accept=translate("FileBrowser", "Delete"),
            details=tuple(paths[:8]) if len(paths) > 1 else (),
        )
        if await self._shell.confirm(question) is None:
            return
        for path in paths:
            await self._remove_one(place, path)
        self._preview_nothing()
        for folder in {_parent(path) for path in paths}:
            self.tree.files.reload(folder)

    async def _save_one(self, place: AnyPlace, path: str, target: str) -> int:
        return await save_stream(
            self._shell.client, lambda engine: files_of(engine, place).download(place, path), target
        )

    async def _upload_one(self, place: AnyPlace, folder: str, source: Path) -> None:
        await self._shell.client.call(lambda engine: files_of(engine, place).upload(place, folder, _tar_of(source)))

    async def _remove_one(self, place: AnyPlace, path: str) -> None:
        await self._shell.client.call(lambda engine: files_of(engine, place).remove(place, path))

    # --- Qt ---

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and self._place is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        sources = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if sources:
            self._shell.run(self._upload(sources, self._folder()))


async def _tar_of(source: Path) -> AsyncIterator[bytes]:
    """A file or folder of the user as a tar stream; a plain file is never whole in memory."""
    member = await asyncio.to_thread(_tar_header, source)
    if member is None:
        yield await asyncio.to_thread(_folder_tar, source)
        return
    yield member.tobuf(tarfile.PAX_FORMAT)
    async for chunk in file_chunks(source):
        yield chunk
    yield b"\0" * (-member.size % 512) + b"\0" * 1024


def _tar_header(source: Path) -> tarfile.TarInfo | None:
    """The header of a plain file; None for a folder."""
    if source.is_dir():
        return None
    facts = source.stat()
    member = tarfile.TarInfo(source.name)
    member.size, member.mode, member.mtime = facts.st_size, facts.st_mode & 0o7777, int(facts.st_mtime)
    return member


def _folder_tar(source: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(source, source.name)
    return buffer.getvalue()


def _folders_above(path: str) -> list[str]:
    """ "/", "/etc" for "/etc/hosts"."""
    found = [_parent(path)]
    while found[-1] != "/":
        found.append(_parent(found[-1]))
    return found[::-1]


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _name_problem(name: str) -> str:
    return translate("FileBrowser", "A name, without “/”") if "/" in name or name in (".", "..") else ""


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
