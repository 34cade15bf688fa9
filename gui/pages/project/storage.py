"""What a project has besides containers: its volumes with where they are used, its networks with who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.models.projects import StorageRow, storage_model
from gui.widgets.empty_state import EmptyState
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.words import translate

if TYPE_CHECKING:
    from gui.bridge import ChangeSet
    from gui.presentation.projects.words import ProjectRow
    from gui.shell import Shell

_PROJECT = "com.docker.compose.project"


class StorageView(QWidget):
    """`refresh` with the row; it follows volumes and networks by itself while it is seen."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._row: ProjectRow | None = None
        self.model = storage_model(self)
        self.table = Table(translate("ProjectStorage", "Volumes and networks"), row_height=48, multi=False)
        self.table.setModel(self.model)
        self.table.setSortingEnabled(False)
        painters = {0: TextCell(strong=True), 1: TextCell(tabular=True), 2: TextCell(secondary=True),
                    3: TextCell(secondary=True)}  # fmt: skip
        self.table.set_columns(painters, {1: 160, 2: 260, 3: 140}, stretch=0, droppable=(3, 2))
        nothing = translate("ProjectStorage", "No volumes and no networks of its own")
        self.table.set_empty_state(EmptyState("volume", nothing, ""))
        self.table.activated_key.connect(self._open)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        shell.client.changed.connect(self._on_changes)

    def refresh(self, row: ProjectRow) -> None:
        """The project's own, and those of others that its containers use."""
        self._row = row
        mirror, mine = self._shell.client.mirror, {one.id for one in row.containers}
        names = mirror.containers
        volumes = [
            StorageRow.of_volume(one, names)
            for one in sorted(mirror.volumes.values(), key=lambda one: one.name)
            if one.labels.get(_PROJECT) == row.project.name or mine & set(one.used_by)
        ]
        networks = [
            StorageRow.of_network(one, names)
            for one in sorted(mirror.networks.values(), key=lambda one: one.name)
            if one.labels.get(_PROJECT) == row.project.name or mine & {each.container_id for each in one.members}
        ]
        self.model.set_items((one.key, one) for one in (*volumes, *networks))

    def _on_changes(self, changes: ChangeSet) -> None:
        if self._row is not None and self.isVisible() and changes.touches("volume", "network"):
            self.refresh(self._row)

    def _open(self, key: str) -> None:
        kind, _, name = key.partition(":")
        self._shell.navigate(kind, name)
