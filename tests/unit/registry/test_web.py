"""Plain downloads: what is asked, what is refused, and that only silence ends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from engine.errors import Code, RegistryError
from engine.registry import web as downloads
from engine.registry.settings import RegistryBook
from engine.registry.web import Web, is_url
from engine.types.images import ProxySettings
from tests.support.nasty_registry import answer, endless, serve_nastily
from tests.support.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA = bytes(range(256)) * 9000


async def fetched(url: str, headers: Mapping[str, str] | None = None) -> bytes:
    return b"".join([piece async for piece in Web(RegistryBook()).pieces(url, headers)])


async def refusal(url: str) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        await fetched(url)
    assert caught.value.subject == url
    return caught.value


@pytest.mark.parametrize(
    ("word", "is_one"),
    [("http://x", True), ("https://x", True), ("ftp://x", False), ("httpd", False), ("./http:", False)],
)
def test_an_address_begins_like_one(word: str, is_one: bool) -> None:
    assert is_url(word) is is_one


async def test_a_download_is_what_lies_there() -> None:
    async with serve_nastily() as server:
        server.routes["/file"] = answer(DATA)
        assert await fetched(f"http://{server.host}/file", {"Authorization": "Bearer mine"}) == DATA
        assert server.requests[0].headers["Authorization"] == "Bearer mine"


async def test_another_server_is_told_no_authorization() -> None:
    async with serve_nastily() as server, serve_nastily() as elsewhere:
        server.routes["/file"] = answer(status=302, Location=f"http://{elsewhere.host}/there")
        elsewhere.routes["/there"] = answer(b"there")
        assert await fetched(f"http://{server.host}/file", {"Authorization": "Bearer mine"}) == b"there"
        assert "Authorization" not in elsewhere.requests[0].headers


@pytest.mark.parametrize(
    ("status", "code"), [(404, Code.NOT_FOUND), (500, Code.BAD_RESPONSE), (403, Code.BAD_RESPONSE)]
)
async def test_a_refusal_is_told_with_its_number(status: int, code: Code) -> None:
    async with serve_nastily() as server:
        server.routes["/"] = answer(status=status)
        error = await refusal(f"http://{server.host}/file")
    assert error.code is code
    assert f"answered {status}" in error.title


async def test_where_nothing_listens_and_what_is_no_address() -> None:
    error = await refusal(f"http://127.0.0.1:{free_port()}/file")
    assert (error.code, "could not be fetched" in error.title, error.explanation != "") == (Code.CONNECT, True, True)
    assert "could not be fetched" in (await refusal("http://[")).title


async def test_a_download_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_MOST_BYTES", len(DATA))
    async with serve_nastily() as server:
        server.routes["/file"] = answer(DATA)
        assert len(await fetched(f"http://{server.host}/file")) == len(DATA)
        server.routes["/file"] = endless(DATA, [])
        with pytest.raises(RegistryError, match="larger than") as caught:
            await fetched(f"http://{server.host}/file")
    assert caught.value.code is Code.BAD_RESPONSE


async def test_a_slow_download_goes_on_for_as_long_as_something_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[aiohttp.ClientTimeout] = []
    real = aiohttp.ClientSession

    def session(*, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
        asked.append(timeout)
        return real(timeout=timeout)

    monkeypatch.setattr(aiohttp, "ClientSession", session)
    async with serve_nastily() as server:
        server.routes["/file"] = answer(b"slow")
        assert await fetched(f"http://{server.host}/file") == b"slow"
    assert asked[0].total is None
    assert asked[0].sock_read is not None
    assert asked[0].sock_connect is not None


async def test_silence_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_SECONDS_OF_SILENCE", 0.05)

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        return await server.hang(request)

    async with serve_nastily() as server:
        server.routes["/file"] = half
        error = await refusal(f"http://{server.host}/file")
    assert (error.code, "could not be fetched" in error.title, error.explanation != "") == (Code.TIMEOUT, True, True)


def test_another_program_is_told_of_the_proxies() -> None:
    book = RegistryBook()
    assert Web(book).environment() == {}
    book.replace([], ProxySettings(http="http://p:1", https="http://p:2", no_proxy="inside"))
    told = {"http_proxy": "http://p:1", "https_proxy": "http://p:2", "no_proxy": "inside"}
    assert Web(book).environment() == told | {name.upper(): value for name, value in told.items()}
