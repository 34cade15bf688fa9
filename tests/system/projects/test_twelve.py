"""Twelve projects in the style of real ones: each comes up, is left alone by the next `up`, and goes without a trace.

That docker compose makes the same and takes turns with us is `python -m tests.projects`, which needs its program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.compose.project_files import files_in
from engine.types.networks import CreateNetwork
from engine.types.projects import DownProject, ReadProject, UpProject
from engine.types.volumes import CreateVolume
from tests.projects.made import made
from tests.projects.world import FILES, MORE, prepare
from tests.support.processes import free_port
from tests.system.containers.conftest import load_busybox

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine


async def test_each_comes_up_stays_and_goes(engine: EmbeddedEngine, tmp_path: Path) -> None:
    await load_busybox(engine)
    await engine.networks.create(CreateNetwork(name="given-network"))
    await engine.volumes.create(CreateVolume(name="given-volume"))
    for files in sorted(FILES.iterdir()):
        name, folder = files.name, prepare(files, tmp_path)
        environment = {**MORE, "WEB_PORT": str(free_port())}
        source = ReadProject(files=tuple(files_in(str(folder))), environment=environment)
        await engine.projects.up(UpProject(source=source)).result()
        before = {one.name: one.id for one in await engine.containers.list()}
        plan = await engine.projects.plan(UpProject(source=source))
        again = {step.service for step in plan.steps if step.action != "keep"}
        assert again <= {"migrate", "seed"}, name  # which ended, as they should
        await engine.projects.up(UpProject(source=source)).result()
        assert {one.name: one.id for one in await engine.containers.list()} == before, name
        assert await made(engine, name)
        await engine.projects.down(DownProject(source=source, volumes=True)).result()
        assert await made(engine, name) == {}
    assert "given-network" in {one.name for one in await engine.networks.list()}
    assert "given-volume" in {one.name for one in await engine.volumes.list()}
