"""The terminal reads what programs of today write, and sends what they read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from gui.widgets.terminal import TerminalView
from gui.widgets.terminal.keys import encode_key, encode_mouse, encode_paste
from gui.widgets.terminal.screen import TerminalScreen, TerminalStream, pack, unpack

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

NONE = Qt.KeyboardModifier.NoModifier
CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


def make_screen(columns: int = 20, lines: int = 5) -> tuple[TerminalScreen, TerminalStream, list[str]]:
    answers: list[str] = []
    screen = TerminalScreen(columns, lines, answers.append, lambda: None)
    return screen, TerminalStream(screen), answers


@pytest.fixture
def view(qtbot: QtBot) -> TerminalView:
    made = TerminalView("shell")
    qtbot.addWidget(made)
    made.resize(640, 400)
    made.show()
    qtbot.waitExposed(made)
    return made


def fed(qtbot: QtBot, view: TerminalView, data: bytes) -> None:
    view.feed(data)
    qtbot.waitUntil(lambda: view.backlog == 0, timeout=5000)


def text_of(screen: TerminalScreen) -> list[str]:
    return [line.rstrip() for line in screen.display]


def test_the_alternate_screen_gives_the_main_one_back() -> None:
    screen, stream, _ = make_screen()
    stream.feed("$ vim\r\n")
    stream.feed("\x1b[?1049h\x1b[Hfull screen")
    assert text_of(screen)[0] == "full screen"
    for _i in range(20):
        stream.feed("\r\nmore")
    assert not screen.history
    stream.feed("\x1b[?1049l")
    assert text_of(screen)[0] == "$ vim"
    assert (screen.cursor.x, screen.cursor.y) == (0, 1)


def test_lines_that_leave_go_to_history() -> None:
    screen, stream, _ = make_screen(lines=3)
    stream.feed("\r\n".join(str(n) for n in range(10)))
    assert len(screen.history) == 7
    assert unpack(screen.history[0])[0].data == "0"
    stream.feed("\x1b[3J")
    assert not screen.history


@pytest.mark.parametrize(
    ("data", "fg", "bg"),
    [
        ("\x1b[31mx", "1", "default"),
        ("\x1b[97mx", "15", "default"),
        ("\x1b[38;5;208mx", "208", "default"),
        ("\x1b[48;2;1;2;3mx", "default", "#010203"),
        ("\x1b[38:2::16:32:48mx", "#102030", "default"),
        ("\x1b[38:5:9mx", "9", "default"),
        ("\x1b[31m\x1b[39mx", "default", "default"),
    ],
)
def test_colours(data: str, fg: str, bg: str) -> None:
    screen, stream, _ = make_screen()
    stream.feed(data)
    assert (screen.buffer[0][0].data, screen.buffer[0][0].fg, screen.buffer[0][0].bg) == ("x", fg, bg)


@pytest.mark.parametrize(
    "foreign",
    [
        "\x1b[>4;2m",
        "\x1b[<u",
        "\x1b[=1u",
        "\x1bP+q544e\x1b\\",
        "\x1b_app\x1b\\",
        "\x1b]8;;http://x\x07",
        "\x1b[?2026$p",
    ],
)
def test_what_pyte_does_not_know_is_not_printed(foreign: str) -> None:
    screen, stream, _ = make_screen()
    stream.feed(f"a{foreign}b")
    assert text_of(screen)[0] == "ab"
    assert not screen.buffer[0][1].underscore


def test_sequences_cut_anywhere_mean_the_same() -> None:
    data = "x\x1b[38;2;1;2;3mred\x1b[0m\x1b]0;title\x07\x1bP1$r\x1b\\y\x1b[2;1Hz"
    whole, stream, _ = make_screen()
    stream.feed(data)
    for cut in range(1, len(data)):
        screen, parts, _ = make_screen()
        parts.feed(data[:cut])
        parts.feed(data[cut:])
        assert screen.display == whole.display
        assert screen.title == "title"


def test_repeat_and_scroll_commands() -> None:
    screen, stream, _ = make_screen(lines=3)
    stream.feed("ab\x1b[3b\r\nsecond\r\nthird")
    assert text_of(screen)[0] == "abbbb"
    stream.feed("\x1b[S")
    assert text_of(screen) == ["second", "third", ""]
    stream.feed("\x1b[T")
    assert text_of(screen) == ["", "second", "third"]


def test_questions_are_answered() -> None:
    _screen, stream, answers = make_screen()
    stream.feed("\x1b[c\x1b[6n")
    assert answers == ["\x1b[?62;22c", "\x1b[1;1R"]


def test_a_smaller_window_keeps_the_lines(qtbot: QtBot) -> None:
    screen, stream, _ = make_screen(lines=5)
    stream.feed("\r\n".join("abcde"))
    screen.resize(3, 20)
    assert text_of(screen) == ["c", "d", "e"]
    assert len(screen.history) == 2
    assert screen.cursor.y == 2


@settings(max_examples=150)
@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    screen, stream, _ = make_screen()
    stream.feed(data.decode("utf-8", "replace"))
    stream.feed("\x1bc\x1b\\\r\nalive")
    screen.resize(4, 11)
    assert len(screen.display) == 4


@settings(max_examples=100)
@given(st.text(alphabet="\x1b[]P?;:0123456789hlmHJKrSTbABCDMLPX@ \r\n\x07x", max_size=200))
def test_no_sequence_breaks_it(data: str) -> None:
    screen, stream, _ = make_screen()
    stream.feed(data)
    assert 0 <= screen.cursor.y < screen.lines


@pytest.mark.parametrize(
    ("key", "modifiers", "text", "expected"),
    [
        (Qt.Key.Key_A, NONE, "a", b"a"),
        (Qt.Key.Key_C, CONTROL, "\x03", b"\x03"),
        (Qt.Key.Key_X, ALT, "x", b"\x1bx"),
        (Qt.Key.Key_Up, NONE, "", b"\x1b[A"),
        (Qt.Key.Key_Left, CONTROL, "", b"\x1b[1;5D"),
        (Qt.Key.Key_Delete, NONE, "", b"\x1b[3~"),
        (Qt.Key.Key_F1, NONE, "", b"\x1bOP"),
        (Qt.Key.Key_F5, SHIFT, "", b"\x1b[15;2~"),
        (Qt.Key.Key_Backspace, NONE, "\x08", b"\x7f"),
        (Qt.Key.Key_Backtab, SHIFT, "", b"\x1b[Z"),
        (Qt.Key.Key_Return, NONE, "\r", b"\r"),
        (Qt.Key.Key_Space, CONTROL, " ", b"\x00"),
        (Qt.Key.Key_Shift, SHIFT, "", b""),
        (Qt.Key.Key_Odiaeresis, NONE, "ö", "ö".encode()),
    ],
)
def test_keys(key: Qt.Key, modifiers: Qt.KeyboardModifier, text: str, expected: bytes) -> None:
    assert encode_key(key, modifiers, text) == expected


def test_cursor_keys_in_application_mode() -> None:
    assert encode_key(Qt.Key.Key_Up, NONE, "", application_cursor=True) == b"\x1bOA"


def test_a_bracketed_paste_cannot_break_out() -> None:
    assert encode_paste("a\nb\x1b[201~rm", bracketed=True) == b"\x1b[200~a\rb[201~rm\x1b[201~"
    assert encode_paste("a\r\nb", bracketed=False) == b"a\rb"


def test_mouse_in_both_forms() -> None:
    assert encode_mouse(0, 4, 2, NONE, sgr=True, release=False, motion=False) == b"\x1b[<0;5;3M"
    assert encode_mouse(0, 4, 2, NONE, sgr=True, release=True, motion=False) == b"\x1b[<0;5;3m"
    assert encode_mouse(0, 4, 2, NONE, sgr=False, release=False, motion=False) == b"\x1b[M\x20\x25\x23"
    assert encode_mouse(0, 400, 2, NONE, sgr=False, release=False, motion=False) == b""


def test_it_tells_its_size_and_types(qtbot: QtBot, view: TerminalView) -> None:
    with qtbot.waitSignal(view.resized) as told:
        view.resize(500, 300)
    assert told.args == [view.rows, view.columns]
    with qtbot.waitSignal(view.typed) as typed:
        qtbot.keyClick(view, Qt.Key.Key_Tab)
    assert typed.args == [b"\t"]


def test_programs_get_the_mouse_only_when_they_ask(qtbot: QtBot, view: TerminalView) -> None:
    with qtbot.assertNotEmitted(view.typed):
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    fed(qtbot, view, b"\x1b[?1000h\x1b[?1006h")
    with qtbot.waitSignal(view.typed) as typed:
        qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert typed.args[0].startswith(b"\x1b[<0;")


def test_paste_is_bracketed_when_asked(qtbot: QtBot, view: TerminalView) -> None:
    fed(qtbot, view, b"\x1b[?2004h")
    QGuiApplication.clipboard().setText("two\nlines")
    with qtbot.waitSignal(view.typed) as typed:
        qtbot.keyClick(view, Qt.Key.Key_V, CONTROL | SHIFT)
    assert typed.args == [b"\x1b[200~two\rlines\x1b[201~"]


def test_scrollback_stays_still_while_output_comes(qtbot: QtBot, view: TerminalView) -> None:
    fed(qtbot, view, b"".join(b"%d\r\n" % n for n in range(300)))
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum() > 200
    bar.setValue(100)
    top = view._words(view._top()).text.strip()
    fed(qtbot, view, b"more\r\n" * 10)
    assert view._words(view._top()).text.strip() == top
    qtbot.keyClick(view, Qt.Key.Key_A)
    assert bar.value() == bar.maximum()


def test_text_is_selected_copied_and_found(qtbot: QtBot, view: TerminalView) -> None:
    fed(qtbot, view, b"hello world\r\nneedle here\r\n")
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 14))
    assert view.selected_text() == "hello"
    assert view.find_text("NEEDLE", backwards=False)
    assert view.selected_text() == "needle"
    assert not view.find_text("nowhere")
    assert view.all_text() == "hello world\nneedle here"


def test_a_flood_is_worked_off_in_slices(qtbot: QtBot, view: TerminalView) -> None:
    with qtbot.waitSignal(view.drained, timeout=20_000):
        view.feed(b"line of output\r\n" * 10_000)
        assert view.backlog > 0
    assert view.backlog == 0
    assert view.screen_buffer.scrolled > 9_000


def test_the_end_of_the_program(qtbot: QtBot, view: TerminalView) -> None:
    view.set_finished("Process ended (0). Enter starts another.")
    with qtbot.assertNotEmitted(view.typed), qtbot.waitSignal(view.restart_wanted):
        qtbot.keyClick(view, Qt.Key.Key_Return)
    view.restart()
    with qtbot.waitSignal(view.typed):
        qtbot.keyClick(view, Qt.Key.Key_Return)


@given(st.text(alphabet="ab \x1b[31mé日\r", max_size=60))
def test_scrollback_is_packed_without_loss(data: str) -> None:
    screen, stream, _ = make_screen()
    stream.feed(data)
    line = dict(screen.buffer[0])
    unpacked = unpack(pack(line))
    assert {column: unpacked[column] for column in line} == line
