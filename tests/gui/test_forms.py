"""Running and editing by form: prefilled, checked while typed, filled from a pasted line; a failure loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from engine.errors import Code, Conflict, NotFound
from engine.types.containers import ContainerSpec, HealthCheck, Mount, PortMapping, Resources, RestartPolicy, State
from gui.dialogs.containers.form.form import SpecForm
from gui.dialogs.containers.run import EditDialog, RunDialog
from gui.presentation.containers.run_line import chosen_by_people
from tests.unit.recipe.test_lines import FULL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gui.conftest import Driver


def run_dialog(driver: Driver, **arguments: Any) -> RunDialog:
    driver.window.open_dialog("run", **arguments)
    dialog = driver.dialog("dialog.run")
    assert isinstance(dialog, RunDialog)
    driver.until(lambda: dialog.host_ports)
    return dialog


def edit_dialog(driver: Driver, name: str, section: str = "") -> EditDialog:
    driver.window.open_dialog("edit", container=driver.container(name).id, section=section)
    dialog = driver.dialog("dialog.edit")
    assert isinstance(dialog, EditDialog)
    driver.until(lambda: dialog.host_ports)
    return dialog


def test_the_form_carries_every_option_without_loss(driver: Driver) -> None:
    form = SpecForm(driver.window, FULL)
    driver.bot.addWidget(form)
    assert form.spec() == FULL
    assert form.problems() == {}
    form.set_spec(ContainerSpec(image="nginx:1.27"))
    assert form.spec() == ContainerSpec(image="nginx:1.27")


def test_who_would_command_the_engine_is_asked_about(driver: Driver) -> None:
    dialog = run_dialog(driver, image="postgres:16")
    socket = Mount(kind="bind", source="/var/run/docker.sock", target="/s", create_source=True)
    asked = ContainerSpec(image="postgres:16", mounts=(socket,))
    assert any("command Wherry" in remark.text for remark in dialog.remarks(asked))
    assert not any("command Wherry" in remark.text for remark in dialog.remarks(replace(asked, engine_socket=True)))


def test_an_image_fills_ports_and_volumes(driver: Driver) -> None:
    dialog = run_dialog(driver, image="postgres:16")
    spec = dialog.full_spec()
    assert [(p.container_port, p.host_port) for p in spec.ports] == [(5432, 5432)]
    assert [m.target for m in spec.mounts] == ["/var/lib/postgresql/data"]
    assert spec.env == {}, "what the image says by itself is not repeated"
    assert "PGDATA" in dialog.form.entries["env"].field.value()


def test_a_taken_port_names_its_owner_and_stops_the_button(driver: Driver) -> None:
    dialog = run_dialog(driver, image="nginx:1.27")
    dialog.form.rows("ports").set_value([PortMapping(container_port=80, host_port=8080)])
    driver.until(lambda: "taken by the container shop-web-1" in dialog.remark.text())
    assert not dialog.run_button.isEnabled()
    dialog.form.rows("ports").rows[0].host.setText("8181")  # type: ignore[attr-defined]
    driver.until(lambda: dialog.run_button.isEnabled())


def test_wrong_input_is_told_beside_the_field(driver: Driver) -> None:
    dialog = run_dialog(driver, image="nginx:1.27")
    dialog.form.entries["resources.memory"].field.line.setText("lots")  # type: ignore[attr-defined]
    driver.until(lambda: "lots" in dialog.remark.text())
    assert dialog.form.problems().keys() == {"limits"}
    assert not dialog.run_button.isEnabled()


def test_a_taken_name_is_told(driver: Driver) -> None:
    dialog = run_dialog(driver, image="nginx:1.27")
    dialog.name_field.setText("grafana")
    driver.until(lambda: "grafana" in dialog.remark.text())
    assert not dialog.run_button.isEnabled()


def test_running_creates_starts_and_shows_it(driver: Driver) -> None:
    dialog = run_dialog(driver, image="nginx:1.27")
    dialog.name_field.setText("fresh")
    driver.until(lambda: dialog.run_button.isEnabled())
    dialog.run_button.click()
    driver.until(lambda: "fresh" in driver.names() and driver.container("fresh").state is State.RUNNING)
    driver.no_dialog()
    details = driver.window.page("containers").details  # type: ignore[attr-defined]
    assert details.name == "fresh"


def test_a_pull_that_failed_is_not_told_as_going_on(driver: Driver) -> None:
    driver.engine.images.pull_errors["docker.io/library/nowhere:1"] = NotFound("docker.io has no nowhere:1")
    driver.engine.images.pull_errors["nowhere:1"] = NotFound("docker.io has no nowhere:1")
    dialog = run_dialog(driver, image="nowhere:1")
    dialog._go(start=True)
    driver.until(lambda: dialog.banner.isVisible() and dialog.run_button.isEnabled())
    assert "Pulling" not in dialog.remark.text()
    assert dialog.run_button.text() == "Run"


def test_an_image_that_is_not_here_is_pulled_first(driver: Driver) -> None:
    dialog = run_dialog(driver, image="busybox:1.36")
    dialog.name_field.setText("pulled")
    driver.until(lambda: dialog.run_button.isEnabled())
    assert "pulled first" in dialog._image_words.text()
    dialog.run_button.click()
    driver.until(lambda: "pulled" in driver.names())
    assert any(o.kind == "pull" for o in driver.client.mirror.operations.values())


def test_a_failed_start_keeps_the_dialog_and_is_tried_again_on_the_same_container(driver: Driver) -> None:
    dialog = run_dialog(driver, image="nginx:1.27")
    dialog.name_field.setText("second-try")
    driver.until(lambda: dialog.run_button.isEnabled())
    driver.engine.store.failures["containers.start"] = Conflict("Port 8080 is in use", code=Code.PORT_IN_USE)
    dialog.run_button.click()
    driver.until(lambda: dialog.banner.isVisible())
    assert dialog.isVisible()
    driver.until(lambda: dialog.run_button.isEnabled())
    count = len(driver.names())
    dialog.run_button.click()
    driver.until(lambda: driver.container("second-try").state is State.RUNNING)
    assert len(driver.names()) == count


@pytest.mark.parametrize(
    "line", ["docker run --name web2 -p 9090:80 -e A=b -m 64m --restart always nginx:1.27 nginx -g x"]
)
def test_a_pasted_line_fills_the_form(driver: Driver, line: str) -> None:
    dialog = run_dialog(driver)
    assert dialog.fill_from_line(line)
    spec = dialog.full_spec()
    assert dialog.name() == "web2"
    assert spec.image == "nginx:1.27"
    assert spec.ports == (PortMapping(container_port=80, host_port=9090),)
    assert spec.env == {"A": "b"}
    assert spec.resources == Resources(memory=64 << 20)
    assert spec.restart == RestartPolicy(name="always")
    assert spec.command == ("nginx", "-g", "x")
    driver.until(lambda: "--restart always" in dialog.line.toPlainText())


def test_a_line_that_cannot_be_read_is_explained(driver: Driver) -> None:
    dialog = run_dialog(driver)
    assert not dialog.fill_from_line("docker run --nonsense nginx")
    assert dialog.banner.isVisible()


def test_the_line_follows_the_form(driver: Driver) -> None:
    dialog = run_dialog(driver, image="alpine:3.20")
    dialog.form.entries["command"].field.set_value(("sleep", "5"))
    driver.until(lambda: "alpine:3.20 sleep 5" in dialog.line.toPlainText().replace(" \\\n    ", " "))


def test_editing_ports_applies_live(driver: Driver) -> None:
    started = driver.container("grafana").started
    dialog = edit_dialog(driver, "grafana", "ports")
    assert not dialog.apply_button.isEnabled()
    dialog.form.rows("ports").set_value([PortMapping(container_port=3000, host_port=3333)])
    driver.until(lambda: dialog.apply_button.isEnabled())
    assert dialog.changes.text() == "Applies at once: Ports"
    dialog.apply_button.click()
    driver.until(lambda: driver.container("grafana").ports[0].host_port == 3333)
    assert driver.container("grafana").started == started


def test_editing_the_environment_says_that_it_restarts(driver: Driver) -> None:
    started = driver.container("grafana").started
    dialog = edit_dialog(driver, "grafana")
    dialog.form.entries["env"].field.set_value({"GF_LOG": "debug"})
    driver.until(lambda: dialog.apply_button.isEnabled())
    assert "Needs a restart: Variables" in dialog.changes.text()
    assert "stopped and started" in dialog.changes.text()
    dialog.apply_button.click()
    driver.until(lambda: driver.container("grafana").spec.env == {"GF_LOG": "debug"})
    driver.until(lambda: driver.container("grafana").started != started)


def test_what_applies_at_once_is_not_said_to_stop_it(driver: Driver) -> None:
    started = driver.container("grafana").started
    dialog = edit_dialog(driver, "grafana")
    dialog.form.entries["labels"].field.set_value({"team": "web"})
    driver.until(lambda: dialog.apply_button.isEnabled())
    assert dialog.changes.text() == "Applies at once: Labels"
    dialog.apply_button.click()
    driver.until(lambda: driver.container("grafana").spec.labels == {"team": "web"})
    assert driver.container("grafana").started == started


def test_another_storage_driver_is_no_edit(driver: Driver) -> None:
    dialog = edit_dialog(driver, "grafana")
    dialog.form.entries["driver"].field.set_value("fuse-overlayfs")
    driver.until(lambda: "Needs a new container: Storage" in dialog.changes.text())
    assert not dialog.apply_button.isEnabled()


def test_who_gives_away_files_of_a_folder_is_asked(driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    dialog = run_dialog(driver, image="nginx:1.27")
    dialog.fill_from_line(f"docker run --name owner -v {tmp_path}:/data:U nginx:1.27")
    driver.until(lambda: dialog.run_button.isEnabled())
    dialog.run_button.click()
    driver.reject()
    driver.until(lambda: dialog.run_button.isEnabled())
    assert not [one for one in driver.client.mirror.containers.values() if one.name == "owner"]
    dialog.run_button.click()
    driver.accept()
    driver.until(lambda: "owner" in driver.names() and driver.container("owner").state is State.RUNNING)


def test_what_a_shell_would_fill_in_is_left_to_the_user(driver: Driver) -> None:
    dialog = run_dialog(driver)
    assert dialog.fill_from_line("docker run -e TOKEN=$TOKEN -v $DATA:/data -p 8081:80 nginx:1.27")
    assert "$TOKEN" in dialog.banner._title.text()
    mounts = dialog.form.rows("mounts").rows
    assert [row.source.text() for row in mounts] == ["$DATA"]  # type: ignore[attr-defined]
    assert not dialog.run_button.isEnabled()


def test_editing_mounts_says_that_it_needs_a_restart(driver: Driver) -> None:
    dialog = edit_dialog(driver, "grafana")
    dialog.form.rows("mounts").set_value([Mount(kind="volume", source="other", target="/x")])
    driver.until(lambda: dialog.apply_button.isEnabled())
    assert "Needs a restart: Mounts" in dialog.changes.text()


def test_health_by_form(driver: Driver) -> None:
    dialog = run_dialog(driver, image="nginx:1.27")
    field: Any = dialog.form.entries["health"].field
    field.set_value(HealthCheck(test=("CMD", "curl", "-f", "http://localhost/"), interval=5.0))
    assert field.value() == HealthCheck(test=("CMD-SHELL", "curl -f http://localhost/"), interval=5.0)
    field.set_value(HealthCheck(test=("NONE",)))
    assert field.value() == HealthCheck(test=("NONE",))
    field.set_value(None)
    assert field.value() is None


def test_what_it_may_reach_by_form(driver: Driver) -> None:
    dialog = run_dialog(driver, image="nginx:1.27")
    field: Any = dialog.form.entries["egress"].field
    field.set_value(("example.org", "10.0.0.0/8"))
    assert dialog.form.spec().labels["wherry.egress"] == "example.org,10.0.0.0/8"
    driver.until(lambda: "wherry.egress" in dialog.line.toPlainText())
    field.set_value(())
    assert "wherry.egress" not in dialog.form.spec().labels


def test_variables_come_from_a_file_as_well(driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "service.env"
    path.write_text("# comment\nMODE=new\nURL=http://x/?a=b\n\nFROM_HERE\nNOT_SET_ANYWHERE\n")
    monkeypatch.setenv("FROM_HERE", "today")

    async def chosen(*_arguments: Any) -> str:
        return str(path)

    monkeypatch.setattr(driver.window, "choose_open_file", chosen)
    dialog = run_dialog(driver, image="nginx:1.27")
    field: Any = dialog.form.entries["env"].field
    before = field.value()
    field.set_value({**before, "MODE": "old", "KEPT": "1"})
    field.file_button.click()
    driver.until(lambda: "URL" in field.value())
    assert field.value() == {**before, "KEPT": "1", "MODE": "new", "URL": "http://x/?a=b", "FROM_HERE": "today"}


def test_a_file_that_cannot_be_read_changes_nothing(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    async def chosen(*_arguments: Any) -> str:
        return "/nowhere/service.env"

    monkeypatch.setattr(driver.window, "choose_open_file", chosen)
    dialog = run_dialog(driver, image="nginx:1.27")
    field: Any = dialog.form.entries["env"].field
    before = field.value()
    field.file_button.click()
    driver.until(lambda: any("/nowhere/service.env" in text for text in driver.toast_texts()))
    assert field.value() == before


def test_an_invented_host_name_is_not_in_the_line_and_not_in_another_container(driver: Driver) -> None:
    container = driver.container("grafana")
    invented = replace(container.spec, hostname=container.id[:12])
    assert chosen_by_people(invented, container.id) == replace(container.spec, hostname="")
    mine = replace(container.spec, hostname="dashboards")
    assert chosen_by_people(mine, container.id) == mine


def test_a_long_choice_shows_its_beginning(driver: Driver) -> None:
    dialog = run_dialog(driver, image="nginx:1.27")
    field: Any = dialog.form.entries["network"].field
    assert field.combo.lineEdit().cursorPosition() == 0


README_LINE = """docker run -d \\
  --name docs \\
  -p 8099:80 \\
  nginx:1.27"""


def is_filled(dialog: RunDialog) -> bool:
    spec = dialog.full_spec()
    ports = [(port.host_port, port.container_port) for port in spec.ports]
    return (dialog.image.currentText(), dialog.name(), ports) == ("nginx:1.27", "docs", [(8099, 80)])


def test_a_readme_line_fills_the_form_by_the_paste_key(driver: Driver) -> None:
    dialog = run_dialog(driver)
    QGuiApplication.clipboard().setText(README_LINE)
    dialog.activateWindow()
    dialog.image.setFocus()
    driver.bot.keyClick(dialog.image, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert is_filled(dialog)


def test_a_readme_line_fills_the_form_from_the_context_menu(driver: Driver) -> None:
    dialog = run_dialog(driver)
    QGuiApplication.clipboard().setText(README_LINE)
    field = dialog.image.lineEdit()
    place = QPoint(5, 5)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, field.mapToGlobal(place))
    QApplication.sendEvent(field, event)
    menu = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMenu) and w.isVisible())
    next(action for action in menu.actions() if action.objectName() == "edit-paste").trigger()
    menu.close()
    assert is_filled(dialog)


def test_a_readme_line_fills_the_form_by_the_middle_button(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = run_dialog(driver)
    field = dialog.image.lineEdit()
    clipboard = QGuiApplication.clipboard()
    selected = QMimeData()
    selected.setText(README_LINE)
    # Qt without a screen has no primary selection.
    monkeypatch.setattr(type(clipboard), "supportsSelection", lambda _self: True)
    monkeypatch.setattr(type(clipboard), "mimeData", lambda _self, mode: selected if mode.name == "Selection" else None)
    driver.bot.mouseClick(field, Qt.MouseButton.MiddleButton)
    assert is_filled(dialog)


def test_a_readme_line_fills_the_form_when_it_is_dropped(driver: Driver) -> None:
    dialog = run_dialog(driver)
    data = QMimeData()
    data.setText(README_LINE)
    copy = Qt.DropAction.CopyAction
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    dialog.image.lineEdit().dropEvent(QDropEvent(QPointF(5, 5), copy, data, buttons, keys))
    assert is_filled(dialog)


def test_other_text_goes_into_the_field_as_text(driver: Driver) -> None:
    dialog = run_dialog(driver)
    QGuiApplication.clipboard().setText("redis:7")
    dialog.image.setFocus()
    driver.bot.keyClick(dialog.image, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert dialog.image.currentText() == "redis:7"


def test_the_page_offers_a_line_that_is_in_the_clipboard(driver: Driver) -> None:
    driver.window.navigate("containers")
    page: Any = driver.window.page("containers")
    QGuiApplication.clipboard().setText("nothing of that kind")
    driver.until(lambda: not page.list.clipboard_line.isVisible())
    QGuiApplication.clipboard().setText(README_LINE)
    driver.until(lambda: page.list.clipboard_line.isVisible())
    assert page.list.clipboard_line.text() == "Paste: nginx:1.27 on 8099"
    driver.bot.mouseClick(page.list.clipboard_line, Qt.MouseButton.LeftButton)
    dialog = driver.dialog("dialog.run")
    assert isinstance(dialog, RunDialog)
    driver.until(lambda: is_filled(dialog))
    QGuiApplication.clipboard().clear()
    driver.until(lambda: not page.list.clipboard_line.isVisible())
