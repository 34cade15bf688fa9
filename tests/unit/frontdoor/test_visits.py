"""What goes through the door, over real sockets to real servers."""

from __future__ import annotations

import asyncio
import hashlib
import io
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.unit.frontdoor.serving import Street, ask, free_port, open_door, open_raw, open_service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WEB, API = "web.shop.localhost", "api.shop.localhost"


@pytest.fixture
async def street() -> AsyncIterator[Street]:
    """Two services that speak HTTP."""
    made = Street()
    async with open_service("web") as web_port, open_service("api") as api_port:
        made.ports = {WEB: web_port, API: api_port}
        yield made


def get(host: str, path: str = "/", *fields: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *fields, "", ""]).encode()


async def test_each_name_leads_to_its_own_service(street: Street) -> None:
    async with open_door(street) as port:
        for host, name in ((WEB, b"web"), (API, b"api")):
            answer = await ask(port, get(f"{host}:{port}", "/", "Connection: close"))
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"%s %s:%d http" % (name, host.encode(), port))


async def test_one_connection_may_ask_for_several_names(street: Street) -> None:
    async with open_door(street) as port:
        answer = await ask(port, get(WEB) + get(API) + get(WEB, "/", "Connection: close"))
        told = [line for line in answer.split(b"\r\n") if line.startswith((b"web ", b"api "))]
        names = [part for part in answer.replace(b"HTTP/1.1", b"\r\n").split(b"\r\n") if b"localhost http" in part]
        assert [name[:3] for name in names] == [b"web", b"api", b"web"], told


async def test_requests_of_one_visitor_share_a_connection_to_the_service(street: Street) -> None:
    async with open_door(street) as port:
        await ask(port, get(WEB) * 5 + get(WEB, "/", "Connection: close"))
        assert street.connections == [street.ports[WEB]]


@pytest.mark.parametrize("chunked", [True, False])
async def test_bodies_come_through_byte_by_byte(street: Street, *, chunked: bool) -> None:
    body = hashlib.shake_128(b"body").digest(5_000_000)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 70_001):
            yield body[start : start + 70_001]

    async with open_door(street) as port, aiohttp.ClientSession() as session:
        data = pieces() if chunked else io.BytesIO(body)
        async with session.post(
            f"http://127.0.0.1:{port}/echo", data=data, headers={"Host": WEB}, expect100=not chunked
        ) as answer:
            assert await answer.read() == body


async def test_a_websocket_goes_both_ways(street: Street) -> None:
    async with open_door(street) as port, aiohttp.ClientSession() as session:
        async with session.ws_connect(f"http://127.0.0.1:{port}/talk", headers={"Host": API}) as talking:
            for word in ("one", "two", "x" * 100_000):
                await talking.send_str(word)
                assert await talking.receive_str() == f"api: {word}"


async def test_events_arrive_while_the_answer_goes_on(street: Street) -> None:
    async with open_door(street) as port, aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/events", headers={"Host": WEB}) as answer:
            assert await answer.content.readuntil(b"\n\n") == b"data: 0\n\n"
            assert not answer.content.at_eof()
            answer.close()


async def test_a_service_that_stops_or_hides_gets_a_page_that_says_so(street: Street) -> None:
    street.ports["gone.localhost"] = free_port()
    street.stopped.add(API)
    async with open_door(street) as port:
        silent = await ask(port, get("gone.localhost"))
        assert silent.startswith(b"HTTP/1.1 502 ")
        assert b"gone runs, but nobody in it listens on port" in silent
        stopped = await ask(port, get(API))
        assert stopped.startswith(b"HTTP/1.1 503 ")
        assert b"api does not run" in stopped


async def test_the_front_page_lists_the_services(street: Street) -> None:
    async with open_door(street) as port:
        page = await ask(port, get(f"localhost:{port}"))
        assert page.startswith(b"HTTP/1.1 200 ")
        assert b'<a href="http://web.shop.localhost/">' in page
        unknown = await ask(port, get("nobody.localhost"))
        assert unknown.startswith(b"HTTP/1.1 404 ")
        head = await ask(port, get(f"localhost:{port}").replace(b"GET", b"HEAD", 1))
        assert head.startswith(b"HTTP/1.1 200 ")
        assert head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1", "[::1]", "x@localhost", "", "notlocalhost"]
)
async def test_a_stranger_s_name_for_this_computer_opens_nothing(street: Street, host: str) -> None:
    """DNS rebinding: a page of the web names the loopback by a name of its own, and asks in the user's browser."""
    async with open_door(street) as port:
        answer = await ask(port, get(host))
        assert answer.startswith(b"HTTP/1.1 421 ")
        assert b"web" not in answer
        assert not street.connections


SMUGGLED = {
    "two lengths": b"POST / HTTP/1.1\r\nHost: {0}\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\nabcd",
    "the same length twice": b"POST / HTTP/1.1\r\nHost: {0}\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "a length and chunks": b"POST / HTTP/1.1\r\nHost: {0}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked"
    b"\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"POST / HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": b"POST / HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a blank before the colon": b"POST / HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded line": b"GET / HTTP/1.1\r\nHost: {0}\r\nX: a\r\n Transfer-Encoding: chunked\r\n\r\n",
    "a bare line feed": b"GET / HTTP/1.1\r\nHost: {0}\r\nX: a\nContent-Length: 5\r\n\r\n",
    "a bare carriage return": b"GET / HTTP/1.1\r\nHost: {0}\r\nX: a\rContent-Length: 5\r\n\r\n",
    "a signed length": b"POST / HTTP/1.1\r\nHost: {0}\r\nContent-Length: +4\r\n\r\nabcd",
    "a hexadecimal length": b"POST / HTTP/1.1\r\nHost: {0}\r\nContent-Length: 0x4\r\n\r\nabcd",
    "two hosts": b"GET / HTTP/1.1\r\nHost: {0}\r\nHost: other.localhost\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\nX: {0}\r\n\r\n",
    "another server's address": b"GET http://evil.example/ HTTP/1.1\r\nHost: {0}\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: {0}\r\n\r\n",
    "a nul": b"GET / HTTP/1.1\r\nHost: {0}\r\nX: a\0b\r\n\r\n",
    "chunks of old": b"POST / HTTP/1.0\r\nHost: {0}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an old version": b"GET / HTTP/0.9\r\nHost: {0}\r\n\r\n",
    "a websocket with a body": b"GET / HTTP/1.1\r\nHost: {0}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Content-Length: 4\r\n\r\nabcd",
}


@pytest.mark.parametrize("name", SMUGGLED)
async def test_what_two_servers_could_read_in_two_ways_is_refused(street: Street, name: str) -> None:
    async with open_door(street) as port:
        answer = await ask(port, SMUGGLED[name].replace(b"{0}", WEB.encode()))
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 405 ", b"HTTP/1.1 501 "))
        assert not street.connections


async def test_what_is_hidden_in_a_body_s_end_stays_there(street: Street) -> None:
    """A piece longer than it says: what follows is not taken for the next request."""
    async with open_door(street) as port:
        hidden = (
            b"POST /echo HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n" % WEB.encode()
        )
        answer = await ask(port, hidden + get(API))
        assert b"api " not in answer


async def test_an_upgrade_to_clear_http2_is_not_passed_on() -> None:
    async with open_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (service, got):
        street = Street()
        street.ports[WEB] = service
        async with open_door(street) as port:
            upgrade = ("Connection: Upgrade, HTTP2-Settings, close", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAA")
            await ask(port, get(WEB, "/", *upgrade, "X-Forwarded-For: 8.8.8.8", "Cookie: a=b"))
        fields = got[0].lower()
        assert b"upgrade" not in fields
        assert b"http2-settings" not in fields
        assert b"x-forwarded-for: 127.0.0.1\r\n" in fields
        assert b"8.8.8.8" not in fields
        assert b"cookie: a=b\r\n" in fields


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"",
    ],
)
async def test_an_answer_that_is_none_is_told_as_the_service_s_fault(answer: bytes) -> None:
    async with open_raw(answer) as (service, _):
        street = Street()
        street.ports[WEB] = service
        async with open_door(street) as port:
            assert (await ask(port, get(WEB))).startswith(b"HTTP/1.1 502 ")


async def test_an_idle_connection_that_the_service_closed_is_no_failure() -> None:
    async with open_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as (service, got):
        street = Street()
        street.ports[WEB] = service
        async with open_door(street) as port:
            answer = await ask(port, get(WEB) + get(WEB) + get(WEB, "/", "Connection: close"))
        assert answer.count(b"HTTP/1.1 200 OK") == 3
        assert len(got) >= 3


async def test_names_are_shown_as_text_and_never_as_markup(street: Street) -> None:
    street.ports["a.localhost"] = 1
    async with open_door(street) as port:
        page = await ask(port, b"GET /<script> HTTP/1.1\r\nHost: a.localhost\r\n\r\n")
    assert b"<script>" not in page
    assert b"Content-Security-Policy: default-src 'none'" in page


async def test_a_visitor_who_leaves_takes_the_stream_of_events_along() -> None:
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await reader.read()
        left.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        street = Street()
        street.ports[WEB] = server.sockets[0].getsockname()[1]
        async with open_door(street) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(get(WEB))
            await reader.readuntil(b"data: 1\n\n")
            writer.close()
            await asyncio.wait_for(left.wait(), 20)
