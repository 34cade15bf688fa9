"""Settings, doctor, store check, registries; and the list of everything that took time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QAbstractButton, QLabel

from engine.errors import Code, RegistryError, StorageError
from engine.types.images import Login, PullImage
from engine.types.operations import Operation, OperationState
from gui.actions.operations import asked_again
from gui.pages.activity import ActivityPage
from gui.pages.settings import SettingsPage
from gui.pages.sheets.doctor import DoctorSheet
from gui.pages.sheets.general import GeneralSheet
from gui.pages.sheets.registries import RegistriesSheet
from gui.pages.sheets.storage import StoreSheet
from gui.theme import Mode, theme

if TYPE_CHECKING:
    from gui.settings import WindowSettings
    from tests.gui.conftest import Driver


def words(widget: Any) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel))


def sheet(driver: Driver, key: str) -> Any:
    driver.window.navigate("settings", "", key)
    page = driver.window.page("settings")
    assert isinstance(page, SettingsPage)
    return page.sheets[key]


def test_the_look_is_chosen_and_remembered(driver: Driver, settings: WindowSettings) -> None:
    general = sheet(driver, "general")
    assert isinstance(general, GeneralSheet)
    general._set_look("dark")
    assert theme().dark
    assert settings.look is Mode.DARK
    general._set_look("light")
    assert not theme().dark


def test_engine_settings_are_shown_and_saved(driver: Driver) -> None:
    general = sheet(driver, "general")
    driver.until(lambda: general._settings is not None)
    general.downloads.setValue(7)
    general.log_size.setEditText("32m")
    driver.window.run(general._save())
    driver.until(lambda: driver.engine.host._settings.parallel_downloads == 7)
    assert driver.engine.host._settings.default_log_max_bytes == 32 << 20


def test_a_wrong_size_is_told_and_not_saved(driver: Driver) -> None:
    general = sheet(driver, "general")
    driver.until(lambda: general._settings is not None)
    before = driver.engine.host._settings
    general.log_size.setEditText("huge")
    driver.window.run(general._save())
    driver.until(lambda: "huge" in general._problem.text())
    assert driver.engine.host._settings == before


def test_what_is_typed_is_not_overwritten_by_the_page_loading_once_more(driver: Driver) -> None:
    general = sheet(driver, "general")
    driver.until(lambda: general._settings is not None)
    general.log_size.setEditText("17m")
    loaded: list[bool] = []

    async def again() -> None:
        await general.load()
        loaded.append(True)

    driver.window.run(again())
    driver.until(lambda: loaded)
    assert general.log_size.currentText() == "17m"


def test_the_doctor_shows_the_worst_first_with_the_command_that_mends(driver: Driver) -> None:
    doctor = sheet(driver, "doctor")
    assert isinstance(doctor, DoctorSheet)
    driver.until(lambda: "iproute2" in words(doctor))
    text = words(doctor)
    assert "sudo apt install iproute2" in text
    assert text.index("Networks with names") < text.index("Control groups") < text.index("User namespaces")


def test_the_store_is_checked_and_mended_after_asking(driver: Driver) -> None:
    store = sheet(driver, "store")
    assert isinstance(store, StoreSheet)
    driver.window.run(store.check_store())
    driver.until(lambda: not store.mend_button.isHidden())
    driver.window.run(store.mend())
    driver.accept()
    driver.until(lambda: "mended" in store.result.text())


def test_logins_are_listed_and_left(driver: Driver) -> None:
    driver.ask(lambda engine: engine.images.login(Login(server="ghcr.io", username="sam", password="x")))
    registries = sheet(driver, "registries")
    assert isinstance(registries, RegistriesSheet)
    driver.until(lambda: "ghcr.io" in words(registries))
    registries._log_out("ghcr.io")
    driver.until(lambda: "Nowhere" in words(registries))


@pytest.fixture
def activity(driver: Driver) -> ActivityPage:
    driver.window.navigate("activity")
    page = driver.window.page("activity")
    assert isinstance(page, ActivityPage)
    return page


def pull(driver: Driver, reference: str) -> str:
    async def begin(engine: Any) -> str:
        return str(engine.images.pull(PullImage(reference=reference)).id)

    return str(driver.ask(begin))


def test_a_pull_is_seen_from_beginning_to_end(driver: Driver, activity: ActivityPage) -> None:
    key = pull(driver, "busybox:1")
    driver.until(lambda: activity.model.item(key) is not None)
    driver.until(lambda: activity.model.item(key).state is OperationState.SUCCEEDED)  # type: ignore[union-attr]


def test_a_running_operation_is_cancelled_and_says_so_when_it_has_ended(driver: Driver, activity: ActivityPage) -> None:
    driver.engine.images.step_seconds = 0.05
    key = pull(driver, "busybox:2")
    driver.until(lambda: activity.model.item(key) is not None)
    running = activity.model.item(key)
    assert running is not None
    assert activity.cancel(running)
    driver.until(lambda: activity.model.item(key).state is OperationState.CANCELLED)  # type: ignore[union-attr]


def test_a_failed_pull_shows_why_and_is_tried_again(driver: Driver, activity: ActivityPage) -> None:
    reference = "docker.io/library/private:1"
    driver.engine.images.pull_errors[reference] = RegistryError("docker.io wants a login", code=Code.UNAUTHORIZED)
    key = pull(driver, reference)
    driver.until(lambda: activity.model.item(key) is not None)
    driver.until(lambda: activity.model.item(key).state is OperationState.FAILED)  # type: ignore[union-attr]
    driver.window.open_dialog("operation", operation=key)
    dialog: Any = driver.dialog("dialog.operation")
    assert "docker.io wants a login" in words(dialog)
    dialog.reject()
    del driver.engine.images.pull_errors[reference]
    failed = activity.model.item(key)
    assert failed is not None
    activity.retry(failed)
    driver.until(lambda: any(reference in image.tags for image in driver.client.mirror.images.values()))


def test_a_backup_that_failed_is_tried_again_with_its_path(driver: Driver, activity: ActivityPage) -> None:
    driver.engine.store.failures["volumes.backup"] = StorageError("The disk is full")
    ticket = driver.client.submit(_backup)
    driver.until(ticket.done)
    driver.until(lambda: states(activity, "backup") == [OperationState.FAILED])
    driver.window.open_dialog("operation", operation=ticket.result())
    dialog: Any = driver.dialog("dialog.operation")
    next(knob for knob in dialog.findChildren(QAbstractButton) if knob.text() == "Try again").click()
    driver.until(lambda: sorted(states(activity, "backup")) == [OperationState.FAILED, OperationState.SUCCEEDED])
    again = next(o for o in activity.model.items() if o.kind == "backup" and o.state is OperationState.SUCCEEDED)
    assert again.result == "/backups/pg.tar"


async def _backup(engine: Any) -> str:
    return str(engine.volumes.backup("pgdata", "/backups/pg.tar").id)


def states(activity: ActivityPage, kind: str) -> list[OperationState]:
    return [operation.state for operation in activity.model.items() if operation.kind == kind]


def _ended(kind: str, **more: Any) -> Operation:
    return Operation(
        id="1", kind=kind, title="", subject="data", state=OperationState.CANCELLED, started=datetime.now(UTC), **more
    )


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        ("pull", {"platform": "linux/arm64"}),
        ("push", {}),
        ("save", {"path": "/a.tar"}),
        ("load", {"path": "/a.tar"}),
        ("backup", {"path": "/a.tar"}),
        ("restore", {"path": "/a.tar"}),
        ("clone", {"new_name": "copy"}),
    ],
)
def test_what_is_known_can_be_asked_again(kind: str, request_: dict[str, str]) -> None:
    assert asked_again(_ended(kind, request=request_), {}) is not None


@pytest.mark.parametrize("kind", ["save", "load", "backup", "restore", "clone", "build", "commit"])
def test_what_is_not_known_cannot(kind: str) -> None:
    assert asked_again(_ended(kind), {}) is None


def test_what_went_well_is_not_offered_again() -> None:
    assert asked_again(replace(_ended("pull"), state=OperationState.SUCCEEDED), {}) is None


def test_clearing_removes_what_is_over(driver: Driver, activity: ActivityPage) -> None:
    key = pull(driver, "busybox:3")
    driver.until(lambda: activity.model.item(key) is not None)
    driver.until(lambda: activity.model.item(key).state is OperationState.SUCCEEDED)  # type: ignore[union-attr]
    driver.window.trigger("operations.clear")
    driver.until(lambda: activity.model.rowCount() == 0)
