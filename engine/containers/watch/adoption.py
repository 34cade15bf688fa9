"""Finding everything again when an engine starts: which containers live on, which ended and how, what is left over.

Nothing is believed from the store that can be looked up: processes, exit files and control groups are read once, all
together, and the rows are made to agree, by the same rules as in the rounds while it runs (`reconciling`). What belongs
to nobody is swept away.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from engine.containers.watch.traces import differs
from engine.errors import WherryError

if TYPE_CHECKING:
    from engine.containers.known.book import ContainerBook
    from engine.containers.known.record import Record
    from engine.containers.watch.judging import Found
    from engine.containers.watch.settling import Settler
    from engine.containers.watch.supervision import Supervisor
    from engine.containers.watch.sweeping import Sweeper
    from engine.containers.watch.traces import Traces

_log = logging.getLogger(__name__)


class Adopter:
    def __init__(
        self,
        book: ContainerBook,
        *,
        traces: Traces,
        settler: Settler,
        sweeper: Sweeper,
        supervisor: Supervisor,
    ) -> None:
        self._book = book
        self._traces = traces
        self._settler = settler
        self._sweeper = sweeper
        self._supervisor = supervisor

    async def adopt(self) -> None:
        """Settle every row. Containers that a policy wants back are started afterwards, side by side."""
        shown = await asyncio.to_thread(self._traces.glance, thorough=False)
        entries = [entry for entry in self._book if differs(entry.record, shown, absent=True)]
        found = await asyncio.to_thread(self._look_at_all, [entry.record for entry in entries])
        for entry, one in zip(entries, found, strict=True):
            try:
                async with entry.lock:
                    await self._settler.settle(entry, one, watched=False)
            except WherryError as error:
                _log.warning("%s could not be settled: %s", entry.container.name, error)
        await self._sweeper.sweep_all()
        self._supervisor.begin()

    def _look_at_all(self, records: list[Record]) -> list[Found]:
        return [self._traces.look_at(record, absent=True) for record in records]
