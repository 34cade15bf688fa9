"""A bar of shares: how a whole is made up. Each share has a name, a size and a colour of the theme's series."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.theme import Radius, Role, color, theme
from gui.widgets.painted.accessible import Item, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QHelpEvent, QMouseEvent, QPaintEvent

_HEIGHT = 22
_LEAST = 3.0


class Share(NamedTuple):
    key: str
    size: float
    words: str
    color: int


class ShareBar(QWidget):
    """`clicked` carries the key of the share under the pointer. Its text for a screen reader is all shares in words."""

    clicked = Signal(str)
    accessible_kind = Part.List

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._shares: list[Share] = []
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def set_shares(self, shares: Sequence[Share]) -> None:
        self._shares = [share for share in shares if share.size > 0]
        self.setAccessibleDescription(", ".join(share.words for share in self._shares))
        self.update()

    def accessible_items(self) -> list[Item]:
        return [Item(share.words, place) for share, place in self.places()]

    def sizeHint(self) -> QSize:
        return QSize(300, _HEIGHT)

    def places(self) -> list[tuple[Share, QRectF]]:
        """The share of each, small ones widened until they can be seen."""
        total = sum(share.size for share in self._shares)
        if not total:
            return []
        room = self.width() - _LEAST * len(self._shares)
        found, x = [], 0.0
        for share in self._shares:
            width = _LEAST + room * share.size / total
            left = self.width() - x - width if self.layoutDirection() is Qt.LayoutDirection.RightToLeft else x
            found.append((share, QRectF(left, 0, width, self.height())))
            x += width
        return found

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), Radius.MEDIUM, Radius.MEDIUM)
        painter.setClipPath(outline)
        painter.fillRect(self.rect(), color(Role.TRACK))
        for share, place in self.places():
            painter.fillRect(place.adjusted(0, 0, -1, 0), theme().series(share.color))

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip:
            help_event: QHelpEvent = event  # type: ignore[assignment]  # Qt gives this type with a tool tip
            share = self._at(QPointF(help_event.pos()))
            QToolTip.showText(help_event.globalPos(), share.words if share else "", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        share = self._at(event.position())
        if share is not None:
            self.clicked.emit(share.key)

    def _at(self, point: QPointF) -> Share | None:
        return next((share for share, place in self.places() if place.contains(point)), None)
