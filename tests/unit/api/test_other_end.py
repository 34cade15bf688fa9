"""The other end of a connection: whether it is gone, has read what it was sent, and where its request ends."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest

from engine.api.http.hijack import _upgrade_body
from engine.api.http.other_end import until_read, watch_hangup
from tests.unit.api.process import announce
from tests.unit.api.serving import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.api.process import Process
    from tests.unit.api.serving import Served

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Ours and the client's end."""
    left, right = socket.socketpair()
    with left, right:
        yield left, right


# --- is it gone? ---


async def test_a_client_that_has_closed_both_ways_is_noticed(pair: Pair) -> None:
    gone: list[bool] = []
    stop = watch_hangup(pair[0], lambda: gone.append(True))
    pair[1].shutdown(socket.SHUT_WR)
    for _ in range(5):
        await asyncio.sleep(0)
    assert gone == [], "it still listens"
    pair[1].close()
    await until(lambda: gone)
    for _ in range(5):
        await asyncio.sleep(0)
    assert gone == [True]
    stop()


async def test_a_watch_that_was_ended_tells_nothing(pair: Pair) -> None:
    gone: list[bool] = []
    watch_hangup(pair[0], lambda: gone.append(True))()
    pair[1].close()
    for _ in range(5):
        await asyncio.sleep(0)
    assert gone == []


async def test_what_is_no_connection_any_more_is_gone_already(pair: Pair) -> None:
    gone: list[bool] = []
    watch_hangup(None, lambda: gone.append(True))()
    pair[0].close()
    watch_hangup(pair[0], lambda: gone.append(True))()
    assert gone == [True, True]


# --- has it read? ---


async def test_what_was_sent_is_waited_for_until_it_is_read(pair: Pair) -> None:
    await asyncio.wait_for(until_read(pair[0]), 30)  # nothing was
    await asyncio.wait_for(until_read(None), 30)
    pair[0].send(b"x" * 5000)
    waiting = asyncio.create_task(until_read(pair[0]))
    for expected in (False, False):
        for _ in range(5):
            await asyncio.sleep(0)
        assert waiting.done() is expected
        pair[1].recv(2500)
    await asyncio.wait_for(waiting, 30)


async def test_whoever_leaves_without_reading_is_not_waited_for(pair: Pair) -> None:
    pair[0].send(b"x" * 5000)
    waiting = asyncio.create_task(until_read(pair[0]))
    await asyncio.sleep(0)
    pair[1].close()
    await asyncio.wait_for(waiting, 30)
    pair[0].close()
    await asyncio.wait_for(until_read(pair[0]), 30)


# --- where does its request end? ---


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"POST /x HTTP/1.1\r\nUpgrade: tcp\r\n\r\n", 0),
        (b"POST /x HTTP/1.1\r\nUPGRADE: TCP\r\nContent-Length: 12\r\n\r\n", 12),
        (b"POST /x HTTP/1.1\r\nContent-Length:7\r\nUpgrade: tcp\r\n\r\nbody", 7),
        (b"POST /x HTTP/1.1\r\nContent-Length: 12345678\r\nUpgrade: tcp\r\n\r\n", 0),
        (b"POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nUpgrade: tcp\r\n", -1),
        (b"POST /x HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", -1),
        (b"POST /x HTTP/1.1\r\nUpgrade: tcp2\r\n\r\n", -1),
        (b"GET /x HTTP/1.1\r\nUpgrade: tcp\r\n\r\n", -1),
    ],
)
def test_a_request_for_an_upgrade_is_known_with_the_length_of_its_body(data: bytes, length: int) -> None:
    assert _upgrade_body(data) == length


@pytest.mark.parametrize("parts", [1, 2, 9])
async def test_what_follows_a_request_belongs_to_the_process_wherever_its_pieces_end(
    api: Served, process: Process, parts: int
) -> None:
    made = await announce(api)
    head = f"POST /exec/{made}/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n"
    head += "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    body = b'{"Tty":false       }'
    whole = body + b"typed in advance"
    reader, writer = await api.connect()
    step = -(-len(whole) // parts)
    writer.write(head.encode() + whole[:step])
    for start in range(step, len(whole), step):
        for _ in range(5):
            await asyncio.sleep(0)
        writer.write(whole[start : start + step])
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    await until(lambda: process.given == b"typed in advance")
    process.end()
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize(
    "sent", [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\x01 HTTP/1.1\r\nHost: x\r\nBad header\r\n\r\n"]
)
async def test_what_is_no_http_is_told_so_and_leaves_no_line_in_the_log(api: Served, sent: bytes) -> None:
    reader, writer = await api.connect()
    writer.write(sent)
    answered = await asyncio.wait_for(reader.read(), 30)
    assert b" 400 " in answered.splitlines()[0]
    assert answered.endswith(b'{"message": "the request is no HTTP"}')
    writer.close()


async def test_a_connection_is_used_for_one_request_after_the_other(api: Served) -> None:
    connector = aiohttp.UnixConnector(str(api.server.socket_path), limit=1)
    async with aiohttp.ClientSession(connector=connector) as one:
        for _ in range(3):
            async with one.get("http://x/_ping") as response:
                assert (response.status, await response.read()) == (200, b"OK")
        async with one.post("http://x/volumes/create", json={"Name": "a"}) as response:
            assert response.status == 201
