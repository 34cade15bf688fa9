"""Bringing blobs to a registry that breaks connections, mounts, or has everything already."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from engine.errors import Code, WherryError
from engine.registry.upload import Upload
from tests.support.nasty_registry import client_for, digest_of, serve_nastily

if TYPE_CHECKING:
    from tests.support.nasty_registry import NastyRegistry

DATA = bytes(range(256)) * 8000


class Receiver:
    """The registry's side of uploads. `break_after` cuts the first PATCH after so many bytes."""

    def __init__(
        self, registry: NastyRegistry, *, break_after: int | None = None, mounts: tuple[str, ...] = ()
    ) -> None:
        self.got = bytearray()
        self.finished: list[str] = []
        self._break_after = break_after
        self._mounts = mounts
        registry.routes["/v2/app/blobs/uploads/"] = self.handle

    async def handle(self, request: web.Request) -> web.StreamResponse:
        where = {"Location": "/v2/app/blobs/uploads/1?state=x"}
        if request.method == "POST":
            mounted = request.query.get("from", "") in self._mounts
            return web.Response(status=201 if mounted else 202, headers=where)
        if request.method == "GET":
            return web.Response(status=204, headers={**where, "Range": f"0-{max(len(self.got) - 1, 0)}"})
        if request.method == "PATCH":
            return await self._take(request, where)
        if request.method == "DELETE":
            return web.Response(status=204)
        assert request.query["state"] == "x"
        self.finished.append(request.query["digest"])
        return web.Response(status=201)

    async def _take(self, request: web.Request, where: dict[str, str]) -> web.StreamResponse:
        if "Content-Range" in request.headers:
            assert request.headers["Content-Range"] == f"{len(self.got)}-{len(DATA) - 1}"
        async for piece in request.content.iter_any():
            self.got += piece
            if self._break_after is not None and len(self.got) >= self._break_after:
                del self.got[self._break_after :]
                self._break_after = None
                assert request.transport is not None
                request.transport.close()
                break
        return web.Response(status=202, headers=where)


def _leads_to(fd: Path, file: Path) -> bool:
    try:
        return fd.readlink() == file
    except OSError:
        return False  # closed since it was listed


@pytest.fixture
def blob_file(tmp_path: Path) -> Path:
    path = tmp_path / "blob"
    path.write_bytes(DATA)
    return path


async def test_a_blob_is_sent_whole(tmp_path: Path, blob_file: Path) -> None:
    told: list[int] = []
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        receiver = Receiver(registry)
        await Upload(client, registry.host, "app").send(digest_of(DATA), blob_file, progress=told.append)

    assert hashlib.sha256(receiver.got).digest() == hashlib.sha256(DATA).digest()
    assert receiver.finished == [digest_of(DATA)]
    assert told[-1] == len(DATA)


async def test_a_broken_upload_goes_on_where_the_registry_got_to(tmp_path: Path, blob_file: Path) -> None:
    said: list[str] = []
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        receiver = Receiver(registry, break_after=700_000)
        await Upload(client, registry.host, "app").send(
            digest_of(DATA), blob_file, progress=lambda done: None, on_retry=said.append
        )
        patches = [request for request in registry.requests if request.method == "PATCH"]

    assert bytes(receiver.got) == DATA
    assert len(patches) == 2
    assert "going on" in said[0]


async def test_nothing_stays_open_between_two_pieces(tmp_path: Path, blob_file: Path) -> None:
    """A connection that breaks drops the sending where it stands; a file it held would stay open."""
    held: list[Path] = []

    def look(done: int) -> None:
        held.extend(fd for fd in Path("/proc/self/fd").iterdir() if _leads_to(fd, blob_file))

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        Receiver(registry)
        await Upload(client, registry.host, "app").send(digest_of(DATA), blob_file, progress=look)

    assert held == []


async def test_mounting(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:
        Receiver(registry, mounts=("library/base",))
        upload = Upload(client, registry.host, "app")

        assert await upload.mount(digest_of(DATA), "library/base")
        assert not await upload.mount(digest_of(DATA), "library/other")
        assert [request.method for request in registry.requests if request.method == "DELETE"] == ["DELETE"]


async def test_a_refused_push_says_so(tmp_path: Path, blob_file: Path) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.json_response({"errors": [{"code": "DENIED", "message": "not yours"}]}, status=403)

    async with serve_nastily() as registry, client_for(tmp_path) as client:
        registry.routes["/v2/app/"] = refuse
        with pytest.raises(WherryError) as caught:
            await Upload(client, registry.host, "app").send(digest_of(DATA), blob_file, progress=lambda done: None)

    assert caught.value.code is Code.FORBIDDEN
    assert caught.value.explanation == "not yours"
