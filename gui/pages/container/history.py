"""What happened to a container: why it ended, where the milliseconds of its start went, and every event."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from engine.errors import WherryError
from gui.pages.container.tab import DetailTab
from gui.presentation.units import clock_text, memory_text, milliseconds_text
from gui.theme import Role, Size, Space, Text, Tone, color, font, icon, theme
from gui.widgets.buttons import Variant, button
from gui.widgets.card import Card
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.labels import CodeLabel, label
from gui.widgets.layouts import scrolling
from gui.widgets.painted.mirror import run_from_left
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.types.containers import Container, DeathReport, StartTiming
    from engine.types.events import Event
    from gui.shell import Shell

    Deed = tuple[str, str, Callable[[], None]]

_MOST_EVENTS = 200
_ROW = 26
_NAME = 170


class Waterfall(QWidget):
    """The steps of a start, one bar each, on one axis of time: those side by side are drawn side by side."""

    def __init__(self) -> None:
        super().__init__()
        self._timing: StartTiming | None = None
        self.setAccessibleName(translate("History", "Steps of the last start"))
        theme().changed.connect(self.update)

    def show_timing(self, timing: StartTiming) -> None:
        self._timing = timing
        words = ", ".join(f"{name} {milliseconds_text(took)}" for name, _begin, took in timing.spans)
        self.setAccessibleDescription(words)
        self.setFixedHeight(max(1, len(timing.steps)) * _ROW)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._timing is None or not self._timing.steps:
            return
        painter = QPainter(self)
        run_from_left(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        total = max(0.001, self._timing.total_ms)
        room = self.width() - _NAME - 80
        for number, (name, begin, took) in enumerate(self._timing.spans):
            top = number * _ROW
            painter.setFont(font(Text.BODY))
            painter.setPen(color(Role.TEXT_SECONDARY))
            painter.drawText(QRectF(0, top, _NAME - Space.S, _ROW), Qt.AlignmentFlag.AlignVCenter, name)
            left = _NAME + room * begin / total
            width = max(3.0, room * took / total)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().series(number))
            painter.drawRoundedRect(QRectF(left, top + 6, width, _ROW - 12), 3, 3)
            painter.setFont(font(Text.SMALL, tabular=True))
            painter.setPen(color(Role.TEXT_MUTED))
            beside = QRectF(left + width + Space.S, top, 80, _ROW)
            painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, milliseconds_text(took))


class MemoryCurve(QWidget):
    """The last minute of memory before the end, against the limit."""

    def __init__(self, report: DeathReport) -> None:
        super().__init__()
        self._curve, self._limit = report.memory_curve, report.memory_limit
        self.setFixedHeight(110)
        self.setAccessibleName(translate("History", "Memory in the last minute"))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        run_from_left(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = max([self._limit, *(value for _, value in self._curve)]) * 1.1 or 1
        first = self._curve[0][0] or -1.0
        plot = QRectF(0, 4, self.width() - 90, self.height() - 22)
        points = [
            QPointF(plot.left() + plot.width() * (1 - moment / first), plot.bottom() - plot.height() * value / top)
            for moment, value in self._curve
        ]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(Role.ACCENT, 0.18))
        painter.drawPolygon(
            QPolygonF([QPointF(points[0].x(), plot.bottom()), *points, QPointF(points[-1].x(), plot.bottom())])
        )
        painter.setPen(color(Role.ACCENT))
        painter.drawPolyline(QPolygonF(points))
        painter.setFont(font(Text.SMALL))
        if self._limit:
            y = plot.bottom() - plot.height() * self._limit / top
            painter.setPen(color(Role.DANGER))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            words = translate("History", "limit {0}").format(memory_text(self._limit))
            painter.drawText(QRectF(plot.right() + Space.S, y - 10, 90, 20), Qt.AlignmentFlag.AlignVCenter, words)
        painter.setPen(color(Role.TEXT_MUTED))
        foot = QRectF(plot.left(), plot.bottom() + 2, plot.width(), 18)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, translate("History", "{0} s before").format(round(-first)))
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, translate("History", "the end"))


class HistoryTab(DetailTab):
    """Three cards: the death report, the start, the events."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._container: Container | None = None
        self._reported: object = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        inside = QWidget()
        outer.addWidget(scrolling(inside))
        column = QVBoxLayout(inside)
        column.setContentsMargins(Space.XL, Space.L, Space.XL, Space.XL)
        column.setSpacing(Space.L)
        self.death = Card(translate("History", "Why it ended"))
        self.death.hide()
        self.start = Card(translate("History", "The last start"))
        self.waterfall = Waterfall()
        self.start.body.addWidget(self.waterfall)
        self.events = Card(translate("History", "Events"))
        self._events = QVBoxLayout()
        self._events.setSpacing(Space.XS)
        self.events.body.addLayout(self._events)
        for card in (self.death, self.start, self.events):
            column.addWidget(card)
        column.addStretch(1)

    def resume(self, container: Container) -> None:
        self._reported = None
        self.refresh(container)

    def refresh(self, container: Container) -> None:
        self._container = container
        self.start.setVisible(bool(container.timing.steps))
        self.start.subtitle.setText(
            translate("History", "{0} in all").format(milliseconds_text(container.timing.total_ms))
        )
        self.waterfall.show_timing(container.timing)
        if container.exit is None:
            self.death.hide()
        elif container.exit != self._reported:
            self._reported = container.exit
            self.shell.run(self._load_report(container.id))
        self.shell.run(self._load_events(container.id))

    # --- the report ---

    async def _load_report(self, key: str) -> None:
        try:
            report = await self.client.call(lambda engine: engine.containers.death_report(key))
        except WherryError:
            self.death.hide()
            return
        if self._container is not None and self._container.id == key:
            self._show_report(self._container, report)

    def _show_report(self, container: Container, report: DeathReport) -> None:
        _clear(self.death.body)
        self.death.subtitle.setText(clock_text(report.exit.ended))
        body = self.death.body
        body.addWidget(label(report.summary, Text.TITLE, wrap=True))
        body.addWidget(label(report.meaning, Text.BODY, Tone.NEUTRAL, wrap=True))
        if report.oom_proof:
            body.addWidget(label(report.oom_proof, Text.BODY, Tone.NEUTRAL, wrap=True))
        if len(report.memory_curve) > 1:
            body.addWidget(MemoryCurve(report))
        if report.stderr_tail:
            body.addWidget(label(translate("History", "Its last words"), Text.SMALL, Tone.MUTED))
            body.addWidget(_sunken("\n".join(report.stderr_tail)))
        if report.health_output:
            body.addWidget(label(translate("History", "The last health check said"), Text.SMALL, Tone.MUTED))
            body.addWidget(_sunken(report.health_output))
        for change in report.changes_since_good_run:
            body.addWidget(label("•  " + change, wrap=True))
        if report.restarts:
            words = translate("History", "Restarted %n times", None, report.restarts)
            body.addWidget(label(words, Text.BODY, Tone.NEUTRAL))
        body.addWidget(self._next_steps(container, report.next_steps))
        self.death.show()

    def _next_steps(self, container: Container, steps: Sequence[str]) -> QWidget:
        box = QWidget()
        row = FlowLayout(box)
        row.setContentsMargins(0, Space.S, 0, 0)
        table = self._deeds(container)
        for number, step in enumerate(steps):
            words, picture, act = table[step]
            row.addWidget(button(words, picture, Variant.PRIMARY if number == 0 else Variant.DEFAULT, act))
        return box

    def _deeds(self, container: Container) -> dict[str, Deed]:
        """For each step that a report can name: the button's words, its picture, and what it does."""
        shell, key = self.shell, container.id
        edits = {
            "raise-memory": (translate("History", "Raise the memory limit…"), "memory", "limits"),
            "fix-command": (translate("History", "Change the command…"), "edit", "command"),
            "change-port": (translate("History", "Change the ports…"), "plug", "ports"),
            "check-mounts": (translate("History", "Check files and volumes…"), "volume", "mounts"),
            "show-health": (translate("History", "Change the health check…"), "pulse", "health"),
            "edit": (translate("History", "Change its settings…"), "settings", ""),
        }
        deeds: dict[str, Deed] = {
            step: (words, picture, partial(shell.open_dialog, "edit", container=key, section=section))
            for step, (words, picture, section) in edits.items()
        }
        return deeds | {
            "free-space": (
                translate("History", "Make room: unused images"),
                "broom",
                lambda: shell.navigate("images"),
            ),
            "restart": (
                translate("History", "Start again"),
                "play",
                lambda: shell.trigger("container.start", [container]),
            ),
            "show-log": (
                translate("History", "Show the log"),
                "logs",
                lambda: shell.navigate("containers", key, "logs"),
            ),
            "open-shell": (
                translate("History", "Look into its files"),
                "files",
                lambda: shell.navigate("containers", key, "files"),
            ),
        }

    # --- events ---

    async def _load_events(self, key: str) -> None:
        events = await self.client.call(lambda engine: engine.event_log())
        if self._container is None or self._container.id != key:
            return
        own = [event for event in events if event.id == key and event.action not in _NOT_SHOWN][-_MOST_EVENTS:]
        _clear(self._events)
        for event in reversed(own):
            self._events.addWidget(_event_row(event))
        if not own:
            self._events.addWidget(label(translate("History", "Nothing yet"), Text.BODY, Tone.MUTED))
        self.events.subtitle.setText(str(len(own)) if own else "")


_NOT_SHOWN = frozenset({"resize", "top"})
"""What clients do by the dozen, and nobody looks for here."""


def _event_row(event: Event) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(Space.M)
    picture, role = _EVENT_ICONS.get(event.action.partition(":")[0], ("dot", Role.TEXT_MUTED))
    if event.action.endswith("unhealthy"):
        role = Role.WARNING
    sign = label()
    sign.setPixmap(icon(picture, role).pixmap(Size.ICON, Size.ICON))
    moment = label(clock_text(datetime.fromtimestamp(event.time_ns / 1e9, UTC)), Text.SMALL, Tone.MUTED)
    moment.setFont(font(Text.SMALL, tabular=True))
    moment.setFixedWidth(140)
    row.addWidget(sign)
    row.addWidget(moment)
    row.addWidget(label(event_words(event)), 1)
    return box


def event_words(event: Event) -> str:
    """An event in a person's words; an unknown one as it is called."""
    code = event.attributes.get("exitCode", "")
    verb, _, detail = event.action.partition(": ")
    words = {
        "create": translate("Events", "Created"),
        "start": translate("Events", "Started"),
        "restart": translate("Events", "Restarted"),
        "stop": translate("Events", "Stopped"),
        "kill": translate("Events", "Sent a signal"),
        "die": translate("Events", "Ended with {0}").format(code),
        "oom": translate("Events", "Ran out of memory"),
        "mend": translate("Events", "Put right after an interruption"),
        "pause": translate("Events", "Paused"),
        "unpause": translate("Events", "Resumed"),
        "rename": translate("Events", "Renamed"),
        "update": translate("Events", "Changed"),
        "exec_create": translate("Events", "A command was prepared: {0}").format(detail),
        "exec_start": translate("Events", "A command was run: {0}").format(detail),
        "exec_die": translate("Events", "A command ended with {0}").format(code),
        "exec_detach": translate("Events", "A command was left running"),
        "attach": translate("Events", "Its streams were attached to"),
        "detach": translate("Events", "Its streams were let go of"),
        "archive-path": translate("Events", "Files were copied out"),
        "extract-to-dir": translate("Events", "Files were copied in"),
        "export": translate("Events", "Its files were exported"),
        "commit": translate("Events", "An image was made of it"),
        "destroy": translate("Events", "Removed"),
        "health_status: starting": translate("Events", "Its health is being checked"),
        "health_status: healthy": translate("Events", "Healthy"),
        "health_status: unhealthy": translate("Events", "Unhealthy"),
    }
    return words.get(event.action) or words.get(verb, event.action)


_EVENT_ICONS = {
    "create": ("plus", Role.TEXT_SECONDARY),
    "start": ("play", Role.SUCCESS),
    "restart": ("restart", Role.SUCCESS),
    "stop": ("stop", Role.TEXT_SECONDARY),
    "die": ("power", Role.DANGER),
    "oom": ("memory", Role.DANGER),
    "mend": ("history", Role.INFO),
    "kill": ("kill", Role.DANGER),
    "pause": ("pause", Role.INFO),
    "unpause": ("play", Role.INFO),
    "update": ("edit", Role.INFO),
    "rename": ("edit", Role.INFO),
    "health_status": ("pulse", Role.SUCCESS),
    "exec_start": ("terminal", Role.TEXT_SECONDARY),
}


def _sunken(text: str) -> QFrame:
    frame = QFrame()
    frame.setProperty("role", "sunken")
    column = QVBoxLayout(frame)
    column.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
    column.addWidget(CodeLabel(text))
    return frame


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
