"""Reading a history: where to begin (a number, a time, the tail), and lines from there on.

Everything here is quick whatever the size of the log: it reads near the wanted place only. Where the index does not
reach, the tail is read from the end all the same; its line numbers are then estimates (`Chronicle.exact` says so).
"""

from __future__ import annotations

from array import array
from collections import deque
from typing import TYPE_CHECKING, Literal

import msgspec

from engine.logs.written.files import LogFiles
from engine.logs.written.format import JOIN_WINDOW, Joiner, count_ends, may_have_pieces
from engine.logs.written.index import Index, Mark, resume, whole_lines
from engine.logs.written.level import guess_level
from engine.logs.written.upkeep import bring_up_to_date, indexed_end, load_indexes
from engine.types.logs import Level, LogLine, LogSummary

if TYPE_CHECKING:
    from pathlib import Path

_LEVELS = {level.value: level for level in Level}
_STREAMS: tuple[Literal["stdout", "stderr"], Literal["stdout", "stderr"]] = ("stdout", "stderr")
BLOCK = 256 * 1024
_AT_ONCE = 8 * 1024 * 1024
"""How much may be indexed while somebody waits (some 10 ms)."""
_SAVE_FROM = 1024 * 1024


def make_line(number: int, time_ns: int, stream: int, text: bytes, *, source: str = "") -> LogLine:
    words = text.decode("utf-8", "replace")
    return LogLine(
        number=number,
        time_ns=time_ns,
        stream=_STREAMS[stream],
        text=words,
        level=_LEVELS[guess_level(words)],
        source=source,
    )


class Chronicle:
    """One history, opened for one purpose: its files and what is indexed of them."""

    def __init__(self, path: Path) -> None:
        self.files = LogFiles(path)
        self.indexes: list[Index] = load_indexes(self.files)
        self.exact = False
        self.update()

    def close(self) -> None:
        self.files.close()

    def update(self) -> None:
        """Index a little more; `exact` says whether the index now reaches the end."""
        before = indexed_end(self.files, self.indexes).offset
        left = self.files.end - before
        save = left >= _SAVE_FROM
        self.exact = left <= _AT_ONCE and bring_up_to_date(self.files, self.indexes, save=save, most=_AT_ONCE)

    @property
    def known(self) -> Mark:
        return indexed_end(self.files, self.indexes)

    @property
    def first_number(self) -> int:
        return self.indexes[0].base.number if self.indexes else 0

    def summary(self) -> LogSummary:
        known = self.known
        number = known.number if self.exact else self.estimate(self.files.end)
        head = self.files.read(self.files.start, BLOCK)
        lines = Joiner().feed(whole_lines(head), self.files.start)
        last = self.tail_lines(1)
        return LogSummary(
            bytes=self.files.end - self.files.start,
            lines=number - self.first_number,
            indexed=self.exact,
            first_number=self.first_number,
            first_ns=lines[0][0] if lines else 0,
            last_ns=last[0] if last else 0,
        )

    def tail_lines(self, count: int) -> list[int]:
        """Times of the last lines."""
        cursor = self.at_tail(count)
        return [line.time_ns for line in cursor.take()][-count:]

    def estimate(self, offset: int) -> int:
        """Number of the line at an offset the index does not know, from the length of lines near the end."""
        known = self.known
        sample = self.files.read(max(known.offset, self.files.end - BLOCK), BLOCK)
        width = len(sample) / max(1, sample.count(b"\n"))
        return known.number + round((offset - known.offset) / max(1.0, width))

    # --- where to begin ---

    def _nearest(self, kind: Literal["offset", "number", "time"], value: int) -> Mark:
        best = self.indexes[0].base if self.indexes else Mark(self.files.start, 0, 0)
        for index in self.indexes:
            match kind:
                case "offset":
                    mark = index.before_offset(value)
                    fits = mark.offset <= value
                case "number":
                    mark = index.before_number(value)
                    fits = mark.number <= value
                case _:
                    mark = index.before_time(value)
                    fits = mark.time_ns < value
            if fits and mark.offset >= best.offset:
                best = mark
        return best

    def at_start(self) -> Cursor:
        return Cursor(self, self._nearest("offset", self.files.start))

    def at_number(self, number: int) -> Cursor:
        """Needs an index that reaches so far (`exact`, or a number below `known.number`)."""
        cursor = Cursor(self, self._nearest("number", max(number, self.first_number)))
        cursor.skip_until(lambda line_number, _time: line_number >= number)
        return cursor

    def at_time(self, time_ns: int) -> Cursor:
        cursor = Cursor(self, self._nearest("time", time_ns))
        cursor.skip_until(lambda _number, time: time >= time_ns)
        return cursor

    def at_tail(self, count: int, *, stdout: bool = True, stderr: bool = True) -> Cursor:
        """So that `count` lines of the wanted streams follow (fewer where there are no more)."""
        if self.exact and stdout and stderr:
            return self.at_number(max(self.first_number, self.known.number - count))
        if count <= 0:
            return self._behind(self.files.end)
        wanted = (stdout, stderr)
        window = BLOCK
        while True:
            offset = self._line_start(self.files.end - window)
            cursor = self._behind(offset)
            numbers = [line.number for line in cursor.drain() if wanted[line.stream == "stderr"]]
            if len(numbers) >= count or offset <= self.files.start:
                break
            window *= 4
        cursor = self._behind(offset)
        if len(numbers) > count:
            first = numbers[-count]
            cursor.skip_until(lambda number, _time: number >= first)
        return cursor

    def _line_start(self, offset: int) -> int:
        """The first beginning of a physical line at or after an offset."""
        if offset <= self.files.start:
            return self.files.start
        length = BLOCK
        while True:
            place = self.files.read(offset - 1, length).find(b"\n")
            if place >= 0:
                return offset + place
            if offset - 1 + length >= self.files.end:
                return self.files.end
            length *= 4

    def _behind(self, offset: int) -> Cursor:
        """A cursor at an offset, whatever the index knows; unfinished lines are looked for behind it."""
        near = self._nearest("offset", offset)
        if offset - near.offset <= JOIN_WINDOW:
            cursor = Cursor(self, near)
            cursor.skip_bytes(offset)
            return cursor
        cursor = Cursor(self, Mark(offset, self.estimate(offset), 0))
        behind = self.files.read(offset - JOIN_WINDOW, JOIN_WINDOW)
        if may_have_pieces(behind):
            cut = behind.find(b"\n") + 1
            cursor.joiner.feed(behind[cut:], offset - JOIN_WINDOW + cut)
        return cursor


class Cursor:
    """A place in a history, moving forward. Lines read ahead while looking for the place wait in `_ahead`."""

    def __init__(self, chronicle: Chronicle, mark: Mark) -> None:
        self.files = chronicle.files
        self.offset = mark.offset
        self.number = mark.number
        self.joiner = resume(mark, self.files.read)
        self._ahead: deque[tuple[int, int, int, bytes]] = deque()

    def _feed(self, most: int) -> list[tuple[int, int, bytes]]:
        if self.offset < self.files.start:
            # What was to come next has been dropped by the rotation.
            self.offset = self.files.start
            self.joiner = Joiner()
        length = most
        block = whole_lines(self.files.read(self.offset, length))
        while not block and self.offset + length < self.files.end:
            length *= 4
            block = whole_lines(self.files.read(self.offset, length))
        lines = self.joiner.feed(block, self.offset)
        self.offset += len(block)
        return lines

    def take(self, most: int = BLOCK, *, source: str = "") -> list[LogLine]:
        """The next lines; empty at the end of what is complete."""
        if self._ahead:
            ready = [make_line(*line, source=source) for line in self._ahead]
            self._ahead.clear()
            return ready
        before = self.offset
        raw = self._feed(most)
        while not raw and self.offset > before:
            before = self.offset
            raw = self._feed(most)
        number = self.number
        self.number += len(raw)
        return [
            make_line(position, time, stream, text, source=source)
            for position, (time, stream, text) in enumerate(raw, number)
        ]

    def times_until(self, number: int) -> array[int]:
        """When the lines from here up to a number (exclusive) were written."""
        times, wanted = array("q"), number - self.number
        while len(times) < wanted and (raw := self._feed(BLOCK)):
            times.extend(time for time, _stream, _text in raw)
        return times[:wanted]

    def drain(self) -> list[LogLine]:
        lines: list[LogLine] = []
        while batch := self.take():
            lines += batch
        return lines

    def unfinished(self, *, every: bool, source: str = "") -> list[LogLine]:
        """The line that is being written; it will come again, whole, under the same number. Both streams may have one:
        every one of them is for the end of a log, when nothing follows; before, the one last written to."""
        if self._ahead:
            return []
        found = self.joiner.unfinished()
        chosen = sorted(found, key=lambda one: one[0]) if every else found[:1]
        return [
            msgspec.structs.replace(make_line(self.number + place, *one, source=source), partial=True)
            for place, one in enumerate(chosen)
        ]

    def skip_bytes(self, offset: int) -> None:
        """Go on to an offset where a physical line begins."""
        length = BLOCK
        while self.offset < offset:
            block = self.files.read(self.offset, min(length, offset - self.offset))
            if self.offset + len(block) < offset:
                block = whole_lines(block)
            if not block:
                if self.offset + length >= self.files.end:
                    return
                length *= 4
                continue
            if self.joiner.clean and not may_have_pieces(block):
                self.number += count_ends(block)
            else:
                self.number += len(self.joiner.feed(block, self.offset))
            self.offset += len(block)

    def skip_until(self, wanted: Wanted) -> None:
        """Go on to the first line that is wanted."""
        while True:
            before = self.offset
            raw = self._feed(BLOCK)
            for position, (time, _stream, _text) in enumerate(raw):
                if wanted(self.number + position, time):
                    self._ahead.extend((self.number + later, *raw[later]) for later in range(position, len(raw)))
                    self.number += len(raw)
                    return
            self.number += len(raw)
            if self.offset == before:
                return


if TYPE_CHECKING:
    from collections.abc import Callable

    Wanted = Callable[[int, int], bool]
