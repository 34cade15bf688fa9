"""What a container has said, says and uses, as streams; and attaching to it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from msgspec.structs import replace

from engine.api.docker import streams
from engine.api.http.hijack import frame
from engine.errors import Conflict, NotFound, RuntimeFailure
from engine.types.containers import Exit, LogLimits, State, WaitResult
from engine.types.data import now
from engine.types.logs import LogLine, ReadLogs
from engine.types.stats import Sample
from tests.fakes.store import fake_digest
from tests.unit.api.serving import pieces, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.unit.api.process import Process
    from tests.unit.api.serving import Served

WEB = fake_digest("shop-web-1")[7:]


def line(number: int, text: str, stream: Any = "stdout", *, partial: bool = False) -> LogLine:
    at = datetime(2026, 3, 1, 12, 0, number, tzinfo=UTC)
    return LogLine(number=number, time_ns=int(at.timestamp()) * 10**9 + 5, stream=stream, text=text, partial=partial)


# --- logs ---


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("stdout=1", ReadLogs(stderr=False)),
        ("stderr=1&tail=all", ReadLogs(stdout=False)),
        ("stdout=1&stderr=1&tail=5", ReadLogs(tail=5)),
        ("stdout=1&stderr=1&tail=0", ReadLogs(tail=0)),
        ("stdout=1&stderr=1&tail=-1", ReadLogs()),
        ("stdout=1&stderr=1&tail=999999999", ReadLogs(tail=999_999_999)),
        ("stdout=1&stderr=1&tail=1000000000", ReadLogs()),
        ("stdout=1&stderr=1&since=12.5", ReadLogs(since_ns=12_500_000_000)),
        ("stdout=1&stderr=1&until=7", ReadLogs(until_ns=7_000_000_000)),
        ("stdout=1&stderr=1&since=0&until=0", ReadLogs()),
    ],
)
async def test_the_lines_that_are_asked_for_are_read(api: Served, query: str, asked: ReadLogs) -> None:
    heard = api.hear("logs.read", pieces())
    reply = await api.ask("GET", f"/containers/shop-web-1/logs?{query}")
    assert (reply.status, reply.body) == (200, b"")
    assert heard == [{"container": WEB, "request": asked}]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", [("stdout", "one\n"), ("stderr", "two"), ("stdout", "three\n")]),
        ("&details=1", [("stdout", " one\n"), ("stderr", " two"), ("stdout", " three\n")]),
        (
            "&timestamps=1",
            [
                ("stdout", "2026-03-01T12:00:01.000000005Z one\n"),
                ("stderr", "2026-03-01T12:00:02.000000005Z two"),
                ("stdout", "2026-03-01T12:00:03.000000005Z three\n"),
            ],
        ),
        (
            "&timestamps=1&details=1",
            [
                ("stdout", "2026-03-01T12:00:01.000000005Z  one\n"),
                ("stderr", "2026-03-01T12:00:02.000000005Z  two"),
                ("stdout", "2026-03-01T12:00:03.000000005Z  three\n"),
            ],
        ),
    ],
)
async def test_each_line_comes_framed_with_what_was_asked_beside_it(
    api: Served, query: str, body: list[tuple[str, str]]
) -> None:
    batches = [line(1, "one"), line(2, "two", "stderr", partial=True)], [line(3, "three")]
    api.hear("logs.read", pieces(*batches))
    reply = await api.ask("GET", f"/v1.42/containers/shop-web-1/logs?stdout=1&stderr=1{query}")
    assert reply.body == b"".join(frame(stream, text.encode()) for stream, text in body)
    assert reply.headers["Content-Type"] == "application/vnd.docker.multiplexed-stream"


async def test_older_clients_are_told_the_older_name_of_the_same(api: Served) -> None:
    api.hear("logs.read", pieces([line(1, "x")]))
    reply = await api.ask("GET", "/v1.41/containers/shop-web-1/logs?stdout=1")
    assert reply.headers["Content-Type"] == "application/vnd.docker.raw-stream"
    assert reply.body == frame("stdout", b"x\n")


async def test_a_terminals_lines_are_not_framed_and_odd_bytes_do_not_break_them(api: Served) -> None:
    api.hear("logs.read", pieces([line(1, "a\ud800b")]))
    reply = await api.ask("GET", "/containers/scratchpad/logs?stdout=1")
    assert (reply.headers["Content-Type"], reply.body) == ("application/vnd.docker.raw-stream", b"a?b\n")


async def test_what_keeps_no_log_has_none_to_read(api: Served) -> None:
    store = api.engine.store
    web = store.container(WEB)
    store.put("container", replace(web, spec=replace(web.spec, log=LogLimits(driver="none"))))
    reply = await api.ask("GET", "/containers/shop-web-1/logs?stdout=1")
    assert (reply.status, reply.message) == (501, "configured logging driver does not support reading")
    reply = await api.ask("GET", "/containers/shop-web-1/logs")
    assert (reply.status, reply.message) == (400, "Bad parameters: you must choose at least one stream")


@pytest.mark.parametrize(
    ("state", "followed"),
    [
        (State.RUNNING, True),
        (State.PAUSED, True),
        (State.STARTING, True),
        (State.RESTARTING, True),
        (State.STOPPING, True),
        (State.EXITED, False),
        (State.CREATED, False),
        (State.DEAD, False),
    ],
)
async def test_only_what_may_still_say_something_is_followed(api: Served, state: State, followed: bool) -> None:
    web = api.engine.store.container(WEB)
    api.engine.store.put("container", replace(web, state=state, exit=Exit(code=0, ended=now())))
    heard = api.hear("logs.read", pieces())
    api.hear("containers.wait", NotFound("It is gone"))
    await api.ask("GET", "/containers/shop-web-1/logs?stdout=1&follow=1")
    assert heard[0]["request"].follow is followed


async def test_a_follow_ends_with_the_container_and_has_its_very_last_line(api: Served) -> None:
    """What was written between the last look and the end is read once more, and nothing of it twice."""
    ended, first_read, asked = asyncio.Event(), asyncio.Event(), []

    async def following() -> AsyncIterator[list[LogLine]]:
        yield [line(1, "one"), line(2, "two")]
        first_read.set()
        await asyncio.Event().wait()

    def read(container: str, request: ReadLogs) -> AsyncIterator[list[LogLine]]:
        asked.append(request)
        return following() if request.follow else pieces([line(3, "last")])

    async def wait(container: str, *, condition: str = "not-running") -> WaitResult:
        await ended.wait()
        api.engine.store.put("container", replace(api.engine.store.container(WEB), state=State.EXITED))
        return WaitResult(exit_code=0)

    api.engine.logs.read = read  # type: ignore[method-assign, assignment]
    api.engine.containers.wait = wait  # type: ignore[method-assign]
    answering = asyncio.create_task(api.ask("GET", "/containers/shop-web-1/logs?stdout=1&follow=1&tail=2"))
    await first_read.wait()
    ended.set()
    reply = await answering
    assert reply.body == b"".join(frame("stdout", word) for word in (b"one\n", b"two\n", b"last\n"))
    assert asked == [
        ReadLogs(tail=2, stderr=False, follow=True),
        ReadLogs(first=3, stderr=False, follow=False),
    ]


async def test_a_follow_that_had_nothing_yet_asks_for_the_same_again(api: Served) -> None:
    asked = []

    async def silent() -> AsyncIterator[list[LogLine]]:
        await asyncio.Event().wait()
        yield []

    def read(container: str, request: ReadLogs) -> AsyncIterator[list[LogLine]]:
        asked.append(request)
        return silent() if request.follow else pieces([line(0, "all")])

    api.engine.logs.read = read  # type: ignore[method-assign, assignment]
    api.hear("containers.wait", NotFound("It is gone"))
    reply = await api.ask("GET", "/containers/shop-web-1/logs?stdout=1&follow=1&tail=9")
    assert reply.body == frame("stdout", b"all\n")
    assert asked[1] == ReadLogs(tail=9, stderr=False, follow=False)


async def test_a_follow_goes_on_over_a_restart(api: Served) -> None:
    conditions: list[str] = []

    async def wait(container: str, *, condition: str = "not-running") -> WaitResult:
        conditions.append(condition)
        state = State.RESTARTING if len(conditions) == 1 else State.EXITED
        if len(conditions) == 3:
            state = State.EXITED
        api.engine.store.put("container", replace(api.engine.store.container(WEB), state=state))
        return WaitResult(exit_code=1)

    async def silent() -> AsyncIterator[list[LogLine]]:
        await asyncio.Event().wait()
        yield []

    def read(container: str, request: ReadLogs) -> AsyncIterator[list[LogLine]]:
        return silent() if request.follow else pieces()

    api.engine.containers.wait = wait  # type: ignore[method-assign]
    api.engine.logs.read = read  # type: ignore[method-assign, assignment]
    assert (await api.ask("GET", "/containers/shop-web-1/logs?stdout=1&follow=1")).status == 200
    assert conditions == ["not-running", "next-exit", "not-running"]


async def test_a_log_that_goes_with_its_container_ends_the_answer_whole(api: Served) -> None:
    async def gone() -> AsyncIterator[list[LogLine]]:
        raise NotFound("It is gone")
        yield []

    def read(container: str, request: ReadLogs) -> AsyncIterator[list[LogLine]]:
        return pieces([line(1, "x")]) if request.follow else gone()

    api.engine.logs.read = read  # type: ignore[method-assign, assignment]
    reply = await api.ask("GET", "/containers/shop-web-1/logs?stdout=1&follow=1")
    assert reply.body == frame("stdout", b"x\n")


# --- wait ---


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("", "not-running"),
        ("?condition=", "not-running"),
        ("?condition=next-exit", "next-exit"),
        ("?condition=removed", "removed"),
    ],
)
async def test_what_is_waited_for_is_what_was_asked(api: Served, query: str, condition: str) -> None:
    heard = api.hear("containers.wait", WaitResult(exit_code=7))
    reply = await api.ask("POST", f"/containers/shop-web-1/wait{query}")
    assert (reply.status, reply.json()) == (200, {"StatusCode": 7})
    assert heard == [{"container": WEB, "condition": condition}]
    reply = await api.ask("POST", "/containers/shop-web-1/wait?condition=never")
    assert (reply.status, reply.message) == (400, 'invalid condition: "never"')


async def test_why_it_could_not_run_is_told_to_who_waits(api: Served) -> None:
    api.hear("containers.wait", WaitResult(exit_code=127, error="no such program"))
    told = {"StatusCode": 127, "Error": {"Message": "no such program"}}
    assert (await api.ask("POST", "/containers/shop-web-1/wait")).json() == told
    removed = await api.ask("POST", "/containers/shop-web-1/wait?condition=removed")
    assert removed.json() == {"StatusCode": 127}, "the start has said it already"
    api.hear("containers.wait", RuntimeFailure("It cannot be waited for"))
    reply = await api.ask("POST", "/containers/shop-web-1/wait")
    assert (reply.status, reply.json()) == (200, {"StatusCode": -1, "Error": {"Message": "It cannot be waited for"}})


# --- stats ---


def sample(seconds: float, memory: int) -> Sample:
    return Sample(container_id=WEB, time_ns=int((1_772_366_400 + seconds) * 1e9), memory=memory, memory_total=memory)


async def test_figures_once_are_two_readings_or_one_where_time_matters(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_STATS_SECONDS", 0)
    heard = api.hear("stats.sample", sample(0, 5000))
    whole = await api.get("/containers/shop-web-1/stats?stream=0")
    assert len(heard) == 2
    assert whole["preread"] == whole["read"] == "2026-03-01T12:00:00.000000000Z"
    whole = await api.get("/containers/shop-web-1/stats?stream=0&one-shot=1")
    assert len(heard) == 3
    assert whole["preread"] == "0001-01-01T00:00:00Z"
    assert whole["id"] == WEB
    assert all(each["container"] == WEB for each in heard)


async def test_figures_are_of_the_processors_and_the_memory_there_are(api: Served) -> None:
    api.hear("host.facts", replace(await api.engine.host.facts(), processors=3, memory=77 << 20))
    api.hear("stats.sample", sample(0, 5000))
    whole = await api.get("/containers/shop-db-1/stats?stream=0&one-shot=1")
    assert whole["cpu_stats"]["online_cpus"] == 3
    api.hear("stats.sample", sample(0, 5000))
    grafana = await api.get("/containers/grafana/stats?stream=0&one-shot=1")
    assert grafana["memory_stats"]["limit"] == 77 << 20


async def test_what_does_not_run_has_no_figures_and_is_no_error(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await api.get("/containers/draft/stats?stream=0")
    assert (whole["id"], whole["read"]) == (fake_digest("draft")[7:], "0001-01-01T00:00:00Z")
    api.hear("stats.sample", Conflict("Odd", code=None))
    assert (await api.ask("GET", "/containers/shop-web-1/stats?stream=0")).status == 200
    api.hear("stats.sample", RuntimeFailure("The kernel does not say"))
    reply = await api.ask("GET", "/containers/shop-web-1/stats?stream=0")
    assert (reply.status, reply.message) == (500, "The kernel does not say")


async def test_figures_go_on_until_the_container_is_gone(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_STATS_SECONDS", 0)
    readings = iter([sample(0, 1), sample(1, 2), sample(2, 3)])

    async def read(container: str) -> Sample:
        found = next(readings, None)
        if found is None:
            raise NotFound("It is gone")
        return found

    api.engine.stats.sample = read  # type: ignore[method-assign]
    rows = (await api.ask("GET", "/containers/shop-web-1/stats")).lines()
    assert [(row["preread"], row["read"]) for row in rows] == [
        ("0001-01-01T00:00:00Z", "2026-03-01T12:00:00.000000000Z"),
        ("2026-03-01T12:00:00.000000000Z", "2026-03-01T12:00:01.000000000Z"),
        ("2026-03-01T12:00:01.000000000Z", "2026-03-01T12:00:02.000000000Z"),
    ]


# --- attach ---


@pytest.mark.parametrize(
    ("query", "stdin", "logs", "stream"),
    [
        ("stream=1&stdin=1&stdout=1", False, False, True),
        ("logs=1&stdout=1", False, True, False),
        ("stream=1&stdin=1", True, False, True),
        ("stream=1", False, False, True),
    ],
)
async def test_an_attach_asks_for_what_the_client_wants(
    api: Served, process: Process, query: str, stdin: bool, logs: bool, stream: bool
) -> None:
    """Input only where the container takes some."""
    store = api.engine.store
    web = store.container(WEB)
    takes = stdin or "stdin" not in query
    store.put("container", replace(web, spec=replace(web.spec, stdin_open=takes)))
    heard, told = api.hear("containers.attach", process), api.hear("containers.tell")
    process.end()
    raw = await api.upgrade(f"/containers/shop-web-1/attach?{query}")
    await raw.rest()
    assert heard == [{"container": WEB, "stdin": stdin, "logs": logs, "stream": stream}]
    assert [each["action"] for each in told] == ["attach"]
    assert process.closed
    await raw.close()


async def test_letting_go_of_a_container_is_told(api: Served, process: Process) -> None:
    store = api.engine.store
    web = store.container(WEB)
    store.put("container", replace(web, spec=replace(web.spec, stdin_open=True, tty=True)))
    told = api.hear("containers.tell")
    raw = await api.upgrade("/containers/shop-web-1/attach?stream=1&stdin=1&stdout=1&detachKeys=a")
    raw.writer.write(b"a")
    assert await raw.rest() == b""
    await until(lambda: process.closed)
    assert [(each["container"], each["action"], each["attributes"]) for each in told] == [
        (WEB, "attach", {}),
        (WEB, "detach", {}),
    ]
    await raw.close()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.PAUSED, "container shop-web-1 is paused, unpause the container before attach"),
        (State.REMOVING, "container shop-web-1 is being removed"),
        (State.DEAD, "container shop-web-1 is being removed"),
    ],
)
async def test_what_says_nothing_cannot_be_attached_to(api: Served, state: State, words: str) -> None:
    store = api.engine.store
    store.put("container", replace(store.container(WEB), state=state))
    reply = await api.ask("POST", "/containers/shop-web-1/attach?stream=1&stdout=1")
    assert (reply.status, reply.message) == (409, words)
    reply = await api.ask("GET", "/containers/shop-web-1/attach/ws?stream=1&stdout=1")
    assert reply.status == 409
    assert reply.message == f"container shop-web-1 is {state.value}: it cannot be attached to"


# --- attach by WebSocket ---


async def dial(api: Served, path: str) -> aiohttp.ClientWebSocketResponse:
    return await api.session.ws_connect(f"http://wherry{path}")


async def test_a_browsers_console_gets_what_the_process_says_and_gives_what_is_typed(
    api: Served, process: Process
) -> None:
    store = api.engine.store
    web = store.container(WEB)
    store.put("container", replace(web, spec=replace(web.spec, stdin_open=True)))
    heard = api.hear("containers.attach", process)
    path = "/v1.50/containers/shop-web-1/attach/ws?stream=1&stdin=1&stdout=1&logs=1"
    socket = await dial(api, path)
    assert heard == [{"container": WEB, "stdin": True, "logs": True, "stream": True}]
    await socket.send_bytes(b"\xff typed ")
    await socket.send_str("and pasted ä")
    await until(lambda: process.given == b"\xff typed and pasted \xc3\xa4")
    process.say("stderr", b"not asked for")
    process.say("stdout", b"\xffout")
    assert await socket.receive_bytes(timeout=30) == b"\xffout"
    process.end()
    assert (await socket.receive(timeout=30)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    await until(lambda: process.closed)
    await socket.close()


async def test_older_consoles_get_text(api: Served, process: Process) -> None:
    api.hear("containers.attach", process)
    socket = await dial(api, "/v1.27/containers/shop-web-1/attach/ws?stream=1&stderr=1&stdin=1")
    process.say("stdout", b"not asked for")
    process.say("stderr", b"\xfferr")
    assert await socket.receive_str(timeout=30) == "\ufffderr"
    await socket.send_str("nobody reads it")
    await socket.close()
    await until(lambda: process.closed)
    assert process.given == b"", "it takes no input"


async def test_what_asks_for_no_websocket_is_told_so_and_attaches_nothing(api: Served, process: Process) -> None:
    heard = api.hear("containers.attach", process)
    reply = await api.ask("GET", "/containers/shop-web-1/attach/ws?stream=1")
    assert (reply.status, reply.message, heard) == (400, "this is no request for a WebSocket", [])
