"""Errors and what their buttons do, what was said since the start, and what a drop onto the window would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QPushButton, QWidget

from engine.errors import Code, WherryError
from gui.feedback.errors import ErrorDialog, report_text
from gui.feedback.messages import MessageLog
from gui.frame.dropping import offer
from gui.theme import Tone
from tests.support.played_window import PlayedWindow
from tests.unit.gui.made import a_container

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

WEB = a_container("web")


class Told:
    """An error as it is shown, with its buttons."""

    def __init__(self, qtbot: QtBot, error: BaseException, *, retry: bool = True) -> None:
        self.window = PlayedWindow()
        self.window.mirror.containers[WEB.id] = WEB
        self.tried: list[bool] = []
        self.parent = QWidget()
        qtbot.addWidget(self.parent)
        again: Any = (lambda: self.tried.append(True)) if retry else None
        self.dialog = ErrorDialog(self.parent, self.window, error, again)  # type: ignore[arg-type]

    def press(self, words: str) -> None:
        (knob,) = [each for each in self.dialog.findChildren(QPushButton) if each.text() == words]
        knob.click()


@pytest.mark.parametrize(
    ("code", "subject", "button", "shown"),
    [
        (Code.PORT_PRIVILEGED, "80", "Open the doctor", ("page", "settings", "doctor")),
        (Code.CORRUPT, "", "Check the store", ("page", "settings", "store")),
        (Code.TLS, "h.io", "Registry settings…", ("page", "settings", "registries")),
        (Code.UNAUTHORIZED, "h.io/team/app:1", "Log in…", ("dialog", "login", ("server", "h.io"))),
        (Code.NO_PLATFORM, "app:1", "Choose a platform…", ("dialog", "pull", ("reference", "app:1"))),
        (Code.DISK_FULL, "", "Free space…", ("page", "disk")),
        (Code.IN_USE, "data", "Show what uses it", ("page", "containers", "filter:data")),
        (Code.PORT_IN_USE, "web", "Change the port…", ("dialog", "edit", ("container", WEB.id))),
        (Code.COMMAND_NOT_FOUND, WEB.id, "Change the command…", ("dialog", "edit", ("container", WEB.id))),
    ],
)
def test_what_mends_an_error_is_one_click_away(
    qtbot: QtBot, code: Code, subject: str, button: str, shown: tuple[Any, ...]
) -> None:
    told = Told(qtbot, WherryError("No", code=code, subject=subject))
    told.press(button)
    assert told.window.shown == [shown]
    assert told.dialog.result() == 1, "and the dialog is closed"


def test_trying_again_is_offered_where_there_is_something_to_try(qtbot: QtBot) -> None:
    error = WherryError("No", code=Code.TIMEOUT)
    told = Told(qtbot, error)
    told.press("Try again")
    assert told.tried == [True]
    told = Told(qtbot, error, retry=False)
    assert told.dialog.remedies == []


@pytest.mark.parametrize("code", [Code.PORT_IN_USE, Code.COMMAND_NOT_FOUND])
def test_a_container_nobody_knows_cannot_be_edited(qtbot: QtBot, code: Code) -> None:
    told = Told(qtbot, WherryError("No", code=code, subject="gone"), retry=False)
    assert told.dialog.remedies == []


def test_a_fault_of_ours_is_reported_with_its_trace_and_an_error_with_its_details(qtbot: QtBot) -> None:
    fault = KeyError("x")
    told = Told(qtbot, fault)
    told.press("Show the report")
    assert told.window.shown == [("dialog", "report", ("error", fault))]
    assert report_text(fault).strip().endswith("KeyError: 'x'")
    assert report_text(WherryError("No", details="exit 3")).endswith("\nexit 3")


def test_what_was_said_is_kept_the_newest_last_and_the_oldest_go(qapp: object) -> None:
    owner = QObject()
    log = MessageLog(owner)
    told: list[str] = []
    log.added.connect(lambda message: told.append(message.text))
    log.add("Stopped web", Tone.NEUTRAL, detail="in 3 s", container_id="w")
    for number in range(1000):
        log.add(str(number), Tone.SUCCESS)
    assert (told[0], len(told)) == ("Stopped web", 1001)
    kept = log.all()
    assert (len(kept), kept[0].text, kept[-1].text, kept[-1].id) == (1000, "0", "999", "1001")
    assert (kept[0].tone, kept[0].detail, kept[0].container_id) == (Tone.SUCCESS, "", "")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("app.tar", "Drop to load the images in it"),
        ("APP.TAR.GZ", "Drop to load the images in it"),
        ("app.oci", "Drop to load the images in it"),
        ("compose.yaml", "Drop to open the project"),
        ("Dockerfile", "Drop to build an image from it"),
        ("containerfile", "Drop to build an image from it"),
        ("notes.txt", ""),
    ],
)
def test_what_dropping_a_file_would_do(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).write_text("services: {}")
    assert offer(str(tmp_path / name)) == words


def test_what_dropping_a_folder_would_do(tmp_path: Path) -> None:
    bare, project = tmp_path / "looks-like.tar", tmp_path / "project"
    bare.mkdir()
    project.mkdir()
    (project / "compose.yaml").write_text("services: {}")
    assert offer(str(bare)) == "Drop to build an image from it"
    assert offer(str(project)) == "Drop to open the project"
