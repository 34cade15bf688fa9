"""The projects of this machine, a row each, found by compose's labels whoever made them; behind each its details."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import msgspec

from engine.compose.project_files import files_of, project_name
from engine.types.operations import OperationState
from engine.types.projects import Project, ProjectService
from gui.actions.projects import reading_of
from gui.models.projects import COLUMNS, projects_model
from gui.pages.lists.list_page import ListPage
from gui.pages.lists.listing import Listing, ListingPlan
from gui.pages.lists.row_drag import RowDrag
from gui.pages.project.details import ProjectDetails
from gui.presentation.containers.words import project_of
from gui.presentation.projects.words import row_of
from gui.widgets.lists.cells import TextCell
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container
    from engine.types.projects import ReadProject
    from engine.types.stats import Rates
    from gui.bridge import ChangeSet
    from gui.presentation.projects.words import ProjectRow
    from gui.shell import Shell

_STATS_SECONDS = 2.0


def _plan() -> ListingPlan:
    place = {name: number for number, name in enumerate(COLUMNS)}
    return ListingPlan(
        title=translate("ProjectsPage", "Projects"),
        filter_words=translate("ProjectsPage", "Filter by name, service, port"),
        subject="project",
        counted=lambda count: translate("ProjectsPage", "%n projects", None, count),
        name_of=lambda row: row.project.name,
        main_action="projects.open",
        more_actions=("projects.gallery",),
        menu=(
            ("project.details", "project.up"),
            ("project.update", "project.scale", "project.watch", "project.add-service"),
            ("project.export-as", "project.roll-back", "project.move", "project.deploy", "project.deploy-stack"),
            ("project.down",),
        ),
        painters={
            place["name"]: TextCell(strong=True),
            place["running"]: TextCell(tabular=True),
            place["services"]: TextCell(secondary=True),
            place["health"]: TextCell(secondary=True),
            place["ports"]: TextCell(code=True),
            place["cpu"]: TextCell(tabular=True, secondary=True),
            place["memory"]: TextCell(tabular=True, secondary=True),
        },
        widths={
            place["running"]: 90, place["services"]: 190, place["health"]: 130, place["ports"]: 130, place["cpu"]: 80,
            place["memory"]: 96,
        },
        droppable=(place["services"], place["memory"], place["cpu"], place["health"]),
        empty=(
            "layers",
            translate("ProjectsPage", "No projects yet"),
            translate(
                "ProjectsPage",
                "A project is several services that belong together, as a compose file describes them: a web server, "
                "its database, its cache. Open one, or drop its folder here.",
            ),
        ),
        empty_actions=("projects.gallery", "projects.open"),
    )  # fmt: skip


class ProjectsPage(ListPage):
    """The list comes from the engine; states and figures of the containers from what the window follows anyway."""

    page_id = "projects"
    kinds = frozenset({"container", "operation"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._projects: dict[str, Project] = {}
        self._opened: dict[str, ReadProject] = {}
        """Opened in this window, by name: also where nothing of them was made yet."""
        self._services: dict[str, tuple[str, ...]] = {}
        """Of those opened: what their files name."""
        self._files: dict[str, ReadProject] = {}
        """Where those were read from that are away now."""
        self._rates: dict[str, Rates] = {}
        self._wanted = ""
        self._asking = self._again = False
        self.list = Listing(shell, _plan(), projects_model(self), self)
        self.list.table.activated_key.connect(lambda key: shell.navigate("projects", key))
        self.drag = RowDrag(shell, self.list.table, "project", "layers", self._made)
        self.details = ProjectDetails(shell)
        self.stand(self.list)
        self.put_behind(self.details, self.details.left)

    # --- following ---

    def apply(self, changes: ChangeSet) -> None:
        if "container" in changes.kinds:
            self._fill()
        ended = changes.kinds.get("operation")
        if "container" in changes.kinds or (
            ended is not None
            and any(
                one.kind in ("up", "down") and one.state is not OperationState.RUNNING
                for one in ended.upserted.values()
            )
        ):
            self._reload()

    def shown(self) -> None:
        if self.sees(self.details):
            self.details.resume()
        if self.client.is_ready:
            self._lease()
        else:
            self.client.ready.connect(self._lease)

    def hidden(self) -> None:
        self.details.suspend()

    def _lease(self) -> None:
        if self.isVisible() and not self._leases:
            self.hold(
                self.client.latest(lambda engine: engine.stats.watch(None, interval=_STATS_SECONDS), self._on_rates)
            )

    def _on_rates(self, rates: Sequence[Rates]) -> None:
        self._rates = {one.container_id: one for one in rates}
        self._fill()

    def _reload(self) -> None:
        """Ask what projects there are: once at a time, and once more where something changed meanwhile."""
        self._again = True
        if not self._asking:
            self._asking = True
            self.shell.run(self._load())

    async def _load(self) -> None:
        try:
            while self._again:
                self._again = False
                found = await self.client.call(lambda engine: engine.projects.list())
                self._projects = {one.name: await self._placed(one) for one in found}
                self._fill()
                if self.sees(self.details) and self.isVisible():
                    self.details.reload_past()
        finally:
            self._asking = False
        if self._wanted:
            self.open_object(self._wanted)

    async def _placed(self, project: Project) -> Project:
        """Of one that is away, the files are known from its last `up`."""
        if project.files or not project.ours:
            return project
        if project.name not in self._files:
            runs = await self.client.call(lambda engine: engine.projects.history(project.name))
            if not runs:
                return project
            self._files[project.name] = runs[-1].request.source
        known = self._files[project.name]
        return msgspec.structs.replace(project, files=known.files, directory=known.directory)

    def rows(self) -> dict[str, ProjectRow]:
        """Every project by its name, as it is now."""
        mine: dict[str, list[Container]] = {}
        for container in self.client.mirror.containers.values():
            if name := project_of(container):
                mine.setdefault(name, []).append(container)
        told = {name: Project(name=name) for name in mine}  # until the engine has said more of them
        known = {**told, **{name: self._unmade(name) for name in self._opened}, **self._projects}
        return {
            name: row_of(project, mine.get(name, ()), self._rates, self._opened.get(name))
            for name, project in known.items()
        }

    def _made(self, name: str) -> str:
        """Its name, if there is something of it that could go elsewhere."""
        return name if any(project_of(each) == name for each in self.client.mirror.containers.values()) else ""

    def _unmade(self, name: str) -> Project:
        """A project of which nothing was made yet."""
        files = self._opened[name].files
        services = tuple(ProjectService(name=each) for each in self._services.get(name, ()))
        return Project(name=name, files=files, directory=os.path.dirname(files[0]), services=services)

    def _fill(self) -> None:
        rows = self.rows()
        self.list.model.set_items(rows.items())
        self.list.refresh()
        words = translate("ProjectsPage", "%n projects", None, len(rows))
        self.list.set_subtitle(words if rows else "")
        shown = self.details.row
        if self.sees(self.details) and shown is not None:
            if shown.project.name in rows:
                self.details.refresh(rows[shown.project.name])
            else:
                self.show_list()

    # --- opening ---

    def open_object(self, object_id: str, detail: str = "") -> None:
        """A project by its name, or by the path of its file as detail."""
        self._wanted = ""
        if not object_id and detail:
            self.shell.run(self._open_path(detail))
        elif object_id:
            self.shell.run(self._open(object_id, detail))
        else:
            self.show_list()

    async def _open(self, name: str, tab: str) -> None:
        row = self.rows().get(name)
        if row is None:
            self._wanted = name if self._asking or not self.client.is_ready else ""
            return
        if self.details.row is not None and self.details.row.project.name != name:
            if not await self.details.file.may_leave():
                self.bring(self.details)
                return
            self.details.show_tab("services")
        self.bring(self.details)
        self.details.show_row(row)
        if tab:
            self.details.show_tab(tab)

    async def _open_path(self, path: str) -> None:
        """Read the files to learn the name; a file with faults is opened too, for there it is mended."""
        files = await asyncio.to_thread(files_of, path) or [path]
        source = reading_of(files)
        reading = await self.client.call(lambda engine: engine.projects.read(source))
        name = reading.project or project_name(os.path.basename(os.path.dirname(files[0]))) or "project"
        self._opened[name] = source
        self._services[name] = reading.services
        self._fill()
        await self._open(name, "file" if name not in self._projects or not self._projects[name].containers else "")

    def show_list(self) -> None:
        self.details.suspend()
        super().show_list()

    def listed(self) -> Listing:
        return self.list
