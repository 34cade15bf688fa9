"""A log of any length: draws only what is seen.

view = LogView("Log of web")          QAbstractScrollArea
view.set_source(source)               a LineSource (see `source`), or None
view.set_follow(True) / .following    stick to the end; `follow_changed(bool)`
view.set_wrap(bool)  .set_timestamps(TimeStyle.OFF|TIME|DATE_TIME|SINCE_START)  .set_ansi(bool)  .set_json(bool)
view.set_zoom(1.0)                    also Ctrl+wheel, Ctrl++/−/0
view.set_search(re.Pattern | None)    marks hits in what is seen
view.set_hits(numbers)  .add_hits(more)   ascending line indexes of all hits: count, ticks beside the scroll bar
view.step_hit(+1 | -1)                next or previous; `hit_changed(position, total)`
view.go_to_line(index, select=True)   view.go_to_end()
view.set_source_styles({key: (label, color index)})   labels and colours of merged views
view.selected_text()  view.copy()  view.select_all()
signals: line_clicked(index, time_ns), new_lines(count) while not following, follow_changed, hit_changed,
         search_wanted() on Ctrl+F
"""

from gui.widgets.logview.source import LineSource, LogRow, MemoryLineSource, SelectedLineSource
from gui.widgets.logview.view import LogView, TimeStyle

__all__ = ["LineSource", "LogRow", "LogView", "MemoryLineSource", "SelectedLineSource", "TimeStyle"]
