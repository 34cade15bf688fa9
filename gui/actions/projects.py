"""What a user can do to projects: everything that changes something shows its plan first."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.compose.project_files import files_of, project_name
from engine.errors import Cancelled, InvalidRequest
from engine.types.operations import OperationState
from engine.types.projects import DownProject, PullProject, ReadProject, UpProject, WatchProject
from gui.actions.actions import Action
from gui.presentation.projects.compose_text import project_of
from gui.presentation.projects.words import service_of
from gui.shell import TextQuestion
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container
    from gui.presentation.projects.words import ProjectRow
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


async def of_containers(shell: Shell, containers: Sequence[Container]) -> None:
    """A compose file that makes the same, in a folder of its own, and its page."""
    first = containers[0].name.partition("-")[0]
    name = await shell.ask_text(
        TextQuestion(
            title=translate("ProjectActions", "Make a project of %n containers", None, len(containers)),
            label=translate("ProjectActions", "Its name"),
            accept=translate("ProjectActions", "Write its file"),
            text=first,
            check=lambda text: "" if project_name(text) else translate("ProjectActions", "Letters and figures"),
        )
    )
    if not name:
        return
    path = Path.home() / "wherry-projects" / project_name(name) / "compose.yaml"
    text = project_of(containers, shell.client.mirror.images, name)
    if not await asyncio.to_thread(_written_once, path, text):
        raise InvalidRequest(translate("ProjectActions", "{0} is there already").format(path))
    shell.toast(translate("ProjectActions", "The containers are described in {0}").format(path), Tone.SUCCESS)
    await open_project(shell, str(path))


def _written_once(path: Path, text: str) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


async def export_as(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    shell.open_dialog("export-as", containers=rows[0].containers, title=rows[0].project.name, form="kubernetes")


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


async def gallery(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    """Into the chosen project, or into one that is named in the dialog."""
    known = await shell.client.call(lambda engine: engine.projects.list())
    folders = {one.name: os.path.dirname(one.files[0]) for one in known if one.files}
    folders |= {row.project.name: os.path.dirname(row.source.files[0]) for row in rows if row.source is not None}
    shell.open_dialog("gallery", projects=folders, project=rows[0].project.name if rows else "")


async def details(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    shell.navigate("projects", rows[0].project.name)


async def _known_source(shell: Shell, row: ProjectRow) -> ReadProject:
    source = await source_of(shell, row)
    if source is None:
        raise InvalidRequest(
            translate("ProjectActions", "The files of {0} are not known").format(row.project.name),
            translate("ProjectActions", "Open its compose file first."),
        )
    return source


async def up(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    source = await _known_source(shell, rows[0])
    shell.open_dialog("project-plan", request=UpProject(source=source, remove_orphans=False))


async def update(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    """Get what registries have now, then show what that would change."""
    source = await _known_source(shell, rows[0])
    await shell.client.operate(lambda engine: engine.projects.pull(PullProject(source=source)))
    shell.open_dialog("project-plan", request=UpProject(source=source, pull="missing"))


async def scale(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    source = await _known_source(shell, rows[0])
    reading = await shell.client.call(lambda engine: engine.projects.read(source))
    running = dict.fromkeys(reading.services, 0)
    for one in rows[0].containers:
        if service_of(one) in running:
            running[service_of(one)] += 1
    shell.open_dialog("project-scale", source=source, counts=running)


async def watch(shell: Shell, rows: Sequence[ProjectRow]) -> None:
    """Begin to follow its files, or leave off."""
    source = await _known_source(shell, rows[0])
    subject = source.name or os.path.basename(os.path.dirname(source.files[0]))
    watches = [
        one.id
        for one in shell.client.mirror.operations.values()
        if one.state is OperationState.RUNNING and one.kind == "watch-project" and one.subject == subject
    ]
    if watches:
        await shell.client.call(lambda engine: engine.operations.cancel(watches[0]))
        shell.toast(translate("ProjectActions", "{0} is no longer watched").format(subject))
        return
    ticket = await shell.client.begin(lambda engine: engine.projects.watch(WatchProject(source=source)))
    shell.toast(
        translate("ProjectActions", "The files of {0} are watched").format(subject),
        button=translate("ProjectActions", "Show"),
        on_button=lambda: shell.open_dialog("operation", operation=ticket.id),
    )
    with contextlib.suppress(Cancelled):
        await ticket.result()


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
        Action(id="projects.gallery", text=translate("ProjectActions", "Pick a service…"), icon="grid",
               run=gallery, hint=translate("ProjectActions", "Databases, brokers, web servers and more, ready to run")),
        Action(id="project.add-service", text=translate("ProjectActions", "Add a service from the gallery…"),
               icon="plus", subject="project", enabled=one, run=gallery),
        Action(id="container.project", text=translate("ProjectActions", "Make a project of them…"), icon="layers",
               subject="container", enabled=bool, run=of_containers,
               hint=translate("ProjectActions", "A compose file that makes the same containers")),
        Action(id="project.details", text=translate("ProjectActions", "Details"), icon="info", subject="project",
               enabled=one, run=details),
        Action(id="project.up", text=translate("ProjectActions", "Up…"), icon="play", subject="project",
               enabled=one, run=up, hint=translate("ProjectActions", "See what would be done, then bring it up")),
        Action(id="project.down", text=translate("ProjectActions", "Down…"), icon="stop", subject="project",
               enabled=one_there, run=down, danger=True, why_not=why_no_down,
               hint=translate("ProjectActions", "See what would be removed, then take it away")),
        Action(id="project.update", text=translate("ProjectActions", "Update…"), icon="download", subject="project",
               enabled=one, run=update,
               hint=translate("ProjectActions", "Get newer images, then see what they would change")),
        Action(id="project.scale", text=translate("ProjectActions", "Scale…"), icon="clone", subject="project",
               enabled=one, run=scale,
               hint=translate("ProjectActions", "How many containers each service has")),
        Action(id="project.watch", text=translate("ProjectActions", "Watch its files, or leave off"), icon="eye",
               subject="project", enabled=one, run=watch,
               hint=translate("ProjectActions", "What changes in its folders comes into its containers, as it says")),
        Action(id="project.export-as", text=translate("ProjectActions", "Export as…"), icon="download",
               subject="project", enabled=one_there, run=export_as,
               hint=translate("ProjectActions", "As a Kubernetes manifest, units of Quadlet or systemd, lines")),
        Action(id="project.roll-back", text=translate("ProjectActions", "Roll back…"), icon="history",
               subject="project", enabled=one_of_ours, run=roll_back, why_not=why_no_roll_back,
               hint=translate("ProjectActions", "Back to what was before the last change")),
    )  # fmt: skip
