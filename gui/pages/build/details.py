"""One build: the graph of its steps, their output, and the Dockerfile with what is wrong at its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.types.builds import StepState
from gui.pages.build.dockerfile import DockerfileView
from gui.pages.lists.details_header import DetailsHeader
from gui.presentation.images import builds as words
from gui.presentation.units import step_text
from gui.theme import Space, Tone
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.empty_state import EmptyState
from gui.widgets.layouts import flush_column
from gui.widgets.logview import LogRow, LogView, MemoryLineSource, TimeStyle
from gui.widgets.painted.badge import Badge
from gui.widgets.painted.step_graph import GraphLane, GraphStep, StepGraph
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.builds import Build, BuildOutput
    from gui.bridge import Lease
    from gui.shell import Shell

_CLOCK_MILLISECONDS = 200
_WORTH_TELLING_SECONDS = 0.001


class BuildDetails(QWidget):
    """Follows one build; `left` is the way back to the list."""

    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.build_id = ""
        self._lease: Lease | None = None
        self._lines: list[BuildOutput] = []
        self._only = ""
        self._last_step = ""
        self._make_header()
        self._make_body()
        column = flush_column(self)
        column.addWidget(self.header)
        column.addWidget(self._problem_box)
        column.addWidget(self._body, 1)
        self._clock = QTimer(self, interval=_CLOCK_MILLISECONDS)
        self._clock.timeout.connect(self.refresh)

    # --- building ---

    def _make_header(self) -> None:
        self.header = DetailsHeader(self._shell, translate("BuildDetails", "Back to the builds"), list)
        self.header.left.connect(self.left)
        self.badge = Badge()
        self.cancel = button(translate("BuildDetails", "Cancel"), "x", Variant.DEFAULT, self._cancel)
        self.again = button(translate("BuildDetails", "Build again"), "restart", Variant.DEFAULT, self._again)
        self.again.setShortcut(QKeySequence("Ctrl+Return"))  # Tab belongs to the text that is mended
        self.shell_button = button(
            translate("BuildDetails", "Open a shell where it failed"), "terminal", Variant.DEFAULT, self._open_shell
        )
        self.run = button(translate("BuildDetails", "Run"), "play", Variant.PRIMARY, self._run)
        for widget in (self.badge, self.cancel, self.again, self.shell_button, self.run):
            self.header.add(widget)
        self.problem = Banner(Tone.DANGER)
        self._problem_box = QWidget()
        around = QVBoxLayout(self._problem_box)
        around.setContentsMargins(Space.XL, Space.M, Space.XL, 0)
        around.addWidget(self.problem)

    def _make_body(self) -> None:
        self.graph = StepGraph(translate("BuildDetails", "Steps"))
        self.graph.chosen.connect(self._on_step)
        area = QScrollArea()
        area.setWidget(self.graph)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.tabs = Segmented(
            (
                ("output", translate("BuildDetails", "Output")),
                ("dockerfile", translate("BuildDetails", "Dockerfile")),
            ),
            translate("BuildDetails", "What to show"),
        )
        self.tabs.changed.connect(self._on_tab)
        self.source = MemoryLineSource()
        self.output = LogView(translate("BuildDetails", "Output of the build"))
        self.output.set_source(self.source)
        self.output.set_timestamps(TimeStyle.OFF)
        self.output.set_follow(on=True)
        self.dockerfile = DockerfileView(self._shell)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.output)
        self._stack.addWidget(self.dockerfile)
        self.silence = EmptyState(
            "bolt",
            translate("BuildDetails", "Nothing was printed"),
            translate("BuildDetails", "Steps that were done before are not run again."),
        )
        self._stack.addWidget(self.silence)
        lower = QWidget()
        column = flush_column(lower)
        bar = QHBoxLayout()
        bar.setContentsMargins(Space.XL, Space.S, Space.L, Space.S)
        bar.addWidget(self.tabs)
        bar.addStretch(1)
        column.addLayout(bar)
        column.addWidget(self._stack, 1)
        self._body = QSplitter(Qt.Orientation.Vertical)
        self._body.addWidget(area)
        self._body.addWidget(lower)
        self._body.setSizes([320, 360])
        self._body.setChildrenCollapsible(False)

    # --- showing ---

    def show_build(self, build_id: str) -> None:
        """Follow another build from its first line."""
        self.suspend()
        if build_id != self.build_id:
            self.build_id = build_id
            self._only = ""
            self.graph.choose("")
            self.tabs.set_current("output")
            self._stack.setCurrentIndex(0)
        self.resume()

    def show_tab(self, tab: str) -> None:
        """ "output" or "dockerfile"."""
        self.tabs.set_current(tab)
        self._on_tab(tab)

    def resume(self) -> None:
        if not self.build_id:
            return
        self._lines.clear()
        self.source.clear()
        self._last_step = ""
        build_id = self.build_id
        self._lease = self._shell.client.stream(lambda engine: engine.builds.output(build_id), self._on_output)
        self.refresh()

    def suspend(self) -> None:
        self._clock.stop()
        if self._lease is not None:
            self._lease.end()
            self._lease = None

    def refresh(self) -> None:
        build = self._shell.client.mirror.builds.get(self.build_id)
        if build is None:
            return
        state = words.build_words(build)
        self.header.set_title(words.build_title(build))
        self.header.set_subtitle(f"{words.steps_text(build)} · {step_text(words.seconds_of(build))}")
        self.badge.set(state.word, state.tone, icon_name=state.icon)
        self.cancel.setVisible(build.ended is None)
        self.again.setVisible(build.ended is not None and build.request is not None)
        self.shell_button.setVisible(bool(build.kept_container))
        self.run.setVisible(bool(build.image_id))
        self.graph.set_lanes(lanes_of(build))
        self._show_problem(build)
        self._show_dockerfile(build)
        self._on_tab(self.tabs.current())
        if build.ended is None and self.isVisible():
            self._clock.start()
        else:
            self._clock.stop()

    def _show_problem(self, build: Build) -> None:
        failure = build.failure
        shown = failure is not None and failure.code != "cancelled"
        self._problem_box.setVisible(shown)
        if failure is not None and shown:
            text = "\n".join(part for part in (failure.explanation, failure.hint) if part)
            self.problem.show_message(Tone.DANGER, words.failure_title(build), text)

    def _show_dockerfile(self, build: Build) -> None:
        self.dockerfile.show_build(build)

    # --- output ---

    def _on_output(self, lines: list[BuildOutput]) -> None:
        self._lines.extend(lines)
        self._show_lines(lines)
        self._on_tab(self.tabs.current())

    def _on_step(self, step: str) -> None:
        self._only = step
        self.source.clear()
        self._last_step = ""
        self._show_lines(self._lines)
        self.output.go_to_end()

    def _show_lines(self, lines: list[BuildOutput]) -> None:
        """Lines of the chosen step, or of all with a heading wherever the step changes."""
        build = self._shell.client.mirror.builds.get(self.build_id)
        titles = {step.id: step.instruction for step in build.steps} if build else {}
        rows: list[LogRow] = []
        for line in lines:
            if self._only not in ("", line.step):
                continue
            if line.step != self._last_step and not self._only:
                rows.append(LogRow(titles.get(line.step, line.step), note=True))
                self._last_step = line.step
            rows.append(LogRow(line.text, stderr=line.stream == "stderr"))
        self.source.extend(rows)

    def _on_tab(self, tab: str) -> None:
        build = self._shell.client.mirror.builds.get(self.build_id)
        silent = build is not None and build.ended is not None and not self._lines
        output = self.silence if silent else self.output
        self._stack.setCurrentWidget(self.dockerfile if tab == "dockerfile" else output)

    # --- deeds ---

    def _cancel(self) -> None:
        build_id = self.build_id
        self._shell.run(self._shell.client.call(lambda engine: engine.operations.cancel(build_id)))

    def _again(self) -> None:
        if self.dockerfile.editing:
            self._shell.run(self._build_mended())
        else:
            self._shell.trigger("build.again", [self._shell.client.mirror.builds[self.build_id]])

    async def _build_mended(self) -> None:
        """What was mended is saved first: who builds again means the text on the screen."""
        if not await self.dockerfile.save() or (request := self.dockerfile.request()) is None:
            return
        ticket = await self._shell.client.begin(lambda engine: engine.builds.build(request))
        self._shell.navigate("builds", ticket.id)

    def _run(self) -> None:
        build = self._shell.client.mirror.builds[self.build_id]
        self._shell.open_dialog("run", image=build.tags[0] if build.tags else build.image_id)

    def _open_shell(self) -> None:
        container = self._shell.client.mirror.builds[self.build_id].kept_container

        async def start_and_show() -> None:
            await self._shell.client.call(lambda engine: engine.containers.start(container))
            self._shell.navigate("containers", container, "terminal")

        self._shell.run(start_and_show())


def lanes_of(build: Build) -> list[GraphLane]:
    """Stages in the order of their first step; what a stage's first step waits for makes the curves."""
    stages = list(dict.fromkeys(step.stage for step in build.steps))
    stage_of = {step.id: step.stage for step in build.steps}
    lanes: list[GraphLane] = []
    for stage in stages:
        steps = [step for step in build.steps if step.stage == stage]
        waits = {stage_of[other] for other in steps[0].depends_on if other in stage_of} - {stage}
        shown = []
        for step in steps:
            state = words.step_words(step.state)
            seconds = words.step_seconds(step)
            detail = step_text(seconds) if seconds >= _WORTH_TELLING_SECONDS else ""
            detail = state.word if step.state is StepState.CACHED else detail
            dim = step.state in (StepState.WAITING, StepState.SKIPPED)
            tooltip = f"{state.word}\n{step.instruction}"
            shown.append(GraphStep(step.id, step.instruction, state.tone, state.icon, detail, tooltip, dim))
        title = words.stage_title(stage, last=stage == stages[-1])
        lanes.append(GraphLane(title, tuple(shown), tuple(sorted(stages.index(one) for one in waits))))
    return lanes
