"""Removals that can be undone: what they concern is hidden at once, and the engine is asked when their time is over.

Each has a message with its own clock, which nothing shortens: other messages, other removals, dialogs. Only what cannot
wait carries one out before: the end of the window, and an act the engine refuses because of what is hidden. Should the
program die meanwhile, the object is still there: nothing was lost that nobody had confirmed.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.errors import Code, WherryError
from gui.bridge import EngineClosed
from gui.presentation.units import bytes_text
from gui.widgets.toast import Deed, Lasting
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from engine.types.events import Kind
    from gui.bridge import Engine
    from gui.shell import Removal, Shell
    from gui.widgets.toast import Toast, ToastStack

SECONDS = 10.0
_IN_THE_WAY = frozenset({Code.NAME_TAKEN, Code.IN_USE, Code.PORT_IN_USE})
"""Refusals that something hidden may be the reason of."""


class PendingRemoval(QObject):
    """Removals wait side by side; `settle` carries all out now, `undo` takes the last one back."""

    waiting_changed = Signal(bool)

    def __init__(self, shell: Shell, shelf: ToastStack, seconds: float = SECONDS) -> None:
        super().__init__(shell.dialog_parent)
        self._shell, self._shelf = shell, shelf
        self._waiting: list[tuple[Removal, Toast]] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self.seconds = seconds
        self.quiet = False
        """At the end of the program: nobody is left to read an error, and what could not be removed is simply there."""

    @property
    def waiting(self) -> bool:
        """May anything still be undone?"""
        return bool(self._waiting)

    @property
    def busy(self) -> bool:
        """Is there anything to settle?"""
        return self.waiting or bool(self._under_way)

    def begin(self, removal: Removal) -> None:
        """Hide it, and offer undo."""
        for kind, keys in removal.hidden.items():
            self._shell.client.hide(kind, keys)
        bar = self._shelf.show_message(
            removal.title,
            deeds=(Deed(translate("Removal", "Undo"), lambda: self._take_back(removal)),),
            seconds=self.seconds,
            lasting=Lasting.UNDO,
        )
        self._waiting.append((removal, bar))
        bar.over.connect(lambda: self._carry_out(removal))
        self.waiting_changed.emit(True)  # noqa: FBT003
        if removal.gain is not None:
            self._shell.run(self._tell_gain(removal.gain, bar))

    def undo(self) -> None:
        """Show the last one again; the engine never hears of it."""
        if self._waiting:
            self._take_back(self._waiting[-1][0])

    async def settle(self) -> None:
        """Carry out all that waits, and wait until it is done. An error is shown, not raised."""
        for removal, _bar in tuple(self._waiting):
            self._carry_out(removal)
        others = self._under_way - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)

    async def make_room(self, kind: Kind, keys: Iterable[str]) -> None:
        """Carry out what hides one of these, since it is about to be made or used anew."""
        wanted = set(keys)
        for removal, _bar in tuple(self._waiting):
            if wanted & set(removal.hidden.get(kind, ())):
                self._carry_out(removal)
        if self._under_way:
            await asyncio.wait(set(self._under_way))

    async def stood_in_the_way(self, error: WherryError) -> bool:
        """Carry out what may be the reason of a refusal; True if asking again may help."""
        if error.code not in _IN_THE_WAY or not self._waiting:
            return False
        await self.settle()
        return True

    # --- inside ---

    def _take(self, removal: Removal) -> bool:
        """Waits no more; False if it did not wait."""
        bar = next((bar for known, bar in self._waiting if known is removal), None)
        if bar is None:
            return False
        self._waiting = [pair for pair in self._waiting if pair[0] is not removal]
        self.waiting_changed.emit(self.waiting)
        bar.dismiss()
        return True

    def _take_back(self, removal: Removal) -> None:
        if self._take(removal):
            self._unhide(removal)
            if removal.back is not None:
                self._shell.run(self._shell.client.call(removal.back))

    def _carry_out(self, removal: Removal) -> None:
        if self._take(removal):
            # Not one of the window's own tasks: those are cancelled when it closes, and this is done before.
            task = asyncio.get_event_loop().create_task(self._remove(removal))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _remove(self, removal: Removal) -> None:
        client = self._shell.client
        error: BaseException | None = None
        try:
            await client.call(removal.work)
        except WherryError as failure:
            error = failure
        except EngineClosed:
            self._unhide(removal)
            return
        for kind, keys in removal.hidden.items():
            left = await client.remaining(kind, keys)
            client.let_go(kind, [key for key in keys if key not in left])
            client.unhide(kind, left)
        if error is not None and not self.quiet:
            self._shell.show_error(error, retry=lambda: self.begin(removal))

    def _unhide(self, removal: Removal) -> None:
        for kind, keys in removal.hidden.items():
            self._shell.client.unhide(kind, keys)

    async def _tell_gain(self, gain: Callable[[Engine], Awaitable[int]], bar: Toast) -> None:
        with contextlib.suppress(WherryError):  # it is gone, or in the middle of something: the bar does without
            freed = await self._shell.client.call(gain)
            if freed and any(known is bar for _removal, known in self._waiting):
                bar.set_detail(translate("Removal", "Frees {0}").format(bytes_text(freed)))
