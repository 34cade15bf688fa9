"""Every action on containers: when it is offered, what it asks, what it does, how its failure looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QLabel

from engine.errors import Code, Conflict
from engine.types.containers import LEGAL_ACTIONS, State
from engine.types.containers import Action as Verb
from gui.feedback.errors import ErrorDialog
from gui.feedback.questions import ConfirmDialog, TextDialog

if TYPE_CHECKING:
    from tests.gui.conftest import Driver

LIFECYCLE = {
    "container.start": Verb.START,
    "container.stop": Verb.STOP,
    "container.restart": Verb.RESTART,
    "container.pause": Verb.PAUSE,
    "container.unpause": Verb.UNPAUSE,
    "container.kill": Verb.KILL,
    "container.remove": Verb.FORCE_REMOVE,
}


@pytest.mark.parametrize("action_id", LIFECYCLE)
def test_lifecycle_actions_are_enabled_by_the_table(driver: Driver, action_id: str) -> None:
    action = driver.window.verbs[action_id]
    for container in driver.client.mirror.containers.values():
        assert action.enabled([container]) == (LIFECYCLE[action_id] in LEGAL_ACTIONS[container.state]), container.name


def test_stop_shows_in_the_list_and_can_be_undone(driver: Driver) -> None:
    driver.trigger("container.stop", "grafana")
    driver.until(lambda: driver.container("grafana").state is State.EXITED)
    driver.until(lambda: any("grafana" in text for text in driver.toast_texts()))
    driver.undo()
    driver.until(lambda: driver.container("grafana").state is State.RUNNING)


def test_start_of_several_starts_those_that_can(driver: Driver) -> None:
    driver.trigger("container.start", "backup-nightly", "grafana", "draft")
    driver.until(lambda: driver.container("backup-nightly").state is State.RUNNING)
    driver.until(lambda: driver.container("draft").state is State.RUNNING)


def test_restart(driver: Driver) -> None:
    before = driver.container("grafana").started
    driver.trigger("container.restart", "grafana")
    driver.until(lambda: driver.container("grafana").started != before)
    assert driver.container("grafana").state is State.RUNNING


def test_pause_and_resume(driver: Driver) -> None:
    driver.trigger("container.pause", "grafana")
    driver.until(lambda: driver.container("grafana").state is State.PAUSED)
    driver.trigger("container.unpause", "grafana")
    driver.until(lambda: driver.container("grafana").state is State.RUNNING)


def test_kill_asks_first(driver: Driver) -> None:
    driver.trigger("container.kill", "grafana")
    driver.reject()
    driver.no_dialog()
    assert driver.container("grafana").state is State.RUNNING
    driver.trigger("container.kill", "grafana")
    driver.accept()
    driver.until(lambda: driver.container("grafana").state is State.EXITED)


def test_remove_tells_what_is_lost_and_removes(driver: Driver) -> None:
    driver.trigger("container.remove", "grafana")
    dialog = driver.dialog("question")
    assert isinstance(dialog, ConfirmDialog)
    words = " ".join(child.text() for child in dialog.findChildren(QLabel))
    assert "running and will be killed" in words
    assert "Files written inside are lost" in words
    assert not dialog.accept_button.isDefault(), "a dangerous answer is not one blind Enter away"
    dialog.accept()
    driver.until(lambda: "grafana" not in driver.names())
    driver.until(lambda: any("2.29 MiB" in text for text in driver.toast_texts()))


def test_remove_offers_unnamed_volumes(driver: Driver) -> None:
    created = driver.ask(lambda engine: _create_redis(engine))
    driver.until(lambda: created.name in driver.names())
    volume = created.mounts[0].source
    driver.until(lambda: volume in driver.client.mirror.volumes)
    driver.trigger("container.remove", created.name)
    dialog = driver.dialog("question")
    boxes = dialog.findChildren(QCheckBox)
    assert [box.objectName() for box in boxes] == ["volumes"]
    dialog.accept()
    driver.until(lambda: volume not in driver.client.mirror.volumes)


async def _create_redis(engine: object) -> object:
    from engine.types.containers import ContainerSpec, CreateContainer

    return await engine.containers.create(CreateContainer(spec=ContainerSpec(image="redis:7.4-alpine")))  # type: ignore[attr-defined]


def test_rename_checks_while_typing_and_can_be_undone(driver: Driver) -> None:
    driver.trigger("container.rename", "grafana")
    dialog = driver.dialog("question")
    assert isinstance(dialog, TextDialog)
    for wrong in ("shop-db-1", "-x", "ä"):
        dialog.field.setText(wrong)
        assert not dialog.accept_button.isEnabled(), wrong
    dialog.field.setText("dashboards")
    assert dialog.accept_button.isEnabled()
    dialog.accept()
    driver.until(lambda: "dashboards" in driver.names())


def test_copy_run_line(driver: Driver) -> None:
    driver.trigger("container.copy-run", "shop-web-1")
    driver.until(lambda: "docker run -d" in QGuiApplication.clipboard().text())
    assert "--name shop-web-1" in QGuiApplication.clipboard().text()


def test_commit_makes_an_image(driver: Driver) -> None:
    driver.trigger("container.commit", "grafana")
    dialog = driver.dialog("question")
    assert isinstance(dialog, TextDialog)
    dialog.field.setText("localhost/mine:1")
    dialog.accept()
    driver.until(lambda: any("localhost/mine:1" in image.tags for image in driver.client.mirror.images.values()))


def test_prune_removes_the_stopped_only(driver: Driver) -> None:
    driver.window.trigger("containers.prune")
    driver.accept()
    driver.until(lambda: "backup-nightly" not in driver.names())
    assert "grafana" in driver.names()


def test_an_error_shows_its_cause_and_a_button_that_mends(driver: Driver) -> None:
    key = driver.container("draft").id
    driver.engine.store.failures["containers.start"] = Conflict(
        "Port 8080 is in use", "The container shop-web-1 has it.", code=Code.PORT_IN_USE, subject=key
    )
    driver.trigger("container.start", "draft")
    dialog = driver.dialog("error")
    assert isinstance(dialog, ErrorDialog)
    assert dialog.windowTitle() == "Port 8080 is in use"
    assert dialog.remedies == ["edit-ports", "retry"]
    dialog.reject()
    driver.no_dialog()


def test_navigation_actions_show_the_tab(driver: Driver) -> None:
    for action, tab in (("logs", "logs"), ("terminal", "terminal"), ("details", "overview")):
        driver.trigger(f"container.{action}", "grafana")
        driver.until(lambda wanted=f"tab.{tab}": _current_tab(driver) == wanted)


def _current_tab(driver: Driver) -> str:
    details = driver.window.page("containers").details  # type: ignore[attr-defined]
    if details is None or details.current_tab() is None:
        return ""
    return str(details.current_tab().objectName())
