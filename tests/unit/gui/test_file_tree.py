"""The tree of files shows what it was asked to reveal, whatever is held down meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from tests.pixels.samples import files

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

HELD = [Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier]


@pytest.mark.parametrize("held", HELD)
def test_what_is_revealed_is_marked_and_alone(qtbot: QtBot, held: Qt.KeyboardModifier) -> None:
    """Qt takes a key that is held for one that adds to what is marked, or takes from it."""
    field = QLineEdit()
    qtbot.addWidget(field)
    QTest.keyPress(field, Qt.Key.Key_Control, held)
    assert QGuiApplication.keyboardModifiers() == held
    try:
        tree = files()
        qtbot.addWidget(tree)
        assert tree.selected_paths() == ["/usr/lib"]
        tree.reveal("/usr/share")
        assert tree.selected_paths() == ["/usr/share"]
    finally:
        QTest.keyRelease(field, Qt.Key.Key_Control, Qt.KeyboardModifier.NoModifier)
