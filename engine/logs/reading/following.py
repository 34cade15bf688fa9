"""A reader over one history: its past from where it was asked to begin, then what comes, in batches.

The file itself is the buffer: a slow reader reads later and bigger batches, and memory stays bounded.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.logs.reading.cursor import BLOCK, Chronicle, Cursor

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path

    from engine.logs.reading.watcher import LogWatcher
    from engine.types.logs import LogLine, ReadLogs

_GATHER_SECONDS = 0.004
"""How long a busy log is let grow between two batches; far below what a person sees."""


class Follower:
    """One read request."""

    def __init__(self, path: Path, request: ReadLogs, *, watcher: LogWatcher, woken: asyncio.Event) -> None:
        self._path = path
        self._request = request
        self._watcher = watcher
        self._woken = woken
        self._chronicle: Chronicle | None = None
        self._closed = False
        self._left = request.count
        self._partials: list[LogLine] = []
        self._most_partials: int | None = None
        """With a tail, so many of the unfinished lines belong to it."""
        self._over: bool = False

    def close(self) -> None:
        self._closed = True
        if self._chronicle is not None:
            self._chronicle.close()

    async def lines(self, goes_on: Callable[[], bool]) -> AsyncGenerator[Sequence[LogLine], None]:
        """`goes_on` tells whether the log may still grow."""
        cursor = await asyncio.to_thread(self._begin)
        end = None if self._request.follow else cursor.files.end
        loop = asyncio.get_running_loop()
        busy_since = 0.0
        while not self._over:
            batch = cursor.take(BLOCK)
            if batch:
                wanted = self._wanted(batch)
                if wanted:
                    self._partials = []
                    yield wanted
                await asyncio.sleep(0)
                if end is not None and cursor.offset >= end:
                    if not self._ended() and (unfinished := self._new_partials(cursor, every=True)):
                        yield unfinished
                    break
                if self._request.follow and cursor.offset >= cursor.files.end:
                    pause = _GATHER_SECONDS if loop.time() - busy_since < 4 * _GATHER_SECONDS else 0.0
                    busy_since = loop.time()
                    await asyncio.sleep(pause)
                continue
            if cursor.files.grown():
                continue
            last = not self._request.follow
            if not last and not goes_on():
                # Written between the last look and the end: one more look, now that nothing can follow.
                if cursor.files.grown():
                    continue
                last = True
            if (last or self._request.unfinished) and (unfinished := self._new_partials(cursor, every=last)):
                yield unfinished
            if last:
                break
            await self._watcher.wait(self._path, self._woken, lambda: cursor.files.grown() or not goes_on())

    def _begin(self) -> Cursor:
        """In a thread: opening a log may mean reading some megabytes of it."""
        request, chronicle = self._request, Chronicle(self._path)
        self._chronicle = chronicle
        if self._closed:
            # The reader left while this thread was at it.
            chronicle.close()
        if request.first is not None:
            return chronicle.at_number(request.first)
        if request.tail is not None:
            whole = request.tail if request.follow else request.tail - self._unfinished_of(request.tail, chronicle)
            return chronicle.at_tail(whole, stdout=request.stdout, stderr=request.stderr)
        if request.since_ns is not None:
            return chronicle.at_time(request.since_ns)
        return chronicle.at_start()

    def _unfinished_of(self, tail: int, chronicle: Chronicle) -> int:
        """How many of so many last lines are unfinished: they come after the others, and count."""
        cursor = chronicle.at_tail(0)
        cursor.drain()
        self._most_partials = min(tail, len(self._of_wanted_streams(cursor.unfinished(every=True))))
        return self._most_partials

    def _of_wanted_streams(self, lines: list[LogLine]) -> list[LogLine]:
        request = self._request
        if request.stdout and request.stderr:
            return lines
        return [line for line in lines if (request.stderr if line.stream == "stderr" else request.stdout)]

    def _ended(self) -> bool:
        """Whether a bound of the request was reached."""
        return self._over

    def _wanted(self, batch: list[LogLine]) -> list[LogLine]:
        request = self._request
        batch = self._of_wanted_streams(batch)
        if request.since_ns is not None:
            since = request.since_ns
            batch = [line for line in batch if line.time_ns >= since]
        if request.until_ns is not None:
            until = request.until_ns
            kept = [line for line in batch if line.time_ns <= until]
            # Lines come in time order, so the first one beyond ends it.
            self._over = len(kept) < len(batch)
            batch = kept
        if self._left is not None:
            batch = batch[: self._left]
            self._left -= len(batch)
            self._over = self._over or self._left <= 0
        return batch

    def _new_partials(self, cursor: Cursor, *, every: bool) -> list[LogLine]:
        """The line being written, at the end every one, if it says something new."""
        partials = cursor.unfinished(every=every)
        fresh = [line for line in partials if line not in self._partials]
        if not fresh:
            return []
        self._partials = partials
        left = self._left
        wanted = self._wanted(fresh)
        self._left = left
        return wanted if self._most_partials is None else wanted[len(wanted) - self._most_partials :]
