"""Project files read beside the loop: short ones in a thread, long ones in a process, for a parser in C holds the
interpreter until it is through, and nobody knows what a stranger's file becomes."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING, Any

import msgspec

from engine.compose.faults import ComposeError
from engine.errors import InvalidRequest
from engine.processes.python_worker import PythonWorker, WorkerFailed, complain
from engine.projects.reading import TooLongError, read_project, reading_shown

if TYPE_CHECKING:
    from engine.compose.reading.loading import Project
    from engine.projects.reading import Texts
    from engine.types.projects import ProjectReading, ReadProject

MOST_HERE = 160 << 10
"""Characters of all its files together that a thread reads in a moment."""
MOST_BYTES, MOST_SECONDS = 2 << 30, 60
"""What a process may take for the others."""


async def read(source: ReadProject) -> tuple[Project, Texts]:
    """Raises ComposeError with all that is wrong."""
    try:
        return await asyncio.to_thread(read_project, source, MOST_HERE)
    except TooLongError:
        found: tuple[Project, Texts] = await _in_process(source, shown=False)
        return found


async def reading(source: ReadProject) -> ProjectReading:
    """As people are shown it. Raises ComposeError with all that is wrong."""
    try:
        return await asyncio.to_thread(lambda: reading_shown(read_project(source, MOST_HERE)[0]))
    except TooLongError:
        found: ProjectReading = await _in_process(source, shown=True)
        return found


async def _in_process(source: ReadProject, *, shown: bool) -> Any:
    limits = {"most_bytes": MOST_BYTES, "most_seconds": MOST_SECONDS}
    request = {"source": msgspec.to_builtins(source), "shown": shown, **limits}
    worker = PythonWorker("engine.projects.worker", request, packages=True)
    try:
        async with asyncio.timeout(2 * MOST_SECONDS), worker.running() as process:
            assert process.stdout is not None
            told = await process.stdout.read()
            await complain(process)
    except (WorkerFailed, TimeoutError) as error:
        raise InvalidRequest(
            "The project's files are too much to be understood", "Reading them was given up.", details=str(error)
        ) from None
    kind, found = await asyncio.to_thread(pickle.loads, told)
    if kind == "problems":
        raise ComposeError(*found)
    if kind == "raised":
        raise found
    return found
