"""The one question of quitting: what becomes of the services that run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import label
from gui.words import named_or_counted, translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.settings import WindowSettings

_MOST_NAMES = 8


class QuitDialog(QDialog):
    """Keep them running, stop them, or stay."""

    decided = Signal(bool)
    """True: stop the services."""

    def __init__(self, parent: QWidget, names: Sequence[str], settings: WindowSettings) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setObjectName("quit")
        self.setWindowTitle(translate("QuitDialog", "Quit Wherry"))
        self.setMinimumWidth(460)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        title = named_or_counted(
            names,
            translate("QuitDialog", "{0} is still running"),
            translate("QuitDialog", "%n services are still running", None, len(names)),
        )
        column.addWidget(label(title, Text.TITLE, wrap=True))
        text = translate(
            "QuitDialog",
            "They can go on without this window and will be here when you open it again. "
            "Restart rules and the docker socket rest until then.",
        )
        column.addWidget(label(text, wrap=True))
        if len(names) > 1:
            shown = ", ".join(names[:_MOST_NAMES]) + (" …" if len(names) > _MOST_NAMES else "")
            column.addWidget(label(shown, Text.BODY, Tone.MUTED, wrap=True))
        self.remember = QCheckBox(translate("QuitDialog", "Do the same next time without asking"))
        column.addWidget(self.remember)
        column.addSpacing(Space.S)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(button(translate("QuitDialog", "Stay"), on_click=self.reject))
        row.addStretch(1)
        self.stop = button(translate("QuitDialog", "Stop them and quit"), on_click=lambda: self._decide(stop=True))
        self.keep = button(
            translate("QuitDialog", "Keep running and quit"), "", Variant.PRIMARY, lambda: self._decide(stop=False)
        )
        self.keep.setDefault(True)
        row.addWidget(self.stop)
        row.addWidget(self.keep)
        column.addLayout(row)

    def _decide(self, *, stop: bool) -> None:
        if self.remember.isChecked():
            self._settings.on_quit = "stop" if stop else "keep"
        self.accept()
        self.decided.emit(stop)
