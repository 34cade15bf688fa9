"""A line of cells as text: wide characters take two cells and combining ones none, so places and columns differ."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADDRESS = re.compile(r"https?://[^\s<>\"'`\x00-\x1f]+")
_AFTER_IT = ".,;:!?)]}'\""
_PAIRS = {")": "(", "]": "[", "}": "{"}


class LineWords(NamedTuple):
    """The text, and for each of its characters the column where its cell begins."""

    text: str
    columns: tuple[int, ...]
    end: int

    def column_of(self, place: int) -> int:
        return self.columns[place] if place < len(self.columns) else self.end

    def place_of(self, column: int) -> int:
        """The character whose cell holds a column."""
        return max(0, bisect_right(self.columns, column) - 1)


def line_words(cells: Mapping[int, Any], columns: int) -> LineWords:
    parts: list[str] = []
    places: list[int] = []
    for column in range(columns):
        data = cells[column].data if column in cells else " "
        parts.append(data)
        places += [column] * len(data)
    return LineWords("".join(parts), tuple(places), columns)


def cells_text(cells: Mapping[int, Any], first: int, end: int) -> str:
    """What the cells first … end (exclusive) hold; a wide character whose first cell is among them is whole."""
    return "".join(cells[column].data if column in cells else " " for column in range(first, end))


def word_columns(words: LineWords, column: int) -> tuple[int, int]:
    """Where the word at a column begins and ends."""
    start = end = words.place_of(column)
    while start > 0 and not words.text[start - 1].isspace():
        start -= 1
    while end < len(words.text) and not words.text[end].isspace():
        end += 1
    return words.column_of(start), words.column_of(end)


def address_at(words: LineWords, column: int) -> str:
    """The web address at a column, without the full stop or bracket of the sentence around it; "" for none."""
    place = words.place_of(column)
    for found in _ADDRESS.finditer(words.text):
        address = found.group()
        while address and address[-1] in _AFTER_IT and not _closes(address):
            address = address[:-1]
        if found.start() <= place < found.start() + len(address):
            return address
    return ""


def _closes(address: str) -> bool:
    """Whether the bracket at its end belongs to the address, as in those of encyclopedias."""
    opening = _PAIRS.get(address[-1])
    return opening is not None and address.count(opening) >= address.count(address[-1])
