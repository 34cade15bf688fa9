"""What was put into a layer and hidden by a later one: path, size, the two guilty steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt

from gui.models.table import Column, KeyedTableModel
from gui.theme import Size, Space, Tone
from gui.widgets.empty_state import EmptyState
from gui.widgets.lists.cells import BadgeCell, CellPainter, TextCell
from gui.widgets.lists.table import Table
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence


_STEP = 30


class WasteRow(NamedTuple):
    """One path; the steps as people wrote them."""

    path: str
    size: int
    size_words: str
    added_by: str
    hidden_by: str
    why: str
    tone: Tone = Tone.WARNING


class WasteList(Table):
    """A table of waste, largest first. `activated_key` carries the path."""

    def __init__(self) -> None:
        super().__init__(translate("WasteList", "Wasted space"), row_height=Size.ROW + Space.XS, multi=False)
        columns: list[Column[WasteRow]] = [
            Column(
                "path", translate("WasteList", "Path"), lambda row: row.path, tooltip=_whole_story, subtext=_two_steps
            ),
            Column("why", translate("WasteList", "Why"), lambda row: row.why, tone=lambda row: row.tone),
            Column(
                "size", translate("WasteList", "Size"), lambda row: row.size_words, sort=lambda r: r.size, right=True
            ),
        ]
        self.rows = KeyedTableModel(columns, parent=self)
        self.setModel(self.rows)
        self.setSortingEnabled(False)
        self.set_inset()
        painters: dict[int, CellPainter] = {
            0: TextCell(elide=Qt.TextElideMode.ElideMiddle, code=True),
            1: BadgeCell(),
            2: TextCell(tabular=True),
        }
        self.set_columns(painters, {1: 170, 2: 90}, stretch=0, droppable=(1,))
        self.set_empty_state(
            EmptyState(
                "check-circle",
                translate("WasteList", "Nothing wasted"),
                translate("WasteList", "Every byte of every layer can be seen in the finished image."),
            )
        )

    def set_waste(self, rows: Sequence[WasteRow]) -> None:
        self.rows.set_items((f"{number}:{row.path}", row) for number, row in enumerate(rows))


def _two_steps(row: WasteRow) -> str:
    """Who put it there and who hid it; each cut by itself, so that both can be told."""
    return f"{_short(row.added_by)}   →   {_short(row.hidden_by)}"


def _short(step: str) -> str:
    return step if len(step) <= _STEP else step[: _STEP - 1] + "…"


def _whole_story(row: WasteRow) -> str:
    return f"{row.path}\n{row.added_by}\n→ {row.hidden_by}"
