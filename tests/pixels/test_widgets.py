"""Every widget as it looked when somebody looked: light, dark and narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QImage, QPixmap

from gui.theme import Mode, theme
from gui.widgets.terminal import TerminalView
from tests.pixels.compare import REFERENCES, check, difference
from tests.pixels.pinned import pin_look
from tests.pixels.samples import SAMPLES
from tests.pixels.test_pages import PAGE_PICTURES

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

LOOKS = {"light": (Mode.LIGHT, 560, 340), "dark": (Mode.DARK, 560, 340), "narrow": (Mode.LIGHT, 320, 340)}
WIDGET_PICTURES = [f"{name}-{look}" for name in SAMPLES for look in LOOKS]


@pytest.mark.parametrize("picture", WIDGET_PICTURES)
def test_widget(qtbot: QtBot, qapp: QApplication, tmp_path: Path, picture: str) -> None:
    name, _, look = picture.rpartition("-")
    mode, width, height = LOOKS[look]
    pin_look(qapp, mode)
    widget = SAMPLES[name]()
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    qtbot.waitExposed(widget)
    if isinstance(widget, TerminalView):
        qtbot.waitUntil(lambda: widget.backlog == 0, timeout=2000)
    qapp.processEvents()
    if focused := qapp.focusWidget():
        focused.clearFocus()
    qapp.processEvents()
    check(picture, widget.grab(), tmp_path)
    theme().set_mode(Mode.LIGHT)


def test_no_reference_is_left_over() -> None:
    known = {f"{name}.png" for name in (*WIDGET_PICTURES, *PAGE_PICTURES)}
    assert {path.name for path in REFERENCES.glob("*")} == known


def test_a_moved_line_is_noticed(qapp: QApplication) -> None:
    plain = QImage(100, 100, QImage.Format.Format_RGB32)
    plain.fill(0xFFFFFFFF)
    lined = QPixmap.fromImage(plain).toImage()
    for x in range(100):
        lined.setPixelColor(x, 50, "#3a57d6")
    assert difference(plain, plain) == 0
    assert difference(plain, lined) == 0.01
    assert difference(plain, plain.copy(0, 0, 50, 50)) == 1
