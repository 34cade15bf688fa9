"""Export as…: every form of a container's recipe, shown, copied and saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from gui.dialogs.containers.export import ExportDialog
    from tests.gui.conftest import Driver


def opened(driver: Driver, *names: str) -> ExportDialog:
    driver.trigger("container.export-as", *names)
    return cast("ExportDialog", driver.dialog("dialog.export-as"))


def choose(dialog: ExportDialog, form: str) -> None:
    dialog.form.set_current(form)
    dialog.form.changed.emit(form)


def test_a_container_is_shown_in_every_form_and_copied(driver: Driver) -> None:
    dialog = opened(driver, "shop-web-1")
    for form, word in (
        ("run", "docker run -d"), ("compose", "services:"), ("kubernetes", "kind: Pod"), ("quadlet", "[Container]"),
        ("systemd", "ExecStart="),
    ):  # fmt: skip
        choose(dialog, form)
        assert word in dialog.text.toPlainText()
        dialog.copy()
        assert word in QGuiApplication.clipboard().text()


def test_several_files_are_saved_into_a_folder(driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def folder(_title: str) -> str:
        return str(tmp_path)

    dialog = opened(driver, "shop-web-1", "shop-db-1")
    choose(dialog, "quadlet")
    monkeypatch.setattr(driver.window, "choose_folder", folder)
    dialog.save_button.click()
    driver.until(lambda: {"shop-web-1.container", "shop-db-1.container"} <= {each.name for each in tmp_path.iterdir()})


def test_a_project_is_exported_with_all_its_containers(driver: Driver) -> None:
    page: Any = driver.window.page("projects")
    driver.until(lambda: "shop" in page.rows())
    driver.window.trigger("project.export-as", [page.rows()["shop"]])
    dialog = cast("ExportDialog", driver.dialog("dialog.export-as"))
    text = dialog.text.toPlainText()
    assert text.count("kind: Pod\n") == len(page.rows()["shop"].containers)
