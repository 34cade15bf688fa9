"""Move or copy to another machine, or into a file: what goes along and how large, before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel
from shiboken6 import isValid

from engine.errors import WherryError
from engine.types.machines import Moved, MovePlan
from gui.actions.machines import finish_move
from gui.dialogs.short_form import ShortForm
from gui.presentation.errors import words_of
from gui.presentation.remote.machines import machine_title, plan_words
from gui.theme import Text, Tone
from gui.widgets.labels import form_label, label
from gui.words import translate

if TYPE_CHECKING:
    from typing import Literal

    from gui.shell import Shell

_FILE = "archive:"


class MoveDialog(ShortForm):
    """`kind` and `name` say what; where it is is the machine that is shown. `target` is the one that was dropped on."""

    def __init__(
        self,
        shell: Shell,
        kind: Literal["image", "volume", "container", "project"],
        name: str,
        target: str | None = None,
    ) -> None:
        title = translate("MoveDialog", "Move or copy {0}").format(name)
        super().__init__(shell, title, translate("MoveDialog", "Copy"))
        self.setObjectName("dialog.move")
        self._kind, self._name = kind, name
        self._source = shell.client.machine
        self.target = QComboBox()
        self.target.setAccessibleName(translate("MoveDialog", "To"))
        for machine in ("", *(each.name for each in shell.client.machines)):
            if machine != self._source:
                self.target.addItem(machine_title(machine), machine)
        self.target.addItem(translate("MoveDialog", "A file…"), _FILE)
        if target is not None:
            self.target.setCurrentIndex(max(0, self.target.findData(target)))
        self.moves = QCheckBox(translate("MoveDialog", "Move: remove it here once it runs there"))
        self.keeps = QCheckBox(translate("MoveDialog", "Leave it here, stopped"))
        self.keeps.setEnabled(False)
        self.plan: QLabel = label("", Text.SMALL, Tone.MUTED, wrap=True)
        self.form.addRow(form_label(translate("MoveDialog", "To")), self.target)
        self.form.addRow("", self.moves)
        self.form.addRow("", self.keeps)
        self.form.addRow("", self.plan)
        self.target.currentIndexChanged.connect(self._ask)
        self.moves.toggled.connect(self._on_moves)
        self.target.setFocus()
        self._ask()

    def _on_moves(self, on: bool) -> None:  # noqa: FBT001 - Qt's signal
        self.keeps.setEnabled(on)
        self.go.setText(translate("MoveDialog", "Move") if on else translate("MoveDialog", "Copy"))

    def request(self, target: str) -> Moved:
        moves = self.moves.isChecked() and not target.startswith(_FILE)
        return Moved(
            kind=self._kind, name=self._name, source=self._source, target=target, move=moves,
            keep_source=moves and self.keeps.isChecked(),
        )  # fmt: skip

    def _ask(self) -> None:
        to_file = self.target.currentData() == _FILE
        self.moves.setEnabled(not to_file)
        self.banner.hide()
        self.plan.setText(translate("MoveDialog", "Looking at what goes along…"))
        self.go.setEnabled(False)
        self._shell.run(self._look(str(self.target.currentData())))

    async def _look(self, target: str) -> None:
        request = self.request(target)
        try:
            plan: MovePlan = await self._shell.client.at_home(lambda engine: engine.machines.plan(request))
        except WherryError as error:
            if isValid(self) and self.target.currentData() == target:
                words = words_of(error)
                self.plan.setText("")
                self.banner.show_message(Tone.DANGER, words.title, words.text, words.details)
                self.banner.show()
            return
        if isValid(self) and self.target.currentData() == target:
            self.plan.setText(plan_words(plan))
            self.go.setEnabled(not plan.problems)
            if plan.problems or plan.warnings:
                tone = Tone.DANGER if plan.problems else Tone.WARNING
                self.banner.show_message(tone, "\n".join((*plan.problems, *plan.warnings)))
                self.banner.show()
            self.adjustSize()

    def submit(self) -> None:
        self._shell.run(self._begin(str(self.target.currentData())))

    async def _begin(self, target: str) -> None:
        if target == _FILE:
            title = translate("MoveDialog", "Write to a file")
            path = await self._shell.choose_save_file(
                title, f"{self._name.rpartition('/')[2].replace(':', '-')}.wherry"
            )
            if not path:
                return
            target = f"{_FILE}{path}"
        request = self.request(target)
        if isValid(self):
            self.accept()
        ticket = await self._shell.client.begin_at_home(lambda engine: engine.machines.carry_out(request))
        self._shell.toast(translate("MoveDialog", "{0} is on its way").format(self._name))
        told = await ticket.result()
        if not request.keep_source or request.kind not in ("container", "project"):
            self._shell.toast(told, Tone.SUCCESS)
            return
        self._shell.toast(
            told, Tone.SUCCESS, button=translate("MoveDialog", "Remove it here"),
            on_button=lambda: self._shell.run(finish_move(self._shell, request.name, request.source)),
        )  # fmt: skip
