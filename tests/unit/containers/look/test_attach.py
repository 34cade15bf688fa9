"""Attached to what conmon gives: streams by their numbers, the past first, input in pieces, and the size."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any, Literal

import pytest

from engine.containers.look.attach import attach, resize
from engine.containers.run.early_attach import EarlyAttachments
from engine.errors import Conflict, InvalidRequest
from engine.types.logs import LogLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from engine.containers.look.attach import Attachment
    from tests.support.stores import ShortTmp


class Conmon:
    """Its end of the socket, and its fifo."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(str(place / "attach"))
        self.socket.listen()
        os.mkfifo(place / "ctl")
        self.control = os.open(place / "ctl", os.O_RDONLY | os.O_NONBLOCK)
        self.client: socket.socket | None = None
        self.clients: list[socket.socket] = []
        self.attachments: list[Attachment] = []

    async def attached(self, **more: Any) -> Attachment:
        given: dict[str, Any] = {"tty": False, "stdin": True} | more
        found = await attach(socket=self.place / "attach", control=self.place / "ctl", **given)
        if given.get("stream", True):
            self.client, _ = self.socket.accept()
            self.clients.append(self.client)
        self.attachments.append(found)
        return found

    def leave(self) -> None:
        assert self.client is not None
        self.client.close()

    def say(self, *packets: bytes) -> None:
        assert self.client is not None
        for each in packets:
            self.client.send(each)

    def heard(self) -> list[bytes]:
        assert self.client is not None
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self.client.recv(1 << 20, socket.MSG_DONTWAIT))
                if not found[-1]:
                    break
        return found

    def told(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self.control, 100)
        return b""

    async def close(self) -> None:
        for attachment in self.attachments:
            await attachment.close()
        for client in self.clients:
            client.close()
        self.socket.close()
        os.close(self.control)


@pytest.fixture
async def conmon(short_tmp: ShortTmp) -> AsyncIterator[Conmon]:
    found = Conmon(short_tmp.path)
    yield found
    await found.close()


def line(text: str, stream: Literal["stdout", "stderr"] = "stdout", *, partial: bool = False) -> LogLine:
    return LogLine(number=0, time_ns=0, stream=stream, text=text, partial=partial)


class Past:
    def __init__(self, *batches: Sequence[LogLine]) -> None:
        self.batches = iter(batches)
        self.closed = False

    def __aiter__(self) -> AsyncIterator[Sequence[LogLine]]:
        return self

    async def __anext__(self) -> Sequence[LogLine]:
        for batch in self.batches:
            return batch
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed = True


async def test_streams_are_told_apart_and_what_is_neither_is_passed_over(conmon: Conmon) -> None:
    attached = await conmon.attached()
    conmon.say(b"\2out", b"\3err", b"\1odd", b"\2", b"\2more")
    assert [await attached.read() for _ in range(3)] == [("stdout", b"out"), ("stderr", b"err"), ("stdout", b"more")]
    conmon.leave()
    assert await attached.read() is None
    assert await attached.read() is None


async def test_the_past_comes_first_as_it_was_written(conmon: Conmon) -> None:
    past = Past([line("one"), line("two", "stderr")], [line("thr\udcff", partial=True)])
    attached = await conmon.attached(past=past)
    conmon.say(b"\2now")
    assert [await attached.read() for _ in range(4)] == [
        ("stdout", b"one\n"), ("stderr", b"two\n"), ("stdout", b"thr\xff"), ("stdout", b"now"),
    ]  # fmt: skip
    await attached.close()


async def test_only_the_past_ends_with_it(conmon: Conmon) -> None:
    attached = await conmon.attached(stream=False, past=Past([line("one")]))
    assert await attached.read() == ("stdout", b"one\n")
    assert await attached.read() is None
    await attached.write(b"nobody")
    await attached.close_stdin()


async def test_who_goes_in_the_middle_of_the_past_closes_it(conmon: Conmon) -> None:
    past = Past([line("one")], [line("two")])
    attached = await conmon.attached(past=past)
    await attached.read()
    await attached.close()
    assert past.closed
    assert await attached.read() is None


async def test_input_goes_in_pieces_that_conmon_takes_whole(conmon: Conmon) -> None:
    attached = await conmon.attached()
    data = bytes(range(256)) * 70
    await attached.write(data)
    heard = conmon.heard()
    assert [len(each) for each in heard] == [8192, 8192, 1536]
    assert b"".join(heard) == data
    await attached.close_stdin()
    assert conmon.heard() == [b""]
    await attached.close()
    await attached.write(b"gone")
    await attached.close_stdin()


async def test_who_only_looks_writes_nothing_and_ends_nothing(conmon: Conmon) -> None:
    attached = await conmon.attached(stdin=False)
    await attached.write(b"x")
    await attached.close_stdin()
    assert conmon.heard() == []
    conmon.say(b"\2still")
    assert await attached.read() == ("stdout", b"still")


async def test_a_conmon_that_is_gone_takes_nothing_and_is_no_failure(conmon: Conmon) -> None:
    attached = await conmon.attached()
    conmon.leave()
    await attached.write(b"x")
    await attached.close_stdin()
    assert await attached.read() is None


async def test_who_reads_while_it_is_closed_gets_the_end_and_who_is_cancelled_is(conmon: Conmon) -> None:
    attached = await conmon.attached()
    reading = asyncio.ensure_future(attached.read())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    reading = asyncio.ensure_future(attached.read())
    await asyncio.sleep(0)
    await attached.close()
    assert await reading is None


async def test_only_a_terminal_has_a_size(conmon: Conmon) -> None:
    attached = await conmon.attached()
    await attached.resize(3, 4)
    assert conmon.told() == b""
    attached = await conmon.attached(tty=True)
    await attached.resize(3, 4)
    assert conmon.told() == b"1 3 4\n"


@pytest.mark.parametrize(("rows", "columns"), [(-1, 5), (5, -1), (1001, 5), (5, 1001)])
async def test_sizes_that_make_no_sense(conmon: Conmon, rows: int, columns: int) -> None:
    with pytest.raises(InvalidRequest, match=f"A terminal of {rows} × {columns} makes no sense"):
        await resize(conmon.place / "ctl", rows, columns)


async def test_sizes_at_the_edge_and_a_conmon_that_is_gone(conmon: Conmon) -> None:
    await resize(conmon.place / "ctl", 0, 1000)
    assert conmon.told() == b"1 0 1000\n"
    await resize(conmon.place / "ctl", 1000, 0)
    assert conmon.told() == b"1 1000 0\n"
    await resize(conmon.place / "nothing", 5, 5)


@pytest.mark.parametrize("name", ["nowhere/attach", "nothing"])
async def test_what_does_not_run_cannot_be_attached_to(conmon: Conmon, name: str) -> None:
    with pytest.raises(Conflict) as caught:
        await attach(socket=conmon.place / name, control=conmon.place / "ctl", tty=False, stdin=False)
    assert str(caught.value) == "The container does not run. There is nothing to attach to."


async def test_a_socket_may_lie_deeper_than_its_path_may_be_long(short_tmp: ShortTmp) -> None:
    deep = short_tmp.path / ("d" * 100)
    deep.mkdir()
    here = os.open(deep, os.O_PATH)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(f"/proc/self/fd/{here}/attach")
    os.close(here)
    listening.listen()
    attached = await attach(socket=deep / "attach", control=deep / "ctl", tty=False, stdin=False)
    await attached.close()
    listening.close()


# --- before the start ---


async def test_who_came_before_the_start_has_all_of_it(conmon: Conmon) -> None:
    early = EarlyAttachments()
    attached = early.wait_for("c", lambda: conmon.attached(tty=True))
    other = early.wait_for("another", lambda: conmon.attached())
    await attached.resize(7, 8)
    writing = asyncio.ensure_future(attached.write(b"before"))
    closing = asyncio.ensure_future(attached.close_stdin())
    reading = asyncio.ensure_future(attached.read())
    await asyncio.sleep(0)
    assert not reading.done()
    assert not writing.done()

    await early.connect("c")
    await writing
    await closing
    conmon.say(b"\2first")
    assert await reading == ("stdout", b"first")
    assert conmon.told() == b"1 7 8\n"
    assert conmon.heard() == [b"before", b""]
    await attached.resize(9, 9)
    assert conmon.told() == b"1 9 9\n"
    await attached.close()
    assert await attached.read() is None
    await other.close()


async def test_a_start_that_fails_ends_who_waited_for_it(conmon: Conmon) -> None:
    early = EarlyAttachments()
    attached = early.wait_for("c", lambda: conmon.attached())
    early.give_up("c")
    assert await attached.read() is None
    await attached.write(b"x")
    await attached.close_stdin()
    await attached.resize(1, 1)
    await attached.close()


async def test_who_went_before_the_start_is_not_connected(conmon: Conmon) -> None:
    early = EarlyAttachments()
    asked = []

    async def connect() -> Attachment:
        asked.append(1)
        return await conmon.attached()

    first, second = early.wait_for("c", connect), early.wait_for("c", connect)
    await first.close()
    await early.connect("c")
    assert asked == [1]
    conmon.say(b"\2hello")
    assert await second.read() == ("stdout", b"hello")
    assert await first.read() is None
    await second.close()
    await early.connect("c")
    early.give_up("c")
    assert asked == [1]
