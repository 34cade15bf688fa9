"""What is looked for in a log: the question, the hits so far, and lines that come later and fit too."""

from __future__ import annotations

import re
from array import array
from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from engine.types.expressions import quick_characters, trouble_with
from engine.types.logs import LogLine, SearchLogs, SearchProgress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gui.bridge import Engine, EngineClient, Lease

_BUDGET_SECONDS = 0.006
"""How long one turn of the event loop may go on looking at lines that came."""
_AT_ONCE = 200


async def _one_by_one(source: AsyncIterator[SearchProgress]) -> AsyncIterator[tuple[SearchProgress]]:
    async for progress in source:
        yield (progress,)


def marking(question: SearchLogs) -> re.Pattern[str] | None:
    """What shows the hits of a question within a line; None for a question without words, or no expression."""
    if not question.pattern:
        return None
    if question.regex and trouble_with(question.pattern):
        return None  # the engine says why
    source = question.pattern if question.regex else re.escape(question.pattern)
    flags = 0 if question.pattern != question.pattern.lower() else re.IGNORECASE
    try:
        return re.compile(source, flags)
    except re.error:
        return None


class LogSearch(QObject):
    """One question over one log, and over what is still to come. `hits` are line numbers, ascending."""

    found = Signal(object)
    """More hits, all behind those known: a sequence."""
    progressed = Signal()
    failed = Signal(object)

    def __init__(self, client: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._lease: Lease | None = None
        self._question: SearchLogs | None = None
        self._pattern: re.Pattern[str] | None = None
        self._reach = 0
        """So much of a line is looked at here, in the window's own thread."""
        self._told: deque[Sequence[int]] = deque()
        self._later: deque[Sequence[LogLine]] = deque()
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._take_turn)
        self.hits = array("q")
        self.last = SearchProgress()

    @property
    def searching(self) -> bool:
        """Whether the past is still being searched, or what was found there is not taken in yet."""
        return self._lease is not None or bool(self._told)

    def ask(self, name: str, question: SearchLogs) -> None:
        self.end()
        self._question, self._pattern = question, marking(question)
        self._reach = quick_characters(self._pattern.pattern) if self._pattern is not None else 0

        def work(engine: Engine) -> AsyncIterator[tuple[SearchProgress]]:
            return _one_by_one(engine.logs.search(name, question))

        self._lease = self._client.stream(work, self._on_progress, self._on_end)

    def end(self) -> None:
        """Ask nothing any more."""
        if self._lease is not None:
            self._lease.end()
        self._lease, self._question = None, None
        self._told.clear()
        self._later.clear()
        self.hits, self.last = array("q"), SearchProgress()

    def arrived(self, lines: Sequence[LogLine]) -> None:
        """Lines that have come: they are looked at here, a little in every turn, once the past is searched."""
        if self._question is not None:
            self._later.append(lines)
            self._go_on()

    def _on_progress(self, batch: list[SearchProgress]) -> None:
        self._told.extend(progress.numbers for progress in batch if progress.numbers)
        self.last = batch[-1]
        self.progressed.emit()
        self._go_on()

    def _on_end(self, error: BaseException | None) -> None:
        self._lease = None
        if error is not None:
            self.failed.emit(error)
        self.progressed.emit()
        self._go_on()

    def _go_on(self) -> None:
        if not self._turn.isActive():
            self._turn.start()

    def _take_turn(self) -> None:
        until = perf_counter() + _BUDGET_SECONDS
        was_searching = self.searching
        while perf_counter() < until:
            if self._told:
                self._add(self._told.popleft())
            elif self._later and self._lease is None:
                self._look_at(self._later.popleft())
            else:
                break
        if self._told or (self._later and self._lease is None):
            self._turn.start()
        if was_searching and not self.searching:
            self.progressed.emit()

    def _look_at(self, lines: Sequence[LogLine]) -> None:
        if len(lines) > _AT_ONCE:
            self._later.appendleft(lines[_AT_ONCE:])
            lines = lines[:_AT_ONCE]
        self._add([line.number for line in lines if self._fits(line)])

    def _fits(self, line: LogLine) -> bool:
        question = self._question
        if question is None or (question.levels and line.level not in question.levels):
            return False
        if not question.stdout and line.stream == "stdout":
            return False
        if self._pattern is None:
            return True
        text = line.text[: self._reach]
        return (self._pattern.search(text) is not None) != question.inverse

    def _add(self, numbers: Sequence[int]) -> None:
        known = self.hits[-1] if self.hits else -1
        if numbers and numbers[0] <= known:
            numbers = [number for number in numbers if number > known]  # the search had seen it already
        if numbers:
            self.hits.extend(array("q", numbers))
            self.found.emit(numbers)
