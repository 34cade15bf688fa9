"""Every few seconds, and whenever a keeper was replaced: rows and machine are compared and brought together.

What is told of at once (ends, losses) is told by `exit_watch` and the network's own watch. This is for what a crash of
a helper kept from being told, or from being finished: nothing may stay half-done or falsely certain for longer than a
few seconds. It decides by the same pure functions as an engine's start (`judging`, `run_end`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from engine.containers.watch.traces import differs
from engine.errors import WherryError
from engine.storage.reserve import Reserve

if TYPE_CHECKING:
    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.run.runtime import Runtime
    from engine.containers.watch.network_waiting import NetworkWaiting
    from engine.containers.watch.resolver_watch import ResolverWatch
    from engine.containers.watch.settling import Settler
    from engine.containers.watch.supervision import Supervisor
    from engine.containers.watch.sweeping import Sweeper
    from engine.containers.watch.traces import Shown, Traces
    from engine.networks.network_service import NetworkService

_log = logging.getLogger(__name__)
_SECONDS = 3.0
_THOROUGH_EVERY = 10
"""Rounds between two looks at groups and mounts also of what is at rest."""


class Reconciler:
    def __init__(
        self,
        book: ContainerBook,
        runtime: Runtime,
        networks: NetworkService,
        *,
        traces: Traces,
        settler: Settler,
        sweeper: Sweeper,
        supervisor: Supervisor,
        resolvers: ResolverWatch,
        waiting: NetworkWaiting,
    ) -> None:
        self._book = book
        self._runtime = runtime
        self._networks = networks
        self._traces = traces
        self._settler = settler
        self._sweeper = sweeper
        self._supervisor = supervisor
        self._resolvers = resolvers
        self._waiting = waiting
        self._reserve = Reserve(runtime.paths.reserve)
        self._due = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._complained: set[str] = set()
        """Of which containers a failure was told already: the same every three seconds helps nobody."""

    def open(self) -> None:
        self._runtime.keeper.on_restart(self.look_soon)
        self._task = asyncio.get_running_loop().create_task(self._rounds(), name="reconciler")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def look_soon(self) -> None:
        """Something happened that may have cut work off."""
        self._due.set()

    async def _rounds(self) -> None:
        number = 0
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), _SECONDS)
            thorough = self._due.is_set() or number % _THOROUGH_EVERY == 0
            self._due.clear()
            number += 1
            try:
                await self.look(thorough=thorough)
            except (WherryError, OSError) as error:
                _log.info("a round of looking was cut off: %s", error)

    async def look(self, *, thorough: bool = False) -> None:
        """One round."""
        await self._book.pay()
        await self._networks.pay()
        shown = await asyncio.to_thread(self._traces.glance, thorough=thorough)
        for entry in self._book:
            if not entry.lock.locked() and self._is_doubtful(entry, shown):
                await self._settle(entry)
        await self._sweeper.sweep_networks(shown.networks)
        await self._resolvers.look()
        await self._waiting.look()
        if thorough:
            await asyncio.to_thread(self._reserve.keep)
            await self._sweeper.unmount_forgotten()

    def _is_doubtful(self, entry: Entry, shown: Shown) -> bool:
        if entry.waits_to_restart():
            return not self._supervisor.is_waiting(entry.id)
        if entry.alive and entry.record.run.pasta_pid and not self._networks.attachments.is_watched(entry.id):
            return True
        return differs(entry.record, shown)

    async def _settle(self, entry: Entry) -> None:
        """A glance is not enough: looked at again when nobody can be changing it."""
        async with entry.lock:
            if entry.gone or self._supervisor.is_waiting(entry.id):
                return
            try:
                found = await asyncio.to_thread(self._traces.look_at, entry.record)
                await self._settler.settle(entry, found, watched=True)
            except (WherryError, OSError) as error:
                if entry.id not in self._complained:
                    self._complained.add(entry.id)
                    _log.warning("%s could not be settled yet: %s", entry.container.name, error)
            else:
                self._complained.discard(entry.id)
