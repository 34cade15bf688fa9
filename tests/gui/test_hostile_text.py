"""Text of strangers shows as itself: in labels, tooltips and pictures of files, whatever it looks like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QTextDocument
from PySide6.QtWidgets import QApplication, QLabel, QToolTip, QWidget

from engine.types.data import now
from engine.types.volumes import Volume
from gui.models.volumes import volumes_model
from gui.pages.files.preview import picture_of
from gui.plain_text import set_tip, tip
from gui.widgets.elided_combo import ElidedCombo
from gui.widgets.labels import ElidedLabel, label
from gui.widgets.texts.json_tree import JsonTree

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

HOSTILE = [
    '<img src="file:///dev/zero">',
    "<b>bold</b> and <a href='http://evil'>link</a>",
    "&lt;i>",
    "<!DOCTYPE html><body>",
    '<?xml version="1.0"?><html><img src="/dev/zero"></html>',
    "line one\n<img src=x>",
    '<span style="white-space:pre-wrap"><img src="file:///dev/zero"></span>',
]


def seen(text: str) -> str:
    """What Qt shows for a tooltip."""
    if not text.startswith("<span"):
        return text
    document = QTextDocument()
    document.setHtml(text)
    return document.toPlainText()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_tooltip_shows_what_was_written(qapp: QApplication, text: str) -> None:
    assert seen(tip(text)) == text
    widget = QWidget()
    set_tip(widget, text)
    assert "<img" not in widget.toolTip()
    assert tip("a && b > c") == "a && b > c", "what Qt takes for text stays as it is"


@pytest.mark.parametrize("text", HOSTILE)
def test_labels_lists_and_trees_show_what_was_written(qtbot: QtBot, text: str) -> None:
    assert label(text).textFormat() is Qt.TextFormat.PlainText
    short = ElidedLabel(text)
    qtbot.addWidget(short)
    short.resize(5, 20)
    short.set_text(text)
    combo = ElidedCombo("x")
    qtbot.addWidget(combo)
    combo.addItem(text)
    tree = JsonTree()
    qtbot.addWidget(tree)
    tree.set_json({"key": text * 20})
    owner = QWidget()
    qtbot.addWidget(owner)
    model = volumes_model(dict, owner)
    model.set_items([("v", Volume(name=text, mountpoint="/x", created=now(), labels={"a": text}))])
    tips = [short.toolTip(), combo.toolTip()]
    tips += [
        str(model.index(0, column).data(Qt.ItemDataRole.ToolTipRole) or "") for column in range(model.columnCount())
    ]
    inside = tree.model()
    tips += [str(inside.index(0, column, QModelIndex()).data(Qt.ItemDataRole.ToolTipRole) or "") for column in (0, 1)]
    assert all("<img" not in one and "<a " not in one and "<b>" not in one for one in tips)


def test_the_tooltip_that_comes_up_loads_nothing(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    set_tip(widget, HOSTILE[0])
    widget.show()
    QApplication.sendEvent(widget, QHelpEvent(QHelpEvent.Type.ToolTip, QPoint(2, 2), widget.mapToGlobal(QPoint(2, 2))))
    qtbot.waitUntil(lambda: bool(QToolTip.text()), timeout=5000)
    assert seen(QToolTip.text()) == HOSTILE[0]
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, QLabel) and w.isVisible()]
    assert shown
    QToolTip.hideText()


def test_a_drawing_of_a_stranger_loads_no_file(qapp: QApplication, tmp_path: Path) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    drawing += b'<image xlink:href="file:///dev/zero" width="9" height="9"/></svg>'
    assert picture_of("a.svg", drawing) is None
    assert picture_of("a.png", drawing) is None, "and by no other name"
    assert picture_of("a.png", Path("resources/screenshots").as_posix().encode()) is None
    from PySide6.QtGui import QImage

    made = QImage(3, 3, QImage.Format.Format_RGB32)
    made.fill(0)
    assert made.save(str(tmp_path / "a.png"))
    assert picture_of("a.png", (tmp_path / "a.png").read_bytes()) is not None
