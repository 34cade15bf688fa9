"""A removal that can be undone: what it concerns is hidden at once, and the engine is asked when the bar has gone.

The bar is the clock. It goes after some seconds, when it is dismissed, when the next removal takes its place, and when
the window closes or begins something that may need the name, the port or the object. Should the program die before
that, the object is still there: nothing was lost that nobody had confirmed.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.errors import WherryError
from gui.bridge import EngineClosed
from gui.presentation.units import bytes_text
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gui.bridge import Engine
    from gui.shell import Removal, Shell
    from gui.widgets.toast import Toast, ToastStack

SECONDS = 10.0


class PendingRemoval(QObject):
    """At most one removal waits; `settle` carries it out now, `undo` never."""

    waiting_changed = Signal(bool)

    def __init__(self, shell: Shell, bars: ToastStack, seconds: float = SECONDS) -> None:
        super().__init__(shell.dialog_parent)
        self._shell, self._bars = shell, bars
        self._removal: Removal | None = None
        self._bar: Toast | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self.seconds = seconds
        self.quiet = False
        """At the end of the program: nobody is left to read an error, and what could not be removed is simply there."""

    @property
    def waiting(self) -> bool:
        """May it still be undone?"""
        return self._removal is not None

    @property
    def busy(self) -> bool:
        """Is there anything to settle?"""
        return self.waiting or bool(self._under_way)

    def begin(self, removal: Removal) -> None:
        """Hide it, and offer undo; one that waited already is carried out."""
        self._carry_out()
        self._removal = removal
        for kind, keys in removal.hidden.items():
            self._shell.client.hide(kind, keys)
        bar = self._bars.show(
            removal.title,
            detail=translate("Removal", "Ctrl+Z brings it back"),
            action=translate("Removal", "Undo"),
            act=self.undo,
            seconds=self.seconds,
            countdown=True,
        )
        self._bar = bar
        bar.over.connect(lambda: self._on_bar_over(removal))
        self.waiting_changed.emit(True)  # noqa: FBT003
        if removal.gain is not None:
            self._shell.run(self._tell_gain(removal.gain, bar))

    def undo(self) -> None:
        """Show it all again; the engine never hears of it."""
        removal = self._take()
        if removal is not None:
            self._unhide(removal)

    async def settle(self) -> None:
        """Carry out what waits, and wait until it is done. An error is shown, not raised."""
        self._carry_out()
        if self._under_way:
            await asyncio.wait(set(self._under_way))

    # --- inside ---

    def _take(self) -> Removal | None:
        removal, bar = self._removal, self._bar
        self._removal = self._bar = None
        if removal is not None:
            self.waiting_changed.emit(False)  # noqa: FBT003
        if bar is not None and not bar.isHidden():
            bar.dismiss()
        return removal

    def _on_bar_over(self, removal: Removal) -> None:
        if self._removal is removal:
            self._carry_out()

    def _carry_out(self) -> None:
        removal = self._take()
        if removal is not None:
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
            if bar is self._bar and freed:
                bar.set_detail(translate("Removal", "Frees {0}  ·  Ctrl+Z").format(bytes_text(freed)))
