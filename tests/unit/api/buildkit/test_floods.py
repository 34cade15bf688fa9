"""HTTP/2 as weapons are made of it: what is asked of BuildKit's door costs its own connection, and others build on."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from grpclib.const import Status
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded, TrailersReceived
from h2.exceptions import StreamClosedError
from h2.settings import SettingCodes

from engine.api.buildkit.connections import bounds
from engine.api.buildkit.wire import messages_pb2 as wire
from tests.support.buildkit_client import CONTROL, calling

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

INFO = [
    (":method", "POST"), (":scheme", "http"), (":path", f"{CONTROL}Info"), (":authority", "x"),
    ("te", "trailers"), ("content-type", "application/grpc"),
]  # fmt: skip
EMPTY = b"\0\0\0\0\0"


class Attacker:
    """A connection on which anything can be said."""

    def __init__(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self.reader, self.writer = streams
        self.h2 = H2Connection(config=H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()

    def ask(self) -> int:
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, INFO)
        self.h2.send_data(stream, EMPTY, end_stream=True)
        return stream

    async def send(self, data: bytes = b"") -> None:
        self.writer.write(self.h2.data_to_send() + data)
        await self.writer.drain()

    async def answer(self, stream: int, *, window: int = 0) -> bytes:
        """What comes on it; with `window`, so many bytes are allowed at a time."""
        found = b""
        while True:
            data = await self.reader.read(1 << 16)
            assert data, "the connection ended"
            for event in self.h2.receive_data(data):
                if isinstance(event, DataReceived) and event.stream_id == stream:
                    found += event.data
                    if window:
                        with suppress(StreamClosedError):  # the end came with the last of it
                            self.h2.increment_flow_control_window(window, stream)
                if isinstance(event, StreamEnded | TrailersReceived) and event.stream_id == stream:
                    return found
            await self.send()


async def others_are_served(api: Served) -> None:
    async with calling(await api.connect()) as it:
        said = await it.call(f"{CONTROL}Info", wire.InfoRequest(), wire.InfoResponse)
        assert said.buildkitVersion.version


async def until_it_is_ended(attacker: Attacker, frames: bytes, *, most: int) -> None:
    """Say this again and again, without reading a word, until the other side has enough."""
    for _ in range(most // len(frames)):
        attacker.writer.write(frames)
        try:
            async with asyncio.timeout(60):
                await attacker.writer.drain()
        except ConnectionError:
            break
    else:
        pytest.fail("it takes all of it")
    attacker.writer.close()


@pytest.mark.bulk
async def test_answers_that_nobody_reads_are_not_kept_for_ever(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.api.buildkit.connections.transport._MOST_UNREAD_BYTES", 1 << 16)
    attacker = Attacker(await api.connect())
    await attacker.send()
    pings = struct.pack(">I", 8)[1:] + b"\x06\0\0\0\0\0" + b"12345678"
    await until_it_is_ended(attacker, pings * 1024, most=64 << 20)
    await others_are_served(api)


@pytest.mark.bulk
async def test_settings_that_nobody_reads_the_answers_of(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.api.buildkit.connections.transport._MOST_UNREAD_BYTES", 1 << 16)
    attacker = Attacker(await api.connect())
    await attacker.send()
    await until_it_is_ended(attacker, (b"\0\0\0\x04" + b"\0" * 5) * 1024, most=64 << 20)
    await others_are_served(api)


@pytest.mark.bulk
async def test_calls_that_are_taken_back_at_once_are_done_with(api: Served) -> None:
    attacker = Attacker(await api.connect())
    for number in range(2000):
        attacker.h2.reset_stream(attacker.ask(), 8)
        if number % 100 == 0:
            await attacker.send()
    stream = attacker.ask()
    await attacker.send()
    assert wire.InfoResponse.FromString((await attacker.answer(stream))[5:]).buildkitVersion.version
    await others_are_served(api)
    attacker.writer.close()


async def test_headers_without_end_end_the_connection(api: Served) -> None:
    attacker = Attacker(await api.connect())
    await attacker.send(b"\0\0\0\x01\0\0\0\0\x01")
    continued = b"\0\x40\0\x09\0\0\0\0\x01" + b"\0" * (1 << 14)
    await until_it_is_ended(attacker, continued, most=64 << 20)
    await others_are_served(api)


async def test_an_answer_through_a_window_of_one_byte_comes_whole(api: Served) -> None:
    attacker = Attacker(await api.connect())
    attacker.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1})
    await attacker.send()
    stream = attacker.ask()
    await attacker.send()
    await others_are_served(api)
    data = await attacker.answer(stream, window=1)
    assert wire.InfoResponse.FromString(data[5:]).buildkitVersion.version
    attacker.writer.close()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\0\xff\xff\xff\xff", Status.RESOURCE_EXHAUSTED),
        (b"\x01\0\0\0\0", Status.UNIMPLEMENTED),
        (b"\0\0\0\0\x09abc", Status.INVALID_ARGUMENT),
        (b"\0\0\0\0\x03\x0a\xff\xff", Status.INVALID_ARGUMENT),
    ],
)
async def test_a_message_that_lies_about_itself_is_told(api: Served, body: bytes, status: Status) -> None:
    attacker = Attacker(await api.connect())
    stream = attacker.h2.get_next_available_stream_id()
    solve = [(name, f"{CONTROL}Solve" if name == ":path" else value) for name, value in INFO]
    attacker.h2.send_headers(stream, solve)
    attacker.h2.send_data(stream, body, end_stream=True)
    await attacker.send()
    told = {}
    while "grpc-status" not in told:
        data = await attacker.reader.read(1 << 16)
        assert data
        for event in attacker.h2.receive_data(data):
            told |= dict(getattr(event, "headers", None) or ())
    assert int(told["grpc-status"]) == status.value
    attacker.writer.close()


async def test_many_large_messages_that_do_not_end_are_no_store_of_memory(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "_MOST_INCOMPLETE", 1 << 20)
    attacker = Attacker(await api.connect())
    solve = [(name, f"{CONTROL}Solve" if name == ":path" else value) for name, value in INFO]
    streams = []
    for _ in range(3):
        stream = attacker.h2.get_next_available_stream_id()
        attacker.h2.send_headers(stream, solve)
        attacker.h2.send_data(stream, b"\0\0\x08\0\0" + b"x" * 100)
        streams.append(stream)
    await attacker.send()
    told: dict[int, str] = {}
    while streams[2] not in told:
        data = await attacker.reader.read(1 << 16)
        assert data
        for event in attacker.h2.receive_data(data):
            headers = dict(getattr(event, "headers", None) or ())
            if "grpc-status" in headers:
                told[event.stream_id] = headers["grpc-status"]
    assert told[streams[2]] == str(Status.RESOURCE_EXHAUSTED.value)
    attacker.writer.close()
    await others_are_served(api)
