"""Go-style patterns of paths, matched in one walk over the path whatever the pattern: a stranger wrote both.

`*` and `?` stay within a name, `**` crosses directories, `[…]` are classes. Which places in the pattern can have been
reached is a number, one bit for each place, and the steps between such numbers are remembered as they are met. So many
patterns cost one walk too.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Accepts = Callable[[str], bool]

MOST_CHARACTERS = 4096
"""A path may have no more, so neither need a pattern."""
MOST_CHARACTERS_TOGETHER = 1 << 20
_MOST_REMEMBERED = 20_000
_MOST_REMEMBERED_BITS = 32 << 20
_MOST_CHARACTERS_KNOWN = 1000


class _Mark(Enum):
    STAR = auto()
    MAYBE = auto()
    """The place before `**/`, from which it may be passed over."""
    ACROSS = auto()
    """`**/`"""
    REST = auto()
    """`**` at the end."""


class PatternError(ValueError):
    """A pattern that cannot be read."""


def has_glob(pattern: str) -> bool:
    return any(character in pattern for character in "*?[\\")


class Glob:
    """One pattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._globs = Globs([pattern])

    def matches(self, path: str) -> bool:
        """The whole path."""
        return self._globs.matches(path)

    def covers(self, path: str) -> bool:
        """The path, or a directory on the way to it."""
        return self._globs.last_that_covers(path) is not None


class _Known:
    """Places that were reached together, and where the characters met there led."""

    __slots__ = ("onward", "places")

    def __init__(self, places: int) -> None:
        self.places = places
        self.onward: dict[str, _Known] = {}


class Globs:
    """Any number of patterns, all walked at once: their places stand side by side in one number."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._literals: dict[str, list[int]] = {}
        self._accepting: list[tuple[int, Accepts]] = []
        self._marks: dict[_Mark, list[int]] = {mark: [] for mark in _Mark}
        begins: list[int] = []
        self._ends: dict[int, int] = {}
        """Which pattern ends at which place."""
        self._width = 0
        for number, pattern in enumerate(patterns):
            begins.append(self._width)
            self._lay_out(pattern)
            self._ends[self._width] = number
            self._width += 1
            if self._width > MOST_CHARACTERS_TOGETHER:
                raise PatternError(f"The patterns have more than {MOST_CHARACTERS_TOGETHER} characters together")
        self._last = self._bits(self._ends)
        maybe = self._bits(self._marks[_Mark.MAYBE])
        self._passed = maybe | self._bits(self._marks[_Mark.STAR]) | self._bits(self._marks[_Mark.REST])
        self._jumped = maybe
        self._masks: dict[str, tuple[int, int]] = {}
        self._begin = _Known(self._closed(self._bits(begins)))
        self._known: dict[int, _Known] = {}
        self._steps = 0
        self._most_known = max(1, _MOST_REMEMBERED_BITS // (self._width + 1))

    def matches(self, path: str) -> bool:
        """Whether one matches the whole path."""
        known = self._begin
        for character in path:
            known = known.onward.get(character) or self._stepped(known, character)
            if not known.places:
                return False
        return bool(known.places & self._last)

    def last_that_covers(self, path: str) -> int | None:
        """The number of the last one that matches the path or a directory on the way to it."""
        covering, known = 0, self._begin
        for character in path:
            if character == "/":
                covering |= known.places & self._last
            known = known.onward.get(character) or self._stepped(known, character)
            if not known.places:
                break
        covering |= known.places & self._last
        return self._ends[covering.bit_length() - 1] if covering else None

    def _lay_out(self, pattern: str) -> None:
        if len(pattern) > MOST_CHARACTERS:
            raise PatternError(f"{pattern[:40]!r}… is longer than {MOST_CHARACTERS} characters")
        for part in _parts(pattern):
            if isinstance(part, _Mark):
                self._marks[part].append(self._width)
            elif isinstance(part, str):
                self._literals.setdefault(part, []).append(self._width)
            else:
                self._accepting.append((self._width, part))
            self._width += 1

    def _stepped(self, known: _Known, character: str) -> _Known:
        places = self._following(known.places, character)
        following = self._known.get(places)
        if self._steps >= _MOST_REMEMBERED or (following is None and len(self._known) >= self._most_known):
            self._forget()
            following = None
        if following is None:
            following = self._known[places] = _Known(places)
        known.onward[character] = following
        self._steps += 1
        return following

    def _forget(self) -> None:
        for each in (self._begin, *self._known.values()):
            each.onward.clear()
        self._known.clear()
        self._steps = 0

    def _following(self, places: int, character: str) -> int:
        """All places at once: some go on by one with this character, some stay where they are."""
        masks = self._masks.get(character)
        if masks is None:
            if len(self._masks) >= min(_MOST_CHARACTERS_KNOWN, self._most_known):
                self._masks.clear()
            masks = self._masks[character] = self._masks_of(character)
        onward, staying = masks
        return self._closed((places & onward) << 1 | places & staying)

    def _masks_of(self, character: str) -> tuple[int, int]:
        onward = self._literals.get(character, [])[:]
        onward += [at for at, accepts in self._accepting if accepts(character)]
        staying = self._marks[_Mark.ACROSS] + self._marks[_Mark.REST]
        if character == "/":
            onward += self._marks[_Mark.ACROSS]
        else:
            staying += self._marks[_Mark.STAR]
        return self._bits(onward), self._bits(staying)

    def _closed(self, places: int) -> int:
        """With the places that are reached without a character: behind a star, and on either side of `**/`."""
        while True:
            wider = places | (places & self._passed) << 1 | (places & self._jumped) << 2
            if wider == places:
                return places
            places = wider

    def _bits(self, places: Iterable[int]) -> int:
        found = bytearray(self._width // 8 + 1)
        for place in places:
            found[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(found, "little")


def _parts(pattern: str) -> Iterator[_Mark | str | Accepts]:
    """What may stand at each place: that character, or one that is accepted."""
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            if pattern[at : at + 1] != "*":
                yield _Mark.STAR
                continue
            at += 1
            if pattern[at : at + 1] == "/":
                at += 1
            if at >= len(pattern):
                yield _Mark.REST
            else:
                yield from (_Mark.MAYBE, _Mark.ACROSS)
        elif character == "?":
            yield _is_no_slash
        elif character == "\\":
            if at >= len(pattern):
                raise PatternError(f"{pattern!r} ends in a backslash")
            yield pattern[at]
            at += 1
        elif character == "[":
            at, accepts = _character_class(pattern, at)
            yield accepts
        else:
            yield character


def _is_no_slash(character: str) -> bool:
    return character != "/"


def _character_class(pattern: str, at: int) -> tuple[int, Accepts]:
    """`[abc]`, `[^a-z]`, from just behind the bracket: where it ends, and what it accepts. A class with a range that
    runs backwards is legal and has nothing in it."""
    negated = pattern[at : at + 1] == "^"
    at += negated
    first = at
    ranges: list[tuple[str, str]] = []
    backwards = False
    while pattern[at : at + 1] != "]" or at == first:
        low, at = _class_member(pattern, at)
        high = low
        if pattern[at : at + 1] == "-":
            high, at = _class_member(pattern, at + 1)
            backwards = backwards or high < low
        ranges.append((low, high))
    if backwards:
        return at + 1, lambda _character: False
    return at + 1, lambda character: any(low <= character <= high for low, high in ranges) is not negated


def _class_member(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at : at + 1] == "\\":
        at += 1
    elif pattern[at : at + 1] in ("-", "]"):
        raise PatternError(f"{pattern!r}: a “{pattern[at]}” within brackets needs a backslash before it")
    if at >= len(pattern):
        raise PatternError(f"{pattern!r}: the bracket is not closed")
    return pattern[at], at + 1
