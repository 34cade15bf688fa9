"""Lives of containers on a machine in memory: started, ended, restarted, removed, found again, and what fails.

Starter, Ender, Supervisor, Remover, Adopter and Reconciler are the real ones; only what ends at the keeper is played.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.containers.known.book import ContainerBook
from engine.errors import Code, Conflict, HostError, NotFound, RuntimeFailure
from engine.events.bus import EventBus
from engine.sandbox.failures import KeeperLost
from engine.types.containers import Action, Cause, Mount, RestartPolicy, State
from engine.types.data import LabelRule
from tests.support.played_engine import create, start, until, until_gone, until_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.embedded import EmbeddedEngine
    from tests.fakes.machine import MachineInMemory
    from tests.support.played_engine import PlayedStore

ALWAYS = RestartPolicy(name="always")


# --- started and ended ---


async def test_a_container_runs_and_ends_with_its_own_code(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine, "one")
    assert (running.state, running.pid > 0, running.exit) == (State.RUNNING, True, None)

    machine.end(running.id, 3)
    ended = await until_state(played_engine, running.id, State.EXITED)

    assert ended.exit is not None
    assert (ended.exit.code, ended.exit.cause, ended.exit.requested, ended.pid) == (3, Cause.ITSELF, False, 0)
    assert not (played_engine.paths.crun_root / running.id).exists()


async def test_a_stop_asks_first(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine)

    stopped = await played_engine.containers.stop(running.id)

    assert stopped.exit is not None
    assert (stopped.state, stopped.exit.code, stopped.exit.cause) == (State.EXITED, 143, Cause.STOPPED)


async def test_the_wish_to_stop_is_written_down_before_the_signal_goes_out(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    """An engine that is killed in the middle of a stop must not have its successor start the container again."""
    machine.deaf = True
    running = await start(played_engine, restart=ALWAYS)
    stopping = asyncio.create_task(played_engine.containers.stop(running.id, timeout=60))
    await until_state(played_engine, running.id, State.STOPPING)

    written = ContainerBook(played_engine.database, EventBus())
    await written.open()

    assert written.find(running.id).record.stop_wanted
    assert written.find(running.id).state is State.STOPPING
    await played_engine.containers.kill(running.id)
    assert (await stopping).state is State.EXITED


async def test_a_stop_kills_what_does_not_listen(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    machine.deaf = True
    running = await start(played_engine, stop_timeout=0.01)

    stopped = await played_engine.containers.stop(running.id)

    assert stopped.exit is not None
    assert (stopped.exit.code, stopped.exit.signal, stopped.exit.cause) == (137, 9, Cause.STOPPED)


async def test_a_kill_is_told_as_one(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine)

    killed = await played_engine.containers.kill(running.id)

    assert killed.exit is not None
    assert (killed.state, killed.exit.code, killed.exit.cause) == (State.EXITED, 137, Cause.KILLED)


async def test_a_signal_that_is_not_deadly_leaves_it_running(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    machine.deaf = True
    running = await start(played_engine)

    assert (await played_engine.containers.kill(running.id, signal="HUP")).state is State.RUNNING
    machine.end(running.id, 0)
    ended = await until_state(played_engine, running.id, State.EXITED)
    assert ended.exit is not None
    assert not ended.exit.requested


async def test_what_runs_is_not_started_twice(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine)
    assert (await played_engine.containers.start(running.id)).pid == running.pid


async def test_a_started_container_can_be_started_again_after_its_end(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    first = await start(played_engine)
    machine.end(first.id, 1)
    await until_state(played_engine, first.id, State.EXITED)

    again = await played_engine.containers.start(first.id)

    assert (again.state, again.pid != first.pid, again.exit) == (State.RUNNING, True, None)


async def test_what_the_runtime_refuses_is_told_and_leaves_nothing(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    machine.refusal = "executable file `serve` not found: No such file or directory"
    made = await create(played_engine)

    with pytest.raises(RuntimeFailure) as caught:
        await played_engine.containers.start(made.id)

    assert (caught.value.code, caught.value.exit_code) == (Code.COMMAND_NOT_FOUND, 127)
    kept = await played_engine.containers.get(made.id)
    assert kept.exit is not None
    assert (kept.state, kept.exit.code, kept.pid) == (State.CREATED, 127, 0)
    assert not (played_engine.paths.crun_root / made.id).exists()
    assert not machine.mounted


async def test_a_keeper_that_dies_over_a_start_leaves_a_container_that_can_be_started(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    made = await create(played_engine)
    machine.dying = "Spawn"

    with pytest.raises(KeeperLost):
        await played_engine.containers.start(made.id)

    assert (await played_engine.containers.get(made.id)).state is State.CREATED
    assert (await played_engine.containers.start(made.id)).state is State.RUNNING


async def test_without_a_freezer_a_pause_says_so(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine)

    with pytest.raises(HostError, match="cannot be paused"):
        await played_engine.containers.pause(running.id)
    assert (await played_engine.containers.get(running.id)).state is State.RUNNING


async def test_the_lifecycle_table_decides(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine, "resting")

    for refused in (played_engine.containers.kill, played_engine.containers.pause, played_engine.containers.unpause):
        with pytest.raises(Conflict) as caught:
            await refused(made.id)
        assert caught.value.code is Code.WRONG_STATE
        assert "resting" in str(caught.value)
    assert Action.START.value == "start"


# --- restarted ---


async def test_always_means_again_after_every_end(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    first = await start(played_engine, restart=ALWAYS)

    machine.end(first.id, 0)
    again = await until(played_engine, first.id, lambda it: it.state is State.RUNNING and it.restart_count == 1)

    assert again.pid != first.pid
    assert again.exit is not None  # how the run before ended stays to be seen
    assert again.exit.code == 0


async def test_on_failure_means_not_after_a_good_end(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine, restart=RestartPolicy(name="on-failure"))

    machine.end(running.id, 0)

    assert (await until(played_engine, running.id, lambda it: not it.pid)).state is State.EXITED


async def test_on_failure_gives_up_after_so_many(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine, restart=RestartPolicy(name="on-failure", maximum_retries=1))

    machine.end(running.id, 1)
    await until(played_engine, running.id, lambda it: it.state is State.RUNNING and it.restart_count == 1)
    machine.end(running.id, 1)
    ended = await until_state(played_engine, running.id, State.EXITED)

    assert ended.restart_count == 1


async def test_what_was_stopped_stays_so(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, restart=ALWAYS)

    stopped = await played_engine.containers.stop(running.id)

    assert (stopped.state, stopped.restart_count) == (State.EXITED, 0)


async def test_a_restart_that_fails_is_an_end_like_any_other(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine, restart=RestartPolicy(name="on-failure", maximum_retries=1))
    machine.refusal = "cannot be made today"

    machine.end(running.id, 1)
    ended = await until_state(played_engine, running.id, State.EXITED)

    assert ended.exit is not None
    assert ended.exit.code == 125
    assert "could not be started" in ended.exit.error


async def test_a_start_by_hand_calls_the_waiting_one_off(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine, restart=ALWAYS)
    machine.end(running.id, 1)
    await until(played_engine, running.id, lambda it: it.state is not State.RUNNING)

    assert (await played_engine.containers.start(running.id)).state is State.RUNNING


async def test_who_loses_its_conmon_has_ended_and_is_told_why(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine)

    machine.lose_conmon(running.id)
    ended = await until_state(played_engine, running.id, State.EXITED)

    assert ended.exit is not None
    assert (ended.exit.code, ended.exit.cause) == (137, Cause.LOST)
    assert "conmon" in ended.exit.error


# --- removed ---


async def test_a_removal_takes_everything(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine, mounts=(Mount(kind="volume", source="", target="/data"),))
    assert len(await played_engine.volumes.list()) == 1

    with pytest.raises(Conflict):
        await played_engine.containers.remove(running.id)
    await played_engine.containers.remove(running.id, force=True, volumes=True)
    await played_engine.containers.settled()
    machine.forget_lost_mounts()

    assert not await played_engine.containers.list()
    assert not await played_engine.volumes.list()
    assert not played_engine.paths.container(running.id).exists()
    assert not machine.mounted
    assert not machine.containers[running.id].alive


async def test_named_volumes_stay(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine, mounts=(Mount(kind="volume", source="kept", target="/data"),))

    await played_engine.containers.remove(made.id, volumes=True)

    assert [each.name for each in await played_engine.volumes.list()] == ["kept"]


async def test_auto_remove_is_for_every_end(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine, auto_remove=True)

    machine.end(running.id, 0)

    await until_gone(played_engine, running.id)


async def test_a_keeper_that_dies_over_an_end_does_not_hide_it(
    played_engine: EmbeddedEngine, machine: MachineInMemory, expect_log: Callable[[str], None]
) -> None:
    expect_log("not all of .* could be cleared away")
    running = await start(played_engine)
    machine.dying = "Execute"

    machine.end(running.id, 0)

    assert (await until_state(played_engine, running.id, State.EXITED)).exit is not None
    assert machine.dying == ""


async def test_prune_takes_what_rests_and_has_the_label(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, labels={"keep": "no"})
    resting = await create(played_engine, labels={"keep": "no"})
    other = await create(played_engine)

    freed = await played_engine.containers.prune(labels=LabelRule(wanted={"keep": "no"}))

    assert freed.ids == (resting.id,)
    assert {each.id for each in await played_engine.containers.list()} == {running.id, other.id}


# --- found again ---


async def test_what_runs_lives_on_without_an_engine_and_is_found_again(played: PlayedStore) -> None:
    async with played.engine() as engine:
        running = await start(engine)
    async with played.engine() as engine:
        found = await engine.containers.get(running.id)
        assert (found.state, found.pid) == (State.RUNNING, running.pid)

        played.machine.end(running.id, 5)  # and it is watched again
        ended = await until_state(engine, running.id, State.EXITED)
        assert ended.exit is not None
        assert ended.exit.code == 5


async def test_an_end_without_an_engine_has_its_code_and_its_time(played: PlayedStore) -> None:
    async with played.engine() as engine:
        running = await start(engine)
    played.machine.end(running.id, 7)
    async with played.engine() as engine:
        found = await engine.containers.get(running.id)
        assert found.exit is not None
        assert (found.state, found.exit.code, found.exit.cause) == (State.EXITED, 7, Cause.ITSELF)


async def test_a_machine_that_was_turned_off_takes_its_containers_along(played: PlayedStore) -> None:
    async with played.engine() as engine:
        once, always = await start(engine), await start(engine, restart=ALWAYS)
    played.machine.turn_off()
    async with played.engine() as engine:
        lost = await engine.containers.get(once.id)
        assert lost.exit is not None
        assert (lost.state, lost.exit.cause) == (State.EXITED, Cause.LOST)
        assert "no engine ran" in lost.exit.error
        again = await until_state(engine, always.id, State.RUNNING)
        assert again.restart_count == 1


async def test_a_removal_that_was_cut_off_is_finished_by_the_next_engine(
    played: PlayedStore, expect_log: Callable[[str], None]
) -> None:
    async with played.engine() as engine:
        made = await create(engine)
        entry = engine.containers.book.find(made.id)
        await engine.containers.book.save(entry, entry.record.with_container(state=State.REMOVING))
    async with played.engine() as engine:
        await until_gone(engine, made.id)


async def test_a_start_that_was_cut_off_is_taken_back(played: PlayedStore) -> None:
    async with played.engine() as engine:
        made = await create(engine)
        entry = engine.containers.book.find(made.id)
        await engine.containers.book.save(entry, entry.record.with_container(state=State.STARTING))
    async with played.engine() as engine:
        assert (await engine.containers.get(made.id)).state is State.CREATED


# --- changed ---


async def test_a_changed_environment_waits_for_a_new_start_on_the_same_files(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, env={"A": "1"})
    spec = running.spec

    edited = await played_engine.containers.edit(running.id, spec_with(spec, env={"A": "2"}))

    assert edited.id == running.id
    assert (edited.state, edited.spec.env, edited.pid != running.pid) == (State.RUNNING, {"A": "2"}, True)


async def test_a_changed_policy_waits_for_nothing(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine)

    edited = await played_engine.containers.edit(running.id, spec_with(running.spec, restart=ALWAYS))
    assert edited.pid == running.pid
    machine.end(running.id, 0)

    await until(played_engine, running.id, lambda it: it.state is State.RUNNING and it.restart_count == 1)


async def test_names_are_one_containers_only(played_engine: EmbeddedEngine) -> None:
    one, two = await create(played_engine, "one"), await create(played_engine, "two")

    with pytest.raises(Conflict) as caught:
        await played_engine.containers.rename(two.id, "one")
    assert caught.value.code is Code.NAME_TAKEN
    with pytest.raises(Conflict):
        await create(played_engine, "one")
    assert (await played_engine.containers.rename(one.id, "three")).name == "three"
    with pytest.raises(NotFound):
        await played_engine.containers.get("one")


async def test_everyone_who_waits_for_an_end_hears_of_it(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine)
    waiting = [asyncio.ensure_future(played_engine.containers.wait(running.id)) for _ in range(3)]
    await asyncio.sleep(0)

    machine.end(running.id, 4)

    assert [(await each).exit_code for each in waiting] == [4, 4, 4]


def spec_with(spec: object, **changes: object) -> object:
    from msgspec.structs import replace

    return replace(spec, **changes)  # type: ignore[type-var]
