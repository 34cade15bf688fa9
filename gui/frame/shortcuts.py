"""The page of keys: every shortcut of the program, from the actions themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from gui.pages.catalogue import pages
from gui.theme import Space, Text, Tone
from gui.widgets.badge import Badge
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import label
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell

_COLUMNS = 2


def shortcut_groups(shell: Shell) -> list[tuple[str, list[tuple[str, str]]]]:
    """(group, [(words, key)])."""
    everywhere = [
        (translate("Shortcuts", "Command palette"), "Ctrl+K"),
        (translate("Shortcuts", "Filter the list"), "Ctrl+F"),
        (translate("Shortcuts", "These keys"), "F1"),
        (translate("Shortcuts", "Back to the list"), "Alt+Left"),
        (translate("Shortcuts", "Quit"), "Ctrl+Q"),
        *((translate("Shortcuts", "Go to {0}").format(page.title), page.shortcut) for page in pages() if page.shortcut),
        *((action.text, action.shortcut) for action in shell.verbs if action.shortcut and not action.subject),
    ]
    titles = {
        "container": translate("Shortcuts", "Containers"),
        "image": translate("Shortcuts", "Images"),
        "volume": translate("Shortcuts", "Volumes"),
        "network": translate("Shortcuts", "Networks"),
    }
    groups = [(translate("Shortcuts", "Everywhere"), everywhere)]
    for subject, title in titles.items():
        keys = [(action.text, action.shortcut) for action in shell.verbs.for_subject(subject) if action.shortcut]
        if keys:
            groups.append((title, keys))
    groups.append(
        (
            translate("Shortcuts", "Logs and terminals"),
            [
                (translate("Shortcuts", "Search"), "Ctrl+F"),
                (translate("Shortcuts", "Next and previous hit"), "F3"),
                (translate("Shortcuts", "Larger and smaller text"), "Ctrl++"),
                (translate("Shortcuts", "Copy from a terminal"), "Ctrl+Shift+C"),
                (translate("Shortcuts", "Paste into a terminal"), "Ctrl+Shift+V"),
            ],
        )
    )
    return groups


class ShortcutsDialog(QDialog):
    """Two columns of keys."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.dialog_parent)
        self.setObjectName("shortcuts")
        self.setWindowTitle(translate("Shortcuts", "Keyboard shortcuts"))
        self.resize(760, 560)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.L)
        column.addWidget(label(self.windowTitle(), Text.TITLE))
        inside = QWidget()
        sides = QHBoxLayout(inside)
        sides.setContentsMargins(0, 0, Space.M, 0)
        sides.setSpacing(Space.HUGE)
        stacks = [QVBoxLayout() for _ in range(_COLUMNS)]
        lengths = [0] * _COLUMNS
        for title, keys in shortcut_groups(shell):
            target = lengths.index(min(lengths))
            lengths[target] += len(keys) + 2
            stacks[target].addWidget(_group(title, keys))
            stacks[target].addSpacing(Space.L)
        for stack in stacks:
            stack.addStretch(1)
            sides.addLayout(stack, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(inside)
        column.addWidget(area, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(translate("Shortcuts", "Close"), "", Variant.PRIMARY, self.accept))
        column.addLayout(row)


def _group(title: str, keys: list[tuple[str, str]]) -> QWidget:
    """A title and its keys, no taller than they are."""
    box = QWidget()
    box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(Space.S)
    heading = label(title, Text.STRONG)
    heading.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    column.addWidget(heading)
    column.addLayout(_grid(keys))
    return box


def _grid(keys: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setVerticalSpacing(Space.XS)
    grid.setColumnStretch(0, 1)
    for row, (words, key) in enumerate(keys):
        native = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
        grid.addWidget(label(words.rstrip("…"), Text.BODY, Tone.NEUTRAL), row, 0)
        grid.addWidget(Badge(native, Tone.NEUTRAL), row, 1, Qt.AlignmentFlag.AlignRight)
    return grid
