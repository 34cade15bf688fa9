"""Hosts that give little: no subordinate ids, no control groups. It works, and says what it cannot do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.cgroups import tree
from engine.cgroups.layout import Layout, Mode
from engine.errors import Code, HostError, InvalidRequest
from engine.sandbox import subordinate
from engine.sandbox.ids import IdMapping, IdRange
from engine.types.containers import Exec, Mount, PortMapping, Resources, Security, State, UpdateContainer
from tests.support.engine import opened_engine
from tests.system.containers.conftest import create, load_busybox, output, read_log, run, until
from tests.system.containers.test_networks import SERVER, fetch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp


async def _inside(engine: EmbeddedEngine, container_id: str, *command: str) -> tuple[int, str]:
    session = await engine.containers.exec(container_id, Exec(command=command))
    text = b""
    while piece := await session.read():
        text += piece[1]
    return await session.exit_code(), text.decode()


# --- no subordinate ids ---


@pytest.fixture
async def alone(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EmbeddedEngine]:
    """The engine of an account without /etc/subuid: one id inside, our own."""
    one = IdMapping(uids=(IdRange(0, os.getuid(), 1),), gids=(IdRange(0, os.getgid(), 1),))
    monkeypatch.setattr(subordinate, "plan", lambda _recorded: one)
    async with opened_engine(short_tmp) as opened:
        await load_busybox(opened)
        yield opened  # type: ignore[misc]


async def test_a_life_with_one_id(alone: EmbeddedEngine, tmp_path: Path) -> None:
    assert (await alone.host.facts()).single_id
    mounts = (
        Mount(kind="bind", source=str(tmp_path), target="/mnt"),
        Mount(kind="volume", source="kept", target="/www"),
    )
    container = await run(alone, *SERVER, network="pasta", ports=(PortMapping(container_port=80),), mounts=mounts)
    await fetch(container.ports[0].host_port)
    code, text = await _inside(alone, container.id, "sh", "-c", "id -u; echo mine > /mnt/file; cat /www/index.html")
    assert (code, text) == (0, "0\nhere I am\n")
    assert (tmp_path / "file").stat().st_uid == os.getuid()
    stopped = await alone.containers.stop(container.id)
    assert stopped.state is State.EXITED
    again = await alone.containers.start(container.id)
    assert again.state is State.RUNNING
    await alone.containers.remove(container.id, force=True)
    assert await alone.host.check_store() == []


async def test_other_users_need_more_than_one_id(alone: EmbeddedEngine) -> None:
    for options in ({"user": "web"}, {"user": "1000:1000"}, {"security": Security(user_namespace="keep-id")}):
        container = await create(alone, "true", **options)
        with pytest.raises(InvalidRequest) as caught:
            await alone.containers.start(container.id)
        assert caught.value.code is Code.BAD_USER
        assert "usermod --add-subuids" in caught.value.hint
        assert (await alone.containers.get(container.id)).state is State.CREATED
        await alone.containers.remove(container.id)


# --- no control groups ---


@pytest.fixture
async def unlimited(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EmbeddedEngine]:
    """The engine of a host on which this user may make no control group at all."""
    monkeypatch.setattr(tree, "detect_here", lambda: Layout(mode=Mode.NONE, bases={}, controllers=frozenset()))
    async with opened_engine(short_tmp) as opened:
        await load_busybox(opened)
        yield opened  # type: ignore[misc]


async def test_a_life_without_control_groups(unlimited: EmbeddedEngine) -> None:
    info = await unlimited.host.facts()
    assert info.cgroup_mode == "none"
    container = await run(unlimited, *SERVER, network="pasta", ports=(PortMapping(container_port=80),))
    assert container.unenforced == ()
    assert container.cgroup == ""
    await fetch(container.ports[0].host_port)
    assert await _inside(unlimited, container.id, "echo", "in") == (0, "in\n")
    assert [process.pid for process in await unlimited.containers.processes(container.id)]
    assert (await unlimited.containers.stop(container.id)).state is State.EXITED
    assert (await unlimited.containers.start(container.id)).state is State.RUNNING
    await unlimited.containers.remove(container.id, force=True)
    assert await unlimited.host.check_store() == []


async def test_limits_without_control_groups_are_named(unlimited: EmbeddedEngine) -> None:
    everything = Resources(memory=64 << 20, cpus=0.5, cpuset_cpus="0", pids=50)
    container = await run(unlimited, resources=everything)
    words = " ".join(container.unenforced)
    for part in ("memory", "CPU", "process"):
        assert part.lower() in words.lower(), container.unenforced
    updated = await unlimited.containers.update(container.id, UpdateContainer(resources=Resources(memory=32 << 20)))
    assert any("memory" in each.lower() for each in updated.unenforced)
    plain = await run(unlimited)
    assert plain.unenforced == ()


async def test_without_control_groups_whole_containers_still_end(unlimited: EmbeddedEngine) -> None:
    script = "trap '' TERM; sleep 1000 & sleep 1001 & echo set; while :; do sleep 1000; done"
    container = await run(unlimited, "sh", "-c", script)
    await until(lambda: "set" in read_log(unlimited, container.id))
    ended = await unlimited.containers.stop(container.id, timeout=0.1)
    assert ended.exit is not None
    assert ended.exit.code == 137  # what it left behind, the leak check would find
    killed = await run(unlimited, "sh", "-c", script)
    assert (await unlimited.containers.kill(killed.id)).state is State.EXITED


async def test_nothing_freezes_without_control_groups(unlimited: EmbeddedEngine) -> None:
    container = await run(unlimited)
    with pytest.raises(HostError, match="cannot be paused"):
        await unlimited.containers.pause(container.id)
    assert (await unlimited.containers.get(container.id)).state is State.RUNNING


async def test_a_start_that_fails_without_control_groups_leaves_nothing(unlimited: EmbeddedEngine) -> None:
    container = await create(unlimited, "/not/there")
    with pytest.raises(Exception, match="not in the image"):
        await unlimited.containers.start(container.id)
    code, text = await output(unlimited, "echo", "still well")
    assert (code, text) == (0, "still well\n")
