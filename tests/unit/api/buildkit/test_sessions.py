"""Sessions of clients: who is found by which id, how long one is waited for, and what ends with one."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from grpclib.exceptions import GRPCError

from engine.api.buildkit.connections import sessions as room
from engine.api.buildkit.connections.bounds import _is_ours
from engine.api.buildkit.connections.sessions import Sessions
from engine.api.buildkit.connections.wires import Wire
from engine.api.buildkit.jobs import Job
from engine.api.buildkit.lent.caching import inline_wanted
from engine.api.buildkit.wire import messages_pb2 as wire
from tests.unit.api.buildkit.building import client_with, session
from tests.unit.api.serving import until

if TYPE_CHECKING:
    from tests.unit.api.serving import Served


class Silent(Wire):
    """A connection on which nothing is said until it is ended."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def read(self) -> bytes:
        await self.over.wait()
        return b""

    async def write(self, data: bytes) -> None:
        """Nobody listens."""

    def end(self) -> None:
        self.over.set()


async def test_a_session_is_known_as_long_as_it_lasts() -> None:
    known, line = Sessions(), Silent()
    waiting = asyncio.create_task(known.get("a"))
    await asyncio.sleep(0)
    holding = asyncio.create_task(known.hold(line, "a", "shared", frozenset({"/x/y"})))
    found = await asyncio.wait_for(waiting, 30)
    assert (found.uuid, found.shared_key, "a" in known) == ("a", "shared", True)
    assert found.offers("/X/Y")
    assert not found.offers("/x/z")
    second = Silent()
    await known.hold(second, "a", "", frozenset())
    assert second.over.is_set(), "two with one id are one too many"
    nameless = Silent()
    await known.hold(nameless, "", "", frozenset())
    assert nameless.over.is_set()
    assert not found.gone.is_set()
    line.end()
    await asyncio.wait_for(holding, 30)
    assert found.gone.is_set()
    assert "a" not in known


async def test_a_session_whose_holder_is_cancelled_ends_with_it() -> None:
    known, line = Sessions(), Silent()
    holding = asyncio.create_task(known.hold(line, "a", "", frozenset()))
    found = await known.get("a")
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    assert (holding.cancelled(), found.gone.is_set(), line.over.is_set(), "a" in known) == (True, True, True, False)


async def test_a_session_that_does_not_come_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_APPEARS_WITHIN", 0.001)
    with pytest.raises(GRPCError) as caught:
        await Sessions().get("a")
    assert caught.value.message == "no active session for a: context deadline exceeded"


async def test_a_session_by_the_door_has_its_key_and_its_methods(api: Served) -> None:
    async with session(api, client_with(), "mine", shared_key="folder"):
        found = await api.served.buildkit.sessions.get("mine")
        assert (found.uuid, found.shared_key) == ("mine", "folder")
        assert found.offers(room.DIFF_COPY)
        reply = await api.ask("POST", "/session", Upgrade="h2c", X_Docker_Expose_Session_Uuid="mine")
        assert (reply.status, reply.message) == (400, "the session 'mine' has no id of its own")
        reply = await api.ask("POST", "/session", Upgrade="h2c")
        assert (reply.status, reply.message) == (400, "the session '' has no id of its own")
    await until(lambda: "mine" not in api.served.buildkit.sessions)


@pytest.mark.parametrize("path", ["/grpc", "/session"])
async def test_what_is_no_http2_is_told_what_this_is(api: Served, path: str) -> None:
    for upgrade in ("", "tcp"):
        reply = await api.ask("POST", path, **({"Upgrade": upgrade} if upgrade else {}))
        said = "this is for clients that go on in HTTP/2: ask for the upgrade h2c"
        assert (reply.status, reply.message) == (400, said)


def test_what_a_client_takes_back_is_no_line_of_our_log(caplog: pytest.LogCaptureFixture) -> None:
    for words, ours in (
        ("Timeout occurred", False), ("Failed to handle cancellation", False), ("Application error", True),
    ):  # fmt: skip
        record = logging.LogRecord("grpclib.server", logging.ERROR, "", 0, words, None, None)
        assert _is_ours(record) is ours


async def test_an_image_says_its_own_steps_where_that_is_asked() -> None:
    for kinds, wanted in ((["inline"], True), (["registry", "inline"], True), (["registry"], False), ([], False)):
        exports = [wire.CacheEntry(Type=kind) for kind in kinds]
        assert inline_wanted(Job(wire.SolveRequest(Cache=wire.CacheOptions(Exports=exports)))) is wanted
