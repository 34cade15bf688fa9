"""A log with its tools: follow, search the whole history, filter by words and levels, jump to a time, keep."""

from __future__ import annotations

import contextlib
from array import array
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from engine.errors import NotFound
from engine.types.expressions import quick_characters
from engine.types.logs import ExportLogs, Level, LogSummary, SearchLogs
from gui.pages.log.filters import LogFilter, fill_filter_menu
from gui.pages.log.level_map import LevelMap
from gui.pages.log.search import LogSearch, marking
from gui.pages.log.source import EngineLogSource
from gui.plain_text import set_tip
from gui.presentation.units import bytes_text
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, menu_button, tool_button
from gui.widgets.chips import ChipBar
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column
from gui.widgets.logview import LogView, SelectedLineSource, TimeStyle
from gui.widgets.search_field import SearchField
from gui.words import grouped, translate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gui.shell import Shell

_ERRORS = (Level.ERROR, Level.FATAL)
_WARNINGS = (Level.WARNING,)


class LogPanel(QWidget):
    """A tool row over a log view, and a line below that tells what is shown. `show_log` takes the facade's names."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self.shell = shell
        self.client = shell.client
        self.name = ""
        self._title = ""
        self.source: EngineLogSource | None = None
        self.filtered: SelectedLineSource | None = None
        self._before_filter: int | None = None
        """The line at the top before a filter was set; None at the end."""
        self._step_wanted = 0
        self._asked = LogFilter()
        self._summary: LogSummary | None = None
        self._goto_ns = 0
        self._watching = False
        """Seen, and its streams are leased."""
        self.hunt = LogSearch(shell.client, self)
        self.view = LogView(translate("Logs", "Log"))
        self.level_map = LevelMap(shell.client, self.view, self)
        self.context = QAction(translate("Logs", "Show this line in the whole log"), self)
        self.context.setShortcut("Ctrl+Return")
        self.context.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.context.triggered.connect(self.show_in_context)
        self.context.setEnabled(False)
        self.view.addAction(self.context)
        column = flush_column(self)
        column.addLayout(self._make_tools())
        column.addWidget(self.view, 1)
        column.addLayout(self._make_foot())
        self.view.search_wanted.connect(self.search.setFocus)
        self.view.follow_changed.connect(self._follow.setChecked)
        self.view.hit_changed.connect(lambda _position, _total: self._tell_hits())
        self.hunt.found.connect(self._on_found)
        self.hunt.progressed.connect(self._tell_hits)
        self.hunt.failed.connect(self._on_search_error)
        self.client.machines_changed.connect(self._on_machines)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        self._apply_choices()

    # --- building ---

    def _make_tools(self) -> QHBoxLayout:
        self.tools = row = QHBoxLayout()
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.XS)
        self.search = SearchField(translate("Logs", "Search the whole log"))
        self.search.setMinimumWidth(200)
        self.search.changed.connect(lambda _text: self._search_if_new())
        self.search.stepped.connect(self._step)
        row.addWidget(self.search)
        self._count = label("", Text.SMALL, Tone.MUTED)
        self._regex = tool_button("braces", translate("Logs", "Regular expression"), self._search, checkable=True)
        self.only = tool_button("filter", translate("Logs", "Show only matching lines"), self._search, checkable=True)
        self._inverse = tool_button("minus", translate("Logs", "Hide matching lines"), self._search, checkable=True)
        for knob in (self._regex, self.only, self._inverse):
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
        self.levels.changed.connect(lambda _keys: self._search_if_new())
        row.addWidget(self.levels)
        row.addStretch(1)
        self._wrap = tool_button("wrap", translate("Logs", "Wrap long lines"), self._on_choice, checkable=True)
        self._follow = tool_button("follow", translate("Logs", "Follow the end"), self._on_follow, checkable=True)
        self._follow.setChecked(True)
        row.addWidget(self._wrap)
        row.addWidget(self._follow)
        kept = QMenu(self)
        kept.aboutToShow.connect(
            lambda: fill_filter_menu(kept, self.shell.settings, self.current_filter(), self.apply_filter)
        )
        filters = menu_button("", kept, "star", Variant.GHOST)
        filters.setAccessibleName(translate("Logs", "Kept filters"))
        set_tip(filters, filters.accessibleName())
        row.addWidget(filters)
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
        menu.addAction(translate("Logs", "Clear the view"), self.clear)
        menu.addAction(translate("Logs", "Show everything again"), self.unclear)
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

    # --- which log ---

    def show_log(self, name: str, title: str) -> None:
        """Show a log and follow it; the same one again goes on where it was. `title` is for people and file names."""
        self._title = title
        if name != self.name or self.source is None:
            self.suspend()
            self.name, self._summary = name, None
            self.source = EngineLogSource(self.client, name, self._on_error, self)
            self.source.arrived.connect(self.hunt.arrived)
            self.source.arrived.connect(self.level_map.arrived)
            self.source.appended.connect(lambda _count: self._describe())
            self.source.reset.connect(self._on_reset)
            self.filtered = None
            self.view.set_source(self.source)
        self._watching = True
        self.source.open()
        self.shell.run(self._load_summary(name))
        self._search()

    def suspend(self) -> None:
        """Out of sight: nothing streams."""
        if self.source is not None:
            self.source.close()
        self.hunt.end()
        self.level_map.end()
        self._watching = False

    def forget(self) -> None:
        self.suspend()
        self.name, self._goto_ns = "", 0
        self.view.set_source(None)
        self.source = self.filtered = None
        self.search.clear()

    def show_time(self, time_ns: int) -> None:
        """Jump to the first line of a moment, as after a click in a graph."""
        self._goto_ns = time_ns
        self._go_on_to_time()

    def set_source_styles(self, styles: Mapping[str, tuple[str, int]]) -> None:
        """For merged logs: each container's label and colour."""
        self.view.set_source_styles(styles)

    # --- loading ---

    async def _load_summary(self, name: str) -> None:
        with contextlib.suppress(NotFound):  # removed meanwhile: the page tells that, and shows the list
            await self._count_lines(name)

    def _shows(self, name: str) -> bool:
        """Still, after having waited."""
        return self._watching and name == self.name

    async def _count_lines(self, name: str) -> None:
        summary = await self.client.call(lambda engine: engine.logs.summary(name))
        if not self._shows(name) or self.source is None:
            return
        self._summary = summary
        self._describe()
        if not summary.indexed:
            # The numbers told so far are estimates; this question waits for the index.
            await self.client.call(lambda engine: engine.logs.line_at(name, 0))
            summary = await self.client.call(lambda engine: engine.logs.summary(name))
            if not self._shows(name) or self.source is None:
                return
            self._summary = summary
            self.source.begin_anew()
            self._search()
        self.source.set_summary(summary)
        self.level_map.ask(name, summary.bytes)
        self._describe()

    def _go_on_to_time(self) -> None:
        """As soon as there are lines to go to."""
        if self._goto_ns and self.source is not None and self.source.line_count():
            self.shell.run(self._go_to(self.name, self._goto_ns))
            self._goto_ns = 0

    async def _go_to(self, name: str, time_ns: int) -> None:
        try:
            number = await self.client.call(lambda engine: engine.logs.line_at(name, time_ns))
        except NotFound:
            return
        if self.source is not None and name == self.name and self.filtered is None:
            self.view.set_follow(on=False)
            self.view.go_to_line(min(max(0, number - self.source.origin), self.source.line_count() - 1))

    def _on_reset(self) -> None:
        self._describe()
        self._go_on_to_time()

    def _on_machines(self) -> None:
        if self.source is not None and self._watching and self.client.is_connected:
            self.source.go_on()

    def _on_error(self, error: BaseException) -> None:
        self._foot.setText(translate("Logs", "The log cannot be read: {0}").format(error))

    def _describe(self) -> None:
        if self.source is None:
            return
        lines = self.source.line_count()
        parts = [translate("Logs", "{0} lines", None, lines).format(grouped(lines))]
        if self._summary is not None:
            parts.append(bytes_text(self._summary.bytes))
            if not self._summary.indexed:
                parts.append(translate("Logs", "counting the lines…"))
            if self._summary.first_number:
                dropped = grouped(self._summary.first_number)
                parts.append(
                    translate(
                        "Logs", "{0} older lines dropped by the size limit", None, self._summary.first_number
                    ).format(dropped)
                )
        self._foot.setText("  ·  ".join(parts))

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

    def _search_if_new(self) -> None:
        """A field tells of a change when nobody has typed for a moment. By then it may have been asked, and whoever
        looks at one of the lines found would lose it."""
        if self.current_filter() != self._asked:
            self._search()

    def _search(self) -> None:
        self._asked = self.current_filter()
        self.hunt.end()
        self._step_wanted = 0
        question = self._question()
        self._tell_map()
        if question is None or self.source is None:
            self.view.set_search(None)
            self.view.set_hits([])
            self._unfilter()
            self._count.setText("")
            return
        pattern = marking(question)
        if question.pattern and pattern is None:
            self._count.setText(translate("Logs", "not a valid expression"))
            return
        reach = quick_characters(pattern.pattern) if pattern is not None else 0
        self.view.set_search(pattern if not question.inverse else None, most=reach)
        if self.only.isChecked() or question.inverse or not question.pattern:
            if self.filtered is None:
                self._before_filter = None if self.view.following else self.view.visible_range()[0]
            self.filtered = SelectedLineSource(self.source, (), self)
            self.view.set_source(self.filtered)
        else:
            self._unfilter()
            self.view.set_hits([])
        self._tell_map()
        self.hunt.ask(self.name, question)

    def _tell_map(self) -> None:
        filtered = self.filtered is not None
        self.context.setEnabled(filtered)
        if self.source is not None:
            self.level_map.set_origin(self.source.origin)
        self.level_map.set_shown(on=not filtered)

    def show_in_context(self) -> None:
        """Out of the filter, at the line looked at in it."""
        if self.filtered is not None:
            self.apply_filter(LogFilter())

    def current_filter(self) -> LogFilter:
        """What the tools say now."""
        return LogFilter(
            self.search.text(), self._regex.isChecked(), self.only.isChecked(), self._inverse.isChecked(),
            tuple(sorted(self.levels.checked())),
        )  # fmt: skip

    def apply_filter(self, chosen: LogFilter) -> None:
        self._regex.setChecked(chosen.regex)
        self.only.setChecked(chosen.only)
        self._inverse.setChecked(chosen.inverse)
        self.levels.set_checked(chosen.levels)
        self.search.setText(chosen.pattern)
        self._search()

    def _unfilter(self) -> None:
        """The whole log again, at the line looked at while it was filtered, or else where it stood before."""
        if self.filtered is None:
            return
        looked_at = self.view.current_line
        if looked_at < 0 and not self.view.following:
            looked_at = self.view.visible_range()[0]
        place = self.filtered.base_index(looked_at) if looked_at >= 0 else self._before_filter
        self.filtered = None
        self._tell_map()
        self.view.set_source(self.source)
        if place is not None:
            self.view.set_follow(on=False)
            if looked_at >= 0:
                self.view.go_to_line(place)
            else:
                self.view.verticalScrollBar().setValue(place)

    def _step(self, step: int) -> None:
        """To the next hit; Enter that was faster than the search goes to the first that is found."""
        self._step_wanted = step if self.hunt.searching and not self.view.hit_place[1] else 0
        self.view.step_hit(step)

    def _on_found(self, numbers: Sequence[int]) -> None:
        if self.source is None:
            return
        origin = self.source.origin
        shown = array("q", [number - origin for number in numbers if number >= origin] if origin else numbers)
        if self.filtered is not None:
            self.filtered.add_numbers(shown)
        else:
            self.view.add_hits(shown)
            if self._step_wanted and self.view.hit_place[1]:
                step, self._step_wanted = self._step_wanted, 0
                self.view.step_hit(step)

    def _tell_hits(self) -> None:
        state, (position, total) = self.hunt.last, self.view.hit_place
        if not self.name or self._question() is None:
            return
        if self.hunt.searching and state.total_bytes and not state.finished:
            share = 100 * state.scanned_bytes // state.total_bytes
            words = translate("Logs", "{0} matches, {1} % searched", None, state.matches).format(
                grouped(state.matches), share
            )
        elif self.filtered is None and total and position:
            words = translate("Logs", "{0} of {1}").format(grouped(position), grouped(total))
        else:
            words = translate("Logs", "{0} matches", None, len(self.hunt.hits)).format(grouped(len(self.hunt.hits)))
        self._count.setText(words)

    def _on_search_error(self, error: BaseException) -> None:
        self._count.setText(translate("Logs", "cannot search: {0}").format(error))

    # --- choices ---

    def _on_follow(self) -> None:
        if self._follow.isChecked():
            self.view.go_to_end()
        else:
            self.view.set_follow(on=False)

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

    def clear(self) -> None:
        """Show only what comes from now on."""
        if self.source is not None:
            self.source.clear_view()
            self._search()

    def unclear(self) -> None:
        if self.source is not None:
            self.source.show_all()
            self._search()

    async def _export(self) -> None:
        name, title = self.name, self._title
        if not name:
            return
        path = await self.shell.choose_save_file(
            translate("Logs", "Export the log of {0}").format(title),
            f"{title}.log",
            translate("Logs", "Logs (*.log *.log.gz)"),
        )
        if not path:
            return
        question = self._question() if self.filtered is not None else None
        request = ExportLogs(path=path, gzip=path.endswith(".gz"), search=question)
        await self.client.operate(lambda engine: engine.logs.export(name, request))
        self.shell.toast(translate("Logs", "Exported to {0}").format(path), Tone.SUCCESS)
