"""What can be asked of a merged log: the same as of a single one. The single logs do the reading and the searching."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import heapq
from array import array
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from engine.logs.merged.numbers import MergedLog, MergedReader, Part, renumbered, with_source
from engine.types.logs import LogLine, LogSummary, ReadLogs, SearchProgress, merged_members

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence
    from pathlib import Path

    from engine.types.logs import SearchLogs

_GATHER_SECONDS = 0.012
"""How long lines of the parts are gathered, to be put in order before they are given out."""
_QUEUED_BATCHES = 4
_LOGS_KEPT = 3
"""Merged logs whose files stay open between two questions."""


class SingleLogs(Protocol):
    """What is needed of the single logs; `engine.logs.log_service` has it."""

    def place(self, container: str) -> tuple[str, Path]:
        """The container's id, and where its log is."""
        ...

    async def ensure_index(self, path: Path) -> None: ...
    def read(self, container: str, request: ReadLogs) -> AsyncGenerator[Sequence[LogLine], None]: ...
    def search(self, container: str, request: SearchLogs) -> AsyncGenerator[SearchProgress, None]: ...


class MergedLogs:
    """One per log service. Names are "merged:A,B,…"; the order of the parts settles what happened at one instant."""

    def __init__(self, single: SingleLogs) -> None:
        self._single = single
        self._open: OrderedDict[tuple[str, ...], MergedLog] = OrderedDict()

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    async def summary(self, name: str) -> LogSummary:
        async with self._log(name) as log:
            return await log.ask(MergedLog.summary)

    async def line_at(self, name: str, time_ns: int) -> int:
        async with self._log(name) as log:
            return await log.ask(lambda log: log.before(time_ns))

    async def lines(self, name: str, numbers: Sequence[int]) -> Sequence[LogLine]:
        def pick(log: MergedLog) -> list[LogLine]:
            found: dict[int, LogLine] = {}
            for number in sorted(numbers):
                if number not in found:
                    found.update({line.number: line for line in MergedReader(log, number).take()})
            return [found[number] for number in sorted(set(numbers)) if number in found]

        async with self._log(name) as log:
            return await log.ask(pick)

    async def read(self, name: str, request: ReadLogs) -> AsyncGenerator[Sequence[LogLine], None]:
        async with self._log(name) as log:
            reader, ends = await log.ask(lambda log: _begin(log, request))
            left = request.count
            while (left is None or left > 0) and (batch := await log.ask(lambda _log: reader.take())):
                batch = batch if left is None else batch[:left]
                left = None if left is None else left - len(batch)
                if wanted := _wanted(batch, request):
                    yield wanted
                if request.until_ns is not None and batch[-1].time_ns > request.until_ns:
                    return
            if request.follow and left is None:
                async with contextlib.aclosing(self._follow(log, ends, request)) as batches:
                    async for fresh in batches:
                        if wanted := _wanted(fresh, request):
                            yield wanted

    async def search(self, name: str, request: SearchLogs) -> AsyncGenerator[SearchProgress, None]:
        """One part after the other; what they found comes at the end, when its order is known."""
        async with self._log(name) as log:
            total = (await log.ask(MergedLog.summary)).bytes
            scanned, found = 0, [array("q") for _ in log.parts]
            for which, part in enumerate(log.parts):
                last = SearchProgress()
                async with contextlib.aclosing(self._single.search(part.source, request)) as answers:
                    async for last in answers:
                        ranks = await log.ask(functools.partial(_ranks, which=which, numbers=last.numbers))
                        found[which].extend(ranks)
                        done = min(total, scanned + last.scanned_bytes)
                        yield SearchProgress(scanned_bytes=done, total_bytes=total, matches=sum(map(len, found)))
                scanned += last.total_bytes
            # Merged step by step, where a sort would hold the interpreter for as long as it takes.
            numbers = await asyncio.to_thread(lambda: array("q", heapq.merge(*found)))
            yield SearchProgress(
                numbers=numbers, scanned_bytes=total, total_bytes=total, matches=len(numbers), finished=True
            )

    # --- inside ---

    @contextlib.asynccontextmanager
    async def _log(self, name: str) -> AsyncIterator[MergedLog]:
        """The merged log of a name, up to date, and open as long as it is used."""
        places = tuple(self._single.place(member) for member in dict.fromkeys(merged_members(name)))
        for _source, path in places:
            await self._single.ensure_index(path)
        key = tuple(source for source, _path in places)
        log = self._open.get(key)
        if log is None:
            log = self._open[key] = MergedLog(await asyncio.to_thread(lambda: [Part(*place) for place in places]))
        self._open.move_to_end(key)
        log.readers += 1
        try:
            await log.ask(MergedLog.update)
            yield log
        finally:
            log.readers -= 1
            self._let_go()

    def _let_go(self) -> None:
        """Close those that nobody has used for longest."""
        idle = [key for key, log in self._open.items() if not log.readers]
        for key in idle[: max(0, len(self._open) - _LOGS_KEPT)]:
            self._open.pop(key).close()

    async def _follow(
        self, log: MergedLog, ends: tuple[int, ...], request: ReadLogs
    ) -> AsyncGenerator[Sequence[LogLine], None]:
        """What comes after these ends, gathered for a moment and put in order."""
        asked = [
            ReadLogs(first=end, follow=True, until_exit=request.until_exit, unfinished=request.unfinished)
            for end in ends
        ]
        readers = [self._single.read(part.source, one) for part, one in zip(log.parts, asked, strict=True)]
        queue: asyncio.Queue[Sequence[LogLine] | None] = asyncio.Queue(_QUEUED_BATCHES * len(readers) or 1)
        sources = [part.source for part in log.parts]
        tasks = [
            asyncio.create_task(_pump(source, reader, queue), name="merged log")
            for source, reader in zip(sources, readers, strict=True)
        ]
        still, number = len(tasks), sum(ends)
        try:
            while still:
                arrived = [await queue.get()]
                await asyncio.sleep(_GATHER_SECONDS)
                while not queue.empty():
                    arrived.append(queue.get_nowait())
                still -= arrived.count(None)
                gathered = sorted((line for batch in arrived if batch for line in batch), key=lambda line: line.time_ns)
                if gathered:
                    yield renumbered(gathered, number)
                    number += len(gathered)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for reader in readers:
                await reader.aclose()


def _begin(log: MergedLog, request: ReadLogs) -> tuple[MergedReader, tuple[int, ...]]:
    first = request.first or 0
    if request.tail is not None:
        first = max(0, log.end - request.tail)
    elif request.since_ns is not None:
        first = max(first, log.before(request.since_ns))
    return MergedReader(log, first), tuple(part.end for part in log.parts)


def _ranks(log: MergedLog, *, which: int, numbers: Sequence[int]) -> list[int]:
    if numbers and numbers[-1] >= log.parts[which].end:
        log.update()
    return log.ranks(which, numbers)


def _wanted(batch: Sequence[LogLine], request: ReadLogs) -> Sequence[LogLine]:
    if request.stdout and request.stderr and request.until_ns is None:
        return batch
    until = request.until_ns
    return [
        line
        for line in batch
        if (request.stderr if line.stream == "stderr" else request.stdout) and (until is None or line.time_ns <= until)
    ]


async def _pump(
    source: str, reader: AsyncIterator[Sequence[LogLine]], queue: asyncio.Queue[Sequence[LogLine] | None]
) -> None:
    try:
        async for batch in reader:
            await queue.put(with_source(batch, source))
    finally:
        # Whoever reads must learn of the end also where this reader failed.
        await queue.put(None)
