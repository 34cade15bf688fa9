"""The projects page: what is there, plans to accept, steps as they go, the file with its faults as one types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLineEdit

from engine.types.logs import merged_members
from engine.types.operations import OperationState
from engine.types.projects import FieldChange, PlannedStep, UpProject
from gui.frame.dropping import offer
from gui.frame.palette import entries
from gui.presentation.projects.words import because_text, changes_text, plan_rows

if TYPE_CHECKING:
    from pathlib import Path

    from gui.dialogs.projects.plan import ProjectPlanDialog
    from tests.gui.conftest import Driver

SHOP = """\
services:
  cache:
    image: redis:7-alpine
  site:
    image: nginx:1.27-alpine
    depends_on: [cache]
    ports: ["18080:80"]
    volumes: ["pages:/data"]
volumes:
  pages: {}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "bakery"
    made.mkdir()
    (made / "compose.yaml").write_text(SHOP)
    return made


def page_of(driver: Driver) -> Any:
    return driver.window.page("projects")


def opened(driver: Driver, folder: Path) -> Any:
    """The page with the folder's project open on it, as after a drop."""
    assert offer(str(folder))
    driver.window._drop._take([str(folder)])
    page = page_of(driver)
    driver.until(lambda: page.details.row is not None and page.details.isVisible())
    driver.until(lambda: page.details.file.plan is not None)
    return page


def plan_dialog(driver: Driver) -> ProjectPlanDialog:
    """The plan, worked out."""
    dialog: Any = driver.dialog("dialog.project-plan")
    driver.until(lambda: dialog.plan is not None)
    return dialog  # type: ignore[no-any-return]


def steps(dialog: ProjectPlanDialog) -> list[tuple[str, str]]:
    return [(row.step.action, row.step.subject) for row in dialog.model.items()]


def bring_up(driver: Driver, page: Any) -> None:
    page.details.buttons["project.up"].click()
    dialog = plan_dialog(driver)
    dialog.go.click()
    driver.until(lambda: dialog._summary.text() == "All is done.")
    dialog.accept()
    driver.until(lambda: page.rows()["bakery"].project.ours and page.rows()["bakery"].running == 2)


def test_projects_that_docker_compose_made_are_rows(driver: Driver) -> None:
    driver.window.navigate("projects")
    page = page_of(driver)
    QAbstractItemModelTester(page.list.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    labelled = {
        name
        for container in driver.client.mirror.containers.values()
        if (name := container.spec.labels.get("com.docker.compose.project"))
    }
    assert labelled
    driver.until(lambda: {row.project.name for row in page.list.model.items()} == labelled)


def test_without_projects_the_page_says_what_one_is(make_driver: Any) -> None:
    driver = make_driver(None)
    driver.window.navigate("projects")
    page = page_of(driver)
    driver.until(lambda: page.list._empty.isVisible())
    words = page.list._empty.accessibleName() + page.list._empty.accessibleDescription()
    assert "No projects yet" in words


def test_a_dropped_folder_opens_and_nothing_is_made_before_the_plan_is_accepted(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    before = driver.names()
    assert page.details.header.isVisible()
    page.details.buttons["project.up"].click()
    dialog = plan_dialog(driver)
    assert ("create", "bakery-site-1") in steps(dialog)
    assert ("volume", "bakery_pages") in steps(dialog)
    dialog.reject()
    assert driver.names() == before


def test_up_tells_its_steps_and_the_services_are_there(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    page.details.buttons["project.up"].click()
    dialog = plan_dialog(driver)
    dialog.go.click()
    driver.until(lambda: dialog._summary.text() == "All is done.")
    assert {row.progress.state for row in dialog.model.items() if row.progress} == {"done"}
    assert not dialog.table.isColumnHidden(3)
    dialog.accept()
    driver.until(lambda: {"bakery-site-1", "bakery-cache-1"} <= driver.names())
    page.details.show_tab("services")
    driver.until(lambda: page.details.services.rowCount() == 2)
    page.details.table.activated_key.emit(driver.container("bakery-site-1").id)
    assert driver.window.current_page_id == "containers"


def test_the_log_of_a_project_is_that_of_all_its_containers(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    page.details.show_tab("log")
    ids = {driver.container(name).id for name in ("bakery-site-1", "bakery-cache-1")}
    driver.until(lambda: set(merged_members(page.details.log.name)) == ids)


def test_a_changed_field_is_named_from_what_to_what_and_rolled_back(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    page.details.show_tab("file")
    page.details.file.editor.put(SHOP.replace("18080:80", "18099:80"))
    driver.until(lambda: page.details.file.plan and any(one.changes for one in page.details.file.plan.steps))
    page.details.file.review.click()
    dialog = plan_dialog(driver)
    assert (folder / "compose.yaml").read_text() == SHOP.replace("18080:80", "18099:80")
    told = [dialog.model.columns[2].text(row) for row in dialog.model.items() if row.step.changes]
    assert any("18080" in words and "18099" in words for words in told)
    dialog.go.click()
    driver.until(lambda: dialog._summary.text() == "All is done.")
    dialog.accept()
    page.details.show_tab("history")
    driver.until(lambda: page.details.runs.rowCount() == 2)
    page.details.buttons["project.roll-back"].click()
    back = plan_dialog(driver)
    driver.until(lambda: any(row.step.changes for row in back.model.items()))
    back.go.click()
    driver.until(lambda: back._summary.text() == "All is done.")
    driver.until(lambda: any(p.host_port == 18080 for p in driver.container("bakery-site-1").spec.ports))


def test_down_keeps_volumes_unless_they_are_ticked(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    page.details.buttons["project.down"].click()
    dialog = plan_dialog(driver)
    assert ("remove", "bakery-site-1") in steps(dialog)
    assert not any(action == "remove-volume" for action, _ in steps(dialog))
    driver.until(lambda: "bakery_pages" in dialog._summary.text())
    dialog.volumes.setChecked(True)
    driver.until(lambda: ("remove-volume", "bakery_pages") in steps(dialog))
    dialog.volumes.setChecked(False)
    driver.until(lambda: ("remove-volume", "bakery_pages") not in steps(dialog) and dialog.go.isEnabled())
    dialog.go.click()
    driver.until(lambda: "bakery-site-1" not in driver.names())
    assert "bakery_pages" in driver.client.mirror.volumes
    driver.until(lambda: page.rows()["bakery"].containers == ())


def test_a_fault_is_shown_at_its_line_while_one_types(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    file = page.details.file
    page.details.show_tab("file")
    file.editor.put(SHOP.replace("depends_on", "depend_on"))
    driver.until(lambda: file.problems.rowCount() > 0)
    problem = next(iter(file.problems.items()))
    assert problem.line == 6
    assert file.steps.rowCount() == 0
    assert not file.review.isEnabled()
    file.problem_table.selectRow(0)
    assert file.editor.text.textCursor().blockNumber() == 5
    file.editor.put(SHOP)
    driver.until(lambda: not file.problems.rowCount() and file.steps.rowCount() > 0)
    assert (folder / "compose.yaml").read_text() == SHOP


def test_a_network_that_is_not_there_is_told_at_its_line_while_one_types(driver: Driver, folder: Path) -> None:
    file = opened(driver, folder).details.file
    given = "networks:\n  default: {name: somewhere-else, external: true}\n"
    file.editor.put(SHOP.replace("redis:7", "redis:${VERSION:-7}") + given)
    driver.until(lambda: file.problems.rowCount() > 0)
    problem = next(iter(file.problems.items()))
    assert (problem.line, "somewhere-else" in problem.message) == (12, True)
    assert file.plan is None
    assert [one.name for one in file.variables.model.items()] == ["VERSION"]


def test_of_several_files_each_is_named_once(driver: Driver, folder: Path) -> None:
    (folder / "compose.override.yaml").write_text("services: {site: {restart: always}}\n")
    (folder / ".env").write_text("A=b\n")
    file = opened(driver, folder).details.file
    driver.until(lambda: file.files.count() == 3)
    assert [file.files.itemText(at) for at in range(3)] == ["compose.yaml", "compose.override.yaml", ".env"]
    assert file.editor._path.text == ""
    file.files.setCurrentIndex(1)
    file.files.activated.emit(1)
    driver.until(lambda: "restart" in file.editor.shown_text())
    assert file.editor.path == str(folder / "compose.override.yaml")
    file.editor.put("services: {}\n")
    assert file.editor._path.text == "● not saved"


def test_the_files_of_a_project_are_watched_and_left_off(driver: Driver, folder: Path) -> None:
    (folder / "pages").mkdir()
    watch = "    develop: {watch: [{path: ./pages, action: restart}]}\n"
    (folder / "compose.yaml").write_text(SHOP.replace("    depends_on: [cache]\n", f"    depends_on: [cache]\n{watch}"))
    page = opened(driver, folder)
    bring_up(driver, page)
    site = driver.container("bakery-site-1")

    def watches() -> list[Any]:
        known = driver.client.mirror.operations.values()
        return [one for one in known if one.kind == "watch-project" and one.state is OperationState.RUNNING]

    driver.window.trigger("project.watch", [page.rows()["bakery"]])
    driver.until(lambda: any("are watched" in text for text in driver.toast_texts()))
    driver.until(lambda: watches() and any(step.action == "watch" for step in watches()[0].steps))
    (folder / "pages/index.html").write_text("new")
    driver.until(lambda: any(step.action == "restart" and step.state == "done" for step in watches()[0].steps))
    driver.until(lambda: driver.container("bakery-site-1").started != site.started)
    driver.window.trigger("project.watch", [page.rows()["bakery"]])
    driver.until(lambda: not watches())
    driver.until(lambda: any("no longer watched" in text for text in driver.toast_texts()))


def test_a_broken_file_is_opened_to_be_mended(driver: Driver, folder: Path) -> None:
    (folder / "compose.yaml").write_text("services:\n  site: [\n")
    driver.window._drop._take([str(folder)])
    page = page_of(driver)
    driver.until(lambda: page.details.file.problems.rowCount() > 0)
    assert page.details.row.project.name == "bakery"
    assert page.details.tabs.current() == "file"


def test_a_folder_without_a_compose_file_is_still_built(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert "build" in offer(str(tmp_path))
    (tmp_path / "compose.yaml").write_text(SHOP)
    assert "project" in offer(str(tmp_path))
    assert offer(str(tmp_path / "notes.yaml")) == ""


def test_a_change_of_a_list_shows_only_what_differs_as_one_writes_it() -> None:
    old = (
        '[{"mode": "ingress", "target": 80, "published": "8080"}, {"target": 53, "published": "53", "protocol": "udp"}]'
    )
    new = '[{"mode": "ingress", "target": 80, "published": "8090", "host_ip": "127.0.0.1"}, '
    new += '{"target": 53, "published": "53", "protocol": "udp"}]'
    changes = (FieldChange(field="ports", before=old, after=new), FieldChange(field="hostname", before="", after="x"))
    step = PlannedStep(id="edit:a", action="edit", subject="a", changes=changes)
    assert changes_text(step) == "ports: 8080:80 → 127.0.0.1:8090:80\nhostname: nothing → x"
    assert [because_text(row) for _, row in plan_rows(step)] == changes_text(step).split("\n")


def test_what_was_typed_is_not_lost_to_another_project(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    page.details.show_tab("file")
    page.details.file.editor.put(SHOP + "# mine\n")
    driver.window.navigate("projects", "shop")
    driver.reject("leaving")
    driver.no_dialog()
    assert page.details.row.project.name == "bakery"
    assert page.details.file.editor.shown_text().endswith("# mine\n")
    assert driver.window.unsaved() == [str(folder / "compose.yaml")]


def test_an_up_in_the_activity_tells_its_steps(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    operation = next(one for one in driver.client.mirror.operations.values() if one.kind == "up")
    driver.window.open_dialog("operation", operation=operation.id)
    dialog: Any = driver.dialog("dialog.operation")
    assert dialog._step_table.isVisible()
    assert {row.progress.state for row in dialog._steps.items()} == {"done"}


def test_files_that_are_gone_are_told_and_nothing_is_done(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    (folder / "compose.yaml").unlink()
    page.details.buttons["project.up"].click()
    dialog = plan_dialog(driver)
    assert dialog.banner.isVisible()
    assert not dialog.go.isEnabled()


def test_the_palette_finds_a_project(driver: Driver) -> None:
    found = next(one for one in entries(driver.window) if one.text == "shop" and one.note == "Project")
    found.act()
    page = page_of(driver)
    driver.until(lambda: page.details.row is not None and page.details.row.project.name == "shop")


def test_figures_do_not_disturb_a_log_that_is_read(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    page.details.show_tab("log")
    log = page.details.log
    shown: list[str] = []
    show = log.show_log
    log.show_log = lambda name, title: (shown.append(name), show(name, title))
    before = page._rates
    driver.until(lambda: page._rates is not before)
    assert shown == []
    driver.window.navigate("images")
    assert not log._watching
    driver.window.navigate("projects", "bakery")
    driver.until(lambda: log._watching)


def test_services_are_drawn_with_what_they_wait_for_before_and_while_they_run(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    page.details.show_tab("services")
    graph = page.details.view.graph
    driver.until(lambda: [lane.title for lane in graph._lanes] == ["cache", "site"])
    assert graph._lanes[1].waits_for == (0,)
    assert all(step.dim for lane in graph._lanes for step in lane.steps)
    assert not page.details.table.isVisible()
    bring_up(driver, page)
    site = driver.container("bakery-site-1").id
    driver.until(lambda: [step.id for lane in graph._lanes for step in lane.steps][1:] == [site])
    graph.choose(site)
    assert page.details.table.selected_keys() == [site]


def test_the_figures_of_a_project_are_one_line_for_each_service(driver: Driver) -> None:
    driver.window.navigate("projects", "shop")
    page = page_of(driver)
    driver.until(lambda: page.details.row is not None)
    page.details.show_tab("figures")
    figures = page.details.figures
    assert list(figures.charts) == ["cpu", "memory"]
    driver.until(lambda: figures.timeline.now > 10**18)
    page.details.show_tab("services")
    assert figures._lease is None


def test_its_volumes_and_networks_are_listed_and_lead_to_their_pages(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    page.details.show_tab("storage")
    driver.until(lambda: {row.name for row in page.details.storage.model.items()} >= {"bakery_pages", "bakery_default"})
    page.details.storage.table.activated_key.emit("volumes:bakery_pages")
    assert driver.window.current_page_id == "volumes"


def test_scaling_shows_what_would_change_first(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    driver.window.trigger("project.scale", [page.rows()["bakery"]])
    form: Any = driver.dialog("dialog.project-scale")
    assert {name: box.value() for name, box in form.boxes.items()} == {"cache": 1, "site": 1}
    form.boxes["cache"].setValue(3)
    form.submit()
    dialog = plan_dialog(driver)
    made = {name for action, name in steps(dialog) if action == "create"}
    assert made == {"bakery-cache-2", "bakery-cache-3"}
    dialog.reject()


def test_any_state_of_the_past_can_be_looked_at_and_gone_back_to(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    for port in ("18080", "18081", "18082"):
        (folder / "compose.yaml").write_text(SHOP.replace("18080", port))
        bring_up(driver, page)
    page.details.show_tab("history")
    past = page.details.past
    driver.until(lambda: past.model.rowCount() == 3)
    driver.until(lambda: "18082:80" in past.difference.toPlainText())
    past.table.select_key(past._runs[0].id)
    driver.until(lambda: '+    ports: ["18080:80"]' in past.difference.toPlainText())
    past.back.click()
    dialog = plan_dialog(driver)
    driver.until(lambda: any("18080" in because_text(row) for row in dialog.model.items()))
    dialog.reject()


def test_an_update_pulls_first_and_then_shows_what_it_would_change(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    driver.window.trigger("project.update", [page.rows()["bakery"]])
    dialog = plan_dialog(driver)
    kinds = [one.kind for one in driver.client.mirror.operations.values()]
    assert "pull-project" in kinds
    assert not any(action == "pull" for action, _ in steps(dialog))
    dialog.reject()


def test_a_service_of_the_gallery_is_written_into_a_project_and_opened(
    driver: Driver, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    driver.window.trigger("projects.gallery")
    dialog: Any = driver.dialog("dialog.gallery")
    driver.until(lambda: dialog.model.rowCount() >= 40)
    dialog.search.setText("relational maria")
    driver.until(lambda: dialog.filtered.rowCount() == 1)
    dialog.search.setText("")
    dialog.category.setCurrentText("Brokers")
    driver.until(lambda: 3 < dialog.filtered.rowCount() < 10)
    dialog.category.setCurrentIndex(0)
    driver.until(lambda: dialog.filtered.rowCount() >= 40)
    dialog.table.select_key("postgres")
    assert dialog.fields["POSTGRES_PORT"].text().isdigit()
    dialog.fields["POSTGRES_PORT"].setText("none")
    dialog.project.setCurrentText("My Shop")
    dialog.add.click()
    driver.until(lambda: dialog.banner.isVisible())
    dialog.fields["POSTGRES_PORT"].setText("15432")
    dialog.add.click()
    made = folder.parent / "wherry-projects/myshop"
    driver.until(lambda: (made / "compose.yaml").exists() and dialog.go.isEnabled())
    assert (made / ".env").stat().st_mode & 0o777 == 0o600
    assert "POSTGRES_PORT=15432" in (made / ".env").read_text()
    dialog.table.select_key("nginx")
    dialog.go.click()
    page = page_of(driver)
    driver.until(lambda: page.details.row is not None and page.details.row.project.name == "myshop")
    driver.until(lambda: page.details.file.plan is not None)
    assert set(page.details.file.plan.services) == {"postgres", "nginx"}


def test_a_variable_is_set_beside_the_file_and_changes_the_plan(driver: Driver, folder: Path) -> None:
    (folder / "compose.yaml").write_text(SHOP.replace("18080:80", "${PORT:-18080}:80"))
    page = opened(driver, folder)
    bring_up(driver, page)
    page.details.show_tab("file")
    file = page.details.file
    driver.until(lambda: file.variables.model.item("PORT") is not None)
    assert file.variables.model.item("PORT").origin == "default"
    file.variables.table.activated_key.emit("PORT")
    question: Any = driver.dialog("question")
    question.findChild(QLineEdit).setText("18099")
    question.accept()
    driver.until(lambda: (folder / ".env").exists() and "PORT=18099" in (folder / ".env").read_text())
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    driver.until(lambda: file.plan and any(one.changes for one in file.plan.steps))
    driver.until(lambda: file.files.findData(str(folder / ".env")) > 0)


def test_words_are_offered_while_one_types(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    page.details.show_tab("file")
    text = page.details.file.editor.text
    text.setFocus()
    cursor = text.textCursor()
    cursor.setPosition(text.toPlainText().index("    depends_on"))
    text.setTextCursor(cursor)
    cursor.insertText("    \n")
    cursor.movePosition(cursor.MoveOperation.Left)
    text.setTextCursor(cursor)
    driver.bot.keyClicks(text, "rest")
    offered = page.details.file.completing
    driver.until(lambda: offered.model.stringList()[:1] == ["restart:"])
    offered.list.activated.emit("restart:")
    assert "    restart:\n" in text.toPlainText()


def test_a_run_line_that_is_pasted_becomes_a_service(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    page.details.show_tab("file")
    file = page.details.file
    QGuiApplication.clipboard().setText("docker run -d --name mail -p 8025:8025 -v mails:/data axllent/mailpit")
    file.editor.text.setFocus()
    driver.bot.keyClick(file.editor.text, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    driver.until(lambda: file.plan and "mail" in file.plan.services)
    text = file.editor.shown_text()
    assert text.startswith(SHOP.partition("volumes:\n  pages")[0])
    assert "  mails: {}" in text
    assert "container_name" not in text
    file.editor.text.undo()
    assert file.editor.shown_text() == SHOP
    QGuiApplication.clipboard().setText("# docker is nice\n")
    driver.bot.keyClick(file.editor.text, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert "# docker is nice" in file.editor.shown_text()


def test_running_containers_become_a_project(driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    driver.trigger("container.project", "shop-web-1", "shop-db-1")
    question: Any = driver.dialog("question")
    question.findChild(QLineEdit).setText("My Copy")
    question.accept()
    file = tmp_path / "wherry-projects/mycopy/compose.yaml"
    driver.until(file.exists)
    page = page_of(driver)
    driver.until(lambda: page.details.row is not None and page.details.row.project.name == "mycopy")
    driver.until(lambda: page.details.file.editor.path == str(file))
    driver.until(lambda: page.details.file.plan is not None)
    assert set(page.details.file.plan.services) == {"shop-web-1", "shop-db-1"}
    assert "com.docker.compose" not in file.read_text()


def networks(driver: Driver) -> set[str]:
    return {one.name for one in driver.client.mirror.networks.values()}


def take_down(driver: Driver, page: Any, *, volumes: bool = False) -> None:
    page.details.buttons["project.down"].click()
    dialog = plan_dialog(driver)
    if volumes:
        dialog.volumes.setChecked(True)
        driver.until(lambda: ("remove-volume", "bakery_pages") in steps(dialog))
    driver.until(dialog.go.isEnabled)
    dialog.go.click()
    driver.until(lambda: "bakery-site-1" not in driver.names())
    driver.no_dialog()


def test_down_is_taken_back_with_the_very_containers_networks_and_volumes(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    before = {name: driver.container(name).id for name in ("bakery-site-1", "bakery-cache-1")}
    take_down(driver, page, volumes=True)
    assert "bakery_pages" not in driver.client.mirror.volumes
    assert "bakery_default" not in networks(driver)
    driver.undo()
    driver.until(lambda: page.rows()["bakery"].running == 2)
    assert {name: driver.container(name).id for name in before} == before
    assert "bakery_pages" in driver.client.mirror.volumes
    assert "bakery_default" in networks(driver)


def test_down_happens_when_its_time_is_over(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    driver.window.removal.seconds = 0.1
    take_down(driver, page)
    driver.until(lambda: not driver.window.removal.busy)
    left = driver.ask(lambda engine: engine.containers.list())
    assert not {one.name for one in left} & {"bakery-site-1", "bakery-cache-1"}
    assert "bakery_pages" in driver.client.mirror.volumes
    driver.until(lambda: page.rows()["bakery"].project.containers == 0)


def test_who_brings_up_at_once_what_was_taken_down_gets_new_containers_that_stay(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    before = driver.container("bakery-site-1").id
    take_down(driver, page)
    page.details.buttons["project.up"].click()
    dialog = plan_dialog(driver)
    assert ("create", "bakery-site-1") in steps(dialog)
    dialog.go.click()
    driver.until(lambda: dialog._summary.text() == "All is done.")
    dialog.accept()
    driver.until(lambda: page.rows()["bakery"].running == 2)
    assert driver.container("bakery-site-1").id != before
    assert not driver.window.removal.busy


def test_what_a_shell_brought_up_meanwhile_is_not_taken_down(driver: Driver, folder: Path) -> None:
    page = opened(driver, folder)
    bring_up(driver, page)
    take_down(driver, page)
    request = UpProject(source=page.details.file.source)
    driver.ask(lambda engine: engine.projects.up(request).result())
    driver.window.run(driver.window.removal.settle())
    driver.until(lambda: not driver.window.removal.busy)
    driver.until(lambda: page.rows()["bakery"].running == 2)
