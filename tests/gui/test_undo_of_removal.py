"""Removing hides at once; the engine is asked when the time for undo is over, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QAbstractButton, QApplication

from engine.errors import Code, Conflict
from engine.types.containers import ContainerSpec, CreateContainer, State
from engine.types.volumes import CreateVolume
from gui.frame.notices import Notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gui.widgets.toast import Toast
    from tests.gui.conftest import Driver


def in_engine(driver: Driver, kind: str) -> set[str]:
    """The ids the engine has, whatever the window shows."""
    return set(getattr(driver.engine.store, kind))


def shown(driver: Driver, kind: str) -> set[str]:
    return set(getattr(driver.client.mirror, kind))


def bar(driver: Driver) -> Toast:
    return driver.window.toasts.toasts()[-1]


def unused_volume(driver: Driver) -> str:
    return next(v.name for v in driver.client.mirror.volumes.values() if not v.used_by)


def remove_one(driver: Driver, kind: str) -> str:
    """Remove one object of a kind as a user would, up to the bar. Gives its id."""
    mirror = driver.client.mirror
    if kind == "containers":
        target: Any = driver.container("draft")
        action = "container.remove"
    elif kind == "images":
        target = next(i for i in mirror.images.values() if not i.used_by and len(i.tags) < 2)
        action = "image.remove"
    elif kind == "networks":
        target = next(n for n in mirror.networks.values() if not n.builtin and not n.members)
        action = "network.remove"
    else:
        target = mirror.volumes[unused_volume(driver)]
        action = "volume.remove"
    driver.window.trigger(action, [target])
    if kind == "volumes":
        driver.accept()
    driver.until(lambda: driver.window.removal.waiting)
    return str(target.name if kind == "volumes" else target.id)


KINDS = ("containers", "images", "volumes", "networks")


@pytest.mark.parametrize("kind", KINDS)
def test_removing_hides_at_once_and_removes_when_the_bar_goes(driver: Driver, kind: str) -> None:
    key = remove_one(driver, kind)
    assert key not in shown(driver, kind)
    assert key in in_engine(driver, kind)
    assert "Removed" in bar(driver).accessibleName()
    bar(driver).dismiss()
    driver.until(lambda: key not in in_engine(driver, kind))
    driver.until(lambda: not driver.window.removal.busy)
    assert key not in shown(driver, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_undo_brings_it_back_and_the_engine_never_heard_of_it(driver: Driver, kind: str) -> None:
    driver.window.navigate(kind)
    before = shown(driver, kind)
    key = remove_one(driver, kind)
    page: Any = driver.window.page(kind)
    assert page.list.model.row_of(key) == -1
    driver.undo()
    assert shown(driver, kind) == before
    assert page.list.model.row_of(key) >= 0
    assert key in in_engine(driver, kind)
    assert not driver.window.removal.busy


def test_the_bar_goes_by_itself(driver: Driver) -> None:
    driver.window.removal.seconds = 0.05
    key = driver.container("draft").id
    driver.trigger("container.remove", "draft")
    driver.until(lambda: key not in in_engine(driver, "containers"))


def test_ctrl_z_undoes_while_there_is_something_to_undo(driver: Driver, qtbot: QtBot) -> None:
    driver.window.activateWindow()
    qtbot.waitUntil(driver.window.isActiveWindow)
    key = remove_one(driver, "containers")
    driver.window.page("containers").list.table.setFocus()  # type: ignore[attr-defined]
    qtbot.keyClick(driver.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    driver.until(lambda: key in shown(driver, "containers"))
    assert not driver.window.removal.waiting


def test_the_bar_tells_the_gain(driver: Driver) -> None:
    driver.trigger("container.remove", "backup-nightly")
    driver.until(lambda: driver.window.removal.waiting and "Frees" in bar(driver).accessibleName())


def test_several_go_together_and_come_back_together(driver: Driver) -> None:
    everyone = driver.names()
    driver.trigger("container.remove", "draft", "backup-nightly")
    driver.until(lambda: driver.names() == everyone - {"draft", "backup-nightly"})
    assert "2 containers" in bar(driver).accessibleName()
    driver.undo()
    assert driver.names() == everyone


def test_a_running_one_is_asked_about_and_runs_on_until_the_bar_goes(driver: Driver) -> None:
    driver.trigger("container.remove", "grafana")
    driver.accept()
    driver.until(lambda: "grafana" not in driver.names())
    driver.undo()
    assert driver.container("grafana").state is State.RUNNING


def test_what_a_hidden_container_held_counts_as_free(driver: Driver) -> None:
    web = driver.container("shop-web-1")
    image = driver.client.mirror.images[web.image_id]
    assert web.id in image.used_by
    driver.trigger("container.remove", "shop-web-1")
    driver.accept()
    driver.until(lambda: driver.window.removal.waiting)
    assert web.id not in driver.client.mirror.images[web.image_id].used_by
    driver.undo()
    assert driver.client.mirror.images[web.image_id] == image


def test_removals_wait_side_by_side_and_come_back_the_last_first(driver: Driver) -> None:
    driver.trigger("container.remove", "draft")
    driver.until(lambda: driver.window.removal.waiting)
    driver.trigger("container.remove", "backup-nightly")
    driver.until(lambda: "backup-nightly" not in driver.names())
    assert len(driver.window.toasts.toasts()) == 2
    driver.window.removal.undo()
    assert "backup-nightly" in driver.names()
    assert "draft" not in driver.names()
    driver.window.removal.undo()
    assert "draft" in driver.names()
    assert not driver.window.removal.busy


def test_a_name_is_free_for_whoever_wants_it_and_not_before(driver: Driver) -> None:
    key = driver.container("draft").id
    driver.trigger("container.remove", "draft")
    driver.until(lambda: driver.window.removal.waiting)
    driver.trigger("container.rename", "grafana")
    dialog: Any = driver.dialog("question")
    assert key in in_engine(driver, "containers"), "a question alone takes no undo away"
    dialog.field.setText("draft")
    dialog.accept()
    driver.until(lambda: "draft" in driver.names())
    assert key not in in_engine(driver, "containers")


def test_six_deaths_and_many_words_leave_the_undo_its_full_time(driver: Driver) -> None:
    key = remove_one(driver, "containers")
    undo = bar(driver)
    for container in [c for c in driver.client.mirror.containers.values() if c.state is State.RUNNING][:6]:
        driver.application.deaths.tell(
            Notice(f"{container.name} has died", "", container.id, container.name, is_death=True)
        )
    for number in range(9):
        driver.window.toast(f"said {number}")
    driver.window.open_dialog("run")
    driver.dialog("dialog.run").reject()
    assert undo.isVisible()
    assert not undo.is_over
    assert undo.seconds_left >= 9
    assert driver.window.removal.waiting
    driver.window.removal.undo()
    assert key in shown(driver, "containers")


def test_the_seconds_are_told_and_stand_still_under_the_pointer(driver: Driver) -> None:
    remove_one(driver, "containers")
    undo = bar(driver)
    knob = next(k for k in undo.findChildren(QAbstractButton) if k.text().startswith("Undo"))
    assert knob.text() == f"Undo ({undo.seconds_left} s)"
    place = QPointF(3, 3)
    QApplication.sendEvent(undo, QEnterEvent(place, place, place))
    assert undo.paused
    QApplication.sendEvent(undo, QEvent(QEvent.Type.Leave))
    assert not undo.paused
    knob.setFocus()
    driver.until(lambda: undo.paused)
    driver.window.setFocus()
    driver.until(lambda: not undo.paused)


def test_looking_around_leaves_the_undo(driver: Driver) -> None:
    key = remove_one(driver, "containers")
    driver.trigger("container.details", "grafana")
    driver.until(lambda: driver.window.page("containers").details is not None)  # type: ignore[attr-defined]
    assert driver.window.removal.waiting
    driver.undo()
    assert key in shown(driver, "containers")


def test_an_error_at_the_end_brings_the_rows_back(driver: Driver) -> None:
    driver.engine.store.failures["containers.remove"] = Conflict(
        "draft cannot be removed", "Something holds it.", code=Code.IN_USE, subject="draft"
    )
    key = remove_one(driver, "containers")
    bar(driver).dismiss()
    dialog = driver.dialog("error")
    assert dialog.windowTitle() == "draft cannot be removed"
    assert key in shown(driver, "containers")
    dialog.reject()


def test_one_that_has_gone_by_itself_is_no_error(driver: Driver) -> None:
    key = remove_one(driver, "containers")
    driver.ask(lambda engine: engine.containers.remove(key))
    bar(driver).dismiss()
    driver.until(lambda: not driver.window.removal.busy)
    driver.no_dialog()
    assert key not in shown(driver, "containers")


def test_a_new_object_of_the_same_name_is_seen(driver: Driver) -> None:
    name = remove_one(driver, "volumes")
    bar(driver).dismiss()
    driver.until(lambda: not driver.window.removal.busy)
    driver.ask(lambda engine: engine.volumes.create(CreateVolume(name=name)))
    driver.until(lambda: name in shown(driver, "volumes"))


def test_unnamed_volumes_go_and_come_with_their_container(driver: Driver) -> None:
    spec = ContainerSpec(image="redis:7.4-alpine")
    made = driver.ask(lambda engine: engine.containers.create(CreateContainer(spec=spec)))
    volume = made.mounts[0].source
    driver.until(lambda: made.name in driver.names() and volume in shown(driver, "volumes"))
    driver.trigger("container.remove", made.name)
    driver.accept()
    driver.until(lambda: volume not in shown(driver, "volumes"))
    driver.undo()
    assert volume in shown(driver, "volumes")
    assert made.id in driver.client.mirror.volumes[volume].used_by


def test_quitting_in_the_middle_carries_it_out(make_driver: Callable[..., Driver]) -> None:
    driver = make_driver()
    key = remove_one(driver, "containers")
    driver.application.end()
    driver.until(driver.client._thread.finished.done)
    assert key not in in_engine(driver, "containers")


def test_closing_to_the_tray_carries_it_out(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver.application.tray.icon, "isVisible", lambda: True)
    driver.application.settings.keep_in_tray = True
    key = remove_one(driver, "containers")
    driver.window.close()
    driver.until(lambda: key not in in_engine(driver, "containers"))
