"""From an empty store to a database and a web server, at a desk: the gallery, up, another port, the plan, back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import free_port
from tests.system.gui.desk import page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.system.gui.hands import Hands

pytestmark = pytest.mark.timeout(240)

IMAGES = """
from tests.support.stand_in import stand_in_archive
async def stream(data):
    yield data
for name, ports in (("docker.io/library/postgres:17-alpine", "5432"), ("docker.io/library/nginx:1.27-alpine", "80")):
    archive = stand_in_archive(name, ports)
    await client.operate(lambda engine: engine.images.load(stream(archive)))
"""
"""What a registry would give."""
DIALOG = (
    "next((d for d in __import__('PySide6.QtWidgets').QtWidgets.QApplication.topLevelWidgets()"
    " if d.objectName() == {0!r} and d.isVisible()), None)"
)
PLAN, GALLERY = DIALOG.format("dialog.project-plan"), DIALOG.format("dialog.gallery")
SERVICES = {"services-nginx-1", "services-postgres-1"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def ready(hands: Hands) -> None:
    hands.until(f"(lambda d: d is not None and d.plan is not None and d.go.isEnabled())({PLAN})")


def accept(hands: Hands, words: str) -> None:
    """Look at the plan, accept it, see it to its end."""
    ready(hands)
    hands.press(words)
    hands.until(f"(lambda d: d is not None and d._summary.text() == 'All is done.')({PLAN})")
    hands.press("Close")
    hands.until(f"{PLAN} is None")


def says(port: int, wanted: bytes) -> None:
    """What listens there may be on its way."""
    deadline = time.monotonic() + 40
    while page_of(port) != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_database_and_a_web_server_from_the_gallery(home: Path, at_desk: Callable[..., Hands]) -> None:
    first, second = free_port(), free_port()
    hands = at_desk(IMAGES, welcomed=False)
    hands.press("Pick a service")
    hands.until("'Pick a service' in dialogs()")
    for name, values in (("PostgreSQL", {"Port": free_port()}), ("nginx", {"Port": first})):
        hands.fill("Search the gallery", name)
        hands.until(f"{GALLERY}.filtered.rowCount() < 6")  # so that the row is in sight
        hands.click(f"row({name!r})")
        for field, value in values.items():
            hands.fill(field, str(value))
        hands.press("Add it" if name == "PostgreSQL" else "Add it and open the project")
        hands.until(f"any('{name} is in' in text for text in toasts())")
    folder = home / "wherry-projects/services"
    assert "POSTGRES_PASSWORD=" in (folder / ".env").read_text()

    hands.until("w.current_page_id == 'projects' and w.page('projects').details.file.plan is not None")
    hands.press("project.up")
    accept(hands, "Bring it up")
    hands.until(f"set(containers()) == {SERVICES!r} and set(containers().values()) == {{'running'}}")
    says(first, b"here I am\n")

    hands.click("segment('Variables')")
    hands.click("row('NGINX_PORT')", times=2)
    hands.fill("Value", str(second))
    hands.press("Write it into .env")
    hands.until("any(one.changes for one in w.page('projects').details.file.plan.steps)")
    hands.press("Review changes")
    accept(hands, "Bring it up")
    says(second, b"here I am\n")

    hands.press("project.roll-back")
    accept(hands, "Roll back")
    says(first, b"here I am\n")
    hands.press("project.down")
    ready(hands)
    hands.press("Take it down")  # after which the dialog is in nobody's way to Undo
    hands.until(f"{PLAN} is None and containers() == {{}}")
    hands.press("Undo")
    hands.until(f"set(containers()) == {SERVICES!r} and set(containers().values()) == {{'running'}}")
    says(first, b"here I am\n")
