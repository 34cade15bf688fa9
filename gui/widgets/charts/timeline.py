"""The time axis several charts share: the window of time they show and the moment under the pointer."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

SECOND = 1_000_000_000
_SHORTEST = 10 * SECOND
_LONGEST = 8 * 24 * 3600 * SECOND


class Timeline(QObject):
    """Charts draw `first`–`last` and follow the signals; the newest sample moves the window while `live`."""

    range_changed = Signal()
    crosshair_moved = Signal(object)
    """Time in nanoseconds, or None when the pointer has left."""
    time_clicked = Signal(object)
    live_changed = Signal(bool)

    def __init__(self, seconds: float = 300.0, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._span = int(seconds * SECOND)
        self.last = self._span
        self.live = True
        self.crosshair: int | None = None
        self._now = self._span

    @property
    def first(self) -> int:
        return self.last - self._span

    @property
    def span(self) -> int:
        return self._span

    @property
    def now(self) -> int:
        """Time of the newest sample."""
        return self._now

    def set_now(self, time_ns: int) -> None:
        self._now = time_ns
        if self.live:
            self.last = time_ns
            self.range_changed.emit()

    def set_span(self, seconds: float) -> None:
        """Show so many seconds, up to now."""
        self._span = int(seconds * SECOND)
        self.last = self._now
        self._set_live(on=True)
        self.range_changed.emit()

    def go_live(self) -> None:
        """Back to now, keeping the span."""
        self.last = self._now
        self._set_live(on=True)
        self.range_changed.emit()

    def zoom(self, factor: float, around: int) -> None:
        """Shorten (factor < 1) or lengthen the window; the moment `around` keeps its place."""
        span = min(_LONGEST, max(_SHORTEST, int(self._span * factor)))
        part = (self.last - around) / self._span if self._span else 0.0
        self._span = span
        self._move(int(around + part * span))

    def pan(self, shift_ns: int) -> None:
        """Look earlier (negative) or later; reaching now makes it live again."""
        self._move(self.last + shift_ns)

    def set_crosshair(self, time_ns: int | None) -> None:
        if time_ns != self.crosshair:
            self.crosshair = time_ns
            self.crosshair_moved.emit(time_ns)

    def click(self, time_ns: int) -> None:
        self.time_clicked.emit(time_ns)

    def _move(self, last: int) -> None:
        self.last = min(last, self._now)
        self._set_live(on=self.last >= self._now)
        self.range_changed.emit()

    def _set_live(self, *, on: bool) -> None:
        if on != self.live:
            self.live = on
            self.live_changed.emit(on)
