"""The facade for another Wherry: every manner of method over the socket, errors and signs of life."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from engine.api.http.versions import VERSION
from engine.api.wherry import spoken
from engine.errors import Code, Conflict, NotFound
from engine.spoken.packing import (
    BEAT,
    END,
    FAILURE,
    LARGEST_REQUEST,
    MEDIA_TYPE,
    VALUE,
    Unframer,
    pack_arguments,
    unpack,
    unpack_change,
    unpack_error,
)
from engine.spoken.signatures import methods
from engine.types.containers import Container
from engine.types.data import now
from engine.types.events import EngineSnapshot, Event
from engine.types.images import Image
from engine.types.operations import Operation, OperationState
from tests.fakes.store import fake_digest
from tests.unit.api.serving import Played, pieces

if TYPE_CHECKING:
    from tests.unit.api.serving import Reply, Served

WEB = fake_digest("shop-web-1")[7:]


async def say(api: Served, method: str, upload: bytes = b"", after: str = "", **given: Any) -> Reply:
    path = f"/wherry/facade/{method.replace('.', '/')}{after}"
    return await api.ask("POST", path, pack_arguments(given) + upload, Content_Type=MEDIA_TYPE)


def frames(reply: Reply) -> list[tuple[bytes, bytes]]:
    assert reply.status == 200, reply.body
    assert reply.headers["Content-Type"] == MEDIA_TYPE
    return list(Unframer().feed(reply.body))


def failure(reply: Reply) -> Exception:
    [(kind, said)] = frames(reply)
    assert kind == FAILURE
    return unpack_error(said)


async def test_what_can_be_said_is_told_with_the_version(api: Served) -> None:
    told = await api.get("/wherry/facade")
    assert told == {"version": VERSION, "methods": sorted(methods())}
    assert "containers.start" in told["methods"]


async def test_a_question_is_answered_with_its_value(api: Served) -> None:
    heard = api.hear("containers.get")
    [(kind, said), (last, nothing)] = frames(await say(api, "containers.get", container="shop-web-1"))
    assert (kind, last, nothing) == (VALUE, END, b"")
    assert unpack(said, Container) == api.engine.store.container(WEB)
    assert heard == [{"container": "shop-web-1"}]


async def test_a_stream_comes_item_by_item_and_bytes_as_they_are(api: Served) -> None:
    api.hear("images.find", pieces("a", "b"))
    rows = frames(await say(api, "images.find", query="x"))
    assert [(kind, unpack(said, str)) for kind, said in rows[:-1]] == [(VALUE, "a"), (VALUE, "b")]
    assert rows[-1] == (END, b"")
    api.hear("containers.export", pieces(b"raw", b"\xff bytes"))
    assert frames(await say(api, "containers.export", container="x")) == [
        (VALUE, b"raw"),
        (VALUE, b"\xff bytes"),
        (END, b""),
    ]


def operation(status: str) -> Operation:
    return Operation(
        id="o1", kind="pull", title="", subject="", state=OperationState.RUNNING, started=now(), status=status
    )


async def test_an_operation_is_followed_to_its_end(api: Served) -> None:
    states = operation("one"), operation("two")
    heard = api.hear("images.pull", Played(*states, ends="done"))
    rows = frames(await say(api, "images.pull", request={"reference": "x"}))
    assert [unpack(said, Operation) for kind, said in rows if kind == VALUE] == list(states)
    assert rows[-1] == (END, b"")
    assert heard[0]["request"].reference == "x"
    api.hear("images.pull", Played(operation("one"), ends=NotFound("There is no such image")))
    rows = frames(await say(api, "images.pull", request={"reference": "x"}))
    assert [kind for kind, _ in rows] == [VALUE, FAILURE]


async def test_whoever_asks_may_name_the_operation(api: Served) -> None:
    name = "0123456789abcdef"
    rows = frames(await say(api, "images.pull", after=f"?operation={name}", request={"reference": "nosuch/missing:1"}))
    assert unpack(rows[0][1], Operation).id == name


async def test_what_is_uploaded_follows_the_arguments(api: Served) -> None:
    got: list[bytes] = []

    class Taking(Played):
        async def result(self) -> str:
            got.extend([piece async for piece in heard[0]["source"]])
            return ""

    heard = api.hear("images.load", Taking())
    frames(await say(api, "images.load", b"tar of images", "?upload=1"))
    assert b"".join(got) == b"tar of images"


@pytest.mark.parametrize(
    ("path", "kind", "status", "words"),
    [
        ("containers/nosuch", MEDIA_TYPE, 404, "this Wherry knows no containers.nosuch"),
        ("nosuch/get", MEDIA_TYPE, 404, "this Wherry knows no nosuch.get"),
        ("containers/exec", MEDIA_TYPE, 404, "this Wherry knows no containers.exec"),
        ("containers/list", "application/json", 400, f"a call of the facade is {MEDIA_TYPE}"),
    ],
)
async def test_what_is_no_call_is_refused_before_anything_is_read(
    api: Served, path: str, kind: str, status: int, words: str
) -> None:
    reply = await api.ask("POST", f"/wherry/facade/{path}", b"x", Content_Type=kind)
    assert (reply.status, reply.message) == (status, words)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The arguments of containers.get did not come"),
        (b"\0\0\0", "The arguments of containers.get did not come"),
        (b"\0\0\0\x09abc", "The arguments of containers.get did not come"),
        ((LARGEST_REQUEST + 1).to_bytes(4, "big"), "The arguments of containers.get are too large"),
        (LARGEST_REQUEST.to_bytes(4, "big"), "The arguments of containers.get did not come"),
        (pack_arguments({}), "containers.get wants more arguments"),
        (pack_arguments({"nosuch": 1}), "containers.get takes no “nosuch”"),
    ],
)
async def test_arguments_that_cannot_be_read_are_told(api: Served, body: bytes, words: str) -> None:
    reply = await api.ask("POST", "/wherry/facade/containers/get", body, Content_Type=MEDIA_TYPE)
    error = failure(reply)
    assert (getattr(error, "title", ""), getattr(error, "code", "")) == (words, Code.INVALID)


async def test_an_upload_that_is_not_there_is_missed(api: Served) -> None:
    error = failure(await say(api, "images.load", b"not said to be there"))
    assert getattr(error, "title", "") == "images.load wants more arguments"


async def test_an_error_arrives_as_what_it_is(api: Served) -> None:
    api.hear("containers.start", Conflict("It runs", "Already.", hint="Stop it.", subject=WEB))
    error = failure(await say(api, "containers.start", container="shop-web-1"))
    assert isinstance(error, Conflict)
    assert (error.title, error.explanation, error.hint, error.subject) == ("It runs", "Already.", "Stop it.", WEB)


async def test_what_happened_is_told_between_two_moments(api: Served) -> None:
    store = api.engine.store
    store.event_log[:] = [Event(time_ns=at, kind="image", action="pull", id=str(at)) for at in (5, 6, 7, 8)]
    for query, times in (("?since=6&until=7", [6, 7]), ("", [5, 6, 7, 8]), ("?since=8", [8]), ("?until=5", [5])):
        rows = frames(await api.ask("GET", f"/wherry/facade/events{query}"))
        assert [each.time_ns for each in unpack(rows[0][1], list[Event])] == times
        assert rows[1] == (END, b"")


async def test_what_is_watched_begins_with_all_there_is_and_goes_on_with_each_change(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = await api.connect()
    writer.write(b"GET /wherry/facade/watch HTTP/1.0\r\nHost: x\r\n\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    assert MEDIA_TYPE.encode() in head
    unframer, told = Unframer(), []

    async def more(count: int) -> None:
        while len(told) < count:
            data = await asyncio.wait_for(reader.read(1 << 16), 30)
            assert data
            told.extend(unframer.feed(data))

    await more(1)
    snapshot = unpack_change(told[0][1])
    assert isinstance(snapshot, EngineSnapshot)
    assert {each.name for each in snapshot.containers} == {each.name for each in api.engine.store.containers.values()}
    await api.engine.images.tag("nginx:1.27", "mine:1")
    await more(2)
    change = unpack_change(told[1][1])
    assert isinstance(change, tuple)
    assert isinstance(change[2], Image)
    assert "docker.io/library/mine:1" in change[2].tags
    writer.close()


async def test_silence_is_broken_by_a_sign_of_life(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that died is told by its silence."""
    monkeypatch.setattr(spoken, "_BEAT_SECONDS", 0.001)
    may_end = asyncio.Event()

    async def slow() -> Any:
        yield b"one"
        await may_end.wait()

    api.hear("containers.export", slow())
    reader, writer = await api.connect()
    body = pack_arguments({"container": "x"})
    head = f"POST /wherry/facade/containers/export HTTP/1.0\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Content-Type: {MEDIA_TYPE}\r\n\r\n".encode() + body)
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    unframer, told = Unframer(), []
    while told.count((BEAT, b"")) < 2:
        told.extend(unframer.feed(await asyncio.wait_for(reader.read(1 << 16), 30)))
    may_end.set()
    while told[-1] != (END, b""):
        told.extend(unframer.feed(await asyncio.wait_for(reader.read(1 << 16), 30)))
    assert told[0] == (VALUE, b"one")
    assert {kind for kind, _ in told[1:-1]} == {BEAT}
    writer.close()
