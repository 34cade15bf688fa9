"""The log of a container: follow, search, filter by words and levels, jump to a time, keep."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout

from engine.types.logs import ExportLogs, Level, LogLine, SearchLogs, SearchProgress
from gui.pages.container.log_source import ContainerLogSource
from gui.pages.container.tab import DetailTab
from gui.presentation.units import bytes_text
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, menu_button, tool_button
from gui.widgets.chips import ChipBar
from gui.widgets.labels import label
from gui.widgets.logview import LogView, SelectedLineSource, TimeStyle
from gui.widgets.search_field import SearchField
from gui.words import grouped, translate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.types.containers import Container
    from engine.types.logs import LogSummary
    from gui.bridge import Engine, Lease
    from gui.shell import Shell

_ERRORS = (Level.ERROR, Level.FATAL)
_WARNINGS = (Level.WARNING,)


async def _one_by_one(source: AsyncIterator[SearchProgress]) -> AsyncIterator[tuple[SearchProgress]]:
    async for progress in source:
        yield (progress,)


class LogsTab(DetailTab):
    """A tool row over a log view, and a line below that tells what is shown."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._container: Container | None = None
        self.source: ContainerLogSource | None = None
        self._filtered: SelectedLineSource | None = None
        self._search_lease: Lease | None = None
        self._hits: list[int] = []
        self._goto_ns: int | None = None
        self.view = LogView(translate("Logs", "Log"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._make_tools())
        column.addWidget(self.view, 1)
        column.addLayout(self._make_foot())
        self.view.search_wanted.connect(self.search.setFocus)
        self.view.follow_changed.connect(self._on_follow_changed)
        self.view.hit_changed.connect(self._on_hit)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        self._apply_choices()

    # --- building ---

    def _make_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.XS)
        self.search = SearchField(translate("Logs", "Search the whole log"))
        self.search.setMinimumWidth(240)
        self.search.changed.connect(lambda _text: self._search())
        self.search.stepped.connect(self.view.step_hit)
        row.addWidget(self.search)
        self._count = label("", Text.SMALL, Tone.MUTED)
        self._regex = tool_button("braces", translate("Logs", "Regular expression"), self._search, checkable=True)
        self._only = tool_button("filter", translate("Logs", "Show only matching lines"), self._search, checkable=True)
        self._inverse = tool_button("minus", translate("Logs", "Hide matching lines"), self._search, checkable=True)
        for knob in (self._regex, self._only, self._inverse):
            row.addWidget(knob)
        row.addWidget(self._count)
        row.addSpacing(Space.S)
        self.levels = ChipBar(
            (
                ("error", translate("Logs", "Errors"), Tone.DANGER),
                ("warning", translate("Logs", "Warnings"), Tone.WARNING),
                ("stderr", translate("Logs", "stderr"), Tone.NEUTRAL),
            )
        )
        self.levels.changed.connect(lambda _keys: self._search())
        row.addWidget(self.levels)
        row.addStretch(1)
        self._wrap = tool_button("wrap", translate("Logs", "Wrap long lines"), self._on_choice, checkable=True)
        self._follow = tool_button("follow", translate("Logs", "Follow the end"), self._on_follow, checkable=True)
        self._follow.setChecked(True)
        row.addWidget(self._wrap)
        row.addWidget(self._follow)
        more = menu_button("", self._make_menu(), "more", Variant.GHOST)
        more.setAccessibleName(translate("Logs", "More"))
        row.addWidget(more)
        return row

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        self._times = self._choice(menu, translate("Logs", "Timestamps"), "times", default=True)
        self._colors = self._choice(menu, translate("Logs", "Colours of the program"), "colors", default=True)
        self._json = self._choice(menu, translate("Logs", "Lay out JSON"), "json", default=False)
        menu.addSeparator()
        menu.addAction(translate("Logs", "Copy all that is selected"), self.view.copy)
        menu.addAction(translate("Logs", "Export…"), lambda: self.shell.run(self._export()))
        menu.addSeparator()
        menu.addAction(translate("Logs", "Clear the view"), self._clear)
        menu.addAction(translate("Logs", "Show everything again"), self._unclear)
        return menu

    def _choice(self, menu: QMenu, words: str, key: str, *, default: bool) -> QAction:
        action = QAction(words, menu, checkable=True)
        action.setChecked(self.shell.settings.text(f"log-{key}", "1" if default else "0") == "1")
        action.setData(key)
        action.toggled.connect(lambda _on: self._on_choice())
        menu.addAction(action)
        return action

    def _make_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        self._foot = label("", Text.SMALL, Tone.MUTED)
        row.addWidget(self._foot)
        row.addStretch(1)
        return row

    # --- DetailTab ---

    def resume(self, container: Container) -> None:
        fresh = self._container is None or self._container.id != container.id
        self._container = container
        if fresh or self.source is None:
            self.source = ContainerLogSource(self.client, container.id, self._on_error, self)
            self.source.fresh_lines = self._on_fresh_lines
            self.source.appended.connect(lambda _count: self._describe())
            self.source.reset.connect(self._on_reset)
            self.view.set_source(self.source)
        self.source.open()
        self.shell.run(self._load_summary(container.id))
        self._search()

    def suspend(self) -> None:
        super().suspend()
        if self.source is not None:
            self.source.close()
        self._end_search()

    def forget(self) -> None:
        self._container = None
        self.view.set_source(None)
        self.source, self._filtered, self._hits = None, None, []
        self.search.clear()

    def show_time(self, time_ns: int) -> None:
        """Jump to the first line of a moment, as after a click in a graph."""
        if self._container is not None:
            self.shell.run(self._go_to(self._container.id, time_ns))

    # --- loading ---

    async def _load_summary(self, container_id: str) -> None:
        summary: LogSummary = await self.client.call(lambda engine: engine.logs.summary(container_id))
        self._summary_bytes = summary.bytes
        self._describe()

    async def _go_to(self, container_id: str, time_ns: int) -> None:
        number = await self.client.call(lambda engine: engine.logs.line_at(container_id, time_ns))
        if self.source is not None and self._filtered is None:
            self.view.set_follow(on=False)
            self.view.go_to_line(max(0, number - self.source.origin))

    def _on_reset(self) -> None:
        self._describe()
        if self._goto_ns is not None:
            moment, self._goto_ns = self._goto_ns, None
            self.show_time(moment)

    def _on_error(self, error: BaseException) -> None:
        self._foot.setText(translate("Logs", "The log cannot be read: {0}").format(error))

    def _describe(self) -> None:
        if self.source is None:
            return
        lines = self.source.line_count()
        words = translate("Logs", "{0} lines").format(grouped(lines))
        size = getattr(self, "_summary_bytes", 0)
        self._foot.setText(f"{words}  ·  {bytes_text(size)}" if size else words)

    # --- searching and filtering ---

    def _question(self) -> SearchLogs | None:
        """What is asked for now, or None."""
        keys = set(self.levels.checked())
        levels = (*(_ERRORS if "error" in keys else ()), *(_WARNINGS if "warning" in keys else ()))
        text = self.search.text()
        if not text and not levels and "stderr" not in keys:
            return None
        return SearchLogs(
            pattern=text,
            regex=self._regex.isChecked(),
            inverse=self._inverse.isChecked() and bool(text),
            levels=levels,
            stdout="stderr" not in keys,
        )

    def _pattern(self, question: SearchLogs) -> re.Pattern[str] | None:
        if not question.pattern:
            return None
        source = question.pattern if question.regex else re.escape(question.pattern)
        flags = 0 if question.pattern != question.pattern.lower() else re.IGNORECASE
        try:
            return re.compile(source, flags)
        except re.error:
            return None

    def _search(self) -> None:
        self._end_search()
        self._hits = []
        question = self._question()
        if question is None or self._container is None or self.source is None:
            self.view.set_search(None)
            self.view.set_hits([])
            self._count.setText("")
            self._unfilter()
            return
        pattern = self._pattern(question)
        if question.pattern and pattern is None:
            self._count.setText(translate("Logs", "not a valid expression"))
            return
        self.view.set_search(pattern if not question.inverse else None)
        if self._only.isChecked() or question.inverse or not question.pattern:
            self._filtered = SelectedLineSource(self.source, (), self)
            self.view.set_source(self._filtered)
        else:
            self._unfilter()
        key = self._container.id

        def work(engine: Engine) -> AsyncIterator[tuple[SearchProgress]]:
            return _one_by_one(engine.logs.search(key, question))

        self._search_lease = self.client.stream(work, self._on_hits, self._on_search_end)

    def _end_search(self) -> None:
        if self._search_lease is not None:
            self._search_lease.end()
            self._search_lease = None

    def _unfilter(self) -> None:
        if self._filtered is not None:
            self._filtered = None
            self.view.set_source(self.source)

    def _on_hits(self, batch: list[SearchProgress]) -> None:
        if self.source is None:
            return
        origin = self.source.origin
        fresh = [number - origin for progress in batch for number in progress.numbers if number >= origin]
        self._add_hits(fresh)
        last = batch[-1]
        if last.finished or not last.total_bytes:
            self._count.setText(translate("Logs", "{0} matches").format(last.matches))
        else:
            share = 100 * last.scanned_bytes // last.total_bytes
            self._count.setText(translate("Logs", "{0} matches, {1} % searched").format(last.matches, share))

    def _add_hits(self, fresh: list[int]) -> None:
        if not fresh:
            return
        self._hits.extend(fresh)
        if self._filtered is not None:
            self._filtered.add_numbers(fresh)
        else:
            self.view.set_hits(self._hits)

    def _on_search_end(self, error: BaseException | None) -> None:
        self._search_lease = None
        if error is not None:
            self._count.setText(translate("Logs", "cannot search: {0}").format(error))

    def _on_fresh_lines(self, lines: list[LogLine]) -> None:
        """Lines that came after the search: they are looked at here."""
        question = self._question()
        if question is None or self.source is None:
            return
        pattern = self._pattern(question)
        known = self._hits[-1] if self._hits else -1
        fits = [
            line.number - self.source.origin
            for line in lines
            if line.number - self.source.origin > known and _fits(line, question, pattern)
        ]
        self._add_hits(fits)

    def _on_hit(self, position: int, total: int) -> None:
        if total and position >= 0 and self._search_lease is None:
            self._count.setText(translate("Logs", "{0} of {1}").format(position + 1, total))

    # --- following ---

    def _on_follow(self) -> None:
        self.view.set_follow(on=self._follow.isChecked())
        if self._follow.isChecked():
            self._to_end()

    def _on_follow_changed(self, on: bool) -> None:  # noqa: FBT001
        self._follow.setChecked(on)

    def _to_end(self) -> None:
        self.view.go_to_end()
        self.view.set_follow(on=True)

    # --- choices ---

    def _on_choice(self) -> None:
        for action in (self._times, self._colors, self._json):
            self.shell.settings.set_text(f"log-{action.data()}", "1" if action.isChecked() else "0")
        self.shell.settings.set_text("log-wrap", "1" if self._wrap.isChecked() else "0")
        self._apply_choices()

    def _apply_choices(self) -> None:
        self._wrap.setChecked(self.shell.settings.text("log-wrap", "0") == "1")
        self.view.set_wrap(on=self._wrap.isChecked())
        self.view.set_timestamps(TimeStyle.TIME if self._times.isChecked() else TimeStyle.OFF)
        self.view.set_ansi(on=self._colors.isChecked())
        self.view.set_json(on=self._json.isChecked())

    def _clear(self) -> None:
        if self.source is not None:
            self.source.clear_view()
            self._search()

    def _unclear(self) -> None:
        if self.source is not None:
            self.source.show_all()
            self._search()

    async def _export(self) -> None:
        container = self._container
        if container is None:
            return
        path = await self.shell.choose_save_file(
            translate("Logs", "Export the log of {0}").format(container.name),
            f"{container.name}.log",
            translate("Logs", "Logs (*.log *.log.gz)"),
        )
        if not path:
            return
        question = self._question() if self._filtered is not None else None
        request = ExportLogs(path=path, gzip=path.endswith(".gz"), search=question)
        await self.client.operate(lambda engine: engine.logs.export(container.id, request))
        self.shell.toast(translate("Logs", "Exported to {0}").format(path), Tone.SUCCESS)


def _fits(line: LogLine, question: SearchLogs, pattern: re.Pattern[str] | None) -> bool:
    if question.levels and line.level not in question.levels:
        return False
    if not question.stdout and line.stream == "stdout":
        return False
    return pattern is None or (pattern.search(line.text) is not None) != question.inverse
