"""Go-style patterns of paths, matched in one walk over the path whatever the pattern: a stranger wrote both.

`*` and `?` stay within a name, `**` crosses directories, `[…]` are classes. Which places in the pattern can have been
reached is a number, one bit for each place, and the steps between such numbers are remembered as they are met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Accepts = Callable[[str], bool]

MOST_CHARACTERS = 4096
"""A path may have no more, so neither need a pattern."""
_MOST_REMEMBERED = 20_000
_MOST_CHARACTERS_KNOWN = 1000
_STAR, _ACROSS, _REST, _MAYBE = "*", "**/", "**", ""
"""`_MAYBE` is the place before `**/`, from which it may be passed over."""


class PatternError(ValueError):
    """A pattern that cannot be read."""


def has_glob(pattern: str) -> bool:
    return any(character in pattern for character in "*?[\\")


class Glob:
    """One pattern."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MOST_CHARACTERS:
            raise PatternError(f"{pattern[:40]!r}… is longer than {MOST_CHARACTERS} characters")
        self.pattern = pattern
        self._parts = list(_parts(pattern))
        self._last = 1 << len(self._parts)
        self._passed = sum(1 << at for at, part in enumerate(self._parts) if part in (_STAR, _REST, _MAYBE))
        self._jumped = sum(1 << at for at, part in enumerate(self._parts) if part == _MAYBE)
        self._masks: dict[str, tuple[int, int]] = {}
        self._begin = self._closed(1)
        self._known: dict[int, dict[str, int]] = {}
        self._remembered = 0

    def matches(self, path: str) -> bool:
        """The whole path."""
        state = self._begin
        for character in path:
            state = self._step(state, character)
            if not state:
                return False
        return bool(state & self._last)

    def covers(self, path: str) -> bool:
        """The path, or a directory on the way to it."""
        state = self._begin
        for character in path:
            if character == "/" and state & self._last:
                return True
            state = self._step(state, character)
            if not state:
                return False
        return bool(state & self._last)

    def _step(self, state: int, character: str) -> int:
        known = self._known.get(state)
        if known is None:
            known = self._known[state] = {}
        following = known.get(character)
        if following is None:
            if self._remembered >= _MOST_REMEMBERED:
                self._known.clear()
                self._remembered = 0
                known = self._known[state] = {}
            following = known[character] = self._computed(state, character)
            self._remembered += 1
        return following

    def _computed(self, state: int, character: str) -> int:
        """All places at once: some go on by one with this character, some stay where they are."""
        masks = self._masks.get(character)
        if masks is None:
            if len(self._masks) >= _MOST_CHARACTERS_KNOWN:
                self._masks.clear()
            masks = self._masks[character] = self._masks_of(character)
        onward, staying = masks
        return self._closed((state & onward) << 1 | state & staying)

    def _masks_of(self, character: str) -> tuple[int, int]:
        onward = staying = 0
        for number, part in enumerate(self._parts):
            if part == _ACROSS:
                staying |= 1 << number
                onward |= 1 << number if character == "/" else 0
            elif part == _REST or (part == _STAR and character != "/"):
                staying |= 1 << number
            elif not isinstance(part, str) and part(character):
                onward |= 1 << number
        return onward, staying

    def _closed(self, state: int) -> int:
        """With the places that are reached without a character: behind a star, and on either side of `**/`."""
        while True:
            wider = state | (state & self._passed) << 1 | (state & self._jumped) << 2
            if wider == state:
                return state
            state = wider


def _parts(pattern: str) -> Iterator[str | Accepts]:
    """What may stand at each place."""
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            if pattern[at : at + 1] != "*":
                yield _STAR
                continue
            at += 1
            if pattern[at : at + 1] == "/":
                at += 1
            if at >= len(pattern):
                yield _REST
            else:
                yield from (_MAYBE, _ACROSS)
        elif character == "?":
            yield _is_no_slash
        elif character == "\\":
            if at >= len(pattern):
                raise PatternError(f"{pattern!r} ends in a backslash")
            yield pattern[at].__eq__
            at += 1
        elif character == "[":
            at, accepts = _character_class(pattern, at)
            yield accepts
        else:
            yield character.__eq__


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
