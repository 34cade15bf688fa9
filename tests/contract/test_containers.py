"""What every engine promises of containers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.errors import Code, Conflict, InvalidRequest, NotFound, WherryError
from engine.recipe.crossing import recipe_of
from engine.recipe.rows import LIVE, RECREATE, changes
from engine.types.containers import (
    ContainerSpec,
    CreateContainer,
    Device,
    Exec,
    HealthCheck,
    ListContainers,
    LogLimits,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    Security,
    State,
    Ulimit,
    UpdateContainer,
)
from engine.types.networks import CreateNetwork, Endpoint

if TYPE_CHECKING:
    from engine.facade import Engine
    from engine.types.containers import Container

SECONDS = 10


async def made(engine: Engine, demo: str, name: str = "", **fields: object) -> Container:
    return await engine.containers.create(CreateContainer(spec=ContainerSpec(image=demo, **fields), name=name))  # type: ignore[arg-type]


async def test_a_whole_life(any_engine: Engine, demo: str) -> None:
    containers = any_engine.containers
    one = await made(any_engine, demo, "life")
    assert one.state is State.CREATED
    assert one.name == "life"
    assert one.command_line
    running = await containers.start(one.id)
    assert running.state is State.RUNNING
    assert running.pid > 0
    assert running.started is not None
    assert running.timing.steps
    assert [c.id for c in await containers.list(ListContainers(running_only=True))] == [one.id]
    stopped = await containers.stop(one.id, timeout=5)
    assert stopped.state is State.EXITED
    assert stopped.exit is not None
    assert stopped.exit.requested
    assert stopped.pid == 0
    assert stopped.ports == ()
    freed = await containers.remove(one.id)
    assert freed.ids == (one.id,)
    with pytest.raises(NotFound):
        await containers.get(one.id)


async def test_names_prefixes_and_invented_names(any_engine: Engine, demo: str) -> None:
    first = await made(any_engine, demo)
    second = await made(any_engine, demo, "named")
    assert first.name
    assert first.name != second.name
    assert (await any_engine.containers.get(first.id[:20])).id == first.id
    assert (await any_engine.containers.get("named")).id == second.id
    with pytest.raises(Conflict) as caught:
        await made(any_engine, demo, "named")
    assert caught.value.code is Code.NAME_TAKEN
    with pytest.raises(NotFound):
        await any_engine.containers.get("nobody")


async def test_the_lifecycle_is_enforced(any_engine: Engine, demo: str) -> None:
    one = await made(any_engine, demo)
    for forbidden in (any_engine.containers.pause, any_engine.containers.unpause, any_engine.containers.kill):
        with pytest.raises(Conflict) as caught:
            await forbidden(one.id)
        assert caught.value.code is Code.WRONG_STATE
    await any_engine.containers.start(one.id)
    with pytest.raises(Conflict):
        await any_engine.containers.remove(one.id)
    await any_engine.containers.remove(one.id, force=True)


async def test_pause_keeps_the_process(any_engine: Engine, demo: str) -> None:
    one = await made(any_engine, demo)
    running = await any_engine.containers.start(one.id)
    assert (await any_engine.containers.pause(one.id)).state is State.PAUSED
    resumed = await any_engine.containers.unpause(one.id)
    assert resumed.state is State.RUNNING
    assert resumed.pid == running.pid


async def test_a_picked_port_is_told_and_a_taken_one_refused(any_engine: Engine, demo: str) -> None:
    one = await made(any_engine, demo, ports=(PortMapping(container_port=8080),))
    running = await any_engine.containers.start(one.id)
    port = running.ports[0].host_port
    assert port > 1023
    two = await made(any_engine, demo, ports=(PortMapping(container_port=8080, host_port=port),))
    with pytest.raises(Conflict) as caught:
        await any_engine.containers.start(two.id)
    assert caught.value.code is Code.PORT_IN_USE
    assert (await any_engine.containers.get(two.id)).state in (State.CREATED, State.EXITED), "visible and named"


async def test_rename_and_update(any_engine: Engine, demo: str) -> None:
    one = await made(any_engine, demo, "before")
    assert (await any_engine.containers.rename(one.id, "after")).name == "after"
    request = UpdateContainer(resources=Resources(memory=64 << 20))
    assert (await any_engine.containers.update(one.id, request)).spec.resources.memory == 64 << 20


async def test_wait_gives_the_exit_code(any_engine: Engine, demo: str) -> None:
    one = await made(any_engine, demo)
    await any_engine.containers.start(one.id)
    waiting = asyncio.ensure_future(any_engine.containers.wait(one.id))
    await any_engine.containers.kill(one.id)
    async with asyncio.timeout(SECONDS):
        assert (await waiting).exit_code == 137


async def test_exec_runs_a_command(any_engine: Engine, demo: str) -> None:
    one = await made(any_engine, demo)
    await any_engine.containers.start(one.id)
    session = await any_engine.containers.exec(one.id, Exec(command=("echo", "hello")))
    output = b""
    async with asyncio.timeout(SECONDS):
        while (piece := await session.read()) is not None:
            output += piece[1]
        assert await session.exit_code() == 0
    await session.close()
    assert output.strip() == b"hello"


async def test_what_cannot_be_made_says_why(any_engine: Engine, demo: str) -> None:
    with pytest.raises(NotFound):
        await made(any_engine, "localhost/not-here:1")
    with pytest.raises(InvalidRequest):
        await made(any_engine, demo, "no good name!")


async def test_further_networks_are_joined_at_the_creation_or_nothing_is_made(any_engine: Engine, demo: str) -> None:
    await any_engine.networks.create(CreateNetwork(name="front"))
    await any_engine.networks.create(CreateNetwork(name="back"))
    spec = ContainerSpec(image=demo, network="front")
    made = await any_engine.containers.create(
        CreateContainer(spec=spec, name="both", networks={"back": Endpoint(aliases=("db",))})
    )
    (member,) = [each for each in (await any_engine.networks.get("back")).members if each.container_id == made.id]
    assert "db" in member.aliases
    with pytest.raises(NotFound):
        await any_engine.containers.create(CreateContainer(spec=spec, name="lost", networks={"nosuch": Endpoint()}))
    assert [each.name for each in await any_engine.containers.list()] == ["both"]


OTHER: dict[str, Any] = {
    "command": ("sleep", "1000"),
    "entrypoint": ("/bin/sh", "-c", "sleep 1000"),
    "env": {"NAME": "value"},
    "workdir": "/tmp",
    "user": "0:0",
    "extra_groups": ("1",),
    "hostname": "another",
    "domainname": "example.org",
    "labels": {"name": "value"},
    "tty": True,
    "stdin_open": True,
    "stdin_once": True,
    "auto_remove": True,
    "init": True,
    "ports": (PortMapping(container_port=80),),
    "publish_all": True,
    "exposed_ports": ("9/tcp",),
    "mounts": (Mount(kind="tmpfs", target="/mnt"),),
    "shm_size": 1 << 20,
    "ulimits": (Ulimit(name="nofile", soft=512, hard=512),),
    "sysctls": {"net.ipv4.ip_default_ttl": "63"},
    "devices": (Device(host_path="/dev/fuse", container_path="/dev/fuse"),),
    "resources": Resources(memory=64 << 20),
    "security": Security(no_new_privileges=True),
    "restart": RestartPolicy(name="always"),
    "stop_signal": "SIGINT",
    "stop_timeout": 3.0,
    "health": HealthCheck(test=("NONE",)),
    "network": "none",
    "network_aliases": ("alias",),
    "mac_address": "92:d0:c6:0a:29:33",
    "dns": ("9.9.9.9",),
    "dns_search": ("example.org",),
    "dns_options": ("ndots:2",),
    "extra_hosts": ("db:10.0.0.2",),
    "pid_mode": "host",
    "ipc_mode": "host",
    "uts_mode": "host",
    "cgroup_mode": "host",
    "log": LogLimits(max_bytes=1 << 20, max_files=2),
    "engine_socket": True,
    "driver": "fuse-overlayfs",
    "image": "nosuch:image",
    "interface_name": "lan0",
}
NEED_COMPANY = {"volumes_from", "links", "platform", "cgroup_parent", "device_rules", "ip", "ip6"}
"""Another container; a network of one's own; an image of several platforms; what not every machine has."""


@pytest.mark.timeout(240)
async def test_an_edit_costs_what_the_window_says(any_engine: Engine, demo: str) -> None:
    """Field by field, on a container that runs: at once, by a restart, or not at all."""
    assert OTHER.keys() | NEED_COMPANY == set(ContainerSpec.__struct_fields__)
    containers = any_engine.containers
    for field, value in OTHER.items():
        one = await made(any_engine, demo, stdin_open=field == "stdin_once", driver="")
        before = await containers.start(one.id)
        other = replace(before.spec, **{field: value})
        cost = changes(recipe_of(before.spec), recipe_of(other))[field]
        if cost == RECREATE:
            with pytest.raises(WherryError):
                await containers.edit(one.id, other)
            assert (await containers.get(one.id)).started == before.started, field
        else:
            after = await containers.edit(one.id, other)
            assert after.state is State.RUNNING, field
            assert (after.started == before.started) == (cost == LIVE), field
            assert field == "publish_all" or getattr(after.spec, field) == value, field
        await containers.remove(one.id, force=True)
