"""Looking after running containers: an end is noticed, recorded with its proof, and answered as the policy says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from engine.containers.record import Run, member_of
from engine.containers.restart_file import MAY_RESTART, remove_restart_file
from engine.containers.restarter import GOOD_RUN_SECONDS, delay
from engine.errors import WherryError
from engine.types.containers import Cause, Exit, Health, HealthStatus, State
from engine.types.data import now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from engine.containers.book import Entry
    from engine.containers.exit_watch import ExitWatch
    from engine.containers.health import HealthMonitor
    from engine.containers.record import Record
    from engine.containers.runtime import Runtime
    from engine.containers.starting import Starter

_log = logging.getLogger(__name__)
_FIRST_SIGNAL, _LAST_SIGNAL = 129, 192
LOST_CODE = 137


class Supervisor:
    """Owns the answers to ends. `remove` is what an auto-remove container asks for."""

    def __init__(
        self,
        runtime: Runtime,
        watch: ExitWatch,
        starter: Starter,
        health: HealthMonitor,
        remove: Callable[[Entry], Awaitable[object]],
    ) -> None:
        self._runtime = runtime
        self._watch = watch
        self._starter = starter
        self._health = health
        self._remove = remove
        self._tasks: set[asyncio.Task[None]] = set()
        self._restarts: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        self.on_end: Callable[[str], None] | None = None
        """Told of a container whose run is over while its control groups are still there."""

    # --- told by the watch ---

    def exit_file_appeared(self, container_id: str) -> None:
        entry = self._runtime.book.by_id(container_id)
        if entry is not None:
            self.spawn(self._ended(entry), f"end of {container_id[:12]}")

    def supervisor_lost(self, container_id: str) -> None:
        """conmon is gone. Usual after an end; without an exit code somebody killed it."""
        entry = self._runtime.book.by_id(container_id)
        if entry is not None:
            self.spawn(self._orphaned(entry), f"loss of {container_id[:12]}")

    def network_lost(self, container_id: str) -> None:
        entry = self._runtime.book.by_id(container_id)
        if entry is not None:
            self.spawn(self._reconnect(entry), f"network of {container_id[:12]}")

    # --- ends ---

    async def _ended(self, entry: Entry) -> None:
        async with entry.lock:
            found = self._watch.exit_code(entry.id)
            if found is not None and entry.alive:
                code, moment = found
                await self.record_end(entry, code, datetime.fromtimestamp(moment, UTC))

    async def _orphaned(self, entry: Entry) -> None:
        """conmon leaves the exit code before it goes, so a missing one means it was killed: nobody reads the service's
        output any more or would see it end. It is ended, and the policy decides the rest."""
        async with entry.lock:
            if not entry.alive or entry.container.pid == 0:
                return
            found = self._watch.exit_code(entry.id)
            if found is not None:
                await self.record_end(entry, found[0], datetime.fromtimestamp(found[1], UTC))
                return
            await self.record_end(
                entry, LOST_CODE, now(), error="The process that looked after it (conmon) was killed."
            )

    async def record_end(self, entry: Entry, code: int, ended: datetime, *, error: str = "") -> None:
        """The run is over: say why, clear away, and do what the policy wants. The caller holds the lock."""
        record = entry.record
        self._health.stop(entry.id)
        if self.on_end is not None:
            self.on_end(entry.id)
        out_of_memory = self._runtime.cgroup(record).oom_kills() > record.run.oom_kills
        ending = Exit(
            code=code,
            ended=ended,
            signal=code - 128 if _FIRST_SIGNAL <= code <= _LAST_SIGNAL else 0,
            oom_killed=out_of_memory,
            error=error,
            requested=record.stop_wanted,
            cause=Cause.LOST if error else cause_of(record),
        )
        again = not self._closing and wants_restart(record, ending)
        if out_of_memory:
            self._runtime.book.announce(entry, "oom")
        await self._starter.take_down(record, keep_network=again, keep_root=again)
        started = record.container.started
        good = started is not None and (ended - started).total_seconds() >= GOOD_RUN_SECONDS
        failures = (1 if good else record.failures + 1) if again else 0
        record = record.changed(
            run=Run(),
            failures=failures,
            good_spec=record.container.spec if good or code == 0 else record.good_spec,
        ).with_container(
            state=State.RESTARTING if again else State.EXITED,
            exit=ending,
            pid=0,
            ip_address="",
            ports=record.container.ports,
            cgroup="",
            health=HealthStatus(status=Health.NONE, log=record.container.health.log),
        )
        entry.ends += 1
        if not again:
            remove_restart_file(self._runtime, entry.id)
        await self._runtime.book.save_when_it_fits(entry, record, "die", **_die_attributes(record, ending))
        if again:
            self._schedule(entry, delay(0 if good else failures - 1))
        elif record.container.spec.auto_remove:
            self.spawn(self.remove_quietly(entry), f"remove {entry.id[:12]}")

    async def remove_quietly(self, entry: Entry) -> None:
        with contextlib.suppress(WherryError):
            await self._remove(entry)

    # --- restarts ---

    def _schedule(self, entry: Entry, seconds: float) -> None:
        self.cancel_restart(entry.id)
        self._restarts[entry.id] = self.spawn(self._restart(entry, seconds), f"restart {entry.id[:12]}")

    def cancel_restart(self, container_id: str) -> None:
        task = self._restarts.pop(container_id, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _restart(self, entry: Entry, seconds: float) -> None:
        await asyncio.sleep(seconds)
        async with entry.lock:
            if entry.gone or entry.state is not State.RESTARTING:
                return
            self._restarts.pop(entry.id, None)
            await self.start_again(entry)

    async def start_again(self, entry: Entry) -> None:
        """As the policy wants. The caller holds the lock. A start that fails is an end like any other."""
        count = entry.container.restart_count + 1
        entry.record = entry.record.with_container(restart_count=count)
        try:
            await self._starter.start(entry, action="restart")
        except WherryError as error:
            _log.info("restart of %s failed: %s", entry.container.name, error)
            failures = entry.record.failures + 1
            ending = entry.container.exit or Exit(code=125, ended=now(), error=str(error))
            again = wants_restart(entry.record, ending)
            record = entry.record.changed(failures=failures).with_container(
                state=State.RESTARTING if again else State.EXITED, exit=ending
            )
            await self._runtime.book.save(entry, record)
            if again:
                self._schedule(entry, delay(failures - 1))
        else:
            self._health.start(entry)

    # --- the network ---

    async def _reconnect(self, entry: Entry) -> None:
        """pasta was killed; the namespace is still there, so another pasta brings the same ports back."""
        async with entry.lock:
            if not entry.alive or self._closing:
                return
            container = entry.container
            networks = self._runtime.networks
            try:
                pid = await networks.reconnect(member_of(entry.record), container.ports)
            except WherryError as error:
                _log.warning("the network of %s could not be brought back: %s", container.name, error)
                return
            run = entry.record.run
            await self._runtime.book.save(entry, entry.record.changed(run=msgspec.structs.replace(run, pasta_pid=pid)))

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


def cause_of(record: Record) -> Cause:
    """Of an end that was seen."""
    if not record.stop_wanted:
        return Cause.ITSELF
    return Cause.STOPPED if record.container.state is State.STOPPING else Cause.KILLED


def wants_restart(record: Record, ending: Exit) -> bool:
    """The restart policy, as Docker reads it."""
    policy = record.container.spec.restart
    if record.stop_wanted or policy.name not in MAY_RESTART:
        return False
    if policy.name == "on-failure":
        return ending.code != 0 and not 0 < policy.maximum_retries <= record.failures
    return True


def _die_attributes(record: Record, ending: Exit) -> dict[str, str]:
    started = record.container.started
    seconds = 0 if started is None else max(0, int((ending.ended - started).total_seconds()))
    return {"exitCode": str(ending.code), "execDuration": str(seconds)}
