"""Who talked to whom: places that a list refuses are written down, and bytes are counted by peer."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from engine.errors import InvalidRequest
from engine.networks.limits.egress import LABEL
from engine.types.containers import Security
from engine.types.networks import CreateNetwork
from tests.system.containers.conftest import create, read_log, run, until
from tests.system.networks.asking import LENT, PYTHON, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.embedded import EmbeddedEngine
    from engine.types.networks import NameQuestion, Peer

_TRY = """
import socket, struct
for family, kind, place in (
    (socket.AF_INET, socket.SOCK_STREAM, ("203.0.113.1", 443)),
    (socket.AF_INET, socket.SOCK_STREAM, ("203.0.113.1", 443)),
    (socket.AF_INET, socket.SOCK_DGRAM, ("203.0.113.2", 53)),
    (socket.AF_INET6, socket.SOCK_STREAM, ("2001:db8::1", 80)),
):
    with socket.socket(family, kind) as tried:
        tried.settimeout(30)
        try:
            tried.connect(place)
            tried.send(b"anybody?")
            print("sent")
        except OSError as error:
            print(error.strerror or error)
"""
_FRAMES = """
import socket
try:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    print("past the list")
except OSError as error:
    print(error.strerror)
"""
_TAKE = """
import socket
with socket.create_server(("", 5001)) as server:
    print("ready", flush=True)
    while True:
        taken = server.accept()[0]
        while taken.recv(65536):
            pass
        taken.sendall(b"all of it")
        taken.close()
"""
_SEND = """
import socket, sys
with socket.create_connection((sys.argv[1], 5001), 30) as out:
    out.sendall(bytes(int(sys.argv[2])))
    out.shutdown(socket.SHUT_WR)
    print(out.recv(100).decode())
"""
_AMOUNT = 3_000_000
_MOST_OF_HEADS = 1.1


async def refusals(engine: EmbeddedEngine, count: int) -> list[NameQuestion]:
    seen: list[NameQuestion] = []
    async with aclosing(engine.networks.watch_names()) as batches:  # type: ignore[type-var]
        async for batch in batches:
            seen += [each for each in batch if each.is_place]
            if sum(each.count for each in seen) >= count:
                break
    return seen


@pytest.mark.also_as_root
async def test_places_that_a_list_refuses_are_written_down_with_who_tried_how_often(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="shop", ipv6=True))
    limited = await run(loaded, name="limited", network="shop", mounts=LENT, labels={LABEL: "none"})
    told = await said(loaded, limited.id, PYTHON, "-c", _TRY)
    assert told.split("\n")[:3] == ["Connection refused", "Connection refused", "Operation not permitted"]
    assert "sent" not in told
    # Nobody looked meanwhile: the kernel kept it.
    seen = {(each.kind, *each.addresses, each.port): each for each in await refusals(loaded, 3)}
    first, datagram = seen["tcp", "203.0.113.1", 443], seen["udp", "203.0.113.2", 53]
    assert (first.container, first.network, first.count, datagram.count) == ("limited", "shop", 2, 1)
    assert first.container_id == limited.id
    await said(loaded, limited.id, PYTHON, "-c", _TRY)
    again = await refusals(loaded, 6)
    assert sum(each.count for each in again if each.addresses == ("203.0.113.1",)) == 4


async def test_what_a_list_limits_writes_no_frames_past_it(loaded: EmbeddedEngine) -> None:
    """Frames of one's own meet no filter. Nor does it get that back from whom it shares its network with."""
    await loaded.networks.create(CreateNetwork(name="closed", labels={LABEL: "none"}))
    limited = await run(loaded, name="limited", network="closed", mounts=LENT)
    beside = await run(loaded, name="beside", network=f"container:{limited.id}", mounts=LENT)
    free = await run(loaded, name="free", mounts=LENT)
    for each, heard in (
        (limited, "Operation not permitted"),
        (beside, "Operation not permitted"),
        (free, "past the list"),
    ):
        assert (await said(loaded, each.id, PYTHON, "-c", _FRAMES)).strip() == heard
    commanding = await create(
        loaded, network=f"container:{limited.id}", security=Security(capabilities_add=("NET_ADMIN",))
    )
    with pytest.raises(InvalidRequest):
        await loaded.containers.start(commanding.id)


async def test_bytes_are_counted_by_peer_as_they_were_sent(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="shop", ipv6=True))
    taker = await run(loaded, PYTHON, "-u", "-c", _TAKE, name="taker", network="shop", mounts=LENT)
    await until(lambda: "ready" in read_log(loaded, taker.id))
    sender = await run(loaded, name="sender", network="shop", mounts=LENT)
    limited = await run(loaded, name="limited", network="shop", mounts=LENT, labels={LABEL: "none"})
    assert not [each for each in await peers(loaded) if each.name == "taker"]  # counted from here on
    for number, asker in enumerate((sender, sender, limited), 1):
        assert "all of it" in await said(loaded, asker.id, PYTHON, "-c", _SEND, "taker", str(_AMOUNT))
        whole = await between(loaded, asker.id, "taker")
        sent = _AMOUNT * (2 if number == 2 else 1)
        assert sent <= whole.sent <= sent * _MOST_OF_HEADS
        assert 0 < whole.received <= sent * (_MOST_OF_HEADS - 1)
        mirrored = await between(loaded, taker.id, asker.name)
        assert sent <= mirrored.received <= sent * _MOST_OF_HEADS
    assert (await between(loaded, sender.id, "taker")).address == taker.ip_address


async def peers(engine: EmbeddedEngine, container: str = "") -> Sequence[Peer]:
    async with aclosing(engine.networks.watch_peers(container)) as readings:  # type: ignore[type-var]
        return await anext(readings)


async def between(engine: EmbeddedEngine, container: str, name: str) -> Peer:
    """What a container exchanged with a neighbour, once nothing more is on its way."""
    before = None
    while True:
        found = [each for each in await peers(engine, container) if each.name == name]
        if found and found == before:
            return found[0]
        before = found
        await asyncio.sleep(0.05)
