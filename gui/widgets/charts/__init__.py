"""Time charts drawn with QPainter. (Measured here: importing pyqtgraph costs 0.42 s with numpy, this package 5 ms.)

timeline = Timeline()                         shared by all charts of a page, and by the log beside them
timeline.set_span(seconds)                    live window that ends now; timeline.live goes False on pan or zoom
timeline.crosshair_moved(int | None)          signal: time in ns under the pointer, from whichever chart
timeline.time_clicked(int)                    signal: a click on a time ("show the log of that second")
timeline.set_crosshair(time_ns | None)        from outside, e.g. the log line under the pointer
timeline.set_now(time_ns)                     the newest sample's time; moves the window while live

buffer = SeriesBuffer(columns=3)              one per chart; a day at one a second decimates in a millisecond
buffer.append(time_ns, (a, b, c), seconds=1)  of the seconds before; NaN is "not told"; also load(samples)

chart = TimeChart("CPU", buffer, [Series("User", index=0), …], timeline, unit=percent)
    Series(name, color=0, kind=Kind.LINE | AREA | STACKED, tone=None, dashed=False)
chart.set_limit(value | None, draggable=True, name="Limit")   signals limit_dragged(float), limit_dropped(float)
chart.set_ceiling(value)                      least full scale
chart.set_note("estimate…")                   quiet words beside the title
chart.set_marks([(time_ns, words, Tone)])     events as thin vertical lines with a flag; a click there is of that time
chart.set_stretches([(first, last, words)])   why nothing was recorded; elsewhere the hatching says "Not recorded"
"""

from gui.widgets.charts.buffer import SeriesBuffer
from gui.widgets.charts.chart import TimeChart
from gui.widgets.charts.picture import Kind, Series
from gui.widgets.charts.timeline import Timeline

__all__ = ["Kind", "Series", "SeriesBuffer", "TimeChart", "Timeline"]
