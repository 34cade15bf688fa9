"""The socket: its rights, its coming and going, and who gets in."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from engine.api import call
from engine.api.http import hijack, peers
from engine.api.server import ApiServer
from engine.api.takeover import take_over
from engine.errors import Code, Conflict, HostError, InvalidRequest
from tests.fakes.engine import open_fake_engine
from tests.unit.api.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.stores import ShortTmp
    from tests.unit.api.serving import Served


async def test_socket_and_directory_are_private(short_tmp: ShortTmp) -> None:
    short_tmp.run.chmod(0o755)
    async with serving(short_tmp.run) as api:
        path = api.server.socket_path
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(short_tmp.run.iterdir()) == []


async def test_a_stale_socket_is_replaced(short_tmp: ShortTmp) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(short_tmp.run / "docker.sock"))
    dead.close()
    async with serving(short_tmp.run) as api:
        assert (await api.ask("GET", "/_ping")).body == b"OK"


async def test_a_living_server_is_not_pushed_aside(api: Served, short_tmp: ShortTmp) -> None:
    engine = await open_fake_engine()
    with pytest.raises(Conflict) as caught:
        await ApiServer(engine, short_tmp.run / "docker.sock").start()
    assert caught.value.code is Code.STORE_LOCKED
    assert (await api.ask("GET", "/_ping")).status == 200
    await engine.close()


async def test_a_newer_servers_socket_is_left_when_the_older_closes(short_tmp: ShortTmp) -> None:
    async with serving(short_tmp.run) as api:
        path = api.server.socket_path
        path.unlink()
        path.write_text("somebody else's")
    assert path.read_text() == "somebody else's"


async def test_a_path_the_kernel_cannot_take_is_refused_in_words(short_tmp: ShortTmp) -> None:
    engine = await open_fake_engine()
    with pytest.raises(InvalidRequest, match="too long"):
        await ApiServer(engine, short_tmp.run / ("x" * 120) / "docker.sock").start()
    await engine.close()


async def test_somebody_elses_directory_is_refused(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = await open_fake_engine()
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(HostError, match="not private"):
        await ApiServer(engine, short_tmp.run / "docker.sock").start()
    await engine.close()


def test_the_kernel_says_who_is_there() -> None:
    left, right = socket.socketpair()
    with left, right:
        assert peers.peer_uid(left) == os.getuid()
        assert peers.is_own_peer(left)


async def test_a_stranger_gets_no_word(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hijack, "is_own_peer", lambda sock: False)
    reader, writer = await api.connect()
    writer.write(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        assert await asyncio.wait_for(reader.read(), 30) == b""
    except ConnectionResetError:
        pass
    writer.close()


async def test_fifty_clients_at_once(api: Served) -> None:
    replies = await asyncio.gather(*(api.ask("GET", "/v1.50/containers/json?all=1") for _ in range(50)))
    assert {reply.status for reply in replies} == {200}


async def test_idle_time_counts_from_the_last_answer(api: Served) -> None:
    reader, writer = await api.connect()
    writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    assert api.server.idle_seconds == 0.0
    writer.close()
    deadline = asyncio.get_running_loop().time() + 30
    while api.server.idle_seconds == 0.0:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)


async def test_a_headless_owner_lets_go_and_a_window_does_not(short_tmp: ShortTmp) -> None:
    engine = await open_fake_engine()
    released = asyncio.Event()
    server = ApiServer(engine, short_tmp.run / "docker.sock", on_release=released.set)
    await server.start()

    async def leave() -> None:
        await released.wait()
        await server.close()

    leaving = asyncio.ensure_future(leave())
    assert await take_over(server.socket_path)
    await leaving
    await engine.close()
    async with serving(short_tmp.run) as window:
        assert not await take_over(window.server.socket_path)
    assert await take_over(short_tmp.run / "docker.sock"), "nobody there: nothing stands in the way"


async def test_a_request_that_begins_and_goes_no_further_is_closed(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hijack, "HEAD_SECONDS", 0.05)
    for head in (b"G", b"GET /_ping HTTP/1.1\r\n", b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-"):
        reader, writer = await api.connect()
        writer.write(head)
        await reader.read()
        writer.close()
    reader, writer = await api.connect()
    for _ in range(2):  # one that is used again has sent nothing by half
        writer.write(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
        assert b"200 OK" in await reader.readuntil(b"OK\r\n")
        await reader.readuntil(b"\r\n\r\nOK")
        await asyncio.sleep(0.1)
    writer.close()


async def test_a_body_whose_rest_does_not_come_is_answered(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "BODY_SECONDS", 0.05)
    reader, writer = await api.connect()
    writer.write(b'POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 100\r\n\r\n{"Image":')
    assert b"408" in await reader.readline()
    writer.close()


async def test_an_answer_that_fails_in_the_middle_is_broken_off(
    api: Served, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    """Not ended as if it were whole, and not left open."""
    expect_log("failed unexpectedly")
    really_write = web.StreamResponse.write

    async def write_and_fail(response: web.StreamResponse, data: bytes) -> None:
        await really_write(response, data)
        raise RuntimeError("a bug in the middle of an answer")

    monkeypatch.setattr(web.StreamResponse, "write", write_and_fail)
    with pytest.raises(aiohttp.ClientPayloadError):
        await api.ask("GET", "/containers/shop-web-1/export")
