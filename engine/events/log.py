"""Past events, kept in the store so that "what happened last night" has an answer. Bounded by count.

Events are written in batches a moment after they happen: they describe, they decide nothing, so losing the last half
second in a crash is the right price for not paying a disk flush per event.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import msgspec

from engine.errors import DISK_REFUSES, StorageError
from engine.types.events import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.state.database import Database

_MOST_KEPT = 20_000
_WRITE_AFTER_SECONDS = 0.5


class EventLog:
    """Give `record` to the bus; `read` answers from memory and disk alike."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unwritten: list[Event] = []
        self._writer: asyncio.Task[None] | None = None

    def record(self, event: Event) -> None:
        self._unwritten.append(event)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write_soon(), name="event-log")

    async def read(self, *, since_ns: int = 0, until_ns: int = 0) -> Sequence[Event]:
        await self._write()
        rows = await self._database.fetch(
            "SELECT body FROM events WHERE time_ns >= ? AND (? = 0 OR time_ns <= ?) ORDER BY number",
            (since_ns, until_ns, until_ns),
        )
        written = [msgspec.json.decode(body, type=Event) for (body,) in rows]
        waiting = [
            event for event in self._unwritten
            if event.time_ns >= since_ns and (not until_ns or event.time_ns <= until_ns)
        ]  # fmt: skip
        return written + waiting

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer
        await self._write()

    async def _write_soon(self) -> None:
        while self._unwritten:
            await asyncio.sleep(_WRITE_AFTER_SECONDS)
            await self._write()

    async def _write(self) -> None:
        batch, self._unwritten = self._unwritten, []
        if not batch:
            return
        rows = [(event.time_ns, msgspec.json.encode(event)) for event in batch]
        try:
            await self._database.transaction(
                [
                    *(("INSERT INTO events(time_ns, body) VALUES (?, ?)", row) for row in rows),
                    ("DELETE FROM events WHERE number <= (SELECT max(number) FROM events) - ?", (_MOST_KEPT,)),
                ]
            )
        except StorageError as error:
            if error.code not in DISK_REFUSES:
                raise
            # They wait in memory for room; the newest count if it takes long.
            self._unwritten = (batch + self._unwritten)[-_MOST_KEPT:]
