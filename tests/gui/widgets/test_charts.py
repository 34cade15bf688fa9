"""Charts: a day decimates to pixels, all share one time, limits are dragged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPainter, QPixmap

from gui.theme import Tone
from gui.widgets.charts import Kind, Series, SeriesBuffer, TimeChart, Timeline
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
    (column,) = buffer.buckets(START, START + 86_400 * SECOND, 500)
    assert 80 < len(column) <= 600
    assert column[0].time_ns <= START + 4096 * SECOND
    assert column[-1].time_ns == START + 86_399 * SECOND
    assert min(bucket.low for bucket in column) == 0
    assert max(bucket.high for bucket in column) == 99


@given(st.lists(st.floats(0, 1e6), min_size=64, max_size=200))
def test_coarse_buckets_keep_extremes_and_means(values: list[float]) -> None:
    buffer = SeriesBuffer(1)
    for i, value in enumerate(values):
        buffer.append(START + i * SECOND, (value,))
    (column,) = buffer.buckets(START, START + len(values) * SECOND, len(values) // 4)
    whole = column[: len(values) // 8]
    for number, bucket in enumerate(whole):
        part = values[number * 8 : number * 8 + 8]
        assert bucket.low == min(part)
        assert bucket.high == max(part)
        assert bucket.mean == pytest.approx(sum(part) / 8)


def test_time_set_back_is_dropped() -> None:
    buffer = filled(10)
    buffer.append(START, (1.0,))
    assert len(buffer) == 10


def test_two_days_are_kept_and_no_more() -> None:
    buffer = SeriesBuffer(1)
    for i in range(200_000):
        buffer.append(START + i * SECOND, (1.0,))
    assert 172_800 <= len(buffer) <= 200_000
    assert buffer.nearest(0) is not None
    (column,) = buffer.buckets(START, START + 200_000 * SECOND, 400)
    assert len(column) > 50


def test_nearest() -> None:
    buffer = filled(10)
    assert buffer.nearest(START + int(3.4 * SECOND)) == (START + 3 * SECOND, (3.0,))
    assert buffer.nearest(START + 99 * SECOND) == (START + 9 * SECOND, (9.0,))
    assert SeriesBuffer(1).nearest(0) is None


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


def test_a_fixed_limit_is_not_dragged(qtbot: QtBot) -> None:
    chart, timeline = make(qtbot, filled(120), Kind.LINE)
    chart.set_limit(60)
    chart.grab()
    with qtbot.assertNotEmitted(chart.limit_dropped), qtbot.waitSignal(timeline.time_clicked):
        place = QPoint(int(chart.plot.center().x()), int(chart._y(60)))
        qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=place)


def test_stacked_series_add_up(qtbot: QtBot) -> None:
    chart, timeline = make(qtbot, filled(120, 3), Kind.STACKED, Kind.STACKED, Kind.LINE)
    columns = chart._stack(chart._buffer.buckets(timeline.first, timeline.last, 200))
    raw = chart._buffer.buckets(timeline.first, timeline.last, 200)
    assert columns[1][5].mean == raw[0][5].mean + raw[1][5].mean
    assert columns[2][5].mean == raw[2][5].mean


def test_holes_are_not_bridged(qtbot: QtBot) -> None:
    buffer = SeriesBuffer(1)
    for i in (*range(20), *range(60, 80)):
        buffer.append(START + i * SECOND, (1.0,))
    (column,) = buffer.buckets(START, START + 80 * SECOND, 500)
    assert TimeChart._runs(column) == [(0, 20), (20, 40)]


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
    assert chart._story(chart._x(START + 90 * SECOND)) == "restarted"
