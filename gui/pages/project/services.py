"""The services of a project: a graph of who waits for whom with how each is, live; below it their containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from gui.models.projects import services_model
from gui.presentation.projects.graph import service_nodes, steps_of
from gui.presentation.projects.words import service_of
from gui.widgets.empty_state import EmptyState
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.widgets.painted.step_graph import GraphLane, GraphStep, StepGraph
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.projects import ProjectReading
    from gui.bridge import ChangeSet
    from gui.presentation.projects.words import ProjectRow
    from gui.shell import Shell

_REDRAW_MILLISECONDS = 50
"""Changes come in bursts while many services start."""


_GRAPH_SHARE, _TABLE_SHARE = 500, 400


class ServicesView(QWidget):
    """`refresh` with the row and what its files say."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._row: ProjectRow | None = None
        self._reading: ProjectReading | None = None
        self.model = services_model(self)
        self.graph = StepGraph(translate("ProjectDetails", "Services and what they wait for"))
        self.graph.chosen.connect(self._on_chosen)
        area = QScrollArea()
        area.setWidget(self.graph)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.table = self._make_table()
        self._body = QSplitter(Qt.Orientation.Vertical)
        self._body.setChildrenCollapsible(False)
        self._body.addWidget(area)
        self._body.addWidget(self.table)
        self._body.setSizes([_GRAPH_SHARE, _TABLE_SHARE])
        nothing = translate("ProjectDetails", "It is not up")
        hint = translate("ProjectDetails", "Up shows what would be made before anything happens.")
        self._empty = EmptyState("layers", nothing, hint)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._body)
        self._stack.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._soon = QTimer(self, singleShot=True, interval=_REDRAW_MILLISECONDS)
        self._soon.timeout.connect(self._draw)
        shell.client.changed.connect(self._on_changes)

    def _make_table(self) -> Table:
        table = Table(translate("ProjectDetails", "Services"), row_height=48, multi=False)
        table.setModel(self.model)
        table.setSortingEnabled(False)
        painters = {0: TextCell(strong=True), 1: TextCell(), 2: TextCell(secondary=True), 3: TextCell(code=True),
                    4: TextCell(secondary=True)}  # fmt: skip
        table.set_columns(painters, {1: 170, 2: 110, 3: 150, 4: 220}, stretch=0, droppable=(4, 2))
        nothing = translate("ProjectDetails", "It is not up")
        hint = translate("ProjectDetails", "Up shows what would be made before anything happens.")
        table.set_empty_state(EmptyState("layers", nothing, hint))
        table.activated_key.connect(lambda key: self._shell.navigate("containers", key))
        return table

    def clear(self) -> None:
        self._reading = None
        self.model.set_items(())

    def refresh(self, row: ProjectRow, reading: ProjectReading | None) -> None:
        self._row, self._reading = row, reading
        ordered = sorted(row.containers, key=lambda one: (service_of(one), one.name))
        self.model.set_items((one.id, one) for one in ordered)
        self.model.refresh(("state",))  # which tells since when, as the picture above does
        self._draw()

    def _on_changes(self, changes: ChangeSet) -> None:
        if changes.touches("operation") and self.isVisible():
            self._soon.start()

    def _draw(self) -> None:
        """What is done now is drawn too: it comes with the operation, which no row of a list has."""
        if self._row is None:
            return
        reading = self._reading
        images = reading.images if reading else {}
        steps = steps_of(self._row, images.values(), self._shell.client.mirror.operations.values())
        nodes = service_nodes(
            self._row, reading.services if reading else (), reading.depends_on if reading else {}, images, steps
        )
        lanes = [GraphLane(node.name, tuple(GraphStep(*line) for line in node.lines), node.waits_for) for node in nodes]
        self.graph.set_lanes(lanes)
        self.table.setVisible(bool(self._row.containers))
        self._stack.setCurrentWidget(self._body if lanes else self._empty)

    def _on_chosen(self, key: str) -> None:
        """The chosen one is the chosen row too."""
        self.table.select_key(key)
