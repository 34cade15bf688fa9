"""What a move left here stopped: said on its page, and removed with one click if it runs where it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiboken6 import isValid

from gui.actions.machines import finish_move
from gui.presentation.remote.machines import machine_title
from gui.theme import Tone
from gui.widgets.banner import Banner
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.types.machines import KeptSource
    from gui.shell import Shell


class LeftBehind(Banner):
    """Hidden unless the containers that are shown were moved away; `look_at` others whenever they change."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(Tone.INFO)
        self._shell = shell
        self._keys: frozenset[str] = frozenset()
        shell.client.machines_changed.connect(self._look_again)
        self.hide()

    def look_at(self, stopped: Iterable[str]) -> None:
        """The ids of those that do not run: what runs here was not moved away, or is back."""
        keys = frozenset(stopped)
        if keys != self._keys:
            self._keys = keys
            self.hide()
            self._look_again()

    def _look_again(self) -> None:
        if self._keys:
            self._shell.run(self._ask(self._keys))

    async def _ask(self, keys: frozenset[str]) -> None:
        machine = self._shell.client.machine
        kept = await self._shell.client.at_home(lambda engine: engine.machines.kept())
        if not isValid(self) or self._keys != keys or self._shell.client.machine != machine:
            return
        mine = [each for each in kept if each.source == machine and keys & each.here.keys()]
        if mine:
            self._offer(mine[-1])
        else:
            self.hide()

    def _offer(self, kept: KeptSource) -> None:
        where = machine_title(kept.target)
        text = translate(
            "LeftBehind",
            "It was left here, stopped. Removing takes its volumes along, and is done only if it runs there.",
        )
        self.show_message(Tone.INFO, translate("LeftBehind", "{0} runs on {1} now").format(kept.name, where), text)
        self.add_action(
            translate("LeftBehind", "Remove it here"),
            lambda: self._shell.run(finish_move(self._shell, kept.name, kept.source)),
        )
        self.show()
