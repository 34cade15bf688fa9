"""Logs as conmon really writes them: pieces, bytes, following, rotation under load, search, history."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
from typing import TYPE_CHECKING

from engine.embedded import open_engine
from engine.logs.written.files import rotated_files
from engine.types.containers import LogLimits, Mount
from engine.types.logs import ExportLogs, LogLine, ReadLogs, SearchLogs
from tests.support.engine import opened_engine
from tests.system.containers.conftest import create, load_busybox, run, until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp


async def _lines(engine: EmbeddedEngine, name: str, **request: object) -> list[LogLine]:
    found: list[LogLine] = []
    async for batch in engine.logs.read(name, ReadLogs(**request)):  # type: ignore[arg-type]
        found += batch
    return found


async def test_long_lines_bytes_and_the_last_one_without_an_end(loaded: EmbeddedEngine) -> None:
    script = (
        "head -c 1000000 /dev/zero | tr '\\0' 'x'; echo; printf 'a\\0b\\n'; printf '\\377\\376 bad\\n'; "
        "printf '\\033[31mred\\033[0m\\n'; sleep 0.2; echo err >&2; sleep 0.2; printf 'no end'"
    )
    await run(loaded, "sh", "-c", script, name="box")
    await loaded.containers.wait("box")
    lines = await _lines(loaded, "box")
    texts = [line.text for line in lines if line.stream == "stdout"]
    assert [len(texts[0]), *texts[1:]] == [1_000_000, "a\0b", "\ufffd\ufffd bad", "\x1b[31mred\x1b[0m", "no end"]
    assert [line.text for line in lines if line.stream == "stderr"] == ["err"]
    assert lines[-1].partial
    assert [line.text for line in await _lines(loaded, "box", tail=2, stdout=False)] == ["err"]
    for tail, expected in ((0, []), (1, ["no end"]), (2, ["err", "no end"])):
        assert [line.text for line in await _lines(loaded, "box", tail=tail)] == expected, "an unfinished one counts"


async def test_following_to_the_end(loaded: EmbeddedEngine) -> None:
    await run(loaded, "sh", "-c", "for n in $(seq 50); do echo $n; usleep 2000; done", name="box")
    async with asyncio.timeout(20):
        lines = await _lines(loaded, "box", follow=True, until_exit=True)
    assert [line.text for line in lines] == [str(n) for n in range(1, 51)]


async def test_following_starts_before_the_container_does(loaded: EmbeddedEngine) -> None:
    await create(loaded, "echo", "hello", name="box")
    seen: list[str] = []

    async def follow() -> None:
        async with contextlib.aclosing(loaded.logs.read("box", ReadLogs(follow=True))) as batches:
            async for batch in batches:
                seen.extend(line.text for line in batch)

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    for _ in range(2):
        await loaded.containers.start("box")
        await loaded.containers.wait("box")
    await until(lambda: seen == ["hello", "hello"])
    await loaded.containers.remove("box")
    async with asyncio.timeout(30):
        await following


async def test_a_prompt_is_seen_before_its_line_ends(loaded: EmbeddedEngine) -> None:
    await run(loaded, "sh", "-c", "printf 'password: '; sleep 1000", name="box")
    async with (
        asyncio.timeout(30),
        contextlib.aclosing(loaded.logs.read("box", ReadLogs(follow=True, unfinished=True))) as batches,
    ):
        line = (await anext(batches))[0]
    assert (line.text, line.partial, line.number) == ("password: ", True, 0)


async def test_rotation_under_load_loses_nothing(loaded: EmbeddedEngine) -> None:
    limits = LogLimits(max_bytes=1 << 20, max_files=100)
    script = "n=0; while [ $n -lt 30 ]; do seq $((n*5000+1)) $((n*5000+5000)); n=$((n+1)); usleep 20000; done"
    await run(loaded, "sh", "-c", script, name="box", log=limits)
    numbers: list[int] = []
    rotated = 0
    async with asyncio.timeout(40):
        async for batch in loaded.logs.read("box", ReadLogs(follow=True, until_exit=True)):
            numbers += [int(line.text) for line in batch]
            if len(numbers) // 20_000 > rotated:
                rotated += await loaded.logs.rotate("box")
    assert rotated >= 2
    assert numbers == list(range(1, 150_001))
    lines = await _lines(loaded, "box")
    assert [line.number for line in lines] == list(range(150_000))
    assert [int(line.text) for line in lines] == numbers
    assert [line.text for line in await _lines(loaded, "box", tail=2)] == ["149999", "150000"]


async def test_what_outgrows_its_limit_is_rotated_and_the_newest_stays(loaded: EmbeddedEngine) -> None:
    limits = LogLimits(max_bytes=200_000, max_files=2)
    script = "n=0; while [ $n -lt 40000 ]; do n=$((n+1)); echo line $n; done; sleep 1000"
    box = await run(loaded, "sh", "-c", script, name="box", log=limits)
    directory = loaded.paths.log(box.id).parent
    await until(lambda: _rotated_and_done(loaded, directory), seconds=30)
    tail = await _lines(loaded, "box", tail=3)
    assert [line.text for line in tail] == ["line 39998", "line 39999", "line 40000"]
    assert tail[-1].number == 39_999


async def test_without_an_engine_a_log_keeps_to_a_bound(
    short_tmp: ShortTmp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """conmon would throw away what it wrote before; what an engine has seen of it stays."""
    monkeypatch.setattr("engine.logs.keeping.rotation._LEAST_UNATTENDED", 200_000)
    script = """
        echo first
        while [ ! -e /signs/go ]; do usleep 10000; done
        n=0; while [ $n -lt 40000 ]; do n=$((n+1)); echo line $n; done
        touch /signs/done
        sleep 1000
    """
    signs = Mount(kind="bind", source=str(tmp_path), target="/signs")
    engine = await open_engine(short_tmp.root, short_tmp.run)
    try:
        await load_busybox(engine)
        limits = LogLimits(max_bytes=100_000, max_files=2)
        box = await run(engine, "sh", "-c", script, name="box", log=limits, mounts=(signs,))
        directory = engine.paths.log(box.id).parent
        await until(lambda: len(rotated_files(directory / "container.log")) == 1)
    finally:
        await engine.close()
    (tmp_path / "go").touch()
    await until(lambda: (tmp_path / "done").exists(), seconds=60)
    sizes = {path.stat().st_ino: path.stat().st_size for path in directory.glob("container.log*")}
    assert 200_000 < sum(sizes.values()) < 450_000
    async with opened_engine(short_tmp) as again:
        lines = [line.text for line in await _lines(again, "box")]
    assert (lines[0], lines[-1]) == ("first", "line 40000")


async def _rotated_and_done(engine: EmbeddedEngine, directory: Path) -> bool:
    lines = await _lines(engine, "box", tail=1)
    logs = [name for name in os.listdir(directory) if not name.endswith(".index")]
    return bool(lines) and lines[-1].text == "line 40000" and len(logs) == 2


async def test_search_lines_and_export(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    script = 'for n in $(seq 3000); do echo "request $n"; [ $((n % 1000)) = 0 ] && echo "ERROR at $n" >&2; done; true'
    await run(loaded, "sh", "-c", script, name="box")
    await loaded.containers.wait("box")
    found: list[int] = []
    async for progress in loaded.logs.search("box", SearchLogs(pattern="error at", stdout=False)):
        found += progress.numbers
        last = progress
    assert last.finished
    assert last.matches == len(found) == 3
    lines = await loaded.logs.lines("box", found)
    assert [line.text for line in lines] == ["ERROR at 1000", "ERROR at 2000", "ERROR at 3000"]
    assert [line.level for line in lines] == ["error"] * 3
    assert (await loaded.logs.line_at("box", lines[1].time_ns)) <= lines[1].number

    plain = tmp_path / "log.txt"
    await loaded.logs.export("box", ExportLogs(path=str(plain), timestamps=False)).result()
    assert len(plain.read_text().splitlines()) == 3003
    zipped = tmp_path / "log.gz"
    question = SearchLogs(pattern="error")
    await loaded.logs.export("box", ExportLogs(path=str(zipped), gzip=True, search=question)).result()
    written = gzip.decompress(zipped.read_bytes()).decode().splitlines()
    assert [line.partition(" ")[2] for line in written] == [line.text for line in lines]


async def test_a_search_that_is_left_ends_its_worker(loaded: EmbeddedEngine) -> None:
    await run(loaded, "sh", "-c", "seq 300000", name="box")
    await loaded.containers.wait("box")
    async with contextlib.aclosing(loaded.logs.search("box", SearchLogs(pattern="1"))) as answers:
        assert (await anext(answers)).total_bytes > 0


async def test_merged_in_time_order(loaded: EmbeddedEngine) -> None:
    for name in ("one", "two"):
        await run(loaded, "sh", "-c", "for n in 1 2 3 4 5; do date +%s; usleep 3000; done", name=name)
    for name in ("one", "two"):
        await loaded.containers.wait(name)
    merged = await _lines(loaded, "merged:one,two")
    assert len(merged) == 10
    assert [line.time_ns for line in merged] == sorted(line.time_ns for line in merged)
    assert len({line.source for line in merged}) == 2


async def test_the_history_of_a_name(loaded: EmbeddedEngine) -> None:
    for word in ("first", "second"):
        await run(loaded, "echo", word, name="web")
        await loaded.containers.wait("web")
        await loaded.containers.remove("web")
    assert await loaded.logs.history() == ["web"]
    lines = await _lines(loaded, "history:web")
    assert [(line.number, line.text) for line in lines] == [(0, "first"), (1, "second")]
    assert (await loaded.logs.summary("history:web")).lines == 2


async def test_a_new_container_of_a_name_goes_on_with_its_timeline(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    await run(loaded, "sh", "-c", "echo one; echo two", name="web")
    await loaded.containers.wait("web")
    await loaded.containers.remove("web")
    await run(loaded, "sh", "-c", "echo three; echo four", name="web")
    await loaded.containers.wait("web")
    whole = [(0, "one"), (1, "two"), (2, "three"), (3, "four")]
    assert [(line.number, line.text) for line in await _lines(loaded, "history:web")] == whole
    assert [(line.number, line.text) for line in await _lines(loaded, "history:web", tail=3)] == whole[1:]
    assert [(line.number, line.text) for line in await _lines(loaded, "history:web", first=1, count=2)] == whole[1:3]
    assert [line.text for line in await _lines(loaded, "web")] == ["three", "four"]
    assert (await loaded.logs.summary("history:web")).lines == 4
    found: list[int] = []
    async for progress in loaded.logs.search("history:web", SearchLogs(pattern="o")):
        found += progress.numbers
        last = progress
    assert (found, last.matches, last.finished) == ([0, 1, 3], 3, True)
    lines = await loaded.logs.lines("history:web", [1, 2])
    assert [(line.number, line.text) for line in lines] == whole[1:3]
    assert await loaded.logs.line_at("history:web", lines[1].time_ns) == 2
    target = tmp_path / "web.log"
    request = ExportLogs(path=str(target), timestamps=False, search=SearchLogs(pattern="o"))
    await loaded.logs.export("history:web", request).result()
    assert target.read_text() == "one\ntwo\nfour\n"
    await loaded.containers.remove("web")
    await loaded.logs.export("history:web", ExportLogs(path=str(target), timestamps=False)).result()
    assert target.read_text() == "one\ntwo\nthree\nfour\n"
