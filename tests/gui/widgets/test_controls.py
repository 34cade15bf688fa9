"""The small widgets: keyboard, names, messages that act, text that gives way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRectF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFont, QFontMetricsF, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QApplication, QLineEdit, QMenu, QWidget

from gui.models.natural import natural_key
from gui.models.table import Column, KeyedTableModel
from gui.theme import Space, Text, Tone, font, grown
from gui.widgets.banner import Banner
from gui.widgets.buttons import button, tool_button
from gui.widgets.chips import Chip, ChipBar
from gui.widgets.drop_area import DropArea
from gui.widgets.elided_combo import ElidedCombo
from gui.widgets.empty_state import EmptyState
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.labels import ElidedLabel
from gui.widgets.lists.cells import LinksCell, TextCell
from gui.widgets.lists.progress_rows import ProgressRow, ProgressRows
from gui.widgets.lists.table import Table
from gui.widgets.painted.badge import Badge
from gui.widgets.painted.mirror import mirrored, mirrored_point
from gui.widgets.search_field import SearchField
from gui.widgets.segmented import Segmented
from gui.widgets.side_nav import SideNav
from gui.widgets.texts.diff_view import DiffView, hex_dump
from gui.widgets.texts.json_tree import JsonTree
from gui.widgets.toast import Deed, Lasting, ToastStack
from tests.pixels.samples import SAMPLES

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def shown(qtbot: QtBot, widget: QWidget, width: int = 400, height: int = 120) -> QWidget:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.mark.parametrize("name", SAMPLES)
def test_everything_that_takes_the_focus_has_a_name(qtbot: QtBot, name: str) -> None:
    top = shown(qtbot, SAMPLES[name](), 800, 600)
    for widget in [top, *top.findChildren(QWidget)]:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            if isinstance(widget, QAbstractButton | QLineEdit | QAbstractScrollArea) or not widget.layout():
                told = widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
                assert told or widget.inherits("QHeaderView"), f"{type(widget).__name__} has no accessible name"


def test_segmented_by_keys_and_mouse(qtbot: QtBot) -> None:
    tabs = Segmented((("a", "First"), ("b", "Second")), "Part")
    shown(qtbot, tabs)
    with qtbot.waitSignal(tabs.changed) as told:
        qtbot.keyClick(tabs, Qt.Key.Key_Right)
    assert told.args == ["b"]
    assert tabs.accessibleName() == "Part: Second"
    with qtbot.waitSignal(tabs.changed) as told:
        qtbot.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert told.args == ["a"]
    with qtbot.assertNotEmitted(tabs.changed):
        tabs.set_current("b")


def test_navigation_by_arrow_keys(qtbot: QtBot) -> None:
    nav = SideNav("Pages")
    for key in ("one", "two"):
        nav.add(key, key.title(), "container")
    nav.set_current("one")
    nav.set_count("two", 7)
    shown(qtbot, nav, 200, 200)
    entry = nav._entries["one"]
    entry.setFocus()
    with qtbot.waitSignal(nav.chosen) as told:
        qtbot.keyClick(entry, Qt.Key.Key_Down)
    assert told.args == ["two"]
    assert nav.current() == "two"
    assert nav._entries["two"].accessibleDescription() == "7"


def test_search_waits_a_moment_and_enter_does_not(qtbot: QtBot) -> None:
    field = SearchField(delay_ms=40)
    shown(qtbot, field)
    told: list[str] = []
    field.changed.connect(told.append)
    qtbot.keyClicks(field, "abc")
    qtbot.waitUntil(lambda: told == ["abc"], timeout=2000)
    qtbot.keyClicks(field, "d")
    with qtbot.waitSignal(field.stepped) as step:
        qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert step.args == [-1]
    assert told == ["abc", "abcd"]
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert told[-1] == ""
    with qtbot.waitSignal(field.left):
        qtbot.keyClick(field, Qt.Key.Key_Escape)


def test_chips_filter_and_exclude_one_another(qtbot: QtBot) -> None:
    bar = ChipBar((("a", "A", Tone.INFO), ("b", "B", Tone.INFO)), exclusive=True)
    shown(qtbot, bar)
    qtbot.mouseClick(bar.chip("a"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(bar.changed) as told:
        qtbot.mouseClick(bar.chip("b"), Qt.MouseButton.LeftButton)
    assert told.args == [("b",)]
    qtbot.mouseClick(bar.chip("b"), Qt.MouseButton.LeftButton)
    assert bar.checked() == ()


def test_a_chip_is_taken_away(qtbot: QtBot) -> None:
    chip = Chip("label", removable=True)
    shown(qtbot, chip)
    with qtbot.waitSignal(chip.removed):
        qtbot.keyClick(chip, Qt.Key.Key_Delete)
    with qtbot.waitSignal(chip.removed):
        qtbot.mouseClick(chip, Qt.MouseButton.LeftButton, pos=QPoint(chip.width() - 8, 12))


def test_a_banner_mends_and_shows_details(qtbot: QtBot) -> None:
    banner = Banner()
    shown(qtbot, banner)
    banner.show_message(Tone.DANGER, "It failed", "because", "GET … 401")
    tried: list[int] = []
    banner.add_action("Retry", lambda: tried.append(1))
    knobs = {knob.text(): knob for knob in banner.findChildren(QAbstractButton) if knob.text()}
    qtbot.mouseClick(knobs["Retry"], Qt.MouseButton.LeftButton)
    assert tried == [1]
    assert banner._details.isHidden()
    qtbot.mouseClick(knobs["Details"], Qt.MouseButton.LeftButton)
    assert not banner._details.isHidden()
    assert banner.accessibleName() == "It failed because"


def test_a_toast_grows_with_its_words(qtbot: QtBot) -> None:
    stack = shown(qtbot, ToastStack(), 190, 400)
    toast = stack.show_message("Removed web", detail="…", lasting=Lasting.STANDING)
    before = toast.geometry()
    toast.set_detail("a sentence that takes more than one line of a narrow toast, " * 3)
    assert toast.height() > before.height()
    assert toast.geometry().bottom() == before.bottom()
    assert "narrow toast" in toast.accessibleName()


def test_toasts_stack_act_and_go(qtbot: QtBot) -> None:
    stack = shown(qtbot, ToastStack(), 190, 600)
    undone: list[int] = []
    first = stack.show_message("Stopped web", deeds=(Deed("Undo", lambda: undone.append(1)),))
    for n in range(5):
        stack.show_message(f"more {n}")
    assert len(stack.toasts()) == 3
    last = stack.show_message("Removed", deeds=(Deed("Undo", lambda: undone.append(2)),), seconds=0)
    knob = next(knob for knob in last.findChildren(QAbstractButton) if knob.text() == "Undo")
    qtbot.mouseClick(knob, Qt.MouseButton.LeftButton)
    assert undone == [2]
    assert last not in stack.toasts()
    assert first not in stack.toasts()
    short = stack.show_message("brief", seconds=0.05)
    qtbot.waitUntil(lambda: short not in stack.toasts(), timeout=2000)
    stack.clear()
    assert stack.toasts() == []


def test_facts_are_copied_and_followed(qtbot: QtBot) -> None:
    grid = FactGrid([Fact("Id", "abc", copy=True), Fact("Used by", "web", link="c1")])
    shown(qtbot, grid)
    copy = next(knob for knob in grid.findChildren(QAbstractButton) if knob.toolTip() == "Copy Id")
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "abc"
    link = next(knob for knob in grid.findChildren(QAbstractButton) if knob.text() == "web")
    with qtbot.waitSignal(grid.activated) as told:
        qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    assert told.args == ["c1"]
    grid.set_facts([Fact("Id", "xyz", copy=True), Fact("Used by", "web", link="c1")])
    assert {label.text for label in grid.findChildren(ElidedLabel)} >= {"xyz"}


def test_elided_text_tells_the_whole(qtbot: QtBot) -> None:
    label = ElidedLabel("a rather long name that does not fit")
    shown(qtbot, label, 60, 20)
    assert label.toolTip() == label.text
    label.resize(600, 20)
    assert label.toolTip() == ""


def test_words_flow_into_rows(qtbot: QtBot) -> None:
    box = QWidget()
    flow = FlowLayout(box)
    for n in range(10):
        flow.addWidget(Badge(f"badge {n}"))
    shown(qtbot, box, 200, 200)
    assert flow.heightForWidth(1000) < flow.heightForWidth(120)
    flow.clear()
    assert flow.count() == 0


def test_json_opens_finds_and_copies(qtbot: QtBot) -> None:
    tree = JsonTree()
    shown(qtbot, tree, 400, 300)
    tree.set_json({"Config": {"Env": ["PATH=/bin"]}, "Id": "1"}, open_depth=0)
    assert tree.topLevelItemCount() == 2
    assert tree.find_text("path=") == 1
    assert tree.currentItem().text(1) == "PATH=/bin"
    tree._copy_path()
    assert QGuiApplication.clipboard().text() == "Config.Env.0"
    tree._copy_value()
    assert QGuiApplication.clipboard().text() == "PATH=/bin"
    assert tree.find_text("nowhere") == 0


def test_differences_are_coloured_and_bytes_shown_as_hex(qtbot: QtBot) -> None:
    view = DiffView()
    shown(qtbot, view)
    view.set_diff("--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same")
    assert len(view.extraSelections()) == 5
    view.set_contents(b"\x7fELF\0\1")
    assert view.toPlainText().startswith("00000000  7f 45 4c 46 00 01")
    assert view.extraSelections() == []
    assert hex_dump(b"A" * 17).count("\n") == 1


def test_progress_rows_tell_how_many_are_done(qtbot: QtBot) -> None:
    rows = ProgressRows()
    shown(qtbot, rows)
    rows.set_rows([ProgressRow("a", "Done", 1, 1), ProgressRow("b", "Waiting")])
    assert rows.accessibleDescription() == "1 / 2"
    assert not rows.grab().isNull()


class TestTable:
    @staticmethod
    def make(qtbot: QtBot, rows: int = 3) -> Table:
        columns: list[Column[int]] = [Column("n", "Number", str), Column("l", "Links", lambda n: "80 443")]
        table = Table("numbers")
        model = KeyedTableModel(columns, parent=table)
        model.set_items((f"k{n}", n) for n in range(rows))
        table.set_empty_state(EmptyState("image", "Nothing here"))
        table.setModel(model)
        shown(qtbot, table, 400, 300)
        return table

    def test_enter_and_double_click_open(self, qtbot: QtBot) -> None:
        table = self.make(qtbot)
        assert table.select_key("k2")
        with qtbot.waitSignal(table.activated_key) as told:
            qtbot.keyClick(table, Qt.Key.Key_Return)
        assert told.args == ["k2"]
        place = table.visualRect(table.model().index(0, 0)).center()
        with qtbot.waitSignal(table.activated_key) as told:
            qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert told.args == ["k0"]

    def test_escape_clears_and_unknown_keys_are_told(self, qtbot: QtBot) -> None:
        table = self.make(qtbot)
        table.selectAll()
        assert table.selected_keys() == ["k0", "k1", "k2"]
        qtbot.keyClick(table, Qt.Key.Key_Escape)
        assert table.selected_keys() == []
        assert not table.select_key("nobody")

    def test_empty_state_comes_and_goes(self, qtbot: QtBot) -> None:
        table = self.make(qtbot, rows=0)
        assert table._empty is not None
        assert table._empty.isVisible()
        model = table.model()
        assert isinstance(model, KeyedTableModel)
        model.set_items([("a", 1)])
        assert not table._empty.isVisible()

    def test_links_are_clicked_one_by_one(self, qtbot: QtBot) -> None:
        table = self.make(qtbot)
        clicked: list[int] = []
        cell = LinksCell(lambda _index: ["80", "443"], lambda _index, number: clicked.append(number))
        table.set_columns({1: cell}, {1: 200}, stretch=0)
        table.grab()
        index = table.model().index(0, 1)
        rect = table.cells.inner(table.visualRect(index).toRectF(), 1)
        second = cell._spots(rect, index)[1][0].center().toPoint()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=second)
        assert clicked == [1]


def test_only_wanted_files_are_taken(qtbot: QtBot) -> None:
    target = shown(qtbot, QWidget(), 300, 200)
    area = DropArea(target, lambda path: "Drop here" if path.endswith(".tar") else "")
    place, actions = QPointF(20, 20), Qt.DropAction.CopyAction
    held = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    good, bad = QMimeData(), QMimeData()
    good.setUrls([QUrl.fromLocalFile("/tmp/a.tar"), QUrl.fromLocalFile("/tmp/b.txt")])
    bad.setUrls([QUrl("https://example.com/a.tar")])
    QApplication.sendEvent(target, QDragEnterEvent(place.toPoint(), actions, bad, *held))
    assert area.isHidden()
    QApplication.sendEvent(target, QDragEnterEvent(place.toPoint(), actions, good, *held))
    assert area.isVisible()
    with qtbot.waitSignal(area.dropped) as told:
        QApplication.sendEvent(target, QDropEvent(place, actions, good, *held))
    assert told.args == [["/tmp/a.tar"]]
    assert area.isHidden()


def test_buttons_say_what_they_are(qtbot: QtBot) -> None:
    pressed: list[int] = []
    knob = button("&Run", "play", on_click=lambda: pressed.append(1))
    tool = tool_button("stop", "Stop", lambda: pressed.append(2))
    for made in (knob, tool):
        shown(qtbot, made)
        qtbot.mouseClick(made, Qt.MouseButton.LeftButton)
    assert pressed == [1, 2]
    assert (knob.accessibleName(), tool.accessibleName(), tool.toolTip()) == ("Run", "Stop", "Stop")


def test_a_long_choice_ends_in_an_ellipsis(qtbot: QtBot) -> None:
    combo = ElidedCombo("Step")
    combo.addItem("RUN apt-get update && apt-get install -y " + "package " * 40)
    combo.setMinimumContentsLength(8)
    shown(qtbot, combo, 220, 30)
    combo.grab()
    assert combo.shown_text().startswith("RUN apt")
    assert combo.shown_text().endswith("…")
    assert combo.toolTip() == combo.currentText()
    combo.setItemText(0, "short")
    assert combo.shown_text() == "short"


def test_letters_twice_as_large_have_room(qtbot: QtBot, qapp: QApplication) -> None:
    """Columns, rows and the sidebar kept their size: “224 …” stood where 224 MB was meant."""
    usual = QFont(qapp.font())
    large = QFont(usual)
    large.setPointSizeF(usual.pointSizeF() * 2)
    qapp.setFont(large)
    try:
        model: KeyedTableModel[str] = KeyedTableModel([Column("size", "Size", str), Column("more", "More", str)])
        model.set_items([("a", "224 MB")])
        table = Table("Sizes")
        qtbot.addWidget(table)
        table.setModel(model)
        table.set_columns({}, {1: 90})
        words = QFontMetricsF(font(Text.BODY)).boundingRect("224 MB")
        assert table.columnWidth(1) - 2 * Space.M >= words.width()
        assert table.rowHeight(0) >= words.height() * 1.2
        assert grown(100) > 150
    finally:
        qapp.setFont(usual)
    assert grown(100) == 100


def test_painted_cells_are_mirrored_from_right_to_left(qtbot: QtBot) -> None:
    """The icon stood left of a text that began at the right, and a click beside it hit."""
    model: KeyedTableModel[str] = KeyedTableModel([Column("name", "Name", str, icon=lambda _item: "image")])
    model.set_items([("a", "name")])

    def inked(direction: Qt.LayoutDirection) -> tuple[bool, bool]:
        table = Table("Names", multi=False)
        qtbot.addWidget(table)
        table.setLayoutDirection(direction)
        table.setModel(model)
        table.set_columns({0: TextCell()}, {})
        table.resize(400, 120)
        table.show()
        qtbot.waitExposed(table)
        row = table.visualRect(model.index(0, 0))
        image = table.viewport().grab(row.adjusted(4, 4, -4, -4)).toImage()
        back = image.pixelColor(image.width() // 2, image.height() // 2)
        columns = range(image.width())
        dirty = [any(image.pixelColor(x, y) != back for y in range(image.height())) for x in columns]
        third = image.width() // 3
        return any(dirty[:third]), any(dirty[-third:])

    assert inked(Qt.LayoutDirection.LeftToRight) == (True, False)
    assert inked(Qt.LayoutDirection.RightToLeft) == (False, True)
    whole, part = QRectF(10, 0, 100, 20), QRectF(10, 0, 30, 20)
    assert mirrored(mirrored(part, whole), whole) == part
    assert mirrored_point(QPointF(12, 5), whole) == QPointF(108, 5)


def test_columns_can_be_chosen_and_stay_chosen(qtbot: QtBot) -> None:
    model: KeyedTableModel[str] = KeyedTableModel([Column(name, name, str) for name in ("a", "b", "c")])
    table = Table("Choice")
    qtbot.addWidget(table)
    table.setModel(model)
    table.resize(900, 200)
    table.set_columns({}, {1: 90, 2: 90}, droppable=(2,))
    table.offer_columns([2])
    assert table.isColumnHidden(2)
    menu = QMenu()
    table.fill_column_menu(menu)
    assert [(act.text(), act.isChecked()) for act in menu.actions()] == [("b", True), ("c", False)]
    with qtbot.waitSignal(table.columns_chosen) as told:
        menu.actions()[0].setChecked(False)
    assert told.args == [[1, 2]]
    assert table.isColumnHidden(1)
    table.want_column(1, on=True)
    table.want_column(2, on=True)
    assert not table.isColumnHidden(1)
    assert not table.isColumnHidden(2) or table.viewport().width() < 410


def test_names_are_in_the_order_people_count() -> None:
    names = ["web-10", "Web-2", "web-1", "db", "web-02b"]
    assert sorted(names, key=natural_key) == ["db", "web-1", "Web-2", "web-02b", "web-10"]
