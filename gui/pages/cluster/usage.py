"""What a pod uses, as graphs of the time in which somebody looked: a cluster measures, and remembers nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.errors import WherryError
from gui.presentation.errors import words_of
from gui.presentation.remote.clusters import place_of
from gui.presentation.units import memory_text
from gui.theme import Space, Text, Tone
from gui.widgets.card import Card
from gui.widgets.charts import Kind, Series, SeriesBuffer, TimeChart, Timeline
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import label
from gui.words import decimal, translate

if TYPE_CHECKING:
    from engine.types.clusters import PodUsage
    from gui.presentation.remote.clusters import ClusterRow
    from gui.shell import Shell

_LOOK_MS = 5_000
"""A metrics server has another figure every fifteen seconds, or every minute."""
_SPAN_SECONDS = 300.0
_CHART_HEIGHT = 190
_LEAST_PROCESSORS = 0.05


class ClusterUsage(QWidget):
    missing = Signal(str)
    """Why there is nothing to see, or "" when there is again."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._row: ClusterRow | None = None
        self._reason = ""
        self.timeline = Timeline(_SPAN_SECONDS, self)
        self.buffers = {"cpu": SeriesBuffer(columns=1), "memory": SeriesBuffer(columns=1)}
        self._charts = QWidget()
        column = QVBoxLayout(self._charts)
        column.setContentsMargins(Space.L, Space.S, Space.L, Space.L)
        column.setSpacing(Space.M)
        self._make_charts(column)
        note = translate("ClusterUsage", "The cluster remembers nothing: the graphs begin when they are looked at.")
        column.addWidget(label(note, Text.SMALL, Tone.MUTED))
        column.addStretch(1)
        self.nothing = EmptyState("chart", "")
        self.nothing.hide()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._charts, 1)
        whole.addWidget(self.nothing, 1)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def _make_charts(self, column: QVBoxLayout) -> None:
        in_all = translate("ClusterUsage", "In all")
        self.charts = {
            "cpu": TimeChart(
                translate("ClusterUsage", "Processors"), self.buffers["cpu"], [Series(in_all, 0, Kind.AREA)],
                self.timeline, unit=lambda value: decimal(value, 2 if value < 10 else 0), legend=False,
            ),
            "memory": TimeChart(
                translate("ClusterUsage", "Memory"), self.buffers["memory"], [Series(in_all, 0, Kind.AREA)],
                self.timeline, unit=memory_text, binary=True, legend=False,
            ),
        }  # fmt: skip
        self.charts["cpu"].set_ceiling(_LEAST_PROCESSORS)
        for chart in self.charts.values():
            chart.setMinimumHeight(_CHART_HEIGHT)
            card = Card(padded=False)
            card.body.setContentsMargins(Space.S, Space.S, Space.S, Space.XS)
            card.body.addWidget(chart)
            column.addWidget(card)

    def show_pod(self, row: ClusterRow) -> None:
        """It is looked at, from now on."""
        if self._row is None or (self._row.context, self._row.key) != (row.context, row.key):
            for name, buffer in self.buffers.items():
                buffer.load(())
                self.charts[name].refresh()
        self._row = row
        self.look()
        self._timer.start()

    def rest(self) -> None:
        self._timer.stop()

    def forget(self) -> None:
        self.rest()
        self._row = None

    def look(self) -> None:
        if self._row is not None:
            self._shell.run(self._look(self._row))

    async def _look(self, row: ClusterRow) -> None:
        try:
            [found] = await self._shell.client.call(lambda engine: engine.clusters.usage(place_of(row), row.name))
        except WherryError as error:
            if self._row is row:
                self._tell(words_of(error).title, words_of(error).text)
            return
        if self._row is row:
            self._tell("", "")
            self._add(found)

    def _add(self, found: PodUsage) -> None:
        now = time.time_ns()
        for name, value in (("cpu", found.cpu), ("memory", float(found.memory))):
            self.buffers[name].append(now, (value,), _LOOK_MS / 1000)
        self.timeline.set_now(now)
        for chart in self.charts.values():
            chart.refresh()

    def _tell(self, title: str, text: str) -> None:
        self.nothing.set("chart", title, text)
        self.nothing.setVisible(bool(title))
        self._charts.setVisible(not title)
        reason = " – ".join(filter(None, (title, text)))
        if reason != self._reason:
            self._reason = reason
            self.missing.emit(reason)
