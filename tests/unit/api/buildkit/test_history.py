"""A session inside a call, and more of what is told of builds that are over."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from grpclib.client import StreamStreamMethod, UnaryStreamMethod
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from multidict import MultiDict

from engine.api.buildkit.connections.transport import serve
from engine.api.buildkit.connections.wires import Wire
from engine.api.buildkit.results import past
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.types.builds import Build, BuildImage, BuildStep, StepState
from engine.types.data import now
from engine.types.operations import Failure
from tests.support.buildkit_client import CONTROL
from tests.support.buildkit_session import CONTENT, LentSession
from tests.unit.api.buildkit.building import begun, build, client_with, grpc, solve_target
from tests.unit.api.buildkit.test_past import blob, records
from tests.unit.api.serving import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.buildkit_client import Client
    from tests.unit.api.serving import Served

pytestmark = pytest.mark.usefixtures("contexts")


# --- a session inside a call ---


class Inside(Wire):
    """Bytes as messages of a call."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def read(self) -> bytes:
        message = await self._stream.recv_message()
        return bytes(message.data) if message is not None else b""

    async def write(self, data: bytes) -> None:
        await self._stream.send_message(wire.BytesMessage(data=data))

    def end(self) -> None:
        """With the call."""


@asynccontextmanager
async def nested(it: Client, service: LentSession, uuid: str) -> AsyncIterator[None]:
    metadata = [("X-Docker-Expose-Session-Uuid", uuid)] if uuid else []
    metadata += [("X-Docker-Expose-Session-Sharedkey", "key")]
    metadata += [("x-docker-expose-session-grpc-method", each) for each in service.methods]
    method = StreamStreamMethod(it.channel, f"{CONTROL}Session", wire.BytesMessage, wire.BytesMessage)
    async with method.open(metadata=MultiDict((key.lower(), value) for key, value in metadata)) as stream:
        await stream.send_request()
        running = asyncio.create_task(serve(Inside(stream), [service]))
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await stream.cancel()


async def test_a_session_may_come_inside_a_call(api: Served) -> None:
    client = client_with()
    async with grpc(api) as it, nested(it, client, "inside"):
        async with begun(it, Session="inside") as solving:
            answer = await solve_target(it, "b", {})
            session = await api.served.buildkit.sessions.get("inside")
            assert session.shared_key == "key"
            assert session.methods == {each.lower() for each in client.methods}
            await it.give_back("b", answer.result)
            await solving
    assert "directory context" in [who for who, _ in client.asked]


async def test_a_session_without_an_id_is_ended(api: Served) -> None:
    async with grpc(api) as it:
        method = StreamStreamMethod(it.channel, f"{CONTROL}Session", wire.BytesMessage, wire.BytesMessage)
        async with method.open(timeout=40) as stream:
            await stream.send_request()
            assert await stream.recv_message() is None
            await stream.cancel()
    assert "" not in api.served.buildkit.sessions


# --- the past ---


def ended(name: str, **more: Any) -> Build:
    started = more.pop("started", now())
    steps = tuple(
        BuildStep(
            id=f"{name}{number}", stage="0", number=number, total=4, instruction="RUN x", line=1, state=state,
            started=started, ended=started,
        )
        for number, state in enumerate((StepState.DONE, StepState.CACHED, StepState.FAILED, StepState.SKIPPED))
    )  # fmt: skip
    return Build(
        **{"id": name, "context": "/src", "dockerfile": "D", "tags": (), "started": started, "steps": steps,
           "ended": started + timedelta(seconds=9), **more}
    )  # fmt: skip


async def test_a_build_of_the_window_is_told_with_what_is_known_of_it(api: Served) -> None:
    store = api.engine.store
    request = BuildImage(context="/src", target="last")
    store.put("build", ended("one", request=request, failure=Failure(code="x", title="It failed")))
    store.put("build", ended("two", request=BuildImage(context="/kept", filtered=True), started=now() + timedelta(1)))
    store.put("build", ended("three", started=now() - timedelta(1)))
    store.put("build", ended("runs", ended=None))
    async with grpc(api) as it:
        found = {each.Ref: each for each in await records(it)}
    assert set(found) == {"one", "two", "three"}
    one = found["one"]
    assert (one.Frontend, one.numTotalSteps, one.numCachedSteps, one.numCompletedSteps) == ("dockerfile.v0", 4, 1, 2)
    assert dict(one.FrontendAttrs) == {"filename": "D", "context": "/src", "target": "last"}
    assert (one.error.code, one.error.message) == (Status.UNKNOWN.value, "It failed")
    assert one.CompletedAt.seconds - one.CreatedAt.seconds == 9
    assert dict(found["two"].FrontendAttrs) == {"filename": "D"}
    assert dict(found["three"].FrontendAttrs) == {"filename": "D"}
    assert [each.HasField("logs") for each in (one, found["two"], found["three"])] == [False, True, False]
    assert not found["two"].HasField("error")


async def test_a_build_of_this_door_is_told_with_its_exporters_and_how_it_ended(api: Served) -> None:
    await build(api, client_with(), ref="good", exporters=[("image", {"name": "a"})], attributes={"target": ""})
    async with grpc(api) as it:
        [good] = await records(it, "good")
        assert [(each.Type, dict(each.Attrs)) for each in good.Exporters] == [("image", {"name": "a"})]
        assert good.ExporterResponse["image.name"] == "docker.io/library/a:latest"
        assert dict(good.FrontendAttrs) == {"target": ""}
        assert (good.numTotalSteps, good.numCompletedSteps) == (2, 2)
        async with begun(it, Ref="bad", Session="s"):
            with pytest.raises(GRPCError):
                await solve_target(it, "bad", {}, Frontend="odd")
        await until(lambda: {each.request.Ref for each in api.served.buildkit.jobs.past()} == {"good", "bad"})
        [bad] = await records(it, "bad")
        assert not bad.HasField("CreatedAt")


async def test_a_history_is_listened_to_as_it_is_asked(api: Served) -> None:
    api.engine.store.put("build", ended("one"))
    async with grpc(api) as it:
        method = UnaryStreamMethod(
            it.channel, f"{CONTROL}ListenBuildHistory", wire.BuildHistoryRequest, wire.BuildHistoryEvent
        )
        assert await method(wire.BuildHistoryRequest(Ref="buildx-test-history-api-feature"), timeout=40) == []
        assert await method(wire.BuildHistoryRequest(ActiveOnly=True, EarlyExit=True), timeout=40) == []
        assert [each.type for each in await method(wire.BuildHistoryRequest(Ref="one"), timeout=40)] == [1]
        assert await records(it, "nosuch") == []
        async with method.open(timeout=40) as stream:
            await stream.send_message(wire.BuildHistoryRequest(), end=True)
            assert (await stream.recv_message()).record.Ref == "one"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stream.recv_message(), 0.05)  # it goes on
            await stream.cancel()


async def test_what_was_kept_of_a_build_is_read_in_parts(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "_PIECE", 10)
    api.engine.store.put("build", ended("one"))
    async with grpc(api) as it:
        [record] = await records(it, "one")
        digest, size = record.logs.digest, record.logs.size
        assert record.logs.media_type == "application/vnd.buildkit.status.v0"
        whole = await blob(it, digest)
        info = await it.call(f"{CONTENT}Info", wire.ContentInfoRequest(digest=digest), wire.ContentInfoResponse)
        assert (info.info.digest, info.info.size, len(whole)) == (digest, size, size)
        method = UnaryStreamMethod(it.channel, f"{CONTENT}Read", wire.ContentReadRequest, wire.ContentReadResponse)
        for offset, count in ((0, 0), (5, 0), (5, 12), (size - 3, 99), (size, 5)):
            rows = await method(wire.ContentReadRequest(digest=digest, offset=offset, size=count), timeout=40)
            end = min(size, offset + count) if count else size
            assert b"".join(each.data for each in rows) == whole[offset:end]
            assert all(len(each.data) <= 10 for each in rows)
            assert [each.offset for each in rows] == list(range(offset, end, 10))
        with pytest.raises(GRPCError) as caught:
            await it.call(f"{CONTENT}Info", wire.ContentInfoRequest(digest="sha256:x"), wire.ContentInfoResponse)
        assert (caught.value.status, caught.value.message) == (Status.NOT_FOUND, "sha256:x: not found")


async def test_only_the_last_blobs_that_were_named_are_kept(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "_MOST_BLOBS", 2)
    for name in ("one", "two", "three"):
        api.engine.store.put("build", ended(name))
    async with grpc(api) as it:
        digests = [(await records(it, name))[0].logs.digest for name in ("one", "two", "three")]
        with pytest.raises(GRPCError):
            await blob(it, digests[0])
        assert await blob(it, digests[1])
        await records(it, "two")  # named again: the last of them
        await records(it, "one")
        assert await blob(it, digests[1])
        with pytest.raises(GRPCError):
            await blob(it, digests[2])
        monkeypatch.setattr(past, "_MOST_BYTES", 1)
        await records(it, "two")
        assert await blob(it, digests[1]), "one is kept however large it is"
        with pytest.raises(GRPCError):
            await blob(it, digests[0])


async def test_a_record_is_removed_or_kept_and_not_pinned(api: Served) -> None:
    api.engine.store.put("build", ended("one"))
    async with grpc(api) as it:
        for request, status, words in (
            (wire.UpdateBuildHistoryRequest(Ref="one", Pinned=True), Status.UNKNOWN,
             "a build's record cannot be pinned here: the last hundred are kept"),
            (wire.UpdateBuildHistoryRequest(Ref="nosuch", Delete=True), Status.NOT_FOUND, "no such build: nosuch"),
        ):  # fmt: skip
            with pytest.raises(GRPCError) as caught:
                await it.call(f"{CONTROL}UpdateBuildHistory", request, wire.Nothing)
            assert (caught.value.status, caught.value.message) == (status, words)
        await it.call(f"{CONTROL}UpdateBuildHistory", wire.UpdateBuildHistoryRequest(Ref="one"), wire.Nothing)
        assert [each.Ref for each in await records(it)] == ["one"]
        forget = wire.UpdateBuildHistoryRequest(Ref="one", Delete=True)
        await it.call(f"{CONTROL}UpdateBuildHistory", forget, wire.Nothing)
        assert await records(it) == []
