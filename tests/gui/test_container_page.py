"""The containers' page: list, filters, details and each of their tabs."""

from __future__ import annotations

import csv
import io
from math import isnan
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QLabel, QMenu, QPlainTextEdit

from engine.stats.rates import rates_between
from engine.types.containers import ALIVE_STATES, NEXT_STEPS, Exit, Resources, State
from engine.types.data import now
from engine.types.events import Event
from engine.types.stats import Sample
from gui.pages.container.changes import ChangesTab
from gui.pages.container.files import FilesTab
from gui.pages.container.history import HistoryTab
from gui.pages.container.inspect import InspectTab
from gui.pages.container.logs import LogsTab
from gui.pages.container.overview import OverviewTab
from gui.pages.container.processes import ProcessesTab
from gui.pages.container.stats import StatsTab
from gui.pages.container.terminal import TerminalTab
from gui.pages.containers import ContainersPage
from gui.presentation.containers.figures import as_csv, figures, quiet_stretches

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gui.conftest import Driver


@pytest.fixture
def page(driver: Driver) -> ContainersPage:
    driver.window.navigate("containers")
    page = driver.window.page("containers")
    assert isinstance(page, ContainersPage)
    driver.until(lambda: page.list.model.rowCount() > 0)
    return page


def tab(driver: Driver, name: str, key: str) -> Any:
    driver.window.navigate("containers", driver.container(name).id, key)
    details = driver.window.page("containers").details  # type: ignore[attr-defined]
    return details.tab(key)


def words(widget: Any) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget))


# --- the list ---


def test_the_list_follows_the_engine(driver: Driver, page: ContainersPage) -> None:
    shown = {c.name for c in page.list.model.shown()}
    assert shown == driver.names()
    driver.ask(lambda engine: engine.containers.remove("draft"))
    driver.until(lambda: "draft" not in {c.name for c in page.list.model.shown()})


def test_live_figures_arrive(driver: Driver, page: ContainersPage) -> None:
    row = page.list.model.row_of(driver.container("grafana").id)
    driver.until(lambda: page.list.model.index(row, 3).data())
    driver.until(lambda: page.list.model.index(row, 4).data())


def test_filter_and_chips(driver: Driver, page: ContainersPage) -> None:
    page.list.search.setText("redis")
    driver.until(lambda: [c.name for c in page.list.model.shown()] == ["shop-cache-1"])
    page.list.search.clear()
    driver.until(lambda: len(page.list.model.shown()) == len(driver.names()))
    driver.bot.mouseClick(page.list.chips.chip("trouble"), Qt.MouseButton.LeftButton)
    trouble = {c.name for c in page.list.model.shown()}
    assert {"thumbnailer", "metrics-import"} <= trouble
    assert "grafana" not in trouble


def test_several_selected_show_the_bulk_bar(driver: Driver, page: ContainersPage) -> None:
    page.list.table.selectAll()
    chosen = page.list.selected()
    assert len(chosen) == len(driver.names())
    assert page.list._bulk.isVisible()
    page.list.table.clearSelection()
    assert not page.list._bulk.isVisible()


def test_selecting_a_project_selects_its_members(driver: Driver, page: ContainersPage) -> None:
    assert page.list.table.select_key("project:shop")
    assert {c.name for c in page.list.selected()} >= {"shop-web-1", "shop-db-1", "shop-cache-1"}


def test_enter_opens_details_and_alt_left_goes_back(driver: Driver, page: ContainersPage) -> None:
    page.list.table.select_key(driver.container("grafana").id)
    driver.bot.keyClick(page.list.table, Qt.Key.Key_Return)
    assert page.details is not None
    assert page.details.name == "grafana"
    page.show_list()
    assert page.list.isVisible()


def test_the_menu_has_what_is_possible(driver: Driver, page: ContainersPage) -> None:
    page.list.table.select_key(driver.container("backup-nightly").id)
    page.list._show_menu([], QPoint(0, 0))
    shown = [m for m in page.list.findChildren(QMenu) if m.isVisible()]
    enabled = {action.objectName() for action in shown[0].actions() if action.isEnabled() and action.objectName()}
    assert "container.start" in enabled
    assert "container.stop" not in enabled
    assert "container.remove" in enabled
    shown[0].close()


def test_a_removed_container_leaves_its_details(driver: Driver, page: ContainersPage) -> None:
    tab(driver, "draft", "overview")
    driver.ask(lambda engine: engine.containers.remove("draft"))
    driver.until(lambda: page.list.isVisible())


# --- tabs ---


def test_overview_hides_secrets_until_asked(driver: Driver, page: ContainersPage) -> None:
    overview = tab(driver, "shop-db-1", "overview")
    assert isinstance(overview, OverviewTab)
    names = lambda: " ".join(w.accessibleName() for w in overview.findChildren(object) if hasattr(w, "accessibleName"))  # noqa: E731
    assert "correct horse" not in names()
    overview._eye.click()
    driver.until(lambda: "correct horse" in names())


def test_overview_tells_of_a_folder_it_cannot_write_in(driver: Driver, page: ContainersPage) -> None:
    overview: OverviewTab = tab(driver, "grafana", "overview")
    grafana = driver.container("grafana")
    assert "cannot write" not in words(overview)
    overview.refresh(replace(grafana, spec=replace(grafana.spec, user="7"), warnings=("7 cannot write in /srv.",)))
    assert "7 cannot write in /srv." in words(overview)


def test_overview_tells_of_a_computer_without_a_network(driver: Driver, page: ContainersPage) -> None:
    overview: OverviewTab = tab(driver, "grafana", "overview")
    grafana = driver.container("grafana")
    assert not overview.banner.isVisible()
    overview.refresh(replace(grafana, offline=True))
    assert "no way out now" in words(overview.banner)
    overview.refresh(replace(grafana, offline=False))
    assert not overview.banner.isVisible()


def test_overview_tells_why_it_ended(driver: Driver, page: ContainersPage) -> None:
    overview = tab(driver, "thumbnailer", "overview")
    assert overview.banner.isVisible()
    assert "Out of memory" in words(overview.banner)


def test_log_is_loaded_followed_and_searched(driver: Driver, page: ContainersPage) -> None:
    logs = tab(driver, "grafana", "logs")
    assert isinstance(logs, LogsTab)
    driver.until(lambda: logs.panel.source is not None and logs.panel.source.line_count() >= 2000)
    before = logs.panel.source.line_count()
    driver.until(lambda: logs.panel.source.line_count() > before)
    logs.panel.search.setText("upstream timed out")
    driver.until(lambda: "matches" in logs.panel._count.text() or " of " in logs.panel._count.text())
    logs.panel.only.click()
    driver.until(lambda: logs.panel.filtered is not None and logs.panel.filtered.line_count() > 0)
    row = logs.panel.filtered.row(logs.panel.filtered.line_count() - 1)
    assert row is None or "upstream timed out" in row.text


def test_enter_that_is_faster_than_the_search_goes_to_the_hit_it_finds(driver: Driver, page: ContainersPage) -> None:
    panel = tab(driver, "grafana", "logs").panel
    driver.until(lambda: panel.source is not None and panel.source.line_count() >= 2000)
    panel.search.setFocus()
    driver.bot.keyClicks(panel.search, "upstream")
    driver.bot.keyClick(panel.search, Qt.Key.Key_Return)
    driver.until(lambda: panel.view.hit_place[0] > 0)
    assert not panel.view.following


def test_leaving_a_filter_stays_at_the_line_looked_at(driver: Driver, page: ContainersPage) -> None:
    panel = tab(driver, "grafana", "logs").panel
    driver.until(lambda: panel.source is not None and panel.source.line_count() >= 2000)
    panel.view.set_follow(on=False)
    panel.view.go_to_line(700)
    before = panel.view.visible_range()[0]
    driver.bot.mouseClick(panel.levels.chip("error"), Qt.MouseButton.LeftButton)
    driver.until(lambda: panel.filtered is not None and panel.filtered.line_count() > 10)
    driver.bot.mouseClick(panel.levels.chip("error"), Qt.MouseButton.LeftButton)
    driver.until(lambda: panel.filtered is None)
    assert panel.view.visible_range()[0] == before, "nothing was looked at: it stands where it stood"
    driver.bot.mouseClick(panel.levels.chip("error"), Qt.MouseButton.LeftButton)
    driver.until(lambda: panel.filtered is not None and panel.filtered.line_count() > 10)
    panel.view.go_to_line(3)
    wanted = panel.filtered.base_index(3)
    driver.bot.mouseClick(panel.levels.chip("error"), Qt.MouseButton.LeftButton)
    driver.until(lambda: panel.filtered is None)
    first, last = panel.view.visible_range()
    assert first <= wanted <= last
    assert panel.view.current_line == wanted


def test_a_log_that_goes_with_its_container_is_no_error(driver: Driver, page: ContainersPage) -> None:
    panel = tab(driver, "draft", "logs").panel
    driver.ask(lambda engine: engine.containers.remove("draft"))
    asked = [panel._load_summary("draft"), panel._go_to("draft", 1)]
    for work in asked:
        driver.window.run(work)
    driver.until(lambda: page.list.isVisible())
    driver.until(lambda: all(work.cr_frame is None for work in asked))
    driver.no_dialog()


def test_log_levels_filter(driver: Driver, page: ContainersPage) -> None:
    logs = tab(driver, "grafana", "logs")
    driver.until(lambda: logs.panel.source is not None and logs.panel.source.line_count() > 0)
    driver.bot.mouseClick(logs.panel.levels.chip("error"), Qt.MouseButton.LeftButton)
    driver.until(lambda: logs.panel.filtered is not None and logs.panel.filtered.line_count() > 10)


def test_old_lines_are_fetched_when_they_come_to_sight(driver: Driver, page: ContainersPage) -> None:
    logs = tab(driver, "grafana", "logs")
    driver.until(lambda: logs.panel.source is not None and logs.panel.source.line_count() > 0)
    assert logs.panel.source.row(3) is None
    logs.panel.source.want(0, 10)
    driver.until(lambda: logs.panel.source.row(3) is not None)


def test_clearing_the_view_keeps_the_log(driver: Driver, page: ContainersPage) -> None:
    logs = tab(driver, "backup-nightly", "logs")
    driver.until(lambda: logs.panel.source is not None and logs.panel.source.line_count() > 0)
    lines = logs.panel.source.line_count()
    logs.panel.clear()
    assert logs.panel.source.line_count() == 0
    logs.panel.unclear()
    assert logs.panel.source.line_count() == lines


def test_terminal_opens_a_shell_and_another(driver: Driver, page: ContainersPage) -> None:
    terminal = tab(driver, "grafana", "terminal")
    assert isinstance(terminal, TerminalTab)
    driver.until(lambda: len(terminal.sessions) == 1 and terminal.sessions[0]._link is not None)
    terminal.open_session(("/bin/sh",), "sh")
    assert terminal.bar.count() == 2
    terminal.close_session(0)
    assert terminal.bar.count() == 1


def test_terminal_of_a_stopped_container_offers_to_start_it(driver: Driver, page: ContainersPage) -> None:
    terminal = tab(driver, "backup-nightly", "terminal")
    assert terminal.sessions == []
    terminal._start.click()
    driver.until(lambda: driver.container("backup-nightly").state is State.RUNNING)


def test_the_time_shown_fits_a_young_container_until_it_is_chosen(driver: Driver, page: ContainersPage) -> None:
    stats = tab(driver, "shop-web-1", "stats")
    assert isinstance(stats, StatsTab)
    driver.until(lambda: stats.timeline.now > 10**18)
    old = driver.container("shop-web-1")
    young = replace(old, started=now())
    history = driver.ask(lambda engine: engine.stats.history(old.id, seconds=3600.0))
    assert len(history) > 60
    for container, known, shown in (
        (young, [], "60"),
        (young, history[-5:], "60"),
        (young, history, "300"),
        (old, [], "300"),
        (replace(old, state=State.EXITED), [], "300"),
    ):
        stats._fit_span(container, known)
        assert stats._span.current() == shown
    stats._span.changed.emit("900")
    stats._fit_span(young, [])
    assert stats.timeline.span == 900 * 10**9


def test_stats_load_history_and_a_dragged_limit_applies_live(driver: Driver, page: ContainersPage) -> None:
    stats = tab(driver, "shop-web-1", "stats")
    assert isinstance(stats, StatsTab)
    driver.until(lambda: stats.timeline.now > 10**18)
    stats.charts["memory"].limit_dropped.emit(float(300 << 20))
    driver.until(lambda: driver.container("shop-web-1").spec.resources.memory == 300 << 20)
    stats.charts["cpu"].limit_dropped.emit(150.0)
    driver.until(lambda: driver.container("shop-web-1").spec.resources == Resources(memory=300 << 20, cpus=1.5))


def test_the_graphs_mark_what_happened_to_this_container_alone(driver: Driver, page: ContainersPage) -> None:
    stats = tab(driver, "shop-web-1", "stats")
    key = driver.container("shop-web-1").id
    driver.ask(lambda engine: engine.containers.stop(key))
    driver.ask(lambda engine: engine.containers.start(key))
    driver.until(lambda: {words.split(" ")[0] for _, words, _ in stats.charts["cpu"]._marks} >= {"Started", "Ended"})
    stats.mark_time(stats.timeline.now)
    other = tab(driver, "grafana", "stats")
    assert other is stats
    assert stats.timeline.crosshair is None
    driver.until(lambda: len(stats._buffers["cpu"]) > 0)
    assert stats.charts["cpu"]._marks == []


def test_unsplit_memory_and_missing_pressure_are_told_as_such() -> None:
    sample = Sample(container_id="id", time_ns=1, memory=5 << 20, memory_total=6 << 20)
    rates = rates_between(replace(sample, time_ns=0), sample)
    assert figures("memory", rates)[-1] == 5 << 20
    assert all(isnan(part) for part in figures("memory", rates)[:-1])
    assert all(isnan(share) for share in figures("pressure", rates))
    rows = list(csv.DictReader(io.StringIO(as_csv([rates], {"id": "web"}))))
    assert rows[0]["container"] == "web"
    assert rows[0]["memory_bytes"] == str(5 << 20)
    assert rows[0]["memory_programs_bytes"] == rows[0]["memory_pressure_percent"] == ""


def test_a_stretch_without_figures_says_that_the_container_did_not_run(driver: Driver) -> None:
    container = driver.container("shop-web-1")
    made = int(container.created.timestamp() * 1e9)

    def event(action: str, seconds: int) -> Event:
        return Event(time_ns=made + seconds * 10**9, kind="container", action=action, id=container.id)

    log = [event("create", 0), event("start", 1), event("die", 10), event("start", 70), event("die", 90)]
    stretches = quiet_stretches(log, container, made + 100 * 10**9)
    seconds = [((a - made) // 10**9, (b - made) // 10**9, words) for a, b, words in stretches[1:]]
    assert seconds == [(10, 70, "Did not run"), (90, 100, "Does not run")]


def test_figures_and_a_picture_can_be_taken_along(driver: Driver, page: ContainersPage, tmp_path: Path) -> None:
    stats = tab(driver, "shop-web-1", "stats")
    driver.until(lambda: stats.timeline.now > 10**18)
    paths = {"csv": tmp_path / "table.csv", "png": tmp_path / "picture.png"}

    async def choose(_title: str, suggested: str, _filters: str = "") -> str:
        return str(paths[suggested[-3:]])

    for path in paths.values():
        path.write_text("of before")
        path.with_suffix(".before").hardlink_to(path)
    driver.window.choose_save_file = choose  # type: ignore[method-assign]
    driver.window.run(stats._export_figures())
    driver.window.run(stats._export_picture())
    driver.until(lambda: all(path.read_bytes() != b"of before" for path in paths.values()))
    # At once whole: what was there is replaced, not written over piece by piece.
    assert len(paths["csv"].read_text().splitlines()) > 25
    assert not QImage(str(paths["png"])).isNull()
    assert {path.with_suffix(".before").read_text() for path in paths.values()} == {"of before"}


def test_a_project_in_one_graph(driver: Driver, page: ContainersPage) -> None:
    names = [name for name in sorted(driver.names()) if name.startswith("shop-")]
    driver.trigger("container.graphs", *names)
    dialog: Any = driver.dialog("dialog.graphs")
    figures = dialog.figures
    driver.until(lambda: figures.timeline.now > 10**18)
    assert [one.name for one in figures.containers] == names
    found = figures._buffers["memory"].at(figures.timeline.now)
    assert found is not None
    running = [driver.container(name).state in ALIVE_STATES for name in names]
    assert [not isnan(value) for value in found[1]] == running
    figures.timeline.click(figures.timeline.now - 30 * 10**9)
    driver.dialog("dialog.merged-logs")


def test_a_click_in_a_graph_shows_the_log_of_that_second(driver: Driver, page: ContainersPage) -> None:
    stats = tab(driver, "shop-web-1", "stats")
    driver.until(lambda: stats.timeline.now > 10**18)
    moment = stats.timeline.now - 60 * 10**9
    stats.timeline.click(moment)
    details = page.details
    assert details is not None
    driver.until(lambda: isinstance(details.current_tab(), LogsTab))
    panel: Any = details.tab("logs").panel  # type: ignore[attr-defined]
    driver.until(lambda: panel.view._current >= 0 and panel.source.row(panel.view._current) is not None)
    row = panel.source.row(panel.view._current)
    assert abs(row.time_ns - moment) < 2 * 10**9
    assert not panel.view.following


def test_a_click_in_the_log_marks_its_moment_in_the_graphs(driver: Driver, page: ContainersPage) -> None:
    logs: Any = tab(driver, "shop-web-1", "logs")
    driver.until(lambda: logs.panel.source.line_count() > 0)
    last = logs.panel.source.line_count() - 1
    logs.panel.view._set_current(last)
    stats = tab(driver, "shop-web-1", "stats")
    assert stats.timeline.crosshair == logs.panel.source.row(last).time_ns


def test_processes_can_be_signalled(driver: Driver, page: ContainersPage) -> None:
    processes = tab(driver, "grafana", "processes")
    assert isinstance(processes, ProcessesTab)
    driver.until(lambda: processes.model.rowCount() == 4)
    main = str(driver.container("grafana").pid)
    processes.shell.run(processes._send([main], "KILL"))
    driver.accept()
    driver.until(lambda: driver.container("grafana").state is State.EXITED)
    driver.until(lambda: processes.model.rowCount() == 0)


def test_changes_and_their_dockerfile(driver: Driver, page: ContainersPage) -> None:
    changes = tab(driver, "grafana", "changes")
    assert isinstance(changes, ChangesTab)
    driver.until(lambda: changes.model.rowCount() == 5)
    changes._suggest()
    dialog = driver.dialog("dockerfile")
    field = dialog.findChild(QPlainTextEdit)
    assert field is not None
    assert field.toPlainText().startswith("FROM ")
    dialog.accept()


def test_inspect_shows_and_copies_everything(driver: Driver, page: ContainersPage) -> None:
    inspect = tab(driver, "grafana", "inspect")
    assert isinstance(inspect, InspectTab)
    inspect._copy()
    assert '"name": "grafana"' in QGuiApplication.clipboard().text()


def test_history_has_the_report_with_its_next_steps(driver: Driver, page: ContainersPage) -> None:
    history = tab(driver, "thumbnailer", "history")
    assert isinstance(history, HistoryTab)
    driver.until(lambda: history.death.isVisible())
    assert "It ran out of memory" in words(history.death)
    assert "MemoryError" in words(history.death)


def test_every_next_step_has_a_button(driver: Driver, page: ContainersPage) -> None:
    history = tab(driver, "thumbnailer", "history")
    assert isinstance(history, HistoryTab)
    assert history._deeds(driver.container("thumbnailer")).keys() == set(NEXT_STEPS)


def test_history_follows_events(driver: Driver, page: ContainersPage) -> None:
    history = tab(driver, "grafana", "history")
    key = driver.container("grafana").id

    async def die(engine: Any) -> None:
        engine.containers.end(key, Exit(code=3, ended=now()))

    driver.ask(die)
    driver.until(lambda: "Ended with 3" in words(history))


def test_files_are_browsed_edited_and_made(driver: Driver, page: ContainersPage) -> None:
    files = tab(driver, "grafana", "files")
    assert isinstance(files, FilesTab)
    browser = files.browser
    driver.until(lambda: browser.tree.files.rowCount() > 3)
    browser.tree.reveal("/etc/hosts")
    driver.until(lambda: browser.editor.path == "/etc/hosts")
    assert "setting = value" in browser.editor.text.toPlainText()
    browser.editor.text.selectAll()
    browser.editor.text.insertPlainText("127.0.0.1 localhost\n")
    driver.bot.keyClick(browser.editor.text, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    place = browser._place
    driver.until(lambda: not browser.editor.dirty)
    assert driver.ask(lambda engine: engine.files.read(place, "/etc/hosts")) == b"127.0.0.1 localhost\n"
    driver.until(lambda: browser._folder() == "/etc")
    browser._shell.run(browser._make_folder())
    dialog: Any = driver.dialog("question")
    dialog.field.setText("made-here")
    dialog.accept()
    assert place is not None
    driver.until(lambda: "/etc/made-here" in driver.engine.store.trees["container", place.id])


def test_merged_logs_of_several(driver: Driver, page: ContainersPage) -> None:
    driver.trigger("container.logs", "grafana", "shop-web-1")
    dialog: Any = driver.dialog("dialog.merged-logs")
    panel = dialog.panel
    driver.until(lambda: panel.source.line_count() >= 4000)
    last = panel.source.line_count() - 1
    assert {panel.source.row(number).source for number in (last, last - 1)} == {
        driver.container("grafana").id,
        driver.container("shop-web-1").id,
    }
    dialog.reject()


def test_a_search_in_merged_logs_goes_over_the_whole_history(driver: Driver, page: ContainersPage) -> None:
    driver.trigger("container.logs", "grafana", "shop-web-1")
    panel: Any = driver.dialog("dialog.merged-logs").panel  # type: ignore[attr-defined]
    driver.until(lambda: panel.source.line_count() >= 4000)
    assert panel.source.row(3) is None, "the beginning was never loaded"
    panel.search.setText("upstream timed out")
    panel.only.click()
    driver.until(lambda: not panel.hunt.searching and len(panel.hunt.hits) >= 200)
    assert panel.hunt.hits[0] < 100
    assert list(panel.hunt.hits) == sorted(set(panel.hunt.hits))
    panel.filtered.want(0, 0)
    driver.until(lambda: panel.filtered.row(0) is not None)
    assert "upstream timed out" in panel.filtered.row(0).text


def test_earlier_runs_are_a_switch_where_there_were_some(driver: Driver, page: ContainersPage) -> None:
    driver.engine.logs.names_of_the_past = ["grafana"]
    logs: Any = tab(driver, "grafana", "logs")
    driver.until(lambda: logs.earlier.isVisibleTo(logs))
    logs.earlier.click()
    assert logs.panel.name == "history:grafana"
    driver.until(lambda: logs.panel.source.line_count() > 0)
    logs = tab(driver, "shop-web-1", "logs")
    driver.until(lambda: logs.panel.source.line_count() > 0)
    assert logs.panel.name == driver.container("shop-web-1").id
    assert logs.earlier.isHidden()
