"""Layers as a stack: at the left a column in true proportion, beside it a row per layer with the step that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from gui.plain_text import set_tip
from gui.theme import Radius, Role, Space, Text, color, font, mono, theme
from gui.widgets.painted.accessible import Item, Part, tell_current
from gui.widgets.painted.mirror import mirrored
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROW = 54
_COLUMN = 34
_BRIDGE = 26


class StackLayer(NamedTuple):
    """One layer. `hidden` of its bytes can no longer be seen; `key` comes back in signals."""

    key: int
    step: str
    size: int
    size_words: str
    detail: str = ""
    hidden: int = 0


class LayerStack(QAbstractScrollArea):
    """Newest layer on top, as they lie. Up and Down move; `chosen` carries the layer's key (−1 for the whole)."""

    chosen = Signal(int)
    accessible_kind = Part.List

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name or translate("LayerStack", "Layers"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._layers: list[StackLayer] = []
        self._current = -1
        self._hover = -1
        self.viewport().setMouseTracking(True)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self.viewport().update())
        self.verticalScrollBar().setSingleStep(_ROW // 2)
        theme().changed.connect(self.viewport().update)

    def set_layers(self, layers: Sequence[StackLayer]) -> None:
        """Layers bottom first; shown the other way round."""
        self._layers = list(reversed(layers))
        self._current = -1
        self._fit()
        self.viewport().update()

    def current_key(self) -> int:
        return self._layers[self._current].key if 0 <= self._current < len(self._layers) else -1

    def select(self, key: int) -> None:
        """Choose without telling."""
        self._current = next((row for row, layer in enumerate(self._layers) if layer.key == key), -1)
        self._tell()
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(420, min(8, max(3, len(self._layers))) * _ROW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.viewport().height()
        self.verticalScrollBar().setRange(0, max(0, len(self._layers) * _ROW + Space.S - room))
        self.verticalScrollBar().setPageStep(room)

    def _row_rect(self, row: int) -> QRectF:
        left = Space.S + _COLUMN + _BRIDGE
        y = row * _ROW - self.verticalScrollBar().value() + Space.XS
        return self._put(QRectF(left, y, self.viewport().width() - left - Space.S, _ROW - Space.XS))

    def _put(self, part: QRectF, whole: QRectF | None = None) -> QRectF:
        """Where a part thought from the left is, in the viewport or in another part."""
        if not self.isRightToLeft():
            return part
        return mirrored(part, QRectF(self.viewport().rect()) if whole is None else whole)

    def accessible_items(self) -> list[Item]:
        return [
            Item(
                f"{layer.step}, {layer.size_words}", self._row_rect(row), description=layer.detail,
                chosen=row == self._current, current=row == self._current,
            )
            for row, layer in enumerate(self._layers)
        ]  # fmt: skip

    def _column_rects(self) -> list[QRectF]:
        """The column in true proportion; what would be thinner than a hairline gets one."""
        total = sum(layer.size for layer in self._layers) or 1
        height = self.viewport().height() - 2 * Space.S
        least = 1.5
        rects, y = [], float(Space.S)
        spare = height - least * len(self._layers)
        for layer in self._layers:
            tall = least + max(0.0, spare) * layer.size / total
            rects.append(self._put(QRectF(Space.S, y, _COLUMN, tall)))
            y += tall
        return rects

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), color(Role.SURFACE))
        columns = self._column_rects()
        for row, rect in enumerate(columns):
            self._paint_block(painter, row, rect)
        largest = max((layer.size for layer in self._layers), default=0) or 1
        for row in range(len(self._layers)):
            rect = self._row_rect(row)
            if rect.bottom() >= 0 and rect.top() <= self.viewport().height():
                if row in (self._current, self._hover):
                    self._paint_bridge(painter, row, columns[row], rect)
                self._paint_row(painter, row, rect, largest)

    def _paint_block(self, painter: QPainter, row: int, rect: QRectF) -> None:
        ink = theme().series(self._layers[row].key)
        painter.setPen(Qt.PenStyle.NoPen)
        faded = self._current >= 0 and row != self._current
        ink.setAlphaF(0.35 if faded else 0.9)
        painter.setBrush(ink)
        gap = 1.0 if rect.height() > 4 else 0.0
        painter.drawRoundedRect(rect.adjusted(0, 0, 0, -gap), 2, 2)
        hidden = self._layers[row].hidden
        if hidden and rect.height() > 3:
            tall = rect.height() * min(1.0, hidden / max(1, self._layers[row].size))
            painter.fillRect(
                QRectF(rect.left(), rect.bottom() - tall, rect.width(), tall - gap),
                QBrush(color(Role.SURFACE, 0.8), Qt.BrushStyle.BDiagPattern),
            )

    def _paint_bridge(self, painter: QPainter, row: int, block: QRectF, rect: QRectF) -> None:
        near, far = (block.left(), rect.right()) if self.isRightToLeft() else (block.right(), rect.left())
        path = QPainterPath(QPointF(near, block.top()))
        path.lineTo(QPointF(far, rect.top() + Radius.MEDIUM))
        path.lineTo(QPointF(far, rect.bottom() - Radius.MEDIUM))
        path.lineTo(QPointF(near, block.bottom()))
        path.closeSubpath()
        ink = theme().series(self._layers[row].key)
        ink.setAlphaF(0.14)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillPath(path, ink)

    def _paint_row(self, painter: QPainter, row: int, rect: QRectF, largest: int) -> None:
        layer = self._layers[row]
        chosen = row == self._current
        if chosen or row == self._hover:
            painter.setPen(color(Role.ACCENT) if chosen and self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(color(Role.SELECTED if chosen else Role.HOVER))
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), Radius.MEDIUM, Radius.MEDIUM)
        inner = rect.adjusted(Space.S, Space.XS, -Space.S, -Space.XS)
        numbers = font(Text.SMALL, tabular=True)
        size_width = QFontMetricsF(numbers).horizontalAdvance(layer.size_words)
        top = QRectF(inner.left(), inner.top(), inner.width(), 18)
        painter.setFont(numbers)
        painter.setPen(color(Role.TEXT_SECONDARY if layer.size else Role.TEXT_MUTED))
        painter.drawText(top, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, layer.size_words)
        fount = mono(Text.SMALL)
        painter.setFont(fount)
        painter.setPen(color(Role.TEXT if layer.size else Role.TEXT_SECONDARY))
        room = top.width() - size_width - Space.M
        step = QFontMetricsF(fount).elidedText(layer.step, Qt.TextElideMode.ElideRight, room)
        painter.drawText(top, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, step)
        self._paint_bar(painter, QRectF(inner.left(), inner.top() + 22, inner.width(), 4), layer, largest)
        painter.setFont(font(Text.CAPTION))
        painter.setPen(color(Role.TEXT_MUTED))
        below = QRectF(inner.left(), inner.top() + 28, inner.width(), 16)
        detail = QFontMetricsF(font(Text.CAPTION)).elidedText(layer.detail, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, detail)

    def _paint_bar(self, painter: QPainter, bar: QRectF, layer: StackLayer, largest: int) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(Role.TRACK))
        painter.drawRoundedRect(bar, 2, 2)
        if not layer.size:
            return
        filled = QRectF(bar.left(), bar.top(), max(4.0, bar.width() * layer.size / largest), bar.height())
        painter.setBrush(theme().series(layer.key))
        painter.drawRoundedRect(self._put(filled, bar), 2, 2)
        if layer.hidden:
            wide = max(2.0, filled.width() * min(1.0, layer.hidden / layer.size))
            painter.setBrush(color(Role.DANGER))
            lost = QRectF(filled.right() - wide, bar.top(), wide, bar.height())
            painter.drawRoundedRect(self._put(lost, bar), 2, 2)

    def _at(self, point: QPointF) -> int:
        beside = self._put(QRectF(point, QSizeF(0, 0))).left() > Space.S + _COLUMN
        if not beside:
            return next((row for row, rect in enumerate(self._column_rects()) if rect.contains(point)), -1)
        row = int((point.y() + self.verticalScrollBar().value() - Space.XS) // _ROW)
        return row if 0 <= row < len(self._layers) else -1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._at(event.position())
        self._choose(-1 if row == self._current else row)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        row = self._at(event.position())
        if row != self._hover:
            self._hover = row
            layer = self._layers[row] if row >= 0 else None
            set_tip(self, f"{layer.step}\n{layer.detail}".strip() if layer is not None else "")
            self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and self._layers:
            self._choose(min(len(self._layers) - 1, max(0, self._current + step)))
        elif event.key() == Qt.Key.Key_Escape and self._current >= 0:
            self._choose(-1)
        else:
            super().keyPressEvent(event)

    def _choose(self, row: int) -> None:
        if row == self._current:
            return
        self._current = row
        if row >= 0:
            bar = self.verticalScrollBar()
            top = row * _ROW
            bar.setValue(min(max(bar.value(), top + _ROW + Space.S - self.viewport().height()), top))
        self._tell()
        tell_current(self, row)
        self.viewport().update()
        self.chosen.emit(self.current_key())

    def _tell(self) -> None:
        if 0 <= self._current < len(self._layers):
            layer = self._layers[self._current]
            self.setAccessibleDescription(f"{layer.step}, {layer.size_words}. {layer.detail}")
        else:
            self.setAccessibleDescription("")
