"""The log view draws only what shows, follows, finds, folds and copies."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from gui.widgets.logview import LineSource, LogRow, LogView, MemoryLineSource, SelectedLineSource, TimeStyle, ansi
from gui.widgets.logview.ansi import Style, parse
from gui.widgets.logview.hits import Hits
from gui.widgets.logview.marks import ticks
from gui.widgets.logview.render import UNFOLDED
from gui.widgets.logview.selection import Spot

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


class Endless(LineSource):
    """A thousand million lines, none of them stored; remembers which were asked for."""

    def __init__(self, *, loaded: bool = True) -> None:
        super().__init__()
        self.asked: set[int] = set()
        self.wanted: list[tuple[int, int]] = []
        self._is_loaded = loaded

    def line_count(self) -> int:
        return 1_000_000_000

    def row(self, index: int) -> LogRow | None:
        self.asked.add(index)
        return LogRow(f"line {index}", index * 1_000_000) if self._is_loaded else None

    def want(self, first: int, last: int) -> None:
        self.wanted.append((first, last))


def shown(qtbot: QtBot, source: LineSource, width: int = 700, height: int = 300) -> LogView:
    view = LogView("log")
    qtbot.addWidget(view)
    view.resize(width, height)
    view.set_source(source)
    view.show()
    qtbot.waitExposed(view)
    return view


def rows(count: int, first: int = 0) -> list[LogRow]:
    return [LogRow(f"line {i}", (first + i) * 10**9) for i in range(first, first + count)]


def test_a_billion_lines_cost_a_screenful(qtbot: QtBot) -> None:
    source = Endless()
    view = shown(qtbot, source)
    assert view.visible_range()[1] == 999_999_999
    view.go_to_line(500_000_000)
    view.grab()
    assert 0 < len(source.asked) < 200


def test_missing_lines_are_asked_for_once_and_drawn_when_they_come(qtbot: QtBot) -> None:
    source = Endless(loaded=False)
    view = shown(qtbot, source)
    view.grab()
    qtbot.waitUntil(lambda: bool(source.wanted), timeout=2000)
    first, last = source.wanted[0]
    assert (first, last) == view.visible_range()
    view.grab()
    assert len(source.wanted) == 1


def test_it_follows_until_scrolled_up_and_counts_what_came(qtbot: QtBot) -> None:
    source = MemoryLineSource()
    source.extend(rows(200))
    view = shown(qtbot, source)
    assert view.following
    source.extend(rows(50, 200))
    qtbot.waitUntil(lambda: view.visible_range()[1] == 249, timeout=2000)
    qtbot.keyClick(view, Qt.Key.Key_PageUp)
    assert not view.following
    before = view.visible_range()
    with qtbot.waitSignal(view.new_lines, timeout=2000) as told:
        source.extend(rows(70, 250))
    assert told.args == [70]
    assert view.visible_range() == before
    assert view._pill.isVisible()
    assert "70" in view._pill.text()
    qtbot.mouseClick(view._pill, Qt.MouseButton.LeftButton)
    assert view.following
    assert view.visible_range()[1] == 319


def test_dropped_lines_do_not_move_what_is_read(qtbot: QtBot) -> None:
    source = MemoryLineSource(limit=1000)
    source.extend(rows(1000))
    view = shown(qtbot, source)
    view.go_to_line(800)
    text = source.row(view.visible_range()[0])
    source.extend(rows(20, 1000))
    assert source.dropped > 0
    assert source.row(view.visible_range()[0]) == text


def test_hits_are_stepped_through_and_go_round(qtbot: QtBot) -> None:
    source = MemoryLineSource()
    source.extend(rows(500))
    view = shown(qtbot, source)
    view.set_search(re.compile("line 4"))
    view.set_hits([4, 40, 449])
    told: list[tuple[int, int]] = []
    view.hit_changed.connect(lambda at, total: told.append((at, total)))
    view.go_to_line(0)
    for _ in range(4):
        view.step_hit(1)
    assert told == [(1, 3), (2, 3), (3, 3), (1, 3)]
    assert view.visible_range()[0] <= 4 <= view.visible_range()[1]


def test_json_folds_to_a_message_and_unfolds_to_lines(qtbot: QtBot) -> None:
    source = MemoryLineSource()
    source.extend([LogRow('{"level":"info","msg":"hello","user":"ada"}'), LogRow("plain")])
    view = shown(qtbot, source)
    view.set_json(on=True)
    folded = view._laid(0, source.row(0) or LogRow(""))
    assert folded.text == "hello  user=ada"
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(10, 8))
    assert view._laid(0, source.row(0) or LogRow("")).layout.lineCount() == 5
    assert '"user": "ada"' in view._plain(0, whole=False)


def test_text_is_selected_over_lines_and_copied(qtbot: QtBot) -> None:
    source = MemoryLineSource()
    source.extend([LogRow("\x1b[31mfirst\x1b[0m line"), LogRow("second line"), LogRow("third")])
    view = shown(qtbot, source)
    view.select_all()
    view.copy()
    assert QGuiApplication.clipboard().text() == "first line\nsecond line\nthird"
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(int(view._gutter.width) + 10, 8))
    assert view.selected_text() == "first"


def test_wrapped_lines_take_more_room_and_the_end_stays_the_end(qtbot: QtBot) -> None:
    source = MemoryLineSource()
    source.extend([LogRow("word " * 200) for _ in range(40)])
    view = shown(qtbot, source)
    single = view.visible_range()
    view.set_wrap(on=True)
    assert view.visible_range()[1] == 39
    assert view.visible_range()[0] > single[0]


def test_a_very_long_line_is_cut_until_unfolded_but_copied_whole(qtbot: QtBot) -> None:
    source = MemoryLineSource()
    source.extend([LogRow("x" * 50_000)])
    view = shown(qtbot, source)
    row = source.row(0)
    assert row is not None
    assert len(view._laid(0, row).text) < 5_000
    view.select_all()
    assert len(view.selected_text()) == 50_000


def test_times_in_every_style(qtbot: QtBot) -> None:
    source = MemoryLineSource()
    source.extend([LogRow("x", 1_700_000_000_123_000_000)])
    view = shown(qtbot, source)
    wants = {TimeStyle.TIME: "22:13:20.123", TimeStyle.DATE_TIME: "2023-11-14 22:13:20.123"}
    for style, text in wants.items():
        view.set_timestamps(style)
        assert view._gutter.time_text(1_700_000_000_123_000_000) == text
    wide = view._gutter.width
    view.set_timestamps(TimeStyle.OFF)
    assert view._gutter.width < wide


def test_a_selection_of_lines_keeps_their_numbers(qtbot: QtBot) -> None:
    base = MemoryLineSource()
    base.extend(rows(100))
    only = SelectedLineSource(base, [3, 50, 99])
    assert [only.row(i).text for i in range(3)] == ["line 3", "line 50", "line 99"]  # type: ignore[union-attr]
    assert only.number(1) == 50
    with qtbot.waitSignal(only.reset):
        only.add_numbers([7])
    assert only.line_count() == 4
    base.trimmed.emit(10)
    assert only.number(0) == 40


@pytest.mark.parametrize(
    ("text", "plain", "styles"),
    [
        ("plain", "plain", []),
        ("\x1b[31mred\x1b[0m", "red", [Style(fg=1)]),
        ("\x1b[1;38;5;200mx", "x", [Style(fg=200, bold=True)]),
        ("\x1b[48;2;1;2;3mx", "x", [Style(bg="#010203")]),
        ("\x1b[38:2::9:8:7mx", "x", [Style(fg="#090807")]),
        ("\x1b[2K\x1b]0;title\x07done", "done", []),
        ("10%\r20%\r30%", "30%", []),
        ("\x1b[", "", []),
        ("tab\tbell\x07", "tab\tbell", []),
    ],
)
def test_ansi(text: str, plain: str, styles: list[Style]) -> None:
    found, spans = parse(text)
    assert found.replace("[", "") == plain or found == plain
    assert [span.style for span in spans] == styles


def test_scrolling_by_keys_and_bar_agree(qtbot: QtBot) -> None:
    source = MemoryLineSource()
    source.extend(rows(1000))
    view = shown(qtbot, source)
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert view.visible_range()[0] == 0
    assert view.verticalScrollBar().value() == 0
    view.verticalScrollBar().setValue(400)
    assert view.visible_range()[0] == 400
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert view.following
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()


@pytest.mark.parametrize(("positions", "total"), [([], 10), ([0], 1), ([0, 9], 10), ([3, 4, 5, 500, 999_999], 10**6)])
def test_ticks_are_the_pixels_of_the_hits(positions: list[int], total: int) -> None:
    height = 300
    plain = sorted({min(height - 2, position * height // total) for position in positions})
    assert ticks(array("q", positions), total, height) == plain


def test_ticks_of_a_million_hits_are_found_pixel_by_pixel() -> None:
    class Counted(Sequence[int]):
        looks = 0

        def __len__(self) -> int:
            return 1_000_000

        def __getitem__(self, place: Any) -> Any:
            Counted.looks += 1
            return place * 3

    assert ticks(Counted(), 3_000_000, 400) == list(range(399))
    assert Counted.looks < 400 * 25


def test_hits_keep_their_place_while_more_come() -> None:
    hits = Hits()
    hits.set([2, 5, 9])
    assert hits.step(1, 4) == 5
    hits.add([12, 20])
    assert hits.standing == (2, 5)
    assert [hits.step(1, 0) for _ in range(4)] == [9, 12, 20, 2]
    hits.trim(3)
    assert (list(hits.lines), hits.place) == ([2, 6, 9, 17], -1)
    hits.set([6, 7])
    assert hits.step(-1, 7) == 6
    hits.clear()
    assert hits.standing == (0, 0)


def test_a_line_of_a_megabyte_is_laid_out_in_part_wrapped_and_copied_whole(qtbot: QtBot) -> None:
    line = "long " + "x y " * 260_000
    source = MemoryLineSource()
    source.extend([LogRow("before"), LogRow(line), LogRow("after")])
    view = shown(qtbot, source)
    assert len(view._plain(1, whole=False)) < 5_000
    view._toggle_fold(1)
    row = source.row(1)
    assert row is not None
    laid = view._laid(1, row)
    assert len(laid.text) < 140_000
    assert "more characters" in laid.text[-40:]
    assert laid.layout.lineCount() > 100, "unfolded it wraps, though long lines do not"
    assert laid.width <= view.viewport().width()
    view._selection.set(Spot(0, 0), Spot(2, 5))
    assert view.selected_text() == f"before\n{line}\nafter"
    view.select_all()
    assert view.selected_text() == f"before\n{line}\nafter"


@pytest.mark.parametrize("text", ["x" * 10_000_000, "\x1b[31mred\x1b[0m " * 700_000], ids=["plain", "coloured"])
def test_of_ten_megabytes_only_what_is_drawn_is_looked_at(
    qtbot: QtBot, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []
    split = ansi._split
    monkeypatch.setattr(ansi, "_split", lambda part: looked_at.append(len(part)) or split(part))
    source = MemoryLineSource()
    view = shown(qtbot, source)
    source.extend([LogRow(text, 1)])
    view.go_to_line(0)
    view._toggle_fold(0)
    laid = view._laid(0, LogRow(text, 1))
    assert 100_000 < len(laid.text) < 140_000
    assert "more characters" in laid.text[-60:]
    assert max(looked_at) <= 4 * UNFOLDED
    assert len(laid.layout.formats()) < 5000
