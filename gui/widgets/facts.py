"""A grid of facts: a quiet name at the left, the value at the right, copied with one click."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from gui.theme import Role, Space, Text, Tone, mono
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.labels import ElidedLabel, label
from gui.widgets.painted.badge import Badge
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence


_LINE = 26


class Fact(NamedTuple):
    """One row. `link` makes the value a button that emits `activated(link)`."""

    name: str
    value: str
    code: bool = False
    copy: bool = False
    link: str = ""
    tone: Tone | None = None
    """Shows the value as a badge."""


class FactGrid(QWidget):
    """Shows facts in one or two columns; set the same facts again and only changed ones are rebuilt."""

    activated = Signal(str)

    def __init__(self, facts: Sequence[Fact] = (), *, columns: int = 1, name_width: int = 120) -> None:
        super().__init__()
        self._columns = columns
        self._name_width = name_width
        self._facts: tuple[Fact, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(Space.L)
        self._grid.setVerticalSpacing(Space.XS)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.set_facts(facts)

    def set_facts(self, facts: Sequence[Fact]) -> None:
        facts = tuple(facts)
        if facts == self._facts:
            return
        if [f.name for f in facts] != [f.name for f in self._facts]:
            self._rebuild(facts)
        else:
            for index, (old, new) in enumerate(zip(self._facts, facts, strict=True)):
                if old != new:
                    self._place_value(index, new)
        self._facts = facts

    def _rebuild(self, facts: tuple[Fact, ...]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for index, fact in enumerate(facts):
            row, column = self._cell(index, len(facts))
            name = label(fact.name, Text.BODY, Tone.MUTED)
            name.setMinimumWidth(self._name_width)
            name.setMinimumHeight(_LINE)
            self._grid.addWidget(name, row, column, Qt.AlignmentFlag.AlignVCenter)
        self._facts = facts
        for index, fact in enumerate(facts):
            self._place_value(index, fact)
        for column in range(self._columns):
            self._grid.setColumnStretch(column * 2 + 1, 1)

    def _cell(self, index: int, total: int) -> tuple[int, int]:
        rows = -(-total // self._columns)
        return index % rows, (index // rows) * 2

    def _place_value(self, index: int, fact: Fact) -> None:
        row, column = self._cell(index, len(self._facts))
        old = self._grid.itemAtPosition(row, column + 1)
        if old is not None and (gone := old.widget()) is not None:
            self._grid.removeWidget(gone)
            gone.deleteLater()
        self._grid.addWidget(self._value(fact), row, column + 1)

    def _value(self, fact: Fact) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        if fact.tone is not None:
            row.addWidget(Badge(fact.value, fact.tone))
            row.addStretch(1)
        elif fact.link:
            row.addWidget(button(fact.value, "", Variant.LINK, lambda: self.activated.emit(fact.link)))
            row.addStretch(1)
        else:
            value = ElidedLabel(fact.value or "–", Text.BODY, Role.TEXT if fact.value else Role.TEXT_MUTED)
            if fact.code:
                value.setFont(mono(Text.SMALL))
            value.setAccessibleName(f"{fact.name}: {fact.value}")
            row.addWidget(value, 1)
        if fact.copy and fact.value:
            words = translate("FactGrid", "Copy {name}").format(name=fact.name)
            # What a link leads to is whole, whatever there was room for.
            copied = fact.link or fact.value
            row.addWidget(tool_button("copy", words, lambda: QGuiApplication.clipboard().setText(copied)))
        box.setMinimumHeight(_LINE)
        return box
