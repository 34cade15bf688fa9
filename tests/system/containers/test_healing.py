"""What a crash of a helper cut off is brought to its end: nothing stays half-done, nobody waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, RuntimeFailure, WherryError
from engine.types.containers import Mount, PortMapping, RestartPolicy, State
from engine.types.images import CommitContainer
from tests.support.engine import opened_engine
from tests.system.containers.conftest import create, load_busybox, run, until
from tests.system.containers.test_networks import SERVER, fetch
from tests.system.containers.test_survival import _is_gone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.embedded import EmbeddedEngine
    from engine.facade import Engine
    from tests.support.stores import ShortTmp

ALWAYS = RestartPolicy(name="always")


async def while_the_keeper_hangs(engine: EmbeddedEngine, act: Awaitable[object], reached: Callable[[], bool]) -> object:
    """Do something that needs the keeper, have it wait in the middle of that, and kill the keeper then."""
    first = engine.keeper.pid
    os.kill(first, signal.SIGSTOP)
    acting = asyncio.ensure_future(act)
    try:
        await until(lambda: reached() or acting.done())
        assert not acting.done()
    finally:
        os.kill(first, signal.SIGKILL)
    return await asyncio.wait_for(acting, 30)


async def end_of(engine: EmbeddedEngine, container_id: str) -> None:
    """One container dies while the keeper hangs, and its end waits for the keeper when that is killed."""
    exit_file = engine.paths.exits / container_id
    lock = engine.containers.book.find(container_id).lock
    await while_the_keeper_hangs(engine, _die(engine, container_id), lambda: exit_file.exists() and lock.locked())


async def _die(engine: EmbeddedEngine, container_id: str) -> None:
    entry = engine.containers.book.find(container_id)
    os.kill(entry.container.pid, signal.SIGKILL)
    await entry.until(lambda: entry.gone or entry.ends > 0)


async def test_a_keeper_killed_while_a_container_dies(
    loaded: EmbeddedEngine, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    container = await run(loaded)
    waiting = asyncio.ensure_future(loaded.containers.wait(container.id))
    await end_of(loaded, container.id)
    assert (await asyncio.wait_for(waiting, 10)).exit_code == 137
    assert (await loaded.containers.get(container.id)).state is State.EXITED
    assert await loaded.host.check_store() == []


async def test_a_keeper_killed_while_one_that_removes_itself_dies(
    loaded: EmbeddedEngine, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    container = await run(loaded, auto_remove=True)
    gone = asyncio.ensure_future(loaded.containers.wait(container.id, condition="removed"))
    await end_of(loaded, container.id)
    await asyncio.wait_for(gone, 10)
    assert await loaded.containers.list() == []


async def test_a_keeper_killed_while_one_with_a_policy_dies(
    loaded: EmbeddedEngine, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    container = await run(loaded, restart=ALWAYS)
    entry = loaded.containers.book.find(container.id)
    runs_again = entry.until(lambda: entry.state is State.RUNNING and entry.container.pid != container.pid)
    os.kill(container.pid, signal.SIGKILL)
    await while_the_keeper_hangs(loaded, runs_again, lambda: entry.ends > 0 and entry.lock.locked())


async def test_a_keeper_killed_during_a_removal(loaded: EmbeddedEngine, expect_log: Callable[[str], None]) -> None:
    expect_log("the keeper died")
    container = await create(loaded, mounts=(Mount(kind="volume", target="/own"),))
    entry = loaded.containers.book.find(container.id)
    removal = loaded.containers.remove(container.id, volumes=True)
    await while_the_keeper_hangs(loaded, removal, lambda: entry.state is State.REMOVING)
    assert await loaded.containers.list() == []
    assert await loaded.volumes.list() == []


async def test_a_removal_that_was_cut_off_is_finished_while_the_engine_runs(loaded: EmbeddedEngine) -> None:
    """Whatever cut it off: nobody is at it any more."""
    container = await create(loaded)
    entry = loaded.containers.book.find(container.id)
    loaded.containers.book.show(entry, entry.record.with_container(state=State.REMOVING))
    await asyncio.wait_for(loaded.containers.wait(container.id, condition="removed"), 20)


async def test_a_removal_that_was_cut_off_can_be_asked_for_again(loaded: EmbeddedEngine) -> None:
    container = await create(loaded)
    entry = loaded.containers.book.find(container.id)
    loaded.containers.book.show(entry, entry.record.with_container(state=State.REMOVING))
    await loaded.containers.remove(container.id, force=True)
    assert await loaded.containers.list() == []


async def test_an_end_that_nobody_heard_of_is_found(loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost word of the kernel's must not leave a container running for ever on paper."""
    watch = loaded.containers._watch
    monkeypatch.setattr(watch, "_on_exit", lambda container_id: None)
    monkeypatch.setattr(watch, "_on_lost", lambda container_id: None)
    container = await run(loaded, "sh", "-c", "exit 5")
    assert (await asyncio.wait_for(loaded.containers.wait(container.id), 20)).exit_code == 5


async def test_a_restart_that_nobody_waits_for_is_taken_over(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, "sleep", "1000", restart=ALWAYS)
    entry = loaded.containers.book.find(container.id)
    await loaded.containers.stop(container.id)
    waits = entry.record.changed(stop_wanted=False).with_container(state=State.RESTARTING)
    loaded.containers.book.show(entry, waits)
    await until(lambda: entry.state is State.RUNNING)


async def test_what_a_run_left_behind_goes_while_the_engine_runs(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, *SERVER, network="pasta")
    await loaded.containers.stop(container.id)
    await loaded.networks.attachments.create(container.id)
    await until(lambda: not loaded.paths.netns(container.id).exists())


async def test_a_conmon_killed_between_create_and_start(
    loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it nobody would see the end: such a start is none."""
    starter = loaded.containers._starter
    really_run = starter._run_conmon

    async def run_and_lose(record: Any) -> tuple[int, int]:
        pid, conmon_pid = await really_run(record)
        os.kill(conmon_pid, signal.SIGKILL)
        await until(lambda: not Path(f"/proc/{conmon_pid}").exists())
        return pid, conmon_pid

    monkeypatch.setattr(starter, "_run_conmon", run_and_lose)
    container = await create(loaded)
    with pytest.raises(RuntimeFailure):
        await loaded.containers.start(container.id)
    assert not (await loaded.containers.get(container.id)).pid
    assert not (loaded.paths.crun_root / container.id).exists()
    monkeypatch.undo()
    assert (await loaded.containers.start(container.id)).state is State.RUNNING


async def test_a_network_that_could_not_be_brought_back_at_first_comes_back(
    loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    expect_log("could not be brought back")
    container = await run(loaded, *SERVER, network="pasta", ports=(PortMapping(container_port=80),))
    failures = 0

    async def refuse(*words: object, **options: object) -> int:
        nonlocal failures
        failures += 1
        raise RuntimeFailure("There is no network just now")

    with monkeypatch.context() as patched:
        patched.setattr(loaded.networks, "reconnect", refuse)
        os.kill(loaded.containers.book.find(container.id).record.run.pasta_pid, signal.SIGKILL)
        await until(lambda: failures > 1)
    await until(lambda: loaded.networks.attachments.is_watched(container.id))
    await fetch(container.ports[0].host_port)


_KILLED_COMMIT = """
import asyncio, os, signal, sys
from pathlib import Path
from engine.embedded import open_engine
from engine.types.images import CommitContainer
from tests.system.containers.conftest import load_busybox, run

async def main():
    engine = await open_engine(Path(sys.argv[1]), Path(sys.argv[2]))
    await load_busybox(engine)
    await run(engine, name="held")
    moment = sys.argv[3]
    ender, book = engine.containers._ender, engine.containers.book
    if moment == "written":
        freeze = type(engine.containers.runtime.cgroup(book.find("held").record))
        freeze.freeze = lambda self, frozen: os.kill(os.getpid(), signal.SIGKILL)
    elif moment == "frozen":
        book.save = lambda *words, **more: os.kill(os.getpid(), signal.SIGKILL)
    else:
        engine.keeper.pack = lambda *words, **more: os.kill(os.getpid(), signal.SIGKILL)
    await engine.images.commit(CommitContainer(container="held", reference="localhost/made:1", pause=True)).result()

asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["written", "frozen", "reading"])
async def test_an_engine_killed_during_a_commit_leaves_no_frozen_service(short_tmp: ShortTmp, moment: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED_COMMIT, str(short_tmp.root), str(short_tmp.run), moment, stdout=subprocess.PIPE
    )
    await process.communicate()
    assert process.returncode == -signal.SIGKILL
    async with opened_engine(short_tmp) as opened:
        engine: EmbeddedEngine = opened  # type: ignore[assignment]
        assert (await engine.containers.get("held")).state is State.RUNNING
        assert not engine.containers.runtime.cgroup(engine.containers.book.find("held").record).is_frozen()


async def test_what_a_person_paused_stays_paused_through_a_commit(loaded: EmbeddedEngine) -> None:
    container = await run(loaded)
    await loaded.containers.pause(container.id)
    await loaded.images.commit(
        CommitContainer(container=container.id, reference="localhost/made:1", pause=True)
    ).result()
    assert (await loaded.containers.get(container.id)).state is State.PAUSED
    await loaded.containers.unpause(container.id)


# --- any act on one that is just ending sees one state or the other ---


async def test_rm_f_of_one_that_is_just_ending(loaded: EmbeddedEngine) -> None:
    for _ in range(15):
        container = await run(loaded, "true")
        await loaded.containers.remove(container.id, force=True)
    assert await loaded.containers.list() == []


async def test_commit_of_one_that_is_just_ending(loaded: EmbeddedEngine) -> None:
    for number in range(15):
        container = await run(loaded, "true")
        request = CommitContainer(container=container.id, reference=f"localhost/made:{number}", pause=True)
        assert await loaded.images.commit(request).result()
        await loaded.containers.remove(container.id, force=True)


async def test_commit_of_one_that_is_removed_meanwhile(loaded: EmbeddedEngine) -> None:
    """It is made or it is not; that the files went is no failure of the machine's."""
    for number in range(10):
        container = await run(loaded)
        request = CommitContainer(container=container.id, reference=f"localhost/made:{number}", pause=True)
        committing = loaded.images.commit(request)
        await asyncio.sleep(0.01 * (number % 4))
        await loaded.containers.remove(container.id, force=True)
        (outcome,) = await asyncio.gather(committing.result(), return_exceptions=True)
        if isinstance(outcome, WherryError):
            assert outcome.code in (Code.NOT_FOUND, Code.WRONG_STATE), (outcome, outcome.details)


async def test_rm_f_and_a_start_side_by_side(loaded: EmbeddedEngine) -> None:
    """Whoever comes first: it is removed, and nothing of it runs."""
    for _ in range(10):
        container = await create(loaded)
        starting = asyncio.ensure_future(loaded.containers.start(container.id))
        await asyncio.sleep(0)
        await loaded.containers.remove(container.id, force=True)
        await asyncio.gather(starting, return_exceptions=True)
    assert await loaded.containers.list() == []
    assert await loaded.host.check_store() == []


async def test_rm_f_does_not_wait_for_a_slow_start(loaded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = asyncio.Event()

    async def mount_for_ever(record: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(loaded.containers._starter, "_mount", mount_for_ever)
    container = await create(loaded)
    starting = asyncio.ensure_future(loaded.containers.start(container.id))
    await reached.wait()
    await asyncio.wait_for(loaded.containers.remove(container.id, force=True), 20)
    with pytest.raises(WherryError):
        await starting
    assert await loaded.containers.list() == []


async def test_rm_f_of_one_that_waits_for_its_restart_leaves_no_network(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, "false", network="pasta", restart=ALWAYS)
    entry = loaded.containers.book.find(container.id)
    await until(lambda: entry.state is State.RESTARTING and entry.record.failures > 2)
    pasta = loaded.networks.attachments.running(container.id)
    assert pasta, "it is kept for the next start"
    await loaded.containers.remove(container.id, force=True)
    await until(lambda: not loaded.paths.netns(container.id).exists())
    assert _is_gone(pasta)
    assert await loaded.host.check_store() == []


async def test_wait_comes_back_for_one_that_its_policy_starts_again(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, "sh", "-c", "sleep 0.3; exit 4", restart=ALWAYS)
    assert (await asyncio.wait_for(loaded.containers.wait(container.id), 20)).exit_code == 4
    entry = loaded.containers.book.find(container.id)
    await until(entry.waits_to_restart)
    assert (await asyncio.wait_for(loaded.containers.wait(container.id), 20)).exit_code == 4
    await loaded.containers.remove(container.id, force=True)


async def test_an_engine_that_closes_leaves_the_restart_of_what_ends_just_then(
    short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.embedded import open_engine
    from tests.system.containers.conftest import load_busybox

    first = await open_engine(short_tmp.root, short_tmp.run)
    await load_busybox(first)
    container = await run(first, restart=ALWAYS)
    supervisor, starter = first.containers._supervisor, first.containers._starter
    take_down, reached = starter.take_down, asyncio.Event()

    async def take_down_late(*words: Any, **options: Any) -> None:
        reached.set()
        await until(lambda: supervisor._closing)
        await take_down(*words, **options)

    monkeypatch.setattr(starter, "take_down", take_down_late)
    os.kill(container.pid, signal.SIGKILL)
    await reached.wait()
    await first.close()
    async with opened_engine(short_tmp) as engine:
        await until(lambda: _runs(engine, container.id))


async def _runs(engine: Engine, container_id: str) -> bool:
    return (await engine.containers.get(container_id)).state is State.RUNNING


async def test_what_is_put_right_at_a_start_is_told(short_tmp: ShortTmp) -> None:
    """A start that was cut off is taken back, and the events say so."""
    async with opened_engine(short_tmp) as opened:
        engine: EmbeddedEngine = opened  # type: ignore[assignment]
        await load_busybox(engine)
        container = await create(engine, name="cut-off")
        database = engine.paths.database
    with contextlib.closing(sqlite3.connect(database)) as rows, rows:
        (body,) = rows.execute("SELECT body FROM containers").fetchone()
        starting = bytes(body).replace(b'"state":"created"', b'"state":"starting"')
        assert starting != bytes(body)
        rows.execute("UPDATE containers SET body = ?", (starting,))
    async with opened_engine(short_tmp) as opened:
        engine = opened  # type: ignore[assignment]
        assert (await engine.containers.get(container.id)).state is State.CREATED
        told = [each for each in await engine.events.read() if each.action == "mend"]
        assert [(each.name, each.attributes["what"]) for each in told] == [
            ("cut-off", "A start that was cut off was taken back.")
        ]
