"""Logs, figures and files of the fake engine: streams that flow, histories that can be asked."""

from __future__ import annotations

import asyncio
import io
import math
import re
import tarfile
import time
from array import array
from typing import TYPE_CHECKING

from msgspec.structs import replace

from engine.errors import Code, Conflict, NotFound
from engine.types.containers import State
from engine.types.data import HISTORY
from engine.types.files import DirectoryEntry, FileMark, FileStat
from engine.types.images import FileKind
from engine.types.logs import (
    SERVICE,
    ExportLogs,
    Level,
    LogLine,
    LogSummary,
    ReadLogs,
    SearchLogs,
    SearchProgress,
    is_merged,
    merged_members,
)
from engine.types.stats import HostSample, Pressure, Rates, Sample

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.facade import OperationHandle
    from engine.operations.registry import Progress
    from engine.types.containers import Container
    from engine.types.files import Place
    from tests.fakes.store import Store

_SECOND = 1_000_000_000
_PATTERNS = (
    ('\x1b[32mINFO\x1b[0m  10.0.2.{n} "GET /api/items/{n} HTTP/1.1" 200 {n}ms', Level.INFO),
    ("DEBUG cache hit for session {n}", Level.DEBUG),
    ("\x1b[33mWARN\x1b[0m  slow query took {n}ms: SELECT * FROM orders WHERE id = {n}", Level.WARNING),
    ('{{"level":"info","ts":{n},"msg":"job done","queue":"mail","took_ms":{n}}}', Level.INFO),
    (
        "\x1b[31mERROR\x1b[0m upstream timed out (110: Connection timed out) while reading, client: 10.0.2.{n}",
        Level.ERROR,
    ),
    ("listening on 0.0.0.0:{n}", Level.NONE),
)
_WEIGHTS = (0, 0, 0, 1, 0, 3, 1, 2, 0, 3, 0, 1, 5, 0, 3, 1, 0, 4, 0, 3)


class _FakeLog:
    """One container's lines, or those of several taken in turn."""

    def __init__(self, logs: FakeLogs, containers: list[Container], *, merged: bool) -> None:
        self._logs, self._containers, self._merged = logs, containers, merged

    @property
    def parts(self) -> int:
        return len(self._containers)

    def total(self) -> int:
        return min(self._logs.total(self._logs.now(container)) for container in self._containers) * self.parts

    def line(self, number: int) -> LogLine:
        which = number % self.parts
        line = self._logs.line(self._containers[which], number // self.parts)
        return replace(line, number=number, source=self._containers[which].id) if self._merged else line

    def alive(self) -> bool:
        return all(self._logs.exists(container) for container in self._containers)


class FakeLogs:
    """Implements `facade.Logs`. A container's history is worked out from line numbers, never kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.lines_kept = 2_000
        self.lines_a_second = 4.0
        self.names_of_the_past: list[str] = []
        self.opened_ns = time.time_ns()

    def total(self, container: Container) -> int:
        if container.state is State.CREATED:
            return 0
        if container.state is not State.RUNNING:
            return self.lines_kept
        return self.lines_kept + int((time.time_ns() - self.opened_ns) / _SECOND * self.lines_a_second)

    def line(self, container: Container, number: int) -> LogLine:
        pattern, level = _PATTERNS[_WEIGHTS[number % len(_WEIGHTS)]]
        gap = _SECOND / self.lines_a_second
        return LogLine(
            number=number,
            time_ns=int(self.opened_ns - (self.lines_kept - number) * gap),
            stream="stderr" if level is Level.ERROR else "stdout",
            text=pattern.format(n=number % 977),
            level=level,
        )

    def exists(self, container: Container) -> bool:
        return container.id in self._store.containers

    def now(self, container: Container) -> Container:
        return self._store.containers.get(container.id, container)

    def _log(self, name: str) -> _FakeLog:
        names, merged = merged_members(name), is_merged(name) or name.startswith(SERVICE)
        if name.startswith(SERVICE):  # a swarm's: what one of the containers says
            names = [min(self._store.containers)]
        return _FakeLog(self, [self._store.container(one.removeprefix(HISTORY)) for one in names], merged=merged)

    async def summary(self, container: str) -> LogSummary:
        log = self._log(container)
        total = log.total()
        if not total:
            return LogSummary(bytes=0, lines=0, indexed=True)
        return LogSummary(
            bytes=total * 80,
            lines=total,
            indexed=True,
            first_ns=log.line(0).time_ns,
            last_ns=log.line(total - 1).time_ns,
        )

    async def read(self, container: str, request: ReadLogs = ReadLogs()) -> AsyncIterator[Sequence[LogLine]]:  # noqa: B008
        log = self._log(container)
        total = log.total()
        first = request.first if request.first is not None else 0
        if request.tail is not None:
            first = max(0, total - request.tail)
        last = total if request.count is None else min(total, first + request.count)
        while first < last:
            batch = [log.line(number) for number in range(first, min(last, first + 1000))]
            kept = [line for line in batch if _wanted(line, request)]
            if kept:
                yield kept
            first += len(batch)
        while request.follow and log.alive():
            await asyncio.sleep(0.1)
            total = log.total()
            fresh = [log.line(number) for number in range(first, total)]
            first = max(first, total)
            if kept := [line for line in fresh if _wanted(line, request)]:
                yield kept

    async def search(self, container: str, request: SearchLogs) -> AsyncIterator[SearchProgress]:
        log = self._log(container)
        total = log.total()
        sensitive = request.case_sensitive
        if sensitive is None:
            sensitive = request.pattern != request.pattern.lower()
        pattern = re.compile(request.pattern if request.regex else re.escape(request.pattern), 0 if sensitive else re.I)
        matches = 0
        for first in range(0, total, 1000):
            lines = [log.line(number) for number in range(first, min(total, first + 1000))]
            hits = [
                line.number
                for line in lines
                if (pattern.search(line.text) is not None) != request.inverse
                and (not request.levels or line.level in request.levels)
                and (request.stdout if line.stream == "stdout" else request.stderr)
            ]
            matches += len(hits)
            done = min(total, first + 1000)
            yield SearchProgress(
                numbers=array("Q", hits),
                scanned_bytes=done * 80,
                total_bytes=total * 80,
                matches=matches,
                finished=done == total,
            )
        if not total:
            yield SearchProgress(finished=True)

    async def lines(self, container: str, numbers: Sequence[int]) -> Sequence[LogLine]:
        log = self._log(container)
        return [log.line(number) for number in numbers if 0 <= number < log.total()]

    async def line_at(self, container: str, time_ns: int) -> int:
        log = self._log(container)
        number = self.lines_kept - math.floor((self.opened_ns - time_ns) * self.lines_a_second / _SECOND)
        return max(0, min(log.total(), number * log.parts))

    def export(self, container: str, request: ExportLogs) -> OperationHandle:
        self._log(container)

        async def work(_progress: Progress) -> str:
            return request.path

        return self._store.operations.start(
            kind="export", title=f"Export the log of {container}", subject=request.path, work=work
        )

    async def history(self) -> Sequence[str]:
        return self.names_of_the_past


def _wanted(line: LogLine, request: ReadLogs) -> bool:
    return (
        (request.stdout if line.stream == "stdout" else request.stderr)
        and (request.since_ns is None or line.time_ns >= request.since_ns)
        and (request.until_ns is None or line.time_ns <= request.until_ns)
    )


class FakeStats:
    """Implements `facade.Stats`: waves of load, each container its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.history_seconds = 4 * 3600
        """How long figures have been kept."""

    async def sample(self, container: str) -> Sample:
        found = self._store.container(container)
        if found.state not in (State.RUNNING, State.PAUSED):
            raise Conflict(f"{found.name} does not run", code=Code.WRONG_STATE, subject=found.id)
        return self._rates(found, time.time_ns()).sample

    async def watch(
        self, container_names: Sequence[str] | None = None, *, interval: float = 1.0
    ) -> AsyncIterator[Sequence[Rates]]:
        while True:
            wanted = (
                self._store.running()
                if container_names is None
                else [self._store.container(name) for name in container_names]
            )
            moment = time.time_ns()
            yield [self._rates(c, moment) for c in wanted if c.state in (State.RUNNING, State.PAUSED)]
            await asyncio.sleep(interval)

    async def history(self, container: str, *, seconds: float = 3600.0) -> Sequence[Rates]:
        found = self._store.container(container)
        last = time.time_ns() // _SECOND // 10 * 10 * _SECOND
        count = min(int(seconds), self.history_seconds) // 10
        return [replace(self._rates(found, last - n * 10 * _SECOND), seconds=10.0) for n in reversed(range(count))]

    async def host(self) -> HostSample:
        wave = 140 + 70 * math.sin(time.time() / 7)
        return HostSample(
            time_ns=time.time_ns(),
            cpu_percent=wave,
            processors=8,
            memory_used=int(9.4e9),
            memory_total=int(32e9),
            disk_free=int(210e9),
            load=(1.2, 0.9, 0.8),
        )

    def _rates(self, container: Container, time_ns: int) -> Rates:
        seed = int(container.id[:6], 16)
        beat = time_ns / _SECOND / (9 + seed % 13) + seed
        paused = container.state is State.PAUSED
        spike = 55.0 if seed % 3 == 0 and int(time_ns / _SECOND) % 47 < 5 else 0.0
        cpu = 0.0 if paused else max(0.2, 6 + seed % 17 + (4 + seed % 9) * math.sin(beat) + spike)
        limit = container.spec.resources.memory
        base = limit * 0.6 if limit else (40 + seed % 300) * 1e6
        memory = int(base * (1 + 0.12 * math.sin(beat / 3)))
        cpus = container.spec.resources.cpus
        sample = Sample(
            container_id=container.id,
            time_ns=time_ns,
            memory=memory,
            memory_total=int(memory * 1.2),
            memory_limit=limit,
            memory_anon=int(memory * 0.7),
            memory_file=int(memory * 0.2),
            memory_kernel=int(memory * 0.06),
            memory_shmem=int(memory * 0.04),
            networks=(("eth0", time_ns // 1000 * (seed % 90), 1, time_ns // 1000 * (seed % 40), 1),),
            pids=4 + seed % 9,
            cpu_limit=cpus,
            oom=0,
            cpu_pressure=Pressure(some_avg10=cpu / 20),
            memory_pressure=Pressure(some_avg10=0.2),
            io_pressure=Pressure(some_avg10=max(0.0, 1.4 * math.sin(beat))),
        )
        return Rates(
            container_id=container.id,
            time_ns=time_ns,
            cpu_percent=cpu,
            cpu_user_percent=cpu * 0.7,
            cpu_system_percent=cpu * 0.3,
            throttled_percent=max(0.0, cpu - 50) / 3 if cpus else 0.0,
            memory=memory,
            memory_limit=limit,
            memory_percent=100 * memory / limit if limit else 0.0,
            io_read_rate=max(0.0, 9e4 * math.sin(beat * 2)),
            io_write_rate=max(0.0, 3e5 * math.cos(beat)),
            net_rx_rate=2e4 + 1.5e4 * math.sin(beat),
            net_tx_rate=9e4 + 7e4 * math.cos(beat / 2),
            pids=4 + seed % 9,
            sample=sample,
        )


_TREE = (
    ("/app", 0),
    ("/app/main.py", 4213),
    ("/app/requirements.txt", 212),
    ("/app/static", 0),
    ("/app/static/logo.svg", 1890),
    ("/bin", 0),
    ("/bin/sh", 125688),
    ("/etc", 0),
    ("/etc/hostname", 13),
    ("/etc/hosts", 174),
    ("/etc/passwd", 922),
    ("/etc/app.conf", 311),
    ("/home", 0),
    ("/tmp", 0),
    ("/usr", 0),
    ("/usr/bin", 0),
    ("/usr/bin/env", 48536),
    ("/var", 0),
    ("/var/log", 0),
    ("/var/log/app.log", 88213),
    ("/var/lib", 0),
)


class FakeFiles:
    """Implements `facade.Files` over dicts of entries."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _tree(self, place: Place) -> dict[str, DirectoryEntry]:
        if place.kind == "container":
            key: tuple[str, str] = (place.kind, self._store.container(place.id).id)
        elif place.kind == "volume":
            key = (place.kind, self._store.volume(place.id).name)
        else:
            key = (place.kind, self._store.image(place.id).id)
        if key not in self._store.trees:
            entries = (
                _TREE if place.kind != "volume" else (("/base", 0), ("/base/1", 8192), ("/postgresql.conf", 29525))
            )
            self._store.trees[key] = {path: _entry(path, size) for path, size in entries}
        return self._store.trees[key]

    async def marks(self, place: Place) -> Sequence[FileMark]:
        return [FileMark(path=path.strip("/"), kind="file", size=each.size) for path, each in self._tree(place).items()]

    async def list(self, place: Place, path: str) -> Sequence[DirectoryEntry]:
        tree = self._tree(place)
        base = path.rstrip("/")
        if base and base not in tree:
            raise NotFound(f"{path} does not exist", subject=path)
        return [entry for key, entry in sorted(tree.items()) if key.rpartition("/")[0] == base]

    async def stat(self, place: Place, path: str) -> FileStat:
        if path in ("", "/"):
            return FileStat(name="/", size=4096, mode=0o40755, mtime=0.0)
        entry = self._entry(place, path)
        kind = 0o40000 if entry.kind is FileKind.DIRECTORY else 0o100000
        return FileStat(name=entry.name, size=entry.size, mode=kind | entry.mode, mtime=entry.mtime)

    async def read(self, place: Place, path: str, *, offset: int = 0, limit: int = 1 << 20) -> bytes:
        entry = self._entry(place, path)
        if entry.kind is FileKind.DIRECTORY:
            raise Conflict(f"{path} is a directory", subject=path)
        data = self._store.contents.get((place.kind, place.id, path))
        if data is None:
            data = (f"# {path}\n" + "setting = value\n" * (entry.size // 16)).encode()[: entry.size]
        return data[offset : offset + limit]

    async def write(self, place: Place, path: str, data: bytes, *, mode: int | None = None) -> None:
        tree = self._tree(place)
        old = tree.get(path)
        fresh = _entry(path, len(data))
        tree[path] = replace(
            fresh,
            kind=FileKind.FILE,
            changed="changed" if old else "added",
            mtime=time.time(),
            mode=mode if mode is not None else (old.mode if old else 0o644),
        )
        self._store.contents[place.kind, place.id, path] = data

    async def rename(self, place: Place, path: str, new_path: str) -> None:
        entry = self._entry(place, path)
        tree = self._tree(place)
        for key in [key for key in tree if key == path or key.startswith(path + "/")]:
            moved = tree.pop(key)
            tree[new_path + key[len(path) :]] = moved
        tree[new_path] = replace(entry, name=new_path.rpartition("/")[2], changed="added")

    async def make_directory(self, place: Place, path: str) -> None:
        if path in self._tree(place):
            raise Conflict(f"{path} exists", code=Code.NAME_TAKEN, subject=path)
        self._tree(place)[path] = replace(_entry(path, 0), kind=FileKind.DIRECTORY, changed="added")

    async def remove(self, place: Place, path: str) -> None:
        self._entry(place, path)
        tree = self._tree(place)
        for key in [key for key in tree if key == path or key.startswith(path + "/")]:
            del tree[key]

    async def download(self, place: Place, path: str) -> AsyncIterator[bytes]:
        data = await self.read(place, path)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            member = tarfile.TarInfo(path.rpartition("/")[2])
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        yield buffer.getvalue()

    async def upload(
        self,
        place: Place,
        path: str,
        tar: AsyncIterator[bytes],
        *,
        no_overwrite_kind: bool = False,
        copy_owner: bool = False,
    ) -> None:
        data = b"".join([chunk async for chunk in tar])
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive.getmembers():
                content = archive.extractfile(member)
                if content is not None:
                    await self.write(place, f"{path.rstrip('/')}/{member.name}", content.read())

    def _entry(self, place: Place, path: str) -> DirectoryEntry:
        entry = self._tree(place).get(path)
        if entry is None:
            raise NotFound(f"{path} does not exist", subject=path)
        return entry


def _entry(path: str, size: int) -> DirectoryEntry:
    is_file = size > 0 or "." in path.rpartition("/")[2]
    changed = "changed" if path in ("/etc/hostname", "/var/log/app.log") else ""
    return DirectoryEntry(
        name=path.rpartition("/")[2],
        kind=FileKind.FILE if is_file else FileKind.DIRECTORY,
        size=size,
        mode=0o644 if is_file else 0o755,
        uid=0,
        gid=0,
        mtime=1.73e9,
        changed="changed" if changed else "",
    )
