"""The builds: those that run and those that ran, and behind each its graph and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from gui.models.builds import COLUMNS, BuildsModel
from gui.pages.build.details import BuildDetails
from gui.pages.lists.list_page import ListPage
from gui.pages.lists.listing import Listing, ListingPlan
from gui.presentation.images.builds import build_title
from gui.widgets.lists.cells import TextCell
from gui.words import translate

if TYPE_CHECKING:
    from gui.bridge import ChangeSet
    from gui.shell import Shell

_CLOCK_MILLISECONDS = 1000


def _plan() -> ListingPlan:
    place = {name: number for number, name in enumerate(COLUMNS)}
    hint = translate(
        "BuildsPage", "Choose a folder with a Dockerfile; every step, its time and its output is kept here."
    )
    return ListingPlan(
        title=translate("BuildsPage", "Builds"),
        filter_words=translate("BuildsPage", "Filter by tag or folder"),
        subject="build",
        counted=lambda count: translate("BuildsPage", "%n builds", None, count),
        name_of=build_title,
        main_action="builds.new",
        more_actions=("builds.prune",),
        menu=(("build.show", "build.cancel", "build.again"),),
        bulk=("build.cancel",),
        painters={
            place["name"]: TextCell(strong=True),
            place["steps"]: TextCell(secondary=True),
            place["duration"]: TextCell(tabular=True),
            place["started"]: TextCell(secondary=True),
        },
        widths={place["steps"]: 200, place["duration"]: 110, place["started"]: 140},
        droppable=(place["steps"],),
        empty=("build", translate("BuildsPage", "Nothing built yet"), hint),
        empty_actions=("builds.new",),
        sorted_by=place["started"],
    )


class BuildsPage(ListPage):
    page_id = "builds"
    kinds = frozenset({"build"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.model = BuildsModel(self)
        self.list = Listing(shell, _plan(), self.model, self)
        self.table, self.search = self.list.table, self.list.search
        self.table.activated_key.connect(self.open_object)
        self.details = BuildDetails(shell)
        self._wanted = ("", "")
        self.stand(self.list)
        self.put_behind(self.details, self.details.left)
        self._clock = QTimer(self, interval=_CLOCK_MILLISECONDS)
        self._clock.timeout.connect(lambda: self.model.refresh(("duration", "started")))

    def apply(self, changes: ChangeSet) -> None:
        self.model.apply(changes.kinds["build"])
        count = self.model.rowCount()
        self.list.refresh()
        self.list.set_subtitle(translate("BuildsPage", "%n builds", None, count) if count else "")
        if self._wanted[0] in self.client.mirror.builds:
            self.open_object(*self._wanted)
        elif self.sees(self.details):
            self.details.refresh()

    def shown(self) -> None:
        self._clock.start()
        if self.sees(self.details):
            self.details.resume()

    def hidden(self) -> None:
        self._clock.stop()
        self.details.suspend()

    def open_object(self, object_id: str, detail: str = "") -> None:
        if object_id and object_id not in self.client.mirror.builds:
            # It has only just begun: the page opens with the first that is told of it.
            self._wanted = (object_id, detail)
            return
        self._wanted = ("", "")
        if not object_id:
            self.show_list()
            return
        self.bring(self.details)
        self.details.show_build(object_id)
        if detail:
            self.details.show_tab(detail)

    def show_list(self) -> None:
        self.details.suspend()
        super().show_list()

    def listed(self) -> Listing:
        return self.list
