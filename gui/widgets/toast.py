"""Messages on a shelf of their own: they take room that nothing else uses, and so never cover anything.

Three kinds lie there, from the bottom up: what can be undone, what stands until it is dealt with, and what passes. Only
passing ones give way when there are many; what does not fit is counted, and read on the page `more_wanted` asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from shiboken6 import isValid

from gui.theme import Radius, Role, Size, Space, Text, Tone, color, font, grown, paint_icon, theme
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.labels import breakable, label
from gui.widgets.painted.accessible import announce
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ICONS = {
    Tone.DANGER: "error",
    Tone.WARNING: "warning",
    Tone.SUCCESS: "check-circle",
}
_MOST_PASSING = 3
_COUNTDOWN_MS = 100
_LEAST_MS = 2000
"""What is left at least after the pointer went away."""
_LEAST_ROOM = 120  # one message of four lines, and how many more there are
_LINE = 2


class Lasting(IntEnum):
    """How a message ends; the lower ones lie deeper on the shelf and are shown first."""

    UNDO = 0
    STANDING = 1
    PASSING = 2


@dataclass(frozen=True, slots=True)
class Deed:
    """A button of a message; the message goes when it is pressed, unless it `stays`."""

    text: str
    act: Callable[[], object]
    stays: bool = False


class Toast(QWidget):
    """One message with its buttons ("Undo", "Why?")."""

    over = Signal()
    grown = Signal()
    """Its words have changed, and with them perhaps its height."""

    def __init__(
        self, text: str, tone: Tone, detail: str, deeds: Sequence[Deed], seconds: float, lasting: Lasting
    ) -> None:
        super().__init__()
        self.lasting = lasting
        self.is_over = False
        self._came_from: QWidget | None = None
        self._tone = tone
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        column = QVBoxLayout(self)
        room = Size.ICON + Space.S if tone in _ICONS else 0
        column.setContentsMargins(Space.S + room, Space.XS, Space.XS, Space.XS + _LINE)
        column.setSpacing(0)
        self._title = label("", Text.SMALL, wrap=True)
        self._detail = label("", Text.CAPTION, Tone.NEUTRAL, wrap=lasting is not Lasting.UNDO)
        self._knobs = QWidget()
        self._flow = FlowLayout(self._knobs, spacing=Space.XS)
        first = QHBoxLayout()
        first.setSpacing(0)
        first.addWidget(self._title, 1)
        first.addWidget(tool_button("x", translate("Toast", "Dismiss"), self.dismiss), 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(first)
        if lasting is not Lasting.UNDO:  # else it stands beside the button
            column.addWidget(self._detail)
        column.addWidget(self._knobs)
        self._counting: QPushButton | None = None
        self._counting_words = ""
        self._whole = round(seconds * 1000)
        self._left = self._whole
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.dismiss)
        self._countdown = QTimer(self, interval=_COUNTDOWN_MS)
        self._countdown.timeout.connect(self._tell_time)
        self.tell(text, detail, deeds)
        if self._whole > 0:
            self._timer.start(self._whole)
        if lasting is Lasting.UNDO:
            self._countdown.start()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus)

    @property
    def paused(self) -> bool:
        return self._whole > 0 and not self._timer.isActive() and not self.is_over

    @property
    def seconds_left(self) -> int:
        left = self._timer.remainingTime() if self._timer.isActive() else self._left
        return max(0, -(-left // 1000))

    def tell(self, text: str, detail: str, deeds: Sequence[Deed]) -> None:
        """Say it anew, with new buttons; its time begins again."""
        self._text = text
        self._title.setText(breakable(text))
        self._knobs.setVisible(bool(deeds))
        if self._counting is None:
            self._flow.clear()
        for deed in deeds if self._counting is None else ():
            knob = button(deed.text, variant=Variant.LINK, on_click=lambda d=deed: self._act(d))  # type: ignore[misc]
            knob.setFont(font(Text.SMALL))
            self._flow.addWidget(knob)
            if self.lasting is Lasting.UNDO and self._counting is None:
                self._counting, self._counting_words = knob, deed.text
                self._flow.addWidget(self._detail)
        self._left = self._whole
        if self._timer.isActive():
            self._timer.start(self._whole)
        self._tell_time()
        self.set_detail(detail)

    def set_detail(self, detail: str) -> None:
        """Say the second line anew."""
        self._detail.setText(breakable(detail))
        self._detail.setVisible(bool(detail))
        self.setAccessibleName(f"{self._text} {detail}".strip())
        self.grown.emit()

    def dismiss(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._timer.stop()
            self._countdown.stop()
            self._give_focus_back()
            self.hide()
            self.over.emit()

    # --- its time ---

    def _act(self, deed: Deed) -> None:
        deed.act()
        if not deed.stays:
            self.dismiss()

    def _hold(self) -> None:
        if self._timer.isActive():
            self._left = max(self._timer.remainingTime(), min(_LEAST_MS, self._whole))
            self._timer.stop()

    def _release(self) -> None:
        inside = QApplication.focusWidget()
        if self.paused and not self.underMouse() and not (inside is not None and self.isAncestorOf(inside)):
            self._timer.start(self._left)

    def _give_focus_back(self) -> None:
        """Else Qt would hand it to the next message, whose time would then stand still for nobody."""
        inside = QApplication.focusWidget()
        if inside is not None and self.isAncestorOf(inside):
            if self._came_from is not None and isValid(self._came_from) and self._came_from.isVisible():
                self._came_from.setFocus()
            else:
                inside.clearFocus()

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        if new is not None and self.isAncestorOf(new):
            if old is not None and not self.isAncestorOf(old):
                self._came_from = old
            self._hold()
        elif not self.underMouse():
            self._release()

    def _tell_time(self) -> None:
        if self._counting is not None:
            self._counting.setText(translate("Toast", "{0} ({1} s)").format(self._counting_words, self.seconds_left))
        self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._hold()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._release()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(color(Role.BORDER_STRONG))
        painter.setBrush(color(Role.RAISED))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), Radius.LARGE, Radius.LARGE)
        if self._tone in _ICONS:
            sign = QRectF(Space.S, Space.S + 1, Size.ICON, Size.ICON)
            paint_icon(painter, sign, _ICONS[self._tone], theme().tone(self._tone))
        if self.lasting is Lasting.UNDO and self._whole:
            left = self._timer.remainingTime() if self._timer.isActive() else self._left
            room = self.width() - 2 * Radius.LARGE
            line = QRectF(Radius.LARGE, self.height() - _LINE - 1, room * min(1.0, max(0.0, left / self._whole)), _LINE)
            painter.fillRect(line, color(Role.ACCENT))


class ToastStack(QWidget):
    """The shelf: a column whose lower end is full first."""

    more_wanted = Signal()

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._toasts: list[Toast] = []
        self._keyed: dict[str, Toast] = {}
        self._more = button("", "", Variant.LINK, self.more_wanted.emit)
        self._more.setFont(font(Text.SMALL))
        self._more.setParent(self)
        self._more.hide()

    def show_message(
        self,
        text: str,
        tone: Tone = Tone.INFO,
        *,
        detail: str = "",
        deeds: Sequence[Deed] = (),
        seconds: float = 6.0,
        lasting: Lasting = Lasting.PASSING,
        key: str = "",
    ) -> Toast:
        """Put a message on the shelf; `seconds` 0 keeps it until it is dismissed. The one with its key says it anew."""
        known = self._keyed.get(key) if key else None
        if known is not None:
            known.tell(text, detail, deeds)
            return known
        toast = Toast(text, tone, detail, deeds, seconds, lasting)
        toast.over.connect(lambda: self._remove(toast))
        toast.grown.connect(self._place)
        self._toasts.append(toast)
        if key:
            self._keyed[key] = toast
        passing = [one for one in self._toasts if one.lasting is Lasting.PASSING]
        for old in passing[:-_MOST_PASSING]:
            old.dismiss()
        toast.setParent(self)
        self._place()
        announce(self, f"{text}. {detail}" if detail else text, urgent=tone is Tone.DANGER)
        return toast

    def toasts(self) -> list[Toast]:
        """All there are, the oldest first."""
        return list(self._toasts)

    def toast(self, key: str) -> Toast | None:
        return self._keyed.get(key)

    def clear(self) -> None:
        for toast in list(self._toasts):
            toast.dismiss()

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        """Room for one message and the count of the rest: what stands above in a small window gives way to it."""
        return QSize(0, grown(_LEAST_ROOM))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _remove(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            self._keyed = {key: one for key, one in self._keyed.items() if one is not toast}
            toast.deleteLater()
            self._place()

    def _place(self) -> None:
        """From the bottom up: the newest of each kind first, and as many as there is room for."""
        ordered = [one for kind in Lasting for one in reversed(self._toasts) if one.lasting is kind]
        heights = [toast.heightForWidth(self.width()) for toast in ordered]
        shown = self._fitting(heights, self.height())
        if shown < len(ordered):
            shown = self._fitting(heights, self.height() - self._more.sizeHint().height() - Space.S)
        y = self.height()
        for position, (toast, height) in enumerate(zip(ordered, heights, strict=True)):
            if position < shown:
                y -= height
                # Placed before it is seen: where it was made, a resting pointer would hold it for ever.
                toast.setGeometry(0, y, self.width(), height)
                y -= Space.S
            toast.setVisible(position < shown)
        hidden = len(ordered) - shown
        self._more.setVisible(hidden > 0)
        if hidden:
            self._more.setText(translate("Toast", "%n more in Activity", None, hidden))
            height = self._more.sizeHint().height()
            self._more.setGeometry(0, max(0, y - height + Space.S), self.width(), height)

    @staticmethod
    def _fitting(heights: Sequence[int], room: int) -> int:
        """How many of them fit below one another."""
        used = 0
        for number, height in enumerate(heights):
            used += height + (Space.S if number else 0)
            if used > room:
                return number
        return len(heights)
