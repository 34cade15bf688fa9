"""What makes pictures the same on every machine: fonts, time zone, theme."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from PySide6.QtGui import QFont

from gui.theme import Mode, set_mono_family, theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


def pin_look(app: QApplication, mode: Mode = Mode.LIGHT) -> None:
    """DejaVu (Debian's fonts-dejavu), UTC, and one of the two palettes."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    app.setCursorFlashTime(0)
    app.setFont(QFont("DejaVu Sans", 10))
    set_mono_family("DejaVu Sans Mono")
    theme().install(app, mode)
