"""A project under development: files that change here come into its containers, or they are made anew."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from engine.errors import Cancelled
from engine.types.projects import ReadProject, WatchProject
from tests.system.containers.conftest import load_busybox
from tests.system.projects.test_projects import named, output

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.facade import OperationHandle
    from engine.types.operations import Operation, StepProgress

APP = """
name: dev
services:
  web:
    build: {dockerfile_inline: "FROM localhost/busybox\\nCOPY version /version\\n"}
    command: sh -c "cat /proc/sys/kernel/random/uuid > /started; exec sleep 1000"
    stop_grace_period: 0s
    develop:
      watch:
        - {path: src, action: sync, target: /app, initial_sync: true, ignore: [skip]}
        - {path: conf, action: sync+restart, target: /conf}
        - {path: hook, action: sync+exec, target: /hook, exec: {command: cp /hook/a /hooked}}
        - {path: version, action: rebuild}
"""


async def steps_until(
    states: AsyncIterator[Operation], wanted: Callable[[StepProgress], bool], seen: set[str]
) -> StepProgress:
    """The first step of that kind that was not seen before."""
    async for state in states:
        for step in state.steps:
            if step.id not in seen and wanted(step):
                seen.add(step.id)
                return step
    raise AssertionError("the watch ended")


def put(folder: Path, name: str, text: str) -> None:
    """At once whole: so the kernel tells one change, and the watch does one deed."""
    draft = folder.with_name("draft")
    draft.write_text(text)
    draft.rename(folder / name)


async def watched(engine: EmbeddedEngine, folder: Path) -> OperationHandle:
    for name in ("src", "conf", "hook"):
        (folder / name).mkdir()
    (folder / "src/page").write_text("one")
    (folder / "version").write_text("1")
    (folder / "compose.yaml").write_text(APP)
    await load_busybox(engine)
    return engine.projects.watch(WatchProject(source=ReadProject(files=(str(folder / "compose.yaml"),))))


async def test_changes_come_into_the_container_and_a_rebuild_makes_another(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    handle = await watched(engine, tmp_path)
    states, seen = handle.watch(), set[str]()
    await steps_until(states, lambda step: step.action == "watch" and "version" in step.note, seen)
    assert await output(engine, "dev-web-1", "cat", "/app/page") == "one"

    (tmp_path / "src/page").write_text("two")
    (tmp_path / "src/skip").write_text("no")
    (tmp_path / "src/deep").mkdir()
    (tmp_path / "src/deep/er").write_text("three")
    while await output(engine, "dev-web-1", "sh", "-c", "cat /app/page /app/deep/er 2>/dev/null") != "twothree":
        await steps_until(states, lambda step: step.action == "sync" and step.state == "done", seen)
    assert await output(engine, "dev-web-1", "sh", "-c", "ls /app") == "deep\npage\n"
    (tmp_path / "src/page").unlink()
    while await output(engine, "dev-web-1", "ls", "/app") != "deep\n":
        await steps_until(states, lambda step: step.action == "sync" and step.state == "done", seen)

    started = await output(engine, "dev-web-1", "cat", "/started")
    put(tmp_path, "conf/x", "new")
    await steps_until(states, lambda step: step.action == "restart" and step.state == "done", seen)
    assert await output(engine, "dev-web-1", "cat", "/conf/x") == "new"
    again = f'until test -s /started -a "$(cat /started)" != {started.strip()}; do usleep 1000; done'
    await output(engine, "dev-web-1", "sh", "-c", again)

    put(tmp_path, "hook/a", "called")
    await steps_until(states, lambda step: step.action == "exec" and step.state == "done", seen)
    assert await output(engine, "dev-web-1", "cat", "/hooked") == "called"

    before = (await named(engine))["dev-web-1"].id
    put(tmp_path, "version", "2")
    await steps_until(states, lambda step: step.action == "rebuild" and step.state == "done", seen)
    assert (await named(engine))["dev-web-1"].id != before
    assert await output(engine, "dev-web-1", "cat", "/version") == "2"

    handle.cancel()
    with contextlib.suppress(Cancelled):
        await handle.result()
    await states.aclose()  # type: ignore[attr-defined]


async def test_a_failure_is_told_and_the_watch_goes_on(engine: EmbeddedEngine, tmp_path: Path) -> None:
    handle = await watched(engine, tmp_path)
    states, seen = handle.watch(), set[str]()
    await steps_until(states, lambda step: step.action == "watch" and "version" in step.note, seen)
    (tmp_path / "version").unlink()
    failed = await steps_until(states, lambda step: step.action == "rebuild" and step.state == "failed", seen)
    assert "version" in failed.note
    put(tmp_path, "version", "3")
    await steps_until(states, lambda step: step.action == "rebuild" and step.state == "done", seen)
    assert await output(engine, "dev-web-1", "cat", "/version") == "3"
    handle.cancel()
    await asyncio.wait([asyncio.ensure_future(_end(handle))])
    await states.aclose()  # type: ignore[attr-defined]


async def _end(handle: OperationHandle) -> None:
    with contextlib.suppress(Cancelled):
        await handle.result()
