"""A container's whole log as the log view wants it: lines fetched in chunks when they come to sight, the end followed.

Positions are the engine's line numbers less the number of the first line shown, so that "clear view" is a new origin
and nothing is copied.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from engine.types.logs import LogLine, ReadLogs
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


class ContainerLogSource(LineSource):
    """Lines of one container. `open` begins to follow, `close` ends it; both keep what was loaded."""

    def __init__(
        self,
        client: EngineClient,
        container_id: str,
        on_error: Callable[[BaseException], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._client = client
        self._id = container_id
        self._on_error = on_error
        self._chunks: OrderedDict[int, dict[int, LogRow]] = OrderedDict()
        self._wanted: set[int] = set()
        self._fetches: list[Lease] = []
        self._origin = 0
        self._end = 0
        self._tail: Lease | None = None
        self._following = False
        self.fresh_lines: Callable[[list[LogLine]], None] | None = None
        """Called with lines as they arrive, for filters that go on."""

    # --- life ---

    def open(self) -> None:
        """Load the end and follow it."""
        if self._tail is not None:
            return
        if self._end:
            request = ReadLogs(first=self._end, follow=True)
        else:
            request = ReadLogs(tail=_TAIL, follow=True)
        self._tail = self._client.stream(
            lambda engine: engine.logs.read(self._id, request), self._on_lines, self._on_tail_end
        )

    def close(self) -> None:
        for lease in (*self._fetches, *([self._tail] if self._tail else [])):
            lease.end()
        self._fetches.clear()
        self._wanted.clear()
        self._tail = None

    def clear_view(self) -> None:
        """Show only what comes from now on; the log itself is untouched."""
        self._origin = self._end
        self.reset.emit()

    def show_all(self) -> None:
        self._origin = 0
        self.reset.emit()

    @property
    def origin(self) -> int:
        return self._origin

    # --- LineSource ---

    def line_count(self) -> int:
        return max(0, self._end - self._origin)

    def row(self, index: int) -> LogRow | None:
        number = index + self._origin
        chunk = self._chunks.get(number // CHUNK)
        return chunk.get(number) if chunk is not None else None

    def number(self, index: int) -> int:
        return index + self._origin

    def want(self, first: int, last: int) -> None:
        for chunk in range((first + self._origin) // CHUNK, (last + self._origin) // CHUNK + 1):
            if chunk in self._wanted or self._is_whole(chunk):
                continue
            self._wanted.add(chunk)
            self._fetch(chunk)

    # --- inside ---

    def _is_whole(self, chunk: int) -> bool:
        have = self._chunks.get(chunk)
        return have is not None and len(have) >= min(CHUNK, self._end - chunk * CHUNK)

    def _fetch(self, chunk: int) -> None:
        request = ReadLogs(first=chunk * CHUNK, count=CHUNK)

        def over(error: BaseException | None) -> None:
            self._wanted.discard(chunk)
            self._fetches = [lease for lease in self._fetches if lease is not held]
            if error is not None:
                self._on_error(error)

        held = self._client.stream(lambda engine: engine.logs.read(self._id, request), self._on_chunk, over)
        self._fetches.append(held)

    def _on_chunk(self, lines: list[LogLine]) -> None:
        self._keep(lines)
        if lines:
            self.loaded.emit(max(0, lines[0].number - self._origin), lines[-1].number - self._origin)

    def _on_lines(self, lines: list[LogLine]) -> None:
        before = self._end
        self._keep(lines)
        last = lines[-1].number + 1
        # The last line may come again, whole this time, after it was shown half.
        changed = [line.number for line in lines if line.number < before]
        if last > before:
            first_load = before == 0
            self._end = last
            if first_load:
                self.reset.emit()
            else:
                self.appended.emit(last - before)
        if changed:
            self.loaded.emit(max(0, changed[0] - self._origin), changed[-1] - self._origin)
        if self.fresh_lines is not None:
            self.fresh_lines(lines)

    def _on_tail_end(self, error: BaseException | None) -> None:
        self._tail = None
        if error is not None:
            self._on_error(error)

    def _keep(self, lines: Sequence[LogLine]) -> None:
        for line in lines:
            self._chunks.setdefault(line.number // CHUNK, {})[line.number] = log_row(line)
        newest = self._end // CHUNK
        while len(self._chunks) > CHUNKS_KEPT:
            oldest = next(key for key in self._chunks if key < newest - 1 or len(self._chunks) > CHUNKS_KEPT + 2)
            del self._chunks[oldest]
