"""Services that behave badly: each gets what it deserves, and the engine and its neighbours get nothing of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from engine.types.containers import Exec, Resources, State
from tests.system.containers.conftest import create, output, read_log, run, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.embedded import EmbeddedEngine

MIB = 1 << 20


async def _exec(engine: EmbeddedEngine, container_id: str, *command: str) -> int:
    session = await engine.containers.exec(container_id, Exec(command=command))
    return await session.exit_code()


async def test_logs_at_full_speed_lose_no_line(loaded: EmbeddedEngine) -> None:
    count = 200_000
    container = await run(loaded, "seq", str(count))
    assert (await loaded.containers.wait(container.id)).exit_code == 0
    lines = read_log(loaded, container.id).split()
    assert len(lines) == count
    assert lines == [str(number) for number in range(1, count + 1)]


async def test_a_flood_of_logs_can_be_stopped(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, "yes", "all work and no play")
    await until(lambda: loaded.paths.log(container.id).stat().st_size > MIB)
    quiet = await run(loaded, "echo", "me too")
    assert (await loaded.containers.wait(quiet.id)).exit_code == 0
    ended = await loaded.containers.stop(container.id)
    assert ended.state is State.EXITED
    await loaded.containers.remove(container.id)


async def test_term_is_ignored_and_it_ends_by_force(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, "sh", "-c", "trap '' TERM HUP INT; echo set; while :; do sleep 1000; done")
    await until(lambda: "set" in read_log(loaded, container.id))
    ended = await loaded.containers.stop(container.id, timeout=0.1)
    assert ended.exit is not None
    assert (ended.exit.code, ended.exit.signal, ended.exit.requested) == (137, signal.SIGKILL, True)
    assert not ended.exit.oom_killed


async def test_closed_stdio_is_no_end(loaded: EmbeddedEngine) -> None:
    script = "echo last words; exec 0<&- 1>&- 2>&-; exec sleep 1000"
    container = await run(loaded, "sh", "-c", script)
    await until(lambda: _command(container.pid) == "sleep")
    assert (await loaded.containers.get(container.id)).state is State.RUNNING
    assert await _exec(loaded, container.id, "true") == 0
    assert read_log(loaded, container.id) == "last words\n"
    ended = await loaded.containers.stop(container.id)
    assert ended.exit is not None
    assert ended.exit.code == 137  # the first process of its namespace has no handler for TERM


async def test_a_fork_bomb_stays_in_its_limit_and_ends(loaded: EmbeddedEngine) -> None:
    bomb = "echo go; bomb() { bomb | bomb & }; bomb; while :; do sleep 1000; done"
    container = await run(loaded, "sh", "-c", bomb, resources=Resources(pids=64))
    group = loaded.cgroups.group(container.id)
    directory = group.directory("pids")
    assert directory is not None
    await until(lambda: _refused_forks(directory) > 0)
    assert int((directory / "pids.current").read_text()) <= 64
    neighbour = await run(loaded, "echo", "fine")
    assert (await loaded.containers.wait(neighbour.id)).exit_code == 0
    assert (await loaded.containers.stop(container.id)).state is State.EXITED
    assert group.processes() == ()


def _refused_forks(directory: Path) -> int:
    return int((directory / "pids.events").read_text().split()[1])


async def test_memory_past_the_limit_is_proven(loaded: EmbeddedEngine) -> None:
    limits = Resources(memory=16 * MIB, memory_swap=16 * MIB)
    container = await run(loaded, "sh", "-c", "echo eating; exec tail /dev/zero", resources=limits)
    waited = await loaded.containers.wait(container.id)
    ended = await loaded.containers.get(container.id)
    assert waited.exit_code == 137
    assert ended.exit is not None
    assert (ended.exit.oom_killed, ended.exit.requested) == (True, False)
    # A kill by hand of the same service proves the difference: same code, no proof.
    other = await run(loaded, resources=limits)
    await loaded.containers.kill(other.id)
    killed = (await loaded.containers.get(other.id)).exit
    assert killed is not None
    assert (killed.code, killed.oom_killed) == (137, False)


async def test_memory_of_a_child_past_the_limit_is_proven_though_the_service_goes_on(loaded: EmbeddedEngine) -> None:
    limits = Resources(memory=16 * MIB, memory_swap=16 * MIB)
    script = "sh -c 'exec tail /dev/zero'; echo code $?; exit 3"
    container = await run(loaded, "sh", "-c", script, resources=limits)
    await loaded.containers.wait(container.id)
    ended = (await loaded.containers.get(container.id)).exit
    assert "code 137" in read_log(loaded, container.id)
    assert ended is not None
    assert (ended.code, ended.oom_killed) == (3, True)


ZOMBIES = "for n in $(seq 40); do sh -c 'sleep 0.3 & exit 0'; done; echo sown; exec sleep 1000"


async def test_init_reaps_a_zombie_farm(loaded: EmbeddedEngine) -> None:
    """Orphans that end beside a service which never asks for them: with an init they are gone, without they pile up."""
    reaped = await run(loaded, "sh", "-c", ZOMBIES, init=True)
    piled = await run(loaded, "sh", "-c", ZOMBIES)
    for container in (reaped, piled):
        await until(lambda cid=container.id: "sown" in read_log(loaded, cid))  # type: ignore[misc]
    await until(lambda: _zombies(reaped.pid) == [])
    await until(lambda: len(_zombies(piled.pid)) > 5)
    for container in (reaped, piled):
        await loaded.containers.stop(container.id)
        assert loaded.cgroups.group(container.id).processes() == ()


def _zombies(first: int) -> Sequence[int]:
    """Dead children of a container's first process; control groups do not list them any more."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == first:
            found.append(int(path.parent.name))
    return found


def _command(pid: int) -> str:
    try:
        return os.path.basename(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode())
    except OSError:
        return ""


async def test_a_full_tmpfs_is_the_services_own_trouble(loaded: EmbeddedEngine) -> None:
    code, text = await output(
        loaded, "sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=64k 2>&1; echo went on", shm_size=MIB
    )
    assert code == 0
    assert "No space left" in text
    assert text.endswith("went on\n")


async def test_it_never_started_and_is_none_the_worse(loaded: EmbeddedEngine) -> None:
    container = await create(loaded, "sh", "-c", "exit 9")
    for _ in range(3):
        await loaded.containers.start(container.id)
        assert (await loaded.containers.wait(container.id)).exit_code == 9
    assert await loaded.host.check_store() == []
