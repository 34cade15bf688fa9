"""The command palette: every action and every object, found by a few letters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLineEdit,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
)

from gui.models.table import NO_INDEX, AnyIndex, ModelRole
from gui.pages.catalogue import pages
from gui.plain_text import set_tip
from gui.presentation.containers.words import image_text, project_of, state_words, status_text
from gui.presentation.networks.words import network_name
from gui.presentation.units import short_id
from gui.theme import Radius, Role, Size, Space, Text, Tone, color, font, grown, icon, paint_icon, theme
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.types.containers import Container
    from gui.shell import Shell

_WIDTH = 620
_ROWS = 10
_MOST = 60
_JOINTS = re.compile(r"[^\w]+|_")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing the palette offers."""

    text: str
    note: str
    icon: str
    act: Callable[[], None]
    shortcut: str = ""
    tone: Tone = Tone.MUTED
    weight: int = 0
    """Higher comes first among equal matches."""


def score(query: str, text: str, note: str = "") -> int:
    """How well a text answers a query; 0 is not at all. Words in any order, or letters in order.

    A whole word beats the beginning of one, that the beginning of a part of one, and that the inside of one: who types
    "restart web" means web and not shop-web-1.
    """
    wanted = query.casefold().split()
    if not wanted:
        return 1
    folded, beside = text.casefold(), note.casefold()
    total = 0
    for word in wanted:
        points = max((_points(word, whole) for whole in folded.split()), default=0) or (
            _BESIDE if word in beside else 0
        )
        if not points:
            return _letters_in_order("".join(wanted), folded)
        total += points
    whole = " ".join(wanted)
    return total + (_ALL if folded == whole else _FIRST if folded.startswith(whole) else 0)


_ALL, _FIRST = 80, 20
_SHOWS = (".details", ".browse")
_WHOLE, _BEGINNING, _PART, _PART_BEGINNING, _INSIDE, _BESIDE = 400, 300, 200, 150, 100, 60


def _points(word: str, whole: str) -> int:
    if whole == word:
        return _WHOLE
    if whole.startswith(word):
        return _BEGINNING
    parts = _JOINTS.split(whole)
    if word in parts:
        return _PART
    if any(part.startswith(word) for part in parts):
        return _PART_BEGINNING
    return _INSIDE if word in whole else 0


def _letters_in_order(letters: str, text: str) -> int:
    position = -1
    for letter in letters:
        position = text.find(letter, position + 1)
        if position < 0:
            return 0
    return max(1, 40 - len(text) // 4)


def entries(shell: Shell) -> Iterator[Entry]:
    """Everything there is: pages, window-wide actions, then objects with what can be done to each."""
    for page in pages():
        words = translate("Palette", "Go to {0}").format(page.title)
        yield Entry(words, "", page.icon, partial(shell.navigate, page.id), page.shortcut, weight=30)
    for action in shell.verbs:
        if not action.subject:
            run = partial(shell.trigger, action.id)
            yield Entry(action.text, action.hint, action.icon, run, action.shortcut, weight=40)
    for container in shell.client.mirror.containers.values():
        yield from _container_entries(shell, container)
    for project in sorted({name for one in shell.client.mirror.containers.values() if (name := project_of(one))}):
        go = partial(shell.navigate, "projects", project)
        yield Entry(project, translate("Palette", "Project"), "layers", go, weight=16)
    for image in shell.client.mirror.images.values():
        name = image_text(image.tags[0]) if image.tags else short_id(image.id)
        yield Entry(
            name, translate("Palette", "Image"), "image", partial(shell.navigate, "images", image.id), weight=15
        )
        yield from _verbs(shell, "image", image, name)
    for volume in shell.client.mirror.volumes.values():
        name = short_id(volume.name) if volume.anonymous else volume.name
        run = partial(shell.navigate, "volumes", volume.name)
        yield Entry(name, translate("Palette", "Volume"), "volume", run, weight=10)
        yield from _verbs(shell, "volume", volume, name)
    for network in shell.client.mirror.networks.values():
        run = partial(shell.navigate, "networks", network.id)
        yield Entry(network_name(network), translate("Palette", "Network"), "network", run, weight=8)
        yield from _verbs(shell, "network", network, network_name(network))


def _container_entries(shell: Shell, container: Container) -> Iterator[Entry]:
    tone = state_words(container).tone
    show = partial(shell.navigate, "containers", container.id)
    yield Entry(container.name, status_text(container), "container", show, tone=tone, weight=20)
    yield from _verbs(shell, "container", container, container.name)


def _verbs(shell: Shell, subject: str, thing: object, name: str) -> Iterator[Entry]:
    """All that can be done to it now, save what its own entry does: to show it."""
    for action in shell.verbs.for_subject(subject):
        if action.enabled([thing]) and not action.id.endswith(_SHOWS):
            words = f"{action.text.rstrip('…')} {name}"
            yield Entry(words, "", action.icon, partial(shell.trigger, action.id, [thing]), weight=5)


class _Entries(QAbstractListModel):
    def __init__(self, everything: list[Entry]) -> None:
        super().__init__()
        self._everything = everything
        self.shown: list[Entry] = []
        self.set_query("")

    def set_query(self, query: str) -> None:
        scored = [(score(query, entry.text, entry.note), entry) for entry in self._everything]
        hits = [(points + entry.weight, entry) for points, entry in scored if points]
        hits.sort(key=lambda hit: -hit[0])
        self.beginResetModel()
        self.shown = [entry for _, entry in hits[:_MOST]]
        self.endResetModel()

    def forget(self) -> None:
        self._everything = []
        self.set_query("")

    def rowCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.shown)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry = self.shown[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry.text
        if role == ModelRole.OBJECT:
            return entry
        return None


class _Row(QStyledItemDelegate):
    def sizeHint(self, _option: QStyleOptionViewItem, _index: AnyIndex) -> QSize:
        return QSize(_WIDTH - 2 * Space.S, grown(Size.ROW - 2))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        entry: Entry = index.data(ModelRole.OBJECT)
        rect = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(Role.SELECTED))
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), Radius.MEDIUM, Radius.MEDIUM)
        inner = rect.adjusted(Space.M, 0, -Space.M, 0)
        sign = QRectF(inner.left(), inner.center().y() - 8, 16, 16)
        tint = theme().tone(entry.tone) if entry.tone is not Tone.MUTED else color(Role.TEXT_SECONDARY)
        paint_icon(painter, sign, entry.icon, tint)
        inner.setLeft(sign.right() + Space.M)
        right = self._paint_right(painter, inner, entry)
        painter.setFont(font(Text.BODY))
        painter.setPen(color(Role.TEXT))
        room = inner.width() - right - Space.M
        shown = QFontMetricsF(painter.font()).elidedText(entry.text, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.restore()

    @staticmethod
    def _paint_right(painter: QPainter, inner: QRectF, entry: Entry) -> float:
        note = entry.note
        if entry.shortcut:
            note = QKeySequence(entry.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        painter.setFont(font(Text.SMALL))
        painter.setPen(color(Role.TEXT_MUTED))
        metrics = QFontMetricsF(painter.font())
        shown = metrics.elidedText(note, Qt.TextElideMode.ElideRight, inner.width() / 2)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, shown)
        return metrics.horizontalAdvance(shown)


class PaletteButton(QPushButton):
    """Looks like a search field and opens the palette."""

    def __init__(self) -> None:
        super().__init__(translate("Palette", "Search"))
        self.setAccessibleName(translate("Palette", "Search everything"))
        set_tip(self, translate("Palette", "Find anything, do anything (Ctrl+K)"))
        theme().changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(color(Role.ACCENT if self.hasFocus() else Role.BORDER))
        painter.setBrush(color(Role.HOVER if self.underMouse() else Role.SURFACE))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, Radius.MEDIUM, Radius.MEDIUM)
        inner = box.adjusted(Space.S + 2, 0, -Space.S, 0)
        paint_icon(painter, QRectF(inner.left(), inner.center().y() - 8, 16, 16), "search", color(Role.TEXT_MUTED))
        painter.setFont(font(Text.BODY))
        painter.setPen(color(Role.TEXT_MUTED))
        words = inner.adjusted(Size.ICON + Space.S, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        painter.setFont(font(Text.CAPTION))
        key = QKeySequence("Ctrl+K").toString(QKeySequence.SequenceFormat.NativeText)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, key)


class Palette(QDialog):
    """Type, arrow down, Enter."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.dialog_parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("palette")
        self.setAccessibleName(translate("Palette", "Command palette"))
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setFixedWidth(_WIDTH)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        frame = QFrame()
        frame.setProperty("role", "popup")
        outer.addWidget(frame)
        column = QVBoxLayout(frame)
        column.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        column.setSpacing(Space.S)
        self.field = QLineEdit()
        self.field.setProperty("role", "search")
        self.field.setPlaceholderText(
            translate("Palette", "Search containers, images, volumes, and everything you can do")
        )
        self.field.setAccessibleName(self.field.placeholderText())
        self.field.addAction(icon("search", Role.TEXT_MUTED), QLineEdit.ActionPosition.LeadingPosition)
        self.field.installEventFilter(self)
        column.addWidget(self.field)
        self.model = _Entries(list(entries(shell)))
        self.view = QListView()
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setProperty("role", "plain")
        self.view.setModel(self.model)
        self.view.setItemDelegate(_Row(self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setAccessibleName(translate("Palette", "Results"))
        self.view.setFixedHeight(_ROWS * grown(Size.ROW - 2))
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.viewport().setAutoFillBackground(False)
        column.addWidget(self.view)
        self.field.textChanged.connect(self._on_text)
        self.view.clicked.connect(lambda index: self._run(index.row()))
        self.view.entered.connect(self.view.setCurrentIndex)
        self._on_text("")
        # A thousand containers are twenty thousand entries: nothing of a palette stays when it has closed.
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.finished.connect(lambda _code: self.model.forget())

    def open_over(self) -> None:
        """In the upper middle of the window."""
        parent = self.parentWidget()
        if parent is not None:
            top = parent.mapToGlobal(parent.rect().topLeft())
            self.move(top.x() + (parent.width() - _WIDTH) // 2, top.y() + parent.height() // 8)
        self.show()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
                step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _ROWS}.get(Qt.Key(key), -_ROWS)
                self._move(step)
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.view.currentIndex().row())
                return True
        return super().eventFilter(watched, event)

    def _move(self, step: int) -> None:
        count = len(self.model.shown)
        if count:
            row = self.view.currentIndex().row() + step
            self.view.setCurrentIndex(
                self.model.index(row % count if abs(step) == 1 else max(0, min(count - 1, row)), 0)
            )

    def _on_text(self, text: str) -> None:
        self.model.set_query(text)
        if self.model.shown:
            self.view.setCurrentIndex(self.model.index(0, 0))

    def _run(self, row: int) -> None:
        if 0 <= row < len(self.model.shown):
            entry = self.model.shown[row]
            self.close()
            entry.act()
