"""The graphs of several containers in a window of its own, so that it can stay beside the main one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QVBoxLayout

from gui.pages.lists.figures_together import FiguresTogether, Group
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.shell import Shell


class GraphsDialog(QDialog):
    """One line for each container."""

    def __init__(self, shell: Shell, containers: Sequence[str]) -> None:
        super().__init__(shell.dialog_parent)
        self.setModal(False)
        mirror = shell.client.mirror.containers
        found = [mirror[key] for key in containers if key in mirror]
        self.setWindowTitle(translate("Graphs", "Graphs of %n containers", None, len(found)))
        self.resize(1040, 680)
        self.figures = FiguresTogether(shell, [Group(one.name, (one,)) for one in found])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.figures)
        self.figures.resume()
        self.finished.connect(lambda _code: self.figures.suspend())
