"""A Python program of our own beside the engine, for work that would hold its interpreter too long.

It sees the standard library and this package only, which makes it start in some ten milliseconds; or, where it needs
them, the packages that this program has too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ROOT = Path(__file__).resolve().parents[2]
_STDERR_KEPT = 4096


class WorkerFailed(Exception):
    """The worker ended badly; the message is the last thing it said."""


class PythonWorker:
    """One run of `module.main()`, given a request as JSON on its stdin. Leaving the context kills it."""

    def __init__(self, module: str, request: dict[str, Any], *, nice: int = 0, packages: bool = False) -> None:
        self._module = module
        self._request = request
        self._nice = nice
        self._places = [str(_ROOT), *(path for path in sys.path if packages and path)]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        code = (
            f"import os, sys; sys.path[:0] = sys.argv[1:]; os.nice({self._nice}); "
            f"from {self._module} import main; main()"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-SIBc", code, *self._places,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )  # fmt: skip
        if process.stdin is None:
            raise WorkerFailed("the worker has no input")
        try:
            process.stdin.write(json.dumps(self._request).encode())
            process.stdin.close()
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            # A killed worker is reaped here, and its pipes closed, also when the reader is being cancelled.
            await asyncio.shield(_drained(process))


async def _drained(process: asyncio.subprocess.Process) -> None:
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            while await stream.read(1 << 20):
                pass
    await process.wait()


async def complain(process: asyncio.subprocess.Process) -> None:
    """Raise `WorkerFailed` where the worker, whose output has ended, did not end well."""
    said = b"" if process.stderr is None else (await process.stderr.read())[-_STDERR_KEPT:]
    if await process.wait() != 0:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise WorkerFailed(lines[-1] if lines else f"exit code {process.returncode}")
