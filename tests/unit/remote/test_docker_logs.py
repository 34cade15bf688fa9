"""Logs of a Docker's containers: written down here as they come, taken up again where a line broke off."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import NotFound, RuntimeFailure
from engine.remote.docker.watching import logs as logs_room
from engine.remote.docker.watching.log_writers import unframed
from engine.types.logs import ExportLogs, ReadLogs, SearchLogs
from tests.support.scripted_docker import Answer, ScriptedDocker, held

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.remote.engine import RemoteEngine
    from tests.support.stores import ShortTmp

KEY = "c" * 64
PATH = f"GET /containers/{KEY}/logs"
ALL = "tail=200000"
BASE = "stdout=1&stderr=1&timestamps=1"


def row(state: str = "exited", **more: Any) -> dict[str, Any]:
    return {"Id": KEY, "Names": ["/web"], "State": state, **more}


def frame(text: str, second: int, stream: int = 1) -> bytes:
    data = f"2026-11-28T10:00:0{second}.5Z {text}".encode()
    return struct.pack(">BxxxI", stream, len(data)) + data


async def lines(engine: RemoteEngine, name: str = "web", **words: Any) -> list[tuple[str, str]]:
    request = ReadLogs(**words)
    return [(line.stream, line.text) async for batch in engine.logs.read(name, request) for line in batch]


@pytest.fixture
def docker() -> ScriptedDocker:
    docker = ScriptedDocker()
    docker.says("GET /containers/json", [row()])
    return docker


@pytest.fixture
async def engine(docker: ScriptedDocker, short_tmp: ShortTmp) -> AsyncIterator[RemoteEngine]:
    async with held(docker, short_tmp.run) as made:
        docker.asked.clear()
        yield made


async def test_a_log_is_fetched_once_and_read_from_here(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    cut = frame("e", 2, 2)
    pieces = (
        frame("one\n", 1) + cut[:9], cut[9:] + b"\x02\0\0\0\0\0\0\x02rr",
        b"\x02\0\0\0\0\0\0\x01\n" + frame("two\r\n2026-11-28T10:00:04.5Z three\n", 3),
    )  # fmt: skip
    docker.says(PATH, Answer(pieces))
    expected = [("stdout", "one"), ("stderr", "err"), ("stdout", "two"), ("stdout", "three")]
    assert await lines(engine) == expected
    assert await lines(engine, KEY) == expected
    assert await lines(engine, KEY[:8]) == expected
    asked = [each.line for each in docker.asked if each.path.endswith("/logs")]
    assert asked == [f"{PATH}?{BASE}&{ALL}"]
    summary = await engine.logs.summary("web")
    assert (summary.lines, summary.first_ns, summary.last_ns) == (
        4, 1_795_860_001_500_000_000, 1_795_860_004_500_000_000,
    )  # fmt: skip
    assert await engine.logs.line_at("web", 1_795_860_003_000_000_000) == 2
    assert [each.text for each in await engine.logs.lines("web", [1, 3])] == ["err", "three"]
    found = [
        number async for progress in engine.logs.search("web", SearchLogs(pattern="t")) for number in progress.numbers
    ]
    assert found == [2, 3]
    assert await engine.logs.history() == ()


async def test_a_terminals_log_comes_unframed(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    document = {"Id": KEY, "Name": "/web", "Config": {"Image": "x", "Tty": True}, "State": {"Status": "exited"}}
    docker.says(f"GET /containers/{KEY}/json", document)
    docker.says(PATH, b"2026-11-28T10:00:00Z plain\r\n")
    async with held(docker, short_tmp.run) as engine:
        await engine.containers.get(KEY)
        assert await lines(engine) == [("stdout", "plain")]


async def test_whom_nobody_knows_has_no_log(engine: RemoteEngine) -> None:
    for name in ("nosuch", ""):
        with pytest.raises(NotFound, match="No such container") as refused:
            await engine.logs.summary(name)
        assert refused.value.subject == name


async def test_a_log_that_is_refused_says_why_and_is_asked_for_again(
    docker: ScriptedDocker, engine: RemoteEngine
) -> None:
    refusal = Answer((b'{"message":"logging driver none"}',), 500)
    docker.says(PATH, refusal, frame("now\n", 1))
    with pytest.raises(RuntimeFailure, match="Logging driver none"):
        await lines(engine)
    assert await lines(engine) == [("stdout", "now")]


class Following:
    """A log that is followed; what has come of it so far."""

    def __init__(self, engine: RemoteEngine, name: str = "web") -> None:
        self._reading = engine.logs.read(name, ReadLogs(follow=True))
        self.seen: list[str] = []

    async def until(self, *texts: str) -> None:
        async for batch in self._reading:
            self.seen += [line.text for line in batch]
            if self.seen == list(texts):
                return
        raise AssertionError(f"it ended after {self.seen}")

    async def __aenter__(self) -> Following:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._reading.aclose()  # type: ignore[attr-defined]


async def test_a_line_that_breaks_off_is_taken_up_again_and_says_nothing_twice(
    docker: ScriptedDocker, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs_room, "_FIRST_PAUSE", 0.0)
    docker.says("GET /containers/json", [row("running")])
    docker.says(
        PATH, frame("one\n", 1), Answer((frame("one\n", 1), frame("two\n", 2)), then="cut"),
        Answer((frame("two\n", 2), frame("three\n", 3)), then="hold"),
    )  # fmt: skip
    async with held(docker, short_tmp.run) as engine, Following(engine) as following:
        docker.asked.clear()
        await following.until("one", "two", "three")
        asked = [each.query for each in docker.asked if each.path.endswith("/logs")]
        assert asked == [
            f"{BASE}&{ALL}", f"{BASE}&follow=1&since=1795860001.500000000",
            f"{BASE}&follow=1&since=1795860002.500000000",
        ]  # fmt: skip


async def test_podman_is_followed_from_its_newest_lines(docker: ScriptedDocker, short_tmp: ShortTmp) -> None:
    """Asked for what came since a time, podman 4.3 with its logs in the journal never answers."""
    docker.says("GET /version", {"Version": "4.3.1", "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}]})
    docker.says("GET /containers/json", [row("running")])
    docker.says(PATH, frame("one\n", 1), Answer((frame("one\n", 1), frame("two\n", 2)), then="hold"))
    async with held(docker, short_tmp.run) as engine, Following(engine) as following:
        docker.asked.clear()
        await following.until("one", "two")
        asked = [each.query for each in docker.asked if each.path.endswith("/logs")]
        assert asked == [f"{BASE}&{ALL}", f"{BASE}&follow=1&{ALL}"]


async def test_a_container_that_ended_while_it_was_followed_is_asked_for_anew_when_it_runs_again(
    docker: ScriptedDocker, short_tmp: ShortTmp
) -> None:
    docker.says("GET /containers/json", [row("running")])
    docker.says(PATH, frame("one\n", 1), b"", frame("one\n", 1) + frame("two\n", 2), Answer(then="hold"))
    async with held(docker, short_tmp.run) as engine:
        assert await lines(engine) == [("stdout", "one")]
        # It is said to run: a log that came to its end is not all.
        async with asyncio.timeout(20):
            while await lines(engine) == [("stdout", "one")]:
                pass
        assert await lines(engine) == [("stdout", "one"), ("stdout", "two")]
        assert sum(each.path.endswith("/logs") for each in docker.asked) == 4


async def test_logs_go_into_a_file_here(docker: ScriptedDocker, engine: RemoteEngine, tmp_path: Path) -> None:
    import gzip

    docker.says(PATH, frame("one\n", 1) + frame("two\n", 2))
    handle = engine.logs.export("web", ExportLogs(path=str(tmp_path / "a")))
    assert (handle.snapshot.kind, handle.snapshot.subject) == ("export", "web")
    assert await handle.result() == str(tmp_path / "a")
    assert (tmp_path / "a").read_text() == "one\ntwo\n"
    await engine.logs.export("web", ExportLogs(path=str(tmp_path / "b"), gzip=True)).result()
    assert gzip.decompress((tmp_path / "b").read_bytes()) == b"one\ntwo\n"


async def test_a_services_lines_are_named_by_its_tasks(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    def line(task: str, text: str, second: int) -> bytes:
        of = f"com.docker.swarm.node.id=n,com.docker.swarm.task.id={task} " if task else ""
        return frame(f"{of}{text}\n", second)

    docker.says("GET /services/my%2Fweb/logs", line("t1", "a b", 1) + line("t2", "c", 2) + line("", "x y", 3),
                Answer(then="hold"))  # fmt: skip
    docker.says("GET /services/my%2Fweb", {"ID": "s1", "Spec": {"Name": "web"}})
    docker.says("GET /tasks", [{"ID": "t1", "ServiceID": "s1", "Slot": 3}])
    found = await lines(engine, "service:my/web")
    assert found == [("stdout", "web.3 | a b"), ("stdout", "t2 | c"), ("stdout", "x y")]
    asked = [each.line for each in docker.asked]
    assert f"GET /services/my%2Fweb/logs?{BASE}&{ALL}&details=1" in asked
    assert 'GET /tasks?filters={"service":["my/web"]}' in asked


@pytest.mark.parametrize(
    ("given", "ours"),
    [
        ("2026-11-28T10:00:00Z", "2026-11-28T10:00:00.000000000+00:00"),
        ("2026-11-28T10:00:00.123456789Z", "2026-11-28T10:00:00.123456789+00:00"),
        ("2026-11-28T10:00:00.1234567891Z", "2026-11-28T10:00:00.123456789+00:00"),
        ("2026-11-28T10:00:00.5+02:00", "2026-11-28T10:00:00.500000000+02:00"),
        ("2026-11-28T10:00:00+02:00", "2026-11-28T10:00:00.000000000+02:00"),
        ("2026-11-28T10:00:00.5", "2026-11-28T10:00:00.500000000+00:00"),
    ],
)
def test_times_of_any_form_are_ours_in_the_file(given: str, ours: str) -> None:
    assert logs_room._stamp(given.encode()).decode() == ours


@pytest.mark.parametrize(
    ("given", "since"),
    [
        ("2026-11-28T10:00:00.123456789Z", "1795860000.123456789"),
        ("2026-11-28T12:00:00.5+02:00", "1795860000.500000000"),
        ("no time", "0"),
    ],
)
def test_from_when_on_a_log_is_taken_up(given: str, since: str) -> None:
    assert logs_room._seconds(given.encode()) == since


async def test_frames_are_read_whatever_the_pieces_are() -> None:
    whole = frame("a", 1) + frame("b", 2, 2) + frame("", 3)

    async def pieces(step: int) -> AsyncIterator[bytes]:
        for begin in range(0, len(whole), step):
            yield whole[begin : begin + step]

    for step in (1, 7, 8, 9, 1000):
        found = [each async for each in unframed(pieces(step), tty=False)]
        assert [stream for stream, _ in found] == [b"stdout", b"stderr", b"stdout"]
        assert [data[-1:] for _, data in found] == [b"a", b"b", b" "]
