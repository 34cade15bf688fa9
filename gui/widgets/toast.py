"""Short messages over the window's corner that go away by themselves, unless pointed at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.theme import Radius, Role, Size, Space, Text, Tone, color, paint_icon, theme
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.labels import label
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

_ICONS = {
    Tone.DANGER: "error",
    Tone.WARNING: "warning",
    Tone.SUCCESS: "check-circle",
}
_WIDTH = 360
_MOST = 4
_COUNTDOWN_MS = 50
_LINE = 2


class Toast(QWidget):
    """One message with at most one button ("Undo", "Show")."""

    over = Signal()
    grown = Signal()
    """Its words have changed, and with them perhaps its height."""

    def __init__(
        self,
        text: str,
        tone: Tone,
        detail: str,
        action: str,
        act: Callable[[], object] | None,
        seconds: float,
        *,
        countdown: bool = False,
    ) -> None:
        super().__init__()
        self._tone = tone
        self.setFixedWidth(_WIDTH)
        self._text = text
        self.setAccessibleName(f"{text} {detail}".strip())
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M + Size.ICON + Space.S, Space.S, Space.XS, Space.S)
        row.setSpacing(Space.XS)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label(text, Text.STRONG if detail else Text.BODY, wrap=True))
        self._detail = label(detail, Text.SMALL, Tone.NEUTRAL, wrap=True)
        if detail:
            words.addWidget(self._detail)
        row.addLayout(words, 1)
        if action and act is not None:
            row.addWidget(button(action, variant=Variant.LINK, on_click=lambda: self._act(act)))
        row.addWidget(tool_button("x", translate("Toast", "Dismiss"), self.dismiss), 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self, singleShot=True, interval=round(seconds * 1000))
        self._timer.timeout.connect(self.dismiss)
        self._countdown = QTimer(self, interval=_COUNTDOWN_MS) if countdown else None
        if self._countdown is not None:
            self._countdown.timeout.connect(self.update)
            self._countdown.start()
        if seconds > 0:
            self._timer.start()

    def set_detail(self, detail: str) -> None:
        """Say the second line anew; there must have been one."""
        self._detail.setText(detail)
        self.setAccessibleName(f"{self._text} {detail}")
        self.grown.emit()

    def dismiss(self) -> None:
        self.hide()
        self.over.emit()

    def _act(self, act: Callable[[], object]) -> None:
        act()
        self.dismiss()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if self._timer.interval() > 0:
            self._timer.start()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(color(Role.BORDER_STRONG))
        painter.setBrush(color(Role.RAISED))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), Radius.LARGE, Radius.LARGE)
        sign = QRectF(Space.M, Space.S + 6, Size.ICON, Size.ICON)
        paint_icon(painter, sign, _ICONS.get(self._tone, "info"), theme().tone(self._tone))
        if self._countdown is not None:
            self._paint_countdown(painter)

    def _paint_countdown(self, painter: QPainter) -> None:
        """The time that is left, as a line along the lower edge; whole while somebody points at it."""
        whole = self._timer.interval()
        left = self._timer.remainingTime() / whole if self._timer.isActive() else 1.0
        room = self.width() - 2 * Radius.LARGE
        line = QRectF(Radius.LARGE, self.height() - _LINE - 1, room * max(0.0, left), _LINE)
        painter.fillRect(line, color(Role.ACCENT))


class ToastStack(QObject):
    """Keeps toasts in the lower right corner of a window."""

    def __init__(self, window: QWidget, *, bottom: int = Space.XXL) -> None:
        super().__init__(window)
        self._window = window
        self._bottom = bottom
        self._toasts: list[Toast] = []
        window.installEventFilter(self)

    def show(
        self,
        text: str,
        tone: Tone = Tone.INFO,
        *,
        detail: str = "",
        action: str = "",
        act: Callable[[], object] | None = None,
        seconds: float = 6.0,
        countdown: bool = False,
    ) -> Toast:
        """Show a message; `seconds` 0 keeps it until it is dismissed. The oldest goes when there are too many.

        `countdown` draws the time that is left.
        """
        toast = Toast(text, tone, detail, action, act, seconds, countdown=countdown)
        toast.setParent(self._window)
        toast.over.connect(lambda: self._remove(toast))
        toast.grown.connect(self._place)
        self._toasts.append(toast)
        while len(self._toasts) > _MOST:
            self._toasts[0].dismiss()
        self._place()  # before it is seen: where it was made, a resting pointer would hold it for ever
        toast.show()
        toast.raise_()
        return toast

    def toasts(self) -> list[Toast]:
        return list(self._toasts)

    def clear(self) -> None:
        for toast in list(self._toasts):
            toast.dismiss()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _remove(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            toast.deleteLater()
            self._place()

    def _place(self) -> None:
        y = self._window.height() - self._bottom
        for toast in reversed(self._toasts):
            height = toast.heightForWidth(_WIDTH)
            toast.resize(_WIDTH, height)
            y -= height
            toast.move(self._window.width() - _WIDTH - Space.L, y)
            y -= Space.S
