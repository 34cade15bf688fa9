"""The logs of several containers in one, each line in its container's colour."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout

from engine.types.logs import LogLine, ReadLogs
from gui.pages.container.log_source import log_row
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.labels import label
from gui.widgets.logview import LogView, MemoryLineSource, SelectedLineSource, TimeStyle
from gui.widgets.search_field import SearchField
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.shell import Shell

_TAIL = 500


class MergedLogsDialog(QDialog):
    """A window of its own, so that it can stay beside the main one."""

    def __init__(self, shell: Shell, containers: Sequence[str]) -> None:
        super().__init__(shell.dialog_parent)
        self.setModal(False)
        self.setWindowTitle(translate("MergedLogs", "Logs of {0} containers").format(len(containers)))
        self.resize(960, 600)
        self.source = MemoryLineSource(parent=self)
        self._filtered: SelectedLineSource | None = None
        self._pattern: re.Pattern[str] | None = None
        self.view = LogView(self.windowTitle())
        self.view.set_source(self.source)
        self.view.set_timestamps(TimeStyle.TIME)
        mirror = shell.client.mirror.containers
        names = {key: mirror[key].name for key in containers if key in mirror}
        self.view.set_source_styles({key: (name, number) for number, (key, name) in enumerate(names.items())})
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        tools = QHBoxLayout()
        tools.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        tools.setSpacing(Space.S)
        search = SearchField(translate("MergedLogs", "Search what is shown"))
        search.changed.connect(self._search)
        search.stepped.connect(self.view.step_hit)
        self._only = tool_button(
            "filter",
            translate("MergedLogs", "Show only matching lines"),
            lambda: self._search(search.text()),
            checkable=True,
        )
        self._count = label("", Text.SMALL, Tone.MUTED)
        for widget in (search, self._only, self._count):
            tools.addWidget(widget)
        tools.addStretch(1)
        tools.addWidget(button(translate("MergedLogs", "To the end"), "follow", Variant.GHOST, self._to_end))
        column.addLayout(tools)
        column.addWidget(self.view, 1)
        wanted = tuple(names)
        request = ReadLogs(tail=_TAIL, follow=True)
        lease = shell.client.stream(lambda engine: engine.logs.merged(wanted, request), self._on_lines, self._on_end)
        self.finished.connect(lambda _code: lease.end())

    def _on_lines(self, lines: list[LogLine]) -> None:
        before = self.source.line_count()
        self.source.extend(log_row(line) for line in lines)
        if self._pattern is not None and self._filtered is not None and self.source.line_count() > before:
            hits = [before + n for n, line in enumerate(lines) if self._pattern.search(line.text)]
            self._filtered.add_numbers(hits)

    def _on_end(self, error: BaseException | None) -> None:
        if error is not None:
            self._count.setText(str(error))

    def _search(self, text: str) -> None:
        self._pattern = re.compile(re.escape(text), re.IGNORECASE if text == text.lower() else 0) if text else None
        self.view.set_search(self._pattern)
        hits = [n for n, row in enumerate(self.source.rows()) if self._pattern and self._pattern.search(row.text)]
        self._count.setText(translate("MergedLogs", "{0} matches").format(len(hits)) if text else "")
        if self._only.isChecked() and text:
            self._filtered = SelectedLineSource(self.source, hits, self)
            self.view.set_source(self._filtered)
        else:
            if self._filtered is not None:
                self._filtered = None
                self.view.set_source(self.source)
            self.view.set_hits(hits)

    def _to_end(self) -> None:
        self.view.go_to_end()
        self.view.set_follow(on=True)
