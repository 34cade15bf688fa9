"""Builds that are over, by BuildKit's door: what `docker buildx history` lists, prints, exports and removes."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from grpclib.client import UnaryStreamMethod
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from engine.api.buildkit.jobs import Jobs
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.errors import NotFound
from engine.types.builds import BuildImage
from tests.support.buildkit_client import CONTROL
from tests.unit.api.buildkit.test_clients import _places, builds, client

if TYPE_CHECKING:
    from tests.support.buildkit_client import Client
    from tests.unit.api.serving import Served

__all__ = ["_places"]
CONTENT = "/containerd.services.content.v1.Content/"


async def records(it: Client, ref: str = "") -> list[Any]:
    name = f"{CONTROL}ListenBuildHistory"
    method = UnaryStreamMethod(it.channel, name, wire.BuildHistoryRequest, wire.BuildHistoryEvent)
    events = await method(wire.BuildHistoryRequest(Ref=ref, EarlyExit=True), timeout=40)
    return [each.record for each in events]


async def blob(it: Client, digest: str) -> bytes:
    method = UnaryStreamMethod(it.channel, f"{CONTENT}Read", wire.ContentReadRequest, wire.ContentReadResponse)
    return b"".join(bytes(each.data) for each in await method(wire.ContentReadRequest(digest=digest), timeout=40))


async def forget(it: Client, ref: str) -> None:
    request = wire.UpdateBuildHistoryRequest(Ref=ref, Delete=True)
    await it.call(f"{CONTROL}UpdateBuildHistory", request, wire.Nothing)


async def test_a_build_can_be_looked_at_again_with_all_it_said(api: Served) -> None:
    await builds(api)
    async with client(api) as it:
        [record] = await records(it, "b-good")
        said = await it.status("b-good")
        kept = await blob(it, record.logs.digest)
        assert len(kept) == record.logs.size
        messages = []
        while kept:
            length = int.from_bytes(kept[:4], "little")
            messages.append(wire.StatusResponse.FromString(kept[4 : 4 + length]))
            kept = kept[4 + length :]
        assert messages == said
        [statement] = record.Result.Attestations
        assert statement.annotations["in-toto.io/predicate-type"] == "https://slsa.dev/provenance/v0.2"
        assert json.loads(await blob(it, statement.digest))["buildType"]
        with pytest.raises(GRPCError) as caught:
            await blob(it, "sha256:" + "0" * 64)
        assert caught.value.status is Status.NOT_FOUND


async def test_a_build_that_came_in_by_no_client_of_buildkit_is_in_the_history_too(api: Served) -> None:
    operation = api.engine.builds.build(BuildImage(dockerfile_text="FROM alpine\nRUN true\n", tags=("mine",)))
    await operation.result()
    async with client(api) as it:
        assert [each.Ref for each in await records(it)] == [operation.id]
        assert any(
            vertex.name.endswith("RUN true") for each in await it.status(operation.id) for vertex in each.vertexes
        )


async def test_what_is_removed_from_the_history_is_gone_from_the_engines_record(api: Served) -> None:
    await builds(api)
    operation = api.engine.builds.build(BuildImage(dockerfile_text="FROM alpine\n"))
    await operation.result()
    async with client(api) as it:
        assert {each.Ref for each in await records(it)} == {"b-good", operation.id}
        await forget(it, "b-good")
        await forget(it, operation.id)
        assert await records(it) == []
        with pytest.raises(GRPCError) as caught:
            await forget(it, operation.id)
        assert caught.value.status is Status.NOT_FOUND
    assert await api.engine.builds.list() == []
    with pytest.raises(NotFound):
        await api.engine.builds.get(operation.id)


async def test_builds_that_said_much_are_not_kept_for_ever() -> None:
    jobs = Jobs()
    line = wire.VertexLog(msg=b"x" * (1 << 20))
    for number in range(100):
        job = await jobs.add(wire.SolveRequest(Ref=str(number)))
        job.board.say(wire.StatusResponse(logs=[line]))
        job.end()
        await asyncio.sleep(0)
    assert sum(each.board.size for each in jobs.past()) < 66 << 20
    assert jobs.past()[-1].request.Ref == "99"
