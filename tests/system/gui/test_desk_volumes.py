"""Volumes at a desk, by mouse and by keyboard: what is in one is saved and put back, also while a container uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.gui.desk import BY, FURNISH, MENU_ENTRY, only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.gui.hands import Hands

pytestmark = pytest.mark.timeout(180)
USED = (
    FURNISH
    + """
from engine.types.containers import Mount
from engine.types.files import Place
data = Mount(kind="volume", source="data", target="/data")
await make("db", mounts=(data,))
async def spoil():
    await client.call(lambda engine: engine.files.write(Place(kind="volume", id="data"), "/hello", b"spoilt"))
    a.spoilt = True
async def read():
    a.read = await client.call(lambda engine: engine.files.read(Place(kind="volume", id="data"), "/hello"))
a.spoil, a.look = spoil, read
"""
)
"""A container that runs on a volume, whose file can be spoilt and looked at beside the window."""


FILE = (
    "next((a.eyes._middle(v.viewport(), v.visualRect(i)) for v in a.eyes._windows()[0].findChildren("
    "__import__('PySide6.QtWidgets').QtWidgets.QAbstractItemView) if v.isVisible() and v.objectName() in"
    " ('treeView', 'listView') for n in range(v.model().rowCount(v.rootIndex()))"
    " for i in [v.model().index(n, 0, v.rootIndex())] if i.data() == {0!r}), None)"
)
"""A file in the list of a file dialog."""


def reads(hands: Hands, text: str) -> None:
    hands.see("setattr(a, 'read', None) or a.window.run(a.look()) and None")
    hands.until("a.read is not None")
    assert hands.see("a.read.decode()") == text


def choose(hands: Hands, by: str, entry: str) -> None:
    """An entry of the volume's menu."""
    if by == "mouse":
        hands.click("row('data')", button=3)
        hands.click(MENU_ENTRY.format(entry))
    else:
        hands.keys("ctrl+k")
        hands.until("'palette' in [x.objectName() for x in a.eyes._windows()]")
        hands.type(f"{entry.lower()} data")
        hands.keys("Return")


def name_file(hands: Hands, by: str, path: Path, accept: str) -> None:
    hands.until("'file-question' in [x.objectName() for x in a.eyes._windows()]")
    if by == "mouse" and path.exists():
        hands.click(FILE.format(path.name))
        hands.press(accept)
    elif by == "mouse":
        hands.fill("fileNameEdit", str(path))
        hands.press(accept)
    else:
        hands.keys("ctrl+a")
        hands.type(str(path))
        hands.keys("Return")


@BY
def test_back_up_a_used_volume_restore_it_and_take_that_back(
    at_desk: Callable[..., Hands], tmp_path: Path, by: str
) -> None:
    hands = at_desk(USED)
    kept = tmp_path / "kept.tar.zst"
    if by == "mouse":
        hands.press("Volumes")
    else:
        hands.keys("ctrl+3")
    hands.until("row('data')")
    choose(hands, by, "Back up")
    name_file(hands, by, kept, "Save")
    hands.until("any('Backed up to' in text for text in toasts())")
    hands.see("a.window.run(a.spoil()) and None")
    hands.until("getattr(a, 'spoilt', False)")
    reads(hands, "spoilt")
    began = hands.see("next(str(c.started) for c in a.client.mirror.containers.values())")
    choose(hands, by, "Restore")
    name_file(hands, by, kept, "Open")
    hands.until("dialogs() == ['Restore data?']")
    accept = "Stop db, restore, start it again"
    if by == "mouse":
        hands.press(accept)
    else:
        hands.tab_to(f"QPushButton {accept}")
        hands.keys("space")
    hands.until("any('Restored data' in text for text in toasts())")
    hands.until("containers()['db'] == 'running'")
    assert hands.see("next(str(c.started) for c in a.client.mirror.containers.values())") != began
    reads(hands, "hello\n")
    assert len(list(tmp_path.glob("data-before-*.tar.zst"))) == 1
    if by == "mouse":
        hands.press("Undo")
    else:
        hands.tab_to("QPushButton Undo")
        hands.keys("space")
    hands.until("any('data is as it was before' in text for text in toasts())")
    hands.until("containers()['db'] == 'running'")
    reads(hands, "spoilt")
    only(hands, by)
