"""Messages: one per container however often it dies, nothing is ever covered, all are kept, and bulk errors are one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtWidgets import QAbstractButton, QLabel

from engine.errors import Code, Conflict
from engine.types.containers import Exit, State
from engine.types.data import now
from gui.frame.notices import Notice
from gui.models.container_columns import Figures, container_columns
from gui.theme import Tone

if TYPE_CHECKING:
    from gui.widgets.toast import Toast
    from tests.gui.conftest import Driver


COLUMNS = [column.id for column in container_columns(Figures())]


def die(driver: Driver, name: str) -> None:
    container = driver.container(name)
    driver.application.deaths.tell(
        Notice(f"{name} has died", "Its command ended with code 3.", container.id, name, is_death=True)
    )


def knobs(toast: Toast) -> set[str]:
    return {knob.text() for knob in toast.findChildren(QAbstractButton) if knob.text()}


def test_one_that_dies_again_and_again_has_one_message(driver: Driver) -> None:
    for _ in range(14):
        die(driver, "grafana")
    die(driver, "thumbnailer")
    said = driver.toast_texts()
    assert len(said) == 2
    assert said[0].startswith("grafana died 14 times in 1 s")
    assert {"Why?", "Edit", "Stop it"} == knobs(driver.window.toasts.toasts()[0])
    driver.window.navigate("activity", "", "messages")
    page: Any = driver.window.page("activity")
    assert page.messages.isVisible()
    assert page.messages.rows.rowCount() == 15, "the page keeps them all"
    next(k for k in driver.window.toasts.toasts()[0].findChildren(QAbstractButton) if k.text() == "Why?").click()
    assert driver.window.page("containers").details.name == "grafana"  # type: ignore[attr-defined]
    assert len(driver.window.toasts.toasts()) == 2, "looking at the reason takes no message away"


def test_a_real_death_is_told_in_the_window(driver: Driver) -> None:
    key = driver.container("grafana").id

    async def end(engine: Any) -> None:
        engine.containers.end(key, Exit(code=2, ended=now()))

    driver.ask(end)
    driver.until(lambda: any("grafana has died" in text for text in driver.toast_texts()))
    driver.ask(lambda engine: engine.containers.remove(key))
    driver.until(lambda: not driver.toast_texts())


def test_nothing_is_covered_however_much_is_said(driver: Driver) -> None:
    driver.window.resize(1024, 640)
    driver.window.navigate("containers")
    page: Any = driver.window.page("containers")
    page.list.table.selectAll()
    for name in sorted(driver.names()):
        die(driver, name)
    for number in range(8):
        driver.window.toast(f"Saved to /home/somebody/{'very-long-name' * 3}/{number}.tar", Tone.SUCCESS)
    shelf = driver.window.toasts
    seen = [toast for toast in shelf.toasts() if toast.isVisible()]
    assert seen

    def frame(widget: Any) -> QRect:
        return QRect(widget.mapTo(driver.window, widget.rect().topLeft()), widget.size())

    assert not frame(page).intersects(frame(shelf)), "rows, the bar of acts, a log's buttons: all are on the page"
    for entry in driver.window._nav._entries.values():
        assert not any(frame(toast).intersects(frame(entry)) for toast in seen)
    for one in seen:
        assert frame(shelf).contains(frame(one))
        assert not any(frame(one).intersects(frame(other)) for other in seen if other is not one)
    assert shelf._more.isVisible(), "what has no room is counted"
    shelf._more.click()
    assert driver.window.current_page_id == "activity"


def test_what_several_could_not_do_is_one_dialog_with_each_cause(driver: Driver) -> None:
    refusal = Conflict("It cannot be stopped", "It hangs.", code=Code.WRONG_STATE, subject="x")
    driver.engine.store.failures["containers.stop"] = refusal
    driver.engine.store.failures_left["containers.stop"] = 2
    driver.trigger("container.stop", "grafana", "shop-web-1", "backup-nightly")
    dialog = driver.dialog("errors")
    said = " ".join(label.text().replace("\u200b", "") for label in dialog.findChildren(QLabel))
    assert "grafana" in said
    assert "shop-web-1" in said
    assert said.count("It hangs") == 2
    assert "backup-nightly" not in said, "it did not run"
    again = next(k for k in dialog.findChildren(QAbstractButton) if k.text() == "Try these 2 again")
    again.click()
    driver.until(lambda: driver.container("grafana").state is State.EXITED)
    driver.until(lambda: driver.container("shop-web-1").state is State.EXITED)
    driver.no_dialog()


def test_a_message_that_goes_gives_the_focus_back_and_not_to_the_next(driver: Driver) -> None:
    driver.window.activateWindow()
    driver.until(driver.window.isActiveWindow)
    driver.window.navigate("containers")
    page: Any = driver.window.page("containers")
    page.list.table.setFocus()
    driver.trigger("container.remove", "draft")
    driver.until(lambda: driver.window.removal.waiting)
    undo = driver.window.toasts.toasts()[-1]
    driver.window.toast("Stopped web", button="Undo", on_button=lambda: None)
    knob = next(k for k in driver.window.toasts.toasts()[-1].findChildren(QAbstractButton) if k.text() == "Undo")
    knob.setFocus()
    knob.click()
    driver.until(page.list.table.hasFocus)
    assert not undo.paused, "its time goes on"


def test_two_quick_presses_of_a_rows_button_do_not_open_the_row(driver: Driver) -> None:
    driver.window.navigate("containers")
    page: Any = driver.window.page("containers")
    table = page.list.table
    index = page.list.model.index(page.list.model.row_of(driver.container("grafana").id), COLUMNS.index("actions"))
    rect = table.cells.inner(QRectF(table.visualRect(index)), index.column())
    spot = table.cells.painter_of(index.column())._knobs(rect, driver.container("grafana"))[0][0].center().toPoint()
    driver.bot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert page.list.isVisible()
    assert page.details is None or not page.details.isVisible()
