"""The page of keys: every shortcut of the program, from the actions themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.pages.catalogue import pages
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import label
from gui.widgets.layouts import scrolling
from gui.widgets.painted.badge import Badge
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell

_COLUMNS = 2


def shortcut_groups(shell: Shell) -> list[tuple[str, list[tuple[str, str]]]]:
    """(group, [(words, key)])."""
    everywhere = [
        (translate("Shortcuts", "Command palette"), "Ctrl+K"),
        (translate("Shortcuts", "Command palette, from anywhere"), "Ctrl+Shift+P"),
        (translate("Shortcuts", "These keys"), "F1"),
        (translate("Shortcuts", "These keys, from anywhere"), "Ctrl+?"),
        (translate("Shortcuts", "Undo the last removal"), "Ctrl+Z"),
        (translate("Shortcuts", "Close the window"), "Ctrl+W"),
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
    groups = [(translate("Shortcuts", "Everywhere"), everywhere), _lists()]
    for subject, title in titles.items():
        keys = [(action.text, action.shortcut) for action in shell.verbs.for_subject(subject) if action.shortcut]
        if keys:
            groups.append((title, keys))
    return [*groups, _inside(), _terminal()]


def _lists() -> tuple[str, list[tuple[str, str]]]:
    return translate("Shortcuts", "Lists"), [
        (translate("Shortcuts", "Filter the list"), "Ctrl+F"),
        (translate("Shortcuts", "Choose this row too, or no longer"), "Space"),
        (translate("Shortcuts", "Choose all that are shown"), "Ctrl+A"),
        (translate("Shortcuts", "Choose none"), "Escape"),
        (translate("Shortcuts", "Open, and open or close a project"), "Return"),
        (translate("Shortcuts", "Its menu"), "Menu"),
    ]


def _inside() -> tuple[str, list[tuple[str, str]]]:
    return translate("Shortcuts", "Logs, files and details"), [
        (translate("Shortcuts", "Back to the list"), "Alt+Left"),
        (translate("Shortcuts", "Next view of a container"), "Ctrl+Tab"),
        (translate("Shortcuts", "View before"), "Ctrl+Shift+Tab"),
        *(
            (translate("Shortcuts", "View {0} of a container").format(number), f"Alt+{number}")
            for number in range(1, 10)
        ),
        (translate("Shortcuts", "Search"), "Ctrl+F"),
        (translate("Shortcuts", "Next hit"), "F3"),
        (translate("Shortcuts", "Hit before"), "Shift+F3"),
        (translate("Shortcuts", "Larger text"), "Ctrl++"),
        (translate("Shortcuts", "Smaller text"), "Ctrl+-"),
        (translate("Shortcuts", "Read a folder again"), "F5"),
        (translate("Shortcuts", "Save a file"), "Ctrl+S"),
        (translate("Shortcuts", "Offer words for what is being typed"), "Ctrl+Space"),
        (translate("BuildDetails", "Build again"), "Ctrl+Return"),
    ]


def _terminal() -> tuple[str, list[tuple[str, str]]]:
    """A terminal passes on what it has no use for: Ctrl+1 … 9, Ctrl+Tab, and at a prompt Ctrl+K, Alt+Left and F1."""
    return translate("Shortcuts", "Terminals: all other keys are the program's"), [
        (translate("Shortcuts", "Copy"), "Ctrl+Shift+C"),
        (translate("Shortcuts", "Copy"), "Ctrl+Ins"),
        (translate("Shortcuts", "Paste"), "Ctrl+Shift+V"),
        (translate("Shortcuts", "Paste"), "Shift+Ins"),
        (translate("Shortcuts", "Select all"), "Ctrl+Shift+A"),
        (translate("Shortcuts", "A page up"), "Shift+PgUp"),
        (translate("Shortcuts", "A page down"), "Shift+PgDown"),
        (translate("Shortcuts", "To the first line"), "Shift+Home"),
        (translate("Shortcuts", "To the last line"), "Shift+End"),
        (translate("Shortcuts", "Larger text"), "Ctrl++"),
        (translate("Shortcuts", "Smaller text"), "Ctrl+-"),
        (translate("Shortcuts", "Ctrl+K for the shell"), "Ctrl+Shift+K"),
        (translate("Shortcuts", "Palette, at a prompt"), "Ctrl+K"),
        (translate("Shortcuts", "Back to the list, at a prompt"), "Alt+Left"),
        (translate("Shortcuts", "These keys, at a prompt"), "F1"),
        (translate("Shortcuts", "Next view"), "Ctrl+Tab"),
        (translate("Shortcuts", "Go to Containers"), "Ctrl+1"),
    ]


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
        column.addWidget(scrolling(inside), 1)
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
