"""Pulling, pushing, loading: what is asked of the engine, and how its progress is told to Docker's clients."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.api.docker.progress import LayerTeller, bar, human_size
from engine.errors import Cancelled, Code, RegistryError, StorageError
from engine.types.data import Platform, now
from engine.types.images import LayerPhase, LayerProgress, Login, PullImage, PushImage, RemoteImage
from engine.types.operations import Operation, OperationState
from tests.fakes.store import fake_digest
from tests.unit.api.serving import Played, until

if TYPE_CHECKING:
    from tests.unit.api.serving import Served


def state(*layers: LayerProgress) -> Operation:
    return Operation(
        id="played", kind="pull", title="", subject="", state=OperationState.RUNNING, started=now(), layers=layers
    )


def layer(
    phase: LayerPhase, done: int = 0, total: int = 0, *, note: str = "", digest: str = "sha256:" + "a" * 64
) -> Any:
    return LayerProgress(digest=digest, phase=phase, done=done, total=total, note=note)


# --- how far it is ---


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0B"), (999, "999B"), (1000, "1kB"), (1234, "1.234kB"), (12345, "12.35kB"), (999_999, "1000kB"),
        (1_000_000, "1MB"), (2_500_000_000, "2.5GB"), (3.2e12, "3.2TB"), (3.2e15, "3200TB"),
    ],
)  # fmt: skip
def test_sizes_in_dockers_words(size: float, words: str) -> None:
    assert human_size(size) == words


@pytest.mark.parametrize(
    ("done", "total", "words"),
    [
        (5, 0, "5B"),
        (0, 100, "[>" + " " * 49 + "]  0B/100B"),
        (1, 100, "[>" + " " * 49 + "]  1B/100B"),
        (2, 100, "[=>" + " " * 48 + "]  2B/100B"),
        (50, 100, "[" + "=" * 25 + ">" + " " * 24 + "]  50B/100B"),
        (99, 100, "[" + "=" * 49 + ">]  99B/100B"),
        (100, 100, "[" + "=" * 50 + "]  100B/100B"),
        (150, 100, "[" + "=" * 50 + "]  150B/100B"),
        (1, 1, "[" + "=" * 50 + "]  1B/1B"),
    ],
)
def test_the_bar_of_older_clients_is_fifty_wide(done: int, total: int, words: str) -> None:
    assert bar(done, total) == words


A = "a" * 12
PULL = [
    (layer(LayerPhase.WAITING), [("Pulling fs layer", {}, None), ("Waiting", {}, None)]),
    (layer(LayerPhase.WAITING), []),
    (layer(LayerPhase.DOWNLOADING, 1, 4), [("Downloading", {"current": 1, "total": 4}, bar(1, 4))]),
    (layer(LayerPhase.DOWNLOADING, 1, 4), []),
    (layer(LayerPhase.DOWNLOADING, 2, 4), [("Downloading", {"current": 2, "total": 4}, bar(2, 4))]),
    (layer(LayerPhase.DOWNLOADING, 3), [("Downloading", {}, "3B")]),
    (layer(LayerPhase.RETRYING, note="in 5 seconds"), [("Retrying (in 5 seconds)", {}, None)]),
    (layer(LayerPhase.RETRYING, 7), []),
    (layer(LayerPhase.VERIFYING, 4, 4), [("Verifying Checksum", {}, None)]),
    (layer(LayerPhase.VERIFYING, 2, 4), []),
    (layer(LayerPhase.UNPACKING, 4, 8), [("Extracting", {"current": 4, "total": 8}, bar(4, 8))]),
    (layer(LayerPhase.DONE), [("Pull complete", {}, None)]),
    (layer(LayerPhase.RETRYING), [("Retrying", {}, None)]),
    (layer(LayerPhase.UPLOADING, 1, 2), [("uploading", {"current": 1, "total": 2}, bar(1, 2))]),
]
PUSH = [
    (layer(LayerPhase.WAITING), [("Waiting", {}, None)]),
    (layer(LayerPhase.VERIFYING), [("Preparing", {}, None)]),
    (layer(LayerPhase.UPLOADING, 1, 2), [("Pushing", {"current": 1, "total": 2}, bar(1, 2))]),
    (layer(LayerPhase.MOUNTED), [("Mounted from another repository", {}, None)]),
    (layer(LayerPhase.RETRYING), [("Retrying", {}, None)]),
    (layer(LayerPhase.PRESENT), [("Layer already exists", {}, None)]),
    (layer(LayerPhase.DONE), [("Pushed", {}, None)]),
]


@pytest.mark.parametrize(("push", "steps"), [(False, PULL), (True, PUSH)])
def test_a_layer_is_told_when_it_differs_from_the_last_word_about_it(push: bool, steps: list[Any]) -> None:
    tell = LayerTeller(push=push)
    for told, expected in steps:
        messages = [
            {"status": status, "progressDetail": detail, "id": A} | ({"progress": progress} if progress else {})
            for status, detail, progress in expected
        ]
        assert tell(state(told)) == messages, told


def test_each_layer_is_told_by_itself_and_one_that_is_here_needs_no_beginning() -> None:
    tell = LayerTeller(push=False)
    present = layer(LayerPhase.PRESENT, digest="sha256:" + "b" * 64)
    odd = layer(LayerPhase.DONE, digest="whatever-it-is")
    told = [(each["status"], each["id"]) for each in tell(state(layer(LayerPhase.DONE), present, odd))]
    assert told == [
        ("Pulling fs layer", A),
        ("Pull complete", A),
        ("Already exists", "b" * 12),
        ("Pulling fs layer", "whatever-it-"),
        ("Pull complete", "whatever-it-"),
    ]


# --- pull ---


def pulled(api: Served, ends: str | BaseException | None = "docker.io/library/nginx:1.27", *states: Operation) -> Any:
    played = Played(*states, ends=ends)
    return api.hear("images.pull", played), played


@pytest.mark.parametrize(
    ("query", "request_"),
    [
        ("fromImage=nginx&tag=1.27", PullImage(reference="nginx:1.27")),
        ("fromImage=nginx:1.27", PullImage(reference="nginx:1.27")),
        ("fromImage=nginx", PullImage(reference="nginx", all_tags=True)),
        ("fromImage=r.example:5000/nginx", PullImage(reference="r.example:5000/nginx", all_tags=True)),
        ("fromImage=nginx@sha256:abc", PullImage(reference="nginx@sha256:abc")),
        ("fromImage=nginx&tag=sha256:abc", PullImage(reference="nginx@sha256:abc")),
        ("fromImage=nginx&tag=1&platform=linux/arm64", PullImage(reference="nginx:1", platform="linux/arm64")),
    ],
)
async def test_what_is_pulled_is_what_the_client_means(api: Served, query: str, request_: PullImage) -> None:
    heard, _ = pulled(api)
    assert (await api.ask("POST", f"/images/create?{query}")).status == 200
    assert heard == [{"request": request_}]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("fromImage=nginx&tag=1.27", {"status": "Pulling from library/nginx", "id": "1.27"}),
        ("fromImage=nginx&tag=sha256:abc", {"status": "Pulling from nginx"}),
        ("fromImage=ghcr.io/acme/x:1", {"status": "Pulling from ghcr.io/acme/x"}),
    ],
)
async def test_a_pull_begins_with_what_is_pulled(api: Served, query: str, title: dict[str, str]) -> None:
    pulled(api)
    lines = (await api.ask("POST", f"/images/create?{query}")).lines()
    assert lines[0] == title or lines[0] | {"status": ""} == title | {"status": ""}


async def test_a_pull_tells_its_layers_its_digest_and_what_came_of_it(api: Served) -> None:
    nginx = api.engine.store.image("nginx:1.27")
    digest = nginx.digests[0].partition("@")[2]
    pulled(api, nginx.tags[0], state(), state(layer(LayerPhase.DOWNLOADING, 1, 2)), state(layer(LayerPhase.DONE)))
    reply = await api.ask("POST", "/images/create?fromImage=docker.io/library/nginx&tag=1.27")
    assert reply.body.count(b"\r\n") == 6
    assert reply.headers["Content-Type"] == "application/json"
    lines = reply.lines()
    assert [line["status"] for line in lines[1:4]] == ["Pulling fs layer", "Downloading", "Pull complete"]
    assert lines[4:] == [
        {"status": f"Digest: {digest}"},
        {"status": "Status: Image is up to date for nginx:1.27"},
    ]


async def test_an_image_that_was_not_here_or_was_another_is_newer(api: Served) -> None:
    real = api.engine.images.get
    asked: list[str] = []

    async def get(image: str) -> Any:
        asked.append(image)
        found = await real("nginx:1.27")
        return found if len(asked) > 1 else replace(found, id=fake_digest("before"))

    api.engine.images.get = get  # type: ignore[method-assign]
    pulled(api, "")
    lines = (await api.ask("POST", "/images/create?fromImage=docker.io/library/nginx&tag=1.27")).lines()
    assert lines[-1] == {"status": "Status: Downloaded newer image for nginx:1.27"}
    assert asked == ["docker.io/library/nginx:1.27"] * 2
    del api.engine.images.get
    pulled(api, "nosuch:1")
    lines = (await api.ask("POST", "/images/create?fromImage=nginx&tag=1.27")).lines()
    assert lines[-1] == {"status": "Status: Downloaded newer image for nginx:1.27"}


@pytest.mark.parametrize(
    "query",
    [
        "fromImage=docker.io/library/nginx&tag=1.27",
        "fromImage=nginx&tag=1.27",
        "fromImage=nginx@sha256:2",
        "fromImage=nginx&tag=sha256:2",
        "fromImage=docker.io/library/nginx@sha256:2",
    ],
)
async def test_the_digest_that_is_told_is_that_of_the_repository_it_came_from(api: Served, query: str) -> None:
    """An image may stand in several, with another in each."""
    store = api.engine.store
    nginx = store.image("nginx:1.27")
    digests = ("r.example:5000/nginx@sha256:1", "docker.io/library/nginx@sha256:2", "docker.io/acme/nginx@sha256:3")
    store.put("image", replace(nginx, digests=digests))
    pulled(api, nginx.id)
    lines = (await api.ask("POST", f"/images/create?{query}")).lines()
    assert lines[-2] == {"status": "Digest: sha256:2"}
    lines = (await api.ask("POST", "/images/create?fromImage=r.example:5000/nginx&tag=1.27")).lines()
    assert lines[-2] == {"status": "Digest: sha256:1"}
    store.put("image", replace(nginx, digests=digests[:1]))
    lines = (await api.ask("POST", f"/images/create?{query}")).lines()
    assert lines[-2] == {"status": "Digest: sha256:1"}, "the only one"
    store.put("image", replace(nginx, digests=()))
    lines = (await api.ask("POST", f"/images/create?{query}")).lines()
    assert [line["status"].partition(":")[0] for line in lines][1:] == ["Status"]


async def test_a_pull_of_nothing_is_refused(api: Served) -> None:
    reply = await api.ask("POST", "/images/create")
    assert (reply.status, reply.message) == (400, "neither fromImage nor fromSrc was given")


async def test_a_failure_is_a_status_before_and_a_line_after_the_first_word(api: Served) -> None:
    error = RegistryError("It wants to know who you are", code=Code.UNAUTHORIZED)
    pulled(api, error, state())
    reply = await api.ask("POST", "/images/create?fromImage=x&tag=1")
    assert (reply.status, reply.message) == (401, "It wants to know who you are")
    pulled(api, error, state(layer(LayerPhase.WAITING)))
    reply = await api.ask("POST", "/images/create?fromImage=x&tag=1")
    words = "It wants to know who you are"
    assert (reply.status, reply.lines()[-1]) == (
        200,
        {"errorDetail": {"code": 401, "message": words}, "error": words},
    )
    pulled(api, Cancelled(), state())
    reply = await api.ask("POST", "/images/create?fromImage=x&tag=1")
    assert (reply.status, reply.lines()) == (200, [{"errorDetail": {"message": "cancelled"}, "error": "cancelled"}])


@pytest.mark.parametrize("ends", [None, StorageError("The disk is full")])
async def test_a_client_that_leaves_cancels_its_pull(api: Served, ends: Any) -> None:
    class Slow(Played):
        async def watch(self) -> Any:
            yield state(layer(LayerPhase.WAITING))
            began.set()
            await self.cancelled.wait()

    began = asyncio.Event()
    played = Slow(ends=ends)
    api.hear("images.pull", played)
    _, writer = await api.connect()
    writer.write(b"POST /images/create?fromImage=x&tag=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    await asyncio.wait_for(began.wait(), 30)
    writer.close()
    await asyncio.wait_for(played.cancelled.wait(), 30)
    await until(lambda: api.server.idle_seconds > 0)


# --- push ---


@pytest.mark.parametrize(
    ("path", "request_", "repository"),
    [
        ("/images/nginx/push?tag=1.27", PushImage(reference="nginx:1.27"), "nginx"),
        ("/images/nginx:1.27/push", PushImage(reference="nginx:1.27"), "nginx"),
        ("/images/nginx/push", PushImage(reference="nginx", all_tags=True), "nginx"),
        ("/images/r.example:5000/x/push", PushImage(reference="r.example:5000/x", all_tags=True), "r.example:5000/x"),
    ],
)
async def test_a_push_brings_one_name_or_all_of_them(
    api: Served, path: str, request_: PushImage, repository: str
) -> None:
    heard = api.hear("images.push", Played(state(layer(LayerPhase.MOUNTED)), ends="docker.io/library/nginx"))
    reply = await api.ask("POST", path)
    assert reply.status == 200, reply.body
    assert heard == [{"request": request_}]
    assert reply.lines() == [
        {"status": f"The push refers to repository [{repository}]"},
        {"status": "Mounted from another repository", "progressDetail": {}, "id": A},
    ]


async def test_a_push_of_one_ends_with_its_digest(api: Served) -> None:
    size = api.engine.store.image("nginx:1.27").size
    api.hear("images.push", Played(ends="docker.io/library/nginx:1.27@sha256:abc"))
    lines = (await api.ask("POST", "/images/nginx/push?tag=1.27")).lines()
    assert lines[1:] == [
        {"status": f"1.27: digest: sha256:abc size: {size}"},
        {"progressDetail": {}, "aux": {"Tag": "1.27", "Digest": "sha256:abc", "Size": size}},
    ]
    assert len((await api.ask("POST", "/images/nginx/push")).lines()) == 1


async def test_a_push_that_cannot_be_is_refused(api: Served) -> None:
    reply = await api.ask("POST", "/images/nginx/push?tag=1.27&platform=linux/amd64")
    assert (reply.status, "an image here has one platform" in reply.message) == (501, True)
    reply = await api.ask("POST", "/images/nosuch/push?tag=3")
    assert (reply.status, reply.message) == (404, "No such image: nosuch:3")


# --- logins ---


def packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    ("given", "login"),
    [
        ({"username": "u", "password": "p"}, Login(server="", username="u", password="p")),
        ({"auth": base64.b64encode(b"u:p:q").decode(), "serveraddress": "s"},
         Login(server="s", username="u", password="p:q")),
        ({"auth": base64.b64encode(b"u:p").decode(), "username": "x", "password": "y"},
         Login(server="", username="x", password="y")),
        ({"identitytoken": "t"}, Login(server="", username="", identity_token="t")),
        ({"registrytoken": "t"}, Login(server="", username="", identity_token="t")),
        ({"identitytoken": "i", "registrytoken": "t"}, Login(server="", username="", identity_token="i")),
        ({"password": "p"}, None),
        ({"auth": "%%%"}, None),
        ({}, None),
        (None, None),
    ],
)  # fmt: skip
async def test_a_login_beside_the_request_is_used_for_it(api: Served, given: Any, login: Login | None) -> None:
    pull, _ = pulled(api)
    push = api.hear("images.push", Played())
    found = RemoteImage(reference="x", media_type="m", digest="d", size=1, platforms=(Platform(),))
    look = api.hear("images.remote_image", found)
    header = packed(given)
    await api.ask("POST", "/images/create?fromImage=x&tag=1", X_Registry_Auth=header)
    await api.ask("POST", "/images/nginx/push?tag=1.27", X_Registry_Auth=header)
    reply = await api.ask("GET", "/distribution/acme/x:2/json", X_Registry_Auth=header)
    assert pull[0]["request"].login == push[0]["request"].login == login
    assert look == [{"reference": "acme/x:2", "login": login}]
    assert reply.json() == {
        "Descriptor": {"mediaType": "m", "digest": "d", "size": 1},
        "Platforms": [{"architecture": "amd64", "os": "linux"}],
    }


async def test_a_login_to_be_tried_is_tried_and_not_kept(api: Served) -> None:
    heard = api.hear("images.login")
    reply = await api.ask("POST", "/auth", {"username": "u", "password": "p", "serveraddress": "s"})
    assert (reply.status, reply.json()) == (200, {"Status": "Login Succeeded", "IdentityToken": ""})
    assert heard == [{"login": Login(server="s", username="u", password="p"), "keep": False}]
    reply = await api.ask("POST", "/auth", {"password": "p"})
    assert (reply.status, reply.message) == (400, "no user name and no token was given")
    reply = await api.ask("POST", "/auth", {"auth": "%"})
    assert (reply.status, reply.message) == (400, "the auth field is not base64 of user:password")
