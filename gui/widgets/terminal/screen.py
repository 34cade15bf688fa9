"""The terminal's screen: pyte's, with what full-screen programs of today need added.

pyte knows neither the alternate screen nor scrollback that survives it, nor mouse and paste modes; they are here.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import pyte
import pyte.modes as mo
from pyte.charsets import LAT1_MAP
from wcwidth import wcwidth

from gui.widgets.logview.ansi import semicolons

if TYPE_CHECKING:
    from collections.abc import Callable

SCROLLBACK = 10_000
_LONGEST_TITLE = 256

_PRIVATE = 5  # pyte shifts private modes by so many bits
APPLICATION_CURSOR = 1 << _PRIVATE
ALTERNATES = {47, 1047, 1049}
BRACKETED_PASTE = 2004
FOCUS_EVENTS = 1004
MOUSE_CLICK, MOUSE_DRAG, MOUSE_MOVE, MOUSE_SGR = 1000, 1002, 1003, 1006
_TOGGLES = {BRACKETED_PASTE, FOCUS_EVENTS, MOUSE_CLICK, MOUSE_DRAG, MOUSE_MOVE, MOUSE_SGR}

Line = dict[int, Any]
_BETWEEN = "\x1f"


class PackedLine(NamedTuple):
    """A line in scrollback: its characters as one string, and where another look begins. Thousands of lines of single
    cells would be a million objects for the garbage collector to look at."""

    first: int
    characters: str
    looks: tuple[tuple[int, Any], ...]


def pack(line: Line) -> PackedLine:
    columns = sorted(line)
    if not columns:
        return PackedLine(0, "", ())
    first, last = columns[0], columns[-1]
    blank = line[first]._replace(data=" ", fg="default", bg="default", reverse=False, underscore=False)
    characters, looks, look = [], [], None
    for column in range(first, last + 1):
        cell = line.get(column, blank)
        characters.append(cell.data)
        if cell[1:] != look:
            look = cell[1:]
            looks.append((column, cell))
    return PackedLine(first, _BETWEEN.join(characters), tuple(looks))


def unpack(packed: PackedLine) -> Line:
    line: Line = {}
    looks = iter((*packed.looks, (1 << 30, None)))
    cell: Any = None
    change, following = next(looks)
    for column, data in enumerate(packed.characters.split(_BETWEEN) if packed.looks else (), packed.first):
        while column >= change:
            cell = following
            change, following = next(looks)
        line[column] = cell._replace(data=data)
    return line


class _Cells(dict[str, Any]):
    """Characters in one look, made when first wanted and shared by all cells that show them."""

    def __init__(self, look: Any) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, character: str) -> Any:
        made = self[character] = self._look._replace(data=character)
        return made


class TerminalScreen(pyte.Screen):
    """A screen with scrollback, an alternate screen, and answers to what programs ask."""

    def __init__(self, columns: int, lines: int, answer: Callable[[str], None], ring: Callable[[], None]) -> None:
        self.history: deque[PackedLine] = deque(maxlen=SCROLLBACK)
        self.scrolled = 0
        """Lines that ever went into history, for keeping a scrolled-up view still."""
        self.private: set[int] = set()
        self.alternate = False
        self._main: tuple[Any, Any] | None = None
        self._answer = answer
        self._ring = ring
        self._last = " "
        self._looks: dict[Any, _Cells] = {}
        super().__init__(columns, lines)

    def bell(self) -> None:
        self._ring()

    def reset(self) -> None:
        super().reset()
        # As xterm: until a program says otherwise, shifting out changes nothing.
        self.g1_charset = LAT1_MAP
        self.private.clear()
        self.alternate = False
        self._main = None

    def index(self) -> None:
        top, bottom = self.margins or (0, self.lines - 1)
        if self.cursor.y == bottom and top == 0 and not self.alternate:
            self.history.append(pack(self.buffer[0]))
            self.scrolled += 1
        super().index()

    def erase_in_display(self, how: int = 0, *args: Any, **kwargs: Any) -> None:
        if how == 3:
            self.history.clear()
        if 0 <= how <= 3:
            super().erase_in_display(how, *args, **kwargs)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:  # noqa: FBT001, FBT002
        if 0 <= how <= 2:
            super().erase_in_line(how, private)

    def set_title(self, param: str) -> None:
        super().set_title(_one_line(param))

    def set_icon_name(self, param: str) -> None:
        super().set_icon_name(_one_line(param))

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private"):
            self.private.update(_TOGGLES.intersection(modes))
            if ALTERNATES.intersection(modes):
                self._enter_alternate()
            if 1048 in modes:
                self.save_cursor()
            if 3 in modes:
                return  # 132 columns would resize the screen under the window's feet
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private"):
            self.private.difference_update(modes)
            if ALTERNATES.intersection(modes):
                self._leave_alternate()
            if 1048 in modes:
                self.restore_cursor()
            if 3 in modes:
                return
        super().reset_mode(*modes, **kwargs)

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Lines pushed off the top by a smaller window go to history, so that nothing typed is lost."""
        new = lines or self.lines
        if not self.alternate and new < self.lines:
            surplus = max(0, self.cursor.y - new + 1)
            for row in range(surplus):
                self.history.append(pack(self.buffer[row]))
                self.scrolled += 1
            self._shift_up(surplus)
        kept = (self.cursor.x, self.cursor.y)
        # pyte drops lines from the top whatever the cursor's place; make it see none to drop.
        self.lines = min(self.lines, new)
        for row in [row for row in self.buffer if row >= new]:
            del self.buffer[row]
        super().resize(new, columns)
        self.cursor.x = min(kept[0], self.columns - 1)
        self.cursor.y = min(kept[1], self.lines - 1)
        self.tabstops = set(range(8, self.columns, 8))
        self.dirty.update(range(self.lines))

    def _shift_up(self, count: int) -> None:
        if count:
            moved = {row - count: line for row, line in self.buffer.items() if row >= count}
            self.buffer.clear()
            self.buffer.update(moved)
            self.cursor.y -= count

    def _enter_alternate(self) -> None:
        if not self.alternate:
            self.save_cursor()
            self._main = (dict(self.buffer), (self.cursor.x, self.cursor.y))
            self.alternate = True
            self.buffer.clear()
            self.margins = None
            self.dirty.update(range(self.lines))

    def _leave_alternate(self) -> None:
        if self.alternate:
            self.alternate = False
            self.buffer.clear()
            if self._main is not None:
                lines, place = self._main
                self.buffer.update(lines)
                self.cursor.x, self.cursor.y = min(place[0], self.columns - 1), min(place[1], self.lines - 1)
                self._main = None
            self.margins = None
            self.restore_cursor()
            self.cursor.y = min(self.cursor.y, self.lines - 1)
            self.dirty.update(range(self.lines))

    def write_process_input(self, data: str) -> None:
        self._answer(data)

    def report_device_attributes(self, mode: int = 0, **kwargs: Any) -> None:
        if mode == 0 and not kwargs.get("private"):
            self._answer("\x1b[?62;22c")

    def draw(self, data: str) -> None:
        if not data:
            return
        self._last = data[-1]
        charset = self.g1_charset if self.charset else self.g0_charset
        plain = data.isascii() and data.isprintable() and charset is LAT1_MAP
        if plain and mo.IRM not in self.mode and mo.DECAWM in self.mode:
            self._draw_plain(data)
        elif data.isascii() or mo.DECAWM not in self.mode:
            super().draw(data)
        else:
            self._draw_wrapping(data)

    def _draw_wrapping(self, data: str) -> None:
        """A character of two columns that finds only one left goes to the next line whole."""
        for character in data:
            if self.cursor.x == self.columns - 1 and wcwidth(character) == 2:
                self.carriage_return()
                self.linefeed()
            super().draw(character)

    def _draw_plain(self, data: str) -> None:
        """Most of what programs write, several times as fast as pyte's way through every character's width."""
        cells = self._looks.get(self.cursor.attrs)
        if cells is None:
            if len(self._looks) > 500:
                self._looks.clear()
            cells = self._looks[self.cursor.attrs] = _Cells(self.cursor.attrs)
        at = 0
        while at < len(data):
            if self.cursor.x >= self.columns:
                self.carriage_return()
                self.linefeed()
            x = self.cursor.x
            piece = data[at : at + self.columns - x]
            self.buffer[self.cursor.y].update(zip(range(x, x + len(piece)), map(cells.__getitem__, piece), strict=True))
            self.cursor.x = x + len(piece)
            at += len(piece)
        self.dirty.add(self.cursor.y)

    def repeat(self, count: int = 1) -> None:
        """REP: the last character again."""
        super().draw(self._last * min(max(count, 1), self.columns))

    def scroll_up(self, count: int = 1) -> None:
        """SU: the region's lines move up."""
        self._scroll_region(count, self.index, bottom=True)

    def scroll_down(self, count: int = 1) -> None:
        """SD: the region's lines move down."""
        self._scroll_region(count, self.reverse_index, bottom=False)

    def select_graphic_rendition(self, *attrs: int) -> None:
        """Colours: palette numbers ("0"–"255") or "#rrggbb"; "faint" travels in the blink flag: nobody draws that."""
        codes = list(attrs) or [0]
        char = self.cursor.attrs
        while codes:
            code = codes.pop(0)
            if code in (38, 48):
                value = _extended_color(codes)
                char = char._replace(fg=value) if code == 38 else char._replace(bg=value)
            elif code == 0:
                char = self.default_char
            else:
                char = _simple_attribute(char, code)
        self.cursor.attrs = char

    def _scroll_region(self, count: int, step: Callable[[], None], *, bottom: bool) -> None:
        top, last = self.margins or (0, self.lines - 1)
        kept = self.cursor.y
        self.cursor.y = last if bottom else top
        for _ in range(min(max(count, 1), self.lines)):
            step()
        self.cursor.y = kept


def _one_line(title: str) -> str:
    """A title fit to be shown: programs write it, and whoever can make them write."""
    return "".join(character for character in title[:1000] if character.isprintable())[:_LONGEST_TITLE]


_SWITCHES: dict[int, dict[str, Any]] = {
    1: {"bold": True}, 2: {"blink": True}, 3: {"italics": True}, 4: {"underscore": True}, 7: {"reverse": True},
    9: {"strikethrough": True}, 21: {"underscore": True}, 22: {"bold": False, "blink": False},
    23: {"italics": False}, 24: {"underscore": False}, 27: {"reverse": False}, 29: {"strikethrough": False},
    39: {"fg": "default"}, 49: {"bg": "default"},
}  # fmt: skip


def _simple_attribute(char: Any, code: int) -> Any:
    if code in _SWITCHES:
        return char._replace(**_SWITCHES[code])
    for first, shift in ((30, 0), (90, 8)):
        if first <= code <= first + 7:
            return char._replace(fg=str(code - first + shift))
        if first + 10 <= code <= first + 17:
            return char._replace(bg=str(code - first - 10 + shift))
    return char


def _extended_color(codes: list[int]) -> str:
    """Takes what follows 38 or 48 out of `codes`."""
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        return str(min(codes.pop(0), 255))
    if kind == 2 and len(codes) >= 3:
        red, green, blue = (min(codes.pop(0), 255) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    return "default"


class TerminalStream(pyte.Stream):
    """pyte's parser, with a few commands more, and fed only what it understands."""

    csi = {  # noqa: RUF012  # an instance variable to pyte's types
        **pyte.Stream.csi,
        "S": "scroll_up", "T": "scroll_down", "b": "repeat", "s": "save_cursor", "u": "restore_cursor",
    }  # fmt: skip
    events = frozenset({*pyte.Stream.events, "scroll_up", "scroll_down", "repeat"})

    def __init__(self, screen: TerminalScreen) -> None:
        self._rest = ""
        super().__init__(screen)
        # To pyte, UTF-8 means that no character sets are switched; programs switch to line drawing all the same.
        self.use_utf8 = False

    def select_other_charset(self, code: str) -> None:
        """ESC % G and ESC % @: it is UTF-8 and stays so."""

    def feed(self, data: str) -> None:
        """Feed text; an escape sequence cut off at its end waits for the rest."""
        data = self._rest + data
        cut = _UNFINISHED.search(data)
        self._rest = ""
        if cut is not None and len(data) - cut.start() < _LONGEST_STRING:
            data, self._rest = data[: cut.start()], data[cut.start() :]
        if "\x1b" in data:
            data = _FOREIGN.sub("", data)
            if ":" in data:
                data = _COLON_SGR.sub(lambda found: f"\x1b[{semicolons(found.group(1))}m", data)
        super().feed(data)

    def _send_to_parser(self, data: str) -> bool | None:
        try:
            taken: bool | None = super()._send_to_parser(data)
        except (TypeError, ValueError, IndexError, AssertionError):
            return True  # parameters pyte's method does not take; the parser has begun anew
        return taken


_LONGEST_STRING = 65_536
# Unfinished: ESC alone, CSI without final byte, a string (OSC, DCS, APC, PM, SOS) without end.
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_](?:[^\x1b\x07]|\x1b(?!\\))*|[()*+./#%-])?\Z")
# What pyte would print as text: CSI with < = >, strings other than OSC, and sets for G2 and G3, which nobody shifts to.
_FOREIGN = re.compile(
    r"\x1b\[[<=>][0-?]*[ -/]*[@-~]|\x1b[PX^_](?:[^\x1b\x07]|\x1b(?!\\))*(?:\x1b\\|\x07)|\x1b[=>]|\x1b[*+./-]."
)
_COLON_SGR = re.compile(r"\x1b\[([0-9;]*:[0-9;:]*)m")
