"""The default network, which every container without a wish of its own is on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import urllib.request
from typing import TYPE_CHECKING

import pytest

from engine.embedded import open_engine
from engine.errors import Conflict, InvalidRequest
from engine.networks.limits.isolation import LABEL
from engine.types.containers import PortMapping
from engine.types.networks import CreateNetwork
from tests.system.containers.conftest import create, load_busybox, run, until
from tests.system.networks.asking import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp


async def _remove(engine: EmbeddedEngine, *containers: str) -> None:
    for each in containers:
        await engine.containers.remove(each, force=True)


async def test_the_next_start_finds_the_bridge_that_the_last_container_left(loaded: EmbeddedEngine) -> None:
    first = await run(loaded, network="pasta")
    bridge = loaded.paths.netns(f"net-{(await loaded.networks.get('bridge')).id[:32]}")
    seen = f"/proc/{loaded.keeper.pid}/root{bridge}"
    made = os.stat(seen)
    await _remove(loaded, first.id)
    assert os.stat(seen).st_ino == made.st_ino
    second = await run(loaded, network="pasta")
    third = await run(loaded, network="pasta")
    assert os.stat(seen).st_ino == made.st_ino
    heard = await said(loaded, third.id, "ping", "-c", "1", "-w", "5", second.ip_address)
    assert "1 packets received" in heard, heard
    await _remove(loaded, second.id, third.id)


async def test_neighbours_reach_one_another_after_the_keeper_was_killed(
    loaded: EmbeddedEngine, expect_log: Callable[[str], None]
) -> None:
    expect_log("keeper")
    await _remove(loaded, (await run(loaded, network="pasta")).id)
    killed = loaded.keeper.pid
    os.kill(killed, signal.SIGKILL)
    await until(lambda: loaded.keeper.pid not in (0, killed))
    first, second = await run(loaded, network="pasta"), await run(loaded, network="pasta")
    heard = await said(loaded, first.id, "ping", "-c", "1", "-w", "5", second.ip_address)
    assert "1 packets received" in heard, heard
    await _remove(loaded, first.id, second.id)


async def test_who_wants_no_neighbours_has_a_way_out_and_its_ports_and_is_reached_by_nobody_else(
    loaded: EmbeddedEngine,
) -> None:
    server = ("httpd", "-f", "-p", "80", "-h", "/www")
    near = await run(loaded, *server, network="pasta")
    alone = await run(loaded, *server, network="pasta", labels={LABEL: "true"}, ports=(PortMapping(container_port=80),))
    assert not alone.ip_address
    links = set((await said(loaded, alone.id, "ls", "/sys/class/net")).split())
    others = set((await said(loaded, near.id, "ls", "/sys/class/net")).split())
    assert len(others - links) == 1, "the interface in the default network is the one it lacks"

    async def answers() -> bool:
        with contextlib.suppress(OSError):
            return b"here I am" in await asyncio.to_thread(_page, alone.ports[0].host_port)
        return False

    await until(answers)
    await loaded.networks.create(CreateNetwork(name="team"))
    with pytest.raises(InvalidRequest, match="enable_icc"):
        await create(loaded, network="team", labels={LABEL: "true"})
    await _remove(loaded, near.id, alone.id)


def _page(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        text: bytes = answer.read()
        return text


async def test_the_default_network_is_joined_beside_another_and_left_again(short_tmp: ShortTmp) -> None:
    """While it runs, over its restart, and over the engine's."""
    engine = await open_engine(short_tmp.root, short_tmp.run)
    try:
        await load_busybox(engine)
        await engine.networks.create(CreateNetwork(name="team"))
        near = await run(engine, name="near", network="pasta")
        member = await run(engine, name="member", network="team")

        async def reaches(address: str) -> bool:
            told = await said(engine, member.id, "ping", "-c", "1", "-w", "2", address)
            return "1 packets received" in told

        async def place() -> str:
            members = (await engine.networks.get("bridge")).members
            return next((each.ip_address for each in members if each.container_id == member.id), "none")

        assert (await place(), await reaches(near.ip_address)) == ("none", False)
        await engine.networks.connect("bridge", member.id)
        given = await place()
        assert (await reaches(near.ip_address), given in ("none", "")) == (True, False)
        with pytest.raises(Conflict):
            await engine.networks.connect("bridge", member.id)
        await engine.close()
        engine = await open_engine(short_tmp.root, short_tmp.run)
        assert (await place(), await reaches(near.ip_address)) == (given, True)
        await engine.containers.restart(member.id, timeout=0)
        assert await reaches(near.ip_address)
        other = await run(engine, name="other", network="pasta")
        addresses = [each.ip_address for each in (await engine.networks.get("bridge")).members]
        assert len(set(addresses)) == len(addresses) == 3
        assert await reaches(other.ip_address)
        await engine.networks.disconnect("bridge", member.id)
        assert (await place(), await reaches(near.ip_address)) == ("none", False)
        assert (await engine.containers.get(member.id)).pid
    finally:
        for each in await engine.containers.list():
            await engine.containers.remove(each.id, force=True)
        await engine.close(stop_containers=True)
