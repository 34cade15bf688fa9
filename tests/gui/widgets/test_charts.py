"""Charts: a day decimates to pixels, all share one time, limits are dragged."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPainter, QPixmap

from gui.theme import Tone
from gui.widgets.charts import Kind, Series, SeriesBuffer, TimeChart, Timeline
from gui.widgets.charts.picture import Lines
from gui.widgets.charts.ticks import time_ticks, value_ticks

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

SECOND = 10**9
START = 1_700_000_000 * SECOND


def filled(count: int, columns: int = 1) -> SeriesBuffer:
    buffer = SeriesBuffer(columns)
    for i in range(count):
        buffer.append(START + i * SECOND, [float(i % 100) + c for c in range(columns)])
    return buffer


def make(qtbot: QtBot, buffer: SeriesBuffer, *kinds: Kind) -> tuple[TimeChart, Timeline]:
    timeline = Timeline(60)
    chart = TimeChart("CPU", buffer, [Series(f"s{i}", i, kind) for i, kind in enumerate(kinds)], timeline)
    qtbot.addWidget(chart)
    chart.resize(500, 220)
    chart.show()
    qtbot.waitExposed(chart)
    if (last := buffer.last()) is not None:
        timeline.set_now(last[0])
    return chart, timeline


def test_a_day_becomes_a_few_hundred_buckets() -> None:
    buffer = filled(86_400)
    cut = buffer.cut(START, START + 86_400 * SECOND, 500)
    assert 80 < len(cut) <= 600
    assert cut.begins[0] <= START
    assert cut.ends[-1] == START + 86_399 * SECOND
    assert min(cut.lows[0]) == 0
    assert max(cut.highs[0]) == 99


@given(st.lists(st.floats(0, 1e6), min_size=64, max_size=200))
def test_coarse_buckets_keep_extremes_and_means(values: list[float]) -> None:
    buffer = SeriesBuffer(1)
    for i, value in enumerate(values):
        buffer.append(START + i * SECOND, (value,))
    cut = buffer.cut(START, START + len(values) * SECOND, len(values) // 4)
    for number in range(len(values) // 64):
        part = values[number * 8 : number * 8 + 8]
        assert cut.lows[0][number] == min(part)
        assert cut.highs[0][number] == max(part)
        assert cut.means[0][number] == pytest.approx(sum(part) / 8)


def test_time_set_back_is_dropped() -> None:
    buffer = filled(10)
    buffer.append(START, (1.0,))
    assert len(buffer) == 10


def test_two_days_are_kept_and_hours_of_them_to_the_second() -> None:
    buffer = SeriesBuffer(1)
    for i in range(200_000):
        buffer.append(START + i * SECOND, (float(i),))
    assert 4 * 3600 <= len(buffer) <= 20_000
    cut = buffer.cut(START, START + 200_000 * SECOND, 400)
    assert cut.ends[-1] - cut.begins[0] > 170_000 * SECOND
    assert cut.recorded() == [(cut.begins[0], cut.ends[-1])]
    early = buffer.at(START + 100_000 * SECOND)
    assert early is not None
    assert early[1][0] == pytest.approx(100_000, abs=8)
    assert buffer.at(START) is None


def test_what_was_told_of_a_moment() -> None:
    buffer = filled(10)
    assert buffer.at(START + int(3.4 * SECOND)) == (START + 4 * SECOND, (4.0,))
    assert buffer.at(START + 10 * SECOND) == (START + 9 * SECOND, (9.0,))
    assert buffer.at(START + 99 * SECOND) is None
    assert buffer.at(START - 10 * SECOND) is None
    assert SeriesBuffer(1).at(0) is None


def slow_then_live() -> SeriesBuffer:
    """A history of one in ten seconds, and then a live end of one a second, as when a page is opened."""
    buffer = SeriesBuffer(1)
    for i in range(30):
        buffer.append(START + i * 10 * SECOND, (1.0,), 10)
    for i in range(298, 360):
        buffer.append(START + i * SECOND, (2.0,), 1)
    return buffer


def test_history_stays_when_the_live_end_is_finer() -> None:
    """It vanished after half a minute: holes were several times the usual distance of samples."""
    cut = slow_then_live().cut(START, START + 360 * SECOND, 500)
    assert len(cut.recorded()) == 1
    assert len(cut.runs(0)) == 1


@given(st.lists(st.tuples(st.floats(0.2, 12), st.booleans()), min_size=2, max_size=400), st.integers(5, 500))
def test_every_hole_stays_a_hole_however_coarse_the_picture(steps: list[tuple[float, bool]], most: int) -> None:
    buffer, at, holes, first = SeriesBuffer(1), START, [], True
    for seconds, hole in steps:
        if hole and not first:
            holes.append((at + SECOND, at + 40 * SECOND))
            at += 60 * SECOND
        first = False
        at += int(seconds * SECOND)
        buffer.append(at, (1.0,), seconds)
    recorded = buffer.cut(START, at, most).recorded()
    for begin, end in holes:
        assert not any(a < end and begin < b for a, b in recorded)
        assert buffer.at((begin + end) // 2) is None


def test_what_was_not_told_is_no_zero() -> None:
    buffer = SeriesBuffer(2)
    for i in range(64):
        buffer.append(START + i * SECOND, (4.0 if i >= 32 else nan, 1.0))
    for most in (500, 12):
        cut = buffer.cut(START, START + 64 * SECOND, most)
        told = cut.runs(0)
        assert len(told) == 1
        assert cut.times[told[0][0]] >= START + 31 * SECOND
        assert {value for value in cut.means[0] if value == value} == {4.0}
        assert len(cut.recorded()) == 1


def test_samples_that_came_while_a_history_was_loaded_are_kept() -> None:
    live, loaded = SeriesBuffer(1), SeriesBuffer(1)
    for i in range(20):
        loaded.append(START + i * 10 * SECOND, (1.0,), 10)
    for i in range(189, 196):
        live.append(START + i * SECOND, (2.0,), 1)
    live.take(loaded)
    assert live.last() == (START + 195 * SECOND, (2.0,))
    assert len(live) == 25


def drawn_words(chart: TimeChart) -> list[str]:
    """All that a chart writes, its lines and areas left out."""
    words: list[str] = []

    class Pen(QPainter):
        def drawText(self, *arguments: Any) -> Any:
            words.append(arguments[-1])

    picture = QPixmap(chart.size())
    pen = Pen(picture)
    chart._paint_layer(pen)
    pen.end()
    return words


def test_what_was_not_recorded_is_hatched_and_said(qtbot: QtBot) -> None:
    buffer = SeriesBuffer(1)
    for i in (*range(600), *range(1200, 1800)):
        buffer.append(START + i * SECOND, (1.0,))
    chart, timeline = make(qtbot, buffer, Kind.AREA)
    timeline.set_span(1800)
    chart.resize(900, 220)
    assert "Not recorded" in drawn_words(chart)
    chart.set_stretches([(START + 500 * SECOND, START + 1300 * SECOND, "Did not run")])
    assert "Did not run" in drawn_words(chart)
    assert "Not recorded" not in drawn_words(chart)


def test_before_there_was_anything_the_crosshair_reads_nothing(qtbot: QtBot) -> None:
    chart, timeline = make(qtbot, filled(60), Kind.AREA)
    timeline.set_span(300)
    early = chart._x(START - 200 * SECOND)
    assert chart._story(early).endswith("not recorded")
    assert chart._story(chart._x(START + 30 * SECOND)).endswith("s0  30")


def test_a_click_on_an_event_is_of_the_event(qtbot: QtBot) -> None:
    chart, timeline = make(qtbot, filled(60), Kind.AREA)
    moment = START + 30 * SECOND + 123
    chart.set_marks([(moment, "Ended with 137", Tone.DANGER)])
    place = QPoint(round(chart._x(moment)) + 3, int(chart.plot.center().y()))
    with qtbot.waitSignal(timeline.time_clicked) as told:
        qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=place)
    assert told.args == [moment]


def test_a_sum_stands_in_where_the_parts_are_not_known(qtbot: QtBot) -> None:
    buffer = SeriesBuffer(2)
    for i in range(60):
        buffer.append(START + i * SECOND, (nan, 5.0) if i < 30 else (4.0, nan))
    timeline = Timeline(60)
    series = [Series("Programs", 0, Kind.STACKED), Series("In all", 6, Kind.STACKED, instead=True)]
    chart = TimeChart("Memory", buffer, series, timeline)
    qtbot.addWidget(chart)
    chart.resize(500, 220)
    timeline.set_now(START + 59 * SECOND)
    assert chart._story(chart._x(START + 10 * SECOND)).splitlines()[1:] == ["In all  5"]
    assert chart._story(chart._x(START + 50 * SECOND)).splitlines()[1:] == ["Programs  4"]


def test_pan_stops_being_live_and_now_is_live_again(qtbot: QtBot) -> None:
    timeline = Timeline(60)
    timeline.set_now(START)
    timeline.pan(-30 * SECOND)
    assert not timeline.live
    timeline.set_now(START + SECOND)
    assert timeline.last == START - 30 * SECOND
    timeline.pan(60 * SECOND)
    assert timeline.live
    assert timeline.last == START + SECOND


def test_zoom_keeps_the_moment_in_place() -> None:
    timeline = Timeline(600)
    timeline.set_now(START)
    timeline.pan(-3600 * SECOND)
    around = timeline.first + timeline.span // 4
    timeline.zoom(0.5, around)
    assert timeline.span == 300 * SECOND
    assert abs((around - timeline.first) / timeline.span - 0.25) < 0.01


def test_the_crosshair_is_shared(qtbot: QtBot) -> None:
    chart, timeline = make(qtbot, filled(120), Kind.LINE)
    other = TimeChart("Memory", filled(120), [Series("m")], timeline)
    qtbot.addWidget(other)
    qtbot.mouseMove(chart, chart.plot.center().toPoint())
    qtbot.waitUntil(lambda: timeline.crosshair is not None, timeout=2000)
    assert timeline.crosshair is not None
    assert abs(timeline.crosshair - (timeline.first + timeline.span // 2)) < SECOND
    other.resize(400, 200)
    assert not other.grab().isNull()


def test_a_click_tells_the_time(qtbot: QtBot) -> None:
    chart, timeline = make(qtbot, filled(120), Kind.AREA)
    with qtbot.waitSignal(timeline.time_clicked) as told:
        qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=chart.plot.center().toPoint())
    assert timeline.first < told.args[0] < timeline.last


def test_the_limit_is_dragged(qtbot: QtBot) -> None:
    chart, _timeline = make(qtbot, filled(120), Kind.LINE)
    chart.set_limit(60, draggable=True)
    chart.grab()
    x, y = int(chart.plot.center().x()), int(chart._y(60))
    dragged: list[float] = []
    chart.limit_dragged.connect(dragged.append)
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
    qtbot.mouseMove(chart, QPoint(x, y + 40))
    qtbot.waitUntil(lambda: bool(dragged), timeout=2000)
    with qtbot.waitSignal(chart.limit_dropped) as dropped:
        qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=QPoint(x, y + 40))
    assert 0 < dropped.args[0] < 60
    assert chart.limit == dropped.args[0]


def test_a_limit_far_above_what_is_used_is_dragged_down_into_the_picture(qtbot: QtBot) -> None:
    chart, _timeline = make(qtbot, filled(120), Kind.LINE)
    chart.set_limit(50_000, draggable=True)
    chart.grab()
    x, y = int(chart.plot.right()) - 20, int(chart.plot.top()) + 9
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
    qtbot.mouseMove(chart, QPoint(x, y + 1))
    assert chart.limit == pytest.approx(50_000, rel=0.05)
    low = int(chart.plot.bottom() - chart.plot.height() / 4)
    qtbot.mouseMove(chart, QPoint(x, low))
    with qtbot.waitSignal(chart.limit_dropped) as dropped:
        qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=QPoint(x, low))
    assert 10_000 < dropped.args[0] < 16_000


def test_a_fixed_limit_is_not_dragged(qtbot: QtBot) -> None:
    chart, timeline = make(qtbot, filled(120), Kind.LINE)
    chart.set_limit(60)
    chart.grab()
    with qtbot.assertNotEmitted(chart.limit_dropped), qtbot.waitSignal(timeline.time_clicked):
        place = QPoint(int(chart.plot.center().x()), int(chart._y(60)))
        qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=place)


def test_stacked_series_add_up(qtbot: QtBot) -> None:
    chart, timeline = make(qtbot, filled(120, 3), Kind.STACKED, Kind.STACKED, Kind.LINE)
    cut = chart._buffer.cut(timeline.first, timeline.last, 200)
    heights = Lines(chart._series, cut).heights
    assert heights[1][5] == cut.means[0][5] + cut.means[1][5]
    assert heights[2][5] == cut.means[2][5]


def test_holes_are_not_bridged(qtbot: QtBot) -> None:
    buffer = SeriesBuffer(1)
    for i in (*range(20), *range(60, 80)):
        buffer.append(START + i * SECOND, (1.0,))
    assert buffer.cut(START, START + 80 * SECOND, 500).runs(0) == [(0, 20), (20, 40)]


def test_empty_and_one_sample_are_drawn(qtbot: QtBot) -> None:
    for count in (0, 1):
        chart, _timeline = make(qtbot, filled(count), Kind.LINE)
        chart.set_marks([(START, "mark", Tone.INFO)])
        assert not chart.grab().isNull()


@given(st.floats(1e-6, 1e15), st.integers(2, 12), st.booleans())
def test_value_ticks_cover_the_top(top: float, most: int, binary: bool) -> None:
    ticks = value_ticks(top, most, binary=binary)
    assert ticks[0] == 0
    assert ticks[-1] >= top * 0.999
    assert 2 <= len(ticks) <= most + 1


@given(st.integers(0, 5000), st.integers(2, 12))
def test_ticks_of_counts_are_whole_and_differ(top: int, most: int) -> None:
    ticks = value_ticks(top + 0.5, most, whole=True)
    assert ticks == sorted(set(ticks))
    assert all(tick == int(tick) for tick in ticks)
    assert ticks[-1] > top
    assert len(ticks) <= most + 1


def test_time_ticks_are_round() -> None:
    ticks = time_ticks(START, START + 3600 * SECOND, 6)
    assert 3 <= len(ticks) <= 7
    assert all(time // SECOND % 600 == 0 for time, _words in ticks)
    assert ticks[0][1].endswith("0")


def test_keys_pan_zoom_and_go_live(qtbot: QtBot) -> None:
    chart, timeline = make(qtbot, filled(600), Kind.LINE)
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert not timeline.live
    span = timeline.span
    qtbot.keyClick(chart, Qt.Key.Key_Plus)
    assert timeline.span < span
    qtbot.keyClick(chart, Qt.Key.Key_End)
    assert timeline.live


def test_a_legend_that_does_not_fit_gets_its_own_line_and_keeps_its_words(qtbot: QtBot) -> None:
    def chart_of(width: int) -> TimeChart:
        names = ("Programs", "Shared", "Kernel", "File cache")
        series = [Series(name, number, Kind.STACKED) for number, name in enumerate(names)]
        timeline = Timeline(60)
        chart = TimeChart("Memory", filled(60, 4), series, timeline, unit=lambda value: f"{value:.0f} MiB")
        qtbot.addWidget(chart)
        timeline.set_now(START + 59 * SECOND)
        chart.resize(width, 220)
        chart.grab()
        return chart

    wide, narrow = chart_of(1200), chart_of(520)
    assert narrow.plot.top() > wide.plot.top()
    drawn: list[str] = []

    class Pen(QPainter):
        def drawText(self, *arguments: Any) -> Any:
            drawn.append(arguments[-1])

    picture = QPixmap(520, 220)
    pen = Pen(picture)
    narrow._paint_header(pen)
    pen.end()
    assert [words.split(" ")[0] for words in drawn[1:5]] == ["File", "Kernel", "Shared", "Programs"]
    assert all("MiB" in words for words in drawn[1:5])


def test_a_limit_far_above_is_told_without_a_line(qtbot: QtBot) -> None:
    chart, _timeline = make(qtbot, filled(120), Kind.AREA)
    chart.grab()
    drawn: list[str] = []

    class Pen(QPainter):
        def drawText(self, *arguments: Any) -> Any:
            drawn.append(arguments[-1])

    for limit in (50.0, 5000.0):
        chart.set_limit(limit, name="Limit")
        picture = QPixmap(500, 220)
        pen = Pen(picture)
        chart._paint_limit(pen)
        pen.end()
    assert drawn == ["Limit 50", "↑ Limit 5000"]


def test_the_tooltip_names_every_reading_and_events(qtbot: QtBot) -> None:
    chart, _timeline = make(qtbot, filled(120, 2), Kind.STACKED, Kind.STACKED)
    chart.set_marks([(START + 90 * SECOND, "restarted", Tone.WARNING)])
    place = chart._x(START + 100 * SECOND)
    assert "s0  0" in chart._story(place)
    assert "s1  1" in chart._story(place)
    assert chart._story(chart._x(START + 90 * SECOND)).endswith("  restarted")
