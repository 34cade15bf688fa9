"""Where the bytes are: boxes as large as their share, two levels deep; click to go in, Backspace to come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.plain_text import set_tip
from gui.theme import Role, Space, Text, Tone, color, font, theme
from gui.widgets.painted.accessible import Item, Part, tell_current
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

_TITLE = 18
_GAP = 2.0


@dataclass(frozen=True)
class TreemapNode:
    """A box. `key` comes back in signals; `tone` colours what changed, else the place in the list does."""

    key: str
    name: str
    size: int
    words: str = ""
    folder: bool = False
    tone: Tone | None = None
    children: tuple[TreemapNode, ...] = field(default=())


class Treemap(QWidget):
    """Shows the children of one folder. `entered(key)` for a click on a folder, `picked(key)` for one on a file."""

    entered = Signal(object)
    picked = Signal(object)
    left = Signal()
    accessible_kind = Part.List

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.setAccessibleName(name or translate("Treemap", "Where the bytes are"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(200, 120)
        self._nodes: list[TreemapNode] = []
        self._hover: TreemapNode | None = None
        self._current = 0
        theme().changed.connect(self.update)

    def set_nodes(self, nodes: Sequence[TreemapNode]) -> None:
        self._nodes = sorted((node for node in nodes if node.size > 0), key=lambda node: -node.size)
        self._hover, self._current = None, 0
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._nodes:
            painter.setPen(color(Role.TEXT_MUTED))
            painter.setFont(font(Text.BODY))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, translate("Treemap", "Nothing here takes room"))
            return
        for index, (node, rect) in enumerate(self._placed()):
            self._paint_node(painter, node, rect, index)

    def _placed(self) -> list[tuple[TreemapNode, QRectF]]:
        rects = squarify([node.size for node in self._nodes], QRectF(self.rect()))
        return list(zip(self._nodes, rects, strict=True))

    def accessible_items(self) -> list[Item]:
        return [
            Item(f"{node.name} {node.words}".strip(), rect, current=number == self._current)
            for number, (node, rect) in enumerate(self._placed())
        ]

    def _paint_node(self, painter: QPainter, node: TreemapNode, rect: QRectF, index: int) -> None:
        box = rect.adjusted(_GAP / 2, _GAP / 2, -_GAP / 2, -_GAP / 2)
        if box.width() < 1 or box.height() < 1:
            return
        ink = theme().tone(node.tone) if node.tone is not None else theme().series(index)
        fill = QColor(ink)
        lit = node is self._hover
        fill.setAlphaF((0.30 if lit else 0.18) if node.folder else (0.42 if lit else 0.30))
        focused = self.hasFocus() and index == self._current
        painter.setPen(QPen(color(Role.ACCENT), 2) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(box, 3, 3)
        if box.height() >= _TITLE and box.width() > 30:
            self._paint_words(painter, node, box)
        inner = box.adjusted(3, _TITLE, -3, -3)
        if node.children and inner.width() > 24 and inner.height() > 18:
            self._paint_children(painter, node, inner, ink)

    def _paint_words(self, painter: QPainter, node: TreemapNode, box: QRectF) -> None:
        fount = font(Text.CAPTION)
        metrics = QFontMetricsF(fount)
        line = QRectF(box.left() + 5, box.top() + 1, box.width() - 10, _TITLE - 2)
        painter.setFont(fount)
        name = node.name + ("/" if node.folder else "")
        room = line.width()
        sized = metrics.horizontalAdvance(node.words) + Space.S
        if metrics.horizontalAdvance(name) + sized <= room:
            painter.setPen(color(Role.TEXT_SECONDARY))
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, node.words)
            room -= sized
        painter.setPen(color(Role.TEXT))
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_children(self, painter: QPainter, node: TreemapNode, inner: QRectF, ink: QColor) -> None:
        children = sorted((c for c in node.children if c.size > 0), key=lambda c: -c.size)
        rest = node.size - sum(child.size for child in children)
        sizes = [child.size for child in children] + ([rest] if rest > 0 else [])
        fount = font(Text.CAPTION)
        painter.setFont(fount)
        for child, rect in zip(children, squarify(sizes, inner), strict=False):
            box = rect.adjusted(0.5, 0.5, -0.5, -0.5)
            if box.width() < 2 or box.height() < 2:
                continue
            fill = QColor(theme().tone(child.tone) if child.tone is not None else ink)
            fill.setAlphaF(0.30)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            painter.drawRoundedRect(box, 2, 2)
            if box.width() > 44 and box.height() > 15:
                painter.setPen(color(Role.TEXT_SECONDARY))
                words = box.adjusted(4, 0, -4, 0)
                words.setHeight(min(words.height(), 16))
                name = child.name + ("/" if child.folder else "")
                shown = QFontMetricsF(fount).elidedText(name, Qt.TextElideMode.ElideRight, words.width())
                painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)

    def _at(self, point: QPointF) -> TreemapNode | None:
        return next((node for node, rect in self._placed() if rect.contains(point)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        node = self._at(event.position())
        if node is not self._hover:
            self._hover = node
            set_tip(self, f"{node.name}  {node.words}" if node is not None else "")
            shape = Qt.CursorShape.PointingHandCursor if node is not None else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and (node := self._at(event.position())) is not None:
            (self.entered if node.folder else self.picked).emit(node.key)
        elif event.button() is Qt.MouseButton.BackButton:
            self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}.get(
            Qt.Key(event.key()), 0
        )
        if step and self._nodes:
            self._current = (self._current + step) % len(self._nodes)
            node = self._nodes[self._current]
            tell_current(self, self._current)
            self.setAccessibleDescription(f"{node.name} {node.words}")
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._nodes:
            node = self._nodes[self._current]
            (self.entered if node.folder else self.picked).emit(node.key)
        elif event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Escape):
            self.left.emit()
        else:
            super().keyPressEvent(event)


def squarify(sizes: Sequence[int], area: QRectF) -> list[QRectF]:
    """Rectangles with areas in the ratio of `sizes` (largest first), each as square as can be."""
    total = float(sum(sizes))
    if total <= 0 or area.width() <= 0 or area.height() <= 0:
        return [QRectF(area.left(), area.top(), 0, 0) for _ in sizes]
    scale = area.width() * area.height() / total
    left = [size * scale for size in sizes]
    rects: list[QRectF] = []
    room = QRectF(area)
    at = 0
    while at < len(left):
        side = min(room.width(), room.height())
        end = at + 1
        while end < len(left) and _worst(left[at : end + 1], side) <= _worst(left[at:end], side):
            end += 1
        row = left[at:end]
        rects.extend(_lay_row(row, room))
        thick = sum(row) / max(side, 1e-9)
        if room.width() >= room.height():
            room.setLeft(room.left() + thick)
        else:
            room.setTop(room.top() + thick)
        at = end
    return rects


def _worst(row: list[float], side: float) -> float:
    """The worst aspect ratio in a row laid along `side`."""
    total = sum(row)
    if total <= 0 or side <= 0:
        return float("inf")
    return max(side * side * max(row) / (total * total), total * total / (side * side * max(min(row), 1e-9)))


def _lay_row(row: list[float], room: QRectF) -> list[QRectF]:
    total = sum(row)
    upright = room.width() >= room.height()
    side = room.height() if upright else room.width()
    thick = total / max(side, 1e-9)
    rects, at = [], room.top() if upright else room.left()
    for part in row:
        length = side * part / total if total else 0.0
        rects.append(QRectF(room.left(), at, thick, length) if upright else QRectF(at, room.top(), length, thick))
        at += length
    return rects
