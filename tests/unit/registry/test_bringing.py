"""What is brought to a registry: bytes, names, and an upload that broke taken up where it is known to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from engine.errors import NotFound, RegistryError
from engine.images.known.manifest import MANIFEST_TYPES
from engine.registry.transport import Call
from engine.registry.upload import Upload
from tests.support.nasty_registry import answer, client_for, digest_of, in_turn, serve_nastily
from tests.unit.registry.test_asking import DATA, DIGEST, GOOD, MANIFEST, ME, guarded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.nasty_registry import NastyRegistry


class Taking:
    """The registry's side of an upload, as strange as a test wants it."""

    def __init__(self, registry: NastyRegistry, **odd: Any) -> None:
        self.odd = odd
        self.got = bytearray()
        self.registry = registry
        registry.routes["/v2/app/"] = self.handle
        registry.routes["/upload"] = self.handle

    async def handle(self, request: web.Request) -> web.StreamResponse:
        where = {"Location": self.odd.get("where", "/upload/1")}
        match request.method:
            case "POST":
                return web.Response(
                    status=self.odd.get("post", 202), headers=where if self.odd.get("says", True) else {}
                )
            case "PATCH" if self.odd.get("break"):
                self.got += (await request.content.read(self.odd.pop("break")))[:700]
                assert request.transport is not None
                request.transport.close()
            case "PATCH":
                self.got += await request.read()
                return web.Response(status=202, headers=where)
            case "GET":
                headers = {"Range": self.odd["range"]} if "range" in self.odd else {}
                if not self.odd.get("keeps", True):
                    self.got.clear()
                return web.Response(status=self.odd.get("get", 204), headers=headers)
            case "HEAD":
                return web.Response(status=self.odd.get("head", 404))
        return web.Response(status=201, headers={"Docker-Content-Digest": DIGEST})


async def test_bytes_are_sent_and_named(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        taking = Taking(registry, where="/upload/1?state=a%2Fb")
        upload = Upload(client, registry.host, "app")
        await upload.send(DIGEST, DATA, progress=lambda done: None)
        begin, patch, put = registry.requests

    assert bytes(taking.got) == DATA
    assert (begin.method, begin.path, begin.headers["Content-Length"]) == ("POST", "/v2/app/blobs/uploads/", "0")
    assert (patch.method, patch.headers["Content-Type"]) == ("PATCH", "application/octet-stream")
    assert (patch.headers["Content-Length"], "Content-Range" in patch.headers) == (str(len(DATA)), False)
    assert (put.method, put.raw_path) == ("PUT", f"/upload/1?state=a%2Fb&digest={DIGEST}")
    assert put.headers["Content-Length"] == "0"


async def test_an_empty_blob_is_only_named(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        Taking(registry)
        await Upload(client, registry.host, "app").send(digest_of(b""), b"", progress=lambda done: None)
        assert [(each.method, each.raw_path) for each in registry.requests][1:] == [
            ("PUT", f"/upload/1?digest={digest_of(b'')}")
        ]


@pytest.mark.parametrize("odd", [{"get": 404}, {}, {"range": "0-0"}, {"range": "rubbish"}], ids=repr)
async def test_an_upload_whose_state_is_unknown_begins_again(tmp_path: Path, odd: dict[str, Any]) -> None:
    told: list[int] = []
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        taking = Taking(registry, **{"break": 3000, "keeps": False}, **odd)
        await Upload(client, registry.host, "app").send(DIGEST, DATA, progress=told.append)
        assert [each.method for each in registry.requests] == ["POST", "PATCH", "GET", "POST", "PATCH", "PUT"]
    assert bytes(taking.got) == DATA
    assert 0 in told


async def test_an_upload_goes_on_at_the_same_place_where_no_other_is_said(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        taking = Taking(registry, **{"break": 3000}, range="bytes=0-699")
        await Upload(client, registry.host, "app").send(DIGEST, DATA, progress=lambda done: None)
        last = registry.requests[3]
    assert bytes(taking.got) == DATA
    assert (last.method, last.headers["Content-Range"]) == ("PATCH", f"700-{len(DATA) - 1}")


async def test_a_registry_that_does_not_say_where_is_told_so(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        Taking(registry, says=False)
        with pytest.raises(RegistryError, match="does not say where to go on") as caught:
            await Upload(client, registry.host, "app").send(DIGEST, DATA, progress=lambda done: None)
    assert caught.value.details == f"http://{registry.host}/v2/app/blobs/uploads/"


async def test_what_is_there_need_not_be_brought(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        upload = Upload(client, registry.host, "app")
        Taking(registry, head=200)
        assert await upload.has(DIGEST)
        Taking(registry)
        assert not await upload.has(DIGEST)
        assert {each.path for each in registry.requests} == {f"/v2/app/blobs/{DIGEST}"}


async def test_mounting_asks_to_read_there_and_to_write_here(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        upload = Upload(client, registry.host, "app", login=ME)
        guarded(registry, GOOD)
        registry.routes["/v2/app/"] = in_turn(registry.routes["/v2/"], answer(status=201))
        assert await upload.mount(DIGEST, "team/base")
        (asked,) = registry.seen("/token")
        mounted = registry.seen("/v2/app/")[0]
        registry.routes["/v2/app/"] = answer(status=500)
        before = len(registry.requests)
        assert not await upload.mount(DIGEST, "team/base")
        assert len(registry.requests) == before + 1, "it is sent instead, and nobody waits"
    assert asked.query.getall("scope") == ["repository:app:pull,push", "repository:team/base:pull"]
    assert dict(mounted.query) == {"mount": DIGEST, "from": "team/base"}


async def test_an_upload_that_nobody_needs_is_taken_back_once_and_in_ones_own_name(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        guarded(registry, GOOD)
        allowed = registry.routes["/v2/"]
        registry.routes["/v2/app/"] = in_turn(allowed, answer(status=202, Location="/v2/app/blobs/uploads/1"))
        registry.routes["/v2/app/blobs/uploads/1"] = answer(status=503)
        assert not await Upload(client, registry.host, "app", login=ME).mount(DIGEST, "team/base")
        (taken_back,) = registry.seen("/v2/app/blobs/uploads/1")
    assert taken_back.method == "DELETE"
    assert taken_back.headers["Authorization"].startswith("Bearer ")


async def test_a_manifest_is_put_under_its_name(tmp_path: Path) -> None:
    bodies: list[bytes] = []

    async def take(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.read())
        return web.Response(status=201, headers={"Docker-Content-Digest": DIGEST})

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        upload = Upload(client, registry.host, "app")
        registry.routes["/v2/app/manifests/"] = take
        assert await upload.put_manifest("1", MANIFEST, MANIFEST_TYPES[0]) == DIGEST
        (put,) = registry.requests
        registry.routes["/v2/app/manifests/"] = answer(status=201)
        assert await upload.put_manifest(DIGEST, MANIFEST, MANIFEST_TYPES[0]) == ""
        registry.routes["/v2/app/manifests/"] = answer(status=404)
        with pytest.raises(NotFound):
            await upload.put_manifest("1", MANIFEST, MANIFEST_TYPES[0])
        assert registry.requests[1].raw_path == f"/v2/app/manifests/{DIGEST}"
    assert (put.method, put.path, put.headers["Content-Type"]) == ("PUT", "/v2/app/manifests/1", MANIFEST_TYPES[0])
    assert bodies == [MANIFEST]


async def test_an_upload_that_never_gets_further_ends(tmp_path: Path) -> None:
    async def cutting(request: web.Request) -> web.StreamResponse:
        if request.method == "PATCH":
            assert request.transport is not None
            request.transport.close()
        if request.method == "GET":
            return web.Response(status=204, headers={"Range": "0-0"})
        return web.Response(status=202, headers={"Location": "/upload/1"})

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = registry.routes["/upload"] = cutting
        with pytest.raises(RegistryError):
            await Upload(client, registry.host, "app").send(DIGEST, DATA, progress=lambda done: None)
        tried = [each.method for each in registry.requests].count("PATCH")
    assert tried == client.transport.tries + 1


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [(303, "PUT", "GET"), (303, "HEAD", "HEAD"), (303, "GET", "GET"), (307, "PUT", "PUT"), (302, "POST", "POST")],
)
async def test_only_a_303_turns_a_sending_into_a_question(tmp_path: Path, status: int, method: str, then: str) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/from"] = answer(status=status, Location="/v2/app/to")
        registry.routes["/v2/app/to"] = answer(b"there")
        call = Call(method=method, path="app/from", what="it", headers={}, accept=frozenset({200}))
        body = (lambda: b"sent") if method in ("PUT", "POST") else None
        await client.transport.read(client.book.primary(registry.host), call, largest=100, body=body)
        (asked,) = registry.seen("/v2/app/to")
        assert (asked.method, asked.headers.get("Content-Length", "0")) == (
            then,
            "4" if then in ("PUT", "POST") else "0",
        )
