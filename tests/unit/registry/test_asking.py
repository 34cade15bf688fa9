"""What is sent to a registry, byte for byte, and which of its answers are believed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from aiohttp import web
from yarl import URL

from engine.errors import Code, NotFound, RegistryError, WherryError
from engine.images.known.manifest import LARGEST_MANIFEST, MANIFEST_TYPES
from engine.registry import client as clients
from engine.registry.client import _what, check_digest
from engine.registry.logins import Logins
from engine.registry.settings import RegistryBook
from engine.registry.transport import Limits, Transport, read_bounded
from engine.types.images import Login, RegistrySettings, SearchResult
from tests.support.nasty_registry import (
    IMPATIENT,
    answer,
    blob,
    client_for,
    digest_of,
    endless,
    in_turn,
    no_helper,
    serve_nastily,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.registry.client import Fetched, RegistryClient
    from tests.support.nasty_registry import NastyRegistry

MANIFEST = json.dumps({"schemaVersion": 2}).encode()
JSON = {"Content_Type": MANIFEST_TYPES[0]}
DATA = bytes(range(256)) * 40
DIGEST = digest_of(DATA)
ME = Login(server="r", username="me", password="secret")


async def manifest(client: RegistryClient, host: str, target: str = "1", **options: Any) -> Fetched:
    return await client.manifest(host, "app", target, accept=MANIFEST_TYPES, largest=LARGEST_MANIFEST, **options)


async def refusal(client: RegistryClient, host: str, target: str = "1") -> WherryError:
    with pytest.raises(WherryError) as caught:
        await manifest(client, host, target)
    return caught.value


# --- manifests ---


@pytest.mark.parametrize(
    ("domain", "path", "target", "said"),
    [
        ("docker.io", "library/nginx", "1", "nginx:1"),
        ("docker.io", "team/web", "1", "team/web:1"),
        ("ghcr.io", "library/web", "1", "ghcr.io/library/web:1"),
        ("ghcr.io", "web", "sha256:ab", "ghcr.io/web@sha256:ab"),
    ],
)
def test_an_image_is_named_as_people_do(domain: str, path: str, target: str, said: str) -> None:
    assert _what(domain, path, target) == said


async def test_a_manifest_is_asked_for_in_all_the_kinds_we_read(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = answer(MANIFEST, **JSON)
        fetched = await manifest(client, registry.host, "a+b")
        await client.manifest_digest(registry.host, "app", "1", accept=MANIFEST_TYPES)
        got, head = registry.requests

    assert (got.method, got.path, head.method) == ("GET", "/v2/app/manifests/a+b", "HEAD")
    assert got.headers["Accept"] == head.headers["Accept"] == ", ".join(MANIFEST_TYPES)
    assert (got.headers["User-Agent"], got.headers["Accept-Encoding"]) == ("wherry/0", "identity")
    assert (fetched.source, fetched.digest) == (registry.host, digest_of(MANIFEST))


@pytest.mark.parametrize(
    ("body", "kind", "is_one"),
    [
        (b'  {"a": 1}', "application/octet-stream", True),
        (b'{"a": 1}', "text/plain", True),
        (b"not yet", "application/json", True),
        (b"not yet", "text/plain", False),
        (b'{"a": 1}', "text/html", False),
        (b"<html>", "text/html", False),
    ],
)
async def test_what_is_no_manifest_is_no_registrys(tmp_path: Path, body: bytes, kind: str, is_one: bool) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = answer(body, Content_Type=kind)
        if is_one:
            assert (await manifest(client, registry.host)).raw == body
            return
        error = await refusal(client, registry.host)
    assert "does not answer like a registry" in error.title
    assert error.details.endswith("/v2/app/manifests/1")


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
async def test_a_stated_digest_is_checked_whatever_its_kind(tmp_path: Path, algorithm: str) -> None:
    right = f"{algorithm}:{hashlib.new(algorithm, MANIFEST).hexdigest()}"
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/manifests/right"] = answer(MANIFEST, **JSON, Docker_Content_Digest=right)
        registry.routes["/v2/app/manifests/wrong"] = answer(MANIFEST + b" ", **JSON, Docker_Content_Digest=right)
        registry.routes["/v2/app/manifests/odd"] = answer(MANIFEST, **JSON, Docker_Content_Digest="md5:00")
        registry.routes[f"/v2/app/manifests/{right}"] = answer(MANIFEST, **JSON)
        assert (await manifest(client, registry.host, "right")).digest == digest_of(MANIFEST)
        assert (await manifest(client, registry.host, "odd")).digest == digest_of(MANIFEST)
        assert (await manifest(client, registry.host, right)).digest == right
        error = await refusal(client, registry.host, "wrong")

    assert (error.code, error.details, error.subject) == (Code.DIGEST_MISMATCH, right, registry.host)


async def test_what_a_tag_points_at(tmp_path: Path) -> None:
    async def digest(target: str) -> str:
        return await client.manifest_digest(registry.host, "app", target, accept=MANIFEST_TYPES)

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/manifests/1"] = answer(Docker_Content_Digest="sha256:ab")
        registry.routes["/v2/app/manifests/mute"] = answer()
        registry.routes["/v2/app/manifests/gone"] = answer(status=404, Docker_Content_Digest="sha256:ab")
        registry.routes["/v2/app/manifests/closed"] = answer(status=403)
        assert [await digest(each) for each in ("1", "mute", "gone")] == ["sha256:ab", "", ""]
        with pytest.raises(RegistryError) as caught:
            await digest("closed")
    assert caught.value.code is Code.FORBIDDEN


async def test_a_config_is_whole_and_what_was_asked_for(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = answer(DATA)
        assert await client.small_blob(registry.host, "app", DIGEST, largest=len(DATA)) == DATA
        with pytest.raises(RegistryError, match="too much") as caught:
            await client.small_blob(registry.host, "app", DIGEST, largest=len(DATA) - 1)
        assert str(len(DATA) - 1) in caught.value.explanation
        assert registry.host in caught.value.title
        with pytest.raises(RegistryError) as caught:
            await client.small_blob(registry.host, "app", digest_of(b"other"), largest=len(DATA))
        assert registry.requests[0].path == f"/v2/app/blobs/{DIGEST}"
    assert caught.value.code is Code.DIGEST_MISMATCH
    check_digest(DATA, DIGEST, "r")


async def test_a_config_is_asked_for_under_the_same_login(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        guarded(registry, GOOD)
        registry.routes["/v2/app/blobs/"] = in_turn(registry.routes["/v2/"], answer(DATA))
        await client.small_blob(registry.host, "app", DIGEST, largest=len(DATA), login=ME)
        assert registry.seen("/token")[0].query["account"] == "me"


async def test_an_endless_small_document_is_cut(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = endless(b"x" * 5000, [])
        with pytest.raises(RegistryError, match="too much"):
            await client.small_blob(registry.host, "app", DIGEST, largest=100_000)


class Answered:
    """The little of an answer that is read here."""

    def __init__(self, *pieces: bytes, length: int | None = None) -> None:
        self.content = self
        self.content_length = length
        self.url = URL("http://r/")
        self._pieces = pieces

    async def iter_any(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def test_an_answer_of_exactly_the_bound_is_read() -> None:
    assert await read_bounded(Answered(b"ab", b"c", length=3), 3, "r") == b"abc"  # type: ignore[arg-type]
    assert await read_bounded(Answered(), 0, "r") == b""  # type: ignore[arg-type]
    for answered in (Answered(b"ab", b"cd"), Answered(length=4)):
        with pytest.raises(RegistryError, match="r sent too much"):
            await read_bounded(answered, 3, "r")  # type: ignore[arg-type]


# --- blobs ---


async def got(client: RegistryClient, host: str, data: bytes, **options: Any) -> bytes:
    return b"".join([part async for part in client.blob(host, "app", digest_of(data), len(data), **options)])


async def test_a_blob_from_the_middle_on(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = blob(DATA)
        assert await got(client, registry.host, DATA, offset=1000) == DATA[1000:]
        assert await got(client, registry.host, DATA, offset=len(DATA)) == b""
        (asked,) = registry.requests
    assert asked.headers["Range"] == "bytes=1000-"


async def test_an_empty_blob_is_asked_for_once(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = answer()
        assert await got(client, registry.host, b"") == b""
        assert len(registry.requests) == 1


async def test_a_registry_that_gives_no_parts_is_asked_for_the_whole(tmp_path: Path) -> None:
    """It refuses the range; then it is read from the beginning, under the same login."""
    said: list[str] = []

    async def no_parts(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") is None:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        if "Range" in request.headers:
            return web.Response(status=416)
        if len(registry.requests) < 5:
            return web.Response(status=503)
        return web.Response(body=DATA)

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes[f"/v2/app/blobs/{DIGEST}"] = no_parts
        found = await got(client, registry.host, DATA, offset=1000, login=ME, on_retry=said.append)
    assert found == DATA[1000:]
    assert said
    assert "trying again in" in said[0]


async def test_a_blob_that_is_gone_when_it_is_asked_for_whole_is_named(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = in_turn(answer(status=416), answer(status=404))
        with pytest.raises(NotFound) as caught:
            await got(client, registry.host, DATA, offset=1000)
    assert caught.value.title == f"{registry.host} has no app (blob {DIGEST[:19]})"


async def test_a_blob_that_is_too_long_is_named(tmp_path: Path) -> None:
    async def chunked(_request: web.Request) -> web.StreamResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield DATA + b"x"

        return web.Response(body=pieces())

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = chunked
        with pytest.raises(RegistryError, match="sent too much") as caught:
            await got(client, registry.host, DATA)
    assert caught.value.details == DIGEST


async def test_a_blob_that_comes_short_goes_on_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/blobs/"] = in_turn(blob(DATA, break_after=500), blob(DATA))
        assert await got(client, registry.host, DATA, on_retry=said.append) == DATA
    assert [text.endswith("; going on from there") for text in said] == [True]


async def test_a_blob_that_broke_at_a_mirror_goes_on_elsewhere(tmp_path: Path) -> None:
    async with serve_nastily() as registry, serve_nastily() as mirror:
        mirror.routes["/v2/app/blobs/"] = blob(DATA, break_after=700)
        registry.routes["/v2/app/blobs/"] = blob(DATA)
        settings = [RegistrySettings(host=registry.host, mirrors=(f"http://{mirror.host}",))]
        async with client_for(tmp_path, settings) as client:
            assert await got(client, registry.host, DATA) == DATA
        assert len(mirror.requests) == 1
        assert registry.requests[0].headers["Range"].startswith("bytes=")


# --- lists ---


async def test_a_page_of_another_host_is_not_turned_to(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/tags/"] = answer(
            b'{"tags": ["a"]}', Link='<http://localhost:1/v2/app/tags/list?last=a>; rel="next"'
        )
        assert await client.tags(registry.host, "app") == ["a"]
        assert [(each.path, each.query_string) for each in registry.requests] == [("/v2/app/tags/list", "n=1000")]
        assert registry.requests[0].headers["Accept"] == "application/json"
        registry.routes["/v2/none/tags/"] = answer(b'{"tags": null}')
        assert await client.tags(registry.host, "none") == []
        registry.routes["/v2/odd/tags/"] = answer(b"<html>")
        with pytest.raises(RegistryError):
            await client.tags(registry.host, "odd")


async def test_lists_have_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_MOST_TAGS", 4)
    more = '</v2/app/tags/list?last=b>; rel="next"'
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/tags/"] = answer(b'{"tags": ["a", "b"]}', Link=more)
        assert await client.tags(registry.host, "app") == ["a", "b", "a", "b"]
        assert len(registry.requests) == 2
        monkeypatch.setattr(clients, "_MOST_TAGS", 3)
        assert await client.tags(registry.host, "app") == ["a", "b", "a"]
        monkeypatch.setattr(clients, "_MOST_TAGS", 1000)
        monkeypatch.setattr(clients, "_MOST_PAGES", 5)
        assert len(await client.tags(registry.host, "app")) == 10


def searched(request: web.Request) -> tuple[str, dict[str, str], str]:
    return request.path, dict(request.query), request.headers["Accept"]


async def test_a_search_asks_in_the_old_way_at_the_root(tmp_path: Path) -> None:
    hits = {"results": [
        {"name": "web", "description": "a web", "star_count": 3, "is_official": True}, {"name": "b"}, {"name": "c"},
    ]}  # fmt: skip
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v1/search"] = answer(json.dumps(hits).encode())
        found = await client.search(registry.host, "web & co", limit=2)
        assert searched(registry.requests[0]) == ("/v1/search", {"q": "web & co", "n": "2"}, "application/json")

    assert found == [
        SearchResult(name=f"{registry.host}/web", description="a web", stars=3, official=True),
        SearchResult(name=f"{registry.host}/b"),
    ]


@pytest.mark.parametrize("broken", [answer(status=404), answer(b"no json"), answer(status=403), answer(b"[]")])
async def test_without_a_search_the_catalogue_is_gone_through(tmp_path: Path, broken: Any) -> None:
    async def catalogue(request: web.Request) -> web.StreamResponse:
        if "last" in request.query:
            return web.json_response({"repositories": ["Web/two", "other", "web/three", "web/four"]})
        return web.json_response(
            {"repositories": ["x", "my/web"]}, headers={"Link": '</v2/_catalog?last=my/web>; rel="next"'}
        )

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v1/search"] = broken
        registry.routes["/v2/_catalog"] = catalogue
        found = await client.search(registry.host, "WEB", limit=3)
        first = registry.seen("/v2/_catalog")[0]
    assert [each.name.removeprefix(f"{registry.host}/") for each in found] == ["my/web", "Web/two", "web/three"]
    assert (first.query_string, first.headers["Accept"]) == ("n=1000", "application/json")


async def test_the_catalogue_has_a_scope_of_its_own(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        guarded(registry, GOOD)
        registry.routes["/v1/search"] = answer(status=404)
        registry.routes["/v2/_catalog"] = in_turn(registry.routes["/v2/"], answer(b'{"repositories": ["web"]}'))
        assert len(await client.search(registry.host, "web", limit=3)) == 1
        assert registry.seen("/token")[0].query["scope"] == "registry:catalog:*"


async def test_a_registry_that_is_not_there_is_not_searched_twice(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v1/search"] = registry.hang
        registry.routes["/v2/_catalog"] = answer(b'{"repositories": ["web"]}')
        with pytest.raises(RegistryError) as caught:
            await client.search(registry.host, "web", limit=3)
        assert not registry.seen("/v2/_catalog")
    assert caught.value.code is Code.TIMEOUT


# --- logins and token servers ---


def guarded(registry: NastyRegistry, give: Any) -> None:
    async def guard(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") == "Bearer good":
            return web.Response(body=MANIFEST, content_type=MANIFEST_TYPES[0])
        stated = f'Bearer realm="http://{registry.host}/token?fixed=1",service="test"'
        return web.Response(status=401, headers={"WWW-Authenticate": stated})

    registry.routes["/token"] = give
    registry.routes["/v2/"] = guard


GOOD = answer(b'{"token": "good"}')


async def test_a_login_page_is_no_login(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        login = Login(server=registry.host, username="me", password="secret")
        registry.routes["/v2/"] = answer(b"<html>", Content_Type="text/html")
        with pytest.raises(RegistryError, match="does not answer like a registry") as caught:
            await client.check_login(login)
        assert caught.value.details == f"http://{registry.host}/v2/"
        registry.routes["/v2/"] = answer(b"{}", Content_Type="application/json")
        await client.check_login(login)
        registry.routes["/v2/"] = answer(status=403)
        with pytest.raises(RegistryError) as caught:
            await client.check_login(login)
    assert caught.value.code is Code.FORBIDDEN


async def test_a_token_server_is_told_who_asks_and_for_what(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        guarded(registry, GOOD)
        await manifest(client, registry.host, login=ME)
        (asked,) = registry.seen("/token")
    assert (asked.method, dict(asked.query)) == ("GET", {
        "fixed": "1", "service": "test", "scope": "repository:app:pull", "account": "me",
    })  # fmt: skip
    assert (asked.headers["User-Agent"], asked.headers["Accept-Encoding"]) == ("wherry/0", "identity")
    assert asked.headers["Authorization"].startswith("Basic ")


async def test_a_refresh_token_goes_in_a_form(tmp_path: Path) -> None:
    forms: list[dict[str, Any]] = []

    async def give(request: web.Request) -> web.StreamResponse:
        forms.append(dict(await request.post()))
        return web.json_response({"access_token": "good"})

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        guarded(registry, give)
        await manifest(client, registry.host, login=Login(server="r", username="", identity_token="refresh"))
        (asked,) = registry.seen("/token")
    assert (asked.method, "Authorization" in asked.headers) == ("POST", False)
    assert forms[0]["refresh_token"] == "refresh"
    assert forms[0]["scope"] == "repository:app:pull"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_token_server_with_trouble_is_asked_again(tmp_path: Path, status: int) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        guarded(registry, in_turn(answer(status=status), answer(status=status), GOOD))
        assert (await manifest(client, registry.host)).raw == MANIFEST
        assert len(registry.seen("/token")) == 3
        guarded(registry, answer(b"", status=status))
        client.transport.forget()
        error = await refusal(client, registry.host)
        assert len(registry.seen("/token")) == 3 + IMPATIENT.tries
    assert (error.title, error.code) == (f"{registry.host} answered {status}", Code.BAD_RESPONSE)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_token_server_that_says_no_is_not_asked_again(tmp_path: Path, status: int) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        guarded(registry, answer(b'{"details": "unknown"}', status=status))
        error = await refusal(client, registry.host)
        assert len(registry.seen("/token")) == 1
    assert (error.code, error.explanation) == (Code.UNAUTHORIZED, "unknown")
    assert error.details.startswith(f"HTTP 401 from http://{registry.host}/token")


async def test_a_token_servers_other_refusals_are_told_as_they_are(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        guarded(registry, answer(b"", status=429))
        assert (await refusal(client, registry.host)).code is Code.RATE_LIMITED


async def test_a_password_is_not_sent_in_the_clear(tmp_path: Path) -> None:
    """The token server that is named speaks plain HTTP, and is on another machine."""
    far = "http://auth.example/token"

    async def guard(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=401, headers={"WWW-Authenticate": f'Bearer realm="{far}"'})

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/"] = guard
        error = await refusal(client, registry.host)
    assert error.title == f"{registry.host} wants the password sent without encryption"
    assert (error.code, error.details, error.subject) == (Code.TLS, far, registry.host)
    assert "insecure" in error.hint


async def test_a_refusal_after_the_answer_forgets_the_login(tmp_path: Path) -> None:
    """One refusal is answered once; the next request asks for a new token."""
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        guarded(registry, answer(b'{"token": "bad"}'))
        assert (await refusal(client, registry.host)).code is Code.UNAUTHORIZED
        assert [len(registry.seen("/token")), len(registry.seen("/v2/"))] == [1, 2]
        registry.routes["/token"] = GOOD
        await manifest(client, registry.host)
        await manifest(client, registry.host)
        assert [len(registry.seen("/token")), len(registry.seen("/v2/"))] == [2, 5]


# --- the way there ---


async def test_pauses_grow_and_have_an_end(tmp_path: Path) -> None:
    async with client_for(tmp_path, limits=Limits(first_pause=1.0, longest_pause=5.0)) as client:
        pauses = [[client.transport._pause(attempt) for _ in range(200)] for attempt in range(5)]
    for middle, found in zip((1.0, 2.0, 4.0, 5.0, 5.0), pauses, strict=True):
        assert 0.75 * middle <= min(found) < max(found) <= 1.25 * middle


async def test_redirects_within_reason_are_followed(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        for number in range(1, 7):
            registry.routes[f"/v2/app/manifests/{number}"] = answer(
                status=307, Location=f"/v2/app/manifests/{number + 1}"
            )
        registry.routes["/v2/app/manifests/7"] = answer(MANIFEST, **JSON)
        assert (await manifest(client, registry.host)).raw == MANIFEST
        registry.routes["/v2/app/manifests/0"] = answer(status=307, Location="/v2/app/manifests/1")
        error = await refusal(client, registry.host, "0")
    assert "circles" in error.title
    assert "7 redirects" in error.explanation


async def test_a_redirect_without_a_place_is_an_answer(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = answer(status=302)
        assert (await refusal(client, registry.host)).title == f"{registry.host} answered 302"


async def test_what_passes_is_tried_again_and_told(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = in_turn(answer(status=503), answer(status=429, Retry_After="0"), answer(MANIFEST))
        assert (await manifest(client, registry.host)).raw == MANIFEST
        assert len(registry.requests) == 3
        registry.routes["/v2/other/"] = answer(status=418)
        with pytest.raises(RegistryError):
            await client.tags(registry.host, "other")
        assert len(registry.requests) == 4


async def test_a_refusal_that_breaks_off_is_told_all_the_same(tmp_path: Path) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=403)
        response.content_length = 500
        await response.prepare(request)
        await response.write(b"half of it")
        assert request.transport is not None
        request.transport.close()
        return response

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = broken
        assert (await refusal(client, registry.host)).code is Code.FORBIDDEN


async def test_a_short_answer_of_a_document_is_asked_for_again(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = in_turn(blob(MANIFEST, break_after=5), answer(MANIFEST, **JSON))
        assert (await manifest(client, registry.host)).raw == MANIFEST
        registry.routes["/v2/app/"] = blob(MANIFEST, break_after=5)
        before = len(registry.requests)
        error = await refusal(client, registry.host)
        assert len(registry.requests) - before == IMPATIENT.tries
    assert (error.code, error.title) == (Code.CONNECT, f"The connection to {registry.host} broke")


async def test_the_login_of_a_namespace_is_used_for_what_is_in_it(tmp_path: Path) -> None:
    async with serve_nastily() as registry:
        logins = Logins(tmp_path / "own.json", helper=no_helper, config_files=[tmp_path / "auth.json"])
        auth = {"auth": "dGVhbTp0"}  # team:t
        (tmp_path / "auth.json").write_text(json.dumps({"auths": {f"{registry.host}/app": auth}}))
        async with client_for(tmp_path, logins=logins) as client:
            guarded(registry, GOOD)
            await manifest(client, registry.host)
        assert registry.seen("/token")[0].query["account"] == "team"


async def test_a_proxy_is_shown_its_own_login(tmp_path: Path) -> None:
    async with serve_nastily() as proxy:
        proxy.routes["/"] = answer(MANIFEST, **JSON)
        asked: list[tuple[str, str]] = []

        def through(scheme: str, host: str) -> str:
            asked.append((scheme, host))
            return f"http://me:{quote('p:w')}@{proxy.host}"

        async with client_for(tmp_path) as plain:
            logins = plain.transport._logins
        transport = Transport(logins, limits=IMPATIENT, proxy=through)
        settings = [RegistrySettings(host="far.example", insecure=True)]
        transport._schemes["far.example"] = "http"
        client = clients.RegistryClient(transport, RegistryBook(settings))
        try:
            assert (await manifest(client, "far.example")).raw == MANIFEST
        finally:
            await transport.close()
        (request,) = proxy.requests
    assert [(scheme, host.partition(":")[0]) for scheme, host in asked] == [("http", "far.example")]
    assert request.headers["Host"] == "far.example"
    assert request.headers["Proxy-Authorization"] == "Basic bWU6cDp3"
