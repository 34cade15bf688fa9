"""One image with its tabs: layers and files, overview, history, inspect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from gui.models.table import Column, KeyedTableModel
from gui.pages.image.inspector import LayerInspector
from gui.pages.lists.details_header import DetailsHeader
from gui.presentation.images.words import image_name, step_words
from gui.presentation.units import ago_text, bytes_text, clock_text
from gui.theme import Size, Space
from gui.widgets.buttons import Variant, button
from gui.widgets.card import Card, rule
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.widgets.search_field import SearchField
from gui.widgets.segmented import Segmented
from gui.widgets.texts.json_tree import JsonTree
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.images import HistoryStep, Image
    from gui.shell import Shell

_BUTTONS = ("image.tag", "image.push", "image.save", "image.compare", "image.remove")


class ImageDetails(QWidget):
    """Header with the way back, tabs, and the buttons of the image."""

    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.image_id = ""
        self._loaded: set[str] = set()
        self.header = DetailsHeader(shell, translate("ImageDetails", "Back to the list"), self._subjects)
        self.header.left.connect(self.left)
        self.tabs = Segmented(
            (
                ("layers", translate("ImageDetails", "Layers")),
                ("overview", translate("ImageDetails", "Overview")),
                ("history", translate("ImageDetails", "History")),
                ("inspect", translate("ImageDetails", "Inspect")),
            ),
            translate("ImageDetails", "Part"),
        )
        self.tabs.changed.connect(self._show_tab)
        self.header.add_icons(*_BUTTONS)
        run = button(translate("ImageDetails", "Run"), "play", Variant.PRIMARY)
        run.clicked.connect(lambda _on=False: shell.trigger("image.run", self._subjects()))
        self.header.add(run)
        self._make_tabs()

    def _make_tabs(self) -> None:
        self.inspector = LayerInspector(self._shell)
        self.overview = _Overview(self._shell)
        self.history = _History()
        self.inspect = _Inspect()
        self._stack = QStackedWidget()
        for widget in (self.inspector, self.overview, self.history, self.inspect):
            self._stack.addWidget(widget)
        column = flush_column(self)
        column.addWidget(self.header)
        bar = QHBoxLayout()
        bar.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        bar.addWidget(self.tabs)
        bar.addStretch(1)
        bar.addWidget(self.inspector.search)
        column.addLayout(bar)
        column.addWidget(rule())
        column.addWidget(self._stack, 1)

    def show_image(self, image_id: str, detail: str = "") -> None:
        """Show an image. `detail` is a tab (an unknown one is the first), or a file: "layers:LAYER:PATH"."""
        tab, _, place = detail.partition(":")
        if image_id != self.image_id:
            self.image_id = image_id
            self._loaded.clear()
        if tab:
            self.tabs.set_current(tab)
        self.refresh()
        self._show_tab(self.tabs.current())
        layer, _, path = place.partition(":")
        if path:
            self.inspector.show_file(int(layer), path)

    def refresh(self) -> None:
        """The image has changed: its tags, or who uses it."""
        image = self._image()
        if image is None:
            return
        self.header.set_title(image_name(image))
        self.header.set_subtitle(bytes_text(image.size))
        self.overview.show_image(image)
        self.header.refresh()

    def _image(self) -> Image | None:
        return self._shell.client.mirror.images.get(self.image_id)

    def _subjects(self) -> list[Image]:
        image = self._image()
        return [image] if image is not None else []

    def _show_tab(self, key: str) -> None:
        pages = {"layers": self.inspector, "overview": self.overview, "history": self.history, "inspect": self.inspect}
        self._stack.setCurrentWidget(pages[key])
        self.inspector.search.setVisible(key == "layers")
        if key in self._loaded:
            return
        self._loaded.add(key)
        if key == "layers":
            self.inspector.show_image(self.image_id)
        elif key == "history":
            self._shell.run(self._load_history(self.image_id))
        elif key == "inspect":
            self._shell.run(self._load_config(self.image_id))

    async def _load_history(self, image_id: str) -> None:
        steps = await self._shell.client.call(lambda engine: engine.images.history(image_id))
        if image_id == self.image_id:
            self.history.set_steps(list(steps))

    async def _load_config(self, image_id: str) -> None:
        raw = await self._shell.client.call(lambda engine: engine.images.raw_config(image_id))
        if image_id == self.image_id:
            self.inspect.tree.set_json(json.loads(raw), open_depth=2)


class _Overview(QScrollArea):
    """The facts, and how the image wants to be run."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.setWidgetResizable(True)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(Space.XL, Space.L, Space.XL, Space.XL)
        column.setSpacing(Space.L)
        self._facts, self._config = FactGrid(), FactGrid()
        self._facts.activated.connect(lambda key: shell.navigate("containers", key))
        for title, grid in (
            (translate("ImageDetails", "Image"), self._facts),
            (translate("ImageDetails", "How it runs"), self._config),
        ):
            card = Card(title)
            card.body.addWidget(grid)
            column.addWidget(card)
        column.addStretch(1)
        self.setWidget(body)

    def show_image(self, image: Image) -> None:
        containers = self._shell.client.mirror.containers
        users = [containers[key] for key in image.used_by if key in containers]
        facts = [
            Fact(
                translate("ImageDetails", "Tags"),
                ", ".join(image.tags) or translate("ImageDetails", "none"),
                copy=bool(image.tags),
            ),
            Fact(translate("ImageDetails", "Id"), image.id, code=True, copy=True),
            *(Fact(translate("ImageDetails", "Digest"), digest, code=True, copy=True) for digest in image.digests[:3]),
            Fact(translate("ImageDetails", "Platform"), str(image.platform)),
            Fact(
                translate("ImageDetails", "Created"),
                f"{ago_text(image.created)}  ({clock_text(image.created)})" if image.created else "",
            ),
            Fact(translate("ImageDetails", "Pulled"), ago_text(image.pulled)),
            Fact(translate("ImageDetails", "Size"), bytes_text(image.size)),
            Fact(translate("ImageDetails", "Shared with others"), bytes_text(image.shared_size)),
            Fact(translate("ImageDetails", "Frees if removed"), bytes_text(image.unique_size)),
            Fact(translate("ImageDetails", "Author"), image.author),
            *(Fact(translate("ImageDetails", "Used by"), container.name, link=container.id) for container in users),
        ]
        self._facts.set_facts(facts)
        config = image.config
        self._config.set_facts(
            [
                Fact(translate("ImageDetails", "Entrypoint"), " ".join(config.entrypoint), code=True),
                Fact(translate("ImageDetails", "Command"), " ".join(config.command), code=True),
                Fact(translate("ImageDetails", "Folder"), config.workdir, code=True),
                Fact(translate("ImageDetails", "User"), config.user or "root"),
                Fact(translate("ImageDetails", "Ports"), ", ".join(config.exposed_ports)),
                Fact(translate("ImageDetails", "Volumes"), ", ".join(config.volumes), code=True),
                Fact(translate("ImageDetails", "Stop signal"), config.stop_signal),
                Fact(
                    translate("ImageDetails", "Health check"),
                    " ".join(config.health.test) if config.health else "",
                    code=True,
                ),
                *(Fact(translate("ImageDetails", "Environment"), line, code=True, copy=True) for line in config.env),
                *(
                    Fact(translate("ImageDetails", "Label"), f"{key}={value}", code=True)
                    for key, value in sorted(config.labels.items())
                ),
            ]
        )


class _History(QWidget):
    """The steps that made the image, newest first."""

    def __init__(self) -> None:
        super().__init__()
        columns: list[Column[HistoryStep]] = [
            Column("step", translate("ImageDetails", "Step"), lambda s: step_words(s.created_by),
                   tooltip=lambda s: step_words(s.created_by), subtext=lambda s: s.comment),
            Column("size", translate("ImageDetails", "Size"), lambda s: bytes_text(s.size) if s.diff_id else "–",
                   right=True),
            Column("created", translate("ImageDetails", "Made"), lambda s: ago_text(s.created),
                   tooltip=lambda s: clock_text(s.created)),
        ]  # fmt: skip
        self.model = KeyedTableModel(columns, parent=self)
        self.table = Table(translate("ImageDetails", "History"), row_height=Size.ROW, multi=False)
        self.table.setSortingEnabled(False)
        self.table.setModel(self.model)
        painters = {0: TextCell(code=True), 1: TextCell(tabular=True), 2: TextCell(secondary=True)}
        self.table.set_columns(painters, {1: 100, 2: 140}, stretch=0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def set_steps(self, steps: list[HistoryStep]) -> None:
        self.model.set_items((str(number), step) for number, step in enumerate(reversed(steps)))


class _Inspect(QWidget):
    """The config blob as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = JsonTree(translate("ImageDetails", "Config"))
        search = SearchField(translate("ImageDetails", "Find a key or a value"))
        search.submitted.connect(self.tree.find_text)
        row = QHBoxLayout()
        row.setContentsMargins(Space.XL, Space.S, Space.L, Space.S)
        row.addWidget(search)
        row.addStretch(1)
        column = flush_column(self)
        column.addLayout(row)
        column.addWidget(self.tree, 1)
