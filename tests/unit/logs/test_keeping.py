"""Logs that are rotated, shortened, kept past their container, and exported: what is still there, and its numbers."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import NotFound
from engine.logs.keeping.archive import LogArchive
from engine.logs.keeping.rotation import REOPEN, drop_oldest, name_early, reopen_if_missing, unattended_limit
from engine.logs.keeping.shortening import keep_last_lines, shortening_frees
from engine.logs.log_service import LogService
from engine.logs.reading.timeline import joined_summary, split_request
from engine.logs.written.files import rotated_files
from engine.types.host import Settings
from engine.types.logs import ExportLogs, LogSummary, ReadLogs, SearchLogs
from tests.unit.logs.logtext import START_NS, numbered, physical, write_log
from tests.unit.logs.test_service import _Sources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class _Operations:
    """Runs the work of an operation at once when it is waited for."""

    def start(self, *, work: Any, **told: str) -> Any:
        steps: list[tuple[int, int]] = []
        progress: Any = SimpleNamespace(amount=lambda done, total: steps.append((done, total)))
        return SimpleNamespace(told=told, steps=steps, result=lambda: work(progress))


@pytest.fixture
def sources(tmp_path: Path) -> _Sources:
    for name in ("a", "b"):
        write_log(tmp_path / name / "container.log", [])
    return _Sources(tmp_path)


@pytest.fixture
async def service(sources: _Sources, tmp_path: Path) -> AsyncIterator[LogService]:
    operations: Any = _Operations()
    made = LogService(sources, history=tmp_path / "history", operations=operations, settings=Settings)
    await made.open()
    yield made
    await made.close()


async def texts(service: LogService, name: str, **request: Any) -> list[str]:
    return [line.text for batch in [b async for b in service.read(name, ReadLogs(**request))] for line in batch]


async def numbers(service: LogService, name: str, **request: Any) -> list[int]:
    return [line.number for batch in [b async for b in service.read(name, ReadLogs(**request))] for line in batch]


# --- one name, several containers ---


async def remade(service: LogService, sources: _Sources) -> None:
    """`a` wrote 0 … 3, was removed, and the next of the name wrote 10 … 12."""
    log = sources.root / "a" / "container.log"
    write_log(log, numbered(4))
    await service.keep_history("a", "a")
    assert not rotated_files(log)
    write_log(log, numbered(3, first=10))


async def test_a_name_has_one_log_through_all_its_containers(service: LogService, sources: _Sources) -> None:
    await remade(service, sources)

    whole = ["line 0", "line 1", "line 2", "line 3", "line 10", "line 11", "line 12"]
    assert await service.history() == ["a"]
    assert await texts(service, "history:a") == whole
    assert await numbers(service, "history:a") == list(range(7))
    assert await texts(service, "a") == whole[4:]
    for first in range(7):
        for count in (1, 3, None):
            found = await texts(service, "history:a", first=first, count=count)
            assert found == whole[first : None if count is None else first + count]
    for tail in range(9):
        assert await texts(service, "history:a", tail=tail) == (whole[-tail:] if tail else [])
    since = START_NS + 3_000_000
    assert await texts(service, "history:a", since_ns=since, until_ns=since + 7_000_000) == ["line 3", "line 10"]
    summary = await service.summary("history:a")
    assert (summary.lines, summary.first_number, summary.first_ns, summary.last_ns) == (
        7, 0, START_NS, START_NS + 12_000_000,
    )  # fmt: skip
    assert [line.number for line in await service.lines("history:a", [6, 0, 3, 4, 99])] == [0, 3, 4, 6]


async def test_a_history_is_read_when_its_name_is_nobodys(service: LogService, sources: _Sources) -> None:
    await remade(service, sources)
    del sources.alive["a"]
    assert await texts(service, "history:a", tail=2) == ["line 2", "line 3"]
    with pytest.raises(NotFound):
        await service.summary("a")
    await service.forget_history("a")
    assert await service.history() == []
    with pytest.raises(NotFound, match="No log is kept of a"):
        await service.summary("history:a")


async def test_a_third_container_of_a_name_goes_on_counting(service: LogService, sources: _Sources) -> None:
    await remade(service, sources)
    await service.keep_history("a", "a")
    write_log(sources.root / "a" / "container.log", numbered(2, first=20))
    assert (await texts(service, "history:a"))[-3:] == ["line 12", "line 20", "line 21"]
    assert await numbers(service, "history:a") == list(range(9))


async def test_who_said_nothing_leaves_no_history(service: LogService, sources: _Sources) -> None:
    await service.keep_history("a", "a")
    assert await service.history() == []
    assert LogArchive(sources.root / "nowhere").names() == []
    assert LogArchive(sources.root / "history").path("../a") is None


SUMMARY = LogSummary(bytes=0, lines=5, indexed=True)


@pytest.mark.parametrize(
    ("request_", "earlier", "later"),
    [
        (ReadLogs(first=12, count=2), None, ReadLogs(first=2, count=2)),
        (ReadLogs(first=10), None, ReadLogs(first=0)),
        (ReadLogs(first=9, count=3), ReadLogs(first=9, count=3), ReadLogs(first=0, count=3)),
        (ReadLogs(tail=5), None, ReadLogs(tail=5)),
        (ReadLogs(tail=6, follow=True), ReadLogs(tail=1, follow=True), ReadLogs(follow=True)),
        (ReadLogs(since_ns=7), ReadLogs(since_ns=7), ReadLogs(since_ns=7)),
    ],
)
def test_what_is_asked_of_the_past_and_of_the_present(
    request_: ReadLogs, earlier: ReadLogs | None, later: ReadLogs | None
) -> None:
    assert split_request(request_, 10, SUMMARY) == (earlier, later)


def test_two_summaries_are_one() -> None:
    past = LogSummary(bytes=5, lines=2, indexed=True, first_number=3, first_ns=10, last_ns=20)
    now = LogSummary(bytes=7, lines=4, indexed=False, first_number=0, first_ns=30, last_ns=40)
    assert joined_summary(past, now) == LogSummary(
        bytes=12, lines=6, indexed=False, first_number=3, first_ns=10, last_ns=40
    )
    mute = LogSummary(bytes=0, lines=0, indexed=True)
    assert (joined_summary(past, mute).last_ns, joined_summary(mute, now).first_ns) == (20, 30)


# --- rotated and shortened ---


async def test_a_log_that_is_rotated_goes_on_counting(service: LogService, sources: _Sources) -> None:
    log = sources.root / "a" / "container.log"
    write_log(log, numbered(5))
    assert await service.rotate("a")
    assert not log.exists()
    assert not await service.rotate("a"), "there is nothing to rotate"
    write_log(log, numbered(2, first=5))
    assert await numbers(service, "a") == list(range(7))
    assert len(rotated_files(log)) == 1


async def test_a_long_log_is_cut_to_its_end_and_keeps_its_numbers(service: LogService, sources: _Sources) -> None:
    log = sources.root / "a" / "container.log"
    assert service.shortening_frees("a") == 0
    write_log(log, numbered(40_000))
    before = service.shortening_frees("a")
    assert before > 1 << 20

    await service.shorten("a")

    found = await numbers(service, "a")
    assert found[-1] == 39_999
    assert found == list(range(found[0], 40_000))
    assert 1_000 < len(found) < 20_000
    assert service.shortening_frees("a") < before // 2
    summary = await service.summary("a")
    assert (summary.first_number, summary.lines) == (found[0], len(found))
    write_log(log, numbered(1, first=40_000))
    assert (await numbers(service, "a"))[-1] == 40_000
    kept = rotated_files(log)
    await service.shorten("b")
    keep_last_lines(sources.root / "b" / "container.log")
    assert rotated_files(log) == kept


async def test_what_is_written_until_a_new_file_is_begun_is_not_lost(
    service: LogService, sources: _Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that is written to was cut as soon as its writer had been asked to begin anew, which it does later."""
    log = sources.root / "a" / "container.log"
    os.mkfifo(log.with_name("ctl"))
    control = os.open(log.with_name("ctl"), os.O_RDWR)
    really = sources.log_source
    monkeypatch.setattr(sources, "log_source", lambda name: replace(really(name), control=log.with_name("ctl")))
    write_log(log, numbered(40_000))
    before = service.shortening_frees("a")

    shortening = asyncio.create_task(service.shorten("a"))
    assert await asyncio.to_thread(os.read, control, 100) == REOPEN
    os.close(control)
    write_log(log, numbered(2, first=40_000))
    fresh = log.with_name("fresh")
    write_log(fresh, numbered(1, first=40_002))
    fresh.replace(log)
    await shortening

    found = await numbers(service, "a")
    assert found == list(range(found[0], 40_003))
    assert 1_000 < len(found) < 20_000
    assert service.shortening_frees("a") < before // 2


async def test_a_log_whose_writer_does_not_listen_is_left_whole(
    service: LogService, sources: _Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = sources.root / "a" / "container.log"
    os.mkfifo(log.with_name("ctl"))
    control = os.open(log.with_name("ctl"), os.O_RDWR)
    really = sources.log_source
    monkeypatch.setattr(sources, "log_source", lambda name: replace(really(name), control=log.with_name("ctl")))
    monkeypatch.setattr("engine.logs.log_service._ANSWER_SECONDS", 0.0)
    write_log(log, numbered(40_000))
    await service.shorten("a")
    os.close(control)
    assert await numbers(service, "a") == list(range(40_000))


async def test_a_short_log_is_left_as_it_is(service: LogService, sources: _Sources) -> None:
    log = sources.root / "a" / "container.log"
    write_log(log, numbered(100))
    assert shortening_frees(log) == 0
    await service.shorten("a")
    assert await numbers(service, "a") == list(range(100))
    assert log.exists()


def test_the_oldest_files_go_and_the_newest_kept_one_stays(tmp_path: Path) -> None:
    log = tmp_path / "container.log"
    for third in range(4):
        write_log(log, numbered(3, first=third * 3))
        assert name_early(log)
        log.unlink()
    assert len(rotated_files(log)) == 4
    drop_oldest(log, 9)
    assert len(rotated_files(log)) == 4
    bases = [base for base, _ in rotated_files(log)]
    drop_oldest(log, 3)
    assert [base for base, _ in rotated_files(log)] == bases[-2:]
    drop_oldest(log, 1)
    assert [base for base, _ in rotated_files(log)] == bases[-1:]
    assert name_early(log) == 0


def test_a_log_without_an_engine_is_bounded_by_what_conmon_counts() -> None:
    assert unattended_limit(1 << 20, 3) == 256 << 20
    assert unattended_limit(200 << 20, 3) == 600 << 20


def test_a_conmon_that_is_gone_is_not_asked_again(tmp_path: Path) -> None:
    log, control = tmp_path / "container.log", tmp_path / "ctl"
    reopen_if_missing(log, control)
    control.touch()
    write_log(log, numbered(1))
    assert name_early(log)
    reopen_if_missing(log, control)
    assert control.read_bytes() == b""
    log.unlink()
    reopen_if_missing(log, None)
    reopen_if_missing(log, control)
    assert control.read_bytes() == b"2 0 0\n"


async def test_the_history_is_kept_within_its_quota(tmp_path: Path) -> None:
    archive = LogArchive(tmp_path / "history")
    for number, name in enumerate(("old", "new")):
        log = tmp_path / name / "container.log"
        write_log(log, numbered(100, first=number * 100))
        archive.take(log, name)
    whole = archive.size()
    archive.trim(whole)
    assert archive.names() == ["new", "old"]
    archive.trim(whole - 1)
    assert len(archive.names()) == 1
    archive.trim(0)
    assert (archive.names(), archive.size()) == ([], 0)
    archive.forget("old")


# --- several as one ---


async def test_several_logs_are_exported_as_one(service: LogService, sources: _Sources, tmp_path: Path) -> None:
    write_log(sources.root / "a" / "container.log", [
        physical(b"\x1b[1mfirst\x1b[0m"), physical(b"third", time_ns=START_NS + 20),
    ])  # fmt: skip
    write_log(sources.root / "b" / "container.log", [physical(b"second", time_ns=START_NS + 10)])
    target = tmp_path / "out"

    async def export(**options: Any) -> str:
        request = ExportLogs(path=str(target), **{"timestamps": False} | options)
        handle: Any = service.export("merged:a,b", request)
        assert await handle.result() == str(target)
        assert handle.told["kind"] == "export"
        return target.read_text()

    assert await export(ansi=False) == "a  first\nb  second\na  third\n"
    assert (await export(ansi=True)).startswith("a  \x1b[1mfirst\x1b[0m\n")
    stamped = await export(timestamps=True, ansi=False)
    assert [line.split("Z ")[1] for line in stamped.splitlines()] == ["a  first", "b  second", "a  third"]
    assert stamped.splitlines()[1].partition("Z ")[0].endswith(".000000010")
    found = [line.text async for batch in service.read("merged:a,b", ReadLogs(tail=2)) for line in batch]
    assert found == ["second", "third"]
    lines = await service.lines("merged:a,b", [2, 0])
    assert [(line.number, line.text) for line in lines] == [(0, "\x1b[1mfirst\x1b[0m"), (2, "third")]
    assert await service.line_at("merged:a,b", START_NS + 11) == 2
    assert (await service.summary("merged:a,b")).lines == 3
    with pytest.raises(NotFound):
        await service.summary("merged:a,nobody")


async def test_a_bad_question_is_told_before_anything_is_written(service: LogService, tmp_path: Path) -> None:
    request = ExportLogs(path=str(tmp_path / "out"), search=SearchLogs(pattern="(", regex=True))
    with pytest.raises(Exception, match="expression"):
        service.export("a", request)
    assert not (tmp_path / "out").exists()
