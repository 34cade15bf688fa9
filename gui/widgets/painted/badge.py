"""State at a glance: a coloured dot and a soft pill with a word. The word is always there, never colour alone."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gui.plain_text import set_tip
from gui.theme import Size, Space, Text, Tone, font, paint_icon, theme
from gui.widgets.painted.accessible import Item, Part

_HEIGHT = 20


def badge_width(text: str, fount: QFont, *, dot: bool = False, icon_name: str = "") -> float:
    """How wide `paint_badge` would draw."""
    sign = Size.ICON_SMALL + Space.XS if icon_name else (Space.M if dot else 0)
    return QFontMetricsF(fount).horizontalAdvance(text) + sign + 2 * Space.S


def badge_height(fount: QFont) -> float:
    return max(_HEIGHT, QFontMetricsF(fount).height() + Space.XS)


def paint_badge(
    painter: QPainter,
    rect: QRectF,
    text: str,
    tone: Tone,
    fount: QFont,
    *,
    dot: bool = False,
    icon_name: str = "",
) -> float:
    """Draw a pill at the left of `rect`, vertically centred; gives its width."""
    wanted = min(badge_width(text, fount, dot=dot, icon_name=icon_name), rect.width())
    high = badge_height(fount)
    pill = QRectF(rect.left(), rect.center().y() - high / 2, wanted, high)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().tone_soft(tone))
    painter.drawRoundedRect(pill, high / 2, high / 2)
    inner = pill.adjusted(Space.S, 0, -Space.S, 0)
    if icon_name:
        box = QRectF(inner.left(), inner.center().y() - 6, 12, 12)
        paint_icon(painter, box, icon_name, theme().tone(tone))
        inner.setLeft(inner.left() + Size.ICON_SMALL + Space.XS)
    elif dot:
        painter.setBrush(theme().tone(tone))
        painter.drawEllipse(QRectF(inner.left(), inner.center().y() - 3, 6, 6))
        inner.setLeft(inner.left() + Space.M)
    painter.setFont(fount)
    painter.setPen(theme().tone(tone))
    shown = QFontMetricsF(fount).elidedText(text, Qt.TextElideMode.ElideRight, inner.width() + 1)
    start = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute
    painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | start, shown)
    painter.restore()
    return wanted


def paint_dot(painter: QPainter, rect: QRectF, tone: Tone, *, hollow: bool = False, ring: bool = False) -> None:
    """Draw a state dot in the middle of `rect`; `hollow` for things at rest, `ring` adds a soft halo."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    center = rect.center()
    if ring:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().tone_soft(tone))
        painter.drawEllipse(center, 7.0, 7.0)
    if hollow:
        pen = painter.pen()
        pen.setColor(theme().tone_fill(tone))
        pen.setWidthF(1.5)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(center, 3.75, 3.75)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().tone_fill(tone))
        painter.drawEllipse(center, 4.0, 4.0)
    painter.restore()


class Badge(QWidget):
    """A pill with a word."""

    accessible_kind = Part.StaticText

    def accessible_items(self) -> tuple[Item, ...]:
        return ()

    def __init__(self, text: str = "", tone: Tone = Tone.NEUTRAL, *, dot: bool = False, icon_name: str = "") -> None:
        super().__init__()
        self._text, self._tone, self._dot, self._icon = text, tone, dot, icon_name
        self.setFont(font(Text.SMALL))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        theme().changed.connect(self.update)

    def set(self, text: str, tone: Tone, *, dot: bool | None = None, icon_name: str | None = None) -> None:
        self._text, self._tone = text, tone
        self._dot = self._dot if dot is None else dot
        self._icon = self._icon if icon_name is None else icon_name
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        return self._text

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def sizeHint(self) -> QSize:
        width = badge_width(self._text, self.font(), dot=self._dot, icon_name=self._icon)
        return QSize(int(width) + 1, round(badge_height(self.font())))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_badge(
            painter, QRectF(self.rect()), self._text, self._tone, self.font(), dot=self._dot, icon_name=self._icon
        )


class BadgeButton(QAbstractButton):
    """A pill that can be pressed: it leads to what its words are about."""

    def __init__(self, text: str = "", tone: Tone = Tone.NEUTRAL) -> None:
        super().__init__()
        self._tone = tone
        self.setFont(font(Text.SMALL))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set(text, tone)
        theme().changed.connect(self.update)

    def set(self, text: str, tone: Tone) -> None:
        self._tone = tone
        self.setText(text)
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def sizeHint(self) -> QSize:
        return QSize(int(badge_width(self.text(), self.font())) + 1, round(badge_height(self.font())) + 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        fount = QFont(self.font())
        fount.setUnderline(self.underMouse())
        paint_badge(painter, QRectF(self.rect()), self.text(), self._tone, fount)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme().tone(Tone.ACCENT), 1.5))
            ring = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)


class StateDot(QWidget):
    """A dot alone; give it a name, for those who do not see colours."""

    def __init__(self, tone: Tone = Tone.MUTED, name: str = "") -> None:
        super().__init__()
        self._tone = tone
        self._hollow = False
        self.setFixedSize(Size.ICON, Size.ICON)
        self.set(tone, name)
        theme().changed.connect(self.update)

    def set(self, tone: Tone, name: str, *, hollow: bool = False) -> None:
        self._tone, self._hollow = tone, hollow
        self.setAccessibleName(name)
        set_tip(self, name)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        paint_dot(QPainter(self), QRectF(self.rect()), self._tone, hollow=self._hollow, ring=not self._hollow)
