"""What a terminal has to do with the sequences full-screen programs lean on, after the questions vttest asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gui.widgets.logview.selection import Spot
from tests.gui.widgets.test_terminal import fed, make_screen, text_of, view

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gui.widgets.terminal import TerminalView

__all__ = ["view"]


def shown(data: str, *, columns: int = 10, lines: int = 4) -> list[str]:
    screen, stream, _ = make_screen(columns, lines)
    stream.feed(data)
    return text_of(screen)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # Wrapping: at the margin, and only when the next character comes.
        ("0123456789", ["0123456789", "", "", ""]),
        ("0123456789a", ["0123456789", "a", "", ""]),
        ("0123456789\rX", ["X123456789", "", "", ""]),
        ("\x1b[?7l0123456789abc", ["012345678c", "", "", ""]),
        # Cursor movement stops at the edges.
        ("\x1b[99;99HX\x1b[99A\x1b[99DY", ["Y", "", "", "         X"]),
        ("ab\x1b[3CX\x1b[2DY", ["ab  YX", "", "", ""]),
        ("\x1b[2;3HX\x1bMY", ["   Y", "  X", "", ""]),
        ("\x1b[3GX\x1b[4dY", ["  X", "", "", "   Y"]),
        # Erasing.
        ("abcdef\x1b[3G\x1b[K", ["ab", "", "", ""]),
        ("abcdef\x1b[3G\x1b[1K", ["   def", "", "", ""]),
        ("abcdef\x1b[3G\x1b[2X", ["ab  ef", "", "", ""]),
        ("a\r\nb\r\nc\x1b[2;1H\x1b[J", ["a", "", "", ""]),
        # Inserting and deleting.
        ("abc\x1b[1G\x1b[2@", ["  abc", "", "", ""]),
        ("abcdef\x1b[2G\x1b[2P", ["adef", "", "", ""]),
        ("abc\x1b[1G\x1b[4hX\x1b[4lY", ["XYbc", "", "", ""]),
        ("a\r\nb\r\nc\x1b[2;1H\x1b[L", ["a", "", "b", "c"]),
        ("a\r\nb\r\nc\x1b[1;1H\x1b[M", ["b", "c", "", ""]),
        # Scroll regions.
        ("a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\nX", ["a", "c", "X", "d"]),
        ("a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[2;1H\x1bMX", ["a", "X", "b", "d"]),
        ("a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[S", ["a", "c", "", "d"]),
        ("\x1b[2;3r\x1b[?6h\x1b[1;1HX", ["", "X", "", ""]),
        # Tabs.
        ("a\tb", ["a       b", "", "", ""]),
        ("\x1b[3g\x1b[4G\x1bH\rA\tB", ["A  B", "", "", ""]),
        # Saving the cursor; the line-drawing characters.
        ("ab\x1b7\x1b[4;4HX\x1b8c", ["abc", "", "", "   X"]),
        ("\x1b(0lqk\x1b(Bx", ["┌─┐x", "", "", ""]),
        ("a\x1b*0b\x1b+Ac", ["abc", "", "", ""]),
        # Characters of two columns, and of none.
        ("漢字ab", ["漢字ab", "", "", ""]),
        ("012345678漢", ["012345678", "漢", "", ""]),
        ("e\u0301x", ["éx", "", "", ""]),
    ],
)
def test_screens(data: str, expected: list[str]) -> None:
    assert shown(data) == expected


def test_the_cursor_comes_back_from_the_alternate_screen() -> None:
    screen, stream, _ = make_screen(10, 4)
    stream.feed("ab\r\ncd\x1b[?1049h\x1b[4;1Hother\x1b[?1049lX")
    assert text_of(screen) == ["ab", "cdX", "", ""]


def test_a_full_reset_forgets_modes_margins_and_colours() -> None:
    screen, stream, _ = make_screen(10, 4)
    stream.feed("\x1b[2;3r\x1b[?6h\x1b[31m\x1b[?2004h\x1b[?1000h\x1b[?25lx\x1bcA")
    assert text_of(screen)[0] == "A"
    assert not screen.private
    assert screen.margins is None
    assert screen.buffer[0][0].fg == "default"
    assert not screen.cursor.hidden


@pytest.mark.parametrize("number", ["0", "1", "65535", "2147483647", "99999999999999999999", "-1"])
@pytest.mark.parametrize("final", "@ABCDEFGHJKLMPSTXZ`abdefghrsu")
def test_no_number_makes_it_work_long_or_grow(number: str, final: str) -> None:
    screen, stream, _ = make_screen(20, 5)
    stream.feed(f"text\x1b[{number}{final}\x1b[{number};{number}{final}more")
    assert 0 <= screen.cursor.x <= 20
    assert 0 <= screen.cursor.y < 5
    assert all(0 <= row < 5 for row in screen.buffer)
    assert sum(len(line) for line in screen.buffer.values()) <= 20 * 5


def test_a_title_is_short_and_one_line() -> None:
    screen, stream, _ = make_screen()
    stream.feed("\x1b]0;vim\x07")
    assert screen.title == "vim"
    stream.feed("\x1b]2;" + "x" * 100_000 + "\x1b\\")
    assert len(screen.title) <= 256
    stream.feed("\x1b]0;a\tb\u202ec\x07")
    assert screen.title == "abc"


def test_shifting_out_changes_nothing_until_a_set_is_named() -> None:
    assert shown("a\x0eq\x0fb")[0] == "aqb"
    assert shown("\x1b)0a\x0eq\x0fb\x1b%G\x0eq")[0] == "a─b─"


def test_links_show_their_words() -> None:
    assert shown("\x1b]8;;https://example.org\x1b\\docs\x1b]8;;\x1b\\!")[0] == "docs!"


def test_a_string_that_never_ends_is_not_kept_for_ever() -> None:
    screen, stream, _ = make_screen()
    for _ in range(300):
        stream.feed("\x1b]52;c;" + "A" * 4000)
    assert len(stream._rest) <= 70_000
    stream.feed("\x07\x1bcback")
    assert text_of(screen)[0].endswith("back")


def test_selected_wide_characters_are_copied_whole(qtbot: QtBot, view: TerminalView) -> None:
    fed(qtbot, view, "漢字 e\u0301 done\r\n".encode())
    view._selection.set(Spot(0, 0), Spot(0, 4))
    assert view.selected_text() == "漢字"
    view._selection.set(Spot(0, 7), Spot(0, 11))
    assert view.selected_text() == "done"
    view._selection.clear()
    assert view.find_text("done")
    assert view._selection.ordered == (Spot(0, 7), Spot(0, 11))


def test_a_web_address_below_the_pointer_is_known(qtbot: QtBot, view: TerminalView) -> None:
    fed(qtbot, view, "漢 see https://example.org/a?b=1, (http://x.y)\r\nfile:///etc/passwd\r\n".encode())
    assert view.address_at(0, 12) == "https://example.org/a?b=1"
    assert view.address_at(0, 36) == "http://x.y"
    assert view.address_at(0, 1) == ""
    assert view.address_at(1, 3) == ""
