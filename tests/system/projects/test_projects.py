"""Compose projects on the real engine: brought up, changed, broken, brought back, taken away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine.errors import WherryError
from engine.types.builds import BuildImage
from engine.types.containers import ALIVE_STATES
from engine.types.images import PushImage
from engine.types.projects import DownProject, ReadProject, UpProject
from tests.system.containers.conftest import load_busybox

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container
    from tests.support.registry import Registry

SHOP = """
name: shop
services:
  web:
    image: localhost/busybox
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: {db: {condition: service_healthy}}
    environment: {GREETING: "${GREETING:-hello}"}
    volumes: [pages:/pages]
    configs: [{source: page, target: /page/index.html}]
    networks: [front, back]
  db:
    image: localhost/busybox
    command: sh -c "sleep 0.2; touch /ready; exec sleep 1000"
    stop_grace_period: 0s
    healthcheck: {test: test -f /ready, interval: 100ms, start_interval: 100ms, start_period: 10s}
    networks: [back]
volumes: {pages: }
networks: {front: , back: {internal: true}}
configs: {page: {content: "welcome $$here"}}
"""


@pytest.fixture
async def loaded(engine: EmbeddedEngine) -> EmbeddedEngine:
    await load_busybox(engine)
    return engine


def source(directory: Path, text: str = SHOP, **more: Any) -> ReadProject:
    path = directory / "compose.yaml"
    path.write_text(text)
    return ReadProject(files=(str(path),), **more)


async def named(engine: EmbeddedEngine) -> dict[str, Container]:
    return {each.name: each for each in await engine.containers.list()}


async def output(engine: EmbeddedEngine, container: str, *command: str) -> str:
    from engine.types.containers import Exec

    session = await engine.containers.exec(container, Exec(command=command))
    said = b""
    while (piece := await session.read()) is not None:
        said += piece[1]
    await session.exit_code()
    await session.close()
    return said.decode()


async def test_a_project_comes_up_in_order_and_goes_whole(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    request = UpProject(source=source(tmp_path), wait=True)
    assert await loaded.projects.up(request).result() == "shop"

    containers = await named(loaded)
    assert set(containers) == {"shop-web-1", "shop-db-1"}
    assert all(each.state in ALIVE_STATES for each in containers.values())
    starts = [containers[name].started for name in ("shop-db-1", "shop-web-1")]
    assert starts == sorted(starts, key=str)
    assert await output(loaded, "shop-web-1", "cat", "/page/index.html") == "welcome $here"
    address = next(one.ip_address for one in containers.values() if one.name == "shop-db-1")
    assert address in await output(loaded, "shop-web-1", "nslookup", "db")
    again = await loaded.projects.plan(request)
    assert {step.action for step in again.steps} <= {"keep"}

    await loaded.projects.down(DownProject(source=request.source, volumes=True)).result()
    assert not await named(loaded)
    assert "shop_pages" not in {each.name for each in await loaded.volumes.list()}
    assert not {"shop_front", "shop_back"} & {each.name for each in await loaded.networks.list()}


async def test_a_changed_field_is_named_and_the_files_stay(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    await loaded.projects.up(UpProject(source=source(tmp_path))).result()
    await output(loaded, "shop-web-1", "touch", "/kept")
    before = await named(loaded)
    changed = UpProject(source=source(tmp_path, SHOP, environment={"GREETING": "good day", "TOKEN": "secret"}))

    plan = await loaded.projects.plan(changed)
    step = next(step for step in plan.steps if step.action not in ("keep", "start"))
    assert (step.action, step.subject) == ("edit", "shop-web-1")
    assert [(each.field, each.before, each.after) for each in step.changes] == [
        ("environment.GREETING", "hello", "good day")
    ]

    await loaded.projects.up(changed).result()
    after = await named(loaded)
    assert after["shop-db-1"].started == before["shop-db-1"].started
    assert after["shop-web-1"].id == before["shop-web-1"].id
    assert await output(loaded, "shop-web-1", "sh", "-c", "ls /kept; echo $GREETING") == "/kept\ngood day\n"
    assert not (await loaded.projects.plan(changed)).steps or {
        step.action for step in (await loaded.projects.plan(changed)).steps
    } == {"keep"}

    assert (await loaded.projects.history("shop"))[-1].request.source.environment == {"GREETING": "good day"}
    handle = await loaded.projects.roll_back("shop")
    await handle.result()
    assert await output(loaded, "shop-web-1", "sh", "-c", "echo $GREETING") == "hello\n"


async def test_what_ran_before_runs_on_when_its_successor_cannot_be_made(
    loaded: EmbeddedEngine, tmp_path: Path
) -> None:
    await loaded.projects.up(UpProject(source=source(tmp_path))).result()
    before = await named(loaded)
    broken = SHOP.replace("volumes: [pages:/pages]", "volumes: [pages:/pages, '/nowhere/at/all:/x']").replace(
        "'/nowhere/at/all:/x'", "{type: bind, source: /nowhere/at/all, target: /x, bind: {create_host_path: false}}"
    )

    with pytest.raises(WherryError):
        await loaded.projects.up(UpProject(source=source(tmp_path, broken))).result()
    after = await named(loaded)
    assert set(after) == set(before)
    assert after["shop-web-1"].id == before["shop-web-1"].id
    assert after["shop-web-1"].state in ALIVE_STATES
    run = (await loaded.projects.history("shop"))[-1]
    assert run.failure is not None

    await loaded.projects.up(UpProject(source=source(tmp_path))).result()
    assert (await named(loaded))["shop-web-1"].state in ALIVE_STATES


async def test_scaling_up_and_down_and_orphans(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    text = "services:\n  a: {image: localhost/busybox, command: sleep 99, stop_grace_period: 0s}\n"
    orphan = "  b: {image: localhost/busybox, command: sleep 99, stop_grace_period: 0s}\n"
    both = source(tmp_path, text + orphan, name="many")
    await loaded.projects.up(UpProject(source=both, scale={"a": 3})).result()
    assert set(await named(loaded)) == {"many-a-1", "many-a-2", "many-a-3", "many-b-1"}

    only = source(tmp_path, text, name="many")
    await loaded.projects.up(UpProject(source=only)).result()
    assert set(await named(loaded)) == {"many-a-1", "many-b-1"}
    await loaded.projects.up(UpProject(source=only, remove_orphans=True)).result()
    assert set(await named(loaded)) == {"many-a-1"}


async def test_who_waits_in_vain_is_told_for_whom(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    text = """
services:
  first: {image: localhost/busybox, command: "false"}
  second:
    image: localhost/busybox
    command: sleep 99
    depends_on: {first: {condition: service_completed_successfully}}
"""
    with pytest.raises(WherryError) as caught:
        await loaded.projects.up(UpProject(source=source(tmp_path, text, name="vain"))).result()
    assert "vain-first-1 did not get ready" in caught.value.title
    assert "second" in caught.value.explanation
    assert (await named(loaded))["vain-second-1"].started is None


async def test_two_at_once_for_one_project_make_nothing_twice(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    request = UpProject(source=source(tmp_path))
    await asyncio.gather(loaded.projects.up(request).result(), loaded.projects.up(request).result())
    assert set(await named(loaded)) == {"shop-web-1", "shop-db-1"}


async def test_a_file_that_cannot_be_read_names_the_line(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    plan = await loaded.projects.plan(
        UpProject(source=source(tmp_path, "services:\n  a:\n    image: x\n    prots: [80]\n"))
    )
    problem = plan.problems[0]
    assert (problem.line, problem.column, problem.path) == (4, 5, "services.a.prots")
    assert "ports" in problem.hint


async def test_a_build_and_its_secret(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM localhost/busybox\nARG WHO=nobody\n"
        "RUN --mount=type=secret,id=token echo $WHO $(cat /run/secrets/token) > /said\n"
    )
    (tmp_path / "token").write_text("sesame")
    text = """
services:
  app:
    build: {context: ., args: {WHO: me}, secrets: [token]}
    command: sleep 99
    stop_grace_period: 0s
secrets: {token: {file: ./token}}
"""
    await loaded.projects.up(UpProject(source=source(tmp_path, text, name="made"))).result()
    assert await output(loaded, "made-app-1", "cat", "/said") == "me sesame\n"


REBUILT = """
services:
  app:
    build: .
    command: sleep 99
    stop_grace_period: 0s
    depends_on: {beside: {condition: service_started}}
  beside: {image: localhost/busybox, command: sleep 99, stop_grace_period: 0s}
  within: {image: localhost/busybox, command: sleep 99, stop_grace_period: 0s, network_mode: "service:app"}
  told:
    image: localhost/busybox
    command: sleep 99
    stop_grace_period: 0s
    depends_on: {app: {condition: service_started, restart: true}}
"""


@pytest.mark.parametrize("stopped", [False, True], ids=["while it runs", "after it was stopped"])
async def test_up_with_a_build_runs_what_was_built_just_now(
    loaded: EmbeddedEngine, tmp_path: Path, *, stopped: bool
) -> None:
    request = UpProject(source=source(tmp_path, REBUILT, name="made"), build=True)
    (tmp_path / "Dockerfile").write_text("FROM localhost/busybox\nCOPY edition /\n")
    (tmp_path / "edition").write_text("first")
    await loaded.projects.up(request).result()
    assert await output(loaded, "made-app-1", "cat", "/edition") == "first"
    before = await named(loaded)

    await loaded.projects.up(request).result()
    assert {name: each.id for name, each in (await named(loaded)).items()} == {
        name: each.id for name, each in before.items()
    }

    if stopped:
        for name in before:
            await loaded.containers.stop(name, timeout=0)
    (tmp_path / "edition").write_text("second")
    bringing = loaded.projects.up(request)
    await bringing.result()
    recreated = {step.subject for step in bringing.snapshot.steps if step.action == "recreate"}
    assert recreated == {"made-app-1", "made-within-1"}
    after = await named(loaded)
    assert await output(loaded, "made-app-1", "cat", "/edition") == "second"
    assert {name for name in before if after[name].id == before[name].id} == {"made-beside-1", "made-told-1"}
    assert all(each.state in ALIVE_STATES for each in after.values())
    assert after["made-within-1"].spec.network == f"container:{after['made-app-1'].id}"
    assert after["made-told-1"].started != before["made-told-1"].started

    (tmp_path / "edition").write_text("third")
    await loaded.projects.up(msgspec.structs.replace(request, recreate="never")).result()
    assert await output(loaded, "made-app-1", "cat", "/edition") == "second"


async def test_up_with_a_pull_runs_what_was_pulled_just_now(
    loaded: EmbeddedEngine, tmp_path: Path, registry: Registry
) -> None:
    name = f"{registry.host}/app:1"

    async def publish(edition: str) -> None:
        build = BuildImage(dockerfile_text=f"FROM localhost/busybox\nLABEL edition={edition}\n", tags=(name,))
        await loaded.builds.build(build).result()
        await loaded.images.push(PushImage(reference=name)).result()

    await publish("first")
    text = f"services: {{app: {{image: '{name}', command: sleep 99, stop_grace_period: 0s}}}}\n"
    request = UpProject(source=source(tmp_path, text, name="made"), pull="always")
    await loaded.projects.up(request).result()
    first = (await named(loaded))["made-app-1"]
    await publish("second")
    second = (await loaded.images.get(name)).id
    await loaded.images.tag(first.image_id, name)  # as where somebody else published it
    await loaded.projects.up(request).result()
    assert (await named(loaded))["made-app-1"].image_id == second
