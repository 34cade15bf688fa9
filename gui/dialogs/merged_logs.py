"""The logs of several containers in one, each line in its container's colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QVBoxLayout

from gui.pages.log.panel import LogPanel
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.shell import Shell


class MergedLogsDialog(QDialog):
    """A window of its own, so that it can stay beside the main one. The whole history of all is in it."""

    def __init__(self, shell: Shell, containers: Sequence[str], time_ns: int = 0) -> None:
        super().__init__(shell.dialog_parent)
        self.setModal(False)
        self.setWindowTitle(translate("MergedLogs", "Logs of {0} containers").format(len(containers)))
        self.resize(1040, 640)
        mirror = shell.client.mirror.containers
        names = {key: mirror[key].name for key in containers if key in mirror}
        self.panel = LogPanel(shell)
        self.panel.set_source_styles({key: (name, number) for number, (key, name) in enumerate(names.items())})
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)
        self.panel.show_log(f"merged:{','.join(names)}", "-".join(sorted(names.values())[:4]))
        if time_ns:
            self.panel.show_time(time_ns)
        self.finished.connect(lambda _code: self.panel.suspend())
