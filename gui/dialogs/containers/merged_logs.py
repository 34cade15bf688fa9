"""The logs of several containers: in one, each line in its container's colour, or in columns side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from gui.pages.log.panel import LogPanel
from gui.theme import Space, Text
from gui.widgets.labels import ElidedLabel
from gui.widgets.layouts import flush_column
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        self.panel = LogPanel(shell)
        self.panel.set_source_styles({key: (name, number) for number, (key, name) in enumerate(self._names.items())})
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
        self.finished.connect(lambda _code: self._rest())

    def _show_merged(self) -> None:
        self.panel.show_log(f"merged:{','.join(self._names)}", "-".join(sorted(self._names.values())[:4]))

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

    def _rest(self) -> None:
        for panel in (self.panel, *self.columns):
            panel.suspend()
