"""Widgets under test wear the theme, with the fonts pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pixels.pinned import pin_look

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


@pytest.fixture(autouse=True)
def _look(qapp: QApplication) -> None:
    pin_look(qapp)
