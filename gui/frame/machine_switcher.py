"""The machine that is shown, at the top of the sidebar, and the menu of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QMenu

from gui.frame.machine_drop import MachineTargets
from gui.plain_text import set_tip
from gui.presentation.remote.machines import kind_word, link_tone, link_words, machine_tip, machine_title
from gui.theme import Radius, Role, Space, Text, color, font, grown, icon, paint_icon, theme
from gui.widgets.painted.badge import paint_dot
from gui.widgets.painted.mirror import mirrored, side
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.machines import Machine
    from gui.shell import Shell

_HEIGHT = 44
_DOT = 14


class MachineSwitcher(QAbstractButton):
    """Two lines: its name, and what and how it is. A click opens the menu."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._line = ""
        self.setObjectName("machine-switcher")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedHeight(grown(_HEIGHT))
        self.clicked.connect(self._open_menu)
        self.targets = MachineTargets(shell, self)
        shell.client.machines_changed.connect(self._refresh)
        shell.client.switched.connect(self._refresh)
        theme().changed.connect(self.update)
        self._refresh()

    @property
    def shown(self) -> Machine | None:
        """None is this computer."""
        client = self._shell.client
        return next((each for each in client.machines if each.name == client.machine), None) if client.machine else None

    def sizeHint(self) -> QSize:
        return QSize(160, grown(_HEIGHT))

    def menu(self) -> QMenu:
        """Every machine with its state; then adding one, and what can be done to the shown one."""
        shell, menu = self._shell, QMenu(self)
        menu.setObjectName("machine-menu")
        here = menu.addAction(_sign("home", chosen=not shell.client.machine), machine_title(""))
        here.triggered.connect(lambda _on=False: shell.run(shell.show_machine("")))
        for machine in shell.client.machines:
            words = "  ·  ".join(word for word in (kind_word(machine.kind), link_words(machine)) if word)
            sign = _sign("globe", chosen=machine.name == shell.client.machine)
            entry = menu.addAction(sign, f"{machine.name}   {words}".replace("&", "&&"))
            set_tip(entry, machine_tip(machine))
            entry.triggered.connect(lambda _on=False, name=machine.name: shell.run(shell.show_machine(name)))
        menu.addSeparator()
        menu.addAction(shell.verbs.bind(shell, "machines.add", menu, list))
        if (shown := self.shown) is not None:
            for action_id in ("machine.change", "machine.forget"):
                menu.addAction(shell.verbs.bind(shell, action_id, menu, lambda: [shown]))
        menu.setToolTipsVisible(True)
        return menu

    def _open_menu(self) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _refresh(self) -> None:
        machine = self.shown
        title = machine_title(self._shell.client.machine)
        self._line = ""
        if machine is not None:
            self._line = "  ·  ".join(word for word in (kind_word(machine.kind), link_words(machine)) if word)
        elif self._shell.client.machines:
            self._line = translate("Machines", "%n more", None, len(self._shell.client.machines))
        self.setText(title)
        self.setAccessibleName(translate("Machines", "Machine: {0}").format(title))
        self.setAccessibleDescription(self._line)
        set_tip(self, machine_tip(machine) if machine is not None else translate("Machines", "Choose a machine"))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole, mirror = QRectF(self.rect()), self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        frame = whole.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(color(Role.ACCENT if self.hasFocus() else Role.BORDER))
        painter.setBrush(color(Role.HOVER) if self.underMouse() else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, Radius.MEDIUM, Radius.MEDIUM)

        def placed(rect: QRectF) -> QRectF:
            return mirrored(rect, whole) if mirror else rect

        paint_dot(painter, placed(QRectF(Space.S, (self.height() - _DOT) / 2, _DOT, _DOT)), link_tone(self.shown))
        left, right = Space.S + _DOT + Space.S, self.width() - 28
        rows = [(self.text(), Text.STRONG, Role.TEXT)]
        rows += [(self._line, Text.SMALL, Role.TEXT_MUTED)] if self._line else []
        height = (self.height() - 8) / len(rows)
        align = side(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, mirror=mirror)
        for number, (words, scale, role) in enumerate(rows):
            painter.setFont(font(scale))
            painter.setPen(color(role))
            room = QRectF(left, 4 + number * height, right - left, height)
            shown = QFontMetrics(painter.font()).elidedText(words, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(placed(room), align, shown)
        arrow = QRectF(self.width() - 24, (self.height() - 16) / 2, 16, 16)
        paint_icon(painter, placed(arrow), "chevron-down", color(Role.TEXT_MUTED))


def _sign(name: str, *, chosen: bool) -> QIcon:
    return icon("check", Role.ACCENT) if chosen else icon(name, Role.TEXT_SECONDARY)
