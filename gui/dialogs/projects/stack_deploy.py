"""Deploy a project as a stack: its files and a name, what the swarm would get, before anything is done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit
from shiboken6 import isValid

from engine.compose.project_files import project_name
from engine.errors import WherryError
from engine.types.projects import ReadProject
from engine.types.swarm import DeployStack
from gui.dialogs.short_form import ShortForm
from gui.presentation.errors import words_of
from gui.presentation.remote.swarm import plan_lines
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import form_label, label
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.swarm import StackPlan
    from gui.shell import Shell

_TYPED_MS = 400


class StackDeployDialog(ShortForm):
    """`files` are a project's, by whole paths; without them one is chosen."""

    def __init__(self, shell: Shell, name: str = "", files: Sequence[str] = ()) -> None:
        super().__init__(shell, translate("StackDialog", "Deploy a stack"), translate("StackDialog", "Deploy"))
        self.setObjectName("dialog.stack-deploy")
        self._files = tuple(files)
        self.name = QLineEdit(name)
        self.name.setAccessibleName(translate("StackDialog", "Name"))
        self.project = QComboBox()
        self.project.setAccessibleName(translate("StackDialog", "Project"))
        self.prune = QCheckBox(translate("StackDialog", "Remove services that the files no longer have"))
        self.resolve = QCheckBox(translate("StackDialog", "Ask the registry which image is meant"))
        self.resolve.setChecked(True)
        self.login = QCheckBox(translate("StackDialog", "Give the nodes this computer's logins for the registries"))
        self.plan: QLabel = label("", Text.SMALL, Tone.MUTED, wrap=True)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.project, 1)
        row.addWidget(button(translate("StackDialog", "Choose…"), "folder-open", Variant.DEFAULT, self._choose))
        self.form.addRow(form_label(translate("StackDialog", "Project")), row)
        self.form.addRow(form_label(translate("StackDialog", "Name")), self.name)
        self.form.addRow("", self.prune)
        self.form.addRow("", self.resolve)
        self.form.addRow("", self.login)
        self.form.addRow("", self.plan)
        self._typed = QTimer(self, singleShot=True, interval=_TYPED_MS)
        self._typed.timeout.connect(self._ask)
        self.name.textChanged.connect(lambda _text: self._typed.start())
        self.prune.toggled.connect(lambda _on: self._ask())
        self.project.activated.connect(self._on_project)
        self.go.setEnabled(False)
        if self._files:
            self._offer(name or project_name(os.path.basename(os.path.dirname(self._files[0]))), self._files)
            self._ask()
        else:
            shell.run(self._find_projects())

    async def _find_projects(self) -> None:
        """Those this computer knows."""
        projects = await self._shell.client.at_home(lambda engine: engine.projects.list())
        if not isValid(self) or self._files:
            return
        for each in projects:
            if each.files:
                self.project.addItem(each.name, (each.name, each.files))
        if self.project.count():
            self._on_project(0)
        else:
            self.plan.setText(translate("StackDialog", "Choose a compose file."))

    def _offer(self, name: str, files: tuple[str, ...]) -> None:
        self.project.addItem(f"{name}  ({os.path.basename(files[0])})", (name, files))
        self.project.setCurrentIndex(self.project.count() - 1)

    def _on_project(self, index: int) -> None:
        name, files = self.project.itemData(index)
        self._files = tuple(files)
        self.name.setText(name)
        self._ask()

    def _choose(self) -> None:
        self._shell.run(self._choose_file())

    async def _choose_file(self) -> None:
        title = translate("StackDialog", "Choose a compose file")
        path = await self._shell.choose_open_file(title, translate("StackDialog", "Compose files (*.yml *.yaml)"))
        if path and isValid(self):
            self._offer(project_name(os.path.basename(os.path.dirname(path))), (path,))
            self._on_project(self.project.count() - 1)

    def request(self) -> DeployStack:
        source = ReadProject(
            files=self._files, directory=os.path.dirname(self._files[0]), environment=dict(os.environ),
            home=os.path.expanduser("~"),
        )  # fmt: skip
        return DeployStack(
            name=self.name.text().strip(), source=source, prune=self.prune.isChecked(),
            resolve_image="always" if self.resolve.isChecked() else "never", with_login=self.login.isChecked(),
        )  # fmt: skip

    def _ask(self) -> None:
        self._typed.stop()
        self.go.setEnabled(False)
        if self._files and self.name.text().strip():
            self.plan.setText(translate("StackDialog", "Looking at what would change…"))
            self._shell.run(self._look(self.request()))

    async def _look(self, request: DeployStack) -> None:
        try:
            plan = await self._shell.client.call(lambda engine: engine.swarm.plan(request))
        except WherryError as error:
            if isValid(self) and self.request() == request:
                words = words_of(error)
                self.plan.setText("")
                self.banner.show_message(Tone.DANGER, words.title, words.text, words.details)
                self.banner.show()
            return
        if isValid(self) and self.request() == request:
            self._show_plan(plan)

    def _show_plan(self, plan: StackPlan) -> None:
        self.plan.setText(plan_lines(plan))
        wrong = [each for each in plan.problems if not each.warning]
        told = wrong or list(plan.problems)
        self.banner.hide()
        if told:
            lines = [f"{each.path}: {each.message}" if each.path else each.message for each in told]
            title = (
                translate("StackDialog", "It cannot be deployed") if wrong
                else translate("StackDialog", "What a swarm does otherwise")
            )  # fmt: skip
            self.banner.show_message(Tone.DANGER if wrong else Tone.WARNING, title, "\n".join(lines))
            self.banner.show()
        self.go.setEnabled(not wrong)
        self.adjustSize()

    def submit(self) -> None:
        request = self.request()
        self.accept()
        self._shell.run(self._deploy(request))

    async def _deploy(self, request: DeployStack) -> None:
        ticket = await self._shell.client.begin(lambda engine: engine.swarm.deploy(request))
        name = await ticket.result()
        self._shell.toast(translate("StackDialog", "{0} is deployed").format(name), Tone.SUCCESS)
