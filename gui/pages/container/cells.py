"""Cells of the containers' list that only it has: state and name, ports, status with health, quick actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontMetricsF, QPainter

from engine.types.containers import ALIVE_STATES, Action, Container
from gui.models.containers import Group, group_summary
from gui.models.table import AnyIndex, ModelRole
from gui.presentation.containers.words import image_text
from gui.theme import Radius, Role, Size, Space, Text, Tone, color, font, grown, paint_icon, theme
from gui.widgets.lists.cells import CellState, LinksCell, paint_line, paint_two_lines
from gui.widgets.painted.badge import badge_width, paint_badge, paint_dot
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.shell import Shell

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_KNOB = 28
_LEAST_NAME = 60


class GroupCell:
    """The header of a project: chevron, name, how many run."""

    def __init__(self, toggle: Callable[[str], None]) -> None:
        self._toggle = toggle

    def paint(self, painter: QPainter, rect: QRectF, group: Group, state: CellState) -> None:
        cell = rect
        sign = QRectF(rect.left(), rect.center().y() - 7, Size.ICON_SMALL, Size.ICON_SMALL)
        closed = "chevron-left" if state.mirror else "chevron-right"
        if not group.empty_pod:
            chevron = closed if group.collapsed else "chevron-down"
            paint_icon(painter, state.at(sign, cell), chevron, color(Role.TEXT_MUTED))
        words = rect.adjusted(Size.ICON_SMALL + Space.S, 0, 0, 0)
        summary, small, strong = group_summary(group), font(Text.SMALL), font(Text.STRONG)
        name = group.name or translate("ContainersPage", "No project")
        room = words.width() - QFontMetricsF(small).horizontalAdvance(summary) - Space.M
        name = QFontMetricsF(strong).elidedText(name, Qt.TextElideMode.ElideMiddle, max(_LEAST_NAME, room))
        align = state.side(_LEFT)
        paint_line(painter, state.at(words, cell), name, color(Role.TEXT_SECONDARY), strong, align)
        words.setLeft(words.left() + QFontMetricsF(strong).horizontalAdvance(name) + Space.M)
        paint_line(painter, state.at(words, cell), summary, color(Role.TEXT_MUTED), small, align)

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
        self.shows_image = False
        """The image below the name, where its own column has no room."""

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None:
        row = index.data(ModelRole.OBJECT)
        cell = rect
        rect = rect.adjusted(Space.S, 0, 0, 0)
        if isinstance(row, Group):
            self._groups.paint(painter, state.at(rect, cell), row, state)
            return
        tone = index.data(ModelRole.TONE) or Tone.MUTED
        dot = QRectF(rect.left(), rect.center().y() - 8, Size.ICON, Size.ICON)
        paint_dot(painter, state.at(dot, cell), tone, hollow=tone == Tone.MUTED, ring=tone != Tone.MUTED)
        words = state.at(rect.adjusted(Size.ICON + Space.S, 0, 0, 0), cell)
        ink, strong, align = color(Role.TEXT), font(Text.STRONG), state.side(_LEFT)
        middle = Qt.TextElideMode.ElideMiddle
        if self.shows_image:
            second = image_text(row.image)
            paint_two_lines(painter, words, row.name, second, ink=ink, fount=strong, align=align, elide=middle)
        else:
            paint_line(painter, words, row.name, ink, strong, align, middle)

    def clicked(self, rect: QRectF, index: AnyIndex, point: QPointF) -> bool:
        row = index.data(ModelRole.OBJECT)
        return isinstance(row, Group) and self._groups.clicked(rect.adjusted(Space.S, 0, 0, 0), row, point)

    def pointing(self, rect: QRectF, index: AnyIndex, point: QPointF) -> bool:
        group = isinstance(index.data(ModelRole.OBJECT), Group)
        return group and self._groups.pointing(rect.adjusted(Space.S, 0, 0, 0), point)


class StatusCell:
    """Since when, and the health where it is checked."""

    def paint(self, painter: QPainter, rect: QRectF, index: AnyIndex, state: CellState) -> None:
        cell, health = rect, index.data(ModelRole.LIVE)
        tone = index.data(ModelRole.TONE) or Tone.MUTED
        fount = font(Text.SMALL)
        if health is not None and rect.width() > grown(140):
            text, badge_tone = health
            width = badge_width(text, fount)
            place = QRectF(rect.right() - width, rect.top(), width, rect.height())
            paint_badge(painter, state.at(place, cell), text, badge_tone, fount)
            rect = rect.adjusted(0, 0, -width - Space.S, 0)
        painter.setFont(font(Text.BODY, tabular=True))
        bad = tone in (Tone.DANGER, Tone.WARNING)
        painter.setPen(theme().tone(tone) if bad else color(Role.TEXT_SECONDARY))
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        shown = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(state.at(rect, cell), state.side(_LEFT), shown)

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
            spot = state.at(spot, rect)
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


def address_links(links: Callable[[Container], list[tuple[str, str]]]) -> LinksCell:
    """The front door's address and the ports, as links that open in the browser."""

    def words(index: AnyIndex) -> list[str]:
        row = index.data(ModelRole.OBJECT)
        return [text for text, _ in links(row)] if isinstance(row, Container) else []

    def open_port(index: AnyIndex, number: int) -> None:
        row = index.data(ModelRole.OBJECT)
        url = links(row)[number][1] if row.state in ALIVE_STATES else ""
        if url:
            QDesktopServices.openUrl(QUrl(url))

    return LinksCell(words, open_port)
