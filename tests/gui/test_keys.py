"""Keys: no verb on a bare letter, what a terminal passes on, and a page that names every key there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut

from engine.types.containers import State
from gui.frame.shortcuts import shortcut_groups
from gui.pages.catalogue import pages
from gui.tour import TABS

if TYPE_CHECKING:
    from gui.pages.container.terminal import TerminalTab
    from tests.gui.conftest import Driver

ALT, CONTROL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier


def keys_in_use(driver: Driver) -> set[str]:
    """Every key the window reacts to, once each page and view has been made."""
    for entry in pages():
        driver.window.navigate(entry.id)
    for key in TABS:
        driver.window.navigate("containers", driver.container("grafana").id, key)
    shortcuts = [found.key() for found in driver.window.findChildren(QShortcut)]
    shortcuts += [key for action in driver.window.findChildren(QAction) for key in action.shortcuts()]
    return {key.toString(QKeySequence.SequenceFormat.PortableText) for key in shortcuts if not key.isEmpty()}


def test_no_verb_is_on_a_bare_letter(driver: Driver) -> None:
    plain = [key for key in keys_in_use(driver) if len(key.removeprefix("Shift+")) == 1]
    assert plain == []


def test_the_page_of_keys_names_every_key_there_is(driver: Driver) -> None:
    told = {QKeySequence(key).toString() for _title, keys in shortcut_groups(driver.window) for _words, key in keys}
    assert keys_in_use(driver) - told - {"Ctrl+Shift+Z"} == set()


def test_typing_a_name_goes_to_it_and_does_nothing_else(driver: Driver) -> None:
    driver.window.navigate("containers")
    page: Any = driver.window.page("containers")
    before = {c.name: c.state for c in driver.client.mirror.containers.values()}
    page.list.table.setFocus()
    page.list.table.selectRow(0)
    driver.bot.keyClicks(page.list.table, "thumb")
    assert [c.name for c in page.list.selected()] == ["thumbnailer"]
    assert {c.name: c.state for c in driver.client.mirror.containers.values()} == before
    assert page.list.isVisible()


def test_verbs_work_in_the_list_and_on_the_page_of_one(driver: Driver) -> None:
    driver.window.navigate("containers")
    page: Any = driver.window.page("containers")
    page.list.table.select_key(driver.container("grafana").id)
    page.list.table.setFocus()
    driver.bot.keyClick(page.list.table, Qt.Key.Key_T, ALT)
    driver.until(lambda: driver.container("grafana").state is State.EXITED)
    driver.window.navigate("containers", driver.container("grafana").id, "overview")
    page.details.tabs.setFocus()
    driver.bot.keyClick(page.details.tabs, Qt.Key.Key_S, ALT)
    driver.until(lambda: driver.container("grafana").state is State.RUNNING)


@pytest.fixture
def terminal(driver: Driver) -> Any:
    driver.window.activateWindow()
    driver.window.navigate("containers", driver.container("grafana").id, "terminal")
    page: Any = driver.window.page("containers")
    tab: TerminalTab = page.details.current_tab()
    driver.until(lambda: tab.sessions and "grafana" in tab.sessions[0].view.all_text())
    tab.sessions[0].view.setFocus()
    return tab.sessions[0].view


def test_alt_left_leads_back_to_the_list_on_every_page_that_has_one(driver: Driver) -> None:
    asked = []
    for entry in pages():
        driver.window.navigate(entry.id)
        page = driver.window.page(entry.id)
        if hasattr(page, "show_list"):
            keys = [shortcut.key().toString() for shortcut in page.findChildren(QShortcut)]
            asked.append((entry.id, "Alt+Left" in keys))
    assert len(asked) > 5
    assert [page for page, there in asked if not there] == []


def test_a_terminal_passes_on_what_it_has_no_use_for(driver: Driver, terminal: Any) -> None:
    typed: list[bytes] = []
    terminal.typed.connect(typed.append)
    driver.bot.keyClick(terminal, Qt.Key.Key_K, CONTROL)
    driver.dialog("palette").close()
    driver.bot.keyClick(terminal, Qt.Key.Key_F1, NONE)
    driver.dialog("shortcuts").reject()
    page: Any = driver.window.page("containers")
    driver.bot.keyClick(terminal, Qt.Key.Key_Tab, CONTROL)
    assert page.details.current_tab() is page.details.tab("stats")
    page.details.show_container(page.details.container_id, "terminal")
    driver.bot.keyClick(terminal, Qt.Key.Key_Left, ALT)
    assert page.list.isVisible()
    driver.window.navigate("containers", driver.container("grafana").id, "terminal")
    driver.bot.keyClick(terminal, Qt.Key.Key_2, CONTROL)
    assert driver.window.current_page_id == "images"
    assert typed == []


def test_a_program_with_the_whole_screen_keeps_its_keys(driver: Driver, terminal: Any) -> None:
    typed: list[bytes] = []
    terminal.typed.connect(typed.append)
    terminal.feed(b"\x1b[?1049h")
    driver.until(lambda: terminal.screen_buffer.alternate)
    driver.bot.keyClick(terminal, Qt.Key.Key_K, CONTROL)
    driver.bot.keyClick(terminal, Qt.Key.Key_Left, ALT)
    driver.bot.keyClick(terminal, Qt.Key.Key_F1, NONE)
    assert typed == [b"\x0b", b"\x1b[1;3D", b"\x1bOP"]
    driver.no_dialog()


def test_a_shell_gets_its_letters_and_ctrl_k_by_another_key(driver: Driver, terminal: Any) -> None:
    typed: list[bytes] = []
    terminal.typed.connect(typed.append)
    driver.bot.keyClick(terminal, Qt.Key.Key_T, ALT)
    driver.bot.keyClick(terminal, Qt.Key.Key_R, CONTROL)
    driver.bot.keyClick(terminal, Qt.Key.Key_K, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert typed == [b"\x1bt", b"\x12", b"\x0b"]
    assert driver.container("grafana").state is State.RUNNING
