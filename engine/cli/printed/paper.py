"""What the command prints: everything goes through here, and no text that came from elsewhere can move a cursor.

A registry's error, an image's name, a line of a build or a path in a container may hold any character. Those that a
terminal obeys instead of showing them are written out, as `\\u001b`, which JSON understands as well. Only the output of
a container's own program passes as it is (`engine.cli.streams.frames`): that is what the person asked to run.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LINE_ENDS = (9, 10)
_OBEYED = (
    *range(0x20), *range(0x7F, 0xA0),
    0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A),
)  # fmt: skip
"""Control characters, separators of lines, and those that turn the direction of what follows."""
_IN_TEXT = {number: f"\\u{number:04x}" for number in _OBEYED if number not in _LINE_ENDS}
_IN_CELL = _IN_TEXT | {number: f"\\u{number:04x}" for number in _LINE_ENDS}
_ESCAPE = "\x1b"


def inert(text: str) -> str:
    """Lines of text in which a terminal finds nothing to obey but their ends and tabs."""
    return _shown(text, _IN_TEXT)


def inert_cell(text: str) -> str:
    """The same for what must stay within one line of a table."""
    return _shown(text, _IN_CELL)


def inert_but_for_colours(text: str) -> str:
    """For output of build steps, and for our own: `ESC [ numbers m` may stay."""
    return "".join(_pieces(text)) if _ESCAPE in text else inert(text)


def _pieces(text: str) -> Iterator[str]:
    plain, *rest = text.split(f"{_ESCAPE}[")
    yield inert(plain)
    for piece in rest:
        end = len(piece) - len(piece.lstrip("0123456789;"))
        if piece[end : end + 1] == "m":
            yield f"{_ESCAPE}[{piece[: end + 1]}"
            yield inert(piece[end + 1 :])
        else:
            yield inert(f"{_ESCAPE}[{piece}")


def _shown(text: str, table: dict[int, str]) -> str:
    if text.isascii() and text.isprintable():
        return text
    # What is no character at all (half of a pair, from a name in bytes) cannot be encoded.
    return text.translate(table).encode("utf-8", "backslashreplace").decode()


def say(*values: object, sep: str = " ", end: str = "\n", file: TextIO | None = None, flush: bool = False) -> None:
    """As `print`, made inert."""
    print(sep.join(inert(str(value)) for value in values), end=end, file=file or sys.stdout, flush=flush)


def say_each(lines: Iterable[str]) -> None:
    """Each on a line of its own; nothing at all where there is none."""
    say("".join(f"{line}\n" for line in lines), end="")


def say_painted(text: str) -> None:
    say_lines(sys.stdout, f"{text}\n")


def say_lines(out: TextIO, text: str) -> None:
    """Text with its own line ends, at once; of a line that was written over and over, what it came to."""
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    out.write(inert_but_for_colours(text))
    out.flush()


def rewrite_line(out: TextIO, up: int, text: str) -> None:
    """Of a terminal: the line so many above."""
    out.write(f"{_ESCAPE}[{up}A{_ESCAPE}[2K\r{inert_cell(text)}{_ESCAPE}[{up}B\r")
    out.flush()


def clear_screen() -> None:
    sys.stdout.write(f"{_ESCAPE}[H{_ESCAPE}[2J")
