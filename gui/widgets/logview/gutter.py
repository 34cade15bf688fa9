"""What stands left of a log's text: level bar, fold mark, source label, time."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter

from gui.theme import Role, Space, color, paint_icon, theme
from gui.widgets.logview.render import LEVEL_TONES
from gui.widgets.painted.mirror import run_from_left

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gui.widgets.logview.source import LogRow

_FOLD = 16
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class TimeStyle(StrEnum):
    """How the time column reads."""

    OFF = "off"
    TIME = "time"
    DATE_TIME = "date-time"
    SINCE_START = "since-start"


class Gutter:
    """Widths and drawing of the columns before the text."""

    def __init__(self, fount: QFont) -> None:
        self.time_style = TimeStyle.TIME
        self.start_ns = 0
        self.sources: dict[str, tuple[str, int]] = {}
        self._widths = (0.0, 0.0)
        self.set_font(fount)

    def set_font(self, fount: QFont) -> None:
        self._font = fount
        self._measure()

    def set_sources(self, sources: Mapping[str, tuple[str, int]]) -> None:
        self.sources = dict(sources)
        self._measure()

    def set_time_style(self, style: TimeStyle) -> None:
        self.time_style = style
        self._measure()

    @property
    def width(self) -> float:
        """From the left edge to where the text starts."""
        label, time = self._widths
        return 4 + _FOLD + label + time

    def paint(
        self, painter: QPainter, y: float, height: float, line_height: float, row: LogRow, *, fold: bool | None
    ) -> None:
        """Draw beside a line; `fold` is None for lines that do not fold, else whether it is unfolded."""
        run_from_left(painter)
        if row.level in LEVEL_TONES and row.level != "info":
            painter.fillRect(QRectF(0, y + 1, 3, height - 2), theme().tone(LEVEL_TONES[row.level]))
        if fold is not None:
            sign = "chevron-down" if fold else "chevron-right"
            middle = QRectF(6, y + (line_height - 12) / 2, 12, 12)
            paint_icon(painter, middle, sign, color(Role.TEXT_MUTED))
        label_width, time_width = self._widths
        x = 4.0 + _FOLD
        painter.setFont(self._font)
        if label_width:
            words, index = self.sources.get(row.source, (row.source[:12], 0))
            painter.setPen(theme().series(index))
            painter.drawText(QRectF(x, y, label_width - Space.M, line_height), _LEFT, self._elided(words))
            x += label_width
        if time_width and row.time_ns:
            painter.setPen(color(Role.TEXT_MUTED))
            painter.drawText(QRectF(x, y, time_width, line_height), _LEFT, self.time_text(row.time_ns))

    def time_text(self, time_ns: int) -> str:
        """A time as the column shows it, in the user's own zone."""
        if self.time_style is TimeStyle.SINCE_START:
            seconds = max(0, time_ns - self.start_ns) / 1e9
            hours, rest = divmod(seconds, 3600)
            minutes, seconds = divmod(rest, 60)
            return f"+{int(hours):d}:{int(minutes):02d}:{seconds:06.3f}"
        local = datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).astimezone()
        shape = "%Y-%m-%d %H:%M:%S" if self.time_style is TimeStyle.DATE_TIME else "%H:%M:%S"
        return f"{local.strftime(shape)}.{time_ns // 1_000_000 % 1000:03d}"

    def _measure(self) -> None:
        metrics = QFontMetricsF(self._font)
        samples = {
            TimeStyle.OFF: "",
            TimeStyle.TIME: "00:00:00.000",
            TimeStyle.DATE_TIME: "0000-00-00 00:00:00.000",
            TimeStyle.SINCE_START: "+00:00:00.000",
        }
        time = metrics.horizontalAdvance(samples[self.time_style])
        longest = max((metrics.horizontalAdvance(words[:18]) for words, _index in self.sources.values()), default=0.0)
        self._widths = (longest + Space.M if longest else 0.0, time + Space.M if time else 0.0)

    def _elided(self, words: str) -> str:
        return words if len(words) <= 18 else words[:17] + "…"


def paint_missing(painter: QPainter, left: float, middle: float, index: int) -> None:
    """A line that is not there yet: a bar about as long as lines are."""
    painter.fillRect(QRectF(left, middle - 3, 120 + (index * 97) % 260, 6), color(Role.TRACK))
