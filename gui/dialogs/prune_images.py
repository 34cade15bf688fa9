"""Free space: what removing unused images would really give back, before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QHBoxLayout, QRadioButton, QVBoxLayout
from shiboken6 import isValid

from gui.presentation.images import image_name
from gui.presentation.units import bytes_text, count_text
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.card import Card
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.labels import label
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.images import Image, StoreUsage
    from gui.shell import Shell

_WIDTH = 520
_MOST_NAMES = 6


class PruneDialog(QDialog):
    """Two ways to prune, each with the bytes it frees, asked of the engine."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self.setObjectName("dialog.prune-images")
        self.setWindowTitle(translate("PruneDialog", "Free space"))
        self.setMinimumWidth(_WIDTH)
        self.untagged = QRadioButton(translate("PruneDialog", "Images without a tag"))
        self.unused = QRadioButton(translate("PruneDialog", "All images no container uses"))
        self.untagged.setChecked(True)
        self._about = {key: label("", Text.SMALL, Tone.MUTED, wrap=True) for key in ("untagged", "unused")}
        self._usage = FactGrid()
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
        column.setSpacing(Space.S)
        column.addWidget(label(self.windowTitle(), Text.TITLE))
        store = Card(translate("PruneDialog", "On disk"))
        store.body.addWidget(self._usage)
        column.addWidget(store)
        column.addSpacing(Space.S)
        for key, choice in (("untagged", self.untagged), ("unused", self.unused)):
            column.addWidget(choice)
            self._about[key].setContentsMargins(Space.XL, 0, 0, Space.S)
            column.addWidget(self._about[key])
            choice.toggled.connect(lambda _on: self._tell_button())
        self._frees = {"untagged": -1, "unused": -1}
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(translate("PruneDialog", "Cancel"), "", Variant.GHOST, self.reject))
        self.go = button(translate("PruneDialog", "Remove"), "", Variant.DANGER, self._prune)
        row.addWidget(self.go)
        column.addLayout(row)
        self._tell_button()
        shell.run(self._load())

    async def _load(self) -> None:
        call = self._shell.client.call
        usage = await call(lambda engine: engine.images.usage())
        untagged = await call(lambda engine: engine.images.prune_frees())
        unused = await call(lambda engine: engine.images.prune_frees(all_unused=True))
        if not isValid(self):
            return  # closed while we asked
        self._show_usage(usage)
        self._frees = {"untagged": untagged, "unused": unused}
        images = self._shell.client.mirror.images.values()
        idle = [image for image in images if not image.used_by]
        self._about["untagged"].setText(self._describe([i for i in idle if not i.tags], self._frees["untagged"]))
        self._about["unused"].setText(self._describe(idle, self._frees["unused"]))
        if not self._frees["untagged"] and self._frees["unused"]:
            self.unused.setChecked(True)
        self._tell_button()

    def _show_usage(self, usage: StoreUsage) -> None:
        def words(total: int, spare: int) -> str:
            if not spare:
                return bytes_text(total)
            return translate("PruneDialog", "{0}, of which {1} unused").format(bytes_text(total), bytes_text(spare))

        self._usage.set_facts(
            [
                Fact(translate("PruneDialog", "Images"), words(usage.layers, usage.layers_reclaimable)),
                Fact(translate("PruneDialog", "Containers"), words(usage.containers, usage.containers_reclaimable)),
                Fact(translate("PruneDialog", "Volumes"), words(usage.volumes, usage.volumes_reclaimable)),
                Fact(translate("PruneDialog", "Build cache"), words(usage.build_cache, usage.build_cache_reclaimable)),
                Fact(translate("PruneDialog", "Logs"), bytes_text(usage.logs)),
            ]
        )

    def _describe(self, images: list[Image], frees: int) -> str:
        if not images:
            return translate("PruneDialog", "There are none.")
        count = count_text(len(images), translate("PruneDialog", "{0} image"), translate("PruneDialog", "{0} images"))
        names = ", ".join(sorted(image_name(image) for image in images)[:_MOST_NAMES])
        more = "…" if len(images) > _MOST_NAMES else ""
        return translate("PruneDialog", "{0}, frees {1}: {2}").format(count, bytes_text(frees), names + more)

    def _chosen(self) -> str:
        return "unused" if self.unused.isChecked() else "untagged"

    def _tell_button(self) -> None:
        frees = self._frees[self._chosen()]
        words = translate("PruneDialog", "Remove")
        if frees > 0:
            words = translate("PruneDialog", "Remove and free {0}").format(bytes_text(frees))
        self.go.setText(words)
        self.go.setAccessibleName(words)
        self.go.setEnabled(frees > 0)

    def _prune(self) -> None:
        everything = self.unused.isChecked()
        self._shell.run(self._run(everything=everything))
        self.accept()

    async def _run(self, *, everything: bool) -> None:
        done = await self._shell.client.call(lambda engine: engine.images.prune(all_unused=everything))
        text = translate("PruneDialog", "Freed {0}").format(bytes_text(done.bytes))
        self._shell.toast(text, Tone.SUCCESS)
