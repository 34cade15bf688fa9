"""Where in the whole log the errors and warnings are: ticks beside the scroll bar, and a click goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from engine.types.logs import Level, SearchLogs
from gui.pages.log.search import LogSearch
from gui.widgets.logview.marks import TickScrollBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.bridge import EngineClient
    from gui.widgets.logview import LogView

_MOST_BYTES = 256 << 20
"""Larger logs are not read through only for their ticks."""
_KINDS = ((Level.ERROR, Level.FATAL), (Level.WARNING,))


class LevelMap(QObject):
    """Asks once for each log, and takes note of what comes later."""

    def __init__(self, client: EngineClient, view: LogView, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._asked = ""
        self.hunts = [LogSearch(client, self) for _ in _KINDS]
        for hunt in self.hunts:
            hunt.found.connect(lambda _numbers: self._show())
        self._origin = 0
        self._shown = True
        self.bar.line_wanted.connect(self._go)

    @property
    def bar(self) -> TickScrollBar:
        bar = self._view.verticalScrollBar()
        assert isinstance(bar, TickScrollBar)
        return bar

    def ask(self, name: str, size: int) -> None:
        if name != self._asked and size <= _MOST_BYTES:
            self._asked = name
            for hunt, levels in zip(self.hunts, _KINDS, strict=True):
                hunt.ask(name, SearchLogs(pattern="", levels=levels))

    def end(self) -> None:
        self._asked = ""
        for hunt in self.hunts:
            hunt.end()
        self.bar.set_levels((), ())

    def arrived(self, lines: Sequence[object]) -> None:
        for hunt in self.hunts:
            hunt.arrived(lines)  # type: ignore[arg-type]  # log lines, as the source tells them

    def set_origin(self, origin: int) -> None:
        """The number of the view's first line."""
        self._origin = origin
        self._show()

    def set_shown(self, *, on: bool) -> None:
        """Not over a filtered log: its lines are others."""
        self._shown = on
        self._show()

    def _show(self) -> None:
        if not self._shown:
            self.bar.set_levels((), ())
            return
        errors, warnings = (
            [number - self._origin for number in hunt.hits if number >= self._origin] if self._origin else hunt.hits
            for hunt in self.hunts
        )
        self.bar.set_levels(errors, warnings)

    def _go(self, line: int) -> None:
        self._view.set_follow(on=False)
        self._view.go_to_line(line)
