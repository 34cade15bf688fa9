"""Graphs of one container over time, from the kernel's own figures, with limits that can be dragged."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QWidget

from engine.types.containers import ALIVE_STATES, UpdateContainer
from gui.pages.container.tab import DetailTab
from gui.pages.lists.figures_export import save_figures, save_picture
from gui.plain_text import set_tip
from gui.presentation.containers.figures import COLUMNS, event_marks, figures, quiet_stretches
from gui.presentation.units import memory_text, percent_text, rate_text
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button, menu_button
from gui.widgets.card import Card
from gui.widgets.charts import Kind, Series, SeriesBuffer, TimeChart, Timeline
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column, scrolling
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container, Resources
    from engine.types.stats import Rates
    from gui.shell import Shell

_FIRST_SECONDS = 3600.0
_DAY_SECONDS = 86_400.0
_CHART_HEIGHT = 190
_SHORT_SPAN, _USUAL_SPAN = "60", "300"
_SMALLEST_MEMORY = 6 << 20
_QUIET = {"cpu": 5.0, "io": 1024.0, "net": 1024.0, "pressure": 5.0}
"""Full scale where nothing happens: enough for the marks of the axis to differ, and for noise to look like noise."""


class StatsTab(DetailTab):
    """Six graphs on one time axis; a click in one shows the log of that second."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._container: Container | None = None
        self._span_is_mine = False
        self.timeline = Timeline(300.0, self)
        self.timeline.time_clicked.connect(lambda time_ns: self.time_wanted.emit("logs", time_ns))
        self._loaded_seconds = 0.0
        self._buffers = {name: SeriesBuffer(columns=count) for name, count in COLUMNS.items()}
        column = flush_column(self)
        column.addLayout(self._make_tools())
        inside = self._graphs = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(Space.L, Space.XS, Space.L, Space.L)
        grid.setSpacing(Space.M)
        self.charts = self._make_charts()
        for number, (name, chart) in enumerate(self.charts.items()):
            chart.setMinimumHeight(_CHART_HEIGHT)
            chart.set_ceiling(_QUIET.get(name, 0.0))
            card = Card(padded=False)
            card.body.setContentsMargins(Space.S, Space.S, Space.S, Space.XS)
            card.body.addWidget(chart)
            grid.addWidget(card, number // 2, number % 2)
        column.addWidget(scrolling(inside), 1)
        for chart_name, apply in (("cpu", self._drop_cpu_limit), ("memory", self._drop_memory_limit)):
            self.charts[chart_name].limit_dropped.connect(apply)

    def _make_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        spans = (
            ("60", "1 min"),
            ("300", "5 min"),
            ("900", "15 min"),
            ("3600", "1 h"),
            ("21600", "6 h"),
            ("86400", "24 h"),
        )
        self._span = Segmented(spans, translate("Stats", "Time shown"))
        self._span.set_current(_USUAL_SPAN)
        self._span.changed.connect(self._on_span_chosen)
        row.addWidget(self._span)
        self._live = button(translate("Stats", "Back to now"), "follow", Variant.LINK, self.timeline.go_live)
        self._live.hide()
        self.timeline.live_changed.connect(lambda live: self._live.setVisible(not live))
        row.addWidget(self._live)
        row.addStretch(1)
        self._note = label("", Text.SMALL, Tone.MUTED)
        row.addWidget(self._note)
        more = QMenu(self)
        more.addAction(translate("Stats", "Save the figures (CSV)…"), lambda: self.shell.run(self._export_figures()))
        more.addAction(translate("Stats", "Save a picture (PNG)…"), lambda: self.shell.run(self._export_picture()))
        export = menu_button("", more, "download", Variant.GHOST)
        export.setAccessibleName(translate("Stats", "Save what is shown"))
        set_tip(export, export.accessibleName())
        row.addWidget(export)
        return row

    def _on_span_chosen(self, key: str) -> None:
        self._span_is_mine = True
        self.timeline.set_span(float(key))
        if self._container is not None and float(key) > self._loaded_seconds:
            self.shell.run(self._load(self._container, _DAY_SECONDS))

    def _fit_span(self, container: Container, history: Sequence[Rates]) -> None:
        """A container of half a minute does not fill five; what the person chose stays."""
        if self._span_is_mine:
            return
        covered = (history[-1].time_ns - history[0].time_ns) / 1e9 if history else 0.0
        if container.state in ALIVE_STATES and container.started is not None:
            covered = max(covered, (datetime.now(UTC) - container.started).total_seconds())
        key = _SHORT_SPAN if 0 < covered < float(_SHORT_SPAN) else _USUAL_SPAN
        self._span.set_current(key)
        self.timeline.set_span(float(key))

    def _make_charts(self) -> dict[str, TimeChart]:
        return {**self._usage_charts(), **self._flow_charts()}

    def _usage_charts(self) -> dict[str, TimeChart]:
        b, t, stacked = self._buffers, self.timeline, Kind.STACKED
        return {
            "cpu": TimeChart(
                translate("Stats", "CPU"),
                b["cpu"],
                [
                    Series(translate("Stats", "User"), 0, stacked),
                    Series(translate("Stats", "System"), 1, stacked),
                    Series(translate("Stats", "In all"), 6, stacked, instead=True),
                    Series(translate("Stats", "Throttled"), tone=Tone.DANGER),
                ],
                t,
                unit=percent_text,
            ),
            "memory": TimeChart(
                translate("Stats", "Memory"),
                b["memory"],
                [
                    Series(translate("Stats", "Programs"), 0, stacked),
                    Series(translate("Stats", "Shared"), 3, stacked),
                    Series(translate("Stats", "Kernel"), 2, stacked),
                    Series(translate("Stats", "File cache"), 1, stacked),
                    Series(translate("Stats", "In all"), 6, stacked, instead=True),
                ],
                t,
                unit=memory_text,
                binary=True,
            ),
        }

    def _flow_charts(self) -> dict[str, TimeChart]:
        b, t, area = self._buffers, self.timeline, Kind.AREA
        return {
            "io": TimeChart(
                translate("Stats", "Disk"),
                b["io"],
                [Series(translate("Stats", "Read"), 0, area), Series(translate("Stats", "Written"), 2, area)],
                t,
                unit=rate_text,
                binary=True,
            ),
            "net": TimeChart(
                translate("Stats", "Network"),
                b["net"],
                [Series(translate("Stats", "Received"), 1, area), Series(translate("Stats", "Sent"), 3, area)],
                t,
                unit=rate_text,
                binary=True,
            ),
            "pressure": TimeChart(
                translate("Stats", "Pressure (waiting)"),
                b["pressure"],
                [
                    Series(translate("Stats", "CPU"), 0),
                    Series(translate("Stats", "Memory"), 4),
                    Series(translate("Stats", "Disk"), 2),
                ],
                t,
                unit=percent_text,
            ),
            "pids": TimeChart(
                translate("Stats", "Processes"),
                b["pids"],
                [Series(translate("Stats", "Processes"), 5, area)],
                t,
                unit=lambda value: f"{value:.0f}",
                whole=True,
            ),
        }

    # --- DetailTab ---

    def resume(self, container: Container) -> None:
        self._container = container
        self.shell.run(self._load(container, _FIRST_SECONDS))
        self._watch(container)
        self.refresh(container)

    def refresh(self, container: Container) -> None:
        before, self._container = self._container, container
        limits = container.spec.resources
        alive = container.state in ALIVE_STATES
        draggable = alive and not self.client.capabilities.why_not("containers.update")
        self.charts["cpu"].set_limit(
            limits.cpus * 100 if limits.cpus else None, draggable=draggable, name=translate("Stats", "Limit")
        )
        self.charts["cpu"].set_ceiling(limits.cpus * 110 or _QUIET["cpu"])
        self.charts["memory"].set_limit(
            float(limits.memory) if limits.memory else None, draggable=draggable, name=translate("Stats", "Limit")
        )
        if before is not None and before.state not in ALIVE_STATES and alive:
            self._watch(container)
        if before is not None and (before.state, before.spec, before.started) != (
            container.state, container.spec, container.started,
        ):  # fmt: skip
            self.shell.run(self._load_events(container))
        if not alive:
            self._note.setText(translate("Stats", "Not running; the graphs show what was."))

    def forget(self) -> None:
        self._loaded_seconds = 0.0
        self._span_is_mine = False
        self.timeline.set_crosshair(None)
        for chart in self.charts.values():
            chart.set_marks([])
            chart.set_stretches([])
            chart.set_note("")
        for buffer in self._buffers.values():
            buffer.load([])

    # --- data ---

    def _watch(self, container: Container) -> None:
        if container.state in ALIVE_STATES:
            key = container.id
            self.hold(self.client.latest(lambda engine: engine.stats.watch([key], interval=1.0), self._on_rates))

    async def _load(self, container: Container, seconds: float) -> None:
        key = container.id
        self._loaded_seconds = max(seconds, self._loaded_seconds)
        history = await self.client.call(lambda engine: engine.stats.history(key, seconds=self._loaded_seconds))
        loaded = await asyncio.to_thread(_filled, history)
        if self._container is None or self._container.id != key:
            return
        for name, buffer in self._buffers.items():
            buffer.take(loaded[name])
        self._fit_span(self._container, history)
        if history:
            self.timeline.set_now(max(history[-1].time_ns, self.timeline.now))
        await self._load_events(container)

    async def _load_events(self, container: Container) -> None:
        since = time.time_ns() - int(_DAY_SECONDS * 1e9)
        events = await self.client.call(lambda engine: engine.event_log(since_ns=since))
        if self._container is None or self._container.id != container.id:
            return
        marks = event_marks(events, container)
        quiet = quiet_stretches(events, container, time.time_ns())
        for chart in self.charts.values():
            chart.set_marks(marks)
            chart.set_stretches(quiet)

    def _on_rates(self, batch: Sequence[Rates]) -> None:
        for rates in batch:
            if self._container is None or rates.container_id != self._container.id:
                continue
            for name, buffer in self._buffers.items():
                buffer.append(rates.time_ns, figures(name, rates), rates.seconds)
            self.timeline.set_now(rates.time_ns)
            self._tell_estimates(rates)

    def _tell_estimates(self, rates: Rates) -> None:
        estimated = rates.sample.estimated
        self._note.setText("")
        for name, field in (("cpu", "cpu"), ("memory", "memory"), ("io", "io")):
            note = translate("Stats", "estimate: no controller on this host") if field in estimated else ""
            self.charts[name].set_note(note)
        if rates.sample.cpu_pressure is None:
            self.charts["pressure"].set_note(translate("Stats", "this host does not count it"))

    # --- taking it along ---

    async def _export_figures(self) -> None:
        container = self._container
        if container is not None:
            first, last = self.timeline.first, self.timeline.last
            await save_figures(self.shell, [container], first, last)

    async def _export_picture(self) -> None:
        container = self._container
        if container is not None:
            await save_picture(self.shell, self._graphs.grab(), container.name)

    # --- doing ---

    def mark_time(self, time_ns: int) -> None:
        self.timeline.set_crosshair(time_ns)

    def _drop_memory_limit(self, value: float) -> None:
        if self._container is not None:
            memory = max(_SMALLEST_MEMORY, int(value) >> 20 << 20)
            self._change(replace(self._container.spec.resources, memory=memory), memory_text(memory))

    def _drop_cpu_limit(self, value: float) -> None:
        if self._container is not None:
            cpus = max(0.01, round(value / 100, 2))
            self._change(replace(self._container.spec.resources, cpus=cpus), f"{cpus:g}")

    def _change(self, resources: Resources, words: str) -> None:
        container = self._container
        if container is None:
            return
        old = container.spec.resources

        async def apply(wanted: Resources) -> None:
            request = UpdateContainer(resources=wanted)
            await self.client.call(lambda engine: engine.containers.update(container.id, request))

        async def change() -> None:
            try:
                await apply(resources)
            except BaseException:
                self.refresh(container)
                raise
            self.shell.toast(
                translate("Stats", "The limit is now {0}").format(words),
                button=translate("Stats", "Undo"),
                on_button=lambda: self.shell.run(apply(old)),
            )

        self.shell.run(change())


def _filled(history: Sequence[Rates]) -> dict[str, SeriesBuffer]:
    """A day is eight thousand samples: away from the window's thread."""
    buffers = {name: SeriesBuffer(columns=count) for name, count in COLUMNS.items()}
    for rates in history:
        for name, buffer in buffers.items():
            buffer.append(rates.time_ns, figures(name, rates), rates.seconds)
    return buffers
