"""Other machines in the window: adding one, switching, what it cannot do, and coming home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget

from engine.types.containers import ALIVE_STATES, State
from engine.types.data import now
from engine.types.machines import Bringable, Capabilities, Link, Machine
from engine.types.operations import Failure
from gui.dialogs.machines.machine import name_for
from gui.frame.machine_switcher import MachineSwitcher
from gui.pages.container.overview import OverviewTab

if TYPE_CHECKING:
    from tests.gui.conftest import Driver

SERVER = Machine(name="server", address="ssh://me@server", kind="docker", version="28.5.2")


def switcher(driver: Driver) -> MachineSwitcher:
    [found] = driver.window.findChildren(MachineSwitcher)
    return found


def know(driver: Driver, machine: Machine = SERVER) -> None:
    async def put(engine: object) -> None:
        del engine
        driver.engine.machines.put(machine)

    driver.ask(put)
    driver.until(lambda: driver.client.machines == (machine,))


def go(driver: Driver, name: str) -> None:
    driver.window.run(driver.window.show_machine(name))
    driver.until(lambda: driver.client.machine == name)


def test_a_machine_is_added_tested_and_shown(driver: Driver) -> None:
    driver.trigger("machines.add")
    dialog = driver.dialog("dialog.machine")
    fields = {field.accessibleName(): field for field in dialog.findChildren(QLineEdit)}
    assert not fields["Certificate"].isVisible()
    fields["Address"].setText("ssh://me@server.example:2222")
    assert fields["Name"].text() == "server"
    [test] = [each for each in dialog.findChildren(QPushButton) if each.text() == "Test"]
    test.click()
    driver.until(lambda: "Docker 28.5.2 on server" in dialog.banner.accessibleName())  # type: ignore[attr-defined]
    dialog.submit()  # type: ignore[attr-defined]
    driver.no_dialog()
    driver.until(lambda: driver.client.machine == "server")
    assert switcher(driver).text() == "server"
    assert "Connected" in switcher(driver).accessibleDescription()


def test_a_login_that_fails_is_said_in_the_dialog_and_what_was_typed_stays(driver: Driver) -> None:
    driver.engine.machines.unreachable.add("ssh://me@server")
    driver.trigger("machines.add")
    dialog = driver.dialog("dialog.machine")
    dialog.address.setText("ssh://me@server")  # type: ignore[attr-defined]
    dialog.test.click()  # type: ignore[attr-defined]
    driver.until(lambda: "wants a password" in dialog.banner.accessibleName())  # type: ignore[attr-defined]
    assert dialog.address.text() == "ssh://me@server"  # type: ignore[attr-defined]
    dialog.reject()


def test_switching_shows_what_is_there_and_acts_there(driver: Driver) -> None:
    know(driver)
    here = driver.names()
    go(driver, "server")
    there = driver.engine.machines.engines["server"]

    async def rename(engine: object) -> None:
        del engine
        one = next(each for each in await there.containers.list() if each.state is State.EXITED)
        await there.containers.rename(one.id, "only-there")

    driver.ask(rename)
    driver.until(lambda: "only-there" in driver.names())
    driver.trigger("container.remove", "only-there")
    driver.until(lambda: "only-there" not in driver.names())
    go(driver, "")
    driver.until(lambda: driver.names() == here)
    assert "only-there" not in {c.name for c in there.store.containers.values()}


def test_what_a_machine_cannot_do_is_greyed_with_the_reason(driver: Driver) -> None:
    know(driver)

    async def lack(engine: object) -> None:
        del engine
        there = await driver.engine.machines.engine("server")
        there.capabilities = Capabilities(kind="docker", lacks={"containers.edit": "Docker cannot do that."})

    driver.ask(lack)
    subject = (
        [driver.container("web")] if "web" in driver.names() else list(driver.client.mirror.containers.values())[:1]
    )
    bound = driver.window.verbs.bind(driver.window, "container.edit", driver.window, lambda: subject)
    assert bound.isEnabled()
    go(driver, "server")
    bound.refresh()
    assert not bound.isEnabled()
    assert "Docker cannot do that." in bound.words
    go(driver, "")
    bound.refresh()
    assert bound.isEnabled()


def test_space_cannot_be_freed_nor_a_limit_dragged_where_the_machine_cannot(driver: Driver) -> None:
    know(driver)
    lacks = {"disk.free": "Use the prune of images.", "containers.update": "Podman 4 cannot change limits."}

    async def lack(engine: object) -> None:
        del engine
        (await driver.engine.machines.engine("server")).capabilities = Capabilities(kind="podman", lacks=lacks)

    driver.ask(lack)
    go(driver, "server")
    driver.window.navigate("disk")
    page: Any = driver.window.page("disk")
    driver.until(lambda: page.usage is not None)
    cards = [card.free_button for card in page.cards.values() if card.part is not None]
    assert not any(button.isEnabled() for button in (page.free_all, *cards))
    assert page.free_all.toolTip() == lacks["disk.free"]
    running = next(one for one in driver.client.mirror.containers.values() if one.state in ALIVE_STATES)
    driver.window.navigate("containers", running.id, "stats")
    stats: Any = driver.window.page("containers").details.tab("stats")
    driver.until(lambda: stats._container is not None)
    assert not stats.charts["cpu"]._limit_draggable


def test_a_machine_that_is_away_says_since_when_and_why(driver: Driver) -> None:
    know(driver)
    go(driver, "server")
    problem = Failure(code="timeout", title="server does not answer", explanation="It may be off or asleep.")
    stale = Machine(
        name="server", address="ssh://me@server", kind="docker", link=Link.STALE, since=now(), problem=problem
    )
    before = driver.names()

    async def put(engine: object) -> None:
        del engine
        driver.engine.machines.put(stale)

    driver.ask(put)
    driver.until(lambda: "Not heard of since" in switcher(driver).accessibleDescription())
    assert "may be off or asleep" in switcher(driver).toolTip()
    assert driver.names() == before


def test_the_menu_names_every_machine_and_how_it_is(driver: Driver) -> None:
    know(driver)
    menu = switcher(driver).menu()
    words = [action.text() for action in menu.actions()]
    assert words[0] == "This computer"
    assert "server   Docker  ·  Not connected" in words
    assert "Add a machine…" in words
    menu.deleteLater()


def test_a_machine_is_forgotten_and_home_is_shown(driver: Driver) -> None:
    know(driver)
    go(driver, "server")
    driver.window.trigger("machine.forget", [SERVER])
    driver.accept()
    driver.until(lambda: driver.client.machine == "" and driver.client.machines == ())


def test_names_are_taken_from_addresses() -> None:
    named = {"ssh://me@shop.example:22": "shop", "10.0.0.5": "10.0.0.5", "unix:///run/docker.sock": "docker"}
    assert {address: name_for(address) for address in named} == named


def test_what_goes_along_is_shown_before_anything_is_moved(driver: Driver) -> None:
    know(driver)
    container = next(iter(driver.client.mirror.containers.values()))
    driver.window.trigger("container.move", [container])
    dialog = driver.dialog("dialog.move")
    assert [dialog.target.itemText(number) for number in range(dialog.target.count())] == ["server", "A file…"]  # type: ignore[attr-defined]
    driver.until(lambda: "nginx:1.27 (is there)" in dialog.plan.text())  # type: ignore[attr-defined]
    assert "At most 3.00 MiB" in dialog.plan.text()  # type: ignore[attr-defined]
    assert "not taken along" in dialog.banner.accessibleName()  # type: ignore[attr-defined]
    dialog.moves.setChecked(True)  # type: ignore[attr-defined]
    dialog.keeps.setChecked(True)  # type: ignore[attr-defined]
    assert dialog.go.text() == "Move"  # type: ignore[attr-defined]
    dialog.submit()  # type: ignore[attr-defined]
    driver.until(lambda: driver.engine.machines.moved)
    [request] = driver.engine.machines.moved
    assert (request.name, request.target, request.move, request.keep_source) == (container.name, "server", True, True)
    driver.until(lambda: f"Moved {container.name}" in driver.toast_texts())


def test_a_machine_that_does_not_answer_is_told_in_the_dialog_of_moving(driver: Driver) -> None:
    know(driver)
    driver.engine.machines.unreachable.add("server")
    driver.window.trigger("container.move", [next(iter(driver.client.mirror.containers.values()))])
    dialog = driver.dialog("dialog.move")
    driver.until(lambda: "server does not answer" in dialog.banner.accessibleName())  # type: ignore[attr-defined]
    assert not dialog.go.isEnabled()  # type: ignore[attr-defined]
    dialog.reject()


def test_what_was_brought_over_before_is_shown_and_not_brought_again(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def some(_address: str = "") -> tuple[Bringable, ...]:
        thing = Bringable(
            kind="volume", name="old", size=5, source="unix:///run/docker.sock", engine="docker", here=True
        )
        return (thing, replace(thing, kind="container", name="new", here=False))

    monkeypatch.setattr(driver.engine.machines, "bringable", some)
    driver.window.trigger("machines.bring-over")
    dialog = driver.dialog("dialog.bring-over")
    driver.until(lambda: dialog.list.count() == 2)  # type: ignore[attr-defined]
    old = dialog.list.item(0)  # type: ignore[attr-defined]
    assert old.text().endswith("is here already")
    assert not old.flags() & Qt.ItemFlag.ItemIsEnabled
    assert [each.name for each in dialog.chosen()] == ["new"]  # type: ignore[attr-defined]
    dialog.submit()  # type: ignore[attr-defined]
    driver.until(lambda: "Brought over 1 of 1" in driver.toast_texts())
    [request] = driver.engine.machines.moved
    assert (request.name, request.start) == ("new", False)


def test_what_docker_here_has_is_offered_and_only_what_is_ticked_is_brought(driver: Driver) -> None:
    driver.window.navigate("welcome")
    page = driver.window.page("welcome")
    driver.until(lambda: page.bring_over.isVisible())  # type: ignore[attr-defined]
    page.bring_over.click()  # type: ignore[attr-defined]
    dialog = driver.dialog("dialog.bring-over")
    driver.until(lambda: dialog.list.count() == 1)  # type: ignore[attr-defined]
    item = dialog.list.item(0)  # type: ignore[attr-defined]
    assert item.text().startswith("Image  ·  nginx  ·  Docker")
    item.setCheckState(Qt.CheckState.Unchecked)
    assert not dialog.go.isEnabled()  # type: ignore[attr-defined]
    item.setCheckState(Qt.CheckState.Checked)
    dialog.submit()  # type: ignore[attr-defined]
    driver.until(lambda: "Brought over 1 of 1" in driver.toast_texts())
    [request] = driver.engine.machines.moved
    assert (request.kind, request.name, request.source) == ("image", "nginx", "unix:///run/docker.sock")


def moved(driver: Driver, kind: str, name: str) -> None:
    """Moved to the server as a user does it, the source left."""
    know(driver)
    driver.window.open_dialog("move", kind=kind, name=name)
    dialog = driver.dialog("dialog.move")
    driver.until(dialog.go.isEnabled)  # type: ignore[attr-defined]
    dialog.moves.setChecked(True)  # type: ignore[attr-defined]
    dialog.keeps.setChecked(True)  # type: ignore[attr-defined]
    dialog.submit()  # type: ignore[attr-defined]
    driver.until(lambda: f"Moved {name}" in driver.toast_texts())


def press(where: QWidget, words: str) -> None:
    [knob] = [each for each in where.findChildren(QPushButton) if each.text() == words and each.isVisible()]
    knob.click()


def test_a_container_that_was_moved_away_says_so_and_goes_with_one_click(driver: Driver) -> None:
    container = next(each for each in driver.client.mirror.containers.values() if each.state is State.RUNNING)
    driver.window.navigate("containers", container.id, "overview")
    [overview] = driver.window.page("containers").findChildren(OverviewTab)
    assert not overview.left_behind.isVisible()
    moved(driver, "container", container.name)
    driver.until(overview.left_behind.isVisible)
    assert f"{container.name} runs on server now" in overview.left_behind.accessibleName()

    driver.engine.machines.unreachable.add("server")
    press(overview.left_behind, "Remove it here")
    error = driver.dialog("error")
    assert "does not run on server" in error.banner.accessibleName()  # type: ignore[attr-defined]
    error.reject()
    driver.no_dialog()
    assert container.name in driver.names()

    driver.engine.machines.unreachable.clear()
    press(overview.left_behind, "Remove it here")
    driver.until(lambda: container.name not in driver.names())
    driver.until(lambda: f"Removed {container.name} from This computer; it runs on server" in driver.toast_texts())


def test_a_project_that_was_moved_away_goes_with_one_click_on_its_page_or_in_the_message(driver: Driver) -> None:
    driver.window.navigate("projects", "shop")
    details = driver.window.page("projects").details  # type: ignore[attr-defined]
    driver.until(lambda: details.row is not None and details.isVisible())
    moved(driver, "project", "shop")
    driver.until(details.left_behind.isVisible)
    assert driver.offers("Remove it here")
    press(details.left_behind, "Remove it here")
    driver.until(lambda: not [name for name in driver.names() if name.startswith("shop-")])
    assert not driver.engine.machines.left


def drag_over(where: QWidget, data: QMimeData) -> bool:
    event = QDragEnterEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    event.ignore()
    QApplication.sendEvent(where, event)
    return event.isAccepted()


def drop_on(where: QWidget, data: QMimeData) -> None:
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(where, event)


def dragged(driver: Driver, page: str) -> tuple[QMimeData, str]:
    """What a drag of the first row carries, and that row's name."""
    driver.window.navigate(page)
    drag = driver.window.page(page).list.drag if page == "containers" else driver.window.page(page).drag  # type: ignore[attr-defined]
    mirror = driver.client.mirror
    key = "shop" if page == "projects" else next(iter(mirror.containers if page == "containers" else mirror.volumes))
    data = drag.data([key])
    assert drag.data([key, key]) is None
    return data, mirror.containers[key].name if page == "containers" else key


@pytest.mark.parametrize("page", ["containers", "volumes", "projects"])
def test_a_row_that_is_dropped_on_a_machine_is_asked_to_go_there(driver: Driver, page: str) -> None:
    know(driver)
    know_also = Machine(name="attic", address="ssh://me@attic", kind="podman")

    async def put(engine: object) -> None:
        del engine
        driver.engine.machines.put(know_also)

    driver.ask(put)
    driver.until(lambda: len(driver.client.machines) == 2)
    data, name = dragged(driver, page)
    targets = switcher(driver).targets
    assert drag_over(switcher(driver), data)
    assert [each.machine for each in targets.targets()] == ["server", "attic"]

    there = targets.targets()[1]
    QApplication.sendEvent(switcher(driver), QDragLeaveEvent())
    assert drag_over(there, data)
    QApplication.processEvents()
    assert targets.isVisible(), "it stays while one of its machines is pointed at"
    drop_on(there, data)
    dialog = driver.dialog("dialog.move")
    assert dialog.windowTitle().endswith(name)
    assert dialog.target.currentData() == "attic"  # type: ignore[attr-defined]
    assert driver.window.page(page).isVisible()
    assert not targets.isVisible()
    dialog.reject()


def test_a_project_of_which_nothing_was_made_is_not_dragged(driver: Driver) -> None:
    know(driver)
    driver.window.navigate("projects")
    drag = driver.window.page("projects").drag  # type: ignore[attr-defined]
    assert drag.data(["shop"]) is not None
    assert drag.data(["nothing-of-it"]) is None


def test_what_is_dragged_elsewhere_opens_nothing(driver: Driver) -> None:
    data, _name = dragged(driver, "volumes")
    assert not drag_over(switcher(driver), data), "there is no other machine"
    know(driver)
    text = QMimeData()
    text.setText("volume")
    assert not drag_over(switcher(driver), text)
    assert drag_over(switcher(driver), data)
    QApplication.sendEvent(switcher(driver), QDragLeaveEvent())
    driver.until(lambda: not switcher(driver).targets.isVisible())
    driver.no_dialog()
