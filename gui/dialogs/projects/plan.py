"""What bringing a project up or taking it away will do, to be accepted; then the steps as they go."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QVBoxLayout
from shiboken6 import isValid

from engine.errors import WherryError
from engine.types.containers import ALIVE_STATES
from engine.types.operations import Operation, OperationState
from engine.types.projects import DownProject, ProjectPlan, UpProject
from gui.models.projects import plan_model
from gui.presentation.containers.words import PROJECT_LABEL, project_of
from gui.presentation.errors import words_of, words_of_failure
from gui.presentation.projects import words
from gui.presentation.units import bytes_text
from gui.shell import Removal
from gui.theme import Size, Space, Text, Tone
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.card import Card
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import label
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.events import Kind
    from engine.types.volumes import Volume
    from gui.bridge import ChangeSet, Engine, OperationHandle
    from gui.shell import Shell


_BECAUSE, _FAR = 2, 3
"""Columns: the reason, and how far a step is, which is shown once the plan was accepted."""


class ProjectPlanDialog(QDialog):
    """`request` is planned and shown; accepted, it is carried out. `back_to` names a project that is rolled back."""

    def __init__(self, shell: Shell, request: UpProject | DownProject, back_to: str = "") -> None:
        super().__init__(shell.dialog_parent)
        self._shell, self._request, self._back_to = shell, request, back_to
        self.operation = ""
        self._told_back = False
        self.plan: ProjectPlan | None = None
        self.setObjectName("dialog.project-plan")
        self.setMinimumSize(840, 480)
        self._title = label("", Text.TITLE)
        self._summary = label(translate("PlanDialog", "Working out what would be done…"), tone=Tone.MUTED, wrap=True)
        self.model = plan_model(self)
        self.table = self._make_table()
        self.banner = Banner(Tone.DANGER)
        self.banner.hide()
        self.volumes = QCheckBox(translate("PlanDialog", "Delete its volumes too, with all that is in them"))
        self.volumes.setVisible(isinstance(request, DownProject))
        self.volumes.toggled.connect(self._on_volumes)
        self.orphans = QCheckBox(
            translate("PlanDialog", "Remove containers of services that are no longer in the files")
        )
        self.orphans.setVisible(isinstance(request, UpProject) and not back_to)
        self.orphans.toggled.connect(self._on_orphans)
        self._frame = Card(padded=False)
        self._frame.body.addWidget(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(self._title)
        column.addWidget(self._summary)
        column.addWidget(self._frame, 1)
        for widget in (self.banner, self.volumes, self.orphans):
            column.addWidget(widget)
        column.addLayout(self._make_buttons())
        shell.client.changed.connect(self._on_changes)
        self._tell_title(self._name())
        self._load()

    # --- building ---

    def _make_table(self) -> Table:
        table = Table(translate("PlanDialog", "What will be done"), row_height=Size.ROW, multi=False)
        table.set_inset()
        table.setModel(self.model)
        table.setSortingEnabled(False)
        painters = {0: TextCell(), 1: TextCell(code=True), 2: TextCell(secondary=True), 3: TextCell()}
        if isinstance(self._request, DownProject):  # nobody asks why: it was asked for
            table.set_columns(painters, {0: 210, 3: 130}, stretch=1)
            table.setColumnHidden(_BECAUSE, True)  # noqa: FBT003
        else:
            table.set_columns(painters, {0: 210, 1: 200, 3: 130}, stretch=2)
        table.setColumnHidden(_FAR, True)  # noqa: FBT003
        nothing = translate("PlanDialog", "Nothing to do")
        table.set_empty_state(EmptyState("check-circle", nothing, ""))
        return table

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._stop = button(translate("PlanDialog", "Cancel it"), "x-circle", on_click=self._on_cancel)
        self._stop.hide()
        row.addWidget(self._stop)
        row.addStretch(1)
        self.close_button = button(translate("PlanDialog", "Cancel"), "", Variant.GHOST, self.reject)
        row.addWidget(self.close_button)
        down = isinstance(self._request, DownProject)
        verb = translate("PlanDialog", "Take it down") if down else translate("PlanDialog", "Bring it up")
        if self._back_to:
            verb = translate("PlanDialog", "Roll back")
        self.go = button(verb, "", Variant.DANGER if down else Variant.PRIMARY, self.carry_out)
        self.go.setEnabled(False)
        self.go.setDefault(not down)
        row.addWidget(self.go)
        return row

    def _name(self) -> str:
        if self._back_to:
            return self._back_to
        if isinstance(self._request, DownProject):
            return self._request.name
        return self._request.source.name

    def _tell_title(self, name: str) -> None:
        if self._back_to:
            title = translate("PlanDialog", "Roll back {0}")
        elif isinstance(self._request, DownProject):
            title = translate("PlanDialog", "Take down {0}")
        else:
            title = translate("PlanDialog", "Bring up {0}")
        self.setWindowTitle(title.format(name))
        self._title.setText(title.format(name))

    # --- the plan ---

    def _on_volumes(self, on: bool) -> None:  # noqa: FBT001
        assert isinstance(self._request, DownProject)
        self._request = msgspec.structs.replace(self._request, volumes=on)
        self._load()

    def _on_orphans(self, on: bool) -> None:  # noqa: FBT001
        assert isinstance(self._request, UpProject)
        self._request = msgspec.structs.replace(self._request, remove_orphans=on)
        self._load()

    def _load(self) -> None:
        self.go.setEnabled(False)
        self._shell.run(self._ask())

    async def _ask(self) -> None:
        request = self._request
        try:
            if isinstance(request, UpProject):
                await self._make_room(request)
            plan = await self._shell.client.call(lambda engine: _planned(engine, request))
        except WherryError as error:
            if isValid(self):
                said = words_of(error)
                self._warn(said.title, said.text, said.details)
            return
        if isValid(self) and request is self._request:
            self._show(plan)

    async def _make_room(self, request: UpProject) -> None:
        """What was taken down and could still be taken back goes first: it would go later, and with it what is brought
        up now."""
        reading = await self._shell.client.call(lambda engine: engine.projects.read(request.source))
        there = await self._shell.client.call(lambda engine: engine.containers.list())
        await self._shell.make_room("container", [one.id for one in there if project_of(one) == reading.project])

    def _show(self, plan: ProjectPlan) -> None:
        self.plan = plan
        if plan.project:
            self._tell_title(plan.project)
        faults = [problem for problem in plan.problems if not problem.warning]
        self.banner.hide()
        if faults:
            title = translate("PlanDialog", "The files cannot be used")
            self._warn(title, "\n".join(words.problem_text(problem) for problem in faults))
        self.model.set_items(row for step in plan.steps for row in words.plan_rows(step))
        self._summary.setText(self._told(plan))
        doing = any(step.action != "keep" for step in plan.steps)
        self.go.setEnabled(doing and not faults)

    def _told(self, plan: ProjectPlan) -> str:
        if not isinstance(self._request, DownProject):
            return words.summary_text(plan.steps)
        volumes = self._volumes(plan.project)
        kept = [one.name for one in volumes]
        counted = words.summary_text(plan.steps)
        if not kept:
            return f"{counted}\n{_back_text()}"
        names = ", ".join(sorted(kept))
        if self._request.volumes:
            told = translate("PlanDialog", "Deleted with what is in them: {0}").format(names)
            if size := sum(one.size or 0 for one in volumes):
                told += " · " + translate("PlanDialog", "frees {0}").format(bytes_text(size))
        else:
            told = translate("PlanDialog", "Kept: images, files and what is in {0}").format(names)
        return f"{counted} · {told}\n{_back_text()}"

    def _warn(self, title: str, text: str = "", details: str = "") -> None:
        self.banner.show_message(Tone.DANGER, title, text, details)
        self.banner.show()

    # --- carrying it out ---

    def carry_out(self) -> None:
        """The plan was accepted."""
        self.go.setEnabled(False)
        for box in (self.volumes, self.orphans):
            box.setEnabled(False)
        self._shell.run(self._begin())

    async def _begin(self) -> None:
        request = self._request
        if isinstance(request, DownProject):
            request = msgspec.structs.replace(request, only_stop=True)  # the rest waits, and can be taken back
        ticket = await self._shell.client.begin(lambda engine: _begun(engine, request))
        if not isValid(self):
            return
        self.operation = ticket.id
        self.table.setColumnHidden(_FAR, False)  # noqa: FBT003
        self.go.hide()
        for box in (self.volumes, self.orphans):
            box.hide()
        self._stop.show()
        self.close_button.setText(translate("PlanDialog", "Close"))
        self._fill()

    def _on_changes(self, changes: ChangeSet) -> None:
        if self.operation and changes.touches("operation"):
            self._fill()

    def _fill(self) -> None:
        operation = self._shell.client.mirror.operations.get(self.operation)
        if operation is None:
            return
        if operation.steps:
            planned = {step.id: step for step in self.plan.steps} if self.plan else {}
            self.model.set_items(row for step in operation.steps for row in words.step_rows(step, planned))
        running = operation.state is OperationState.RUNNING
        self._stop.setVisible(running and operation.cancellable)
        self._summary.setText(_end_text(operation))
        if operation.failure is not None:
            said = words_of_failure(operation.failure)
            self._warn(said.title, said.text, said.details)
        if operation.state is OperationState.SUCCEEDED and isinstance(self._request, DownProject):
            self._offer_back(self._request, operation)
            self.accept()  # the way back has a clock, and lies below this
            return
        if not running:
            self.close_button.setProperty("variant", Variant.PRIMARY.value)
            self.close_button.style().polish(self.close_button)

    def _offer_back(self, request: DownProject, operation: Operation) -> None:
        """All that was stopped waits as long as any removal does, with the files inside it, and runs again if it is
        taken back."""
        if self._told_back:
            return
        self._told_back = True
        name, mirror = request.name, self._shell.client.mirror
        containers = tuple(one.id for one in mirror.containers.values() if project_of(one) == name)
        hidden: dict[Kind, tuple[str, ...]] = {"container": containers}
        hidden["network"] = tuple(one.id for one in mirror.networks.values() if one.labels.get(PROJECT_LABEL) == name)
        title = translate("PlanDialog", "Took down {0}").format(name)
        if request.volumes:
            hidden["volume"] = tuple(one.name for one in self._volumes(name))
            title = translate("PlanDialog", "Took down {0} with its volumes").format(name)
        stopped = [step.subject for step in reversed(operation.steps) if step.action == "stop"]

        async def start_again(engine: Engine) -> None:
            for each in stopped:
                await engine.containers.start(each)

        work = functools.partial(_take_down, request=request, containers=containers)
        self._shell.remove(Removal(title=title, hidden=hidden, work=work, back=start_again))

    def _volumes(self, project: str) -> list[Volume]:
        return [one for one in self._shell.client.mirror.volumes.values() if one.labels.get(PROJECT_LABEL) == project]

    def _on_cancel(self) -> None:
        key = self.operation
        self._shell.run(self._shell.client.call(lambda engine: engine.operations.cancel(key)))


async def _take_down(engine: Engine, request: DownProject, containers: Sequence[str]) -> None:
    """Not where somebody has brought it up again meanwhile."""
    there = [one for one in await engine.containers.list() if project_of(one) == request.name]
    if all(one.id in containers and one.state not in ALIVE_STATES for one in there):
        await engine.projects.down(request).result()


async def _planned(engine: Engine, request: UpProject | DownProject) -> ProjectPlan:
    if isinstance(request, UpProject):
        return await engine.projects.plan(request)
    return await engine.projects.plan_down(request)


def _begun(engine: Engine, request: UpProject | DownProject) -> OperationHandle:
    return engine.projects.up(request) if isinstance(request, UpProject) else engine.projects.down(request)


def _back_text() -> str:
    return translate(
        "PlanDialog", "For ten seconds, Undo then brings all of it back, with the files in the containers."
    )


def _end_text(operation: Operation) -> str:
    done = sum(step.state == "done" for step in operation.steps)
    if operation.state is OperationState.RUNNING:
        return translate("PlanDialog", "{0} of {1} steps done", None, len(operation.steps)).format(
            done, len(operation.steps)
        )
    if operation.state is OperationState.SUCCEEDED:
        return translate("PlanDialog", "All is done.")
    if operation.state is OperationState.CANCELLED:
        return translate("PlanDialog", "Cancelled; what was done stays, and Up goes on from there.")
    return translate("PlanDialog", "Not all could be done; what ran before goes on running.")
