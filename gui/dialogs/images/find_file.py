"""Find a file in every layer of every image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QSizePolicy, QVBoxLayout

from gui.models.table import Column, KeyedTableModel
from gui.presentation.images.words import image_name, shown_path
from gui.presentation.units import bytes_text, short_id
from gui.theme import Size, Space, Text, Tone
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import label
from gui.widgets.lists.cells import BadgeCell, CellPainter, TextCell
from gui.widgets.lists.table import Table
from gui.widgets.search_field import SearchField
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import Literal

    from engine.types.images import FoundFile
    from gui.bridge import Engine, Lease
    from gui.shell import Shell

_MOST = 5_000


class FindFileDialog(QDialog):
    """Type a name, a path or a digest; hits stream in; Enter opens the image at the file."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self._lease: Lease | None = None
        self._hits: list[FoundFile] = []
        self.setObjectName("dialog.find-file")
        self.setWindowTitle(translate("FindFileDialog", "Find a file in all images"))
        self.resize(820, 520)
        self.search = SearchField(translate("FindFileDialog", "libssl.so.3"), delay_ms=250)
        self.search.setMaximumWidth(16_777_215)
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.search.changed.connect(lambda _text: self._find())
        self.search.left.connect(self.reject)
        self.kind = Segmented(
            (
                ("name", translate("FindFileDialog", "Name")),
                ("path", translate("FindFileDialog", "Path")),
                ("digest", translate("FindFileDialog", "SHA-256")),
            ),
            translate("FindFileDialog", "Look for"),
        )
        self.kind.changed.connect(lambda _key: self._find())
        self.count = label("", Text.SMALL, Tone.MUTED)
        columns: list[Column[FoundFile]] = [
            Column("path", translate("FindFileDialog", "Path"), lambda f: shown_path(f.entry.path)),
            Column("image", translate("FindFileDialog", "Image"), self._image_words),
            Column("layer", translate("FindFileDialog", "Layer"), lambda f: str(f.layer + 1), right=True),
            Column("size", translate("FindFileDialog", "Size"), lambda f: bytes_text(f.entry.size), right=True),
            Column(
                "seen",
                translate("FindFileDialog", "In the image"),
                lambda f: (
                    translate("FindFileDialog", "Visible") if f.visible else translate("FindFileDialog", "Hidden later")
                ),
                tone=lambda f: Tone.SUCCESS if f.visible else Tone.WARNING,
            ),
        ]
        self.model = KeyedTableModel(columns, parent=self)
        self.table = Table(translate("FindFileDialog", "Found files"), row_height=Size.ROW_COMPACT, multi=False)
        self._build()
        self.search.setFocus()

    def _build(self) -> None:
        self.table.set_inset()
        self.table.setModel(self.model)
        self.table.setSortingEnabled(False)
        painters: dict[int, CellPainter] = {
            0: TextCell(code=True, elide=Qt.TextElideMode.ElideMiddle),
            1: TextCell(secondary=True, elide=Qt.TextElideMode.ElideMiddle),
            2: TextCell(tabular=True),
            3: TextCell(tabular=True),
            4: BadgeCell(),
        }
        self.table.set_columns(painters, {1: 200, 2: 64, 3: 90, 4: 130}, stretch=0)
        hint = translate("FindFileDialog", "Which images have it, which layer put it there, and can it still be seen?")
        self.table.set_empty_state(EmptyState("search", translate("FindFileDialog", "Find a file anywhere"), hint))
        self.table.activated_key.connect(self._open)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.search, 1)
        row.addWidget(self.kind)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.M)
        column.setSpacing(Space.S)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        column.addWidget(self.count)

    def _image_words(self, hit: FoundFile) -> str:
        image = self._shell.client.mirror.images.get(hit.image_id)
        return image_name(image) if image is not None else short_id(hit.image_id)

    def _find(self) -> None:
        self._end()
        self._hits = []
        self.model.set_items(())
        self.count.setText("")
        text = self.search.text().strip()
        if len(text) < 2:
            return
        kinds: dict[str, Literal["path", "name", "digest"]] = {"name": "name", "path": "path", "digest": "digest"}
        kind = kinds[self.kind.current()]

        async def hits(engine: Engine) -> AsyncIterator[Sequence[FoundFile]]:
            async for hit in engine.images.find(text, kind=kind):
                yield (hit,)

        self._lease = self._shell.client.stream(hits, self._add, self._ended)

    def _add(self, hits: list[FoundFile]) -> None:
        self._hits.extend(hits[: _MOST - len(self._hits)])
        self.model.set_items((str(number), hit) for number, hit in enumerate(self._hits))
        self.count.setText(translate("FindFileDialog", "%n found so far", None, len(self._hits)))

    def _ended(self, error: BaseException | None) -> None:
        if error is not None:
            self._shell.show_error(error)
        self.count.setText(translate("FindFileDialog", "%n found", None, len(self._hits)))

    def _open(self, key: str) -> None:
        hit = self.model.item(key)
        if hit is not None:
            self.accept()
            self._shell.navigate("images", hit.image_id, f"layers:{hit.layer}:{hit.entry.path}")

    def _end(self) -> None:
        if self._lease is not None:
            self._lease.end()
            self._lease = None

    def done(self, result: int) -> None:
        self._end()
        super().done(result)
