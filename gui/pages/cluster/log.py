"""What pods say: of one or of all of a workload, each in its colour; what the run before said, too."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.types.clusters import ClusterLogs
from gui.plain_text import set_tip
from gui.presentation.errors import words_of
from gui.presentation.remote.clusters import place_of
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import tool_button
from gui.widgets.chips import Chip
from gui.widgets.elided_combo import ElidedCombo
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column
from gui.widgets.logview import LogRow, LogView, MemoryLineSource, SelectedLineSource, TimeStyle
from gui.widgets.search_field import SearchField
from gui.words import grouped, translate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.types.clusters import ClusterLogLine
    from gui.bridge import Engine, Lease
    from gui.presentation.remote.clusters import ClusterRow
    from gui.shell import Shell

_TAIL = 5_000
"""Lines of the past that are asked for, of each container."""
_KEPT = 200_000


def log_row(line: ClusterLogLine) -> LogRow:
    return LogRow(line.text, _nanoseconds(line.time), "", f"{line.pod}/{line.container}", note=line.failed)


def _nanoseconds(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1e6) * 1000 if text else 0
    except ValueError:
        return 0


async def _rows(engine: Engine, row: ClusterRow, request: ClusterLogs) -> AsyncIterator[Sequence[LogRow]]:
    async for line in engine.clusters.logs(place_of(row), request):
        yield (log_row(line),)


class ClusterLog(QWidget):
    """`show_log` of an object, `rest` when it is out of sight."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._row: ClusterRow | None = None
        self._lease: Lease | None = None
        self._sources: dict[str, tuple[str, int]] = {}
        self._pattern: re.Pattern[str] | None = None
        self.lines = MemoryLineSource(_KEPT, self)
        self.matching: SelectedLineSource | None = None
        self.view = LogView(translate("ClusterLog", "Log"))
        self.view.set_source(self.lines)
        self.view.set_timestamps(TimeStyle.TIME)
        self.lines.appended.connect(self._look_at_new)
        self.lines.trimmed.connect(lambda _count: self._search())
        column = flush_column(self)
        column.addLayout(self._make_tools())
        column.addWidget(self.view, 1)
        self.foot = label("", Text.SMALL, Tone.MUTED)
        self.foot.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        column.addWidget(self.foot)
        self.view.search_wanted.connect(self.search.setFocus)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)

    def _make_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.XS)
        self.search = SearchField(translate("ClusterLog", "Search these lines"))
        self.search.changed.connect(lambda _text: self._search())
        self.search.stepped.connect(self.view.step_hit)
        self.only = tool_button(
            "filter", translate("ClusterLog", "Show only matching lines"), self._search, checkable=True
        )
        self.hits = label("", Text.SMALL, Tone.MUTED)
        self.view.hit_changed.connect(lambda *_place: self._tell_hits())
        self.container = ElidedCombo(translate("ClusterLog", "Container"))
        self.container.setMinimumWidth(150)
        self.container.activated.connect(lambda _index: self._begin())
        self.previous = Chip(translate("ClusterLog", "Previous run"), checkable=True)
        set_tip(self.previous, translate("ClusterLog", "What the containers said before they were last started again"))
        self.previous.toggled.connect(lambda _on: self._begin())
        self.wrap = tool_button("wrap", translate("ClusterLog", "Wrap long lines"), self._on_wrap, checkable=True)
        self.follow = tool_button("follow", translate("ClusterLog", "Follow the end"), self._on_follow, checkable=True)
        self.follow.setChecked(True)
        self.view.follow_changed.connect(self.follow.setChecked)
        for widget in (self.search, self.only, self.hits, self.container, self.previous):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.wrap)
        row.addWidget(self.follow)
        return row

    # --- what is shown ---

    def show_log(self, row: ClusterRow) -> None:
        """Of another object, or of the same again: what was read is kept while nobody looked."""
        fresh = self._row is None or (self._row.context, self._row.key) != (row.context, row.key)
        self._row = row
        if fresh:
            self.previous.setChecked(False)
            self.container.clear()
            self.container.addItem(translate("ClusterLog", "All containers"), "")
            for name in row.containers:
                self.container.addItem(name, name)
            self.container.setVisible(len(row.containers) > 1)
        if fresh or self._lease is None:
            self._begin()

    def rest(self) -> None:
        if self._lease is not None:
            self._lease.end()
            self._lease = None

    def _begin(self) -> None:
        row = self._row
        if row is None:
            return
        self.rest()
        self.lines.clear()
        self._sources.clear()
        self._search()
        self.foot.setText(translate("ClusterLog", "Reading…"))
        request = ClusterLogs(
            target=row.target, container=str(self.container.currentData() or ""), tail=_TAIL,
            previous=self.previous.isChecked(), follow=not self.previous.isChecked(), joining=True,
        )  # fmt: skip
        self._lease = self._shell.client.stream(lambda engine: _rows(engine, row, request), self._on_rows, self._on_end)

    def _on_rows(self, rows: list[LogRow]) -> None:
        new = {row.source for row in rows} - self._sources.keys()
        for source in sorted(new):
            self._sources[source] = (source, len(self._sources))
        if new and len(self._sources) > 1:
            self.view.set_source_styles(self._sources)
        self.lines.extend(rows)
        self._tell_count()

    def _on_end(self, error: BaseException | None) -> None:
        if error is not None:
            words = words_of(error)
            self.lines.extend([LogRow(f"{words.title} {words.text}".strip(), note=True)])
        self._tell_count()
        if not self.lines.line_count():
            self.foot.setText(translate("ClusterLog", "Nothing was said."))

    def _tell_count(self) -> None:
        count = self.lines.line_count()
        self.foot.setText(translate("ClusterLog", "{0} lines", None, count).format(grouped(count)))

    # --- looking into it ---

    def _on_wrap(self) -> None:
        self.view.set_wrap(on=self.wrap.isChecked())

    def _on_follow(self) -> None:
        self.view.set_follow(on=self.follow.isChecked())

    def _search(self) -> None:
        text = self.search.text()
        self._pattern = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self.view.set_search(self._pattern)
        found = self._matches(0)
        if self._pattern is not None and self.only.isChecked():
            self.matching = SelectedLineSource(self.lines, found, self)
            self.view.set_source(self.matching)
            self.view.set_hits(range(len(found)))
        else:
            if self.matching is not None:
                self.matching = None
                self.view.set_source(self.lines)
            self.view.set_hits(found)
        self._tell_hits()

    def _matches(self, first: int) -> list[int]:
        if self._pattern is None:
            return []
        numbers = range(first, self.lines.line_count())
        return [number for number in numbers if (row := self.lines.row(number)) and self._pattern.search(row.text)]

    def _look_at_new(self, count: int) -> None:
        found = self._matches(self.lines.line_count() - count)
        if not found:
            return
        if self.matching is None:
            self.view.add_hits(found)
            return
        before = self.matching.line_count()
        self.matching.add_numbers(found)
        self.view.add_hits(range(before, before + len(found)))

    def _tell_hits(self) -> None:
        place, count = self.view.hit_place
        self.hits.setText(f"{grouped(place)} / {grouped(count)}" if self._pattern is not None else "")
