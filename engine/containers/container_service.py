"""The containers room as the facade shows it (`facade.Containers`). Each method says which part does the work.

service = ContainerService(book, runtime, files, networks, pods, ender=…, executor=…, logs=…, stats=…)
await service.open()        # adopts what lives on
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import msgspec

from engine.containers.end.ending import Ender, must_allow
from engine.containers.end.removal import Remover
from engine.containers.known import docker_words
from engine.containers.known.names import check_name
from engine.containers.look import attach as attaching
from engine.containers.look.looking_inside import Looker
from engine.containers.make.creation import Creator
from engine.containers.make.editing import Editor
from engine.containers.run.early_attach import EarlyAttachments
from engine.containers.run.starting import Starter
from engine.containers.watch.adoption import Adopter
from engine.containers.watch.exit_watch import ExitWatch
from engine.containers.watch.health import HealthMonitor
from engine.containers.watch.network_news import NetworkNews
from engine.containers.watch.network_waiting import NetworkWaiting
from engine.containers.watch.probing import probe
from engine.containers.watch.reconciling import Reconciler
from engine.containers.watch.resolver_watch import ResolverWatch
from engine.containers.watch.settling import Settler
from engine.containers.watch.supervision import Supervisor
from engine.containers.watch.sweeping import Sweeper
from engine.containers.watch.traces import Traces
from engine.errors import Code, Conflict, WherryError
from engine.types.containers import Action, Container, ListContainers, SizeOnDisk, State, WaitResult
from engine.types.data import ANY_LABELS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import Literal

    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.look.exec import Executor, RunningExec
    from engine.containers.run.container_files import ContainerFiles
    from engine.containers.run.pod_place import Pods
    from engine.containers.run.runtime import Runtime
    from engine.facade import ByteStream, ExecSession
    from engine.logs.log_service import LogService
    from engine.networks.network_service import NetworkService
    from engine.stats.stats_service import StatsService
    from engine.types.containers import (
        ChangedPath,
        ContainerSpec,
        CreateContainer,
        DeathReport,
        Exec,
        HealthCheck,
        Process,
        UpdateContainer,
    )
    from engine.types.data import Freed, LabelRule

_EVERYTHING = ListContainers()
_AT_REST = frozenset({State.CREATED, State.EXITED, State.DEAD})


class ContainerService:
    """Implements `engine.facade.Containers`."""

    def __init__(
        self,
        book: ContainerBook,
        runtime: Runtime,
        files: ContainerFiles,
        networks: NetworkService,
        pods: Pods,
        *,
        ender: Ender,
        executor: Executor,
        logs: LogService,
        stats: StatsService,
    ) -> None:
        """`logs` and `stats` follow every run, and give evidence for a death report."""
        self.book = book
        self._files = files
        self._networks = networks
        self.runtime = runtime
        self._executor = executor
        self._ender = ender
        self._watch = ExitWatch(runtime.paths.exits)
        self._creator = Creator(book, runtime, files, networks, pods)
        early = EarlyAttachments()
        self._starter = Starter(
            book, runtime, files, networks, pods, early, watch=self._watch, port_names=self._container_of_process
        )
        self._health = HealthMonitor(book, self._exec_in, self._probe_in, self._start_again)
        self._remover = Remover(book, runtime, files, networks, starter=self._starter, ender=ender)
        self._supervisor = Supervisor(
            book, runtime, networks,
            watch=self._watch, starter=self._starter, health=self._health, remove=self._remover.remove_ended,
        )  # fmt: skip
        self._editor = Editor(book, runtime, files, networks, creator=self._creator, starter=self._starter, ender=ender)
        traces = Traces(runtime, self._watch)
        settler = Settler(
            book, runtime, networks, watch=self._watch, starter=self._starter, supervisor=self._supervisor
        )
        sweeper = Sweeper(book, runtime, files, networks)
        self._adopter = Adopter(book, traces=traces, settler=settler, sweeper=sweeper, supervisor=self._supervisor)
        self._waiting = NetworkWaiting(book, self.start)
        self._reconciler = Reconciler(
            book, runtime, networks,
            traces=traces, settler=settler, sweeper=sweeper, supervisor=self._supervisor,
            resolvers=ResolverWatch(book, networks, self._starter.rewrite_hosts), waiting=self._waiting,
        )  # fmt: skip
        self._looker = Looker(runtime, files, early, executor=executor, logs=logs, stats=stats)
        book.follow(logs)
        book.follow(stats)
        networks.follow(NetworkNews(book, self._starter, self._supervisor, pods))

    async def open(self) -> None:
        self._watch.open(self._supervisor.exit_file_appeared, self._supervisor.supervisor_lost)
        await self._adopter.adopt()
        for entry in self.book:
            if entry.alive:
                self._health.start(entry)
        self._reconciler.open()

    async def close(self) -> None:
        """Stop watching. Containers go on."""
        await self._reconciler.close()
        await self._health.close()
        await self._supervisor.close()
        self._watch.close()
        await self.settled()
        for entry in self.book:
            await entry.lock.finished()
        await self.book.pay()

    async def settled(self) -> None:
        """What of removed containers goes on behind has come to its end."""
        await self._starter.behind.settled()
        await self._networks.attachments.behind.settled()

    # --- finding ---

    async def list(self, request: ListContainers = _EVERYTHING) -> Sequence[Container]:
        return [entry.container for entry in self.book if entry.alive or not request.running_only]

    async def get(self, container: str) -> Container:
        return self.book.find(container).container

    def is_alive(self, container_id: str) -> bool:
        return self.book.is_alive(container_id)

    def name_of(self, container_id: str) -> str:
        return self.book.name_of(container_id)

    # --- the life ---

    async def create(self, request: CreateContainer) -> Container:
        record = await self._creator.create(request)
        if record.container.name in self.book.names:
            raise Conflict(f"The name “{record.container.name}” is taken", code=Code.NAME_TAKEN)
        self._files.images.image(record.container.image_id)  # it may have been removed while the volumes were made
        entry = await self.book.add(record)
        self._files.volumes.users_changed(entry.volume_names)
        try:
            for network, asked in request.networks.items():
                await self._networks.connect(network, entry.id, asked=asked)
        except (WherryError, asyncio.CancelledError):
            await self.remove(entry.id, force=True)
            raise
        # Only said to whom it concerns now: it will be another thing tomorrow.
        now = await self._networks.warnings(entry.id, entry.container.spec.network)
        return msgspec.structs.replace(entry.container, warnings=(*entry.container.warnings, *now))

    async def start(self, container: str) -> Container:
        entry = self.book.find(container)
        try:
            return await self._start(entry)
        except WherryError:
            await self._waiting.note(entry)
            # `run --rm` of what cannot start: the client waits for the removal before it says so.
            if entry.container.spec.auto_remove and entry.container.started is None:
                await self._remover.remove_ended(entry)
            raise

    async def _start(self, entry: Entry) -> Container:
        async with entry.lock:
            if entry.alive and entry.state is not State.STOPPING:
                return entry.container  # as Docker: it runs, which is what was asked for
            must_allow(entry, Action.START)
            self._supervisor.cancel_restart(entry.id)
            entry.record = entry.record.changed(failures=0).with_container(restart_count=0)
            await entry.starting(self._starter.start(entry))
            self._health.start(entry)
            return entry.container

    async def stop(self, container: str, *, timeout: float | None = None, signal: str = "") -> Container:
        entry = self.book.find(container)
        if await self._called_off(entry, Action.STOP):
            return entry.container
        await self._ender.stop(entry, timeout, signal)
        return entry.container

    async def restart(self, container: str, *, timeout: float | None = None) -> Container:
        entry = self.book.find(container)
        if entry.state is not State.RESTARTING:
            must_allow(entry, Action.RESTART)
        if not await self._called_off(entry, Action.STOP):
            await self._ender.stop(entry, timeout, "")
        await self.start(container)
        self.book.announce(entry, "restart")
        return entry.container

    async def kill(self, container: str, *, signal: str = "KILL") -> Container:
        entry = self.book.find(container)
        if not await self._called_off(entry, Action.KILL):
            await self._ender.kill(entry, signal)
        return entry.container

    async def pause(self, container: str) -> Container:
        entry = self.book.find(container)
        await self._ender.pause(entry)
        return entry.container

    async def unpause(self, container: str) -> Container:
        entry = self.book.find(container)
        await self._ender.unpause(entry)
        return entry.container

    async def rename(self, container: str, name: str) -> Container:
        entry = self.book.find(container)
        bare = check_name(name)
        async with entry.lock:
            must_allow(entry, Action.RENAME)
            if bare == entry.container.name:
                return entry.container
            if bare in self.book.names:
                raise Conflict(
                    f"The name “{bare}” is taken",
                    code=Code.NAME_TAKEN,
                    hint="Choose another name.",
                    subject=bare,
                    docker="Error when allocating new name: " + docker_words.name_taken(bare, self.book.find(bare).id),
                )
            await self.book.rename(entry, bare)
            await self._networks.renamed(entry.id, bare)
        return entry.container

    async def update(self, container: str, request: UpdateContainer) -> Container:
        entry = self.book.find(container)
        await self._editor.update(entry, request)
        return entry.container

    async def edit(self, container: str, spec: ContainerSpec) -> Container:
        entry = self.book.find(container)
        was_alive = entry.alive
        await self._editor.edit(entry, spec)
        if was_alive and not entry.alive:
            await self.start(container)
        return entry.container

    async def wait(
        self, container: str, *, condition: Literal["not-running", "next-exit", "removed"] = "not-running"
    ) -> WaitResult:
        entry = self.book.find(container)
        ends = entry.ends
        if condition == "not-running":
            # As Docker: an end is one also where the policy starts it again.
            await entry.until(lambda: entry.gone or entry.ends > ends or entry.state in _AT_REST)
        elif condition == "next-exit":
            await entry.until(lambda: entry.gone or entry.ends > ends)
        else:
            await entry.until(lambda: entry.gone)
        ending = entry.container.exit
        return WaitResult(exit_code=ending.code if ending else 0, error=ending.error if ending else "")

    async def remove(self, container: str, *, force: bool = False, volumes: bool = False) -> Freed:
        entry = self.book.find(container)
        if force:
            self._supervisor.cancel_restart(entry.id)
        return await self._remover.remove(entry, force=force, volumes=volumes)

    async def prune(self, *, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Freed:
        return await self._remover.prune(until_ns=until_ns, labels=labels)

    async def size(self, container: str) -> SizeOnDisk:
        return await self._looker.size(self.book.find(container))

    # --- looking into one ---

    async def exec(self, container: str, request: Exec) -> ExecSession:
        entry = self.book.find(container)
        must_allow(entry, Action.EXEC)
        session = await self._exec_in(entry, request)
        self.book.announce(entry, f"exec_start: {' '.join(request.command)}", execID=session.id)

        def died(exit_code: int) -> None:
            if self.book.by_id(entry.id) is entry:
                self.book.announce(entry, "exec_die", execID=session.id, exitCode=str(exit_code))

        session.when_ended(died)
        return session

    async def _exec_in(self, entry: Entry, request: Exec) -> RunningExec:
        return await self._executor.exec(self._looker.exec_target(entry), request)

    async def _probe_in(self, entry: Entry, check: HealthCheck) -> tuple[int, str]:
        return await probe(self.runtime.keeper, entry.container.pid, check.test, check.timeout)

    def _start_again(self, entry: Entry) -> None:
        """Its liveness check has failed: stopped as a person would, and started."""

        async def work() -> None:
            with contextlib.suppress(WherryError):
                await self.restart(entry.id)

        self._supervisor.spawn(work(), f"liveness of {entry.id[:12]}")

    async def attach(
        self, container: str, *, stdin: bool = False, logs: bool = False, stream: bool = True
    ) -> ByteStream:
        entry = self.book.find(container)
        must_allow(entry, Action.ATTACH)
        return await self._looker.attach(entry, stdin=stdin, logs=logs, stream=stream)

    async def resize(self, container: str, rows: int, columns: int) -> None:
        entry = self.book.find(container)
        if entry.alive:
            await attaching.resize(self._looker.control(entry), rows, columns)
            self.book.announce(entry, "resize", height=str(rows), width=str(columns))

    async def tell(self, container: str, action: str, attributes: dict[str, str]) -> None:
        self.book.announce(self.book.find(container), action, **attributes)

    async def processes(self, container: str) -> Sequence[Process]:
        return await self._looker.processes(self.book.find(container))

    async def signal_process(self, container: str, pid: int, signal: str) -> None:
        await self._looker.signal_process(self.book.find(container), pid, signal)

    async def changes(self, container: str) -> Sequence[ChangedPath]:
        return await self._looker.changes(self.book.find(container))

    async def suggest_dockerfile(self, container: str) -> str:
        return await self._looker.suggest_dockerfile(self.book.find(container))

    async def death_report(self, container: str) -> DeathReport:
        return await self._looker.death_report(self.book.find(container))

    def export(self, container: str) -> AsyncIterator[bytes]:
        return self._looker.export(self.book.find(container))

    # --- inside ---

    async def _called_off(self, entry: Entry, action: Action) -> bool:
        """A container that waits for its next start has no process to end: the waiting ends."""
        if not entry.waits_to_restart():
            return False
        async with entry.lock:
            if not entry.waits_to_restart():
                return False  # its time came while we waited for the lock
            must_allow(entry, action)
            self._supervisor.cancel_restart(entry.id)
            record = entry.record.changed(stop_wanted=True, failures=0).with_container(state=State.EXITED)
            await self._starter.take_down(record)
            await self.book.save(entry, record, "stop")
        return True

    def _container_of_process(self, pid: int) -> str:
        """Which container a pasta serves, for the message about a busy port."""
        return next((entry.container.name for entry in self.book if entry.record.run.pasta_pid == pid), "")

    async def stop_all(self) -> None:
        """For an engine that leaves and takes its containers along."""
        running = [entry.id for entry in self.book if entry.alive or entry.waits_to_restart()]
        await asyncio.gather(*(self.stop(container_id) for container_id in running), return_exceptions=True)
