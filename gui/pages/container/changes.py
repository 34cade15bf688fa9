"""What a container has changed in its image, and those changes as Dockerfile lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout

from gui.models import Column, FilteredModel, KeyedTableModel
from gui.pages.container.tab import DetailTab
from gui.presentation.units import bytes_text
from gui.theme import Size, Space, Text, Tone, mono
from gui.widgets.buttons import Variant, button
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import BadgeCell, TextCell
from gui.widgets.lists.table import Table
from gui.widgets.search_field import SearchField
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import ChangedPath, Container
    from gui.shell import Shell

_TONES = {"added": Tone.SUCCESS, "changed": Tone.WARNING, "removed": Tone.DANGER}


class ChangesTab(DetailTab):
    """Read when the tab comes to sight, and again on request: a big writable layer takes its time."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._container: Container | None = None
        kinds = {
            "added": translate("Changes", "Added"),
            "changed": translate("Changes", "Changed"),
            "removed": translate("Changes", "Removed"),
        }
        self.model: KeyedTableModel[ChangedPath] = KeyedTableModel(
            (
                Column("kind", translate("Changes", "Change"), lambda c: kinds[c.kind], tone=lambda c: _TONES[c.kind]),
                Column("path", translate("Changes", "Path"), lambda c: c.path, tooltip=lambda c: c.path),
                Column(
                    "size",
                    translate("Changes", "Size"),
                    lambda c: bytes_text(c.size) if c.size else "",
                    lambda c: c.size,
                    right=True,
                ),
            ),
            parent=self,
        )
        self.filtered = FilteredModel(self)
        self.filtered.setSourceModel(self.model)
        self.table = Table(translate("Changes", "Changed paths"), row_height=Size.ROW_COMPACT)
        self.table.setModel(self.filtered)
        self.table.set_columns({0: BadgeCell(), 1: TextCell(code=True)}, {0: 110, 2: 110}, stretch=1)
        self._empty = EmptyState("files")
        self.table.set_empty_state(self._empty)
        column = flush_column(self)
        tools = QHBoxLayout()
        tools.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        tools.setSpacing(Space.S)
        search = SearchField(translate("Changes", "Filter paths"))
        search.changed.connect(self.filtered.set_query)
        tools.addWidget(search)
        self._sum = label("", Text.SMALL, Tone.MUTED)
        tools.addWidget(self._sum)
        tools.addStretch(1)
        tools.addWidget(button(translate("Changes", "Read again"), "restart", Variant.GHOST, self._load_again))
        tools.addWidget(button(translate("Changes", "As Dockerfile lines…"), "file-text", on_click=self._suggest))
        tools.addWidget(button(translate("Changes", "Make an image…"), "image", on_click=self._commit))
        column.addLayout(tools)
        column.addWidget(self.table, 1)

    def resume(self, container: Container) -> None:
        self._container = container
        self._load_again()

    def refresh(self, container: Container) -> None:
        self._container = container

    def _load_again(self) -> None:
        if self._container is not None:
            if not self.model.rowCount():
                self._empty.set("spinner", translate("Changes", "Comparing with the image…"))
            self.shell.run(self._load(self._container.id))

    async def _load(self, key: str) -> None:
        found: Sequence[ChangedPath] = await self.client.call(lambda engine: engine.containers.changes(key))
        if self._container is None or self._container.id != key:
            return
        hint = translate("Changes", "Everything is as the image has it.")
        self._empty.set("check-circle", translate("Changes", "No changes"), hint)
        self.model.set_items((change.path, change) for change in found)
        total = bytes_text(sum(change.size for change in found))
        self._sum.setText(
            translate("Changes", "{0} paths, {1}", None, len(found)).format(len(found), total) if found else ""
        )

    def _suggest(self) -> None:
        if self._container is not None:
            self.shell.run(self._show_suggestion(self._container))

    async def _show_suggestion(self, container: Container) -> None:
        text = await self.client.call(lambda engine: engine.containers.suggest_dockerfile(container.id))
        dialog = QDialog(self.shell.dialog_parent)
        dialog.setObjectName("dockerfile")
        dialog.setWindowTitle(translate("Changes", "{0} as a Dockerfile").format(container.name))
        dialog.resize(640, 420)
        column = QVBoxLayout(dialog)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(label(dialog.windowTitle(), Text.TITLE))
        column.addWidget(
            label(translate("Changes", "A suggestion: read it before you build it."), Text.BODY, Tone.MUTED)
        )
        field = QPlainTextEdit(text)
        field.setFont(mono())
        field.setAccessibleName(translate("Changes", "Dockerfile"))
        column.addWidget(field, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        copy = lambda: QGuiApplication.clipboard().setText(field.toPlainText())  # noqa: E731
        row.addWidget(button(translate("Changes", "Copy"), "copy", on_click=copy))
        row.addWidget(button(translate("Changes", "Close"), "", Variant.PRIMARY, dialog.accept))
        column.addLayout(row)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _commit(self) -> None:
        if self._container is not None:
            self.shell.trigger("container.commit", [self._container])
