"""Rows and the machine brought together: by a later engine, and every few seconds by the one that runs.

What a crash of a helper kept from being told is found by looking; here it is made by hand, and looked for at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers.known.record import Run
from engine.containers.watch import network_waiting, reconciling, resolver_watch, traces
from engine.containers.watch.exit_watch import ExitWatch
from engine.containers.watch.judging import Found
from engine.containers.watch.traces import differs, ids_in, is_conmon_of, names_in
from engine.errors import RuntimeFailure, StorageError
from engine.types.containers import Cause, Exit, PortMapping, RestartPolicy, State
from engine.types.data import now
from tests.support.played_engine import create, listen, start, until, until_gone, until_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.embedded import EmbeddedEngine
    from tests.fakes.machine import MachineInMemory
    from tests.support.played_engine import PlayedStore

ALWAYS = RestartPolicy(name="always")
ID = "f" * 64


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look is taken when the test says so."""
    monkeypatch.setattr(reconciling, "_SECONDS", 1000.0)


async def look(engine: EmbeddedEngine, *, thorough: bool = False) -> None:
    await engine.containers._reconciler.look(thorough=thorough)


def set_state(engine: EmbeddedEngine, container_id: str, **changes: Any) -> None:
    """What the row says, whatever is true."""
    entry = engine.containers.book.find(container_id)
    entry.record = entry.record.with_container(**changes)


async def rest(engine: EmbeddedEngine, **options: Any) -> str:
    made = await start(engine, **options)
    await engine.containers.stop(made.id)
    async with engine.containers.book.find(made.id).lock:
        return made.id  # its end is written down by now


# --- while an engine runs ---


async def test_what_is_as_its_row_says_is_left_alone(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running, resting = await start(played_engine), await rest(played_engine)
    heard = listen(played_engine)
    await look(played_engine, thorough=True)
    assert heard == []
    assert (await played_engine.containers.get(running.id)).state is State.RUNNING
    assert (await played_engine.containers.get(resting)).state is State.EXITED


async def test_an_end_that_nobody_told_of_is_found(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine)
    played_engine.containers._watch.forget(running.id)
    played_engine.containers._watch._on_exit = lambda _: None
    machine.end(running.id, 6)
    assert (await played_engine.containers.get(running.id)).state is State.RUNNING
    await look(played_engine)
    ended = await played_engine.containers.get(running.id)
    assert ended.exit is not None
    assert (ended.state, ended.exit.code, ended.exit.cause) == (State.EXITED, 6, Cause.ITSELF)
    assert abs(ended.exit.ended - now()) < timedelta(minutes=5)


async def test_a_conmon_that_is_gone_is_found_and_told(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine)
    played_engine.containers._watch.forget(running.id)
    machine.lose_conmon(running.id)
    await look(played_engine)
    ended = await played_engine.containers.get(running.id)
    assert ended.exit is not None
    assert (ended.state, ended.exit.cause) == (State.EXITED, Cause.LOST)
    assert "was killed" in ended.exit.error, "this engine watched it"


async def test_work_that_was_cut_off_is_taken_back_or_finished(played_engine: EmbeddedEngine) -> None:
    made, ran = await create(played_engine, "made"), await rest(played_engine)
    heard = listen(played_engine)
    set_state(played_engine, made.id, state=State.STARTING)
    set_state(played_engine, ran, state=State.STARTING, pid=5, ip_address="10.0.0.1", cgroup="/x")
    removing = await create(played_engine, "going")
    set_state(played_engine, removing.id, state=State.REMOVING)
    await look(played_engine)
    await until_gone(played_engine, removing.id)
    assert (await played_engine.containers.get(made.id)).state is State.CREATED
    back = await played_engine.containers.get(ran)
    assert (back.state, back.pid, back.ip_address, back.cgroup) == (State.EXITED, 0, "", "")
    mended = [line for line in heard if " mend " in line]
    assert "made mend what=A start that was cut off was taken back." in mended
    assert "going mend what=A removal that was cut off is finished." in mended


async def test_who_is_found_alive_though_its_row_says_otherwise_is_taken_up(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine)
    set_state(played_engine, running.id, state=State.STARTING, pid=0, started=None)
    await look(played_engine)
    found = await played_engine.containers.get(running.id)
    assert (found.state, found.pid) == (State.RUNNING, running.pid)
    assert found.started is not None
    machine.end(running.id, 2)
    await until_state(played_engine, running.id, State.EXITED)


async def test_what_is_left_of_a_run_is_cleared_away(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    resting = await rest(played_engine)
    state = played_engine.paths.crun_root / resting
    state.mkdir()
    heard = listen(played_engine)
    await look(played_engine)
    assert not state.exists()
    assert heard == []
    assert (await played_engine.containers.get(resting)).state is State.EXITED


async def test_one_that_waits_and_nobody_waits_for_is_waited_for(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    resting = await rest(played_engine, restart=ALWAYS)
    entry = played_engine.containers.book.find(resting)
    entry.record = entry.record.changed(stop_wanted=False)
    set_state(played_engine, resting, state=State.RESTARTING)
    await look(played_engine)
    again = await until_state(played_engine, resting, State.RUNNING)
    assert again.restart_count == 1


async def test_one_whose_waiting_a_person_ended_rests(played_engine: EmbeddedEngine) -> None:
    resting = await rest(played_engine, restart=ALWAYS)
    set_state(played_engine, resting, state=State.RESTARTING)
    await look(played_engine)
    assert (await played_engine.containers.get(resting)).state is State.EXITED


async def test_who_is_being_changed_is_not_looked_at(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine, dns=("9.9.9.9",))
    played_engine.containers._watch.forget(running.id)
    machine.lose_conmon(running.id)
    entry = played_engine.containers.book.find(running.id)
    async with entry.lock:
        await look(played_engine)
        assert entry.state is State.RUNNING
    await look(played_engine)
    assert entry.state is State.EXITED


async def test_what_cannot_be_settled_is_told_once(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    expect_log("could not be settled yet")
    made = await create(played_engine)
    settle = played_engine.containers._reconciler._settler

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeFailure("Not now")

    monkeypatch.setattr(settle, "settle", fail)
    set_state(played_engine, made.id, state=State.STARTING)
    for _ in range(2):
        await look(played_engine)
    assert sum("could not be settled yet" in each.getMessage() for each in caplog.records) == 1
    monkeypatch.undo()
    await look(played_engine)
    assert (await played_engine.containers.get(made.id)).state is State.CREATED


async def test_networks_of_nobody_are_swept_away(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine)
    paths = played_engine.paths
    forgotten, build = paths.netns(ID), paths.netns("build")
    for place in (forgotten, build):
        place.touch()
    await look(played_engine)
    assert not forgotten.exists()
    assert build.exists()
    assert paths.netns(running.id).exists()
    build.unlink()


async def test_mounts_that_were_forgotten_go_at_a_thorough_look(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    resting, running = await rest(played_engine), await start(played_engine)
    entry = played_engine.containers.book.find(resting)
    await played_engine.containers._files.rootfs.mount(resting, entry.record.layers)
    rootfs = {str(played_engine.paths.rootfs(each)) for each in (resting, running.id)}

    def mounted() -> set[str]:
        return {each.target for each in machine.mounted} & rootfs

    await look(played_engine)
    assert mounted() == rootfs
    async with played_engine.containers._files.roots.hold(entry):
        await look(played_engine, thorough=True)
        assert mounted() == rootfs, "somebody looks into it"
        async with entry.lock:
            await look(played_engine, thorough=True)
    await played_engine.containers._files.rootfs.mount(resting, entry.record.layers)
    await look(played_engine, thorough=True)
    assert mounted() == {str(played_engine.paths.rootfs(running.id))}


async def test_rounds_go_on_after_one_that_was_cut_off(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: asyncio.Queue[bool] = asyncio.Queue()
    count = 0

    async def cut_off(*, thorough: bool = False) -> None:
        nonlocal count
        count += 1
        looks.put_nowait(thorough)
        raise StorageError("Not now") if count % 2 else OSError("Nor now")

    reconciler = played_engine.containers._reconciler
    monkeypatch.setattr(reconciler, "look", cut_off)
    async with asyncio.timeout(20):
        reconciler.look_soon()
        assert await looks.get(), "what may be half done is looked for thoroughly"
        monkeypatch.setattr(reconciling, "_SECONDS", 0.001)
        reconciler.look_soon()
        assert await looks.get()
        assert not await looks.get()


# --- at the start of an engine ---


async def test_a_later_engine_counts_what_the_stand_in_did(played: PlayedStore) -> None:
    async with played.engine() as engine:
        running = await start(engine, restart=ALWAYS)
        file = engine.paths.container_run(running.id) / "restart.json"
    begun = time.time() - 5
    document = json.loads(file.read_text())
    file.write_text(json.dumps(document | {"restarts": 3, "failures": 2, "started": begun}))
    async with played.engine() as engine:
        found = await engine.containers.get(running.id)
        assert (found.state, found.restart_count) == (State.RUNNING, 3)
        assert found.started == datetime.fromtimestamp(begun, UTC)
        assert engine.containers.book.find(running.id).record.failures == 2
        anew = json.loads(file.read_text())
        assert (anew["restarts"], anew["failures"], anew["started"]) == (0, 2, begun)
    async with played.engine() as engine:
        assert (await engine.containers.get(running.id)).restart_count == 3, "nobody counts it twice"


async def test_a_reboot_is_no_failure_of_the_service(played: PlayedStore) -> None:
    async with played.engine() as engine:
        once, always = await start(engine, "once"), await start(engine, "always", restart=ALWAYS)
        for each in (once, always):
            entry = engine.containers.book.find(each.id)
            run = Run(boot="another boot", pid=entry.record.run.pid, conmon_pid=entry.record.run.conmon_pid)
            await engine.containers.book.save(entry, entry.record.changed(run=run))
    played.machine.turn_off()
    async with played.engine() as engine:
        ended = await engine.containers.get(once.id)
        assert ended.exit is not None
        assert (ended.state, ended.exit.cause, ended.exit.code) == (State.EXITED, Cause.REBOOT, 255)
        again = await until_state(engine, always.id, State.RUNNING)
        assert again.restart_count == 1
        assert engine.containers.book.find(always.id).record.failures == 0


async def test_what_belongs_to_nobody_is_swept_away(played: PlayedStore, groups: Path) -> None:
    async with played.engine() as engine:
        running, resting = await start(engine), await create(engine)
        paths = engine.paths
        places = {
            "runtime": paths.crun_root / ID,
            "run": paths.runs / ID,
            "container": paths.containers / ID,
            "group": groups / "memory/wherry" / ("e" * 32),
        }
        for place in places.values():
            place.mkdir(parents=True)
        files = {"exit": paths.exits / ID, "network": paths.netns(ID)}
        for file in files.values():
            file.touch()
        kept = [paths.crun_root / "not-an-id", paths.exits / "not-an-id", paths.netns("pod-x")]
        for file in kept:
            file.touch()
    async with played.engine() as engine:
        left = {name for name, place in {**places, **files}.items() if place.exists()}
        assert left == set()
        assert all(each.exists() for each in kept[:2])
        assert (await engine.containers.get(running.id)).state is State.RUNNING
        assert (groups / "memory/wherry" / running.id[:32]).exists()
        assert (paths.crun_root / running.id).exists()
        assert (await engine.containers.get(resting.id)).state is State.CREATED


async def test_what_cannot_be_settled_at_the_start_keeps_nobody_from_starting(
    played: PlayedStore, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    from engine.containers.watch.settling import Settler

    expect_log("one could not be settled")
    async with played.engine() as engine:
        running, other = await start(engine, "one"), await start(engine, "two")
    settle = Settler.settle

    async def fail(self: Settler, entry: Any, found: Found, *, watched: bool) -> None:
        if entry.container.name == "one":
            raise RuntimeFailure("Not now")
        await settle(self, entry, found, watched=watched)

    played.machine.end(other.id, 4)
    monkeypatch.setattr(Settler, "settle", fail)
    async with played.engine() as engine:
        assert (await engine.containers.get(running.id)).state is State.RUNNING
        ended = await engine.containers.get(other.id)
        assert ended.exit is not None
        assert ended.exit.code == 4


async def test_one_that_was_paused_by_a_person_stays_so_and_by_work_not(played: PlayedStore, groups: Path) -> None:
    async with played.engine() as engine:
        person, work, untold = [await start(engine) for _ in range(3)]
        await engine.containers.pause(person.id)
        await engine.containers.pause(work.id)
        entry = engine.containers.book.find(work.id)
        await engine.containers.book.save(entry, entry.record.changed(paused_briefly=True))
        engine.containers.runtime.cgroup(engine.containers.book.find(untold.id).record).freeze(frozen=True)
    async with played.engine() as engine:
        states = [(await engine.containers.get(each.id)).state for each in (person, work, untold)]
        assert states == [State.PAUSED, State.RUNNING, State.RUNNING]
        frozen = [
            (groups / "freezer/wherry" / each.id[:32] / "freezer.state").read_text() for each in (person, work, untold)
        ]
        assert frozen == ["FROZEN", "THAWED", "THAWED"]
        assert not engine.containers.book.find(work.id).record.paused_briefly


async def test_one_that_was_being_stopped_is_found_running(played: PlayedStore) -> None:
    played.machine.deaf = True
    async with played.engine() as engine:
        running = await start(engine, restart=ALWAYS)
        entry = engine.containers.book.find(running.id)
        await engine.containers.book.save(
            entry, entry.record.changed(stop_wanted=True).with_container(state=State.STOPPING)
        )
    async with played.engine() as engine:
        assert (await engine.containers.get(running.id)).state is State.RUNNING
        played.machine.end(running.id, 1)
        assert (await until(engine, running.id, lambda it: not it.pid)).state is State.EXITED


# --- what the machine shows ---


def test_what_a_row_and_a_glance_say_together(played_record: Any, tmp_path: Path) -> None:
    nothing = traces.Shown(frozenset(), frozenset(), frozenset(), frozenset())
    record = played_record(State.EXITED)
    assert not differs(record, nothing)
    assert differs(record, nothing._replace(runtimes=frozenset({record.id})))
    assert differs(record, nothing._replace(networks=frozenset({record.id})))
    assert differs(record, nothing._replace(groups=frozenset({record.id[:32]})))
    assert not differs(record, nothing._replace(exits=frozenset({record.id})))
    for state in (State.STARTING, State.RESTARTING, State.REMOVING):
        assert differs(played_record(state), nothing)
    for state in (State.RUNNING, State.PAUSED, State.STOPPING):
        living = played_record(state, conmon_pid=os.getpid())
        assert not differs(living, nothing)
        assert differs(living, nothing._replace(exits=frozenset({record.id})))
        assert differs(played_record(state, conmon_pid=2**22 + 1), nothing)


@pytest.fixture
def played_record() -> Callable[..., Any]:
    from engine.containers.known.record import Record
    from engine.types.containers import Container, ContainerSpec
    from engine.types.images import ImageConfig

    def make(state: State, conmon_pid: int = 0) -> Record:
        container = Container(
            id=ID, name="c", image_id="i", image="i", spec=ContainerSpec(image="i"), command_line=("x",), state=state,
            created=now(), exit=Exit(code=0, ended=now()),
        )  # fmt: skip
        return Record(container=container, image_config=ImageConfig(), layers=(), run=Run(conmon_pid=conmon_pid))

    return make


def test_only_names_of_containers_are_ours_to_judge(tmp_path: Path) -> None:
    for name in (ID, "short", "a" * 63):
        (tmp_path / name).touch()
    assert ids_in(tmp_path) == {ID}
    assert sorted(names_in(tmp_path)) == sorted([ID, "short", "a" * 63])
    assert names_in(tmp_path / "nothing") == []


async def test_a_conmon_is_known_by_the_id_among_its_words(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine)
    pid = machine.containers[running.id].process.pid
    assert is_conmon_of(pid, running.id)
    assert not is_conmon_of(pid, ID)
    assert not is_conmon_of(2**22 + 1, running.id)


async def test_what_is_to_be_seen_of_one(groups: Path, played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    look_at = played_engine.containers._reconciler._traces.look_at
    book, paths = played_engine.containers.book, played_engine.paths
    running = await start(played_engine, restart=ALWAYS)
    record = book.find(running.id).record
    pid = machine.containers[running.id].process.pid
    assert look_at(record) == Found(pid=running.pid, conmon_pid=pid, traces=True)
    (paths.crun_root / running.id / "exec.fifo").touch()
    assert look_at(record).half_made
    (paths.crun_root / running.id / "exec.fifo").unlink()
    played_engine.containers.runtime.cgroup(record).freeze(frozen=True)
    assert look_at(record).frozen
    file = paths.container_run(running.id) / "restart.json"
    file.write_text(json.dumps({"restarts": 2, "failures": 4, "started": 9.5}))
    found = look_at(record, absent=True)
    assert (found.restarts, found.failures, found.started) == (2, 4, 9.5)
    file.write_text("{}")
    assert look_at(record.changed(failures=7), absent=True)[3:6] == (0, 7, 0.0)
    file.write_text("{")
    assert look_at(record, absent=True).restarts == 0
    assert look_at(record).restarts == 0
    (groups / "pids/wherry" / running.id[:32] / "cgroup.procs").write_text(f"{pid}\n")
    look_at(record)
    supervisors = groups / "pids/wherry/supervisors/cgroup.procs"
    before = supervisors.read_text()
    look_at(record, absent=True)
    assert supervisors.read_text().startswith(str(pid))
    assert before == before.strip()
    (groups / "pids/wherry" / running.id[:32] / "cgroup.procs").write_text("")
    machine.lose_conmon(running.id)
    gone = look_at(record)
    assert (gone.pid, gone.conmon_pid, gone.frozen) == (0, 0, False)
    shutil.rmtree(paths.crun_root / running.id, ignore_errors=True)
    for name in ("freezer", "memory", "pids", "cpu"):
        shutil.rmtree(groups / name / "wherry" / running.id[:32], ignore_errors=True)
    assert look_at(record).traces, "its network is there"
    paths.netns(running.id).unlink()
    assert not look_at(record).traces


async def test_what_is_seen_at_a_glance(groups: Path, played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine)
    glance = played_engine.containers._reconciler._traces.glance
    (played_engine.paths.exits / ID).touch()
    played_engine.paths.netns("build").touch()
    shown = glance(thorough=False)
    assert shown.exits == {ID}
    assert shown.runtimes == {running.id}
    assert {running.id, "build"} <= shown.networks
    assert shown.groups == frozenset()
    assert glance(thorough=True).groups == {running.id[:32]}


async def test_an_exit_is_what_conmon_left(tmp_path: Path) -> None:
    watch = ExitWatch(tmp_path)
    assert watch.exit_code(ID) is None
    (tmp_path / ID).write_text("")
    assert watch.exit_code(ID) is None
    (tmp_path / ID).write_text("7\n")
    os.utime(tmp_path / ID, (5, 6.5))
    assert watch.exit_code(ID) == (7, 6.5)
    watch.clear(ID)
    watch.clear(ID)
    assert not (tmp_path / ID).exists()


async def test_ends_and_losses_are_told_of_at_once(tmp_path: Path) -> None:
    watch, heard = ExitWatch(tmp_path), asyncio.Queue[str]()
    assert not watch.watch(ID, 2**22 + 1)
    watch.open(lambda one: heard.put_nowait(f"exit of {one}"), lambda one: heard.put_nowait(f"loss of {one}"))
    (tmp_path / "partial.new").write_text("1")
    (tmp_path / ID).write_text("1")
    async with asyncio.timeout(20):
        assert await heard.get() == f"exit of {ID}"
        (tmp_path / "partial.new").rename(tmp_path / "moved")
        assert await heard.get() == "exit of moved"
        process = await asyncio.create_subprocess_exec("/bin/true")
        if watch.watch(ID, process.pid):
            assert await heard.get() == f"loss of {ID}"
        await process.wait()
        other = await asyncio.create_subprocess_exec("/bin/sleep", "1000")
        assert watch.watch(ID, other.pid)
        assert watch.watch(ID, other.pid)
        watch.forget(ID)
        watch.forget(ID)
        assert watch.watch(ID, other.pid)
        watch.close()
        other.kill()
        await other.wait()
    assert heard.empty()


# --- the host's servers, and addresses that come later ---


async def test_the_hosts_servers_are_followed(played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    now_said = "nameserver 9.9.9.9\n"
    monkeypatch.setattr(resolver_watch.resolvers, "host_text", lambda: now_said)
    running, own = await start(played_engine), await start(played_engine, dns=("1.1.1.1",))
    resting = await rest(played_engine)
    files = {each: played_engine.paths.container_run(each) / "resolv.conf" for each in (running.id, own.id, resting)}
    for file in files.values():
        file.write_text("old\n")
    await look(played_engine)
    texts = {each: file.read_text() for each, file in files.items()}
    assert texts == {running.id: now_said, own.id: "old\n", resting: "old\n"}
    files[running.id].write_text("old\n")
    await look(played_engine)
    assert files[running.id].read_text() == "old\n", "nothing has changed"
    now_said = "nameserver 8.8.8.8\n"
    await look(played_engine)
    assert files[running.id].read_text() == now_said


async def test_who_publishes_on_an_address_that_is_not_there_waits_for_it(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    here: set[str] = {"10.0.0.1"}
    monkeypatch.setattr(network_waiting, "is_here", lambda address: address in here)
    ports = (PortMapping(container_port=80, host_ip="10.0.0.1"), PortMapping(container_port=81, host_ip="10.0.0.9"))
    words = "It waits for the address 10.0.0.9, which it publishes on, and starts when this computer has it."
    waits = await create(played_engine, "waits", network="host", restart=ALWAYS, ports=ports, cgroup_parent="up")
    plain = await create(played_engine, "plain", network="host", ports=ports)
    there = await create(played_engine, "there", network="host", restart=ALWAYS, ports=ports[:1])
    service = played_engine.containers
    first = waits.warnings
    for each in (waits, plain, there):
        await service._waiting.note(service.book.find(each.id))
    assert (await service.get("waits")).warnings == (*first, words)
    assert (await service.get("plain")).warnings == plain.warnings
    assert (await service.get("there")).warnings == there.warnings
    await look(played_engine)
    assert (await service.get("waits")).state is State.CREATED
    here.add("10.0.0.9")
    await look(played_engine)
    started = await service.get("waits")
    assert (started.state, started.warnings) == (State.RUNNING, first)
    assert service.book.find("waits").record.awaits == ""
    assert (await service.get("there")).state is State.CREATED


async def test_one_that_is_no_longer_to_start_waits_no_more(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_waiting, "is_here", lambda address: False)
    service = played_engine.containers
    ports = (PortMapping(container_port=80, host_ip="10.0.0.9"),)
    made = await create(played_engine, network="host", restart=RestartPolicy(name="unless-stopped"), ports=ports)
    entry = service.book.find(made.id)
    await service._waiting.note(entry)
    assert entry.record.awaits
    await service.start(made.id)
    await look(played_engine)
    assert (entry.record.awaits, entry.container.warnings, entry.state) == ("", made.warnings, State.RUNNING)


async def test_one_whose_start_fails_when_its_address_comes_is_told_where_it_is(
    played_engine: EmbeddedEngine, machine: MachineInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = False
    monkeypatch.setattr(network_waiting, "is_here", lambda address: here)
    ports = (PortMapping(container_port=80, host_ip="10.0.0.9"),)
    made = await create(played_engine, network="host", restart=ALWAYS, ports=ports)
    service = played_engine.containers
    await service._waiting.note(service.book.find(made.id))
    here, machine.refusal = True, "not today"
    await look(played_engine)
    kept = await service.get(made.id)
    assert kept.exit is not None
    assert (kept.state, kept.exit.code) == (State.CREATED, 125)
    assert Path(kept.log_path).name
