"""Pods of this computer in the window: one thing that is started, stopped and removed with all its containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QMenu

from engine.types.containers import ContainerSpec, CreateContainer, State
from engine.types.logs import merged_name
from engine.types.pods import CreatePod
from gui.models.containers import Group
from gui.pages.containers import ContainersPage

if TYPE_CHECKING:
    import pytest

    from tests.gui.conftest import Driver


def furnish(driver: Driver) -> None:
    image = next(each.tags[0] for each in driver.client.mirror.images.values() if each.tags)
    driver.ask(lambda engine: engine.pods.create(CreatePod(name="shop")))
    for name in ("shop-app", "shop-cache"):
        request = CreateContainer(spec=ContainerSpec(image=image, network="pod:shop"), name=name)
        driver.ask(lambda engine, request=request: engine.containers.create(request))
    driver.until(lambda: {"shop-app", "shop-cache"} <= driver.names())


def states(driver: Driver) -> set[State]:
    return {driver.container(name).state for name in ("shop-app", "shop-cache")}


def test_a_pod_is_started_stopped_and_removed_as_one_thing(driver: Driver) -> None:
    furnish(driver)
    driver.trigger("pod.start", "shop-app")
    driver.until(lambda: states(driver) == {State.RUNNING})
    driver.trigger("pod.stop", "shop-cache")
    driver.until(lambda: states(driver) == {State.EXITED})
    driver.trigger("pod.remove", "shop-app")
    driver.reject()
    assert {"shop-app", "shop-cache"} <= driver.names()
    driver.trigger("pod.remove", "shop-app")
    driver.accept()
    driver.until(lambda: not {"shop-app", "shop-cache"} & driver.names())
    driver.until(lambda: not driver.client.mirror.pods)


def test_what_is_in_no_pod_or_in_several_has_no_pod_to_act_on(driver: Driver) -> None:
    furnish(driver)
    loner = next(name for name in sorted(driver.names()) if not name.startswith("shop-"))
    for names in ((loner,), (loner, "shop-app")):
        chosen = [driver.container(name) for name in names]
        bound = driver.window.verbs.bind(driver.window, "pod.start", driver.window, lambda chosen=chosen: chosen)  # type: ignore[misc]
        assert not bound.isEnabled()


def headers(driver: Driver) -> dict[str, Group]:
    page = driver.window.page("containers")
    assert isinstance(page, ContainersPage)
    model = page.list.model
    rows = [model.row_object(at) for at in range(model.rowCount())]
    return {row.name: row for row in rows if isinstance(row, Group)}


def test_a_pod_without_containers_is_seen_and_can_be_removed(driver: Driver) -> None:
    driver.window.navigate("containers")
    driver.ask(lambda engine: engine.pods.create(CreatePod(name="lonely")))
    driver.until(lambda: "lonely" in headers(driver))
    assert headers(driver)["lonely"].empty_pod
    page = driver.window.page("containers")
    assert isinstance(page, ContainersPage)
    page.list.model.set_query("lone")
    assert set(headers(driver)) == {"lonely"}
    page.list.model.set_query("")
    menu = page.list.pod_menu("lonely")
    deeds = {action.objectName(): action for action in menu.actions()}
    assert [name for name, action in deeds.items() if action.isEnabled()] == ["pod.remove"]
    assert "No container is in it" in deeds["pod.start"].toolTip()
    deeds["pod.remove"].trigger()
    driver.accept()
    driver.until(lambda: "lonely" not in headers(driver))


def test_a_pod_that_gets_a_container_is_its_header(driver: Driver) -> None:
    driver.window.navigate("containers")
    furnish(driver)
    driver.until(lambda: "shop" in headers(driver) and not headers(driver)["shop"].empty_pod)
    page = driver.window.page("containers")
    assert isinstance(page, ContainersPage)
    deeds = {action.objectName(): action for action in page.list.pod_menu("shop").actions()}
    deeds["pod.start"].trigger()
    driver.until(lambda: states(driver) == {State.RUNNING})


def test_a_menu_on_a_header_is_that_of_its_pod(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.window.navigate("containers")
    driver.ask(lambda engine: engine.pods.create(CreatePod(name="lonely")))
    driver.until(lambda: "lonely" in headers(driver))
    page = driver.window.page("containers")
    assert isinstance(page, ContainersPage)
    table, asked = page.list.table, []
    monkeypatch.setattr(page.list, "pod_menu", lambda name: asked.append(name) or QMenu(page))
    place = table.visualRect(page.list.model.index(page.list.model.row_of("project:lonely"), 0)).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, table.viewport().mapToGlobal(place))
    table.contextMenuEvent(event)
    assert asked == ["lonely"]


def test_who_comes_into_a_pod_joins_its_merged_log(driver: Driver) -> None:
    furnish(driver)
    driver.trigger("container.logs", "shop-app", "shop-cache")
    dialog: Any = driver.dialog("dialog.merged-logs")
    image = driver.container("shop-app").image
    for name, network in (("stranger", "pasta"), ("shop-late", "pod:shop")):
        request = CreateContainer(spec=ContainerSpec(image=image, network=network), name=name)
        driver.ask(lambda engine, request=request: engine.containers.create(request))
    driver.until(lambda: "shop-late" in dialog._names.values())
    assert sorted(dialog._names.values()) == ["shop-app", "shop-cache", "shop-late"]
    assert dialog.panel.name == merged_name(dialog._names)
    dialog.way.set_current("columns")
    dialog.way.changed.emit("columns")
    assert len(dialog.columns) == 3
    dialog.close()
