"""The engine as the window holds it: asked, followed, another machine's shown, hidden things hidden, and ended."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.errors import Cancelled, Code, Conflict, NotFound
from engine.types.machines import LOCAL, Capabilities, Link, Machine
from engine.types.volumes import CreateVolume
from gui.bridge import EngineClient, EngineClosed
from gui.bridge.download import file_chunks, save_stream
from gui.bridge.engine_thread import EngineThread, WrongThread
from tests.fakes.engine import open_fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from tests.unit.gui.bridge.conftest import Side

RACK = Machine(name="rack", address="ssh://rack")


def create(name: str) -> Any:
    return lambda engine: engine.volumes.create(CreateVolume(name=name))


# --- asking ---


async def test_what_is_asked_is_done_on_the_engine_s_thread_and_answered_here(side: Side) -> None:
    async def where(engine: Any) -> tuple[str, bool]:
        return threading.current_thread().name, engine is side.engine

    assert await side.client.call(where) == ("engine", True)
    assert await side.client.at_home(where) == ("engine", True)
    assert await asyncio.wrap_future(side.client.submit(where)) == ("engine", True)
    with pytest.raises(NotFound):
        await side.client.call(lambda engine: engine.volumes.get("nobody"))


@pytest.mark.parametrize("clears", [True, False])
async def test_what_only_waits_to_be_removed_is_removed_when_it_is_in_the_way(side: Side, *, clears: bool) -> None:
    asked: list[str] = []

    async def taken(engine: Any) -> str:
        if not asked or not clears:
            raise Conflict("The name is taken", code=Code.NAME_TAKEN)
        return "made"

    async def make_room(error: Any) -> bool:
        asked.append(error.code)
        return clears

    with pytest.raises(Conflict):
        await side.client.call(taken)
    side.client.stood_in_the_way = make_room
    if clears:
        assert await side.client.call(taken) == "made"
    else:
        with pytest.raises(Conflict):
            await side.client.call(taken)
    assert asked == [Code.NAME_TAKEN]


class Handle:
    def __init__(self, result: str) -> None:
        self.id, self._result = "op", result
        self.over = asyncio.Event()
        self.cancelled_on = ""

    async def result(self) -> str:
        await self.over.wait()
        if self.cancelled_on:
            raise Cancelled("cancelled")
        return self._result

    def cancel(self) -> None:
        self.cancelled_on = threading.current_thread().name
        self.over.set()


@pytest.mark.parametrize("begin", ["begin", "begin_at_home"])
async def test_an_operation_is_begun_awaited_and_cancelled(side: Side, begin: str) -> None:
    handles: list[Handle] = []

    def start(_engine: Any) -> Any:
        handles.append(Handle("sha256:1"))
        handles[-1].over.set()
        return handles[-1]

    def stuck(_engine: Any) -> Any:
        handles.append(Handle(""))
        return handles[-1]

    ticket = await getattr(side.client, begin)(start)
    assert ticket.id == "op"
    assert await ticket.result() == "sha256:1"
    assert await side.client.operate(start) == "sha256:1"
    waiting = await getattr(side.client, begin)(stuck)
    waiting.cancel()
    with pytest.raises(Cancelled):
        await waiting.result()
    assert handles[-1].cancelled_on == "engine"


# --- the truth ---


async def test_what_changes_is_in_the_mirror_and_told(side: Side) -> None:
    assert side.told.count("ready") == 1
    assert side.changes[0].complete
    await side.client.call(create("data"))
    await side.until(lambda: "data" in side.client.mirror.volumes)
    assert set(side.changes[-1].kinds["volume"].upserted) == {"data"}
    assert not side.changes[-1].complete
    assert side.client.is_ready


async def test_what_is_hidden_looks_gone_until_it_is_shown_or_really_went(side: Side) -> None:
    client = side.client
    for name in ("a", "b"):
        await client.call(create(name))
    await side.until(lambda: set(client.mirror.volumes) == {"a", "b"})
    client.hide("volume", ["a"])
    assert set(client.mirror.volumes) == {"b"}
    assert side.changes[-1].kinds["volume"].removed == {"a"}
    assert (client.hides("volume", "a"), client.hides("volume", "b")) == (True, False)
    assert await client.remaining("volume", ["a", "c"]) == {"a"}
    client.unhide("volume", ["a"])
    assert set(client.mirror.volumes) == {"a", "b"}
    client.hide("volume", ["a"])
    await client.call(lambda engine: engine.volumes.remove("a"))
    client.let_go("volume", ["a"])
    await client.call(create("a"))
    await side.until(lambda: "a" in client.mirror.volumes)
    assert not client.hides("volume", "a")


# --- other machines ---


async def test_another_machine_is_shown_and_left(side: Side) -> None:
    client, machines = side.client, side.engine.machines

    async def become(_engine: Any) -> None:
        machines.put(RACK)
        rack = await machines.engine("rack")
        rack.capabilities = Capabilities(kind="docker", lacks={"pods.start": "no pods"})
        machines.put(replace(RACK, link=Link.CONNECTED))

    await client.at_home(become)
    await side.until(lambda: [each.link for each in client.machines] == [Link.CONNECTED])
    assert "machines_changed" in side.told
    assert client.is_connected
    await client.call(create("here"))
    await side.until(lambda: "here" in client.mirror.volumes)

    await client.switch("rack")
    assert (client.machine, client.capabilities.kind, side.told[-1]) == ("rack", "docker", "switched")
    await side.until(lambda: "here" not in client.mirror.volumes)
    rack = machines.engines["rack"]
    assert await client.call(same) is rack
    assert await client.at_home(same) is side.engine
    await client.call(create("there"))
    await side.until(lambda: "there" in client.mirror.volumes)
    assert client.is_connected

    await client.switch("")
    assert (client.machine, client.capabilities) == ("", LOCAL)
    await side.until(lambda: "here" in client.mirror.volumes and "there" not in client.mirror.volumes)
    assert await client.call(same) is side.engine


async def same(engine: Any) -> Any:
    return engine


async def test_a_machine_nobody_knows_is_not_shown(side: Side) -> None:
    with pytest.raises(NotFound):
        await side.client.switch("nobody")
    assert (side.client.machine, "switched" in side.told) == ("", False)


async def test_what_a_machine_turns_out_to_be_able_to_do_is_told(side: Side) -> None:
    client, machines = side.client, side.engine.machines
    await client.at_home(lambda engine: engine.machines.add(RACK))
    await client.switch("rack")

    def put(link: Link) -> Any:
        async def tell(_engine: Any) -> None:
            machines.put(replace(RACK, link=link))

        return client.at_home(tell)

    await put(Link.STALE)
    await side.until(lambda: client.machines and client.machines[0].link is Link.STALE)
    assert not client.is_connected
    await side.turn()
    await side.turn()
    assert "capable" not in side.told, "nothing else is known of it"
    machines.engines["rack"].capabilities = Capabilities(kind="podman")
    await put(Link.CONNECTED)
    await side.until(lambda: "capable" in side.told)
    assert client.capabilities.kind == "podman"
    assert client.is_connected
    client.machines = ()
    assert not client.is_connected, "one that is on no list"


# --- streams ---


async def numbers(_engine: Any) -> AsyncIterator[list[int]]:
    for number in range(500):
        yield [number]


async def test_a_stream_delivers_all_in_order_and_tells_its_end(side: Side) -> None:
    got: list[int] = []
    ends: list[Any] = []
    side.client.stream(numbers, got.extend, ends.append, capacity=100)
    await side.until(lambda: ends)
    assert (got, ends) == (list(range(500)), [None])


async def test_the_last_of_a_stream_comes_before_its_end(side: Side) -> None:
    seen: list[Any] = []
    side.client.stream(numbers, seen.append, seen.append)
    await side.until(lambda: None in seen)
    assert seen[-1] is None
    assert seen[-2][-1] == 499


async def test_a_stream_that_breaks_tells_why(side: Side) -> None:
    ends: list[Any] = []

    async def broken(_engine: Any) -> AsyncIterator[Any]:
        yield [1]
        raise NotFound("gone")

    side.client.stream(broken, lambda _: None, ends.append)
    side.client.latest(broken, lambda _: None, ends.append)
    await side.until(lambda: len(ends) == 2)
    assert [each.title for each in ends] == ["gone", "gone"]


class Endless:
    """An iterator that is no generator, and says on which thread it was closed."""

    closed = ""

    def __aiter__(self) -> Endless:
        return self

    async def __anext__(self) -> list[int]:
        await asyncio.sleep(0.001)
        return [1]

    async def aclose(self) -> None:
        self.closed = threading.current_thread().name


@pytest.mark.parametrize("kind", ["stream", "latest"])
async def test_a_lease_that_is_ended_closes_its_source_and_says_no_more(side: Side, kind: str) -> None:
    source, got, ends = Endless(), list[Any](), list[Any]()
    lease = getattr(side.client, kind)(lambda _engine: source, got.append, ends.append)
    await side.until(lambda: got)
    lease.end()
    lease.end()
    count = len(got)
    await side.until(lambda: source.closed)
    await side.turn()
    assert (source.closed, len(got), ends) == ("engine", count, [])


async def test_of_figures_the_newest_counts(side: Side) -> None:
    got: list[int] = []
    ends: list[Any] = []

    async def figures(engine: Any) -> AsyncIterator[int]:
        assert engine is side.engine
        for number in range(100):
            yield number

    side.client.latest(figures, got.append, ends.append)
    await side.until(lambda: ends)
    assert got[-1] == 99
    assert len(got) < 100, "not one by one"


async def test_nobody_need_wait_for_the_end(side: Side) -> None:
    got: list[int] = []
    side.client.stream(numbers, got.extend)
    await side.until(lambda: len(got) == 500)
    await side.turn()


# --- a terminal ---


class Program:
    """The other end of a line: what it was told, what it says, and its end."""

    def __init__(self, *says: bytes, code: int | None = 3) -> None:
        self.told: list[Any] = []
        self.says: asyncio.Queue[bytes | None] = asyncio.Queue()
        for each in says:
            self.says.put_nowait(each)
        self.closed = False
        self.breaks = False
        if code is not None:
            self.exit_code = lambda: asyncio.sleep(0, code)

    async def read(self) -> tuple[str, bytes] | None:
        said = await self.says.get()
        return None if said is None else ("stdout", said)

    async def write(self, data: bytes) -> None:
        if self.breaks:
            raise BrokenPipeError
        self.told.append(data)

    async def resize(self, rows: int, columns: int) -> None:
        self.told.append((rows, columns))

    async def close(self) -> None:
        self.closed = True


class Line:
    def __init__(self, side: Side, program: Program, opening: asyncio.Event | None = None) -> None:
        self.output = b""
        self.ends: list[Any] = []

        async def open_line(_engine: Any) -> Any:
            if opening is not None:
                await opening.wait()
            return program

        self.link = side.client.terminal(open_line, self._say, lambda code, error: self.ends.append((code, error)))

    def _say(self, data: bytes) -> None:
        self.output += data


@pytest.mark.parametrize("code", [3, None])
async def test_keys_go_in_order_output_comes_and_the_end_has_its_code(side: Side, code: int | None) -> None:
    program = Program(b"hel", b"lo", code=code)
    line = Line(side, program)
    await side.until(lambda: line.output == b"hello")
    line.link.write(b"ls")
    line.link.resize(40, 100)
    line.link.write(b"\r")
    await side.until(lambda: len(program.told) == 3)
    assert program.told == [b"ls", (40, 100), b"\r"]
    await side.client.call(lambda _: program.says.put(b"bye"))
    await side.client.call(lambda _: program.says.put(None))
    await side.until(lambda: line.ends)
    assert (line.output, line.ends, program.closed) == (b"hellobye", [(code, None)], True)
    line.link.write(b"late")
    await side.turn()
    assert len(program.told) == 3


async def test_what_is_typed_before_the_line_is_open_is_not_lost(side: Side) -> None:
    opening, program = asyncio.Event(), Program()
    line = Line(side, program, opening)
    line.link.resize(40, 100)
    line.link.write(b"ls")
    side.client.engine_soon(opening.set)
    await side.until(lambda: len(program.told) == 2)
    assert program.told == [(40, 100), b"ls"]
    line.link.close()


async def test_a_line_that_is_closed_lets_its_program_go_and_says_nothing(side: Side) -> None:
    program = Program(b"hello")
    line = Line(side, program)
    await side.until(lambda: line.output)
    line.link.close()
    line.link.close()
    await side.until(lambda: program.closed)
    await side.turn()
    assert line.ends == []


async def test_a_line_that_cannot_be_opened_says_why(side: Side) -> None:
    ends: list[tuple[Any, Any]] = []

    async def refused(_engine: Any) -> Any:
        raise NotFound("no such container")

    side.client.terminal(refused, lambda _: None, lambda code, error: ends.append((code, error)))
    await side.until(lambda: ends)
    assert [(code, error.title) for code, error in ends] == [(None, "no such container")]


async def test_a_program_that_takes_no_keys_any_more_may_still_speak(side: Side) -> None:
    program = Program()
    program.breaks = True
    line = Line(side, program)
    line.link.write(b"x")
    await side.client.call(lambda _: program.says.put(b"last words"))
    await side.until(lambda: line.output == b"last words")
    await side.client.call(lambda _: program.says.put(None))
    await side.until(lambda: line.ends)
    assert line.ends == [(3, None)]


async def test_a_line_that_the_engine_s_end_cuts_ends_without_a_word(side: Side) -> None:
    program = Program(b"hello")
    line = Line(side, program)
    await side.until(lambda: line.output)
    side.client.stop()
    await side.until(lambda: line.ends)
    assert (line.ends, program.closed) == ([(None, None)], True)


# --- files ---


async def test_a_file_appears_whole_or_not_at_all(side: Side, tmp_path: Path) -> None:
    async def parts(engine: Any) -> AsyncIterator[bytes]:
        assert engine is side.engine
        yield b"ab"
        assert not (tmp_path / "x").exists()
        yield b"c"

    assert await save_stream(side.client, parts, str(tmp_path / "x")) == 3
    assert (tmp_path / "x").read_bytes() == b"abc"

    async def broken(_engine: Any) -> AsyncIterator[bytes]:
        yield b"half"
        raise NotFound("gone")

    with pytest.raises(NotFound):
        await save_stream(side.client, broken, str(tmp_path / "x"))
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"x": b"abc"}  # noqa: ASYNC240


async def test_a_file_of_the_user_is_sent_in_parts(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"a" * ((1 << 20) + 3))
    assert [len(part) async for part in file_chunks(tmp_path / "x")] == [1 << 20, 3]


# --- the end ---


async def test_work_for_an_engine_that_is_not_open_is_refused() -> None:
    client = EngineClient(lambda: open_fake_engine(None))
    with pytest.raises(EngineClosed, match="not open"):
        await client.call(same)
    assert (client.is_ready, client.machines) == (False, ())
    with pytest.raises(RuntimeError, match="has not started"):
        _ = client._thread.loop
    assert client.join(), "there is nothing to wait for"


async def test_what_runs_is_cancelled_at_the_end_and_the_engine_closed(side: Side) -> None:
    state: list[str] = []

    async def long(_engine: Any) -> None:
        state.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            state.append("ended")

    answer = side.client.submit(long)
    await side.until(lambda: state == ["begun"])
    side.client.stop(stop_containers=True)
    await side.until(lambda: "stopped" in side.told)
    assert state == ["begun", "ended"]
    assert answer.cancelled()
    assert (side.engine.closed, side.engine.stopped_containers) == (True, True)
    with pytest.raises(EngineClosed):
        await side.client.call(same)
    side.client.engine_soon(state.append, "never")
    side.client.stop()


async def test_containers_outlive_the_window_unless_it_was_asked(side: Side) -> None:
    side.client.stop()
    await side.until(lambda: "stopped" in side.told)
    assert (side.engine.closed, side.engine.stopped_containers) == (True, False)


async def test_an_answer_nobody_wants_any_more_ends_the_work(side: Side) -> None:
    state: list[str] = []

    async def long(_engine: Any) -> None:
        state.append("begun")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            state.append("cancelled")
            raise

    answer = side.client.submit(long)
    await side.until(lambda: state == ["begun"])
    answer.cancel()
    await side.until(lambda: state == ["begun", "cancelled"])


async def test_the_engine_s_own_thread_cannot_wait_for_itself(side: Side) -> None:
    async def wrong(_engine: Any) -> None:
        side.client.submit(wrong)

    with pytest.raises(WrongThread, match="own thread"):
        await side.client.call(wrong)


async def test_an_engine_that_cannot_be_opened_is_told_and_may_be_tried_again(qapp: QApplication) -> None:
    from tests.unit.gui.bridge.conftest import Side

    engine = await open_fake_engine(None)
    tries: list[int] = []

    async def open_engine() -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise NotFound("no such store")
        return engine

    side = Side(qapp, EngineClient(open_engine), engine)
    side.client.start()
    await side.until(lambda: side.failures and "stopped" in side.told)
    assert [getattr(each, "title", each) for each in side.failures] == ["no such store"]
    side.client.start()
    await side.until(lambda: side.client.is_ready)
    side.client.stop()
    await side.until(lambda: side.told.count("stopped") == 2)
    assert side.client.join()
    side.client.deleteLater()


async def test_a_subscription_that_breaks_is_told(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise NotFound("the line is cut")

    await side.client.at_home(lambda engine: engine.machines.add(RACK))
    rack = await side.client.at_home(lambda engine: engine.machines.engine("rack"))
    monkeypatch.setattr(rack, "watch", broken)
    await side.client.switch("rack")
    await side.until(lambda: side.failures)
    assert [getattr(each, "title", each) for each in side.failures] == ["the line is cut"]


def test_an_engine_that_is_asked_to_end_while_it_opens_ends() -> None:
    opening = threading.Event()
    engines: list[Any] = []

    async def open_engine() -> Any:
        await asyncio.to_thread(opening.wait)
        engines.append(await open_fake_engine(None))
        return engines[0]

    thread = EngineThread(open_engine)
    thread.start()
    thread.stop()
    opening.set()
    assert thread.join(10)
    assert engines[0].closed
    assert thread.finished.done()
    thread.stop()
