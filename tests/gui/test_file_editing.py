"""Editing files in the window: what was not touched stays, nothing is lost unasked, the tree stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from engine.types.files import Place

if TYPE_CHECKING:
    from gui.pages.files.browser import FileBrowser
    from tests.gui.conftest import Driver

CONTROL = Qt.KeyboardModifier.ControlModifier
MIXED = "one\r\ntwo\u00a0wide\nthree\u2028still three\r\nlast, without an end".encode()


class Editing:
    def __init__(self, driver: Driver, name: str = "grafana") -> None:
        self.driver = driver
        self.place = Place(kind="container", id=driver.container(name).id)
        driver.window.navigate("containers", self.place.id, "files")
        page: Any = driver.window.page("containers")
        self.browser: FileBrowser = page.details.current_tab().browser
        driver.until(lambda: self.browser.tree.files.rowCount() > 3)

    @property
    def editor(self) -> Any:
        return self.browser.editor

    def put(self, path: str, data: bytes) -> None:
        self.driver.ask(lambda engine: engine.files.write(self.place, path, data))

    def get(self, path: str) -> bytes:
        found: bytes = self.driver.ask(lambda engine: engine.files.read(self.place, path))
        return found

    def open(self, path: str) -> None:
        self.browser.tree.reveal(path)
        self.driver.until(lambda: self.editor.path == path)

    def type_at_end_of_line(self, row: int, word: str) -> None:
        cursor = self.editor.text.textCursor()
        cursor.setPosition(self.editor.text.document().findBlockByNumber(row).position())
        cursor.movePosition(cursor.MoveOperation.EndOfLine)
        self.editor.text.setTextCursor(cursor)
        self.driver.bot.keyClicks(self.editor.text, word)

    def save(self) -> None:
        self.driver.window.activateWindow()
        self.driver.until(self.driver.window.isActiveWindow)
        self.editor.text.setFocus()
        self.driver.bot.keyClick(self.editor.text, Qt.Key.Key_S, CONTROL)

    def press(self, dialog: str, words: str) -> None:
        knobs = self.driver.dialog(dialog).findChildren(QAbstractButton)
        next(knob for knob in knobs if knob.text() == words).click()


@pytest.fixture
def editing(driver: Driver) -> Editing:
    return Editing(driver)


def test_saving_changes_the_edited_line_and_not_a_byte_beside_it(driver: Driver, editing: Editing) -> None:
    editing.put("/etc/hosts", MIXED)
    editing.open("/etc/hosts")
    assert editing.editor._kind.text().startswith("UTF-8")
    editing.type_at_end_of_line(1, "!")
    assert editing.editor.dirty
    assert editing.editor._path.text.startswith("● /etc/hosts")
    assert editing.editor.save_button.isVisible()
    editing.save()
    driver.until(lambda: not editing.editor.dirty)
    assert editing.get("/etc/hosts") == MIXED.replace("two\u00a0wide".encode(), "two\u00a0wide!".encode())
    editing.type_at_end_of_line(0, "?")
    editing.save()
    driver.until(lambda: not editing.editor.dirty)
    assert editing.get("/etc/hosts").startswith(b"one?\r\ntwo\xc2\xa0wide!\n")


def test_saving_leaves_the_tree_open_and_where_it_stands(driver: Driver, editing: Editing) -> None:
    tree = editing.browser.tree
    editing.open("/etc/hosts")
    folders = [path for path in ("/etc", "/usr", "/var") if tree.files.index_of_path(path).isValid()]
    for path in folders:
        tree.setExpanded(tree.files.index_of_path(path), True)  # noqa: FBT003
    driver.until(lambda: all(tree.files.loaded(path) for path in folders))
    tree.verticalScrollBar().setValue(tree.verticalScrollBar().maximum())
    before = tree.verticalScrollBar().value()
    editing.type_at_end_of_line(0, "x")
    editing.save()
    driver.until(lambda: not editing.editor.dirty)
    editing.browser.reload()
    driver.until(lambda: driver.client.is_ready)
    assert all(tree.isExpanded(tree.files.index_of_path(path)) for path in folders)
    assert tree.verticalScrollBar().value() == before
    assert tree.current_row().path == "/etc/hosts"


@pytest.mark.parametrize(
    ("words", "kept", "shown"),
    [("Save", True, "other"), ("Throw away", False, "other"), ("Go on editing", False, "hosts")],
)
def test_another_file_is_opened_only_after_a_question(
    driver: Driver, editing: Editing, words: str, kept: bool, shown: str
) -> None:
    editing.put("/etc/hosts", b"hosts\n")
    editing.put("/etc/other", b"other\n")
    editing.browser.reload()
    editing.open("/etc/hosts")
    driver.until(lambda: editing.browser.tree.files.index_of_path("/etc/other").isValid())
    editing.type_at_end_of_line(0, "!")
    editing.browser.tree.reveal("/etc/other")
    editing.press("leaving", words)
    driver.no_dialog()
    driver.until(lambda: editing.editor.path == f"/etc/{shown}")
    driver.until(lambda: editing.browser.tree.current_row().path == f"/etc/{shown}")
    assert (editing.get("/etc/hosts") == b"hosts!\n") is kept
    assert editing.editor.dirty is (shown == "hosts")


def test_what_somebody_else_wrote_meanwhile_is_not_written_over_unasked(driver: Driver, editing: Editing) -> None:
    editing.put("/etc/hosts", b"mine\n")
    editing.open("/etc/hosts")
    editing.type_at_end_of_line(0, "!")
    editing.put("/etc/hosts", b"theirs\n")
    editing.save()
    dialog = driver.dialog("question")
    assert "changed meanwhile" in dialog.windowTitle()
    dialog.reject()
    driver.no_dialog()
    assert editing.get("/etc/hosts") == b"theirs\n"
    assert editing.editor.dirty
    editing.save()
    driver.accept()
    driver.until(lambda: not editing.editor.dirty)
    assert editing.get("/etc/hosts") == b"mine!\n"


def test_who_goes_to_another_container_finds_the_draft_again(driver: Driver, editing: Editing) -> None:
    editing.put("/etc/hosts", MIXED)
    editing.open("/etc/hosts")
    editing.type_at_end_of_line(0, "!")
    other = Editing(driver, "shop-web-1")
    assert not other.editor.dirty
    assert driver.window.unsaved() == ["/etc/hosts"]
    driver.until(lambda: driver.offers("Go back"))
    driver.offers("Go back")[-1].click()
    driver.until(lambda: other.editor.path == "/etc/hosts" and other.editor.dirty)
    other.save()
    driver.until(lambda: not other.editor.dirty)
    assert editing.get("/etc/hosts") == MIXED.replace(b"one\r\n", b"one!\r\n")
    assert driver.window.unsaved() == []


def test_quitting_asks_about_what_is_not_saved(driver: Driver, editing: Editing) -> None:
    driver.application.settings.on_quit = "keep"
    editing.put("/etc/hosts", b"mine\n")
    editing.open("/etc/hosts")
    editing.type_at_end_of_line(0, "!")
    driver.application.quit()
    dialog = driver.dialog("question")
    assert dialog.windowTitle() == "Quit without saving?"
    dialog.reject()
    driver.no_dialog()
    assert driver.window.isVisible()
    assert editing.editor.dirty


@pytest.mark.parametrize("data", [b"\x7fELF\x02\0\0", b"a\0b", b"\x1f\x8b\x08zzz"])
def test_what_is_not_text_cannot_be_edited(driver: Driver, editing: Editing, data: bytes) -> None:
    editing.put("/etc/hosts", data)
    editing.open("/etc/hosts")
    assert editing.editor.text.isReadOnly()
    editing.type_at_end_of_line(0, "x")
    editing.save()
    assert not editing.editor.dirty
    assert editing.get("/etc/hosts") == data


def test_a_sign_the_file_cannot_have_is_told_and_not_lost(driver: Driver, editing: Editing) -> None:
    editing.put("/etc/hosts", "grün\n".encode("latin-1"))
    editing.open("/etc/hosts")
    editing.editor.text.insertPlainText("€")
    editing.save()
    driver.until(lambda: any("ISO-8859-1" in text for text in driver.toast_texts()))
    assert editing.editor.dirty
    assert editing.get("/etc/hosts") == "grün\n".encode("latin-1")
