"""A window for actions: with what is shown in it, and a clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtGui import QGuiApplication

from engine.types.projects import Project, ReadProject
from gui.presentation.projects.words import ProjectRow
from gui.settings import WindowSettings
from tests.support.played_window import PlayedWindow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SOURCE = ReadProject(files=("/home/me/shop/compose.yaml",), environment={"A": "1"})


@pytest.fixture
def window(tmp_path: Path) -> PlayedWindow:
    QGuiApplication.clipboard().clear()
    return PlayedWindow(WindowSettings(QSettings(str(tmp_path / "wherry.ini"), QSettings.Format.IniFormat)))


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def possible(window: PlayedWindow, action: str, *subjects: Sequence[Any]) -> list[bool]:
    """Whether it can be done, to each of these choices."""
    return [window.verbs[action].enabled(each) for each in subjects]


def why(window: PlayedWindow, action: str, *subjects: Any) -> str:
    """Why it cannot be done to these."""
    explain = window.verbs[action].why_not
    assert explain is not None
    return explain(subjects)


def a_project(*containers: Any, source: ReadProject | None = SOURCE, **fields: Any) -> ProjectRow:
    return ProjectRow(Project(name="shop", **fields), containers, source=source)
