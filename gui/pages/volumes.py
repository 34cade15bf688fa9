"""The volumes: the list, and behind each row its files."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from engine.errors import NotFound
from engine.types.data import now
from engine.types.files import Place
from gui.models.volumes import COLUMNS, size_text, users_text, volume_name, volumes_model
from gui.pages.files.browser import FileBrowser
from gui.pages.lists.details_header import DetailsHeader
from gui.pages.lists.list_page import ListPage
from gui.pages.lists.listing import Listing, ListingPlan
from gui.pages.lists.row_drag import RowDrag
from gui.presentation.units import bytes_text
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import TextCell
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.volumes import Volume
    from gui.bridge import ChangeSet
    from gui.shell import Shell

_FRESH = timedelta(minutes=5)
"""How long a measured size is good enough to be looked at."""
_MENU = (
    ("volume.browse", "volume.measure"),
    ("volume.backup", "volume.restore", "volume.clone", "volume.rename", "volume.move"),
    ("volume.remove",),
)
_BUTTONS = ("volume.measure", "volume.backup", "volume.restore", "volume.clone", "volume.rename", "volume.remove")


def _plan() -> ListingPlan:
    place = {name: number for number, name in enumerate(COLUMNS)}
    return ListingPlan(
        title=translate("VolumesPage", "Volumes"),
        filter_words=translate("VolumesPage", "Filter by name or label"),
        subject="volume",
        counted=lambda count: translate("VolumesPage", "%n volumes", None, count),
        name_of=volume_name,
        main_action="volumes.create",
        more_actions=("volumes.prune",),
        menu=_MENU,
        bulk=("volume.measure", "volume.remove"),
        painters={
            place["name"]: TextCell(strong=True),
            place["size"]: TextCell(tabular=True),
            place["created"]: TextCell(secondary=True),
            place["used"]: TextCell(secondary=True),
        },
        widths={place["size"]: 100, place["created"]: 140, place["used"]: 260},
        droppable=(place["created"], place["used"]),
        empty=(
            "volume",
            translate("VolumesPage", "No volumes yet"),
            translate("VolumesPage", "A volume keeps data when its container is removed. Images that need one get it."),
        ),
        empty_actions=("volumes.create",),
    )


class VolumesPage(ListPage):
    """A stack of two: the list, and the files of one."""

    page_id = "volumes"
    kinds = frozenset({"volume", "container"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        model = volumes_model(lambda: self.client.mirror.containers, self)
        self.list = Listing(shell, _plan(), model, self)
        self.list.table.activated_key.connect(lambda key: shell.navigate("volumes", key))
        self.drag = RowDrag(shell, self.list.table, "volume", "volume", lambda key: key)
        self.browser: VolumeBrowser | None = None
        self._measuring = False
        self.stand(self.list)

    def apply(self, changes: ChangeSet) -> None:
        if "volume" in changes.kinds:
            self.list.model.apply(changes.kinds["volume"])
        if "container" in changes.kinds:
            self.list.model.refresh(("used",))
        self.list.refresh()
        volumes = self.client.mirror.volumes
        words = translate("VolumesPage", "%n volumes", None, len(volumes))
        known = sum(volume.size or 0 for volume in volumes.values())
        self.list.set_subtitle(f"{words}  ·  {bytes_text(known)}" if known else words if volumes else "")
        if self.browser is not None and self.sees(self.browser):
            if self.browser.name not in volumes:
                self.show_list()
            else:
                self.browser.refresh()

    def shown(self) -> None:
        if not self._measuring:
            self._measuring = True
            self.shell.run(self._measure_stale())

    async def _measure_stale(self) -> None:
        """Sizes nobody has asked for in a while, one after the other, as long as the page is seen."""
        try:
            for volume in tuple(self.client.mirror.volumes.values()):
                stale = volume.size_measured is None or now() - volume.size_measured > _FRESH
                if stale and self.isVisibleTo(self.window()):
                    await self._measure(volume.name)
        finally:
            self._measuring = False

    async def _measure(self, name: str) -> None:
        with contextlib.suppress(NotFound):  # removed meanwhile
            await self.client.call(lambda engine: engine.volumes.measure(name))

    def open_object(self, object_id: str, detail: str = "") -> None:
        if object_id not in self.client.mirror.volumes:
            self.show_list()
            return
        if self.browser is None:
            self.browser = VolumeBrowser(self.shell)
            self.put_behind(self.browser, self.browser.left)
        self.browser.show_volume(object_id)
        self.bring(self.browser)
        if detail:
            self.browser.files.tree.reveal(detail)

    def listed(self) -> Listing:
        return self.list


class VolumeBrowser(QWidget):
    """The files of one volume, and the buttons of the volume."""

    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.name = ""
        self.header = DetailsHeader(shell, translate("VolumesPage", "Back to the list"), self._subjects)
        self.header.left.connect(self.left)
        self.header.add_icons(*_BUTTONS)
        self.files = FileBrowser(shell)
        column = flush_column(self)
        column.addWidget(self.header)
        column.addWidget(self.files, 1)

    def show_volume(self, name: str) -> None:
        self.name = name
        self.files.show_place(Place(kind="volume", id=name), name)
        self.refresh()

    def refresh(self) -> None:
        volume = self._shell.client.mirror.volumes.get(self.name)
        if volume is None:
            return
        self.header.set_title(volume_name(volume))
        users = users_text(volume.used_by, self._shell.client.mirror.containers)
        self.header.set_subtitle(f"{size_text(volume)}  ·  {users}")
        self.header.refresh()

    def _subjects(self) -> list[Volume]:
        volume = self._shell.client.mirror.volumes.get(self.name)
        return [volume] if volume is not None else []
