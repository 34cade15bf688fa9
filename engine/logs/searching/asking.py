"""The engine's end of a search: start workers, take their frames, give progress. Leaving it kills them.

A large log that is indexed is shared out between a few workers, a stretch each; matches still come in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import struct
from array import array
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import InvalidRequest, WherryError
from engine.logs.searching.question import Question, compile_question
from engine.logs.searching.worker import FRAME
from engine.logs.written.files import LogFiles
from engine.logs.written.upkeep import load_indexes
from engine.processes.python_worker import PythonWorker, WorkerFailed, complain
from engine.types.logs import SearchProgress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from engine.types.logs import SearchLogs

_COUNTS = struct.Struct("<QQ")
_MOST_FRAME = 1 << 20
_MOST_WORKERS = 4
_WORTH_A_WORKER = 96 * 1024 * 1024
_QUEUED = 128
"""Frames a worker may be ahead of the reader: 16 MB at the most."""

Frame = tuple[bytes, bytes]


def question_of(request: SearchLogs) -> Question:
    """As the workers take it; what is no regular expression is told before any begins."""
    question = Question(**{**msgspec.structs.asdict(request), "levels": tuple(level.value for level in request.levels)})
    try:
        compile_question(question)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidRequest(f"“{request.pattern}” is no regular expression", str(error), subject="pattern") from error
    return question


class SearchRun:
    """One question, answered once."""

    def __init__(self, path: Path, question: Question) -> None:
        files = LogFiles(path)
        try:
            self.total = files.end - files.start
            cuts = stretches(files)
        finally:
            files.close()
        self._module = "engine.logs.searching.worker"
        self._requests: list[dict[str, Any]] = [
            {"task": "search", "path": str(path), "begin": begin, "end": end, "question": vars(question)}
            for begin, end in itertools.pairwise(cuts)
        ]
        self._scanned = [0] * len(self._requests)

    @classmethod
    def over_request(cls, module: str, request: dict[str, Any], paths: Sequence[Path]) -> SearchRun:
        """Another module that speaks the same frames."""
        run = cls.__new__(cls)
        run.total = sum(_length(path) for path in paths)
        run._module, run._requests, run._scanned = module, [request], [0]
        return run

    async def progress(self) -> AsyncGenerator[SearchProgress, None]:
        try:
            async with contextlib.AsyncExitStack() as stack:
                queues = [await self._started(stack, place) for place in range(len(self._requests))]
                async with contextlib.aclosing(self._answers(queues)) as answers:
                    async for answer in answers:
                        yield answer
        except WorkerFailed as error:
            raise WherryError("The search broke off", str(error)) from error

    async def _started(self, stack: contextlib.AsyncExitStack, place: int) -> asyncio.Queue[Frame | Exception | None]:
        worker = await stack.enter_async_context(PythonWorker(self._module, self._requests[place]).running())
        queue: asyncio.Queue[Frame | Exception | None] = asyncio.Queue(_QUEUED)
        pump = asyncio.create_task(self._pump(worker, queue, place), name="log search")
        stack.push_async_callback(_ended, pump)
        return queue

    async def _pump(
        self, worker: asyncio.subprocess.Process, queue: asyncio.Queue[Frame | Exception | None], place: int
    ) -> None:
        try:
            stream = worker.stdout
            while stream is not None:
                try:
                    kind, length = FRAME.unpack(await stream.readexactly(FRAME.size))
                    if length > _MOST_FRAME:
                        raise WorkerFailed("the worker's answer makes no sense")
                    payload = await stream.readexactly(length)
                except asyncio.IncompleteReadError:
                    break
                if kind in (b"P", b"E"):
                    self._scanned[place] = _COUNTS.unpack(payload)[0]
                await queue.put((kind, payload))
            await complain(worker)
            await queue.put(None)
        except WorkerFailed as error:
            await queue.put(error)

    async def _answers(
        self, queues: list[asyncio.Queue[Frame | Exception | None]]
    ) -> AsyncGenerator[SearchProgress, None]:
        matches = 0
        for queue in queues:
            while (frame := await queue.get()) is not None:
                if isinstance(frame, Exception):
                    raise frame
                numbers = _numbers_of(*frame)
                matches += len(numbers)
                yield self._state(matches, numbers=numbers)
        yield self._state(matches, finished=True)

    def _state(self, matches: int, *, numbers: Sequence[int] = (), finished: bool = False) -> SearchProgress:
        return SearchProgress(
            numbers=numbers,
            scanned_bytes=self.total if finished else min(sum(self._scanned), self.total),
            total_bytes=self.total,
            matches=matches,
            finished=finished,
        )


def _length(path: Path) -> int:
    files = LogFiles(path)
    try:
        return files.end - files.start
    finally:
        files.close()


def _numbers_of(kind: bytes, payload: bytes) -> range | array[int]:
    if kind == b"R":
        return range(*_COUNTS.unpack(payload))
    numbers = array("Q")
    if kind == b"M":
        numbers.frombytes(payload)
    return numbers


def _shifted(numbers: Sequence[int], shift: int) -> Sequence[int]:
    if not shift or not numbers:
        return numbers
    if isinstance(numbers, range):
        return range(numbers.start + shift, numbers.stop + shift)
    return array("Q", map(shift.__add__, numbers))


async def one_after_another(runs: list[tuple[SearchRun, int]]) -> AsyncGenerator[SearchProgress, None]:
    """Several runs as one; each with what is to be added to its line numbers."""
    total = sum(run.total for run, _ in runs)
    scanned = matches = 0
    for place, (run, shift) in enumerate(runs):
        last = SearchProgress()
        async with contextlib.aclosing(run.progress()) as answers:
            async for last in answers:
                yield SearchProgress(
                    numbers=_shifted(last.numbers, shift),
                    scanned_bytes=scanned + last.scanned_bytes,
                    total_bytes=total,
                    matches=matches + last.matches,
                    finished=last.finished and place == len(runs) - 1,
                )
        scanned, matches = scanned + run.total, matches + last.matches


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def stretches(files: LogFiles) -> list[int]:
    """Offsets that cut a history for several workers, first and last included; uncut where it is not indexed."""
    indexes = load_indexes(files)
    known = indexes[-1].end.offset if indexes else files.start
    count = min(_MOST_WORKERS, os.cpu_count() or 1, (known - files.start) // _WORTH_A_WORKER)
    cuts = {files.start}
    for part in range(1, count):
        wanted = files.start + (known - files.start) * part // count
        marks = [index.before_offset(wanted).offset for index in indexes if index.base.offset <= wanted]
        cuts.add(marks[-1])
    return [*sorted(cuts), files.end]
