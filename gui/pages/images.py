"""The images: the list, and behind each row what is inside; two of them side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.models.images import COLUMNS, images_model
from gui.pages.image.compare import CompareView
from gui.pages.image.details import ImageDetails
from gui.pages.image.dragging import ImageDrag
from gui.pages.lists.list_page import ListPage
from gui.pages.lists.listing import Listing, ListingPlan
from gui.presentation.disk import frees
from gui.presentation.images.words import image_name
from gui.presentation.units import bytes_text
from gui.widgets.lists.cells import TextCell
from gui.words import translate

if TYPE_CHECKING:
    from gui.bridge import ChangeSet
    from gui.shell import Shell

_MENU = (
    ("image.run", "image.details", "image.layers", "image.compare"),
    ("image.tag", "image.untag", "image.push", "image.pull-again", "image.save", "image.move", "image.deploy"),
    ("image.copy-name", "image.copy-id"),
    ("image.remove",),
)


def _plan() -> ListingPlan:
    place = {name: number for number, name in enumerate(COLUMNS)}
    return ListingPlan(
        title=translate("ImagesPage", "Images"),
        filter_words=translate("ImagesPage", "Filter by name, tag, id"),
        subject="image",
        counted=lambda count: translate("ImagesPage", "%n images", None, count),
        name_of=image_name,
        main_action="images.pull",
        more_actions=("program.open-archive", "images.find-file", "images.registries", "images.prune"),
        menu=_MENU,
        bulk=("image.compare", "image.save", "image.remove"),
        painters={
            place["name"]: TextCell(strong=True),
            place["size"]: TextCell(tabular=True),
            place["unique"]: TextCell(tabular=True, secondary=True),
            place["created"]: TextCell(secondary=True),
            place["used"]: TextCell(secondary=True),
        },
        widths={place["size"]: 96, place["unique"]: 96, place["created"]: 132, place["used"]: 180},
        droppable=(place["unique"], place["created"], place["used"]),
        empty=(
            "image",
            translate("ImagesPage", "No images yet"),
            translate("ImagesPage", "Pull one from a registry, build one from a folder, or drop an archive here."),
        ),
        empty_actions=("images.pull", "program.open-archive", "program.demo"),
    )


class ImagesPage(ListPage):
    """A stack of three: the list, one image, two images compared."""

    page_id = "images"
    kinds = frozenset({"image", "container"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        model = images_model(lambda: self.client.mirror.containers, self)
        self.list = Listing(shell, _plan(), model, self)
        self.list.table.activated_key.connect(lambda key: shell.navigate("images", key, "layers"))
        self.list.table.setDragEnabled(True)
        self._drag = ImageDrag(shell, self.list.table)
        self.list.table.drag_wanted.connect(self._drag_out)
        self.details: ImageDetails | None = None
        self.compare: CompareView | None = None
        self.stand(self.list)

    def apply(self, changes: ChangeSet) -> None:
        if "image" in changes.kinds:
            self.list.model.apply(changes.kinds["image"])
        if "container" in changes.kinds:
            self.list.model.refresh(("used",))
        self.list.refresh()
        count = len(self.client.mirror.images)
        words = translate("ImagesPage", "%n images", None, count)
        self.list.set_subtitle(words if count else "")
        if self.client.is_ready:
            self.shell.run(self._tell_usage(words))
        if self.details is not None and self.sees(self.details):
            if self.details.image_id not in self.client.mirror.images:
                self.show_list()
            else:
                self.details.refresh()

    def open_object(self, object_id: str, detail: str = "") -> None:
        image = self.client.mirror.images.get(object_id)
        if image is None:
            image = next((i for i in self.client.mirror.images.values() if object_id in i.tags), None)
        if image is None:
            self.show_list()
        elif detail.startswith("compare:"):
            self._show_compare(image.id, detail.removeprefix("compare:"))
        else:
            if self.details is None:
                self.details = ImageDetails(self.shell)
                self.put_behind(self.details, self.details.left)
            self.details.show_image(image.id, detail)
            self.bring(self.details)

    def _drag_out(self, keys: list[str]) -> None:
        images = self.client.mirror.images
        self._drag.begin([images[key] for key in keys if key in images])

    def listed(self) -> Listing:
        return self.list

    def _show_compare(self, left: str, right: str) -> None:
        if self.compare is None:
            self.compare = CompareView(self.shell)
            self.put_behind(self.compare, self.compare.left)
        self.compare.show_images(left, right)
        self.bring(self.compare)

    async def _tell_usage(self, words: str) -> None:
        usage = (await self.client.call(lambda engine: engine.disk.usage(["images"]))).part("images")
        if self.client.mirror.images:
            text = translate("ImagesPage", "{0}  ·  {1} on disk, {2} of it unused")
            self.list.set_subtitle(text.format(words, bytes_text(usage.bytes), bytes_text(frees(usage))))
