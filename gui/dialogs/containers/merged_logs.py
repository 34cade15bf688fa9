"""The logs of several containers: in one, each line in its container's colour, or in columns side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.types.logs import merged_name
from gui.pages.log.panel import LogPanel
from gui.presentation.containers.words import group_of
from gui.theme import Space, Text
from gui.widgets.labels import ElidedLabel
from gui.widgets.layouts import flush_column
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.bridge import ChangeSet
    from gui.shell import Shell

_MOST_COLUMNS = 6
"""More than that are read merged."""


class MergedLogsDialog(QDialog):
    """A window of its own, so that it can stay beside the main one. The whole history of all is in it."""

    def __init__(self, shell: Shell, containers: Sequence[str], time_ns: int = 0) -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self.setModal(False)
        self.setWindowTitle(translate("MergedLogs", "Logs of %n containers", None, len(containers)))
        self.resize(1040, 640)
        mirror = shell.client.mirror.containers
        self._names = {key: mirror[key].name for key in containers if key in mirror}
        groups = {group_of(mirror[key]) for key in self._names}
        self._group = groups.pop() if len(groups) == 1 else ""
        """The project or pod all of them are in: who comes into it joins."""
        self.panel = LogPanel(shell)
        shell.client.changed.connect(self._on_changed)
        self.columns: list[LogPanel] = []
        self.way = Segmented(
            (("merged", translate("MergedLogs", "Merged")), ("columns", translate("MergedLogs", "Columns"))),
            translate("MergedLogs", "How they are shown"),
        )
        self.way.changed.connect(self._show_way)
        self.way.setEnabled(1 < len(self._names) <= _MOST_COLUMNS)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.panel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.S, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.way, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._stack)
        self._show_merged()
        if time_ns:
            self.panel.show_time(time_ns)
        self._left = False
        self.finished.connect(self._leave)

    def _on_changed(self, changes: ChangeSet) -> None:
        change = changes.kinds.get("container")
        if change is None or not self._group or self._left:
            return
        known = len(self._names)
        self._names |= {
            key: one.name for key, one in change.upserted.items()
            if key not in self._names and group_of(one) == self._group
        }  # fmt: skip
        if len(self._names) == known:
            return
        self.setWindowTitle(translate("MergedLogs", "Logs of %n containers", None, len(self._names)))
        self._rest()
        if (beside := self._stack.widget(1)) is not None:  # made anew when it is wanted
            self._stack.removeWidget(beside)
            beside.deleteLater()
            self.columns = []
        self.way.setEnabled(1 < len(self._names) <= _MOST_COLUMNS)
        if self.way.current() == "columns" and not self.way.isEnabled():
            self.way.set_current("merged")
        self._show_way(self.way.current())

    def _show_merged(self) -> None:
        self.panel.set_source_styles({key: (name, number) for number, (key, name) in enumerate(self._names.items())})
        self.panel.show_log(merged_name(self._names), "-".join(sorted(self._names.values())[:4]))

    def _show_way(self, way: str) -> None:
        """Only what is seen follows its logs."""
        self._rest()
        if way == "merged":
            self._stack.setCurrentIndex(0)
            self._show_merged()
            return
        if not self.columns:
            self._stack.addWidget(self._make_columns())
        self._stack.setCurrentIndex(1)
        for panel, (key, name) in zip(self.columns, self._names.items(), strict=True):
            panel.show_log(key, name)

    def _make_columns(self) -> QWidget:
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        for name in self._names.values():
            panel = LogPanel(self._shell)
            panel.search.setMinimumWidth(80)
            box = QWidget()
            column = flush_column(box)
            title = ElidedLabel(name, Text.STRONG)
            title.setContentsMargins(Space.L, 0, 0, 0)
            column.addWidget(title)
            column.addWidget(panel)
            splitter.addWidget(box)
            self.columns.append(panel)
            panel.view.line_clicked.connect(lambda _line, time_ns, own=panel: self._go_along(own, time_ns))
        return splitter

    def _go_along(self, pointed: LogPanel, time_ns: int) -> None:
        """The other columns show the same moment."""
        for panel in self.columns:
            if panel is not pointed:
                panel.show_time(time_ns)

    def _leave(self, _code: int) -> None:
        self._left = True
        self._rest()

    def _rest(self) -> None:
        for panel in (self.panel, *self.columns):
            panel.suspend()
