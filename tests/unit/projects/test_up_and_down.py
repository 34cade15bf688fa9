"""Projects brought up, changed, taken down and brought back, on an engine whose rooms are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.compose import labels
from engine.errors import InvalidRequest, NotFound
from engine.types.containers import State
from engine.types.projects import DownProject, PullProject, ReadProject, RunService, UpProject
from tests.fakes.engine import open_fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.types.containers import Container
    from tests.fakes.engine import FakeEngine

FILE = "/p/bakery/compose.yaml"
TEXT = """
services:
  site: {image: "nginx:1.27-alpine", depends_on: [cache], environment: {A: "1"}, ports: ["18080:80"],
         volumes: ["pages:/data"]}
  cache: {image: "redis:7-alpine", labels: {mine: x}}
volumes: {pages: {}}
"""


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    engine = await open_fake_engine()
    try:
        yield engine
    finally:
        await engine.close()


def source(text: str = TEXT, **fields: Any) -> ReadProject:
    return ReadProject(files=(FILE,), texts={FILE: text}, **fields)


async def up(engine: FakeEngine, text: str = TEXT, **options: Any) -> str:
    return await engine.projects.up(UpProject(source=source(text), **options)).result()


async def down(engine: FakeEngine, **options: Any) -> str:
    return await engine.projects.down(DownProject(name="bakery", **options)).result()


async def ours(engine: FakeEngine) -> dict[str, Container]:
    everything = await engine.containers.list()
    return {each.name: each for each in everything if each.spec.labels.get(labels.PROJECT) == "bakery"}


async def actions(engine: FakeEngine, text: str = TEXT, **options: Any) -> set[str]:
    plan = await engine.projects.plan(UpProject(source=source(text), **options))
    return {f"{step.action} {step.subject}" for step in plan.steps}


async def test_a_project_is_brought_up_and_stays(engine: FakeEngine) -> None:
    assert await actions(engine) >= {"create bakery-site-1", "volume bakery_pages", "network bakery_default"}
    assert await up(engine) == "bakery"
    found = await ours(engine)
    assert set(found) == {"bakery-site-1", "bakery-cache-1"}
    assert {each.state for each in found.values()} == {State.RUNNING}
    assert found["bakery-site-1"].spec.env["A"] == "1"
    assert [(each.container_port, each.host_port) for each in found["bakery-site-1"].spec.ports] == [(80, 18080)]
    assert found["bakery-cache-1"].spec.labels["mine"] == "x"
    assert found["bakery-site-1"].spec.network == "bakery_default"
    (shown,) = [each for each in await engine.projects.list() if each.name == "bakery"]
    assert (shown.containers, shown.running, shown.ours) == (2, 2, True)
    assert await actions(engine) == {"keep bakery-site-1", "keep bakery-cache-1"}


async def test_what_changed_is_changed_and_the_rest_stays_as_it_is(engine: FakeEngine) -> None:
    await up(engine)
    before = await ours(engine)
    changed = TEXT.replace('A: "1"', 'A: "2"')
    plan = await engine.projects.plan(UpProject(source=source(changed)))
    (step,) = [step for step in plan.steps if step.action == "edit"]
    assert [(each.field, each.before, each.after) for each in step.changes] == [("environment.A", "1", "2")]
    await up(engine, changed)
    after = await ours(engine)
    assert after["bakery-site-1"].spec.env["A"] == "2"
    assert after["bakery-cache-1"].id == before["bakery-cache-1"].id
    assert [run.changes for run in await engine.projects.history("bakery")][-1] == (
        "edit bakery-site-1", "start bakery-site-1",
    )  # fmt: skip


async def test_it_is_brought_back_to_what_it_was(engine: FakeEngine) -> None:
    await up(engine)
    with pytest.raises(NotFound) as once:
        await engine.projects.earlier("bakery")
    assert once.value.subject == "bakery"
    await up(engine, TEXT.replace('A: "1"', 'A: "2"'))
    await up(engine, TEXT.replace('A: "1"', 'A: "2"'))
    earlier = await engine.projects.earlier("bakery")
    assert earlier.source.texts == {FILE: TEXT}
    await (await engine.projects.roll_back("bakery")).result()
    assert (await ours(engine))["bakery-site-1"].spec.env["A"] == "1"


async def test_only_so_many_only_these_and_not_started(engine: FakeEngine) -> None:
    await up(engine, services=("cache",), scale={"cache": 2}, start=False)
    found = await ours(engine)
    assert set(found) == {"bakery-cache-1", "bakery-cache-2"}
    assert State.RUNNING not in {each.state for each in found.values()}
    await up(engine, services=("cache",), scale={"cache": 1})
    assert {name: each.state for name, each in (await ours(engine)).items()} == {"bakery-cache-1": State.RUNNING}
    assert "create bakery-site-1" in await actions(engine, services=("site",), dependencies=False)


async def test_orphans_go_when_asked(engine: FakeEngine) -> None:
    await up(engine)
    less = TEXT.replace("cache: {image", "other: {image").replace("depends_on: [cache], ", "")
    assert "remove bakery-cache-1" not in await actions(engine, less)
    await up(engine, less, remove_orphans=True)
    assert set(await ours(engine)) == {"bakery-site-1", "bakery-other-1"}


async def test_down_leaves_volumes_unless_they_are_to_go_too(engine: FakeEngine) -> None:
    await up(engine)
    plan = await engine.projects.plan_down(DownProject(source=source()))
    assert plan.project == "bakery"
    assert {step.subject for step in plan.steps if step.action == "remove"} == {"bakery-site-1", "bakery-cache-1"}
    assert await down(engine, source=source()) == "bakery"
    assert await ours(engine) == {}
    assert "bakery_pages" in {each.name for each in await engine.volumes.list()}
    assert "bakery_default" not in {each.name for each in await engine.networks.list()}
    await down(engine, source=source(), volumes=True)
    assert "bakery_pages" not in {each.name for each in await engine.volumes.list()}


async def test_stopping_leaves_all_that_is_there(engine: FakeEngine) -> None:
    await up(engine)
    await down(engine, only_stop=True)
    assert {each.state for each in (await ours(engine)).values()} == {State.EXITED}
    assert await actions(engine) == {
        "keep bakery-site-1", "start bakery-site-1", "keep bakery-cache-1", "start bakery-cache-1",
    }  # fmt: skip


async def test_files_that_cannot_be_used_are_refused_and_told_in_a_plan(engine: FakeEngine) -> None:
    wrong = "services: {a: {imag: x}}"
    with pytest.raises(InvalidRequest) as caught:
        await up(engine, wrong)
    assert caught.value.subject == FILE
    with pytest.raises(InvalidRequest):
        await engine.projects.pull(PullProject(source=source(wrong))).result()
    assert (await engine.projects.plan(UpProject(source=source(wrong)))).problems
    assert (await engine.projects.read(source(wrong, name="p"))).problems[0].path == "services.a.imag"
    missing = "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {external: true}}"
    plan = await engine.projects.plan(UpProject(source=source(missing)))
    assert (plan.steps, [each.line for each in plan.problems]) == ((), [2])
    with pytest.raises(InvalidRequest):
        await up(engine, missing)


async def test_one_container_for_one_command(engine: FakeEngine) -> None:
    await up(engine)
    request = RunService(
        source=source(), service="site", command=("sh", "-c", "x"), entrypoint="/bin/tool --flag", environment=("B=c",),
        labels={"l": "m"}, name="once", user="5", workdir="/w", publish=("9090:90",), volumes=("/h:/c",),
        auto_remove=True, cap_add=("NET_ADMIN",), cap_drop=("CHOWN",), tty=True, stdin=True,
    )  # fmt: skip
    spec = (await engine.projects.make_run(request)).spec
    assert (spec.command, spec.entrypoint) == (("sh", "-c", "x"), ("/bin/tool", "--flag"))
    assert (spec.env["A"], spec.env["B"], spec.labels["l"]) == ("1", "c", "m")
    assert (spec.user, spec.workdir, spec.tty, spec.stdin_open, spec.stdin_once) == ("5", "/w", True, True, True)
    assert [(each.container_port, each.host_port) for each in spec.ports] == [(90, 9090)]
    assert {(each.source, each.target) for each in spec.mounts} == {("/h", "/c"), ("bakery_pages", "/data")}
    assert (spec.security.capabilities_add, spec.security.capabilities_drop) == (("NET_ADMIN",), ("CHOWN",))
    assert spec.auto_remove
    assert spec.labels[labels.ONEOFF] == "True"
    plain = await engine.projects.make_run(RunService(source=source(), service="cache"))
    assert plain.name.startswith("bakery-cache-run-")
    assert not plain.spec.tty
    with pytest.raises(NotFound) as caught:
        await engine.projects.make_run(RunService(source=source(), service="nobody"))
    assert caught.value.subject == "nobody"
    assert await actions(engine) == {"keep bakery-site-1", "keep bakery-cache-1"}, "it is no part of the service"


async def test_an_image_is_pulled_where_it_is_missing(engine: FakeEngine) -> None:
    pulling = engine.projects.pull(PullProject(source=source("services: {a: {image: 'busybox:9'}}")))
    assert await pulling.result() == "bakery"
    assert await engine.images.get("busybox:9")


async def test_services_are_put_into_a_file_and_words_completed(engine: FakeEngine) -> None:
    made = await engine.projects.with_services("services: {}\n", "services:\n  a:\n    image: x\n")
    assert made == "services:\n  a:\n    image: x\n"
    with pytest.raises(InvalidRequest):
        await engine.projects.with_services(made, made)
    found = await engine.projects.complete("services:\n  a:\n    imag", 2, 8)
    assert (found.start, [each for each in found.words if each.startswith("image")]) == (4, ["image:"])


async def test_what_a_run_keeps_brings_it_back_anywhere(engine: FakeEngine) -> None:
    text = "services: {a: {image: 'redis:7-alpine', environment: {A: '${SAID}'}}}"
    environment = {"SAID": "x", "SECRET_OF_MINE": "y", "COMPOSE_HTTP_TIMEOUT": "9"}
    await engine.projects.up(UpProject(source=source(text, environment=environment))).result()
    (run,) = await engine.projects.history("bakery")
    assert run.request.source.texts == {FILE: text}
    assert run.request.source.environment == {"SAID": "x", "COMPOSE_HTTP_TIMEOUT": "9"}
    assert run.request.source.name == "bakery"
    assert run.failure is None
    assert run.ended is not None
    assert set(run.services) == {"a"}
    other = await open_fake_engine()
    await other.projects.take_over([run])
    assert await other.projects.history("bakery") == [run]
    await other.close()
