"""Stalls of the window's thread while ten logs pour in, and what charts, terminal and tables cost.

    python -m tests.bench.widgets

A heartbeat timer measures how late the thread comes to it. The peer of the log view is Qt's own QPlainTextEdit with
appendPlainText, the usual way to show a log, fed the same lines in the same run.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QElapsedTimer, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from gui.theme import theme
from gui.widgets.charts import Kind, Series, SeriesBuffer, TimeChart, Timeline
from gui.widgets.logview import LogRow, LogView, MemoryLineSource
from gui.widgets.terminal import TerminalView
from tests.pixels.samples import table

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 6.0
RATE = 5_000
SOURCES = 10
BATCH_MS = 16
BEAT_MS = 5


class Heartbeat:
    """How late the event loop comes to a timer, in milliseconds."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.busy: list[float] = []
        self._worked = 0.0
        self._clock = QElapsedTimer()
        self._timer = QTimer(interval=BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._clock.start()
        self._worked = time.thread_time()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _beat(self) -> None:
        self.late.append(max(0.0, self._clock.nsecsElapsed() / 1e6 - BEAT_MS))
        self._clock.start()
        worked = time.thread_time()
        self.busy.append((worked - self._worked) * 1000)
        self._worked = worked

    def words(self) -> str:
        ordered = sorted(self.late)
        at = ordered[min(len(ordered) - 1, int(len(ordered) * 0.999))]
        return (
            f"p50 {statistics.median(ordered):5.1f} ms   p99.9 {at:6.1f} ms   longest {ordered[-1]:6.1f} ms   "
            f"(most work between two beats {max(self.busy):5.1f} ms of processor time)"
        )


def run_for(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def pour(deliver: Callable[[int, int], None]) -> tuple[Heartbeat, int]:
    """Call `deliver(first, count)` once a frame with what ten logs at 5,000 lines a second would bring."""
    beat, sent = Heartbeat(), 0
    begun = time.perf_counter()

    def frame() -> None:
        nonlocal sent
        due = int((time.perf_counter() - begun) * RATE * SOURCES)
        if due > sent:
            deliver(sent, due - sent)
            sent = due

    timer = QTimer(interval=BATCH_MS)
    timer.timeout.connect(frame)
    timer.start()
    beat.start()
    run_for(SECONDS)
    timer.stop()
    beat.stop()
    return beat, sent


def line(number: int) -> str:
    return f"\x1b[36mGET\x1b[0m /api/v1/items/{number} 200 {number % 97} ms client=10.0.{number % 255}.7"


def bench_log(*, wrap: bool = False) -> str:
    view = LogView("bench")
    view.resize(1100, 760)
    source = MemoryLineSource(limit=500_000)
    view.set_source(source)
    view.set_wrap(on=wrap)
    view.show()

    def deliver(first: int, count: int) -> None:
        source.extend(
            LogRow(line(n), 1_700_000_000_000_000_000 + n * 20_000, "error" if n % 50 == 0 else "", f"c{n % SOURCES}")
            for n in range(first, first + count)
        )

    view.set_source_styles({f"c{n}": (f"container-{n}", n) for n in range(SOURCES)})
    beat, sent = pour(deliver)
    view.close()
    return f"{sent / SECONDS:8,.0f} lines/s   {beat.words()}"


def bench_plain() -> str:
    view = QPlainTextEdit()
    view.setMaximumBlockCount(500_000)
    view.resize(1100, 760)
    view.show()

    def deliver(first: int, count: int) -> None:
        view.appendPlainText("\n".join(line(n) for n in range(first, first + count)))

    beat, sent = pour(deliver)
    view.close()
    return f"{sent / SECONDS:8,.0f} lines/s   {beat.words()}"


def grab_median(widget: QWidget, change: Callable[[], None], times: int = 30) -> float:
    taken = []
    for _ in range(times):
        change()
        begun = time.perf_counter()
        widget.grab()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def bench_chart() -> str:
    buffer = SeriesBuffer(4)
    begun = time.perf_counter()
    for i in range(86_400):
        buffer.append(i * 10**9, (i % 100, i % 70, 5.0, 3.0))
    filled = time.perf_counter() - begun
    timeline = Timeline(86_400)
    chart = TimeChart("Memory", buffer, [Series(str(n), n, Kind.STACKED) for n in range(4)], timeline)
    chart.resize(600, 220)
    timeline.set_now(86_400 * 10**9)
    day = grab_median(chart, lambda: timeline.pan(-(10**9)))
    timeline.set_span(300)
    minutes = grab_median(chart, lambda: timeline.pan(-(10**9)))
    each = filled / 86_400 * 1e6
    return f"24 h of 4 series drawn in {day:.1f} ms, 5 min in {minutes:.1f} ms, append {each:.1f} µs"


def bench_terminal() -> str:
    view = TerminalView("bench")
    view.resize(1000, 640)
    view.show()
    data = b"".join(line(n).encode() + b"\r\n" for n in range(20_000))
    beat = Heartbeat()
    loop = QEventLoop()
    view.drained.connect(loop.quit)
    beat.start()
    begun = time.perf_counter()
    view.feed(data)
    loop.exec()
    taken = time.perf_counter() - begun
    beat.stop()
    view.close()
    return f"{len(data) / taken / 1e6:.2f} MB/s   {beat.words()}"


def bench_table() -> str:
    view = table(1000)
    view.resize(1100, 760)
    view.show()
    bar, step = view.verticalScrollBar(), iter(range(0, 100_000, 97))
    taken = grab_median(view, lambda: bar.setValue(next(step)))
    view.close()
    return f"1,000 rows with sparklines and meters: a screenful in {taken:.1f} ms"


def main() -> int:
    app = QApplication(sys.argv[:1])
    theme().install(app)
    print(f"ten logs, {RATE:,} lines/s each, {SECONDS:.0f} s")
    print("  log view           ", bench_log())
    print("  log view, wrapped  ", bench_log(wrap=True))
    print("  QPlainTextEdit     ", bench_plain())
    print("charts               ", bench_chart())
    print("terminal             ", bench_terminal())
    print("table                ", bench_table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
