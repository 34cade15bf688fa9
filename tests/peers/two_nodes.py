"""Two Docker engines, each in namespaces of its own with a wire between, as one swarm: tasks go from one to the other.
As root: `python -m tests.peers nodes DIRECTORY`. Networks over both are not tried: ingress wants ip_vs, and overlay a
vxlan that such namespaces need not have; ports of a node itself are."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import sys
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.cli.swarms import creating
from engine.machines.machine_list import Entry
from engine.remote.engine import RemoteEngine
from engine.types.logs import ReadLogs
from engine.types.swarm import ChangeService, CreateService
from tests.support.images import busybox_archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from engine.types.swarm import Swarm

_START = Path(__file__).with_name("start")
_ADDRESSES = ("10.77.0.1", "10.77.0.2")
_SECONDS = 60.0
_LOUD = "sh -c 'trap exit\\ 0 TERM; echo here; while :; do sleep 0.2; done'"


async def run(place: str) -> None:
    async with AsyncExitStack() as kept:
        processes = [await kept.enter_async_context(_started(place, kind)) for kind in ("docker", "docker-2")]
        await _wired(*(process.pid for process in processes))
        roots = [f"{place}/sid", f"{place}/sid-2"]
        first, second = [await kept.enter_async_context(_engine(root)) for root in roots]
        for engine in (first, second):
            await engine.images.load(_archive()).result()
        await _joined(first, second)
        for check in (_seen, _spread, _told, _drained, _promoted, _lost):
            begun = time.monotonic()
            if check is _lost:
                processes[1].kill()
            await check(first)
            sys.stdout.write(f"  {check.__name__[1:]:12} {time.monotonic() - begun:6.2f} s  ok\n")
            sys.stdout.flush()


async def _archive() -> AsyncIterator[bytes]:
    yield busybox_archive()


@asynccontextmanager
async def _started(place: str, kind: str) -> AsyncIterator[asyncio.subprocess.Process]:
    with await asyncio.to_thread(Path(place, f"{kind}.log").open, "wb") as log:
        process = await asyncio.create_subprocess_exec(str(_START), place, kind, stdout=log, stderr=log)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()  # a term it keeps from its children; these go with it
        await process.wait()


async def _wired(one: int, other: int) -> None:
    """As soon as each is in a network namespace of its own."""
    async with asyncio.timeout(_SECONDS):
        while _network("self") in (_network(one), _network(other)):  # noqa: ASYNC110 - a script of another's tells nobody
            await asyncio.sleep(0.1)
    assert not await _command("ip", "link", "add", "peer0", "netns", str(one), "type", "veth", "peer", "name", "peer0",
                              "netns", str(other))  # fmt: skip
    for pid, address in zip((one, other), _ADDRESSES, strict=True):
        inside = ("nsenter", "--target", str(pid), "--net", "ip")
        assert not await _command(*inside, "address", "add", f"{address}/24", "dev", "peer0")
        assert not await _command(*inside, "link", "set", "peer0", "up")


def _network(pid: int | str) -> str:
    return os.readlink(f"/proc/{pid}/ns/net")


async def _command(*words: str) -> int:
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.DEVNULL)
    return await process.wait()


@asynccontextmanager
async def _engine(root: str) -> AsyncIterator[RemoteEngine]:
    with tempfile.TemporaryDirectory(prefix="wp-") as place:
        entry = Entry("peer", f"unix://{root}/run/docker.sock")
        engine = RemoteEngine(entry, run=Path(place), store=Path(place), told=lambda: None)
        engine.begin()
        try:
            async with asyncio.timeout(_SECONDS):
                while not await engine.connected(1.0):  # it is on its way
                    engine.look_now()
            yield engine
        finally:
            await engine.close()


async def _joined(first: RemoteEngine, second: RemoteEngine) -> None:
    for engine in (first, second):
        with contextlib.suppress(Exception):  # it is in none
            await engine.link.json("POST", "/swarm/leave", {"force": True})
    init = {"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": _ADDRESSES[0]}
    await first.link.json("POST", "/swarm/init", body=init)
    token = (await first.link.json("GET", "/swarm"))["JoinTokens"]["Worker"]
    join = {"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": _ADDRESSES[1], "RemoteAddrs": [f"{_ADDRESSES[0]}:2377"],
            "JoinToken": token}  # fmt: skip
    await second.link.json("POST", "/swarm/join", body=join, seconds=60.0)
    async with asyncio.timeout(_SECONDS):
        while first.capabilities.why_not("swarm.look"):  # noqa: ASYNC110 - told to the window, and not to this loop
            await asyncio.sleep(0.05)


async def _until(engine: RemoteEngine, fits: Callable[[Swarm], bool]) -> Swarm:
    state: Swarm | None = None
    try:
        async with asyncio.timeout(_SECONDS), contextlib.aclosing(engine.swarm.watch()) as states:  # type: ignore[type-var]
            async for state in states:
                if fits(state):
                    return state
    except TimeoutError:
        raise AssertionError(f"it stays at {state}") from None
    raise AssertionError("it ended")


def _nodes(state: Swarm, service: str) -> Sequence[str]:
    """Of the tasks that run."""
    return [each.node for each in state.tasks if each.service == service and each.state == each.desired == "running"]


async def _node(engine: RemoteEngine, name: str) -> str:
    return next(each.id for each in (await engine.swarm.look()).nodes if each.name == name)


async def _create(engine: RemoteEngine, line: str) -> None:
    given = creating.COMMANDS["service create"].parse(shlex.split(f"--no-resolve-image {line}"))
    await engine.swarm.create(msgspec.convert(creating.service_of(given), CreateService))


# --- what is looked at ---


async def _seen(engine: RemoteEngine) -> None:
    state = await _until(engine, lambda state: [each.state for each in state.nodes] == ["ready", "ready"])
    told = [(each.name, each.role, each.leader, each.asked, each.address) for each in state.nodes]
    assert told == [
        ("peer-sid", "manager", True, True, _ADDRESSES[0]), ("peer-sid-2", "worker", False, False, _ADDRESSES[1]),
    ], told  # fmt: skip


async def _spread(engine: RemoteEngine) -> None:
    await _create(
        engine, f"--name loud --replicas 4 -p published=8201,target=80,mode=host localhost/busybox:latest {_LOUD}"
    )
    # A port of the host is one task's on each node: two run, and two wait for a node that has it free.
    await _until(engine, lambda state: sorted(_nodes(state, "loud")) == ["peer-sid", "peer-sid-2"])
    await engine.swarm.update("loud", ChangeService(gone={"EndpointSpec.Ports": ("80/tcp",)}))
    await _until(engine, lambda state: sorted(_nodes(state, "loud")) == ["peer-sid"] * 2 + ["peer-sid-2"] * 2)


async def _told(engine: RemoteEngine) -> None:
    """What tasks of the other node say comes through the manager."""
    async with asyncio.timeout(_SECONDS):
        while True:
            lines = [line.text async for batch in engine.logs.read("service:loud", ReadLogs()) for line in batch]
            if {f"loud.{number} | here" for number in range(1, 5)} <= set(lines):
                return
            await asyncio.sleep(0.2)


async def _drained(engine: RemoteEngine) -> None:
    other = await _node(engine, "peer-sid-2")
    await engine.swarm.change_node(other, availability="drain")
    state = await _until(engine, lambda state: _nodes(state, "loud") == ["peer-sid"] * 4)
    assert next(each for each in state.nodes if each.id == other).availability == "drain"
    await engine.swarm.change_node(other, availability="pause")
    await engine.swarm.update("loud", ChangeService(force=True))
    await _until(engine, lambda state: _settled(state) and _nodes(state, "loud") == ["peer-sid"] * 4)
    await engine.swarm.change_node(other, availability="active")
    await engine.swarm.update("loud", ChangeService(force=True))
    await _until(engine, lambda state: _settled(state) and "peer-sid-2" in _nodes(state, "loud"))


def _settled(state: Swarm) -> bool:
    return all(each.settled for each in state.services if each.name == "loud")


async def _promoted(engine: RemoteEngine) -> None:
    other = await _node(engine, "peer-sid-2")
    await engine.swarm.change_node(other, role="manager")
    await _until(engine, lambda state: [each.reachability for each in state.nodes] == ["reachable", "reachable"])
    await engine.swarm.change_node(other, role="worker")
    await _until(engine, lambda state: [each.reachability for each in state.nodes] == ["reachable", ""])


async def _lost(engine: RemoteEngine) -> None:
    """The second node is gone without a word."""
    state = await _until(engine, lambda state: [each.state for each in state.nodes] == ["ready", "down"])
    assert state.nodes[1].message
    await _until(engine, lambda state: sorted(_nodes(state, "loud"))[:4] == ["peer-sid"] * 4)
    with contextlib.suppress(Exception):
        await engine.link.json("POST", "/swarm/leave", {"force": True})
