"""One timeline for a name: the logs of removed containers that had it, then the log of the one that has it now.

Numbers go on from the one to the other. Without a past, or without a living container, it is just the other.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from engine.types.logs import LogLine, LogSummary, ReadLogs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    Read = Callable[[ReadLogs], AsyncGenerator[Sequence[LogLine], None]]


def numbered_from(lines: Sequence[LogLine], shift: int) -> list[LogLine]:
    return [msgspec.structs.replace(line, number=line.number + shift) for line in lines]


async def read_timeline(
    past: Read, now: Read, past_summary: LogSummary, now_summary: LogSummary, request: ReadLogs
) -> AsyncGenerator[Sequence[LogLine], None]:
    """`past` and `now` read the two parts with their own numbers."""
    shift = past_summary.first_number + past_summary.lines
    earlier, later = split_request(request, shift, now_summary)
    left = request.count
    if earlier is not None:
        async with contextlib.aclosing(past(msgspec.structs.replace(earlier, follow=False))) as batches:
            async for batch in batches:
                left = None if left is None else left - len(batch)
                yield batch
    if later is None or left == 0:
        return
    async with contextlib.aclosing(now(msgspec.structs.replace(later, count=left))) as batches:
        async for batch in batches:
            yield numbered_from(batch, shift)


def split_request(request: ReadLogs, shift: int, now: LogSummary) -> tuple[ReadLogs | None, ReadLogs | None]:
    """What to ask of the past, and of the present; None for nothing."""
    if request.first is not None:
        if request.first >= shift:
            return None, msgspec.structs.replace(request, first=request.first - shift)
        return request, msgspec.structs.replace(request, first=0)
    if request.tail is not None:
        whole = msgspec.structs.replace(request, tail=None)
        if now.lines >= request.tail:
            return None, request
        return msgspec.structs.replace(request, tail=request.tail - now.lines), whole
    return request, request


def joined_summary(past: LogSummary, now: LogSummary) -> LogSummary:
    return LogSummary(
        bytes=past.bytes + now.bytes,
        lines=past.lines + now.lines,
        indexed=past.indexed and now.indexed,
        first_number=past.first_number,
        first_ns=past.first_ns or now.first_ns,
        last_ns=now.last_ns or past.last_ns,
    )
