"""A field that takes a whole `docker run` line for what it is, whichever way it is put in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QClipboard,
    QContextMenuEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
)
from PySide6.QtWidgets import QLineEdit

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QMimeData


class LineField(QLineEdit):
    """`line_given` carries a text of which `is_line` says that it is one; everything else goes in as text.

    The text is taken as it was copied: a field of one line would have made spaces of its newlines.
    """

    line_given = Signal(str)

    def __init__(self, is_line: Callable[[str], bool]) -> None:
        super().__init__()
        self._is_line = is_line

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not (event.matches(QKeySequence.StandardKey.Paste) and self._take_clipboard(QClipboard.Mode.Clipboard)):
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        middle = event.button() is Qt.MouseButton.MiddleButton
        selects = QGuiApplication.clipboard().supportsSelection()
        if not (middle and selects and self._take_clipboard(QClipboard.Mode.Selection)):
            super().mouseReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.createStandardContextMenu()
        for action in menu.actions():
            if action.objectName() == "edit-paste":
                action.triggered.disconnect()
                action.triggered.connect(self._paste)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def dropEvent(self, event: QDropEvent) -> None:
        if self._take(event.mimeData()):
            event.acceptProposedAction()
        else:
            super().dropEvent(event)

    def _paste(self) -> None:
        if not self._take_clipboard(QClipboard.Mode.Clipboard):
            self.paste()

    def _take_clipboard(self, mode: QClipboard.Mode) -> bool:
        return self._take(QGuiApplication.clipboard().mimeData(mode))

    def _take(self, data: QMimeData | None) -> bool:
        text = data.text() if data is not None and data.hasText() else ""
        if not self._is_line(text):
            return False
        self.line_given.emit(text)
        return True
