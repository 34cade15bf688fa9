"""The containers room as the facade shows it: found, renamed, changed, removed; and what other rooms ask of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine.containers.answers_to_rooms import ContainerFacts, ContainersOfImages
from engine.errors import Code, Conflict, InvalidRequest, NotFound, StorageError, WherryError
from engine.stats.target import CgroupFiles
from engine.types.containers import (
    Action,
    ContainerSpec,
    ListContainers,
    LogLimits,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    State,
    UpdateContainer,
)
from engine.types.data import LabelRule
from tests.support.played_engine import IMAGE, create, listen, load, start, until, until_gone, until_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.fakes.machine import MachineInMemory

ALWAYS = RestartPolicy(name="always")


def changed(spec: ContainerSpec, **fields: Any) -> ContainerSpec:
    return msgspec.structs.replace(spec, **fields)


# --- found ---


async def test_containers_are_found_by_name_id_and_beginning(played_engine: EmbeddedEngine) -> None:
    service = played_engine.containers
    one, two = await start(played_engine, "one"), await create(played_engine, "two")
    assert {each.name for each in await service.list()} == {"one", "two"}
    assert [each.name for each in await service.list(ListContainers(running_only=True))] == ["one"]
    for wanted in ("one", "/one", one.id, one.id[:20]):
        assert (await service.get(wanted)).id == one.id
    assert (service.is_alive("one"), service.is_alive("two")) == (True, False)
    assert service.name_of(two.id) == "two"
    with pytest.raises(NotFound, match="No such container: three"):
        await service.get("three")


# --- renamed ---


async def test_a_new_name_is_the_only_one_it_has(played_engine: EmbeddedEngine) -> None:
    service = played_engine.containers
    one, two = await create(played_engine, "one"), await create(played_engine, "two")
    heard = listen(played_engine)
    assert (await service.rename("one", "/uno")).name == "uno"
    assert heard == ["uno rename oldName=/one"]
    heard.clear()
    assert (await service.rename("uno", "uno")).name == "uno"
    assert heard == []
    with pytest.raises(Conflict) as caught:
        await service.rename("two", "uno")
    error = caught.value
    assert str(error) == "The name “uno” is taken. Choose another name."
    assert (error.code, error.subject) == (Code.NAME_TAKEN, "uno")
    assert error.docker == (
        f'Error when allocating new name: Conflict. The container name "/uno" is already in use by container "{one.id}"'
        ". You have to remove (or rename) that container to be able to reuse that name."
    )
    with pytest.raises(InvalidRequest):
        await service.rename("two", "a b")
    entry = service.book.find("two")
    entry.record = entry.record.with_container(state=State.RESTARTING)
    with pytest.raises(Conflict, match="cannot be renamed now"):
        await service.rename("two", "three")
    assert service.book.find("two").id == two.id


# --- waited for ---


async def test_an_end_is_waited_for_in_three_ways(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    service = played_engine.containers
    running = await start(played_engine, "one", restart=ALWAYS)
    waits: dict[str, asyncio.Task[Any]] = {
        how: asyncio.create_task(service.wait("one", condition=how))  # type: ignore[arg-type]
        for how in ("not-running", "next-exit", "removed")
    }
    await asyncio.sleep(0)
    machine.end(running.id, 4)
    assert (await waits["not-running"]).exit_code == 4, "an end is one also where it is started again"
    assert (await waits["next-exit"]).exit_code == 4
    assert not waits["removed"].done()
    await until(played_engine, running.id, lambda it: it.restart_count == 1 and it.state is State.RUNNING)
    await service.remove("one", force=True)
    assert (await waits["removed"]).exit_code == 137
    made = await create(played_engine, "two")
    assert (await service.wait("two")).exit_code == 0, "it rests"
    next_exit = asyncio.create_task(service.wait("two", condition="next-exit"))
    await asyncio.sleep(0)
    machine.refusal = "executable file `x` not found: No such file or directory"
    with pytest.raises(WherryError):
        await service.start(made.id)
    assert not next_exit.done()
    result = await service.wait("two")
    assert (result.exit_code, "not in the image" in result.error) == (127, True)
    await service.remove("two")
    assert (await next_exit).exit_code == 127


# --- started anew ---


async def test_a_restart_is_told_of_and_asks_the_lifecycle(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    machine.deaf = True
    service = played_engine.containers
    await start(played_engine, "one", stop_timeout=1000)
    heard = listen(played_engine)
    await service.restart("one", timeout=0)
    assert heard == [
        "one kill signal=TERM", "one kill signal=KILL", "one die exitCode=137 execDuration=0", "one stop", "one start",
        "one restart",
    ]  # fmt: skip
    entry = service.book.find("one")
    entry.record = entry.record.with_container(state=State.PAUSED)
    with pytest.raises(Conflict, match="cannot be restarted now"):
        await service.restart("one")


async def test_one_that_waits_is_started_at_once(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    service = played_engine.containers
    running = await start(played_engine, "one", restart=ALWAYS)
    entry = service.book.find("one")
    entry.record = entry.record.changed(failures=9)
    machine.end(running.id, 1)
    await until_state(played_engine, running.id, State.RESTARTING)
    again = await service.restart("one")
    assert (again.state, again.restart_count) == (State.RUNNING, 0)
    assert entry.record.failures == 0


async def test_what_removes_itself_and_never_ran_goes_when_it_cannot_start(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    service = played_engine.containers
    made = await create(played_engine, "once", auto_remove=True)
    kept = await create(played_engine, "kept")
    machine.refusal = "not today"
    for each in (made, kept):
        with pytest.raises(WherryError):
            await service.start(each.id)
    await service.settled()
    assert [each.name for each in await service.list()] == ["kept"]


async def test_all_are_stopped_also_those_that_wait(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    service = played_engine.containers
    waiting, running, resting = (
        await start(played_engine, "w", restart=ALWAYS), await start(played_engine), await create(played_engine),
    )  # fmt: skip
    entry = service.book.find("w")
    entry.record = entry.record.changed(failures=9)
    machine.end(waiting.id, 1)
    await until_state(played_engine, waiting.id, State.RESTARTING)
    await service.stop_all()
    states = [(await service.get(each.id)).state for each in (waiting, running, resting)]
    assert states == [State.EXITED, State.EXITED, State.CREATED]


# --- changed at once ---


async def test_limits_and_policies_change_at_once_or_not_at_all(groups: Path, played_engine: EmbeddedEngine) -> None:
    service = played_engine.containers
    running = await start(played_engine, "one", resources=Resources(pids=9))
    pids = groups / "pids/wherry" / running.id[:32] / "pids.max"
    assert pids.read_text() == "9"
    heard = listen(played_engine)
    after = await service.update("one", UpdateContainer(resources=Resources(pids=5000), restart=ALWAYS))
    assert (pids.read_text(), after.spec.resources.pids, after.spec.restart) == ("5000", 5000, ALWAYS)
    assert heard == ["one update"]
    assert (played_engine.paths.container_run(running.id) / "restart.json").exists()
    await service.update("one", UpdateContainer(restart=RestartPolicy()))
    assert not (played_engine.paths.container_run(running.id) / "restart.json").exists()
    with pytest.raises(InvalidRequest, match="too small"):
        await service.update("one", UpdateContainer(resources=Resources(memory=5)))
    ports = (PortMapping(container_port=80, host_port=8080),)
    with pytest.raises(InvalidRequest) as caught:
        await service.update("one", UpdateContainer(ports=ports))
    assert str(caught.value) == "Ports cannot be published here. The container has no network of its own."
    assert (await service.get("one")).spec == changed(after.spec, restart=RestartPolicy())


async def test_what_removes_itself_cannot_have_a_policy(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine, "one", auto_remove=True)
    with pytest.raises(Conflict, match="removes itself cannot be restarted by a policy") as caught:
        await played_engine.containers.update("one", UpdateContainer(restart=ALWAYS))
    assert caught.value.subject == made.id


async def test_of_one_at_rest_the_recipe_changes(played_engine: EmbeddedEngine) -> None:
    service = played_engine.containers
    await create(played_engine, "one")
    ports = (PortMapping(container_port=80, host_port=8080),)
    after = await service.update("one", UpdateContainer(resources=Resources(memory=64 << 20), ports=ports))
    assert (after.unenforced, after.spec.ports, after.ports) == (("memory limit",), ports, ())
    assert not (played_engine.paths.container_run(after.id) / "restart.json").exists()


# --- another recipe ---


async def test_an_edit_gives_another_recipe_to_the_same_files(played_engine: EmbeddedEngine) -> None:
    service = played_engine.containers
    first = await start(
        played_engine, "one", mounts=(Mount(kind="volume", target="/data"), Mount(kind="volume", target="/old")),
    )  # fmt: skip
    (anonymous, _) = first.mounts
    heard = listen(played_engine)
    spec = changed(
        first.spec, command=("other",), cgroup_parent="up",
        mounts=(Mount(kind="volume", target="/data/"), Mount(kind="volume", target="/new"),
                Mount(kind="image", source=IMAGE, target="/image")),
    )  # fmt: skip
    after = await service.edit("one", spec)
    assert (after.state, after.command_line, after.pid != first.pid) == (State.RUNNING, ("other",), True)
    assert after.mounts[0].source == anonymous.source, "an anonymous volume stays where it is"
    assert after.mounts[1].source not in {each.source for each in first.mounts}
    assert after.warnings == ("The control group up is only shown: containers are in the engine's own tree.",)
    record = service.book.find("one").record
    assert list(record.mounted_images) == ["/image"]
    assert set(record.created_volumes) == {*(each.source for each in first.mounts), after.mounts[1].source}
    assert [line for line in heard if line == "one update"] == ["one update"]


async def test_what_cannot_be_edited_says_so(played_engine: EmbeddedEngine) -> None:
    service = played_engine.containers
    await load(played_engine, "localhost/other:latest", {"Env": ["X=1"]})
    made = await create(played_engine, "one")
    refused = {
        "image": changed(made.spec, image="localhost/other:latest"),
        "driver": changed(made.spec, driver="fuse-overlayfs"),
    }
    stories = {}
    for name, spec in refused.items():
        with pytest.raises(InvalidRequest) as caught:
            await service.edit("one", spec)
        assert caught.value.subject == made.id
        stories[name] = str(caught.value)
    assert stories == {
        "image": "The image of a container cannot be changed. Its writable layer fits only the image it was made from. "
        "Make a new container from the other image.",
        "driver": "The storage driver of a container cannot be changed. Its files were written by the one it was made "
        "with. Make a new container with the other driver.",
    }
    with pytest.raises(InvalidRequest, match="too small"):
        await service.edit("one", changed(made.spec, resources=Resources(memory=5)))
    entry = service.book.find("one")
    entry.record = entry.record.with_container(state=State.RESTARTING)
    with pytest.raises(Conflict, match="cannot be edited now"):
        await service.edit("one", made.spec)


async def test_an_edit_of_what_rests_starts_nothing(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine, "one")
    after = await played_engine.containers.edit("one", changed(made.spec, env={"A": "1"}))
    assert (after.state, after.spec.env) == (State.CREATED, {"A": "1"})
    limits = await played_engine.containers.edit("one", changed(after.spec, resources=Resources(pids=3)))
    assert (limits.state, limits.spec.resources.pids) == (State.CREATED, 3)


# --- removed ---


async def test_what_runs_is_removed_by_force_only(played_engine: EmbeddedEngine) -> None:
    service = played_engine.containers
    await start(played_engine, "one")
    with pytest.raises(Conflict) as caught:
        await service.remove("one")
    assert caught.value.hint == "Stop it first, or remove it by force."
    heard = listen(played_engine)
    freed = await service.remove("one", force=True)
    assert (len(freed.ids), heard[0], heard[-1]) == (1, "one kill signal=KILL", "one destroy")
    assert any(line.startswith("one die") for line in heard)
    with pytest.raises(NotFound):
        await service.remove("one")


async def test_volumes_go_only_where_they_were_made_for_it(played_engine: EmbeddedEngine) -> None:
    service = played_engine.containers
    mounts = (Mount(kind="volume", source="named", target="/n"), Mount(kind="volume", target="/a"))

    async def left() -> int:
        return len(await played_engine.volumes.list())

    await create(played_engine, "one", mounts=mounts)
    await service.remove("one")
    assert await left() == 2
    await create(played_engine, "two", mounts=mounts)
    await service.remove("two", volumes=True)
    assert await left() == 2
    running = await start(played_engine, "three", mounts=mounts, auto_remove=True)
    assert await left() == 3
    await service.stop("three")
    await until_gone(played_engine, running.id)
    assert await left() == 2
    assert all(each.used_by == () for each in await played_engine.volumes.list())


async def test_a_removal_whose_files_stay_leaves_something_to_remove_again(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = played_engine.containers
    made = await start(played_engine, "one")
    await service.stop("one")

    async def fail(_: str) -> None:
        raise StorageError("It cannot be removed")

    monkeypatch.setattr(service._files.rootfs, "remove", fail)
    with pytest.raises(StorageError):
        await service.remove("one")
    assert (await service.get("one")).state is State.DEAD
    monkeypatch.undo()
    await service.remove("one")
    await service.settled()
    paths = played_engine.paths
    assert not any(each.exists() for each in (paths.container(made.id), paths.container_run(made.id)))


async def test_on_a_full_disk_a_row_goes_with_the_room_its_files_gave(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    expect_log("the history of (one|two) could not be kept")
    service = played_engine.containers
    await start(played_engine, "one")
    await service.stop("one")
    remove, emptied = service.book.remove, []

    async def full(entry: Any) -> None:
        if not emptied:
            raise StorageError("Full", code=Code.DISK_FULL)
        await remove(entry)

    async def empty() -> None:
        emptied.append(1)

    async def keep(_: Any) -> None:
        raise StorageError("Full", code=Code.DISK_FULL)

    monkeypatch.setattr(service.book, "remove", full)
    monkeypatch.setattr(service.book, "keep_histories", keep)
    monkeypatch.setattr(service._files.layers.trash, "empty", empty)
    await service.remove("one")
    assert (emptied, len(await service.list())) == ([1], 0)

    await create(played_engine, "two")

    async def broken(entry: Any) -> None:
        raise StorageError("Broken", code=Code.CORRUPT)

    monkeypatch.setattr(service.book, "remove", broken)
    with pytest.raises(StorageError, match="Broken"):
        await service.remove("two")


async def test_what_rests_long_enough_and_has_the_labels_is_pruned(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    service = played_engine.containers
    await load(played_engine, "localhost/labelled:latest", {"Labels": {"from": "image"}, "Cmd": ["x"]})
    ran = await start(played_engine, "ran", labels={"keep": "no"})
    (played_engine.paths.rootfs(ran.id) / "big").write_bytes(b"x" * 50_000)
    await service.stop("ran")
    await create(played_engine, "image", image="localhost/labelled:latest")
    young = await create(played_engine, "young")
    paused = service.book.find((await create(played_engine, "dead")).id)
    paused.record = paused.record.with_container(state=State.DEAD)
    await start(played_engine, "runs", labels={"keep": "no"})
    assert (await service.prune(until_ns=1)).ids == ()
    freed = await service.prune(labels=LabelRule(wanted={"from": "image"}))
    assert len(freed.ids) == 1
    freed = await service.prune(labels=LabelRule(wanted={"keep": "no"}))
    assert (freed.ids, freed.bytes >= 50_000) == ((ran.id,), True)
    created = young.created.timestamp()
    assert (await service.prune(until_ns=int(created * 1e9) - 1)).ids == ()
    assert set((await service.prune()).ids) == {young.id, paused.id}
    assert [each.name for each in await service.list()] == ["runs"]


# --- what other rooms ask ---


async def test_logs_and_figures_are_those_of_running_ones(groups: Path, played_engine: EmbeddedEngine) -> None:
    service, paths = played_engine.containers, played_engine.paths
    limits = LogLimits(max_bytes=1 << 20)
    running = await start(
        played_engine, "one", log=limits, network="host", resources=Resources(memory=64 << 20, cpus=1.5)
    )
    made = await create(played_engine, "two", resources=Resources(cpu_quota=50_000, cpu_period=100_000))
    facts = ContainerFacts(service.book, service.runtime)
    source = facts.log_source("one")
    assert (source.container_id, source.name, source.path, source.alive, source.limits) == (
        running.id, "one", paths.log(running.id), True, limits,
    )  # fmt: skip
    assert source.control == paths.container_run(running.id) / "ctl"
    assert (facts.log_source("two").control, facts.log_source("two").alive) == (None, False)
    assert [each.name for each in facts.live_log_sources()] == ["one"]
    assert facts.container_id("one") == running.id

    target = facts.stat_target("one")
    assert (target.container_id, target.name, target.pid) == (running.id, "one", running.pid)
    assert (target.own_network, target.memory_limit, target.cpu_limit) == (False, 64 << 20, 1.5)
    assert target.cgroups == CgroupFiles(
        **{name: groups / name / "wherry" / running.id[:32] for name in ("cpu", "memory", "pids")}
    )
    assert [each.name for each in facts.live_stat_targets()] == ["one"]
    with pytest.raises(Conflict) as caught:
        facts.stat_target("two")
    assert str(caught.value) == "“two” does not run. There is nothing to measure."
    await service.start("two")
    assert (facts.stat_target("two").cpu_limit, facts.stat_target("two").own_network) == (0.5, True)
    assert made.id in {each.container_id for each in facts.live_stat_targets()}


async def test_images_know_who_uses_them_and_may_read_what_was_written(
    groups: Path, played_engine: EmbeddedEngine
) -> None:
    service = played_engine.containers
    running, made = await start(played_engine, "one"), await create(played_engine, "two")
    asked = ContainersOfImages(service.book, service._files.rootfs, service._files.roots, service._ender)
    users = {each.name: each for each in asked.image_users()}
    assert {name: (each.container_id, each.image_id, each.alive) for name, each in users.items()} == {
        "one": (running.id, running.image_id, True), "two": (made.id, made.image_id, False),
    }  # fmt: skip
    assert len(asked.image_users(running.image_id)) == 2
    assert asked.image_users("another") == []
    async with asked.writable_layer("one", pause=True) as layer:
        assert service.book.find("one").state is State.PAUSED
        assert (layer.container_id, layer.name, layer.image_id, layer.spec) == (
            running.id, "one", running.image_id, running.spec,
        )  # fmt: skip
        assert layer.upper == str(service._files.rootfs.upper(running.id))
        assert layer.rootfs == str(played_engine.paths.rootfs(running.id))
        assert layer.driver == "overlay"
    async with asked.writable_layer("one", pause=False):
        assert service.book.find("one").state is State.RUNNING


async def test_files_that_went_while_they_were_read_belonged_to_one_that_was_removed(
    played_engine: EmbeddedEngine,
) -> None:
    service = played_engine.containers
    made = await create(played_engine, "one")
    entry = service.book.find("one")
    asked = ContainersOfImages(service.book, service._files.rootfs, service._files.roots, service._ender)

    async def cut_off(error: Exception, *, state: State = State.CREATED, gone: bool = False) -> None:
        async with asked.writable_layer("one", pause=False):
            entry.record, entry.gone = entry.record.with_container(state=state), gone
            raise error

    with pytest.raises(OSError, match="gone"):
        await cut_off(OSError("gone"))
    with pytest.raises(NotFound) as caught:
        await cut_off(StorageError("gone"), state=State.REMOVING)
    assert str(caught.value) == "The container “one” was removed. Its files were still being read."
    assert caught.value.subject == made.id
    with pytest.raises(NotFound):
        await cut_off(OSError("gone"), gone=True)


async def test_a_busy_port_is_said_to_be_whose_it_is(played_engine: EmbeddedEngine) -> None:
    service = played_engine.containers
    await create(played_engine, "one")
    entry = service.book.find("one")
    entry.record = entry.record.changed(run=msgspec.structs.replace(entry.record.run, pasta_pid=77))
    assert (service._container_of_process(77), service._container_of_process(78)) == ("one", "")
    entry.record = entry.record.changed(run=msgspec.structs.replace(entry.record.run, pasta_pid=0))
    assert Action.START in entry.container.legal_actions
