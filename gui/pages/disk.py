"""What takes space: one bar of all parts, and each part with what it really frees, who holds the rest, and Free."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.types.disk import PART_IDS
from gui.models.table import Column, KeyedTableModel
from gui.pages.page import Page
from gui.plain_text import set_tip
from gui.presentation.disk import (
    CACHE,
    FREEABLE,
    frees,
    holders,
    item_name,
    part_about,
    part_title,
    part_words,
    question,
    question_of_all,
    usage_words,
)
from gui.presentation.units import ago_text, bytes_text
from gui.theme import Role, Size, Space, Text, Tone, icon, theme
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.card import Card
from gui.widgets.labels import ElidedLabel, SwatchLabel, label
from gui.widgets.layouts import flush_column, scrolling
from gui.widgets.lists.cells import CellPainter, TextCell
from gui.widgets.lists.table import Table
from gui.widgets.page_header import PageHeader
from gui.widgets.painted.share_bar import Share, ShareBar
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.disk import DiskItem, DiskPart, DiskUsage, PartId
    from gui.bridge import ChangeSet
    from gui.shell import Shell

_SETTLE_MS = 1500
_MOST_ROWS = 7
_MOST_ITEMS = 500


class PartCard(Card):
    """One part: its line, and below it, once opened, its things."""

    def __init__(self, page: DiskPage, part_id: PartId, number: int) -> None:
        super().__init__(padded=False)
        self.part_id, self._page = part_id, page
        self.part: DiskPart | None = None
        self.setAccessibleName(part_title(part_id))
        self.body.setContentsMargins(Space.S, Space.S, Space.M, Space.S)
        self._toggle = tool_button(
            "chevron-right", translate("Disk", "Show what is in it: {0}").format(part_title(part_id)), self.toggle
        )
        self._size = label("", Text.STRONG)
        self._about = ElidedLabel(part_about(part_id), Text.SMALL, Role.TEXT_MUTED, Qt.TextElideMode.ElideRight)
        self.free_button = button("", "broom", Variant.DEFAULT, self._free)
        self.free_button.setAccessibleName(translate("Disk", "Free {0}?").format(part_title(part_id)))
        self.opened = False
        self.table: Table | None = None
        self._model: KeyedTableModel[DiskItem] | None = None
        policy = self._toggle.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._toggle.setSizePolicy(policy)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self._toggle)
        words = QVBoxLayout()
        words.setSpacing(Space.HAIR)
        top = QHBoxLayout()
        top.setSpacing(Space.M)
        top.addWidget(SwatchLabel(part_title(part_id), partial(theme().series, number), Text.STRONG))
        top.addWidget(self._size)
        top.addStretch(1)
        words.addLayout(top)
        words.addWidget(self._about)
        row.addLayout(words, 1)
        row.addWidget(self.free_button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.body.addLayout(row)
        self.free_button.setVisible(part_id in FREEABLE)

    def show_part(self, part: DiskPart) -> None:
        self.part = part
        self._size.setText(bytes_text(part.bytes))
        about = (part_words(part), part_about(part.id))
        self._about.set_text("  ·  ".join(words for words in about if words))
        self._toggle.setVisible(bool(part.items))
        self._fill()
        self._tell_button()

    def toggle(self) -> None:
        """Open or close the list of things."""
        self.opened = not self.opened
        if self.table is None:
            self._make_table()
        else:
            self.table.setVisible(self.opened)
        self._toggle.setIcon(icon("chevron-down" if self.opened else "chevron-right", Role.TEXT_SECONDARY))
        self._tell_button()

    def open(self) -> None:
        if not self.opened:
            self.toggle()

    def chosen(self) -> list[DiskItem]:
        """The selected things, or with none all that can go."""
        if self.part is None:
            return []
        keys = set(self.table.selected_keys()) if self.table is not None and self.opened else set()
        free = [item for item in self.part.items if item.frees or not set(item.held_by) - {CACHE}]
        return [item for item in free if not keys or item.id in keys]

    def _make_table(self) -> None:
        columns: list[Column[DiskItem]] = [
            Column("name", translate("Disk", "Name"), item_name, tooltip=item_name),
            Column("held", translate("Disk", "Held by"), holders, tooltip=holders),
            Column("used", translate("Disk", "Last used"), lambda item: ago_text(item.used),
                   sort=lambda item: item.used.timestamp() if item.used else 0.0),
            Column("bytes", translate("Disk", "Size"), lambda item: bytes_text(item.bytes),
                   sort=lambda item: item.bytes, right=True),
            Column("frees", translate("Disk", "Frees"), lambda item: bytes_text(item.frees),
                   sort=lambda item: item.frees, right=True),
        ]  # fmt: skip
        self._model = KeyedTableModel(columns, parent=self)
        self.table = Table(part_title(self.part_id), row_height=Size.ROW_COMPACT)
        self.table.setModel(self._model)
        self.table.setSortingEnabled(False)
        self.table.set_inset()
        painters: dict[int, CellPainter] = {
            0: TextCell(elide=Qt.TextElideMode.ElideMiddle),
            1: TextCell(secondary=True),
            2: TextCell(secondary=True),
            3: TextCell(tabular=True),
            4: TextCell(tabular=True),
        }
        self.table.set_columns(painters, {1: 190, 2: 110, 3: 84, 4: 84}, stretch=0, droppable=(2, 1))
        self.table.keys_selected.connect(lambda _keys: self._tell_button())
        self.body.addWidget(self.table)
        self._fill()

    def _fill(self) -> None:
        if self._model is None or self.table is None or self.part is None:
            return
        items = self.part.items[:_MOST_ITEMS]
        self._model.set_items((item.id, item) for item in items)
        rows = max(1, min(_MOST_ROWS, len(items)))
        self.table.setFixedHeight(
            self.table.verticalHeader().defaultSectionSize() * rows + self.table.horizontalHeader().height() + 2
        )

    def _tell_button(self) -> None:
        if self.part is None:
            return
        chosen = self.chosen()
        some = len(chosen) < len([item for item in self.part.items if item.frees])
        size = sum(item.frees for item in chosen) if some else frees(self.part)
        words = translate("Disk", "Free {0}…").format(bytes_text(size))
        if not size:
            words = translate("Disk", "Nothing to free")
        elif some:
            words = translate("Disk", "Free {0} of {1}…").format(bytes_text(size), len(chosen))
        self.free_button.setText(words)
        self.free_button.setAccessibleName(f"{part_title(self.part_id)}: {words}")
        lacking = self._page.client.capabilities.why_not("disk.free")
        self.free_button.setEnabled(bool(chosen) and frees(self.part) > 0 and not lacking)
        set_tip(self.free_button, lacking)
        self.free_button.setIcon(icon("broom", Role.TEXT_SECONDARY if chosen and size else Role.TEXT_DISABLED))

    def _free(self) -> None:
        if self.part is not None:
            self._page.shell.run(self._page.free(self.part, self.chosen()))


class DiskPage(Page):
    """Measured when it is seen, after each freeing, and when things come or go."""

    page_id = "disk"
    kinds = frozenset({"image", "container", "volume", "build"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.usage: DiskUsage | None = None
        self._counts: tuple[int, ...] = ()
        self._soon = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._soon.timeout.connect(lambda: self.shell.run(self.measure()))
        self._header = PageHeader(translate("Pages", "Disk"))
        self._header.add(
            tool_button("restart", translate("Disk", "Measure again"), lambda: self.shell.run(self.measure()))
        )
        self.free_all = button(
            translate("Disk", "Free space…"), "broom", Variant.PRIMARY, lambda: self.shell.run(self._free_all())
        )
        self.free_all.setEnabled(False)
        self._header.add(self.free_all)
        self.bar = ShareBar(translate("Disk", "What takes space"))
        self.bar.clicked.connect(self._open_part)
        self.cards = {part_id: PartCard(self, part_id, number) for number, part_id in enumerate(PART_IDS)}
        column = flush_column(self)
        column.addWidget(self._header)
        inside = QWidget()
        self._area = scrolling(inside)
        body = QVBoxLayout(inside)
        body.setContentsMargins(Space.XL, Space.L, Space.L, Space.L)
        body.setSpacing(Space.S)
        body.addWidget(self.bar)
        self._state = label(translate("Disk", "Measuring…"), Text.SMALL, Tone.MUTED)
        body.addWidget(self._state)
        for card in self.cards.values():
            body.addWidget(card)
        body.addStretch(1)
        column.addWidget(self._area, 1)

    def apply(self, changes: ChangeSet) -> None:
        del changes
        mirror = self.client.mirror
        counts = tuple(len(kind) for kind in (mirror.images, mirror.containers, mirror.volumes, mirror.builds))
        if counts != self._counts and self._counts:
            self._soon.start()
        self._counts = counts

    def shown(self) -> None:
        self.shell.run(self.measure())

    def open_object(self, object_id: str, detail: str = "") -> None:
        del detail
        if object_id in self.cards:
            self._open_part(object_id)

    async def measure(self) -> None:
        usage: DiskUsage = await self.client.call(lambda engine: engine.disk.usage())
        self.usage = usage
        self._header.set_subtitle(usage_words(usage))
        self._state.hide()
        self.bar.set_shares(
            [
                Share(part.id, part.bytes, f"{part_title(part.id)} {bytes_text(part.bytes)}", number)
                for number, part in enumerate(usage.parts)
            ]
        )
        for part in usage.parts:
            self.cards[part.id].show_part(part)
        lacking = self.client.capabilities.why_not("disk.free")
        self.free_all.setEnabled(any(frees(part) for part in usage.parts) and not lacking)
        set_tip(self.free_all, lacking)

    async def free(self, part: DiskPart, chosen: list[DiskItem]) -> None:
        """Ask, free, and tell what came back."""
        answer = await self.shell.confirm(question(part, chosen))
        if answer is None:
            return
        await self._free_parts([(part.id, [item.id for item in chosen], CACHE in answer)])

    async def _free_all(self) -> None:
        if self.usage is None:
            return
        answer = await self.shell.confirm(question_of_all(self.usage))
        if answer:
            await self._free_parts([(part, [], part == "images") for part in FREEABLE if part in answer])

    async def _free_parts(self, parts: list[tuple[PartId, list[str], bool]]) -> None:
        freed = 0
        try:
            for part_id, ids, with_cache in parts:
                freed += await self._free_part(part_id, ids, with_cache=with_cache)
        finally:
            await self.measure()
        self.shell.toast(translate("Disk", "Freed {0}").format(bytes_text(freed)), Tone.SUCCESS)

    async def _free_part(self, part_id: PartId, ids: list[str], *, with_cache: bool) -> int:
        done = await self.client.call(lambda engine: engine.disk.free(part_id, ids, with_cache=with_cache))
        return done.bytes

    def _open_part(self, part_id: str) -> None:
        card = next(card for key, card in self.cards.items() if key == part_id)
        card.open()
        QTimer.singleShot(0, lambda: self._area.ensureWidgetVisible(card))
