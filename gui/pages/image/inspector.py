"""The layer inspector: the stack at the left; at the right the files, the treemap, the waste, and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.types.images import FileKind
from gui.models.table import Column, KeyedTableModel
from gui.pages.image.files import FilePreview, ImageFiles
from gui.pages.image.rows import stack_layer, waste_row
from gui.plain_text import set_tip
from gui.presentation.images.words import layer_step, score_tone, shown_path
from gui.presentation.units import bytes_text, percent_text
from gui.theme import Role, Size, Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.chips import Chip
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import ElidedLabel
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import BadgeCell, CellPainter, TextCell
from gui.widgets.lists.file_tree import CHANGE_TONES, Change, FileTree
from gui.widgets.lists.table import Table
from gui.widgets.lists.waste_list import WasteList
from gui.widgets.painted.badge import BadgeButton
from gui.widgets.painted.layer_stack import LayerStack
from gui.widgets.painted.treemap import Treemap, TreemapNode
from gui.widgets.search_field import SearchField
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import Literal

    from engine.types.images import FoundFile, LayerReport, TreeNode
    from gui.bridge import Engine, Lease
    from gui.shell import Shell

_DEEP = 16
"""Folders of the treemap whose children are drawn too."""
_MOST_FOUND = 2_000


class LayerInspector(QWidget):
    """`show_image` loads the report; choosing a layer changes every pane at the right. Who shows it places `search`."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._image = ""
        self._layer = -1
        self._folder = "/"
        self._wanted: tuple[int, str] | None = None
        self.report: LayerReport | None = None
        self._search: Lease | None = None
        self.stack = LayerStack(translate("LayerInspector", "Layers of the image"))
        self.stack.chosen.connect(self._choose_layer)
        self.files = FileTree(
            translate("LayerInspector", "Files"),
            (translate("LayerInspector", "Mode"), translate("LayerInspector", "Owner")),
        )
        self.map = Treemap()
        self.waste = WasteList()
        self.found = _FoundTable()
        self.preview = FilePreview(shell)
        self.preview.hide()
        self._build()
        self._connect()

    # --- building ---

    def _build(self) -> None:
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        left = QWidget()
        column = flush_column(left)
        column.addLayout(self._summary_row())
        column.addWidget(self.stack, 1)
        split.addWidget(left)
        split.addWidget(self._right())
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        split.setSizes([420, 640])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)

    def _summary_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(Space.L, Space.S, Space.M, Space.S)
        row.setSpacing(Space.S)
        self.summary = ElidedLabel("", Text.BODY, Role.TEXT_SECONDARY, Qt.TextElideMode.ElideRight)
        self.score = BadgeButton("", Tone.MUTED)
        self.score.clicked.connect(lambda _on=False: self._show_waste())
        self.score.hide()
        row.addWidget(self.summary, 1)
        row.addWidget(self.score)
        return row

    def _right(self) -> QWidget:
        self.panes = Segmented(
            (
                ("files", translate("LayerInspector", "Files")),
                ("map", translate("LayerInspector", "Treemap")),
                ("waste", translate("LayerInspector", "Waste")),
            ),
            translate("LayerInspector", "View"),
        )
        self.only = Chip(translate("LayerInspector", "Only this layer"), checkable=True)
        self.only.setEnabled(False)
        self.search = SearchField(translate("LayerInspector", "Find a file in any layer"), delay_ms=250)
        bar = QHBoxLayout()
        bar.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        bar.setSpacing(Space.S)
        bar.addWidget(self.panes)
        bar.addWidget(self.only)
        bar.addStretch(1)
        self._views = QStackedWidget()
        self._map_box = self._make_map_box()
        for widget in (self.files, self._map_box, self.waste, self.found):
            self._views.addWidget(widget)
        lower = QSplitter(Qt.Orientation.Vertical)
        lower.setChildrenCollapsible(False)
        lower.addWidget(self._views)
        lower.addWidget(self.preview)
        lower.setSizes([420, 240])
        box = QWidget()
        column = flush_column(box)
        column.addLayout(bar)
        column.addWidget(lower, 1)
        return box

    def _make_map_box(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(Space.M, 0, Space.M, Space.M)
        row = QHBoxLayout()
        self._up = button(translate("LayerInspector", "Up"), "arrow-up", Variant.GHOST, self._leave_folder)
        self._crumb = ElidedLabel("/", Text.SMALL, Role.TEXT_SECONDARY)
        row.addWidget(self._up)
        row.addWidget(self._crumb, 1)
        column.addLayout(row)
        column.addWidget(self.map, 1)
        return box

    def _connect(self) -> None:
        self.panes.changed.connect(lambda _key: self._show_pane())
        self.only.toggled.connect(lambda _on: self._reload())
        self.search.changed.connect(self._find)
        self.files.picked.connect(self._preview)
        self.map.entered.connect(self._enter_folder)
        self.map.picked.connect(self._preview)
        self.map.left.connect(self._leave_folder)
        self.waste.activated_key.connect(self._reveal_waste)
        self.found.chosen.connect(self._reveal_found)
        self.preview.layer_chosen.connect(self.show_file)

    # --- loading ---

    def show_image(self, image_id: str) -> None:
        """Load another image."""
        self._image, self._layer, self._folder = image_id, -1, "/"
        self.report, self._wanted = None, None
        self.stack.set_layers(())
        self.preview.hide()
        self.score.hide()
        self.summary.set_text(translate("LayerInspector", "Reading the layers…"))
        self.only.setChecked(False)
        self.only.setEnabled(False)
        self._shell.run(self._load_report(image_id))
        self._reload()

    async def _load_report(self, image_id: str) -> None:
        report = await self._shell.client.call(lambda engine: engine.images.layer_report(image_id))
        if image_id != self._image:
            return
        self.report = report
        self.stack.set_layers([stack_layer(layer) for layer in report.layers])
        self.preview.set_steps({layer.index: layer_step(layer) for layer in report.layers})
        self.stack.select(self._layer)
        self._tell_summary()
        self.waste.set_waste([waste_row(wasted, report) for wasted in report.wasted])
        if self._wanted is not None:
            self.show_file(*self._wanted)

    def show_file(self, layer: int, path: str) -> None:
        """Choose a layer and open its tree down to a file, which is previewed; waits for the layers if need be."""
        if self.report is None:
            self._wanted = (layer, path)
            return
        self._wanted = None
        self.stack.select(layer)
        self._choose_layer(layer)
        self._reveal(path)

    def _tell_summary(self) -> None:
        report = self.report
        if report is None:
            return
        total, wasted = bytes_text(report.total_size), bytes_text(report.wasted_size)
        if 0 <= self._layer < len(report.layers):
            layer = report.layers[self._layer]
            words = translate("LayerInspector", "Layer {0}  ·  {1}").format(layer.index + 1, bytes_text(layer.size))
        else:
            words = translate("LayerInspector", "{0} layers  ·  {1}", None, len(report.layers)).format(
                len(report.layers), total
            )
        self.summary.set_text(words)
        tone = score_tone(report.score)
        if report.wasted_size:
            share = percent_text(100 * (1 - report.score))
            self.score.set(translate("LayerInspector", "{0} wasted ({1})").format(wasted, share), tone)
        else:
            self.score.set(translate("LayerInspector", "Nothing wasted"), Tone.SUCCESS)
        self.score.show()

    def _show_waste(self) -> None:
        self.panes.set_current("waste")
        self._show_pane()

    def _choose_layer(self, layer: int) -> None:
        self._layer = layer
        self.only.setEnabled(layer >= 0)
        if layer < 0:
            self.only.setChecked(False)
        step = ""
        if self.report is not None and 0 <= layer < len(self.report.layers):
            step = layer_step(self.report.layers[layer])
        set_tip(self.stack, step)
        self._tell_summary()
        self._reload()

    def _reload(self) -> None:
        """Everything at the right, for the image, the layer and the folder of now."""
        source = ImageFiles(self._shell, self._image, self._layer, merged=not self.only.isChecked())
        self.files.set_source(source)
        if self.panes.current() == "map":
            self._shell.run(self._load_map(self._image, self._layer, self._folder, merged=not self.only.isChecked()))

    def _show_pane(self) -> None:
        key = self.panes.current()
        views = {"files": self.files, "map": self._map_box, "waste": self.waste}
        self._views.setCurrentWidget(views[key])
        if key == "map":
            self._shell.run(self._load_map(self._image, self._layer, self._folder, merged=not self.only.isChecked()))

    # --- the treemap ---

    async def _load_map(self, image: str, layer: int, folder: str, *, merged: bool) -> None:
        async def two_levels(engine: Engine) -> list[tuple[TreeNode, Sequence[TreeNode]]]:
            nodes = await engine.images.tree(image, folder, layer=layer, merged=merged)
            ordered = sorted(nodes, key=lambda node: -_bytes_of(node))
            pairs: list[tuple[TreeNode, Sequence[TreeNode]]] = []
            for place, node in enumerate(ordered):
                inside = place < _DEEP and node.entry.kind is FileKind.DIRECTORY
                children = (
                    await engine.images.tree(image, node.entry.path, layer=layer, merged=merged) if inside else ()
                )
                pairs.append((node, children))
            return pairs

        pairs = await self._shell.client.call(two_levels)
        if (image, layer, folder) == (self._image, self._layer, self._folder):
            self._crumb.set_text(shown_path(folder))
            self._up.setEnabled(folder != "/")
            nodes = [_map_node(node, tuple(_map_node(child) for child in children)) for node, children in pairs]
            self.map.set_nodes(nodes)

    def _enter_folder(self, path: str) -> None:
        self._folder = path
        self._reload()

    def _leave_folder(self) -> None:
        if self._folder != "/":
            self._enter_folder(self._folder.rstrip("/").rpartition("/")[0] or "/")

    # --- files ---

    def _preview(self, path: str) -> None:
        row = self.files.current_row() if self.panes.current() == "files" else None
        if row is not None and row.folder:
            return
        self.preview.show_file(self._image, path, self._layer)

    def _reveal_waste(self, key: str) -> None:
        """By its number in the report: the path in the key is the one made fit to be drawn."""
        if self.report is not None:
            self._reveal(self.report.wasted[int(key.partition(":")[0])].path)

    def _reveal(self, path: str) -> None:
        self.panes.set_current("files")
        self._views.setCurrentWidget(self.files)
        self.files.reveal(path)
        self.preview.show_file(self._image, path, self._layer)

    # --- finding ---

    def _find(self, text: str) -> None:
        if self._search is not None:
            self._search.end()
            self._search = None
        self.found.clear_found()
        if not text.strip():
            self._show_pane()
            return
        self._views.setCurrentWidget(self.found)
        image = self._image

        async def hits(engine: Engine) -> AsyncIterator[Sequence[FoundFile]]:
            kind: Literal["path", "name"] = "path" if "/" in text else "name"
            async for hit in engine.images.find(text.strip(), kind=kind):
                if hit.image_id == image:
                    yield (hit,)

        self._search = self._shell.client.stream(hits, self.found.add_found)

    def _reveal_found(self, hit: object) -> None:
        layer, path = hit if isinstance(hit, tuple) else (-1, "")
        self.show_file(layer, path)


def _bytes_of(node: TreeNode) -> int:
    return node.tree_size if node.entry.kind is FileKind.DIRECTORY else node.entry.size


def _map_node(node: TreeNode, children: tuple[TreemapNode, ...] = ()) -> TreemapNode:
    size = _bytes_of(node)
    folder = node.entry.kind is FileKind.DIRECTORY
    name = shown_path(node.entry.path.rstrip("/").rsplit("/", 1)[-1])
    tone = CHANGE_TONES.get(Change(node.change.value))
    return TreemapNode(node.entry.path, name, size, bytes_text(size), folder, tone, children)


class _FoundTable(Table):
    """Hits of a search across the layers."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__(translate("LayerInspector", "Found files"), row_height=Size.ROW_COMPACT, multi=False)
        columns: list[Column[FoundFile]] = [
            Column("path", translate("LayerInspector", "Path"), lambda f: shown_path(f.entry.path)),
            Column("size", translate("LayerInspector", "Size"), lambda f: bytes_text(f.entry.size), right=True),
            Column("layer", translate("LayerInspector", "Layer"), lambda f: str(f.layer + 1), right=True),
            Column(
                "seen",
                translate("LayerInspector", "In the image"),
                lambda f: (
                    translate("LayerInspector", "Visible") if f.visible else translate("LayerInspector", "Hidden later")
                ),
                tone=lambda f: Tone.SUCCESS if f.visible else Tone.WARNING,
            ),
        ]
        self.rows = KeyedTableModel(columns, parent=self)
        self.set_inset()
        self.setSortingEnabled(False)
        self.setModel(self.rows)
        painters: dict[int, CellPainter] = {
            0: TextCell(code=True, elide=Qt.TextElideMode.ElideMiddle),
            1: TextCell(tabular=True),
            2: TextCell(tabular=True, secondary=True),
            3: BadgeCell(),
        }
        self.set_columns(painters, {1: 96, 2: 70, 3: 130}, stretch=0)
        self.set_empty_state(EmptyState("search", translate("LayerInspector", "Nothing found in this image")))
        self._items: list[FoundFile] = []
        self.activated_key.connect(self._activate)

    def clear_found(self) -> None:
        self._items = []
        self.rows.set_items(())

    def add_found(self, hits: Sequence[FoundFile]) -> None:
        self._items.extend(list(hits)[: _MOST_FOUND - len(self._items)])
        self.rows.set_items((str(number), hit) for number, hit in enumerate(self._items))

    def _activate(self, key: str) -> None:
        hit = self.rows.item(key)
        if hit is not None:
            self.chosen.emit((hit.layer, hit.entry.path))
