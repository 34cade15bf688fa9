"""A container's life against the real runtime: every step, every way it can end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, RuntimeFailure, WherryError
from engine.types.containers import ALIVE_STATES, ContainerSpec, CreateContainer, RestartPolicy, State
from tests.support.engine import opened_engine
from tests.system.containers.conftest import BUSYBOX, create, load_busybox, output, read_log, run, until

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container
    from tests.support.stores import ShortTmp

pytestmark = pytest.mark.also_as_root


async def test_create_start_stop_remove(loaded: EmbeddedEngine) -> None:
    made = await create(loaded, "sleep", "1000", name="web")
    assert made.state is State.CREATED
    assert made.command_line == ("sleep", "1000")

    running = await loaded.containers.start("web")
    assert running.state is State.RUNNING
    await until(lambda: b"sleep" in words_of(running.pid))  # in the middle of its exec a process has no words at all
    assert {name for name, _ in running.timing.steps} == {"network namespace", "mount", "configure", "create", "start"}

    ended = await loaded.containers.stop("web", timeout=0.2)
    assert ended.state is State.EXITED
    assert ended.exit is not None
    assert ended.exit.requested
    assert ended.pid == 0
    assert words_of(running.pid) == b""

    freed = await loaded.containers.remove("web")
    assert freed.ids == (made.id,)
    assert await loaded.containers.list() == []
    assert not loaded.paths.container(made.id).exists()


async def test_exit_code_and_output_are_kept(loaded: EmbeddedEngine) -> None:
    code, text = await output(loaded, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert code == 7
    assert sorted(text.split()) == ["err", "out"]


async def test_starting_again_keeps_the_files(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, "sh", "-c", "echo x >> /root/count; cat /root/count")
    await loaded.containers.wait(container.id)
    await loaded.containers.start(container.id)
    await loaded.containers.wait(container.id)
    assert read_log(loaded, container.id) == "x\nx\nx\n"


async def test_a_narrow_umask_closes_nothing(short_tmp: ShortTmp) -> None:
    """What the engine writes for a container is read by strangers: its users, and all of it where root started this."""
    before = os.umask(0o077)
    try:
        async with opened_engine(short_tmp) as engine:
            await load_busybox(engine)
            code, text = await output(engine, "cat", "/etc/hosts", "/etc/resolv.conf", user="1000")
            assert (code, "localhost" in text) == (0, True)
            for container in await engine.containers.list():
                await engine.containers.remove(container.id)
    finally:
        os.umask(before)


async def trapping(engine: EmbeddedEngine, trap: str) -> Container:
    """A container whose shell has its trap in place, and then waits."""
    container = await run(engine, "sh", "-c", f"trap {trap}; echo ready; while :; do sleep 0.05; done")
    await until(lambda: "ready" in read_log(engine, container.id))
    return container


async def test_stop_asks_first_and_kills_after_the_grace(loaded: EmbeddedEngine) -> None:
    polite = await trapping(loaded, "'exit 3' TERM")
    stopped = await loaded.containers.stop(polite.id, timeout=10)
    assert stopped.exit is not None
    assert stopped.exit.code == 3

    stubborn = await trapping(loaded, "'' TERM")
    killed = await loaded.containers.stop(stubborn.id, timeout=0.2)
    assert killed.exit is not None
    assert (killed.exit.code, killed.exit.signal) == (137, 9)


def words_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


async def test_other_changes_go_on_while_a_stop_waits(loaded: EmbeddedEngine) -> None:
    import asyncio

    container = await trapping(loaded, "'' TERM")
    stopping = asyncio.create_task(loaded.containers.stop(container.id, timeout=30))
    await until(lambda: _state(loaded, container.id) is State.STOPPING)
    killed = await loaded.containers.kill(container.id)
    assert killed.state is State.EXITED
    assert (await stopping).state is State.EXITED


def _state(engine: EmbeddedEngine, container_id: str) -> State:
    return engine.containers.book.find(container_id).state


async def test_kill_with_a_signal_it_handles(loaded: EmbeddedEngine) -> None:
    container = await trapping(loaded, "'echo caught' USR1")
    await loaded.containers.kill(container.id, signal="SIGUSR1")
    await until(lambda: "caught" in read_log(loaded, container.id))
    assert (await loaded.containers.get(container.id)).state is State.RUNNING


async def test_pause_freezes_and_unpause_goes_on(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, "sh", "-c", "while :; do echo tick; sleep 0.02; done")
    await until(lambda: "tick" in read_log(loaded, container.id))
    assert (await loaded.containers.pause(container.id)).state is State.PAUSED
    frozen = read_log(loaded, container.id)
    with pytest.raises(Conflict):
        await loaded.containers.pause(container.id)
    assert (await loaded.containers.unpause(container.id)).state is State.RUNNING
    await until(lambda: len(read_log(loaded, container.id)) > len(frozen))


async def test_a_paused_container_can_be_stopped_and_killed(loaded: EmbeddedEngine) -> None:
    for end in ("stop", "kill"):
        container = await run(loaded, "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done")
        await loaded.containers.pause(container.id)
        if end == "stop":
            ended = await loaded.containers.stop(container.id, timeout=5)
        else:
            ended = await loaded.containers.kill(container.id)
        assert ended.state is State.EXITED


async def test_names_prefixes_and_what_is_not_there(loaded: EmbeddedEngine) -> None:
    first = await create(loaded, name="first")
    assert (await loaded.containers.get(first.id[:12])).name == "first"
    assert (await loaded.containers.rename("first", "second")).name == "second"
    with pytest.raises(NotFound):
        await loaded.containers.get("first")
    with pytest.raises(Conflict) as taken:
        await create(loaded, name="second")
    assert taken.value.code is Code.NAME_TAKEN
    with pytest.raises(InvalidRequest):
        await create(loaded, name="no spaces")
    invented = await create(loaded)
    assert invented.name


async def test_steps_the_lifecycle_forbids(loaded: EmbeddedEngine) -> None:
    container = await create(loaded)
    for step in (loaded.containers.pause, loaded.containers.unpause, loaded.containers.kill):
        with pytest.raises(Conflict) as refused:
            await step(container.id)
        assert refused.value.code is Code.WRONG_STATE
    await loaded.containers.start(container.id)
    with pytest.raises(Conflict):
        await loaded.containers.remove(container.id)
    await loaded.containers.remove(container.id, force=True)


async def test_auto_remove_takes_it_away_with_its_volumes(loaded: EmbeddedEngine) -> None:
    from engine.types.containers import Mount

    container = await run(loaded, "true", auto_remove=True, mounts=(Mount(kind="volume", target="/cache"),))
    await loaded.containers.wait(container.id, condition="removed")
    assert await loaded.containers.list() == []
    assert await loaded.volumes.list() == []


async def test_restart_policy_counts_and_gives_up(loaded: EmbeddedEngine) -> None:
    policy = RestartPolicy(name="on-failure", maximum_retries=2)
    container = await run(loaded, "sh", "-c", "exit 4", restart=policy)
    entry = loaded.containers.book.find(container.id)
    await entry.until(lambda: entry.state is State.EXITED)
    assert entry.container.restart_count == 2
    assert entry.container.exit is not None
    assert entry.container.exit.code == 4


async def test_stop_ends_a_restarting_container(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, "false", restart=RestartPolicy(name="always"))
    entry = loaded.containers.book.find(container.id)
    await entry.until(lambda: entry.container.restart_count >= 2 and entry.state is State.RESTARTING)
    await loaded.containers.stop(container.id)
    assert entry.state is State.EXITED
    assert entry.state not in ALIVE_STATES


async def test_wait_for_the_next_exit(loaded: EmbeddedEngine) -> None:
    import asyncio

    container = await create(loaded, "sh", "-c", "exit 9")
    waiting = asyncio.create_task(loaded.containers.wait(container.id, condition="next-exit"))
    await asyncio.sleep(0)
    await loaded.containers.start(container.id)
    assert (await waiting).exit_code == 9


async def test_prune_takes_what_is_at_rest(loaded: EmbeddedEngine) -> None:
    await create(loaded, name="idle")
    await run(loaded, name="busy")
    freed = await loaded.containers.prune()
    assert len(freed.ids) == 1
    assert [container.name for container in await loaded.containers.list()] == ["busy"]


@pytest.mark.parametrize(
    ("command", "code", "exit_code"),
    [
        (("no-such-command",), Code.COMMAND_NOT_FOUND, 127),
        (("/data/hello",), Code.COMMAND_NOT_EXECUTABLE, 126),
        (("/data",), Code.COMMAND_NOT_EXECUTABLE, 126),
    ],
)
async def test_commands_that_cannot_run(
    loaded: EmbeddedEngine, command: tuple[str, ...], code: Code, exit_code: int
) -> None:
    container = await create(loaded, *command)
    with pytest.raises(RuntimeFailure) as failure:
        await loaded.containers.start(container.id)
    assert failure.value.code is code
    assert failure.value.exit_code == exit_code
    assert failure.value.hint
    kept = await loaded.containers.get(container.id)
    assert kept.exit is not None
    assert kept.exit.code == exit_code


async def test_bad_requests_are_refused_before_anything_is_made(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    from engine.types.containers import Mount, Resources

    missing = Mount(kind="bind", source=str(tmp_path / "nothing"), target="/x")
    for options, code in (
        ({"mounts": (missing,)}, Code.MOUNT_SOURCE_MISSING),
        ({"mounts": (Mount(kind="tmpfs", target="relative"),)}, Code.INVALID),
        ({"resources": Resources(memory=1024)}, Code.INVALID),
        ({"network": "nowhere"}, Code.NOT_FOUND),
        ({"network": "container:nobody"}, Code.NOT_FOUND),
        ({"sysctls": {"kernel.panic": "1"}}, Code.INVALID),
    ):
        with pytest.raises(WherryError) as refused:
            await create(loaded, **options)
        assert refused.value.code is code
    with pytest.raises(NotFound):
        await loaded.containers.create(CreateContainer(spec=ContainerSpec(image="localhost/none:1")))
    assert await loaded.containers.list() == []


async def test_a_user_the_image_does_not_know(loaded: EmbeddedEngine) -> None:
    container = await create(loaded, user="nobody-here")
    with pytest.raises(InvalidRequest) as refused:
        await loaded.containers.start(container.id)
    assert refused.value.code is Code.BAD_USER
    assert "web" in refused.value.explanation
    assert (await loaded.containers.get(container.id)).state is State.CREATED
    assert BUSYBOX == container.image
