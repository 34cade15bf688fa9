"""Steps on their way: who waits for what and for how long, what a successor takes over, and what a failure leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from engine.compose import labels
from engine.errors import Code, RuntimeFailure, WherryError
from engine.projects.carrying_out import _met, _with_inherited
from engine.types.containers import Container, ContainerSpec, Exit, Health, HealthStatus, Mount, State
from engine.types.projects import ReadProject, UpProject
from tests.fakes.engine import open_fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes.engine import FakeEngine

FILE = "/p/bakery/compose.yaml"
TEXT = 'services: {site: {image: "nginx:1.27-alpine", volumes: ["pages:/data", /own]}}\nvolumes: {pages: , other: }\n'


def container(state: State, health: Health = Health.NONE, code: int | None = None) -> Container:
    return Container(
        id="id", name="db", image="x", image_id="", spec=ContainerSpec(image="x"), command_line=(), state=state,
        created=datetime(2026, 1, 1, tzinfo=UTC), health=HealthStatus(status=health),
        exit=None if code is None else Exit(code=code, ended=datetime(2026, 1, 2, tzinfo=UTC)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "found", "met"),
    [
        ("service_completed_successfully", container(State.RUNNING), False),
        ("service_completed_successfully", container(State.EXITED, code=0), True),
        ("service_completed_successfully", container(State.EXITED), False),
        ("service_completed_successfully", container(State.EXITED, code=3), "it ended with 3"),
        ("service_completed_successfully", container(State.RUNNING, Health.UNHEALTHY), False),
        ("service_healthy", container(State.RUNNING, Health.HEALTHY), True),
        ("service_healthy", container(State.RUNNING, Health.STARTING), False),
        ("service_healthy", container(State.RUNNING, Health.UNHEALTHY), "it is unhealthy"),
        ("service_healthy", container(State.EXITED, Health.STARTING, 4), "it ended with 4"),
        ("service_healthy", container(State.DEAD), "it ended with 0"),
        ("service_healthy", container(State.REMOVING, code=5), "it ended with 5"),
        ("service_healthy", container(State.CREATED), False),
    ],
)
def test_a_condition_holds_or_not_yet_or_never(condition: str, found: Container, met: bool | str) -> None:
    if isinstance(met, bool):
        assert _met(found, condition, "web") is met
        return
    with pytest.raises(RuntimeFailure) as caught:
        _met(found, condition, "web")
    assert (met in caught.value.title, "“web”" in caught.value.explanation) == (True, True)
    assert (caught.value.code, caught.value.subject) == (Code.WRONG_STATE, "id")


def test_volumes_without_a_name_are_those_that_were_there() -> None:
    def volume(source: str, target: str) -> Mount:
        return Mount(kind="volume", source=source, target=target)

    wanted = (volume("", "/a"), volume("named", "/b"), volume("", "/new"), Mount(kind="bind", source="/h", target="/c"))
    before = (volume("1" * 64, "/a"), volume("2" * 64, "/b"), volume("3" * 64, "/image"), volume("4" * 64, "/c"))
    assert _with_inherited(wanted, before) == (
        volume("1" * 64, "/a"), volume("named", "/b"), volume("", "/new"),
        Mount(kind="bind", source="/h", target="/c"), volume("3" * 64, "/image"),
    )  # fmt: skip


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    engine = await open_fake_engine()
    try:
        yield engine
    finally:
        await engine.close()


async def up(engine: FakeEngine, text: str, **options: Any) -> None:
    source = ReadProject(files=(FILE,), texts={FILE: text})
    await engine.projects.up(UpProject(source=source, **options)).result()


async def test_a_successor_takes_the_name_and_the_place(engine: FakeEngine) -> None:
    await up(engine, TEXT)
    old = await engine.containers.get("bakery-site-1")
    await up(engine, TEXT.replace("pages:/data", "other:/data"))
    new = await engine.containers.get("bakery-site-1")
    assert new.id != old.id
    assert (new.name, new.state) == ("bakery-site-1", State.RUNNING)
    assert {each.source for each in new.mounts if each.target == "/data"} == {"bakery_other"}
    assert new.spec.labels[labels.REPLACE] == "bakery-site-1"
    assert labels.REPLACE not in old.spec.labels
    mine = [each for each in await engine.containers.list() if each.spec.labels.get(labels.PROJECT) == "bakery"]
    assert [each.id for each in mine] == [new.id]


async def test_a_paused_one_goes_on_and_one_that_is_forced_is_another(engine: FakeEngine) -> None:
    await up(engine, TEXT)
    old = await engine.containers.get("bakery-site-1")
    await engine.containers.stop(old.id)
    await up(engine, TEXT)
    again = await engine.containers.get("bakery-site-1")
    assert (again.id, again.state) == (old.id, State.RUNNING)
    await up(engine, TEXT, recreate="always")
    assert (await engine.containers.get("bakery-site-1")).id != old.id


async def test_a_failure_is_told_and_remembered_and_leaves_the_rest(engine: FakeEngine) -> None:
    text = 'services: {good: {image: "redis:7-alpine"}, bad: {image: "none:1", pull_policy: never}}'
    with pytest.raises(WherryError):
        await up(engine, text)
    assert (await engine.containers.get("bakery-good-1")).state is State.RUNNING
    (run,) = await engine.projects.history("bakery")
    assert run.failure is not None
    assert run.ended is not None
