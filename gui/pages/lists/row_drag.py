"""Rows dragged to another machine: what is dragged, in a form that no other program takes, and its ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QByteArray, QMimeData, QObject, QRectF, Qt
from PySide6.QtGui import QDrag, QFontMetricsF, QPainter, QPixmap

from gui.theme import Radius, Role, Size, Space, Text, color, font, paint_icon

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.shell import Shell
    from gui.widgets.lists.table import Table

THING = "application/x-wherry-thing"


class Thing(NamedTuple):
    """Something of a machine that can be moved or copied to another."""

    kind: str
    name: str
    machine: str


def packed(thing: Thing) -> QByteArray:
    return QByteArray("\n".join(thing).encode())


def thing_in(data: QMimeData) -> Thing | None:
    """What is dragged, if it is one of these."""
    if not data.hasFormat(THING):
        return None
    words = bytes(data.data(THING).data()).decode(errors="replace").split("\n")
    return Thing(*words) if len(words) == 3 else None


class RowDrag(QObject):
    """Lets one row be dragged, where there is another machine to drag it to. `name_of` gives a key's name."""

    def __init__(self, shell: Shell, table: Table, kind: str, sign: str, name_of: Callable[[str], str]) -> None:
        super().__init__(table)
        self._shell, self._table, self._kind, self._sign, self._name_of = shell, table, kind, sign, name_of
        shell.client.machines_changed.connect(self._allow)
        table.drag_wanted.connect(self._begin)
        self._allow()

    def _allow(self) -> None:
        self._table.setDragEnabled(bool(self._shell.client.machines))

    def _begin(self, keys: list[str]) -> None:
        if (data := self.data(keys)) is None:
            return
        drag = QDrag(self._table)
        drag.setMimeData(data)
        drag.setPixmap(ticket(self._name_of(keys[0]), self._sign))
        drag.exec(Qt.DropAction.CopyAction)

    def data(self, keys: list[str]) -> QMimeData | None:
        """One at a time is moved or copied."""
        name = self._name_of(keys[0]) if len(keys) == 1 else ""
        if not name:
            return None
        data = QMimeData()
        data.setData(THING, packed(Thing(self._kind, name, self._shell.client.machine)))
        return data


def ticket(words: str, sign: str) -> QPixmap:
    """What hangs at the pointer."""
    width = int(QFontMetricsF(font(Text.STRONG)).horizontalAdvance(words)) + Size.ICON + 3 * Space.M
    ratio = 2.0
    pixmap = QPixmap(int(width * ratio), int(Size.CONTROL * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(color(Role.ACCENT))
    painter.setBrush(color(Role.SURFACE))
    painter.drawRoundedRect(QRectF(0.5, 0.5, width - 1, Size.CONTROL - 1), Radius.MEDIUM, Radius.MEDIUM)
    paint_icon(painter, QRectF(Space.M, (Size.CONTROL - Size.ICON) / 2, Size.ICON, Size.ICON), sign, color(Role.ACCENT))
    painter.setFont(font(Text.STRONG))
    painter.setPen(color(Role.TEXT))
    place = QRectF(2 * Space.M + Size.ICON, 0, width, Size.CONTROL)
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
    painter.end()
    return pixmap
