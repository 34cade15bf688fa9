"""The offer beside "Run" while a `docker run` line is in the clipboard: one click from a README to the filled form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from engine.recipe.faults import Unreadable
from gui.plain_text import set_tip
from gui.presentation.containers.run_line import looks_like_run_line, parse_run_line
from gui.presentation.containers.words import image_text
from gui.theme import Role, icon
from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

    from engine.types.containers import ContainerSpec
    from gui.shell import Shell

_MOST = 8192
_NAME = 32


class ClipboardLine(QPushButton):
    """Hidden while there is no such line."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._line = ""
        self.setIcon(icon("download", Role.ACCENT))
        self.setProperty("variant", "link")
        self.setAccessibleName(translate("ClipboardLine", "Paste a docker run line"))
        self.hide()
        self.clicked.connect(self._open)
        QGuiApplication.clipboard().dataChanged.connect(self.look)
        shell.dialog_parent.installEventFilter(self)

    def look(self) -> None:
        """Read the clipboard anew."""
        data: QMimeData | None = QGuiApplication.clipboard().mimeData()
        text = data.text() if data is not None and data.hasText() else ""
        self._line = text if len(text) <= _MOST and looks_like_run_line(text) else ""
        words = self._words()
        self.setText(words)
        self.setAccessibleName(words or translate("ClipboardLine", "Paste a docker run line"))
        set_tip(self, self._line.strip())
        self.setVisible(bool(words))

    def _words(self) -> str:
        if not self._line:
            return ""
        try:
            return offer_text(parse_run_line(self._line).spec)
        except Unreadable:
            return ""

    def _open(self) -> None:
        self._shell.open_dialog("run", line=self._line)

    def eventFilter(self, _watched: object, event: QEvent) -> bool:
        """Some desktops tell of the clipboard only to the window that is in front."""
        if event.type() == QEvent.Type.WindowActivate:
            self.look()
        return False


def offer_text(spec: ContainerSpec) -> str:
    """ "Paste: nginx on 8080"."""
    image = image_text(spec.image)
    image = image if len(image) <= _NAME else f"…{image[1 - _NAME :]}"
    port = next((port.host_port or port.container_port for port in spec.ports), 0)
    if port:
        return translate("ClipboardLine", "Paste: {0} on {1}").format(image, port)
    return translate("ClipboardLine", "Paste: {0}").format(image)
