"""The other machines, laid out below the switcher while a row is dragged over it: a drop asks to move or copy there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.pages.lists.row_drag import Thing, thing_in
from gui.presentation.remote.machines import machine_title
from gui.theme import Radius, Role, Size, Space, Text, color, font, grown, paint_icon
from gui.widgets.painted.mirror import mirrored, side
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell

_ROW = 36


class MachineTargets(QWidget):
    """Seen from when a row is dragged over the switcher until it is dropped or taken elsewhere."""

    def __init__(self, shell: Shell, switcher: QWidget) -> None:
        super().__init__(switcher)
        self._shell, self._switcher = shell, switcher
        self._over: set[QObject] = set()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(Space.XS, Space.XS, Space.XS, Space.XS)
        self._column.setSpacing(0)
        self.setAcceptDrops(True)
        self.setAccessibleName(translate("Machines", "Move or copy to"))
        switcher.setAcceptDrops(True)
        switcher.installEventFilter(self)
        self.hide()

    def targets(self) -> list[Target]:
        return [] if self.isHidden() else self.findChildren(Target)

    def wanted(self, event: QDropEvent) -> Thing | None:
        """What is dragged, if it is of the machine that is shown and there is another one."""
        client, thing = self._shell.client, thing_in(event.mimeData())
        return thing if thing is not None and thing.machine == client.machine and client.machines else None

    # --- the way of the pointer ---

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent):
            return self.enter(watched, event)
        if isinstance(event, QDragLeaveEvent):
            self.leave(watched)
        elif isinstance(event, QDropEvent) and not isinstance(event, QDragMoveEvent):
            self.drop(event, None)
            return True
        return False

    def enter(self, where: QObject, event: QDragEnterEvent) -> bool:
        if self.wanted(event) is None:
            return False
        event.acceptProposedAction()
        self._over.add(where)
        if self.isHidden():
            self._lay_out()
        return True

    def leave(self, where: QObject) -> None:
        """What is entered next is known only when this is through."""
        self._over.discard(where)
        QTimer.singleShot(0, self, self._go_unless_over)

    def _go_unless_over(self) -> None:
        if not self._over:
            self.hide()

    def drop(self, event: QDropEvent, target: str | None) -> None:
        thing = self.wanted(event)
        self._over.clear()
        self.hide()
        if thing is None:
            return
        event.acceptProposedAction()
        # The drag is over first: a dialog that opened within it would wait for its end.
        ask = lambda: self._shell.open_dialog("move", kind=thing.kind, name=thing.name, target=target)  # noqa: E731
        QTimer.singleShot(0, self, ask)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.enter(self, event)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self.leave(self)

    # --- how it looks ---

    def _lay_out(self) -> None:
        """As many as there is room for; the dialog has them all."""
        for old in self.findChildren(Target):
            self._column.removeWidget(old)
            old.setParent(None)
            old.deleteLater()
        client, window = self._shell.client, self._switcher.window()
        if self.parent() is not window:
            self.setParent(window)
        corner = self._switcher.mapTo(window, QPoint(0, self._switcher.height()))
        room = max(1, (window.height() - corner.y()) // grown(_ROW) - 1)
        others = [name for name in ("", *(each.name for each in client.machines)) if name != client.machine]
        for name in others[:room]:
            self._column.addWidget(Target(self, name))
        height = len(others[:room]) * grown(_ROW) + 2 * Space.XS
        self.setGeometry(corner.x(), corner.y(), self._switcher.width(), height)
        self.show()
        self.raise_()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(color(Role.ACCENT))
        painter.setBrush(color(Role.SURFACE))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), Radius.MEDIUM, Radius.MEDIUM)


class Target(QWidget):
    """One machine to drop on."""

    def __init__(self, targets: MachineTargets, machine: str) -> None:
        super().__init__(targets)
        self._targets, self.machine, self._hot = targets, machine, False
        self.setFixedHeight(grown(_ROW))
        self.setAcceptDrops(True)
        self.setAccessibleName(machine_title(machine))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._heat(hot=self._targets.enter(self, event))

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._heat(hot=False)
        self._targets.leave(self)

    def dropEvent(self, event: QDropEvent) -> None:
        self._targets.drop(event, self.machine)

    def _heat(self, *, hot: bool) -> None:
        self._hot = hot
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole, mirror = QRectF(self.rect()), self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        if self._hot:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(Role.HOVER))
            painter.drawRoundedRect(whole, Radius.MEDIUM, Radius.MEDIUM)
        sign = QRectF(Space.S, (self.height() - Size.ICON) / 2, Size.ICON, Size.ICON)
        words = QRectF(2 * Space.S + Size.ICON, 0, self.width() - 3 * Space.S - Size.ICON, self.height())
        if mirror:
            sign, words = mirrored(sign, whole), mirrored(words, whole)
        paint_icon(painter, sign, "globe" if self.machine else "home", color(Role.ACCENT))
        painter.setFont(font(Text.BODY))
        painter.setPen(color(Role.TEXT))
        title = painter.fontMetrics().elidedText(self.accessibleName(), Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, side(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, mirror=mirror), title)
