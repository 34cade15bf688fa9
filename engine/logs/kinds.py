"""What a name of a log stands for: one log, a past that goes on in a container of today, or several merged.

The name is resolved once, by the log service; the three kinds answer the same questions.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol, TypeVar

from engine.errors import WherryError
from engine.logs.merged.export import export_merged
from engine.logs.reading.cursor import Chronicle
from engine.logs.reading.timeline import joined_summary, numbered_from, read_timeline
from engine.logs.searching.asking import SearchRun, one_after_another, question_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from pathlib import Path

    from engine.facade import Logs
    from engine.logs.merged.merged_logs import MergedLogs
    from engine.operations.registry import Progress
    from engine.types.logs import ExportLogs, LogLine, LogSummary, ReadLogs, SearchLogs, SearchProgress

    Batches = AsyncGenerator[Sequence[LogLine], None]

_T = TypeVar("_T")


class Log(Protocol):
    """What is asked of a log, whichever kind it is."""

    title: str
    """Of its export."""

    async def summary(self) -> LogSummary: ...
    def read(self, request: ReadLogs) -> Batches: ...
    def search(self, request: SearchLogs) -> AsyncGenerator[SearchProgress, None]: ...
    async def lines(self, numbers: Sequence[int]) -> Sequence[LogLine]: ...
    async def line_at(self, time_ns: int) -> int: ...
    async def export(self, request: ExportLogs, progress: Progress) -> None: ...


class Parts(ABC):
    """One log, or two of which the second goes on where the first ends: kinds whose lines lie in files of their own."""

    title = ""

    @abstractmethod
    async def shifts(self) -> list[tuple[OneLog, int]]:
        """The parts, each with the number its first line ever has in the whole."""

    @abstractmethod
    def paths(self) -> list[Path]:
        """Their files, in order."""

    async def search(self, request: SearchLogs) -> AsyncGenerator[SearchProgress, None]:
        question = question_of(request)
        runs = [(SearchRun(part.path, question), shift) for part, shift in await self.shifts()]
        async with contextlib.aclosing(one_after_another(runs)) as answers:
            async for progress in answers:
                yield progress

    async def lines(self, numbers: Sequence[int]) -> Sequence[LogLine]:
        found: list[LogLine] = []
        shifts = await self.shifts()
        for place, (part, shift) in enumerate(shifts):
            end = shifts[place + 1][1] if place + 1 < len(shifts) else None
            wanted = [number - shift for number in numbers if number >= shift and (end is None or number < end)]
            found += numbered_from(await part.look(functools.partial(_pick, numbers=wanted)), shift)
        return found

    async def line_at(self, time_ns: int) -> int:
        number = 0
        for part, shift in await self.shifts():
            found, past_it = await part.look(functools.partial(_number_at, time_ns=time_ns))
            number = found + shift
            if not past_it:
                break
        return number

    async def export(self, request: ExportLogs, progress: Progress) -> None:
        paths = self.paths()
        asked = {
            "paths": [str(path) for path in paths],
            "target": request.path,
            "gzip": request.gzip,
            "ansi": request.ansi,
            "timestamps": request.timestamps,
            "question": None if request.search is None else vars(question_of(request.search)),
        }
        run = SearchRun.over_request("engine.logs.searching.export", asked, paths)
        try:
            async for step in run.progress():
                progress.amount(step.scanned_bytes, step.total_bytes)
        except WherryError as error:
            raise WherryError("The log could not be exported", error.explanation, subject=request.path) from error


class OneLog(Parts):
    """The log of a container, or what is kept of a name."""

    def __init__(
        self,
        title: str,
        path: Path,
        ensure_index: Callable[[Path], Awaitable[None]],
        index_later: Callable[[Path], None],
        read: Callable[[ReadLogs], Batches],
    ) -> None:
        self.title = title
        self.path = path
        self.read = read
        self._ensure_index = ensure_index
        self._index_later = index_later

    async def shifts(self) -> list[tuple[OneLog, int]]:
        return [(self, 0)]

    def paths(self) -> list[Path]:
        return [self.path]

    async def summary(self) -> LogSummary:
        summary = await asyncio.to_thread(with_chronicle, self.path, Chronicle.summary)
        if not summary.indexed:
            self._index_later(self.path)
        return summary

    async def look(self, work: Callable[[Chronicle], _T]) -> _T:
        """Into the log with its index."""
        await self.indexed()
        return await asyncio.to_thread(with_chronicle, self.path, work)

    async def indexed(self) -> None:
        await self._ensure_index(self.path)


class Timeline(Parts):
    """The past of a name, and the container that has it now."""

    def __init__(self, past: OneLog, now: OneLog) -> None:
        self.title = past.title
        self._past, self._now = past, now

    async def shifts(self) -> list[tuple[OneLog, int]]:
        await self._past.indexed()
        past = await self._past.summary()
        return [(self._past, 0), (self._now, past.first_number + past.lines)]

    def paths(self) -> list[Path]:
        return [self._past.path, self._now.path]

    async def summary(self) -> LogSummary:
        return joined_summary(await self._past.summary(), await self._now.summary())

    async def read(self, request: ReadLogs) -> Batches:
        await self._past.indexed()
        summaries = await self._past.summary(), await self._now.summary()
        async with contextlib.aclosing(read_timeline(self._past.read, self._now.read, *summaries, request)) as lines:
            async for batch in lines:
                yield batch


class Merged:
    """Several of them, by their common name."""

    title = "Export merged logs"

    def __init__(self, name: str, merged: MergedLogs, logs: Logs, names: Callable[[str], str]) -> None:
        self._name = name
        self._merged = merged
        self._logs = logs
        self._names = names

    async def summary(self) -> LogSummary:
        return await self._merged.summary(self._name)

    def read(self, request: ReadLogs) -> Batches:
        return self._merged.read(self._name, request)

    def search(self, request: SearchLogs) -> AsyncGenerator[SearchProgress, None]:
        return self._merged.search(self._name, request)

    async def lines(self, numbers: Sequence[int]) -> Sequence[LogLine]:
        return await self._merged.lines(self._name, numbers)

    async def line_at(self, time_ns: int) -> int:
        return await self._merged.line_at(self._name, time_ns)

    async def export(self, request: ExportLogs, progress: Progress) -> None:
        await export_merged(self._logs, self._name, request, self._names, progress)


def with_chronicle(path: Path, work: Callable[[Chronicle], _T]) -> _T:
    chronicle = Chronicle(path)
    try:
        return work(chronicle)
    finally:
        chronicle.close()


def _pick(chronicle: Chronicle, numbers: Sequence[int]) -> list[LogLine]:
    """The lines of these numbers that are still kept, in order; runs of near numbers are read in one go."""
    wanted = sorted(set(numbers))
    found: list[LogLine] = []
    position = 0
    while position < len(wanted):
        if wanted[position] < chronicle.first_number:
            position += 1
            continue
        cursor = chronicle.at_number(wanted[position])
        batch = {line.number: line for line in cursor.take()}
        reached = max(batch, default=wanted[position])
        while position < len(wanted) and wanted[position] <= reached:
            if wanted[position] in batch:
                found.append(batch[wanted[position]])
            position += 1
        if not batch:
            break
    return found


def _number_at(chronicle: Chronicle, time_ns: int) -> tuple[int, bool]:
    """The number, and whether the time lies behind the last line."""
    lines = chronicle.at_time(time_ns).take()
    return (lines[0].number, False) if lines else (chronicle.known.number, True)
