"""The engine's end of a search and an export: frames into progress, several logs as one, a worker that failed.

The worker's own program runs in this process, at once and to its end, so that what it does can be seen from here.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import json
import os
import signal
import struct
import sys
from array import array
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InvalidRequest, NotFound, WherryError
from engine.logs import log_service as module
from engine.logs.keeping.rotation import rotate
from engine.logs.log_service import LogService
from engine.logs.searching.asking import SearchRun, question_of
from engine.logs.searching.worker import FRAME
from engine.logs.source import LogSource
from engine.logs.written.files import index_path, rotated_files
from engine.types.containers import LogLimits
from engine.types.host import Settings
from engine.types.logs import ExportLogs, Level, ReadLogs, SearchLogs, SearchProgress
from tests.unit.logs.logtext import START_NS, numbered, physical, write_log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path


class WorkersHere:
    """Instead of programs beside the engine."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.left = 0
        """Those whose context was left."""
        self.answer: bytes | None = None
        """What a worker says instead of working, after which it fails with `words`."""
        self.words = b""

    def __call__(self, name: str, request: dict[str, Any], **_: object) -> Any:
        self.asked.append((name, request))
        return SimpleNamespace(running=lambda: self._running(name, request))

    @contextlib.asynccontextmanager
    async def _running(self, name: str, request: dict[str, Any]) -> AsyncIterator[Any]:
        out, said = asyncio.StreamReader(limit=1 << 20), asyncio.StreamReader()
        out.feed_data(_run(name, request) if self.answer is None else self.answer)
        said.feed_data(self.words)
        out.feed_eof()
        said.feed_eof()
        code = 1 if self.words else 0

        async def wait() -> int:
            return code

        try:
            yield SimpleNamespace(stdout=out, stderr=said, wait=wait, returncode=code)
        finally:
            self.left += 1


def _run(name: str, request: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    before = signal.getsignal(signal.SIGALRM)
    stdin, stdout = sys.stdin, sys.stdout
    sys.stdin, sys.stdout = io.StringIO(json.dumps(request)), SimpleNamespace(buffer=out)  # type: ignore[assignment]
    try:
        importlib.import_module(name).main()
    finally:
        sys.stdin, sys.stdout = stdin, stdout
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return out.getvalue()


class Sources:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.limits = LogLimits()
        self.control: Path | None = None

    def log_source(self, container: str) -> LogSource:
        name = container.removeprefix("id-")
        if name not in ("a", "b"):
            raise NotFound(container)
        path = self.root / name / "container.log"
        return LogSource(f"id-{name}", name, path, self.control, alive=True, limits=self.limits)

    def live_log_sources(self) -> Sequence[LogSource]:
        return [self.log_source("a")]


class Operations:
    def start(self, *, work: Any, **told: str) -> Any:
        steps: list[tuple[int, int]] = []
        progress: Any = SimpleNamespace(amount=lambda done, total: steps.append((done, total)))
        return SimpleNamespace(told=told, steps=steps, result=lambda: work(progress))


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> WorkersHere:
    found = WorkersHere()
    monkeypatch.setattr("engine.logs.searching.asking.PythonWorker", found)
    monkeypatch.setattr(module, "PythonWorker", found)
    return found


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    for name in ("a", "b"):
        write_log(tmp_path / name / "container.log", [])
    return Sources(tmp_path)


@pytest.fixture
async def service(sources: Sources, tmp_path: Path, workers: WorkersHere) -> AsyncIterator[LogService]:
    operations: Any = Operations()
    made = LogService(sources, history=tmp_path / "history", operations=operations, settings=Settings)
    await made.open()
    yield made
    await made.close()


def log_of(sources: Sources, name: str) -> Path:
    return sources.root / name / "container.log"


async def searched(service: LogService, name: str, **question: Any) -> tuple[list[int], list[SearchProgress]]:
    steps = [step async for step in service.search(name, SearchLogs(**question))]
    return [number for step in steps for number in step.numbers], steps


# --- one log ---


async def test_a_search_tells_how_far_it_is_and_ends_once(service: LogService, sources: Sources) -> None:
    write_log(log_of(sources, "a"), numbered(5000))
    found, steps = await searched(service, "a", pattern="99")

    assert found == [number for number in range(5000) if "99" in str(number)]
    assert [step.finished for step in steps] == [False] * (len(steps) - 1) + [True]
    size = log_of(sources, "a").stat().st_size
    assert {step.total_bytes for step in steps} == {size}
    assert (steps[-1].scanned_bytes, steps[-1].matches) == (size, len(found))
    assert [step.matches for step in steps] == sorted(step.matches for step in steps)
    assert all(step.scanned_bytes <= size for step in steps)


async def test_a_hit_in_every_line_comes_as_a_range(service: LogService, sources: Sources) -> None:
    write_log(log_of(sources, "a"), numbered(1000))
    found, steps = await searched(service, "a", pattern="line")
    assert found == list(range(1000))
    assert any(isinstance(step.numbers, range) for step in steps)


async def test_nothing_found_is_an_answer_too(service: LogService, sources: Sources) -> None:
    found, steps = await searched(service, "a", pattern="x")
    assert (found, steps[-1].finished, steps[-1].scanned_bytes, steps[-1].total_bytes) == ([], True, 0, 0)


async def test_a_large_log_is_shared_out_and_told_in_order(
    service: LogService, sources: Sources, workers: WorkersHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(sources, "a")
    for first in (0, 4000, 8000):
        write_log(log, numbered(4000, first=first))
        if first < 8000:
            rotate(log, None, most_files=99)
    await service.ensure_index(log)
    monkeypatch.setattr("engine.logs.searching.asking._WORTH_A_WORKER", 1 << 17)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    workers.asked.clear()
    found, steps = await searched(service, "a", pattern="7", regex=True, levels=())
    assert found == [number for number in range(12_000) if "7" in str(number)]
    assert len(workers.asked) == 3
    bounds = [(asked["begin"], asked["end"]) for _, asked in workers.asked]
    assert [end for _, end in bounds[:-1]] == [begin for begin, _ in bounds[1:]]
    assert workers.left == 3
    assert (steps[-1].scanned_bytes, steps[-1].finished) == (steps[-1].total_bytes, True)


async def test_what_is_asked_reaches_the_worker(service: LogService, sources: Sources, workers: WorkersHere) -> None:
    write_log(log_of(sources, "a"), numbered(3))
    question = {"pattern": "x", "regex": True, "case_sensitive": True, "levels": (Level.ERROR,), "since_ns": 5}
    await searched(service, "a", **question)
    name, asked = workers.asked[-1]
    assert name == "engine.logs.searching.worker"
    assert (asked["task"], asked["path"]) == ("search", str(log_of(sources, "a")))
    assert (asked["begin"], asked["end"]) == (0, log_of(sources, "a").stat().st_size)
    told = asked["question"]
    assert {key: told[key] for key in question} == question | {"levels": (Level.ERROR.value,)}


@pytest.mark.parametrize("pattern", ["(", "*", "(?P<a>x)(?P<a>y)", "x{99999999999999999999}"])
def test_what_is_no_expression_is_told_before_anything_begins(pattern: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        question_of(SearchLogs(pattern=pattern, regex=True))
    assert refused.value.subject == "pattern"
    assert f"“{pattern}”" in refused.value.title
    assert refused.value.explanation


async def test_a_worker_that_fails_is_told_with_its_last_words(
    service: LogService, sources: Sources, workers: WorkersHere
) -> None:
    write_log(log_of(sources, "a"), numbered(3))
    workers.answer = FRAME.pack(b"M", 8) + struct.pack("<Q", 1) + FRAME.pack(b"M", 800)
    workers.words = b"Traceback\n  more\nTooLong: the expression takes too long\n"
    answers = service.search("a", SearchLogs(pattern="line"))
    assert list((await anext(answers)).numbers) == [1]
    with pytest.raises(WherryError) as broken:
        await anext(answers)
    assert broken.value.title == "The search broke off"
    assert broken.value.explanation == "TooLong: the expression takes too long"
    assert workers.left == 1


async def test_an_answer_that_makes_no_sense_is_not_waited_for(
    service: LogService, sources: Sources, workers: WorkersHere
) -> None:
    write_log(log_of(sources, "a"), numbered(3))
    workers.answer = FRAME.pack(b"M", (1 << 20) + 1) + b"x" * 100
    with pytest.raises(WherryError, match="the worker's answer makes no sense"):
        await searched(service, "a", pattern="line")
    workers.answer = FRAME.pack(b"M", 1 << 20) + array("Q", range(1 << 17)).tobytes()
    found, _ = await searched(service, "a", pattern="line")
    assert len(found) == 1 << 17


async def test_who_leaves_a_search_ends_its_workers(
    service: LogService, sources: Sources, workers: WorkersHere
) -> None:
    write_log(log_of(sources, "a"), numbered(3))
    workers.answer = b"".join(FRAME.pack(b"M", 8) + struct.pack("<Q", number) for number in range(1000))
    async with contextlib.aclosing(service.search("a", SearchLogs(pattern="x"))) as answers:
        assert list((await anext(answers)).numbers) == [0]
    assert workers.left == 1
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "log search"]


# --- several as one ---


async def test_a_name_is_searched_through_all_its_containers(service: LogService, sources: Sources) -> None:
    log = log_of(sources, "a")
    write_log(log, numbered(1000))
    await service.keep_history("a", "a")
    write_log(log, numbered(1000, first=1000))
    found, steps = await searched(service, "history:a", pattern="7")
    assert found == [number for number in range(2000) if "7" in str(number)]
    assert [step.finished for step in steps].count(True) == 1
    assert steps[-1].finished
    assert steps[-1].matches == len(found)
    assert {step.total_bytes for step in steps} == {steps[-1].scanned_bytes}
    assert [step.scanned_bytes for step in steps] == sorted(step.scanned_bytes for step in steps)
    everything, steps = await searched(service, "history:a", pattern="line")
    assert everything == list(range(2000))
    assert [step.numbers for step in steps if isinstance(step.numbers, range)] == [range(1000), range(1000, 2000)]
    assert [line.text for line in await service.lines("history:a", [999, 1000])] == ["line 999", "line 1000"]


async def test_several_logs_are_searched_as_one_in_the_order_of_time(service: LogService, sources: Sources) -> None:
    texts = []
    for name, shift in (("a", 0), ("b", 3)):
        lines = [(START_NS + number * 10 + shift, f"{name}{number}") for number in range(40)]
        lines += [(START_NS + 10_000, f"{name} at one instant 7"), (START_NS + 10_000, f"{name} and again 7")]
        write_log(log_of(sources, name), [physical(text.encode(), time_ns=time_ns) for time_ns, text in lines])
        texts += [(time_ns, name, text) for time_ns, text in lines]
    whole = [text for _, _, text in sorted(texts, key=lambda line: line[:2])]
    found, steps = await searched(service, "merged:a,b", pattern="7")

    assert found == [number for number, text in enumerate(whole) if "7" in text]
    assert [bool(step.numbers) for step in steps] == [False] * (len(steps) - 1) + [True]
    total = sum(log_of(sources, name).stat().st_size for name in "ab")
    assert {step.total_bytes for step in steps} == {total}
    assert (steps[-1].scanned_bytes, steps[-1].matches, steps[-1].finished) == (total, len(found), True)
    assert [step.matches for step in steps] == sorted(step.matches for step in steps)
    lines = await service.lines("merged:a,b", found)
    assert [line.text for line in lines] == [text for text in whole if "7" in text]


async def test_lines_that_came_while_it_searched_have_their_place(service: LogService, sources: Sources) -> None:
    for name in ("a", "b"):
        write_log(log_of(sources, name), [physical(b"x", time_ns=START_NS + 1)])
    async with contextlib.aclosing(service.search("merged:a,b", SearchLogs(pattern="x"))) as answers:
        found = list((await anext(answers)).numbers)
        write_log(log_of(sources, "b"), [physical(b"x late", time_ns=START_NS + 2)])
        found += [number async for step in answers for number in step.numbers]
    assert found == [0, 1, 2]


# --- writing it to a file ---


@pytest.mark.parametrize(
    ("name", "options", "written"),
    [
        ("a", {}, "line 3\nred 4\n"),
        ("a", {"ansi": True}, "line 3\n\x1b[31mred\x1b[0m 4\n"),
        ("history:a", {}, "line 0\nline 1\nline 3\nred 4\n"),
        ("history:a", {"search": SearchLogs(pattern="line [13]", regex=True)}, "line 1\nline 3\n"),
        ("a", {"timestamps": True}, "2026-09-21T14:13:20.003000000Z line 3\n2026-09-21T14:13:20.000000004Z red 4\n"),
    ],
)
async def test_a_log_is_written_as_it_was_wished(
    service: LogService, sources: Sources, tmp_path: Path, name: str, options: dict[str, Any], written: str
) -> None:
    log = log_of(sources, "a")
    write_log(log, numbered(2))
    await service.keep_history("a", "a")
    write_log(log, [*numbered(1, first=3), physical(b"\x1b[31mred\x1b[0m 4", time_ns=START_NS + 4)])
    target = tmp_path / "out"
    request = ExportLogs(path=str(target), **{"ansi": False, "timestamps": False} | options)
    handle: Any = service.export(name, request)
    assert handle.told == {"kind": "export", "title": f"Export the log of {name[-1]}", "subject": name}
    assert await handle.result() == str(target)
    assert target.read_text() == written
    total = sum(path.stat().st_size for path in (log, tmp_path / "history" / "a" / "container.log") if path.exists())
    assert handle.steps[-1][0] == handle.steps[-1][1] <= max(total, log.stat().st_size * 2)


async def test_an_export_that_fails_names_the_place(
    service: LogService, sources: Sources, tmp_path: Path, workers: WorkersHere
) -> None:
    write_log(log_of(sources, "a"), numbered(2))
    workers.answer, workers.words = b"", b"OSError: No space left on device\n"
    handle: Any = service.export("a", ExportLogs(path=str(tmp_path / "out")))
    with pytest.raises(WherryError) as refused:
        await handle.result()
    assert (refused.value.title, refused.value.subject) == ("The log could not be exported", str(tmp_path / "out"))
    assert refused.value.explanation == "OSError: No space left on device"


def test_an_export_counts_the_bytes_of_all_it_goes_over(sources: Sources) -> None:
    write_log(log_of(sources, "a"), numbered(2))
    write_log(log_of(sources, "b"), numbered(3))
    paths = [log_of(sources, "a"), log_of(sources, "b")]
    assert SearchRun.over_request("m", {}, paths).total == sum(path.stat().st_size for path in paths)


# --- what is done behind ---


async def test_a_log_that_outgrows_its_limit_is_begun_anew(service: LogService, sources: Sources) -> None:
    log = log_of(sources, "a")
    sources.limits = LogLimits(max_bytes=1000, max_files=3)
    source = sources.log_source("a")
    await service._rotate_if_due(source)
    assert rotated_files(log) == []
    write_log(log, numbered(5))
    await service._rotate_if_due(source)
    [early] = rotated_files(log)
    assert os.stat(early[1] if isinstance(early, tuple) else early).st_ino == log.stat().st_ino, "a name it keeps"
    write_log(log, numbered(20, first=5))
    await service._rotate_if_due(source)
    assert not log.exists(), "who writes it next opens it afresh"
    await service._rotate_if_due(source)
    write_log(log, numbered(25, first=25))
    await service._rotate_if_due(source)
    lines = [line.number async for batch in service.read("a") for line in batch]
    assert lines == list(range(50))
    assert index_path(log).parent == log.parent


async def test_without_a_limit_of_its_own_the_settings_count(
    service: LogService, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(default_log_max_bytes=77, default_log_max_files=3)
    monkeypatch.setattr(service, "_settings", lambda: settings)
    assert service._limits(sources.log_source("a")) == (77, 3)
    sources.limits = LogLimits(max_bytes=5)
    assert service._limits(sources.log_source("a")) == (5, 3)
    sources.limits = LogLimits(max_files=9)
    assert service._limits(sources.log_source("a")) == (77, 9)


async def test_conmon_is_asked_once_for_each_file_and_again_after_a_while(
    service: LogService, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "ctl")
    listening = os.open(tmp_path / "ctl", os.O_RDWR | os.O_NONBLOCK)
    sources.control = tmp_path / "ctl"
    write_log(log_of(sources, "a"), numbered(5))
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    assert await service.rotate("a")
    assert not await service.rotate("a")
    assert os.read(listening, 100) == b"2 0 0\n"
    clock[0] = 130.0
    assert await service.rotate("a"), "it may not have got the word"
    assert os.read(listening, 100) == b"2 0 0\n"
    os.close(listening)


async def test_a_file_that_is_gone_is_asked_for_unless_nothing_is_written_at_all(
    service: LogService, sources: Sources, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "ctl")
    listening = os.open(tmp_path / "ctl", os.O_RDWR | os.O_NONBLOCK)
    log = log_of(sources, "a")
    write_log(log, numbered(5))
    rotate(log, None, most_files=9)
    sources.control = tmp_path / "ctl"
    sources.limits = LogLimits(driver="none")
    await service._rotate_if_due(sources.log_source("a"))
    with pytest.raises(BlockingIOError):
        os.read(listening, 100)
    sources.limits = LogLimits()
    await service._rotate_if_due(sources.log_source("a"))
    assert os.read(listening, 100) == b"2 0 0\n"
    os.close(listening)


async def test_an_index_that_cannot_be_made_is_noted_and_tried_again(
    service: LogService, sources: Sources, workers: WorkersHere, monkeypatch: pytest.MonkeyPatch,
    expect_log: Callable[[str], None],
) -> None:  # fmt: skip
    expect_log("A log could not be indexed")
    log = log_of(sources, "a")
    write_log(log, numbered(5))
    monkeypatch.setattr(module, "with_chronicle", lambda *_: False)
    workers.answer, workers.words = b"", b"no\n"
    service._index_in_background(log)
    service._index_in_background(log)
    [task] = service._indexing.values()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    assert service._indexing == {}
    assert [(name, asked["task"], asked["path"]) for name, asked in workers.asked] == [
        ("engine.logs.searching.worker", "index", str(log)),
    ]
    service._index_in_background(log, only_if_large=True)
    service._index_in_background(log.with_name("none"))
    assert service._indexing == {}
    monkeypatch.setattr(module, "_INLINE_INDEX", 10)
    workers.words = b""
    service._index_in_background(log, only_if_large=True)
    await asyncio.gather(*service._indexing.values())


async def test_a_name_is_read_whoever_has_it(service: LogService, sources: Sources) -> None:
    assert service.place("a") == ("id-a", log_of(sources, "a"))
    write_log(log_of(sources, "b"), numbered(2))
    await service.keep_history("b", "gone")
    name, path = service.place("history:gone")
    assert (name, len(rotated_files(path))) == ("history:gone", 1)
    for asked in ("nobody", "history:nobody"):
        with pytest.raises(NotFound):
            await service.summary(asked)
    lines = [line.source async for batch in service.read("merged:a,history:gone", ReadLogs()) for line in batch]
    assert lines == ["history:gone"] * 2
