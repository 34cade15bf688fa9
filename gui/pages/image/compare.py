"""Two images side by side: files, packages, settings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QWidget

from engine.errors import NotFound, WherryError
from engine.types.files import Place
from gui.models.filtered import FilteredModel
from gui.models.table import Column, KeyedTableModel
from gui.presentation.files.differences import text_difference
from gui.presentation.images.words import change_tone, change_words, image_name, shown_path
from gui.presentation.units import bytes_text
from gui.theme import Role, Size, Space, Text
from gui.widgets.buttons import tool_button
from gui.widgets.elided_combo import ElidedCombo
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import ElidedLabel
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import BadgeCell, CellPainter, TextCell
from gui.widgets.lists.table import Table
from gui.widgets.page_header import PageHeader
from gui.widgets.search_field import SearchField
from gui.widgets.segmented import Segmented
from gui.widgets.texts.diff_view import DiffView
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from engine.types.images import FileDifference, ImageComparison
    from gui.bridge import Engine
    from gui.shell import Shell

_CONTAINER = "container:"
"""Before the id of what is compared with its image."""
_MOST = 256 * 1024
"""Of a file that is compared line by line."""


class CompareView(QWidget):
    """Choose a left and a right image; the differences follow."""

    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._wanted = ("", "")
        header = PageHeader(translate("CompareView", "Compare"))
        header.add_leading(tool_button("arrow-left", translate("CompareView", "Back to the list"), self.left.emit))
        middle = Qt.TextElideMode.ElideMiddle
        self.first = ElidedCombo(translate("CompareView", "Left image"), middle)
        self.second = ElidedCombo(translate("CompareView", "Right image"), middle)
        for box in (self.first, self.second):
            box.setMinimumContentsLength(26)
            box.setMinimumWidth(110)
            box.activated.connect(lambda _index: self._chosen())
            header.add(box)
        self.swap = tool_button("compare", translate("CompareView", "Swap the two"), self._swap)
        header.add(self.swap)
        self.parts = Segmented(
            (
                ("files", translate("CompareView", "Files")),
                ("packages", translate("CompareView", "Packages")),
                ("config", translate("CompareView", "Settings")),
            ),
            translate("CompareView", "Part"),
        )
        self.search = SearchField(translate("CompareView", "Filter"), delay_ms=60)
        self.summary = ElidedLabel("", Text.BODY, Role.TEXT_SECONDARY, Qt.TextElideMode.ElideRight)
        self._build(header)

    def _build(self, header: PageHeader) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(Space.XL, Space.S, Space.L, Space.S)
        bar.setSpacing(Space.M)
        bar.addWidget(self.parts)
        bar.addWidget(self.summary, 1)
        bar.addWidget(self.search)
        self.files = _PairTable(translate("CompareView", "Files that differ"), _file_columns(), _file_text)
        three = _three_columns
        self.packages = _PairTable(
            translate("CompareView", "Packages that differ"), three(translate("CompareView", "Package")), " ".join
        )
        self.config = _PairTable(
            translate("CompareView", "Settings that differ"), three(translate("CompareView", "Setting")), " ".join
        )
        self._stack = QStackedWidget()
        for table in (self.files, self.packages, self.config):
            self._stack.addWidget(table)
            self.search.changed.connect(table.filtered.set_query)
        self.parts.changed.connect(self._show_part)
        self.difference = DiffView(translate("CompareView", "How the file differs"))
        self.difference.hide()
        self.files.keys_selected.connect(self._show_difference)
        column = flush_column(self)
        column.addWidget(header)
        column.addLayout(bar)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self._stack)
        split.addWidget(self.difference)
        split.setSizes([420, 260])
        column.addWidget(split, 1)

    def show_images(self, first: str, second: str = "") -> None:
        """Compare two; without a second, the next best other one."""
        images = sorted(self._shell.client.mirror.images.values(), key=image_name)
        for box in (self.first, self.second):
            box.clear()
            for image in images:
                box.addItem(image_name(image), image.id)
        container = self._shell.client.mirror.containers.get(second.removeprefix(_CONTAINER))
        if container is not None:
            self.second.addItem(container.name, second)
        for part in (self.first, self.second, self.swap):
            part.setEnabled(container is None)  # a container is compared with the image it was made from
        if not second:
            second = next((image.id for image in images if image.id != first), first)
        self.first.setCurrentIndex(max(0, self.first.findData(first)))
        self.second.setCurrentIndex(max(0, self.second.findData(second)))
        self._chosen()

    def _swap(self) -> None:
        first, second = self.first.currentIndex(), self.second.currentIndex()
        self.first.setCurrentIndex(second)
        self.second.setCurrentIndex(first)
        self._chosen()

    def _chosen(self) -> None:
        self._wanted = (str(self.first.currentData()), str(self.second.currentData()))
        self.summary.set_text(translate("CompareView", "Comparing…"))
        self._shell.run(self._load(*self._wanted))

    def _show_part(self, key: str) -> None:
        tables = {"files": self.files, "packages": self.packages, "config": self.config}
        self._stack.setCurrentWidget(tables[key])
        self.difference.setVisible(key == "files" and bool(self.files.selected_keys()))

    def _show_difference(self, keys: list[str]) -> None:
        row = self.files.rows.item(keys[0]) if keys else None
        self.difference.setVisible(row is not None)
        if row is not None:
            self.difference.set_message(translate("CompareView", "Comparing…"))
            self._shell.run(self._load_difference(*self._wanted, row))

    async def _load_difference(self, first: str, second: str, row: FileDifference) -> None:
        names = (
            f"{self.first.currentText()}:{shown_path(row.path)}",
            f"{self.second.currentText()}:{shown_path(row.path)}",
        )

        sizes = (row.old.size if row.old is not None else 0, row.new.size if row.new is not None else 0)

        async def both(engine: Engine) -> str:
            old = await _contents(engine, first, row.path) if row.old is not None else b""
            new = await _contents(engine, second, row.path) if row.new is not None else b""
            return await asyncio.to_thread(text_difference, old, new, names, sizes)

        try:
            text = await self._shell.client.call(both)
        except WherryError as error:
            self.difference.set_message(str(error))
            return
        current = self.files.selected_keys()
        if current and self.files.rows.item(current[0]) is row:
            if text:
                self.difference.set_diff(text)
            else:
                self.difference.set_message(translate("CompareView", "The same contents; mode, owner or time differ."))

    async def _load(self, first: str, second: str) -> None:
        def compared(engine: Engine) -> Awaitable[ImageComparison]:
            if second.startswith(_CONTAINER):
                return engine.images.compare_container(second.removeprefix(_CONTAINER))
            return engine.images.compare(first, second)

        result = await self._shell.client.call(compared)
        if self._wanted == (first, second):
            self._show(result)

    def _show(self, result: ImageComparison) -> None:
        self.files.set_rows(result.files)
        self.packages.set_rows(result.packages)
        self.config.set_rows(result.config)
        files = translate("CompareView", "%n files differ", None, len(result.files))
        growth = result.size_right - result.size_left
        sign = "+" if growth >= 0 else "−"
        sizes = translate("CompareView", "{0} → {1} ({2}{3})").format(
            bytes_text(result.size_left), bytes_text(result.size_right), sign, bytes_text(abs(growth))
        )
        self.summary.set_text(f"{files}  ·  {sizes}")


async def _contents(engine: Engine, image: str, path: str) -> bytes:
    try:
        if image.startswith(_CONTAINER):
            place = Place(kind="container", id=image.removeprefix(_CONTAINER))
            return await engine.files.read(place, path, limit=_MOST)
        return await engine.images.read_file(image, path, limit=_MOST)
    except NotFound:
        return b""


class _PairTable(Table):
    """A filtered table of differences."""

    def __init__(self, name: str, columns: list[Column[Any]], haystack: Any) -> None:
        super().__init__(name, row_height=Size.ROW_COMPACT, multi=False)
        self.rows: KeyedTableModel[Any] = KeyedTableModel(columns, haystack=haystack, parent=self)
        self.filtered = FilteredModel(self)
        self.filtered.setSourceModel(self.rows)
        self.setModel(self.filtered)
        painters: dict[int, CellPainter] = {
            0: TextCell(code=True, elide=Qt.TextElideMode.ElideMiddle),
            1: TextCell(tabular=True),
            2: TextCell(tabular=True),
        }
        widths = {1: 220, 2: 220}
        if len(columns) > 3:
            painters[3] = BadgeCell()
            widths = {1: 110, 2: 110, 3: 130}
        self.set_columns(painters, widths, stretch=0)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.set_empty_state(EmptyState("check-circle", translate("CompareView", "No difference")))

    def set_rows(self, rows: Any) -> None:
        self.rows.set_items((str(number), row) for number, row in enumerate(rows))


def _file_columns() -> list[Column[Any]]:
    def size(side: str) -> Any:
        def text(row: FileDifference) -> str:
            entry = getattr(row, side)
            return bytes_text(entry.size) if entry is not None else "–"

        return text

    return [
        Column("path", translate("CompareView", "Path"), _file_text, tooltip=_file_text),
        Column("left", translate("CompareView", "Left"), size("old"), right=True),
        Column("right", translate("CompareView", "Right"), size("new"), right=True),
        Column(
            "change",
            translate("CompareView", "Change"),
            lambda row: change_words(row.change),
            tone=lambda row: change_tone(row.change),
        ),
    ]


def _file_text(row: FileDifference) -> str:
    return shown_path(row.path)


def _three_columns(first: str) -> list[Column[Any]]:
    return [
        Column("name", first, lambda row: row[0], tooltip=lambda row: row[0]),
        Column("left", translate("CompareView", "Left"), lambda row: row[1] or "–", tooltip=lambda row: row[1]),
        Column("right", translate("CompareView", "Right"), lambda row: row[2] or "–", tooltip=lambda row: row[2]),
    ]
