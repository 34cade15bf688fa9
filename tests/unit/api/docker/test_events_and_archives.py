"""`GET /events`, and `docker cp`."""

from __future__ import annotations

import base64
import gzip
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from engine.api.docker.archive import go_mode
from engine.errors import NotFound
from engine.types.events import Change, EngineSnapshot, Event
from engine.types.files import FileStat, Place
from tests.fakes.store import fake_digest
from tests.unit.api.serving import filtered, pieces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.unit.api.serving import Served

WEB = fake_digest("shop-web-1")[7:]
SECOND = 10**9


def event(
    at: int, kind: Any = "container", action: str = "start", id_: str = "c1", name: str = "", **more: str
) -> Event:
    return Event(time_ns=at, kind=kind, action=action, id=id_, name=name, attributes=more)


# --- which events ---

PAST = [
    event(1, action="create", id_="aaa1", name="web", image="nginx:1.27", label="x"),
    event(2, action="exec_start: sh", id_="aaa1", name="web", image="nginx:1.27"),
    event(3, action="health_status: healthy", id_="bbb2", name="db", image="postgres"),
    event(4, kind="image", action="pull", id_="nginx:1.27", name="nginx"),
    event(5, kind="volume", action="mount", id_="data", container="aaa1"),
    event(6, kind="network", action="connect", id_="nnn3", name="shop", container="aaa1"),
    event(7, kind="build", action="build", id_="b4"),
    event(8, kind="operation", action="done", id_="o5"),
    event(9, kind="daemon", action="reload", id_="d6", name="here"),
]


async def told(api: Served, **filters: list[str]) -> list[int]:
    api.engine.store.event_log[:] = PAST
    reply = await api.ask("GET", filtered("/events?since=0.000000001&until=1", **filters))
    assert reply.status == 200, reply.body
    return [line["timeNano"] for line in reply.lines()]


FILTERS = [
    ({}, [1, 2, 3, 4, 5, 6, 7, 9]),
    ({"type": ["image"]}, [4]),
    ({"type": ["builder", "volume"]}, [5, 7]),
    ({"event": ["create"]}, [1]),
    ({"event": ["exec_start"]}, [2]),
    ({"event": ["exec_start: sh"]}, [2]),
    ({"event": ["exec"]}, []),
    ({"event": ["health_status", "pull"]}, [3, 4]),
    ({"label": ["label=x"]}, [1]),
    ({"label": ["image"]}, [1, 2, 3]),
    ({"scope": ["local"]}, [1, 2, 3, 4, 5, 6, 7, 9]),
    ({"scope": ["swarm"]}, []),
    ({"container": ["web"]}, [1, 2]),
    ({"container": ["aaa"]}, [1, 2]),
    ({"container": ["aaa1"]}, [1, 2, 5, 6]),
    ({"container": ["we"]}, [1, 2]),
    ({"container": ["eb"]}, []),
    ({"container": ["db", "web"]}, [1, 2, 3]),
    ({"image": ["nginx"]}, [1, 2, 4]),
    ({"image": ["nginx:1.27"]}, [1, 2, 4]),
    ({"image": ["nginx:1"]}, [4]),
    ({"image": ["postgres"]}, [3]),
    ({"volume": ["data"]}, [5]),
    ({"volume": ["da"]}, [5]),
    ({"network": ["shop"]}, [6]),
    ({"network": ["nnn"]}, [6]),
    ({"daemon": ["here"]}, [9]),
    ({"container": ["aaa1"], "type": ["network"]}, [6]),
    ({"config": ["x"]}, []),
    ({"node": ["x"]}, []),
    ({"plugin": ["x"]}, []),
    ({"secret": ["x"]}, []),
    ({"service": ["x"]}, []),
]


async def test_each_filter_lets_through_what_it_says(api: Served) -> None:
    for filters, expected in FILTERS:
        assert await told(api, **filters) == expected, filters


@pytest.mark.parametrize(
    ("accept", "version", "kind", "before"),
    [
        ("", "1.54", "application/json", b""),
        ("text/html, */*", "1.54", "application/json", b""),
        ("application/x-ndjson", "1.52", "application/x-ndjson", b""),
        ("application/x-ndjson", "1.51", "application/json", b""),
        ("text/html, Application/JSON-seq; q=1", "1.52", "application/json-seq", b"\x1e"),
        ("application/jsonl", "1.53", "application/jsonl", b""),
        ("application/jsonl", "1.52", "application/json", b""),
        ("application/jsonl, application/x-ndjson", "1.52", "application/x-ndjson", b""),
    ],
)
async def test_events_come_in_the_form_the_client_would_rather_have(
    api: Served, accept: str, version: str, kind: str, before: bytes
) -> None:
    api.engine.store.event_log[:] = PAST[:2]
    reply = await api.ask("GET", f"/v{version}/events?since=0.000000001&until=1", Accept=accept)
    assert reply.headers["Content-Type"] == kind
    lines = reply.body.splitlines()
    assert [json.loads(line.removeprefix(before))["timeNano"] for line in lines] == [1, 2]
    assert all(line.startswith(before) for line in lines)


async def test_a_span_that_ends_before_it_begins_is_refused(api: Served) -> None:
    reply = await api.ask("GET", "/events?since=8&until=7")
    assert reply.status == 400
    assert reply.message == "`since` time (8) cannot be after `until` time (7)"
    assert (await api.ask("GET", "/events?since=7&until=7")).status == 200


@pytest.mark.parametrize(
    ("query", "since", "until"),
    [("since=5&until=6", 5 * SECOND, 6 * SECOND), ("until=6", 0, 6 * SECOND)],
)
async def test_the_log_is_asked_for_just_what_the_client_wants(api: Served, query: str, since: int, until: int) -> None:
    asked = []

    async def event_log(*, since_ns: int = 0, until_ns: int = 0) -> list[Event]:
        asked.append((since_ns, until_ns))
        return []

    api.engine.event_log = event_log  # type: ignore[method-assign]
    reply = await api.ask("GET", f"/events?{query}")
    assert (reply.status, reply.body) == (200, b"")
    assert asked == [(since, until)]


# --- what happens now ---


def live(api: Served, *changes: Change | EngineSnapshot, log: list[Event] | None = None) -> list[tuple[int, int]]:
    """The engine tells these and then no more."""
    asked: list[tuple[int, int]] = []

    @asynccontextmanager
    async def watch() -> AsyncIterator[Any]:
        yield pieces(*changes)

    async def event_log(*, since_ns: int = 0, until_ns: int = 0) -> list[Event]:
        asked.append((since_ns, until_ns))
        return log or []

    api.engine.watch = watch  # type: ignore[method-assign, assignment]
    api.engine.event_log = event_log  # type: ignore[method-assign]
    return asked


def change(happened: Event | None) -> Change:
    return Change(revision=1, kind="container", id="c1", value=None, event=happened)


async def times(api: Served, query: str = "") -> list[int]:
    return [line["timeNano"] for line in (await api.ask("GET", f"/events{query}")).lines()]


async def test_what_happens_is_told_and_what_only_changed_is_not(api: Served) -> None:
    asked = live(api, change(event(5)), change(None), change(event(6)))
    assert await times(api) == [5, 6]
    assert asked == [], "nobody asked for the past"


async def test_nothing_is_told_twice_at_the_seam_of_past_and_present(api: Served) -> None:
    live(api, change(event(5)), change(event(5, action="stop")), change(event(5, id_="c2")), change(event(6)),
         log=[event(4), event(5)])  # fmt: skip
    rows = (await api.ask("GET", "/events?since=1")).lines()
    assert [(row["timeNano"], row["Action"], row["Actor"]["ID"]) for row in rows] == [
        (4, "start", "c1"), (5, "start", "c1"), (5, "stop", "c1"), (5, "start", "c2"), (6, "start", "c1"),
    ]  # fmt: skip


async def test_what_a_slow_client_missed_is_read_in_the_log(api: Served) -> None:
    later = time.time_ns() + 3600 * SECOND
    log = [event(later), event(later + 1)]
    asked = live(api, change(event(later)), EngineSnapshot(revision=9), change(event(later + 2)), log=log)
    assert await times(api) == [later, later + 1, later + 2]
    assert asked == [(later, 0)], "from the newest it was told on"


async def test_what_lies_after_the_wished_end_is_not_told(api: Served) -> None:
    end = int(time.time()) + 3600
    live(api, change(event(end * SECOND)), change(event(end * SECOND + 1)), change(event(end * SECOND - 1)))
    assert await times(api, f"?until={end}") == [end * SECOND, end * SECOND - 1]


async def test_the_answer_ends_at_the_wished_moment(api: Served) -> None:
    until = time.time() + 0.05
    assert await times(api, f"?until={until:.3f}") == []


# --- docker cp ---


@pytest.mark.parametrize(
    ("mode", "go"),
    [
        (0o100644, 0o644),
        (0o40755, 1 << 31 | 0o755),
        (0o120777, 1 << 27 | 0o777),
        (0o60660, 1 << 26 | 0o660),
        (0o10600, 1 << 25 | 0o600),
        (0o140600, 1 << 24 | 0o600),
        (0o20620, 1 << 26 | 1 << 21 | 0o620),
        (0o104755, 1 << 23 | 0o755),
        (0o102755, 1 << 22 | 0o755),
        (0o41777, 1 << 31 | 1 << 20 | 0o777),
        (0o107777, 1 << 23 | 1 << 22 | 1 << 20 | 0o777),
    ],
)
def test_modes_are_written_as_gos(mode: int, go: int) -> None:
    assert go_mode(mode) == go


FOLDER = FileStat(name="srv", size=4096, mode=0o40755, mtime=1_772_366_400.5)
FILE = FileStat(name="a", size=3, mode=0o100644, mtime=0.0)
LINK = FileStat(name="l", size=3, mode=0o120777, mtime=0.0, link_target="/srv")


async def test_what_lies_at_a_path_is_told_in_a_header(api: Served) -> None:
    heard = api.hear("files.stat", LINK)
    reply = await api.ask("HEAD", "/containers/shop-web-1/archive?path=l")
    assert (reply.status, reply.body) == (200, b"")
    facts = json.loads(base64.b64decode(reply.headers["X-Docker-Container-Path-Stat"]))
    assert facts == {
        "name": "l", "size": 3, "mode": 1 << 27 | 0o777, "mtime": "1970-01-01T00:00:00Z", "linkTarget": "/srv",
    }  # fmt: skip
    assert heard == [{"place": Place(kind="container", id=WEB), "path": "/l"}]


async def test_a_tree_is_given_as_a_tar_and_told(api: Served) -> None:
    api.hear("files.stat", FOLDER)
    heard, said = api.hear("files.download", pieces(b"one", b"two")), api.hear("containers.tell")
    reply = await api.ask("GET", "/containers/shop-web-1/archive?path=/srv")
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "application/x-tar", b"onetwo")
    facts = json.loads(base64.b64decode(reply.headers["X-Docker-Container-Path-Stat"]))
    assert (facts["name"], facts["mtime"]) == ("srv", "2026-03-01T12:00:00.500000Z")
    assert heard == [{"place": Place(kind="container", id=WEB), "path": "/srv"}]
    assert [(each["container"], each["action"], each["attributes"]) for each in said] == [(WEB, "archive-path", {})]


@pytest.mark.parametrize(
    ("query", "kind", "owner"),
    [("", False, False), ("&noOverwriteDirNonDir=1", True, False), ("&copyUIDGID=1", False, True)],
)
async def test_a_tar_is_unpacked_where_and_as_it_is_said(api: Served, query: str, kind: bool, owner: bool) -> None:
    got: list[Any] = []

    async def upload(place: Place, path: str, tar: Any, *, no_overwrite_kind: bool, copy_owner: bool) -> None:
        got.append((place.id, path, b"".join([piece async for piece in tar]), no_overwrite_kind, copy_owner))

    api.engine.files.upload = upload  # type: ignore[method-assign, assignment]
    api.hear("files.stat", FOLDER)
    said = api.hear("containers.tell")
    reply = await api.ask("PUT", f"/containers/shop-web-1/archive?path=/srv{query}", gzip.compress(b"the tar"))
    assert (reply.status, reply.body) == (200, b"")
    assert got == [(WEB, "/srv", b"the tar", kind, owner)]
    assert [(each["container"], each["action"], each["attributes"]) for each in said] == [(WEB, "extract-to-dir", {})]


async def test_a_tar_goes_through_a_link_to_a_folder_and_not_into_a_file(api: Served) -> None:
    uploaded = api.hear("files.upload", None)
    asked: list[str] = []

    async def stat(place: Place, path: str) -> FileStat:
        asked.append(path)
        return {"/l": LINK, "/l/.": FOLDER}.get(path, FILE)

    api.engine.files.stat = stat  # type: ignore[method-assign]
    assert (await api.ask("PUT", "/containers/shop-web-1/archive?path=/l", b"")).status == 200
    assert asked == ["/l", "/l/."]
    reply = await api.ask("PUT", "/containers/shop-web-1/archive?path=/a", b"")
    assert (reply.status, reply.message) == (400, "extraction point is not a directory")
    assert [each["path"] for each in uploaded] == ["/l"]


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("", 400, "bad parameter: path cannot be empty"),
        ("?path=", 400, "bad parameter: path cannot be empty"),
        ("?path=/a%00b", 400, "bad parameter: path holds a NUL"),
        ("?path=/nosuch", 404, "Could not find the file /nosuch in container shop-web-1"),
    ],
)
async def test_what_is_no_path_or_not_there_is_said_as_docker_says_it(
    api: Served, method: str, query: str, status: int, words: str
) -> None:
    api.hear("files.stat", NotFound("There is nothing"))
    reply = await api.ask(method, f"/containers/shop-web-1/archive{query}")
    assert (reply.status, reply.message) == (status, words)
