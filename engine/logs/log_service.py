"""The logs room as the facade shows it (`facade.Logs`). Assembles the parts; each method says which does the work."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import time
from typing import TYPE_CHECKING, TypeVar

from engine.errors import NotFound, WherryError
from engine.logs.keeping.archive import LogArchive
from engine.logs.keeping.rotation import name_early, reopen_if_missing, rotate
from engine.logs.keeping.shortening import keep_last_lines, shortening_frees
from engine.logs.kinds import Log, Merged, OneLog, Timeline, with_chronicle
from engine.logs.merged.merged_logs import MergedLogs
from engine.logs.reading.following import Follower
from engine.logs.reading.watcher import LogWatcher
from engine.logs.searching.asking import question_of
from engine.logs.written.files import rotated_files
from engine.processes.python_worker import PythonWorker, WorkerFailed, complain
from engine.types.data import HISTORY
from engine.types.logs import ExportLogs, LogLine, LogSummary, ReadLogs, SearchLogs, SearchProgress, is_merged

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path

    from engine.facade import OperationHandle
    from engine.logs.source import LogSource, LogSources
    from engine.operations.registry import OperationRegistry, Progress
    from engine.types.host import Settings

_log = logging.getLogger(__name__)
_ROTATION_SECONDS = 2.0
_TRIM_SECONDS = 1.0
_ANSWER_SECONDS = 30.0
"""conmon is given so long to begin a new file before it is asked again."""
_GLANCE_SECONDS = 0.01
_INLINE_INDEX = 64 * 1024 * 1024
_EVERYTHING = ReadLogs()
_T = TypeVar("_T")


class LogService:
    """Implements `facade.Logs`.

    Told by the containers room: `container_changed` whenever a container starts, ends or is removed (so that a reader
    that follows learns it), and `keep_history` before a removed container's directory is deleted.
    """

    def __init__(
        self,
        sources: LogSources,
        *,
        history: Path,
        operations: OperationRegistry,
        settings: Callable[[], Settings],
    ) -> None:
        self._sources = sources
        self._archive = LogArchive(history)
        self._merged = MergedLogs(self)
        self._operations = operations
        self._settings = settings
        self._watcher: LogWatcher | None = None
        self._followers: dict[str, set[asyncio.Event]] = {}
        self._indexing: dict[Path, asyncio.Task[None]] = {}
        self._rotation: asyncio.Task[None] | None = None
        self._rotating = asyncio.Lock()
        self._trimming: asyncio.Task[None] | None = None
        self._named: dict[Path, int] = {}
        """Inode of the file conmon writes, by its path, once it has its permanent name."""
        self._left: dict[Path, tuple[int, float]] = {}
        """Inode of the file conmon was last asked to leave, and when."""

    async def open(self) -> None:
        """Begin to rotate what outgrows its limits."""
        self._rotation = asyncio.create_task(self._rotate_forever(), name="log rotation")

    async def close(self) -> None:
        tasks = [task for task in (self._rotation, self._trimming, *self._indexing.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for events in self._followers.values():
            for event in events:
                event.set()
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        self._merged.close()

    # --- what the containers room tells ---

    def container_changed(self, container_id: str) -> None:
        """A container started, ended or was removed: whoever follows its log looks again."""
        for event in self._followers.get(container_id, ()):
            event.set()

    def container_ends(self, container_id: str) -> None:
        """Its last lines may be on their way still: who follows is told once it has ended."""

    async def keep_history(self, container_id: str, name: str) -> None:
        """Move a container's log files to the history, before its directory goes. Same name, same timeline."""
        source = self._sources.log_source(container_id)
        if not rotated_files(source.path) and not _size(source.path):
            return  # it said nothing
        await self.ensure_index(source.path)
        async with self._rotating:
            await asyncio.to_thread(self._archive.take, source.path, name)
            self._named.pop(source.path, None)
            self._left.pop(source.path, None)
        if self._trimming is None or self._trimming.done():
            self._trimming = asyncio.create_task(self._trim_soon(), name="log history")

    async def _trim_soon(self) -> None:
        """Once for all that are removed in the same breath, and nobody waits for it."""
        await asyncio.sleep(_TRIM_SECONDS)
        async with self._rotating:
            await asyncio.to_thread(self._archive.trim, self._settings().history_max_bytes)

    async def rotate(self, container: str) -> bool:
        """Begin a new file now."""
        return await self._rotate(self._sources.log_source(container))

    # --- the facade ---

    async def summary(self, container: str) -> LogSummary:
        return await self._log(container).summary()

    async def read(self, container: str, request: ReadLogs = _EVERYTHING) -> AsyncGenerator[Sequence[LogLine], None]:
        async with contextlib.aclosing(self._log(container).read(request)) as lines:
            async for batch in lines:
                yield batch

    async def search(self, container: str, request: SearchLogs) -> AsyncGenerator[SearchProgress, None]:
        async with contextlib.aclosing(self._log(container).search(request)) as answers:
            async for progress in answers:
                yield progress

    async def lines(self, container: str, numbers: Sequence[int]) -> Sequence[LogLine]:
        return await self._log(container).lines(numbers)

    async def line_at(self, container: str, time_ns: int) -> int:
        return await self._log(container).line_at(time_ns)

    def export(self, container: str, request: ExportLogs) -> OperationHandle:
        log = self._log(container)
        if request.search is not None:
            question_of(request.search)  # what is wrong with it is told at once

        async def work(progress: Progress) -> str:
            await log.export(request, progress)
            return request.path

        return self._operations.start(kind="export", title=log.title, subject=container, work=work)

    async def history(self) -> Sequence[str]:
        return await asyncio.to_thread(self._archive.names)

    # --- for the disk room ---

    def shortening_frees(self, container: str) -> int:
        """About what `shorten` gives back, without opening anything."""
        return shortening_frees(self._sources.log_source(container).path)

    async def shorten(self, container: str) -> None:
        """Keep the last lines alone. What is written meanwhile is not lost."""
        source = self._sources.log_source(container)
        if not shortening_frees(source.path):
            return
        self._left.pop(source.path, None)
        if await self._rotate(source) and not await self._is_begun_anew(source.path):
            return
        async with self._rotating:
            await asyncio.to_thread(keep_last_lines, source.path)

    async def forget_history(self, name: str) -> None:
        async with self._rotating:
            await asyncio.to_thread(self._archive.forget, name)

    # --- for merged logs ---

    def place(self, container: str) -> tuple[str, Path]:
        """The id of a container, or the name of a history, and where its log is."""
        if container.startswith(HISTORY):
            return container, self._one(container).path
        source = self._sources.log_source(container)
        return source.container_id, source.path

    # --- inside ---

    def _log(self, name: str) -> Log:
        """What the name stands for."""
        if is_merged(name):
            return Merged(name, self._merged, self, self._name_of)
        if not name.startswith(HISTORY):
            return self._one(name)
        bare = name.removeprefix(HISTORY)
        with contextlib.suppress(WherryError):
            source = self._sources.log_source(bare)
            if source.name == bare:
                now = self._one(source.container_id)
                return Timeline(self._one(name), now) if self._archive.path(bare) is not None else now
        return self._one(name)

    def _one(self, name: str) -> OneLog:
        bare = name.removeprefix(HISTORY)
        source = None if name.startswith(HISTORY) else self._sources.log_source(name)
        path = self._archive.path(bare) if source is None else source.path
        if path is None:
            raise NotFound(f"No log is kept of {bare}", subject=name)
        read = functools.partial(self._read, path, source)
        title = f"Export the log of {bare}"
        return OneLog(title, path, self.ensure_index, self._index_in_background, read)

    def _name_of(self, container: str) -> str:
        return container if container.startswith(HISTORY) else self._sources.log_source(container).name

    async def _read(
        self, path: Path, source: LogSource | None, request: ReadLogs
    ) -> AsyncGenerator[Sequence[LogLine], None]:
        if request.first is not None:
            await self.ensure_index(path)
        else:
            self._index_in_background(path, only_if_large=True)
        woken = asyncio.Event()
        if source is not None and request.follow:
            self._followers.setdefault(source.container_id, set()).add(woken)
        follower = Follower(path, request, watcher=self._need_watcher(), woken=woken)
        try:
            async for batch in follower.lines(lambda: self._goes_on(source, request)):
                yield batch
        finally:
            follower.close()
            if source is not None:
                events = self._followers.get(source.container_id, set())
                events.discard(woken)
                if not events:
                    self._followers.pop(source.container_id, None)

    def _need_watcher(self) -> LogWatcher:
        if self._watcher is None:
            self._watcher = LogWatcher()
        return self._watcher

    def _goes_on(self, source: LogSource | None, request: ReadLogs) -> bool:
        """Whether more may come for someone who follows."""
        if source is None or self._watcher is None:
            return False
        try:
            now = self._sources.log_source(source.container_id)
        except WherryError:
            return False
        return now.alive or not request.until_exit

    def _limits(self, source: LogSource) -> tuple[int, int]:
        settings = self._settings()
        return (
            source.limits.max_bytes or settings.default_log_max_bytes,
            source.limits.max_files or settings.default_log_max_files,
        )

    def _index_in_background(self, path: Path, *, only_if_large: bool = False) -> None:
        try:
            large = path.stat().st_size > _INLINE_INDEX
        except OSError:
            return
        if path in self._indexing or (only_if_large and not large):
            return
        task = asyncio.create_task(self.ensure_index(path), name="log index")
        self._indexing[path] = task
        task.add_done_callback(lambda done: self._indexed(path, done))

    def _indexed(self, path: Path, task: asyncio.Task[None]) -> None:
        self._indexing.pop(path, None)
        if not task.cancelled() and task.exception() is not None:
            _log.warning("A log could not be indexed: %s", task.exception())

    async def ensure_index(self, path: Path) -> None:
        """Have the index reach so near the end that the rest is done in passing. Large steps go to the worker."""
        if await asyncio.to_thread(with_chronicle, path, lambda chronicle: chronicle.exact):
            return
        async with PythonWorker(
            "engine.logs.searching.worker", {"task": "index", "path": str(path)}, nice=5
        ).running() as worker:
            if worker.stdout is not None:
                while await worker.stdout.read(65536):
                    pass
            await complain(worker)

    async def _rotate_forever(self) -> None:
        while True:
            await asyncio.sleep(_ROTATION_SECONDS)
            for source in self._sources.live_log_sources():
                try:
                    await self._rotate_if_due(source)
                except (OSError, WorkerFailed) as error:
                    _log.warning("The log of %s could not be rotated: %s", source.name, error)

    async def _rotate_if_due(self, source: LogSource) -> None:
        try:
            size = source.path.stat().st_size
        except FileNotFoundError:
            if source.limits.driver != "none":
                reopen_if_missing(source.path, source.control)
            return
        if size == 0:
            return
        await self._name_early(source)
        if size >= self._limits(source)[0] > 0:
            await self._rotate(source)

    async def _name_early(self, source: LogSource) -> None:
        """So that the lines written so far are kept whatever conmon does. Once for each file is enough."""
        if self._named.get(source.path) != os.stat(source.path).st_ino:
            async with self._rotating:
                self._named[source.path] = await asyncio.to_thread(name_early, source.path)

    async def _rotate(self, source: LogSource) -> bool:
        await self.ensure_index(source.path)
        async with self._rotating:
            inode, when = self._left.get(source.path, (0, 0.0))
            with contextlib.suppress(FileNotFoundError):
                if os.stat(source.path).st_ino == inode and time.monotonic() - when < _ANSWER_SECONDS:
                    return False
            most_files = self._limits(source)[1]
            inode = await asyncio.to_thread(rotate, source.path, source.control, most_files=most_files)
            self._left[source.path] = inode, time.monotonic()
        return bool(inode)

    async def _is_begun_anew(self, path: Path) -> bool:
        """Whether conmon has taken the word, which it does a moment later. Until then it writes to the file that was
        rotated: cut, that would lose lines and give nothing back."""
        inode, when = self._left[path]
        with contextlib.suppress(FileNotFoundError):  # nobody writes it
            while os.stat(path).st_ino == inode:
                if time.monotonic() - when > _ANSWER_SECONDS:
                    return False
                await asyncio.sleep(_GLANCE_SECONDS)
        return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
