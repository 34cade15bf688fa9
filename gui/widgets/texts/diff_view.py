"""A unified text difference, coloured by line."""

from __future__ import annotations

from PySide6.QtGui import QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from gui.theme import Role, Text, color, font, mono, theme
from gui.words import translate

_MOST = 5_000
"""Lines that are coloured; a longer difference is shown whole, but plain below."""


class DiffView(QPlainTextEdit):
    """Read-only; also shows plain text and, as hex, bytes that are no text."""

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name or translate("DiffView", "Difference"))
        self.setReadOnly(True)
        self.setProperty("role", "plain")
        self.setFont(mono(Text.SMALL))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._is_diff = False
        theme().changed.connect(self._color)

    def set_diff(self, text: str) -> None:
        """Show a difference as `diff -u` writes it."""
        self._is_diff = True
        self.setFont(mono(Text.SMALL))
        self.setPlainText(text or translate("DiffView", "No difference"))
        self._color()

    def set_contents(self, data: bytes, *, cut: bool = False) -> None:
        """Show a file; bytes that are no text as hex."""
        self._is_diff = False
        self.setFont(mono(Text.SMALL))
        text = hex_dump(data[:65_536]) if looks_binary(data) else data.decode("utf-8", "replace")
        self.setPlainText(text + ("\n…" if cut else ""))
        self._color()

    def set_message(self, words: str) -> None:
        """A sentence of ours instead of a file."""
        self._is_diff = False
        self.setFont(font(Text.BODY))
        self.setPlainText(words)
        self._color()

    def _color(self) -> None:
        marks: list[QTextEdit.ExtraSelection] = []
        block = self.document().firstBlock()
        while self._is_diff and block.isValid() and block.blockNumber() < _MOST:
            pair = _line_roles(block.text())
            if pair is not None:
                mark = QTextEdit.ExtraSelection()
                style = QTextCharFormat()
                ink, back = pair
                style.setForeground(color(ink))
                if back is not None:
                    style.setBackground(color(back))
                    style.setProperty(QTextFormat.Property.FullWidthSelection, True)  # noqa: FBT003
                mark.format = style
                cursor = QTextCursor(block)
                if back is None:
                    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
                mark.cursor = cursor
                marks.append(mark)
            block = block.next()
        self.setExtraSelections(marks)


def _line_roles(line: str) -> tuple[Role, Role | None] | None:
    if line.startswith(("+++", "---")):
        return Role.TEXT_MUTED, None
    if line.startswith("@@"):
        return Role.INFO, None
    if line.startswith("+"):
        return Role.TEXT, Role.SUCCESS_SOFT
    return (Role.TEXT, Role.DANGER_SOFT) if line.startswith("-") else None


def looks_binary(data: bytes) -> bool:
    """As grep decides: a NUL byte near the start."""
    return b"\0" in data[:8192]


def hex_dump(data: bytes) -> str:
    """Sixteen bytes a line with their offset and their ASCII."""
    lines = []
    for at in range(0, len(data), 16):
        piece = data[at : at + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        lines.append(f"{at:08x}  {piece.hex(' '):<47}  {shown}")
    return "\n".join(lines)
