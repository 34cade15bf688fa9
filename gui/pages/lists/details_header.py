"""The top of the details of one thing: the way back to its list, and what can be done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton

from gui.plain_text import set_tip
from gui.widgets.buttons import Variant, button, menu_button, tool_button
from gui.widgets.page_header import PageHeader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QAbstractButton

    from gui.actions import BoundAction
    from gui.shell import Shell


class DetailsHeader(PageHeader):
    """Deeds are added from left to right; `refresh` after the thing has changed."""

    left = Signal()

    def __init__(self, shell: Shell, back: str, subjects: Callable[[], Sequence[Any]]) -> None:
        super().__init__("")
        self._shell, self._subjects = shell, subjects
        self._deeds: list[tuple[BoundAction, BoundAction | QAbstractButton]] = []
        """Each with what is seen of it."""
        self.knobs: dict[str, QPushButton] = {}
        """Those with words."""
        self.add_leading(tool_button("arrow-left", back, self.left.emit))

    def add_icons(self, *action_ids: str) -> None:
        """A square for each deed; its words are the tooltip."""
        for action_id in action_ids:
            bound = self._bind(action_id)
            self._stand_for(bound, tool_button(bound.action.icon, bound.text().rstrip("…"), bound.trigger))

    def add_button(self, action_id: str, variant: Variant, words: str = "") -> QPushButton:
        bound = self._bind(action_id)
        knob = button(words or bound.text().rstrip("…"), bound.action.icon, variant, bound.trigger)
        knob.setObjectName(action_id)
        self._stand_for(bound, knob)
        self.knobs[action_id] = knob
        return knob

    def add_more(self, name: str, *groups: Sequence[str]) -> None:
        """What is done more seldom, in a menu."""
        menu = QMenu(self)
        for group in groups:
            if menu.actions():
                menu.addSeparator()
            for action_id in group:
                bound = self._bind(action_id)
                self._deeds.append((bound, bound))
                menu.addAction(bound)
        menu.aboutToShow.connect(self.refresh)
        knob = menu_button("", menu, "more", Variant.GHOST)
        knob.setAccessibleName(name)
        set_tip(knob, name)
        self.add(knob)

    def refresh(self) -> None:
        for bound, _ in self._deeds:
            bound.refresh()

    def hide_impossible(self) -> None:
        """Where most of it is for other kinds of things, what cannot be done is not even shown."""
        for bound, seen in self._deeds:
            seen.setVisible(bound.possible)

    def _bind(self, action_id: str) -> BoundAction:
        return self._shell.verbs.bind(self._shell, action_id, self, self._subjects)

    def _stand_for(self, bound: BoundAction, knob: QAbstractButton) -> None:
        bound.enabledChanged.connect(knob.setEnabled)
        knob.setEnabled(bound.isEnabled())
        self._deeds.append((bound, knob))
        self.add(knob)
