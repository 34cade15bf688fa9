"""What the window remembers is there at the next start; what nobody chose, or somebody spoiled, is as usual."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QByteArray, QSettings

from gui.settings import WindowSettings
from gui.theme import Mode


def opened(tmp_path: Path) -> WindowSettings:
    return WindowSettings(QSettings(str(tmp_path / "wherry.ini"), QSettings.Format.IniFormat))


@pytest.mark.parametrize(
    ("name", "usual", "others"),
    [
        ("look", Mode.SYSTEM, [Mode.DARK, Mode.LIGHT, Mode.SYSTEM]),
        ("language", "system", ["de", "system"]),
        ("keep_in_tray", True, [False, True]),
        ("notifications", True, [False, True]),
        ("on_quit", "ask", ["keep", "stop", "ask"]),
        ("welcomed", False, [True, False]),
        ("group_by_project", True, [False, True]),
    ],
)
def test_a_choice_is_there_at_the_next_start(tmp_path: Path, name: str, usual: Any, others: list[Any]) -> None:
    assert getattr(opened(tmp_path), name) == usual
    for other in others:
        settings = opened(tmp_path)
        setattr(settings, name, other)
        assert getattr(settings, name) == other
        settings.sync()
        assert getattr(opened(tmp_path), name) == other


def test_the_file_has_the_place_it_always_had(tmp_path: Path) -> None:
    usual = Path(QSettings("x", "y").fileName()).parents[1]
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(tmp_path))
    try:
        settings = WindowSettings()
        settings.welcomed = True
        settings.sync()
        assert (tmp_path / "Wherry" / "wherry.conf").read_text() == "[General]\nwelcomed=true\n"
    finally:
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(usual))


@pytest.mark.parametrize(
    ("key", "written", "name", "usual"),
    [
        ("look", "purple", "look", Mode.SYSTEM),
        ("on-quit", "explode", "on_quit", "ask"),
        ("keep-in-tray", "perhaps", "keep_in_tray", False),
        ("keep-in-tray", "TRUE", "keep_in_tray", True),
        ("notifications", "FALSE", "notifications", False),
        ("group-by-project", "False", "group_by_project", False),
        ("welcomed", "True", "welcomed", True),
        ("language", "de", "language", "de"),
    ],
)
def test_the_file_is_read_as_it_always_was_and_may_be_written_by_hand(
    tmp_path: Path, key: str, written: str, name: str, usual: Any
) -> None:
    (tmp_path / "wherry.ini").write_text(f"[General]\n{key}={written}\n")
    assert getattr(opened(tmp_path), name) == usual


def test_the_state_of_a_window_comes_back_as_qt_saved_it(tmp_path: Path) -> None:
    state = QByteArray(b"\x00\x01\xff=,;")
    settings = opened(tmp_path)
    assert settings.bytes("window") == QByteArray()
    settings.set_bytes("window", state)
    settings.set_text("window", "no state")
    settings.sync()
    assert opened(tmp_path).bytes("window") == state
    (tmp_path / "wherry.ini").write_text("[state]\nwindow=spoiled\n")
    assert opened(tmp_path).bytes("window") == QByteArray()


def test_a_page_remembers_a_small_choice_and_its_first_rows(tmp_path: Path) -> None:
    settings = opened(tmp_path)
    assert (settings.text("tab"), settings.text("tab", "log"), settings.last_rows("images")) == ("", "log", [])
    settings.set_text("tab", "stats")
    settings.set_last_rows("images", (f"row {number}" for number in range(40)))
    settings.set_last_rows("volumes", [])
    settings.sync()
    again = opened(tmp_path)
    assert (again.text("tab", "log"), again.last_rows("volumes")) == ("stats", [])
    assert again.last_rows("images") == [f"row {number}" for number in range(30)]
