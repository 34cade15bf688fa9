"""Make a service of a swarm that is in no stack. More than is asked here, a compose file says."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPlainTextEdit, QSpinBox, QWidget

from engine.types.swarm import CreateService
from gui.dialogs.short_form import ShortForm
from gui.theme import Tone
from gui.widgets.labels import form_label
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell

_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?")
_PORT = re.compile(r"(\d{1,5}:)?\d{1,5}(/(tcp|udp|sctp))?")
_MOST_TASKS = 10_000
_VARIABLES_HEIGHT = 72


class NewServiceDialog(ShortForm):
    def __init__(self, shell: Shell, image: str = "") -> None:
        super().__init__(shell, translate("NewService", "New service"), translate("NewService", "Create"))
        self.setObjectName("dialog.new-service")
        self.image, self.name = QLineEdit(image), QLineEdit()
        self.ports, self.command = QLineEdit(), QLineEdit()
        self.image.setPlaceholderText("nginx:1.27")
        self.name.setPlaceholderText(translate("NewService", "Chosen by the swarm"))
        self.ports.setPlaceholderText("8080:80, 53:53/udp")
        self.command.setPlaceholderText(translate("NewService", "The image's own"))
        self.mode = QComboBox()
        self.mode.addItem(translate("NewService", "So many, wherever there is room"), "replicated")
        self.mode.addItem(translate("NewService", "One on each node"), "global")
        self.tasks = QSpinBox(minimum=0, maximum=_MOST_TASKS, value=1)
        self.mode.currentIndexChanged.connect(lambda _at: self.tasks.setEnabled(self.mode.currentData() != "global"))
        self.variables = QPlainTextEdit()
        self.variables.setPlaceholderText("NAME=value")
        self.variables.setFixedHeight(_VARIABLES_HEIGHT)
        self.variables.setTabChangesFocus(True)
        for words, field in self._fields():
            field.setAccessibleName(words)
            self.form.addRow(form_label(words), field)
        self.login = QCheckBox(translate("NewService", "Give the nodes this computer's login for the registry"))
        self.form.addRow("", self.login)
        self.image.setFocus()

    def _fields(self) -> tuple[tuple[str, QWidget], ...]:
        return (
            (translate("NewService", "Image"), self.image),
            (translate("NewService", "Name"), self.name),
            (translate("NewService", "Tasks"), self.mode),
            (translate("NewService", "How many"), self.tasks),
            (translate("NewService", "Ports"), self.ports),
            (translate("NewService", "Command"), self.command),
            (translate("NewService", "Variables"), self.variables),
        )

    def problem(self) -> str:
        """What is wrong with the form, or ""."""
        if not self.image.text().strip():
            return translate("NewService", "Write an image")
        name = self.name.text().strip()
        if name and not _NAME.fullmatch(name):
            return translate("NewService", "A name begins and ends with a letter or digit; . _ - may stand between")
        for port in self._ports():
            if not _PORT.fullmatch(port):
                return translate("NewService", "Ports are written 8080:80 or 53:53/udp, with commas between")
        for line in self._lines():
            if line.partition("=")[0].strip() in ("", line):
                return translate("NewService", "Variables are written NAME=value, a line each")
        try:
            shlex.split(self.command.text())
        except ValueError:
            return translate("NewService", "A quote in the command is not closed")
        return ""

    def _ports(self) -> list[str]:
        return [each.strip() for each in self.ports.text().split(",") if each.strip()]

    def _lines(self) -> list[str]:
        return [line for line in self.variables.toPlainText().splitlines() if line.strip()]

    def request(self) -> CreateService:
        mode = str(self.mode.currentData())
        deploy: dict[str, Any] = {"mode": mode} | ({"replicas": self.tasks.value()} if mode != "global" else {})
        words: dict[str, Any] = {"image": self.image.text().strip(), "deploy": deploy}
        if ports := self._ports():
            words["ports"] = ports
        if command := shlex.split(self.command.text()):
            words["command"] = command
        if lines := self._lines():
            words["environment"] = dict(line.partition("=")[::2] for line in lines)
        return CreateService(name=self.name.text().strip(), words=words, with_login=self.login.isChecked())

    def submit(self) -> None:
        if words := self.problem():
            self.warn(words)
            return
        told = translate("NewService", "The service is made; its tasks start now.")
        self._shell.run(self.attempt(self._make(self.request()), told))

    async def _make(self, request: CreateService) -> None:
        made = await self._shell.client.call(lambda engine: engine.swarm.create(request))
        for warning in made.warnings:
            self._shell.toast(warning.message, Tone.WARNING)
        self._shell.navigate("swarm", made.id)
