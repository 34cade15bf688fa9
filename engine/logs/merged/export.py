"""Writing a merged log to a file: whole or what a question finds, each line with the container it is from."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from engine.errors import WherryError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

    from engine.facade import Logs
    from engine.operations.registry import Progress
    from engine.types.logs import ExportLogs, LogLine

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>])")
_AT_ONCE = 1000


async def export_merged(
    logs: Logs, name: str, request: ExportLogs, names: Callable[[str], str], progress: Progress
) -> None:
    """`names` gives what a container is called by its id."""
    total = (await logs.summary(name)).lines
    target = Path(request.path)
    temporary = target.with_name(f".{target.name}.part")
    done = 0
    try:
        sink = await asyncio.to_thread(_opened, temporary, request)
        try:
            async with contextlib.aclosing(_asked(logs, name, request)) as batches:
                async for batch in batches:
                    text = "".join(_formatted(line, request, names(line.source)) for line in batch)
                    await asyncio.to_thread(sink.write, text.encode("utf-8", "replace"))
                    done += len(batch)
                    progress.amount(done, max(done, total))
        finally:
            await asyncio.to_thread(sink.close)
        await asyncio.to_thread(temporary.replace, target)
    except OSError as error:
        raise WherryError("The log could not be exported", str(error), subject=request.path) from error
    finally:
        await asyncio.to_thread(temporary.unlink, missing_ok=True)


def _opened(path: Path, request: ExportLogs) -> IO[bytes]:
    if request.gzip:
        return cast("IO[bytes]", gzip.open(path, "wb", compresslevel=6))
    return open(path, "wb")


async def _asked(logs: Logs, name: str, request: ExportLogs) -> AsyncGenerator[Sequence[LogLine], None]:
    if request.search is None:
        lines: AsyncIterator[Sequence[LogLine]] = logs.read(name)
        async for batch in lines:
            yield batch
        return
    numbers: list[int] = []
    async for answer in logs.search(name, request.search):
        numbers.extend(answer.numbers)
    numbers.sort()
    for start in range(0, len(numbers), _AT_ONCE):
        yield await logs.lines(name, numbers[start : start + _AT_ONCE])


def _formatted(line: LogLine, request: ExportLogs, source: str) -> str:
    stamp = ""
    if request.timestamps:
        second = datetime.fromtimestamp(line.time_ns // 1_000_000_000, UTC)
        stamp = f"{second:%Y-%m-%dT%H:%M:%S}.{line.time_ns % 1_000_000_000:09d}Z "
    return f"{stamp}{source}  {line.text if request.ansi else _ANSI.sub('', line.text)}\n"
