"""Add a machine, or change how one is reached: one address, one name, and a test that shows what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCompleter, QLineEdit, QWidget
from shiboken6 import isValid

from engine.errors import WherryError
from engine.types.machines import Machine
from gui.dialogs.short_form import ShortForm
from gui.presentation.errors import words_of
from gui.presentation.remote.machines import found_words
from gui.theme import Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import form_label
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.machines import Found
    from gui.shell import Shell

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]{0,127}")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_.+-]+")


class MachineDialog(ShortForm):
    """What ssh, docker and this computer's sockets know is offered while an address is typed."""

    def __init__(self, shell: Shell, machine: Machine | None = None) -> None:
        title = translate("MachineDialog", "Add a machine")
        verb = translate("MachineDialog", "Add")
        if machine is not None:
            title, verb = (
                translate("MachineDialog", "How {0} is reached").format(machine.name),
                translate("MachineDialog", "Save"),
            )
        super().__init__(shell, title, verb)
        self.setObjectName("dialog.machine")
        self._before = machine
        self._named_by_hand = machine is not None
        self.address, self.name = QLineEdit(), QLineEdit()
        self.ca, self.certificate, self.key = QLineEdit(), QLineEdit(), QLineEdit()
        self.address.setPlaceholderText(translate("MachineDialog", "ssh://me@server, or a host of your ssh"))
        self.ca.setPlaceholderText(translate("MachineDialog", "The authority's certificate, a .pem file"))
        rows: list[tuple[str, QWidget]] = [
            (translate("MachineDialog", "Address"), self.address),
            (translate("MachineDialog", "Name"), self.name),
            (translate("MachineDialog", "Authority"), self.ca),
            (translate("MachineDialog", "Certificate"), self.certificate),
            (translate("MachineDialog", "Key"), self.key),
        ]
        for words, field in rows:
            field.setAccessibleName(words)
            self.form.addRow(form_label(words), field)
        self.test = button(translate("MachineDialog", "Test"), "plug", Variant.DEFAULT, self._on_test)
        self.form.addRow("", self.test)
        if machine is not None:
            for field, text in (
                (self.address, machine.address), (self.name, machine.name), (self.ca, machine.ca_file),
                (self.certificate, machine.certificate), (self.key, machine.key),
            ):  # fmt: skip
                field.setText(text)
        self.address.textChanged.connect(self._on_address)
        self.name.textEdited.connect(self._on_named)
        self._on_address(self.address.text())
        self.address.setFocus()
        shell.run(self._suggest())

    async def _suggest(self) -> None:
        found = await self._shell.client.at_home(lambda engine: engine.machines.suggestions())
        if isValid(self):
            completer = QCompleter([each.address for each in found if each.source != "store"], self)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            self.address.setCompleter(completer)

    def _on_named(self) -> None:
        self._named_by_hand = True

    def _on_address(self, text: str) -> None:
        """Certificates are for tcp:// alone; the name is the host's until somebody gives another."""
        tcp = text.strip().lower().startswith(("tcp://", "https://", "http://"))
        for field in (self.ca, self.certificate, self.key):
            self.form.setRowVisible(field, tcp)
        if not self._named_by_hand:
            self.name.setText(name_for(text))

    def wanted(self) -> Machine:
        before = self._before or Machine(name="")
        return Machine(
            name=self.name.text().strip(),
            address=self.address.text().strip(),
            description=before.description,
            unchecked=before.unchecked,
            ca_file=self.ca.text().strip(),
            certificate=self.certificate.text().strip(),
            key=self.key.text().strip(),
        )

    def problem(self) -> str:
        if not self.address.text().strip():
            return translate("MachineDialog", "Write an address: ssh://me@server, unix:///path or tcp://host:2376")
        if not _NAME.fullmatch(self.name.text().strip()):
            return translate("MachineDialog", "The name begins with a letter or digit; . _ + - may follow")
        return ""

    def _on_test(self) -> None:
        if words := self.problem():
            self.warn(words)
            return
        self._shell.run(self._try(self.wanted()))

    async def _try(self, machine: Machine) -> None:
        self.test.setEnabled(False)
        self.banner.show_message(Tone.INFO, translate("MachineDialog", "Connecting to {0}…").format(machine.address))
        self.banner.show()
        try:
            found: Found = await self._shell.client.at_home(lambda engine: engine.machines.find_out(machine))
        except WherryError as error:
            if isValid(self):
                words = words_of(error)
                self.banner.show_message(Tone.DANGER, words.title, words.text, words.details)
        else:
            if isValid(self):
                self.banner.show_message(Tone.SUCCESS, found_words(found))
        finally:
            if isValid(self):
                self.test.setEnabled(True)
                self.adjustSize()

    def submit(self) -> None:
        if words := self.problem():
            self.warn(words)
            return
        machine, before = self.wanted(), self._before
        if before is None:
            told = translate("MachineDialog", "Added {0}").format(machine.name)
            self._shell.run(self.attempt(self._add(machine), told))
            return
        told = translate("MachineDialog", "Changed {0}").format(machine.name)
        work = self._shell.client.at_home(lambda engine: engine.machines.change(before.name, machine))
        self._shell.run(self.attempt(work, told))

    async def _add(self, machine: Machine) -> None:
        """And show it: that is what it was added for."""
        await self._shell.client.at_home(lambda engine: engine.machines.add(machine))
        await self._shell.show_machine(machine.name)


def name_for(address: str) -> str:
    """The host's first word, as a name."""
    place = address.strip().partition("://")[2] or address.strip()
    host = place.rpartition("@")[2].partition("/")[0].partition(":")[0] or place.strip("/").rpartition("/")[2]
    first = host.partition(".")[0] if not host.replace(".", "").isdigit() else host
    return _NOT_IN_NAMES.sub("-", first).strip("-.+_")
