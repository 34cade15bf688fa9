"""What was brought up is remembered in the order of its times, thirty runs of a project at most."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from engine.projects.records import ProjectRecords, RunsInMemory
from engine.state.database import Database
from engine.types.projects import ProjectRun, ReadProject, UpProject

if TYPE_CHECKING:
    from pathlib import Path

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def run(number: int, project: str = "shop") -> ProjectRun:
    source = ReadProject(files=("/p/compose.yaml",))
    began = BEGAN + timedelta(seconds=number)
    return ProjectRun(id=f"{project}-{number}", project=project, started=began, request=UpProject(source=source))


async def keeps(records: ProjectRecords) -> None:
    for number in (*range(5, 35), 1, 2):
        await records.save(run(number))
    await records.save(run(1, "blog"))
    assert [each.id for each in await records.of("shop")] == [f"shop-{number}" for number in range(5, 35)]
    assert set(await records.names()) == {"shop", "blog"}
    await records.save(replace(run(34), changes=("create x",)))
    again = await records.of("shop")
    assert (len(again), again[-1].changes) == (30, ("create x",)), "one that ended takes the place of its beginning"
    await records.forget("shop")
    assert (list(await records.of("shop")), await records.names()) == ([], ["blog"])


async def test_those_of_another_machine_are_kept_so_while_it_is_held() -> None:
    records = RunsInMemory()
    await keeps(records)
    await records.forget("nosuch")


async def test_runs_are_kept_by_project_and_time_and_only_so_many(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    await keeps(ProjectRecords(database))
    await database.close()
    reopened = await Database.open(tmp_path / "db")
    assert await ProjectRecords(reopened).of("blog") == [run(1, "blog")]
    await reopened.close()
