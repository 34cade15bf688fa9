"""Forms at a desk, by mouse and by keyboard: a service on a chosen port, a limit raised, a file edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.processes import free_port
from tests.system.gui.desk import BY, FURNISH, only, page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.gui.hands import Hands

pytestmark = pytest.mark.timeout(180)
SECTION = (
    "(lambda s, l: a.eyes._middle(l.viewport(), l.visualItemRect(l.item(s))))({0}, a.eyes._windows()[0].form.list)"
)
BASICS, PORTS, LIMITS = 0, 1, 5
RESOURCES = "next(iter(a.client.mirror.containers.values())).spec.resources"


@BY
def test_run_a_service_on_a_chosen_port(at_desk: Callable[..., Hands], by: str) -> None:
    hands = at_desk(FURNISH)
    port = free_port()
    served = "httpd -f -p 8000 -h /www"
    if by == "mouse":
        hands.press("Run a container")
        hands.until("dialogs() == ['Run a container']")
        hands.press("Image")
        hands.write("localhost/busy")
        hands.click(
            "a.eyes._windows()[0].objectName() != 'dialog.run' and (lambda l: a.eyes._middle(l.viewport(),"
            " l.visualRect(l.model().index(0, 0))))(a.eyes._windows()[0])"
        )
        hands.until("dialogs() == ['Run a container']")
        hands.press("Name")
        hands.write("site")
        hands.press("Command")
        hands.write(served)
        hands.click(SECTION.format(PORTS))
        hands.press("Publish a port")
        hands.press("Port on this computer")
        hands.write(str(port))
        hands.press("Port in the container")
        hands.write("8000")
        hands.until("widget('Run')")
        hands.press("Run")
    else:
        hands.keys("ctrl+n")
        hands.until("dialogs() == ['Run a container']")
        hands.type("localhost/busybox")
        hands.keys("Tab")
        hands.until("'Name' in focus()")
        hands.type("site")
        hands.tab_to("QListWidget Sections")
        hands.tab_to("QLineEdit Command")
        hands.type(served)
        hands.keys("shift+Tab")
        hands.until("focus().startswith('QListWidget')")
        hands.type("po")
        hands.tab_to("QPushButton Publish a port")
        hands.keys("space")
        hands.until("focus() == 'QLineEdit Port on this computer'")
        hands.type(str(port))
        hands.keys("Tab")
        hands.type("8000")
        hands.until("widget('Run')")
        hands.keys("Return")
    hands.until("containers().get('site') == 'running'")
    assert page_of(port) == b"here I am\n"
    only(hands, by)


HUNGRY = """('sh', '-c', 'x=$(head -c 50000000 /dev/zero | tr "\\\\0" x); sleep 1000; echo $x')"""


@BY
def test_raise_a_limit(at_desk: Callable[..., Hands], by: str) -> None:
    limited = "from engine.types.containers import Resources\n"
    hands = at_desk(FURNISH + limited + f"await make('box', {HUNGRY}, resources=Resources(memory=160 << 20, pids=50))")
    hands.until("row('box')")
    if by == "mouse":
        hands.click("row('box')", times=2)
        hands.until("details() is not None and details().isVisible()")
        hands.click("tab('Stats')")
        chart = "current_tab().charts['memory']"
        hands.until(
            f"current_tab() is details().tab('stats') and {chart}._limit and 0 < {chart}._y({chart}._limit) < 999"
        )
        hands.drag(
            f"a.eyes._global({chart}, __import__('PySide6.QtCore').QtCore.QPoint("
            f"{chart}.width() // 2, round({chart}._y({chart}._limit))))",
            -120,
        )
        hands.until(f"{RESOURCES}.memory > {200 << 20}")
        hands.until("any('The limit is now' in text for text in toasts())")
    else:
        hands.keys("ctrl+k")
        hands.until("'palette' in [x.objectName() for x in a.eyes._windows()]")
        hands.type("edit box")
        hands.keys("Return")
        hands.until("dialogs() == ['Edit box']")
        hands.tab_to("QListWidget Sections")
        hands.type("li")
        hands.tab_to("QLineEdit Memory")
        hands.keys("ctrl+a")
        hands.type("128m")
        hands.until("a.eyes._windows()[0].apply_button.isEnabled()")
        hands.keys("Return")
        hands.until(f"{RESOURCES}.memory == {128 << 20}")
    hands.until("dialogs() == []")
    assert hands.see("containers()['box']") == "running"
    assert hands.see(f"{RESOURCES}.pids") == 50
    only(hands, by)


def test_edit_a_file_of_a_stopped_container_by_mouse(at_desk: Callable[..., Hands]) -> None:
    hands = at_desk(FURNISH + "await make('box', ('sleep', '1000'), start=False)")
    hands.until("row('box')")
    hands.click("row('box')", times=2)
    hands.until("details() is not None and details().isVisible()")
    hands.click("tab('Files')")
    hands.until("current_tab() is details().tab('files') and current_tab().browser.tree.files.rowCount() > 2")
    hands.click("arrow_of('/data')")
    hands.click("tree_row('/data/hello')")
    hands.until("current_tab().browser.editor.path == '/data/hello'")
    hands.click("a.eyes._middle(*[(t, t.rect()) for t in [current_tab().browser.editor.text]][0])")
    hands.write("typed")
    hands.until("current_tab().browser.editor.dirty")
    hands.press("Save")
    hands.until("not current_tab().browser.editor.dirty and any('Saved /data/hello' in text for text in toasts())")
    assert b"typed" in hands.see("current_tab().browser.editor.original.decode()").encode()
    only(hands, "mouse")
