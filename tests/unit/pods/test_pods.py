"""Pods on a machine in memory: what their containers share, and what is done to all of them together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, RuntimeFailure
from engine.pods.states import state_of
from engine.types.containers import Container, PortMapping, State
from engine.types.data import LabelRule
from engine.types.pods import INIT_LABEL, SIDECAR_LABEL, CreatePod, PodState
from tests.support.played_engine import PlayedStore, create, until_state

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine

NOBODY = CreatePod(name="shop", network="none")


async def member(engine: EmbeddedEngine, name: str, **options: object) -> Container:
    return await create(engine, name, network="pod:shop", **options)


async def states(engine: EmbeddedEngine) -> dict[str, State]:
    return {each.name: each.state for each in await engine.containers.list()}


# --- made and removed ---


async def test_a_pod_is_made_found_and_removed(played_engine: EmbeddedEngine) -> None:
    engine = played_engine
    made = await engine.pods.create(CreatePod(name="shop", network="none", hostname="front", labels={"a": "b"}))
    assert (made.name, made.state, made.containers, made.ports, made.ip_address) == (
        "shop", PodState.CREATED, (), (), "",
    )  # fmt: skip
    assert made.recipe.labels == {"a": "b"}
    assert [await engine.pods.get(each) for each in ("shop", made.id, made.id[:6])] == [made] * 3
    with pytest.raises(Conflict, match="There is a pod “shop” already") as taken:
        await engine.pods.create(NOBODY)
    assert (taken.value.code, taken.value.subject) == (Code.NAME_TAKEN, "shop")
    assert taken.value.hint == "Choose another name, or remove that one."
    for name in ("nosuch", ""):
        with pytest.raises(NotFound, match="No such pod") as gone:
            await engine.pods.get(name)
        assert (gone.value.subject, gone.value.hint) == (name, f"Make it: wherry pod create {name}")
    assert engine.bus.objects("pod")[made.id] == made
    assert (await engine.pods.remove("shop")).ids == (made.id,)
    assert not await engine.pods.list()
    assert made.id not in engine.bus.objects("pod")
    actions = [(each.action, each.name, each.attributes) for each in await engine.event_log() if each.kind == "pod"]
    named = {"name": "shop", "a": "b"}
    assert actions == [("create", "shop", named), ("remove", "shop", named)]


async def test_the_beginning_of_several_ids_names_none(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter(("ab" * 32, "ac" * 32))
    monkeypatch.setattr("engine.pods.book.secrets.token_hex", lambda _: next(ids))
    for name in ("one", "two"):
        await played_engine.pods.create(CreatePod(name=name, network="none"))
    with pytest.raises(Conflict, match="“a” could be several pods") as several:
        await played_engine.pods.get("a")
    assert (several.value.code, several.value.explanation, several.value.subject) == (Code.AMBIGUOUS, "one, two", "a")
    assert (await played_engine.pods.get("ab")).name == "one"


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (CreatePod(name="a/b"), "A pod cannot be called “a/b”"),
        (CreatePod(name="-a"), "A pod cannot be called “-a”"),
        (CreatePod(name="a" * 64), "A pod cannot be called"),
        (CreatePod(name="a", network="container:x"), "A pod cannot share another's network"),
        (CreatePod(name="a", network="pod:x"), "A pod cannot share another's network"),
        (CreatePod(name="a", network="none", ports=(PortMapping(container_port=1),)), "Ports cannot be published here"),
        (CreatePod(name="a", network="host", ports=(PortMapping(container_port=1),)), "Ports cannot be published here"),
        (CreatePod(name="a", ports=(PortMapping(container_port=0),)), "port"),
    ],
)
async def test_a_pod_that_cannot_be_is_refused(played_engine: EmbeddedEngine, recipe: CreatePod, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as refused:
        await played_engine.pods.create(recipe)
    if "called" in words:
        assert (refused.value.subject, refused.value.explanation) == (
            recipe.name, "Letters, digits, and _ . - after the first.",
        )  # fmt: skip
    assert not await played_engine.pods.list()


async def test_a_network_that_is_not_there_is_refused_and_a_name_is_invented(played_engine: EmbeddedEngine) -> None:
    with pytest.raises(NotFound):
        await played_engine.pods.create(CreatePod(name="a", network="nosuch"))
    made = await played_engine.pods.create(CreatePod(network="bridge"))
    assert made.name
    assert made.recipe.network == "pasta", "Docker's word for the default one"
    await played_engine.pods.create(CreatePod(name="a" * 63, network="host"))


# --- all of its containers ---


async def test_all_of_a_pod_start_stop_and_go_together(played_engine: EmbeddedEngine) -> None:
    engine = played_engine
    made = await engine.pods.create(NOBODY)
    first, second = await member(engine, "first"), await member(engine, "second")
    alone = await create(engine, "alone")
    shown = await engine.pods.start("shop")
    assert shown.state is PodState.RUNNING
    assert [(each.id, each.name, each.state, each.init) for each in shown.containers] == [
        (first.id, "first", State.RUNNING, False), (second.id, "second", State.RUNNING, False),
    ]  # fmt: skip
    with pytest.raises(Conflict, match="Containers of the pod “shop” run") as busy:
        await engine.pods.remove("shop")
    assert (busy.value.code, busy.value.explanation, busy.value.subject) == (Code.IN_USE, "first, second", made.id)
    stopped = await engine.pods.stop("shop", timeout=0)
    assert stopped.state is PodState.EXITED
    assert (await engine.pods.restart("shop")).state is PodState.RUNNING
    killed = await engine.pods.kill("shop")
    await until_state(engine, first.id, State.EXITED)
    await until_state(engine, second.id, State.EXITED)
    assert killed.id == made.id
    await engine.pods.start("shop")
    assert (await engine.pods.remove("shop", force=True)).ids == (made.id,)
    assert await states(engine) == {"alone": State.CREATED}
    assert alone.name == "alone"
    actions = [each.action for each in await engine.event_log() if each.kind == "pod"]
    assert actions == ["create", "start", "stop", "stop", "start", "kill", "start", "remove"]


async def test_only_those_that_fit_are_paused(played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine in memory holds nothing still: it is only asked to."""
    engine = played_engine
    await engine.pods.create(NOBODY)
    one = await member(engine, "one")
    await engine.containers.start(one.id)
    await member(engine, "two")
    asked: list[tuple[str, str]] = []
    for verb in ("pause", "unpause"):

        async def hears(container: str, verb: str = verb) -> Container:
            asked.append((verb, container))
            return one

        monkeypatch.setattr(engine.containers, verb, hears)
    await engine.pods.pause("shop")
    await engine.pods.unpause("shop")
    assert asked == [("pause", one.id)], "and what is not paused is not woken"


async def test_those_that_prepare_run_first_in_their_order_and_to_a_good_end(
    played: PlayedStore, played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = played_engine
    await engine.pods.create(NOBODY)
    main = await member(engine, "main")
    late = await member(engine, "late", labels={INIT_LABEL: "2"})
    early = await member(engine, "early", labels={INIT_LABEL: "1"})
    side = await member(engine, "side", labels={INIT_LABEL: "0", SIDECAR_LABEL: ""})
    begun: list[str] = []
    codes = {late.id: 0, early.id: 0}
    really = engine.containers.start

    async def start(container: str) -> Container:
        begun.append(container)
        found = await really(container)
        if container in codes:
            played.machine.end(container, codes[container])
        return found

    monkeypatch.setattr(engine.containers, "start", start)
    shown = await engine.pods.start("shop")
    assert begun == [side.id, early.id, late.id, main.id]
    assert shown.state is PodState.RUNNING
    assert {each.name: each.init for each in shown.containers} == {
        "main": False, "late": True, "early": True, "side": True,
    }  # fmt: skip
    # While one of the others runs, nothing is prepared again.
    begun.clear()
    await engine.pods.start("shop")
    assert begun == [main.id]
    await engine.pods.stop("shop", timeout=0)
    begun.clear()
    codes[early.id] = 3
    with pytest.raises(RuntimeFailure, match="“early”, which prepares the pod “shop”, ended with 3") as failed:
        await engine.pods.start("shop")
    assert begun == [side.id, early.id]
    assert (failed.value.code, failed.value.subject) == (Code.WRONG_STATE, early.id)


async def test_the_first_failure_is_told_when_all_have_had_their_turn(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = played_engine
    await engine.pods.create(NOBODY)
    made = [await member(engine, name) for name in ("one", "two", "three")]
    really = engine.containers.start

    async def start(container: str) -> Container:
        if container != made[1].id:
            raise RuntimeFailure(f"no {'one' if container == made[0].id else 'three'}", details="before")
        return await really(container)

    monkeypatch.setattr(engine.containers, "start", start)
    with pytest.raises(RuntimeFailure, match="no one") as failed:
        await engine.pods.start("shop")
    assert failed.value.details.splitlines()[0] == "before"
    assert "three: no three" in failed.value.details
    assert (await states(engine))["two"] is State.RUNNING
    assert (await engine.pods.get("shop")).state is PodState.DEGRADED


async def test_pods_of_which_nothing_runs_are_pruned(played_engine: EmbeddedEngine) -> None:
    engine = played_engine
    for name in ("idle", "kept", "shop"):
        labels = {"keep": ""} if name == "kept" else {}
        await engine.pods.create(CreatePod(name=name, network="none", labels=labels))
    await member(engine, "one")
    await create(engine, "left", network="pod:idle")
    await engine.pods.start("shop")
    idle = (await engine.pods.get("idle")).id
    assert (await engine.pods.prune(labels=LabelRule(unwanted={"keep": ""}))).ids == (idle,)
    assert [each.name for each in await engine.pods.list()] == ["kept", "shop"]
    assert list(await states(engine)) == ["one"]
    assert len((await engine.pods.prune()).ids) == 1


# --- what they stand on ---


def ground_of(engine: EmbeddedEngine, pod: str = "shop") -> Any:
    entry = engine.pods._book.find(pod)  # type: ignore[attr-defined]
    return entry, engine.paths.container_run(entry.key), engine.paths.container(entry.key)


async def test_the_ground_is_there_while_one_of_its_containers_runs(played_engine: EmbeddedEngine) -> None:
    engine = played_engine
    recipe = CreatePod(
        name="shop", network="none", hostname="front", dns=("9.9.9.9",), dns_search=("here.org",),
        dns_options=("ndots:2",), extra_hosts=("db:10.0.0.9",), network_aliases=("www",),
    )  # fmt: skip
    await engine.pods.create(recipe)
    one, two = await member(engine, "one"), await member(engine, "two")
    entry, run, _ = ground_of(engine)
    assert (entry.is_up, run.exists()) == (False, False)
    await engine.containers.start(one.id)
    await engine.containers.start(two.id)
    assert entry.is_up
    texts = {name: (run / name).read_text() for name in ("hosts", "resolv.conf", "hostname")}
    assert texts["hostname"] == "front\n"
    hosts = [line.split() for line in texts["hosts"].splitlines()]
    assert ["10.0.0.9", "db"] in hosts
    assert {"front", "shop", "www"} <= {word for line in hosts for word in line}
    assert all(word in texts["resolv.conf"] for word in ("9.9.9.9", "here.org", "ndots:2"))
    assert {(run / name).stat().st_mode & 0o777 for name in texts} == {0o644}
    await engine.containers.stop(one.id, timeout=0)
    assert entry.is_up
    await engine.containers.stop(two.id, timeout=0)
    async with asyncio.timeout(20):
        while entry.is_up or run.exists():  # noqa: ASYNC110 - nobody tells of a directory
            await asyncio.sleep(0.001)
    await engine.containers.start(one.id)
    assert entry.is_up, "and comes back with the next"


async def test_pods_outlive_the_engine_with_what_lives_in_them(played: PlayedStore) -> None:
    async with played.engine() as engine:
        await engine.pods.create(NOBODY)
        await engine.pods.create(CreatePod(name="idle", network="none"))
        one = await member(engine, "one")
        await engine.containers.start(one.id)
        before = await engine.pods.get("shop")
    async with played.engine() as engine:
        assert [each.name for each in await engine.pods.list()] == ["shop", "idle"]
        after = await engine.pods.get("shop")
        assert (after.id, after.created, after.state) == (before.id, before.created, PodState.RUNNING)
        played.machine.end(one.id, 0)
        await until_state(engine, one.id, State.EXITED)
        assert (await engine.pods.get("shop")).state is PodState.EXITED


# --- what a pod is said to do ---


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ((), PodState.CREATED),
        ((State.CREATED, State.CREATED), PodState.CREATED),
        ((State.RUNNING, State.STARTING, State.STOPPING), PodState.RUNNING),
        ((State.PAUSED, State.PAUSED), PodState.PAUSED),
        ((State.RUNNING, State.EXITED), PodState.DEGRADED),
        ((State.RUNNING, State.PAUSED), PodState.DEGRADED),
        ((State.CREATED, State.PAUSED), PodState.DEGRADED),
        ((State.RESTARTING,), PodState.DEGRADED),
        ((State.EXITED, State.CREATED), PodState.EXITED),
        ((State.EXITED, State.DEAD), PodState.EXITED),
    ],
)
def test_what_a_pod_is_said_to_do(members: tuple[State, ...], expected: PodState) -> None:
    assert state_of(members) is expected
