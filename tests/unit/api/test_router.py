"""Paths, versions and headers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.api import router
from engine.api.http.statuses import Refusal
from engine.api.router import Router
from engine.api.routes import ROUTES
from engine.errors import NotFound
from tests.unit.api.serving import until

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

ID = "c2"

# What docker 28 and compose send, command by command.
SENT = """
HEAD /_ping
GET /version
GET /info
GET /system/df
POST /images/create
GET /images/json
GET /images/alpine:3.10/json
GET /images/127.0.0.1:5000/t/alpine/json
GET /images/alpine:3.10/history
POST /images/alpine:3.10/tag
POST /images/127.0.0.1:5000/t/alpine/push
GET /images/get
DELETE /images/127.0.0.1:5000/t/alpine:x
POST /images/load
POST /build
POST /build/prune
POST /grpc
POST /session
GET /images/search
POST /auth
POST /containers/create
POST /containers/c1/start
POST /containers/c1/wait
POST /containers/c1/attach
GET /containers/json
GET /containers/c2/json
GET /volumes/vol1
GET /networks/nosuchthing
GET /plugins/nosuchthing/json
GET /containers/c2/logs
GET /containers/c2/top
GET /containers/c2/stats
GET /events
GET /containers/c2/changes
POST /containers/c1/rename
POST /containers/c2/update
POST /containers/c2/pause
POST /containers/c2/unpause
POST /containers/c2/exec
POST /exec/e1/start
POST /exec/e1/resize
GET /exec/e1/json
GET /containers/c2/archive
HEAD /containers/c2/archive
PUT /containers/c2/archive
GET /containers/c2/export
POST /commit
POST /containers/c2/kill
POST /containers/c2/stop
POST /containers/c2/restart
POST /containers/c2/resize
DELETE /containers/c2
POST /networks/create
GET /networks
POST /networks/bridge/connect
POST /networks/bridge/disconnect
DELETE /networks/n1
POST /networks/prune
POST /volumes/create
GET /volumes
DELETE /volumes/v2
POST /volumes/prune
POST /containers/prune
POST /images/prune
GET /containers/nosuch/checkpoints
GET /plugins
GET /nodes
GET /services
GET /secrets
GET /configs
GET /swarm
""".split("\n")


@pytest.mark.parametrize("line", [line for line in SENT if line])
def test_everything_docker_sends_has_a_handler(line: str) -> None:
    method, path = line.split(" ")
    route, _ = Router(ROUTES).find(method, path)
    assert route.method == method


def test_image_names_keep_their_slashes() -> None:
    _, words = Router(ROUTES).find("POST", "/images/127.0.0.1:5000/t/alpine/push")
    assert words == {"name": "127.0.0.1:5000/t/alpine"}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nosuch", 404), ("PATCH", "/info", 404)])
def test_what_is_not_there_is_refused(method: str, path: str, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        Router(ROUTES).find(method, path)
    assert caught.value.status == status


async def test_ping_says_what_clients_negotiate_by(api: Served) -> None:
    reply = await api.ask("HEAD", "/_ping")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Api-Version"] == "1.54"
    assert reply.headers["Builder-Version"] == "1"
    assert reply.headers["Docker-Experimental"] == "false"
    assert reply.headers["Ostype"] == "linux"
    assert reply.headers["Swarm"] == "inactive"
    assert (await api.ask("GET", "/_ping")).headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("version", ["", "/v1.24", "/v1.41", "/v1.50", "/v1.54"])
async def test_versions_within_the_range_are_served(api: Served, version: str) -> None:
    assert (await api.get(f"{version}/version"))["ApiVersion"] == "1.54"


@pytest.mark.parametrize(("version", "words"), [("1.23", "too old. Minimum"), ("1.55", "too new. Maximum")])
async def test_versions_beyond_it_are_refused_in_dockers_words(api: Served, version: str, words: str) -> None:
    reply = await api.ask("GET", f"/v{version}/version")
    assert reply.status == 400
    assert f"client version {version} is {words} supported API version is" in reply.message


@pytest.mark.parametrize(
    "path", ["/containers/%00/json", "/containers/%ff%fe/json", "/containers/" + "x" * 5000 + "/json", "//", "/v1.50"]
)
async def test_odd_paths_are_refused_not_served(api: Served, path: str) -> None:
    assert (await api.ask("GET", path)).status in (400, 404, 414)


async def test_no_swarm_is_said_as_a_daemon_without_one_says_it(api: Served) -> None:
    for path in ("/nodes", "/services?status=true", "/swarm", "/tasks", "/secrets/x"):
        assert (await api.ask("GET", path)).status == 503
    assert await api.get("/plugins") == []


@pytest.mark.parametrize(
    ("asked", "verb"),
    [
        ("POST /containers/draft/start", "start"),
        ("POST /containers/shop-web-1/stop", "stop"),
        ("POST /containers/shop-web-1/restart", "restart"),
        ("POST /containers/shop-web-1/kill", "kill"),
        ("POST /containers/shop-web-1/pause", "pause"),
        ("POST /containers/shop-web-1/unpause", "unpause"),
        ("POST /containers/shop-web-1/rename?name=other", "rename"),
        ("DELETE /containers/shop-web-1", "remove"),
    ],
)
async def test_a_change_is_finished_although_the_client_has_left(
    api: Served, monkeypatch: pytest.MonkeyPatch, asked: str, verb: str
) -> None:
    begun, may_end, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly(container: str, *_: object, **__: object) -> None:
        begun.set()
        await may_end.wait()
        done.set()
        raise NotFound("nobody is left to hear of it")

    monkeypatch.setattr(api.engine.containers, verb, slowly)
    _, writer = await api.connect()
    writer.write(f"{asked} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    await asyncio.wait_for(begun.wait(), 30)
    writer.close()
    await writer.wait_closed()
    await until(lambda: router._finishing)
    may_end.set()
    await asyncio.wait_for(done.wait(), 30)
    await until(lambda: not router._finishing)
