"""What is asked of a project decides what is done: only these services, with those they lean on, from which time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from engine.compose.planning.bodies import volume_body
from engine.errors import Conflict
from engine.projects.reading import read_project
from engine.projects.requests import volume_request
from engine.types.containers import Health
from engine.types.projects import DownProject, PullProject, ReadProject, RunService, UpProject, WatchProject
from tests.fakes.engine import open_fake_engine
from tests.fakes.world import make_image

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.facade import OperationHandle
    from engine.types.operations import Operation
    from tests.fakes.engine import FakeEngine

FILE = "/p/bakery/compose.yaml"
PAIR = """
services:
  web: {image: "nginx:1.27-alpine", depends_on: [db], cap_drop: [CHOWN], command: [serve, all]}
  db: {image: "redis:7-alpine", healthcheck: {test: [CMD, ok]}}
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


def source(text: str = PAIR, **fields: Any) -> ReadProject:
    return ReadProject(files=(FILE,), texts={FILE: text}, **fields)


async def state(handle: OperationHandle) -> Operation:
    return await anext(aiter(handle.watch()))


async def up(engine: FakeEngine, text: str, **options: Any) -> None:
    await engine.projects.up(UpProject(source=source(text), **options)).result()


async def test_an_operation_is_named_after_its_project(engine: FakeEngine) -> None:
    named = source(name="mine")
    told = [
        await state(engine.projects.up(UpProject(source=named))),
        await state(engine.projects.down(DownProject(source=named))),
        await state(engine.projects.down(DownProject(name="other", source=named, only_stop=True))),
        await state(engine.projects.down(DownProject())),
        await state(engine.projects.pull(PullProject(source=named))),
        await state(engine.projects.pull(PullProject(source=source()))),
    ]
    assert [(each.kind, each.subject, each.title) for each in told] == [
        ("up", "mine", "Bring up mine"), ("down", "mine", "Take down mine"), ("down", "other", "Stop other"),
        ("down", "", "Take down "), ("pull-project", "mine", "Pull mine"), ("pull-project", "bakery", "Pull bakery"),
    ]  # fmt: skip


@pytest.mark.parametrize(("dependencies", "pulled"), [(True, {"x/web:9", "x/db:9"}), (False, {"x/web:9"})])
async def test_a_pull_is_of_what_it_leans_on_when_asked(
    engine: FakeEngine, dependencies: bool, pulled: set[str]
) -> None:
    text = "services: {web: {image: 'x/web:9', depends_on: [db]}, db: {image: 'x/db:9'}, more: {image: 'x/more:9'}}"
    await engine.projects.pull(PullProject(source=source(text), services=("web",), dependencies=dependencies)).result()
    here = {tag.removeprefix("docker.io/") for image in await engine.images.list() for tag in image.tags}
    assert {each for each in here if each.startswith("x/")} == pulled


async def test_what_failed_is_no_state_to_go_back_to(engine: FakeEngine) -> None:
    texts = [f'services: {{a: {{image: "redis:7-alpine", environment: {{A: "{number}"}}}}}}' for number in range(3)]
    await up(engine, texts[0])
    engine.store.failures["containers.create"] = Conflict("No room")
    with pytest.raises(Conflict):
        await up(engine, texts[1], recreate="always")
    await up(engine, texts[2])
    earlier = await engine.projects.earlier("bakery")
    assert earlier.source.texts == {FILE: texts[0]}


async def test_a_command_waits_for_nobody_s_health_that_it_did_not_ask_for(engine: FakeEngine) -> None:
    async with asyncio.timeout(20):
        spec = (await engine.projects.make_run(RunService(source=source(), service="web", cap_drop=("KILL",)))).spec
    assert (await engine.containers.get("bakery-db-1")).health.status is Health.STARTING
    assert spec.security.capabilities_drop == ("CHOWN", "KILL")


async def test_a_watch_brings_up_only_its_services_and_builds_them(engine: FakeEngine) -> None:
    text = """
services:
  app: {build: {dockerfile_inline: "FROM x"}, image: "localhost/app:1", develop: {watch: [{path: /p, action: restart}]}}
  more: {image: "redis:7-alpine"}
"""
    await up(engine, text, services=("app",))
    before = len(await engine.builds.list())
    handle = engine.projects.watch(WatchProject(source=source(text), services=("app",)))
    async with asyncio.timeout(20):
        async for told in handle.watch():
            if any(step.action == "watch" for step in told.steps) or told.ended is not None:
                break
    handle.cancel()
    assert len(await engine.builds.list()) == before + 1
    assert "bakery-more-1" not in {each.name for each in await engine.containers.list()}


async def test_a_project_is_shown_line_by_line(engine: FakeEngine) -> None:
    shown = await engine.projects.read(source())
    assert "    - serve\n    - all\n" in shown.yaml


def test_a_volume_has_its_driver() -> None:
    text = "services: {a: {image: x, volumes: ['v:/v', 'w:/w']}}\nvolumes: {v: {driver: other}, w: }"
    project, _ = read_project(source(text))
    assert [volume_request(volume_body(project, key)).driver for key in ("v", "w")] == ["other", "local"]
