"""An engine of another machine: the way to it breaks, hangs and comes back; and a Wherry read as a Docker."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Unsupported, WherryError
from engine.machines.machine_list import Entry
from engine.remote import link
from engine.remote.engine import RemoteEngine
from engine.types.containers import ContainerSpec, CreateContainer
from engine.types.machines import Link
from tests.peers.checks import CHECKS, figures, images, machine, networks, ports, volumes
from tests.peers.swarm_checks import swarm
from tests.support.afar import remote, seen_from_afar
from tests.support.images import busybox_archive
from tests.support.older_engine import older_engine
from tests.system.containers.conftest import load_busybox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.facade import Engine
    from engine.remote.docker.engine import DockerPeer
    from engine.remote.wherry_engine import WherryPeer
    from tests.support.sshd import FarMachine
    from tests.support.stores import ShortTmp

IMAGE = "localhost/busybox:latest"
SECONDS = 30.0


async def until(engine: RemoteEngine, state: Link) -> None:
    async with asyncio.timeout(SECONDS):
        while engine.condition.link is not state:  # noqa: ASYNC110 - the window is told by a callback of its own
            await asyncio.sleep(0.02)


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_ssh_that_breaks_off_leaves_what_was_known_and_comes_back(
    far: FarMachine, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{far.path}:{os.environ['PATH']}")
    async with remote(f"ssh://{far.host}", short_tmp) as engine:
        assert engine.condition.kind == "wherry"
        await engine.images.load(once(busybox_archive())).result()
        made = await engine.containers.create(CreateContainer(spec=ContainerSpec(image=IMAGE), name="kept"))
        async with asyncio.timeout(SECONDS):
            while made.id not in engine.bus.objects("container"):  # noqa: ASYNC110 - told by an event from there
                await asyncio.sleep(0.02)
        far.cut()
        await until(engine, Link.STALE)
        assert made.id in engine.bus.objects("container")
        with pytest.raises(WherryError, match="refuses ssh"):
            await engine.containers.start(made.id)
        far.start()
        engine.look_now()
        await until(engine, Link.CONNECTED)
        assert (await engine.containers.get("kept")).id == made.id
    # Another day: the machine is away, and what was known is there at once.
    far.cut()
    async with remote(f"ssh://{far.host}", short_tmp, connected=False) as again:
        assert made.id in again.bus.objects("container")
        await until(again, Link.UNREACHABLE)
        assert made.id in again.bus.objects("container")


async def test_a_machine_that_hangs_holds_nobody_up(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes connections and never says a word."""
    monkeypatch.setattr(link, "QUICK_SECONDS", 0.3)
    taken: list[asyncio.StreamWriter] = []
    path = short_tmp.run / "silent.sock"
    server = await asyncio.start_unix_server(lambda _reader, writer: taken.append(writer), path)
    try:
        async with remote(f"unix://{path}", short_tmp, connected=False) as engine:
            await until(engine, Link.UNREACHABLE)
            assert engine.condition.problem is not None
            assert engine.condition.problem.code == Code.TIMEOUT
            assert not await engine.containers.list()
            with pytest.raises(WherryError, match="does not answer"):
                await engine.containers.get("any")
    finally:
        for writer in taken:
            writer.close()
        server.close()


class _ReadAsDocker(RemoteEngine):
    def choose(self, *, wherry: bool) -> WherryPeer | DockerPeer:
        del wherry
        return super().choose(wherry=False)


async def test_dockers_api_carries_all_that_a_person_does(
    engine: EmbeddedEngine, make_short_tmp: Callable[[], ShortTmp], tmp_path: Path
) -> None:
    """Our own API is Docker's: what reads dockerd and podman reads it too (`python -m tests.peers`)."""
    store = make_short_tmp()
    async with seen_from_afar(engine, store):
        entry = Entry("there", f"unix://{store.run}/there/docker.sock")
        plain = _ReadAsDocker(entry, run=tmp_path, store=tmp_path, told=lambda: None)
        plain.begin()
        try:
            assert await plain.connected(SECONDS)
            for check in CHECKS:
                if check not in (figures, machine, ports, swarm):
                    await check(plain)
        finally:
            await plain.close()


@pytest.mark.parametrize("minor", [25, 32])
async def test_an_api_half_as_old_does_what_it_knows_and_the_rest_is_told(
    engine: EmbeddedEngine, make_short_tmp: Callable[[], ShortTmp], tmp_path: Path, minor: int
) -> None:
    store = make_short_tmp()
    async with seen_from_afar(engine, store), older_engine(f"{store.run}/there/docker.sock", minor) as path:
        old = _ReadAsDocker(Entry("old", f"unix://{path}"), run=tmp_path, store=tmp_path, told=lambda: None)
        old.begin()
        try:
            assert await old.connected(SECONDS), old.condition
            for check in (images, volumes, networks):
                await check(old)
            greyed = old.capabilities.why_not("images.remote_image")
            assert greyed == (
                "" if minor > 30 else "The engine there is too old for this: its API is 1.25, and it takes 1.30."
            )
            if greyed:
                with pytest.raises(Unsupported) as refused:
                    await old.images.remote_image("docker.io/library/busybox")
                assert refused.value.explanation == greyed
        finally:
            await old.close()


async def test_an_engine_that_is_too_old_says_so(
    engine: EmbeddedEngine, make_short_tmp: Callable[[], ShortTmp], tmp_path: Path
) -> None:
    store = make_short_tmp()
    async with seen_from_afar(engine, store), older_engine(f"{store.run}/there/docker.sock", 24) as path:
        async with remote(f"unix://{path}", store, connected=False) as old:
            await until(old, Link.UNREACHABLE)
            assert old.condition.problem is not None
            assert old.condition.problem.title == "The engine there is too old: its API is 1.24"


async def test_what_changes_there_is_told_here(engine: Engine, make_short_tmp: Callable[[], ShortTmp]) -> None:
    await load_busybox(engine)
    async with seen_from_afar(engine, make_short_tmp()) as afar:
        async with afar.watch() as changes:
            made = await engine.containers.create(CreateContainer(spec=ContainerSpec(image=IMAGE), name="new"))
            async with asyncio.timeout(SECONDS):
                async for change in changes:
                    if getattr(change, "id", "") == made.id:
                        break
        assert [each.name for each in await afar.containers.list()] == ["new"]
        with pytest.raises(WherryError, match="nosuch") as refused:
            await afar.containers.start("nosuch")
        assert refused.value.code is Code.NOT_FOUND
