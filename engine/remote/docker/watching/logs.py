"""Logs of a Docker or Podman engine's containers: the newest part is written down here, in the form our own logs have,
and then read, searched and followed as those are. Implements `facade.Logs` by the logs room itself."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from engine.errors import MachineError, NotFound, WherryError
from engine.logs.log_service import LogService
from engine.logs.source import LogSource
from engine.remote.docker.watching.log_writers import ServiceWriter, Writer, unframed
from engine.types.containers import ALIVE_STATES
from engine.types.data import HISTORY
from engine.types.host import Settings
from engine.types.logs import SERVICE, ReadLogs, merged_members

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from engine.facade import OperationHandle
    from engine.operations.registry import OperationRegistry
    from engine.remote.docker.known.following import DockerState
    from engine.remote.local_files import LocalFiles
    from engine.types.containers import Container
    from engine.types.logs import ExportLogs, LogLine, LogSummary, SearchLogs, SearchProgress

_MOST_LINES = 200_000
"""Of what was written before somebody looked; what comes afterwards is added."""
_ALL = ReadLogs()
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0


class Spool:
    """One container's log as it is written down, or that of all tasks of a swarm's service."""

    def __init__(self, state: DockerState, writer: Writer, path: Path) -> None:
        self._link = state.link
        self._is_podman = state.kind == "podman"
        self.writer = writer
        self.path = path
        self.caught_up = asyncio.Event()
        self.error: WherryError | None = None
        self._last = b""
        self.task = asyncio.create_task(self._run(), name=f"the log of {writer.name}")

    @property
    def has_lines(self) -> bool:
        return bool(self._last)

    async def _run(self) -> None:
        try:
            await asyncio.to_thread(self.path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
            with await asyncio.to_thread(self.path.open, "wb", 0) as file:
                await self._fetch(file, {"tail": _MOST_LINES})
                self.caught_up.set()
                if self.writer.alive:
                    await self._follow(file)
        except WherryError as error:
            self.error = error
        finally:
            self.caught_up.set()

    async def _follow(self, file: Any) -> None:
        """Until it has ended. A line that breaks off costs nothing: the next goes on where it was."""
        pause = _FIRST_PAUSE
        while True:
            before = self._last
            try:
                await self._fetch(file, {"follow": True, **self._since()})
                return
            except MachineError:
                pause = _FIRST_PAUSE if self._last != before else min(2 * pause, _LONGEST_PAUSE)
                await asyncio.sleep(pause)

    def _since(self) -> dict[str, object]:
        """From the last line on; it comes again and is passed over."""
        if self._is_podman:
            # Asked for what came since a time, a podman 4.3 that keeps its logs in the journal never answers.
            return {"tail": _MOST_LINES}
        return {"since": _seconds(self._last)} if self._last else {}

    async def _fetch(self, file: Any, query: dict[str, object]) -> None:
        whole = {"stdout": True, "stderr": True, "timestamps": True, **query}
        seen = self._last
        kept: dict[bytes, bytes] = {b"stdout": b"", b"stderr": b""}
        async with self._link.stream("GET", self.writer.path, whole | self.writer.query) as answer:
            async for stream, data in unframed(self._link.pieces(answer), tty=self.writer.tty):
                *lines, kept[stream] = (kept[stream] + data).split(b"\n")
                fresh = [line for line in lines if line.partition(b" ")[0] > seen]
                out = [self._line(stream, await self.writer.shown(line)) for line in fresh]
                if out:
                    await asyncio.to_thread(file.write, b"".join(out))

    def _line(self, stream: bytes, line: bytes) -> bytes:
        stamp, _, text = line.partition(b" ")
        self._last = max(self._last, stamp)
        return b"%b %b F %b\n" % (_stamp(stamp), stream, text.rstrip(b"\r"))


def _stamp(text: bytes) -> bytes:
    """RFC 3339 with any zone and any number of digits, as our files have it."""
    moment = text.decode("ascii", "replace")
    date, _, rest = moment.partition(".")
    digits = ""
    for char in rest:
        if not char.isdigit():
            break
        digits += char
    zone = rest[len(digits) :] if rest else moment[19:]
    whole = f"{date[:19]}.{digits[:9]:0<9}"
    return f"{whole}{'+00:00' if zone in ('', 'Z') else zone[:6]}".encode()


def _seconds(stamp: bytes) -> str:
    whole = _stamp(stamp).decode()
    try:
        moment = datetime.fromisoformat(whole[:19] + whole[29:]).astimezone(UTC)
    except ValueError:
        return "0"
    return f"{int(moment.timestamp())}.{whole[20:29]}"


class DockerLogs:
    def __init__(self, state: DockerState, directory: Path, operations: OperationRegistry, files: LocalFiles) -> None:
        self._state = state
        self._directory = directory
        self._spools: dict[str, Spool] = {}
        self._files = files
        self._service = LogService(self, history=directory / "history", operations=operations, settings=Settings)

    async def close(self) -> None:
        tasks = [spool.task for spool in self._spools.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._service.close()
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    # --- what the logs room asks ---

    def log_source(self, container: str) -> LogSource:
        found = self._writer(container)
        spool = self._spools.get(found.id)
        alive = spool is not None and not spool.task.done()
        return LogSource(found.id, found.name, self._path(found.id), None, alive)

    def live_log_sources(self) -> Sequence[LogSource]:
        """Nothing of another machine is rotated."""
        return ()

    def _path(self, container_id: str) -> Path:
        return self._directory / container_id / "log"

    def _writer(self, name: str) -> Writer:
        """A container's, or "service:ID" of a swarm."""
        if name.startswith(SERVICE):
            return ServiceWriter(self._state.link, name)
        found = self._find(name)
        path = f"/containers/{quote(found.id)}/logs"
        return Writer(found.id, found.name, path, tty=found.spec.tty, alive=found.state in ALIVE_STATES)

    def _find(self, name: str) -> Container:
        everyone = self._state.containers()
        found = [each for each in everyone if name in (each.id, each.name)]
        found = found or [each for each in everyone if name and each.id.startswith(name)]
        if len(found) != 1:
            raise NotFound(f"No such container: {name}", subject=name)
        return found[0]

    async def _ready(self, name: str) -> None:
        for each in merged_members(name):
            writer = self._writer(each.removeprefix(HISTORY))
            spool = self._spools.get(writer.id)
            if spool is None or (spool.task.done() and (spool.error or writer.alive)):
                spool = self._spools[writer.id] = Spool(self._state, writer, self._path(writer.id))
                spool.task.add_done_callback(lambda _, key=writer.id: self._service.container_changed(key))  # type: ignore[misc]
            await spool.caught_up.wait()
            if spool.error is not None and not spool.has_lines:
                raise spool.error

    # --- the facade ---

    async def summary(self, container: str) -> LogSummary:
        await self._ready(container)
        return await self._service.summary(container)

    async def read(self, container: str, request: ReadLogs = _ALL) -> AsyncGenerator[Sequence[LogLine], None]:
        await self._ready(container)
        async with contextlib.aclosing(self._service.read(container, request)) as batches:
            async for batch in batches:
                yield batch

    async def search(self, container: str, request: SearchLogs) -> AsyncGenerator[SearchProgress, None]:
        await self._ready(container)
        async with contextlib.aclosing(self._service.search(container, request)) as found:
            async for progress in found:
                yield progress

    async def lines(self, container: str, numbers: Sequence[int]) -> Sequence[LogLine]:
        await self._ready(container)
        return await self._service.lines(container, numbers)

    async def line_at(self, container: str, time_ns: int) -> int:
        await self._ready(container)
        return await self._service.line_at(container, time_ns)

    def export(self, container: str, request: ExportLogs) -> OperationHandle:
        return self._files.export_log(container, request)

    async def history(self) -> Sequence[str]:
        """What was removed there is gone with its log."""
        return ()
