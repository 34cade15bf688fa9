"""How many containers each service of a project has; what that changes is shown before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QSpinBox

from engine.types.projects import UpProject
from gui.dialogs.short_form import ShortForm
from gui.widgets.labels import form_label
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types.projects import ReadProject
    from gui.shell import Shell

_MOST = 200


class ScaleDialog(ShortForm):
    """`counts`: each service with how many containers it has now."""

    def __init__(self, shell: Shell, source: ReadProject, counts: Mapping[str, int]) -> None:
        title = translate("ScaleDialog", "How many containers each service has")
        super().__init__(shell, title, translate("ScaleDialog", "See what would change…"))
        self._source, self._counts = source, dict(counts)
        self.boxes: dict[str, QSpinBox] = {}
        for name, count in self._counts.items():
            box = QSpinBox()
            box.setRange(0, _MOST)
            box.setValue(count)
            box.setAccessibleName(name)
            self.boxes[name] = box
            self.form.addRow(form_label(name), box)

    def submit(self) -> None:
        scale = {name: box.value() for name, box in self.boxes.items()}
        self.accept()
        self._shell.open_dialog("project-plan", request=UpProject(source=self._source, scale=scale))
