"""A shell's patterns over a value: `*` is anything, `?` any character, a backslash takes a character as it is.

What stands between stars has a fixed length, and where a match may begin and end follows from looking for those pieces
one after the other, each once. So a pattern of a thousand stars costs what the value is long, and no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


class BadPattern(ValueError):
    """It cannot be read."""


MOST_WORK = 50_000_000
"""Characters of the pattern times those of the value."""


class _Piece:
    """Characters of which some may be any."""

    def __init__(self, characters: list[str]) -> None:
        """ "" is any."""
        self._text = None if "" in characters else "".join(characters)
        self._expression = re.compile("".join(re.escape(one) or "." for one in characters), re.DOTALL)
        self.length = len(characters)

    def first(self, value: str, start: int) -> int:
        """Where it begins first, from `start` on; -1 for nowhere."""
        if self._text is not None:
            return value.find(self._text, start)
        found = self._expression.search(value, start)
        return found.start() if found else -1

    def is_at(self, value: str, start: int) -> bool:
        return start >= 0 and self._expression.match(value, start) is not None

    def last(self, value: str, start: int) -> int:
        """Where it begins last, but not before `start`."""
        if self._text is not None:
            return value.rfind(self._text, start)
        return next((at for at in range(len(value) - self.length, start - 1, -1) if self.is_at(value, at)), -1)


@dataclass(frozen=True)
class ShellPattern:
    """Pieces with a star between each two."""

    characters: tuple[tuple[str, ...], ...]

    @classmethod
    def read(cls, pattern: str) -> ShellPattern:
        pieces: list[list[str]] = [[]]
        letters = iter(pattern)
        for letter in letters:
            if letter == "*":
                if pieces[-1] or len(pieces) == 1:  # of stars in a row one is enough
                    pieces.append([])
            elif letter == "?":
                pieces[-1].append("")
            elif letter == "\\":
                following = next(letters, None)
                if following is None:
                    raise BadPattern("invalid escape at the end of a pattern")
                pieces[-1].append(following)
            else:
                pieces[-1].append(letter)
        return cls(tuple(tuple(piece) for piece in pieces))

    def check_work(self, value: str) -> None:
        """A piece with a `?` in it is tried at each place."""
        if max(map(len, self.characters)) * len(value) > MOST_WORK:
            raise BadPattern("so long a pattern cannot be looked for in so long a value")

    def without_prefix(self, value: str, *, longest: bool) -> str:
        pieces = [_Piece(list(piece)) for piece in self.characters]
        end = _end_of(pieces, value, 0, longest=longest) if pieces[0].is_at(value, 0) else -1
        return value[end:] if end >= 0 else value

    def without_suffix(self, value: str, *, longest: bool) -> str:
        """The same of both read backwards."""
        mirrored = ShellPattern(tuple(piece[::-1] for piece in self.characters[::-1]))
        return mirrored.without_prefix(value[::-1], longest=longest)[::-1]

    def replaced(self, value: str, replacement: str, *, everywhere: bool) -> str:
        """The first match (or all), each as long as can be."""
        pieces = [_Piece(list(piece)) for piece in self.characters]
        out: list[str] = []
        at = 0
        while (start := pieces[0].first(value, at)) >= 0:
            end = _end_of(pieces, value, start, longest=True)
            if end < 0:
                break
            out += [value[at:start], replacement]
            nothing = end == start
            if nothing:  # the next one begins behind the next character
                out.append(value[end : end + 1])
            at = end + nothing
            if not everywhere or at > len(value) or (at == len(value) and not nothing):
                break
        return "".join([*out, value[at:]])


def _end_of(pieces: list[_Piece], value: str, start: int, *, longest: bool) -> int:
    """Where a match that begins at `start`, where the first piece is, ends; -1 where there is none."""
    end = start + pieces[0].length
    if len(pieces) == 1:
        return end
    for piece in pieces[1:-1]:
        found = piece.first(value, end)
        if found < 0:
            return -1
        end = found + piece.length
    last = pieces[-1]
    found = last.last(value, end) if longest else last.first(value, end)
    return found + last.length if found >= 0 else -1
