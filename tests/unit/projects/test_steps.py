"""Steps carried out one by one: what is built, written, waited for, remade and taken away, and what is told of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.compose import labels
from engine.compose.planning.plan import Plan, Step
from engine.errors import Cancelled, Conflict, NotFound, RuntimeFailure
from engine.projects.actual import look, until_removed
from engine.projects.carrying_out import Carrier
from engine.projects.projects import _within
from engine.types.containers import ContainerSpec, CreateContainer, Exit, Health, HealthStatus, State
from engine.types.data import now
from engine.types.files import Place
from engine.types.projects import BuildProject, DownProject, PullProject, ReadProject, UpProject, WatchProject
from tests.fakes.engine import open_fake_engine
from tests.fakes.world import make_image

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.facade import OperationHandle
    from engine.types.containers import Container
    from engine.types.operations import StepProgress
    from tests.fakes.engine import FakeEngine

FILE = "/p/bakery/compose.yaml"
PAIR = """
services:
  web: {image: "nginx:1.27-alpine", depends_on: {db: {condition: CONDITION}}}
  db: {image: "redis:7-alpine", healthcheck: {test: [CMD, ok]}}
"""
BUILT = """
services:
  app: {build: {dockerfile_inline: "FROM x", args: {A: file, B: file}}, image: "localhost/app:1"}
  beside: {image: "redis:7-alpine", depends_on: {app: {condition: service_started, restart: true}}}
"""


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    engine = await open_fake_engine()
    for reference in ("redis:7-alpine", "nginx:1.27-alpine"):
        engine.store.put("image", make_image(f"docker.io/library/{reference}"))
    engine.images.step_seconds = 0.0
    try:
        yield engine
    finally:
        await engine.close()


def source(text: str, **fields: Any) -> ReadProject:
    return ReadProject(files=(FILE,), texts={FILE: text}, **fields)


def bring_up(engine: FakeEngine, text: str, **options: Any) -> OperationHandle:
    return engine.projects.up(UpProject(source=source(text), **options))


def calls(room: Any, verb: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """What a room is asked from now on; it does it all the same."""
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    real = getattr(room, verb)

    def noted(*words: Any, **options: Any) -> Any:
        asked.append((words, options))
        return real(*words, **options)

    setattr(room, verb, noted)
    return asked


async def told(handle: OperationHandle, holds: Callable[[StepProgress], bool]) -> StepProgress:
    """The first step of which that is true."""
    async with asyncio.timeout(20):
        async for state in handle.watch():
            for step in state.steps:
                if holds(step):
                    return step
    raise AssertionError("the operation ended")


def waits(step: StepProgress) -> bool:
    return step.state == "waiting"


async def steps(handle: OperationHandle) -> dict[str, tuple[str, str]]:
    """How each step ended."""
    last: tuple[StepProgress, ...] = ()
    async for state in handle.watch():
        last = state.steps or last
    return {f"{step.action} {step.subject}": (step.state, step.note) for step in last}


async def steps_now(handle: OperationHandle) -> dict[str, tuple[str, str]]:
    state = await anext(aiter(handle.watch()))
    return {f"{step.action} {step.subject}": (step.state, step.note) for step in state.steps}


def healthy(engine: FakeEngine, container: Container, status: Health = Health.HEALTHY) -> None:
    engine.store.put("container", replace(container, health=HealthStatus(status=status)))


# --- waiting ---


async def test_a_service_starts_when_what_it_waits_for_is_healthy(engine: FakeEngine) -> None:
    handle = bring_up(engine, PAIR.replace("CONDITION", "service_healthy"))
    step = await told(handle, waits)
    assert (step.action, step.subject, step.note) == ("start", "bakery-web-1", "db")
    assert (await engine.containers.get("bakery-web-1")).state is State.CREATED
    other = next(each for each in await engine.containers.list() if not each.name.startswith("bakery"))
    engine.store.put("container", other)  # of no interest
    healthy(engine, await engine.containers.get("bakery-db-1"))
    await handle.result()
    assert (await engine.containers.get("bakery-web-1")).state is State.RUNNING


async def test_a_service_that_never_gets_ready_stops_who_waits_for_it(engine: FakeEngine) -> None:
    handle = bring_up(engine, PAIR.replace("CONDITION", "service_healthy"))
    await told(handle, waits)
    healthy(engine, await engine.containers.get("bakery-db-1"), Health.UNHEALTHY)
    with pytest.raises(RuntimeFailure) as caught:
        await handle.result()
    assert caught.value.title == "bakery-db-1 did not get ready: it is unhealthy"
    assert (await steps(handle))["start bakery-web-1"] == ("failed", caught.value.title)
    assert (await engine.containers.get("bakery-web-1")).state is State.CREATED


async def test_a_service_waits_for_the_end_of_another(engine: FakeEngine) -> None:
    handle = bring_up(engine, PAIR.replace("CONDITION", "service_completed_successfully"))
    await told(handle, waits)
    db = await engine.containers.get("bakery-db-1")
    engine.containers.end(db.id, Exit(code=0, ended=now()), "die")
    await handle.result()
    assert (await engine.containers.get("bakery-web-1")).state is State.RUNNING


async def test_a_service_that_only_has_to_be_started_is_not_waited_for(engine: FakeEngine) -> None:
    handle = bring_up(engine, PAIR.replace("CONDITION", "service_started"))
    assert await handle.result() == "bakery"
    assert (await engine.containers.get("bakery-db-1")).health.status is Health.STARTING


async def test_up_waits_until_all_is_healthy_when_asked(engine: FakeEngine) -> None:
    handle = bring_up(engine, PAIR.replace("CONDITION", "service_started"), wait=True)
    async with asyncio.timeout(20), engine.watch() as changes:
        async for _ in changes:
            found = [each for each in await engine.containers.list() if each.name == "bakery-db-1"]
            if found and found[0].state is State.RUNNING:
                break
    states = await steps_now(handle)
    assert states["start bakery-db-1"][0] == "running"
    healthy(engine, found[0])
    assert await handle.result() == "bakery"


async def test_up_gives_up_after_its_time_and_says_what_it_waited_for(engine: FakeEngine) -> None:
    names = ("idle", "begun", "waits", "done")
    planned = tuple(Step(id=name, action="start", subject=name) for name in names)
    carrier = Carrier(engine, None, Plan("bakery", planned), lambda _: None, {})
    assert carrier.unfinished() == ["nothing"]
    for step, state in zip(planned[1:], ("running", "waiting", "done"), strict=True):
        carrier._became(step, state)  # type: ignore[arg-type]
    assert carrier.unfinished() == ["begun", "waits"]

    async def for_ever() -> None:
        await asyncio.Event().wait()

    carrier.run = for_ever  # type: ignore[method-assign]
    with pytest.raises(RuntimeFailure) as caught:
        await _within(0.001, carrier)
    assert caught.value.title == "The project is not up and healthy after 0.001 s"
    assert "begun, waits" in caught.value.explanation


async def test_what_is_being_removed_is_waited_for(engine: FakeEngine) -> None:
    async def made(project: str) -> Container:
        spec = ContainerSpec(image="redis:7-alpine", labels={labels.PROJECT: project})
        one = await engine.containers.create(CreateContainer(spec=spec, name=f"old-{project}"))
        engine.store.put("container", replace(one, state=State.REMOVING))
        return one

    mine, _ = await made("bakery"), await made("else")
    waiting = asyncio.create_task(until_removed(engine, "bakery"))
    await asyncio.sleep(0)
    assert not waiting.done()
    engine.store.drop("container", mine.id, "destroy")
    async with asyncio.timeout(20):
        await waiting


# --- builds and images ---


async def test_a_build_is_asked_as_the_files_say_and_as_was_wished(engine: FakeEngine) -> None:
    asked = calls(engine.builds, "build")
    request = BuildProject(source=source(BUILT), no_cache=True, pull=True, build_args={"B": "wish"})
    handle = engine.projects.build(request)
    assert await handle.result() == "bakery"
    operation = await anext(aiter(handle.watch()))
    assert (operation.kind, operation.subject) == ("build-project", "bakery")
    (((made,), _),) = asked
    assert (made.build_args, made.no_cache, made.pull) == ({"A": "file", "B": "wish"}, True, True)
    assert made.tags == ("localhost/app:1",)
    await engine.projects.build(BuildProject(source=source(BUILT))).result()
    plain = asked[-1][0][0]
    assert (plain.build_args, plain.no_cache, plain.pull) == ({"A": "file", "B": "file"}, False, False)


async def test_a_platform_is_pulled_as_the_service_says(engine: FakeEngine) -> None:
    asked = calls(engine.images, "pull")
    text = 'services: {a: {image: "busybox:9", platform: linux/arm64}, b: {image: "busybox:8"}}'
    handle = engine.projects.pull(PullProject(source=source(text)))
    await handle.result()
    assert (await anext(aiter(handle.watch()))).subject == "bakery"
    assert {(each.reference, each.platform) for (each,), _ in asked} == {
        ("busybox:9", "linux/arm64"),
        ("busybox:8", ""),
    }


def builds_anew(engine: FakeEngine) -> None:
    """From now on a build gives another image under the same name."""
    real = engine.builds._run

    async def run(build_id: str, request: Any, progress: Any) -> str:
        made = engine.store.images.pop(await real(build_id, request, progress))
        fresh = replace(made, id=f"sha256:{build_id * 4}"[:71])
        engine.store.put("image", fresh)
        return fresh.id

    engine.builds._run = run  # type: ignore[method-assign]


async def test_a_kept_container_is_remade_when_its_image_became_another(engine: FakeEngine) -> None:
    await bring_up(engine, BUILT).result()
    app, beside = [await engine.containers.get(f"bakery-{name}-1") for name in ("app", "beside")]
    builds_anew(engine)
    handle = bring_up(engine, BUILT, build=True)
    await handle.result()
    new, still = [await engine.containers.get(f"bakery-{name}-1") for name in ("app", "beside")]
    assert (new.id != app.id, new.state, new.image_id != app.image_id) == (True, State.RUNNING, True)
    assert still.id == beside.id
    assert still.started is not None
    assert beside.started is not None
    assert still.started > beside.started, "it asked to be restarted with it"
    ended = await steps(handle)
    assert ended["recreate bakery-app-1"][0] == "done"
    assert "keep bakery-app-1" not in ended


async def test_one_that_rested_is_remade_and_rests(engine: FakeEngine) -> None:
    text = BUILT.partition("  beside")[0]
    await bring_up(engine, text, start=False).result()
    old = await engine.containers.get("bakery-app-1")
    builds_anew(engine)
    await bring_up(engine, text, build=True, start=False).result()
    new = await engine.containers.get("bakery-app-1")
    assert (new.id != old.id, new.state) == (True, State.CREATED)


async def test_nothing_is_remade_where_that_was_not_wished(engine: FakeEngine) -> None:
    await bring_up(engine, BUILT).result()
    old = await engine.containers.get("bakery-app-1")
    builds_anew(engine)
    await bring_up(engine, BUILT, build=True, recreate="never").result()
    assert (await engine.containers.get("bakery-app-1")).id == old.id


async def test_images_go_with_the_project_when_asked(engine: FakeEngine) -> None:
    await bring_up(engine, BUILT).result()
    await engine.projects.down(DownProject(name="bakery", source=source(BUILT), images="all")).result()
    for name in ("localhost/app:1", "redis:7-alpine"):
        with pytest.raises(NotFound):
            await engine.images.get(name)


async def test_a_watch_makes_a_service_anew(engine: FakeEngine, tmp_path: Path) -> None:
    file = str(tmp_path / "compose.yaml")
    text = """
name: dev
services:
  app: {build: {dockerfile_inline: "FROM x"}, image: "localhost/app:1", develop: {watch: [{path: a, action: rebuild}]}}
"""
    (tmp_path / "a").write_text("1")
    handle = engine.projects.watch(WatchProject(source=ReadProject(files=(file,), texts={file: text})))
    await told(handle, lambda step: step.action == "watch")
    old = await engine.containers.get("dev-app-1")
    (tmp_path / "a").write_text("2")
    await told(handle, lambda step: (step.action, step.state) == ("rebuild", "done"))
    assert (await engine.containers.get("dev-app-1")).id != old.id
    operation = await anext(aiter(handle.watch()))
    assert (operation.kind, operation.subject) == ("watch-project", tmp_path.name)
    handle.cancel()
    with pytest.raises(Cancelled):
        await handle.result()


# --- containers ---


async def test_files_of_the_project_are_written_into_the_container(engine: FakeEngine) -> None:
    text = """
services: {a: {image: "redis:7-alpine", configs: [{source: c, target: /etc/c, mode: 0o440, uid: "5", gid: "6"}]}}
configs: {c: {content: "hällo"}}
"""
    asked = calls(engine.files, "upload")
    await bring_up(engine, text).result()
    made = await engine.containers.get("bakery-a-1")
    place = Place(kind="container", id=made.id)
    assert (await engine.files.read(place, "/etc/c")).decode() == "hällo"
    ((where, options),) = asked
    assert (where[0], where[1], options) == (place, "/", {"copy_owner": True})


async def test_a_container_joins_its_networks_under_its_names(engine: FakeEngine) -> None:
    text = """
services: {a: {image: "redis:7-alpine", networks: {front: , back: {aliases: [store]}}}}
networks: {front: , back: }
"""
    asked = calls(engine.networks, "connect")
    await bring_up(engine, text).result()
    made = await engine.containers.get("bakery-a-1")
    joined = {made.spec.network, *(words[0] for words, _ in asked)}
    assert joined == {"bakery_front", "bakery_back"}
    assert {words[1] for words, _ in asked} == {made.id}
    assert all("a" in options["asked"].aliases for _, options in asked)


async def test_a_container_that_cannot_join_is_taken_back(engine: FakeEngine) -> None:
    text = 'services: {a: {image: "redis:7-alpine", networks: [front, back]}}\nnetworks: {front: , back: }'

    async def refuses(*_: Any, **__: Any) -> None:
        raise Conflict("No room there")

    engine.networks.connect = refuses  # type: ignore[method-assign,assignment]
    with pytest.raises(Conflict):
        await bring_up(engine, text).result()
    with pytest.raises(NotFound):
        await engine.containers.get("bakery-a-1")


async def test_a_changed_network_is_made_anew(engine: FakeEngine) -> None:
    text = 'services: {a: {image: "redis:7-alpine", networks: [n]}}\nnetworks: {n: {labels: {x: "1"}}}'
    await bring_up(engine, text).result()
    before = await engine.networks.get("bakery_n")
    await bring_up(engine, text.replace('"1"', '"2"')).result()
    after = await engine.networks.get("bakery_n")
    assert (after.id != before.id, after.labels["x"]) == (True, "2")


async def test_one_that_was_paused_meanwhile_goes_on_and_one_that_runs_is_left(engine: FakeEngine) -> None:
    text = 'services: {a: {image: "redis:7-alpine"}}'
    await bring_up(engine, text).result()
    paused = await engine.containers.pause("bakery-a-1")
    plan = Plan("bakery", (Step(id="s", action="start", subject=paused.name, container=paused.id),))
    asked = calls(engine.containers, "start")
    for _ in range(2):
        await Carrier(engine, None, plan, lambda _: None, {}).run()
        assert (await engine.containers.get(paused.id)).state is State.RUNNING
    assert asked == []


async def test_the_grace_is_the_one_that_was_asked_for(engine: FakeEngine) -> None:
    text = 'services: {a: {image: "redis:7-alpine"}}'
    await bring_up(engine, text).result()
    asked = calls(engine.containers, "stop")
    await bring_up(engine, text, recreate="always", timeout=3.5).result()
    await engine.projects.down(DownProject(name="bakery", only_stop=True, timeout=4.5)).result()
    await bring_up(engine, text).result()
    await engine.projects.down(DownProject(name="bakery", timeout=5.5)).result()
    assert [options["timeout"] for _, options in asked] == [3.5, 4.5, 5.5]


async def test_what_needs_a_step_that_failed_is_left(engine: FakeEngine) -> None:
    engine.store.failures["containers.create"] = Conflict("No room")
    handle = bring_up(engine, 'services: {a: {image: "redis:7-alpine"}}')
    with pytest.raises(Conflict):
        await handle.result()
    ended = await steps(handle)
    assert ended["create bakery-a-1"] == ("failed", "No room")
    state, note = ended["start bakery-a-1"]
    assert (state, note.endswith("was not done")) == ("skipped", True)


async def test_all_failures_are_told(engine: FakeEngine) -> None:
    engine.store.failures["containers.create"] = Conflict("No room")
    engine.store.failures_left["containers.create"] = 2
    text = 'services: {a: {image: "redis:7-alpine"}, b: {image: "redis:7-alpine"}}'
    with pytest.raises(Conflict) as caught:
        await bring_up(engine, text).result()
    assert "create bakery-a-1: No room" in caught.value.details
    assert "create bakery-b-1: No room" in caught.value.details


async def test_what_is_there_is_told_of_this_project_alone(engine: FakeEngine) -> None:
    text = 'services: {a: {image: "redis:7-alpine", volumes: ["v:/v"]}}\nvolumes: {v: }'
    await bring_up(engine, text).result()
    await engine.projects.up(UpProject(source=source(text, name="second"))).result()
    rooms = (engine.containers, engine.images, engine.volumes, engine.networks)
    actual = await look("bakery", None, *rooms)
    assert [each.service for each in actual.containers] == ["a"]
    assert actual.project_volumes == {"bakery_v"}
    assert actual.networks["bakery_default"]
