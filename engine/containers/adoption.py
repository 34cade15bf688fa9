"""Finding everything again when an engine starts: which containers live on, which ended and how, what is left over.

Nothing is believed from the store that can be looked up: processes, exit files and control groups are read once, all
together, and the rows are made to agree.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.containers.ending import kill_group
from engine.containers.record import Run
from engine.containers.restart_file import settled_restarts
from engine.containers.supervision import LOST_CODE, cause_of, wants_restart
from engine.errors import WherryError
from engine.networks.attachment import read_pid
from engine.types.containers import ALIVE_STATES, Cause, Exit, State
from engine.types.data import now

if TYPE_CHECKING:
    from engine.containers.book import Entry
    from engine.containers.exit_watch import ExitWatch
    from engine.containers.record import Record
    from engine.containers.runtime import Runtime
    from engine.containers.starting import Starter
    from engine.containers.supervision import Supervisor

_log = logging.getLogger(__name__)
_REBOOT_CODE = 255


@dataclass(frozen=True)
class Found:
    """What the run directory and /proc say of one container."""

    pid: int = 0
    conmon_pid: int = 0
    exit_code: tuple[int, float] | None = None
    restarts: int = 0
    failures: int = 0
    started: float = 0.0
    half_made: bool = False
    """Created, never told to start."""


class Adopter:
    def __init__(self, runtime: Runtime, watch: ExitWatch, starter: Starter, supervisor: Supervisor) -> None:
        self._runtime = runtime
        self._watch = watch
        self._starter = starter
        self._supervisor = supervisor

    async def adopt(self) -> None:
        """Settle every row. Containers that a policy wants back are started afterwards, side by side."""
        runtime = self._runtime
        entries = [entry for entry in runtime.book if self._left_traces(entry.record)]
        found = await asyncio.to_thread(self._look_at_all, [entry.record for entry in entries])
        wanted: list[Entry] = []
        for entry, one in zip(entries, found, strict=True):
            try:
                if await self._settle(entry, one):
                    wanted.append(entry)
            except WherryError as error:
                _log.warning("%s could not be settled: %s", entry.container.name, error)
        await self._sweep()
        for entry in wanted:
            self._supervisor.spawn(self._start_again(entry), f"restart {entry.id[:12]}")

    def _left_traces(self, record: Record) -> bool:
        """Rows at rest need no look, but for those an interrupted start left something of."""
        if record.container.state in (*ALIVE_STATES, State.STARTING, State.RESTARTING, State.REMOVING):
            return True
        return (self._runtime.paths.crun_root / record.id).exists()

    def _look_at_all(self, records: list[Record]) -> list[Found]:
        return [self._look_at(record) for record in records]

    def _look_at(self, record: Record) -> Found:
        """Blocking, in a thread: the stand-in may be in the middle of a restart."""
        document = settled_restarts(self._runtime, record.id)
        run = self._runtime.paths.container_run(record.id)
        conmon_pid = read_pid(run / "conmon.pid")
        alive = conmon_pid > 0 and _is_conmon_of(conmon_pid, record.id)
        pid = read_pid(run / "pid")
        if alive and conmon_pid in self._runtime.cgroup(record).processes():
            # The engine that started it died before it could see to that.
            self._runtime.cgroups.supervise(conmon_pid)
        return Found(
            pid=pid if alive and Path(f"/proc/{pid}").exists() else 0,
            conmon_pid=conmon_pid if alive else 0,
            exit_code=self._watch.exit_code(record.id),
            restarts=int(document.get("restarts", 0)),
            failures=int(document.get("failures", record.failures)),
            started=float(document.get("started", 0.0)),
            half_made=(self._runtime.paths.crun_root / record.id / "exec.fifo").exists(),
        )

    async def _settle(self, entry: Entry, found: Found) -> bool:
        """Make one row true; says whether the container should be started again."""
        async with entry.lock:
            record = entry.record
            if found.restarts:
                record = record.changed(failures=found.failures).with_container(
                    restart_count=record.container.restart_count + found.restarts,
                    started=datetime.fromtimestamp(found.started, UTC),
                )
                entry.record = record
            if found.half_made:
                # The start was cut off before the command ran: as if it had not been tried.
                return await self._undo_start(entry)
            if found.pid and found.exit_code is None:
                await self._readopt(entry, found)
                return False
            return await self._record_missed_end(entry, found)

    async def _readopt(self, entry: Entry, found: Found) -> None:
        record = entry.record
        networks = self._runtime.networks
        pasta = networks.attachments.adopt(record.id)
        group = self._runtime.cgroups.group(record.id)
        cgroups = record.run.cgroups or {key: str(path) for key, path in group.directories.items()}
        run = Run(
            boot=self._runtime.boot, pid=found.pid, conmon_pid=found.conmon_pid, pasta_pid=pasta, cgroups=cgroups,
            oom_kills=record.run.oom_kills,
        )  # fmt: skip
        frozen = self._runtime.cgroups.existing(cgroups).is_frozen()
        state = State.PAUSED if frozen else State.RUNNING
        changed = record.changed(run=run).with_container(
            state=state, pid=found.pid, started=record.container.started or now()
        )
        if changed == record:
            self._runtime.book.show(entry, changed)
        else:
            await self._runtime.book.save(entry, changed)
        if not self._watch.watch(record.id, found.conmon_pid):
            self._supervisor.supervisor_lost(record.id)
        if record.run.pasta_pid and not pasta:
            self._supervisor.network_lost(record.id)

    async def _undo_start(self, entry: Entry) -> bool:
        await self._starter.take_down(entry.record)
        container = entry.container
        state = State.CREATED if container.started is None else State.EXITED
        await self._runtime.book.save(
            entry, entry.record.changed(run=Run()).with_container(state=state, pid=0, ip_address="", cgroup="")
        )
        return False

    async def _record_missed_end(self, entry: Entry, found: Found) -> bool:
        record = entry.record
        was_alive = record.container.state in ALIVE_STATES
        if record.container.state is State.REMOVING:
            await self._starter.take_down(record)
            self._supervisor.spawn(self._supervisor.remove_quietly(entry), f"remove {entry.id[:12]}")
            return False
        if not was_alive and record.container.state is not State.RESTARTING:
            return await self._undo_start(entry)
        rebooted = record.run.boot not in ("", self._runtime.boot)
        ending = self._missed_end(record, found, rebooted=rebooted) if was_alive else record.container.exit
        await self._starter.take_down(record)
        settled = record.changed(run=Run()).with_container(
            state=State.EXITED, exit=ending, pid=0, ip_address="", cgroup=""
        )
        action = {"action": "die", "exitCode": str(ending.code)} if was_alive and ending else {}
        await self._runtime.book.save(entry, settled, **action)
        if settled.container.spec.auto_remove:
            self._supervisor.spawn(self._supervisor.remove_quietly(entry), f"remove {entry.id[:12]}")
            return False
        return ending is not None and wants_restart(settled, ending)

    def _missed_end(self, record: Record, found: Found, *, rebooted: bool) -> Exit:
        if found.exit_code is not None:
            code, moment = found.exit_code
            return Exit(
                code=code,
                ended=datetime.fromtimestamp(moment, UTC),
                signal=code - 128 if 128 < code <= 192 else 0,
                oom_killed=self._runtime.cgroup(record).oom_kills() > record.run.oom_kills,
                requested=record.stop_wanted,
                cause=cause_of(record),
            )
        if rebooted:
            return Exit(code=_REBOOT_CODE, ended=now(), error="The machine was restarted.", cause=Cause.REBOOT)
        error = "It ended while no engine ran, and conmon, which looked after it, with it."
        return Exit(code=LOST_CODE, ended=now(), error=error, cause=Cause.LOST)

    async def _start_again(self, entry: Entry) -> None:
        async with entry.lock:
            if not entry.gone and entry.state is State.EXITED:
                await self._supervisor.start_again(entry)

    # --- what belongs to nobody ---

    async def _sweep(self) -> None:
        """Runtime state, namespaces, groups and mounts of containers that are not alive."""
        runtime = self._runtime
        alive = {entry.id for entry in runtime.book if entry.alive}
        paths = runtime.paths
        for name in _ids_in(paths.crun_root) - alive:
            shutil.rmtree(paths.crun_root / name, ignore_errors=True)
        for name in _names_in(paths.network_namespaces):
            owner = paths.netns_owner(name)
            if owner and owner not in alive and not runtime.networks.is_in_use(owner):
                await runtime.networks.attachments.remove(owner)
        short = {container_id[:32] for container_id in alive}
        for name, group in runtime.cgroups.present().items():
            if name not in short:
                await kill_group(runtime.keeper, group)
                group.remove()
        for container_id in await runtime.rootfs.mounted() - alive:
            await runtime.rootfs.unmount(container_id)
        known = {entry.id for entry in runtime.book}
        for name in _ids_in(paths.exits) - known:
            (paths.exits / name).unlink(missing_ok=True)
        for name in _ids_in(paths.runs) - known:
            shutil.rmtree(paths.runs / name, ignore_errors=True)
        for name in _ids_in(paths.containers) - known:
            await runtime.rootfs.remove(name)


def _names_in(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []


def _ids_in(directory: Path) -> set[str]:
    """Names in a directory that are container ids; others live there too and are not ours to judge."""
    return {name for name in _names_in(directory) if len(name) == 64}


def _is_conmon_of(pid: int, container_id: str) -> bool:
    try:
        return container_id.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
