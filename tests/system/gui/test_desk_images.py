"""Images at a desk, by mouse and by keyboard: the biggest waste, two compared, a build mended, a login, disk freed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.registry import serve_registry
from tests.system.gui.desk import BY, FURNISH, MENU_ENTRY, only
from tests.system.images.test_pull import BCRYPT_OF_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.gui.hands import Hands

pytestmark = pytest.mark.timeout(180)
TWO_IMAGES = """
from tests.support.images import File, busybox_archive, directory
async def load(name, *layers):
    async def stream():
        yield busybox_archive(*layers, reference=name)
    await client.call(lambda engine: engine.images.load(stream()).result())
first = [directory("app"), File("app/config", b"port 1\\n"), File("app/big.bin", bytes(range(256)) * 4096)]
await load("localhost/old:1", first, [File("app/big.bin", b"small")])
await load("localhost/new:1", first, [File("app/config", b"port 2\\n")])
"""
"""An image that carries a megabyte nobody can see, and another with another setting."""
PAGE = "w.page('images')"
PALETTE = "'palette' in [x.objectName() for x in a.eyes._windows()]"


def by_palette(hands: Hands, words: str) -> None:
    hands.keys("ctrl+k")
    hands.until(PALETTE)
    hands.type(words)
    hands.keys("Return")


@BY
def test_find_the_biggest_waste_of_an_image(at_desk: Callable[..., Hands], by: str) -> None:
    hands = at_desk(TWO_IMAGES)
    inspector = f"{PAGE}.details.inspector"
    if by == "mouse":
        hands.press("Images")
        hands.click("row('localhost/old:1')", times=2)
        hands.until(f"{PAGE}.details and {inspector}.report")
        hands.click(f"a.eyes._middle({inspector}.score, {inspector}.score.rect())")
    else:
        by_palette(hands, "look inside localhost/old:1")
        hands.until(f"{PAGE}.details and {inspector}.report")
        hands.tab_to("BadgeButton")
        hands.keys("space")
    hands.until(f"{inspector}.waste.isVisible()")
    assert hands.see(f"{inspector}.waste.rows.index(0, 0).data()") == "/app/big.bin"
    if by == "mouse":
        hands.click("row('/app/big.bin')", times=2)
    else:
        hands.tab_to("WasteList")
        hands.keys("Home", "Return")
    hands.until(f"{inspector}.files.isVisible() and {inspector}.files.current_row().path == '/app/big.bin'")
    only(hands, by)


@BY
def test_compare_two_images(at_desk: Callable[..., Hands], by: str) -> None:
    hands = at_desk(TWO_IMAGES)
    if by == "mouse":
        hands.press("Images")
        hands.click("row('localhost/old:1')")
        hands.click("row('localhost/new:1')", holding="ctrl")
        hands.click("row('localhost/new:1')", button=3)
        hands.click(MENU_ENTRY.format("Compare"))
    else:
        by_palette(hands, "compare localhost/old:1")
    hands.until("row('/app/config')")
    assert hands.see("row('/app/big.bin')")
    if by == "mouse":
        hands.click("row('/app/config')")
    else:
        hands.tab_to("_PairTable Files that differ")
        hands.keys("End")
    hands.until("'port 2' in w.page('images').compare.difference.toPlainText()")
    only(hands, by)


@BY
def test_free_disk(at_desk: Callable[..., Hands], by: str) -> None:
    hands = at_desk(FURNISH + "await make('keep')\n" + TWO_IMAGES)
    if by == "mouse":
        hands.press("Disk")
        hands.until("w.page('disk').usage")
        hands.press("Free space")
    else:
        by_palette(hands, "go to disk")
        hands.until("w.current_page_id == 'disk' and w.page('disk').usage")
        hands.tab_to("QPushButton Free space")
        hands.keys("space")
    hands.until("dialogs()")
    images = "a.eyes._windows()[0].boxes['images']"
    if by == "mouse":
        hands.see(f"{images}.isChecked()") or hands.click(f"a.eyes._middle({images}, {images}.rect())")
        hands.press("accept")
    else:
        for _ in range(9):
            if hands.see(f"{images}.hasFocus()"):
                break
            hands.keys("Tab")
        hands.see(f"{images}.isChecked()") or hands.keys("space")
        hands.tab_to("QPushButton Free")
        hands.keys("space")
    hands.until("any('Freed' in text for text in toasts())")
    assert hands.see("sorted(tag for i in a.client.mirror.images.values() for tag in i.tags)") == [
        "localhost/busybox:latest"
    ]
    assert hands.see("containers()") == {"keep": "running"}
    only(hands, by)


@BY
def test_log_in_after_a_wrong_password(at_desk: Callable[..., Hands], tmp_path: Path, by: str) -> None:
    with serve_registry(tmp_path, htpasswd=BCRYPT_OF_SECRET, username="me", password="secret") as registry:
        hands = at_desk()
        if by == "mouse":
            hands.press("Images")
            hands.press("More")
            hands.click(MENU_ENTRY.format("Registries and logins"))
        else:
            by_palette(hands, "registries and logins")
        hands.until("dialogs() == ['Registries and logins']")
        if by == "mouse":
            hands.press("Log in")
        else:
            hands.tab_to("QPushButton Log in")
            hands.keys("space")
        hands.until("'Log in to a registry' in dialogs()")
        dialog = "a.eyes._windows()[0]"
        for password in ("wrong", "secret"):
            if by == "mouse":
                hands.fill("Registry", registry.host)
                hands.fill("User name", "me")
                hands.fill("Password or token", password)
                hands.press("Log in")
            elif password == "wrong":
                hands.type(registry.host)
                hands.keys("Tab")
                hands.type("me")
                hands.keys("Tab")
                hands.type(password)
                hands.keys("Return")
            else:
                hands.tab_to("QLineEdit Password or token")
                hands.keys("ctrl+a")
                hands.type(password)
                hands.keys("Return")
            if password == "wrong":
                hands.until(f"{dialog}.objectName() == 'dialog.login' and {dialog}.banner.isVisible()")
                assert "password" in hands.see(f"{dialog}.banner.accessibleName()").lower()
        hands.until(f"any('Logged in to {registry.host}' in text for text in toasts())")
        hands.until("dialogs() == ['Registries and logins']")
        only(hands, by)


@BY
def test_mend_a_broken_build(at_desk: Callable[..., Hands], tmp_path: Path, by: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM localhost/busybox:latest\nRUN false\nRUN echo well\n")
    build = f"""
from engine.types.builds import BuildImage
request = BuildImage(context={str(tmp_path)!r}, tags=("localhost/mended:1",))
ticket = await client.begin(lambda engine: engine.builds.build(request))
"""
    hands = at_desk(FURNISH + build)
    hands.until("any(b.failure for b in a.client.mirror.builds.values())")
    details = "w.page('builds').details"
    editor = f"{details}.dockerfile.editor"
    if by == "mouse":
        hands.press("Builds")
        hands.click("row('localhost/mended:1')", times=2)
        hands.until(f"{details} and {details}.isVisible()")
        hands.click("segment('Dockerfile')")
        hands.press("Mend it")
        hands.until(f"{details}.dockerfile.editing")
        hands.click(
            "(lambda t, c: (c.setPosition(t.document().findBlockByNumber(1).position() + 6),"
            f" a.eyes._global(t.viewport(), t.cursorRect(c).center()))[1])({editor}.text, {editor}.text.textCursor())",
            times=2,
        )
        hands.write("true")
        hands.until(f"{editor}.dirty")
        hands.press("Build again")
    else:
        hands.keys("ctrl+5")
        hands.until("w.current_page_id == 'builds'")
        hands.tab_to("Table")
        hands.keys("Home", "Return")
        hands.until(f"{details} and {details}.isVisible()")
        hands.tab_to("Segmented What to show")
        hands.keys("Right")
        hands.tab_to("QPushButton Mend it")
        hands.keys("space")
        hands.until(f"{details}.dockerfile.editing")
        hands.keys("Home", "shift+End")
        hands.type("RUN true")
        hands.until(f"{editor}.dirty")
        hands.keys("ctrl+Return")
    hands.until("any('localhost/mended:1' in i.tags for i in a.client.mirror.images.values())")
    assert (tmp_path / "Dockerfile").read_text().splitlines()[1] == "RUN true"
    only(hands, by)
