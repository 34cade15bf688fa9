"""What people do at a desk, once by mouse alone and once by keyboard alone: real input through an X server and a window
manager, real containers behind the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.gui.desk import BY, FURNISH, MENU_ENTRY, only, page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.gui.hands import Hands

DEMO = "wherry-demo"
pytestmark = pytest.mark.timeout(180)


@BY
def test_run_the_first_service_and_open_its_page(at_desk: Callable[..., Hands], by: str) -> None:
    hands = at_desk(welcomed=False)
    if by == "mouse":
        hands.click("a.eyes._middle(w.page('welcome').demo, w.page('welcome').demo.rect())")
    else:
        hands.keys("space")  # the demo has the first focus
    hands.until(f"containers().get({DEMO!r}) == 'running'")
    port = hands.until("next(iter(a.client.mirror.containers.values())).ports[0].host_port")
    hands.until("any('demo service runs' in text for text in toasts())")
    assert b"<" in page_of(port)
    only(hands, by)


@BY
def test_stop_restart_remove_and_undo(at_desk: Callable[..., Hands], by: str) -> None:
    hands = at_desk(FURNISH + "await make('web')\nawait make('other')")
    hands.until("row('web')")
    if by == "mouse":
        hands.click("row('web')")
        hands.click("row('web', knob=0)")
        hands.until("containers()['web'] == 'exited'")
        hands.click("row('web', knob=0)")
        hands.until("containers()['web'] == 'running'")
        hands.click("row('web')", button=3)
        hands.until("[m for m in w.findChildren(__import__('PySide6.QtWidgets').QtWidgets.QMenu) if m.isVisible()]")
        hands.click(MENU_ENTRY.format("Remove"))
        hands.press("Remove")
        hands.until("'web' not in containers()")
        last = "w.toasts.toasts()[-1]"
        hands.until(f"{last}.lasting == 0")
        undo = f"next(k for k in {last}.findChildren(__import__('PySide6.QtWidgets').QtWidgets.QPushButton))"
        hands.click(f"a.eyes._middle({undo}, {undo}.rect())")
    else:
        hands.keys("w", "e", "b")
        hands.until("selected() == ['web']")
        hands.keys("alt+t")
        hands.until("containers()['web'] == 'exited'")
        hands.keys("alt+s")
        hands.until("containers()['web'] == 'running'")
        hands.keys("alt+r")
        hands.until("containers()['web'] == 'running'")
        hands.keys("Delete")
        hands.until("dialogs() == ['Remove web?']")
        hands.keys("Tab", "space") if hands.see("'Cancel' in focus()") else hands.keys("space")
        hands.until("'web' not in containers()")
        hands.keys("ctrl+z")
    hands.until("containers().get('web') == 'running'")
    assert hands.see("containers()['other']") == "running"
    only(hands, by)


@BY
def test_remove_thirty_and_no_other(at_desk: Callable[..., Hands], by: str) -> None:
    lines = "for n in range(30):\n    await make(f'job-{n:02}', start=False)\nawait make('keep')"
    hands = at_desk(FURNISH + lines)
    hands.until("row('keep')")
    if by == "mouse":
        hands.press("Stopped")
        hands.until("row('keep') is None and row('job-00')")
        hands.hover("row('job-00')")
        hands.click("row('job-00', box=True)")
        hands.until("selected() == ['job-00']")
        hands.press("Select all 30 shown")
        hands.until("len(selected()) == 30")
        hands.press("bulk.container.remove")
    else:
        hands.keys("ctrl+f")
        hands.type("job-")
        hands.until("row('keep') is None and row('job-00')")
        hands.tab_to("Table")
        hands.keys("ctrl+a")
        hands.until("len(selected()) == 30")
        hands.keys("Delete")
    hands.until("set(containers()) == {'keep'}")
    assert hands.see("containers()['keep']") == "running"
    hands.until("'Removed 30 containers' in ' '.join(toasts())")
    only(hands, by)


ALL_LINES = (
    "current_tab() and current_tab() is details().tab('logs') and current_tab().panel.source.line_count() > 200000"
)


@BY
def test_find_the_error_among_many_lines(at_desk: Callable[..., Hands], by: str) -> None:
    command = (
        "('sh', '-c', \"i=0; while [ $i -lt 200000 ]; do echo line $i all is well; i=$((i+1)); "
        "[ $i = 123456 ] && echo 'ERROR: the disk is on fire'; done; exec sleep 1000\")"
    )
    hands = at_desk(FURNISH + f"await make('loud', {command})")
    hands.until("row('loud')")
    if by == "mouse":
        hands.click("row('loud', knob=1)")
        hands.until(ALL_LINES)
        hands.click("a.eyes._middle(*[(c, c.rect()) for c in [current_tab().panel.levels.chip('error')]][0])")
    else:
        hands.keys("l", "o", "u", "d")
        hands.until("selected() == ['loud']")
        hands.keys("alt+l")
        hands.until(ALL_LINES)
        hands.keys("ctrl+f")
        hands.type("on fire")
        hands.keys("Return")  # at once: the first hit is gone to when it is found
    lines = "current_tab().panel.filtered or current_tab().panel.source"
    found = f"[r.text for r in [({lines}).row(i) for i in range(*[(f, t + 1) for f, t in"
    found += " [current_tab().panel.view.visible_range()]][0])] if r]"
    hands.until(f"any('the disk is on fire' in text for text in {found})")
    only(hands, by)


@BY
def test_a_shell_runs_top_and_follows_the_size_of_the_window(at_desk: Callable[..., Hands], by: str) -> None:
    hands = at_desk(FURNISH + "await make('box', ('sleep', '1000'))")
    hands.until("row('box')")
    if by == "mouse":
        hands.click("row('box', knob=2)")
    else:
        hands.keys("b", "o", "x")
        hands.until("selected() == ['box']")
        hands.keys("alt+e")
    hands.until("current_tab() and current_tab() is details().tab('terminal') and current_tab().sessions")
    hands.until("any(sign in current_tab().sessions[0].view.all_text() for sign in '#$')")
    if by == "keyboard":
        hands.type("top\n")
        hands.until("'PID' in current_tab().sessions[0].view.all_text()")
        hands.keys("q")
        hands.type("stty size\n")
        size = "'%d %d' % (current_tab().sessions[0].view.rows, current_tab().sessions[0].view.columns)"
        hands.until(f"{size} in current_tab().sessions[0].view.all_text()")
        before = hands.see(size)
        hands.see("w.resize(1000, 700)")
        hands.until(f"{size} != {before!r}")
        hands.type("stty size\n")
        hands.until(f"{size} in current_tab().sessions[0].view.all_text()")
        hands.keys("ctrl+Tab")
        hands.until("current_tab() is details().tab('stats')")
    else:
        hands.press("Close this terminal")
        hands.until("not current_tab().sessions")
        hands.press("Open a shell")
        hands.until("current_tab().sessions")
    only(hands, by)


def test_edit_a_file_of_a_stopped_container_by_keyboard(at_desk: Callable[..., Hands]) -> None:
    hands = at_desk(FURNISH + "await make('box', ('sleep', '1000'), start=False)")
    hands.until("row('box')")
    hands.keys("b", "o", "x", "Return")
    hands.until("details() is not None and details().isVisible()")
    hands.keys("alt+5")
    hands.until("current_tab() is details().tab('files') and current_tab().browser.tree.files.rowCount() > 2")
    hands.tab_to("FileTree")
    hands.keys("Home", "d", "a", "t", "a", "Right")
    hands.until("current_tab().browser.tree.files.loaded('/data')")
    hands.keys("Right")
    hands.until("current_tab().browser.editor.path == '/data/hello'")
    hands.tab_to("QPlainTextEdit")
    hands.keys("ctrl+Home")
    hands.type("typed ")
    hands.until("current_tab().browser.editor.dirty")
    hands.keys("ctrl+s")
    hands.until("not current_tab().browser.editor.dirty and any('Saved /data/hello' in text for text in toasts())")
    only(hands, "keyboard")


def test_the_palette_restarts_what_is_named(at_desk: Callable[..., Hands]) -> None:
    hands = at_desk(FURNISH + "await make('web')\nawait make('shop-web-1')")
    hands.until("row('web') and row('shop-web-1') and set(containers().values()) == {'running'}")
    before = hands.see("{c.name: str(c.started) for c in a.client.mirror.containers.values()}")
    hands.keys("ctrl+k")
    hands.until("'palette' in [x.objectName() for x in a.eyes._windows()]")
    hands.type("restart web")
    hands.keys("Return")
    hands.until(f"{{c.name: str(c.started) for c in a.client.mirror.containers.values()}}['web'] != {before['web']!r}")
    hands.until("containers()['web'] == 'running'")
    after = hands.see("{c.name: str(c.started) for c in a.client.mirror.containers.values()}")
    assert after["shop-web-1"] == before["shop-web-1"]
