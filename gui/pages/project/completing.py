"""Words offered while somebody types in a compose file: after a letter, or at once by Ctrl+Space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QCompleter, QListView

from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtWidgets import QPlainTextEdit

    from engine.types.projects import ProjectCompletion
    from gui.shell import Shell

_PAUSE_MS = 120
_LEAST_WIDTH = 240
_KEYS_OF_THE_LIST = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Escape)


class Completing(QObject):
    """On an editor's text. The engine knows what fits; this shows it and puts it in."""

    def __init__(self, shell: Shell, text: QPlainTextEdit) -> None:
        super().__init__(text)
        self._shell, self._text = shell, text
        self._asked = 0
        self._start = 0
        self.model = QStringListModel(self)
        self.list = QCompleter(self.model, self)
        self.popup = QListView()
        self.popup.setAccessibleName(translate("ComposeEditor", "What could stand here"))
        self.list.setPopup(self.popup)
        self.list.setWidget(text)
        self.list.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self.list.activated.connect(self._put)
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self.ask)
        QShortcut(QKeySequence("Ctrl+Space"), text, self.ask, context=Qt.ShortcutContext.WidgetShortcut)
        text.installEventFilter(self)

    def ask(self) -> None:
        """What could stand at the cursor."""
        self._timer.stop()
        if not self._text.isReadOnly() and self._shell.client.is_ready:
            self._asked += 1
            self._shell.run(self._ask(self._asked))

    async def _ask(self, number: int) -> None:
        cursor = self._text.textCursor()
        text, line, column = self._text.toPlainText(), cursor.blockNumber(), cursor.positionInBlock()
        found = await self._shell.client.call(lambda engine: engine.projects.complete(text, line, column))
        if number == self._asked and self._text.textCursor().position() == cursor.position():
            self._show(found)

    def _show(self, found: ProjectCompletion) -> None:
        self._start = found.start
        self.model.setStringList(list(found.words))
        if not found.words or not self._text.hasFocus():
            self.popup.hide()
            return
        place = self._text.cursorRect()
        place.setWidth(max(_LEAST_WIDTH, self.popup.sizeHintForColumn(0) + 32))
        self.list.complete(place)
        self.popup.setCurrentIndex(self.list.completionModel().index(0, 0))

    def _put(self, word: str) -> None:
        cursor = self._text.textCursor()
        back = cursor.positionInBlock() - self._start
        cursor.movePosition(cursor.MoveOperation.Left, cursor.MoveMode.KeepAnchor, max(0, back))
        cursor.insertText(word)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.type() is not QEvent.Type.KeyPress:
            return False
        shown = self.popup.isVisible()
        if shown and event.key() in _KEYS_OF_THE_LIST:
            event.ignore()  # the list takes it
            return True
        letters = event.text()
        if letters.isprintable() and letters.strip() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._timer.start()
        elif shown and event.key() != Qt.Key.Key_Shift:
            self._timer.start() if event.key() == Qt.Key.Key_Backspace else self.popup.hide()
        return False
