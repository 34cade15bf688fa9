"""The registry client against a registry that misbehaves: every failure has its name, and passing ones pass."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from yarl import URL

from engine.errors import Code, NotFound, RegistryError, WherryError
from engine.images.known.manifest import LARGEST_MANIFEST, MANIFEST_TYPES
from engine.registry.logins import Logins
from engine.registry.settings import Endpoint
from engine.registry.transport import resolve
from engine.types.images import Login, RegistrySettings
from tests.support.nasty_registry import (
    answer,
    blob,
    client_for,
    digest_of,
    endless,
    in_turn,
    no_helper,
    serve_nastily,
)
from tests.support.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from engine.registry.client import Fetched, RegistryClient
    from tests.support.nasty_registry import NastyRegistry

MANIFEST = json.dumps({"schemaVersion": 2, "config": {}}).encode()
JSON = {"Content_Type": MANIFEST_TYPES[0]}


async def manifest(client: RegistryClient, host: str, target: str = "1", login: Login | None = None) -> Fetched:
    return await client.manifest(host, "app", target, accept=MANIFEST_TYPES, largest=LARGEST_MANIFEST, login=login)


async def failure(client: RegistryClient, host: str, target: str = "1") -> WherryError:
    with pytest.raises(WherryError) as caught:
        await manifest(client, host, target)
    return caught.value


async def whole_blob(client: RegistryClient, host: str, data: bytes) -> bytes:
    return b"".join([part async for part in client.blob(host, "app", digest_of(data), len(data))])


async def test_a_manifest_by_tag_carries_its_digest(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/manifests/1"] = answer(MANIFEST, **JSON)
        fetched = await manifest(client, registry.host)

    assert fetched.raw == MANIFEST
    assert fetched.digest == digest_of(MANIFEST)
    assert fetched.media_type == MANIFEST_TYPES[0]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, Code.UNAUTHORIZED),
        (403, Code.FORBIDDEN),
        (404, Code.NOT_FOUND),
        (400, Code.BAD_RESPONSE),
        (500, Code.BAD_RESPONSE),
        (507, Code.DISK_FULL),
    ],
)
async def test_each_refusal_has_its_code_and_the_registrys_words(tmp_path: Path, status: int, code: Code) -> None:
    body = json.dumps({"errors": [{"code": "X", "message": "said the registry"}]}).encode()
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = answer(body, status=status)
        error = await failure(client, registry.host)

    assert error.code is code
    assert error.explanation == "said the registry"
    assert f"HTTP {status}" in error.details


async def test_a_missing_tag_is_not_found(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        error = await failure(client, registry.host)

    assert isinstance(error, NotFound)
    assert error.title == f"{registry.host} has no app:1"


async def test_a_name_that_does_not_resolve(tmp_path: Path) -> None:
    async with client_for(tmp_path) as client:
        error = await failure(client, "registry.does-not-exist.invalid")

    assert error.code is Code.DNS


async def test_nobody_listens(tmp_path: Path) -> None:
    async with client_for(tmp_path) as client:
        error = await failure(client, f"127.0.0.1:{free_port()}")

    assert error.code is Code.CONNECT


async def test_silence_is_a_timeout(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = registry.hang
        error = await failure(client, registry.host)

    assert error.code is Code.TIMEOUT


async def test_a_web_page_is_no_registry(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = answer(b"<html>Log in to the hotel network</html>", Content_Type="text/html")
        error = await failure(client, registry.host)

    assert error.code is Code.BAD_RESPONSE
    assert "web page" in error.explanation


async def test_nonsense_instead_of_http(tmp_path: Path) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x01\x02 SSH-2.0 hello\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server, client_for(tmp_path) as client:
        error = await failure(client, f"127.0.0.1:{server.sockets[0].getsockname()[1]}")

    assert error.code in (Code.BAD_RESPONSE, Code.CONNECT)


async def test_a_huge_manifest_is_not_read(tmp_path: Path) -> None:
    sent: list[int] = []
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = endless(b"[" * (1 << 20), sent)
        error = await failure(client, registry.host)

    assert error.code is Code.BAD_RESPONSE
    assert "too much" in error.title
    assert len(sent) < 50


async def test_another_manifest_than_asked_for_by_digest(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = answer(MANIFEST, **JSON)
        error = await failure(client, registry.host, digest_of(b"something else"))

    assert error.code is Code.DIGEST_MISMATCH


# --- trying again ---


async def test_passing_trouble_passes(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        good = answer(MANIFEST, **JSON)
        registry.routes["/v2/app/"] = in_turn(answer(status=503), answer(status=429, Retry_After="0"), good)
        fetched = await manifest(client, registry.host)

    assert fetched.raw == MANIFEST
    assert len(registry.seen("/v2/app/")) == 3


async def test_a_long_rate_limit_is_told_and_not_waited_for(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = answer(status=429, Retry_After="3600")
        error = await failure(client, registry.host)

    assert error.code is Code.RATE_LIMITED
    assert "3600 seconds" in error.hint
    assert len(registry.seen("/v2/app/")) == 1


async def test_a_broken_blob_goes_on_where_it_broke(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = in_turn(
            blob(data, break_after=300_000), blob(data, break_after=1), blob(data)
        )
        got = await whole_blob(client, registry.host, data)

    assert got == data
    ranges = [request.headers.get("Range") for request in registry.seen("/v2/app/blobs/")]
    assert ranges[0] is None
    assert all(one is not None for one in ranges[1:])


async def test_a_broken_blob_from_a_server_without_ranges(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = in_turn(
            blob(data, break_after=300_000, ranges=False), blob(data, ranges=False)
        )
        got = await whole_blob(client, registry.host, data)

    assert got == data


async def test_a_blob_that_never_gets_further_fails(tmp_path: Path) -> None:
    data = b"x" * 1000
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = blob(data, break_after=0)
        with pytest.raises(RegistryError) as caught:
            await whole_blob(client, registry.host, data)

    assert caught.value.code is Code.CONNECT


@pytest.mark.parametrize("length", [999, 1001])
async def test_a_blob_of_the_wrong_size(tmp_path: Path, length: int) -> None:
    data = b"x" * 1000
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = blob(b"x" * length)
        with pytest.raises(RegistryError) as caught:
            await whole_blob(client, registry.host, data)

    assert caught.value.code is Code.BAD_RESPONSE
    assert "wrong size" in caught.value.title


async def test_an_endless_blob_is_cut(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = endless(b"x" * 100_000, [])
        with pytest.raises(RegistryError) as caught:
            await whole_blob(client, registry.host, b"x" * 1000)

    assert "too much" in caught.value.title


# --- redirects ---


async def test_credentials_do_not_follow_a_redirect(tmp_path: Path) -> None:
    data = b"layer"
    async with serve_nastily() as registry, serve_nastily() as elsewhere, client_for(tmp_path) as client:

        async def send_away(request: web.Request) -> web.StreamResponse:
            if "Authorization" not in request.headers:
                return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
            return web.Response(status=307, headers={"Location": f"http://{elsewhere.host}/cdn/blob"})

        registry.routes["/v2/app/blobs/"] = send_away
        elsewhere.routes["/cdn/"] = blob(data)
        login = Login(server=registry.host, username="me", password="secret")
        got = [part async for part in client.blob(registry.host, "app", digest_of(data), len(data), login=login)]

    assert b"".join(got) == data
    assert all("Authorization" not in request.headers for request in elsewhere.requests)


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:pass@127.0.0.1/", "gopher://x"]
)
async def test_redirects_to_strange_places_are_not_followed(tmp_path: Path, location: str) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = answer(status=302, Location=location)
        error = await failure(client, registry.host)

    assert error.code is Code.BAD_RESPONSE
    assert location in error.details


def test_a_redirect_from_https_down_to_http_is_not_followed() -> None:
    secure = Endpoint(host="registry.example", registry="registry.example")
    base = URL("https://registry.example/v2/app/blobs/x")
    with pytest.raises(RegistryError) as caught:
        resolve(base, "http://elsewhere.example/blob", secure)
    assert caught.value.code is Code.TLS
    # A registry behind a proxy often does not know that it is behind TLS.
    assert resolve(base, "http://registry.example/blob", secure) == URL("https://registry.example/blob")
    open_one = Endpoint(host="registry.example", registry="registry.example", insecure=True)
    assert resolve(base, "http://elsewhere.example/blob", open_one).scheme == "http"


async def test_redirects_in_a_circle_end(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/manifests/1"] = answer(status=302, Location="/v2/app/manifests/2")
        registry.routes["/v2/app/manifests/2"] = answer(status=302, Location="/v2/app/manifests/1")
        error = await failure(client, registry.host)

    assert "circles" in error.title


# --- logins ---


def token_server(registry: NastyRegistry) -> None:
    """Bearer tokens for user me:secret; the registry takes only the newest."""
    tokens: list[str] = []

    async def give(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Basic bWU6c2VjcmV0":
            return web.json_response({"details": "incorrect username or password"}, status=401)
        tokens.append(f"token{len(tokens)}")
        return web.json_response({"token": tokens[-1], "expires_in": 300})

    async def guard(request: web.Request) -> web.StreamResponse:
        if tokens and request.headers.get("Authorization") == f"Bearer {tokens[-1]}":
            return web.Response(body=MANIFEST, content_type=MANIFEST_TYPES[0])
        challenge = f'Bearer realm="http://{registry.host}/token",service="test",scope="repository:app:pull"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    registry.routes["/token"] = give
    registry.routes["/v2/app/"] = guard


async def test_a_token_is_fetched_once_and_used_again(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        token_server(registry)
        login = Login(server=registry.host, username="me", password="secret")
        await manifest(client, registry.host, login=login)
        await manifest(client, registry.host, login=login)

    (request,) = registry.seen("/token")
    assert request.query["service"] == "test"
    assert request.query["scope"] == "repository:app:pull"
    assert request.query["account"] == "me"


async def test_a_wrong_password_is_unauthorized(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        token_server(registry)
        with pytest.raises(RegistryError) as caught:
            await manifest(client, registry.host, login=Login(server=registry.host, username="me", password="wrong"))

    assert caught.value.code is Code.UNAUTHORIZED
    assert caught.value.explanation == "incorrect username or password"


async def test_who_logs_in_with_a_wrong_password_is_told_that_and_not_to_log_in(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        token_server(registry)
        registry.routes["/v2/"] = registry.routes["/v2/app/"]
        with pytest.raises(RegistryError) as caught:
            await client.check_login(Login(server=registry.host, username="me", password="wrong"))
        await client.check_login(Login(server=registry.host, username="me", password="secret"))
    assert caught.value.code is Code.WRONG_LOGIN
    assert caught.value.title == f"{registry.host} does not take this user name and password"
    assert "wants a login" not in str(caught.value)


@pytest.mark.parametrize("before", ["", "bWU6d3Jvbmc="], ids=["none", "a wrong one"])
async def test_a_login_made_elsewhere_is_found_after_a_refusal(tmp_path: Path, before: str) -> None:
    file = tmp_path / "auth.json"

    def write(auth: str) -> None:
        file.write_text(json.dumps({"auths": {registry.host: {"auth": auth}} if auth else {}}))

    logins = Logins(tmp_path / "own.json", helper=no_helper, config_files=[file])
    async with serve_nastily() as registry, client_for(tmp_path, logins=logins) as client:
        token_server(registry)
        write(before)
        assert (await failure(client, registry.host)).code is Code.UNAUTHORIZED
        write("bWU6c2VjcmV0")

        assert (await manifest(client, registry.host)).raw == MANIFEST


# --- lists, search, mirrors ---


async def test_tags_come_page_by_page(tmp_path: Path) -> None:
    async def pages(request: web.Request) -> web.StreamResponse:
        if "last" in request.query:
            return web.json_response({"tags": ["c"]})
        return web.json_response({"tags": ["a", "b"]}, headers={"Link": '</v2/app/tags/list?last=b&n=2>; rel="next"'})

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/tags/list"] = pages
        assert await client.tags(registry.host, "app") == ["a", "b", "c"]


async def test_a_registry_without_search_is_searched_by_name(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/_catalog"] = answer(b'{"repositories": ["team/web", "team/db", "Webby"]}')
        found = await client.search(registry.host, "web", limit=10)

    assert [one.name for one in found] == [f"{registry.host}/team/web", f"{registry.host}/Webby"]


async def test_mirrors_are_tried_first_and_may_fail(tmp_path: Path) -> None:
    data = b"layer" * 1000
    async with serve_nastily() as registry, serve_nastily() as broken, serve_nastily() as mirror:
        mirrors = (f"http://{broken.host}", f"http://{mirror.host}/proxy")
        settings = [RegistrySettings(host=registry.host, mirrors=mirrors)]
        mirror.routes["/v2/proxy/app/"] = answer(MANIFEST, **JSON)
        registry.routes["/v2/app/blobs/"] = blob(data)
        async with client_for(tmp_path, settings) as client:
            fetched = await manifest(client, registry.host)
            got = await whole_blob(client, registry.host, data)

    assert fetched.source == mirror.host
    assert got == data
    assert not registry.seen("/v2/app/manifests/")


async def test_all_tags_come_from_a_mirror_too(tmp_path: Path) -> None:
    async with serve_nastily() as registry, serve_nastily() as mirror:
        settings = [RegistrySettings(host=registry.host, mirrors=(f"http://{mirror.host}/proxy",))]

        async def pages(request: web.Request) -> web.StreamResponse:
            if "last" in request.query:
                return web.json_response({"tags": ["b"]})
            link = '</v2/proxy/app/tags/list?last=a&n=1>; rel="next"'
            return web.json_response({"tags": ["a"]}, headers={"Link": link})

        mirror.routes["/v2/proxy/app/tags/list"] = pages
        async with client_for(tmp_path, settings) as client:
            assert await client.tags(registry.host, "app") == ["a", "b"]
    assert not registry.seen("/v2/app/tags/list")


async def test_a_mirror_with_a_wrong_manifest_is_passed_over(tmp_path: Path) -> None:
    async with serve_nastily() as registry, serve_nastily() as mirror:
        mirror.routes["/v2/app/"] = answer(b'{"other": 1}', **JSON)
        registry.routes["/v2/app/"] = answer(MANIFEST, **JSON)
        settings = [RegistrySettings(host=registry.host, mirrors=(f"http://{mirror.host}",))]
        async with client_for(tmp_path, settings) as client:
            fetched = await manifest(client, registry.host, f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}")

    assert fetched.source == registry.host
