"""Text on a page: labels at a step of the type scale, elided labels, and code that can be selected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from gui.plain_text import set_tip
from gui.theme import Role, Size, Text, Tone, color, font, mono, theme
from gui.widgets.painted.accessible import Item, Part
from gui.widgets.painted.mirror import mirrored, side

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QColor


def label(text: str = "", scale: Text = Text.BODY, tone: Tone | None = None, *, wrap: bool = False) -> QLabel:
    """A plain label. Never interprets its text as HTML."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setFont(font(scale))
    made.setWordWrap(wrap)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    set_tone(made, tone)
    return made


_BREAKS = re.compile(r"([/\\:@_.,=-]+)|(\w{18})(?=\w)")


def breakable(text: str) -> str:
    """Text for a narrow column: paths and long names may be broken where they have a joint, or else in the middle."""
    return _BREAKS.sub(lambda found: found.group(0) + "\u200b", text)


def form_label(text: str) -> QLabel:
    """A label as high as the field beside it, so that both stand on one line."""
    made = label(text)
    made.setMinimumHeight(Size.CONTROL + 2)
    return made


def set_tone(target: QWidget, tone: Tone | None) -> None:
    """Change the colour a label takes from the style sheet."""
    wanted = tone.value if tone is not None else ""
    if target.property("tone") == wanted:
        return
    target.setProperty("tone", wanted)
    target.style().unpolish(target)
    target.style().polish(target)


class ElidedLabel(QWidget):
    """One line that gives up its middle or end rather than its neighbours' room; the whole text is its tooltip.

    `least` is how many characters it keeps when there is no room at all.
    """

    accessible_kind = Part.StaticText

    def accessible_items(self) -> tuple[Item, ...]:
        return ()

    def __init__(
        self,
        text: str = "",
        scale: Text = Text.BODY,
        role: Role = Role.TEXT,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
        parent: QWidget | None = None,
        *,
        least: int = 8,
    ) -> None:
        super().__init__(parent)
        self._least = least
        self._text = text
        self._role = role
        self._mode = mode
        self.setFont(font(scale))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_text(text)
        theme().changed.connect(self.update)

    @property
    def text(self) -> str:
        return self._text

    def set_text(self, text: str) -> None:
        if text == self._text and text == self.accessibleName():
            return
        self._text = text
        self.setAccessibleName(text)
        self._tell_whole()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(
            min(metrics.horizontalAdvance(self._text) + 2, metrics.averageCharWidth() * self._least), metrics.height()
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell_whole()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(color(self._role if self.isEnabled() else Role.TEXT_DISABLED))
        shown = QFontMetrics(self.font()).elidedText(self._text, self._mode, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def _tell_whole(self) -> None:
        cut = QFontMetrics(self.font()).horizontalAdvance(self._text) > self.width()
        set_tip(self, self._text if cut else "")


class SwatchLabel(QWidget):
    """A name beside the colour it has in a picture. The colour is asked for each time, as the theme may change."""

    accessible_kind = Part.StaticText

    def accessible_items(self) -> tuple[Item, ...]:
        return ()

    def __init__(self, text: str, ink: Callable[[], QColor], scale: Text = Text.SMALL) -> None:
        super().__init__()
        self._text, self._ink = text, ink
        self.setFont(font(scale))
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._text) + metrics.height() + 2, metrics.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = self.height() * 0.55
        swatch = QRectF(0, (self.height() - edge) / 2, edge, edge)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ink())
        whole, mirror = QRectF(self.rect()), self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        painter.drawRoundedRect(mirrored(swatch, whole) if mirror else swatch, 2, 2)
        painter.setFont(self.font())
        painter.setPen(color(Role.TEXT if self.font().weight() > QFont.Weight.Medium else Role.TEXT_SECONDARY))
        start = self.height() * 0.9
        place = QRectF(start, 0, self.width() - start, self.height())
        align = side(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, mirror=mirror)
        painter.drawText(mirrored(place, whole) if mirror else place, align, self._text)


class CodeLabel(QLabel):
    """Text of a machine in the fixed-pitch font, selectable by mouse and keyboard."""

    def __init__(self, text: str = "", scale: Text = Text.SMALL, *, wrap: bool = True) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(mono(scale))
        self.setWordWrap(wrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setCursor(Qt.CursorShape.IBeamCursor)
