"""Bring over what Docker and Podman on this computer have: a list with sizes to choose from, nothing removed there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem
from shiboken6 import isValid

from engine.errors import WherryError
from engine.types.machines import Moved
from gui.dialogs.short_form import ShortForm
from gui.presentation.errors import words_of
from gui.presentation.remote.machines import bringable_words
from gui.presentation.units import bytes_text
from gui.theme import Text, Tone
from gui.widgets.labels import label
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.machines import Bringable
    from gui.shell import Shell

_HEIGHT, _WIDTH = 260, 480


class BringOverDialog(ShortForm):
    """What is ticked is copied, one after the other; what goes wrong with one is told and the others go on."""

    def __init__(self, shell: Shell) -> None:
        title = translate("BringOverDialog", "Bring over from Docker and Podman")
        super().__init__(shell, title, translate("BringOverDialog", "Bring over"))
        self.setObjectName("dialog.bring-over")
        self._found: Sequence[Bringable] = ()
        self.list = QListWidget()
        self.list.setAccessibleName(translate("BringOverDialog", "What there is"))
        self.list.setMinimumHeight(_HEIGHT)
        self.list.setMinimumWidth(_WIDTH)
        # A long name is shortened in its middle: the size stands at the end.
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.total = label(translate("BringOverDialog", "Looking at what there is…"), Text.SMALL, Tone.MUTED, wrap=True)
        self.form.addRow(self.list)
        self.form.addRow(self.total)
        self.list.itemChanged.connect(lambda _item: self._count())
        self.go.setEnabled(False)
        shell.run(self._look())

    async def _look(self) -> None:
        try:
            found = await self._shell.client.at_home(lambda engine: engine.machines.bringable())
        except WherryError as error:
            if isValid(self):
                words = words_of(error)
                self.total.setText("")
                self.banner.show_message(Tone.DANGER, words.title, words.text, words.details)
                self.banner.show()
            return
        if isValid(self):
            self._show(found)

    def _show(self, found: Sequence[Bringable]) -> None:
        self._found = found
        for thing in found:
            item = QListWidgetItem(bringable_words(thing))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked if thing.here else Qt.CheckState.Checked)
            if thing.here:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.list.addItem(item)
        if found:
            self._count()
        else:
            self.total.setText(translate("BringOverDialog", "No engine of Docker's or Podman's here has anything."))

    def chosen(self) -> list[Bringable]:
        rows = range(self.list.count())
        return [self._found[row] for row in rows if self.list.item(row).checkState() is Qt.CheckState.Checked]

    def _count(self) -> None:
        chosen = self.chosen()
        self.go.setEnabled(bool(chosen))
        words = translate("BringOverDialog", "At most {0} are copied; nothing is removed there, nothing started here.")
        self.total.setText(words.format(bytes_text(sum(thing.size for thing in chosen))))

    def submit(self) -> None:
        chosen = self.chosen()
        self.accept()
        self._shell.run(_bring(self._shell, chosen))


async def _bring(shell: Shell, things: Sequence[Bringable]) -> None:
    brought = 0
    for thing in things:
        request = Moved(kind=thing.kind, name=thing.name, source=thing.source, start=False)
        try:
            ticket = await shell.client.begin_at_home(lambda engine, said=request: engine.machines.carry_out(said))  # type: ignore[misc]
            await ticket.result()
            brought += 1
        except WherryError as error:
            shell.toast(f"{thing.name}: {words_of(error).title}", Tone.DANGER)
    shell.toast(translate("BringOverDialog", "Brought over {0} of {1}").format(brought, len(things)), Tone.SUCCESS)
