"""The engine's end of a search: start the worker, take its frames, give progress. Leaving it kills the worker."""

from __future__ import annotations

import asyncio
import struct
from array import array
from typing import TYPE_CHECKING, Any

from engine.errors import WherryError
from engine.logs.files import LogFiles
from engine.logs.worker import FRAME
from engine.processes.python_worker import PythonWorker, WorkerFailed, complain
from engine.types.logs import SearchProgress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from engine.logs.question import Question

_COUNTS = struct.Struct("<QQ")
_MOST_FRAME = 1 << 20


class SearchRun:
    """One question, answered once."""

    def __init__(self, path: Path, question: Question) -> None:
        self._module = "engine.logs.worker"
        self._total = _size(path)
        files = LogFiles(path)
        end = files.end
        files.close()
        self._request: dict[str, Any] = {"task": "search", "path": str(path), "end": end, "question": vars(question)}

    @classmethod
    def over_request(cls, module: str, request: dict[str, Any], path: Path) -> SearchRun:
        """Another module that speaks the same frames."""
        run = cls.__new__(cls)
        run._module, run._request, run._total = module, request, _size(path)
        return run

    async def progress(self) -> AsyncGenerator[SearchProgress, None]:
        try:
            async with PythonWorker(self._module, self._request).running() as worker:
                if worker.stdout is None:
                    raise WorkerFailed("the worker has no output")
                async for answer in self._answers(worker.stdout):
                    yield answer
                await complain(worker)
        except WorkerFailed as error:
            raise WherryError("The search broke off", str(error)) from error

    async def _answers(self, stream: asyncio.StreamReader) -> AsyncGenerator[SearchProgress, None]:
        matches = scanned = 0
        while True:
            try:
                kind, length = FRAME.unpack(await stream.readexactly(FRAME.size))
                if length > _MOST_FRAME:
                    raise WorkerFailed("the worker's answer makes no sense")
                payload = await stream.readexactly(length)
            except asyncio.IncompleteReadError:
                return
            if kind == b"M":
                numbers = array("Q")
                numbers.frombytes(payload)
                matches += len(numbers)
                yield self._state(scanned, matches, numbers=tuple(numbers))
            else:
                scanned, _ = _COUNTS.unpack(payload)
                yield self._state(scanned, matches, finished=kind == b"E")

    def _state(
        self, scanned: int, matches: int, *, numbers: tuple[int, ...] = (), finished: bool = False
    ) -> SearchProgress:
        return SearchProgress(
            numbers=numbers,
            scanned_bytes=self._total if finished else min(scanned, self._total),
            total_bytes=self._total,
            matches=matches,
            finished=finished,
        )


def _size(path: Path) -> int:
    files = LogFiles(path)
    size = files.end - files.start
    files.close()
    return size
