"""What the window says is looked up in its catalogues, English too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


@pytest.fixture(autouse=True)
def words(qapp: QApplication) -> None:
    """Loaded with the application."""
