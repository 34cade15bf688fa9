"""Icons: our own SVG line drawings, tinted with the theme's colours when they are painted.

An icon made here follows a change of theme by itself and is crisp at every scale, because its engine draws the SVG at
the device's own resolution and only then; the drawings are kept by name, colour and size.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.theme.theme import theme
from gui.theme.tokens import Role, Size
from resources import resource


def icon(name: str, role: Role = Role.TEXT_SECONDARY) -> QIcon:
    """An icon by the name of its file in resources/icons, in the colour of a role."""
    _source(name)  # an unknown name is a mistake of ours: fail here, not while painting
    return QIcon(_TintedEngine(name, role))


def pixmap(name: str, role: Role = Role.TEXT_SECONDARY, size: int = Size.ICON, ratio: float = 1.0) -> QPixmap:
    """An icon drawn once, `size` device-independent pixels wide."""
    return _drawn(name, theme().color(role).name(QColor.NameFormat.HexArgb), size, ratio)


def paint_icon(painter: QPainter, rect: QRect | QRectF, name: str, tint: QColor) -> None:
    """Draw an icon into a rectangle of a widget that paints itself."""
    ratio = painter.device().devicePixelRatio()
    side = round(min(rect.width(), rect.height()))
    drawn = _drawn(name, tint.name(QColor.NameFormat.HexArgb), side, ratio)
    center = QRectF(rect).center()
    painter.drawPixmap(round(center.x() - side / 2), round(center.y() - side / 2), drawn)


class _TintedEngine(QIconEngine):
    """Draws one SVG in the colour a role has now."""

    def __init__(self, name: str, role: Role) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        square = QRect(rect.left(), rect.top(), min(rect.width(), rect.height()), rect.height())
        paint_icon(painter, square, self._name, self._tint(mode))

    def pixmap(self, size: QSize, mode: QIcon.Mode, _state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, _state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, _state: QIcon.State, scale: float) -> QPixmap:
        # The size is device-independent; Qt works the ratio out from the size of what it gets.
        size = QSize(round(size.width() * scale), round(size.height() * scale))
        side = max(1, min(size.width(), size.height()))
        drawn = QPixmap(_drawn(self._name, self._tint(mode).name(QColor.NameFormat.HexArgb), side, 1.0))
        if size.width() > side:
            drawn = _at_left(drawn, size)
        drawn.setDevicePixelRatio(scale)
        return drawn

    def clone(self) -> QIconEngine:
        return _TintedEngine(self._name, self._role)

    def _tint(self, mode: QIcon.Mode) -> QColor:
        return theme().color(Role.TEXT_DISABLED if mode is QIcon.Mode.Disabled else self._role)


def _at_left(drawn: QPixmap, size: QSize) -> QPixmap:
    canvas = QPixmap(size)
    canvas.fill(Qt.GlobalColor.transparent)
    painter = QPainter(canvas)
    painter.drawPixmap(0, (size.height() - drawn.height()) // 2, drawn)
    painter.end()
    return canvas


@lru_cache(maxsize=512)
def _drawn(name: str, tint: str, side: int, ratio: float) -> QPixmap:
    pixels = max(1, round(side * ratio))
    result = QPixmap(pixels, pixels)
    result.fill(Qt.GlobalColor.transparent)
    opaque = QColor(tint)
    svg = _source(name).replace("currentColor", opaque.name(QColor.NameFormat.HexRgb))
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    painter = QPainter(result)
    painter.setOpacity(opaque.alphaF())
    renderer.render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    return resource(f"icons/{name}.svg").read_text(encoding="utf-8")
