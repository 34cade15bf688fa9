"""Pipes and terminals on the engine's loop: what is there is read, what goes is written, nothing blocks or is lost."""

from __future__ import annotations

import asyncio
import os

import pytest

from engine.containers.look import streams
from engine.containers.look.streams import Input, Output, settle


async def all_of(output: Output) -> list[tuple[str, bytes]]:
    found = []
    while (piece := await output.read()) is not None:
        found.append(piece)
    return found  # type: ignore[return-value]


async def test_two_streams_are_read_in_turn_and_each_by_its_name() -> None:
    (out, to_out), (err, to_err) = os.pipe(), os.pipe()
    output = Output({out: "stdout", err: "stderr"})
    os.write(to_out, b"a" * (64 * 1024))
    reading = [await output.read()]
    os.write(to_out, b"b")
    os.write(to_err, b"e")
    reading += [await output.read(), await output.read()]
    os.close(to_out)
    os.close(to_err)
    assert reading == [("stdout", b"a" * (64 * 1024)), ("stderr", b"e"), ("stdout", b"b")]
    assert await output.read() is None
    for each in (out, err):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(each)


async def test_one_that_is_over_leaves_the_other() -> None:
    (out, to_out), (err, to_err) = os.pipe(), os.pipe()
    output = Output({out: "stdout", err: "stderr"})
    os.close(to_out)
    reading = asyncio.ensure_future(output.read())
    await asyncio.sleep(0)
    os.write(to_err, b"late")
    assert await reading == ("stderr", b"late")
    os.close(to_err)
    assert await output.read() is None


async def test_after_the_end_of_its_process_what_is_left_is_given_and_then_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody else may hold the other end for ever."""
    monkeypatch.setattr(streams, "_GRACE_SECONDS", 0.01)
    out, to_out = os.pipe()
    output = Output({out: "stdout"})
    waiting = asyncio.ensure_future(output.read())
    await asyncio.sleep(0)
    os.write(to_out, b"last")
    output.end_soon()
    assert await waiting == ("stdout", b"last")
    assert await output.read() is None
    os.close(to_out)


async def test_what_a_child_still_writes_in_the_grace_time_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_GRACE_SECONDS", 20.0)
    out, to_out = os.pipe()
    output = Output({out: "stdout"})
    output.end_soon()
    waiting = asyncio.ensure_future(output.read())
    await asyncio.sleep(0)
    os.write(to_out, b"late")
    assert await waiting == ("stdout", b"late")
    os.close(to_out)
    assert await output.read() is None


async def test_who_reads_while_it_is_closed_gets_the_end() -> None:
    out, to_out = os.pipe()
    output = Output({out: "stdout"})
    waiting = asyncio.ensure_future(output.read())
    await asyncio.sleep(0)
    output.close()
    assert await waiting is None
    output.close()
    os.close(to_out)


async def test_a_terminal_whose_last_user_has_gone_is_at_its_end() -> None:
    master, terminal = os.openpty()
    output = Output({master: "stdout"})
    os.close(terminal)
    assert await output.read() is None


async def test_more_than_a_pipe_holds_is_written_whole() -> None:
    source, sink = os.pipe()
    written, data = Input(sink), bytes(range(256)) * 1024
    writing = asyncio.ensure_future(written.write(data))
    output = Output({source: "stdout"})
    arrived = b""
    while len(arrived) < len(data):
        piece = await output.read()
        assert piece is not None
        arrived += piece[1]
    await writing
    assert arrived == data
    written.close()
    assert await output.read() is None
    await written.write(b"nothing")


async def test_who_writes_while_it_is_closed_is_let_go() -> None:
    source, sink = os.pipe()
    written = Input(sink)
    writing = asyncio.ensure_future(written.write(b"x" * (1 << 20)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    written.close()
    await writing
    assert written.fd == -1
    written.close()
    os.close(source)


async def test_a_reader_that_has_gone_is_no_failure() -> None:
    source, sink = os.pipe()
    written = Input(sink)
    os.close(source)
    await written.write(b"nobody")
    assert written.fd == -1


async def test_two_who_write_at_once_do_not_mix() -> None:
    source, sink = os.pipe()
    written = Input(sink)
    both = [asyncio.ensure_future(written.write(each * (96 * 1024))) for each in (b"a", b"b")]
    output = Output({source: "stdout"})
    arrived = b""
    while len(arrived) < 2 * 96 * 1024:
        piece = await output.read()
        assert piece is not None
        arrived += piece[1]
    await asyncio.gather(*both)
    assert arrived == b"a" * (96 * 1024) + b"b" * (96 * 1024)
    written.close()
    output.close()


async def test_of_a_terminal_there_are_two_descriptors() -> None:
    source, sink = os.pipe()
    written = Input(sink, owned=False)
    assert written.fd != sink
    written.close()
    os.fstat(sink)
    owner = Input(sink)
    assert owner.fd == sink
    assert not os.get_blocking(sink)
    owner.close()
    os.close(source)


async def test_readiness_may_be_told_twice() -> None:
    waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    settle(waiting)
    settle(waiting)
    assert waiting.done()
