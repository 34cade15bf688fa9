"""Asked to end, killed, frozen: in which order, with which words, and what becomes of those that do not listen."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers.end import ending
from engine.containers.end.ending import must_allow, send_signal
from engine.containers.run import killing
from engine.containers.run.killing import kill_group
from engine.errors import Code, Conflict, InvalidRequest, RuntimeFailure
from engine.sandbox.failures import KeeperLost
from engine.sandbox.programs import Completed
from engine.types.containers import LEGAL_ACTIONS, Action, RestartPolicy, State
from tests.support.played_engine import create, listen, start, until_state

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.fakes.machine import MachineInMemory

ALWAYS = RestartPolicy(name="always")


def freezer(groups: Path, container_id: str) -> str:
    return (groups / "freezer/wherry" / container_id[:32] / "freezer.state").read_text()


# --- what may be done when ---

VERBS = {
    Action.START: "started", Action.STOP: "stopped", Action.KILL: "killed", Action.PAUSE: "paused",
    Action.UNPAUSE: "resumed", Action.UPDATE: "changed", Action.RENAME: "renamed", Action.REMOVE: "removed",
    Action.EDIT: "edited", Action.EXEC: "entered", Action.ATTACH: "attached to", Action.RESTART: "restarted",
    Action.COMMIT: "made into an image", Action.FORCE_REMOVE: "force-remove", Action.WAIT: "wait",
}  # fmt: skip
RUNS = "container is running: stop the container before removing or force remove"
DOCKERS = {
    (State.RUNNING, Action.REMOVE): f'cannot remove container "web": {RUNS}',
    (State.STOPPING, Action.REMOVE): f'cannot remove container "web": {RUNS}',
    (State.RESTARTING, Action.REMOVE): 'cannot remove container "web": '
    "container is restarting: stop the container before removing or force remove",
    (State.PAUSED, Action.REMOVE): 'cannot remove container "web": container is paused and must be unpaused first',
    (State.EXITED, Action.KILL): "cannot kill container: web: container ID is not running",
    (State.RUNNING, Action.UNPAUSE): "Container ID is not paused",
    (State.EXITED, Action.UNPAUSE): "Container ID is not paused",
    (State.PAUSED, Action.START): "cannot start a paused container, try unpause instead",
    (State.PAUSED, Action.PAUSE): "Container ID is already paused",
    (State.RESTARTING, Action.PAUSE): "Container ID is restarting, wait until the container is running",
    (State.RESTARTING, Action.EXEC): "Container ID is restarting, wait until the container is running",
    (State.RESTARTING, Action.ATTACH): "Container ID is restarting, wait until the container is running",
    (State.EXITED, Action.PAUSE): "container ID is not running",
    (State.EXITED, Action.EXEC): "container ID is not running",
    (State.PAUSED, Action.EXEC): "",
    (State.EXITED, Action.STOP): "",
    (State.REMOVING, Action.START): "removal of container web is already in progress",
    (State.REMOVING, Action.FORCE_REMOVE): "removal of container web is already in progress",
    (State.REMOVING, Action.REMOVE): "",
}
HINTS = {
    State.PAUSED: "Resume it first.", State.EXITED: "Start it first.", State.CREATED: "Start it first.",
}  # fmt: skip


@pytest.mark.parametrize("state", list(State))
def test_the_lifecycle_says_what_may_be_done_and_why_not(state: State) -> None:
    container = SimpleNamespace(name="web", state=state, id="ID")
    entry: Any = SimpleNamespace(state=state, container=container)
    for action in Action:
        if action in LEGAL_ACTIONS[state]:
            must_allow(entry, action)
            continue
        with pytest.raises(Conflict) as caught:
            must_allow(entry, action)
        error = caught.value
        assert error.title == f"The container “web” cannot be {VERBS[action]} now"
        assert (error.explanation, error.code, error.subject) == (f"It is {state.value}.", Code.WRONG_STATE, "ID")
        hint = HINTS.get(state, "")
        if action is Action.REMOVE and state in (State.RUNNING, State.PAUSED, State.RESTARTING):
            hint = "Stop it first, or remove it by force."
        assert error.hint == hint
        if (state, action) in DOCKERS:
            assert error.docker == DOCKERS[state, action]


# --- signals ---


class Keeper:
    """Answers, one after the other."""

    def __init__(self, *answers: Completed | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[list[str]] = []

    async def run(self, argv: list[str], **_: Any) -> Completed:
        self.asked.append(argv)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(text: str) -> Completed:
    return Completed(1, b"", text.encode())


async def signalled(*answers: Completed | Exception) -> Keeper:
    keeper = Keeper(*answers)
    crun = SimpleNamespace(kill=lambda container, signal: ["kill", container, signal])
    runtime: Any = SimpleNamespace(keeper=keeper, crun=crun)
    record: Any = SimpleNamespace(id="c")
    await send_signal(runtime, record, "HUP")
    return keeper


@pytest.mark.parametrize(
    "answers",
    [
        (Completed(0, b"", b"odd words"),),
        (KeeperLost("died"), Completed(0, b"", b"")),
        (refusal("kill container: No such process"),),
        (refusal("the container is not running"),),
        (refusal("container `c` does not exist"),),
    ],
)
async def test_one_that_is_gone_is_no_failure_of_a_signal(answers: tuple[Completed | Exception, ...]) -> None:
    keeper = await signalled(*answers)
    assert keeper.asked == [["kill", "c", "HUP"]] * len(answers)


async def test_a_signal_that_is_none_or_that_cannot_be_sent_is_told() -> None:
    for words in ("unknown signal HUP", "invalid signal HUP"):
        with pytest.raises(InvalidRequest, match="There is no signal HUP") as caught:
            await signalled(refusal(words))
        assert caught.value.details == words
    with pytest.raises(RuntimeFailure) as failed:
        await signalled(refusal(" odd \xff\n"))
    assert str(failed.value).startswith("The signal HUP could not be sent. odd ")
    assert failed.value.details.startswith("odd")
    with pytest.raises(KeeperLost):
        await signalled(KeeperLost("died"), KeeperLost("again"))


# --- stopped ---


async def test_a_stop_tells_what_it_does(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine, "web", stop_signal="SIGINT")
    heard = listen(played_engine)
    stopped = await played_engine.containers.stop("web")
    assert stopped.exit is not None
    assert stopped.exit.code == 130
    assert heard == ["web kill signal=INT", "web die exitCode=130 execDuration=0", "web stop"]
    heard.clear()
    await played_engine.containers.stop("web")
    assert heard == [], "it rests already"
    await played_engine.containers.start("web")
    heard.clear()
    assert (await played_engine.containers.stop("web", signal="sigquit")).state is State.EXITED
    assert heard[0] == "web kill signal=QUIT"
    assert (await played_engine.containers.get(running.id)).restart_count == 0


async def test_a_grace_of_ones_own_goes_before_the_containers(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    machine.deaf = True
    await start(played_engine, "web", stop_timeout=1000)
    heard = listen(played_engine)
    await played_engine.containers.stop("web", timeout=0)
    assert heard == [
        "web kill signal=TERM", "web kill signal=KILL", "web die exitCode=137 execDuration=0", "web stop",
    ]  # fmt: skip


async def test_without_a_limit_a_stop_waits(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    machine.deaf = True
    running = await start(played_engine, "web", stop_timeout=0)
    stopping = asyncio.create_task(played_engine.containers.stop("web", timeout=-1))
    await until_state(played_engine, running.id, State.STOPPING)
    assert not stopping.done()
    machine.end(running.id, 9)
    ended = await stopping
    assert ended.exit is not None
    assert (ended.exit.code, ended.exit.requested) == (9, True)


async def test_a_stop_may_be_asked_for_twice(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    machine.deaf = True
    running = await start(played_engine, "web")
    first = asyncio.create_task(played_engine.containers.stop("web", timeout=60))
    await until_state(played_engine, running.id, State.STOPPING)
    assert (await played_engine.containers.stop("web", timeout=0)).state is State.EXITED
    assert (await first).state is State.EXITED


async def test_what_does_not_end_even_killed_is_told(
    played_engine: EmbeddedEngine, machine: MachineInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_KILL_SECONDS", 0.01)
    running = await start(played_engine, "web")
    monkeypatch.setattr(machine, "_signal", lambda container, name: (0, ""))
    story = (
        "The container “web” does not end. It was killed and is still there; a process may be stuck in the kernel. "
        "Look at its processes; a hanging disk or network mount is the usual cause."
    )
    with pytest.raises(RuntimeFailure) as caught:
        await played_engine.containers.stop("web", timeout=0)
    assert str(caught.value) == story
    with pytest.raises(RuntimeFailure) as caught:
        await played_engine.containers.remove("web", force=True)
    assert str(caught.value) == story
    assert (await played_engine.containers.kill("web")).pid == running.pid
    monkeypatch.undo()
    machine.end(running.id, 0)
    await until_state(played_engine, running.id, State.EXITED)


async def test_the_next_start_of_one_that_waits_is_called_off(
    played_engine: EmbeddedEngine, machine: MachineInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.containers.watch import supervision

    monkeypatch.setattr(supervision, "settle_end", far_off(supervision.settle_end))
    for ask in (played_engine.containers.stop, played_engine.containers.kill):
        running = await start(played_engine, restart=ALWAYS)
        machine.end(running.id, 1)
        await until_state(played_engine, running.id, State.RESTARTING)
        heard = listen(played_engine)
        ended = await ask(running.id)
        assert (ended.state, ended.exit and ended.exit.code) == (State.EXITED, 1)
        assert heard == [f"{running.name} stop"]
        assert played_engine.containers.book.find(running.id).record.stop_wanted


def far_off(settle: Any) -> Any:
    """The next start by a policy is not before the test is over."""

    def settled(record: Any, evidence: Any) -> Any:
        after, decision = settle(record, evidence)
        return after, decision._replace(wait=1000.0) if decision.again else decision

    return settled


# --- killed ---


async def test_only_a_deadly_signal_is_a_wish_to_end_it(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    machine.deaf = True
    running = await start(played_engine, "web", restart=ALWAYS)
    heard = listen(played_engine)
    await played_engine.containers.kill("web", signal="usr1")
    assert heard == ["web kill signal=USR1"]
    assert not played_engine.containers.book.find("web").record.stop_wanted
    assert (played_engine.paths.container_run(running.id) / "restart.json").exists()
    killed = await played_engine.containers.kill("web", signal="9")
    assert (killed.state, heard[-1]) == (State.EXITED, "web die exitCode=137 execDuration=0")
    assert "web kill signal=9" in heard
    assert not (played_engine.paths.container_run(running.id) / "restart.json").exists()
    with pytest.raises(InvalidRequest):
        await played_engine.containers.kill("web", signal="NOPE")


# --- frozen ---


async def test_a_pause_freezes_and_a_resume_lets_go_on(groups: Path, played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, "web")
    heard = listen(played_engine)
    assert (await played_engine.containers.pause("web")).state is State.PAUSED
    assert freezer(groups, running.id) == "FROZEN"
    with pytest.raises(Conflict):
        await played_engine.containers.pause("web")
    resumed = await played_engine.containers.unpause("web")
    assert (resumed.state, resumed.pid) == (State.RUNNING, running.pid)
    assert freezer(groups, running.id) == "THAWED"
    assert heard == ["web pause", "web unpause"]
    assert resumed.cgroup == str(groups / "memory/wherry" / running.id[:32])


async def test_what_is_frozen_can_be_stopped_and_killed(groups: Path, played_engine: EmbeddedEngine) -> None:
    for ask in (played_engine.containers.stop, played_engine.containers.kill):
        running = await start(played_engine)
        await played_engine.containers.pause(running.id)
        assert (await ask(running.id)).state is State.EXITED
        assert not (groups / "freezer/wherry" / running.id[:32]).exists()
    running = await start(played_engine)
    await played_engine.containers.pause(running.id)
    with pytest.raises(Conflict):
        await played_engine.containers.remove(running.id)
    await played_engine.containers.remove(running.id, force=True)


async def test_what_does_not_let_itself_be_frozen_goes_on(
    groups: Path, played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.cgroups.group import ContainerCgroup

    running = await start(played_engine, "web")
    monkeypatch.setattr(ending, "_FREEZE_SECONDS", 0.01)
    monkeypatch.setattr(ContainerCgroup, "is_frozen", lambda _: False)
    with pytest.raises(RuntimeFailure) as caught:
        await played_engine.containers.pause("web")
    assert str(caught.value) == "The container could not be paused. A process does not let itself be frozen."
    assert (await played_engine.containers.get("web")).state is State.RUNNING
    assert freezer(groups, running.id) == "THAWED"


async def test_it_is_still_for_a_piece_of_work_only(groups: Path, played_engine: EmbeddedEngine) -> None:
    book, ender = played_engine.containers.book, played_engine.containers._ender
    running = await start(played_engine, "web")
    entry = book.find("web")
    async with ender.still(entry):
        assert (entry.state, entry.record.paused_briefly) == (State.PAUSED, True)
        assert freezer(groups, running.id) == "FROZEN"
    assert (entry.state, entry.record.paused_briefly) == (State.RUNNING, False)

    await played_engine.containers.pause("web")
    assert not entry.record.paused_briefly
    async with ender.still(entry):
        assert entry.state is State.PAUSED
    assert entry.state is State.PAUSED, "a person's pause stays"
    await played_engine.containers.unpause("web")

    async with ender.still(entry):
        await played_engine.containers.unpause("web")
        await played_engine.containers.pause("web")
    assert entry.state is State.PAUSED, "a person paused it meanwhile"
    await played_engine.containers.stop("web")
    async with ender.still(entry):
        assert entry.state is State.EXITED


# --- everything in a group ---


class Group:
    """A group whose processes go when they are killed."""

    def __init__(self, *rounds: tuple[int, ...], at_once: bool = False, can_freeze: bool = True) -> None:
        self.rounds = list(rounds)
        self.at_once = at_once
        self.can_freeze = can_freeze
        self.done: list[str] = []

    def kill_at_once(self) -> bool:
        self.done.append("kill")
        return self.at_once

    def freeze(self, *, frozen: bool) -> None:
        self.done.append("freeze" if frozen else "thaw")

    def processes(self) -> tuple[int, ...]:
        return self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]


@pytest.mark.parametrize(
    ("group", "done", "killed"),
    [
        (Group((5,), (), at_once=True), ["kill"], []),
        (Group((5, 6), (6,), ()), ["kill", "freeze", "thaw"], [["-KILL", "5", "6"]]),
        (Group((5,), (), can_freeze=False), ["kill"], [["-KILL", "5"]]),
        (Group(()), ["kill", "freeze", "thaw"], []),
    ],
)
async def test_all_in_a_group_are_killed(group: Any, done: list[str], killed: list[list[str]]) -> None:
    keeper: Any = Keeper(Completed(0, b"", b""))
    await kill_group(keeper, group)
    assert group.done == done
    assert [argv[1:] for argv in keeper.asked] == killed
    assert group.processes() == ()


async def test_who_cannot_be_killed_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(killing, "_KILL_SECONDS", 0.01)
    keeper: Any = Keeper()
    group: Any = Group((5,), at_once=True)
    await kill_group(keeper, group)
    assert group.processes() == (5,)


async def test_what_was_never_started_rests(played_engine: EmbeddedEngine) -> None:
    await create(played_engine, "web")
    assert (await played_engine.containers.stop("web")).state is State.CREATED
