"""Several logs as one: what the n-th line is, whatever the size; searching, jumping and following the whole."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from engine.logs.keeping.rotation import rotate
from engine.logs.log_service import LogService
from engine.logs.merged.export import export_merged
from engine.logs.merged.numbers import MergedLog, MergedReader, Part
from engine.types.host import Settings
from engine.types.logs import ExportLogs, LogLine, ReadLogs, SearchLogs
from tests.unit.logs.logtext import START_NS, physical, write_log
from tests.unit.logs.test_service import _Sources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LINES = 9000
"""Enough, with this padding, for several marks in each part."""


def _furnish(root: Path, seed: int = 7) -> list[tuple[int, str, str]]:
    """Two interleaved logs; gives the whole in order: time, container, text."""
    rng = random.Random(seed)
    whole: list[tuple[int, str, str]] = []
    for name in ("a", "b"):
        time_ns, lines = START_NS, []
        for number in range(LINES if name == "a" else LINES // 3):
            time_ns += rng.choice((0, 1, 5, 1_000, 1_000_000)) * (1 if name == "a" else 3)
            text = f"{name}{number} " + "x" * rng.randrange(150) + (" needle" if number % 97 == 0 else "")
            whole.append((time_ns, name, text))
            lines.append(physical(text.encode(), time_ns=time_ns, stream="stderr" if number % 10 == 9 else "stdout"))
        write_log(root / name / "container.log", lines)
    return sorted(whole, key=lambda line: line[:2])


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[LogService]:
    operations: Any = None
    service = LogService(_Sources(tmp_path), history=tmp_path / "history", operations=operations, settings=Settings)
    await service.open()
    yield service
    await service.close()


async def _read(service: LogService, **request: Any) -> list[LogLine]:
    return [line async for batch in service.read("merged:a,b", ReadLogs(**request)) for line in batch]


def _plain(lines: list[LogLine]) -> list[tuple[int, str, str]]:
    return [(line.time_ns, line.source, line.text) for line in lines]


async def test_the_whole_is_in_order_and_numbered(service: LogService, tmp_path: Path) -> None:
    whole = _furnish(tmp_path)
    lines = await _read(service)
    assert _plain(lines) == whole
    assert [line.number for line in lines] == list(range(len(whole)))
    summary = await service.summary("merged:a,b")
    assert (summary.lines, summary.indexed) == (len(whole), True)
    assert (summary.first_ns, summary.last_ns) == (whole[0][0], whole[-1][0])


@pytest.mark.bulk
async def test_any_stretch_is_what_it_is_in_the_whole(service: LogService, tmp_path: Path) -> None:
    whole = _furnish(tmp_path)
    rng = random.Random(3)
    for first in [0, 1, len(whole) - 5, *(rng.randrange(len(whole)) for _ in range(40))]:
        assert _plain(await _read(service, first=first, count=7)) == whole[first : first + 7], first
    assert _plain(await _read(service, tail=30)) == whole[-30:]
    moment = whole[len(whole) // 2][0]
    assert _plain(await _read(service, since_ns=moment, until_ns=moment + 10**6)) == [
        line for line in whole if moment <= line[0] <= moment + 10**6
    ]
    assert await service.line_at("merged:a,b", moment) == [line[0] for line in whole].index(moment)


@pytest.mark.bulk
async def test_a_search_goes_over_the_whole_history_of_all(service: LogService, tmp_path: Path) -> None:
    whole = _furnish(tmp_path)
    numbers: list[int] = []
    async for progress in service.search("merged:a,b", SearchLogs(pattern="needle")):
        numbers.extend(progress.numbers)
    assert progress.finished
    assert progress.matches == len(numbers)
    assert progress.scanned_bytes == progress.total_bytes
    assert numbers == [number for number, line in enumerate(whole) if "needle" in line[2]]
    some = numbers[3:6]
    assert _plain(list(await service.lines("merged:a,b", some))) == [whole[number] for number in some]


async def test_what_comes_goes_on_with_the_numbers(service: LogService, tmp_path: Path) -> None:
    whole = _furnish(tmp_path)
    request = ReadLogs(tail=2, follow=True)
    async with asyncio.timeout(20), contextlib.aclosing(service.read("merged:a,b", request)) as batches:
        seen = list(await anext(batches))
        assert _plain(seen) == whole[-2:]
        later = whole[-1][0] + 10**9
        for step in range(3):
            for name in ("b", "a"):
                write_log(tmp_path / name / "container.log", [physical(f"new {step}".encode(), time_ns=later + step)])
            while len(seen) < 2 + 2 * (step + 1):
                seen += await anext(batches)
    assert [line.number for line in seen] == list(range(len(whole) - 2, len(whole) + 6))
    assert {line.source for line in seen[2:]} == {"a", "b"}
    assert [line.text for line in await _read(service, first=len(whole), count=2)] == ["new 0", "new 0"]


async def test_rotation_keeps_the_numbers(service: LogService, tmp_path: Path) -> None:
    whole = _furnish(tmp_path)
    assert len(await _read(service)) == len(whole)
    log = tmp_path / "a" / "container.log"
    assert rotate(log, None, most_files=8)
    later = whole[-1][0] + 10
    write_log(log, [physical(b"after", time_ns=later)])
    whole.append((later, "a", "after"))
    assert _plain(await _read(service)) == whole
    assert _plain(await _read(service, first=100, count=3)) == whole[100:103]
    assert (await service.summary("merged:a,b")).lines == len(whole)


async def test_what_the_rotation_drops_counts_as_before_all_else(service: LogService, tmp_path: Path) -> None:
    whole = _furnish(tmp_path)
    assert len(await _read(service)) == len(whole)
    log, later = tmp_path / "a" / "container.log", whole[-1][0] + 10
    assert rotate(log, None, most_files=1)
    write_log(log, [physical(b"kept", time_ns=later)])
    assert rotate(log, None, most_files=1)
    write_log(log, [physical(b"new", time_ns=later + 1)])
    left = [line for line in whole if line[1] == "b"] + [(later, "a", "kept"), (later + 1, "a", "new")]
    lines = await _read(service)
    dropped = (await service.summary("merged:a,b")).first_number
    assert dropped >= LINES
    left = left[-len(lines) :]
    assert _plain(lines) == left
    assert [line.number for line in lines] == list(range(dropped, dropped + len(left)))
    assert _plain(await _read(service, first=dropped + 10, count=3)) == left[10:13]
    assert _plain(await _read(service, tail=2)) == left[-2:]


async def test_opening_reads_little(tmp_path: Path) -> None:
    """Where a line lies is known from the marks, and the times of a few blocks around it."""
    _furnish(tmp_path)
    parts = [Part(name, tmp_path / name / "container.log") for name in ("a", "b")]
    log = MergedLog(parts)
    MergedReader(log, log.end // 2)
    assert all(len(part._blocks) <= 4 for part in parts)
    assert all(len(part.numbers) > 6 for part in parts), "else this shows nothing"
    log.close()


@pytest.mark.bulk
async def test_a_merged_log_is_exported_with_names(service: LogService, tmp_path: Path) -> None:
    whole = _furnish(tmp_path)
    target = tmp_path / "all.log.gz"
    request = ExportLogs(path=str(target), gzip=True, search=SearchLogs(pattern="needle"))
    progress: Any = SimpleNamespace(amount=lambda done, total: told.append((done, total)))
    told: list[tuple[int, int]] = []
    await export_merged(service, "merged:a,b", request, {"a": "web", "b": "db"}.__getitem__, progress)  # type: ignore[arg-type]
    text = gzip.decompress(target.read_bytes()).decode().splitlines()
    expected = [line for line in whole if "needle" in line[2]]
    names = {"a": "web", "b": "db"}
    assert [line.split("Z ", 1)[1] for line in text] == [f"{names[name]}  {words}" for _time, name, words in expected]
    assert told[-1][0] == len(expected)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "all.log.gz", "b"]  # noqa: ASYNC240


async def test_one_that_is_removed_meanwhile_ends_its_part_only(service: LogService, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_log(tmp_path / name / "container.log", [physical(b"first")])
    request = ReadLogs(follow=True)
    async with asyncio.timeout(20), contextlib.aclosing(service.read("merged:a,b", request)) as batches:
        seen = list(await anext(batches))
        sources: Any = service._sources
        del sources.alive["a"]
        service.container_changed("a")
        write_log(tmp_path / "b" / "container.log", [physical(b"still here")])
        while len(seen) < 3:
            seen += await anext(batches)
    assert [line.text for line in seen] == ["first", "first", "still here"]
