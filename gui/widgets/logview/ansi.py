"""ANSI colours in a line of text: what is left without the escapes, and which part has which style."""

from __future__ import annotations

import re
from typing import NamedTuple

from PySide6.QtGui import QColor

from gui.theme import theme

# CSI … final byte; OSC … BEL or ST; two-character escapes; other control characters but tab.
_ESCAPE = re.compile(
    r"\x1b\[([0-9;:?<>=! ]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]|[\x00-\x08\x0b-\x1f\x7f]"
)


_ESCAPES_PER_LETTER = 3
"""How much more than its letters a line is looked through; beyond that it is not text."""
_MOST_SPANS = 4096
"""Changes of colour that are drawn in one line."""


class Style(NamedTuple):
    """Colours are a palette index 0–255 or "#rrggbb"; None is the default."""

    fg: int | str | None = None
    bg: int | str | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    inverse: bool = False


class Span(NamedTuple):
    start: int
    length: int
    style: Style


PLAIN = Style()


def parse(text: str) -> tuple[str, list[Span]]:
    """Split escapes from text. Other commands are dropped; a carriage return keeps what follows it."""
    shown, spans, _left = parse_begin(text, len(text))
    return shown, spans


def parse_begin(text: str, most: int) -> tuple[str, list[Span], int]:
    """The first characters of a line alone, which of one of 10 MB is all that is drawn; and how many are left."""
    if "\r" in text:
        text = text.rstrip("\r").rsplit("\r", 1)[-1]
    begin = text[: most + most * _ESCAPES_PER_LETTER]
    shown, spans = _split(begin)
    left = len(text) - len(begin) + max(0, len(shown) - most)
    if len(shown) > most:
        shown, spans = shown[:most], [span for span in spans if span.start < most]
    return shown, spans, left


def _split(text: str) -> tuple[str, list[Span]]:
    if "\x1b" not in text:
        return (text if text.isprintable() else _ESCAPE.sub("", text)), []
    parts: list[str] = []
    spans: list[Span] = []
    style, at, length = PLAIN, 0, 0
    for found in _ESCAPE.finditer(text):
        piece = text[at : found.start()]
        if piece:
            if style != PLAIN:
                spans.append(Span(length, len(piece), style))
            parts.append(piece)
            length += len(piece)
        at = found.end()
        if len(spans) >= _MOST_SPANS:
            break
        if found.group(2) == "m":
            style = apply_sgr(style, found.group(1))
    rest = _ESCAPE.sub("", text[at:])
    if rest:
        if style != PLAIN:
            spans.append(Span(length, len(rest), style))
        parts.append(rest)
    return "".join(parts), spans


_FLAGS = {1: ("bold", True), 2: ("dim", True), 3: ("italic", True), 4: ("underline", True), 7: ("inverse", True)}
_OFF = {23: "italic", 24: "underline", 27: "inverse"}


def apply_sgr(style: Style, parameters: str) -> Style:
    """The style after an SGR command."""
    codes = [int(part) if part.isdigit() else 0 for part in semicolons(parameters).split(";")]
    position = 0
    while position < len(codes):
        code = codes[position]
        position += 1
        if code in (38, 48):
            value, used = _extended(codes[position:])
            position += used
            style = style._replace(fg=value) if code == 38 else style._replace(bg=value)
        else:
            style = _simple(style, code)
    return style


def _simple(style: Style, code: int) -> Style:
    if code == 0:
        return PLAIN
    if code in _FLAGS:
        name, value = _FLAGS[code]
        return style._replace(**{name: value})
    if code == 22:
        return style._replace(bold=False, dim=False)
    if code in _OFF:
        return style._replace(**{_OFF[code]: False})
    for first, shift in ((30, 0), (90, 8)):
        if first <= code <= first + 7:
            return style._replace(fg=code - first + shift)
        if first + 10 <= code <= first + 17:
            return style._replace(bg=code - first - 10 + shift)
    if code == 39:
        return style._replace(fg=None)
    return style._replace(bg=None) if code == 49 else style


def semicolons(parameters: str) -> str:
    """Colon-separated colours in the older form; the colour space of 38:2:SPACE:R:G:B goes."""
    if ":" not in parameters:
        return parameters
    parts = []
    for group in parameters.split(";"):
        fields = group.split(":")
        if fields[0] in ("38", "48") and len(fields) == 6:
            del fields[2]
        elif fields[0] == "4":
            fields = ["24" if fields[1:2] == ["0"] else "4"]
        parts.append(";".join(fields))
    return ";".join(parts)


def _extended(codes: list[int]) -> tuple[int | str | None, int]:
    """The colour after 38 or 48, and how many parameters it took."""
    if len(codes) >= 2 and codes[0] == 5:
        return min(codes[1], 255), 2
    if len(codes) >= 4 and codes[0] == 2:
        red, green, blue = (min(value, 255) for value in codes[1:4])
        return f"#{red:02x}{green:02x}{blue:02x}", 4
    return None, len(codes)


def ansi_color(value: int | str) -> QColor:
    """A palette index or "#rrggbb" as a colour; the first sixteen follow the theme."""
    if isinstance(value, str):
        return QColor(value)
    if value < 16:
        return theme().ansi(value)
    if value >= 232:
        grey = 8 + (value - 232) * 10
        return QColor(grey, grey, grey)
    value -= 16
    red, green, blue = value // 36, value // 6 % 6, value % 6
    return QColor(*(0 if part == 0 else 55 + part * 40 for part in (red, green, blue)))
