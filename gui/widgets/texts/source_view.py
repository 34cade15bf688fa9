"""A text with line numbers, to read; one line may be marked as wrong, the reason standing below it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import (
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from gui.theme import Role, Space, Text, color, mono, theme


class SourceView(QPlainTextEdit):
    """`set_text`, then `mark(line, message)`. Numbers count the text's own lines, not the remark."""

    def __init__(self, name: str) -> None:
        super().__init__(readOnly=True)
        self.setAccessibleName(name)
        self.setFont(mono(Text.SMALL))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self._marked = 0
        self._remark_blocks = 0
        self._numbers = _Numbers(self)
        self.blockCountChanged.connect(lambda _count: self._make_room())
        self.updateRequest.connect(self._scroll_numbers)
        theme().changed.connect(self._colour)
        self._make_room()

    def set_text(self, text: str) -> None:
        if text == self.property("source") and not self._marked:
            return
        self.setProperty("source", text)
        self._marked = self._remark_blocks = 0
        self.setPlainText(text)
        self._colour()

    def mark(self, line: int, message: str) -> None:
        """Line 1 is the first. The message becomes lines of its own below it, coloured as an error."""
        block = self.document().findBlockByNumber(line - 1)
        if self._marked or not block.isValid():
            return
        cursor = QTextCursor(block)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        indent = len(block.text()) - len(block.text().lstrip())
        remark = [f"{' ' * indent}↑ {text}" for text in message.splitlines() if text]
        for text in remark:
            cursor.insertBlock(QTextBlockFormat(), QTextCharFormat())
            cursor.insertText(text)
        self._marked, self._remark_blocks = line, len(remark)
        self._colour()
        self.setTextCursor(QTextCursor(self.document().findBlockByNumber(line - 1)))
        self.centerCursor()

    def number_of(self, block: QTextBlock) -> int:
        """The number shown beside a block, 0 for a remark."""
        number = block.blockNumber() + 1
        if not self._marked or number <= self._marked:
            return number
        return 0 if number <= self._marked + self._remark_blocks else number - self._remark_blocks

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        area = self.contentsRect()
        self._numbers.setGeometry(QRect(area.left(), area.top(), self._numbers.width_needed(), area.height()))

    def _make_room(self) -> None:
        self.setViewportMargins(self._numbers.width_needed(), 0, 0, 0)

    def _scroll_numbers(self, rect: QRect, dy: int) -> None:
        if dy:
            self._numbers.scroll(0, dy)
        else:
            self._numbers.update(0, rect.y(), self._numbers.width(), rect.height())

    def _colour(self) -> None:
        selections = []
        for offset in range(self._remark_blocks + 1 if self._marked else 0):
            selection = QTextEdit.ExtraSelection()
            selection.format.setBackground(color(Role.DANGER_SOFT))
            full_width = True
            selection.format.setProperty(QTextCharFormat.Property.FullWidthSelection, full_width)
            if offset:
                selection.format.setForeground(color(Role.DANGER))
            selection.cursor = QTextCursor(self.document().findBlockByNumber(self._marked - 1 + offset))
            selections.append(selection)
        self.setExtraSelections(selections)
        self._numbers.update()


class _Numbers(QWidget):
    def __init__(self, view: SourceView) -> None:
        super().__init__(view)
        self._view = view

    def width_needed(self) -> int:
        digits = max(2, len(str(self._view.blockCount())))
        return self._view.fontMetrics().horizontalAdvance("9") * digits + 2 * Space.M

    def sizeHint(self) -> QSize:
        return QSize(self.width_needed(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), color(Role.SUNKEN))
        painter.setFont(self._view.font())
        painter.setPen(color(Role.TEXT_MUTED))
        view = self._view
        block = view.firstVisibleBlock()
        top = view.blockBoundingGeometry(block).translated(view.contentOffset()).top()
        while block.isValid() and top <= event.rect().bottom():
            height = view.blockBoundingRect(block).height()
            number = view.number_of(block)
            if number:
                place = QRect(0, int(top), self.width() - Space.M, int(height))
                painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(number))
            top += height
            block = block.next()
