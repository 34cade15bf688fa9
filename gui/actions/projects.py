"""What a user can do to projects: everything that changes something shows its plan first."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import msgspec

from engine.compose.project_files import files_of
from engine.errors import InvalidRequest
from engine.types.projects import DownProject, ReadProject, UpProject
from gui.actions.actions import Action
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.presentation.projects import ProjectRow
    from gui.shell import Shell


def one(rows: Sequence[ProjectRow]) -> bool:
    return len(rows) == 1


def one_there(rows: Sequence[ProjectRow]) -> bool:
    return one(rows) and bool(rows[0].containers)


def one_of_ours(rows: Sequence[ProjectRow]) -> bool:
    return one(rows) and rows[0].project.ours


def why_no_down(rows: Sequence[ProjectRow]) -> str:
    return translate("ProjectActions", "It is not up") if one(rows) else ""


def why_no_roll_back(rows: Sequence[ProjectRow]) -> str:
    return translate("ProjectActions", "It was never brought up here") if one(rows) else ""


def reading_of(files: Sequence[str], name: str = "", directory: str = "") -> ReadProject:
    """Files read as a shell here would: with this program's environment."""
    return ReadProject(
        files=tuple(files),
        name=name,
        directory=directory,
        environment=dict(os.environ),
        home=os.path.expanduser("~"),
    )


async def source_of(shell: Shell, row: ProjectRow) -> ReadProject | None:
    """What to read a project from: as its last `up` here read it, else the files its labels name."""
    if row.source is not None:
        return row.source
    name = row.project.name
    runs = await shell.client.call(lambda engine: engine.projects.history(name))
    if runs:
        last = runs[-1].request.source
        return msgspec.structs.replace(last, texts={}, environment=dict(os.environ))
    if row.project.files:
        return reading_of(row.project.files, name, row.project.directory)
    return None


async def open_files(shell: Shell, _subjects: Sequence[Any]) -> None:
    path = await shell.choose_open_file(
        translate("ProjectActions", "Open a compose file"),
        translate("ProjectActions", "Compose files ({0})").format("*.yml *.yaml"),
    )
    if path:
        await open_project(shell, path)


async def open_project(shell: Shell, path: str) -> None:
    """Show the project of a folder or file."""
    files = await asyncio.to_thread(files_of, path)
    if not files and await asyncio.to_thread(os.path.isfile, path):
        files = [path]
    if not files:
        raise InvalidRequest(translate("ProjectActions", "There is no compose file in {0}").format(path))
    shell.navigate("projects", "", files[0])


async def details(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    shell.navigate("projects", rows[0].project.name)


async def up(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    source = await source_of(shell, rows[0])
    if source is None:
        raise InvalidRequest(
            translate("ProjectActions", "The files of {0} are not known").format(rows[0].project.name),
            translate("ProjectActions", "Open its compose file first."),
        )
    shell.open_dialog("project-plan", request=UpProject(source=source, remove_orphans=False))


async def down(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    """By its name: whatever carries its label goes, also where the files are gone or broken."""
    shell.open_dialog("project-plan", request=DownProject(name=rows[0].project.name))


async def roll_back(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    name = rows[0].project.name
    request = await shell.client.call(lambda engine: engine.projects.earlier(name))
    shell.open_dialog("project-plan", request=request, back_to=name)


def actions() -> tuple[Action, ...]:
    return (
        Action(id="projects.open", text=translate("ProjectActions", "Open a compose file…"), icon="folder-open",
               run=open_files, hint=translate("ProjectActions", "Show a project of several services")),
        Action(id="project.details", text=translate("ProjectActions", "Details"), icon="info", subject="project",
               enabled=one, run=details),
        Action(id="project.up", text=translate("ProjectActions", "Up…"), icon="play", subject="project",
               enabled=one, run=up, hint=translate("ProjectActions", "See what would be done, then bring it up")),
        Action(id="project.down", text=translate("ProjectActions", "Down…"), icon="stop", subject="project",
               enabled=one_there, run=down, danger=True, why_not=why_no_down,
               hint=translate("ProjectActions", "See what would be removed, then take it away")),
        Action(id="project.roll-back", text=translate("ProjectActions", "Roll back…"), icon="history",
               subject="project", enabled=one_of_ours, run=roll_back, why_not=why_no_roll_back,
               hint=translate("ProjectActions", "Back to what was before the last change")),
    )  # fmt: skip
