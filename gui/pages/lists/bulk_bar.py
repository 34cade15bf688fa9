"""The bar below a list while several rows are marked: what an act will reach, what it will not, and the acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.presentation.selection import chosen_text, untouched_text
from gui.theme import Role, Space, Text
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.labels import ElidedLabel
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gui.actions import BoundAction
    from gui.widgets.lists.table import Table


class BulkBar(QWidget):
    """Hidden until `tell` hears of several rows, or of one whose box was ticked."""

    def __init__(self, table: Table, bind: Callable[[str], BoundAction], actions: Iterable[str]) -> None:
        super().__init__()
        self._table = table
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, Space.S, Space.L, Space.S)
        row.setSpacing(Space.S)
        self.words = ElidedLabel("", Text.STRONG, mode=Qt.TextElideMode.ElideRight, least=16)
        self.rest = ElidedLabel("", Text.BODY, Role.TEXT_MUTED, Qt.TextElideMode.ElideRight, least=0)
        row.addWidget(self.words, 3)
        row.addWidget(self.rest, 2)
        self._all = button("", "", Variant.LINK, table.selectAll)
        row.addWidget(self._all)
        for action_id in actions:
            bound = bind(action_id)
            knob = button(bound.text().rstrip("…"), bound.action.icon, Variant.DEFAULT, bound.trigger)
            knob.setObjectName(f"bulk.{action_id}")
            knob.setEnabled(bound.isEnabled())
            bound.enabledChanged.connect(knob.setEnabled)
            row.addWidget(knob)
        row.addWidget(tool_button("x", translate("Selection", "Clear the selection"), table.clearSelection))
        self.hide()

    def tell(self, counted: str, names: Sequence[str], *, shown: int, everything: int) -> None:
        """`counted` is "3 containers"; `shown` of `everything` are in sight."""
        self.setVisible(len(names) > 1 or (bool(names) and self._table.ticking))
        self.words.set_text(chosen_text(counted, names))
        self.rest.set_text(untouched_text(everything - shown))
        self.rest.setVisible(everything > shown)
        self._all.setText(translate("Selection", "Select all {0} shown").format(shown))
        self._all.setAccessibleName(self._all.text())
        self._all.setVisible(len(names) < shown)
