"""A log of the engine as the log view wants it: lines fetched in chunks when they come to sight, the end followed.

Positions are the engine's line numbers less the number of the first line shown, so that "clear view" is a new origin
and nothing is copied.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from engine.errors import MachineError
from engine.types.logs import LogLine, LogSummary, ReadLogs
from gui.widgets.logview import LineSource, LogRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QObject

    from gui.bridge import EngineClient, Lease

CHUNK = 512
CHUNKS_KEPT = 256
_TAIL = 1000


def log_row(line: LogLine) -> LogRow:
    return LogRow(line.text, line.time_ns, line.level.value, line.source, stderr=line.stream == "stderr")


class EngineLogSource(LineSource):
    """Lines of one log, named as the facade names logs. `open` begins to follow, `close` ends it; both keep what was
    loaded."""

    arrived = Signal(object)
    """Lines as they come, for filters that go on: a list."""

    def __init__(
        self,
        client: EngineClient,
        name: str,
        on_error: Callable[[BaseException], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._client = client
        self._name = name
        self._on_error = on_error
        # The engine's own lines, which the garbage collector does not look at, in a list a chunk: a row object for
        # each of a hundred thousand lines would make every full round of it a stall.
        self._chunks: OrderedDict[int, list[LogLine | None]] = OrderedDict()
        self._wanted: set[int] = set()
        self._fetches: list[Lease] = []
        self._first = 0
        self._origin = 0
        self._end = 0
        self._tail: Lease | None = None
        self._broke_off = False

    # --- life ---

    def open(self) -> None:
        """Load the end and follow it."""
        if self._tail is not None:
            return
        request = ReadLogs(first=self._end, follow=True) if self._end else ReadLogs(tail=_TAIL, follow=True)
        self._tail = self._client.stream(
            lambda engine: engine.logs.read(self._name, request), self._on_lines, self._on_tail_end
        )

    def go_on(self) -> None:
        """Its machine is there again: what broke off is followed from the last line on."""
        if self._broke_off:
            self._broke_off = False
            self.open()

    def close(self) -> None:
        self._broke_off = False
        for lease in (*self._fetches, *([self._tail] if self._tail else [])):
            lease.end()
        self._fetches.clear()
        self._wanted.clear()
        self._tail = None

    def begin_anew(self) -> None:
        """Forget all lines, as when their numbers were estimates, and load the end again."""
        self.close()
        self._chunks.clear()
        self._end = 0
        self.open()

    def set_summary(self, summary: LogSummary) -> None:
        """Lines that the rotation has dropped are not shown as if they could be loaded."""
        whole = self._origin == self._first
        self._first = summary.first_number
        if whole and self._origin != self._first:
            self._origin = self._first
            self.reset.emit()

    def clear_view(self) -> None:
        """Show only what comes from now on; the log itself is untouched."""
        self._origin = self._end
        self.reset.emit()

    def show_all(self) -> None:
        self._origin = self._first
        self.reset.emit()

    @property
    def origin(self) -> int:
        return self._origin

    # --- LineSource ---

    def line_count(self) -> int:
        return max(0, self._end - self._origin)

    def row(self, index: int) -> LogRow | None:
        place, offset = divmod(index + self._origin, CHUNK)
        chunk = self._chunks.get(place)
        line = chunk[offset] if chunk is not None else None
        return log_row(line) if line is not None else None

    def number(self, index: int) -> int:
        return index + self._origin

    def want(self, first: int, last: int) -> None:
        for chunk in range((first + self._origin) // CHUNK, (last + self._origin) // CHUNK + 1):
            if chunk in self._wanted or self._is_whole(chunk):
                continue
            self._wanted.add(chunk)
            self._fetch(chunk)

    # --- inside ---

    def _is_whole(self, place: int) -> bool:
        have = self._chunks.get(place)
        return have is not None and None not in have[: max(0, self._end - place * CHUNK)]

    def _fetch(self, chunk: int) -> None:
        request = ReadLogs(first=chunk * CHUNK, count=CHUNK)

        def over(error: BaseException | None) -> None:
            self._wanted.discard(chunk)
            self._fetches = [lease for lease in self._fetches if lease is not held]
            if error is not None:
                self._on_error(error)

        held = self._client.stream(lambda engine: engine.logs.read(self._name, request), self._on_chunk, over)
        self._fetches.append(held)

    def _on_chunk(self, lines: list[LogLine]) -> None:
        self._keep(lines)
        if lines:
            self.loaded.emit(max(0, lines[0].number - self._origin), lines[-1].number - self._origin)

    def _on_lines(self, lines: list[LogLine]) -> None:
        before = self._end
        self._keep(lines)
        last = lines[-1].number + 1
        if last > before:
            self._end = last
            if before == 0:
                self.reset.emit()
            else:
                self.appended.emit(last - before)
        if lines[0].number < before:
            # The last line may come again, whole this time, after it was shown half.
            self.loaded.emit(max(0, lines[0].number - self._origin), min(last, before) - 1 - self._origin)
        self.arrived.emit(lines)

    def _on_tail_end(self, error: BaseException | None) -> None:
        self._tail = None
        self._broke_off = isinstance(error, MachineError)
        if error is not None:
            self._on_error(error)

    def _keep(self, lines: Sequence[LogLine]) -> None:
        start = 0
        while start < len(lines):
            place, offset = divmod(lines[start].number, CHUNK)
            chunk = self._chunks.setdefault(place, [None] * CHUNK)
            run = min(CHUNK - offset, len(lines) - start)
            if lines[start + run - 1].number != lines[start].number + run - 1:
                run = 1  # not in a row: a gap, or a line that came again
            chunk[offset : offset + run] = lines[start : start + run]
            start += run
        newest = self._end // CHUNK
        while len(self._chunks) > CHUNKS_KEPT:
            del self._chunks[next(place for place in self._chunks if place < newest - 1 or place > newest + 1)]
