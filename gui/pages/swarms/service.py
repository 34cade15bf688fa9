"""One service of a swarm: its facts, its tasks and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from engine.types.logs import SERVICE
from gui.models.swarm import COLUMNS, swarm_model
from gui.pages.lists.details_header import DetailsHeader
from gui.pages.log.panel import LogPanel
from gui.presentation.remote.swarm import mode_text, ports_text, replicas_text, service_state
from gui.presentation.units import clock_text
from gui.theme import Space
from gui.widgets.empty_state import EmptyState
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import BadgeCell, TextCell
from gui.widgets.lists.table import Table
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.swarm import Swarm, SwarmService
    from gui.shell import Shell

_KNOBS = ("service.scale", "service.image", "service.roll-back", "service.remove")


class ServiceDetails(QWidget):
    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.service: SwarmService | None = None
        self.header = DetailsHeader(shell, translate("SwarmService", "Back to the list"), self._subjects)
        self.header.left.connect(self.left)
        self.header.add_icons(*_KNOBS)
        self.faces = Segmented(
            (("tasks", translate("SwarmService", "Tasks")), ("log", translate("SwarmService", "Log"))),
            translate("SwarmService", "Show"),
        )
        self.faces.changed.connect(self._show)
        self._facts = FactGrid(columns=2)
        self.tasks = swarm_model("tasks", self)
        self.table = self._make_table()
        self.log = LogPanel(shell)
        self._bodies = QStackedWidget()
        self._bodies.addWidget(self.table)
        self._bodies.addWidget(self.log)
        about = QVBoxLayout()
        about.setContentsMargins(Space.XL, Space.M, Space.XL, Space.S)
        about.addWidget(self._facts)
        strip = QHBoxLayout()
        strip.setContentsMargins(Space.XL, Space.XS, Space.XL, Space.S)
        strip.addWidget(self.faces)
        strip.addStretch(1)
        column = flush_column(self)
        column.addWidget(self.header)
        column.addLayout(about)
        column.addLayout(strip)
        column.addWidget(self._bodies, 1)

    def _make_table(self) -> Table:
        table = Table(translate("SwarmService", "Tasks of this service"), multi=False)
        table.setModel(self.tasks)
        table.setSortingEnabled(False)
        place = {name: number for number, name in enumerate(COLUMNS["tasks"])}
        painters = {
            number: BadgeCell() if name == "state" else TextCell(strong=name == "name", secondary=name == "since")
            for name, number in place.items()
        }
        widths = {place["name"]: 230, place["state"]: 150, place["node"]: 150, place["since"]: 120}
        table.set_columns(
            painters, widths, stretch=place["error"], droppable=(place["since"], place["node"])
        )  # fmt: skip
        table.set_empty_state(EmptyState("container", translate("SwarmService", "No tasks")))
        return table

    def _subjects(self) -> list[SwarmService]:
        return [self.service] if self.service is not None else []

    def show_service(self, service: SwarmService, swarm: Swarm, face: str = "") -> None:
        """Another one, or the same as it is now."""
        is_other = self.service is None or self.service.id != service.id
        self.service = service
        self.header.set_title(service.name)
        self.header.set_subtitle(f"{service_state(service)} · {replicas_text(service)}")
        self._facts.set_facts(
            [
                Fact(translate("SwarmService", "Image"), service.image, code=True, copy=True),
                Fact(translate("SwarmService", "Stack"), service.stack or "–"),
                Fact(translate("SwarmService", "Mode"), mode_text(service)),
                Fact(translate("SwarmService", "Ports"), ports_text(service) or "–", code=True),
                Fact(translate("SwarmService", "Nodes"), ", ".join(service.constraints) or "–", code=True),
                Fact(translate("SwarmService", "Changed"), clock_text(service.updated)),
            ]
        )
        self.tasks.set_items((each.id, each) for each in swarm.tasks if each.service_id == service.id)
        self.header.refresh()
        if is_other or face:
            self._show(face or "tasks")

    def _show(self, face: str) -> None:
        self.faces.set_current(face)
        if face == "log" and self.service is not None:
            self.log.show_log(SERVICE + self.service.id, self.service.name)
        self._bodies.setCurrentIndex(1 if face == "log" else 0)

    def forget(self) -> None:
        self.service = None
        self._bodies.setCurrentIndex(0)
