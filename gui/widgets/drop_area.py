"""Files dragged over a widget from elsewhere: shows what a drop would do, and hands over their paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.theme import Radius, Role, Size, Space, Text, color, font, paint_icon

if TYPE_CHECKING:
    from collections.abc import Callable


class DropArea(QWidget):
    """Lies invisible over a widget until local files are dragged over it that are offered something.

    `offer` says in words what dropping a path would do, "" for nothing. What is offered the same as the first goes
    together; `dropped` carries those paths. Drags that began in this program are left alone.
    """

    dropped = Signal(list)

    def __init__(self, target: QWidget, offer: Callable[[str], str]) -> None:
        super().__init__(target)
        self._target, self._offer, self._words = target, offer, ""
        target.setAcceptDrops(True)
        target.installEventFilter(self)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def accepted_paths(self, data: QMimeData) -> list[str]:
        """The local files among what is dragged that are offered what the first of them is."""
        offers = [(url.toLocalFile(), self._offer(url.toLocalFile())) for url in data.urls() if url.isLocalFile()]
        self._words = next((words for _path, words in offers if words), "")
        return [path for path, words in offers if words and words == self._words]

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            if event.source() is not None or not self.accepted_paths(event.mimeData()):
                return False  # whoever is behind this one may want it
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
