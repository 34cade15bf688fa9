"""The service over files alone: following, merging, bounds, searching in the worker."""

from __future__ import annotations

import asyncio
import contextlib
import io
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InvalidRequest, NotFound
from engine.logs.keeping.rotation import rotate
from engine.logs.log_service import LogService
from engine.logs.reading.cursor import Chronicle
from engine.logs.searching.asking import stretches
from engine.logs.searching.export import Shown, write_lines
from engine.logs.searching.question import Question, compile_question
from engine.logs.source import LogSource
from engine.logs.written.files import LogFiles
from engine.types.host import Settings
from engine.types.logs import LogLine, ReadLogs, SearchLogs
from tests.unit.logs.logtext import START_NS, numbered, physical, write_log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path


class _Sources:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.alive = {"a": True, "b": True}

    def log_source(self, container: str) -> LogSource:
        if container not in self.alive:
            raise NotFound(container)
        path = self.root / container / "container.log"
        return LogSource(container, container, path, alive=self.alive[container])

    def live_log_sources(self) -> Sequence[LogSource]:
        return []


@pytest.fixture
def sources(tmp_path: Path) -> _Sources:
    for name in ("a", "b"):
        write_log(tmp_path / name / "container.log", [])
    return _Sources(tmp_path)


@pytest.fixture
async def service(sources: _Sources, tmp_path: Path) -> AsyncIterator[LogService]:
    operations: Any = None
    service = LogService(sources, history=tmp_path / "history", operations=operations, settings=Settings)
    await service.open()
    yield service
    await service.close()


async def _all(service: LogService, **request: Any) -> list[LogLine]:
    return [line async for batch in service.read("a", ReadLogs(**request)) for line in batch]


async def test_bounds(service: LogService, tmp_path: Path) -> None:
    write_log(tmp_path / "a" / "container.log", numbered(1000))
    assert [line.number for line in await _all(service, first=10, count=3)] == [10, 11, 12]
    assert [line.number for line in await _all(service, tail=2)] == [998, 999]
    assert await _all(service, tail=0) == []
    window = await _all(service, since_ns=START_NS + 5_000_000, until_ns=START_NS + 7_000_000)
    assert [line.number for line in window] == [5, 6, 7]
    assert len(await _all(service)) == 1000


async def test_following_wakes_for_each_line_and_ends(service: LogService, sources: _Sources, tmp_path: Path) -> None:
    log = tmp_path / "a" / "container.log"
    async with asyncio.timeout(30), contextlib.aclosing(service.read("a", ReadLogs(follow=True, until_exit=True))) as r:
        for number in range(20):
            write_log(log, [physical(b"%d" % number)])
            assert [line.text for line in await anext(r)] == [str(number)]
        write_log(log, [physical(b"last")])
        sources.alive["a"] = False
        service.container_changed("a")
        assert [line.text for line in await anext(r)] == ["last"]
        assert await anext(r, None) is None


async def test_following_ends_when_the_container_is_removed(service: LogService, sources: _Sources) -> None:
    async def follow() -> list[LogLine]:
        return await _all(service, follow=True)

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    del sources.alive["a"]
    service.container_changed("a")
    async with asyncio.timeout(30):
        assert await following == []


async def test_a_file_that_comes_later_is_found(service: LogService, tmp_path: Path) -> None:
    log = tmp_path / "a" / "container.log"
    log.unlink()
    async with asyncio.timeout(30), contextlib.aclosing(service.read("a", ReadLogs(follow=True))) as lines:
        waiting = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0.05)
        write_log(log, [physical(b"at last")])
        assert [line.text for line in await waiting] == ["at last"]


async def test_a_bad_expression_is_told(service: LogService) -> None:
    with pytest.raises(InvalidRequest):
        async for _ in service.search("a", SearchLogs(pattern="(", regex=True)):
            pass


@pytest.mark.bulk
async def test_workers_share_a_large_log(service: LogService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "a" / "container.log"
    write_log(log, numbered(40_000))
    Chronicle(log).close()
    monkeypatch.setattr("engine.logs.searching.asking._WORTH_A_WORKER", 1 << 19)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    files = LogFiles(log)
    assert len(stretches(files)) == 4
    files.close()
    found: list[int] = []
    async for progress in service.search("a", SearchLogs(pattern="99")):
        found += progress.numbers
    assert found == [n for n in range(40_000) if "99" in str(n)]
    assert progress.finished
    assert progress.scanned_bytes == progress.total_bytes


class _Quiet:
    def progress(self, scanned: int, *, last: bool = False) -> None:
        pass


@pytest.mark.parametrize(
    ("ansi", "stamps", "written"),
    [
        (True, False, b"\x1b[31mred\x1b[0m\nplain\n"),
        (False, False, b"red\nplain\n"),
        (False, True, b"2026-09-21T14:13:20.000000001Z red\n2026-09-21T14:13:20.000000002Z plain\n"),
    ],
)
def test_export(tmp_path: Path, ansi: object, stamps: object, written: bytes) -> None:
    log = tmp_path / "container.log"
    write_log(log, [physical(b"\x1b[31mred\x1b[0m", time_ns=START_NS + 1), physical(b"plain", time_ns=START_NS + 2)])
    files, sink, output = LogFiles(log), io.BytesIO(), _Quiet()
    write_lines(files, None, sink, output, Shown(ansi=bool(ansi), stamps=bool(stamps)))  # type: ignore[arg-type] # only progress
    assert sink.getvalue() == written
    only = io.BytesIO()
    plan = compile_question(Question(pattern="plain"))
    write_lines(files, plan, only, output, Shown(ansi=False, stamps=False))  # type: ignore[arg-type] # only progress
    assert only.getvalue() == b"plain\n"
    files.close()


async def test_a_search_begins_with_the_oldest_rotated_file(service: LogService, tmp_path: Path) -> None:
    log = tmp_path / "a" / "container.log"
    for first in (0, 100, 200):
        write_log(log, numbered(100, first=first))
        if first < 200:
            rotate(log, None, most_files=99)
    found: list[int] = []
    async for progress in service.search("a", SearchLogs(pattern="line")):
        found += progress.numbers
    assert found == list(range(300))


async def test_the_line_of_a_moment_is_the_first_that_is_not_earlier(service: LogService, sources: _Sources) -> None:
    write_log(sources.root / "a" / "container.log", numbered(10, step_ns=1000))

    at = {offset: await service.line_at("a", START_NS + offset) for offset in (-5, 0, 1, 4000, 4001, 9000, 9001)}

    assert at == {-5: 0, 0: 0, 1: 1, 4000: 4, 4001: 5, 9000: 9, 9001: 10}


async def test_the_line_of_a_moment_is_found_on_both_sides_of_a_removal(service: LogService, sources: _Sources) -> None:
    """A name whose container was made anew has one long log."""
    write_log(sources.root / "a" / "container.log", numbered(4, step_ns=1000))
    await service.keep_history("a", "a")
    write_log(sources.root / "a" / "container.log", numbered(3, first=10, step_ns=1000))

    at = [await service.line_at("history:a", START_NS + 1000 * each) for each in (0, 3, 4, 10, 12, 13)]

    assert at == [0, 3, 4, 4, 6, 7]
    lines = await service.lines("history:a", [3, 4, 6])
    assert [line.text for line in lines] == ["line 3", "line 10", "line 12"]
