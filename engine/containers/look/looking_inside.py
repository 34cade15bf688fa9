"""Looking into a container: what exec, attach, top, diff and the death report need to know of it, gathered."""

from __future__ import annotations

import json
import os
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from engine.containers.end import death
from engine.containers.look import attach as attaching
from engine.containers.look import changes as changing
from engine.containers.look import processes_list
from engine.containers.look.dockerfile_lines import READ, Texts, suggest_dockerfile
from engine.containers.look.exec import ExecTarget
from engine.containers.restarter import delay
from engine.containers.run.planning import read_text
from engine.containers.run.starting import CONFIG
from engine.containers.spec.users import user_names
from engine.errors import Code, Conflict, NotFound
from engine.types.containers import ALIVE_STATES, SizeOnDisk, State
from engine.types.logs import ReadLogs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from engine.containers.known.book import Entry
    from engine.containers.look.exec import Executor
    from engine.containers.run.container_files import ContainerFiles
    from engine.containers.run.early_attach import EarlyAttachments
    from engine.containers.run.runtime import Runtime
    from engine.facade import ByteStream
    from engine.logs.log_service import LogService
    from engine.stats.stats_service import StatsService
    from engine.types.containers import ChangedPath, DeathReport, Exit, Process

_BEFORE_A_RUN = (State.CREATED, State.STARTING, State.EXITED)
_STDERR_LINES = 30


class Looker:
    def __init__(
        self,
        runtime: Runtime,
        files: ContainerFiles,
        early: EarlyAttachments,
        *,
        executor: Executor,
        logs: LogService,
        stats: StatsService,
    ) -> None:
        self._runtime = runtime
        self._files = files
        self._early = early
        self._executor = executor
        self._logs = logs
        self._stats = stats

    def control(self, entry: Entry) -> Path:
        """conmon's control fifo."""
        return self._runtime.paths.container_run(entry.id) / "ctl"

    def exec_target(self, entry: Entry) -> ExecTarget:
        config = self._runtime.paths.container_run(entry.id) / CONFIG
        process: dict[str, Any] = json.loads(config.read_bytes())["process"]
        return ExecTarget(
            container_id=entry.id,
            pid=entry.container.pid,
            runtime=self._runtime.crun.command,
            process=process,
            cgroup_dirs=self._runtime.cgroup(entry.record).join_directories(),
        )

    async def attach(self, entry: Entry, *, stdin: bool, logs: bool, stream: bool) -> ByteStream:
        past = None
        if logs:
            past = self._logs.read(entry.id, ReadLogs())
        run = self._runtime.paths.container_run(entry.id)

        async def connect() -> attaching.Attachment:
            return await attaching.attach(
                socket=run / "attach",
                control=self.control(entry),
                tty=entry.container.spec.tty,
                stdin=stdin,
                stream=stream,
                past=past,
            )

        if stream and entry.state in _BEFORE_A_RUN:
            return self._early.wait_for(entry.id, connect)
        return await connect()

    async def processes(self, entry: Entry) -> Sequence[Process]:
        self._must_run(entry)
        passwd = await self._file_inside(entry, "/etc/passwd")
        dirs = self._runtime.cgroup(entry.record).join_directories()
        return await processes_list.list_processes(entry.container.pid, dirs, user_names=user_names(passwd))

    async def signal_process(self, entry: Entry, pid: int, signal: str) -> None:
        self._must_run(entry)
        dirs = self._runtime.cgroup(entry.record).join_directories()
        await processes_list.signal_process(self._runtime.keeper, entry.container.pid, dirs, target=pid, signal=signal)

    async def changes(self, entry: Entry) -> Sequence[ChangedPath]:
        upper = self._runtime.paths.upper(entry.id)
        if not upper.exists():
            return ()
        return await changing.changed_paths(
            self._runtime.keeper,
            str(upper),
            driver=self._files.rootfs.driver(entry.id),
            in_image=self._in_image(entry),
            hidden=changing.no_changes_of(entry.container),
        )

    def _in_image(self, entry: Entry) -> Any:
        trees = [self._runtime.paths.layer_tree(layer) for layer in reversed(entry.record.layers)]

        def look(path: str) -> bool:
            return any(os.path.lexists(f"{tree}/{path.lstrip('/')}") for tree in trees)

        return look

    async def suggest_dockerfile(self, entry: Entry) -> str:
        changes = await self.changes(entry)
        changed = {change.path for change in changes}
        texts = {}
        for path in READ:
            before = after = await self._text_in_image(entry, path)
            if path in changed:
                after = await self._text(self._runtime.paths.upper(entry.id), path)
            if before or after:
                texts[path] = Texts(before, after)
        return suggest_dockerfile(entry.container.image, changes, name=entry.container.name, texts=texts)

    async def _text_in_image(self, entry: Entry, path: str) -> str:
        for layer in reversed(entry.record.layers):
            if text := await self._text(self._runtime.paths.layer_tree(layer), path):
                return text
        return ""

    async def size(self, entry: Entry) -> SizeOnDisk:
        writable = 0
        if self._runtime.paths.upper(entry.id).exists():
            writable = (await self._files.rootfs.size(entry.id)).bytes
        return SizeOnDisk(
            writable=writable,
            total=writable + sum(self._files.layers.size(layer) for layer in dict.fromkeys(entry.record.layers)),
        )

    async def death_report(self, entry: Entry) -> DeathReport:
        container = entry.container
        if container.exit is None:
            raise Conflict(f"“{container.name}” has not ended yet", code=Code.WRONG_STATE, subject=container.id)
        evidence = death.Evidence(
            container=container,
            last_sample=await self._stats.last_sample(entry.id),
            memory_curve=await self._memory_curve(entry.id, container.exit),
            stderr_tail=await self._last_words(entry),
            next_restart_seconds=delay(entry.record.failures - 1) if container.state is State.RESTARTING else 0.0,
            last_good=self._last_good(entry),
        )  # fmt: skip
        return death.death_report(evidence)

    async def _memory_curve(self, container_id: str, ending: Exit) -> Sequence[tuple[float, int]]:
        return await self._stats.memory_curve(container_id, until_ns=int(ending.ended.timestamp() * 1e9))

    def _last_good(self, entry: Entry) -> Any:
        good = entry.record.good_spec
        return entry.record.with_container(spec=good).container if good is not None else None

    async def _last_words(self, entry: Entry) -> tuple[str, ...]:
        for stdout, stderr in ((False, True), (True, False)):
            lines: list[str] = []
            try:
                request = ReadLogs(tail=_STDERR_LINES, stdout=stdout, stderr=stderr)
                async for batch in self._logs.read(entry.id, request):
                    lines += [line.text for line in batch]
            except NotFound:
                return ()
            if lines:
                return tuple(lines[-_STDERR_LINES:])
        return ()

    async def export(self, entry: Entry) -> AsyncIterator[bytes]:
        """Packed by the keeper while we read."""
        async with self._files.roots.hold(entry) as rootfs, aclosing(self._runtime.keeper.packed(rootfs)) as pieces:
            async for piece in pieces:
                yield piece

    async def _file_inside(self, entry: Entry, path: str) -> str:
        return await self._text(self._runtime.paths.rootfs(entry.id), path)

    async def _text(self, root: Path, path: str) -> str:
        """A small file below a root; "" where there is none."""
        try:
            fd = await self._runtime.keeper.open_file(root, path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return ""
        return read_text(fd)

    def _must_run(self, entry: Entry) -> None:
        if entry.state not in ALIVE_STATES:
            raise Conflict(f"“{entry.container.name}” does not run", hint="Start it first.", subject=entry.id)
