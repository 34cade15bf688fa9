"""One line of a log as it is drawn: its text, its colours, its layout; kept for lines seen a moment ago."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextLayout, QTextOption

from gui.theme import Role, Tone, color, theme
from gui.widgets.logview.ansi import Span, Style, ansi_color, parse_begin
from gui.words import grouped, translate

if TYPE_CHECKING:
    from gui.widgets.logview.source import LogRow

SHOWN = 4096
"""Characters of a line that are laid out while it is folded; the rest is a click away."""
UNFOLDED = 131_072
"""Characters of a line that are laid out at all: some 30 ms of work. Copying and exporting give the whole line."""
_JSON_LIMIT = 65_536
_KEPT = 600
_WIDTHS = 200
"""Lines of one that are measured for the horizontal scroll bar."""
_NEWLINE = "\u2028"
_MESSAGE_KEYS = ("msg", "message", "event", "text", "log", "error")
_DROPPED_KEYS = {"level", "lvl", "severity", "time", "timestamp", "ts", "@timestamp"}

LEVEL_TONES = {
    "trace": Tone.MUTED,
    "debug": Tone.MUTED,
    "info": Tone.INFO,
    "warning": Tone.WARNING,
    "error": Tone.DANGER,
    "fatal": Tone.DANGER,
}


@dataclass(slots=True)
class Laid:
    """A line laid out for one width."""

    text: str
    layout: QTextLayout
    height: float
    width: float
    foldable: bool
    row: LogRow = field(repr=False)


@dataclass(slots=True)
class RenderOptions:
    """What the layout of a line depends on besides its text."""

    font: QFont
    width: float = 0.0
    wrap: bool = False
    ansi: bool = True
    json: bool = False
    line_height: float = 16.0


class Renderer:
    """Makes and keeps `Laid` lines. Anything in the options changed: call `clear`."""

    def __init__(self, options: RenderOptions) -> None:
        self.options = options
        self._kept: OrderedDict[tuple[int, bool], Laid] = OrderedDict()

    def clear(self) -> None:
        self._kept.clear()

    def laid(self, key: int, row: LogRow, *, unfolded: bool) -> Laid:
        """The layout of a line; `key` is a number that stays the line's own."""
        found = self._kept.get((key, unfolded))
        if found is not None and found.row == row:
            self._kept.move_to_end((key, unfolded))
            return found
        made = self._make(row, unfolded=unfolded)
        self._kept[(key, unfolded)] = made
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return made

    def _make(self, row: LogRow, *, unfolded: bool) -> Laid:
        most = UNFOLDED if unfolded else SHOWN
        text, spans, left = parse_begin(row.text, max(most, _JSON_LIMIT) if self.options.json else most)
        if not self.options.ansi:
            spans = []
        foldable, wrapped = False, self.options.wrap
        formats = [] if not spans else self._ansi_formats(spans)
        if self.options.json and not left and (value := _json_object(text)) is not None:
            foldable = True
            text, formats = self._json_text(value, unfolded=unfolded)
        elif left or len(text) > SHOWN:
            foldable = True
            # Across the window a line this long could not be read, and every frame would draw all of it.
            wrapped = wrapped or unfolded
            text = _shortened(text, most, left)
        base = QTextCharFormat()
        base.setForeground(self._base_color(row))
        formats.insert(0, _range(0, len(text), base))
        laid = self._lay_out(text, formats, wrapped=wrapped)
        return Laid(laid.text(), laid, *self._extent(laid), foldable, row)

    def _lay_out(self, text: str, formats: list[QTextLayout.FormatRange], *, wrapped: bool) -> QTextLayout:
        options = self.options
        layout = QTextLayout(
            text.replace("\t", "    ") if "\t" in text and _NEWLINE not in text else text, options.font
        )
        option = QTextOption()
        mode = QTextOption.WrapMode
        # Looking for words in what has none takes ten times as long.
        words = mode.WrapAtWordBoundaryOrAnywhere if len(text) <= SHOWN or " " in text[:SHOWN] else mode.WrapAnywhere
        option.setWrapMode(words if wrapped else mode.NoWrap)
        layout.setTextOption(option)
        layout.setFormats([f for f in formats if f.start < len(text)])
        layout.setCacheEnabled(True)
        layout.beginLayout()
        y = 0.0
        while True:
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(options.width if wrapped else 1e7)
            line.setPosition(QPointF(0, y))
            y += options.line_height
        layout.endLayout()
        return layout

    def _extent(self, layout: QTextLayout) -> tuple[float, float]:
        """Height and width of what was laid out."""
        lines = layout.lineCount()
        widest = max((layout.lineAt(number).naturalTextWidth() for number in range(min(lines, _WIDTHS))), default=0.0)
        return max(1, lines) * self.options.line_height, widest

    def _base_color(self, row: LogRow) -> QColor:
        if row.note:
            return color(Role.TEXT_MUTED)
        if row.level in ("error", "fatal"):
            return color(Role.DANGER)
        if row.level == "warning":
            return color(Role.WARNING)
        return color(Role.TEXT_MUTED if row.level in ("debug", "trace") else Role.TEXT)

    def _ansi_formats(self, spans: list[Span]) -> list[QTextLayout.FormatRange]:
        return [_range(span.start, span.length, _char_format(span.style)) for span in spans]

    def _json_text(self, value: dict[str, Any], *, unfolded: bool) -> tuple[str, list[QTextLayout.FormatRange]]:
        quiet = QTextCharFormat()
        quiet.setForeground(color(Role.TEXT_MUTED))
        named = QTextCharFormat()
        named.setForeground(theme().ansi(4))
        formats: list[QTextLayout.FormatRange] = []
        if unfolded:
            text = json.dumps(value, indent=2, ensure_ascii=False)
            at = 0
            for line in text.split("\n"):
                stripped = line.lstrip()
                if stripped.startswith('"') and (end := stripped.find('":')) > 0:
                    formats.append(_range(at + len(line) - len(stripped), end + 1, named))
                at += len(line) + 1
            return text.replace("\n", _NEWLINE), formats
        message = next((str(value[key]) for key in _MESSAGE_KEYS if key in value), "")
        shown_key = next((key for key in _MESSAGE_KEYS if key in value), "")
        text = message
        for key, child in value.items():
            if key == shown_key or key in _DROPPED_KEYS:
                continue
            text += "  " if text else ""
            formats.append(_range(len(text), len(key) + 1, quiet))
            text += f"{key}={child if isinstance(child, str) else json.dumps(child, ensure_ascii=False)}"
        return text.replace("\n", " ")[:SHOWN], formats


def _shortened(text: str, most: int, left: int) -> str:
    left += max(0, len(text) - most)
    if not left:
        return text
    return text[:most] + translate("LogView", "… and {0} more characters", None, left).format(grouped(left))


def _json_object(text: str) -> dict[str, Any] | None:
    stripped = text.strip()
    if not stripped.startswith("{") or not stripped.endswith("}") or len(stripped) > _JSON_LIMIT:
        return None
    try:
        value = json.loads(stripped)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _range(start: int, length: int, style: QTextCharFormat) -> QTextLayout.FormatRange:
    made = QTextLayout.FormatRange()
    made.start = start
    made.length = length
    made.format = style
    return made


def highlight(start: int, length: int, back: QColor, ink: QColor | None = None) -> QTextLayout.FormatRange:
    """A part of a line with another background: a selection or a hit."""
    style = QTextCharFormat()
    style.setBackground(back)
    if ink is not None:
        style.setForeground(ink)
    return _range(start, length, style)


def _char_format(style: Style) -> QTextCharFormat:
    made = QTextCharFormat()
    fg, bg = style.fg, style.bg
    if style.bold and isinstance(fg, int) and fg < 8:
        fg += 8  # terminals show bold dark colours bright
    ink = ansi_color(fg) if fg is not None else color(Role.TEXT)
    back = ansi_color(bg) if bg is not None else None
    if style.inverse:
        ink, back = back or color(Role.SUNKEN), ink
    if style.dim:
        ink = QColor(ink)
        ink.setAlphaF(0.65)
    made.setForeground(ink)
    if back is not None:
        made.setBackground(back)
    if style.bold:
        made.setFontWeight(QFont.Weight.DemiBold)
    made.setFontItalic(style.italic)
    if style.underline:
        made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
    return made
