"""Processes, changes, Dockerfile lines, the death report, live limits and ports."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.errors import InvalidRequest, NotFound
from engine.types.containers import ContainerSpec, Exec, HealthCheck, PortMapping, Resources, UpdateContainer
from tests.system.containers.conftest import BUSYBOX, run, until
from tests.system.watching.conftest import execute

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container


async def test_processes_with_both_numbers(loaded: EmbeddedEngine) -> None:
    box = await run(loaded, "sh", "-c", "sleep 1000 & exec sleep 2000", name="box", user="web")
    await until(lambda: _count(loaded, 2))
    main, child = await loaded.containers.processes("box")
    assert (main.pid, main.container_pid, main.user, main.uid) == (box.pid, 1, "web", 1000)
    assert (child.parent_pid, child.command) == (main.pid, "sleep 1000")
    assert child.memory > 0
    assert main.started <= child.started
    await loaded.containers.signal_process("box", child.pid, "SIGTERM")
    await until(lambda: _count(loaded, 1))


async def test_what_holds_a_terminal_open_is_none_of_its_processes(loaded: EmbeddedEngine, box: Container) -> None:
    before = {one.command for one in await loaded.containers.processes("box")}
    session = await loaded.containers.exec("box", Exec(command=("sleep", "4321"), tty=True, stdin=True))
    commands: list[str] = []

    async def sleeping() -> bool:
        commands[:] = [one.command for one in await loaded.containers.processes("box")]
        return "sleep 4321" in commands

    await until(sleeping)
    assert set(commands) - before == {"sleep 4321"}
    await session.close()


async def _count(engine: EmbeddedEngine, wanted: int) -> bool:
    alive = [one for one in await engine.containers.processes("box") if one.state != "zombie"]
    return len(alive) == wanted


async def test_only_its_own_processes_are_signalled(loaded: EmbeddedEngine, box: Container) -> None:
    with pytest.raises(NotFound):
        await loaded.containers.signal_process("box", 1, "KILL")
    with pytest.raises(InvalidRequest):
        await loaded.containers.signal_process("box", box.pid, "NOSUCH")


async def test_changes_and_dockerfile_lines(loaded: EmbeddedEngine, box: Container) -> None:
    await execute(loaded, "sh", "-c", "mkdir /srv; echo 1 > /srv/app.conf; echo 2 >> /data/hello; rm /www/index.html")
    changes = {change.path: change.kind for change in await loaded.containers.changes("box")}
    assert changes == {
        "/data": "changed",
        "/data/hello": "changed",
        "/srv": "added",
        "/srv/app.conf": "added",
        "/www": "changed",
        "/www/index.html": "removed",
    }
    lines = await loaded.containers.suggest_dockerfile("box")
    assert lines.startswith(f"FROM {BUSYBOX}\n")
    assert "COPY files/srv /srv\n" in lines
    assert "RUN rm -rf /www/index.html\n" in lines


async def test_a_removed_directory_is_one_change(loaded: EmbeddedEngine, box: Container) -> None:
    await execute(loaded, "rm", "-rf", "/www")
    assert [(change.path, change.kind) for change in await loaded.containers.changes("box")] == [("/www", "removed")]


async def test_death_by_memory_is_proved(loaded: EmbeddedEngine) -> None:
    resources = Resources(memory=24 << 20, memory_swap=24 << 20)
    await run(loaded, "sh", "-c", "echo last words >&2; tail /dev/zero", name="box", resources=resources)
    await loaded.containers.wait("box")
    report = await loaded.containers.death_report("box")
    assert report.exit.oom_killed
    assert "24" in report.oom_proof
    assert "out of memory" in report.summary
    assert report.memory_limit == 24 << 20
    assert "last words" in report.stderr_tail
    assert report.next_steps[0] == "raise-memory"


async def test_death_by_a_signal_is_no_want_of_memory(loaded: EmbeddedEngine) -> None:
    await run(loaded, "sh", "-c", "kill -9 $$ & sleep 100", name="box", init=True)
    await loaded.containers.wait("box")
    report = await loaded.containers.death_report("box")
    assert report.oom_proof == ""
    assert "SIGKILL" in report.summary + report.meaning


async def test_what_changed_since_the_last_good_run(loaded: EmbeddedEngine) -> None:
    script = ("sh", "-c", 'test -n "$TOKEN" || exit 0; echo bad token >&2; exit 3')
    health = HealthCheck(test=("CMD-SHELL", "true"), interval=60.0)
    made = await run(loaded, *script, name="box", env={"COLOUR": "blue"}, health=health)
    await loaded.containers.wait("box")
    spec = ContainerSpec(**{
        **{name: getattr(made.spec, name) for name in made.spec.__struct_fields__},
        "env": {"COLOUR": "red", "TOKEN": "hush-hush"},
    })  # fmt: skip
    await loaded.containers.edit("box", spec)
    await loaded.containers.start("box")
    await loaded.containers.wait("box")
    report = await loaded.containers.death_report("box")
    assert report.exit.code == 3
    assert report.stderr_tail == ("bad token",)
    told = " ".join(report.changes_since_good_run)
    assert "COLOUR was blue, is red" in told
    assert "TOKEN" in told
    assert "hush" not in told


async def test_limits_change_at_once(loaded: EmbeddedEngine, box: Container) -> None:
    before = await loaded.stats.sample("box")
    assert before.memory_limit == 0
    await loaded.containers.update(
        "box", UpdateContainer(resources=Resources(memory=64 << 20, memory_swap=64 << 20, cpus=0.5, pids=7))
    )
    after = await loaded.stats.sample("box")
    await until(lambda: _limited(loaded))
    assert after.pids >= 1


async def _limited(engine: EmbeddedEngine) -> bool:
    sample = await engine.stats.sample("box")
    return (sample.memory_limit, sample.cpu_limit, sample.pids_limit) == (64 << 20, 0.5, 7)


async def test_ports_come_and_go_on_a_running_container(loaded: EmbeddedEngine) -> None:
    box = await run(loaded, "httpd", "-f", "-p", "8000", "-h", "/www", name="box", network="pasta")
    updated = await loaded.containers.update("box", UpdateContainer(ports=(PortMapping(container_port=8000),)))
    port = updated.ports[0].host_port
    assert updated.pid == box.pid
    await until(lambda: _answers(port))
    assert any(
        one.port == port and one.container_id == box.id and one.container_port == 8000
        for one in await loaded.networks.host_ports()
    )
    await loaded.containers.update("box", UpdateContainer(ports=()))
    await until(lambda: _silent(port))


async def _answers(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /index.html HTTP/1.0\r\n\r\n")
        async with asyncio.timeout(2):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return b"here I am" in answer


async def _silent(port: int) -> bool:
    return not await _answers(port)
