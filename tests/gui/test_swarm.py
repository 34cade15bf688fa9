"""The swarm of a machine in the window: a page that is only there where one is managed, and what is done on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLineEdit, QPushButton

from engine.errors import MachineError
from engine.types.machines import Capabilities
from engine.types.swarm import Swarm
from gui.dialogs.projects.new_service import NewServiceDialog
from gui.dialogs.projects.stack_deploy import StackDeployDialog
from gui.pages.swarm import SwarmPage
from gui.widgets.side_nav import SideNav
from tests.gui.test_machines import SERVER, go, know

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from engine.types.swarm import SwarmNode
    from tests.fakes.swarm import FakeSwarm
    from tests.gui.conftest import Driver


class SwarmDriver:
    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        know(driver)
        driver.ask(self._manage)
        go(driver, SERVER.name)
        driver.window.navigate("swarm")
        driver.until(lambda: len(self.page.swarm.services) == 3)

    async def _manage(self, home: object) -> None:
        del home
        there = await self.driver.engine.machines.engine(SERVER.name)
        there.capabilities = Capabilities(kind="docker")

    @property
    def page(self) -> SwarmPage:
        page = self.driver.window.page("swarm")
        assert isinstance(page, SwarmPage)
        return page

    @property
    def room(self) -> FakeSwarm:
        return self.driver.engine.machines.engines[SERVER.name].swarm

    def texts(self, face: str) -> list[list[str]]:
        model = self.page.lists[face].filtered
        return [
            [str(model.index(row, column).data()) for column in range(model.columnCount())]
            for row in range(model.rowCount())
        ]

    def service(self, name: str) -> object:
        return next(each for each in self.page.swarm.services if each.name == name)

    def does(self, deed: str) -> None:
        self.driver.until(lambda: deed in self.room.done)


@pytest.fixture
def swarm(driver: Driver) -> SwarmDriver:
    return SwarmDriver(driver)


def offered(driver: Driver) -> bool:
    [nav] = driver.window.findChildren(SideNav)
    return nav.offers("swarm")


def test_the_page_is_there_only_where_a_swarm_is_managed(driver: Driver) -> None:
    assert not offered(driver)
    made = SwarmDriver(driver)
    assert offered(driver)
    made.driver.window.run(driver.window.show_machine(""))
    driver.until(lambda: driver.client.machine == "")
    driver.until(lambda: not offered(driver))
    assert driver.window.current_page_id == "containers"


def test_every_face_tells_what_is_there(swarm: SwarmDriver) -> None:
    assert [row[:3] for row in swarm.texts("services")] == [
        ["agent", "Running", "2/2"], ["shop_db", "Running", "1/1"], ["shop_web", "Updating", "2/3"]
    ]  # fmt: skip
    assert ["berlin", "Ready", "Active", "Manager, leader"] in [row[:4] for row in swarm.texts("nodes")]
    assert ["hamburg", "Ready", "Drained", "Worker"] in [row[:4] for row in swarm.texts("nodes")]
    assert [row[0] for row in swarm.texts("stacks")] == ["shop"]
    assert [row[1] for row in swarm.texts("files")] == ["Config", "Secret"]
    assert any("No such image" in row[3] for row in swarm.texts("tasks"))


def test_a_service_is_scaled_updated_rolled_back_and_removed(swarm: SwarmDriver) -> None:
    driver = swarm.driver
    for action, text, deed in (
        ("service.scale", "5", "scale shop_web 5"), ("service.image", "web:2", "update shop_web web:2"),
    ):  # fmt: skip
        driver.window.trigger(action, [swarm.service("shop_web")])
        dialog = driver.dialog("question")
        dialog.findChildren(QLineEdit)[0].setText(text)
        driver.accept()
        swarm.does(deed)
    driver.window.trigger("service.roll-back", [swarm.service("shop_web")])
    driver.accept()
    swarm.does("roll back shop_web")
    driver.until(lambda: swarm.texts("services")[2][1] == "Rolled back")
    driver.window.trigger("service.remove", [swarm.service("agent")])
    driver.accept()
    swarm.does("remove service agent")
    driver.until(lambda: len(swarm.texts("services")) == 2)


def test_what_cannot_be_done_to_a_service_is_greyed_with_the_reason(swarm: SwarmDriver) -> None:
    window = swarm.driver.window
    for action, name, why in (
        ("service.scale", "agent", "one task on each node"), ("service.roll-back", "shop_db", "not changed"),
    ):  # fmt: skip
        bound = window.verbs.bind(window, action, window, lambda name=name: [swarm.service(name)])  # type: ignore[misc]
        assert not bound.isEnabled()
        assert why in bound.words


def test_a_node_is_drained_and_given_work_again(swarm: SwarmDriver) -> None:
    for deed, state in (("drain", "Drained"), ("activate", "Active")):
        berlin = next(each for each in swarm.page.swarm.nodes if each.name == "berlin")
        swarm.driver.window.trigger(f"node.{deed}", [berlin])
        swarm.driver.until(lambda state=state: swarm.texts("nodes")[0][2] == state)  # type: ignore[misc]


def test_one_service_shows_its_tasks_and_goes_back_when_it_is_removed(swarm: SwarmDriver) -> None:
    driver, page = swarm.driver, swarm.page
    driver.window.navigate("swarm", "s1")
    assert page.details.isVisible()
    assert page.details.tasks.rowCount() == 3
    driver.ask(lambda _: swarm.room.remove_service("s1"))
    driver.until(lambda: not page.details.isVisible())


def test_a_swarm_that_is_lost_is_told_and_asked_again(swarm: SwarmDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> AsyncGenerator[Swarm, None]:
        raise MachineError("server does not answer")
        yield Swarm()

    page = swarm.page
    driver = swarm.driver
    driver.window.navigate("containers")
    with monkeypatch.context() as patch:
        patch.setattr(swarm.room, "watch", broken)
        driver.window.navigate("swarm")
        driver.until(lambda: "does not answer" in page.banner.accessibleName())
    [again] = [each for each in page.banner.findChildren(QPushButton) if each.text() == "Try now"]
    again.click()
    driver.until(lambda: not page.banner.isVisible())
    assert len(swarm.texts("services")) == 3


def test_a_stack_is_deployed_after_its_plan_was_shown(swarm: SwarmDriver, tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text("services: {web: {image: x}}")
    swarm.driver.window.open_dialog("stack-deploy", name="news", files=(str(file),))
    dialog = swarm.driver.dialog("dialog.stack-deploy")
    assert isinstance(dialog, StackDeployDialog)
    swarm.driver.until(dialog.go.isEnabled)
    assert "news_web" in dialog.plan.text()
    dialog.submit()
    swarm.does("deploy news")
    swarm.driver.until(lambda: any("news is deployed" in text for text in swarm.driver.toast_texts()))


def test_the_log_of_a_service_is_that_of_its_tasks_and_rests_out_of_sight(swarm: SwarmDriver) -> None:
    driver, page = swarm.driver, swarm.page
    driver.window.trigger("service.logs", [swarm.service("shop_web")])
    panel = page.details.log
    driver.until(panel.isVisible)
    assert page.details.faces.current() == "log"
    assert panel.name == "service:s1"
    driver.until(lambda: panel.source is not None and panel.source.line_count() > 0)
    assert panel._watching
    driver.window.navigate("containers")
    assert not panel._watching, "nobody looks"


def test_a_node_becomes_a_manager_and_a_worker_again(swarm: SwarmDriver) -> None:
    driver, window = swarm.driver, swarm.driver.window

    def node(name: str) -> SwarmNode:
        return next(each for each in swarm.page.swarm.nodes if each.name == name)

    window.trigger("node.promote", [node("hamburg")])
    driver.until(lambda: node("hamburg").role == "manager")
    window.trigger("node.demote", [node("hamburg")])
    driver.until(lambda: node("hamburg").role == "worker")
    bound = window.verbs.bind(window, "node.demote", window, lambda: [node("berlin")])
    assert not bound.isEnabled()
    assert "leads the swarm" in bound.words


def test_a_new_service_is_made_of_a_form(swarm: SwarmDriver) -> None:
    driver = swarm.driver
    driver.window.trigger("swarm.new-service")
    dialog = driver.dialog("dialog.new-service")
    assert isinstance(dialog, NewServiceDialog)
    for field, text, words in (
        (dialog.image, "", "Write an image"), (dialog.name, "-", "begins and ends"), (dialog.ports, "x", "8080:80"),
        (dialog.command, "'", "quote"),
    ):  # fmt: skip
        before = field.text()
        dialog.image.setText(dialog.image.text() or "api:1" if field is not dialog.image else "")
        field.setText(text)
        dialog.submit()
        assert words in dialog.banner.accessibleName()
        field.setText(before)
    dialog.image.setText("registry.example.org/api:1")
    dialog.name.setText("api")
    dialog.tasks.setValue(2)
    dialog.ports.setText("8080:80, 53:53/udp")
    dialog.command.setText("serve --name 'a b'")
    dialog.variables.setPlainText("A=1\nB=x=y")
    dialog.login.setChecked(True)
    dialog.submit()
    swarm.does("create api registry.example.org/api:1")
    assert swarm.room.asked is not None
    assert swarm.room.asked.with_login
    assert swarm.room.asked.words == {
        "image": "registry.example.org/api:1", "deploy": {"mode": "replicated", "replicas": 2},
        "ports": ["8080:80", "53:53/udp"], "command": ["serve", "--name", "a b"],
        "environment": {"A": "1", "B": "x=y"},
    }  # fmt: skip
    driver.until(lambda: swarm.page.details.service is not None and swarm.page.details.service.name == "api")


def test_a_service_on_each_node_is_asked_for_no_number(swarm: SwarmDriver) -> None:
    swarm.driver.window.open_dialog("new-service", image="agent:1")
    dialog = swarm.driver.dialog("dialog.new-service")
    assert isinstance(dialog, NewServiceDialog)
    dialog.mode.setCurrentIndex(1)
    assert not dialog.tasks.isEnabled()
    assert dialog.request().words == {"image": "agent:1", "deploy": {"mode": "global"}}
    dialog.reject()
