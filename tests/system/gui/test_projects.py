"""A project of real services in the window: opened by its folder, up, changed in the file, back, down."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any

from engine.types.containers import State
from gui.actions.program import load_archives
from tests.support.images import File, busybox_archive
from tests.support.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.gui.conftest import RealDriver

SITE = """\
services:
  clock:
    image: localhost/busybox
    command: sh -c "while :; do echo tick; sleep 1; done"
    stop_grace_period: 0s
  site:
    image: localhost/busybox
    command: httpd -f -p 80 -h /www
    stop_grace_period: 0s
    depends_on: [clock]
    ports: ["127.0.0.1:{port}:80"]
    volumes: ["pages:/pages"]
    healthcheck: {{test: "wget -q -O- http://127.0.0.1/", interval: 1s, start_interval: 200ms, start_period: 10s}}
volumes:
  pages: {{}}
"""


def accept(driver: RealDriver) -> None:
    """Look at the plan, accept it, see it to its end."""
    dialog: Any = driver.dialog("dialog.project-plan")
    driver.until(lambda: dialog.plan is not None and dialog.go.isEnabled())
    dialog.go.click()
    driver.until(lambda: dialog._summary.text() == "All is done.")
    dialog.accept()
    driver.no_dialog()


def test_a_folder_becomes_a_running_project_is_changed_rolled_back_and_taken_down(
    open_window: Callable[[], RealDriver], tmp_path: Path
) -> None:
    driver = open_window()
    archive = tmp_path / "busybox.tar"
    archive.write_bytes(busybox_archive([File("www/index.html", b"here I am\n")]))
    driver.window.run(load_archives(driver.window, [str(archive)]))
    driver.until(lambda: driver.client.mirror.images)
    folder = tmp_path / "bakery"
    folder.mkdir()
    first, second = free_port(), free_port()
    file = folder / "compose.yaml"
    file.write_text(SITE.format(port=first))

    driver.window._drop._take([str(folder)])
    page: Any = driver.window.page("projects")
    driver.until(lambda: page.details.file.plan is not None)
    page.details.buttons["project.up"].click()
    accept(driver)
    driver.until(lambda: page.rows()["bakery"].running == 2)
    assert urllib.request.urlopen(f"http://127.0.0.1:{first}/").read() == b"here I am\n"
    page.details.show_tab("log")
    driver.until(lambda: page.details.log.source is not None and page.details.log.source.line_count() > 0)

    page.details.show_tab("file")
    page.details.file.editor.put(SITE.format(port=second))
    driver.until(lambda: page.details.file.plan and any(one.changes for one in page.details.file.plan.steps))
    page.details.file.review.click()
    accept(driver)
    assert urllib.request.urlopen(f"http://127.0.0.1:{second}/").read() == b"here I am\n"
    driver.until(lambda: driver.container("bakery-site-1").state is State.RUNNING)

    page.details.buttons["project.roll-back"].click()
    accept(driver)
    assert urllib.request.urlopen(f"http://127.0.0.1:{first}/").read() == b"here I am\n"

    page.details.buttons["project.down"].click()
    dialog: Any = driver.dialog("dialog.project-plan")
    driver.until(lambda: dialog.plan is not None and dialog.go.isEnabled())
    dialog.go.click()
    driver.until(lambda: not driver.names())
    driver.no_dialog()
    driver.window.removal.undo()
    driver.until(lambda: page.rows()["bakery"].running == 2)
    assert urllib.request.urlopen(f"http://127.0.0.1:{first}/").read() == b"here I am\n"

    page.details.buttons["project.down"].click()
    dialog = driver.dialog("dialog.project-plan")
    driver.until(lambda: dialog.plan is not None and dialog.go.isEnabled())
    dialog.go.click()
    driver.until(lambda: not driver.names())
    assert "bakery_pages" in driver.client.mirror.volumes
