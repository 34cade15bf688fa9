"""Files dropped onto a page: shows where they would go, and hands over their paths."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.theme import Radius, Role, Size, Space, Text, color, font, paint_icon


class DropArea(QWidget):
    """Lies invisible over a widget until local files with a wanted ending are dragged over it."""

    dropped = Signal(list)

    def __init__(self, target: QWidget, words: str, endings: tuple[str, ...] = ()) -> None:
        super().__init__(target)
        self._target, self._words, self._endings = target, words, endings
        target.setAcceptDrops(True)
        target.installEventFilter(self)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def accepted_paths(self, data: QMimeData) -> list[str]:
        """The local files among what is dragged that have a wanted ending."""
        paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        return [path for path in paths if not self._endings or path.lower().endswith(self._endings)]

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            if self.accepted_paths(event.mimeData()):
                event.acceptProposedAction()
                self.setGeometry(self._target.rect())
                self.show()
                self.raise_()
            return True
        if kind in (QEvent.Type.DragLeave, QEvent.Type.Drop):
            self.hide()
            if isinstance(event, QDropEvent) and (paths := self.accepted_paths(event.mimeData())):
                event.acceptProposedAction()
                self.dropped.emit(paths)
            return True
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), color(Role.CANVAS, 0.88))
        box = QRectF(self.rect()).adjusted(Space.XL, Space.XL, -Space.XL, -Space.XL)
        painter.setPen(QPen(color(Role.ACCENT), 2, Qt.PenStyle.DashLine))
        painter.setBrush(color(Role.ACCENT_SOFT, 0.6))
        painter.drawRoundedRect(box, Radius.LARGE, Radius.LARGE)
        side = Size.ICON_HERO
        sign = QRectF(box.center().x() - side / 2, box.center().y() - side, side, side)
        paint_icon(painter, sign, "download", color(Role.ACCENT))
        painter.setPen(color(Role.TEXT))
        painter.setFont(font(Text.TITLE))
        words = QRectF(box.left(), sign.bottom() + Space.S, box.width(), 32)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self._words)
