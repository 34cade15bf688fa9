"""Ends are answered as the policy says, lost networks come back, and news of networks reach whom they concern."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec

from engine.containers.watch import supervision
from engine.containers.watch.handover import hand_over, keep_places
from engine.containers.watch.network_news import NetworkNews
from engine.errors import RuntimeFailure, StorageError
from engine.types.containers import PortMapping, RestartPolicy, State
from engine.types.networks import Endpoint
from tests.fakes.groups import PlayedGroup
from tests.support.played_engine import create, listen, start, until, until_gone, until_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from engine.embedded import EmbeddedEngine
    from tests.fakes.machine import MachineInMemory

ALWAYS = RestartPolicy(name="always")


# --- ends ---


async def test_an_end_is_told_with_its_code_and_its_length(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine, "web")
    entry = played_engine.containers.book.find("web")
    entry.record = entry.record.with_container(started=running.created.replace(year=running.created.year - 1))
    heard = listen(played_engine)
    machine.end(running.id, 4)
    await until_state(played_engine, running.id, State.EXITED)
    (line,) = heard
    words = dict(word.partition("=")[::2] for word in line.split()[2:])
    assert line.startswith("web die ")
    assert words["exitCode"] == "4"
    assert int(words["execDuration"]) > 300 * 86400


async def test_a_kill_of_the_kernels_is_told_before_the_end(
    groups: Path, played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine, "web")
    heard = listen(played_engine)
    (groups / "memory/wherry" / running.id[:32] / "memory.oom_control").write_text("oom_kill 2\n")
    machine.end(running.id, 137)
    ended = await until_state(played_engine, running.id, State.EXITED)
    assert [line.split()[1] for line in heard] == ["oom", "die"]
    assert ended.exit is not None
    assert ended.exit.oom_killed
    assert not (groups / "memory/wherry" / running.id[:32]).exists()
    again = await played_engine.containers.start("web")
    machine.end(again.id, 1)
    ended = await until_state(played_engine, running.id, State.EXITED)
    assert ended.exit is not None
    assert not ended.exit.oom_killed


async def test_what_removes_itself_goes_after_its_end(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine, "web", auto_remove=True)
    heard = listen(played_engine)
    machine.end(running.id, 0)
    await until_gone(played_engine, running.id)
    assert [line.split()[1] for line in heard] == ["die", "destroy"]


async def test_a_restart_that_fails_is_counted_and_tried_again(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine, "web", restart=ALWAYS)
    machine.refusal = "not today"
    machine.end(running.id, 1)
    entry = played_engine.containers.book.find("web")
    failed = await until(played_engine, running.id, lambda it: it.restart_count >= 2)
    assert failed.exit is not None
    assert failed.exit.code == 125
    assert entry.record.failures >= 2
    machine.refusal = ""
    again = await until_state(played_engine, running.id, State.RUNNING)
    assert again.restart_count >= 3
    await played_engine.containers.stop("web")


async def test_restarts_wait_until_all_was_looked_through(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    supervisor = played_engine.containers._supervisor
    supervisor._may_restart.clear()
    running = await start(played_engine, "web", restart=ALWAYS)
    machine.end(running.id, 1)
    await until_state(played_engine, running.id, State.RESTARTING)
    await asyncio.sleep(0.12)  # longer than it waits by itself
    assert (await played_engine.containers.get("web")).state is State.RESTARTING
    supervisor.begin()
    await until_state(played_engine, running.id, State.RUNNING)
    assert not supervisor.is_waiting(running.id)


async def test_what_is_told_of_nobody_is_nobodys_business(played_engine: EmbeddedEngine) -> None:
    supervisor = played_engine.containers._supervisor
    made = await create(played_engine)
    for tell in (supervisor.exit_file_appeared, supervisor.supervisor_lost, supervisor.network_lost):
        tell("nobody")
        tell(made.id)
    while supervisor._tasks:
        await asyncio.wait(supervisor._tasks)
    assert (await played_engine.containers.get(made.id)).state is State.CREATED


async def test_work_that_fails_is_logged_and_ends_nothing(
    played_engine: EmbeddedEngine, expect_log: Callable[[str], None]
) -> None:
    expect_log("work failed")

    async def fail() -> None:
        raise ZeroDivisionError

    supervisor = played_engine.containers._supervisor
    task = supervisor.spawn(fail(), "work")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert task not in supervisor._tasks


# --- networks that were lost ---


async def test_a_network_that_was_lost_comes_back_with_its_ports(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    expect_log("the network of web could not be brought back yet: Not now")
    service = played_engine.containers
    running = await start(played_engine, "web")
    entry, supervisor, networks = service.book.find("web"), service._supervisor, service._networks
    ports = (PortMapping(container_port=80, host_port=8080),)
    entry.record = entry.record.with_container(ports=ports)
    asked: list[Any] = []
    answers: list[Any] = [RuntimeFailure("Not now"), OSError("nor now"), 77]

    async def reconnect(member: Any, ports: Any) -> int:
        asked.append((member.container_id, ports))
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    async def lose() -> None:
        supervisor.network_lost(running.id)
        await asyncio.wait(supervisor._tasks)

    monkeypatch.setattr(networks, "reconnect", reconnect)
    monkeypatch.setattr(networks.attachments, "is_offline", lambda _: True)
    for _ in range(3):
        await lose()
    assert asked == [(running.id, ports)] * 3
    assert (entry.record.run.pasta_pid, entry.container.offline) == (77, True)
    assert sum("brought back yet" in each.getMessage() for each in caplog.records) == 1
    monkeypatch.setattr(networks.attachments, "is_watched", lambda _: True)
    await lose()
    assert len(asked) == 3, "somebody was quicker"
    monkeypatch.setattr(networks.attachments, "is_watched", lambda _: False)
    await service.stop("web")
    await lose()
    assert len(asked) == 3


class Told:
    """Parts that remember what they were told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *given: self.heard.append(f"{name} {' '.join(str(getattr(each, 'id', each)) for each in given)}")


async def test_news_of_networks_reach_containers_and_pods(played_engine: EmbeddedEngine) -> None:
    book = played_engine.containers.book
    running, made = await start(played_engine, "web"), await create(played_engine, "new")
    starter, supervisor, pods = Told(), Told(), Told()
    starting = {made.id: True}
    parts: Any = SimpleNamespace(has_hosts=starting.get, rewrite_hosts=starter.rewrite_hosts)
    news = NetworkNews(book, parts, supervisor, pods)  # type: ignore[arg-type]
    news.network_lost(running.id)
    news.network_lost("pod")
    news.neighbours_changed("pod")
    assert (supervisor.heard, pods.heard) == (
        [f"network_lost {running.id}"], ["network_lost pod", "neighbours_changed pod"],
    )  # fmt: skip
    entry = book.find("new")
    for state, has_hosts, told in (
        (State.CREATED, True, False),
        (State.STARTING, True, True),
        (State.RESTARTING, True, True),
        (State.STARTING, False, False),
        (State.EXITED, True, False),
    ):
        starter.heard.clear()
        starting[made.id] = has_hosts
        entry.record = entry.record.with_container(state=state)
        news.neighbours_changed(made.id)
        assert bool(starter.heard) is told, (state, has_hosts)
    starter.heard.clear()
    news.neighbours_changed(running.id)
    assert starter.heard == [f"rewrite_hosts {running.id}"]
    entry.record = entry.record.with_container(state=State.CREATED)
    heard = listen(played_engine)
    asked = Endpoint(aliases=("a",), ip="10.0.0.5", ip6="fd00::5", interface="eth7", mac="02:00:00:00:00:01")
    await news.network_moved(made.id, "other", asked)
    spec = entry.container.spec
    assert (spec.network, spec.network_aliases, spec.ip, spec.ip6, spec.interface_name, spec.mac_address) == (
        "other", ("a",), "10.0.0.5", "fd00::5", "eth7", "02:00:00:00:00:01",
    )  # fmt: skip
    assert heard == ["new update"]


async def test_files_of_names_are_written_anew_in_place(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, "web")
    service = played_engine.containers
    hosts = played_engine.paths.container_run(running.id) / "hosts"
    before = hosts.stat().st_ino
    hosts.write_text("old\n")
    assert service._starter.has_hosts(running.id)
    service._starter.rewrite_hosts(service.book.find("web").record)
    assert "web" in hosts.read_text()
    assert hosts.stat().st_ino == before
    assert not service._starter.has_hosts("nobody")
    told = Told()
    service._starter._pods = told  # type: ignore[assignment]
    record = service.book.find("web").record
    pod = record.with_container(spec=msgspec.structs.replace(record.container.spec, network="pod:p"))
    service._starter.rewrite_hosts(pod)
    assert told.heard == ["rewrite p"]


# --- left to a stand-in ---


async def test_who_waits_for_a_start_gets_a_stand_in(
    groups: Path, played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = played_engine.containers
    running, other = await start(played_engine, "web", restart=ALWAYS), await start(played_engine, "other")
    spawned: list[Any] = []

    async def spawn(argv: Any, **more: Any) -> Any:
        spawned.append((argv, more["cgroup_dirs"], "PATH" in more["env"]))
        return SimpleNamespace(close=lambda: spawned.append("closed"))

    entry = service.book.find("web")
    entry.record = entry.record.with_container(state=State.RESTARTING)
    place = groups / "memory/wherry" / running.id[:32]
    (place / "memory.limit_in_bytes").write_text("")
    spec = msgspec.structs.replace(entry.container.spec, resources=msgspec.structs.replace(
        entry.container.spec.resources, memory=64 << 20))  # fmt: skip
    entry.record = entry.record.with_container(spec=spec)
    await keep_places(service.book, service.runtime)
    assert (place / "memory.limit_in_bytes").read_text() == str(64 << 20)
    monkeypatch.setattr(service.runtime.keeper, "spawn", spawn)
    await hand_over(service.book, service.runtime)
    document = json.loads((played_engine.paths.container_run(running.id) / "restart.json").read_text())
    ((argv, groups_of, has_path), closed) = spawned
    assert argv[-4] == str(played_engine.paths.container_run(running.id) / "restart.json")
    assert groups_of == service.runtime.cgroups.supervisors().join_directories()
    assert (has_path, closed) == (True, "closed")
    assert document["supervisors"] == list(groups_of)
    assert document["cgroups"] == list(service.runtime.cgroup(entry.record).join_directories())
    spawned.clear()
    (played_engine.paths.container_run(running.id) / "restart.json").unlink()
    await hand_over(service.book, service.runtime)
    assert spawned == []
    entry.record = entry.record.with_container(state=State.RUNNING)
    assert (await service.get(other.id)).state is State.RUNNING


async def test_a_place_that_cannot_be_kept_is_told(
    groups: Path, played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    expect_log("web waits for the next engine: The machine refuses")
    expect_log("web will not be restarted while no engine runs: odd")
    service = played_engine.containers
    await start(played_engine, "web", restart=ALWAYS)
    entry = service.book.find("web")
    entry.record = entry.record.with_container(state=State.RESTARTING)

    def refuse(_: PlayedGroup) -> None:
        raise StorageError("The machine refuses")

    def cannot(*_: object) -> None:
        raise OSError("odd")

    async def spawn(*_: object, **__: object) -> Any:
        return SimpleNamespace(close=lambda: None)

    with monkeypatch.context() as patched:
        patched.setattr(PlayedGroup, "create", refuse)
        patched.setattr(service.runtime.keeper, "give", cannot)
        patched.setattr(service.runtime.keeper, "spawn", spawn)
        await keep_places(service.book, service.runtime)
        await hand_over(service.book, service.runtime)
    entry.record = entry.record.with_container(state=State.RUNNING)


def test_an_end_before_its_start_lasted_no_time() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    ending = SimpleNamespace(ended=moment, code=3)
    for started, seconds in ((None, "0"), (moment + timedelta(seconds=5), "0"), (moment - timedelta(seconds=5), "5")):
        record: Any = SimpleNamespace(container=SimpleNamespace(started=started, exit=ending))
        assert supervision._die_attributes(record) == {"exitCode": "3", "execDuration": seconds}
