"""The graphs of several things in one another: who of a project eats the machine, and since when.

A thing is one container or several that are one service; its figures are the sum of theirs.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from math import nan
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from gui.pages.lists.figures_export import save_figures, save_picture
from gui.plain_text import set_tip
from gui.presentation.containers.figures import event_marks
from gui.presentation.units import memory_text, percent_text, rate_text
from gui.theme import Space, Text, theme
from gui.widgets.buttons import Variant, button, menu_button
from gui.widgets.card import Card
from gui.widgets.charts import Series, SeriesBuffer, TimeChart, Timeline
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.labels import SwatchLabel
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.types.containers import Container
    from engine.types.events import Event
    from engine.types.stats import Rates
    from gui.bridge import Engine, Lease
    from gui.shell import Shell

_SLOT_NS = 10_000_000_000
"""History comes one in ten seconds: figures of one such stretch stand side by side."""
_DAY_SECONDS = 86_400.0
_HISTORY_SPANS = (("300", "5 min"), ("3600", "1 h"), ("21600", "6 h"), ("86400", "24 h"))
_FIGURES: dict[str, Callable[[Rates], float]] = {
    "cpu": lambda rates: rates.cpu_percent,
    "memory": lambda rates: float(rates.memory),
    "io": lambda rates: rates.io_read_rate + rates.io_write_rate,
    "net": lambda rates: rates.net_rx_rate + rates.net_tx_rate,
}
ALL_FIGURES = tuple(_FIGURES)


class Group(NamedTuple):
    """One line of a graph, and whose figures it sums."""

    name: str
    containers: tuple[Container, ...]


class FiguresTogether(QWidget):
    """`resume` once it is seen, `suspend` when it is not: in between it follows the figures live."""

    def __init__(self, shell: Shell, groups: Sequence[Group], figures: Sequence[str] = ALL_FIGURES) -> None:
        super().__init__()
        self._shell = shell
        self.groups = list(groups)
        self.containers = [one for group in groups for one in group.containers]
        self._place = {one.id: at for at, group in enumerate(groups) for one in group.containers}
        self._marked: list[tuple[int, Container]] = []
        self._lease: Lease | None = None
        self.timeline = Timeline(300.0, self)
        self.timeline.time_clicked.connect(self._show_log)
        self._buffers = {name: SeriesBuffer(columns=max(1, len(self.groups))) for name in figures}
        self.charts = self._make_charts()
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.M, Space.L, Space.L)
        column.setSpacing(Space.S)
        column.addLayout(self._make_tools())
        column.addWidget(self._make_legend())
        self._graphs = QWidget()
        grid = QGridLayout(self._graphs)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(Space.M)
        for number, chart in enumerate(self.charts.values()):
            card = Card(padded=False)
            card.body.setContentsMargins(Space.S, Space.S, Space.S, Space.XS)
            card.body.addWidget(chart)
            grid.addWidget(card, number // 2, number % 2)
        column.addWidget(self._graphs, 1)

    def _make_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.span = Segmented(_HISTORY_SPANS, translate("Graphs", "Time shown"))
        self.span.changed.connect(lambda key: self.timeline.set_span(float(key)))
        row.addWidget(self.span)
        back = button(translate("Graphs", "Back to now"), "follow", Variant.LINK, self.timeline.go_live)
        back.hide()
        self.timeline.live_changed.connect(lambda live: back.setVisible(not live))
        row.addWidget(back)
        row.addStretch(1)
        menu = QMenu(self)
        menu.addAction(translate("Graphs", "Save the figures (CSV)…"), lambda: self._shell.run(self._export()))
        menu.addAction(
            translate("Graphs", "Save a picture (PNG)…"),
            lambda: self._shell.run(save_picture(self._shell, self.grab(), translate("Graphs", "graphs"))),
        )
        export = menu_button("", menu, "download", Variant.GHOST)
        export.setAccessibleName(translate("Graphs", "Save what is shown"))
        set_tip(export, export.accessibleName())
        row.addWidget(export)
        return row

    def _make_legend(self) -> QWidget:
        box = QWidget()
        flow = FlowLayout(box, Space.M)
        for number, group in enumerate(self.groups):
            flow.addWidget(SwatchLabel(group.name, partial(theme().series, number), Text.SMALL))
        return box

    def _make_charts(self) -> dict[str, TimeChart]:
        titles = {
            "cpu": (translate("Graphs", "CPU"), percent_text, False),
            "memory": (translate("Graphs", "Memory"), memory_text, True),
            "io": (translate("Graphs", "Disk, read and written"), rate_text, True),
            "net": (translate("Graphs", "Network, received and sent"), rate_text, True),
        }
        series = [Series(group.name, number) for number, group in enumerate(self.groups)] or [Series("")]
        return {
            name: TimeChart(title, self._buffers[name], series, self.timeline, unit=unit, binary=binary, legend=False)
            for name, (title, unit, binary) in titles.items()
            if name in self._buffers
        }

    # --- data ---

    def resume(self) -> None:
        """Follow what is used from now on; what was used before is loaded."""
        if self._lease is None:
            names = list(self._place)
            self._lease = self._shell.client.latest(lambda engine: engine.stats.watch(names), self._on_rates)
            self._shell.run(self._load())

    def suspend(self) -> None:
        if self._lease is not None:
            self._lease.end()
            self._lease = None

    async def _load(self) -> None:
        keys = list(self._place)

        async def ask(engine: Engine) -> tuple[list[Rates], Sequence[Event]]:
            histories = [await engine.stats.history(key, seconds=_DAY_SECONDS) for key in keys]
            return [one for history in histories for one in history], await engine.event_log()

        rows, events = await self._shell.client.call(ask)
        loaded = await asyncio.to_thread(self._filled, rows)
        for name, buffer in self._buffers.items():
            buffer.take(loaded[name])
        self.timeline.set_now(max([self.timeline.now, *(one.time_ns for one in rows)]))
        marks = []
        self._marked.clear()
        for container in self.containers:
            for time_ns, words, tone in event_marks(events, container):
                marks.append((time_ns, f"{container.name}: {words}", tone))
                self._marked.append((time_ns, container))
        for chart in self.charts.values():
            chart.set_marks(sorted(marks, key=lambda mark: mark[0]))

    def _filled(self, rows: Sequence[Rates]) -> dict[str, SeriesBuffer]:
        slots: dict[int, list[Rates]] = {}
        for one in rows:
            slots.setdefault(one.time_ns // _SLOT_NS, []).append(one)
        buffers = {name: SeriesBuffer(columns=max(1, len(self.groups))) for name in self._buffers}
        for slot in sorted(slots):
            self._append(buffers, slots[slot])
        return buffers

    def _append(self, buffers: dict[str, SeriesBuffer], batch: Sequence[Rates]) -> None:
        moment = max(one.time_ns for one in batch)
        seconds = (moment - min(one.time_ns - int(one.seconds * 1e9) for one in batch)) / 1e9
        newest = {one.container_id: one for one in batch}
        for name, buffer in buffers.items():
            values = [nan] * max(1, len(self.groups))
            for one in newest.values():
                at, figure = self._place[one.container_id], _FIGURES[name](one)
                values[at] = figure if values[at] != values[at] else values[at] + figure
            buffer.append(moment, values, seconds)

    def _on_rates(self, batch: Sequence[Rates]) -> None:
        known = [one for one in batch if one.container_id in self._place]
        if known:
            self._append(self._buffers, known)
            self.timeline.set_now(max(one.time_ns for one in known))

    # --- doing ---

    def _show_log(self, time_ns: int) -> None:
        """Of the container an event belongs to; else the logs of all, at that second."""
        marked = next((container for at, container in self._marked if at == time_ns), None)
        if marked is not None:
            self._shell.navigate("containers", marked.id, f"logs@{time_ns}")
        else:
            self._shell.open_dialog("merged-logs", containers=list(self._place), time_ns=time_ns)

    async def _export(self) -> None:
        last = self.timeline.last if not self.timeline.live else time.time_ns()
        await save_figures(self._shell, self.containers, self.timeline.first, last)
