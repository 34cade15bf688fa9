"""Cells of the containers' list that only it has: state and name, ports, status with health, quick actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontMetricsF, QPainter

from engine.types.containers import Action, Container
from gui.models.containers import Group, group_summary
from gui.models.table import AnyIndex, ModelRole
from gui.presentation.containers import port_text, port_url, shown_ports
from gui.theme import Radius, Role, Size, Space, Text, Tone, color, font, paint_icon, theme
from gui.widgets.badge import badge_width, paint_badge, paint_dot
from gui.widgets.cells import CellState, LinksCell
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.shell import Shell

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_KNOB = 28


class GroupCell:
    """The header of a project: chevron, name, how many run."""

    def __init__(self, toggle: Callable[[str], None]) -> None:
        self._toggle = toggle

    def paint(self, painter: QPainter, rect: QRectF, group: Group) -> None:
        sign = QRectF(rect.left(), rect.center().y() - 7, Size.ICON_SMALL, Size.ICON_SMALL)
        paint_icon(painter, sign, "chevron-right" if group.collapsed else "chevron-down", color(Role.TEXT_MUTED))
        words = rect.adjusted(Size.ICON_SMALL + Space.S, 0, 0, 0)
        painter.setFont(font(Text.STRONG))
        painter.setPen(color(Role.TEXT_SECONDARY))
        name = group.name or translate("ContainersPage", "No project")
        painter.drawText(words, _LEFT, name)
        words.setLeft(words.left() + QFontMetricsF(painter.font()).horizontalAdvance(name) + Space.M)
        painter.setFont(font(Text.SMALL))
        painter.setPen(color(Role.TEXT_MUTED))
        painter.drawText(words, _LEFT, group_summary(group))

    def clicked(self, rect: QRectF, group: Group, point: QPointF) -> bool:
        if not self.pointing(rect, point):
            return False
        self._toggle(group.name)
        return True

    @staticmethod
    def pointing(rect: QRectF, point: QPointF) -> bool:
        """On the chevron."""
        return rect.left() - Space.S <= point.x() <= rect.left() + Size.ICON_SMALL + Space.S


class NameCell:
    """The state's dot and the name; delegates rows of projects."""

    def __init__(self, groups: GroupCell) -> None:
        self._groups = groups

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None:
        row = index.data(ModelRole.OBJECT)
        rect = rect.adjusted(Space.S, 0, 0, 0)
        if isinstance(row, Group):
            self._groups.paint(painter, rect, row)
            return
        tone = index.data(ModelRole.TONE) or Tone.MUTED
        dot = QRectF(rect.left(), rect.center().y() - 8, Size.ICON, Size.ICON)
        paint_dot(painter, dot, tone, hollow=tone == Tone.MUTED, ring=tone != Tone.MUTED)
        words = rect.adjusted(Size.ICON + Space.S, 0, 0, 0)
        fount = font(Text.STRONG)
        painter.setFont(fount)
        painter.setPen(color(Role.TEXT))
        shown = QFontMetricsF(fount).elidedText(row.name, Qt.TextElideMode.ElideMiddle, words.width())
        painter.drawText(words, _LEFT, shown)

    def clicked(self, rect: QRectF, index: AnyIndex, point: QPointF) -> bool:
        row = index.data(ModelRole.OBJECT)
        return isinstance(row, Group) and self._groups.clicked(rect.adjusted(Space.S, 0, 0, 0), row, point)

    def pointing(self, rect: QRectF, index: AnyIndex, point: QPointF) -> bool:
        group = isinstance(index.data(ModelRole.OBJECT), Group)
        return group and self._groups.pointing(rect.adjusted(Space.S, 0, 0, 0), point)


class StatusCell:
    """Since when, and the health where it is checked."""

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, _state: CellState) -> None:
        health = index.data(ModelRole.LIVE)
        tone = index.data(ModelRole.TONE) or Tone.MUTED
        fount = font(Text.SMALL)
        if health is not None and rect.width() > 140:
            text, badge_tone = health
            width = badge_width(text, fount)
            paint_badge(
                painter, QRectF(rect.right() - width, rect.top(), width, rect.height()), text, badge_tone, fount
            )
            rect = rect.adjusted(0, 0, -width - Space.S, 0)
        painter.setFont(font(Text.BODY, tabular=True))
        bad = tone in (Tone.DANGER, Tone.WARNING)
        painter.setPen(theme().tone(tone) if bad else color(Role.TEXT_SECONDARY))
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        shown = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, _LEFT, shown)

    def clicked(self, _rect: QRectF, _index: AnyIndex, _point: QPointF) -> bool:
        return False

    def pointing(self, _rect: QRectF, _index: AnyIndex, _point: QPointF) -> bool:
        return False


class ActionsCell:
    """Three knobs at the end of the row: start or stop, the log, a terminal. The menu and the keys have them too."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None:
        row = index.data(ModelRole.OBJECT)
        if not isinstance(row, Container):
            return
        for spot, action_id, picture, role in self._knobs(rect, row):
            under = state.pointer is not None and state.hovered and spot.contains(state.pointer)
            if under:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(color(Role.PRESSED))
                painter.drawRoundedRect(spot, Radius.SMALL, Radius.SMALL)
            enabled = self._shell.verbs[action_id].enabled([row])
            tint = color(
                role if enabled else Role.TEXT_DISABLED, 1.0 if state.hovered or role is Role.SUCCESS else 0.75
            )
            paint_icon(painter, spot.adjusted(6, 6, -6, -6), picture, tint)

    def clicked(self, rect: QRectF, index: AnyIndex, point: QPointF) -> bool:
        row = index.data(ModelRole.OBJECT)
        if isinstance(row, Container):
            for spot, action_id, _picture, _role in self._knobs(rect, row):
                if spot.contains(point):
                    self._shell.trigger(action_id, [row])
                    return True
        return False

    def pointing(self, rect: QRectF, index: AnyIndex, point: QPointF) -> bool:
        row = index.data(ModelRole.OBJECT)
        return isinstance(row, Container) and any(spot.contains(point) for spot, *_ in self._knobs(rect, row))

    @staticmethod
    def _knobs(rect: QRectF, row: Container) -> list[tuple[QRectF, str, str, Role]]:
        legal = row.legal_actions
        first = ("container.stop", "stop", Role.TEXT_SECONDARY)
        if Action.UNPAUSE in legal:
            first = ("container.unpause", "play", Role.SUCCESS)
        elif Action.START in legal:
            first = ("container.start", "play", Role.SUCCESS)
        knobs = (
            first,
            ("container.logs", "logs", Role.TEXT_SECONDARY),
            ("container.terminal", "terminal", Role.TEXT_SECONDARY),
        )
        left = rect.right() - len(knobs) * (_KNOB + Space.HAIR)
        return [
            (QRectF(left + n * (_KNOB + Space.HAIR), rect.center().y() - _KNOB / 2, _KNOB, _KNOB), *knob)
            for n, knob in enumerate(knobs)
        ]


def port_links() -> LinksCell:
    """Ports as links that open in the browser."""

    def words(index: AnyIndex) -> list[str]:
        row = index.data(ModelRole.OBJECT)
        return [port_text(port) for port in shown_ports(row)] if isinstance(row, Container) else []

    def open_port(index: AnyIndex, number: int) -> None:
        row = index.data(ModelRole.OBJECT)
        url = port_url(row.ports[number]) if number < len(row.ports) else ""
        if url:
            QDesktopServices.openUrl(QUrl(url))

    return LinksCell(words, open_port)
