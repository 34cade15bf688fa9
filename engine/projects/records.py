"""What was brought up here: each `up` with its files, so that it can be told what changed since, and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.types.projects import ProjectRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.state.database import Database

_KEPT_OF_A_PROJECT = 30


class ProjectRecords:
    """Newest last."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def names(self) -> Sequence[str]:
        return [name for (name,) in await self._database.fetch("SELECT DISTINCT project FROM project_runs")]

    async def of(self, project: str) -> Sequence[ProjectRun]:
        rows = await self._database.fetch(
            "SELECT body FROM project_runs WHERE project = ? ORDER BY started_ns", (project,)
        )
        return [msgspec.json.decode(body, type=ProjectRun) for (body,) in rows]

    async def save(self, run: ProjectRun) -> None:
        started = int(run.started.timestamp() * 1e9)
        await self._database.transaction(
            [
                (
                    "INSERT OR REPLACE INTO project_runs(id, project, started_ns, body) VALUES (?, ?, ?, ?)",
                    (run.id, run.project, started, msgspec.json.encode(run)),
                ),
                (
                    "DELETE FROM project_runs WHERE project = ?1 AND id NOT IN "
                    "(SELECT id FROM project_runs WHERE project = ?1 ORDER BY started_ns DESC LIMIT ?2)",
                    (run.project, _KEPT_OF_A_PROJECT),
                ),
            ]
        )

    async def forget(self, project: str) -> None:
        await self._database.execute("DELETE FROM project_runs WHERE project = ?", (project,))


class RunsInMemory(ProjectRecords):
    """Of an engine whose runs are known while somebody holds it."""

    def __init__(self) -> None:
        self.runs: dict[str, list[ProjectRun]] = {}

    async def names(self) -> Sequence[str]:
        return list(self.runs)

    async def of(self, project: str) -> Sequence[ProjectRun]:
        return self.runs.get(project, [])

    async def save(self, run: ProjectRun) -> None:
        others = [each for each in self.runs.get(run.project, []) if each.id != run.id]
        self.runs[run.project] = sorted([*others, run], key=lambda each: each.started)[-_KEPT_OF_A_PROJECT:]

    async def forget(self, project: str) -> None:
        self.runs.pop(project, None)
