"""The search field: debounced text, clear by Escape, a count of hits, next and previous."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from gui.theme import Role, icon
from gui.words import translate

_WIDTH = 240


class SearchField(QLineEdit):
    """A line to search or filter with. `changed` comes debounced, `submitted` and `stepped` at once."""

    changed = Signal(str)
    submitted = Signal(str)
    stepped = Signal(int)
    """+1 for the next hit (Enter, Down, F3), −1 for the one before (Shift+Enter, Up, Shift+F3)."""
    left = Signal()
    """Escape in an empty field."""

    def __init__(self, placeholder: str = "", *, delay_ms: int = 120, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "search")
        self.setPlaceholderText(placeholder or translate("SearchField", "Search"))
        self.setAccessibleName(self.placeholderText())
        self.setClearButtonEnabled(True)
        self.addAction(QAction(icon("search", Role.TEXT_MUTED), "", self), QLineEdit.ActionPosition.LeadingPosition)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(110)
        self.setMaximumWidth(320)
        self._timer = QTimer(self, singleShot=True, interval=delay_ms)
        self._timer.timeout.connect(lambda: self.changed.emit(self.text()))
        self.textChanged.connect(lambda _text: self._timer.start())

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH, super().sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F3):
            self._flush()
            self.submitted.emit(self.text())
            self.stepped.emit(-1 if back else 1)
        elif key == Qt.Key.Key_Down:
            self.stepped.emit(1)
        elif key == Qt.Key.Key_Up:
            self.stepped.emit(-1)
        elif key == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
                self._flush()
            else:
                self.left.emit()
        else:
            super().keyPressEvent(event)

    def _flush(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self.changed.emit(self.text())
