"""Clients of BuildKit's door that vanish, lie, give up or do not listen: each hears why, and others build."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from engine.api.buildkit import jobs
from engine.api.buildkit.wire import messages_pb2 as wire
from tests.support.buildkit_client import BRIDGE, CONTROL, Client, calling, giving, saying, serving_files

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from engine.types.operations import Operation
    from tests.support.buildkit_client import Conversation
    from tests.unit.api.serving import Served

RECIPE = {"Dockerfile": b"FROM alpine\nRUN true\n"}


@pytest.fixture(autouse=True)
def _places(api: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake engine has no directory for contexts."""

    async def context_place(name: str) -> str:
        return str(tmp_path / "contexts" / name)

    monkeypatch.setattr(api.engine.builds, "context_place", context_place)


async def opened(api: Served, path: str, uuid: str = "") -> Any:
    reader, writer = await api.connect()
    named = f"X-Docker-Expose-Session-Uuid: {uuid}\r\n" if uuid else ""
    named += "X-Docker-Expose-Session-Grpc-Method: /moby.filesync.v1.FileSync/DiffCopy\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{named}Content-Length: 0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    writer.write(head.encode())
    answered = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    return reader, writer, answered


@asynccontextmanager
async def client(api: Served) -> AsyncIterator[Client]:
    reader, writer, _ = await opened(api, "/grpc")
    async with calling((reader, writer)) as made:
        yield made


@asynccontextmanager
async def session(api: Served, uuid: str, conversation: Conversation) -> AsyncIterator[asyncio.StreamWriter]:
    reader, writer, _ = await opened(api, "/session", uuid)
    async with serving_files((reader, writer), conversation):
        yield writer


async def builds(api: Served, uuid: str = "good") -> str:
    """A build of a proper client; the image's reference."""
    async with client(api) as it, session(api, uuid, giving(RECIPE)):
        solving = it.solve(f"b-{uuid}", uuid)
        answer = await it.frontend(f"b-{uuid}")
        await it.give_back(f"b-{uuid}", answer.result)
        await solving
        said = await it.status(f"b-{uuid}")
        assert any(each.name.endswith("RUN true") for response in said for each in response.vertexes)
        return str(answer.result.ref.id)


async def refused(api: Served, conversation: Conversation) -> GRPCError:
    """What a client hears whose session does that; afterwards others build as before."""
    async with client(api) as it, session(api, "bad", conversation):
        solving = it.solve("b-bad", "bad")
        with pytest.raises(GRPCError) as caught:
            await it.frontend("b-bad")
        solving.cancel()
        await asyncio.gather(solving, return_exceptions=True)
    await nothing_runs(api)
    assert await builds(api)
    return caught.value


async def nothing_runs(api: Served) -> None:
    await seen(api, lambda operations: all(each.ended is not None for each in operations))


async def seen(api: Served, true: Callable[[Sequence[Operation]], bool]) -> None:
    async with asyncio.timeout(20), api.engine.watch() as changes:
        if true(await api.engine.operations.list()):
            return
        async for _ in changes:
            if true(await api.engine.operations.list()):
                return


def stat(path: str, mode: int = 0o644, **more: Any) -> wire.Packet:
    return wire.Packet(type=0, stat=wire.Stat(path=path, mode=mode, **more))


async def nothing() -> None:
    pass


async def test_a_proper_client_builds(api: Served) -> None:
    assert await builds(api)


async def test_a_session_that_vanishes_amid_a_transfer_ends_its_build_alone(api: Served) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def vanish() -> None:
        writers[0].close()

    async with client(api) as it:
        async with session(api, "bad", saying([stat("Dockerfile", size=100)], vanish)) as writer:
            writers.append(writer)
            solving = it.solve("b-bad", "bad")
            with pytest.raises(GRPCError) as caught:
                await it.frontend("b-bad")
        solving.cancel()
        await asyncio.gather(solving, return_exceptions=True)
    assert caught.value.status is Status.CANCELLED
    assert "context canceled" in str(caught.value.message)
    await nothing_runs(api)
    assert await builds(api)


async def test_a_file_that_never_ends_is_not_taken(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.api.buildkit.transfers.receiving._MOST_GROWN", 1 << 20)
    error = await refused(api, giving({"Dockerfile": bytes(3 << 20)}, {"Dockerfile": 10}))
    assert "more of Dockerfile than it has" in str(error.message)


async def test_a_file_that_grew_a_little_is_taken(api: Served) -> None:
    async with client(api) as it, session(api, "grown", giving(RECIPE, {"Dockerfile": 3})):
        solving = it.solve("b-grown", "grown")
        answer = await it.frontend("b-grown")
        await it.give_back("b-grown", answer.result)
        await solving


async def test_nothing_is_written_through_a_directory_that_became_a_link(api: Served, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = stat("a", 1 << 27 | 0o777, linkname=str(outside))
    packets = [stat("a", 1 << 31 | 0o755), link, stat("a/planted", size=1), wire.Packet(type=0)]
    error = await refused(api, saying([*packets, wire.Packet(type=2, ID=2, data=b"x")], nothing))
    assert "twice" in str(error.message)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    ("packets", "words"),
    [
        ([stat("../x")], "leads out"),
        ([stat("/x")], "leads out"),
        ([stat("no/where")], "below no directory"),
        ([stat("n" * 300, size=1), wire.Packet(type=0), wire.Packet(type=2, ID=0, data=b"x")], "cannot be received"),
        ([wire.Packet(type=2, ID=7, data=b"x")], "not asked for"),
        ([wire.Packet(type=4, data=b"disk on fire")], "disk on fire"),
    ],
)
async def test_nonsense_in_a_transfer_is_told_apart(api: Served, packets: list[wire.Packet], words: str) -> None:
    assert words in str((await refused(api, saying(packets, nothing))).message)


async def test_a_second_session_with_an_id_is_refused_and_the_first_goes_on(api: Served) -> None:
    async with client(api) as it, session(api, "same", giving(RECIPE)):
        _, writer, answered = await opened(api, "/session", "same")
        assert answered.startswith(b"HTTP/1.1 400")
        writer.close()
        solving = it.solve("b-same", "same")
        answer = await it.frontend("b-same")
        await it.give_back("b-same", answer.result)
        await solving


async def test_a_second_build_with_a_reference_is_refused_and_the_first_goes_on(api: Served) -> None:
    async with client(api) as it, session(api, "one", giving(RECIPE)):
        solving = it.solve("b-one", "one")
        frontend = it.frontend("b-one")
        answer = await frontend
        with pytest.raises(GRPCError, match="exists"):
            await it.solve("b-one", "one")
        await it.give_back("b-one", answer.result)
        await solving


@pytest.mark.parametrize("phase", ["before its session", "in a transfer", "in a step", "before it is given back"])
async def test_a_client_gives_up_in_any_phase_and_leaves_nothing(api: Served, phase: str) -> None:
    reached = asyncio.Event()

    async def reach() -> None:
        reached.set()

    stuck = saying([stat("Dockerfile", size=9)], reach)
    lines = {"Dockerfile": b"FROM alpine\n" + b"RUN true\n" * 100}
    conversation = stuck if phase == "in a transfer" else giving(lines if phase == "in a step" else RECIPE)
    async with client(api) as it, session(api, "quits", conversation):
        name = "nobody" if phase == "before its session" else "quits"
        solving, frontend = it.solve("b-quits", name), it.frontend("b-quits")
        if phase == "in a transfer":
            await reached.wait()
        elif phase == "in a step":
            await seen(api, bool)
        elif phase == "before it is given back":
            await frontend
        for task in (solving, frontend):
            task.cancel()
        await asyncio.gather(solving, frontend, return_exceptions=True)
    await nothing_runs(api)
    assert await builds(api)


async def test_who_does_not_read_holds_nobody_up(api: Served) -> None:
    reader, writer, _ = await opened(api, "/grpc")
    async with client(api) as it, session(api, "slow", giving({"Dockerfile": b"FROM alpine\n" + b"RUN true\n" * 50})):
        solving = it.solve("b-slow", "slow")
        frontend = it.frontend("b-slow")
        async with calling((reader, writer)) as deaf:
            listening = asyncio.create_task(deaf.status("b-slow"))
            await asyncio.sleep(0)
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            assert await builds(api)
            answer = await frontend
            await it.give_back("b-slow", answer.result)
            await solving
            listening.cancel()
            with suppress(asyncio.CancelledError, GRPCError, StreamTerminatedError):
                await listening
    await nothing_runs(api)


async def test_a_client_may_speak_http2_from_the_first_byte_on(api: Served) -> None:
    async with calling(await api.connect()) as it:
        said = await it.call(f"{CONTROL}ListWorkers", wire.ListWorkersRequest(), wire.ListWorkersResponse)
        assert said.record[0].ID == "wherry"
    reader, writer = await api.connect()
    for piece in (b"P", b"OS", b"T /_ping HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"):
        writer.write(piece)
        await writer.drain()
    assert (await reader.readline()).startswith(b"HTTP/1.1 ")
    writer.close()


async def test_nobody_waits_for_a_build_that_was_refused(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_APPEARS_WITHIN", 3600.0)  # without a mend this waits beyond the test's own time
    async with client(api) as it:
        request = wire.SolveRequest(Ref="no", Entitlements=["security.insecure"])
        with pytest.raises(GRPCError, match="not allowed"):
            await it.call(f"{CONTROL}Solve", request, wire.SolveResponse)
        with pytest.raises(GRPCError, match="no such job"):
            await it.call(f"{BRIDGE}Ping", wire.Nothing(), wire.PongResponse, "no")
        assert await it.status("no") == []


async def test_what_a_dockerfile_had_better_say_otherwise_is_said_beside_the_build(api: Served) -> None:
    recipe = {"Dockerfile": b"FROM alpine\nMAINTAINER me\nRUN true\n"}
    async with client(api) as it, session(api, "warned", giving(recipe)):
        solving = it.solve("warned", "warned")
        answer = await it.frontend("warned")
        await it.give_back("warned", answer.result)
        await solving
        said = await it.status("warned")
    warnings = [each for response in said for each in response.warnings]
    assert [each.ranges[0].start.line for each in warnings] == [2]
    assert warnings[0].short.startswith(b"MaintainerDeprecated")
    assert warnings[0].vertex in {each.digest for response in said for each in response.vertexes}
