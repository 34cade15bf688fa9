"""Looking after running containers: an end is noticed, recorded with its proof, and answered as the policy says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from engine.containers.end.run_end import NOT_STARTED_CODE, Evidence, settle_end, settle_waiting
from engine.containers.known.record import member_of
from engine.containers.run.restart_file import remove_restart_file
from engine.errors import RuntimeFailure, WherryError
from engine.types.containers import Exit, State
from engine.types.data import now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from engine.containers.end.run_end import Decision
    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.known.record import Record
    from engine.containers.run.runtime import Runtime
    from engine.containers.run.starting import Starter
    from engine.containers.watch.exit_watch import ExitWatch
    from engine.containers.watch.health import HealthMonitor
    from engine.networks.network_service import NetworkService

_log = logging.getLogger(__name__)


class Supervisor:
    """Owns the answers to ends. `remove` is what an auto-remove container asks for."""

    def __init__(
        self,
        book: ContainerBook,
        runtime: Runtime,
        networks: NetworkService,
        *,
        watch: ExitWatch,
        starter: Starter,
        health: HealthMonitor,
        remove: Callable[[Entry], Awaitable[object]],
    ) -> None:
        self._book = book
        self._runtime = runtime
        self._networks = networks
        self._watch = watch
        self._starter = starter
        self._health = health
        self._remove = remove
        self._tasks: set[asyncio.Task[None]] = set()
        self._restarts: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        self._may_restart = asyncio.Event()
        self._offline: set[str] = set()
        """Whose way out is gone and has not come back."""

    # --- told by the watch ---

    def exit_file_appeared(self, container_id: str) -> None:
        entry = self._book.by_id(container_id)
        if entry is not None:
            self.spawn(self._ended(entry), f"end of {container_id[:12]}")

    def supervisor_lost(self, container_id: str) -> None:
        """conmon is gone. Usual after an end; without an exit code somebody killed it."""
        entry = self._book.by_id(container_id)
        if entry is not None:
            self.spawn(self._orphaned(entry), f"loss of {container_id[:12]}")

    def network_lost(self, container_id: str) -> None:
        entry = self._book.by_id(container_id)
        if entry is not None:
            self.spawn(self._reconnect(entry), f"network of {container_id[:12]}")

    # --- ends ---

    async def _ended(self, entry: Entry) -> None:
        async with entry.lock:
            if entry.alive and self._watch.exit_code(entry.id) is not None:
                await self.record_end(entry, self._evidence(entry))

    async def _orphaned(self, entry: Entry) -> None:
        """conmon leaves the exit code before it goes, so a missing one means it was killed: nobody reads the service's
        output any more or would see it end. It is ended, and the policy decides the rest."""
        async with entry.lock:
            if entry.alive and entry.container.pid:
                await self.record_end(entry, self._evidence(entry))

    def _evidence(self, entry: Entry) -> Evidence:
        found = self._watch.exit_code(entry.id)
        out_of_memory = self._runtime.cgroup(entry.record).oom_kills() > entry.record.run.oom_kills
        if found is None:
            return Evidence(looked=now(), out_of_memory=out_of_memory)
        ended = datetime.fromtimestamp(found[1], UTC)
        return Evidence(looked=now(), code=found[0], ended=ended, out_of_memory=out_of_memory)

    async def record_end(self, entry: Entry, evidence: Evidence) -> None:
        """The run is over: say why, clear away, and do what the policy wants. The caller holds the lock."""
        record = entry.record
        self._health.stop(entry.id)
        self._book.tell_ends(entry)
        if evidence.out_of_memory:
            self._book.announce(entry, "oom")
        settled, decision = settle_end(record, evidence)
        try:
            await self._starter.take_down(
                record, keep_network=decision.again, keep_root=decision.again, for_good=entry.leaving
            )
        except (WherryError, OSError) as error:
            # It has ended all the same; what is left of it is looked for again soon.
            _log.warning("not all of %s could be cleared away: %s", record.container.name, error)
        if not decision.again:
            remove_restart_file(self._runtime, entry.id)
        entry.ends += 1
        attributes = _die_attributes(settled) if evidence.not_started is None else {}
        action = "die" if evidence.not_started is None else ""
        if entry.leaving:
            self._book.show(entry, settled, action, **attributes)
            return
        await self._book.save_when_it_fits(entry, settled, action, **attributes)
        self._follow(entry, decision)

    def _follow(self, entry: Entry, decision: Decision) -> None:
        if decision.again:
            self._schedule(entry, decision.wait)
        elif decision.remove:
            self.spawn(self.remove_quietly(entry), f"remove {entry.id[:12]}")

    async def remove_quietly(self, entry: Entry) -> None:
        with contextlib.suppress(WherryError):
            await self._remove(entry)

    # --- restarts ---

    def begin(self) -> None:
        """All is looked through and swept: restarts that fell due meanwhile may go ahead."""
        self._may_restart.set()

    def is_waiting(self, container_id: str) -> bool:
        return container_id in self._restarts

    async def wait_on(self, entry: Entry) -> None:
        """One that waits for its next start and that nobody here waits for yet. The caller holds the lock."""
        if self.is_waiting(entry.id):
            return
        settled, decision = settle_waiting(entry.record, now())
        if settled != entry.record:
            await self._starter.take_down(entry.record)
            await self._book.save_when_it_fits(entry, settled)
        self._follow(entry, decision)

    def _schedule(self, entry: Entry, seconds: float) -> None:
        self.cancel_restart(entry.id)
        if not self._closing:  # else it is the stand-in's or the next engine's
            self._restarts[entry.id] = self.spawn(self._restart(entry, seconds), f"restart {entry.id[:12]}")

    def cancel_restart(self, container_id: str) -> None:
        task = self._restarts.pop(container_id, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _restart(self, entry: Entry, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._may_restart.wait()
        async with entry.lock:
            if self._restarts.get(entry.id) is asyncio.current_task():
                del self._restarts[entry.id]
            if not entry.gone and entry.state is State.RESTARTING:
                await self._start_again(entry)

    async def _start_again(self, entry: Entry) -> None:
        """As the policy wants. The caller holds the lock. A start that fails is an end like any other."""
        entry.record = entry.record.with_container(restart_count=entry.container.restart_count + 1)
        try:
            await entry.starting(self._starter.start(entry, action="restart"))
        except WherryError as error:
            _log.info("restart of %s failed: %s", entry.container.name, error)
            code = error.exit_code if isinstance(error, RuntimeFailure) else NOT_STARTED_CODE
            failed = Exit(code=code, ended=now(), error=str(error))
            await self.record_end(entry, Evidence(looked=now(), not_started=failed))
        else:
            self._health.start(entry)

    # --- the network ---

    async def _reconnect(self, entry: Entry) -> None:
        """pasta was killed; the namespace is still there, so another pasta brings the same ports back. One that cannot
        be had now is tried for again by the reconciler."""
        async with entry.lock:
            networks = self._networks
            if not entry.alive or self._closing or networks.attachments.is_watched(entry.id):
                return
            container = entry.container
            try:
                pid = await networks.reconnect(member_of(entry.record), container.ports)
            except (WherryError, OSError) as error:
                if entry.id not in self._offline:
                    self._offline.add(entry.id)
                    _log.warning("the network of %s could not be brought back yet: %s", container.name, error)
                return
            self._offline.discard(entry.id)
            run = msgspec.structs.replace(entry.record.run, pasta_pid=pid)
            changed = entry.record.changed(run=run).with_container(offline=networks.attachments.is_offline(entry.id))
            await self._book.save_when_it_fits(entry, changed)

    # --- tasks ---

    def spawn(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("%s failed", task.get_name(), exc_info=task.exception())

    async def close(self) -> None:
        """Let ends that are being recorded be recorded; waiting restarts are the stand-in's or the next engine's."""
        self._closing = True
        for container_id in tuple(self._restarts):
            self.cancel_restart(container_id)
        while self._tasks:
            # Not gather: from Python 3.12 on it does not yield for tasks that are done, and this would spin.
            await asyncio.wait(self._tasks)


def _die_attributes(record: Record) -> dict[str, str]:
    started, ending = record.container.started, record.container.exit
    assert ending is not None
    seconds = 0 if started is None else max(0, int((ending.ended - started).total_seconds()))
    return {"exitCode": str(ending.code), "execDuration": str(seconds)}
