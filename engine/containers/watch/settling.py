"""Making one row and the machine agree, as `judging` decides: at an engine's start and while it runs."""

from __future__ import annotations

import contextlib
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.containers.end.run_end import Evidence
from engine.containers.known.record import Run
from engine.containers.run.restart_file import write_restart_file
from engine.containers.watch.judging import Verdict, judge
from engine.types.containers import ALIVE_STATES, State
from engine.types.data import now

if TYPE_CHECKING:
    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.run.runtime import Runtime
    from engine.containers.run.starting import Starter
    from engine.containers.watch.exit_watch import ExitWatch
    from engine.containers.watch.judging import Found
    from engine.containers.watch.supervision import Supervisor
    from engine.networks.network_service import NetworkService

_log = logging.getLogger(__name__)


_TOLD = {
    Verdict.START_CUT_OFF: "A start that was cut off was taken back.",
    Verdict.REMOVAL_CUT_OFF: "A removal that was cut off is finished.",
}
"""Of what is mended here, what nothing else tells."""


class Settler:
    """The caller holds the entry's lock."""

    def __init__(
        self,
        book: ContainerBook,
        runtime: Runtime,
        networks: NetworkService,
        *,
        watch: ExitWatch,
        starter: Starter,
        supervisor: Supervisor,
    ) -> None:
        self._book = book
        self._runtime = runtime
        self._networks = networks
        self._watch = watch
        self._starter = starter
        self._supervisor = supervisor

    async def settle(self, entry: Entry, found: Found, *, watched: bool) -> None:
        """`watched`: this engine was there all the time."""
        if found.restarts:
            await self._count_restarts(entry, found)
        verdict = judge(entry.record, found)
        if watched and verdict not in (Verdict.LIVES, Verdict.WAITS, Verdict.RESTS):
            _log.info("%s is %s in its row and found as %s", entry.id[:12], entry.state.value, verdict.name)
        if words := _TOLD.get(verdict):
            self._book.announce(entry, "mend", what=words)
        if verdict is Verdict.LIVES:
            await self._take_up(entry, found, watched=watched)
        elif verdict is Verdict.ENDED:
            await self._supervisor.record_end(entry, self._evidence(entry, found, watched=watched))
        elif verdict is Verdict.REMOVAL_CUT_OFF:
            await self._starter.take_down(entry.record)
            self._supervisor.spawn(self._supervisor.remove_quietly(entry), f"remove {entry.id[:12]}")
        elif verdict is Verdict.WAITS:
            await self._supervisor.wait_on(entry)
        elif verdict is not Verdict.RESTS:
            await self._take_back(entry)

    async def _count_restarts(self, entry: Entry, found: Found) -> None:
        """What the stand-in did. In the row before its file begins anew, so that nobody counts it twice or never."""
        counted = entry.record.changed(failures=found.failures).with_container(
            restart_count=entry.container.restart_count + found.restarts,
            started=datetime.fromtimestamp(found.started, UTC),
        )
        await self._book.save_when_it_fits(entry, counted)
        write_restart_file(self._runtime, entry.record, started=found.started)

    async def _take_up(self, entry: Entry, found: Found, *, watched: bool) -> None:
        record = entry.record
        # Frozen or about to end, if this engine has seen to it; an earlier one's intentions are looked up.
        known = watched and entry.alive
        pasta = self._networks.attachments.adopt(record.id, was_offline=record.container.offline)
        group = self._runtime.cgroups.group(record.id)
        cgroups = record.run.cgroups or {key: str(path) for key, path in group.directories.items()}
        run = Run(
            boot=self._runtime.boot, pid=found.pid, conmon_pid=found.conmon_pid, cgroups=cgroups,
            pasta_pid=pasta or record.run.pasta_pid,
            oom_kills=record.run.oom_kills,
        )  # fmt: skip
        changed = record.changed(run=run, paused_briefly=known and record.paused_briefly).with_container(
            state=entry.state if known else self._living_state(entry, found),
            pid=found.pid,
            started=record.container.started or now(),
        )
        if changed == record:
            self._book.show(entry, changed)
        else:
            await self._book.save_when_it_fits(entry, changed)
        if not self._watch.watch(record.id, found.conmon_pid):
            self._supervisor.supervisor_lost(record.id)
        if record.run.pasta_pid and not pasta:
            self._supervisor.network_lost(record.id)

    def _living_state(self, entry: Entry, found: Found) -> State:
        """Frozen by a person, it stays so; frozen while its files were being copied, by work that was cut off, not."""
        if not found.frozen:
            return State.RUNNING
        if entry.state is State.PAUSED and not entry.record.paused_briefly:
            return State.PAUSED
        with contextlib.suppress(OSError):
            self._runtime.cgroup(entry.record).freeze(frozen=False)
        return State.RUNNING

    def _evidence(self, entry: Entry, found: Found, *, watched: bool) -> Evidence:
        record = entry.record
        code, moment = found.exit_code or (None, 0.0)
        return Evidence(
            looked=now(),
            code=code,
            ended=None if code is None else datetime.fromtimestamp(moment, UTC),
            out_of_memory=self._runtime.cgroup(record).oom_kills() > record.run.oom_kills,
            rebooted=record.run.boot not in ("", self._runtime.boot),
            watched=watched,
        )

    async def _take_back(self, entry: Entry) -> None:
        """What a start that was cut off, or a run whose end was, left behind."""
        await self._starter.take_down(entry.record)
        state = entry.state
        restart = state is State.RESTARTING or (state in ALIVE_STATES and entry.container.exit is not None)
        if restart:
            state = State.RESTARTING
        elif state not in (State.CREATED, State.EXITED, State.DEAD):
            state = State.CREATED if entry.container.started is None else State.EXITED
        cleared = entry.record.changed(run=Run()).with_container(state=state, pid=0, ip_address="", cgroup="")
        if cleared != entry.record:
            await self._book.save_when_it_fits(entry, cleared)
        if restart:
            await self._supervisor.wait_on(entry)
