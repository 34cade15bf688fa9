"""What containers ask for, as they ask: the name, what came of it, and whether an allow-list refused it; and the places
that were refused by their addresses."""

from __future__ import annotations

from collections import Counter, deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.models.table import Column, KeyedTableModel
from gui.theme import Size, Space, Text, Tone
from gui.widgets.buttons import tool_button
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.widgets.page_header import PageHeader
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.networks import NameQuestion
    from gui.shell import Shell

_KEPT = 500
REFUSED = "refused"


class NameLog:
    """The last questions, the newest first, and how often each container was refused of late."""

    def __init__(self) -> None:
        self.questions: deque[tuple[int, NameQuestion]] = deque(maxlen=_KEPT)
        self._number = 0
        self._seen: set[tuple[object, ...]] = set()

    def add(self, batch: Sequence[NameQuestion]) -> None:
        """What was told before, by a names server that tells its last ones again, is not added twice."""
        for question in batch:
            mark = _mark(question)
            if mark not in self._seen:
                self._seen.add(mark)
                self._number += 1
                self.questions.appendleft((self._number, question))
        if len(self._seen) > 2 * _KEPT:
            self._seen = {_mark(one) for _, one in self.questions}

    def refused(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        for _, one in self.questions:
            if one.verdict == REFUSED:
                counted[one.container_id] += one.count
        return counted


def _mark(question: NameQuestion) -> tuple[object, ...]:
    return (question.time_ns, question.container, question.name, question.addresses, question.port)


class NamesView(QWidget):
    """A table that follows; a row opens the container that asked."""

    left = Signal()

    def __init__(self, shell: Shell, log: NameLog) -> None:
        super().__init__()
        self._shell, self._log = shell, log
        self._header = PageHeader(translate("NamesView", "Asked for and refused"))
        self._header.add_leading(tool_button("arrow-left", translate("NamesView", "Back to the map"), self.left.emit))
        columns: list[Column[NameQuestion]] = [
            Column("time", translate("NamesView", "Time"), lambda q: _clock(q.time_ns)),
            Column(
                "container", translate("NamesView", "Container"), lambda q: q.container, icon=lambda _q: "container"
            ),
            Column("name", translate("NamesView", "Asked for"), _asked),
            Column("verdict", translate("NamesView", "Answer"), _verdict, tone=_tone),
            Column("addresses", translate("NamesView", "Addresses or name"), _answered),
        ]
        self.model = KeyedTableModel(columns, parent=self)
        self.table = Table(translate("NamesView", "Asked for and refused"), row_height=Size.ROW_COMPACT, multi=False)
        self.table.setModel(self.model)
        self.table.setSortingEnabled(False)
        painters = {
            0: TextCell(secondary=True), 1: TextCell(strong=True), 2: TextCell(code=True), 3: TextCell(),
            4: TextCell(code=True),
        }  # fmt: skip
        self.table.set_columns(painters, {0: 104, 1: 200, 3: 180, 4: 200}, stretch=2)
        hint = translate(
            "NamesView",
            "Questions of containers on networks of their own appear as they are asked, and places as they are "
            "refused. “May reach” in a container's form, or --egress example.org,*.debian.org,10.0.0.0/8, limits what "
            "may be reached; “none” allows nothing.",
        )
        self.table.set_empty_state(
            EmptyState("globe", translate("NamesView", "Nobody asked for a name, and nothing was refused yet"), hint)
        )
        self.table.activated_key.connect(self._open)
        about = label(hint, Text.SMALL, Tone.MUTED, wrap=True)
        about.setContentsMargins(Space.XL, Space.S, Space.XL, Space.S)
        self._about = about
        column = flush_column(self)
        column.addWidget(self._header)
        column.addWidget(about)
        row = QHBoxLayout()
        row.addWidget(self.table)
        column.addLayout(row, 1)
        self.refresh()

    def refresh(self) -> None:
        self.model.set_items((str(number), question) for number, question in self._log.questions)
        count = sum(self._log.refused().values())
        words = translate("NamesView", "%n refused", None, count)
        self._header.set_subtitle(words if count else "")
        self._about.setVisible(bool(self._log.questions))

    def _open(self, key: str) -> None:
        question = self.model.item(key)
        if question is not None and question.container_id:
            self._shell.navigate("containers", question.container_id)


def _clock(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).astimezone().strftime("%H:%M:%S")


def _asked(question: NameQuestion) -> str:
    """A name, or the place that was tried."""
    if not question.is_place:
        return f"{question.name} ({question.kind})"
    address = question.addresses[0]
    if question.port:
        address = f"[{address}]:{question.port}" if ":" in address else f"{address}:{question.port}"
    return f"{address} ({question.kind})"


def _answered(question: NameQuestion) -> str:
    """What a name led to, or what name led to a place."""
    return (question.name if question.is_place else ", ".join(question.addresses)) or "–"


def _verdict(question: NameQuestion) -> str:
    if question.is_place and question.count > 1:
        return translate("NamesView", "refused %n times", None, question.count)
    words = {
        "known": translate("NamesView", "a neighbour"),
        "asked": translate("NamesView", "from outside") if question.addresses else translate("NamesView", "nothing"),
        REFUSED: translate("NamesView", "refused"),
        "unknown": translate("NamesView", "no such name"),
    }
    return words.get(question.verdict, question.verdict)


def _tone(question: NameQuestion) -> Tone:
    return {REFUSED: Tone.DANGER, "unknown": Tone.WARNING}.get(question.verdict, Tone.NEUTRAL)
