"""Logs: context out of a filter, kept filters, ticks of levels, several containers in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from engine.errors import MachineError
from engine.types.logs import Level, ReadLogs
from gui.pages.log.filters import LogFilter, fill_filter_menu, forget_filter, save_filter, saved_filters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.gui.conftest import Driver


@pytest.fixture
def panel(driver: Driver) -> Any:
    driver.window.navigate("containers", driver.container("shop-web-1").id, "logs")
    page: Any = driver.window.page("containers")
    panel = page.details.tab("logs").panel
    driver.until(lambda: panel.source is not None and panel.source.line_count() > 1000)
    return panel


def test_a_filtered_line_is_shown_in_the_whole_log(driver: Driver, panel: Any) -> None:
    assert not panel.context.isEnabled()
    panel.apply_filter(LogFilter("upstream timed out", only=True))
    driver.until(lambda: panel.filtered is not None and panel.filtered.line_count() > 5 and not panel.hunt.searching)
    panel.view.go_to_line(3)
    line = panel.filtered.base_index(3)
    driver.until(lambda: panel.source.row(line) is not None)
    assert panel.context.isEnabled()
    panel.context.trigger()
    assert panel.filtered is None
    assert panel.search.text() == ""
    assert panel.view.current_line == line
    first, last = panel.view.visible_range()
    assert first <= line <= last


def test_a_line_chosen_in_a_filter_stays_when_the_field_tells_of_the_words_later(driver: Driver, panel: Any) -> None:
    """It waits until nobody types any more; on a busy machine the lines are found before."""
    panel.apply_filter(LogFilter("upstream timed out", only=True))
    driver.until(lambda: panel.filtered is not None and panel.filtered.line_count() > 5 and not panel.hunt.searching)
    panel.view.go_to_line(3)
    filtered = panel.filtered
    panel.search.changed.emit(panel.search.text())
    assert panel.filtered is filtered
    assert panel.view.current_line == 3


def test_a_filter_is_kept_taken_up_and_forgotten(driver: Driver, panel: Any) -> None:
    settings = driver.window.settings
    panel.apply_filter(LogFilter("slow query", only=True, levels=("warning",)))
    menu = QMenu()
    fill_filter_menu(menu, settings, panel.current_filter(), panel.apply_filter)
    keep = next(act for act in menu.actions() if act.text() == "Keep this filter")
    keep.trigger()
    assert [one.title for one in saved_filters(settings)] == ["slow query · warning"]
    panel.apply_filter(LogFilter())
    assert panel.filtered is None
    fill_filter_menu(menu, settings, panel.current_filter(), panel.apply_filter)
    menu.actions()[0].trigger()
    assert panel.current_filter() == LogFilter("slow query", only=True, levels=("warning",))
    driver.until(lambda: panel.filtered is not None and panel.filtered.line_count() > 0)
    forget_filter(settings, panel.current_filter())
    assert saved_filters(settings) == []
    settings.set_text("log-filters", "no json")
    assert saved_filters(settings) == []
    save_filter(settings, LogFilter("a", inverse=True))
    assert saved_filters(settings)[0].title == "not a"


def test_a_click_on_the_tick_of_an_error_goes_to_it(driver: Driver, panel: Any) -> None:
    bar, errors = panel.level_map.bar, panel.level_map.hunts[0]
    driver.until(lambda: len(errors.hits) > 10 and not errors.searching)
    driver.until(lambda: bar._total > 1000)
    wanted = errors.hits[len(errors.hits) // 2]
    y = round(wanted * bar.height() / bar._total)
    driver.bot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(2, y))
    driver.until(lambda: panel.source.row(panel.view.current_line) is not None)
    row = panel.source.row(panel.view.current_line)
    assert row.level in (Level.ERROR, Level.FATAL)
    panel.apply_filter(LogFilter("GET", only=True))
    assert not any(positions for _tone, positions in bar._levels)


def test_several_logs_side_by_side_show_the_same_moment(driver: Driver) -> None:
    names = ["shop-cache-1", "shop-db-1", "shop-web-1"]
    driver.trigger("container.logs", *names)
    dialog: Any = driver.dialog("dialog.merged-logs")
    driver.until(lambda: dialog.panel.source is not None and dialog.panel.source.line_count() > 100)
    dialog.way.set_current("columns")
    dialog.way.changed.emit("columns")
    assert len(dialog.columns) == 3
    driver.until(lambda: all(one.source is not None and one.source.line_count() > 100 for one in dialog.columns))
    first, second = dialog.columns[:2]
    driver.until(lambda: first.source.row(first.source.line_count() - 50) is not None)
    first.view._set_current(first.source.line_count() - 50)
    moment = first.source.row(first.source.line_count() - 50).time_ns
    driver.until(lambda: second.view.current_line >= 0 and second.source.row(second.view.current_line) is not None)
    assert abs(second.source.row(second.view.current_line).time_ns - moment) < 60 * 10**9
    dialog.way.changed.emit("merged")
    driver.until(lambda: dialog._stack.currentIndex() == 0)


def test_a_log_whose_machine_comes_back_is_followed_from_its_last_line(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs: Any = driver.engine.logs
    whole, asked = logs.read, list[ReadLogs]()

    async def breaking(container: str, request: ReadLogs) -> AsyncIterator[Any]:
        asked.append(request)
        async for batch in whole(container, request):
            yield batch
            if len(asked) == 1:
                raise MachineError("The connection to server broke off")

    monkeypatch.setattr(logs, "read", breaking)
    driver.window.navigate("containers", driver.container("shop-web-1").id, "logs")
    page: Any = driver.window.page("containers")
    panel = page.details.tab("logs").panel
    driver.until(lambda: "broke off" in panel._foot.text())
    before = panel.source.line_count()
    driver.client.machines_changed.emit()
    driver.until(lambda: any(request.follow and request.first for request in asked))
    again = next(request for request in asked if request.follow and request.first)
    assert again.first == panel.source.origin + before
    panel.suspend()
